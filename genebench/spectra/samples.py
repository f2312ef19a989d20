"""Units and samples of a data set."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse


@dataclass(eq=False)
class DataSet:
    """Units, which a split puts on a side, and samples with a label each, which are fitted.

    Attributes
    ----------
    name, kind, group : str
        Of the data set: its name, kind of label and group in the results.
    ids, labels : ndarray of shape (n,), of shape (m,)
        Names of the units; of the samples 0/1, class index or real number.
    classes : tuple of str
        Names of the classes.
    unit, weight, names : ndarray of shape (m,)
        Unit of each sample (default: samples are units), how many times it counts (isolates;
        default: once), and its name in files of predictions (default: that of the unit).
    barcodes, marks : csr_matrix of shape (n, n_marks), tuple
        Marks that each unit carries, 0/1, and names of the columns.
    sequences, table : tuple of str, DataFrame
        One per unit, and other columns of the file, one row per unit.
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
    names: np.ndarray | None = None
    barcodes: sparse.csr_matrix | None = None
    marks: tuple[str, ...] = ()
    sequences: tuple[str, ...] | None = None
    table: pd.DataFrame | None = None
    parts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.unit is None:
            self.unit = np.arange(len(self.ids))
        if self.weight is None:
            self.weight = np.ones(len(self.labels))
        if self.names is None:
            self.names = self.ids[self.unit]

    def __len__(self) -> int:
        return len(self.ids)

    def samples(self, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Samples of train and of test, by the side of each unit (``splits.split``)."""
        of_sample = side[self.unit]
        return np.flatnonzero(of_sample == 1), np.flatnonzero(of_sample == 2)

    @cached_property
    def hash(self) -> str:
        """16 hex digits of the SHA-256 of units, samples and labels."""
        parts = ["\n".join((self.kind, *self.classes, "", *map(str, self.ids))).encode()]
        parts += [self.labels.astype("<f8"), self.unit.astype("<i8"), self.weight.astype("<f8")]
        if self.barcodes is not None:
            parts += [self.barcodes.indices.astype("<i8"), self.barcodes.indptr.astype("<i8")]
        if self.sequences is not None:
            parts.append("\n".join(self.sequences).encode())
        return hashlib.sha256(b"".join(map(bytes, parts))).hexdigest()[:16]
