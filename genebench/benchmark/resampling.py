"""Bootstrap over gene families of one block of tasks under one split, all models side by side.

It is made from the cached out-of-fold predictions of the cells of the block: nothing is fitted
again. Its key is that of its cells.
"""

import functools
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from .. import probes
from ..core.workers import ArrayStage
from ..stats import bootstrap, separation
from . import fit, predictions, splits
from .plan import Cell, Plan

VERSION = 4
"""Bump when other numbers come from the same cells."""

GENES = ("own", "common")
"""Choices of genes that have an interval; pairs of models are compared on the common ones."""

WIDE = ("number", "score", "error", "low", "high")
"""Arrays of ``resample`` that have a value of each choice of genes, task and model."""


@dataclass(frozen=True)
class CellsOfBlock:
    """Cells of the same tasks, split and probe, in the order of their models."""

    cells: tuple[Cell, ...]

    @property
    def at(self) -> tuple[str, str]:
        """Split and probe."""
        return self.cells[0].split, self.cells[0].probe

    def __str__(self) -> str:
        return f"{self.cells[0].label} × {self.cells[0].split}"


def groups(cells):
    """Group cells by tasks, split and probe.

    Parameters
    ----------
    cells : iterable of Cell

    Returns
    -------
    list of CellsOfBlock
    """
    out = defaultdict(list)
    for cell in cells:
        out[cell.split, cell.probe, cell.tasks].append(cell)
    return [CellsOfBlock(tuple(together)) for together in out.values()]


def _recipe(plan, group):
    return {
        "stage": ["intervals", VERSION],
        "cells": [[cell.model, plan.path(cell).stem] for cell in group.cells],
        "draws": bootstrap.DRAWS,
        "families": splits.fingerprint(plan.family_split, plan.declared.sources),
    }


def resample(plan, group):
    """Compute intervals and draws of a group of T tasks and M models.

    Parameters
    ----------
    plan : Plan
    group : CellsOfBlock

    Returns
    -------
    dict of str to ndarray
        ``tasks`` (T,) and ``models`` (M,): names. ``number`` (2, T, M): genes that a score is
        about, by choice in ``GENES``; 0 where there is no score. ``score``, ``error``, ``low``,
        ``high`` (2, T, M): main score (NaN where there is none), its standard error and 95 %
        interval. ``moved`` (T, M, draws): how far each draw of genes moves the score on common
        genes. ``shortcut``, ``best_shortcut``, ``shortcut_moved``, ``fold_share``: as in
        ``tables.means.Scored``.
    """
    cells, names = group.cells, group.cells[0].tasks
    predicted = [predictions.load(plan.path(cell)) for cell in cells]
    families, family = np.unique(plan.families, return_inverse=True)
    weight = _weights(tuple(families.tolist()), plan.profile.seed)
    rows = [_of_task(plan, plan.tasks[name], cells, predicted, family, weight) for name in names]
    arrays = {name: np.stack([row[name] for row in rows], axis=name in WIDE) for name in rows[0]}
    return arrays | {"tasks": np.array(names), "models": np.array([c.model for c in cells])}


@functools.lru_cache(1)
def _weights(families, seed):
    """As of ``bootstrap.weights``, in the number format of products; all groups share them."""
    return bootstrap.weights(families, seed=seed).astype(np.float32)


def _of_task(plan, task, cells, predicted, family, weight):
    """Arrays of ``resample`` for one task; ``family``: row of each gene in ``weight``."""
    score, influence, number, variance, shortcuts = _influences(plan, task, cells, predicted)
    least = -1 if task.kind == "regression" else 0
    rows = tuple(family[part] for part in plan.rows_of(task))
    draws = np.stack(np.split(bootstrap.moves(np.hstack(influence), weight, rows), len(GENES)))
    error = draws.std(axis=2).astype(float)
    low, high = bootstrap.interval(score, draws, low=least, high=1)
    out = {
        "number": number,
        "score": score,
        "error": error,
        "low": low,
        "high": high,
        "moved": draws[1],  # on the common genes
        "fold_share": np.nan,
        "shortcut": np.nan,
        "best_shortcut": "",
        "shortcut_moved": np.zeros(bootstrap.DRAWS, np.float32),
    }
    if np.isfinite(variance).any():
        out["fold_share"] = np.nanmedian(variance / (variance + error[1] ** 2))
    if shortcuts:
        chosen, values, moves = zip(*(best_shortcut(of, len(task)) for of in shortcuts))
        most = Counter(name for of in chosen for name in of).most_common(1)[0][0]
        moved = bootstrap.moves(np.mean(moves, axis=0)[:, None], weight, rows)[0]
        out |= {"shortcut": np.mean(values), "best_shortcut": most, "shortcut_moved": moved}
    return out


def _influences(plan, task, cells, predicted):
    """Scores (2, M), influences (2, n, M) and numbers of genes (2, M) on own and common genes.

    Besides the variance of each score on common genes that is owed to folds (M,), NaN where there
    is one repeat, and per repeat what ``best_shortcut`` takes, of the shortcuts that are scored on
    as many common genes as any model.
    """
    common, profile = plan.common(task), plan.profile
    variance, shortcuts = np.full(len(cells), np.nan), defaultdict(dict)
    score, number = np.full((2, len(cells)), np.nan), np.zeros((2, len(cells)), np.int32)
    influence = np.zeros((2, len(task), len(cells)), dtype=np.float32)
    for m, cell in enumerate(cells):
        spec, scores = plan.declared.models[cell.model], []
        repeats = range(profile.repeats_of(len(task)))
        parts = {r: predicted[m][task.name, r] for r in repeats if (task.name, r) in predicted[m]}
        for r, part in parts.items():
            y, inside = fit.labels(task, spec, profile.seed + r), common[part.rows]
            values = probes.probabilities(task.kind, part.values)
            scores.append([])
            for g, use in enumerate((np.ones_like(inside), inside)):
                rows, fold = part.rows[use], part.fold[use]
                if g == 0 or not inside.all():  # else both choices are of the same genes
                    one, moved = bootstrap.influence(task.kind, y[rows], values[use], fold)
                scores[-1].append(one)
                number[g, m] = len(rows)
                influence[g, rows, m] += moved / len(parts)
            if spec.family == "shortcut" and not spec.exposed_on(task.name) and len(rows):
                by_fold = _fold_scores(task.kind, y[rows], values[use], fold)
                shortcuts[r, len(rows)][cell.model] = fold, by_fold, rows, moved
        if parts:
            score[:, m] = np.mean(scores, axis=0)
        if len(parts) > 1:
            variance[m] = np.var(scores, axis=0, ddof=1)[1] / len(parts)
    number[~np.isfinite(score)] = 0
    widest = [of for (_, n), of in shortcuts.items() if n == number[1].max()]
    return score, influence, number, variance, widest


def best_shortcut(shortcuts, n):
    """Score of the best shortcut, chosen for each fold by the mean of the other folds.

    Parameters
    ----------
    shortcuts : dict of str to (fold, scores, rows, influence)
        By model, on the same m entities: fold (m,), score of each fold (NaN where it has none),
        place in the task (m,), influence on the mean score (m,).
    n : int
        Entities of the task.

    Returns
    -------
    names, score, influence : list of str, float, ndarray of shape (n,)
        The shortcut chosen for each fold, the mean of their scores, and what moves it.
    """
    names = list(shortcuts)
    fold, _, rows, _ = shortcuts[names[0]]
    scores = np.array([by_fold for _, by_fold, _, _ in shortcuts.values()])
    used = np.isfinite(scores).all(axis=0)
    others = scores[:, used].sum(axis=1, keepdims=True) - scores
    pick = np.where(used, others, 0).argmax(axis=0)
    influence = np.zeros(n, dtype=np.float32)
    moved = np.array([one[3] for one in shortcuts.values()])
    influence[rows] = moved[pick[fold], np.arange(len(rows))]
    score = float(scores[pick, np.arange(len(pick))][used].mean()) if used.any() else np.nan
    return [names[k] for k in pick[used]], score, influence


def _fold_scores(kind, y, values, fold):
    """Main score of each fold, (n_folds,); NaN where a fold has none."""
    out = np.full(int(fold.max()) + 1, np.nan)
    for k in np.unique(fold):
        at = fold == k
        out[k], _ = bootstrap.influence(kind, y[at], values[at], fold[at] * 0)
    return out


STAGE = ArrayStage("intervals", "INTERVALS", _recipe, resample, with_torch=False)


def resemblance(plan: Plan, names: list[str]) -> np.ndarray:
    """Compare the labels of T tasks with each other, (T, T) from 0 to 1; pair tasks resemble none.

    See ``separation.resemblance``.
    """
    columns, rows = [], []
    for task in (plan.tasks[name] for name in names):
        labels, at = task.labels, np.searchsorted(plan.universe, task.parts[0])
        if task.kind == "multiclass":
            labels = np.eye(len(task.classes))[labels]
        elif task.kind == "pair":
            labels, at = np.zeros(1), at[:1]
        columns.append(labels)
        rows.append(at)
    return separation.resemblance(columns, rows, len(plan.universe))
