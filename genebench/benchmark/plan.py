"""What a run consists of: cells, what they share, how they are keyed and where they are cached."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from .. import probes
from ..core import cache, paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import ProfileSpec
from ..core.workers import Once
from ..data import builders, tasks
from ..data.tasks import Task
from ..models import Embedding, inference
from ..stats import metrics
from . import cuts, splits

VERSION = 2
"""Bump when ``run.compute`` changes what it computes."""


@dataclass(frozen=True)
class Cell:
    """One unit of work: what is computed, stored, resumed and reported as a whole."""

    profile: str
    model: str
    split: str
    probe: str
    tasks: tuple[str, ...]
    label: str

    def __str__(self) -> str:
        return f"{self.model} × {self.label} × {self.split}" + f" × {self.probe}" * (
            self.probe != "linear"
        )


@dataclass(frozen=True, eq=False)
class Context:
    """What every cell of a profile shares; built once per process."""

    profile: ProfileSpec
    tasks: dict[str, Task]
    universe: np.ndarray
    missing: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """Of the universe, for recipes."""
        return cache.of_names(self.universe.tolist())

    @lru_cache(maxsize=2)  # noqa: B019 — one context a process; the last model's vectors are used by its next cell
    def embedding(self, model: str) -> Embedding:
        """A model's vectors for the universe, made or read from the cache."""
        return inference.embed(specs.model(model), self.universe)


@lru_cache(maxsize=1)
def context(profile: str) -> Context:
    """Load a profile's tasks and gene universe. Sources that are not to be had are noted, and the rest goes on."""
    spec, missing = specs.profile(profile), []
    for split in spec.splits:
        if split not in splits.SPLITS:
            raise unknown(
                "split", split, splits.SPLITS, where=f"{paths.PROFILES}: profile '{profile}'"
            )
    sources = {**specs.sources(), **{name: specs.source(name) for name in spec.sources}}
    found = tasks.load(spec, sources, missing=missing.append)
    if not found:
        raise BadInput(
            f"profile '{profile}': no task can be built; {missing[0] if missing else 'it names no source.'}"
        )
    probed = [t for t in found.values() if _probes(spec, t)]
    return Context(spec, found, tasks.universe(probed), tuple(missing))


def _probes(profile: ProfileSpec, task: Task) -> list[str]:
    """The profile's probes that take a task's kind."""
    return [name for name in profile.probes if probes.takes(task.kind, name)]


@lru_cache(maxsize=1)
def _coverage(profile: str) -> dict[str, np.ndarray]:
    """Per model that is not a control: which genes of the universe it can embed, (n_universe,) bool."""
    held = context(profile)
    names = [m for m in held.profile.models if specs.model(m).family != "control"]
    out = {}
    for name in names:
        path = inference.path(specs.model(name), held.universe)
        if path.exists():  # a model that could not be embedded defines nothing
            with np.load(path, allow_pickle=False) as kept:
                out[name] = np.isin(held.universe, kept["entities"])
    return out


def common_genes(profile: str, task: Task) -> np.ndarray:
    """Mask of the task's entities that every broad model covers, (n,).

    A model is broad on a task if it covers at least the profile's ``common_floor`` of it; controls do not count.
    """
    return _common(profile, _by_entities(profile)[task.entities_hash])


@lru_cache(maxsize=1)
def _by_entities(profile: str) -> dict[str, str]:
    """One task of each set of genes: the others share its common genes."""
    return {t.entities_hash: name for name, t in reversed(context(profile).tasks.items())}


@lru_cache(maxsize=256)
def _common(profile: str, name: str) -> np.ndarray:
    held = context(profile)
    task = held.tasks[name]
    at = [np.searchsorted(held.universe, part) for part in task.parts]
    covers = [np.logical_and.reduce([c[a] for a in at]) for c in _coverage(profile).values()]
    broad = [c for c in covers if c.mean() >= held.profile.common_floor]
    return np.logical_and.reduce(broad) if broad else np.ones(len(task), dtype=bool)


def plan(
    profile: str,
    *,
    models: Iterable[str] | None = None,
    names: Iterable[str] | None = None,
    split: str | None = None,
) -> list[Cell]:
    """The cells of a profile, or those that hold the models and tasks asked for.

    Blocks are cut from the whole profile, so that a choice of tasks never changes what a cell holds.
    """
    held = context(profile)
    for m in models or ():
        if m not in held.profile.models:
            raise unknown("model", m, held.profile.models, where=f"profile '{profile}'")
    made, first = splits_at_hand(profile, split)[0], next(iter(splits_at_hand(profile)[0]), "")
    chosen = set(tasks.pick(held.tasks, names))
    blocks: dict[tuple, list[list[str]]] = {}
    for task in held.tasks.values():
        if not _probes(held.profile, task):
            continue
        alone = task.kind != "binary"
        group = (task.name,) if alone else ("binary", task.entities_hash)
        kept = blocks.setdefault(group, [[]])
        if len(kept[-1]) == held.profile.block:
            kept.append([])
        kept[-1].append(task.name)
    flat = [b for group in blocks.values() for b in group if chosen & set(b)]
    return [
        Cell(
            profile,
            m,
            s,
            probe,
            tuple(block),
            block[0] if len(block) == 1 else f"{block[0]} … {block[-1]} ({len(block)} tasks)",
        )
        for m in held.profile.models
        if not models or m in models
        for s in made
        if m not in held.profile.once or s == first
        for block in flat
        for probe in _probes(held.profile, held.tasks[block[0]])
    ]


def splits_at_hand(profile: str, split: str | None = None) -> tuple[list[str], list[str]]:
    """The splits of a profile (or the one asked for) that can be made here, and a sentence for each that cannot.

    A split that has a fallback is run as that, under the fallback's name, so that results of the two are never mixed;
    another is left out. Raises: BadInput: the one split asked for is unknown, or needs a table that is not at hand.
    """
    made, told = [], []
    for name in [split] if split else specs.profile(profile).splits:
        why, instead = splits.lacking(name), splits.FALLBACK.get(name)
        if why and not instead and split:
            raise BadInput(why)
        if not why or instead:
            made.append(instead if why else name)
        if why:
            then = (
                f"'{instead}' is run in its place, under that name."
                if instead
                else "It is left out."
            )
            told.append(f"{why} {then}")
    return list(dict.fromkeys(made)), told


@dataclass(frozen=True, eq=False)
class Block:
    """What all models' cells of one block of tasks under one split share: tasks, common genes, folds of each repeat."""

    tasks: tuple[Task, ...]
    common: np.ndarray
    cuts: tuple[cuts.Cut, ...]


def block_of(cell: Cell) -> Once:
    """The block of a cell."""
    name = hashlib.sha256(repr((cell.profile, cell.split, cell.tasks)).encode()).hexdigest()[:16]
    return Once(f"block {name}", lambda: _block(cell.profile, cell.split, cell.tasks))


def cutting(cell: Cell) -> list[cuts.Work]:
    """The folds that a cell needs, one a repeat."""
    held = context(cell.profile)
    together = tuple(held.tasks[n] for n in cell.tasks)
    return [
        cuts.Work(together, cell.split, held.profile, repeat)
        for repeat in range(held.profile.repeats)
    ]


@lru_cache(maxsize=4)
def _block(profile: str, split: str, names: tuple[str, ...]) -> Block:
    works = cutting(Cell(profile, "", split, "", names, ""))
    first, *rest = works[0].tasks
    together = (
        first,
        *(replace(t, entities=first.entities) for t in rest),
    )  # one array of genes, also when it is sent
    return Block(together, common_genes(profile, together[0]), tuple(map(cuts.folds, works)))


@lru_cache(maxsize=4096)
def _digest_of_common(profile: str, names: tuple[str, ...]) -> str:
    """Of the common genes of some tasks, for recipes: all models of a block share it."""
    found = context(profile).tasks
    return hashlib.sha256(
        b"".join(common_genes(profile, found[n]).tobytes() for n in names)
    ).hexdigest()[:16]


def recipe(cell: Cell) -> dict:
    """Everything that determines a cell's rows."""
    held = context(cell.profile)
    spec, chosen = specs.model(cell.model), [held.tasks[n] for n in cell.tasks]
    how = probes.method(chosen[0].kind, cell.probe)
    p = held.profile
    return {
        "stage": [
            "run",
            VERSION,
            splits.VERSION,
            probes.VERSION,
            metrics.VERSION,
            builders.VERSION,
        ],
        "tasks": [[t.name, t.version, t.hash] for t in chosen],
        "model": [spec.name, spec.family, spec.labels, inference.recipe(spec, held.digest)]
        + [kind for kind in spec.not_for if kind == chosen[0].kind],
        "probe": [cell.probe, how.name, how.options],
        "split": [
            cell.split,
            splits.fingerprint(cell.split),
            p.folds,
            p.repeats,
            p.seed,
            p.min_per_class,
        ],
        "common": _digest_of_common(cell.profile, cell.tasks),
    }


def cell_path(cell: Cell) -> Path:
    """Where a cell's rows are cached."""
    return paths.CELLS / cell.model / f"{cache.key(recipe(cell))}.parquet"
