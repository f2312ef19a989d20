"""The spectral property graph: which samples are alike, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..core.errors import BadInput


@dataclass(frozen=True, eq=False)
class Graph:
    """A symmetric graph of samples in compressed sparse rows.

    Rows ascend, no sample is its own neighbour, samples without a neighbour have an empty row.

    Attributes
    ----------
    n : int
        Number of samples.
    indptr, indices : ndarray of shape (n + 1,), int64, and (2m,), int32
        The neighbours of sample i are ``indices[indptr[i] : indptr[i + 1]]``.
    weights : ndarray of shape (2m,), float32, or None
        Similarity of the two samples; None in a binary graph.
    """

    n: int
    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray | None = None

    @classmethod
    def from_edges(cls, n: int, first, second, weights=None) -> Graph:
        """Build a graph from its edges, each given once, in any order and direction.

        Parameters
        ----------
        n : int
            Number of samples.
        first, second, weights : array-like of shape (m,)
            Ends of the edges, 0 to n − 1, and similarities; None: binary.

        Returns
        -------
        Graph

        Raises
        ------
        BadInput
            An edge that is given twice, or links a sample with itself.
        """
        values = np.ones(len(first), np.int8) if weights is None else np.float32(weights)
        ends = np.append(first, second).astype(int), np.append(second, first).astype(int)
        matrix = sparse.csr_array((np.tile(values, 2), ends), (n, n))
        if matrix.nnz < 2 * len(first):
            raise BadInput("some edge is given twice, or links a sample with itself; leave it out.")
        indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
        return cls(n, indptr, indices, None if weights is None else matrix.data)

    @property
    def m(self) -> int:
        """Number of edges."""
        return len(self.indices) // 2

    @property
    def binary(self) -> bool:
        """Whether edges have no weights."""
        return self.weights is None

    @cached_property
    def degree(self) -> np.ndarray:
        """Number of neighbours of each sample, (n,) int64."""
        return np.diff(self.indptr)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``indptr``, ``indices`` and ``weights`` for compiled loops (no weights: length 0)."""
        return self.indptr, self.indices, np.empty(0, np.float32) if self.binary else self.weights

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """Weights as a sparse matrix (n, n); 1 for the edges of a binary graph."""
        values = np.ones(len(self.indices), np.float32) if self.binary else self.weights
        return sparse.csr_array((values, self.indices, self.indptr), (self.n, self.n))

    @cached_property
    def components(self) -> np.ndarray:
        """Connected component of each sample, numbered by their first sample, (n,) int32."""
        return csgraph.connected_components(self.matrix, directed=False)[1]

    def neighbours(self, sample: int) -> np.ndarray:
        """Samples that one sample is linked with, ascending int32."""
        return self.indices[self.indptr[sample] : self.indptr[sample + 1]]
