"""Graph of the continuous property, apart so that the package's process loads no numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy import sparse

from genebench.spectra import properties


@njit(cache=True, nogil=True, error_model="numpy")
def nearness(positions, low, high):
    """Compute the continuous property of a block of rows.

    Parameters
    ----------
    positions : ndarray of shape (k, n), float64
        Whole numbers, which floats represent exactly and compare many at once.
    low, high : int
        First row, and the one after the last.

    Returns
    -------
    ndarray of shape (high - low, n), float32
        In (0, 1] for later samples; 0 for the row itself and earlier ones.
    """
    k, n = positions.shape
    buffer, out = np.empty(n), np.zeros((high - low, n), np.float32)
    for i in range(low, high):
        least, row = buffer[i + 1 :], out[i - low, i + 1 :]
        least[:] = np.inf
        for x in range(k):
            own = positions[x, i]
            for y in range(k):
                other = positions[y, i + 1 :]
                for j in range(len(least)):
                    apart = abs(own - other[j])
                    least[j] = apart if apart < least[j] else least[j]
        for j in range(len(least)):
            row[j] = 1.0 / (1.0 + least[j])
    return out


def from_blocks(n, rows, *, block=512):
    """Link samples by blocks of rows of their similarity matrix, which is never in memory whole.

    Parameters
    ----------
    n : int
        Number of samples.
    rows : callable
        ``rows(low, high)``: array (high − low, n); only similarities to later samples are used.
    block : int
        Rows of a block.

    Returns
    -------
    Graph
        With weights; edges are similarities above 0.
    """
    parts = [sparse.coo_array((0, n))]
    for low in range(0, n, block):
        values = np.asarray(rows(low, min(n, low + block)), dtype=np.float32)
        parts.append(sparse.coo_array(np.triu(np.maximum(values, 0), low + 1)))
    edges = sparse.vstack(parts, format="coo")
    return properties.from_edges(n, *edges.coords, edges.data)
