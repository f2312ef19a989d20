"""Run a study: models on splits → the same tidy rows as everywhere, and the tables beside them.

A *cell* is one model on the splits of one data set at one λ (all seeds, spectral and size-matched);
of a gene task, at every λ, because its splits are fitted together; and one more on the splits that
others use.
"""

import json
import os
import time
from dataclasses import dataclass, replace

import numpy as np

from ..core import cache, workers
from ..core.errors import BadInput, RunFailed, unknown
from ..core.workers import ArrayStage, Outcome, quiet
from ..data.sources import Missing
from ..stats import metrics
from ..stats.bootstrap import influence
from . import curve, features, record
from . import study as studies
from .genetasks import GeneTask
from .study import Request, Study

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
    """One model on one split of a data set, computed and cached whole.

    Attributes
    ----------
    request, model, parameters : Request, str, tuple of float
        Data set and splits; name; λ of the cell, none: the splits that others use.
    """

    request: Request
    model: str
    parameters: tuple[float, ...]

    @property
    def way(self) -> tuple[str, str, str]:
        """Data set, model and way of splitting: what a new run replaces in the results."""
        split = studies.MODES[self.request.mode] if self.parameters else record.OTHERS
        return self.request.dataset, self.model, split

    def __str__(self) -> str:
        at = "every λ" if self.parameters else "others' splits"
        if len(self.parameters) == 1:
            at = f"λ = {self.parameters[0]:g}"
        return f"{self.request.dataset} × {self.model} × {self.request.mode} × {at}"


@dataclass(frozen=True)
class CurveOutcome(Outcome):
    """What became of the cells of a run; ``failed`` names data sets without splits, too.

    Attributes
    ----------
    unscored, seconds : int, float
        Splits without a score (reasons are in the manifest); wall clock.
    """

    unscored: int = 0
    seconds: float = 0.0


def cells(study, request, *, chosen=()):
    """List the cells of one request; on the whole grid expensive models take fewer λ.

    Parameters
    ----------
    study, request, chosen : Study, Request, iterable of str
        What is run, and names of models; none: those of the data set.

    Returns
    -------
    list of Cell

    Raises
    ------
    BadInput
        Unknown model, or one that takes its predictions from a file.
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
        ways = [request.parameters]
        if not gene:
            whole = request.parameters == studies.grid()
            ways = [(p,) for p in (studies.grid(own[model].steps) if whole else request.parameters)]
        if request.mode == "corrected" and (gene or source.existing):
            ways.append(())
        out += [Cell(request, model, way) for way in ways]
    return out


def recipe(study: Study, cell: Cell) -> dict:
    """Everything that determines the rows of a cell, as plain values for the cache key."""
    source = study.datasets[cell.request.dataset]
    how = source.recipe(source.available(study.declared)[cell.model])
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
    start = time.process_time()
    source = study.datasets[cell.request.dataset]
    data = source.load()
    sides, about = studies.read(study, cell.request)
    spec = source.available(study.declared)[cell.model]
    mine = about.split_param.isin([f"{p:g}" for p in cell.parameters] or [""])
    covered = source.covered(data, spec)
    names = {
        "model": spec.name,
        "family": spec.family,
        "coverage": float(covered.mean()),
        "probe": "linear" if isinstance(source, GeneTask) else spec.estimator,
        "key": cache.key(recipe(study, cell)),
    }

    def predict(sides, about):
        return source.predict(data, spec, sides, about["repeat"])

    parts = score(data, sides[mine] * covered, about[mine], predict, **names)
    out = {name: json.dumps(part) for name, part in zip(("rows", "unscored", "draws"), parts)}
    return out | {"seconds": time.process_time() - start}


def score(
    data,
    sides,
    about,
    predict,
    **columns,
):
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
    rows, unscored, draws : list of dict
        Rows of ``results.SCHEMA``; splits without a score, with the ``reason``; of splits at some λ
        the main score with the test units resampled ``DRAWS`` times (to first order, see
        ``stats.bootstrap``). A draw takes the same units at every λ and seed, by every model.
    """
    columns |= {"task": data.name, "group": data.group, "kind": data.kind, "genes": "own"}
    parts = [data.samples(side) for side in sides]
    reasons = [why or _why_not(data, *part) for why, part in zip(about.reason, parts)]
    sound = np.array([not why for why in reasons], bool)
    predicted = iter(predict(sides[sound], about[sound]) if sound.any() else ())
    rows, unscored, draws = [], [], []
    drawn = np.random.default_rng(0).poisson(1.0, (DRAWS, len(data))) - 1.0
    for at, (train, test), why in zip(about[curve.SPLIT].to_dict("records"), parts, reasons):
        if why:
            unscored.append({**at, "reason": why})
            continue
        times, p = data.weight[test].astype(int), next(predicted)
        if data.kind == "multiclass" and p.ndim == 1:
            p = np.eye(len(data.classes))[p]
        test, p = np.repeat(test, times), np.repeat(p, times, 0)
        y = data.labels[test]
        if at["split_param"]:
            middle, pull = influence(data.kind, y, p, np.zeros(len(y)))
            pull = np.bincount(data.unit[test], pull, len(data))
            draws.append({**at, "draws": np.round(middle + drawn @ pull, 6).tolist()})
        spectral = at["split"].removesuffix(curve.CONTROL)
        at["control"] = "size" * (at["split"] != spectral)
        at["variant"] = spectral.partition("spectral-")[2]
        at |= {"n_train": int(data.weight[train].sum()), "n_test": len(test)}
        values = metrics.score(data.kind, y, p, METRICS[data.kind])
        rows += [{**columns, **at, "metric": name, "score": v} for name, v in values.items()]
    return rows, unscored, draws


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


def run(
    study,
    *,
    chosen=(),
    jobs=None,
    say=print,
    progress=quiet,
):
    """Run a study, from the cache where it is there, and write ``data/results/spectra``.

    Parameters
    ----------
    study, chosen, jobs : Study, iterable of str, int
        What is run; models as of ``cells``; processes, None: one a core.
    say, progress : callable, optional
        See ``workers.Say`` and ``workers.Progress``.

    Returns
    -------
    CurveOutcome
        A failed cell never stops the others.

    Raises
    ------
    RunFailed
        A process died, or no split has a score; what has ended is cached.
    """
    start, jobs, chosen = time.perf_counter(), jobs or os.cpu_count() or 1, list(chosen)
    planned = [c for r in study.requests for c in cells(study, r, chosen=chosen)]
    lacking = _lacking(study, planned, say, strict=bool(chosen))
    planned = [cell for cell in planned if cell.model not in lacking]
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
    return CurveOutcome(*numbers, time.perf_counter() - start)


def _lacking(study, planned, say, *, strict):
    """Make the vectors that cells need; return models without weights here (strict: Missing)."""
    lacking = set()
    for name, model in dict.fromkeys((cell.request.dataset, cell.model) for cell in planned):
        source = study.datasets[name]
        spec = source.available(study.declared)[model]
        if getattr(spec, "features", None) != "unirep" or model in lacking:
            continue
        try:
            features.unirep(source.load(), model=spec.options["model"])
        except Missing as err:
            if strict:
                raise
            say(f"'{model}' is left out: {err}")
            lacking.add(model)
    return lacking
