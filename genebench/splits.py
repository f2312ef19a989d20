"""Seeded folds. Every model gets the same ones, because they depend on the task alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from . import genes
from .errors import unknown
from .tasks import Task

VERSION = 1


def _strata(task: Task) -> np.ndarray | None:
    return task.labels if task.kind in ("binary", "multiclass") else None


def random(task: Task, n_folds: int, seed: int) -> np.ndarray:
    """Folds at random, stratified by class where there is one class per gene. Returns fold of each gene, (n,) int8."""
    strata = _strata(task)
    kind = KFold if strata is None else StratifiedKFold
    return _number(kind(n_folds, shuffle=True, random_state=seed).split(task.entities, strata), len(task))


def family(task: Task, n_folds: int, seed: int) -> np.ndarray:
    """Folds that keep genes of one symbol stem together, so that no relative by symbol is on both sides. (n,) int8."""
    strata, groups = _strata(task), genes.stems(task.entities)
    kind = GroupKFold if strata is None else StratifiedGroupKFold
    fold = _number(kind(n_folds, shuffle=True, random_state=seed).split(task.entities, strata, groups), len(task))
    sides = {}
    for group, f in zip(groups, fold):
        assert sides.setdefault(group, f) == f, f"family '{group}' is on both sides of a family split"
    return fold


def _number(split, n: int) -> np.ndarray:
    fold = np.full(n, -1, dtype=np.int8)
    for i, (_, test) in enumerate(split):
        fold[test] = i
    assert (fold >= 0).all()
    return fold


SPLITS: dict[str, Callable[[Task, int, int], np.ndarray]] = {"random": random, "family": family}


def folds(task: Task, split: str, *, n_folds: int, seed: int, repeat: int = 0) -> np.ndarray:
    """Fold (0 … n_folds − 1) of each entity of a task, (n,) int8: where it is tested; it is trained on in the others.

    Raises: BadInput: unknown split.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    return SPLITS[split](task, n_folds, seed + 1000 * repeat)
