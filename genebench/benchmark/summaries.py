"""Plain means and counts beside the weighted means of the stage of tables.

Every function takes a tidy table of scores and returns a tidy table.
"""

import pandas as pd

from ..stats import intervals
from . import results

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
    over = intervals.excess(fair, lambda model, task: False).sort_values(["score", "model"])
    best = over.groupby(["task", "split"]).tail(1).sort_values(["task", "split"])
    names = {
        "task": "task",
        "split": "split",
        "model": "best model",
        "score": "its AUROC",
        "best_shortcut": "best shortcut",
        "shortcut": "AUROC",
        "excess": "excess",
    }
    return best[[*names]].set_axis(names.values(), axis=1).reset_index(drop=True)


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
