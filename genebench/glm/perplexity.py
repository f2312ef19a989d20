"""What a model says of a whole stretch of a genome, and its bits per base: all, outside duplicates, by class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .genomes import REGIONS, Genome

WINDOW = 1024
"""Bases of a window; its outer parts serve as context."""


def track(model, sequence: np.ndarray, *, window: int = WINDOW, batch: int = 32) -> np.ndarray:
    """A model's natural-log probabilities of A, C, G, T at every base of a sequence (L,), (L, 4) float32.

    Windows overlap by the model's context (at most a quarter of a window on each side): every base away from the
    ends of the sequence is read with its context.
    """
    length = len(sequence)
    edge = min(model.context, window // 4)
    step = window - 2 * edge
    starts = np.arange(-edge, max(1, length - edge), step)
    padded = np.concatenate(
        [np.full(edge, 4, np.uint8), sequence, np.full(window + edge, 4, np.uint8)]
    )
    out = np.empty((length, 4), dtype=np.float32)
    for s in range(0, len(starts), batch):
        part = starts[s : s + batch]
        windows = np.stack([padded[a + edge : a + edge + window] for a in part])
        found = model.conditionals(windows)
        for a, one in zip(part, found):
            low, high = a + edge, min(length, a + window - edge)
            if high > low:
                out[low:high] = one[edge : edge + high - low]
    return out


def laid_out(genome: Genome, model, part: str = "test") -> np.ndarray:
    """A model's log-probabilities over a whole genome, NaN outside one part, (n_bases, 4) float32."""
    table = np.full((len(genome.codes), 4), np.nan, dtype=np.float32)
    for a, b in genome.blocks(part):
        table[a:b] = track(model, genome.codes[a:b])
    return table


def bits(logp: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Bits that each base costs, (L,) float32; NaN at N."""
    held = np.take_along_axis(logp, np.minimum(sequence, 3).astype(np.int64)[:, None], axis=1)[:, 0]
    return np.where(sequence < 4, -held / np.float32(np.log(2)), np.nan).astype(np.float32)


def summary(genome: Genome, cost: np.ndarray, duplicate: np.ndarray) -> pd.DataFrame:
    """Mean bits per base by choice of bases: ``where, bits, bases, low, high`` (95 % interval over blocks of 2,000).

    Args: cost: bits of each base of the genome, NaN where it is not held out, (n_bases,). duplicate: (n_bases,) bool.
    """
    known = np.isfinite(cost)
    chosen = {
        "all": known,
        "outside duplicates": known & ~duplicate,
        "duplicates": known & duplicate,
    }
    fresh = known & ~duplicate
    chosen |= {name: fresh & (genome.region == i) for i, name in enumerate(REGIONS)}
    chosen |= {f"codon position {p}": fresh & (genome.position == p) for p in (1, 2, 3)}
    rows = []
    for name, mask in chosen.items():
        if mask.sum() >= 200:
            rows.append((name, *block_interval(cost, mask), int(mask.sum())))
    return pd.DataFrame(rows, columns=["where", "bits", "low", "high", "bases"])


def block_interval(
    value: np.ndarray, mask: np.ndarray, *, size: int = 2000
) -> tuple[float, float, float]:
    """Mean over the masked bases and its 95 % interval, blocks of neighbours taken as independent."""
    at = np.flatnonzero(mask)
    block = at // size
    _, inverse = np.unique(block, return_inverse=True)
    total, n = np.bincount(inverse, weights=value[at]), np.bincount(inverse)
    mean = total.sum() / n.sum()
    spread = (
        np.sqrt(((total - mean * n) ** 2).sum()) / n.sum() * np.sqrt(len(n) / max(1, len(n) - 1))
    )
    return float(mean), float(mean - 1.96 * spread), float(mean + 1.96 * spread)
