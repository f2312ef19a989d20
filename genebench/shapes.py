"""Labels cut from a source by one builder per *shape* of source, never per data set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

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


def column(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, label: str, min_class: int = 0
) -> Iterator[Labels]:
    """Multi-class or regression: one column of a table with one row per gene.

    Empty labels are left out, and so are classes with fewer than ``min_class`` genes.
    """
    frame = sources.table(source, file)
    frame = frame[frame[label].astype(str) != ""]
    if entry.kind == "regression":
        values = frame[label].to_numpy(float)
        if not np.isfinite(values).all():
            raise BadInput(f"source '{source.id}', task '{entry.name}': '{label}' holds NaN or inf; mend the file.")
        yield Labels(frame[gene_column], values, ())
        return
    yield _classes(source, entry, frame[gene_column].to_numpy(str), frame[label].to_numpy(str), min_class)


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
    f.__name__: f for f in (branches, terms, contrast, count, column, membership, top, specificity)
}
