"""Tasks: built from their declarations, cached, picked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache as memory
from functools import partial
from zlib import crc32

import numpy as np
import pandas as pd

from ..core import cache, errors, paths
from ..core.errors import BadInput, check, unknown
from ..core.specs import GROUPS
from . import builders, genes
from . import sources as upstream
from .builders import BUILDERS
from .labels import Declaration, slug
from .task import Task


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
        One, or many where the builder expands or labels are derived.
    """
    declared = Declaration(source, entry, sources or {})
    check(BUILDERS, "builder", entry.builder, where=declared.where)
    try:
        built = [*BUILDERS[entry.builder](declared, **entry.options)]
    except (TypeError, KeyError, ValueError) as err:  # options that the builder does not take
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


def _dated(old, new, before):
    """A binary task that trains on labels of before and tests those that came since."""
    known = pd.Series(old.labels, old.entities).reindex(new.entities, fill_value=-1).to_numpy()
    tested = known < 0
    if before.tested == "gains":
        second = np.array([crc32(gene.encode()) % 2 == 0 for gene in new.entities])
        tested = (known < 1) & ((new.labels == 1) | second)
    labels = np.where(tested, new.labels, np.maximum(known, 0))
    if np.bincount(2 * tested + labels, minlength=4).min() < before.least:  # of a part and class
        return None
    return replace(new, labels=labels, folds=np.where(tested, 0, -2).astype(np.int8))


def _derived(whole, least):
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


def _refuse(sentence):
    raise upstream.Missing(sentence)


def from_source(source, sources, *, missing=_refuse):
    """Return the tasks of every declaration of a source, from the cache of the files at hand.

    Parameters
    ----------
    source : SourceSpec
    sources : mapping of str to SourceSpec
    missing : callable
        Called with a sentence for a declaration whose file or column is not available; it then has
        no tasks. By default that is raised (``sources.Missing``).

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
            missing(str(err))
            built.append([])
    return built


_WHEEL = {"__all__": {"wheel"}}
"""Not in the recipe of tasks: a file is known by its SHA-256, however it came."""


def _cached(source, entry, sources):
    """The tasks of one declaration, most of which share their entities, from the cache."""
    parts = entry.options, entry.options.get("members", {})
    looked_up = any(part.get("ids", "symbol") != "symbol" for part in parts)
    other = entry.options.get("other", {"source": source.id})
    needed = {source.id, other["source"], *(("hgnc", "ensembl") if looked_up else ())}
    used = [errors.pick(sources, "source", name) for name in sorted(needed)]
    recipe = {
        "stage": ["tasks of one declaration", builders.VERSION],
        "source": source.model_dump(mode="json", exclude={"tasks": True, "files": _WHEEL}),
        "task": entry.model_dump(mode="json", exclude=None if entry.before else {"before"}),
        "files": {s.id: {name: upstream.digest_of(s, name) for name in s.files} for s in used},
    }
    path = paths.TASKS / f"{source.id}-{cache.key(recipe)}.npz"
    if cache.state(path) != "ready":
        built = build(source, entry, sources)
        about = [(t.hash, t.name, t.title, t.description, t.kind, t.classes) for t in built]
        first = built[0].entities if built else np.array([], dtype=str)
        labels = [t.labels if t.kind == "regression" else t.labels.astype(np.int16) for t in built]
        arrays = {"about": np.array(json.dumps(about)), "entities": first}
        if len({(y.shape, y.dtype) for y in labels}) == 1:  # a thousand arrays are slow to open
            arrays["labels"], labels = np.stack(labels), []
        for number, y in enumerate(labels):
            arrays[f"{number}"] = y
        for number, task in enumerate(built):
            if task.folds is not None:
                arrays[f"{number} folds"] = task.folds
            if not np.array_equal(task.entities, first):
                arrays[f"{number} entities"] = task.entities
        cache.store(path, recipe, partial(np.savez, **arrays))
    with np.load(path, allow_pickle=False) as arrays:
        tasks, shared, labels = [], arrays["entities"], arrays.get("labels")
        for number, (noted, *words, kind, classes) in enumerate(json.loads(arrays["about"].item())):
            y = arrays[f"{number}"] if labels is None else labels[number]
            tasks.append(
                Task(
                    *words,
                    entry.group,
                    kind,
                    source.id,
                    entry.version,
                    arrays.get(f"{number} entities", shared),
                    y if kind == "regression" else y.astype(np.int64),
                    tuple(classes),
                    arrays.get(f"{number} folds"),
                )
            )
            tasks[-1].__dict__["hash"] = noted  # the digest of the file itself guards it
    return tasks


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
    report = memory(missing or _refuse)
    tasks = []
    for name in profile.sources:
        source = errors.pick(sources, "source", name)
        for built in from_source(source, sources, missing=report):
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


def _restrict_all(tasks, sources, least, report):
    """The tasks on the genes of the paper; one that has too few of them is reported."""
    listed, resolver = genes.paper_universe(sources), genes.resolver(sources)
    inside = {}
    for task in tasks:
        if task.entities_hash not in inside:
            # an entity counts by any name of its gene, each gene once; a pair by both genes
            sides = [resolver.resolve(side, kind="symbol") for side in task.parts]
            inside[task.entities_hash] = np.all(
                [np.isin(s.symbol, listed) & (s.unique | (task.kind == "pair")) for s in sides],
                axis=0,
            )
        mask = inside[task.entities_hash]
        if part := _restrict(task.subset(mask), least):
            yield part
            continue
        report(
            f"source '{task.source}', task '{task.name}': too few of its genes "
            f"({mask.sum()}, or fewer than {least} of a class) are among the "
            f"{len(listed):,} of the fixed universe; take 'universe: all'."
        )


def _restrict(task, least):
    """A task without the classes or labels (and then genes) of which it has too few.

    None where too little is left: fewer than two classes, or ``2 * least`` genes of a regression.
    """
    if task.kind == "regression":
        return task if len(task) >= 2 * least else None
    several = task.kind == "multilabel"
    labels = task.labels if several else np.eye(len(task.classes), dtype=int)[task.labels]
    size = labels.sum(axis=0)
    large = np.flatnonzero((size >= least) & (len(task) - size >= least * several))
    if len(large) < 2:
        return None
    labels = labels[:, large]
    y = labels if several else labels.argmax(axis=1)
    part = replace(task, labels=y, classes=tuple(task.classes[k] for k in large))
    return part.subset(labels.any(axis=1))


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
    picked = {}
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
