"""The data sets of Part II: their declarations (``data/spectra.yml``), and the tables that they are read from.

A data set has *units*, which a split puts on one side or the other (mutation barcodes, proteins, ligands, genes), and
*samples*, which are fitted and scored (isolates, residues, pairs); where nothing else is said they are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import FileSpec, Kind, SourceSpec, Spec
from ..data import readers, sources

VERSION = 1
"""Bump when a reader gives other units, samples or labels for the same file."""


class ExistingSpec(Spec):
    """A split that others use, to be placed on the curve: by the values of a column, or by a rule."""

    kind: Literal["metadata", "similarity"]
    words: str
    column: str | None = None
    train: list[str] = []
    test: list[str] = []
    rule: Literal["fewest", "components", "order"] | None = None


class DataSetSpec(Spec):
    """One data set: what it is, how its file is read, when two units are linked, and which models are run on it."""

    name: str
    title: str
    paper: str | None = None
    """The set of the Spectra paper that it is or stands for."""
    differs: str = ""
    """What is different from that set."""
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
        """Its files as a source, so that they are found, verified and read as all others."""
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

    Attributes:
        ids: of the units, (n,). labels: of the samples; 0/1, class index or real number, (m,). classes: as of a task.
        unit: which unit each sample is of, (m,). weight: how many times each sample counts (isolates), (m,).
        barcodes: what each unit carries, (n, n_marks) CSR of 0/1, or None; ``marks`` names the columns.
        sequences: one a unit, or None. table: what else the file says of each unit, one row each.
        parts: what a shape adds for its models (residue indices, the other side of a pair).
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
        total = hashlib.sha256(
            "\n".join((self.kind, *self.classes, "", *map(str, self.ids))).encode()
        )
        for part in (
            self.labels.astype("<f8"),
            self.of_unit.astype("<i8"),
            self.counts.astype("<f8"),
        ):
            total.update(np.ascontiguousarray(part).tobytes())
        if self.barcodes is not None:
            total.update(
                self.barcodes.indices.astype("<i8").tobytes()
                + self.barcodes.indptr.astype("<i8").tobytes()
            )
        if self.sequences is not None:
            total.update("\n".join(self.sequences).encode())
        return total.hexdigest()[:16]


@lru_cache
def declared() -> dict[str, DataSetSpec]:
    """Every declared data set by name."""
    return specs.entries(DataSetSpec, paths.SPECTRA, "datasets")


def spec(name: str) -> DataSetSpec:
    """One data set by name. Raises: BadInput: unknown, with the nearest name."""
    if name not in declared():
        raise unknown("data set", name, declared(), where=str(paths.SPECTRA))
    return declared()[name]


def status(name: str) -> tuple[str, str]:
    """``ready`` or ``missing``, and one sentence saying what is needed."""
    return sources.status(spec(name).source)


@lru_cache(maxsize=32)
def load(name: str) -> DataSet:
    """One data set. Raises: BadInput: unknown. sources.Missing: its file is nowhere to be had (says what to do)."""
    entry = spec(name)
    if entry.shape not in SHAPES:
        raise unknown("shape", entry.shape, SHAPES, where=f"{paths.SPECTRA}: data set '{name}'")
    frames = {file: sources.table(entry.source, file) for file in entry.files}
    try:
        return SHAPES[entry.shape](entry, frames, **entry.options)
    except KeyError as err:
        raise BadInput(
            f"{paths.SPECTRA}: data set '{name}': the file has no column {err}; its columns are "
            f"{', '.join(frames['table'].columns)}."
        ) from err


def incidence(lists: list[list[str]]) -> tuple[sparse.csr_matrix, tuple[str, ...]]:
    """Units × marks as 0/1, (n, n_marks), and the names of the marks, sorted; a mark counts once a unit."""
    marks = sorted({m for row in lists for m in row})
    at = {m: i for i, m in enumerate(marks)}
    rows = [sorted({at[m] for m in row}) for row in lists]
    ends = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    found = np.array([i for r in rows for i in r], dtype=np.int32)
    matrix = sparse.csr_matrix(
        (np.ones(len(found), np.float32), found, ends), shape=(len(lists), len(marks))
    )
    return matrix, tuple(marks)


def _kept(frame: pd.DataFrame, label: str, where: dict[str, Any] | None) -> pd.DataFrame:
    """The rows that have a label and the values asked for."""
    for column, value in (where or {}).items():
        frame = frame[frame[column] == str(value)]
    return frame[frame[label] != ""].reset_index(drop=True)


def barcodes(
    entry: DataSetSpec,
    frames: dict[str, pd.DataFrame],
    *,
    label: str,
    barcode: str = "",
    sequence: str = "",
    marks: dict[str, Any] | None = None,
    drug: str = "",
    limit: int = 0,
    where: dict[str, Any] | None = None,
) -> DataSet:
    """Sets of mutations with a phenotype: mutational scans and resistance barcodes.

    The set is the column ``barcode``, cut as ``marks`` says: at a ``separator``; ``against`` a wild type, where the two
    differ (site and letter); by the positions of the wild type that the column ``sequence`` has ``changed`` (from the
    first to the last that differs, so that insertions and deletions have a place); or, of a ``single`` mutation, its
    site and its new residue. ``drug``: rows are isolates; those of one barcode are one unit with up to two samples,
    susceptible and resistant, weighted by number; the drug's regions are kept. Else rows of one barcode are averaged.
    ``limit``: that many units, drawn once at random.
    """
    frame, marks = _kept(frames["table"], label, where), marks or {}
    frame = frame.assign(_y=readers.numbers(frame[label], strict=True))
    if drug:
        return _isolates(entry, frame, frames.get("regions"), barcode, marks["separator"], drug)
    key = sequence if "changed" in marks else barcode
    mean = frame.groupby(key, sort=True)["_y"].mean()
    frame = (
        frame.drop_duplicates(key)
        .set_index(key, drop=False)
        .loc[mean.index]
        .assign(_y=mean)
        .reset_index(drop=True)
    )
    if limit and limit < len(frame):
        rows = np.sort(np.random.default_rng(0).choice(len(frame), limit, replace=False))
        frame = frame.iloc[rows].reset_index(drop=True)
    if "against" in marks:
        lists = [
            [f"{w}{i + 1}{a}" for i, (a, w) in enumerate(zip(v, marks["against"])) if a != w]
            for v in frame[key]
        ]
    elif "changed" in marks:
        lists = [[str(p + 1) for p in _positions(s, marks["changed"])] for s in frame[key]]
    elif "single" in marks:
        lists = [[v[:-1], f"to {v[-1]}"] for v in frame[key]]
    else:
        lists = [v.split(marks["separator"]) if v else [] for v in frame[key]]
    matrix, names = incidence(lists)
    return DataSet(
        entry.name,
        entry.kind,
        entry.group,
        frame[key].to_numpy(object),
        frame["_y"].to_numpy(float),
        barcodes=matrix,
        marks=names,
        sequences=tuple(frame[sequence]) if sequence else None,
        table=frame,
    )


def _positions(sequence: str, wild: str) -> range:
    """Positions of the wild type that a variant changes: what is left of it after the common beginning and end."""
    head = next(
        (i for i, (a, b) in enumerate(zip(sequence, wild)) if a != b), min(len(sequence), len(wild))
    )
    rest = min(len(sequence), len(wild)) - head
    tail = next((i for i in range(rest) if sequence[-1 - i] != wild[-1 - i]), rest)
    return range(min(head, len(wild) - 1), max(len(wild) - tail, min(head, len(wild) - 1) + 1))


def _isolates(
    entry: DataSetSpec, frame, regions, barcode: str, separator: str, drug: str
) -> DataSet:
    """Unique barcodes as units; isolates counted by phenotype."""
    number = frame.groupby([barcode, "_y"], sort=True).size().reset_index(name="isolates")
    ids = np.array(sorted(number[barcode].unique()), dtype=object)
    matrix, marks = incidence([b.split(separator) if b else [] for b in ids])
    at = {b: i for i, b in enumerate(ids)}
    unit = number[barcode].map(at).to_numpy(np.int64)
    parts = {}
    if regions is not None:
        parts["regions"] = (
            regions[regions.drug == drug].astype({"start": int, "end": int}).reset_index(drop=True)
        )
    return DataSet(
        entry.name,
        entry.kind,
        entry.group,
        ids,
        number["_y"].to_numpy(np.int64),
        classes=("susceptible", "resistant"),
        unit=unit,
        weight=number.isolates.to_numpy(float),
        barcodes=matrix,
        marks=marks,
        parts=parts,
        table=pd.DataFrame({"barcode": ids}),
    )


def sequences(
    entry: DataSetSpec,
    frames: dict[str, pd.DataFrame],
    *,
    label: str,
    sequence: str = "sequence",
    drop: list[str] | None = None,
    min_class: int = 10,
) -> DataSet:
    """Proteins with one label each; classes of fewer than ``min_class`` and those of ``drop`` are left out."""
    frame = _kept(frames["table"], label, None)
    frame = frame[~frame[label].isin(drop or [])].drop_duplicates(sequence)
    number = frame[label].value_counts()
    frame = frame[frame[label].isin(number.index[number >= min_class])].reset_index(drop=True)
    classes = tuple(sorted(frame[label].unique()))
    y = np.searchsorted(np.array(classes), frame[label].to_numpy(str))
    ids = frame["id"].to_numpy(object)
    return DataSet(
        entry.name,
        entry.kind,
        entry.group,
        ids,
        y,
        classes=classes,
        sequences=tuple(frame[sequence]),
        table=frame,
    )


def residues(
    entry: DataSetSpec,
    frames: dict[str, pd.DataFrame],
    *,
    label: str,
    sequence: str = "sequence",
    mask: str = "",
) -> DataSet:
    """Chains with one letter of label a residue; with ``mask`` only residues that have a 1 there count."""
    frame = frames["table"].reset_index(drop=True)
    text = [list(s) for s in frame[label]]
    counted = (
        [[c == "1" for c in row] for row in frame[mask]]
        if mask
        else [[True] * len(t) for t in text]
    )
    for name, a, b, c in zip(frame["id"], frame[sequence], text, counted):
        if not len(a) == len(b) == len(c):
            raise BadInput(
                f"{paths.SPECTRA}: data set '{entry.name}': chain '{name}' has {len(a)} residues and {len(b)} labels; "
                f"mend that row."
            )
    unit = np.repeat(np.arange(len(frame)), [sum(c) for c in counted])
    place = np.concatenate([np.flatnonzero(c) for c in counted])
    found = np.array([t for row, c in zip(text, counted) for t, k in zip(row, c) if k])
    classes = tuple(sorted(set(found.tolist())))
    return DataSet(
        entry.name,
        entry.kind,
        entry.group,
        frame["id"].to_numpy(object),
        np.searchsorted(np.array(classes), found),
        classes=classes,
        unit=unit,
        sequences=tuple(frame[sequence]),
        table=frame,
        parts={"place": place},
    )


def pairs(
    entry: DataSetSpec, frames: dict[str, pd.DataFrame], *, side: str, label: str, limit: int = 0
) -> DataSet:
    """Ligand × protein pairs with a number; the units are the ligands or the proteins, whichever ``side`` says.

    The file has the columns ``drug_id, target_id`` and ``label``, and SMILES and sequence there or in the files
    ``drugs`` and ``targets``. ``limit``: that many pairs, drawn once at random.
    """
    frame = _kept(frames["table"], label, None)
    if limit and limit < len(frame):
        frame = frame.iloc[
            np.sort(np.random.default_rng(0).choice(len(frame), limit, replace=False))
        ]
    for other, key in (("drugs", "drug_id"), ("targets", "target_id")):
        if other in frames:
            frame = frame.merge(frames[other], on=key, how="inner")
    drugs = frame.drop_duplicates("drug_id").sort_values("drug_id").set_index("drug_id")
    targets = frame.drop_duplicates("target_id").sort_values("target_id").set_index("target_id")
    at = {
        "drug": drugs.index.get_indexer(frame.drug_id),
        "target": targets.index.get_indexer(frame.target_id),
    }
    if side not in at:
        raise unknown("side", side, at, where=f"{paths.SPECTRA}: data set '{entry.name}'")
    kept = drugs if side == "drug" else targets
    parts = {
        "drug": at["drug"],
        "target": at["target"],
        "smiles": tuple(drugs.smiles),
        "proteins": tuple(targets.sequence),
    }
    parts |= {"drugs": drugs.index.to_numpy(object), "targets": targets.index.to_numpy(object)}
    return DataSet(
        entry.name,
        entry.kind,
        entry.group,
        kept.index.to_numpy(object),
        readers.numbers(frame[label], strict=True).to_numpy(float),
        unit=at[side],
        sequences=parts["proteins"] if side == "target" else None,
        table=kept.reset_index(),
        parts=parts,
    )


SHAPES: dict[str, Callable[..., DataSet]] = {
    f.__name__: f for f in (barcodes, sequences, residues, pairs)
}


def existing(
    entry: DataSetSpec, data: DataSet, name: str, components: np.ndarray | None = None
) -> np.ndarray:
    """Side of each unit in a split that others use: 1 train, 0 test, −1 in neither, (n,) int8.

    Rules: ``fewest`` tests the fifth of the units with the most marks; ``order`` the last fifth in the order of the
    file; ``components`` whole connected components (given), the smallest first until a fifth is tested.
    """
    how = entry.existing[name]
    n = len(data)
    if how.column:
        value = data.table[how.column]
        return np.where(value.isin(how.train), 1, np.where(value.isin(how.test), 0, -1)).astype(
            np.int8
        )
    side = np.ones(n, dtype=np.int8)
    if how.rule == "fewest":
        rank = np.lexsort((np.arange(n), np.asarray(data.barcodes.sum(axis=1)).ravel()))
        side[rank[int(0.8 * n) :]] = 0
    elif how.rule == "components":
        size = np.bincount(components)
        tested = np.zeros(len(size), dtype=bool)
        for c in np.argsort(size, kind="stable"):
            if size[tested].sum() + size[c] > 0.2 * n:
                break
            tested[c] = True
        side[tested[components]] = 0
    else:
        side[int(0.8 * n) :] = 0
    return side
