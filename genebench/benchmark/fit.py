"""One cell: out-of-fold predictions of a probe on vectors, and their scores as tidy rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, workers
from ..core.specs import ModelSpec, ProfileSpec
from ..core.workers import Once, Stage
from ..data.tasks import Task
from ..models import Embedding, control
from ..stats import metrics
from . import predictions, results
from .plan import Block, Cell, Plan
from .predictions import Predictions


@dataclass
class Output:
    """What was computed for a cell.

    Attributes
    ----------
    rows : DataFrame
        Columns of ``results.SCHEMA``.
    skipped : list of dict
        ``task``, ``model``, ``split``, ``reason`` of each task that was not scored.
    predictions : dict of (str, int) to Predictions
        By task and repeat.
    seconds, cpu_s : float
        Wall clock and processor.
    """

    rows: pd.DataFrame
    skipped: list[dict] = field(default_factory=list)
    predictions: dict[tuple[str, int], Predictions] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True, eq=False)
class _Fold:
    """One task of a block in one repeat, for one model."""

    task: Task
    y: np.ndarray
    fold: np.ndarray


def _files(plan: Plan, cell: Cell) -> list[Path]:
    path = plan.path(cell)
    return [path, predictions.path(path)]


def _gather(plan: Plan, cell: Cell) -> tuple:
    vectors = Once(f"vectors of {cell.model}", lambda: plan.embedding(cell.model))
    key, spec = plan.path(cell).stem, plan.declared.models[cell.model]
    return cell, key, spec, plan.profile, plan.memory, plan.block(cell), vectors


def compute(
    cell: Cell,
    key: str,
    spec: ModelSpec,
    profile: ProfileSpec,
    memory: float,
    block: Block,
    embedding: Embedding,
) -> Output:
    """Fit and score a cell on one thread, whatever the number of cores.

    Parameters
    ----------
    cell : Cell
    key : str
        Names the cell in its rows.
    spec : ModelSpec
    profile : ProfileSpec
        Number of folds, seed, fewest entities per class.
    memory : float
        Bytes that the fits may take; changes speed and, by rounding, the last digits.
    block : Block
        Tasks, common entities, folds.
    embedding : Embedding
        Vectors of the model.

    Returns
    -------
    Output
    """
    with workers.one_thread():
        start, spent = time.perf_counter(), time.process_time()
        output = _compute(cell, key, spec, profile, memory, block, embedding)
        output.seconds = time.perf_counter() - start
        output.cpu_s = time.process_time() - spent
    return output


def _compute(cell, key, spec, profile, memory, block: Block, embedding: Embedding) -> Output:
    rows_of = [embedding.rows(part) for part in block.tasks[0].parts]
    covered = np.logical_and.reduce([rows >= 0 for rows in rows_of])
    output, frames = Output(pd.DataFrame(columns=results.SCHEMA.names)), []
    for repeat, (folds, reasons) in enumerate(block.folds):
        usable = []
        for task, fold, why in zip(block.tasks, folds, reasons):
            shuffled = spec.labels == "shuffled"
            y = control.shuffled(task, profile.seed + repeat) if shuffled else task.labels
            part = _Fold(task, y, fold)
            why = why or spec.not_for.get(task.kind, "") or _unfit(part, covered, profile)
            if why:
                names = {"task": task.name, "model": spec.name, "split": cell.split}
                output.skipped.append({**names, "reason": why})
            else:
                usable.append(part)
        if not usable:
            continue
        predicted = _predict(spec, cell.probe, usable, covered, rows_of, embedding, memory)
        output.predictions |= {(name, repeat): p for name, p in predicted.items()}
        for task, scores in _scores(usable, predicted, covered, block.common):
            constant = {
                "task": task.name,
                "group": task.group,
                "kind": task.kind,
                "model": spec.name,
                "family": spec.family,
                "probe": probes.method(task.kind, cell.probe).name,
                "split": cell.split,
                "split_param": "",
                "variant": "",
                "control": "",
                "repeat": repeat,
                "coverage": covered.mean(),
                "key": key,
            }
            frames.append(pd.DataFrame(scores).assign(**constant))
    if frames:
        output.rows = pd.concat(frames, ignore_index=True)[results.SCHEMA.names]
    return output


def _store(plan: Plan, cell: Cell, output: Output) -> None:
    """Predictions first, then rows with what was noted: rows that are there are whole."""
    path, recipe = plan.path(cell), plan.recipe(cell)
    predictions.store(path, recipe, output.predictions)
    facts = {"seconds": output.seconds, "cpu_s": output.cpu_s, "skipped": output.skipped}
    cache.store(path, recipe, lambda to: output.rows.to_parquet(to, index=False), **facts)


STAGE = Stage("cells", _files, _gather, compute, _store)


def _unfit(part: _Fold, covered: np.ndarray, profile: ProfileSpec) -> str:
    """Why a task cannot be probed on the covered entities, or an empty string."""
    task, y, fold, least = part.task, part.y, part.fold, profile.min_per_class
    if task.kind in ("binary", "multiclass", "pair"):
        number = np.bincount(y[covered & (fold >= 0)], minlength=len(task.classes))
        if number.min() < least:
            rare = task.classes[int(number.argmin())]
            return f"only {number.min()} genes of class '{rare}' have a vector ({least} needed)"
        for k in range(profile.folds):
            tested = y[covered & (fold == k)]
            if task.kind != "multiclass" and len(np.unique(tested)) < 2:
                return f"fold {k} holds one class only among the genes that have a vector"
            trained = y[covered & (fold != k) & (fold >= 0)]
            if len(tested) and np.isin(tested, trained).mean() < 0.5:
                return (
                    f"most genes of fold {k} are of classes that no training gene with a vector is "
                    "of"
                )
    elif covered.sum() < 2 * least * profile.folds:
        return f"only {covered.sum()} genes have a vector ({2 * least * profile.folds} needed)"
    elif task.kind == "multilabel" and (y[covered].sum(axis=0) < least).any():
        rare = task.classes[int(y[covered].sum(axis=0).argmin())]
        return f"fewer than {least} genes with label '{rare}' have a vector"
    return ""


def _predict(
    spec: ModelSpec, probe: str, usable: list[_Fold], covered, rows_of, embedding, memory: float
) -> dict[str, Predictions]:
    """Out-of-fold predictions on the covered entities of each task, by task name."""
    kind, pairs = usable[0].task.kind, None
    if kind == "pair" and spec.encoder != "oracle":
        rows = np.concatenate([r[covered] for r in rows_of])
        used, at = np.unique(rows, return_inverse=True)
        X, pairs = embedding.vectors[used], tuple(at.reshape(2, -1))
    elif spec.encoder != "oracle":
        X = embedding.vectors[rows_of[0][covered]]
    if kind == "binary" and spec.encoder != "oracle":  # all tasks in one fit
        Y = np.stack([part.y[covered] for part in usable], axis=1)
        F = np.stack([part.fold[covered] for part in usable], axis=1)
        values = probes.predict(X, Y, F, kind=kind, probe=probe, memory=memory)
        return {p.task.name: _kept(values[:, i], p.fold, covered) for i, p in enumerate(usable)}
    out, options = {}, {} if pairs is None else {"pairs": pairs}
    for part in usable:
        if spec.encoder == "oracle":
            X = control.oracle_vectors(part.task)[covered]
        y, fold = part.y[covered], part.fold[covered]
        values = probes.predict(X, y, fold, kind=kind, probe=probe, memory=memory, **options)
        wide = kind in ("multiclass", "multilabel")
        out[part.task.name] = _kept(values if wide else values.reshape(-1), part.fold, covered)
    return out


def _kept(values: np.ndarray, fold: np.ndarray, covered: np.ndarray) -> Predictions:
    tested = fold[covered] >= 0
    rows = np.flatnonzero(covered)[tested].astype(np.int32)
    return Predictions(rows, fold[rows].astype(np.int8), *predictions.quantise(values[tested]))


_COLUMNS = ("metric", "genes", "fold", "score", "n_train", "n_test")


def _scores(
    usable: list[_Fold], predicted: dict[str, Predictions], covered, common
) -> Iterator[tuple[Task, dict[str, tuple]]]:
    """Each task with its scores by fold on own, common and all entities, as columns."""
    kind = usable[0].task.kind
    every = metrics.of_kind(kind)
    paired = [name for name in every if metrics.METRICS[name].main]
    choices = [("own", covered, every), ("common", covered & common, paired)]
    if not covered.all():
        choices.append(("all", np.ones_like(covered), paired))
    values = [_with_prior(part, predicted[part.task.name], covered) for part in usable]
    rows: list[list[tuple]] = [[] for _ in usable]
    for k in range(int(max(part.fold.max() for part in usable)) + 1):
        trained = [int((covered & (p.fold != k) & (p.fold >= 0)).sum()) for p in usable]
        for genes, mask, names in choices:
            tests = [np.flatnonzero((part.fold == k) & mask) for part in usable]
            found = _fold_scores(kind, usable, values, tests, names)
            for i, scores in enumerate(found):
                shared = (trained[i], len(tests[i]))
                rows[i] += [(name, genes, k, score, *shared) for name, score in scores.items()]
    for part, mine in zip(usable, rows):
        yield part.task, dict(zip(_COLUMNS, zip(*mine)))


def _fold_scores(
    kind: str, usable: list[_Fold], values: list[np.ndarray], tests: list[np.ndarray], names
) -> list[dict[str, float]]:
    """Metrics of one fold of each task; none where its test entities do not allow them."""
    if kind != "binary":
        y = usable[0].y[tests[0]]
        usual = metrics.scorable(kind, y)
        return [metrics.score(kind, y, values[0][tests[0]], names) if usual else {}]
    longest = max(1, max(map(len, tests)))
    Y, P = np.zeros((longest, len(usable)), dtype=np.int64), np.zeros((longest, len(usable)))
    valid = np.arange(longest)[:, None] < np.array([len(t) for t in tests])
    for i, (part, test) in enumerate(zip(usable, tests)):
        Y[: len(test), i], P[: len(test), i] = part.y[test], values[i][test]
    block = metrics.score_block(Y, P, valid, names)
    return [
        {name: float(block[name][i]) for name in names if not np.isnan(block[name][i])}
        for i in range(len(usable))
    ]


def _with_prior(part: _Fold, predicted: Predictions, covered: np.ndarray) -> np.ndarray:
    """Predictions for every entity; those without a vector have the training prior."""
    known = probes.probabilities(part.task.kind, predicted.values)
    out = np.zeros((len(part.y), *known.shape[1:]), dtype=np.float64)
    out[predicted.rows] = known
    for k in range(int(part.fold.max()) + 1):
        bare = (part.fold == k) & ~covered
        if bare.any():
            y = part.y[(part.fold != k) & (part.fold >= 0) & covered]
            classes = part.task.kind == "multiclass"
            shares = np.bincount(y, minlength=known.shape[1]) / len(y) if classes else None
            out[bare] = shares if classes else y.mean(axis=0)
    return out
