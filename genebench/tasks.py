"""Tasks: entities and labels, cut from a source by one builder per *shape* of source, never per data set."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from . import cache, paths, sources, specs
from .errors import BadInput, unknown
from .specs import GROUPS, ProfileSpec, SourceSpec, TaskSpec

VERSION = 1
"""Bump when a builder changes what labels it makes."""


@dataclass(frozen=True, eq=False)
class Task:
    """One question about genes, with its answers.

    Attributes:
        entities: gene symbols, sorted, unique, (n,).
        labels: what is to be predicted. binary: 0/1, (n,). multiclass: index into ``classes``, (n,). multilabel: 0/1,
            (n, n_classes). regression: real numbers in the unit that ``description`` states, (n,).
        classes: label names; empty for regression; (negative, positive) for binary.
    """

    name: str
    title: str
    description: str
    group: str
    kind: str
    source: str
    version: int
    entities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.entities)

    @cached_property
    def hash(self) -> str:
        """16 hex digits of the SHA-256 of entities, labels and class names: equal on every machine."""
        labels = self.labels.astype("<f8") if self.kind == "regression" else self.labels.astype("<i4")
        text = "\n".join((self.kind, *self.classes, "", *self.entities)).encode()
        return hashlib.sha256(text + np.ascontiguousarray(labels).tobytes()).hexdigest()[:16]

    @cached_property
    def entities_hash(self) -> str:
        """SHA-256 of the entities alone; tasks that share it share their genes."""
        return hashlib.sha256(np.ascontiguousarray(self.entities).tobytes()).hexdigest()

    @property
    def balance(self) -> str:
        """Class balance in a few words."""
        if self.kind == "regression":
            return f"median {np.median(self.labels):.3g}, range {self.labels.min():.3g} to {self.labels.max():.3g}"
        if self.kind == "multilabel":
            per = self.labels.mean(axis=0)
            return f"{len(self.classes)} labels, each on {per.min():.0%} to {per.max():.0%} of the genes"
        counts = np.bincount(self.labels, minlength=len(self.classes))
        if self.kind == "binary":
            return f"{counts[1]} of {len(self)} positive ({counts[1] / len(self):.1%})"
        return f"{len(self.classes)} classes of {counts.min()} to {counts.max()} genes"


def slug(text: str) -> str:
    """Lower case, words joined by hyphens: a name that fits a file, an address and a shell."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _task(source: SourceSpec, entry: TaskSpec, entities, labels, classes, **changes) -> Task:
    order = np.argsort(np.asarray(entities, dtype=str), kind="stable")
    names = np.asarray(entities, dtype=str)[order]
    if len(names) == 0 or (names[1:] == names[:-1]).any() or (names == "").any():
        fault = "no genes" if len(names) == 0 else "a gene without a name" if (names == "").any() else "a gene twice"
        raise BadInput(
            f"source '{source.id}', task '{entry.name}': the labels hold {fault}; look at the source's file."
        )
    base = dict(name=entry.name, title=entry.title, description=entry.description)
    return Task(
        **{**base, **changes},
        group=entry.group,
        kind=entry.kind,
        source=source.id,
        version=entry.version,
        entities=names,
        labels=np.asarray(labels)[order],
        classes=tuple(map(str, classes)),
    )


# --- shapes -----------------------------------------------------------------------------------------------------------


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


def branches(source: SourceSpec, entry: TaskSpec, *, members: dict, ontology: str, root: str) -> Iterator[Task]:
    """Multi-label: for each gene annotated anywhere under ``root``, the children of ``root`` that it falls under."""
    held, terms = _members(source.id, **members), sources.table(source, ontology)
    under = held.matrix[np.isin(held.sets, list(_below(terms, root)))].any(axis=0)
    top = terms[terms.parent == root].sort_values("name")
    row = {s: i for i, s in enumerate(held.sets)}
    present = top[top.id.isin(row)]
    labels = held.matrix[[row[i] for i in present.id]][:, under].T
    yield _task(source, entry, held.genes[under], labels.astype(np.int64), present.name)


def terms(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    members: dict,
    ontology: str,
    root: str,
    min_genes: int,
    merge_jaccard: float,
) -> Iterator[Task]:
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
        yield _task(
            source,
            entry,
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
) -> Iterator[Task]:
    """Binary: genes of the ``positive`` sets against genes of the ``negative`` sets.

    ``both`` says what becomes of a gene in both: ``drop`` it, or call it ``positive``.
    """
    held = _members(source.id, **members)
    yes, no = (held.matrix[np.isin(held.sets, ids)].any(axis=0) for ids in (positive, negative))
    if both not in ("drop", "positive"):
        raise unknown("choice for 'both'", both, ("drop", "positive"), where=f"task '{entry.name}'")
    keep = (yes ^ no) if both == "drop" else (yes | no)
    yield _task(source, entry, held.genes[keep], yes[keep].astype(np.int64), classes)


def count(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, counted: str, prefix: str
) -> Iterator[Task]:
    """Regression: log2 of the number of distinct values of ``counted`` that begin with ``prefix``, per gene."""
    frame = sources.table(source, file)
    frame = frame[frame[counted].str.startswith(prefix) & ~frame[gene_column].isin(("", "-"))]
    number = frame.groupby(gene_column)[counted].nunique()
    yield _task(source, entry, number.index, np.log2(number.to_numpy(float)), ())


def column(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, label: str, min_class: int = 0
) -> Iterator[Task]:
    """Multi-class or regression: one column of a table with one row per gene.

    Empty labels are left out, and so are classes with fewer than ``min_class`` genes.
    """
    frame = sources.table(source, file)
    frame = frame[frame[label].astype(str) != ""]
    if entry.kind == "regression":
        values = frame[label].to_numpy(float)
        if not np.isfinite(values).all():
            raise BadInput(f"source '{source.id}', task '{entry.name}': '{label}' holds NaN or inf; mend the file.")
        yield _task(source, entry, frame[gene_column], values, ())
        return
    yield _classes(source, entry, frame[gene_column].to_numpy(str), frame[label].to_numpy(str), min_class)


def _classes(source: SourceSpec, entry: TaskSpec, entities, labels, min_class: int) -> Task:
    names, code, number = np.unique(labels, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(number >= min_class)
    if len(kept) < 2:
        raise BadInput(f"source '{source.id}', task '{entry.name}': fewer than two classes of {min_class} genes.")
    inside = np.isin(code, kept)
    return _task(source, entry, np.asarray(entities)[inside], np.searchsorted(kept, code[inside]), names[kept])


def membership(
    source: SourceSpec, entry: TaskSpec, *, file: str, gene_column: str, other: dict, classes: list[str]
) -> Iterator[Task]:
    """Binary: genes listed here (positive) against genes listed only in another source (negative)."""
    mine = set(sources.table(source, file)[gene_column])
    theirs = set(sources.table(specs.source(other["source"]), other["file"])[other["gene_column"]]) - {"", "-"}
    entities = sorted(mine | theirs)
    yield _task(source, entry, entities, np.array([g in mine for g in entities], dtype=np.int64), classes)


def _profile(source: SourceSpec, file: str, clusters: dict[str, str]) -> pd.DataFrame:
    """Mean expression per cell type, genes × types, on the linear scale; ``clusters`` joins cluster labels to types."""
    frame = sources.table(source, file)
    label = pd.Index(frame.columns.str.rsplit("|", n=1).str[0])
    strange = sorted(set(label) - set(clusters))
    if strange:
        raise unknown("cluster", strange[0], clusters, where=f"source '{source.id}'")
    return np.expm1(frame).T.groupby(label.map(clusters).to_numpy()).mean().T.sort_index(axis=1)


def top(source: SourceSpec, entry: TaskSpec, *, file: str, clusters: dict, min_class: int) -> Iterator[Task]:
    """Multi-class: the cell type with the highest mean expression of the gene."""
    profile = _profile(source, file, clusters)
    yield _classes(source, entry, profile.index.to_numpy(str), profile.idxmax(axis=1).to_numpy(str), min_class)


def specificity(
    source: SourceSpec, entry: TaskSpec, *, file: str, clusters: dict, detection: float, fold: float, min_class: int
) -> Iterator[Task]:
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


SHAPES: dict[str, Callable[..., Iterator[Task]]] = {
    f.__name__: f for f in (branches, terms, contrast, count, column, membership, top, specificity)
}


# --- loading ----------------------------------------------------------------------------------------------------------


def build(source: SourceSpec, entry: TaskSpec) -> list[Task]:
    """The tasks of one entry (one, or many where the shape expands).

    Raises: BadInput: unknown shape, options that the shape does not take, or labels that cannot be used.
    """
    if entry.shape not in SHAPES:
        raise unknown("shape", entry.shape, SHAPES, where=f"source '{source.id}', task '{entry.name}'")
    where = f"source '{source.id}', task '{entry.name}'"
    try:
        return list(SHAPES[entry.shape](source, entry, **entry.options))
    except TypeError as err:
        if "argument" not in str(err):
            raise
        raise BadInput(f"{where}: {str(err).split('()', 1)[-1].strip()}; mend 'options'.") from err
    except KeyError as err:
        raise BadInput(f"{where}: there is no column or key {err}; mend 'options', or look at the file.") from err
    except ValueError as err:
        raise BadInput(f"{where}: {err}; mend 'options', or look at the file.") from err


def of_source(source: SourceSpec, *, missing: Callable[[str], None] | None = None) -> list[list[Task]]:
    """The tasks of every entry of a source, in order, from the cache where they are there.

    An entry whose file is not to be had is told to ``missing`` and is empty; without ``missing`` it is an error.
    """
    files = {s.id: {n: f.sha256 for n, f in s.files.items()} for s in specs.sources().values()}
    recipe = {"stage": ["tasks", VERSION], "source": source.model_dump(mode="json"), "files": files}
    kept = paths.TASKS / f"{source.id}-{cache.key(recipe)}.npz"
    if cache.state(kept) == "ready":
        return _unpack(kept)
    built, whole = [], True
    for entry in source.tasks:
        try:
            built.append(build(source, entry))
        except sources.Missing as err:
            if missing is None:
                raise
            missing(str(err))
            built.append([])
            whole = False
    if whole:
        cache.store(kept, recipe, lambda path: _pack(path, built))
    return built


_SMALL = ("name", "title", "description", "group", "kind", "source", "version", "classes")


def _pack(path: Path, built: list[list[Task]]) -> None:
    flat = [(i, t) for i, entry in enumerate(built) for t in entry]
    meta = [{"entry": i, **{k: getattr(t, k) for k in _SMALL}, "hash": t.hash} for i, t in flat]
    sets: dict[bytes, int] = {}
    arrays: dict[str, np.ndarray] = {}
    for number, (_, t) in enumerate(flat):
        at = sets.setdefault(t.entities.tobytes(), len(sets))
        arrays[f"entities_{at}"] = t.entities
        arrays[f"labels_{number}"] = t.labels if t.kind == "regression" else t.labels.astype(np.int16)
        meta[number]["set"] = at
    np.savez(path, meta=np.frombuffer(json.dumps([len(built), meta]).encode(), dtype=np.uint8), **arrays)


def _unpack(path: Path) -> list[list[Task]]:
    with np.load(path, allow_pickle=False) as held:
        n, meta = json.loads(held["meta"].tobytes())
        sets = {m["set"]: held[f"entities_{m['set']}"] for m in meta}
        out: list[list[Task]] = [[] for _ in range(n)]
        for number, m in enumerate(meta):
            labels = held[f"labels_{number}"]
            labels = labels if m["kind"] == "regression" else labels.astype(np.int64)
            fields = {k: m[k] for k in _SMALL} | {"classes": tuple(m["classes"])}
            task = Task(**fields, entities=sets[m["set"]], labels=labels)
            task.__dict__["hash"] = m["hash"]  # noted when it was computed; the file's own digest guards it
            out[m["entry"]].append(task)
    return out


def load(profile: ProfileSpec, *, missing: Callable[[str], None] | None = None) -> dict[str, Task]:
    """Every task of a profile by name, ordered by group, then name.

    A source that is not to be had is passed to ``missing`` as a sentence and its tasks are left out; without
    ``missing`` it is an error.
    """
    found: list[Task] = []
    told: set[str] = set()

    def once(sentence: str) -> None:
        if sentence not in told:
            missing(sentence)
        told.add(sentence)

    for source in (specs.source(s) for s in profile.sources):
        for built in of_source(source, missing=missing and once):
            found += built[:: profile.term_stride] if len(built) > 1 else built
    rank = {group: i for i, group in enumerate(GROUPS)}
    ordered = sorted(found, key=lambda t: (rank[t.group], t.name))
    return {t.name: t for t in ordered}


def pick(tasks: dict[str, Task], names: Iterable[str] | None) -> dict[str, Task]:
    """The named tasks; a name ending in ``/`` takes all under it. Raises: BadInput: unknown task."""
    if not names:
        return tasks
    chosen: dict[str, Task] = {}
    for name in names:
        hits = {k: t for k, t in tasks.items() if k == name or (name.endswith("/") and k.startswith(name))}
        if not hits:
            raise unknown("task", name, tasks)
        chosen |= hits
    return chosen


def universe(tasks: Iterable[Task]) -> np.ndarray:
    """Every gene of some tasks, sorted, (n,)."""
    return np.unique(np.concatenate(list({t.entities_hash: t.entities for t in tasks}.values())))


def subset(task: Task, keep: np.ndarray) -> Task:
    """The task on some of its entities; ``keep`` is a mask, (n,)."""
    return replace(task, entities=task.entities[keep], labels=task.labels[keep])
