"""Interpolated Markov models: counts of short words, the baseline that a network must beat.

One-sided: the next base from the k before it. Two-sided: a base from the bases around it, nearest
first; or the exact distribution of a base under the one-sided chain, given k bases on either side.
Each order is mixed with the one below it, by a weight per order that is chosen on held-back
sequence (Salzberg et al. 1998; MacKay and Peto 1995).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from genebench.core.errors import BadInput, unknown
from genebench.glm import codes

VERSION = 1
KINDS = ("causal", "around", "chain")
"""From the left; counts of both sides; both sides, by the causal model's chain."""
WEIGHTS = tuple(float(w) for w in np.geomspace(0.5, 3000, 12))
"""What one lower-order guess may count for, in observations."""


def _offsets(kind, order):
    """Places of the context relative to the base, nearest first."""
    if kind == "around":
        return np.array([(1 + i // 2) * (-1) ** (i + 1) for i in range(order)], dtype=np.int64)
    return -1 - np.arange(order)


class Markov(codes.Nucleotides):
    """An interpolated Markov model of one order, without hidden states.

    Parameters
    ----------
    table : ndarray, float32
        Log-probabilities of all orders one after the other, the lowest first, flat; not copied.
    kind : {"causal", "around", "chain"}
        Which context; see ``KINDS``.
    weights : sequence of float
        Weight of the order below, by order.

    Attributes
    ----------
    order : int
        Bases of the context.
    """

    def __init__(self, table: np.ndarray, kind: str, *, weights: Sequence[float] = ()) -> None:
        ends = np.cumsum(4 ** np.arange(1, 14))
        self.order = int(np.searchsorted(ends, len(table)))
        self.table, self.kind, self.starts = table, kind, np.append(0, ends[: self.order])
        self.name = f"markov-{kind}-{self.order}"
        self.objective = "causal" if kind == "causal" else "masked"
        self.context = (self.order + 1) // 2 if kind == "around" else self.order
        self.weights = tuple(weights)

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Log-probabilities as of ``Nucleotides``.

        Where the context runs over an end of the window or has an N, the longest order that does
        not is taken.
        """
        windows = np.ascontiguousarray(windows, dtype=np.uint8)
        out = np.empty((*windows.shape, 4), dtype=np.float32)
        if self.kind == "chain":
            _chain(windows, self.table, self.starts, self.order, out)
        else:
            _lookup(windows, self.table, self.starts, _offsets(self.kind, self.order), out)
        return out


def fit(
    sequences: Sequence[np.ndarray],
    held_back: Sequence[np.ndarray],
    *,
    orders: Sequence[int],
    kind: str = "causal",
    both_strands: bool = True,
) -> dict[int, Markov]:
    """Fit models of several orders from one count.

    Parameters
    ----------
    sequences : sequence of ndarray of shape (L,), uint8
        Codes to count.
    held_back : sequence of ndarray of shape (L,), uint8
        Codes on which each order's weight is chosen; no order is worse there than the one below it
        by more than the grid of weights allows.
    orders : sequence of int
        0 to 12.
    kind : {"causal", "around", "chain"}
        Which context; see ``KINDS``.
    both_strands : bool
        Whether the reverse complements are counted too.

    Returns
    -------
    dict of int to Markov
        By order.

    Raises
    ------
    BadInput
        An order out of range, an unknown kind, or sequences without a single whole context.
    """
    if kind not in KINDS:
        raise unknown("kind of Markov model", kind, KINDS)
    if not orders or min(orders) < 0 or max(orders) > 12:
        raise BadInput(f"orders {list(orders)} of a Markov model must lie between 0 and 12.")
    top = max(orders)
    counts, checks = (
        _levels(part, _offsets(kind, top), both_strands) for part in (sequences, held_back)
    )
    if not counts[-1].any():
        raise BadInput(
            f"the sequences are too short to count words of {top + 1} bases; give longer ones."
        )
    guess, chosen = np.full((1, 4), 0.25, dtype=np.float32), []
    table, ends = np.empty(sum(c.size for c in counts), dtype=np.float32), [0]
    for seen, check in zip(counts, checks):
        lower = np.repeat(guess, len(seen) // len(guess), axis=0)
        total = seen.sum(axis=1, keepdims=True, dtype=np.float32)
        used = np.flatnonzero(check.any(axis=1))
        losses = [
            -(check[used] * np.log((seen[used] + w * lower[used]) / (total[used] + w))).sum()
            for w in WEIGHTS
        ]
        chosen.append(WEIGHTS[int(np.argmin(losses))] if len(used) else WEIGHTS[-1])
        weight = np.float32(chosen[-1])
        guess = ((seen + weight * lower) / (total + weight)).astype(np.float32)
        ends.append(ends[-1] + guess.size)
        np.log(guess.ravel(), out=table[ends[-2] : ends[-1]])
    return {k: Markov(table[: ends[k + 1]], kind, weights=chosen[: k + 1]) for k in orders}


def _levels(sequences, offsets, both_strands):
    """How often each base was seen in each context, (4^order, 4) uint32, by order from 0 up.

    A context's number has the nearest base as its highest digit, so that summing over the lowest
    gives the order below.
    """
    counts = np.zeros((4 ** len(offsets), 4), dtype=np.uint32)
    for sequence in sequences:
        _tally(np.ascontiguousarray(sequence), offsets, counts)
        if both_strands:
            _tally(np.ascontiguousarray(codes.reverse_complement(sequence)), offsets, counts)
    levels = [counts]
    while len(levels[0]) > 1:
        levels.insert(0, levels[0].reshape(-1, 4, 4).sum(axis=1))
    return levels


@njit(cache=True, nogil=True)
def _context(sequence, i, offsets):
    """Number and length of the longest whole context of a base: no N, over no end."""
    key = 0
    for order, offset in enumerate(offsets):
        j = i + offset
        if j < 0 or j >= len(sequence) or sequence[j] > 3:
            return key, order
        key = key * 4 + sequence[j]
    return key, len(offsets)


@njit(cache=True, nogil=True)
def _tally(sequence, offsets, out):
    """Add the whole contexts of one sequence, (L,), to ``out``, (contexts, 4)."""
    for i in range(len(sequence)):
        key, order = _context(sequence, i, offsets)
        if sequence[i] < 4 and order == len(offsets):
            out[key, sequence[i]] += 1


@njit(cache=True, nogil=True)
def _lookup(windows, flat, starts, offsets, out):
    """Log-probabilities of each base, (n, L, 4), from the longest context that is whole."""
    for w in range(windows.shape[0]):
        for i in range(windows.shape[1]):
            key, order = _context(windows[w], i, offsets)
            begin = starts[order] + key * 4
            out[w, i] = flat[begin : begin + 4]


@njit(cache=True, nogil=True)
def _chain(windows, flat, starts, order, out):
    """Log-probabilities of each base given both sides under the one-sided chain, (n, L, 4)."""
    offsets = -1 - np.arange(order)
    length = windows.shape[1]
    for w in range(windows.shape[0]):
        row = windows[w].copy()
        for i in range(length):
            for b in range(4):
                row[i] = b
                total = 0.0
                for j in range(i, min(length, i + order + 1)):
                    if row[j] < 4:
                        key, known = _context(row, j, offsets)
                        total += flat[starts[known] + key * 4 + row[j]]
                out[w, i, b] = total
            row[i] = windows[w, i]
            top = out[w, i].max()
            total = 0.0
            for b in range(4):
                total += np.exp(out[w, i, b] - top)
            out[w, i] -= top + np.log(total)


@njit(cache=True, nogil=True)
def nearest(sequences, others):
    """Least edit distance of each sequence to any of the others.

    Parameters
    ----------
    sequences : ndarray of shape (n, L)
        Codes.
    others : ndarray of shape (m, L2)
        Codes.

    Returns
    -------
    ndarray of shape (n,), int64
        Insertions, deletions and substitutions.
    """
    n, length = sequences.shape
    m, width = others.shape
    out = np.full(n, length + width, dtype=np.int64)
    row = np.empty(width + 1, dtype=np.int64)
    for s in range(n):
        for o in range(m):
            last = np.arange(width + 1)
            for i in range(1, length + 1):
                row[0] = i
                for j in range(1, width + 1):
                    cost = last[j - 1] + (sequences[s, i - 1] != others[o, j - 1])
                    row[j] = min(cost, last[j] + 1, row[j - 1] + 1)
                last[:] = row
                if row.min() >= out[s]:
                    break
            else:
                out[s] = min(out[s], last[width])
    return out
