"""Labels from a source: one builder per layout of a file, never per data set."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.errors import BadInput, pick
from ..labels import left_out
from ..readers import numbers
from .expression import specificity, tissues, top
from .gene_pairs import links
from .gene_sets import branches, contrast, lists, roots, sets, terms

VERSION = 2
"""Bump when a builder changes what labels it makes."""

GAPS = ("NaN", "nan", "NA", "N/A")
"""How programs write a value that is not there; no name of a class."""


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
    Task
        log2 of the number, per gene.
    """
    frame, note = declared.rows(file, gene_column)
    frame = frame[frame[counted].str.startswith(prefix) & ~frame.gene.isin(("", "-"))]
    number = np.log2(frame.groupby("gene")[counted].nunique())
    yield declared.make(number.index, number, note=note)


def _labelled_rows(declared, *, label, skip=None, keep=None, beside=None, **rows):
    """Columns ``gene`` and ``text`` (the label), a row a gene, and a note on what is left out.

    ``rows`` are as in ``Declaration.rows``; those with an empty label do not count. ``skip`` (a
    regular expression) drops gene names that match it; ``keep`` replaces a label by the group of
    its match and drops labels without a match. With ``beside``, the column of what a gene is paired
    with (a disease), an entity is ``gene|other``. An entity with two different labels is dropped.
    """
    frame, note = declared.rows(**rows, columns=filter(None, [label, beside]))
    frame = frame.dropna(subset=[label])  # typed tables have gaps as such
    text = frame[label].astype(str).str.strip()
    if declared.task.kind != "regression":
        text = text.where(~text.isin(GAPS), "")
    if keep:
        text = text.str.extract(keep, expand=False).fillna("")
    use = (text != "") & (frame.gene != "")
    if skip:
        use &= ~frame.gene.str.contains(skip, regex=True)
    names = frame.gene + "|" + frame[beside].astype(str) if beside else frame.gene
    rows = pd.DataFrame({"gene": names[use], "text": text[use]}).drop_duplicates()
    return rows.drop_duplicates("gene", keep=False).sort_values("gene"), note


def column(declared, *, label, min_class=0, positive=None, levels=(), log10=False, **rows):
    """Build a binary, multi-class or regression task of one column of a table.

    Parameters
    ----------
    declared : Declaration
    label : str
    min_class : int
        Classes with fewer genes are left out of a multi-class task.
    positive : str, optional
        The positive label of a binary task.
    levels : list of str
        Of a regression: the labels in order, which become 0, 1, 2 …
    log10 : bool
        Of a regression: whether to take the logarithm.
    **rows
        Which rows: ``file``, ``gene_column``, and optionally ``where`` and ``ids`` as in
        ``Declaration.rows``, ``skip``, ``keep`` and ``beside`` as in ``_labelled_rows``.

    Yields
    ------
    Task
    """
    table, note = _labelled_rows(declared, label=label, **rows)
    genes, text = table.gene.to_numpy(str), table.text.to_numpy(str)
    if declared.task.kind == "regression":
        y = numbers(table.text.replace({n: str(i) for i, n in enumerate(levels)})).to_numpy(float)
        yield declared.make(genes, np.log10(y) if log10 else y, note=note)
    elif declared.task.kind == "binary":
        classes = sorted(set(text.tolist()), key=lambda name: (name == positive, name))
        yield declared.make(genes, text == positive, classes, note=note)
    else:
        yield declared.multiclass(genes, text, min_class, note=note)


def tags(declared, *, label, separator, min_label, among=None, **rows):
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
    Task
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
    yield declared.make(labels.index, labels, labels.columns, note=note)


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
    Task
        An entity is ``A|B`` as listed. Pairs that stand with both labels are dropped; a pair that
        is repeated with one label counts once.
    """
    parts = []
    for listed, marks in files:
        frame, label = declared.table(listed)[["first", "second"]], declared.table(marks)["label"]
        if len(frame) != len(label):
            raise BadInput(
                f"{declared.where}: {len(frame)} pairs in '{listed}', {len(label)} labels in "
                f"'{marks}'; fetch both again."
            )
        parts.append(frame.assign(label=label))
    frame = pd.concat(parts, ignore_index=True)
    genes = np.char.strip(frame[["first", "second"]].to_numpy(str))
    sound = (declared.symbols(genes.ravel(), "symbol") != "").reshape(-1, 2).all(axis=1)
    frame = frame.assign(pair=list(map("|".join, genes)))[["pair", "label"]]
    frame = frame[sound].drop_duplicates().drop_duplicates("pair", keep=False)
    yield declared.make(frame.pair, frame.label == "1", classes, note=left_out(genes.ravel()))


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
    Task
    """
    theirs = other.copy()
    source = pick(declared.sources, "source", theirs.pop("source"))
    parts = [declared.rows(**rows), replace(declared, source=source).rows(**theirs)]
    here, there = (frame.gene.to_numpy(str) for frame, _ in parts)
    entities = np.setdiff1d(np.union1d(here, there), ["", "-"])
    note = " ".join(dict.fromkeys(note for _, note in parts if note))
    yield declared.make(entities, np.isin(entities, here), classes, note=note)


def divided(declared, *, file, names, ids, holdout=None, part="split"):
    """Build a binary task of each term of a table that was published with its folds.

    Parameters
    ----------
    declared : Declaration
    file : str
        Table of the columns ``term``, ``entrez`` (the gene), ``label`` (0/1) and ``part``.
    names : dict
        ``file``, ``column`` and ``where`` of the terms' names, in the order of the terms; with
        ``id``, the column of the term that each is the name of.
    ids : str
        How genes are named, as in ``Declaration.symbols``.
    holdout : str, optional
        Another such table, of the genes that are tested; None: the part ``holdout`` is.
    part : str
        Column of the parts; the terms that only train are numbered in their order.

    Yields
    ------
    Task
        With ``folds``.

    Raises
    ------
    BadInput
        A gene of a term in two parts, or a term without a positive gene in the holdout.
    """
    frame = declared.table(file).rename(columns={part: "part"})
    if holdout:
        frame = pd.concat([frame, declared.table(holdout).assign(part="holdout")])
    symbols, note = declared.known(frame.entrez.to_numpy(str), ids)
    frame = frame.assign(gene=symbols)[symbols != ""]
    frame = frame.drop_duplicates(["term", "gene", "label", "part"])
    twice = frame[frame.duplicated(["term", "gene"])]
    for entrez, gene, term in twice[["entrez", "gene", "term"]].to_numpy():
        raise BadInput(
            f"{declared.where}: the gene {entrez} ({gene}) of '{term}' is listed twice, in "
            "different parts or with different labels; leave it in one part with one label."
        )
    found = declared.table(names["file"], names.get("where"))
    keys = found[names["id"]] if "id" in names else frame.term.unique()
    titles = dict(zip(keys, found[names["column"]].str.replace(r" \(\d+\)$", "", regex=True)))
    trained = sorted(set(frame.part) - {"holdout"})
    fold = {"holdout": 0} | {name: -2 - number for number, name in enumerate(trained)}
    for term, rows in frame.groupby("term", sort=False):
        labels, folds = rows.label == "1", rows.part.map(fold)
        if not labels[folds == 0].any():
            raise BadInput(
                f"{declared.where}: '{term}' has no positive gene in its holdout, so it cannot be "
                "scored; leave the term out of the file."
            )
        yield declared.make_term(rows.gene, labels, titles[term], term, note=note, folds=folds)


BUILDERS = {
    f.__name__: f
    for f in (
        *(branches, terms, contrast, count, column, tags, roots),
        *(sets, lists, pairs, links, membership, divided, top, specificity, tissues),
    )
}
"""Shape of a source → its builder, called with the declaration and the task's options."""
