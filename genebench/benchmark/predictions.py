"""Out-of-fold predictions, kept once per cell, so that any interval, subset or new metric needs no
refit.

Values (log-odds, log-probabilities, numbers) are kept as 16-bit codes: a column's range in 65,535
steps. Scores are computed from the codes, so that what is kept gives exactly the scores that were
written; values that differ by the rounding of a solver fall together and count as the tie that they
are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import cache

STEPS = 65535


def quantise(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of values, column by column: (n,) or (n, c) → codes uint16, and each column's least
    value and step."""
    wide = np.asarray(values, dtype=np.float64)
    low, high = wide.min(axis=0), wide.max(axis=0)
    step = np.where(high > low, (high - low) / STEPS, 1.0)
    return np.rint((wide - low) / step).astype(np.uint16), np.asarray(low), np.asarray(step)


def restore(codes: np.ndarray, low: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Values of codes, float64, each within half a step (1/131,070 of its column's range) of what
    was given."""
    return low + codes * step


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one cell predicted for one task in one repeat.

    Attributes:
        rows: which of the task's entities have a prediction (covered, and tested in some fold),
        (m,) int32. fold: fold in which each was tested, (m,) int8. codes, low, step: see
        ``quantise``; codes (m,) or (m, c).
    """

    rows: np.ndarray
    fold: np.ndarray
    codes: np.ndarray
    low: np.ndarray
    step: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """Log-odds, log-probabilities or numbers, float64, (m,) or (m, c)."""
        return restore(self.codes, self.low, self.step)


_FIELDS = tuple(Predictions.__dataclass_fields__)


def path(cell: Path) -> Path:
    """Where the predictions of a cell are kept, beside its rows."""
    return cell.with_name(cell.stem + "-oof.npz")


def store(cell: Path, recipe: dict, held: dict[tuple[str, int], Predictions]) -> None:
    """Keep a cell's predictions by (task, repeat)."""
    arrays = {
        f"{i}_{name}": getattr(p, name) for i, p in enumerate(held.values()) for name in _FIELDS
    }
    names = np.array([f"{task}\t{repeat}" for task, repeat in held])
    cache.store(path(cell), recipe, lambda to: np.savez(to, names=names, **arrays))


def load(cell: Path) -> dict[tuple[str, int], Predictions]:
    """A cell's predictions by (task, repeat); empty if every task of it was skipped."""
    out = {}
    with np.load(path(cell), allow_pickle=False) as held:
        for i, name in enumerate(held["names"].tolist()):
            task, repeat = name.split("\t")
            out[task, int(repeat)] = Predictions(
                **{field: held[f"{i}_{field}"] for field in _FIELDS}
            )
    return out
