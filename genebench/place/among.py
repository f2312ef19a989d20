"""Where models stand among 38 published gene embeddings (Zhong et al. 2025).

Their scores (doi:10.1101/2025.01.29.635607) are quoted, ours are those of a run on the same tasks
by the same probe. The two are never mixed: ``source`` says which a row is. Fits nothing.
"""

import numpy as np
import pandas as pd

from ..benchmark import resampling, results
from ..data import sources
from ..stats import bootstrap, separation

SOURCE, PROBE = "zhong2025", "svc"

SETS = {
    "go": ("GO processes", "single_gene_go_AUROC_full"),
    "disease": ("OMIM diseases", "single_gene_omim_AUROC_full"),
    "go-before": ("GO before March 2024", "single_gene_go_pre2024_AUROC"),
    "go-after": ("GO after March 2024", "single_gene_go_post2024_AUROC"),
}
"""Sets of tasks: title, and table of the published scores, each on all genes that an embedding
has."""


def published(plan):
    """Read the published scores of the tasks of a plan.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    DataFrame
        ``set`` (of ``SETS``), ``task`` (our name), ``model`` and ``category`` (kind of data) as
        published, ``score`` (AUROC on the holdout).
    """
    source, parts = plan.declared.source(SOURCE), []
    scores, about = (sources.table(source, name) for name in ("scores", "embeddings"))
    for name, (_, file) in SETS.items():
        folder = f"{SOURCE}/{name}/"
        tasks = {t.title: t.name for t in plan.tasks.values() if t.name.startswith(folder)}
        part = scores[scores.file == file]
        parts.append(part.assign(set=name, task=part.column.map(tasks)))
    frame = pd.concat(parts).dropna(subset="task").rename(columns={"embedding": "model"})
    category = frame.model.map(dict(zip(about.Embeding, about.Category)))
    frame = frame.assign(category=category, score=frame.value.astype(float))
    return frame[["set", "task", "model", "category", "score"]]


def card(plan, frame):
    """Say where vectors stand among the 38.

    Parameters
    ----------
    plan : Plan
        Of the profile that they are placed in.
    frame : DataFrame
        Their rows of ``results.SCHEMA``.

    Returns
    -------
    list of dict
        For each set of tasks its row of ``place``, a ``sentence``, and the rows of its ``types``;
        empty where the profile has no such tasks.
    """
    if SOURCE not in plan.profile.sources:
        return []
    theirs, out = published(plan), []
    places, types = place(plan, computed(frame), theirs)
    for row in places[places.source == "computed"].to_dict("records"):
        of = theirs[theirs.set == row["set"]].model.nunique()
        sentence = (
            f"{SETS[row['set']][0]}: mean AUROC {row['score']:.3f} over {row['tasks']} tasks takes "
            f"place {row['rank']} ({row['rank_low']} to {row['rank_high']}) among {of} published "
            f"embeddings and itself; {row['above']} are significantly better, {row['below']} worse."
        )
        mine = types[types["set"] == row["set"]].sort_values("best_score", ascending=False)
        out.append(row | {"sentence": sentence, "types": mine.to_dict("records")})
    return out


def place(plan, ours, theirs):
    """Place computed models among the published ones, each by itself.

    Intervals are percentiles over draws of clusters of tasks (tasks that ask much the same are one
    cluster) and of tasks within, paired: the same draw for every model.

    Parameters
    ----------
    plan : Plan
    ours, theirs : DataFrame
        ``task``, ``model``, ``score`` of computed models, on their own genes; and of ``published``.

    Returns
    -------
    places : DataFrame
        A row a set and model (``source`` computed or published): ``tasks``, ``clusters``, mean
        ``score``, ``low``, ``high``; ``rank`` (1 is the best of the 38 and it), ``rank_low``,
        ``rank_high``; how many published ones are significantly ``above`` and ``below``.
    types : DataFrame
        A row a set, computed model and category: number of ``embeddings``, how many have a lower
        mean (``lower``), the ``best`` of them with its score, and ``difference`` to it with
        ``low`` and ``high``.
    """
    rows, types, category = [], [], dict(zip(theirs.model, theirs.category))
    for name, part in theirs.groupby("set", sort=False):
        wide = part.pivot(index="task", columns="model", values="score").dropna()
        for model, own in [("", None), *ours.groupby("model", sort=False)]:
            scores = wide  # first the published ones among themselves
            if model:
                own = own.set_index("task").score.rename(f" {model}")  # no published name begins so
                scores = wide.join(own, how="inner")
            if len(scores) < 3:
                continue
            likeness = resampling.resemblance(plan, list(scores.index))
            cluster = separation.cluster_tasks(likeness, list(scores.index)).astype(str)
            means = scores.mean().to_numpy()
            draws = bootstrap.cluster_draws(scores.to_numpy()[:, None], cluster)
            kinds = scores.columns.map(category)
            for kind in sorted(set(kinds[:-1])) if model else ():
                inside = np.flatnonzero(kinds == kind)
                best = inside[np.argmax(means[inside])]
                low, high = bootstrap.percentiles(draws[-1] - draws[best])
                types.append(
                    {
                        "set": name,
                        "model": model,
                        "category": kind,
                        "embeddings": len(inside),
                        "lower": int((means[inside] < means[-1]).sum()),
                        "best": scores.columns[best],
                        "best_score": means[best],
                        "difference": means[-1] - means[best],
                        "low": low,
                        "high": high,
                    }
                )
            for at in [len(means) - 1] if model else range(len(means)):
                low, high = bootstrap.percentiles(draws[at])
                less_low, less_high = bootstrap.percentiles(draws[at] - draws)
                rank = 1 + (draws > draws[at]).sum(axis=0)
                best, worst = bootstrap.percentiles(rank).round().astype(int)
                rows.append(
                    {
                        "set": name,
                        "tasks": len(scores),
                        "clusters": len(np.unique(cluster)),
                        "source": "computed" if model else "published",
                        "model": scores.columns[at].strip(),
                        "category": category.get(scores.columns[at], ""),
                        "score": means[at],
                        "rank": 1 + int((means > means[at]).sum()),
                        "low": low,
                        "high": high,
                        "rank_low": best,
                        "rank_high": worst,
                        "above": int((less_high < 0).sum()),
                        "below": int((less_low > 0).sum()),
                    }
                )
    return pd.DataFrame(rows), pd.DataFrame(types)


def computed(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores of a run by the probe of the 38, each model on its own genes, by task."""
    frame = frame[frame.probe == PROBE]
    return results.aggregate(results.main_rows(frame, split="published"))
