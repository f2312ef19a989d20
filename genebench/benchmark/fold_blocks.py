"""Folds of a block of tasks, made once for all models and cached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import cache, paths
from ..core.workers import Stage
from ..data.tasks import Task
from . import splits


@dataclass(frozen=True)
class FoldUnit:
    """The folds of a block of tasks of a plan in one repeat.

    Attributes
    ----------
    split : str
    tasks : tuple of str
        They share their entities.
    repeat : int
    """

    split: str
    tasks: tuple[str, ...]
    repeat: int

    def __str__(self) -> str:
        return f"{self.tasks[0]} × {self.split}"


def _recipe(plan, unit: FoldUnit) -> dict:
    profile = plan.profile
    fingerprint_of = splits.fingerprint(unit.split, plan.declared.sources)
    return {
        "stage": ["folds", splits.VERSION],
        "tasks": [plan.tasks[name].hash for name in unit.tasks],
        "split": [unit.split, fingerprint_of, profile.folds, profile.seed, unit.repeat],
    }


def _files(plan, unit: FoldUnit) -> list[Path]:
    return [_path(unit, _recipe(plan, unit))]


def _path(unit: FoldUnit, recipe: dict) -> Path:
    return paths.FOLDS / f"{unit.split}-{cache.key(recipe)}.npz"


def _gather(plan, unit: FoldUnit) -> tuple:
    together, sources = [plan.tasks[name] for name in unit.tasks], plan.declared.sources
    entries = [splits.entry_of(t, sources) if unit.split == "date" else None for t in together]
    groups = {}  # tasks of one entry share their dates; all others share everything
    for task, entry in zip(together, entries):
        name = entry and entry.name
        if name not in groups:
            groups[name] = splits.look_up(task, unit.split, sources)
    each = [groups[entry and entry.name] for entry in entries]
    seed = splits.seed_of(plan.profile.seed, unit.repeat)
    return together, unit.split, each, plan.profile.folds, seed


def _divide(together: list[Task], split: str, groups: list, n_folds: int, seed: int) -> tuple:
    """Folds of each task, (n_tasks, n) int8, and why one cannot be divided (its row is −1)."""
    out = np.full((len(together), len(together[0])), -1, dtype=np.int8)
    reasons = [""] * len(together)
    for i, task in enumerate(together):
        try:
            out[i] = splits.assign(task, split, groups[i], n_folds, seed)
        except splits.Unsplittable as err:
            reasons[i] = str(err)
    return out, reasons


def _store(plan, unit: FoldUnit, output: tuple) -> None:
    fold, reasons = output
    recipe = _recipe(plan, unit)
    cache.store(
        _path(unit, recipe), recipe, lambda to: np.savez(to, cut=fold, told=np.array(reasons))
    )


STAGE = Stage("folds", _files, _gather, _divide, _store)


def load(plan, unit: FoldUnit) -> tuple[np.ndarray, list[str]]:
    """Read the folds of a block, or make and cache them.

    Random ones are made anew, which is faster.

    Parameters
    ----------
    plan : Plan
    unit : FoldUnit

    Returns
    -------
    fold : ndarray of int8, shape (n_tasks, n)
    reasons : list of str
        Why a task cannot be divided (its row is −1); empty where it can.
    """
    if unit.split == "random":
        return _divide(*_gather(plan, unit))
    (path,) = _files(plan, unit)
    if cache.state(path) != "ready":
        _store(plan, unit, _divide(*_gather(plan, unit)))
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["cut"], arrays["told"].tolist()
