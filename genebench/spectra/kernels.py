"""Compiled loops: samples with a mark in common, walks over a graph, balanced deals.

Loaded on first use, because numba is slow to import. numba's disk cache notices changes of this
file only, so a loop stands in one file with everything it calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
BLOCK = 128
RESTARTS, SHARE = 500, 0.8
"""Random deals of barcodes, of which the best is taken, and the share of train in each."""


# SplitMix64: numbers that belong to one sample or edge, whatever else is in the data set


@njit(cache=True, nogil=True, inline="always")
def _mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _unit(x):
    """A 64-bit number as a float in [0, 1)."""
    return np.float64(_mix(x) >> np.uint64(11)) * 2.0**-53


@njit(cache=True, nogil=True)
def keys(seed, use, n):
    """Draw a random 64-bit number for each sample.

    Parameters
    ----------
    seed, use, n : uint64, int, int
        Seed, stream of that seed, number of samples (what sample i draws does not depend on it).

    Returns
    -------
    ndarray of shape (n,), uint64
    """
    start = _mix(_mix(seed + GOLDEN) + np.uint64(use) * GOLDEN)
    return _mix(start ^ _mix(np.arange(n).astype(np.uint64) + GOLDEN))


@njit(cache=True, nogil=True)
def walk_like_package(indptr, indices, weights, threshold, parameter, generator):
    """Walk a graph as the published package does, drawing its random numbers.

    Each turn draws one of the remaining nodes, retains it, and drops each remaining neighbour when
    the next ``random()`` is below the parameter and the weight reaches the threshold. The walk ends
    when no edge remains; the remaining nodes are retained.

    Parameters
    ----------
    indptr, indices, weights : ndarray
        Graph with nodes and rows in the package's order; ``weights`` of length 0: binary.
    threshold, parameter : float
        Least weight of a neighbour that may be dropped; spectral parameter, in [0, 1].
    generator : numpy.random.Generator
        Mersenne Twister in the state of ``random.Random(seed)``.

    Returns
    -------
    ndarray of int32
        Retained nodes in the order of their draws.
    """
    n, binary = len(indptr) - 1, len(weights) == 0
    alive, retained = np.ones(n, np.int8), np.empty(n, np.int32)
    # numbers of remaining nodes, so that the k-th is quick to find
    blocks = np.bincount(np.arange(n) // BLOCK, minlength=1)
    left, bits, count, scan, edge = n, 32, 0, 0, np.int64(0)
    while True:
        while scan < n:  # the first remaining edge; nothing before it comes back
            if alive[scan]:
                edge = max(edge, indptr[scan])
                while edge < indptr[scan + 1] and not alive[indices[edge]]:
                    edge += 1
                if edge < indptr[scan + 1]:
                    break
            scan += 1
        if scan == n:
            break
        while not left >> (bits - 1):
            bits -= 1
        rest = np.int64(left)
        while rest >= left:  # Python's randrange(left), of the first bits of a word
            rest = np.int64(generator.random(dtype=np.float32) * (1 << bits))
        block = 0
        while blocks[block] <= rest:
            rest -= blocks[block]
            block += 1
        u = block * BLOCK - 1
        while rest >= 0:
            u += 1
            rest -= alive[u]
        retained[count] = u
        count += 1
        left -= _remove(u, alive, blocks)
        if binary and parameter == 0.0:
            continue
        for p in range(indptr[u], indptr[u + 1]):
            v = indices[p]
            if not alive[v]:
                continue
            if parameter < 1.0:
                if generator.random() >= parameter:
                    continue
                if not binary and weights[p] < threshold:
                    continue
            left -= _remove(v, alive, blocks)
    return np.append(retained[:count], np.flatnonzero(alive).astype(np.int32))


@njit(cache=True, nogil=True, inline="always")
def _remove(u, alive, blocks):
    alive[u] = 0
    blocks[u // BLOCK] -= 1
    return 1


@njit(cache=True, nogil=True)
def walk(indptr, indices, chance, seed, order):
    """Retain samples in a given order; each drops its undecided neighbours with a chance.

    Whether an edge drops depends on the seed and the edge alone, so that walks of one seed at two
    parameters differ by the parameter only.

    Parameters
    ----------
    indptr, indices : ndarray
        Graph.
    chance, seed, order : float, uint64, ndarray of shape (n,)
        Probability of dropping a neighbour, seed, and order in which samples are visited.

    Returns
    -------
    ndarray of shape (n,), bool
        Retained samples.
    """
    start = _mix(_mix(seed + GOLDEN) + np.uint64(3) * GOLDEN)
    state = np.zeros(len(order), np.int8)  # 0 undecided, 1 retained, 2 dropped
    for u in order:
        if state[u] == 2:
            continue
        state[u] = 1
        if chance == 0.0:
            continue
        for v in indices[indptr[u] : indptr[u + 1]]:
            if state[v] == 0:
                pair = (np.uint64(min(u, v)) << np.uint64(32)) | np.uint64(max(u, v))
                if chance == 1.0 or _unit(start ^ _mix(pair + GOLDEN)) < chance:
                    state[v] = 2
    return state == 1


@njit(cache=True, nogil=True)
def balance(counts, seed):
    """Deal barcodes to train and test so that both barcodes and samples are near the target.

    In each restart, in random order, a barcode is drawn for train with probability ``SHARE`` and
    placed if its side's samples stay below their target; the others are placed at random at the
    end. The deal with the least sum of the four deviations is returned (the paper's procedure).

    Parameters
    ----------
    counts, seed : ndarray of shape (n,), uint64
        Samples of each barcode, and seed.

    Returns
    -------
    ndarray of shape (n,), bool
        Barcodes of test.
    """
    n, parts = len(counts), np.array([SHARE, 1.0 - SHARE])
    aim, best, least = parts * counts.sum(), np.zeros(n, np.bool_), np.inf
    side, x = best.copy(), _mix(seed + GOLDEN)
    for _ in range(RESTARTS):
        order, samples, nodes = np.arange(n), np.zeros(2), np.zeros(2)
        for i in range(n - 1, 0, -1):
            x += GOLDEN
            j = np.int64(_mix(x) % np.uint64(i + 1))
            order[i], order[j] = order[j], order[i]
        left = order
        for last in (False, True):  # what finds no place is dealt in the end
            waiting = 0
            for i in left:
                x += GOLDEN
                to = int(_unit(x) >= SHARE)
                if last or samples[to] + counts[i] < aim[to]:
                    samples[to] += counts[i]
                    nodes[to] += 1
                    side[i] = to
                else:
                    order[waiting] = i  # this far the order has been read
                    waiting += 1
            left = order[:waiting]
        loss = np.abs(samples - aim).sum() + np.abs(nodes - n * parts).sum()
        if loss < least:
            least = loss
            best[:] = side
    return best


@njit(cache=True, nogil=True)
def shared(start, marks, first, carriers):
    """Link samples that share at least one mark.

    Parameters
    ----------
    start, marks : ndarray
        Sample i carries ``marks[start[i] : start[i + 1]]``.
    first, carriers : ndarray
        Mark t is carried by samples ``carriers[first[t] : first[t + 1]]``.

    Returns
    -------
    indptr, indices : ndarray of int64, of int32
        Rows of the graph.
    """
    n = len(start) - 1
    indptr, indices = np.zeros(n + 1, np.int64), np.empty(0, np.int32)
    for writes in (False, True):
        seen, cursor = np.full(n, -1), indptr[:-1].copy()
        for i in range(n):  # samples ascend, and so does every row they are written to
            seen[i] = i
            for t in marks[start[i] : start[i + 1]]:
                for j in carriers[first[t] : first[t + 1]]:
                    if seen[j] != i:
                        seen[j] = i
                        if writes:
                            indices[cursor[j]] = i
                        cursor[j] += 1
        if not writes:
            indptr[1:] = np.cumsum(cursor)
            indices = np.empty(indptr[n], np.int32)
    return indptr, indices
