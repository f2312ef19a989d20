"""Data sets and models of the spectral curves, as declared in ``data/spectra.yml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy import sparse

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import FileSpec, Kind, SourceSpec, Spec
from ..data import sources
from . import builders, features, properties
from .builders import DataSet
from .graph import Graph


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

    def load(self) -> DataSet:
        """Read the data set; the last few are cached in memory.

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
        return _load(self.model_dump_json())

    def graph(self, data: DataSet) -> Graph:
        """Link the units that are alike.

        Parameters
        ----------
        data : DataSet
            Of ``load``.

        Returns
        -------
        Graph
            Binary.

        Raises
        ------
        BadInput
            Unknown property.
        """
        name = self.property["name"]
        if name not in _LINKS:
            where = f"{paths.SPECTRA}: data set '{self.name}'"
            raise unknown("property", name, _LINKS, where=where)
        return _LINKS[name](data, self.property)

    @property
    def links_recipe(self) -> dict:
        """What determines the links, for the cache key."""
        return self.property

    @property
    def in_use_recipe(self) -> dict:
        """What determines the splits that others use, for the cache key."""
        return {name: spec.model_dump() for name, spec in self.existing.items()}

    def in_use(self, data: DataSet, links: Graph) -> Iterator[tuple[str, int, np.ndarray]]:
        """Make the splits that others use.

        Yields
        ------
        split : str
        fold : int
        side : ndarray of shape (n,)
            1 train, 2 test, 0 neither.
        """
        for name, spec in self.existing.items():
            yield name, 0, existing(data, spec, links.components)

    def available(self, declared: Declarations) -> dict[str, ModelSpec]:
        """Models of the data set by name."""
        return {name: declared.model(name) for name in self.models}

    def recipe(self, model: ModelSpec) -> list:
        """What determines a model's predictions, for the cache key."""
        from . import models

        return [model.features, model.estimator, model.options, models.VERSION]

    def covered(self, data: DataSet, model: ModelSpec) -> np.ndarray:
        """Which units a model can predict: all, (n,) bool."""
        return np.ones(len(data), dtype=bool)

    def predict(self, data: DataSet, model: ModelSpec, sides, seeds) -> list[np.ndarray]:
        """Fit a model on each split; see ``models.predict``.

        Parameters
        ----------
        data : DataSet
            Of ``load``.
        model : ModelSpec
            One of ``available``.
        sides : ndarray of shape (n_splits, n)
            1 train, 2 test, 0 neither.
        seeds : sequence of int
            One a split.

        Returns
        -------
        list of ndarray
            Predictions of the test samples of each split.
        """
        from . import models

        pairs = zip(sides, seeds)
        return [models.predict(data, model, *data.samples(s), seed=int(k)) for s, k in pairs]


def _shared_mutations(data, how):
    """Units that share ``least`` mutations."""
    if how.get("least", 1) == 1:
        return properties.shared_mutations(data.barcodes)
    number = sparse.triu(data.barcodes @ data.barcodes.T, 1, format="coo")
    linked = number.data >= how["least"]
    return Graph.from_edges(len(data), number.row[linked], number.col[linked])


def _sequence_identity(data, how):
    options = {"above": how["threshold"], "kmer": how.get("kmer"), "binary": True, "jobs": 1}
    return properties.sequence_identity(data.sequences, **options)


def _lingo(data, how):
    return properties.tanimoto(features.lingos(data.parts["smiles"]), above=how["threshold"])


_LINKS = {
    "shared_mutations": _shared_mutations,
    "shared_label": lambda data, how: properties.shared_label(data.table[how["column"]].tolist()),
    "sequence_identity": _sequence_identity,
    "lingo": _lingo,
}


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


def _pick(known, what, name):
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
def _declared(path, changed):
    entries = specs.entries
    return Declarations(entries(DataSetSpec, path, "datasets"), entries(ModelSpec, path, "models"))


@lru_cache(maxsize=4)
def _load(declaration):
    spec = DataSetSpec.model_validate_json(declaration)
    where = f"{paths.SPECTRA}: data set '{spec.name}'"
    if spec.shape not in builders.BUILDERS:
        raise unknown("shape", spec.shape, builders.BUILDERS, where=where)
    frames = {file: sources.table(spec.source, file) for file in spec.files}
    try:
        parts = builders.BUILDERS[spec.shape](frames, **spec.options)
    except (KeyError, BadInput) as err:
        columns = ", ".join(frames["table"].columns)
        missing = f"the file has no column {err}; its columns are {columns}."
        raise BadInput(f"{where}: {missing if isinstance(err, KeyError) else err}") from err
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
    if spec.rule == "components":
        size = np.bincount(components)
        smallest = np.argsort(size, kind="stable")
        tested = np.isin(components, smallest[np.cumsum(size[smallest]) <= 0.2 * n])
    else:
        number = data.barcodes.sum(axis=1) if spec.rule == "fewest" else np.arange(n)
        place = np.argsort(np.argsort(np.ravel(number), kind="stable"))
        tested = place >= int(0.8 * n)
    return np.where(tested, 2, 1).astype(np.int8)
