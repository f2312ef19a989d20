"""Tasks: entities and labels, with a hash; built from their declarations, cached, listed, picked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..core import cache, paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import GROUPS, ProfileSpec, SourceSpec, TaskSpec
from . import builders, sources
from . import genes as identifiers
from .builders import SHAPES
from .labels import Labels, slug


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
        labels = (
            self.labels.astype("<f8") if self.kind == "regression" else self.labels.astype("<i4")
        )
        text = "\n".join((self.kind, *self.classes, "", *self.entities)).encode()
        return hashlib.sha256(text + np.ascontiguousarray(labels).tobytes()).hexdigest()[:16]

    @cached_property
    def entities_hash(self) -> str:
        """SHA-256 of the entities alone; tasks that share it share their genes."""
        return hashlib.sha256(np.ascontiguousarray(self.entities).tobytes()).hexdigest()

    @cached_property
    def parts(self) -> tuple[np.ndarray, ...]:
        """The genes that make up each entity: one array (n,), or of a pair task two."""
        if self.kind != "pair":
            return (self.entities,)
        return tuple(np.array(side) for side in zip(*(pair.split("|") for pair in self.entities)))

    @property
    def balance(self) -> str:
        """Class balance in a few words."""
        if self.kind == "regression":
            return f"median {np.median(self.labels):.3g}, range {self.labels.min():.3g} to {self.labels.max():.3g}"
        if self.kind == "multilabel":
            per = self.labels.mean(axis=0)
            return f"{len(self.classes)} labels, each on {per.min():.0%} to {per.max():.0%} of the genes"
        counts = np.bincount(self.labels, minlength=len(self.classes))
        if self.kind in ("binary", "pair"):
            return f"{counts[1]} of {len(self)} positive ({counts[1] / len(self):.1%})"
        return f"{len(self.classes)} classes of {counts.min()} to {counts.max()} genes"


def _task(source: SourceSpec, entry: TaskSpec, cut: Labels) -> Task:
    order = np.argsort(np.asarray(cut.entities, dtype=str), kind="stable")
    names = np.asarray(cut.entities, dtype=str)[order]
    if len(names) == 0 or (names[1:] == names[:-1]).any() or (names == "").any():
        fault = (
            "no genes"
            if len(names) == 0
            else "a gene without a name"
            if (names == "").any()
            else "a gene twice"
        )
        raise BadInput(
            f"source '{source.id}', task '{entry.name}': the labels hold {fault}; look at the source's file."
        )
    labels = np.asarray(cut.labels)[order]
    fault = _fault(entry.kind, labels, len(cut.classes))
    if fault:
        raise BadInput(
            f"source '{source.id}', task '{cut.name or entry.name}': {fault}; mend its 'kind' or 'options'."
        )
    return Task(
        name=cut.name or entry.name,
        title=cut.title or entry.title,
        description=" ".join(filter(None, [cut.description or entry.description, cut.note])),
        group=entry.group,
        kind=entry.kind,
        source=source.id,
        version=entry.version,
        entities=names,
        labels=labels,
        classes=tuple(map(str, cut.classes)),
    )


def _fault(kind: str, labels: np.ndarray, n_classes: int) -> str:
    """Why labels are not those of a task of this kind, or an empty string."""
    if kind == "regression":
        return (
            ""
            if labels.dtype.kind == "f" and np.isfinite(labels).all()
            else "its labels are no finite numbers"
        )
    if labels.dtype.kind not in "iu" or labels.ndim != (2 if kind == "multilabel" else 1):
        return f"its labels are not those of a {kind} task"
    found = set(np.unique(labels))
    if kind in ("binary", "pair") and (found != {0, 1} or n_classes != 2):
        return (
            "it has labels of one class only" if len(found) < 2 else "it has more than two classes"
        )
    if kind == "multiclass" and (len(found) < 2 or found != set(range(n_classes))):
        return "it needs two or more classes, each with a gene"
    return "" if kind != "multilabel" or found <= {0, 1} else "its labels are not 0 and 1"


def build(source: SourceSpec, entry: TaskSpec) -> list[Task]:
    """The tasks of one entry (one, or many where the shape expands).

    Raises: BadInput: unknown shape, options that the shape does not take, or labels that cannot be used.
    """
    where = f"source '{source.id}', task '{entry.name}'"
    if entry.shape not in SHAPES:
        raise unknown("shape", entry.shape, SHAPES, where=where)
    try:
        built = [
            _task(source, entry, cut) for cut in SHAPES[entry.shape](source, entry, **entry.options)
        ]
    except TypeError as err:
        if "argument" not in str(err):
            raise
        raise BadInput(f"{where}: {str(err).split('()', 1)[-1].strip()}; mend 'options'.") from err
    except KeyError as err:
        raise BadInput(
            f"{where}: there is no column or key {err}; mend 'options', or look at the file."
        ) from err
    except ValueError as err:
        raise BadInput(f"{where}: {err}; mend 'options', or look at the file.") from err
    return built + [t for whole in built if entry.derive for t in _derived(whole, entry.derive)]


def _derived(whole: Task, least: int) -> Iterator[Task]:
    """One binary task per label of a multi-label task that ``least`` genes have, and as many have not."""
    for column, name in enumerate(whole.classes):
        labels = whole.labels[:, column]
        if least <= labels.sum() <= len(labels) - least:
            yield replace(
                whole,
                name=f"{whole.name}/{slug(name)}",
                title=f"{whole.title}: {name}",
                description=f'Is "{name}" among the labels of the task {whole.name}? {whole.description}',
                kind="binary",
                labels=np.ascontiguousarray(labels),
                classes=("absent", name),
            )


def of_source(
    source: SourceSpec, *, missing: Callable[[str], None] | None = None
) -> list[list[Task]]:
    """The tasks of every entry of a source, in order, from the cache where they are there.

    An entry whose file or column is not to be had is told to ``missing`` and is empty; without ``missing`` it is an
    error. The cache is keyed by the files at hand: another file is another key.
    """
    if not source.tasks:
        return []
    recipe = {
        "stage": ["tasks", builders.VERSION],
        "source": source.model_dump(mode="json"),
        "files": {s: _at_hand(specs.source(s)) for s in sorted(_needs(source))},
    }
    kept = paths.TASKS / f"{source.id}-{cache.key(recipe)}.npz"
    if cache.state(kept) == "ready":
        built, absent = _unpack(kept)
    else:
        built, absent = [], []
        for entry in source.tasks:
            try:
                built.append(build(source, entry))
            except sources.Missing as err:
                built.append([])
                absent.append(str(err))
        cache.store(kept, recipe, lambda path: _pack(path, built, absent))
    for sentence in absent:
        if missing is None:
            raise sources.Missing(sentence)
        missing(sentence)
    return built


def _needs(source: SourceSpec) -> set[str]:
    """Ids of the sources that a source's tasks are cut from: itself, and those that its options name."""
    named = {entry.options["other"]["source"] for entry in source.tasks if "other" in entry.options}
    translated = any(
        options.get("ids", "symbol") != "symbol"
        for entry in source.tasks
        for options in (entry.options, entry.options.get("members", {}))
    )
    return {source.id, *named, *({"hgnc", "ensembl"} if translated else ())}


def _at_hand(source: SourceSpec) -> dict[str, str]:
    """SHA-256 of each of a source's files, empty where it is not to be had."""
    found = {}
    for name in source.files:
        try:
            found[name] = sources.digest(sources.locate(source, name))
        except sources.Missing:
            found[name] = ""
    return found


_SMALL = ("name", "title", "description", "group", "kind", "source", "version", "classes")


def _pack(path: Path, built: list[list[Task]], absent: list[str]) -> None:
    flat = [(i, t) for i, entry in enumerate(built) for t in entry]
    meta = [{"entry": i, **{k: getattr(t, k) for k in _SMALL}, "hash": t.hash} for i, t in flat]
    sets: dict[bytes, int] = {}
    arrays: dict[str, np.ndarray] = {}
    for number, (_, t) in enumerate(flat):
        at = sets.setdefault(t.entities.tobytes(), len(sets))
        arrays[f"entities_{at}"] = t.entities
        arrays[f"labels_{number}"] = (
            t.labels if t.kind == "regression" else t.labels.astype(np.int16)
        )
        meta[number]["set"] = at
    np.savez(
        path,
        meta=np.frombuffer(json.dumps([len(built), meta, absent]).encode(), dtype=np.uint8),
        **arrays,
    )


def _unpack(path: Path) -> tuple[list[list[Task]], list[str]]:
    with np.load(path, allow_pickle=False) as held:
        n, meta, absent = json.loads(held["meta"].tobytes())
        sets = {m["set"]: held[f"entities_{m['set']}"] for m in meta}
        out: list[list[Task]] = [[] for _ in range(n)]
        for number, m in enumerate(meta):
            labels = held[f"labels_{number}"]
            labels = labels if m["kind"] == "regression" else labels.astype(np.int64)
            fields = {k: m[k] for k in _SMALL} | {"classes": tuple(m["classes"])}
            task = Task(**fields, entities=sets[m["set"]], labels=labels)
            task.__dict__["hash"] = m[
                "hash"
            ]  # noted when it was computed; the file's own digest guards it
            out[m["entry"]].append(task)
    return out, absent


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
    if profile.universe == "paper":
        found = _cut_all(
            found, identifiers.paper_universe(), profile.min_per_class, missing and once
        )
    rank = {group: i for i, group in enumerate(GROUPS)}
    ordered = sorted(found, key=lambda t: (rank[t.group], t.name))
    names = [t.name for t in ordered]
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise BadInput(f"{paths.SOURCES}: two tasks are named '{twice}'; rename one.")
    return dict(zip(names, ordered))


def _cut_all(
    found: list[Task], genes: np.ndarray, least: int, missing: Callable[[str], None] | None
) -> list[Task]:
    """The tasks on the genes of a fixed list; one that keeps too few is told to ``missing`` (or is an error)."""
    inside: dict[str, np.ndarray] = {}
    out = []
    for task in found:
        if task.entities_hash not in inside:
            inside[task.entities_hash] = _inside(task, genes)
        whole = restrict(subset(task, inside[task.entities_hash]), least)
        if whole is not None:
            out.append(whole)
            continue
        sentence = (
            f"source '{task.source}', task '{task.name}': too few of its genes ({inside[task.entities_hash].sum()}, or "
            f"fewer than {least} of a class) are among the {len(genes):,} of the fixed universe; take 'universe: all'."
        )
        if missing is None:
            raise sources.Missing(sentence)
        missing(sentence)
    return out


def _inside(task: Task, genes: np.ndarray) -> np.ndarray:
    """Which entities are in a list of approved symbols, under whatever name, each gene once; a pair by both genes."""
    resolver = identifiers.resolver()
    if task.kind != "pair":
        found = resolver.resolve(task.entities, kind="symbol")
        return found.kept & np.isin(found.symbol, genes)
    sides = [
        resolver.resolve(side, kind="symbol").symbol
        for side in zip(*(p.split("|") for p in task.entities))
    ]
    return np.logical_and.reduce([np.isin(side, genes) for side in sides])


def restrict(task: Task, least: int) -> Task | None:
    """A cut task without the classes or labels (and then genes) of which it keeps fewer than ``least``.

    None where too little is left: fewer than two classes, or labels, or ``2 * least`` genes of a regression.
    """
    if task.kind == "regression":
        return task if len(task) >= 2 * least else None
    if task.kind == "multilabel":
        size = task.labels.sum(axis=0)
        kept = np.flatnonzero((size >= least) & (len(task) - size >= least))
        if len(kept) < 2:
            return None
        part = replace(
            task, labels=task.labels[:, kept], classes=tuple(task.classes[k] for k in kept)
        )
        return subset(part, part.labels.any(axis=1))
    kept = np.flatnonzero(np.bincount(task.labels, minlength=len(task.classes)) >= least)
    if len(kept) < 2:
        return None
    part = subset(task, np.isin(task.labels, kept))
    return replace(
        part,
        labels=np.searchsorted(kept, part.labels),
        classes=tuple(task.classes[k] for k in kept),
    )


def pick(tasks: dict[str, Task], names: Iterable[str] | None) -> dict[str, Task]:
    """The named tasks; a name ending in ``/`` takes all under it. Raises: BadInput: unknown task."""
    if not names:
        return tasks
    chosen: dict[str, Task] = {}
    for name in names:
        hits = {
            k: t
            for k, t in tasks.items()
            if k == name or (name.endswith("/") and k.startswith(name))
        }
        if not hits:
            folders = {k.rsplit("/", 1)[0] + "/" for k in tasks}
            raise unknown("task", name, folders if f"{name}/" in folders else tasks)
        chosen |= hits
    return chosen


def universe(tasks: Iterable[Task]) -> np.ndarray:
    """Every gene of some tasks, sorted, (n,)."""
    sets = {t.entities_hash: t.parts for t in tasks}
    return np.unique(np.concatenate([genes for parts in sets.values() for genes in parts]))


def subset(task: Task, keep: np.ndarray) -> Task:
    """The task on some of its entities; ``keep`` is a mask, (n,)."""
    return replace(task, entities=task.entities[keep], labels=task.labels[keep])
