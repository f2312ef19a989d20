"""Blocks of tasks that share their genes: the cells of a run, and their folds, made once."""

from dataclasses import dataclass

import numpy as np

from .. import probes
from ..core import cache, paths
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
        Per repeat, see ``folds``.
    """

    tasks: tuple[Task, ...]
    common: np.ndarray
    folds: tuple[tuple[np.ndarray, list[str]], ...]


def probes_of(profile, task):
    """The profile's probes that take a task's kind.

    Parameters
    ----------
    profile : ProfileSpec
    task : Task

    Returns
    -------
    list of str
    """
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


def folds(plan, split, names, repeat):
    """Read the folds of a block, or make and cache them; random ones are made anew, it is faster.

    Parameters
    ----------
    plan : Plan
    split : str
    names : tuple of str
        Tasks, which share their entities.
    repeat : int

    Returns
    -------
    fold : ndarray of int8, shape (n_tasks, n)
    reasons : list of str
        Why a task cannot be divided (its row is −1); empty where it can.
    """
    tasks, sources = [plan.tasks[name] for name in names], plan.declared.sources
    profile, (together, apart) = plan.profile, plan.together
    numbers = [profile.folds, profile.seed, repeat]
    recipe = {
        "stage": ["folds", splits.VERSION],
        "tasks": [task.hash for task in tasks],
        "split": [split, splits.fingerprint(split, sources), *numbers],
        **apart,
    }
    path = paths.FOLDS / f"{split}-{cache.key(recipe)}.npz"
    if split == "random" or cache.state(path) != "ready":
        out, reasons = np.full((len(tasks), len(tasks[0])), -1, dtype=np.int8), [""] * len(tasks)
        seed, groups = splits.seed_of(profile.seed, repeat), {}
        for i, task in enumerate(tasks):
            # tasks of one entry share their dates; all others share everything
            entry = splits.entry_of(task, sources) if split == "date" else None
            at = entry and entry.name
            if at not in groups:
                groups[at] = splits.look_up(task, split, sources)
            try:
                out[i] = splits.assign(task, split, groups[at], profile.folds, seed, together)
            except splits.Unsplittable as err:
                reasons[i] = str(err)
        if split == "random":
            return out, reasons
        cache.store(path, recipe, lambda to: np.savez(to, cut=out, told=reasons))
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["cut"], arrays["told"].tolist()
