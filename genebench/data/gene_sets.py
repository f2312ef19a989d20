"""Tasks from gene sets: terms of an ontology, pathways of a hierarchy, sets against sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from .labels import Declaration, Labels, left_out, slug


@dataclass(frozen=True, eq=False)
class _GeneSets:
    """Which gene is in which set: ``matrix`` is 0/1, shape (n_sets, n_genes)."""

    sets: np.ndarray
    genes: np.ndarray
    matrix: np.ndarray
    note: str

    def rows(self, ids) -> np.ndarray:
        """Mask of the sets with these ids, shape (n_sets,)."""
        return np.isin(self.sets, list(ids))


def _gene_sets(
    declared: Declaration,
    *,
    file: str,
    set_column: str,
    gene_column: str,
    ids: str = "symbol",
    where: dict[str, str] | None = None,
    at_least: int = 1,
) -> _GeneSets:
    """Read sets; those of fewer than ``at_least`` genes are left out, their genes stay."""
    frame = declared.table(file, where)
    listed = frame[gene_column].to_numpy(str)
    genes = declared.symbols(listed, ids)
    rows = pd.DataFrame({"set": frame[set_column].to_numpy(str), "gene": genes})
    rows = rows[~rows.gene.isin(("", "-"))].drop_duplicates()
    gene_of, genes = pd.factorize(rows.gene, sort=True)
    enough = (rows.groupby("set").gene.transform("size") >= at_least).to_numpy(bool)
    set_of, sets = pd.factorize(rows["set"][enough], sort=True)
    matrix = np.zeros((len(sets), len(genes)), dtype=np.uint8)
    matrix[set_of, gene_of[enough]] = 1
    return _GeneSets(sets.to_numpy(str), genes.to_numpy(str), matrix, left_out(listed))


def dates(declared: Declaration) -> pd.Series | None:
    """
    Find when each gene was first annotated.

    Parameters
    ----------
    declared
        The declaration of a task from gene sets.

    Returns
    -------
    Gene → earliest date (YYYYMMDD, int) among the rows that the tasks are built from. None where
    the source has no dates: of the formats that are read, annotations of the Gene Ontology (GAF)
    have them.

    Raises
    ------
    BadInput
        A date that is none.
    """
    options, files = declared.task.options.get("members", {}), declared.source.files
    if "file" not in options or files[options["file"]].format != "gaf":
        return None
    frame = declared.table(options["file"], options.get("where"))
    odd = frame[~frame.date.str.fullmatch(r"[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")]
    if len(odd):
        raise BadInput(
            f"source '{declared.source.id}', file '{options['file']}': an annotation of "
            f"{odd.symbol.iloc[0]} has the date '{odd.date.iloc[0]}', which is not one of the form "
            "YYYYMMDD; fetch the file again."
        )
    listed = frame[options["gene_column"]].to_numpy(str)
    return (
        frame.date.astype(int).groupby(declared.symbols(listed, options.get("ids", "symbol"))).min()
    )


def _below(terms: pd.DataFrame, root: str) -> dict[str, str]:
    """Every term under ``root`` (not the root itself) → its name."""
    children = terms.groupby("parent")["id"].agg(list).to_dict()
    names = dict(zip(terms["id"], terms["name"]))
    found: dict[str, str] = {}
    waiting = [root]
    while waiting:
        new = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found |= {child: names[child] for child in new}
        waiting += new
    return found


def branches(declared: Declaration, *, members: dict, ontology: str, root: str) -> Iterator[Labels]:
    """
    Build a multi-label task of the branches of an ontology.

    Parameters
    ----------
    declared
        The declaration of the task.
    members
        Which gene sets: ``file``, ``set_column``, ``gene_column``, and optionally ``ids`` (as in
        ``Declaration.symbols``), ``where`` (column → regular expression) and ``at_least`` (genes).
    ontology
        File of the terms.
    root
        Id of the term whose children are the labels.

    Yields
    ------
    For each gene annotated anywhere under ``root``, the children of ``root`` that it falls under.
    """
    collection, terms = _gene_sets(declared, **members), declared.table(ontology)
    under = collection.matrix[collection.rows(_below(terms, root))].any(axis=0)
    top = terms[(terms.parent == root) & terms.id.isin(collection.sets)].sort_values("name")
    labels = collection.matrix[np.searchsorted(collection.sets, top.id.to_numpy(str))][:, under].T
    yield Labels(collection.genes[under], labels.astype(np.int64), top.name, note=collection.note)


def roots(declared: Declaration, *, members: dict, relation: str, prefix: str) -> Iterator[Labels]:
    """
    Build a multi-label task of the top-level sets of a hierarchy.

    Parameters
    ----------
    declared
        The declaration of the task.
    members
        As in ``branches``; the names of sets are in the column ``name``.
    relation
        File of two columns, parent and child. A top-level set is a parent and no child.
    prefix
        Beginning of the ids of the sets that are used.

    Yields
    ------
    For each gene of a top-level set, those that it is in.
    """
    collection, frame = _gene_sets(declared, **members), declared.table(relation)
    top = collection.sets[collection.rows(set(frame.parent) - set(frame.child))]
    top = top[np.char.startswith(top, prefix)]
    title = _titles(declared, members, "name")
    labels = collection.matrix[collection.rows(top)].T
    some = labels.any(axis=1)
    names = [title[s] for s in top]
    yield Labels(collection.genes[some], labels[some].astype(np.int64), names, note=collection.note)


def _titles(declared: Declaration, members: dict, column: str) -> dict[str, str]:
    """Id of each set → its name."""
    frame = declared.table(members["file"]).drop_duplicates(members["set_column"])
    return dict(zip(frame[members["set_column"]], frame[column]))


def terms(
    declared: Declaration,
    *,
    members: dict,
    ontology: str,
    root: str,
    min_genes: int,
    merge_jaccard: float,
) -> Iterator[Labels]:
    """
    Build a binary task of each term of an ontology, over all genes annotated under a root.

    Parameters
    ----------
    declared
        The declaration of the tasks.
    members
        As in ``branches``.
    ontology
        File of the terms.
    root
        Id of the term under which the tasks lie.
    min_genes
        Fewest genes of a term, and as many outside it.
    merge_jaccard
        Jaccard index, (0, 1], from which terms are near-copies: the largest becomes a task, whose
        description names the others.

    Yields
    ------
    Labels of each task; classes are ``absent`` and the term's name.
    """
    collection = _gene_sets(declared, **members)
    titles = _below(declared.table(ontology), root)
    among = collection.rows(titles)
    genes = collection.matrix[among].any(axis=0)
    yield from _one_each(
        declared, collection, among, genes, titles, min_genes, merge_jaccard, titles
    )


def sets(
    declared: Declaration,
    *,
    members: dict,
    min_genes: int,
    names: str | None = None,
    prefix: str = "",
    relation: str | None = None,
    merge_jaccard: float | None = None,
) -> Iterator[Labels]:
    """
    Build a binary task of each gene set, against all other genes.

    Parameters
    ----------
    declared
        The declaration of the tasks.
    members
        As in ``branches``.
    min_genes
        Fewest genes of a set, and as many outside it.
    names
        Column of a set's name, which becomes the title; the task is named by the set's id, which
        stays when a set is renamed.
    prefix
        Beginning of the ids of the sets that are used.
    relation
        File of the columns parent and child that lists the sets that are used. With ``prefix`` or
        ``relation`` the genes are those of any set used, else those of the whole file.
    merge_jaccard
        As in ``terms``; None: near-copies are not merged.

    Yields
    ------
    Labels of each task; classes are ``absent`` and the set's name.
    """
    collection = _gene_sets(declared, **members)
    among = np.char.startswith(collection.sets, prefix)
    if relation:
        among &= collection.rows(
            declared.table(relation)[["parent", "child"]].to_numpy(str).ravel()
        )
    genes = np.full(len(collection.genes), True)
    if prefix or relation:
        genes = collection.matrix[among].any(axis=0)
    titles = _titles(declared, members, names or members["set_column"])
    ids = dict(zip(collection.sets, collection.sets))
    yield from _one_each(declared, collection, among, genes, titles, min_genes, merge_jaccard, ids)


def _one_each(
    declared: Declaration,
    collection: _GeneSets,
    among: np.ndarray,
    genes: np.ndarray,
    titles: dict[str, str],
    min_genes: int,
    merge_jaccard: float | None,
    named: dict[str, str],
) -> Iterator[Labels]:
    """A binary task of each of some sets (mask ``among``) on some genes (mask)."""
    ids, matrix = collection.sets[among], collection.matrix[among][:, genes]
    size = matrix.sum(axis=1, dtype=np.int64)
    enough = (size >= min_genes) & (matrix.shape[1] - size >= min_genes)
    ids, matrix = ids[enough], matrix[enough]
    copies = _copies(ids, matrix, merge_jaccard) if merge_jaccard else dict.fromkeys(ids, ())
    for i, name in enumerate(ids):
        if name not in copies:
            continue
        title = titles[name]
        merged = "; ".join(sorted(titles[copy] for copy in copies[name]))
        text = declared.task.description.format(name=title, id=name)
        yield Labels(
            collection.genes[genes],
            matrix[i].astype(np.int64),
            ("absent", title),
            name=f"{declared.task.name}/{slug(named[name])}",
            title=title,
            description=text + (f" Near-copies merged into it: {merged}." if merged else ""),
            note=collection.note,
        )


def _copies(ids: np.ndarray, matrix: np.ndarray, jaccard: float) -> dict[str, list[str]]:
    """Sets to use → their near-copies (Jaccard index of ``jaccard`` or more): the largest stays."""
    matrix = matrix.astype(np.float32)
    size = matrix.sum(axis=1, dtype=np.float64)
    shared = matrix @ matrix.T
    alike = shared / (size[:, None] + size[None] - shared) >= jaccard
    copies: dict[int, list[str]] = {}
    for i in np.lexsort((ids, -size)):
        twin = next((k for k in copies if alike[i, k]), i)
        copies.setdefault(twin, []).append(ids[i])
    return {twins[0]: twins[1:] for twins in copies.values()}


def contrast(
    declared: Declaration,
    *,
    members: dict,
    positive: list[str],
    negative: list[str],
    classes: list[str],
    both: str,
) -> Iterator[Labels]:
    """
    Build a binary task of some gene sets against others.

    Parameters
    ----------
    declared
        The declaration of the task.
    members
        As in ``branches``.
    positive, negative
        Ids of the sets whose genes are positive, and negative.
    classes
        Names of the negative and the positive class.
    both
        What becomes of a gene in both: ``drop`` it, or call it ``positive``.

    Yields
    ------
    Labels of the task.

    Raises
    ------
    BadInput
        Unknown set, or another choice for ``both``.
    """
    collection = _gene_sets(declared, **members)
    for name in (*positive, *negative):
        if name not in collection.sets:
            raise unknown("set", name, collection.sets, where=declared.where)
    yes, no = (collection.matrix[collection.rows(ids)].any(axis=0) for ids in (positive, negative))
    if both not in ("drop", "positive"):
        where = f"task '{declared.task.name}'"
        raise unknown("choice for 'both'", both, ("drop", "positive"), where=where)
    use = (yes ^ no) if both == "drop" else (yes | no)
    yield Labels(collection.genes[use], yes[use].astype(np.int64), classes, note=collection.note)
