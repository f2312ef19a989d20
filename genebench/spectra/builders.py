"""Data sets of the spectral curves, and how they are built from the tables of their files.

A data set has *units*, which a split puts on one side or the other (mutation barcodes, proteins,
ligands, genes), and *samples*, which are fitted and scored (isolates, residues, pairs); where
nothing else is said they are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from os.path import commonprefix
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..core.errors import BadInput, unknown
from ..data import readers
from .properties import incidence

Frames = dict[str, pd.DataFrame]
"""Tables by the name of the file."""
Fields = dict[str, Any]
"""Fields of ``DataSet``."""


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

    def samples(self, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Samples of the units on each side of a split.

        Parameters
        ----------
        side : ndarray of shape (n,)
            1 train, 2 test, 0 neither.

        Returns
        -------
        train, test : ndarray of int
        """
        of_sample = side[self.of_unit]
        return np.flatnonzero(of_sample == 1), np.flatnonzero(of_sample == 2)

    @cached_property
    def hash(self) -> str:
        """16 hex digits of the SHA-256 of units, samples and labels."""
        parts = ["\n".join((self.kind, *self.classes, "", *map(str, self.ids))).encode()]
        parts += [self.labels.astype("<f8"), self.of_unit.astype("<i8"), self.counts.astype("<f8")]
        if self.barcodes is not None:
            parts += [self.barcodes.indices.astype("<i8"), self.barcodes.indptr.astype("<i8")]
        if self.sequences is not None:
            parts.append("\n".join(self.sequences).encode())
        return hashlib.sha256(b"".join(map(bytes, parts))).hexdigest()[:16]


def _selected(frame, label, where):
    """The rows that have a label and the given values."""
    for column, value in where.items():
        frame = frame[frame[column] == str(value)]
    return frame[frame[label] != ""].reset_index(drop=True)


def _limited(frame, limit):
    """At most so many rows, drawn once at random, in their order; 0: all."""
    if not 0 < limit < len(frame):
        return frame
    rows = np.random.default_rng(0).choice(len(frame), limit, replace=False)
    return frame.iloc[np.sort(rows)].reset_index(drop=True)


def barcodes(
    frames: Frames,
    *,
    label: str,
    marks: dict[str, Any],
    barcode: str = "",
    sequence: str = "",
    drug: str = "",
    limit: int = 0,
    where: dict[str, Any] | None = None,
) -> Fields:
    """Read sets of mutations with a phenotype: mutational scans and resistance barcodes.

    Parameters
    ----------
    frames : dict of str to DataFrame
        The files: ``table``, and of isolates ``regions``.
    label, barcode, sequence : str
        Columns.
    marks : dict
        How ``barcode`` gives the set: cut at a ``separator``; sites that differ from the wild type
        ``against``; of a ``single`` mutation its site and new residue; or positions of the wild
        type that ``sequence`` has ``changed`` (from the first to the last that differs, so that
        insertions and deletions have a position).
    drug : str
        Rows are isolates: those of one barcode are one unit with up to two samples, susceptible and
        resistant, weighted by number. Otherwise the labels of one barcode are averaged.
    limit : int
        Number of units drawn once at random; 0: all.
    where : dict, optional
        Column → value that rows must have.

    Returns
    -------
    dict
        Fields of ``DataSet``.
    """
    frame = _selected(frames["table"], label, where or {})
    frame = frame.assign(_y=readers.numbers(frame[label], strict=True))
    if drug:
        return _isolates(frame, frames["regions"], barcode, marks, drug)
    key = sequence if "changed" in marks else barcode
    mean = frame.groupby(key, sort=True)["_y"].mean()
    frame = frame.drop_duplicates(key).set_index(key, drop=False).loc[mean.index]
    frame = _limited(frame.assign(_y=mean).reset_index(drop=True), limit)
    matrix, names = incidence(_mutations(value, marks) for value in frame[key])
    return {
        "ids": frame[key].to_numpy(object),
        "labels": frame["_y"].to_numpy(float),
        "barcodes": matrix,
        "marks": names,
        "sequences": tuple(frame[sequence]) if sequence else None,
        "table": frame,
    }


def _mutations(value, marks):
    """Mutations of one variant."""
    if wild := marks.get("against"):
        return [f"{w}{i + 1}{a}" for i, (a, w) in enumerate(zip(value, wild)) if a != w]
    if "changed" in marks:
        return [str(p + 1) for p in _positions(value, marks["changed"])]
    if "single" in marks:
        return [value[:-1], f"to {value[-1]}"]
    return value.split(marks["separator"]) if value else []


def _positions(sequence, wild):
    """Positions of the wild type between the ends that a variant shares with it."""
    head = len(commonprefix([sequence, wild]))
    ends = [text[head:][::-1] for text in (sequence, wild)]
    first = min(head, len(wild) - 1)
    return range(first, max(len(wild) - len(commonprefix(ends)), first + 1))


def _isolates(frame, regions, barcode, marks, drug):
    """Different barcodes as units; isolates counted by phenotype."""
    number = frame.groupby([barcode, "_y"], sort=True).size().reset_index(name="isolates")
    ids, unit = np.unique(number[barcode].to_numpy(object), return_inverse=True)
    matrix, names = incidence(_mutations(value, marks) for value in ids)
    own = regions[regions.drug == drug].astype({"start": int, "end": int})
    return {
        "ids": ids,
        "labels": number["_y"].to_numpy(np.int64),
        "classes": ("susceptible", "resistant"),
        "unit": unit,
        "weight": number.isolates.to_numpy(float),
        "barcodes": matrix,
        "marks": names,
        "parts": {"regions": own.reset_index(drop=True)},
        "table": pd.DataFrame({"barcode": ids}),
    }


def sequences(
    frames: Frames,
    *,
    label: str,
    drop: Collection[str] = (),
    min_class: int = 10,
) -> Fields:
    """Read proteins with one label each.

    Parameters
    ----------
    frames : dict of str to DataFrame
        The file ``table`` with the columns ``id`` and ``sequence``.
    label : str
        Column of the class.
    drop : collection of str
        Classes that are left out.
    min_class : int
        Fewest proteins of a class.

    Returns
    -------
    dict
        Fields of ``DataSet``.
    """
    frame = _selected(frames["table"], label, {})
    frame = frame[~frame[label].isin(drop)].drop_duplicates("sequence")
    number = frame[label].map(frame[label].value_counts())
    frame = frame[number >= min_class].reset_index(drop=True)
    classes, y = np.unique(frame[label].to_numpy(str), return_inverse=True)
    return {
        "ids": frame["id"].to_numpy(object),
        "labels": y,
        "classes": tuple(classes.tolist()),
        "sequences": tuple(frame["sequence"]),
        "table": frame,
    }


def residues(frames: Frames, *, label: str, mask: str = "") -> Fields:
    """Read chains with one letter of label a residue.

    Parameters
    ----------
    frames : dict of str to DataFrame
        The file ``table`` with the columns ``id`` and ``sequence``.
    label : str
        Column of the labels.
    mask : str
        Column of 0/1 a residue: only those with 1 are samples; empty: all.

    Returns
    -------
    dict
        Fields of ``DataSet``; ``parts["place"]`` is each sample's index in its chain.

    Raises
    ------
    BadInput
        A chain whose labels or mask are not as long as its sequence.
    """
    frame = frames["table"].reset_index(drop=True)
    masks = frame[mask] if mask else ["1" * len(text) for text in frame[label]]
    for name, a, b, c in zip(frame["id"], frame["sequence"], frame[label], masks):
        if not len(a) == len(b) == len(c):
            raise BadInput(
                f"chain '{name}' has {len(a)} residues and {len(b)} labels; mend that row."
            )
    at = [np.flatnonzero(np.array(list(m)) == "1") for m in masks]
    letters = np.concatenate([np.array(list(t))[i] for t, i in zip(frame[label], at)])
    classes, y = np.unique(letters, return_inverse=True)
    return {
        "ids": frame["id"].to_numpy(object),
        "labels": y,
        "classes": tuple(classes.tolist()),
        "unit": np.repeat(np.arange(len(frame)), [len(i) for i in at]),
        "sequences": tuple(frame["sequence"]),
        "table": frame,
        "parts": {"place": np.concatenate(at)},
    }


def pairs(frames: Frames, *, side: str, label: str, limit: int = 0) -> Fields:
    """Read pairs of a ligand and a protein with a number.

    Parameters
    ----------
    frames : dict of str to DataFrame
        The file ``table`` with the columns ``drug_id, target_id`` and ``label``; SMILES and
        sequence there or in the files ``drugs`` and ``targets``.
    side : {"drug", "target"}
        Which are the units.
    label : str
        Column of the number.
    limit : int
        Number of pairs drawn once at random; 0: all.

    Returns
    -------
    dict
        Fields of ``DataSet``; ``parts`` has both sides.

    Raises
    ------
    BadInput
        Unknown side.
    """
    frame = _limited(_selected(frames["table"], label, {}), limit)
    for other, key in (("drugs", "drug_id"), ("targets", "target_id")):
        if other in frames:
            frame = frame.merge(frames[other], on=key, how="inner")
    tables, parts = {}, {}
    for name in ("drug", "target"):
        key = f"{name}_id"
        table = frame.drop_duplicates(key).sort_values(key).set_index(key)
        tables[name], parts[f"{name}s"] = table, table.index.to_numpy(object)
        parts[name] = table.index.get_indexer(frame[key])
    if side not in tables:
        raise unknown("side", side, tables)
    parts["smiles"] = tuple(tables["drug"].smiles)
    parts["proteins"] = tuple(tables["target"].sequence)
    return {
        "ids": parts[f"{side}s"],
        "labels": readers.numbers(frame[label], strict=True).to_numpy(float),
        "unit": parts[side],
        "sequences": parts["proteins"] if side == "target" else None,
        "table": tables[side].reset_index(),
        "parts": parts,
    }


BUILDERS = {f.__name__: f for f in (barcodes, sequences, residues, pairs)}
"""How the files of a data set are read, by the ``shape`` of its declaration."""
