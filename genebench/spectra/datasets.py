"""Data sets and models of the spectral curves, as declared in ``data/spectra.yml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..core import cache, paths, specs
from ..core.errors import BadInput, pick
from ..core.specs import FileSpec, Kind, Spec
from ..data import limits, sources
from . import builders, properties
from .properties import Graph
from .samples import DataSet


class ExistingSpec(Spec):
    """A split that others use, placed on the curve: by the values of a column, or by a rule.

    Attributes
    ----------
    kind, words : str
        What differs between the sides, and the rule as a sentence.
    column, train, test : str, list of str, list of str
        Column whose values name the side, and the values of each.
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

    def side(self, data, links):
        """Assign units to the sides of the split.

        Parameters
        ----------
        data, links : DataSet, Graph
            The data set, and which units are alike (for the rule ``components``).

        Returns
        -------
        ndarray of shape (n,), int8
            1 train, 2 test, 0 neither.
        """
        if self.column:
            value = data.table[self.column]
            return (value.isin(self.train) + 2 * value.isin(self.test)).to_numpy(np.int8)
        n, side = len(data), np.ones(len(data), np.int8)
        if self.rule == "components":
            component = csgraph.connected_components(links, directed=False)[1]
            size = np.bincount(component)
            smallest = np.argsort(size, kind="stable")
            side[np.isin(component, smallest[np.cumsum(size[smallest]) <= 0.2 * n])] = 2
        else:
            number = data.barcodes.sum(1).A1 if self.rule == "fewest" else np.arange(n)
            side[np.argsort(number, kind="stable")[int(0.8 * n) :]] = 2
        return side


class DataSetSpec(Spec):
    """Declaration of a data set.

    Attributes
    ----------
    paper, differs : str
        The set of the Spectra paper that it is or stands for, and how it differs.
    builder, options, property : str, dict, dict
        How its file is read (a key of ``builders.BUILDERS``, its options), when units are linked.
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
    builder: Literal["barcodes", "sequences", "residues", "pairs"]
    property: dict[str, Any]
    modes: list[str] = ["corrected"]
    files: dict[str, FileSpec]
    options: dict[str, Any] = {}
    models: list[str]
    homepage: str
    release: str = "as declared"
    licence: str
    citation: list[str]
    existing: dict[str, ExistingSpec] = {}

    @property
    def id(self) -> str:
        """Its name as a source: its files are located, verified and read as all others."""
        return f"spectra-{self.name}"

    def load(self) -> DataSet:
        """Read the data set; the last few are cached in memory.

        Raises BadInput: a column or option that does not fit the file, or a file that is missing.
        """
        return _load(self.model_dump_json())

    def parts(self, data):
        """Link the units that are alike.

        Parameters
        ----------
        data : DataSet

        Returns
        -------
        list of (Graph, ndarray of shape (n,))
            A binary graph and the node of each unit; of pairs that are split by both partners a
            graph of each partner, and the partner of every pair.

        Raises
        ------
        BadInput
            Unknown property.
        """
        out = []
        for side, how in self.property.get("both", {"": self.property}).items():
            options = {key: value for key, value in how.items() if key not in ("name", "words")}
            link = pick(_LINKS, "property", how["name"], where=_where(self))
            node = data.parts[side] if side else np.arange(len(data))
            out.append((link(data, **options).astype(bool), node))
        return out

    @property
    def splits_recipe(self) -> dict:
        """What determines links and the splits that others use, for the cache key."""
        existing = {name: spec.model_dump() for name, spec in self.existing.items()}
        return {"property": self.property, "existing": existing}

    def in_use(self, data: DataSet, links: Graph) -> Iterator[tuple[str, int, np.ndarray]]:
        """Name, fold and side of each unit of the splits that others use."""
        for name, spec in self.existing.items():
            yield name, 0, spec.side(data, links)

    def available(self, declared: Declarations) -> dict[str, ModelSpec]:
        """Models of the data set by name."""
        every, where = declared.models, str(paths.SPECTRA)
        return {name: pick(every, "model", name, where=where) for name in self.models}

    def recipe(self, model: ModelSpec) -> list:
        """What determines a model's predictions, for the cache key."""
        from . import features, models

        out = [model.features, model.estimator, model.options, models.VERSION]
        if model.features == "unirep":
            out.append(features.unirep_recipe(self.load(), model.options["model"]))
        return out

    def covered(self, data: DataSet, model: ModelSpec) -> np.ndarray:
        """Which units a model can predict: all, (n,) bool."""
        return np.ones(len(data), bool)

    def predict(self, data, model, sides, about):
        """Fit a model on each split; see ``models.predict``.

        Parameters
        ----------
        data, model : DataSet, ModelSpec
        sides, about : ndarray of shape (n_splits, n), DataFrame
            Side of each unit; ``repeat`` of each split is a seed.

        Returns
        -------
        list of ndarray
            Predictions of the test samples of each split.
        """
        from . import models

        pairs = zip(sides, about["repeat"])
        return [models.predict(data, model, *data.samples(s), seed=int(k)) for s, k in pairs]


def _sequence_identity(data, threshold=0.3, **how):
    """Aligned once and cached, because it takes minutes to hours."""
    texts = data.parts.get("proteins", data.sequences)
    recipe = {"stage": ["identity", 1], "of": cache.of_names(texts), "above": threshold, **how}
    path = paths.CURVES / f"{cache.key(recipe)}.npz"
    if cache.state(path) != "ready":
        graph = properties.sequence_identity(texts, above=threshold, jobs=1, **how)
        cache.store(path, recipe, lambda to: sparse.save_npz(to, graph))
    return Graph(sparse.load_npz(path))


_LINKS = {
    "shared_mutations": lambda data, **how: properties.shared_mutations(data.barcodes, **how),
    "shared_label": lambda data, column: properties.shared_label(data.table[column]),
    "sequence_identity": _sequence_identity,
    "lingo": lambda data, threshold: properties.tanimoto(
        properties.lingos(data.parts["smiles"]), above=threshold
    ),
    "cosine": lambda data, above=0.8: properties.cosine(data.parts["vectors"], above=above),
}


class ModelSpec(Spec):
    """Declaration of a model of the spectral curves.

    Attributes
    ----------
    paper, steps : bool, int
        Whether it is one of the Spectra paper's; λ from 0 to 1 in so many steps (20: 21 values).
    features, estimator, options : str, str, dict
        What it sees, how it is fitted, and options of both.
    needs, trained_on : str
        Of a model that takes its predictions from a file: what to do, in one clause; of one that
        was trained before: on what.
    by_name : bool
        Run it only where it is named, because it takes hours.
    """

    name: str
    title: str
    family: Literal[
        "shortcut", "baseline", "classical", "network", "language model", "structure model", "own"
    ]
    description: str
    paper: bool = False
    features: str | None = None
    estimator: (
        Literal["linear", "site_independent", "neighbour", "mean_of", "mlp", "cnn"] | None
    ) = None
    options: dict[str, Any] = {}
    steps: int = 20
    needs: str = ""
    trained_on: str = ""
    by_name: bool = False
    citation: str | None = None
    color: str


@dataclass(frozen=True)
class Declarations:
    """The content of ``data/spectra.yml``: data sets and models by name, in its order."""

    datasets: Mapping[str, DataSetSpec]
    models: Mapping[str, ModelSpec]


def declared() -> Declarations:
    """Read ``data/spectra.yml``; raises BadInput that names line and key of a fault."""
    of_kind = {"datasets": DataSetSpec, "models": ModelSpec}
    return Declarations(*(specs.entries(s, paths.SPECTRA, top) for top, s in of_kind.items()))


def _where(spec):
    return f"{paths.SPECTRA}: data set '{spec.name}'"


@lru_cache(maxsize=4)
def _load(declaration):
    spec = DataSetSpec.model_validate_json(declaration)
    frames = {file: sources.table(spec, file) for file in spec.files}
    try:
        with limits.faults_of(_where(spec)):
            parts = builders.BUILDERS[spec.builder](frames, **spec.options)
    except KeyError as err:
        columns = ", ".join(frames["table"].columns)
        raise BadInput(
            f"{_where(spec)}: the file has no column {err}; its columns are {columns}."
        ) from err
    return DataSet(spec.name, spec.kind, spec.group, **parts)
