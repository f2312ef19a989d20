"""Labels cut from a source by one builder per *shape* of source, never per data set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from . import genes as identifiers
from . import sources, specs
from .errors import BadInput, unknown
from .specs import SourceSpec, TaskSpec

VERSION = 1
"""Bump when a builder changes what labels it makes."""


@dataclass(frozen=True, eq=False)
class Labels:
    """What a builder gives: entities (n,), labels (n,) or (n, n_classes), class names; the entry's words if changed."""

    entities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] | np.ndarray | list[str] = ()
    name: str | None = None
    title: str | None = None
    description: str | None = None


def slug(text: str) -> str:
    """Lower case, words joined by hyphens: a name that fits a file, an address and a shell."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@dataclass(frozen=True)
class _Members:
    """Sets of genes as a sparse membership: which gene is in which set."""

    sets: np.ndarray
    genes: np.ndarray
    matrix: np.ndarray  # (n_sets, n_genes) 0/1


@lru_cache(maxsize=2)
def _members(source_id: str, file: str, set_column: str, gene_column: str) -> _Members:
    frame = sources.table(specs.source(source_id), file)
    set_of, sets = pd.factorize(frame[set_column], sort=True)
    gene_of, genes = pd.factorize(frame[gene_column], sort=True)
    sets, genes = sets.to_numpy(str), genes.to_numpy(str)
    matrix = np.zeros((len(sets), len(genes)), dtype=np.uint8)
    matrix[set_of, gene_of] = 1
    keep = ~np.isin(genes, ("", "-"))
    return _Members(sets, genes[keep], matrix[:, keep])


def _below(terms: pd.DataFrame, root: str) -> dict[str, str]:
    """Every term under ``root`` (not the root itself) → its name."""
    children = terms.groupby("parent")["id"].agg(list).to_dict()
    names = dict(zip(terms["id"], terms["name"]))
    found: dict[str, str] = {}
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found[child] = names[child]
                waiting.append(child)
    return found


def branches(source: SourceSpec, entry: TaskSpec, *, members: dict, ontology: str, root: str) -> Iterator[Labels]:
    """Multi-label: for each gene annotated anywhere under ``root``, the children of ``root`` that it falls under."""
    held, terms = _members(source.id, **members), sources.table(source, ontology)
    under = held.matrix[np.isin(held.sets, list(_below(terms, root)))].any(axis=0)
    top = terms[terms.parent == root].sort_values("name")
    row = {s: i for i, s in enumerate(held.sets)}
    present = top[top.id.isin(row)]
    labels = held.matrix[[row[i] for i in present.id]][:, under].T
    yield Labels(held.genes[under], labels.astype(np.int64), present.name)


def terms(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    members: dict,
    ontology: str,
    root: str,
    min_genes: int,
    merge_jaccard: float,
) -> Iterator[Labels]:
    """Binary tasks: one per term under ``root`` with ``min_genes`` or more genes (and as many without).

    Entities are all genes annotated under ``root``. Of terms whose gene sets are near-copies (Jaccard index of
    ``merge_jaccard`` or more) the largest is kept and the description names the others.
    """
    held = _members(source.id, **members)
    names = _below(sources.table(source, ontology), root)
    under = np.isin(held.sets, list(names))
    genes = held.matrix[under].any(axis=0)
    ids, matrix = held.sets[under], held.matrix[under][:, genes]
    size = matrix.sum(axis=1, dtype=np.int64)
    enough = (size >= min_genes) & (genes.sum() - size >= min_genes)
    ids, matrix, size = ids[enough], matrix[enough].astype(np.float32), size[enough]
    order = np.lexsort((ids, -size))
    shared = matrix @ matrix.T
    jaccard = shared / (size[:, None] + size[None] - shared)
    kept: list[int] = []
    copies: dict[int, list[str]] = {}
    for i in order:
        twin = next((k for k in kept if jaccard[i, k] >= merge_jaccard), None)
        if twin is None:
            kept.append(i)
        else:
            copies.setdefault(twin, []).append(names[ids[i]])
    for i in sorted(kept, key=lambda k: ids[k]):
        name = names[ids[i]]
        note = f" Near-copies merged into it: {'; '.join(sorted(copies[i]))}." if i in copies else ""
        yield Labels(
            held.genes[genes],
            matrix[i].astype(np.int64),
            ("absent", name),
            name=f"{entry.name}/{slug(name)}",
            title=name,
            description=f"{entry.description.format(name=name, id=ids[i])}{note}",
        )


def contrast(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    members: dict,
    positive: list[str],
    negative: list[str],
    classes: list[str],
    both: str,
) -> Iterator[Labels]:
    """Binary: genes of the ``positive`` sets against genes of the ``negative`` sets.

    ``both`` says what becomes of a gene in both: ``drop`` it, or call it ``positive``.
    """
    held = _members(source.id, **members)
    for name in (*positive, *negative):
        if name not in held.sets:
            raise unknown("set", name, held.sets, where=f"source '{source.id}', task '{entry.name}'")
    yes, no = (held.matrix[np.isin(held.sets, ids)].any(axis=0) for ids in (positive, negative))
    if both not in ("drop", "positive"):
        raise unknown("choice for 'both'", both, ("drop", "positive"), where=f"task '{entry.name}'")
    keep = (yes ^ no) if both == "drop" else (yes | no)
    yield Labels(held.genes[keep], yes[keep].astype(np.int64), classes)


def count(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, counted: str, prefix: str
) -> Iterator[Labels]:
    """Regression: log2 of the number of distinct values of ``counted`` that begin with ``prefix``, per gene."""
    frame = sources.table(source, file)
    frame = frame[frame[counted].str.startswith(prefix) & ~frame[gene_column].isin(("", "-"))]
    number = frame.groupby(gene_column)[counted].nunique()
    yield Labels(number.index, np.log2(number.to_numpy(float)), ())


@dataclass(frozen=True)
class _Rows:
    """Rows of a table that carry a label: gene, and the label's text; one row per gene."""

    genes: np.ndarray
    text: np.ndarray


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
) -> _Rows:
    """Read a label column: rows that match ``where`` (column → regular expression), non-empty, one row per gene.

    ``skip`` drops gene names that match it; ``keep`` replaces a label by the first group of its match and drops labels
    without a match; ``ids`` other than ``symbol`` are turned into symbols. A gene with two different labels is dropped.
    Raises: Missing: the column is not in the file at hand.
    """
    frame = sources.table(source, file)
    for name in (gene_column, label, *(where or {})):
        if name not in frame.columns:
            raise sources.Missing(
                f"source '{source.id}', task '{entry.name}': the file '{file}' at hand has no column '{name}'; the "
                f"task needs the official file of release {source.release}."
            )
    for name, pattern in (where or {}).items():
        frame = frame[frame[name].str.contains(pattern, regex=True)]
    text = frame[label].astype(str).str.strip()
    if keep:
        text = text.str.extract(f"({keep})", expand=False) if "(" not in keep else text.str.extract(keep, expand=False)
        text = text.fillna("")
    names = pd.Series(_symbols(frame[gene_column].to_numpy(str), ids), index=frame.index)
    use = (text != "") & (names != "")
    if skip:
        use &= ~names.str.contains(skip, regex=True)
    held = pd.DataFrame({"gene": names[use], "text": text[use]}).drop_duplicates()
    held = held[~held.gene.duplicated(keep=False)].sort_values("gene")
    return _Rows(held.gene.to_numpy(str), held.text.to_numpy(str))


def _symbols(names: np.ndarray, ids: str) -> np.ndarray:
    """Gene symbols of identifiers of a kind; empty where there is none or more than one."""
    return names if ids == "symbol" else identifiers.resolver().resolve(names, kind=ids).symbol


def column(
    source: SourceSpec, entry: TaskSpec, *, label: str, min_class: int = 0, positive: str | None = None, **rows
) -> Iterator[Labels]:
    """Binary, multi-class or regression: one column of a table; options ``rows`` as in ``_rows``.

    Classes with fewer than ``min_class`` genes are left out; of a binary task ``positive`` names the positive label.
    """
    held = _rows(source, entry, label=label, **rows)
    if entry.kind == "regression":
        values = pd.to_numeric(pd.Series(held.text), errors="coerce").to_numpy(float)
        if not np.isfinite(values).all():
            bad = held.text[~np.isfinite(values)][0]
            raise BadInput(
                f"source '{source.id}', task '{entry.name}': '{label}' holds '{bad}', no number; mend the file."
            )
        yield Labels(held.genes, values)
    elif entry.kind == "binary":
        found = sorted(set(held.text))
        if len(found) != 2 or positive not in found:
            raise BadInput(
                f"source '{source.id}', task '{entry.name}': '{label}' holds {found[:4]}; need two, one '{positive}'."
            )
        (negative,) = set(found) - {positive}
        yield Labels(held.genes, (held.text == positive).astype(np.int64), (negative, positive))
    else:
        yield _classes(source, entry, held.genes, held.text, min_class)


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
        raise BadInput(f"source '{source.id}', task '{entry.name}': fewer than two labels of {min_label} genes.")
    at = {name: i for i, name in enumerate(names)}
    labels = np.zeros((len(sets), len(names)), dtype=np.int64)
    for row, s in enumerate(sets):
        labels[row, [at[tag] for tag in s if tag in at]] = 1
    some = labels.any(axis=1)
    yield Labels(held.genes[some], labels[some], names)


def roots(source: SourceSpec, entry: TaskSpec, *, members: dict, relation: str, prefix: str) -> Iterator[Labels]:
    """Multi-label: the top-level sets of a hierarchy (parent to some, child of none) whose id begins with ``prefix``.

    ``relation`` names a file of two columns, parent and child.
    """
    held = _members(source.id, **members)
    frame = sources.table(source, relation)
    top = sorted({p for p in set(frame.parent) - set(frame.child) if p.startswith(prefix)} & set(held.sets))
    names = sources.table(source, members["file"]).drop_duplicates(members["set_column"])
    title = dict(zip(names[members["set_column"]], names["name"]))
    labels = held.matrix[[int(np.searchsorted(held.sets, s)) for s in top]].T
    some = labels.any(axis=1)
    yield Labels(held.genes[some], labels[some].astype(np.int64), [title[s] for s in top])


def sets(
    source: SourceSpec, entry: TaskSpec, *, members: dict, min_genes: int, names: str | None = None, prefix: str = ""
) -> Iterator[Labels]:
    """Binary tasks: one per set of ``min_genes`` or more genes (and as many outside), against all other genes."""
    held = _members(source.id, **members)
    frame = sources.table(source, members["file"]).drop_duplicates(members["set_column"])
    title = dict(zip(frame[members["set_column"]], frame[names or members["set_column"]]))
    size = held.matrix.sum(axis=1, dtype=np.int64)
    for row in np.flatnonzero((size >= min_genes) & (len(held.genes) - size >= min_genes)):
        if held.sets[row].startswith(prefix):
            name = title[held.sets[row]]
            yield Labels(
                held.genes,
                held.matrix[row].astype(np.int64),
                ("absent", name),
                name=f"{entry.name}/{slug(name + '-' + held.sets[row])}",
                title=name,
                description=entry.description.format(name=name, id=held.sets[row]),
            )


def lists(
    source: SourceSpec, entry: TaskSpec, *, file: str, positive: str, negative: str, ids: str
) -> Iterator[Labels]:
    """Binary: the genes of one list against those of another; a gene in both, or without a symbol, is left out."""
    frame = sources.table(source, file)
    missing = {positive, negative} - set(frame["set"])
    if missing:
        raise unknown("list", missing.pop(), frame["set"].unique(), where=f"source '{source.id}', task '{entry.name}'")
    frame = frame.assign(symbol=_symbols(frame["gene"].to_numpy(str), ids))
    yes, no = (set(frame[frame["set"] == name].symbol) - {""} for name in (positive, negative))
    entities = sorted(yes ^ no)
    yield Labels(entities, np.array([g in yes for g in entities], dtype=np.int64), (negative, positive))


def pairs(source: SourceSpec, entry: TaskSpec, *, files: list[list[str]], classes: list[str]) -> Iterator[Labels]:
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
        parts.append(pd.DataFrame({"pair": frame["first"] + "|" + frame["second"], "label": label}))
    held = pd.concat(parts, ignore_index=True).drop_duplicates()
    held = held[~held.pair.duplicated(keep=False)]
    yield Labels(held.pair.to_numpy(str), (held.label == "1").to_numpy(np.int64), classes)


def _classes(source: SourceSpec, entry: TaskSpec, entities, labels, min_class: int) -> Labels:
    names, code, number = np.unique(labels, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(number >= min_class)
    if len(kept) < 2:
        raise BadInput(f"source '{source.id}', task '{entry.name}': fewer than two classes of {min_class} genes.")
    inside = np.isin(code, kept)
    return Labels(np.asarray(entities)[inside], np.searchsorted(kept, code[inside]), names[kept])


def membership(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, other: dict, classes: list[str]
) -> Iterator[Labels]:
    """Binary: genes listed here (positive) against genes listed only in another source (negative)."""
    mine = set(sources.table(source, file)[gene_column])
    theirs = set(sources.table(specs.source(other["source"]), other["file"])[other["gene_column"]]) - {"", "-"}
    entities = sorted(mine | theirs)
    yield Labels(entities, np.array([g in mine for g in entities], dtype=np.int64), classes)


def _profile(source: SourceSpec, file: str, clusters: dict[str, str]) -> pd.DataFrame:
    """Mean expression per cell type, genes × types, on the linear scale; ``clusters`` joins cluster labels to types."""
    frame = sources.table(source, file)
    label = pd.Index(frame.columns.str.rsplit("|", n=1).str[0])
    strange = sorted(set(label) - set(clusters))
    if strange:
        raise unknown("cluster", strange[0], clusters, where=f"source '{source.id}'")
    return np.expm1(frame).T.groupby(label.map(clusters).to_numpy()).mean().T.sort_index(axis=1)


def top(source: SourceSpec, entry: TaskSpec, *, file: str, clusters: dict, min_class: int) -> Iterator[Labels]:
    """Multi-class: the cell type with the highest mean expression of the gene."""
    profile = _profile(source, file, clusters)
    yield _classes(source, entry, profile.index.to_numpy(str), profile.idxmax(axis=1).to_numpy(str), min_class)


def specificity(
    source: SourceSpec, entry: TaskSpec, *, file: str, clusters: dict, detection: float, fold: float, min_class: int
) -> Iterator[Labels]:
    """Multi-class: specificity category by the rule of the Human Protein Atlas (Uhlén et al. 2015)."""
    profile = _profile(source, file, clusters)
    labels = specificity_category(profile.to_numpy(), detection=detection, fold=fold)
    yield _classes(source, entry, profile.index.to_numpy(str), labels, min_class)


def specificity_category(profile: np.ndarray, *, detection: float, fold: float = 4.0) -> np.ndarray:
    """Category of each gene from its mean expression per type, (n_genes, n_types) → (n_genes,) names.

    With the types sorted by expression: *not detected* (highest below ``detection``), *enriched* (highest at least
    ``fold`` times the second), *group enriched* (mean of 2 to 5 types, at most half of them, at least ``fold`` times
    the next), *enhanced* (highest at least ``fold`` times the mean of all others), else *low specificity*.
    Source: Human Protein Atlas, "Transcriptomics: specificity classification" (Uhlén et al. 2015).
    """
    down = -np.sort(-profile, axis=1)
    n = down.shape[1]
    mean_top = np.cumsum(down, axis=1) / np.arange(1, n + 1)
    groups = [mean_top[:, k - 1] >= fold * down[:, k] for k in range(2, min(5, n // 2) + 1)]
    rules = [
        ("not detected", down[:, 0] < detection),
        ("enriched", down[:, 0] >= fold * down[:, 1]),
        ("group enriched", np.any(groups, axis=0)),
        ("enhanced", down[:, 0] >= fold * down[:, 1:].mean(axis=1)),
    ]
    return np.select([hit for _, hit in rules], [name for name, _ in rules], default="low specificity")


SHAPES: dict[str, Callable[..., Iterator[Labels]]] = {
    f.__name__: f
    for f in (branches, terms, contrast, count, column, tags, roots, sets, lists, pairs, membership, top, specificity)
}
