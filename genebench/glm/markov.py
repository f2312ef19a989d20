"""Interpolated Markov models: what counts of short words know of a sequence, the baseline that a network must beat.

One-sided: the next base from the k before it. Two-sided: a base from the bases around it, nearest first; or the exact
distribution of a base under the one-sided chain, given k bases on either side. Each order is mixed with the one below
it, by a weight per order that is chosen on held-back sequence (Salzberg et al. 1998; MacKay and Peto 1995).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.errors import BadInput, unknown
from . import codes

VERSION = 1
KINDS = ("causal", "around", "chain")
"""``causal``: from the left. ``around``: counts of both sides. ``chain``: both sides, by the causal model's chain."""
WEIGHTS = tuple(float(w) for w in np.geomspace(0.5, 3000, 12))
"""What one lower-order guess may count for, in observations."""


def offsets(kind: str, order: int) -> list[int]:
    """Places of the context relative to the base, nearest first."""
    if kind == "around":
        return [(1 + i // 2) * (-1 if i % 2 == 0 else 1) for i in range(order)]
    return [-1 - i for i in range(order)]


class Markov:
    """An interpolated Markov model of one order; obeys ``base.Nucleotides`` (without hidden states)."""

    layers = 0

    def __init__(
        self, table: np.ndarray, kind: str, *, name: str = "", weights: Sequence[float] = ()
    ) -> None:
        """``table``: log-probabilities of all orders one after the other, the lowest first, flat; not copied."""
        sizes = 4 ** np.arange(1, 14)
        self.order = int(np.flatnonzero(np.cumsum(sizes) == len(table))[0])
        self.table, self.kind, self.starts = table, kind, np.cumsum([0, *sizes[: self.order]])
        self.name = name or f"markov-{kind}-{self.order}"
        self.objective = "causal" if kind == "causal" else "masked"
        self.context = (self.order + 1) // 2 if kind == "around" else self.order
        self.weights = tuple(weights)

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Natural-log probabilities of A, C, G, T at each position, (n, L, 4) float32; see ``KINDS`` for given what.

        Where the context runs over an end of the window or holds an N, the longest order that does not is taken.
        """
        from . import kernels

        windows = np.ascontiguousarray(windows, dtype=np.uint8)
        out = np.empty((*windows.shape, 4), dtype=np.float32)
        at = np.array(
            offsets("around" if self.kind == "around" else "causal", self.order), dtype=np.int64
        )
        if self.kind == "chain":
            kernels.chain(windows, self.table, self.starts, self.order, out)
        else:
            kernels.lookup(windows, self.table, self.starts, at, out)
        return out

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """A Markov model has none. Raises: BadInput: always."""
        raise BadInput(
            f"'{self.name}' counts words and has no hidden states; use k-mer counts as its vectors."
        )


def fit(
    sequences: Sequence[np.ndarray],
    held_back: Sequence[np.ndarray],
    *,
    orders: Sequence[int],
    kind: str = "causal",
    both_strands: bool = True,
) -> dict[int, Markov]:
    """Models of several orders from one count, by order.

    Args: sequences: codes to count, (L,) each. held_back: codes on which each order's weight is chosen; no order is
    worse there than the one below it by more than the grid of weights allows. orders: 0 to 12.
    Raises: BadInput: an order out of range, an unknown kind, or sequences without a single whole context.
    """
    if kind not in KINDS:
        raise unknown("kind of Markov model", kind, KINDS)
    if not orders or min(orders) < 0 or max(orders) > 12:
        raise BadInput(f"orders {list(orders)} of a Markov model must lie between 0 and 12.")
    top = max(orders)
    counting = "around" if kind == "around" else "causal"
    counts = count(sequences, offsets(counting, top), both_strands=both_strands)
    if not counts.any():
        raise BadInput(
            f"the sequences are too short to count words of {top + 1} bases; give longer ones."
        )
    levels = [counts]
    while levels[-1].shape[0] > 1:
        levels.append(levels[-1].reshape(-1, 4, 4).sum(axis=1))
    check = count(held_back, offsets(counting, top), both_strands=both_strands)
    checks = [check]
    while checks[-1].shape[0] > 1:
        checks.append(checks[-1].reshape(-1, 4, 4).sum(axis=1))
    guess = np.full((1, 4), 0.25, dtype=np.float32)
    chosen = []
    table, end = np.empty(sum(t.size for t in levels), dtype=np.float32), 0
    for seen, asked in zip(levels[::-1], checks[::-1]):
        lower = np.repeat(guess, len(seen) // len(guess), axis=0)
        total = seen.sum(axis=1, keepdims=True, dtype=np.float32)
        used = np.flatnonzero(asked.any(axis=1))
        loss = [
            -(asked[used] * np.log((seen[used] + w * lower[used]) / (total[used] + w))).sum()
            for w in WEIGHTS
        ]
        weight = WEIGHTS[int(np.argmin(loss))] if len(used) else WEIGHTS[-1]
        guess = ((seen + np.float32(weight) * lower) / (total + np.float32(weight))).astype(
            np.float32
        )
        np.log(guess.ravel(), out=table[end : end + guess.size])
        end += guess.size
        chosen.append(weight)
    return {
        k: Markov(table[: (4 ** (k + 2) - 4) // 3], kind, weights=chosen[: k + 1]) for k in orders
    }


def count(
    sequences: Sequence[np.ndarray], at: Sequence[int], *, both_strands: bool = True
) -> np.ndarray:
    """How often each base was seen in each context, (4 ** len(at), 4) uint32.

    A context's number has the nearest base as its highest digit, so that summing over the lowest gives the order below.
    """
    from . import kernels

    out = np.zeros((4 ** len(at), 4), dtype=np.uint32)
    places = np.asarray(at, dtype=np.int64)
    for sequence in sequences:
        kernels.tally(np.ascontiguousarray(sequence), places, out)
        if both_strands:
            kernels.tally(np.ascontiguousarray(codes.reverse_complement(sequence)), places, out)
    return out
