"""Boards: what the bootstrap over genes says of one block of tasks under one split, all models side by side, cached.

A board is made from the kept out-of-fold predictions of the cells of its block, so that nothing is fitted again. Its
key is that of its cells: one that is there is not made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from .. import probes
from ..core import cache, paths, specs, workers
from ..data.tasks import Task
from ..models import control
from ..stats import bootstrap, separation
from . import plan, predictions
from .plan import Cell

VERSION = 1
"""Bump when ``make`` computes something else from the same cells."""

GENES = ("own", "common")
"""Choices of genes that have an interval; what follows from pairs of models is had on the common ones."""


@dataclass(frozen=True, eq=False)
class Board:
    """Intervals of one block of tasks under one split.

    Attributes:
        tasks: (T,) names. models: (M,) names.
        number: of genes that a score is about, by choice in ``GENES``, (2, T, M) int32; 0 where there is no score.
        error: standard error of the score, (2, T, M). low, high: its interval, (2, T, M).
        moved: how far each draw of genes moves the score on common genes, (T, M, draws) float32.
    """

    tasks: np.ndarray
    models: np.ndarray
    number: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    moved: np.ndarray


_FIELDS = tuple(Board.__dataclass_fields__)


def gather(chosen: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Cells by board: those of the same tasks, split and probe, in the order of their models."""
    out: dict[tuple, list[Cell]] = {}
    for cell in chosen:
        out.setdefault((cell.split, cell.probe, cell.tasks), []).append(cell)
    return [tuple(group) for group in out.values()]


def recipe(group: tuple[Cell, ...]) -> dict:
    """Everything that determines a board."""
    made = [[c.model, plan.cell_path(c).stem] for c in group]
    return {"stage": ["board", VERSION], "cells": made, "draws": bootstrap.DRAWS}


def path(group: tuple[Cell, ...]) -> Path:
    """Where a board is cached."""
    return paths.BOARDS / f"{cache.key(recipe(group))}.npz"


def load(at: Path) -> Board:
    """Read a board."""
    with np.load(at, allow_pickle=False) as held:
        return Board(**{name: held[name] for name in _FIELDS})


@lru_cache(maxsize=1)
def _weights(profile: str) -> np.ndarray:
    held = plan.context(profile)
    return bootstrap.weights(held.universe, seed=held.profile.seed)


def make(group: tuple[Cell, ...]) -> Board:
    """Compute a board from the predictions of its cells."""
    held = plan.context(group[0].profile)
    kept = [predictions.load(plan.cell_path(c)) for c in group]
    shape = (len(GENES), len(group[0].tasks), len(group))
    number, error, low, high = (
        np.zeros(shape, np.int32),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
    )
    moved = np.zeros((*shape[1:], bootstrap.DRAWS), dtype=np.float32)
    weight = _weights(group[0].profile)
    bounds = (
        {"low": -1, "high": 1}
        if held.tasks[group[0].tasks[0]].kind == "regression"
        else {"low": 0, "high": 1}
    )
    for t, name in enumerate(group[0].tasks):
        task = held.tasks[name]
        parts = tuple(np.searchsorted(held.universe, part) for part in task.parts)
        score, influence, number[:, t] = _influences(task, group, kept, held.profile.repeats)
        for g, genes in enumerate(GENES):
            found = bootstrap.moves(influence[g], weight, parts)
            if genes == "common":
                moved[t] = found
            error[g, t] = found.std(axis=1)
            low[g, t], high[g, t] = bootstrap.interval(score[g], found, **bounds)
    return Board(
        np.array(group[0].tasks),
        np.array([c.model for c in group]),
        number,
        error,
        low,
        high,
        moved,
    )


def _influences(task: Task, group: tuple[Cell, ...], kept: list[dict], repeats: int):
    """Scores (2, M), influences (2, n, M) and numbers of genes (2, M) of every model on own and common genes."""
    held = plan.context(group[0].profile)
    common = plan.common_genes(group[0].profile, task)
    score, number = np.full((2, len(group)), np.nan), np.zeros((2, len(group)), np.int32)
    influence = np.zeros((2, len(task), len(group)), dtype=np.float32)
    for m, cell in enumerate(group):
        found = [kept[m][task.name, r] for r in range(repeats) if (task.name, r) in kept[m]]
        scores = np.zeros((2, len(found)))
        for r, made in enumerate(found):
            y = control.shuffled(task, held.profile.seed + r) if _is_shuffled(cell) else task.labels
            values, inside = probes.probabilities(task.kind, made.values), common[made.rows]
            for g, use in enumerate((slice(None), inside)):
                if g and inside.all():
                    scores[1, r], influence[1, :, m] = scores[0, r], influence[0, :, m]
                    continue
                rows = made.rows[use]
                scores[g, r], moved = bootstrap.influence(
                    task.kind, y[rows], values[use], made.fold[use]
                )
                influence[g, rows, m] += moved / len(found)
            number[:, m] = len(made.rows), inside.sum()
        if found:
            score[:, m] = scores.mean(axis=1)
    number[~np.isfinite(score)] = 0
    return score, influence, number


def _is_shuffled(cell: Cell) -> bool:
    return specs.model(cell.model).labels == "shuffled"


def work(group: tuple[Cell, ...]) -> str:
    """Make and keep one board, in a worker; returns the fault as a sentence, empty if none."""

    def arrays() -> dict[str, np.ndarray]:
        board = make(group)
        return {name: getattr(board, name) for name in _FIELDS}

    return workers.kept(arrays, path(group), recipe(group), with_torch=False)


def alike(profile: str, names: list[str]) -> np.ndarray:
    """How alike the labels of tasks of a profile are, (T, T); see ``tiers.resemblance``. Pairs resemble none."""
    held = plan.context(profile)
    chosen = [held.tasks[n] for n in names]
    columns = [
        np.eye(len(t.classes))[t.labels] if t.kind == "multiclass" else t.labels for t in chosen
    ]
    rows = [
        np.searchsorted(held.universe, t.entities) if t.kind != "pair" else np.array([0])
        for t in chosen
    ]
    columns = [c if t.kind != "pair" else np.zeros(1) for c, t in zip(columns, chosen)]
    return separation.resemblance(columns, rows, len(held.universe))
