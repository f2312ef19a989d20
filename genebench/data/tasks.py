"""Tasks: entities and labels, with a hash; built from their declarations, cached, picked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..core import cache, paths
from ..core.errors import BadInput, unknown
from ..core.specs import GROUPS, ProfileSpec, SourceSpec, TaskSpec
from . import builders, genes
from . import sources as upstream
from .builders import SHAPES
from .labels import Declaration, Labels, slug


@dataclass(frozen=True, eq=False)
class Task:
    """
    One question about genes, with its answers.

    Attributes
    ----------
    name, title, description, group, kind, source, version
        As in its declaration.
    entities
        Gene symbols (of pairs ``A|B``), sorted, unique, shape (n,).
    labels
        What is to be predicted. binary, pair: 0/1, (n,). multiclass: index into ``classes``, (n,).
        multilabel: 0/1, (n, n_classes). regression: real numbers in the unit that ``description``
        states, (n,).
    classes
        Label names; empty for regression; (negative, positive) for binary.
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
        """16 hex digits of the SHA-256 of entities, labels and classes: equal on every machine."""
        labels = self.labels.astype("<f8" if self.kind == "regression" else "<i4")
        text = "\n".join((self.kind, *self.classes, "", *self.entities)).encode()
        return hashlib.sha256(text + np.ascontiguousarray(labels).tobytes()).hexdigest()[:16]

    @cached_property
    def entities_hash(self) -> str:
        """SHA-256 of the entities alone; tasks that share it share their genes."""
        return hashlib.sha256(np.ascontiguousarray(self.entities).tobytes()).hexdigest()

    @cached_property
    def parts(self) -> tuple[np.ndarray, ...]:
        """The genes of each entity: one array, shape (n,), or of a pair task two."""
        if self.kind != "pair":
            return (self.entities,)
        return tuple(np.array(side) for side in zip(*(pair.split("|") for pair in self.entities)))

    @property
    def balance(self) -> str:
        """Class balance in a few words."""
        y = self.labels
        if self.kind == "regression":
            return f"median {np.median(y):.3g}, range {y.min():.3g} to {y.max():.3g}"
        if self.kind == "multilabel":
            per = y.mean(axis=0)
            share = f"{per.min():.0%} to {per.max():.0%}"
            return f"{len(self.classes)} labels, each on {share} of the genes"
        counts = np.bincount(y, minlength=len(self.classes))
        if self.kind == "multiclass":
            return f"{len(self.classes)} classes of {counts.min()} to {counts.max()} genes"
        return f"{counts[1]} of {len(self)} positive ({counts[1] / len(self):.1%})"

    def subset(self, mask: np.ndarray) -> Task:
        """Restrict the task to the entities of a mask, shape (n,)."""
        return replace(self, entities=self.entities[mask], labels=self.labels[mask])


def _task(declared: Declaration, made: Labels) -> Task:
    """A task of what a builder returned. Raises: BadInput: labels that cannot be used."""
    entry = declared.task
    order = np.argsort(np.asarray(made.entities, dtype=str), kind="stable")
    names = np.asarray(made.entities, dtype=str)[order]
    faults = {
        "no genes": len(names) == 0,
        "a gene without a name": (names == "").any(),
        "a gene twice": (names[1:] == names[:-1]).any(),
    }
    for fault in (text for text, present in faults.items() if present):
        raise BadInput(f"{declared.where}: the labels hold {fault}; look at the source's file.")
    task = Task(
        name=made.name or entry.name,
        title=made.title or entry.title,
        description=" ".join(filter(None, [made.description or entry.description, made.note])),
        group=entry.group,
        kind=entry.kind,
        source=declared.source.id,
        version=entry.version,
        entities=names,
        labels=np.asarray(made.labels)[order],
        classes=tuple(map(str, made.classes)),
    )
    fault = _fault(task.kind, task.labels, len(task.classes))
    if fault:
        raise BadInput(
            f"source '{task.source}', task '{task.name}': {fault}; mend its 'kind' or 'options'."
        )
    return task


def _fault(kind: str, labels: np.ndarray, n_classes: int) -> str:
    """Why labels are not those of a task of this kind, or an empty string."""
    if kind == "regression":
        finite = labels.dtype.kind == "f" and np.isfinite(labels).all()
        return "" if finite else "its labels are no finite numbers"
    if labels.dtype.kind not in "iu" or labels.ndim != (2 if kind == "multilabel" else 1):
        return f"its labels are not those of a {kind} task"
    values = set(np.unique(labels))
    if kind == "multilabel":
        return "" if values <= {0, 1} else "its labels are not 0 and 1"
    if kind == "multiclass":
        sound = len(values) >= 2 and values == set(range(n_classes))
        return "" if sound else "it needs two or more classes, each with a gene"
    if values == {0, 1} and n_classes == 2:
        return ""
    return "it has labels of one class only" if len(values) < 2 else "it has more than two classes"


def build(
    source: SourceSpec, entry: TaskSpec, sources: Mapping[str, SourceSpec] | None = None
) -> list[Task]:
    """
    Build the tasks of one declaration.

    Parameters
    ----------
    source
        The source that declares it.
    entry
        The declaration.
    sources
        Declared sources by id; needed where ids are looked up, or another source is read.

    Returns
    -------
    One task, or many where the shape expands or labels are derived.

    Raises
    ------
    BadInput
        Unknown shape, options that the shape does not take, or labels that cannot be used.
    sources.Missing
        A file or column is not available.
    """
    declared = Declaration(source, entry, sources or {})
    if entry.shape not in SHAPES:
        raise unknown("shape", entry.shape, SHAPES, where=declared.where)
    try:
        built = [_task(declared, made) for made in SHAPES[entry.shape](declared, **entry.options)]
    except (TypeError, KeyError, ValueError) as err:
        if isinstance(err, TypeError) and "argument" not in str(err):
            raise
        fault, also = str(err), ", or look at the file"
        if isinstance(err, TypeError):
            fault, also = fault.split("()", 1)[-1].strip(), ""
        elif isinstance(err, KeyError):
            fault = f"there is no column or key {err}"
        raise BadInput(f"{declared.where}: {fault}; mend 'options'{also}.") from err
    return built + [t for whole in built if entry.derive for t in _derived(whole, entry.derive)]


def _derived(whole: Task, least: int) -> Iterator[Task]:
    """One binary task per label that ``least`` genes have, and as many have not."""
    for name, labels in zip(whole.classes, whole.labels.T):
        if least <= labels.sum() <= len(labels) - least:
            yield replace(
                whole,
                name=f"{whole.name}/{slug(name)}",
                title=f"{whole.title}: {name}",
                description=f'Is "{name}" among the labels of the task {whole.name}? '
                + whole.description,
                kind="binary",
                labels=np.ascontiguousarray(labels),
                classes=("absent", name),
            )


def from_source(
    source: SourceSpec,
    sources: Mapping[str, SourceSpec],
    *,
    missing: Callable[[str], None] | None = None,
) -> list[list[Task]]:
    """
    Return the tasks of every declaration of a source, from the cache of the files at hand.

    Parameters
    ----------
    source
        The source.
    sources
        Declared sources by id, for gene names and for a second source.
    missing
        Called with a sentence for a declaration whose file or column is not available; it then has
        no tasks.

    Returns
    -------
    Tasks by declaration, in order.

    Raises
    ------
    sources.Missing
        A file or column is not available, and there is no ``missing``.
    """
    if not source.tasks:
        return []
    needed = [genes.source_by_id(sources, name) for name in sorted(_needs(source))]
    recipe = {
        "stage": ["tasks", builders.VERSION],
        "source": source.model_dump(mode="json"),
        "files": {s.id: {name: _digest(s, name) for name in s.files} for s in needed},
    }
    path = paths.TASKS / f"{source.id}-{cache.key(recipe)}.npz"
    if cache.state(path) == "ready":
        built, absent = _read(path)
    else:
        built, absent = [], []
        for entry in source.tasks:
            try:
                built.append(build(source, entry, sources))
            except upstream.Missing as err:
                built.append([])
                absent.append(str(err))
        cache.store(path, recipe, lambda temporary: _write(temporary, built, absent))
    for sentence in absent:
        if missing is None:
            raise upstream.Missing(sentence)
        missing(sentence)
    return built


def _needs(source: SourceSpec) -> set[str]:
    """Ids of the sources that a source's tasks are built from: itself, and those of its options."""
    needed = {source.id}
    for options in (entry.options for entry in source.tasks):
        needed |= {options["other"]["source"]} if "other" in options else set()
        for part in (options, options.get("members", {})):
            needed |= {"hgnc", "ensembl"} if part.get("ids", "symbol") != "symbol" else set()
    return needed


def _digest(source: SourceSpec, name: str) -> str:
    """SHA-256 of a file of a source, empty where it is not available."""
    try:
        return upstream.digest(upstream.locate(source, name))
    except upstream.Missing:
        return ""


_FIELDS = [f.name for f in fields(Task) if f.name not in ("entities", "labels")]


def _write(path: Path, built: list[list[Task]], absent: list[str]) -> None:
    """Write tasks; those that share their entities share an array."""
    arrays, meta, shared = {}, [], {}
    for entry, task in ((i, t) for i, part in enumerate(built) for t in part):
        at = shared.setdefault(task.entities_hash, len(shared))
        small = task.labels if task.kind == "regression" else task.labels.astype(np.int16)
        arrays |= {f"entities_{at}": task.entities, f"labels_{len(meta)}": small}
        about = {name: getattr(task, name) for name in _FIELDS}
        meta.append({"entry": entry, "set": at, "hash": task.hash, **about})
    text = json.dumps([len(built), meta, absent]).encode()
    np.savez(path, meta=np.frombuffer(text, dtype=np.uint8), **arrays)


def _read(path: Path) -> tuple[list[list[Task]], list[str]]:
    with np.load(path, allow_pickle=False) as arrays:
        n, meta, absent = json.loads(arrays["meta"].tobytes())
        entities = {at: arrays[f"entities_{at}"] for at in {m["set"] for m in meta}}
        built: list[list[Task]] = [[] for _ in range(n)]
        for number, about in enumerate(meta):
            entry, at, noted = (about.pop(key) for key in ("entry", "set", "hash"))
            labels = arrays[f"labels_{number}"]
            labels = labels if about["kind"] == "regression" else labels.astype(np.int64)
            about["classes"] = tuple(about["classes"])
            task = Task(entities=entities[at], labels=labels, **about)
            task.__dict__["hash"] = noted  # the digest of the file itself guards it
            built[entry].append(task)
    return built, absent


def load(
    profile: ProfileSpec,
    sources: Mapping[str, SourceSpec],
    *,
    missing: Callable[[str], None] | None = None,
) -> dict[str, Task]:
    """
    Return every task of a profile.

    Parameters
    ----------
    profile
        The profile.
    sources
        Declared sources by id, and the profile's own.
    missing
        Called once with each sentence about what is not available; its tasks are left out.

    Returns
    -------
    Tasks by name, ordered by group, then name.

    Raises
    ------
    BadInput
        Unknown source, or two tasks of one name.
    sources.Missing
        A file, column or gene is not available, and there is no ``missing``.
    """
    reported: set[str] = set()

    def report(sentence: str) -> None:
        if missing is None:
            raise upstream.Missing(sentence)
        if sentence not in reported:
            missing(sentence)
        reported.add(sentence)

    tasks: list[Task] = []
    for name in profile.sources:
        source = genes.source_by_id(sources, name)
        for built in from_source(source, sources=sources, missing=report):
            tasks += built[:: profile.term_stride] if len(built) > 1 else built
    if profile.universe == "paper":
        tasks = list(_restrict_all(tasks, sources, profile.min_per_class, report))
    rank = list(GROUPS)
    ordered = sorted(tasks, key=lambda t: (rank.index(t.group), t.name))
    named = {t.name: t for t in ordered}
    if len(named) < len(ordered):
        twice = next(t.name for t in ordered if named[t.name] is not t)
        raise BadInput(f"{paths.SOURCES}: two tasks are named '{twice}'; rename one.")
    return named


def _restrict_all(
    tasks: list[Task], sources: Mapping[str, SourceSpec], least: int, report: Callable
) -> Iterator[Task]:
    """The tasks on the genes of the paper; one that has too few of them is reported."""
    listed, resolver = genes.paper_universe(sources), genes.resolver(sources)
    inside: dict[str, np.ndarray] = {}
    for task in tasks:
        mask = inside.get(task.entities_hash)
        if mask is None:
            # an entity counts by any name of its gene, each gene once; a pair by both genes
            sides = [resolver.resolve(side, kind="symbol") for side in task.parts]
            mask = np.all([np.isin(side.symbol, listed) for side in sides], axis=0)
            mask = mask if task.kind == "pair" else mask & sides[0].unique
            inside[task.entities_hash] = mask
        part = _restrict(task.subset(mask), least)
        if part is not None:
            yield part
            continue
        report(
            f"source '{task.source}', task '{task.name}': too few of its genes "
            f"({mask.sum()}, or fewer than {least} of a class) are among the "
            f"{len(listed):,} of the fixed universe; take 'universe: all'."
        )


def _restrict(task: Task, least: int) -> Task | None:
    """
    A task without the classes or labels (and then genes) of which it has fewer than ``least``.

    None where too little is left: fewer than two classes, or ``2 * least`` genes of a regression.
    """
    if task.kind == "regression":
        return task if len(task) >= 2 * least else None
    if task.kind == "multilabel":
        size = task.labels.sum(axis=0)
        enough = (size >= least) & (len(task) - size >= least)
    else:
        enough = np.bincount(task.labels, minlength=len(task.classes)) >= least
    large = np.flatnonzero(enough)
    if len(large) < 2:
        return None
    classes = tuple(task.classes[k] for k in large)
    if task.kind == "multilabel":
        part = replace(task, labels=task.labels[:, large], classes=classes)
        return part.subset(part.labels.any(axis=1))
    part = task.subset(enough[task.labels])
    return replace(part, labels=np.searchsorted(large, part.labels), classes=classes)


def pick(tasks: dict[str, Task], names: Iterable[str] | None) -> dict[str, Task]:
    """
    Pick tasks by name.

    Parameters
    ----------
    tasks
        Tasks by name.
    names
        Names, or folders of names that end in ``/``; None or empty: all tasks.

    Returns
    -------
    The tasks picked, by name, in the order of ``names``.

    Raises
    ------
    BadInput
        Unknown task.
    """
    if not names:
        return tasks
    picked: dict[str, Task] = {}
    for name in names:
        folder = name if name.endswith("/") else None
        hits = {k: t for k, t in tasks.items() if k == name or folder and k.startswith(folder)}
        if not hits:
            folders = {k.rsplit("/", 1)[0] + "/" for k in tasks}
            raise unknown("task", name, folders if f"{name}/" in folders else tasks)
        picked |= hits
    return picked


def universe(tasks: Iterable[Task]) -> np.ndarray:
    """Collect every gene of some tasks, sorted, shape (n,)."""
    parts = {t.entities_hash: t.parts for t in tasks}
    return np.unique(np.concatenate([genes for sides in parts.values() for genes in sides]))
