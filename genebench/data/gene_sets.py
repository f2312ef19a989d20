"""Tasks from sets of genes: terms of an ontology, pathways of a hierarchy, sets against sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from ..core import specs
from ..core.errors import BadInput, unknown
from ..core.specs import SourceSpec, TaskSpec
from . import sources
from .labels import Labels, left_out, slug, symbols


@dataclass(frozen=True, eq=False)
class _Members:
    """Sets of genes: which gene is in which set."""

    sets: np.ndarray
    genes: np.ndarray
    matrix: np.ndarray  # (n_sets, n_genes) 0/1
    note: str


def _members(source_id: str, *, where: dict[str, str] | None = None, **options) -> _Members:
    """The sets of a file: ``file``, ``set_column``, ``gene_column``; more options as in ``_read_members``."""
    return _read_members(source_id, where=tuple(sorted((where or {}).items())), **options)


@lru_cache(maxsize=2)
def _read_members(
    source_id: str,
    *,
    file: str,
    set_column: str,
    gene_column: str,
    ids: str = "symbol",
    where: tuple[tuple[str, str], ...] = (),
    at_least: int = 1,
) -> _Members:
    """Rows whose columns match ``where`` (regular expressions), genes named as ``labels.symbols`` does by ``ids``.

    Sets of fewer than ``at_least`` genes are left out, their genes stay.
    """
    frame = _rows(source_id, file, where)
    listed = frame[gene_column].to_numpy(str)
    held = pd.DataFrame({"set": frame[set_column].to_numpy(str), "gene": symbols(listed, ids)})
    held = held[~held.gene.isin(("", "-"))].drop_duplicates()
    gene_of, genes = pd.factorize(held.gene, sort=True)
    enough = (held.groupby("set").gene.transform("size") >= at_least).to_numpy(bool)
    set_of, sets = pd.factorize(held["set"][enough], sort=True)
    matrix = np.zeros((len(sets), len(genes)), dtype=np.uint8)
    matrix[set_of, gene_of[enough]] = 1
    return _Members(sets.to_numpy(str), genes.to_numpy(str), matrix, left_out(listed))


def _rows(source_id: str, file: str, where: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The rows of a file whose columns match regular expressions."""
    frame = sources.table(specs.source(source_id), file)
    for name, pattern in where:
        frame = frame[frame[name].str.contains(pattern, regex=True)]
    return frame


def dates(source: SourceSpec, entry: TaskSpec) -> pd.Series | None:
    """The earliest date (YYYYMMDD, int) of each gene's annotations among the rows that an entry's tasks are cut from.

    None where the source has no dates: of the formats that are read, annotations of the Gene Ontology (GAF) have them.
    Raises: BadInput: a date that is none.
    """
    options = entry.options.get("members", {})
    if "file" not in options or source.files[options["file"]].format != "gaf":
        return None
    frame = _rows(source.id, options["file"], options.get("where", {}).items())
    odd = frame[~frame.date.str.fullmatch(r"[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")]
    if len(odd):
        raise BadInput(
            f"source '{source.id}', file '{options['file']}': an annotation of {odd.symbol.iloc[0]} has the date "
            f"'{odd.date.iloc[0]}', which is not one of the form YYYYMMDD; fetch the file again."
        )
    names = symbols(frame[options["gene_column"]].to_numpy(str), options.get("ids", "symbol"))
    return frame.date.astype(int).groupby(names).min()


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


def branches(
    source: SourceSpec, entry: TaskSpec, *, members: dict, ontology: str, root: str
) -> Iterator[Labels]:
    """Multi-label: for each gene annotated anywhere under ``root``, the children of ``root`` that it falls under."""
    held, terms = _members(source.id, **members), sources.table(source, ontology)
    under = held.matrix[np.isin(held.sets, list(_below(terms, root)))].any(axis=0)
    top = terms[terms.parent == root].sort_values("name")
    row = {s: i for i, s in enumerate(held.sets)}
    present = top[top.id.isin(row)]
    labels = held.matrix[[row[i] for i in present.id]][:, under].T
    yield Labels(held.genes[under], labels.astype(np.int64), present.name, note=held.note)


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
    enough = _enough(matrix, min_genes)
    ids, matrix = ids[enough], matrix[enough]
    copies = _copies(ids, matrix, merge_jaccard)
    for i in sorted(copies, key=lambda k: ids[k]):
        name = names[ids[i]]
        yield Labels(
            held.genes[genes],
            matrix[i].astype(np.int64),
            ("absent", name),
            name=f"{entry.name}/{slug(name)}",
            title=name,
            description=entry.description.format(name=name, id=ids[i])
            + _merged(names[ids[k]] for k in copies[i]),
            note=held.note,
        )


def _enough(matrix: np.ndarray, least: int) -> np.ndarray:
    """Which sets (rows) have ``least`` genes or more, and as many outside, ``(n_sets,)``."""
    size = matrix.sum(axis=1, dtype=np.int64)
    return (size >= least) & (matrix.shape[1] - size >= least)


def _copies(ids: np.ndarray, matrix: np.ndarray, jaccard: float) -> dict[int, list[int]]:
    """The sets to keep → their near-copies (Jaccard index of ``jaccard`` or more), of which the largest is kept."""
    matrix = matrix.astype(np.float32)
    size = matrix.sum(axis=1, dtype=np.float64)
    shared = matrix @ matrix.T
    alike = shared / (size[:, None] + size[None] - shared)
    copies: dict[int, list[int]] = {}
    for i in np.lexsort((ids, -size)):
        twin = next((k for k in copies if alike[i, k] >= jaccard), None)
        if twin is None:
            copies[i] = []
        else:
            copies[twin].append(i)
    return copies


def _merged(names: Iterable[str]) -> str:
    """What a description says of the near-copies of its set."""
    listed = "; ".join(sorted(names))
    return f" Near-copies merged into it: {listed}." if listed else ""


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
            raise unknown(
                "set", name, held.sets, where=f"source '{source.id}', task '{entry.name}'"
            )
    yes, no = (held.matrix[np.isin(held.sets, ids)].any(axis=0) for ids in (positive, negative))
    if both not in ("drop", "positive"):
        raise unknown("choice for 'both'", both, ("drop", "positive"), where=f"task '{entry.name}'")
    keep = (yes ^ no) if both == "drop" else (yes | no)
    yield Labels(held.genes[keep], yes[keep].astype(np.int64), classes, note=held.note)


def roots(
    source: SourceSpec, entry: TaskSpec, *, members: dict, relation: str, prefix: str
) -> Iterator[Labels]:
    """Multi-label: the top-level sets of a hierarchy (parent to some, child of none) whose id begins with ``prefix``.

    ``relation`` names a file of two columns, parent and child.
    """
    held = _members(source.id, **members)
    frame = sources.table(source, relation)
    top = sorted(
        {p for p in set(frame.parent) - set(frame.child) if p.startswith(prefix)} & set(held.sets)
    )
    names = sources.table(source, members["file"]).drop_duplicates(members["set_column"])
    title = dict(zip(names[members["set_column"]], names["name"]))
    labels = held.matrix[[int(np.searchsorted(held.sets, s)) for s in top]].T
    some = labels.any(axis=1)
    yield Labels(
        held.genes[some], labels[some].astype(np.int64), [title[s] for s in top], note=held.note
    )


def sets(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    members: dict,
    min_genes: int,
    names: str | None = None,
    prefix: str = "",
    relation: str | None = None,
    merge_jaccard: float | None = None,
) -> Iterator[Labels]:
    """Binary tasks: one per set of ``min_genes`` or more genes (and as many outside), against all other genes.

    Only sets whose id begins with ``prefix`` and, where ``relation`` names a file of the columns parent and child, that
    stand in it; then the genes are those of any of them, else those of the whole file. ``names`` is the column of a
    set's name, which becomes the title; the task is named by the set's id, which stays when a set is renamed.
    Near-copies are merged as in ``terms`` where ``merge_jaccard`` is given.
    """
    held = _members(source.id, **members)
    among = np.char.startswith(held.sets, prefix)
    if relation:
        frame = sources.table(source, relation)
        among &= np.isin(held.sets, np.unique(frame[["parent", "child"]].to_numpy(str)))
    genes = held.matrix[among].any(axis=0) if prefix or relation else np.full(len(held.genes), True)
    among[among] = _enough(held.matrix[among][:, genes], min_genes)
    ids, matrix = held.sets[among], held.matrix[among][:, genes]
    frame = sources.table(source, members["file"]).drop_duplicates(members["set_column"])
    title = dict(zip(frame[members["set_column"]], frame[names or members["set_column"]]))
    copies = (
        _copies(ids, matrix, merge_jaccard) if merge_jaccard else {i: [] for i in range(len(ids))}
    )
    for i in sorted(copies):
        name = title[ids[i]]
        twins = _merged(title[ids[k]] for k in copies[i])
        yield Labels(
            held.genes[genes],
            matrix[i].astype(np.int64),
            ("absent", name),
            name=f"{entry.name}/{slug(ids[i])}",
            title=name,
            description=entry.description.format(name=name, id=ids[i]) + twins,
            note=held.note,
        )
