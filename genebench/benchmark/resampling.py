"""Bootstrap over genes of one block of tasks under one split, all models side by side.

It is made from the cached out-of-fold predictions of the cells of the block: nothing is fitted
again. Its key is that of its cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .. import probes
from ..core.workers import ArrayStage
from ..data.tasks import Task
from ..stats import bootstrap, separation
from . import fit, predictions
from .plan import Cell, Plan

VERSION = 2
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


def groups(cells: Iterable[Cell]) -> list[Group]:
    """Group cells by tasks, split and probe.

    Parameters
    ----------
    cells : iterable of Cell

    Returns
    -------
    list of Group
    """
    out: dict[tuple, list[Cell]] = defaultdict(list)
    for cell in cells:
        out[cell.split, cell.probe, cell.tasks].append(cell)
    return [Group(tuple(together)) for together in out.values()]


def _recipe(plan: Plan, group: Group) -> dict:
    cells = [[cell.model, plan.path(cell).stem] for cell in group.cells]
    return {"stage": ["board", VERSION], "cells": cells, "draws": bootstrap.DRAWS}


def resample(plan: Plan, group: Group) -> dict[str, np.ndarray]:
    """Compute intervals and draws of a group of T tasks and M models.

    Parameters
    ----------
    plan : Plan
    group : Group

    Returns
    -------
    dict of str to ndarray
        ``tasks`` (T,) and ``models`` (M,): names. ``number`` (2, T, M): genes that a score is
        about, by choice in ``GENES``; 0 where there is no score. ``score``, ``error``, ``low``,
        ``high`` (2, T, M): main score (NaN where there is none), its standard error and 95 %
        interval. ``moved`` (T, M, draws): how far each draw of genes moves the score on common
        genes.
    """
    cells, names = group.cells, group.cells[0].tasks
    predicted = [predictions.load(plan.path(cell)) for cell in cells]
    shape = (len(GENES), len(names), len(cells))
    number = np.zeros(shape, np.int32)
    score, error, low, high = np.zeros((4, *shape))
    moved = np.zeros((*shape[1:], bootstrap.DRAWS), dtype=np.float32)
    weight = bootstrap.weights(plan.universe, seed=plan.profile.seed)
    for t, task in enumerate(plan.tasks[name] for name in names):
        least = -1 if task.kind == "regression" else 0
        score[:, t], influence, number[:, t] = _influences(plan, task, cells, predicted)
        for g in range(len(GENES)):  # the common genes come last
            moved[t] = draws = bootstrap.moves(influence[g], weight, plan.rows_of(task))
            error[g, t] = draws.std(axis=1)
            low[g, t], high[g, t] = bootstrap.interval(score[g, t], draws, low=least, high=1)
    arrays = {"number": number, "score": score, "error": error, "low": low, "high": high}
    models = np.array([cell.model for cell in cells])
    return {"tasks": np.array(names), "models": models, **arrays, "moved": moved}


def _influences(plan: Plan, task: Task, cells: tuple[Cell, ...], predicted: list[dict]):
    """Scores (2, M), influences (2, n, M) and numbers of genes (2, M) on own and common genes."""
    common, profile = plan.common(task), plan.profile
    score, number = np.full((2, len(cells)), np.nan), np.zeros((2, len(cells)), np.int32)
    influence = np.zeros((2, len(task), len(cells)), dtype=np.float32)
    for m, cell in enumerate(cells):
        spec, scores = plan.declared.models[cell.model], []
        parts = {r: predicted[m].get((task.name, r)) for r in range(profile.repeats_of(len(task)))}
        parts = {r: part for r, part in parts.items() if part}
        for r, part in parts.items():
            y, inside = fit.labels(task, spec, profile.seed + r), common[part.rows]
            values = probes.probabilities(task.kind, part.values)
            number[:, m] = len(part.rows), inside.sum()
            uses = [np.ones_like(inside), inside][: 1 if inside.all() else 2]
            scored = []
            for use in uses:
                rows = part.rows[use]
                one = bootstrap.influence(task.kind, y[rows], values[use], part.fold[use])
                scored.append((rows, *one))
            scores.append([scored[0][1], scored[-1][1]])
            for g, (rows, _, moved) in enumerate((scored[0], scored[-1])):
                influence[g, rows, m] += moved / len(parts)
        if parts:
            score[:, m] = np.mean(scores, axis=0)
    number[~np.isfinite(score)] = 0
    return score, influence, number


STAGE = ArrayStage("intervals", "INTERVALS", _recipe, resample, with_torch=False)


def resemblance(plan: Plan, names: list[str]) -> np.ndarray:
    """Compare the labels of T tasks with each other, (T, T) from 0 to 1; pair tasks resemble none.

    See ``separation.resemblance``.
    """
    columns, rows = [], []
    for task in (plan.tasks[name] for name in names):
        pair = task.kind == "pair"
        labels = (
            np.eye(len(task.classes))[task.labels] if task.kind == "multiclass" else task.labels
        )
        columns.append(np.zeros(1) if pair else labels)
        rows.append(np.array([0]) if pair else np.searchsorted(plan.universe, task.entities))
    return separation.resemblance(columns, rows, len(plan.universe))
