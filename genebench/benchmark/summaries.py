"""Plain means and counts beside the weighted means of the stage of tables.

Every function takes a tidy table of scores and returns a tidy table.
"""

import numpy as np
import pandas as pd

from ..stats import intervals
from . import results

SHARED = "on every choice of genes"
"""Group of the tasks by which the three choices of genes are compared."""

NEAR = 0.03
"""A reproduced score is near the published one if it differs by at most this AUROC."""


def with_exposure(frame, models):
    """Mark scores on tasks whose labels the model was trained on.

    Parameters
    ----------
    frame : DataFrame with ``model`` and ``task``
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame, the same rows with the boolean column ``exposed``
    """
    pairs = zip(frame.model, frame.task)
    return frame.assign(exposed=[models[m].exposed_on(t) for m, t in pairs])


def beside_shortcuts(profile, models):
    """Best model and best shortcut of each binary task and split, on the common genes.

    Narrow models (scored on other genes), controls and exposed pairs do not count.

    Parameters
    ----------
    profile : str
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        One row per task and split: both with their AUROC (0 to 1), and ``excess``, the difference.
    """
    splits = results.load(profile).split.unique()
    frame = pd.concat([results.main_scores(profile, split=s, genes="common") for s in splits])
    fair = with_exposure(frame[frame.kind == "binary"], models).query("~exposed")
    over = intervals.excess(fair, lambda model, task: False)
    best = over.sort_values(["task", "split", "score", "model"]).groupby(["task", "split"]).tail(1)
    best = best["task split model score best_shortcut shortcut excess".split()]
    return best.rename(columns=lambda name: name.replace("_", " "))


def plain_means(scores, models):
    """Average each model over the tasks of each group, every task weighing the same.

    Parameters
    ----------
    scores : DataFrame of ``results.SCHEMA``
        Random folds count.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        Rows of ``plain.csv``, one per choice of genes, measure (``auroc``, or ``spearman`` of
        regression tasks), group (``all``, or ``SHARED``: unexposed classification tasks that have a
        score on each choice of genes) and model: number of ``tasks``, mean ``score`` and
        ``coverage``, number of ``exposed`` tasks, least ``n_folds``, and ``rank`` by score among
        the models that are scored on nine tenths of the tasks, else NaN.
    """
    rows = [results.aggregate(results.main_rows(scores, genes=g)) for g in results.GENES]
    frame = with_exposure(pd.concat(rows, ignore_index=True), models)
    frame["measure"] = np.where(frame.kind == "regression", "spearman", "auroc")
    fair = frame[~frame.exposed & (frame.family != "control") & (frame.measure == "auroc")]
    whole = fair.groupby(["task", "model"]).genes.transform("size") == len(rows)
    groups = [frame, frame.assign(group="all"), fair[whole].assign(group=SHARED)]
    keys = ["genes", "measure", "group"]
    out = (
        pd.concat(groups)
        .groupby([*keys, "model"])
        .agg(
            tasks=("score", "size"),
            score=("score", "mean"),
            coverage=("coverage", "mean"),
            exposed=("exposed", "sum"),
            n_folds=("n_folds", "min"),
        )
    )
    ranked = out.score.where(out.tasks >= 0.9 * out.groupby(keys).tasks.transform("max"))
    rank = ranked.groupby(keys).rank(ascending=False, method="min")
    return out.assign(rank=rank).reset_index()


def reproduction(frame):
    """Summarise how far reproduced scores lie from the published ones.

    Parameters
    ----------
    frame : DataFrame, rows of ``reproduction.csv``

    Returns
    -------
    DataFrame, indexed by model
        Number of ``tasks``, ``mean`` absolute difference in AUROC, mean ``bias`` (ours minus
        published), and how many tasks are ``within_se`` (two standard errors of the difference)
        and ``near`` (within ``NEAR``).
    """
    gap = frame.difference.abs()
    by = frame.assign(gap=gap, within_se=gap <= 2 * frame.se, near=gap <= NEAR)
    return by.groupby("model", sort=False).agg(
        tasks=("gap", "size"),
        mean=("gap", "mean"),
        bias=("difference", "mean"),
        within_se=("within_se", "sum"),
        near=("near", "sum"),
    )
