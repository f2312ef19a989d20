"""Tasks: entities and labels, with a hash; built from their declarations, cached, picked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from ..core import cache, errors, paths
from ..core.errors import BadInput, check, unknown
from ..core.source_specs import BeforeSpec
from ..core.specs import GROUPS, SourceSpec, TaskSpec
from . import builders, genes
from . import sources as upstream
from .builders import SHAPES
from .labels import Declaration, Labels, slug
from .sources import Sources


@dataclass(frozen=True, eq=False)
class Task:
    """One question about genes, with its answers.

    Attributes
    ----------
    name, title, description, group, kind, source : str
    version : int
    entities : ndarray of str, shape (n,)
        Gene symbols (of pairs ``A|B``), sorted, unique.
    labels : ndarray of shape (n,) or (n, n_classes)
        binary, pair: 0/1. multiclass: index into ``classes``. multilabel: 0/1 a class. regression:
        real numbers in the unit that ``description`` states.
    classes : tuple of str
        Label names; empty for regression; (negative, positive) for binary.
    folds : ndarray of int8, shape (n,), optional
        Folds that were published with the labels: 0 is the holdout, and −2, −3 … the parts that
        only train, by which settings may be chosen.
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
    folds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.entities)

    @cached_property
    def hash(self) -> str:
        """16 hex digits of the SHA-256 of entities, labels and classes: equal on every machine."""
        labels = self.labels.astype("<f8" if self.kind == "regression" else "<i4")
        text = "\n".join((self.kind, *self.classes, "", *self.entities)).encode()
        folds = b"" if self.folds is None else self.folds.astype(np.int8).tobytes()
        return hashlib.sha256(text + np.ascontiguousarray(labels).tobytes() + folds).hexdigest()[
            :16
        ]

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
        folds = None if self.folds is None else self.folds[mask]
        return replace(self, entities=self.entities[mask], labels=self.labels[mask], folds=folds)


def _task(declared: Declaration, made: Labels) -> Task:
    """A task of what a builder returned, if its labels can be used."""
    entry, names = declared.task, np.asarray(made.entities, dtype=str)
    order = np.argsort(names, kind="stable")
    task = Task(
        name=made.name or entry.name,
        title=made.title or entry.title,
        description=" ".join(filter(None, [made.description or entry.description, made.note])),
        group=entry.group,
        kind=entry.kind,
        source=declared.source.id,
        version=entry.version,
        entities=names[order],
        labels=np.asarray(made.labels)[order],
        classes=tuple(map(str, made.classes)),
        folds=None if made.folds is None else made.folds[order].astype(np.int8),
    )
    y, n, values = task.labels, len(task.classes), set(np.unique(made.labels).tolist())
    if task.kind == "regression":
        sound = y.dtype.kind == "f" and np.isfinite(y).all()
    elif task.kind == "multilabel":
        sound = y.dtype.kind in "iu" and y.ndim == 2 and n > 1 and values <= {0, 1}
    else:
        enough = n >= 2 if task.kind == "multiclass" else n == 2
        sound = y.dtype.kind in "iu" and y.ndim == 1 and enough and values == set(range(n))
    faults = {
        "no genes": len(names) == 0,
        "a gene without a name": (names == "").any(),
        "an HGNC id in place of a symbol": np.char.startswith(names, "HGNC:").any(),
        "a gene twice": (task.entities[1:] == task.entities[:-1]).any(),
        f"labels that are not those of a {task.kind} task (finite numbers, or two "
        "classes or more, each with a gene)": not sound,
    }
    for fault in (text for text, present in faults.items() if present):
        raise BadInput(
            f"source '{task.source}', task '{task.name}': it holds {fault}; look at the file, or "
            "fix its 'kind' or 'options'."
        )
    return task


def build(source, entry, sources=None):
    """Build the tasks of one declaration.

    Parameters
    ----------
    source : SourceSpec
    entry : TaskSpec
    sources : mapping of str to SourceSpec, optional
        Declared sources by id; needed where ids are looked up, or another source is read.

    Returns
    -------
    list of Task
        One, or many where the shape expands or labels are derived.
    """
    declared = Declaration(source, entry, sources or {})
    check(SHAPES, "shape", entry.shape, where=declared.where)
    try:
        built = [_task(declared, made) for made in SHAPES[entry.shape](declared, **entry.options)]
    except (TypeError, KeyError, ValueError) as err:  # options that the shape does not take
        raise BadInput(
            f"{declared.where}: {type(err).__name__}: {err}; fix 'options', or look at the file."
        ) from err
    if before := entry.before:
        options = {**entry.options, **before.options}
        earlier = entry.model_copy(update={"before": None, "options": options})
        old = {task.name: task for task in build(source, earlier, sources)}
        dated = [_dated(old[t.name], t, before) for t in built if t.name in old]
        built = [task for task in dated if task]
    return built + [t for whole in built if entry.derive for t in _derived(whole, entry.derive)]


def _dated(old: Task, new: Task, before: BeforeSpec) -> Task | None:
    """A binary task that trains on labels of before and tests those that came since."""
    at = pd.Index(old.entities).get_indexer(new.entities)
    known = np.where(at < 0, -1, old.labels[at])
    tested = known < 0
    if before.tested == "gains":
        second = np.array([crc32(gene.encode()) % 2 == 0 for gene in new.entities])
        tested = (known < 1) & ((new.labels == 1) | second)
    labels = np.where(tested, new.labels, np.maximum(known, 0))
    for part in (labels[tested], labels[~tested]):
        if min(part.sum(), len(part) - part.sum()) < before.least:
            return None
    return replace(new, labels=labels, folds=np.where(tested, 0, -2).astype(np.int8))


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


def from_source(source, sources, *, missing=None):
    """Return the tasks of every declaration of a source, from the cache of the files at hand.

    Parameters
    ----------
    source : SourceSpec
    sources : mapping of str to SourceSpec
    missing : callable, optional
        Called with a sentence for a declaration whose file or column is not available; it then has
        no tasks. Without it, that is raised (``sources.Missing``).

    Returns
    -------
    list of list of Task
        Tasks by declaration, in order.
    """
    built = []
    for entry in source.tasks:
        try:
            built.append(_cached(source, entry, sources))
        except upstream.Missing as err:
            if missing is None:
                raise
            missing(str(err))
            built.append([])
    return built


_WHEEL = {"__all__": {"wheel"}}
"""Not in the recipe of tasks: a file is known by its SHA-256, however it came."""


def _cached(source: SourceSpec, entry: TaskSpec, sources: Sources) -> list[Task]:
    """The tasks of one declaration, which share their entities, from the cache."""
    parts = entry.options, entry.options.get("members", {})
    looked_up = any(part.get("ids", "symbol") != "symbol" for part in parts)
    other = entry.options.get("other", {"source": source.id})
    needed = {source.id, other["source"], *(("hgnc", "ensembl") if looked_up else ())}
    used = [errors.pick(sources, "source", name) for name in sorted(needed)]
    recipe = {
        "stage": ["tasks of a declaration", builders.VERSION],
        "source": source.model_dump(mode="json", exclude={"tasks": True, "files": _WHEEL}),
        "task": entry.model_dump(mode="json", exclude=None if entry.before else {"before"}),
        "files": {s.id: {name: upstream.digest_of(s, name) for name in s.files} for s in used},
    }
    path = paths.TASKS / f"{source.id}-{cache.key(recipe)}.npz"
    if cache.state(path) != "ready":
        cache.store(path, recipe, partial(_write, built=build(source, entry, sources)))
    with np.load(path, allow_pickle=False) as arrays:
        about, entities = json.loads(arrays["about"].item()), arrays["entities"]
        tasks = []
        for number, (noted, *words, kind, classes) in enumerate(about):
            y = arrays[str(number)]
            y = y if kind == "regression" else y.astype(np.int64)
            declared = entry.group, kind, source.id, entry.version
            folds, own = (arrays.get(f"{number} {name}") for name in ("folds", "entities"))
            names = entities if own is None else own
            tasks.append(Task(*words, *declared, names, y, tuple(classes), folds))
            same = next(task for task in tasks if task.entities is names)
            # the digest of the file itself guards them
            tasks[-1].__dict__.update(hash=noted, entities_hash=same.entities_hash)
    return tasks


def _write(path: Path, built: list[Task]):
    about = [(t.hash, t.name, t.title, t.description, t.kind, t.classes) for t in built]
    labels = [t.labels if t.kind == "regression" else t.labels.astype(np.int16) for t in built]
    entities = built[0].entities if built else np.array([], dtype=str)
    arrays = {str(number): y for number, y in enumerate(labels)}
    for number, task in enumerate(built):
        if task.folds is not None:  # each term of such a table may have genes of its own
            arrays[f"{number} folds"] = task.folds
            if not np.array_equal(task.entities, entities):
                arrays[f"{number} entities"] = task.entities
    np.savez(path, about=np.array(json.dumps(about)), entities=entities, **arrays)


def load(profile, sources, *, missing=None):
    """Return every task of a profile.

    Parameters
    ----------
    profile : ProfileSpec
    sources : mapping of str to SourceSpec
    missing : callable, optional
        Called once with each sentence about what is not available; its tasks are left out. Without
        it, that is raised (``sources.Missing``).

    Returns
    -------
    dict of str to Task
        Tasks by name, ordered by group, then name.
    """
    reported: set[str] = set()

    def report(sentence: str):
        if missing is None:
            raise upstream.Missing(sentence)
        if sentence not in reported:
            missing(sentence)
        reported.add(sentence)

    tasks: list[Task] = []
    for name in profile.sources:
        source = errors.pick(sources, "source", name)
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
    tasks: list[Task], sources: Sources, least: int, report: Callable
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
    """A task without the classes or labels (and then genes) of which it has too few.

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


def pick(tasks, names):
    """Pick tasks by name.

    Parameters
    ----------
    tasks : dict of str to Task
    names : iterable of str, optional
        Names, or folders of names that end in ``/``; None or empty: all tasks.

    Returns
    -------
    dict of str to Task
        The tasks picked, by name, in the order of ``names``.
    """
    if not names:
        return tasks
    picked: dict[str, Task] = {}
    for name in names:
        folder = name.endswith("/")
        hits = {k: t for k, t in tasks.items() if k == name or folder and k.startswith(name)}
        if not hits:
            folders = {k.rsplit("/", 1)[0] + "/" for k in tasks}
            raise unknown("task", name, folders if f"{name}/" in folders else tasks)
        picked |= hits
    return picked


def universe(tasks: Iterable[Task]) -> np.ndarray:
    """Collect every gene of some tasks, sorted, shape (n,)."""
    parts = {t.entities_hash: t.parts for t in tasks}
    return np.unique(np.concatenate([genes for sides in parts.values() for genes in sides]))
