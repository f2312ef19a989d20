"""A task: entities and labels, with a hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Task:
    """One question about genes, with its answers.

    Attributes
    ----------
    name, title, description, group, kind, source : str
    version : int
    entities : ndarray of str, shape (n,)
        Gene symbols (of pairs ``A|B``), sorted, unique.
    labels : ndarray of shape (n,) or (n, n_classes)
        binary, pair: 0/1. multiclass: index into ``classes``. multilabel: 0/1 a class. regression:
        real numbers in the unit that ``description`` states.
    classes : tuple of str
        Label names; empty for regression; (negative, positive) for binary.
    folds : ndarray of int8, shape (n,), optional
        Folds that were published with the labels: 0 is the holdout, and −2, −3 … the parts that
        only train, by which settings may be chosen.
    """

    name: str
    title: str
    description: str
    group: str
    kind: str
    source: str
    version: int
    entities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    folds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.entities)

    @cached_property
    def hash(self) -> str:
        """16 hex digits of the SHA-256 of entities, labels and classes: equal on every machine."""
        labels = self.labels.astype("<f8" if self.kind == "regression" else "<i4")
        text = "\n".join((self.kind, *self.classes, "", *self.entities)).encode()
        folds = b"" if self.folds is None else self.folds.astype(np.int8).tobytes()
        return hashlib.sha256(text + labels.tobytes() + folds).hexdigest()[:16]

    @cached_property
    def entities_hash(self) -> str:
        """SHA-256 of the entities alone; tasks that share it share their genes."""
        return hashlib.sha256(self.entities.tobytes()).hexdigest()

    @cached_property
    def parts(self) -> tuple[np.ndarray, ...]:
        """The genes of each entity: one array, shape (n,), or of a pair task two."""
        if self.kind != "pair":
            return (self.entities,)
        return tuple(np.array(side) for side in zip(*(pair.split("|") for pair in self.entities)))

    @property
    def balance(self) -> str:
        """Class balance in a few words."""
        y = self.labels
        if self.kind == "regression":
            return f"median {np.median(y):.3g}, range {y.min():.3g} to {y.max():.3g}"
        if self.kind == "multilabel":
            per = y.mean(axis=0)
            share = f"{per.min():.0%} to {per.max():.0%}"
            return f"{len(self.classes)} labels, each on {share} of the genes"
        counts = np.bincount(y, minlength=len(self.classes))
        if self.kind == "multiclass":
            return f"{len(self.classes)} classes of {counts.min()} to {counts.max()} genes"
        return f"{counts[1]} of {len(self)} positive ({counts[1] / len(self):.1%})"

    def subset(self, mask: np.ndarray) -> Task:
        """Restrict the task to the entities of a mask, shape (n,)."""
        folds = None if self.folds is None else self.folds[mask]
        return replace(self, entities=self.entities[mask], labels=self.labels[mask], folds=folds)
