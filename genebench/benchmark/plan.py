"""The plan of a run: names become objects here, once, and are handed on.

A *cell* is one model x one block of tasks that share their genes x one split x one probe. It is
computed whole, cached whole under the hash of its recipe, and named in every message about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from .. import probes
from ..core import cache, paths, specs, workers
from ..core.errors import BadInput, unknown
from ..core.specs import Declarations, ModelSpec, ProfileSpec
from ..data import builders, tasks
from ..data.tasks import Task
from ..models import Embedding, inference
from ..stats import metrics
from . import fold_blocks, splits

VERSION = 2
"""Bump when ``fit.compute`` changes what it computes."""


@dataclass(frozen=True)
class Cell:
    """One model × one block of tasks that share their genes × one split × one probe.

    Computed and cached whole.

    Attributes
    ----------
    model, split, probe : str
        Names.
    tasks : tuple of str
        Names of the tasks of its block.
    label : str
        The block in messages.
    """

    model: str
    split: str
    probe: str
    tasks: tuple[str, ...]
    label: str

    def __str__(self) -> str:
        probe = f" × {self.probe}" if self.probe != "linear" else ""
        return f"{self.model} × {self.label} × {self.split}{probe}"


@dataclass(frozen=True, eq=False)
class Block:
    """What the cells of all models on one block of tasks under one split share.

    Attributes
    ----------
    tasks : tuple of Task
        They share their entities.
    common : ndarray of bool, shape (n,)
        Entities that every broad model covers.
    folds : tuple of (ndarray of int8, shape (n_tasks, n), list of str)
        Per repeat: the fold of each entity, and per task why it cannot be split (its row is −1;
        empty where it can).
    """

    tasks: tuple[Task, ...]
    common: np.ndarray
    folds: tuple[tuple[np.ndarray, list[str]], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a run needs, resolved: it is sent to each process once.

    Attributes
    ----------
    profile : ProfileSpec
    declared : Declarations
        Where models and sources were looked up; a user's own stand among them.
    tasks : mapping of str to Task
        Every task of the profile that can be built.
    universe : ndarray of str, shape (n_genes,)
        All genes of tasks that a probe of the profile takes, sorted.
    splits : tuple of str
        Splits of the profile that can be made here.
    cells : tuple of Cell
        All cells of the profile.
    requested : tuple of Cell
        Those to be run: all, or those that hold the models, tasks and split asked for.
    messages : tuple of str
        A sentence for each thing that is left out, and why.
    whole : bool
        Whether every cell of the profile is requested.
    memory : float
        Bytes that the fits of one process may take.
    """

    profile: ProfileSpec
    declared: Declarations
    tasks: Mapping[str, Task]
    universe: np.ndarray
    splits: tuple[str, ...]
    cells: tuple[Cell, ...]
    requested: tuple[Cell, ...]
    messages: tuple[str, ...]
    whole: bool = True
    memory: float = 4e9

    def __getstate__(self) -> dict:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # without what it remembers

    @property
    def models(self) -> dict[str, ModelSpec]:
        """Models of the profile by name."""
        return {name: self.declared.models[name] for name in self.profile.models}

    @cached_property
    def universe_digest(self) -> str:
        """Digest of the universe, for recipes."""
        return cache.of_names(self.universe.tolist())

    # --- vectors -----------------------------------------------------------------------------

    def embedding_path(self, model: str) -> Path:
        """Path in the cache of a model's vectors for the universe."""
        return inference.path(self.declared.models[model], self.universe, self.declared)

    @cached_property
    def embedding(self):
        """Callable.

        Name of a model -> its ``Embedding`` of the universe, from the cache or made now.
        """
        return lru_cache(maxsize=2)(self._embedding)

    def _embedding(self, model: str) -> Embedding:
        return inference.embed(self.declared.models[model], self.universe, self.declared)

    @cached_property
    def _coverage(self) -> dict[str, np.ndarray]:
        """Genes of the universe that each model but controls embeds, (n_genes,) bool."""
        covered = {}
        for name, spec in self.models.items():
            path = self.embedding_path(name)
            if spec.family != "control" and path.exists():  # one that failed defines nothing
                with np.load(path, allow_pickle=False) as arrays:
                    covered[name] = np.isin(self.universe, arrays["entities"])
        return covered

    def rows_of(self, task: Task) -> tuple[np.ndarray, ...]:
        """Rows in the universe of each entity of a task; of a pair task, of its two genes."""
        return tuple(np.searchsorted(self.universe, part) for part in task.parts)

    def common(self, task: Task) -> np.ndarray:
        """Find the entities of a task that every broad model covers.

        A model is broad on a task if it covers at least the profile's ``common_floor`` of it.
        Controls do not count.

        Parameters
        ----------
        task : Task

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        known = self._common_genes
        if task.entities_hash not in known:
            rows = self.rows_of(task)
            covers = [np.logical_and.reduce([c[r] for r in rows]) for c in self._coverage.values()]
            broad = [c for c in covers if c.mean() >= self.profile.common_floor]
            everything = np.ones(len(task), dtype=bool)
            known[task.entities_hash] = np.logical_and.reduce(broad) if broad else everything
        return known[task.entities_hash]

    @cached_property
    def _common_genes(self) -> dict[str, np.ndarray]:
        return {}

    # --- cells -------------------------------------------------------------------------------

    def block(self, cell: Cell) -> workers.Once:
        """The block of a cell, to be loaded where it is needed."""
        name = hashlib.sha256(repr((cell.split, cell.tasks)).encode()).hexdigest()[:16]
        return workers.Once(f"block {name}", lambda: self._load_block(cell.split, cell.tasks))

    @cached_property
    def _load_block(self):
        return lru_cache(maxsize=4)(self._make_block)

    def _make_block(self, split: str, names: tuple[str, ...]) -> Block:
        folds = tuple(fold_blocks.load(self, unit) for unit in self.fold_units(split, names))
        first, *rest = (self.tasks[name] for name in names)
        same = (replace(task, entities=first.entities) for task in rest)  # sent as one array
        return Block((first, *same), self.common(first), folds)

    def fold_units(self, split: str, names: tuple[str, ...]) -> list[fold_blocks.FoldUnit]:
        """The folds that a block of tasks needs, one a repeat."""
        return [fold_blocks.FoldUnit(split, names, r) for r in range(self.profile.repeats)]

    @cached_property
    def _digest_of_common(self):
        return lru_cache(maxsize=None)(self._make_digest_of_common)

    def _make_digest_of_common(self, names: tuple[str, ...]) -> str:
        masks = b"".join(self.common(self.tasks[name]).tobytes() for name in names)
        return hashlib.sha256(masks).hexdigest()[:16]

    def recipe(self, cell: Cell) -> dict:
        """Everything that determines the rows of a cell, and nothing else."""
        spec, profile = self.declared.models[cell.model], self.profile
        chosen = [self.tasks[name] for name in cell.tasks]
        kind = chosen[0].kind
        probe = probes.method(kind, cell.probe)
        vectors = inference.recipe(spec, self.universe_digest, self.declared)
        barred = [k for k in spec.not_for if k == kind]
        fingerprint = splits.fingerprint(cell.split, self.declared.sources)
        numbers = [profile.folds, profile.repeats, profile.seed, profile.min_per_class]
        versions = [VERSION, splits.VERSION, probes.VERSION, metrics.VERSION, builders.VERSION]
        return {
            "stage": ["run", *versions],
            "tasks": [[t.name, t.version, t.hash] for t in chosen],
            "model": [spec.name, spec.family, spec.labels, vectors, *barred],
            "probe": [cell.probe, probe.name, probe.options],
            "split": [cell.split, fingerprint, *numbers],
            "common": self._digest_of_common(cell.tasks),
        }

    @cached_property
    def path(self):
        """Callable: cell -> path of its rows in the cache; its vectors must be there."""
        return lru_cache(maxsize=None)(self._path)

    def _path(self, cell: Cell) -> Path:
        return paths.CELLS / cell.model / f"{cache.key(self.recipe(cell))}.parquet"


def make(
    profile: str | ProfileSpec,
    *,
    models: Iterable[str] = (),
    names: Iterable[str] = (),
    split: str | None = None,
    declared: Declarations | None = None,
    memory: float = 4e9,
) -> Plan:
    """Resolve the declarations of a profile into a plan.

    Parameters
    ----------
    profile : str or ProfileSpec
        A declared name, or a profile of a user's own, whose sources and models ``declared`` holds.
    models, names : iterable of str, optional
        Only the cells of these models, and that hold these tasks; a name that ends in ``/`` takes
        all tasks under it. Blocks are cut from the whole profile, so that a choice never changes
        what a cell holds.
    split : str, optional
        Only this split.
    declared : Declarations, optional
        Where names are looked up; read from ``data/`` if none is given.
    memory : float, default=4e9
        Bytes that the fits of one process may take; changes speed and, by rounding, the last
        digits.

    Returns
    -------
    Plan

    Raises
    ------
    BadInput
        An unknown name, no task that can be built, or a requested split whose table is missing.
    """
    declared = declared or specs.declared()
    spec = declared.profile(profile) if isinstance(profile, str) else profile
    models, names, missing = list(models), list(names), []
    for name in spec.splits:
        if name not in splits.SPLITS:
            where = f"{paths.PROFILES}: profile '{spec.name}'"
            raise unknown("split", name, splits.SPLITS, where=where)
    for name in models:
        if name not in spec.models:
            raise unknown("model", name, spec.models, where=f"profile '{spec.name}'")
    found = tasks.load(spec, declared.sources, missing=missing.append)
    if not found:
        why = missing[0] if missing else "it names no source."
        raise BadInput(f"profile '{spec.name}': no task can be built; {why}")
    probed = [task for task in found.values() if _probes(spec, task)]
    usable, notes = available_splits(spec.splits, declared)
    requested, more = (usable, []) if split is None else available_splits([split], declared, split)
    every = dict.fromkeys([*usable, *requested])
    cells = _cells(spec, found, every, usable[0] if usable else "")
    inside = set(tasks.pick(found, names))
    chosen = tuple(
        cell
        for cell in cells
        if (not models or cell.model in models)
        and cell.split in requested
        and inside & set(cell.tasks)
    )
    return Plan(
        profile=spec,
        declared=declared,
        tasks=found,
        universe=tasks.universe(probed),
        splits=tuple(usable),
        cells=tuple(cell for cell in cells if cell.split in usable),
        requested=chosen,
        messages=(*(f"left out: {why}" for why in missing), *(notes if split is None else more)),
        whole=not (models or names or split),
        memory=memory,
    )


def _probes(profile: ProfileSpec, task: Task) -> list[str]:
    """The profile's probes that take a task's kind."""
    return [name for name in profile.probes if probes.takes(task.kind, name)]


def _cells(
    profile: ProfileSpec, found: Mapping[str, Task], usable: Iterable[str], first: str
) -> tuple[Cell, ...]:
    """Every cell of some splits; binary tasks of the same genes share a block."""
    blocks: dict[tuple, list[list[str]]] = {}
    for task in found.values():
        if _probes(profile, task):
            binary = task.kind == "binary"
            parts = blocks.setdefault(("", task.entities_hash) if binary else (task.name,), [[]])
            if len(parts[-1]) == profile.block:
                parts.append([])
            parts[-1].append(task.name)
    flat = [tuple(block) for parts in blocks.values() for block in parts]
    return tuple(
        Cell(model, split, probe, block, _label(block))
        for model in profile.models
        for split in usable
        if model not in profile.once or split == first
        for block in flat
        for probe in _probes(profile, found[block[0]])
    )


def _label(block: tuple[str, ...]) -> str:
    return block[0] if len(block) == 1 else f"{block[0]} … {block[-1]} ({len(block)} tasks)"


def available_splits(
    names: Iterable[str], declared: Declarations, requested: str | None = None
) -> tuple[list[str], list[str]]:
    """Find the splits that can be made here.

    A split with a fallback is run as that, under the fallback's name, so that their results are
    never mixed.

    Parameters
    ----------
    names : iterable of str
    declared : Declarations
    requested : str, optional
        A split that the user asked for by name: without a fallback it is an error that it cannot be
        made.

    Returns
    -------
    usable : list of str
    messages : list of str
        A sentence for each that cannot be made.

    Raises
    ------
    BadInput
        An unknown split, or the requested one needs a table that is missing.
    """
    usable, messages = [], []
    for name in names:
        why = splits.lacking(name, declared.sources)
        instead = splits.FALLBACK.get(name)
        if why and not instead and requested:
            raise BadInput(why)
        if not why or instead:
            usable.append(instead if why else name)
        if why:
            then = f"'{instead}' is run in its place, under that name."
            messages.append(f"{why} {then if instead else 'It is left out.'}")
    return list(dict.fromkeys(usable)), messages
