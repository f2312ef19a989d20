"""Labels cut from a source by one builder per *shape* of source, never per data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..core import specs
from ..core.errors import BadInput, unknown
from ..core.specs import SourceSpec, TaskSpec
from . import sources
from .expression import specificity, tissues, top
from .gene_sets import branches, contrast, roots, sets, terms
from .labels import Labels, left_out, multiclass, symbols
from .readers import numbers

VERSION = 1
"""Bump when a builder changes what labels it makes."""


def count(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, counted: str, prefix: str
) -> Iterator[Labels]:
    """Regression: log2 of the number of distinct values of ``counted`` that begin with ``prefix``, per gene."""
    frame = sources.table(source, file)
    listed = frame[gene_column].to_numpy(str)
    frame = frame.assign(gene=symbols(listed, "symbol"))
    frame = frame[frame[counted].str.startswith(prefix) & ~frame.gene.isin(("", "-"))]
    number = frame.groupby("gene")[counted].nunique()
    yield Labels(number.index, np.log2(number.to_numpy(float)), note=left_out(listed))


_GAPS = ("NaN", "nan", "NA", "N/A")
"""How programs write a value that is not there; no name of a class."""


@dataclass(frozen=True)
class _Rows:
    """Rows of a table that carry a label: gene, and the label's text; one row per gene."""

    genes: np.ndarray
    text: np.ndarray
    note: str


def _rows(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    file: str,
    gene_column: str,
    label: str,
    where: dict[str, str] | None = None,
    skip: str | None = None,
    keep: str | None = None,
    ids: str = "symbol",
    beside: str | None = None,
) -> _Rows:
    """Read a label column: rows that match ``where`` (column → regular expression), not empty, one row per gene.

    ``skip`` drops gene names that match it; ``keep`` replaces a label by the first group of its match and drops labels
    without a match; ``ids`` says how genes are named (``labels.symbols``). With ``beside``, the column of what a gene
    is paired with (a disease), an entity is ``gene|other``. An entity with two different labels is dropped.
    Raises: Missing: the column is not in the file at hand.
    """
    frame = sources.table(source, file)
    for name in (gene_column, label, *(where or {}), *([beside] if beside else ())):
        if name not in frame.columns:
            raise sources.Missing(
                f"source '{source.id}', task '{entry.name}': the file '{file}' at hand has no column '{name}'; the "
                f"task needs the official file of release {source.release}."
            )
    for name, pattern in (where or {}).items():
        frame = frame[frame[name].astype(str).str.contains(pattern, regex=True)]
    frame = frame[
        frame[label].notna() & frame[gene_column].notna()
    ]  # typed tables hold gaps as such
    text = frame[label].astype(str).str.strip()
    if entry.kind != "regression":
        text = text.where(~text.isin(_GAPS), "")
    if keep:
        text = (
            text.str.extract(f"({keep})", expand=False)
            if "(" not in keep
            else text.str.extract(keep, expand=False)
        )
        text = text.fillna("")
    listed = frame[gene_column].to_numpy(str)
    names = pd.Series(symbols(listed, ids), index=frame.index)
    use = (text != "") & (names != "")
    if skip:
        use &= ~names.str.contains(skip, regex=True)
    if beside:
        names = names + "|" + frame[beside].astype(str)
    held = pd.DataFrame({"gene": names[use], "text": text[use]}).drop_duplicates()
    held = held[~held.gene.duplicated(keep=False)].sort_values("gene")
    note = left_out(listed) if ids == "symbol" else ""
    return _Rows(held.gene.to_numpy(str), held.text.to_numpy(str), note)


def column(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    label: str,
    min_class: int = 0,
    positive: str | None = None,
    **rows,
) -> Iterator[Labels]:
    """Binary, multi-class or regression: one column of a table; options ``rows`` as in ``_rows``.

    Classes with fewer than ``min_class`` genes are left out; of a binary task ``positive`` names the positive label.
    """
    held = _rows(source, entry, label=label, **rows)
    if entry.kind == "regression":
        values = numbers(pd.Series(held.text)).to_numpy(float)
        if not np.isfinite(values).all():
            bad = held.text[~np.isfinite(values)][0]
            raise BadInput(
                f"source '{source.id}', task '{entry.name}': '{label}' holds '{bad}', no number; mend the file."
            )
        yield Labels(held.genes, values, note=held.note)
    elif entry.kind == "binary":
        found = sorted(set(held.text))
        if len(found) != 2 or positive not in found:
            raise BadInput(
                f"source '{source.id}', task '{entry.name}': '{label}' holds {found[:4]}; need two, one '{positive}'."
            )
        (negative,) = set(found) - {positive}
        yield Labels(
            held.genes,
            (held.text == positive).astype(np.int64),
            (negative, positive),
            note=held.note,
        )
    else:
        yield replace(multiclass(source, entry, held.genes, held.text, min_class), note=held.note)


def tags(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    label: str,
    separator: str,
    min_label: int,
    among: dict | None = None,
    **rows,
) -> Iterator[Labels]:
    """Multi-label: a column that lists several labels joined by ``separator``; options ``rows`` as in ``_rows``.

    Labels with fewer than ``min_label`` genes are left out, and then genes without a label. ``among`` (file, column,
    where) restricts the labels to those that another file of the source lists.
    """
    held = _rows(source, entry, label=label, **rows)
    sets = [{part.strip() for part in text.split(separator)} - {""} for text in held.text]
    if among:
        frame = sources.table(source, among["file"])
        for name, pattern in among.get("where", {}).items():
            frame = frame[frame[name].str.contains(pattern, regex=True)]
        allowed = set(frame[among["column"]])
        sets = [s & allowed for s in sets]
    number = pd.Series([tag for s in sets for tag in s], dtype=str).value_counts()
    names = sorted(number.index[number >= min_label])
    if len(names) < 2:
        raise BadInput(
            f"source '{source.id}', task '{entry.name}': fewer than two labels of {min_label} genes."
        )
    at = {name: i for i, name in enumerate(names)}
    labels = np.zeros((len(sets), len(names)), dtype=np.int64)
    for row, s in enumerate(sets):
        labels[row, [at[tag] for tag in s if tag in at]] = 1
    some = labels.any(axis=1)
    yield Labels(held.genes[some], labels[some], names, note=held.note)


def lists(
    source: SourceSpec, entry: TaskSpec, *, file: str, positive: str, negative: str, ids: str
) -> Iterator[Labels]:
    """Binary: the genes of one list against those of another; a gene in both, or without a symbol, is left out."""
    frame = sources.table(source, file)
    missing = {positive, negative} - set(frame["set"])
    if missing:
        raise unknown(
            "list",
            missing.pop(),
            frame["set"].unique(),
            where=f"source '{source.id}', task '{entry.name}'",
        )
    listed = frame["gene"].to_numpy(str)
    frame = frame.assign(symbol=symbols(listed, ids))
    yes, no = (set(frame[frame["set"] == name].symbol) - {""} for name in (positive, negative))
    entities = sorted(yes ^ no)
    note = left_out(listed) if ids == "symbol" else ""
    yield Labels(
        entities,
        np.array([g in yes for g in entities], dtype=np.int64),
        (negative, positive),
        note=note,
    )


def pairs(
    source: SourceSpec, entry: TaskSpec, *, files: list[list[str]], classes: list[str]
) -> Iterator[Labels]:
    """Pairs of genes with a 0/1 label; an entity is ``A|B`` as listed. Pairs that stand with both labels are dropped.

    ``files`` lists (pairs, labels) files of equal length. A pair that is repeated with one label is kept once.
    """
    parts = []
    for listed, marks in files:
        frame, label = sources.table(source, listed), sources.table(source, marks)["label"]
        if len(frame) != len(label):
            where = f"source '{source.id}', task '{entry.name}'"
            raise BadInput(
                f"{where}: {len(frame)} pairs in '{listed}', {len(label)} labels in '{marks}'; fetch both again."
            )
        parts.append(frame.assign(pair=frame["first"] + "|" + frame["second"], label=label))
    held = pd.concat(parts, ignore_index=True)
    listed = held[["first", "second"]].to_numpy(str)
    held = held[
        (symbols(listed.ravel(), "symbol") != "").reshape(-1, 2).all(axis=1)
    ].drop_duplicates()
    held = held[~held.pair.duplicated(keep=False)]
    labels = (held.label == "1").to_numpy(np.int64)
    yield Labels(held.pair.to_numpy(str), labels, classes, note=left_out(listed.ravel()))


def membership(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    file: str,
    gene_column: str,
    other: dict,
    classes: list[str],
) -> Iterator[Labels]:
    """Binary: genes listed here (positive) against genes listed only in another source (negative)."""
    mine = sources.table(source, file)[gene_column].to_numpy(str)
    theirs = sources.table(specs.source(other["source"]), other["file"])[
        other["gene_column"]
    ].to_numpy(str)
    held = set(symbols(mine, "symbol"))
    entities = sorted((held | set(symbols(theirs, "symbol"))) - {"", "-"})
    labels = np.array([g in held for g in entities], dtype=np.int64)
    yield Labels(entities, labels, classes, note=left_out(np.concatenate([mine, theirs])))


SHAPES: dict[str, Callable[..., Iterator[Labels]]] = {
    f.__name__: f
    for f in (
        branches,
        terms,
        contrast,
        count,
        column,
        tags,
        roots,
        sets,
        lists,
        pairs,
        membership,
        top,
        specificity,
        tissues,
    )
}
