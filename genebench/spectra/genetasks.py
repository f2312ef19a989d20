"""Gene tasks on the spectrum: units are genes, the property says which genes are relatives.

Vectors, probes and splits are those of the benchmark; its splits are placed on the curve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import probes
from ..benchmark import splits
from ..benchmark.plan import Plan
from ..core.errors import BadInput, check
from ..core.specs import ModelSpec
from ..data import families
from ..data.tasks import Task
from ..models import inference
from . import properties
from .datasets import Declarations
from .properties import Graph
from .samples import DataSet

PROPERTIES = ("stem", "family")
"""Genes are linked that share the letters of their symbol; that do, or are of one HGNC group.
A third property, ``cosine:MODEL``, links genes whose vectors of a model have a cosine above 0.8."""
EXISTING = ("random", "stem", "family", "chromosome", "study", "similarity", "date")
"""Splits of the benchmark that are placed on the curve. The cache key names those whose tables are
at hand without a download."""


@dataclass(frozen=True, eq=False)
class GeneTask:
    """A task of the benchmark as a data set of spectral curves, with the methods of one.

    Attributes
    ----------
    name, property : str
        Name in the results: that of the task, or ``task@property``; one of ``PROPERTIES``, or
        ``cosine:MODEL``.
    task, plan : Task, Plan
        The task; genes, models, vectors and splits of its profile.
    """

    name: str
    property: str
    task: Task
    plan: Plan
    modes = ("corrected",)

    @property
    def model(self) -> str:
        """Whose vectors say which genes are relatives; empty: nobody's."""
        return self.property.partition("cosine:")[2]

    @classmethod
    def of(cls, name, plan):
        """Look a task up.

        Parameters
        ----------
        name, plan : str, Plan
            ``task`` (then by ``stem``) or ``task@property``; the plan has the task.

        Returns
        -------
        GeneTask

        Raises
        ------
        BadInput
            An unknown property or model, a property whose table is not at hand, or a task of pairs
            or of several labels.
        """
        task, _, property = name.partition("@")
        out = cls(name.removesuffix("@stem"), property or "stem", plan.tasks[task], plan)
        if out.model:
            plan.declared.model(out.model)  # raises
        else:
            check([*PROPERTIES, "cosine:MODEL"], "property", out.property)
            if why := splits.lacking(out.property, plan.declared.sources):
                raise BadInput(why)
        if out.task.kind not in ("binary", "multiclass", "regression"):
            raise BadInput(
                f"task '{name}' is one of kind {out.task.kind}; the spectrum takes binary, "
                f"multiclass and regression."
            )
        return out

    @cached_property
    def splits_recipe(self) -> dict:
        """What determines the links, and the splits in use with what each depends on."""
        known = self.plan.declared.sources
        there = [split for split in EXISTING if not splits.lacking(split, known)]
        prints = {split: splits.fingerprint(split, known) or [] for split in there}
        table = self.plan.embedding_path(self.model).stem if self.model else prints[self.property]
        links = {"name": self.property, "table": table}
        return {"property": links, "existing": [*prints.items()]}

    def load(self) -> DataSet:
        """Return the task as a data set, genes as units and samples."""
        t = self.task
        return DataSet(self.name, t.kind, t.group, t.entities, t.labels, t.classes)

    def parts(self, data: DataSet) -> list[tuple[Graph, np.ndarray]]:
        """Link the genes that are relatives; by cosine a gene without a vector has none."""
        each = np.arange(len(data))
        if self.model:
            embedding = self.plan.embedding(self.model)
            at = embedding.rows(data.ids)
            vectors = np.where(at < 0, 0, embedding.vectors[at].T).T
            return [(properties.cosine(vectors, above=0.8), each)]
        groups = families.stems(data.ids)
        if self.property == "family":
            groups = families.families(data.ids, self.plan.declared.sources)
        return [(properties.shared_label(groups), each)]

    def in_use(self, data: DataSet, links: Graph) -> Iterator[tuple[str, int, np.ndarray]]:
        """Name, fold and side of each gene of the benchmark's splits that can be made here."""
        profile, known = self.plan.profile, self.plan.declared.sources
        options = {"n_folds": profile.folds, "seed": profile.seed, "sources": known}
        for name, _ in self.splits_recipe["existing"]:
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
        """What determines a model's vectors and predictions, for the cache key."""
        vectors = inference.recipe(model, self.plan.universe_digest, self.plan.declared)
        return [vectors, probes.VERSION]

    def covered(self, data: DataSet, model: ModelSpec) -> np.ndarray:
        """Which genes a model has a vector for, (n,) bool."""
        return self.plan.embedding(model.name).rows(data.ids) >= 0

    def predict(self, data, model, sides, about):
        """Fit the benchmark's probe on each split; those of a binary task are fitted together.

        Parameters
        ----------
        data, model : DataSet, ModelSpec
        sides, about : ndarray of shape (n_splits, n), DataFrame
            Side of each gene; not needed.

        Returns
        -------
        list of ndarray
            Predictions of the test genes of each split.
        """
        embedding = self.plan.embedding(model.name)
        at = embedding.rows(data.ids)
        X, y = embedding.vectors[at[at >= 0]], data.labels[at >= 0]
        folds = np.array([-1, 1, 0], np.int8)[sides[:, at >= 0]]  # fold 0 is predicted
        if data.kind == "binary":
            Y = np.repeat(y[:, None], len(sides), 1)
            every = probes.predict(X, Y, folds.T, kind="binary").T
        else:
            every = [probes.predict(X, y, fold, kind=data.kind) for fold in folds]
        return [np.squeeze(values)[fold == 0] for values, fold in zip(every, folds)]
