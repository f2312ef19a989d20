"""Weighted means, pairs and tiers of the stage of tables, drawn and put in words.

Computes no score: what is shown stands in ``means.csv`` and ``pairs.csv``.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from genebench.core.errors import BadInput
from genebench.core.specs import GROUPS, ModelSpec, ProfileSpec
from genebench.stats.bootstrap import CLUSTERS

from .charts import dots
from .figures import INK, styled
from .tables import METRICS, SPLITS, readable

Models = Mapping[str, ModelSpec]

MEASURES = {
    "auroc": "weighted mean AUROC (0 to 1, chance 0.5)",
    "spearman": "weighted mean Spearman correlation (−1 to 1, chance 0)",
}
"""What a weighted mean over tasks (``means.csv``) is made of, to its label."""


def of_measure(means: pd.DataFrame, measure: str = "auroc") -> pd.DataFrame:
    """Rows of one measure and of the first probe, ``all`` groups first, then each in its order.

    Parameters
    ----------
    means : DataFrame
        ``means.csv`` or ``pairs.csv``.
    measure : {"auroc", "spearman"}
        Which measure.

    Returns
    -------
    DataFrame
    """
    part = means[(means.measure == measure) & means.probe.isin(means.probe[:1])]
    if part.empty:
        why = "its tasks are underpowered, or it has one model."
        raise BadInput(f"no group has a {MEASURES[measure]}; {why}")
    place = ["all", *GROUPS].index
    return part.sort_values("group", key=lambda c: c.map(place), kind="stable", ignore_index=True)


def headings(means: pd.DataFrame) -> pd.Series:
    """Title of the panel of each row: its group, and how many tasks and source tables it has.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv``.

    Returns
    -------
    Series of str
    """
    return means.group.replace("all", "all groups") + " (" + extent(means) + ")"


def extent(means: pd.DataFrame) -> pd.Series:
    """How many tasks a mean is about, from how many tables, and whether other tasks are meant.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv``.

    Returns
    -------
    Series of str
        As "36 tasks, effectively of 3 source tables: these tasks only".
    """
    number = means.tasks.astype(int)
    words = number.astype(str) + np.where(number > 1, " tasks", " task")
    if "clusters" not in means:
        return words
    tables = means.clusters.astype(int)
    words += ", effectively of " + tables.astype(str)
    words += np.where(tables > 1, " source tables", " source table")
    return words + np.where(tables < CLUSTERS, ": these tasks only", "")


def drawn(means: pd.DataFrame) -> str:
    """What the intervals of a table of means are over, in Markdown.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv``.

    Returns
    -------
    str
    """
    if "clusters" not in means:
        return (
            "These tables are of an earlier run: their intervals are over genes and tasks, as if "
            "tasks cut from one table and genes of one family were independent, and promise more "
            "than they can hold. `genebench run` makes them anew."
        )
    return (
        "Differences are judged by a bootstrap over gene families and over {term}`source tables "
        "<Source table>`, each with all its tasks, because the scores of tasks cut from one table "
        f"move together. A group of effectively fewer than {CLUSTERS} source tables says nothing "
        "of other tasks; its differences are about *these tasks only*."
    )


def best(means: pd.DataFrame, models: Models) -> str:
    """The best model of each group, in one sentence for those who cannot see a figure.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure and one split.
    models : mapping of str to ModelSpec

    Returns
    -------
    str
    """
    rows = means.sort_values("score", ascending=False).drop_duplicates("group")
    words = [f"{r.group} {models[r.model].title} ({r.score:.2f})" for r in rows.itertuples()]
    return f"Best are: {'; '.join(words)}."


_FAMILY = """A *family baseline* only averages relatives: where none is left its fall to chance is
arithmetic, and no finding. Underpowered tasks, exposed models and models that miss many of the
genes are left out, so that every line is about the same questions. """

_LADDER = f"""The same tasks, models and genes under splits that take more and more away, each in
its own way: `random` folds; whole chromosomes; folds that keep genes of one symbol stem or family
together, or those of similar proteins; the least studied genes; those annotated last. A model that
knows what genes do falls little. {_FAMILY}Shown are the splits that were run. Where labels are
older than what is tested has [a page of its own](prospective). What one task shows under each
split, with intervals, stands on the page of its group (such as [genomic properties](group-genomic),
where the places within the cell are).
"""

_FUTURE = f"""Can a model tell what nobody has written down yet? Under `prospective` folds an older
release of a resource trains, and what is new in a later one is tested: genes that had no label at
all, or genes that gained this one. Beside them stand `random` and `family` folds of the same tasks.
{{releases}}

**The date of an annotation is not the date of a discovery.** A curator may write down in one year
what was published ten years before, and a text or a network of proteins may have held it all the
time: what is tested is new to the resource, and not always to biology. Well-studied genes also get
their labels first, so that those tested are others than those trained on; the shortcuts that count
what is known of a gene show how much that gives.

**Which models could have seen the new labels?** {{older}} use nothing newer than the first of the
releases that train. Of the others the table below says of how many of the {{number}} sets of
labels they are newer; where it is empty, the model reads nothing that has a date. {_FAMILY}
"""


def introduction(dated: pd.DataFrame, profile: ProfileSpec, models: Models) -> str:
    """What the splits of a profile are, in Markdown.

    Parameters
    ----------
    dated : DataFrame
        ``tables.dated``; where it has rows, the profile is about labels of the future.
    profile : ProfileSpec
    models : mapping of str to ModelSpec

    Returns
    -------
    str
    """
    if dated.empty:
        return _LADDER
    specs = [models[m] for m in profile.models if models[m].newest]
    older = [f"*{spec.title}*" for spec in specs if spec.newest <= dated.before.min()[:7]]
    lines = dated.labels + ": trained on " + dated.before
    lines += ", tested until " + dated.until + dated.tested
    return _FUTURE.format(
        releases="\n\n- " + "\n- ".join(lines),
        older=", ".join(older) or "None of the models",
        number=len(dated),
    )


_ARITHMETIC = ", by arithmetic and not by finding: it averages relatives, and none is in training"


def hardest_split(means: pd.DataFrame) -> str:
    """The split under which the median model scores least, of the means of one group."""
    return means.groupby("split", observed=True).score.median().idxmin()


def ladder_words(means: pd.DataFrame, models: Models) -> str:
    """What the first group loses from the easiest to the hardest split, and who leads there.

    Where labels of the future were tested, that is told in place of the hardest.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure.
    models : mapping of str to ModelSpec

    Returns
    -------
    str
        Markdown; empty where there is one split only.
    """
    splits = sorted(set(means.split), key=list(SPLITS).index)
    if len(splits) < 2:
        return ""
    part = means[means.group == means.group.iloc[0]]
    future = "prospective" in splits
    easiest, hardest = splits[0], "prospective" if future else hardest_split(part)
    part = part.assign(title="*" + part.model.map(lambda m: models[m].title) + "*")
    shortcut = part.model.map(lambda m: models[m].family == "shortcut")
    last = part[part.split == hardest].set_index("model")
    clauses, leaders = [], []
    for word, chosen in (("model", part[~shortcut]), ("shortcut", part[shortcut])):
        for top in chosen[chosen.split == hardest].nlargest(1, "score").itertuples():
            span = f"{top.score:.3f}, {top.low:.3f} to {top.high:.3f}"
            leaders.append(f"the best {word} is {top.title} ({span})")
        for best in chosen[chosen.split == easiest].nlargest(1, "score").itertuples():
            row = last.loc[best.model]
            lost = f"lost {row.lost:.3f}, {row.lost_low:.3f} to {row.lost_high:.3f}"
            fall = f"falls from {best.score:.3f} to {row.score:.3f} ({lost})"
            kept_apart = hardest in ("stem", "family") and models[best.model].encoder == "stem"
            fall += _ARITHMETIC * kept_apart
            clauses.append(f"the best {word} under `{easiest}` folds, {best.title}, {fall}")
    group = part.group.iloc[0].replace("all", "all groups")
    words = f"From `{easiest}` to `{hardest}` folds{', the hardest' * (not future)}, over {group}: "
    words += f"{'; '.join(clauses)}. Under `{hardest}` folds {' and '.join(leaders)}"
    fair = last[~shortcut[part.split == hardest].to_numpy()].sort_values("lost")
    compared = fair[fair.excess.notna()]
    if len(compared):
        above = (compared.excess_low > 0).sum() or "none"
        words += f"; {above} of {len(compared)} models are significantly above the best shortcut "
        words += "of each task"
    words += "."
    if len(fair) < 2:
        return words
    least, most = fair.iloc[0], fair.iloc[-1]
    return (
        f"{words} Of the {len(fair)} models that are no shortcut {least.title} loses "
        f"least ({least.lost:.3f}) and {most.title} most ({most.lost:.3f})."
    )


def tier_plot(means: pd.DataFrame, pairs: pd.DataFrame, models: Models, *, label: str) -> Figure:
    """Mean score of each model with its interval, by rank, one panel a group.

    A grey bar spans models of which no two are significantly different (as in the critical
    difference plots of Demšar 2006, on the scale of the score); a line stands where a model of a
    lower tier follows.

    Parameters
    ----------
    means, pairs : DataFrame
        Rows of ``means.csv`` and ``pairs.csv`` of one measure and one split.
    models : mapping of str to ModelSpec
    label : str

    Returns
    -------
    Figure
    """
    means = means.sort_values("score", ascending=False, kind="stable")
    means = of_measure(means, means.measure.iloc[0])
    frame = styled(means, models)
    frame = frame.assign(row=frame.row + " (rank " + _ranks(means) + ")", panel=headings(means))
    fig = dots(frame, label=label, panel="panel", wide=1, sharex=False, height=0.42)
    look = {"color": "#777777", "linewidth": 4, "clip_on": False, "solid_capstyle": "round"}
    for ax, (group, part) in zip(fig.axes, means.groupby("group", sort=False)):
        runs = cliques(part.model.tolist(), pairs[pairs.group == group])
        for i, (top, low) in enumerate(runs):
            x, beside = 1.02 + 0.025 * i, ax.get_yaxis_transform()
            ax.plot([x, x], [top - 0.25, low + 0.25], transform=beside, **look)
        for y in np.flatnonzero(part.tier.diff().to_numpy() > 0):
            ax.axhline(y - 0.5, color=INK, linewidth=1.2)
    return fig


def _ranks(means: pd.DataFrame) -> pd.Series:
    low, high = means.rank_low.astype(str), means.rank_high.astype(str)
    return low.where(low == high, low + "–" + high)


def cliques(names: list[str], pairs: pd.DataFrame) -> list[tuple[int, int]]:
    """Longest runs of models of which no two are significantly different.

    Parameters
    ----------
    names : list of str
        Models in their order.
    pairs : DataFrame
        Rows of ``pairs.csv`` of one group and split.

    Returns
    -------
    list of (int, int)
        First and last place of each run of two models or more.
    """
    place = {name: i for i, name in enumerate(names)}
    apart = pairs[pairs.separated.astype(bool)]
    places = [sorted((place[a], place[b])) for a, b in zip(apart.model, apart.other)]
    runs, end = [], 0
    for first in range(len(names)):
        inside = [b for a, b in places if a >= first]
        last = min(inside, default=len(names)) - 1
        if last > max(first, end):
            runs.append((first, last))
            end = last
    return runs


def tier_table(means: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Rows of ``means.csv`` for readers, the easiest split and the best tier first.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv``.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        ``measure`` and ``group`` where they differ, then ``split``, ``tier``, ``model`` (title),
        excess and score with their 95 % intervals, ``rank`` (interval), ``tasks``, their effective
        number and that of source tables.
    """
    place = means.split.map(list(SPLITS).index)
    frame = means.assign(place=place, fall=-means.score, rank=_ranks(means))
    frame["measure"] = frame.measure.replace(METRICS)
    frame = frame.sort_values(["measure", "group", "place", "tier", "fall"], kind="stable")
    first = [c for c in ("measure", "group") if means[c].nunique() > 1]
    columns = "split tier model excess excess_low excess_high score low high rank".split()
    columns += [c for c in ("tasks", "effective", "clusters") if c in frame]
    table = readable(frame, models, [*first, *columns])
    if "effective" in table:
        table = table.assign(effective=table.effective.round().astype(int))
    names = {"effective": "effective tasks", "clusters": "effective source tables"}
    return table.rename(columns=names)
