"""The compiled loops that bring a graph into the published package's order of nodes and neighbours."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def package_order(indptr, indices):
    """Order in which the package meets the nodes: by first appearance in the list of pairs (i, j), i < j."""
    n = len(indptr) - 1
    order, seen, count = np.empty(n, np.int32), np.zeros(n, np.bool_), 0
    for i in range(n):
        if indptr[i] == indptr[i + 1]:
            continue
        if not seen[i]:  # then its neighbours all come later: an earlier one would have shown it
            seen[i] = True
            order[count] = i
            count += 1
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            if j > i and not seen[j]:
                seen[j] = True
                order[count] = j
                count += 1
    return order[:count]


@njit(cache=True, nogil=True)
def components(indptr, indices, order):
    """Connected components in order of discovery: component, clique or not, and hub or not of each node; their sizes.

    Returns (n,) int32 (−1: without an edge), (components,) bool, (n,) bool: linked with all others of its component,
    (components,) int64.
    """
    n = len(indptr) - 1
    of, stack = np.full(n, -1, np.int32), np.empty(n, np.int32)
    sizes, degrees, found = np.zeros(n, np.int64), np.zeros(n, np.int64), 0
    for first in order:
        if of[first] >= 0:
            continue
        of[first], stack[0], depth = found, first, 1
        while depth:
            depth -= 1
            u = stack[depth]
            sizes[found] += 1
            degrees[found] += indptr[u + 1] - indptr[u]
            for p in range(indptr[u], indptr[u + 1]):
                v = indices[p]
                if of[v] < 0:
                    of[v], stack[depth] = found, v
                    depth += 1
        found += 1
    hub = np.zeros(n, np.bool_)
    for u in order:
        hub[u] = indptr[u + 1] - indptr[u] == sizes[of[u]] - 1
    return of, degrees[:found] == sizes[:found] * (sizes[:found] - 1), hub, sizes[:found]


@njit(cache=True, nogil=True)
def renumber(indptr, indices, weights, order):
    """The subgraph of the samples in ``order``, numbered by it, each row in the order of the package's neighbours.

    That is: neighbours that stand earlier in the order, by the order; then the later ones, by their sample number.
    """
    n, size = len(indptr) - 1, len(order)
    place = np.full(n, -1, np.int32)
    for k in range(size):
        place[order[k]] = k
    new = np.zeros(size + 1, np.int64)
    earlier = np.zeros(size, np.int64)
    for k in range(size):
        u = order[k]
        for p in range(indptr[u], indptr[u + 1]):
            q = place[indices[p]]
            if q >= 0:
                new[k + 1] += 1
                earlier[k] += q < k
    for k in range(size):
        new[k + 1] += new[k]
    out = np.empty(new[size], np.int32)
    held = np.empty(new[size] if len(weights) else 0, np.float32)
    front = new[:-1].copy()
    for k in range(size):
        u, back = order[k], new[k] + earlier[k]
        for p in range(indptr[u], indptr[u + 1]):
            q = place[indices[p]]
            if q > k:
                out[back], out[front[q]] = q, k
                if len(weights):
                    held[back], held[front[q]] = weights[p], weights[p]
                back += 1
                front[q] += 1
    return new, out, held
