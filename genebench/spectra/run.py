"""Run a study: models on splits → the same tidy rows as everywhere, and the tables beside them.

A *cell* is one model on the splits of one data set at one λ (all seeds, spectral and size-matched);
of a gene task, at every λ, because its splits are fitted together; and one more on its
existing splits, those that others use.
"""

import json
import os
import time
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ..benchmark.run import RunOutcome
from ..core import cache, workers
from ..core.errors import BadInput, RunFailed, unknown
from ..core.specs import Spec
from ..core.workers import ArrayStage, quiet
from ..data.sources import Missing
from ..stats import metrics
from ..stats.bootstrap import influence
from . import curve, features, record, splits
from . import study as studies
from .genetasks import GeneTask
from .study import Request

VERSION = 2
"""Bump when ``compute`` gives other rows."""
LEAST = 10
"""Fewest samples in test, and in train, for a score."""
DRAWS = 32
"""Times that the units of each test are resampled."""
METRICS = {
    "binary": ["auroc", "auprc"],
    "multiclass": ["auroc_weighted", "accuracy"],
    "regression": ["spearman", "r2"],
}
"""Kind of label → metrics."""


@dataclass(frozen=True)
class Cell:
    """One model on the splits of a data set at one λ (of a gene task: at all), cached whole.

    Attributes
    ----------
    request, model, parameters : Request, str, tuple of float
        Data set and splits; name; λ of the cell; none: the existing splits of the data set.
    spec : Spec
        Declaration of the model.
    """

    request: Request
    model: str
    parameters: tuple[float, ...]
    spec: Spec | None = field(default=None, compare=False)

    @property
    def way(self) -> tuple[str, str, str]:
        """Data set, model and way of splitting: what a new run replaces in the results."""
        split = splits.MODES[self.request.mode] if self.parameters else record.OTHERS
        return self.request.dataset, self.model, split

    def __str__(self) -> str:
        at = ", ".join(f"{p:g}" for p in self.parameters)
        at = f"λ {at}" if at else "existing splits"
        return f"{self.request.dataset} × {self.model} × {self.request.mode} × {at}"


def cells(study, request, *, chosen=(), say=quiet):
    """List the cells of one request; on the whole grid expensive models take fewer λ.

    Vectors that a model needs are made.

    Parameters
    ----------
    study, request, chosen : Study, Request, iterable of str
        What is run, and names of models; none: those of the data set whose weights are here.
    say : callable, optional
        Takes a sentence of each model that is left out.

    Returns
    -------
    list of Cell

    Raises
    ------
    BadInput
        Unknown model, or one that takes its predictions from a file; ``Missing``: its weights.
    """
    source, out = study.datasets[request.dataset], []
    own, gene = source.available(study.declared), isinstance(source, GeneTask)
    usual = [name for name, spec in own.items() if not getattr(spec, "by_name", False)]
    for model in dict.fromkeys(chosen) or usual:
        if model not in own:
            needs = getattr(study.declared.models.get(model), "needs", "")
            if needs and not gene:
                raise BadInput(f"model '{model}': {needs}.")
            raise unknown("model", model, own, where=f"data set '{request.dataset}'")
        spec, ways = own[model], [request.parameters]
        if not gene:
            whole = request.parameters == studies.grid()
            ways = [(p,) for p in (studies.grid(spec.steps) if whole else request.parameters)]
            try:
                if spec.features == "unirep":
                    features.unirep(source.load(), **spec.options)
            except Missing as err:
                if chosen:
                    raise
                say(f"'{model}' is left out: {err}")
                continue
        if request.mode == "corrected" and (gene or source.existing):
            ways.append(())
        out += [Cell(request, model, way, spec) for way in ways]
    return out


def recipe(study, cell: Cell) -> dict:
    """Everything that determines the rows of a cell, as plain values for the cache key."""
    how = study.datasets[cell.request.dataset].recipe(cell.spec)
    return {
        "stage": ["spectra", VERSION, metrics.VERSION],
        "cuts": studies.recipe(study, replace(cell.request, parameters=cell.parameters)),
        "model": [cell.model, how],
        "least": LEAST,
    }


def compute(study, cell):
    """Fit a model on each split of a cell and score it.

    Parameters
    ----------
    study, cell : Study, Cell

    Returns
    -------
    dict
        ``rows`` of ``results.SCHEMA``, the ``unscored`` splits with their reasons and ``draws``, as
        JSON; ``seconds`` of the processor.
    """
    start, spec = time.process_time(), cell.spec
    source = study.datasets[cell.request.dataset]
    data = source.load()
    sides, about = studies.read(study, cell.request)
    mine = about.split_param.isin([f"{p:g}" for p in cell.parameters] or [""])
    covered = source.covered(data, spec)
    names = {
        "model": spec.name,
        "family": spec.family,
        "coverage": float(covered.mean()),
        "probe": "linear" if isinstance(source, GeneTask) else spec.estimator,
        "key": cache.key(recipe(study, cell)),
    }
    predict = partial(source.predict, data, spec)
    scored = score(data, sides[mine] * covered, about[mine], predict, **names)
    out = {name: json.dumps(part) for name, part in scored.items()}
    return out | {"seconds": time.process_time() - start}


def score(data, sides, about, predict, **columns):
    """Score the predictions of each split that can be scored.

    Parameters
    ----------
    data, sides, about : DataSet, ndarray, DataFrame
        The data set, and its splits as of ``study.read``.
    predict : callable
        Sides and rows of the splits that can be scored → predictions of the test samples of each:
        scores, or of several classes their numbers.
    **columns
        Further columns of the rows.

    Returns
    -------
    dict of str to list of dict
        ``rows`` of ``results.SCHEMA``; ``unscored``: splits without a score, with the ``reason``;
        ``draws``: of splits at some λ the main score with the test units resampled ``DRAWS`` times
        (to first order, see ``stats.bootstrap``). A draw takes the same units at every λ and seed,
        by every model.
    """
    columns |= {"task": data.name, "group": data.group, "kind": data.kind, "genes": "own"}
    out = {"rows": [], "unscored": [], "draws": []}
    parts = [data.samples(side) for side in sides]
    reasons = [_why_not(data, *part) for part in parts]
    sound = np.array([not why for why in reasons], bool)
    predicted = iter(predict(sides[sound], about[sound]) if sound.any() else ())
    drawn = np.random.default_rng(0).poisson(1.0, (DRAWS, len(data))) - 1.0
    for at, (train, test), why in zip(about[curve.SPLIT].to_dict("records"), parts, reasons):
        if why:
            out["unscored"].append(at | {"reason": why})
            continue
        times, p = data.weight[test].astype(int), next(predicted)
        if data.kind == "multiclass" and p.ndim == 1:
            p = np.eye(len(data.classes))[p]
        test, p = np.repeat(test, times), np.repeat(p, times, 0)
        y = data.labels[test]
        if at["split_param"]:
            middle, pull = influence(data.kind, y, p, np.zeros(len(y)))
            pull = np.bincount(data.unit[test], pull, len(data))
            out["draws"].append(at | {"draws": np.round(middle + drawn @ pull, 6).tolist()})
        spectral = at["split"].removesuffix(curve.CONTROL)
        at |= {"control": "size" * (at["split"] != spectral)}
        at |= {"variant": spectral.partition("spectral-")[2]}
        at |= {"n_train": int(data.weight[train].sum()), "n_test": len(test)}
        values = metrics.score(data.kind, y, p, METRICS[data.kind])
        out["rows"] += [{**columns, **at, "metric": m, "score": v} for m, v in values.items()]
    return out


def _why_not(data, train, test):
    """Why a split has no score; empty where it has one."""
    for name, side in (("train", train), ("test", test)):
        number = data.weight[side].sum()
        if number < LEAST:
            return f"{int(number)} samples in {name}, where {LEAST} are the fewest"
        if len(np.unique(data.labels[side])) < 2:
            return f"one {'value' if data.kind == 'regression' else 'class'} only in {name}"
    unseen = data.kind == "multiclass" and not set(data.labels[test]) & set(data.labels[train])
    return "no class of test is in train" if unseen else ""


STAGE = ArrayStage("cells", "CURVES", recipe, compute)


def run(study, *, chosen=(), jobs=None, say=print, progress=quiet):
    """Run a study, from the cache where it is there, and write ``data/results/spectra``.

    Parameters
    ----------
    study, chosen, jobs : Study, iterable of str, int
        What is run; models as of ``cells``; processes, None: one a core.
    say, progress : callable, optional
        See ``workers.Say`` and ``workers.Progress``.

    Returns
    -------
    RunOutcome
        ``skipped`` are splits without a score; ``failed`` names data sets without splits, too. A
        failed cell never stops the others.

    Raises
    ------
    RunFailed
        A process died, or no split has a score; what has ended is cached.
    """
    start, jobs, chosen = time.perf_counter(), jobs or os.cpu_count() or 1, list(chosen)
    planned = [c for r in study.requests for c in cells(study, r, chosen=chosen, say=say)]
    report = {"say": say, "progress": progress}
    with workers.pool(jobs, study) as pool:
        failed = workers.execute(studies.STAGE, study, study.requests, pool, **report).failed
        planned = [cell for cell in planned if str(cell.request) not in failed]
        outcome = workers.execute(STAGE, study, planned, pool, **report)
    failed |= outcome.failed
    computed = {
        cell: {name: json.loads(str(value)) for name, value in STAGE.load(study, cell).items()}
        for cell in planned
        if str(cell) not in failed
    }
    unscored = [row for part in computed.values() for row in part["unscored"]]
    if computed:
        if not any(part["rows"] for part in computed.values()):
            raise RunFailed(f"no split has a score ({unscored[0]['reason']}); nothing was written")
        record.write(computed, study, jobs=jobs, run_s=time.perf_counter() - start)
    numbers = outcome.units, outcome.cached, outcome.computed, failed, len(unscored)
    return RunOutcome(*numbers, time.perf_counter() - start, list(computed), [])
