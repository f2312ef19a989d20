"""Bits along a genome by choice of bases, and dependencies between bases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from genebench.glm import codes
from genebench.glm.codes import Nucleotides
from genebench.glm.genomes import REGIONS, Genome


def bits(logs: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Bits that each base costs.

    Parameters
    ----------
    logs : ndarray of shape (L, 4), float32
        Of ``track``.
    sequence : ndarray of shape (L,), uint8
        Codes.

    Returns
    -------
    ndarray of shape (L,), float32
        NaN at N.
    """
    cost = -codes.observed(logs, sequence) / np.float32(np.log(2))
    return np.where(sequence < codes.N, cost, np.nan).astype(np.float32)


def summary(genome: Genome, cost: np.ndarray, duplicate: np.ndarray) -> pd.DataFrame:
    """Mean bits per base by choice of bases.

    Parameters
    ----------
    genome : Genome
        With region and codon position of each base.
    cost : ndarray of shape (n_bases,)
        Bits of each base, NaN where it is not held out.
    duplicate : ndarray of shape (n_bases,), bool
        Bases that training has in a near copy.

    Returns
    -------
    DataFrame
        ``where, bits, low, high, bases``: mean and 95 % interval over blocks of 2,000 bases;
        choices of fewer than 200 bases are left out.
    """
    known = np.isfinite(cost)
    fresh = known & ~duplicate
    masks = {"all": known, "outside duplicates": fresh, "duplicates": known & duplicate}
    masks |= {name: fresh & (genome.region == i) for i, name in enumerate(REGIONS)}
    masks |= {f"codon position {p}": fresh & (genome.position == p) for p in (1, 2, 3)}
    rows = [
        (name, *_block_interval(cost, mask), int(mask.sum()))
        for name, mask in masks.items()
        if mask.sum() >= 200
    ]
    return pd.DataFrame(rows, columns=["where", "bits", "low", "high", "bases"])


def _block_interval(value, mask, *, size=2000):
    """Mean over masked bases and its 95 % interval, blocks of neighbours taken as independent."""
    at = np.flatnonzero(mask)
    _, block = np.unique(at // size, return_inverse=True)
    total, n = np.bincount(block, weights=value[at]), np.bincount(block)
    mean = total.sum() / n.sum()
    off = total - mean * n
    error = np.sqrt((off**2).sum()) / n.sum()
    half = 1.96 * (error * np.sqrt(len(n) / max(1, len(n) - 1)))
    return float(mean), float(mean - half), float(mean + half)


def dependency_map(model: Nucleotides, window: np.ndarray, first: int, last: int) -> np.ndarray:
    """Nucleotide dependencies within a stretch of a window (da Silva et al. 2024).

    Parameters
    ----------
    model : Nucleotides
        Any model.
    window : ndarray of shape (L,), uint8
        Codes.
    first, last : int
        The stretch is ``first`` to ``last`` − 1, n bases.

    Returns
    -------
    ndarray of shape (n, n), float32
        Entry (i, j) is the most that any substitution at j moves the log-odds of any base at i;
        natural logarithm; 0 on the diagonal.
    """
    n = last - first
    place, shift = np.repeat(np.arange(first, last), 3), np.tile([1, 2, 3], n)
    rows = np.repeat(window[None], 3 * n + 1, axis=0).astype(np.uint8)
    rows[np.arange(1, 3 * n + 1), place] = (window[place] + shift) % 4
    logs = model.conditionals(rows)[:, first:last].astype(np.float64)
    p = np.clip(np.exp(logs), 1e-6, 1 - 1e-6)
    odds = np.log(p) - np.log1p(-p)
    moved = np.abs(odds[1:] - odds[0]).max(-1)
    moved = moved.reshape(n, 3, n).max(1).T
    np.fill_diagonal(moved, 0)
    return moved.astype(np.float32)
