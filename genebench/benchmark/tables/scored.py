"""Scores of all tasks and models under one split and probe, with intervals and excess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...stats import bootstrap, intervals
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
    return Scored(
        split, probe, tasks, models, score, number, moved, same & ~np.array(barred), frame
    )


def with_excess(plan: Plan, s: Scored) -> pd.DataFrame:
    """One row per task, model and choice of genes, with the excess on common genes.

    Parameters
    ----------
    plan : Plan
    s : Scored

    Returns
    -------
    DataFrame
    """
    common = s.intervals[s.intervals.genes == "common"]
    over = intervals.excess(common.assign(n_test=common.number), plan.declared.exposed)
    t = _places(over.task, s.tasks)
    model, best = (s.moved[t, _places(over[c], s.models)] for c in ("model", "best_shortcut"))
    low, high = bootstrap.difference_interval(over.excess.to_numpy(), model - best)
    over = over[["task", "model", "genes", "best_shortcut", "excess"]]
    over = over.assign(excess_low=low, excess_high=high)
    return s.intervals.merge(over, on=["task", "model", "genes"], how="left")


def _places(names: pd.Series, known: list[str]) -> np.ndarray:
    return names.map({n: i for i, n in enumerate(known)}).to_numpy(int)
