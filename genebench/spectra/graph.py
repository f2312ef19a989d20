"""The spectral property graph: which samples are alike, and how much, as a symmetric sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..core.errors import BadInput


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of ``n`` samples in compressed rows: neighbours of i are ``indices[indptr[i] : indptr[i + 1]]``.

    Every edge stands in both rows, neighbours ascend, no sample is its own neighbour, and samples without a neighbour
    have an empty row. ``indptr`` (n + 1,) int64, ``indices`` (2m,) int32; ``weights`` (2m,) float32 is how alike two
    samples are, or None in a binary graph.
    """

    n: int
    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray | None = None

    @classmethod
    def from_edges(cls, n: int, first, second, weights=None) -> Graph:
        """A graph of ``n`` samples from pairs of sample numbers, in any order and direction, repeats allowed.

        Args: first, second: sample numbers, (m,). weights: how alike, (m,); None: binary. A weight of 0 is no edge.
        Raises: BadInput: a number outside 0 … n − 1, a pair of a sample with itself, a weight that is not finite, two
        weights for one pair.
        """
        first, second = (np.asarray(a, dtype=np.int64).ravel() for a in (first, second))
        if len(first) != len(second) or (
            weights is not None and len(np.ravel(weights)) != len(first)
        ):
            raise BadInput(
                f"edges: {len(first)} first ends do not fit {len(second)} second ends or their weights."
            )
        outside = (np.minimum(first, second) < 0) | (np.maximum(first, second) >= n)
        if outside.any():
            i = int(np.argmax(outside))
            raise BadInput(
                f"edge {i} links {first[i]} and {second[i]}, but samples are numbered 0 to {n - 1}."
            )
        if (first == second).any():
            raise BadInput(
                f"edge {int(np.argmax(first == second))} links a sample with itself; leave it out."
            )
        low, high = np.minimum(first, second), np.maximum(first, second)
        if weights is None:
            key = np.unique(low * n + high)
            return cls._mirrored(n, key // n, key % n, None)
        weights = np.ravel(weights).astype(np.float32)
        if not np.isfinite(weights).all():
            raise BadInput(
                f"edge {int(np.argmin(np.isfinite(weights)))} has a weight that is no finite number."
            )
        key, at, which = np.unique(low * n + high, return_index=True, return_inverse=True)
        if (weights != weights[at][which]).any():
            i = int(np.argmax(weights != weights[at][which]))
            raise BadInput(
                f"the pair {low[i]}, {high[i]} has two different weights; give each pair one."
            )
        held = weights[at] != 0
        return cls._mirrored(n, key[held] // n, key[held] % n, weights[at][held])

    @classmethod
    def _mirrored(
        cls, n: int, low: np.ndarray, high: np.ndarray, weights: np.ndarray | None
    ) -> Graph:
        rows, columns = np.concatenate([low, high]), np.concatenate([high, low])
        order = np.lexsort((columns, rows))
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
        twice = None if weights is None else np.concatenate([weights, weights])[order]
        return cls(n, indptr, columns[order].astype(np.int32), twice)

    @property
    def m(self) -> int:
        """Number of edges."""
        return len(self.indices) // 2

    @property
    def binary(self) -> bool:
        """Whether samples are alike or not, without degrees."""
        return self.weights is None

    @cached_property
    def degree(self) -> np.ndarray:
        """Number of neighbours of each sample, (n,) int64."""
        return np.diff(self.indptr)

    @property
    def density(self) -> float:
        """Share of all pairs of samples that are linked, in [0, 1]; 0 for fewer than two samples."""
        return 2 * self.m / (self.n * (self.n - 1)) if self.n > 1 else 0.0

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """First and second ends (first < second, ascending), (m,) int32 each, and their weights (m,) or None."""
        rows = np.repeat(np.arange(self.n, dtype=np.int32), self.degree)
        upper = rows < self.indices
        return rows[upper], self.indices[upper], None if self.binary else self.weights[upper]

    def neighbours(self, sample: int) -> np.ndarray:
        """Numbers of the samples that are like one sample, ascending, int32."""
        return self.indices[self.indptr[sample] : self.indptr[sample + 1]]
