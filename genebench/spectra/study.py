"""A study: data sets with ways of splitting them; and its splits, shared by all models.

Splits are spectral at every λ and seed, size-matched controls, and those that others use. They are
cached with the overlap of each.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import plan as benchmark_plan
from ..core import cache, paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import SourceSpec
from ..core.workers import Stage
from ..data import sources
from . import curve, datasets, features, properties, splits
from .datasets import DataSet, DataSetSpec, Declarations
from .genetasks import GeneTask
from .graph import Graph

VERSION = 1
"""Bump when the same data set and property give other splits."""
MODES = {
    "corrected": "spectral",
    "weighted": "spectral-weighted",
    "reference": "spectral-reference",
}
"""Mode → name of its splits in the results."""


STEPS, SEEDS = 20, 3
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
        Name of the data set, and a key of ``MODES``.
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
    datasets : mapping of str to DataSetSpec or GeneTask
        The requested data sets.
    declared : Declarations
        All declared data sets and models.
    published : SourceSpec or None
        The results in the paper's repository, compared with where they are at hand.
    """

    requests: tuple[Request, ...]
    datasets: Mapping[str, DataSetSpec | GeneTask]
    declared: Declarations
    published: SourceSpec | None = None

    def __getstate__(self) -> dict:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # without what it remembers

    @cached_property
    def data(self):
        """Callable: name → ``DataSet``; the last few stay in memory."""
        return lru_cache(maxsize=4)(self._data)

    def _data(self, name: str) -> DataSet:
        source = self.datasets[name]
        return source.load() if isinstance(source, GeneTask) else datasets.load(source)


def grid(steps: int = STEPS) -> tuple[float, ...]:
    """Space λ evenly from 0 to 1.

    Parameters
    ----------
    steps : int
        Number of steps.

    Returns
    -------
    tuple of float, length steps + 1
    """
    return tuple(round(i / steps, 6) for i in range(steps + 1))


def make(
    names: Iterable[str],
    *,
    mode: str | None = None,
    parameters: Iterable[float] = (),
    seeds: int = SEEDS,
    profile: str = "demo",
    declared: Declarations | None = None,
) -> Study:
    """Resolve names of data sets and gene tasks into a study.

    Parameters
    ----------
    names : iterable of str
        Data sets, gene tasks (``task`` or ``task@property``), or ``all``: every data set at hand
        and the gene tasks of ``TASKS``.
    mode : str, optional
        A key of ``MODES``; None: as declared.
    parameters : iterable of float, optional
        Spectral parameters λ; none: 0 to 1 in ``STEPS`` steps.
    seeds : int
        Seeds of each λ.
    profile : str
        Profile of the gene tasks.
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
    lambdas = tuple(sorted({round(float(p), 6) for p in parameters})) or grid()
    if not all(0 <= p <= 1 for p in lambdas):
        wrong = ", ".join(f"{p:g}" for p in lambdas)
        raise BadInput(f"the spectral parameters are {wrong}; give numbers from 0 to 1.")
    if mode and mode not in MODES:
        raise unknown("mode", mode, MODES)
    declared, known = declared or datasets.declared(), specs.declared()
    every = {n: s for n, s in declared.datasets.items() if "all" in names}
    ready = [n for n, s in every.items() if sources.status(s.source)[0] == "ready"]
    wide = [n for name in names for n in ([*ready, *TASKS] if name == "all" else [name])]
    chosen, plan = {}, None
    for name in wide:
        if name in declared.datasets:
            chosen[name] = declared.datasets[name]
            continue
        plan = plan or benchmark_plan.make(profile, declared=known)
        if name.partition("@")[0] not in plan.tasks:
            raise unknown("data set or task", name, [*declared.datasets, *plan.tasks])
        task = GeneTask.of(name, plan)
        chosen[task.name] = task
    requests = tuple(
        Request(name, way, lambdas, tuple(range(seeds)))
        for name, source in chosen.items()
        for way in ([mode] if mode else getattr(source, "modes", ["corrected"]))
    )
    return Study(requests, chosen, declared, known.sources.get("spectra_published"))


@dataclass(frozen=True, eq=False)
class Splits:
    """Splits of one request.

    Attributes
    ----------
    sides : ndarray of shape (n_splits, n), int8
        Side of each unit: 1 train, 2 test, 0 neither.
    about : DataFrame
        One row per split: ``split, split_param, repeat, fold, n_train, n_test`` (units), the
        overlaps of ``curve.OVERLAPS``, and ``reason`` where there is no such split.
    """

    sides: np.ndarray
    about: pd.DataFrame


def graph(source: DataSetSpec | GeneTask, data: DataSet) -> Graph:
    """Link the units of a data set by its property.

    Parameters
    ----------
    source : DataSetSpec or GeneTask
        Says which units are alike.
    data : DataSet
        The data set.

    Returns
    -------
    Graph

    Raises
    ------
    BadInput
        Unknown property.
    """
    if isinstance(source, GeneTask):
        return source.graph(data)
    how = source.property
    name = how["name"]
    if name == "shared_mutations" and how.get("least", 1) == 1:
        return properties.shared_mutations(data.barcodes)
    if name == "shared_mutations":
        number = (data.barcodes @ data.barcodes.T).tocoo()
        linked = (number.data >= how["least"]) & (number.row < number.col)
        return Graph.from_edges(len(data), number.row[linked], number.col[linked])
    if name == "shared_label":
        return properties.shared_label(data.table[how["column"]].tolist())
    if name == "sequence_identity":
        options = {"above": how["threshold"], "kmer": how.get("kmer"), "binary": True, "jobs": 1}
        return properties.sequence_identity(list(data.sequences), **options)
    if name == "lingo":
        return properties.tanimoto(features.lingos(data.parts["smiles"]), above=how["threshold"])
    known = ("shared_mutations", "shared_label", "sequence_identity", "lingo")
    raise unknown("property", name, known, where=f"{paths.SPECTRA}: data set '{source.name}'")


def recipe(study: Study, request: Request) -> dict:
    """Everything that determines the splits.

    Parameters
    ----------
    study : Study
    request : Request

    Returns
    -------
    dict
        Of plain values, for the cache key.
    """
    source = study.datasets[request.dataset]
    if isinstance(source, GeneTask):
        rule, existing = source.rule, source.existing_recipe
    else:
        rule = source.property
        existing = {name: spec.model_dump() for name, spec in source.existing.items()}
    return {
        "stage": ["spectra cuts", VERSION, splits.VERSION, 1, features.VERSION],
        "data": study.data(request.dataset).hash,
        "property": rule,
        "mode": request.mode,
        "parameters": list(request.parameters),
        "seeds": list(request.seeds),
        "existing": existing,
    }


def path(study: Study, request: Request) -> Path:
    """Where the splits are cached.

    Parameters
    ----------
    study : Study
    request : Request

    Returns
    -------
    Path
    """
    name = f"{request.dataset.replace('/', '--')}-{request.mode}"
    return paths.CURVES / "cuts" / f"{name}-{cache.key(recipe(study, request))}.npz"


def divide(study: Study, request: Request) -> tuple[Splits, dict]:
    """Split a data set in every requested way, and measure the overlaps.

    Parameters
    ----------
    study : Study
    request : Request

    Returns
    -------
    Splits
    dict
        Numbers of units and edges.

    Raises
    ------
    BadInput
        An unknown property, or a mode that does not fit the data set.
    """
    data = study.data(request.dataset)
    if request.mode == "weighted" and data.weight is None:
        raise BadInput(
            f"data set '{request.dataset}': weighted splits need units of several samples; take "
            f"'corrected'."
        )
    source = study.datasets[request.dataset]
    links = graph(source, data)
    sides, rows = [], []
    for split, about in _all(source, request, data, links):
        side, shared = np.zeros(len(data), dtype=np.int8), dict.fromkeys(curve.OVERLAPS, np.nan)
        if split is not None:
            side[split.train], side[split.test] = 1, 2
            shared = curve.overlaps(links, split, data.barcodes)
        sides.append(side)
        sizes = {"n_train": (side == 1).sum(), "n_test": (side == 2).sum()}
        reason = "" if split else "too few units are left for train and test"
        rows.append({**about, **sizes, **shared, "reason": reason})
    return Splits(np.array(sides), pd.DataFrame(rows)), {"units": len(data), "edges": links.m}


def _all(
    source: DataSetSpec | GeneTask, request: Request, data: DataSet, links: Graph
) -> Iterator[tuple[splits.Split | None, dict]]:
    """Every split with its name, parameter, repeat and fold; None where there is no such split."""
    options, name = {"mode": request.mode}, MODES[request.mode]
    if request.mode == "weighted":
        options["counts"] = np.bincount(data.of_unit, weights=data.counts, minlength=len(data))
    spectral = splits.splits(links, request.parameters, request.seeds, **options)
    for (parameter, seed), split in spectral.items():
        about = {"split_param": f"{parameter:g}", "repeat": seed, "fold": 0}
        yield split, {"split": name, **about}
        control = split and splits.size_matched(split, seed=seed)
        yield control, {"split": name + curve.CONTROL, **about}
    for other, fold, side in _existing(source, data, links) if name == "spectral" else ():
        train, test = np.flatnonzero(side == 1), np.flatnonzero(side == 2)
        if len(train) and len(test):
            about = {"split": other, "split_param": "", "repeat": 0, "fold": fold}
            yield splits.Split.of(len(data), train, test), about


def _existing(source: DataSetSpec | GeneTask, data: DataSet, links: Graph):
    """(name, fold, side of each unit) of every split in use that is possible here."""
    if isinstance(source, GeneTask):
        yield from source.existing()
        return
    for name, spec in source.existing.items():
        yield name, 0, datasets.existing(data, spec, links.components)


def read(study: Study, request: Request) -> Splits:
    """Read the cached splits; the last few stay in memory.

    Parameters
    ----------
    study : Study
    request : Request

    Returns
    -------
    Splits
    """
    return _read(path(study, request))


@lru_cache(maxsize=4)
def _read(path: Path) -> Splits:
    with np.load(path, allow_pickle=False) as arrays:
        text = io.StringIO(str(arrays["about"]))
        about = pd.read_json(text, orient="split", dtype={"split_param": str})
        return Splits(arrays["sides"], about.astype({"split_param": str, "reason": str}))


def _files(study: Study, request: Request) -> list[Path]:
    return [path(study, request)]


def _gather(study: Study, request: Request) -> tuple:
    return study, request


def _store(study: Study, request: Request, output: tuple[Splits, dict]) -> None:
    result, facts = output
    about = np.array(result.about.to_json(orient="split"))

    def write(to: Path) -> None:
        np.savez_compressed(to, sides=result.sides, about=about)

    cache.store(path(study, request), recipe(study, request), write, **facts)


STAGE = Stage("splits", _files, _gather, divide, _store)
