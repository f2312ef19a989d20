"""Labels from a source, by one builder per *shape* of source, never per data set."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ..core.errors import BadInput, pick
from . import sources as upstream
from .labels import Declaration, Labels, left_out, multiclass, slug, unresolved
from .readers import numbers
from .shapes.expression import specificity, tissues, top
from .shapes.gene_sets import branches, contrast, lists, roots, sets, terms
from .shapes.links import links

VERSION = 2
"""Bump when a builder changes what labels it makes."""

# how programs write a value that is not there; no name of a class
_GAPS = ("NaN", "nan", "NA", "N/A")


def count(declared, *, file, gene_column, counted, prefix):
    """Build a regression of how many values are listed for a gene.

    Parameters
    ----------
    declared : Declaration
    file, gene_column : str
        Where the genes are.
    counted : str
        Column whose distinct values are counted.
    prefix : str
        Beginning of the values that count.

    Yields
    ------
    Labels
        log2 of the number, per gene.
    """
    frame, note = declared.rows(file, gene_column)
    frame = frame[frame[counted].str.startswith(prefix) & ~frame.gene.isin(("", "-"))]
    number = frame.groupby("gene")[counted].nunique()
    yield Labels(number.index, np.log2(number.to_numpy(float)), note=note)


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
    """Columns ``gene`` and ``text`` (the label), a row a gene, and a note on what is left out.

    Rows must match ``where`` (column → regular expression) and not be empty. ``skip`` drops gene
    names that match it; ``keep`` replaces a label by the first group of its match and drops labels
    without a match; ``ids`` says how genes are named (``Declaration.symbols``). With ``beside``,
    the column of what a gene is paired with (a disease), an entity is ``gene|other``. An entity
    with two different labels is dropped.
    """
    columns = {gene_column, label, *(where or ()), *filter(None, [beside])}
    lacking = columns.difference(declared.table(file).columns)
    if lacking:
        raise upstream.Missing(
            f"{declared.where}: the file '{file}' at hand has no column '{min(lacking)}'; the task "
            f"needs the official file of release {declared.source.release}."
        )
    frame, note = declared.rows(file, gene_column, ids=ids, where=where)
    frame = frame.dropna(subset=[label])  # typed tables have gaps as such
    text = frame[label].astype(str).str.strip()
    if declared.task.kind != "regression":
        text = text.where(~text.isin(_GAPS), "")
    if keep:
        keep = keep if "(" in keep else f"({keep})"
        text = text.str.extract(keep, expand=False).fillna("")
    use = (text != "") & (frame.gene != "")
    if skip:
        use &= ~frame.gene.str.contains(skip, regex=True)
    names = frame.gene + "|" + frame[beside].astype(str) if beside else frame.gene
    rows = pd.DataFrame({"gene": names[use], "text": text[use]}).drop_duplicates()
    return rows.drop_duplicates("gene", keep=False).sort_values("gene"), note


def column(
    declared,
    *,
    label,
    min_class=0,
    positive=None,
    levels=None,
    log10=False,
    **rows,
):
    """Build a binary, multi-class or regression task of one column of a table.

    Parameters
    ----------
    declared : Declaration
    label : str
    min_class : int
        Classes with fewer genes are left out of a multi-class task.
    positive : str, optional
        The positive label of a binary task.
    levels : list of str, optional
        Of a regression: the labels in order, which become 0, 1, 2 …
    log10 : bool
        Of a regression: whether to take the logarithm.
    **rows
        Which rows: ``file``, ``gene_column``, and optionally ``where``, ``skip``, ``keep``, ``ids``
        and ``beside``, as in ``_labelled_rows``.

    Yields
    ------
    Labels
    """
    table, note = _labelled_rows(declared, label=label, **rows)
    genes, text = table.gene.to_numpy(str), table.text.to_numpy(str)
    if declared.task.kind == "regression":
        text = table.text.replace({name: str(i) for i, name in enumerate(levels or ())})
        y = numbers(text).to_numpy(float)
        yield Labels(genes, np.log10(y) if log10 else y, note=note)
    elif declared.task.kind == "binary":
        classes = sorted(set(text.tolist()), key=lambda name: (name == positive, name))
        yield Labels(genes, (text == positive).astype(np.int64), classes, note=note)
    else:
        yield multiclass(genes, text, min_class, note=note)


def tags(
    declared,
    *,
    label,
    separator,
    min_label,
    among=None,
    **rows,
):
    """Build a multi-label task of a column that lists several labels.

    Parameters
    ----------
    declared : Declaration
    label : str
    separator : str
        What joins its labels.
    min_label : int
        Labels with fewer genes are left out, and then genes without a label.
    among : dict, optional
        ``file``, ``column`` and ``where`` of another file of the source that lists the labels that
        are used; None: all.
    **rows
        As in ``column``.

    Yields
    ------
    Labels
    """
    table, note = _labelled_rows(declared, label=label, **rows)
    table = table.assign(text=table.text.str.split(separator, regex=False)).explode("text")
    table = table.assign(text=table.text.str.strip()).drop_duplicates()
    table = table[table.text != ""]
    if among:
        allowed = declared.table(among["file"], among.get("where"))[among["column"]]
        table = table[table.text.isin(allowed)]
    table = table[table.groupby("text").gene.transform("size") >= min_label]
    labels = pd.crosstab(table.gene, table.text)
    yield Labels(labels.index, labels.to_numpy(np.int64), labels.columns, note=note)


def pairs(declared, *, files, classes):
    """Build a task of gene pairs with a 0/1 label.

    Parameters
    ----------
    declared : Declaration
    files : list of [str, str]
        (pairs, labels) files of equal length.
    classes : list of str
        Names of the classes 0 and 1.

    Yields
    ------
    Labels
        Of the task; an entity is ``A|B`` as listed. Pairs that stand with both labels are dropped;
        a pair that is repeated with one label counts once.
    """
    parts = []
    for listed, marks in files:
        frame, label = declared.table(listed), declared.table(marks)["label"]
        if len(frame) != len(label):
            raise BadInput(
                f"{declared.where}: {len(frame)} pairs in '{listed}', {len(label)} labels in "
                f"'{marks}'; fetch both again."
            )
        frame = frame[["first", "second"]].apply(lambda column: column.str.strip())
        parts.append(frame.assign(pair=frame["first"] + "|" + frame["second"], label=label))
    frame = pd.concat(parts, ignore_index=True)
    genes = frame[["first", "second"]].to_numpy(str)
    sound = (declared.symbols(genes.ravel(), "symbol") != "").reshape(-1, 2).all(axis=1)
    frame = frame[sound].drop_duplicates().drop_duplicates("pair", keep=False)
    labels = (frame.label == "1").to_numpy(np.int64)
    yield Labels(frame.pair, labels, classes, note=left_out(genes.ravel()))


def membership(declared, *, other, classes, **rows):
    """Build a binary task of genes listed here against genes listed only in another file.

    Parameters
    ----------
    declared : Declaration
    other : dict
        ``source`` of the others, and which of its rows, as in ``rows``.
    classes : list of str
        Names of the negative and the positive class.
    **rows
        Where the positive genes are: ``file``, ``gene_column`` and optionally ``ids`` and
        ``where``, as in ``Declaration.rows``.

    Yields
    ------
    Labels
    """
    theirs = other.copy()
    source = pick(declared.sources, "source", theirs.pop("source"))
    parts = [declared.rows(**rows), replace(declared, source=source).rows(**theirs)]
    here, there = (frame.gene.to_numpy(str) for frame, _ in parts)
    entities = np.setdiff1d(np.union1d(here, there), ["", "-"])
    labels = np.isin(entities, here).astype(np.int64)
    note = " ".join(dict.fromkeys(note for _, note in parts if note))
    yield Labels(entities, labels, classes, note=note)


def divided(
    declared,
    *,
    file,
    names,
    holdout=None,
    part="split",
    ids="entrez",
):
    """Build a binary task of each term of a table that was published with its folds.

    Parameters
    ----------
    declared : Declaration
    file : str
        Table of the columns ``term``, ``entrez`` (the gene), ``label`` (0/1) and ``part``.
    names : dict
        ``file``, ``column`` and ``where`` of the terms' names, in the order of the terms; with
        ``id``, the column of the term that each is the name of.
    holdout : str, optional
        Another such table, of the genes that are tested; None: the part ``holdout`` is.
    part : str
        Column of the parts; the terms that only train are numbered in their order.
    ids : str
        How genes are named, as in ``Declaration.symbols``.

    Yields
    ------
    Labels
        Of each task, with ``folds``.

    Raises
    ------
    BadInput
        A gene of a term in two parts, or a term without a positive gene in the holdout.
    """
    frame = declared.table(file).rename(columns={part: "part"})
    if holdout:
        frame = pd.concat([frame, declared.table(holdout).assign(part="holdout")])
    listed = frame.entrez.unique()
    known = pd.Series(declared.symbols(listed, ids), index=listed)
    note = unresolved(known)
    frame = frame.assign(gene=frame.entrez.map(known))
    frame = frame[frame.gene != ""].drop_duplicates(["term", "gene", "label", "part"])
    twice = frame[frame.duplicated(["term", "gene"], keep=False)]
    if len(twice):
        one = twice.iloc[0]
        parts = twice.part[(twice.term == one.term) & (twice.gene == one.gene)]
        raise BadInput(
            f"{declared.where}: the gene {one.entrez} ({one.gene}) of '{one.term}' stands twice, "
            f"in {' and '.join(sorted(parts))}; leave it in one part with one label."
        )
    found = declared.table(names["file"], names.get("where"))
    terms = frame.term.unique()
    keys = found[names["id"]] if "id" in names else terms
    titles = dict(zip(keys, found[names["column"]].str.replace(r" \(\d+\)$", "", regex=True)))
    number = {p: -2 - i for i, p in enumerate(sorted(set(frame.part) - {"holdout"}))}
    for term, rows in frame.groupby("term", sort=False):
        labels = (rows.label == "1").to_numpy(np.int64)
        folds = rows.part.map({"holdout": 0, **number}).to_numpy()
        if not labels[folds == 0].any():
            raise BadInput(
                f"{declared.where}: '{term}' has no positive gene in its holdout, so it cannot be "
                "scored; leave the term out of the file."
            )
        title = titles[term]
        about = {"name": f"{declared.task.name}/{slug(term)}", "title": title, "note": note}
        about["description"] = declared.task.description.format(name=title, id=term)
        yield Labels(rows.gene.to_numpy(str), labels, ("absent", title), folds=folds, **about)


SHAPES: dict[str, Callable[..., Iterator[Labels]]] = {
    f.__name__: f
    for f in (
        *(branches, terms, contrast, count, column, tags, roots),
        *(sets, lists, pairs, links, membership, divided, top, specificity, tissues),
    )
}
"""Shape of a source → its builder, called with the declaration and the task's options."""
