"""One cell: out-of-fold predictions of a probe on vectors, and their scores as tidy rows."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, workers
from ..core.workers import Once, Stage
from ..data.tasks import Task
from ..models import baseline
from ..stats import metrics
from . import predictions, results
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
    skipped: list[dict]
    predictions: dict[tuple[str, int], Predictions]
    seconds: float
    cpu_s: float


@dataclass(frozen=True, eq=False)
class Part:
    """One task of a block in one repeat, for one model: its labels there, and its folds."""

    task: Task
    y: np.ndarray
    fold: np.ndarray


def features(task, embedding):
    """What a probe takes of the entities of a task that a model covers (of pairs: both genes).

    Parameters
    ----------
    task : Task
    embedding : Embedding

    Returns
    -------
    covered : ndarray of bool, shape (n,)
    X : ndarray of shape (m, d)
        Vectors; of pairs one a gene.
    pairs : tuple of two ndarray, or None
        Rows of X that each pair is.
    """
    sides = np.stack([embedding.rows(part) for part in task.parts])
    covered = (sides >= 0).all(axis=0)
    if task.kind != "pair":
        return covered, embedding.vectors[sides[0, covered]], None
    used, at = np.unique(sides[:, covered], return_inverse=True)
    return covered, embedding.vectors[used], tuple(at.reshape(2, -1))


def out_of_fold(X, parts, covered, **options):
    """Predict the covered entities of each task by the fits that did not see them.

    Parameters
    ----------
    X : ndarray of shape (m, d)
    parts : list of Part, binary tasks on the same entities, or one of another kind
    covered : ndarray of bool, shape (n,)
    **options of ``probes.predict``

    Returns
    -------
    iterable of ndarray, shape (m,) or (m, c), values of each task
    """
    kind = parts[0].task.kind
    Y = np.column_stack([part.y[covered] for part in parts])
    F = np.column_stack([part.fold[covered] for part in parts])
    if kind == "multiclass":
        Y, F = Y[:, 0], F[:, 0]
    values = probes.predict(X, Y, F, kind=kind, **options)
    return [values] if kind in ("multiclass", "multilabel") else values.T


def _files(plan, cell):
    path = plan.path(cell)
    return [path, predictions.path(path)]


def _gather(plan, cell):
    vectors = Once(f"vectors of {cell.model}", lambda: plan.embedding(cell.model))
    key, spec = plan.path(cell).stem, plan.declared.models[cell.model]
    return cell, key, spec, plan.profile, plan.memory, plan.block(cell), vectors


def compute(cell, key, spec, profile, memory, block, embedding):
    """Fit and score a cell on one thread, whatever the number of cores.

    Parameters
    ----------
    cell : Cell
    key : str
        Names the cell in its rows.
    spec, profile : ModelSpec, ProfileSpec
    memory : float
        Bytes that the fits may take; changes speed and, by rounding, the last digits.
    block, embedding : Block, Embedding

    Returns
    -------
    Output
    """
    start, spent = time.perf_counter(), time.process_time()
    frames, skipped, kept = [], [], {}
    with workers.one_thread():
        own = baseline.OF_TASK.get(spec.encoder)
        covered, X, pairs = features(block.tasks[0], embedding)
        options = {"probe": cell.probe, "memory": memory, "pairs": None if own else pairs}
        names = {"model": spec.name, "split": cell.split}
        shared = {
            **names,
            "family": spec.family,
            "probe": probes.method(block.tasks[0].kind, cell.probe).name,
            "coverage": covered.mean(),
            "key": key,
            **dict.fromkeys(("split_param", "variant", "control"), ""),
        }
        for repeat, (folds, reasons) in enumerate(block.folds):
            usable, predicted = [], []
            for task, fold, why in zip(block.tasks, folds, reasons):
                part = Part(task, labels(task, spec, profile.seed + repeat), fold)
                why = why or spec.not_for.get(task.kind, "") or _unfit(part, covered, profile)
                if why:
                    skipped.append({"task": task.name, **names, "reason": why})
                else:
                    usable.append(part)
            for parts in [[part] for part in usable] if own else filter(None, [usable]):
                if own:
                    X = own(parts[0].task)[covered]
                values = out_of_fold(X, parts, covered, **options)
                predicted += [_coded(*one, covered) for one in zip(parts, values)]
            if usable:
                kept |= {(p.task.name, repeat): v for p, v in zip(usable, predicted)}
                rows = pd.DataFrame(_scores(usable, predicted, covered, block.common), columns=_ROW)
                frames.append(rows.assign(**shared, repeat=repeat))
    frames = frames or [pd.DataFrame(columns=results.SCHEMA.names)]
    rows = pd.concat(frames, ignore_index=True)[results.SCHEMA.names]
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - spent
    return Output(rows, skipped, kept, seconds, cpu_s)


def labels(task, spec, seed):
    """Labels that a model is probed on: those of the task, or of a control shuffled ones.

    Parameters
    ----------
    task : Task
    spec : ModelSpec
    seed : int

    Returns
    -------
    ndarray
    """
    return baseline.shuffled(task, seed) if spec.labels == "shuffled" else task.labels


def _store(plan, cell, output):
    """Predictions first, then rows with what was noted: rows that are there are whole."""
    path, recipe = plan.path(cell), plan.recipe(cell)
    predictions.store(path, recipe, output.predictions)
    facts = {"seconds": output.seconds, "cpu_s": output.cpu_s, "skipped": output.skipped}
    cache.store(path, recipe, lambda to: output.rows.to_parquet(to, index=False), **facts)


STAGE = Stage("cells", _files, _gather, compute, _store)


def _unfit(part, covered, profile):
    """Why a task cannot be probed on the covered entities, or an empty string."""
    task, y, fold, least = part.task, part.y, part.fold, profile.min_per_class
    classes = task.kind in ("binary", "multiclass", "pair")
    if not classes and covered.sum() < 2 * least * profile.folds:
        return f"only {covered.sum()} genes have a vector ({2 * least * profile.folds} needed)"
    if task.kind != "regression":
        inside = covered & (fold != -1) if classes else covered
        one = np.eye(len(task.classes), dtype=int)[y] if classes else y
        number = one[inside].sum(axis=0)
        rare, what = task.classes[int(number.argmin())], "class" if classes else "label"
        if number.min() < least:
            return f"only {number.min()} genes of {what} '{rare}' have a vector ({least} needed)"
    number = 1 if (fold < -1).any() else profile.folds  # published parts train, one is tested
    for k in range(number if classes else 0):
        tested, trained = y[covered & (fold == k)], y[covered & (fold != k) & (fold != -1)]
        if task.kind != "multiclass" and len(np.unique(tested)) < 2:
            return f"fold {k} holds one class only among the genes that have a vector"
        if len(tested) and np.isin(tested, trained).mean() < 0.5:
            return f"most genes of fold {k} are of classes without a training gene with a vector"
    return ""


def _coded(part, values, covered):
    tested = part.fold[covered] >= 0
    rows = np.flatnonzero(covered)[tested].astype(np.int32)
    return Predictions(rows, part.fold[rows].astype(np.int8), *predictions.quantise(values[tested]))


_ROW = ("task", "group", "kind", "metric", "genes", "fold", "score", "n_train", "n_test")


def _scores(usable, predicted, covered, common):
    """Values of ``_ROW``: each task by fold on own, common and all entities."""
    kind = usable[0].task.kind
    every = metrics.of_kind(kind)
    paired = [name for name in every if metrics.METRICS[name].main]
    choices = [("own", covered, every), ("common", covered & common, paired)]
    if not covered.all():
        choices.append(("all", np.ones_like(covered), paired))
    values = [_with_prior(part, p, covered) for part, p in zip(usable, predicted)]
    fold = np.stack([part.fold for part in usable], axis=1)
    for k in range(int(fold.max()) + 1):
        trained = (covered[:, None] & (fold != k) & (fold != -1)).sum(axis=0).tolist()
        for genes, mask, names in choices:
            tested = ((fold == k) & mask[:, None]).T
            scored = _fold_scores(kind, usable, values, tested, names)
            for part, n_train, test, scores in zip(usable, trained, tested, scored):
                about = part.task.name, part.task.group, kind
                for name, score in scores.items():
                    yield *about, name, genes, k, score, n_train, int(test.sum())


def _fold_scores(kind, usable, values, tested, names):
    """Metrics of one fold of each task; none where its test entities do not allow them."""
    if kind != "binary":
        y, p = usable[0].y[tested[0]], values[0][tested[0]]
        return [metrics.score(kind, y, p, names) if metrics.scorable(kind, y) else {}]
    shape = max(1, tested.sum(axis=1).max()), len(usable)
    Y, P, valid = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, bool)
    for i, (part, test) in enumerate(zip(usable, tested)):
        n = test.sum()
        Y[:n, i], P[:n, i], valid[:n, i] = part.y[test], values[i][test], True
    scores = metrics.score_block(Y, P, valid, names)
    rows = zip(*(values.tolist() for values in scores.values()))
    # NaN where there is none
    return [{n: v for n, v in zip(scores, row) if not np.isnan(v)} for row in rows]


def _with_prior(part, predicted, covered):
    """Predictions for every entity; those without a vector have the training prior."""
    known = probes.probabilities(part.task.kind, predicted.values)
    out = np.zeros((len(part.y), *known.shape[1:]), dtype=np.float64)
    out[predicted.rows] = known
    for k in np.unique(part.fold[~covered]):
        y = part.y[(part.fold != k) & (part.fold != -1) & covered]
        if part.task.kind == "multiclass":
            y = np.eye(known.shape[1])[y]
        out[(part.fold == k) & ~covered] = y.mean(axis=0)
    return out
