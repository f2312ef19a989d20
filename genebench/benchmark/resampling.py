"""Bootstrap over genes of one block of tasks under one split, all models side by side.

It is made from the cached out-of-fold predictions of the cells of the block: nothing is fitted
again. Its key is that of its cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .. import probes
from ..core.workers import ArrayStage
from ..data.tasks import Task
from ..models import control
from ..stats import bootstrap, separation
from . import predictions
from .plan import Cell, Plan

VERSION = 1
"""Bump when other numbers come from the same cells."""

GENES = ("own", "common")
"""Choices of genes that have an interval; pairs of models are compared on the common ones."""


@dataclass(frozen=True)
class Group:
    """Cells of the same tasks, split and probe, in the order of their models."""

    cells: tuple[Cell, ...]

    @property
    def at(self) -> tuple[str, str]:
        """Split and probe."""
        return self.cells[0].split, self.cells[0].probe

    def __str__(self) -> str:
        return f"{self.cells[0].label} × {self.cells[0].split}"


@dataclass(frozen=True, eq=False)
class Resampled:
    """Intervals and draws of one group.

    Attributes
    ----------
    tasks, models : ndarray of str, shapes (T,) and (M,)
    number : ndarray of int32, shape (2, T, M)
        Genes that a score is about, by choice in ``GENES``; 0 where there is no score.
    error, low, high : ndarray, shape (2, T, M)
        Standard error and 95 % interval of the score.
    moved : ndarray of float32, shape (T, M, draws)
        How far each draw of genes moves the score on common genes.
    """

    tasks: np.ndarray
    models: np.ndarray
    number: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    moved: np.ndarray


def groups(cells: Iterable[Cell]) -> list[Group]:
    """Group cells by tasks, split and probe.

    Parameters
    ----------
    cells : iterable of Cell

    Returns
    -------
    list of Group
    """
    out: dict[tuple, list[Cell]] = {}
    for cell in cells:
        out.setdefault((cell.split, cell.probe, cell.tasks), []).append(cell)
    return [Group(tuple(together)) for together in out.values()]


def _recipe(plan: Plan, group: Group) -> dict:
    cells = [[cell.model, plan.path(cell).stem] for cell in group.cells]
    return {"stage": ["board", VERSION], "cells": cells, "draws": bootstrap.DRAWS}


def _resample(plan: Plan, group: Group) -> dict[str, np.ndarray]:
    cells = group.cells
    predicted = [predictions.load(plan.path(cell)) for cell in cells]
    shape = (len(GENES), len(cells[0].tasks), len(cells))
    number = np.zeros(shape, np.int32)
    error, low, high = np.zeros((3, *shape))
    moved = np.zeros((*shape[1:], bootstrap.DRAWS), dtype=np.float32)
    weight = bootstrap.weights(plan.universe, seed=plan.profile.seed)
    least = -1 if plan.tasks[cells[0].tasks[0]].kind == "regression" else 0
    for t, name in enumerate(cells[0].tasks):
        task = plan.tasks[name]
        score, influence, number[:, t] = _influences(plan, task, cells, predicted)
        for g, genes in enumerate(GENES):
            draws = bootstrap.moves(influence[g], weight, plan.rows_of(task))
            if genes == "common":
                moved[t] = draws
            error[g, t] = draws.std(axis=1)
            low[g, t], high[g, t] = bootstrap.interval(score[g], draws, low=least, high=1)
    names = {"tasks": np.array(cells[0].tasks), "models": np.array([c.model for c in cells])}
    return {**names, "number": number, "error": error, "low": low, "high": high, "moved": moved}


def _influences(plan: Plan, task: Task, cells: tuple[Cell, ...], predicted: list[dict]):
    """Scores (2, M), influences (2, n, M) and numbers of genes (2, M) on own and common genes."""
    common, seed, repeats = plan.common(task), plan.profile.seed, plan.profile.repeats
    score, number = np.full((2, len(cells)), np.nan), np.zeros((2, len(cells)), np.int32)
    influence = np.zeros((2, len(task), len(cells)), dtype=np.float32)
    for m, cell in enumerate(cells):
        parts = [p for r in range(repeats) if (p := predicted[m].get((task.name, r)))]
        scores = np.zeros((2, len(parts)))
        shuffled = plan.declared.models[cell.model].labels == "shuffled"
        for r, part in enumerate(parts):
            y = control.shuffled(task, seed + r) if shuffled else task.labels
            values, inside = probes.probabilities(task.kind, part.values), common[part.rows]
            for g, use in enumerate((slice(None), inside)):
                if g and inside.all():
                    scores[1, r], influence[1, :, m] = scores[0, r], influence[0, :, m]
                    continue
                rows = part.rows[use]
                scored = bootstrap.influence(task.kind, y[rows], values[use], part.fold[use])
                scores[g, r] = scored[0]
                influence[g, rows, m] += scored[1] / len(parts)
            number[:, m] = len(part.rows), inside.sum()
        if parts:
            score[:, m] = scores.mean(axis=1)
    number[~np.isfinite(score)] = 0
    return score, influence, number


STAGE = ArrayStage("intervals", "BOARDS", _recipe, _resample, with_torch=False)


def load(plan: Plan, group: Group) -> Resampled:
    """Read what was made of a group.

    Parameters
    ----------
    plan : Plan
    group : Group

    Returns
    -------
    Resampled
    """
    return Resampled(**STAGE.load(plan, group))


def resemblance(plan: Plan, names: list[str]) -> np.ndarray:
    """Compare the labels of tasks with each other; see ``separation.resemblance``.

    Parameters
    ----------
    plan : Plan
    names : list of str
        T tasks; pair tasks resemble none.

    Returns
    -------
    ndarray, shape (T, T)
        0 to 1.
    """
    columns, rows = [], []
    for task in (plan.tasks[name] for name in names):
        pair = task.kind == "pair"
        classes = np.eye(len(task.classes))[task.labels] if task.kind == "multiclass" else None
        columns.append(np.zeros(1) if pair else task.labels if classes is None else classes)
        rows.append(np.array([0]) if pair else np.searchsorted(plan.universe, task.entities))
    return separation.resemblance(columns, rows, len(plan.universe))
