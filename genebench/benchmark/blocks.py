"""Blocks of tasks that share their genes: the cells of a run, and their folds, made once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import probes
from ..core import cache, paths
from ..core.specs import ProfileSpec
from ..core.workers import Stage
from ..data.tasks import Task
from . import splits


@dataclass(frozen=True)
class Cell:
    """One model × one block of tasks (names) × one split × one probe: computed and cached whole."""

    model: str
    split: str
    probe: str
    tasks: tuple[str, ...]

    @property
    def label(self) -> str:
        """The block in messages."""
        first, *more = self.tasks
        return f"{first} … {more[-1]} ({len(self.tasks)} tasks)" if more else first

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
        Per repeat, see ``load``.
    """

    tasks: tuple[Task, ...]
    common: np.ndarray
    folds: tuple[tuple[np.ndarray, list[str]], ...]


def probes_of(profile: ProfileSpec, task: Task) -> list[str]:
    """The profile's probes that take a task's kind."""
    return [name for name in profile.probes if probes.takes(task.kind, name)]


def cells(profile, built, usable, first):
    """Every cell of some splits; binary tasks of the same genes share a block.

    Parameters
    ----------
    profile : ProfileSpec
    built : mapping of str to Task
    usable, first : iterable of str, the latter for models of ``profile.once``

    Returns
    -------
    list of Cell
    """
    together: dict[str, list[str]] = {}
    for task in built.values():
        if probes_of(profile, task):
            shared = task.entities_hash if task.kind == "binary" else task.name
            together.setdefault(shared, []).append(task.name)
    size = profile.block
    blocks = [tuple(t[at : at + size]) for t in together.values() for at in range(0, len(t), size)]
    return [
        Cell(model, split, probe, block)
        for model in profile.models
        for split in usable
        if model not in profile.once or split in first
        for block in blocks
        for probe in probes_of(profile, built[block[0]])
    ]


# --- folds ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FoldUnit:
    """The folds of a block of tasks (names that share their entities) in one repeat."""

    split: str
    tasks: tuple[str, ...]
    repeat: int

    def __str__(self) -> str:
        return f"{self.tasks[0]} × {self.split}"


def _recipe(plan, unit: FoldUnit) -> dict:
    profile = plan.profile
    fingerprint_of = splits.fingerprint(unit.split, plan.declared.sources)
    return {
        "stage": ["folds", splits.VERSION],
        "tasks": [plan.tasks[name].hash for name in unit.tasks],
        "split": [unit.split, fingerprint_of, profile.folds, profile.seed, unit.repeat],
        **plan.together.recipe,
    }


def _files(plan, unit: FoldUnit) -> list[Path]:
    return [paths.FOLDS / f"{unit.split}-{cache.key(_recipe(plan, unit))}.npz"]


def _gather(plan, unit: FoldUnit) -> tuple:
    tasks, sources = [plan.tasks[name] for name in unit.tasks], plan.declared.sources
    entries = [unit.split == "date" and splits.entry_of(task, sources) for task in tasks]
    names = [entry and entry.name for entry in entries]
    # tasks of one entry share their dates; all others share everything
    of_each = dict(zip(names, tasks)).items()
    groups = {name: splits.look_up(task, unit.split, sources) for name, task in of_each}
    seed = splits.seed_of(plan.profile.seed, unit.repeat)
    together = plan.together.of(splits.genes_of(tasks[0]))
    return tasks, unit.split, [groups[name] for name in names], plan.profile.folds, seed, together


def _divide(
    tasks: list[Task], split: str, groups: list, n_folds: int, seed: int, together: np.ndarray
) -> tuple:
    out, reasons = np.full((len(tasks), len(tasks[0])), -1, dtype=np.int8), [""] * len(tasks)
    for i, task in enumerate(tasks):
        try:
            out[i] = splits.assign(task, split, groups[i], n_folds, seed, together)
        except splits.Unsplittable as err:
            reasons[i] = str(err)
    return out, reasons


def _store(plan, unit: FoldUnit, output: tuple):
    (path,), (fold, reasons) = _files(plan, unit), output
    cache.store(path, _recipe(plan, unit), lambda to: np.savez(to, cut=fold, told=reasons))


STAGE = Stage("folds", _files, _gather, _divide, _store)


def load(plan, unit):
    """Read the folds of a block, or make and cache them; random ones are made anew, it is faster.

    Parameters
    ----------
    plan : Plan
    unit : FoldUnit

    Returns
    -------
    fold : ndarray of int8, shape (n_tasks, n)
    reasons : list of str
        Why a task cannot be divided (its row is −1); empty where it can.
    """
    if unit.split == "random":
        return _divide(*_gather(plan, unit))
    (path,) = _files(plan, unit)
    if cache.state(path) != "ready":
        _store(plan, unit, _divide(*_gather(plan, unit)))
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["cut"], arrays["told"].tolist()
