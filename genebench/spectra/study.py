"""A study: data sets with ways of splitting them; and its splits, shared by all models.

Splits are spectral at every λ and seed, size-matched controls, and those that others use. They are
cached with the overlap of each.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import plan as benchmark_plan
from ..core import paths, specs
from ..core.errors import BadInput, check, unknown
from ..core.workers import ArrayStage
from ..data import sources
from . import curve, datasets, features, splits
from .datasets import DataSetSpec, Declarations
from .genetasks import GeneTask

VERSION = 1
"""Bump when the same data set and property give other splits."""
STEPS, SEEDS = 20, 10
"""Steps of λ from 0 to 1, and seeds of each λ."""
TASKS = (
    "hpo/dominant-vs-recessive",
    "hpo/x-linked-vs-autosomal",
    "jaspar/motif-vs-disease-gene",
    "hpo/number-of-diseases",
)
"""Gene tasks that ``all`` takes, beside every data set whose file is at hand."""


@dataclass(frozen=True)
class Request:
    """The splits requested of one data set.

    Attributes
    ----------
    dataset, mode : str
        Name of the data set, and a key of ``splits.MODES``.
    parameters, seeds : tuple
        Spectral parameters λ, and the seeds of each.
    """

    dataset: str
    mode: str
    parameters: tuple[float, ...]
    seeds: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dataset} × {self.mode}"


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that a run of spectral curves needs, resolved: sent to each process once.

    Attributes
    ----------
    requests : tuple of Request
        What is split, and how.
    datasets, declared : mapping of str to DataSetSpec or GeneTask, Declarations
        The requested data sets; all declared data sets and models.
    folder, target : Path, ndarray or None
        Where results are written, and overlaps that a model will meet, see ``curve.areas``.
    """

    requests: tuple[Request, ...]
    datasets: Mapping[str, DataSetSpec | GeneTask]
    declared: Declarations
    folder: Path
    target: np.ndarray | None = None


def grid(steps: int = STEPS) -> tuple[float, ...]:
    """λ from 0 to 1 in so many even steps."""
    return tuple(round(i / steps, 6) for i in range(steps + 1))


def make(
    names,
    *,
    mode=None,
    parameters=(),
    seeds=SEEDS,
    profile="demo",
    declared=None,
):
    """Resolve names of data sets and gene tasks into a study.

    Parameters
    ----------
    names : iterable of str
        Data sets, gene tasks (``task`` or ``task@property``), or ``all``: every data set at hand
        and the gene tasks of ``TASKS``.
    mode, profile : str
        A key of ``splits.MODES`` (None: as declared), and profile of the gene tasks.
    parameters, seeds : iterable of float, int
        Spectral parameters λ (none: 0 to 1 in ``STEPS`` steps), and number of seeds of each.
    declared : Declarations, optional
        Where data sets and models are looked up; None: ``data/spectra.yml``.

    Returns
    -------
    Study

    Raises
    ------
    BadInput
        Something unknown or out of range.
    """
    given = [*parameters]
    numbers = pd.to_numeric(given, errors="coerce").tolist()
    lambdas = tuple(sorted({round(p, 6) for p in numbers})) or grid()
    if not all(0 <= p <= 1 for p in lambdas):
        raise BadInput(
            f"the spectral parameters are {', '.join(map(str, given))}; give numbers from 0 to 1."
        )
    if mode:
        check(splits.MODES, "mode", mode)
    declared, names, chosen, plan = declared or datasets.declared(), list(names), {}, None
    if "all" in names:
        every = declared.datasets.items()
        names += [n for n, spec in every if sources.status(spec)[0] == "ready"]
        names = [n for n in (*names, *TASKS) if n != "all"]
    for name in names:
        source = declared.datasets.get(name)
        if source is None:
            plan = plan or benchmark_plan.make(profile, declared=specs.declared())
            if name.partition("@")[0] not in plan.tasks:
                raise unknown("data set or task", name, [*declared.datasets, *plan.tasks])
            source = GeneTask.of(name, plan)
        chosen[source.name] = source
    requests = tuple(
        Request(name, way, lambdas, tuple(range(seeds)))
        for name, source in chosen.items()
        for way in ([mode] if mode else source.modes)
    )
    return Study(requests, chosen, declared, paths.results("spectra"))


def recipe(study: Study, request: Request) -> dict:
    """Everything that determines the splits, as plain values for the cache key."""
    source = study.datasets[request.dataset]
    return {
        "stage": ["spectra cuts", VERSION, splits.VERSION, 1, features.VERSION],
        "data": source.load().hash,
        "mode": request.mode,
        "parameters": request.parameters,
        "seeds": request.seeds,
        **source.splits_recipe,
    }


def divide(study, request):
    """Split a data set in every requested way, and measure the overlaps.

    Parameters
    ----------
    study, request : Study, Request

    Returns
    -------
    dict
        ``sides`` and ``about``, see ``read``, the latter as JSON.

    Raises
    ------
    BadInput
        An unknown property, or a mode that does not fit the data set.
    """
    source, mode = study.datasets[request.dataset], request.mode
    data = source.load()
    if mode == "weighted" and (data.weight == 1).all():
        raise BadInput(
            f"data set '{request.dataset}': weighted splits need units of several samples; take "
            f"'corrected'."
        )
    parts, name, every = source.parts(data), splits.MODES[mode], []
    options = {"mode": mode, "counts": np.bincount(data.unit, data.weight, len(data))}
    spectral = [splits.splits(g, request.parameters, request.seeds, **options) for g, _ in parts]
    for parameter, seed in spectral[0]:
        own = [sides[parameter, seed][node] for sides, (_, node) in zip(spectral, parts)]
        side, at = splits.both(own), (f"{parameter:g}", seed, 0)
        every.append((name, *at, side))
        every.append((name + curve.CONTROL, *at, splits.size_matched(side, seed=seed)))
    for other, fold, side in source.in_use(data, parts[0][0]) if mode == "corrected" else ():
        if {1, 2} <= set(side):
            every.append((other, "", 0, fold, side))
    sides = np.array([side for *_, side in every], np.int8)
    about = pd.DataFrame([at for *at, _ in every], columns=curve.SPLIT)
    about[["n_train", "n_test"]] = [((side == 1).sum(), (side == 2).sum()) for side in sides]
    overlaps = pd.DataFrame([curve.overlaps(parts, side, data.barcodes) for side in sides])
    return {"sides": sides, "about": about.join(overlaps).to_json(orient="split")}


STAGE = ArrayStage("splits", "CURVES", recipe, divide, with_torch=False)


def read(study, request):
    """Read the cached splits.

    Parameters
    ----------
    study, request : Study, Request

    Returns
    -------
    sides : ndarray of shape (n_splits, n), int8
        Side of each unit: 1 train, 2 test, 0 neither.
    about : DataFrame
        One row per split: ``split, split_param, repeat, fold, n_train, n_test`` (units; 0: there is
        no such split) and the overlaps of ``curve.OVERLAPS``.
    """
    arrays = STAGE.load(study, request)
    text = io.StringIO(str(arrays["about"]))
    return arrays["sides"], pd.read_json(text, orient="split", dtype={"split_param": str})
