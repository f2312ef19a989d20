"""Cells: one model × one block of tasks that share their genes × one split × one probe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .. import probes
from ..core.specs import ProfileSpec
from ..data.tasks import Task


@dataclass(frozen=True)
class Cell:
    """What is computed and cached whole; ``tasks`` are the names of its block."""

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
        Per repeat, see ``fold_blocks.load``.
    """

    tasks: tuple[Task, ...]
    common: np.ndarray
    folds: tuple[tuple[np.ndarray, list[str]], ...]


def probes_of(profile: ProfileSpec, task: Task) -> list[str]:
    """The profile's probes that take a task's kind."""
    return [name for name in profile.probes if probes.takes(task.kind, name)]


def make(
    profile: ProfileSpec, built: Mapping[str, Task], usable: Iterable[str], first: list[str]
) -> list[Cell]:
    """Every cell of some splits; binary tasks of the same genes share a block.

    Parameters
    ----------
    profile : ProfileSpec
    built : mapping of str to Task
    usable, first : iterable of str
        Splits, and those that models of ``profile.once`` are run under.

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
