"""Run a study: models on splits → the same tidy rows as everywhere, and the tables beside them.

A *cell* is one model on the splits of one data set at one λ (all seeds, spectral and size-matched);
of a gene task, at every λ, because its splits are fitted together; and one more on the splits that
others use.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import results
from ..core import cache, paths, workers
from ..core.errors import BadInput, RunFailed, unknown
from ..core.workers import Outcome, Progress, Say, Stage, quiet
from ..stats import metrics
from . import curve, models, table
from . import study as studies
from .datasets import DataSet
from .genetasks import GeneTask
from .study import Request, Study

VERSION = 1
"""Bump when ``compute`` gives other rows."""
LEAST = 10
"""Fewest samples in test, and in train, for a score."""
METRICS = {
    "binary": ["auroc", "auprc"],
    "multiclass": ["auroc_weighted", "accuracy"],
    "regression": ["spearman", "r2"],
}
"""Kind of label → metrics."""


@dataclass(frozen=True)
class Cell:
    """One unit of work.

    Attributes
    ----------
    request : Request
        Data set and splits.
    model : str
        Name of the model.
    parameters : tuple of float
        Spectral parameters λ; empty: the splits that others use.
    """

    request: Request
    model: str
    parameters: tuple[float, ...]

    def __str__(self) -> str:
        at = "every λ" if self.parameters else "others' splits"
        if len(self.parameters) == 1:
            at = f"λ = {self.parameters[0]:g}"
        return f"{self.request.dataset} × {self.model} × {self.request.mode} × {at}"


@dataclass(frozen=True)
class CurveOutcome(Outcome):
    """What became of a run.

    Attributes
    ----------
    units, cached, computed, failed
        Of cells, see ``workers.Outcome``; ``failed`` names data sets without splits, too.
    unscored : int
        Splits without a score, with reasons in the manifest.
    seconds : float
        Wall clock.
    """

    unscored: int = 0
    seconds: float = 0.0


def cells(
    study: Study, request: Request, *, chosen: Iterable[str] = (), thin: bool = True
) -> list[Cell]:
    """List the cells of one request.

    Parameters
    ----------
    study : Study
    request : Request
    chosen : iterable of str, optional
        Names of models; none: those of the data set.
    thin : bool
        Whether expensive models take fewer λ.

    Returns
    -------
    list of Cell

    Raises
    ------
    BadInput
        Unknown model, or one that takes its predictions from a file.
    """
    source, declared = study.datasets[request.dataset], study.declared.models
    gene = isinstance(source, GeneTask)
    own = [m.name for m in source.models] if gene else source.models
    for model in chosen:
        if model not in own:
            if not gene and model in declared and declared[model].needs:
                raise BadInput(f"model '{model}': {declared[model].needs}.")
            raise unknown("model", model, own, where=f"data set '{request.dataset}'")
    out = []
    for model in [m for m in own if not chosen or m in chosen]:
        if gene:
            out.append(Cell(request, model, request.parameters))
        else:
            coarse = studies.grid(study.declared.model(model).steps) if thin else request.parameters
            out += [Cell(request, model, (p,)) for p in request.parameters if p in coarse]
        if request.mode == "corrected" and (gene or source.existing):
            out.append(Cell(request, model, ()))
    return out


def recipe(study: Study, cell: Cell) -> dict:
    """Everything that determines the rows of a cell.

    Parameters
    ----------
    study : Study
    cell : Cell

    Returns
    -------
    dict
        Of plain values, for the cache key.
    """
    source = study.datasets[cell.request.dataset]
    if isinstance(source, GeneTask):
        how = source.recipe(source.plan.models[cell.model])
    else:
        spec = study.declared.model(cell.model)
        how = [spec.features, spec.estimator, spec.options, models.VERSION]
    splits = replace(cell.request, parameters=cell.parameters)
    return {
        "stage": ["spectra", VERSION, metrics.VERSION],
        "cuts": studies.recipe(study, splits),
        "model": [cell.model, how],
        "least": LEAST,
    }


def cell_path(study: Study, cell: Cell) -> Path:
    """Where the rows of a cell are cached.

    Parameters
    ----------
    study : Study
    cell : Cell

    Returns
    -------
    Path
    """
    name = f"{cell.model}-{cache.key(recipe(study, cell))}.parquet"
    return paths.CURVES / "cells" / cell.request.dataset.replace("/", "--") / name


def samples(data: DataSet, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples of the units on each side of a split.

    Parameters
    ----------
    data : DataSet
    side : ndarray of shape (n,)
        1 train, 2 test, 0 neither.

    Returns
    -------
    train, test : ndarray of int
    """
    of_sample = side[data.of_unit]
    return np.flatnonzero(of_sample == 1), np.flatnonzero(of_sample == 2)


def compute(study: Study, cell: Cell) -> tuple[pd.DataFrame, dict]:
    """Fit a model on each split of a cell and score it.

    Parameters
    ----------
    study : Study
    cell : Cell

    Returns
    -------
    DataFrame
        Columns of ``results.SCHEMA``.
    dict
        ``seconds`` of the processor, and the ``unscored`` splits with their reasons.
    """
    with workers.one_thread():
        start = time.process_time()
        rows, unscored = _compute(study, cell)
        seconds = time.process_time() - start
    frame = pd.DataFrame(rows, columns=results.SCHEMA.names)
    return frame, {"seconds": seconds, "unscored": unscored}


def _compute(study: Study, cell: Cell) -> tuple[list[dict], list[dict]]:
    source, data = study.datasets[cell.request.dataset], study.data(cell.request.dataset)
    splits = studies.read(study, cell.request)
    mine = splits.about.split_param.isin([f"{p:g}" for p in cell.parameters] or [""])
    at, sides, coverage = np.flatnonzero(mine), splits.sides[mine.to_numpy()], 1.0
    gene = isinstance(source, GeneTask)
    spec = source.plan.models[cell.model] if gene else study.declared.model(cell.model)
    if gene:
        covered = source.covered(data, spec)
        sides, coverage = sides * covered, float(covered.mean())
    parts = [samples(data, side) for side in sides]
    about = splits.about.iloc[at]
    reasons = [why or why_not(data, *part) for why, part in zip(about.reason, parts)]
    sound = np.array([not why for why in reasons], dtype=bool)
    values = iter(source.predict(data, spec, sides[sound]) if gene and sound.any() else ())
    names = {"model": spec.name, "family": spec.family, "key": cache.key(recipe(study, cell))}
    names["probe"] = "linear" if gene else spec.estimator
    rows, unscored = [], []
    for row, (train, test), why in zip(about.itertuples(), parts, reasons):
        named = {"split": row.split, "split_param": row.split_param}
        named |= {"repeat": int(row.repeat), "fold": int(row.fold)}
        if why:
            unscored.append({**named, "reason": why})
            continue
        if gene:
            predicted = next(values)[test]
        else:
            predicted = models.predict(data, spec, train, test, seed=int(row.repeat))
        rows += scored(data, train, test, predicted, **names, **named, coverage=coverage)
    return rows, unscored


def scored(
    data: DataSet, train: np.ndarray, test: np.ndarray, predicted: np.ndarray, **columns
) -> list[dict]:
    """Score the predictions of one split by every metric of its kind.

    Parameters
    ----------
    data : DataSet
    train, test : ndarray of int
        Samples; each counts as often as it stands for (isolates).
    predicted : ndarray of shape (n_test,) or (n_test, n_classes)
        Scores, or of several classes their indices.
    **columns
        Further columns of the rows.

    Returns
    -------
    list of dict
        Rows of ``results.SCHEMA``.
    """
    times = data.counts[test].astype(int)
    y, p = np.repeat(data.labels[test], times, axis=0), np.repeat(predicted, times, axis=0)
    if data.kind == "multiclass" and p.ndim == 1:
        p = (p[:, None] == np.arange(len(data.classes))).astype(float)
    columns |= {"task": data.name, "group": data.group, "kind": data.kind}
    columns |= {"n_train": int(data.counts[train].sum()), "n_test": int(times.sum())}
    spectral = columns["split"].removesuffix(curve.CONTROL)
    columns["control"] = "size" if columns["split"] != spectral else ""
    columns["variant"] = spectral.partition("spectral-")[2]
    values = metrics.score(data.kind, y, p, METRICS[data.kind])
    columns["genes"] = "own"
    return [{**columns, "metric": name, "score": score} for name, score in values.items()]


def why_not(data: DataSet, train: np.ndarray, test: np.ndarray) -> str:
    """Say why a split has no score.

    Parameters
    ----------
    data : DataSet
    train, test : ndarray of int
        Samples of each side.

    Returns
    -------
    str
        Empty where it has one.
    """
    for name, side in (("train", train), ("test", test)):
        number = data.counts[side].sum()
        if number < LEAST:
            return f"{int(number)} samples in {name}, where {LEAST} are the fewest"
        if len(np.unique(data.labels[side])) < 2:
            return f"one {'value' if data.kind == 'regression' else 'class'} only in {name}"
    if data.kind == "multiclass" and not np.isin(data.labels[test], data.labels[train]).any():
        return "no class of test is in train"
    return ""


def _files(study: Study, cell: Cell) -> list[Path]:
    return [cell_path(study, cell)]


def _gather(study: Study, cell: Cell) -> tuple:
    return study, cell


def _store(study: Study, cell: Cell, output: tuple[pd.DataFrame, dict]) -> None:
    rows, facts = output

    def write(to: Path) -> None:
        rows.to_parquet(to, index=False)

    cache.store(cell_path(study, cell), recipe(study, cell), write, **facts)


STAGE = Stage("cells", _files, _gather, compute, _store)


def run(
    study: Study,
    *,
    chosen: Iterable[str] = (),
    thin: bool = True,
    jobs: int | None = None,
    say: Say = print,
    progress: Progress = quiet,
) -> CurveOutcome:
    """Run a study, from the cache where it is there, and write ``data/results/spectra``.

    Parameters
    ----------
    study : Study
    chosen, thin
        As of ``cells``.
    jobs : int, optional
        Processes; None: one a core.
    say, progress : callable, optional
        See ``workers.Say`` and ``workers.Progress``.

    Returns
    -------
    CurveOutcome
        A failed cell never stops the others.

    Raises
    ------
    BadInput
        Unknown model.
    RunFailed
        A process died, or no split has a score; what has ended is cached.
    """
    start, jobs, chosen = time.perf_counter(), jobs or os.cpu_count() or 1, list(chosen)
    planned = [c for r in study.requests for c in cells(study, r, chosen=chosen, thin=thin)]
    report = {"say": say, "progress": progress, "at_once": jobs}
    with workers.pool(jobs, study) as pool:
        failed = workers.execute(studies.STAGE, study, study.requests, pool, **report).failed
        planned = [cell for cell in planned if str(cell.request) not in failed]
        outcome = workers.execute(STAGE, study, planned, pool, **report)
    failed |= outcome.failed
    ready = [cell for cell in planned if str(cell) not in failed]
    facts = [{**cache.facts(cell_path(study, cell)), "cell": cell} for cell in ready]
    if ready:
        parts = [pd.read_parquet(cell_path(study, cell)) for cell in ready]
        if not any(map(len, parts)):
            why = facts[0]["unscored"][0]["reason"]
            raise RunFailed(f"no split has a score ({why}); nothing was written")
        table.write(parts, facts, study, jobs=jobs, run_s=time.perf_counter() - start)
    unscored = sum(len(fact["unscored"]) for fact in facts)
    numbers = outcome.units, outcome.cached, outcome.computed, failed, unscored
    return CurveOutcome(*numbers, time.perf_counter() - start)
