"""Labels from a source, by one builder per *shape* of source, never per data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from . import sources as upstream
from .expression import specificity, tissues, top
from .gene_sets import branches, contrast, roots, sets, terms
from .genes import source_by_id
from .labels import Declaration, Labels, left_out, multiclass
from .readers import numbers

VERSION = 1
"""Bump when a builder changes what labels it makes."""

# how programs write a value that is not there; no name of a class
_GAPS = ("NaN", "nan", "NA", "N/A")


def count(
    declared: Declaration, *, file: str, gene_column: str, counted: str, prefix: str
) -> Iterator[Labels]:
    """
    Build a regression of how many values are listed for a gene.

    Parameters
    ----------
    declared
        The declaration of the task.
    file, gene_column
        Where the genes are.
    counted
        Column whose distinct values are counted.
    prefix
        Beginning of the values that count.

    Yields
    ------
    log2 of the number, per gene.
    """
    frame = declared.table(file)
    listed = frame[gene_column].to_numpy(str)
    frame = frame.assign(gene=declared.symbols(listed, "symbol"))
    frame = frame[frame[counted].str.startswith(prefix) & ~frame.gene.isin(("", "-"))]
    number = frame.groupby("gene")[counted].nunique()
    yield Labels(number.index, np.log2(number.to_numpy(float)), note=left_out(listed))


def _labelled_rows(
    declared: Declaration,
    *,
    file: str,
    gene_column: str,
    label: str,
    where: dict[str, str] | None = None,
    skip: str | None = None,
    keep: str | None = None,
    ids: str = "symbol",
    beside: str | None = None,
) -> tuple[pd.DataFrame, str]:
    """
    Read a label column.

    Rows must match ``where`` (column → regular expression) and not be empty. ``skip`` drops gene
    names that match it; ``keep`` replaces a label by the first group of its match and drops labels
    without a match; ``ids`` says how genes are named (``Declaration.symbols``). With ``beside``,
    the column of what a gene is paired with (a disease), an entity is ``gene|other``. An entity
    with two different labels is dropped.

    Returns the columns ``gene`` and ``text``, one row per gene, and a note on what is left out.
    Raises ``sources.Missing``: a column is not in the file.
    """
    columns = {gene_column, label, *(where or ()), *filter(None, [beside])}
    lacking = columns.difference(declared.table(file).columns)
    if lacking:
        raise upstream.Missing(
            f"{declared.where}: the file '{file}' at hand has no column '{min(lacking)}'; the task "
            f"needs the official file of release {declared.source.release}."
        )
    # typed tables have gaps as such
    frame = declared.table(file, where).dropna(subset=[label, gene_column])
    text = frame[label].astype(str).str.strip()
    if declared.task.kind != "regression":
        text = text.where(~text.isin(_GAPS), "")
    if keep:
        keep = keep if "(" in keep else f"({keep})"
        text = text.str.extract(keep, expand=False).fillna("")
    listed = frame[gene_column].to_numpy(str)
    names = pd.Series(declared.symbols(listed, ids), index=frame.index)
    use = (text != "") & (names != "")
    if skip:
        use &= ~names.str.contains(skip, regex=True)
    if beside:
        names = names + "|" + frame[beside].astype(str)
    rows = pd.DataFrame({"gene": names[use], "text": text[use]}).drop_duplicates()
    rows = rows.drop_duplicates("gene", keep=False).sort_values("gene")
    return rows, left_out(listed) if ids == "symbol" else ""


def column(
    declared: Declaration,
    *,
    label: str,
    min_class: int = 0,
    positive: str | None = None,
    **rows,
) -> Iterator[Labels]:
    """
    Build a binary, multi-class or regression task of one column of a table.

    Parameters
    ----------
    declared
        The declaration of the task.
    label
        The column.
    min_class
        Classes with fewer genes are left out of a multi-class task.
    positive
        The positive label of a binary task.
    **rows
        Which rows: ``file``, ``gene_column``, and optionally ``where``, ``skip``, ``keep``, ``ids``
        and ``beside``, as in ``_labelled_rows``.

    Yields
    ------
    Labels of the task.

    Raises
    ------
    BadInput
        Labels that are no numbers, or not two classes.
    sources.Missing
        A column is not in the file.
    """
    table, note = _labelled_rows(declared, label=label, **rows)
    genes, text = table.gene.to_numpy(str), table.text.to_numpy(str)
    if declared.task.kind == "regression":
        values = numbers(pd.Series(text)).to_numpy(float)
        if not np.isfinite(values).all():
            bad = text[~np.isfinite(values)][0]
            raise BadInput(f"{declared.where}: '{label}' holds '{bad}', no number; mend the file.")
        yield Labels(genes, values, note=note)
    elif declared.task.kind == "binary":
        classes = sorted(set(text.tolist()), key=lambda name: (name == positive, name))
        if len(classes) != 2 or positive not in classes:
            raise BadInput(
                f"{declared.where}: '{label}' holds {sorted(classes)[:4]}; need two, one "
                f"'{positive}'."
            )
        yield Labels(genes, (text == positive).astype(np.int64), classes, note=note)
    else:
        yield multiclass(declared, genes, text, min_class, note=note)


def tags(
    declared: Declaration,
    *,
    label: str,
    separator: str,
    min_label: int,
    among: dict | None = None,
    **rows,
) -> Iterator[Labels]:
    """
    Build a multi-label task of a column that lists several labels.

    Parameters
    ----------
    declared
        The declaration of the task.
    label
        The column.
    separator
        What joins its labels.
    min_label
        Labels with fewer genes are left out, and then genes without a label.
    among
        ``file``, ``column`` and ``where`` of another file of the source that lists the labels that
        are used; None: all.
    **rows
        As in ``column``.

    Yields
    ------
    Labels of the task.

    Raises
    ------
    BadInput
        Fewer than two labels are left.
    sources.Missing
        A column is not in the file.
    """
    table, note = _labelled_rows(declared, label=label, **rows)
    width = table.gene.to_numpy(str).dtype
    table = table.assign(text=table.text.str.split(separator, regex=False)).explode("text")
    table = table.assign(text=table.text.str.strip()).drop_duplicates()
    table = table[table.text != ""]
    if among:
        allowed = declared.table(among["file"], among.get("where"))[among["column"]]
        table = table[table.text.isin(allowed)]
    table = table[table.groupby("text").gene.transform("size") >= min_label]
    if table.text.nunique() < 2:
        raise BadInput(f"{declared.where}: fewer than two labels of {min_label} genes.")
    labels = pd.crosstab(table.gene, table.text)
    genes = np.array(labels.index, dtype=width)
    yield Labels(genes, labels.to_numpy(np.int64), labels.columns, note=note)


def lists(
    declared: Declaration, *, file: str, positive: str, negative: str, ids: str
) -> Iterator[Labels]:
    """
    Build a binary task of the genes of one list against those of another.

    Parameters
    ----------
    declared
        The declaration of the task.
    file
        File of lists.
    positive, negative
        Names of the two lists. A gene in both, or without a symbol, is left out.
    ids
        How genes are named, as in ``Declaration.symbols``.

    Yields
    ------
    Labels of the task.

    Raises
    ------
    BadInput
        Unknown list.
    """
    frame = declared.table(file)
    for name in {positive, negative}.difference(frame["set"]):
        raise unknown("list", name, frame["set"].unique(), where=declared.where)
    listed = frame["gene"].to_numpy(str)
    genes = declared.symbols(listed, ids)
    yes, no = (set(genes[frame["set"] == name]) - {""} for name in (positive, negative))
    entities = sorted(yes ^ no)
    note = left_out(listed) if ids == "symbol" else ""
    yield Labels(entities, _isin(entities, yes), (negative, positive), note=note)


def _isin(entities: list[str], positive: set[str]) -> np.ndarray:
    """1 for each entity of a set, else 0."""
    return np.array([entity in positive for entity in entities], dtype=np.int64)


def pairs(declared: Declaration, *, files: list[list[str]], classes: list[str]) -> Iterator[Labels]:
    """
    Build a task of gene pairs with a 0/1 label.

    Parameters
    ----------
    declared
        The declaration of the task.
    files
        (pairs, labels) files of equal length.
    classes
        Names of the classes 0 and 1.

    Yields
    ------
    Labels of the task; an entity is ``A|B`` as listed. Pairs that stand with both labels are
    dropped; a pair that is repeated with one label counts once.

    Raises
    ------
    BadInput
        Files of unequal length.
    """
    parts = []
    for listed, marks in files:
        frame, label = declared.table(listed), declared.table(marks)["label"]
        if len(frame) != len(label):
            raise BadInput(
                f"{declared.where}: {len(frame)} pairs in '{listed}', {len(label)} labels in "
                f"'{marks}'; fetch both again."
            )
        parts.append(frame.assign(pair=frame["first"] + "|" + frame["second"], label=label))
    frame = pd.concat(parts, ignore_index=True)
    genes = frame[["first", "second"]].to_numpy(str)
    sound = (declared.symbols(genes.ravel(), "symbol") != "").reshape(-1, 2).all(axis=1)
    frame = frame[sound].drop_duplicates().drop_duplicates("pair", keep=False)
    labels = (frame.label == "1").to_numpy(np.int64)
    yield Labels(frame.pair.to_numpy(str), labels, classes, note=left_out(genes.ravel()))


def membership(
    declared: Declaration, *, file: str, gene_column: str, other: dict, classes: list[str]
) -> Iterator[Labels]:
    """
    Build a binary task of genes listed here against genes listed only in another source.

    Parameters
    ----------
    declared
        The declaration of the task.
    file, gene_column
        Where the positive genes are.
    other
        ``source``, ``file`` and ``gene_column`` of the others.
    classes
        Names of the negative and the positive class.

    Yields
    ------
    Labels of the task.
    """
    second = source_by_id(declared.sources, other["source"])
    theirs = upstream.table(second, other["file"])[other["gene_column"]]
    parts = [declared.table(file)[gene_column].to_numpy(str), theirs.to_numpy(str)]
    here, there = (set(declared.symbols(part, "symbol")) for part in parts)
    entities = sorted((here | there) - {"", "-"})
    yield Labels(entities, _isin(entities, here), classes, note=left_out(np.concatenate(parts)))


SHAPES: dict[str, Callable[..., Iterator[Labels]]] = {
    f.__name__: f
    for f in (
        *(branches, terms, contrast, count, column, tags, roots),
        *(sets, lists, pairs, membership, top, specificity, tissues),
    )
}
"""Shape of a source → its builder, called with the declaration and the task's options."""
