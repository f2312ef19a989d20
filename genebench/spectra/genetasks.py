"""Gene tasks on the spectrum: units are genes, the property says which genes are relatives.

Vectors, probes and splits are those of the benchmark; its splits are placed on the curve.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import probes
from ..benchmark import splits
from ..benchmark.plan import Plan
from ..core.errors import BadInput, unknown
from ..core.specs import ModelSpec
from ..data import families, sources
from ..data.tasks import Task
from ..models import inference
from . import properties
from .builders import DataSet
from .datasets import Declarations
from .graph import Graph

PROPERTIES = {
    "stem": "two genes share the letters of their symbol",
    "family": "two genes are of one HGNC gene group or share the letters of their symbol",
}
"""When two genes are linked; ``cosine:MODEL`` links genes whose vectors of that model are alike."""
ALIKE = 0.8
"""Cosine above which two genes are linked."""
ALWAYS = ("random", "stem", "family", "chromosome", "study")
EXISTING = (*ALWAYS, "similarity", "date")
"""Splits of the benchmark that are placed on the curve. The cache key names those of ``ALWAYS``,
and the others where their tables are at hand without a download."""


@dataclass(frozen=True, eq=False)
class GeneTask:
    """A task of the benchmark as a data set of spectral curves.

    Attributes
    ----------
    name : str
        Name in the results: that of the task, or ``task@property``.
    property : str
        A key of ``PROPERTIES``, or ``cosine:MODEL``.
    task : Task
        The task.
    plan : Plan
        Genes, models, vectors and splits of its profile.
    modes : tuple of str
        Ways of splitting.
    """

    name: str
    property: str
    task: Task
    plan: Plan
    modes: tuple[str, ...] = ("corrected",)

    @classmethod
    def of(cls, name: str, plan: Plan) -> GeneTask:
        """Look a task up.

        Parameters
        ----------
        name : str
            ``task`` (then by ``stem``) or ``task@property``.
        plan : Plan
            Has the task.

        Returns
        -------
        GeneTask

        Raises
        ------
        BadInput
            An unknown property or one whose table is not at hand, or a task of pairs or of several
            labels.
        """
        task, _, property = name.partition("@")
        out = cls(name.removesuffix("@stem"), property or "stem", plan.tasks[task], plan)
        out.links_recipe  # noqa: B018 - raises
        if out.task.kind not in ("binary", "multiclass", "regression"):
            raise BadInput(
                f"task '{name}' is one of kind {out.task.kind}; the spectrum takes binary, "
                f"multiclass and regression."
            )
        return out

    @cached_property
    def links_recipe(self) -> dict:
        """What determines the links; raises BadInput: unknown, or its table is not at hand."""
        if self.property.startswith("cosine:"):
            model = self.plan.declared.model(self.property.partition(":")[2])
            return {"name": self.property, "above": ALIKE, "model": model.name}
        if self.property not in PROPERTIES:
            raise unknown("property", self.property, [*PROPERTIES, "cosine:minilm-symbol"])
        if why := splits.lacking(self.property, self.plan.declared.sources):
            raise BadInput(why)
        return {"name": self.property, "table": self._fingerprint(self.property)}

    def load(self) -> DataSet:
        """Return the task as a data set, genes as units and samples.

        Returns
        -------
        DataSet
        """
        t = self.task
        return DataSet(self.name, t.kind, t.group, t.entities, t.labels, t.classes)

    def graph(self, data: DataSet) -> Graph:
        """Link the genes that are relatives.

        Parameters
        ----------
        data : DataSet
            Of ``load``.

        Returns
        -------
        Graph
            Binary; a gene without a vector has no relatives by its cosine.
        """
        if self.property == "stem":
            return properties.shared_label(families.stems(data.ids))
        if self.property == "family":
            sources = self.plan.declared.sources
            return properties.shared_label(families.families(data.ids, sources))
        embedding = self.plan.embedding(self.property.partition(":")[2])
        at = embedding.rows(data.ids)
        genes = np.flatnonzero(at >= 0)
        near = properties.cosine(embedding.vectors[at[genes]], above=ALIKE, binary=True)
        first, second, _ = near.edges()
        return Graph.from_edges(len(data), genes[first], genes[second])

    def _fingerprint(self, split):
        """What a split of the benchmark depends on; None where its table is not at hand."""
        known = self.plan.declared.sources
        with nullcontext() if split in ALWAYS else sources.only_at_hand():
            if splits.lacking(split, known):
                return None
            return splits.fingerprint(split, known) or []

    @cached_property
    def in_use_recipe(self) -> list:
        """(Split of the benchmark, what it depends on), of those at hand."""
        prints = [[split, self._fingerprint(split)] for split in EXISTING]
        return [row for row in prints if row[1] is not None]

    def in_use(self, data: DataSet, links: Graph) -> Iterator[tuple[str, int, np.ndarray]]:
        """Make the splits of the benchmark that can be made here.

        Yields
        ------
        split : str
        fold : int
        side : ndarray of shape (n,)
            1 train, 2 test.
        """
        profile, known = self.plan.profile, self.plan.declared.sources
        options = {"n_folds": profile.folds, "seed": profile.seed, "sources": known}
        for name, _ in self.in_use_recipe:
            try:
                fold = splits.folds(self.task, name, **options)
            except splits.Unsplittable:
                continue
            for k in range(profile.folds):
                yield name, k, np.where(fold == k, 2, 1)

    def available(self, declared: Declarations) -> dict[str, ModelSpec]:
        """Models of the profile by name, without the controls that need the labels."""
        every = self.plan.models.items()
        return {n: m for n, m in every if m.family != "control" or n == "random"}

    def recipe(self, model: ModelSpec) -> list:
        """What determines a model's vectors and predictions.

        Parameters
        ----------
        model : ModelSpec
            The model.

        Returns
        -------
        list
            For the cache key.
        """
        vectors = inference.recipe(model, self.plan.universe_digest, self.plan.declared)
        return [vectors, probes.VERSION]

    def covered(self, data: DataSet, model: ModelSpec) -> np.ndarray:
        """Which genes a model has a vector for.

        Parameters
        ----------
        data : DataSet
            Of ``load``.
        model : ModelSpec
            The model.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        return self.plan.embedding(model.name).rows(data.ids) >= 0

    def predict(self, data: DataSet, model: ModelSpec, sides, seeds) -> list[np.ndarray]:
        """Fit the benchmark's probe on each split; those of a binary task are fitted together.

        Parameters
        ----------
        data : DataSet
            Of ``load``.
        model : ModelSpec
            One of ``available``.
        sides : ndarray of shape (n_splits, n)
            1 train, 2 test, 0 neither.
        seeds : sequence of int
            Not needed.

        Returns
        -------
        list of ndarray
            Predictions of the test genes of each split.
        """
        embedding = self.plan.embedding(model.name)
        at = embedding.rows(data.ids)
        has = at >= 0
        X, y = embedding.vectors[at[has]], data.labels[has]
        fold = np.array([-1, 1, 0], dtype=np.int8)[sides[:, has]]  # fold 0 is predicted
        if data.kind == "binary":
            Y = np.repeat(y[:, None], len(sides), axis=1)
            every = probes.predict(X, Y, fold.T, kind="binary").T
        else:
            every = [probes.predict(X, y, one, kind=data.kind) for one in fold]
        wide = (len(data.classes),) if data.kind == "multiclass" else ()
        return [v.reshape(len(X), *wide)[one == 0] for v, one in zip(every, fold)]
