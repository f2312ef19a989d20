"""Out-of-fold predictions, kept once per cell: a new interval or table needs no refit.

Values (log-odds, log-probabilities, numbers) are kept as 16-bit codes: a column's range in 65,535
steps. Scores are computed from the codes, so that what is kept gives exactly the scores that were
written; values that differ by the rounding of a solver fall together and count as the tie that they
are.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import cache

STEPS = 65535


def quantise(values):
    """Code values in 65,535 steps of the range of their column.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, c)

    Returns
    -------
    codes : ndarray of uint16, same shape
    low, step : ndarray of shape () or (c,), of each column
    """
    wide = np.asarray(values, dtype=np.float64)
    low, high = wide.min(axis=0), wide.max(axis=0)
    step = np.where(high > low, (high - low) / STEPS, 1.0)
    return np.rint((wide - low) / step).astype(np.uint16), np.asarray(low), np.asarray(step)


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one cell predicted for one task in one repeat.

    Attributes
    ----------
    rows : ndarray of int32, shape (m,)
        Which of the task's entities have a prediction (covered, and tested in some fold).
    fold : ndarray of int8, shape (m,)
        Fold in which each was tested.
    codes, low, step : ndarray
        See ``quantise``; codes have shape (m,) or (m, c).
    """

    rows: np.ndarray
    fold: np.ndarray
    codes: np.ndarray
    low: np.ndarray
    step: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """Log-odds, log-probabilities or numbers, float64, (m,) or (m, c).

        Each is within half a step of the one that was coded.
        """
        return self.low + self.codes * self.step


_FIELDS = tuple(Predictions.__dataclass_fields__)


def path(cell: Path) -> Path:
    """Path of the predictions of a cell, beside its rows."""
    return cell.with_name(cell.stem + "-oof.npz")


def store(cell: Path, recipe: dict, predictions: dict[tuple[str, int], Predictions]):
    """Cache the predictions of a cell (path of its rows), by task and repeat."""
    every = enumerate(predictions.values())
    arrays = {f"{i}_{name}": getattr(p, name) for i, p in every for name in _FIELDS}
    names = np.array([f"{task}\t{repeat}" for task, repeat in predictions])
    cache.store(path(cell), recipe, lambda to: np.savez(to, names=names, **arrays))


def load(cell):
    """Read the predictions of a cell (path of its rows); empty if every task was skipped.

    Parameters
    ----------
    cell : Path

    Returns
    -------
    dict of (str, int) to Predictions, by task and repeat
    """
    out = {}
    with np.load(path(cell), allow_pickle=False) as arrays:
        for i, name in enumerate(arrays["names"].tolist()):
            task, repeat = name.split("\t")
            fields = {field: arrays[f"{i}_{field}"] for field in _FIELDS}
            out[task, int(repeat)] = Predictions(**fields)
    return out
