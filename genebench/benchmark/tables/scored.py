"""Scores of all tasks and models under one split and probe, with intervals and excess."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from ...stats import bootstrap
from .. import resampling
from ..plan import Plan
from ..resampling import Group


@dataclass(frozen=True, eq=False)
class Scored:
    """All T tasks and M models under one split and probe, on the common genes.

    Attributes
    ----------
    split, probe : str
    tasks, models : list of str
        Names; models are those of all splits.
    score : ndarray, shape (T, M)
        NaN where there is none.
    number : ndarray, shape (T, M)
        Genes of each score; 0 or NaN where there is none.
    moved : ndarray, shape (T, M, draws)
        How far each draw of genes moves it.
    fair : ndarray of bool, shape (T, M)
        Scored on as many genes as any, no control, and not trained on the labels.
    shortcut, best_shortcut : ndarray of float and of str, shape (T,)
        Score of the best shortcut, chosen on the other folds, and the one most often chosen; NaN
        and empty where there is none.
    shortcut_moved : ndarray, shape (T, draws)
    fold_share : ndarray, shape (T,)
        Median over models of the share of a score's variance that is owed to how genes were divided
        into folds; NaN of tasks that were divided once.
    intervals : DataFrame
        Main scores with their intervals, on own genes and on the common ones.
    """

    split: str
    probe: str
    tasks: list[str]
    models: list[str]
    score: np.ndarray
    number: np.ndarray
    moved: np.ndarray
    fair: np.ndarray
    shortcut: np.ndarray
    best_shortcut: np.ndarray
    shortcut_moved: np.ndarray
    fold_share: np.ndarray
    intervals: pd.DataFrame


_NUMBERS = ("score", "number", "error", "low", "high")


def of(plan: Plan, split: str, probe: str, groups: list[Group], models: list[str]) -> Scored:
    """Put the resampled groups of one split and probe together, for the models of all splits.

    Parameters
    ----------
    plan : Plan
    split, probe : str
    groups : list of Group
    models : list of str

    Returns
    -------
    Scored
    """
    parts = [resampling.STAGE.load(plan, group) for group in groups]
    tasks = [task for part in parts for task in part["tasks"].tolist()]
    present = parts[0]["models"].tolist()  # some may not be run under this split
    arrays = {name: np.concatenate([part[name] for part in parts], axis=1) for name in _NUMBERS}
    index = pd.MultiIndex.from_product([resampling.GENES, tasks, present])
    frame = pd.DataFrame({name: array.ravel() for name, array in arrays.items()}, index)
    frame = frame.rename_axis(["genes", "task", "model"]).dropna(subset="score").reset_index()
    frame = frame.sort_values(["genes", "task", "model"], ascending=[False, True, True])
    frame["family"] = frame.model.map({m: plan.declared.models[m].family for m in models})
    for name in ("group", "kind"):
        frame[name] = frame.task.map({task: getattr(plan.tasks[task], name) for task in tasks})
    columns = "task group kind model family score split probe genes number error low high".split()
    frame = frame.assign(split=split, probe=probe)[columns]
    score, number = (
        pd.DataFrame(arrays[name][1], columns=present).reindex(columns=models).to_numpy()
        for name in ("score", "number")
    )
    moved = np.concatenate([part["moved"] for part in parts])
    if len(present) < len(models):
        full = np.zeros((len(tasks), len(models), moved.shape[2]), moved.dtype)
        full[:, [models.index(m) for m in present]], moved = moved, full
    same = np.isfinite(score) & (number == np.nanmax(number, axis=1, keepdims=True))
    specs = [plan.declared.models[m] for m in models]
    barred = [[s.family == "control" or s.exposed_on(t) for s in specs] for t in tasks]
    single = ("shortcut", "best_shortcut", "shortcut_moved", "fold_share")
    return Scored(
        split,
        probe,
        tasks,
        models,
        score,
        number,
        moved,
        same & ~np.array(barred),
        *(np.concatenate([part[name] for part in parts]) for name in single),
        frame,
    )


def with_excess(plan: Plan, s: Scored) -> pd.DataFrame:
    """One row per task, model and choice of genes, with the excess on common genes.

    The excess is over the best shortcut of the same task, genes and folds, chosen for each fold by
    the others. A narrow model, scored on fewer genes, has none; nor have shortcuts and controls.
    ``excess_q`` is the false discovery rate at which an excess above or below 0 is one (Benjamini &
    Hochberg 1995), among all tasks of a model.

    Parameters
    ----------
    plan : Plan
    s : Scored

    Returns
    -------
    DataFrame
    """
    common = s.intervals[s.intervals.genes == "common"]
    t, m = _places(common.task, s.tasks), _places(common.model, s.models)
    paired = (s.number[t, m] == np.nanmax(s.number, axis=1)[t]) & np.isfinite(s.shortcut[t])
    paired &= ~common.family.isin(["shortcut", "control"]).to_numpy()
    over, t, m = common.loc[paired, ["task", "model", "genes"]], t[paired], m[paired]
    excess, moved = s.score[t, m] - s.shortcut[t], s.moved[t, m] - s.shortcut_moved[t]
    low, high = bootstrap.difference_interval(excess, moved)
    chance = 2 * scipy.stats.norm.sf(np.abs(excess) / np.maximum(moved.std(axis=1), 1e-12))
    over = over.assign(best_shortcut=s.best_shortcut[t], excess=excess)
    over = over.assign(excess_low=low, excess_high=high)
    over["excess_q"] = (
        pd.Series(chance, over.index)
        .groupby(over.model)
        .transform(scipy.stats.false_discovery_control)
    )
    return s.intervals.merge(over, on=["task", "model", "genes"], how="left")


def _places(names: pd.Series, known: list[str]) -> np.ndarray:
    return names.map({n: i for i, n in enumerate(known)}).to_numpy(int)
