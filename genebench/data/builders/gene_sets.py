"""Tasks from gene sets: terms of an ontology, pathways of a hierarchy, sets against sets."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.errors import BadInput, check
from ..labels import slug


def _gene_sets(declared, *, set_column, at_least=1, **rows):
    """Which gene is in which set (0/1, sets × genes), and the note on what is left out.

    ``rows`` are as in ``Declaration.rows``. Sets of fewer than ``at_least`` genes are left out,
    their genes stay.
    """
    frame, note = declared.rows(**rows)
    rows = frame[[set_column, "gene"]].set_axis(["set", "gene"], axis=1).astype(str)
    rows = rows[~rows.gene.isin(("", "-"))].drop_duplicates()
    gene_of, genes = pd.factorize(rows.gene, sort=True)
    enough = (rows.groupby("set").gene.transform("size") >= at_least).to_numpy(bool)
    set_of, sets = pd.factorize(rows["set"][enough], sort=True)
    matrix = np.zeros((len(sets), len(genes)), dtype=np.uint8)
    matrix[set_of, gene_of[enough]] = 1
    return pd.DataFrame(matrix, index=sets, columns=genes), note


def dates(declared):
    """Find when each gene was first annotated.

    Parameters
    ----------
    declared : Declaration
        The declaration of a task from gene sets.

    Returns
    -------
    Series of int, or None
        Gene → earliest date (YYYYMMDD) among the rows that the tasks are built from. None where
        the source has no dates: of the formats that are read, annotations of the Gene Ontology
        (GAF) have them.
    """
    options = declared.task.options.get("members", {})
    file = declared.source.files.get(options.get("file"))
    if file is None or file.format != "gaf":
        return None
    of_sets = ("set_column", "at_least")
    frame, _ = declared.rows(**{k: v for k, v in options.items() if k not in of_sets})
    odd = frame[~frame.date.str.fullmatch(r"[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")]
    if len(odd):
        raise BadInput(
            f"source '{declared.source.id}': an annotation of {odd.symbol.iloc[0]} has the date "
            f"'{odd.date.iloc[0]}', which is not one of the form YYYYMMDD; fetch the file again."
        )
    return frame.date.astype(int).groupby(frame.gene.to_numpy(str)).min()


def _below(terms, root):
    """Every term under ``root`` (not the root itself) → its name."""
    below = set()
    while (more := set(terms.id[terms.parent.isin({root, *below})])) != below:
        below = more
    found = terms[terms.id.isin(below)]
    return dict(zip(found.id, found["name"]))


def branches(declared, *, members, ontology, root):
    """Build a multi-label task of the branches of an ontology.

    Parameters
    ----------
    declared : Declaration
    members : dict
        Which gene sets: ``file``, ``set_column``, ``gene_column``, and optionally ``ids`` (as in
        ``Declaration.symbols``), ``where`` (column → regular expression) and ``at_least`` (genes).
    ontology : str
        File of the terms.
    root : str
        Id of the term whose children are the labels.

    Yields
    ------
    Task
        For each gene annotated anywhere under ``root``, the children of ``root`` that it is under.
    """
    (collection, note), terms = _gene_sets(declared, **members), declared.table(ontology)
    collection = collection[collection.index.isin(_below(terms, root))]
    top = terms[(terms.parent == root) & terms.id.isin(collection.index)].sort_values("name")
    labels = collection.loc[top.id, collection.any()].T
    yield declared.make(labels.index, labels, top.name, note=note)


def roots(declared, *, members, relation, prefix):
    """Build a multi-label task of the top-level sets of a hierarchy.

    Parameters
    ----------
    declared : Declaration
    members : dict
        As in ``branches``; the names of sets are in the column ``name``.
    relation : str
        File of two columns, parent and child. A top-level set is a parent and no child.
    prefix : str
        Beginning of the ids of the sets that are used.

    Yields
    ------
    Task
        For each gene of a top-level set, those that it is in.
    """
    (collection, note), frame = _gene_sets(declared, **members), declared.table(relation)
    top = collection.index.isin(set(frame.parent) - set(frame.child))
    labels = collection[top & collection.index.str.startswith(prefix)].T
    labels, title = labels[labels.any(axis=1)], _titles(declared, members, "name")
    names = [title[s] for s in labels]
    yield declared.make(labels.index, labels, names, note=note)


def _titles(declared, members, column):
    """Id of each set → its name."""
    frame = declared.table(members["file"]).drop_duplicates(members["set_column"])
    return dict(zip(frame[members["set_column"]], frame[column]))


def terms(declared, *, members, ontology, root, min_genes, merge_jaccard):
    """Build a binary task of each term of an ontology, over all genes annotated under a root.

    Parameters
    ----------
    declared : Declaration
    members : dict
        As in ``branches``.
    ontology : str
        File of the terms.
    root : str
        Id of the term under which the tasks lie.
    min_genes : int
        Fewest genes of a term, and as many outside it.
    merge_jaccard : float
        Jaccard index, (0, 1], from which terms are near-copies: the largest becomes a task, whose
        description names the others.

    Yields
    ------
    Task
        Classes are ``absent`` and the term's name.
    """
    collection, note = _gene_sets(declared, **members)
    titles = _below(declared.table(ontology), root)
    collection = collection[collection.index.isin(titles)]
    collection = collection.loc[:, collection.any()]
    for task in _one_each(declared, collection, note, titles, min_genes, merge_jaccard):
        yield replace(task, name=f"{declared.task.name}/{slug(task.title)}")


def sets(
    declared,
    *,
    members,
    min_genes,
    names=None,
    prefix="",
    relation=None,
    merge_jaccard=np.inf,
):
    """Build a binary task of each gene set, against all other genes.

    Parameters
    ----------
    declared : Declaration
    members : dict
        As in ``branches``.
    min_genes : int
        Fewest genes of a set, and as many outside it.
    names : str, optional
        Column of a set's name, which becomes the title; the task is named by the set's id, which
        stays when a set is renamed.
    prefix : str
        Beginning of the ids of the sets that are used.
    relation : str, optional
        File of the columns parent and child that lists the sets that are used. With ``prefix`` or
        ``relation`` the genes are those of any set used, else those of the whole file.
    merge_jaccard : float
        As in ``terms``; inf: near-copies are not merged.

    Yields
    ------
    Task
        Classes are ``absent`` and the set's name.
    """
    collection, note = _gene_sets(declared, **members)
    used = collection.index.str.startswith(prefix)
    if relation:
        listed = declared.table(relation)[["parent", "child"]].to_numpy(str)
        used &= collection.index.isin(listed.ravel())
    collection = collection[used]
    if prefix or relation:
        collection = collection.loc[:, collection.any()]
    titles = _titles(declared, members, names or members["set_column"])
    yield from _one_each(declared, collection, note, titles, min_genes, merge_jaccard)


def _one_each(declared, collection, note, titles, min_genes, merge_jaccard):
    """A binary task of each set that has, and lacks, enough of the genes, named by its id."""
    size = collection.sum(axis=1)
    collection = collection[(size >= min_genes) & (collection.shape[1] - size >= min_genes)]
    copies = _copies(collection, merge_jaccard)
    for id in collection.index[collection.index.isin(copies)]:
        merged = "; ".join(sorted(titles[copy] for copy in copies[id]))
        words = [f"Near-copies merged into it: {merged}."] * bool(merged) + [note] * bool(note)
        labels = collection.loc[id]
        yield declared.make_term(labels.index, labels, titles[id], id, note=" ".join(words))


def _copies(collection, jaccard):
    """Sets to use → their near-copies (Jaccard index of ``jaccard`` or more): the largest stays."""
    ids, matrix = collection.index, collection.to_numpy(np.float32)
    size = matrix.sum(axis=1, dtype=np.float64)
    shared = matrix @ matrix.T
    alike = shared / (size[:, None] + size[None] - shared) >= jaccard
    copies = {}
    for i in np.lexsort((ids, -size)):
        twin = next((k for k in copies if alike[i, k]), i)
        copies.setdefault(twin, []).append(ids[i])
    return {twins[0]: twins[1:] for twins in copies.values()}


def contrast(declared, *, members, positive, negative, classes, both):
    """Build a binary task of some gene sets against others.

    Parameters
    ----------
    declared : Declaration
    members : dict
        As in ``branches``.
    positive, negative : list of str
        Ids of the sets whose genes are positive, and negative.
    classes : list of str
        Names of the negative and the positive class.
    both : {"drop", "positive"}
        What becomes of a gene in both.

    Yields
    ------
    Task
    """
    collection, note = _gene_sets(declared, **members)
    check(("drop", "positive"), "choice for 'both'", both, where=declared.where)
    yes, no = (collection.loc[ids].any() for ids in (positive, negative))
    use = (yes ^ no) if both == "drop" else (yes | no)
    yield declared.make(yes.index[use], yes[use], classes, note=note)


def lists(declared, *, file, positive, negative, ids):
    """Build a binary task of the genes of one list against those of another.

    Parameters
    ----------
    declared : Declaration
    file : str
        File of lists.
    positive, negative : str
        Names of the two lists. A gene in both, or without a symbol, is left out.
    ids : str
        How genes are named, as in ``Declaration.symbols``.

    Yields
    ------
    Task
    """
    members = {"file": file, "set_column": "set", "gene_column": "gene", "ids": ids}
    sides = {"positive": [positive], "negative": [negative], "classes": [negative, positive]}
    return contrast(declared, members=members, both="drop", **sides)
