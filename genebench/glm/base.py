"""What every nucleotide model answers, whoever made it: probabilities of the four bases, and hidden states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True)
class Sequence:
    """A stretch of a genome: its codes, and what is known base by base.

    ``codes``: (L,) uint8. ``repeats``: soft-masked bases, (L,) bool. ``regions``: class of region, (L,) uint8, whose
    names the maker of the sequence keeps. ``species``: 0 where it does not matter, else 1 … n.
    """

    name: str
    codes: np.ndarray
    repeats: np.ndarray | None = None
    regions: np.ndarray | None = None
    species: int = 0


@runtime_checkable
class Nucleotides(Protocol):
    """A model of DNA. ``objective``: "masked" (knows both sides) or "causal" (knows the left side).

    ``context``: positions that it sees to each side (of a causal model: to the left). ``layers``: number of hidden
    states that ``hidden`` can give.
    """

    name: str
    objective: str
    context: int
    layers: int

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Natural logarithms of the probabilities of A, C, G, T at each position given the rest of the window (masked)
        or all to its left (causal), (n, L, 4) float32; ``windows``: (n, L) uint8. The base itself is not looked at."""
        ...

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """Hidden states, (n, L, d) float32; layer −1 is the last. The base itself is looked at."""
        ...


def at(model: Nucleotides, windows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Log-probabilities of the four bases at one position of each window, (n, 4) float32.

    A model that needs one query a position (a masked one) has a method ``at`` of its own, which asks only for these.
    """
    if hasattr(model, "at"):
        return model.at(windows, positions)
    return model.conditionals(windows)[np.arange(len(windows)), positions]


def bits(
    model: Nucleotides, sequence: Sequence, *, window: int = 512, batch: int = 64
) -> np.ndarray:
    """Bits that a model needs for each base of a sequence, (L,) float32; the lower the better; NaN at N.

    Windows overlap by the model's context on both sides (on the left only, if causal), at most by half a window.
    """
    from . import codes

    left = min(model.context, window // 2)
    right = 0 if model.objective == "causal" else min(model.context, window // 4)
    left = left if model.objective == "causal" else right
    step = window - left - right
    starts = np.arange(0, len(sequence.codes), step)
    out = np.full(len(sequence.codes), np.nan, dtype=np.float32)
    for s in range(0, len(starts), batch):
        part = starts[s : s + batch]
        held = codes.windows(sequence.codes, part - left, window)
        logs = model.conditionals(held)
        for start, row, p in zip(part, held, logs):
            end = min(step, len(out) - start)
            base = row[left : left + end]
            got = p[left : left + end][np.arange(end), np.minimum(base, 3)]
            out[start : start + end] = np.where(base < codes.N, -got / np.log(2), np.nan)
    return out
