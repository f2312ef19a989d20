"""Data sets and models of the spectral curves, as declared in ``data/spectra.yml``.

A data set has *units*, which a split puts on one side or the other (mutation barcodes, proteins,
ligands, genes), and *samples*, which are fitted and scored (isolates, residues, pairs); where
nothing else is said they are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import FileSpec, Kind, SourceSpec, Spec
from ..data import sources
from . import builders

VERSION = 1
"""Bump when a reader gives other units, samples or labels for the same file."""


class ExistingSpec(Spec):
    """A split that others use, placed on the curve: by the values of a column, or by a rule.

    Attributes
    ----------
    kind, words : str
        What differs between the sides, and the rule as a sentence.
    column : str or None
        Column whose values name the side.
    train, test : list of str
        Values of each side.
    rule : str or None
        ``fewest``: the fifth of the units with the most marks is tested; ``order``: the last fifth
        of the file; ``components``: whole components, the smallest first, until a fifth is tested.
    """

    kind: Literal["metadata", "similarity"]
    words: str
    column: str | None = None
    train: list[str] = []
    test: list[str] = []
    rule: Literal["fewest", "components", "order"] | None = None


class DataSetSpec(Spec):
    """Declaration of a data set.

    Attributes
    ----------
    paper, differs : str
        The set of the Spectra paper that it is or stands for, and how it differs.
    shape, options : str, dict
        How its file is read: a key of ``builders.BUILDERS``, and its options.
    property : dict
        When two units are linked.
    modes, models, existing
        Ways of splitting, models that are run, splits that others use.
    """

    name: str
    title: str
    paper: str | None = None
    differs: str = ""
    kind: Kind
    group: specs.Group
    label: str
    unit: str
    shape: str
    property: dict[str, Any]
    modes: list[str] = ["corrected"]
    files: dict[str, FileSpec]
    options: dict[str, Any] = {}
    models: list[str]
    homepage: str
    licence: str
    citation: list[str]
    existing: dict[str, ExistingSpec] = {}

    @property
    def source(self) -> SourceSpec:
        """Its files as a source, so that they are located, verified and read as all others."""
        return SourceSpec(
            id=f"spectra-{self.name}",
            title=self.title,
            homepage=self.homepage,
            release="as declared",
            licence=self.licence,
            attribution=self.title,
            citation=self.citation[0],
            files=self.files,
        )


@dataclass(frozen=True, eq=False)
class DataSet:
    """Units, samples and labels.

    Attributes
    ----------
    name, kind, group : str
        Of the data set: its name, kind of label and group in the results.
    ids : ndarray of shape (n,)
        Names of the units.
    labels : ndarray of shape (m,)
        Of the samples: 0/1, class index or real number.
    classes : tuple of str
        Names of the classes.
    unit : ndarray of shape (m,), int, or None
        Unit of each sample; None: samples are units.
    weight : ndarray of shape (m,), or None
        How many times each sample counts (isolates).
    barcodes : csr_matrix of shape (n, n_marks), or None
        Marks that each unit carries, 0/1; ``marks`` names the columns.
    sequences : tuple of str, or None
        One per unit.
    table : DataFrame or None
        Other columns of the file, one row per unit.
    parts : dict
        What a builder adds for its models (residue indices, the other side of a pair).
    """

    name: str
    kind: str
    group: str
    ids: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] = ()
    unit: np.ndarray | None = None
    weight: np.ndarray | None = None
    barcodes: sparse.csr_matrix | None = None
    marks: tuple[str, ...] = ()
    sequences: tuple[str, ...] | None = None
    table: pd.DataFrame | None = None
    parts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def of_unit(self) -> np.ndarray:
        """Unit of each sample, (m,)."""
        return np.arange(len(self.ids)) if self.unit is None else self.unit

    @property
    def counts(self) -> np.ndarray:
        """How many times each sample counts, (m,)."""
        return np.ones(len(self.labels)) if self.weight is None else self.weight

    @cached_property
    def hash(self) -> str:
        """16 hex digits of the SHA-256 of units, samples and labels."""
        parts = ["\n".join((self.kind, *self.classes, "", *map(str, self.ids))).encode()]
        parts += [self.labels.astype("<f8"), self.of_unit.astype("<i8"), self.counts.astype("<f8")]
        if self.barcodes is not None:
            parts += [self.barcodes.indices.astype("<i8"), self.barcodes.indptr.astype("<i8")]
        if self.sequences is not None:
            parts.append("\n".join(self.sequences).encode())
        total = hashlib.sha256()
        for part in parts:
            total.update(np.ascontiguousarray(part) if isinstance(part, np.ndarray) else part)
        return total.hexdigest()[:16]


class ModelSpec(Spec):
    """Declaration of a model of the spectral curves.

    Attributes
    ----------
    paper : bool
        Whether it is one of the Spectra paper's.
    features, estimator, options : str, str, dict
        What it sees, how it is fitted, and options of both.
    steps : int
        λ from 0 to 1 in so many steps (20: 21 values); expensive models take fewer.
    needs : str
        Of a model that takes its predictions from a file: what to do, in one clause.
    """

    name: str
    title: str
    family: Literal[
        "shortcut", "baseline", "classical", "network", "language model", "structure model"
    ]
    description: str
    paper: bool = False
    features: str | None = None
    estimator: str | None = None
    options: dict[str, Any] = {}
    steps: int = 20
    needs: str = ""
    citation: str | None = None
    color: str


@dataclass(frozen=True)
class Declarations:
    """The content of ``data/spectra.yml``.

    Attributes
    ----------
    datasets : mapping of str to DataSetSpec
        Data sets by name, in the order of the file.
    models : mapping of str to ModelSpec
        Models by name, in the order of the file.
    """

    datasets: Mapping[str, DataSetSpec]
    models: Mapping[str, ModelSpec]

    def dataset(self, name: str) -> DataSetSpec:
        """Return one data set.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        DataSetSpec

        Raises
        ------
        BadInput
            Unknown; names the nearest one.
        """
        return _pick(self.datasets, "data set", name)

    def model(self, name: str) -> ModelSpec:
        """Return one model.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        ModelSpec

        Raises
        ------
        BadInput
            Unknown; names the nearest one.
        """
        return _pick(self.models, "model", name)


def _pick(known: Mapping[str, Any], what: str, name: str) -> Any:
    if name not in known:
        raise unknown(what, name, known, where=str(paths.SPECTRA))
    return known[name]


def declared() -> Declarations:
    """Read ``data/spectra.yml``.

    Returns
    -------
    Declarations

    Raises
    ------
    BadInput
        A fault in the file; names line and key.
    """
    return _declared(paths.SPECTRA, paths.SPECTRA.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _declared(path: Path, changed: int) -> Declarations:
    entries = specs.entries
    return Declarations(entries(DataSetSpec, path, "datasets"), entries(ModelSpec, path, "models"))


def load(spec: DataSetSpec) -> DataSet:
    """Read a data set; the last few are cached in memory.

    Parameters
    ----------
    spec : DataSetSpec
        Its declaration.

    Returns
    -------
    DataSet

    Raises
    ------
    BadInput
        A column or option that does not fit the file.
    sources.Missing
        A file that is nowhere to be had; says what to do.
    """
    return _load(spec.model_dump_json())


@lru_cache(maxsize=4)
def _load(declaration: str) -> DataSet:
    spec = DataSetSpec.model_validate_json(declaration)
    where = f"{paths.SPECTRA}: data set '{spec.name}'"
    if spec.shape not in builders.BUILDERS:
        raise unknown("shape", spec.shape, builders.BUILDERS, where=where)
    frames = {file: sources.table(spec.source, file) for file in spec.files}
    try:
        parts = builders.BUILDERS[spec.shape](frames, **spec.options)
    except KeyError as err:
        columns = ", ".join(frames["table"].columns)
        raise BadInput(
            f"{where}: the file has no column {err}; its columns are {columns}."
        ) from err
    except BadInput as err:
        raise BadInput(f"{where}: {err}") from err
    return DataSet(spec.name, spec.kind, spec.group, **parts)


def existing(data: DataSet, spec: ExistingSpec, components: np.ndarray) -> np.ndarray:
    """Assign units to the sides of a split that others use.

    Parameters
    ----------
    data : DataSet
        The data set.
    spec : ExistingSpec
        The split.
    components : ndarray of shape (n,), int
        Connected component of each unit, for that rule.

    Returns
    -------
    ndarray of shape (n,), int8
        1 train, 2 test, 0 neither.
    """
    n = len(data)
    if spec.column:
        value = data.table[spec.column]
        sides = [value.isin(spec.train), value.isin(spec.test)]
        return np.select(sides, [1, 2], 0).astype(np.int8)
    tested = np.zeros(n, dtype=bool)
    if spec.rule == "components":
        size = np.bincount(components)
        smallest = np.argsort(size, kind="stable")
        chosen = smallest[np.cumsum(size[smallest]) <= 0.2 * n]
        tested = np.isin(components, chosen)
    elif spec.rule == "fewest":
        number = np.asarray(data.barcodes.sum(axis=1)).ravel()
        tested[np.argsort(number, kind="stable")[int(0.8 * n) :]] = True
    else:
        tested[int(0.8 * n) :] = True
    return np.where(tested, 2, 1).astype(np.int8)
