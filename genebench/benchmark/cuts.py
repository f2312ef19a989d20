"""Folds of a block of tasks: cut once for all models, kept, and sent to those who compute."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import cache, paths
from ..core.specs import ProfileSpec
from ..core.workers import Stage
from ..data.tasks import Task
from . import splits


@dataclass(frozen=True, eq=False)
class Work:
    """One block of tasks to be cut: which split, of which profile, in which repeat."""

    tasks: tuple[Task, ...]
    split: str
    profile: ProfileSpec
    repeat: int

    def recipe(self) -> dict:
        """Everything that determines the folds."""
        return {
            "stage": ["folds", splits.VERSION],
            "tasks": [t.hash for t in self.tasks],
            "split": [
                self.split,
                splits.fingerprint(self.split),
                self.profile.folds,
                self.profile.seed,
                self.repeat,
            ],
        }

    def path(self) -> Path:
        """Where the folds are kept."""
        return paths.FOLDS / f"{self.split}-{cache.key(self.recipe())}.npz"


Cut = tuple[np.ndarray, list[str]]
"""Folds of each task, (n_tasks, n) int8, and why one cannot be cut (its row is −1), empty where it can."""


def folds(work: Work) -> Cut:
    """Folds of a block, from where they are kept, or cut now and kept; those at random are quickly cut anew."""
    if work.split == "random":
        return cut(*gather(work))
    kept = work.path()
    if cache.state(kept) != "ready":
        keep(work, cut(*gather(work)))
    with np.load(kept, allow_pickle=False) as held:
        return held["cut"], held["told"].tolist()


def waiting(works: list[Work]) -> list[Work]:
    """The blocks whose folds are worth keeping and are not there yet, each once."""
    absent = {w.path(): w for w in works if w.split != "random"}
    return [w for path, w in absent.items() if cache.state(path) != "ready"]


def gather(work: Work) -> tuple:
    """What ``cut`` reads: no file is needed where it is called."""
    p = work.profile
    groups = [splits.groups(task, work.split) for task in work.tasks]
    return list(work.tasks), work.split, p.folds, p.seed, work.repeat, groups


def cut(
    tasks: list[Task], split: str, n_folds: int, seed: int, repeat: int, groups: list[list | None]
) -> Cut:
    """Cut tasks that share their genes into folds; ``groups`` is what ``splits.groups`` gives for each."""
    out, told = np.full((len(tasks), len(tasks[0])), -1, dtype=np.int8), [""] * len(tasks)
    for i, task in enumerate(tasks):
        try:
            out[i] = splits.folds(
                task, split, n_folds=n_folds, seed=seed, repeat=repeat, groups=groups[i]
            )
        except splits.Unsplittable as err:
            told[i] = str(err)
    return out, told


def keep(work: Work, made: Cut) -> None:
    """Store the folds of a block."""
    cache.store(
        work.path(), work.recipe(), lambda path: np.savez(path, cut=made[0], told=np.array(made[1]))
    )


STAGE = Stage(gather, cut, keep)
