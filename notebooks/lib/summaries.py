"""Plain means and counts of tables of results: the one module of pages that averages.

Every function takes a tidy table of results and returns a tidy table.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from genebench.benchmark.summaries import with_exposure
from genebench.core.specs import ModelSpec


def plain_means(scores: pd.DataFrame, models: Mapping[str, ModelSpec]) -> pd.DataFrame:
    """Average each model over the tasks of each group, every task weighing the same.

    Parameters
    ----------
    scores : DataFrame of ``results.main_scores``
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        One row per measure (``auroc``, or ``spearman`` of regression tasks), group (and ``all``)
        and model: number of ``tasks``, mean ``score`` and ``coverage``, number of ``exposed`` tasks
        and least ``n_folds``.
    """
    measure = np.where(scores.kind == "regression", "spearman", "auroc")
    frame = with_exposure(scores, models).assign(measure=measure)
    grouped = pd.concat([frame, frame.assign(group="all")]).groupby(["measure", "group", "model"])
    return grouped.agg(
        tasks=("score", "size"),
        score=("score", "mean"),
        coverage=("coverage", "mean"),
        exposed=("exposed", "sum"),
        n_folds=("n_folds", "min"),
    ).reset_index()


def by_choice_of_genes(
    choices: Mapping[str, pd.DataFrame], models: Mapping[str, ModelSpec]
) -> pd.DataFrame:
    """Mean AUROC of each model on several choices of genes, over the tasks that have all of them.

    Controls and exposed tasks are left out.

    Parameters
    ----------
    choices : mapping of str to DataFrame, main scores by choice of genes
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        Indexed by model: one column per choice (AUROC, 0 to 1), ``tasks``, ``coverage``, and the
        ranks by choice among the models that are scored on nine tenths of the tasks; else a dash.
    """
    frame = with_exposure(pd.concat(choices.values()), models)
    frame = frame[(frame.kind != "regression") & (frame.family != "control") & ~frame.exposed]
    wide = frame.pivot(index=["model", "task"], columns="genes", values="score").dropna()
    grouped = wide[list(choices)].rename_axis(columns=None).groupby("model")
    table = grouped.mean().assign(tasks=grouped.size())
    table["coverage"] = choices["own"].groupby("model").coverage.mean()
    ranked = table[table.tasks >= 0.9 * table.tasks.max()][list(choices)]
    ranks = ranked.rank(ascending=False, method="min").astype(int).astype(str)
    joined = " → ".join(choices)
    table[f"rank {joined}"] = ranks.agg(" → ".join, axis=1).reindex(table.index, fill_value="–")
    return table.loc[[m for m in models if m in table.index]]


def over_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """Average scores, intervals and sizes of splits over repeats.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame, a row per task, model, probe, split and metric, in the order of the first repeat
    """
    keys = ["task", "model", "probe", "split", "metric"]
    values = ["score", "low", "high", "n_train", "n_test"]
    return frame.groupby(keys, sort=False)[values].mean().reset_index()


def spread_of_weights(frame: pd.DataFrame) -> float:
    """Largest difference between networks that differ in their random weights alone.

    Parameters
    ----------
    frame : DataFrame
        Intervals of a study; ``variant`` says which weights, empty of other models.

    Returns
    -------
    float
        Of the main metric, mean over repeats, in one task and split.
    """
    drawn = frame[frame.variant.notna() & frame.metric.isin(["auroc", "spearman"])]
    keys = ["task", "model", "split", "variant"]
    means = drawn.groupby(keys).score.mean().groupby(keys[:-1])
    return float((means.max() - means.min()).max())


def fine_tuning(frame: pd.DataFrame) -> pd.DataFrame:
    """Compare ways of fitting a network over the tasks with classes that all of them have.

    Parameters
    ----------
    frame : DataFrame, scores of frozen and fitted networks

    Returns
    -------
    DataFrame
        Indexed by way of fitting (all frozen pretrained networks are ``frozen``): ``tasks``,
        ``score`` (mean AUROC on the spectral split), and on how many tasks it is ``above`` the
        frozen network, and ``clear`` of it (intervals apart).
    """
    part = frame[(frame.split == "spectral") & (frame.metric == "auroc")]
    part = part.assign(model=part.model.where(~part.model.str.startswith("glm-"), "frozen"))
    wide = part.pivot(index="task", columns="model", values=["score", "low", "high"])
    wide = wide[wide.score.notna().all(axis=1)]
    above = wide.score.gt(wide.score.frozen, axis=0).sum()
    clear = wide.low.gt(wide.high.frozen, axis=0).sum()
    numbers = {"tasks": len(wide), "score": wide.score.mean(), "above": above, "clear": clear}
    return pd.DataFrame(numbers)


def moving_weights(sizes: pd.DataFrame) -> float | None:
    """Mean over tasks of ``weights_that_move``, the share that low-rank adapters add to a network.

    Parameters
    ----------
    sizes : DataFrame

    Returns
    -------
    float or None
    """
    moving = sizes[sizes.model == "lora"].weights_that_move
    return float(moving.mean()) if len(moving) else None


def sizes_of_splits(frame: pd.DataFrame) -> pd.DataFrame:
    """Average how many windows each split of a task trains and tests on.

    Parameters
    ----------
    frame : DataFrame with ``title, split, n_train, n_test``

    Returns
    -------
    DataFrame of whole numbers, indexed by title and split
    """
    grouped = frame.groupby(["title", "split"], sort=False)
    return grouped[["n_train", "n_test"]].mean().round().astype(int)


def overlaps_over_seeds(overlaps: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Average sizes and overlaps (0 to 1) of the spectral splits of a data set over seeds.

    Parameters
    ----------
    overlaps : DataFrame, rows of ``overlaps.csv``
    dataset : str

    Returns
    -------
    DataFrame, a row per ``split`` and ``parameter`` (λ, 0 to 1)
    """
    part = overlaps[(overlaps.dataset == dataset) & overlaps.split.str.startswith("spectral")]
    part = part.assign(parameter=part.split_param.astype(float))
    columns = ["n_train", "n_test", "jaccard", "test_linked", "mean_similarity"]
    return part.groupby(["split", "parameter"])[columns].mean().reset_index()


def spectral_findings(findings: pd.DataFrame) -> dict[str, float]:
    """Count in how many curves performance falls with overlap.

    Parameters
    ----------
    findings : DataFrame, rows of ``findings.csv`` of the models that are to be counted

    Returns
    -------
    dict of str to float
        Curves ``spanning`` a quarter of overlap or more; of these how many ``falling`` and below
        their size-matched control (``gap``), the median percentage of the fall that size explains
        (``size_median``), and in how many the rank correlation with overlap is positive.
    """
    spanning = findings[findings.overlap_first - findings.overlap_last >= 0.25]
    falling = spanning[spanning.falls]
    return {
        "spanning": len(spanning),
        "falling": len(falling),
        "gap": int((spanning.gap_low > 0).sum()),
        "size_median": f"{100 * falling.share_size.median():.0f}",
        "rank_positive": int((spanning["rank"] > 0).sum()),
        "ranked": int(spanning["rank"].notna().sum()),
    }
