"""Compiled loops of splits: walks over a graph, overlap across a split, components, balanced deals.

Loaded on first use, because numba is slow to import. numba's disk cache notices changes of this
file only, so a loop stands in one file with everything it calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
BLOCK = 128


# Mersenne Twister (MT19937) as in Python's ``random``


@njit(cache=True, nogil=True, inline="always")
def _twist(high, low):
    y = (high & np.uint32(0x80000000)) | (low & np.uint32(0x7FFFFFFF))
    return (y >> np.uint32(1)) ^ (np.uint32(0x9908B0DF) * (y & np.uint32(1)))


@njit(cache=True, nogil=True)
def _refill(state, words):
    """Advance the state, (624,) uint32, and write its next 624 tempered words."""
    for k in range(227):
        state[k] = state[k + 397] ^ _twist(state[k], state[k + 1])
    for k in range(227, 623):
        state[k] = state[k - 227] ^ _twist(state[k], state[k + 1])
    state[623] = state[396] ^ _twist(state[623], state[0])
    for k in range(624):
        y = state[k]
        y ^= y >> np.uint32(11)
        y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
        y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
        words[k] = y ^ (y >> np.uint32(18))


@njit(cache=True, nogil=True)
def _next(state, words, at):
    """Next 32-bit word, and the position after it."""
    if at == 624:
        _refill(state, words)
        at = 0
    return np.int64(words[at]), at + 1


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
    seed : uint64
        Seed.
    use : int
        Stream of that seed, one per purpose.
    n : int
        Number of samples; the number of sample i does not depend on it.

    Returns
    -------
    ndarray of shape (n,), uint64
    """
    start = _mix(_mix(seed + GOLDEN) + np.uint64(use) * GOLDEN)
    out = np.empty(n, np.uint64)
    for i in range(n):
        out[i] = _mix(start ^ _mix(np.uint64(i) + GOLDEN))
    return out


@njit(cache=True, nogil=True)
def walk_like_package(indptr, indices, weights, threshold, parameter, state):
    """Walk a graph as the published package does, drawing its random numbers.

    Each turn draws one of the remaining nodes, retains it, and drops each remaining neighbour when
    the next ``random()`` is below the parameter and the weight reaches the threshold. The walk ends
    when no edge remains; the remaining nodes are retained.

    Parameters
    ----------
    indptr, indices, weights : ndarray
        Graph with nodes and rows in the package's order; ``weights`` of length 0: binary.
    threshold : float
        Least weight of a neighbour that may be dropped.
    parameter : float
        Spectral parameter, in [0, 1].
    state : ndarray of shape (624,), uint32
        State of ``random.Random(seed)``; left unchanged.

    Returns
    -------
    ndarray of int32
        Retained nodes in the order of their draws.
    """
    n = len(indptr) - 1
    binary = len(weights) == 0
    state, words, at = state.copy(), np.empty(624, np.uint32), 624
    alive, retained = np.ones(n, np.int8), np.empty(n, np.int32)
    blocks = np.zeros(
        n // BLOCK + 1, np.int32
    )  # remaining nodes, so that the k-th is quick to find
    for i in range(n):
        blocks[i // BLOCK] += 1
    limit = np.int64(np.ceil(parameter * 2.0**53))  # exact: random() is a multiple of 2⁻⁵³
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
        while rest >= left:  # Python's randrange(left)
            rest, at = _next(state, words, at)
            rest >>= 32 - bits
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
            if parameter < 1.0:  # Python's random(), of two words
                high, at = _next(state, words, at)
                low, at = _next(state, words, at)
                if (high >> 5) * 67108864 + (low >> 6) >= limit:
                    continue
                if not binary and weights[p] < threshold:
                    continue
            left -= _remove(v, alive, blocks)
    for i in range(n):
        if alive[i]:
            retained[count] = i
            count += 1
    return retained[:count]


@njit(cache=True, nogil=True, inline="always")
def _remove(u, alive, blocks):
    alive[u] = 0
    blocks[u // BLOCK] -= 1
    return 1


@njit(cache=True, nogil=True)
def walk(indptr, indices, weights, threshold, chance, seed, order):
    """Retain samples in a given order; each drops its undecided neighbours with a chance.

    Whether an edge drops depends on the seed and the edge alone, so that walks of one seed at two
    parameters differ by the parameter only.

    Parameters
    ----------
    indptr, indices, weights : ndarray
        Graph; ``weights`` of length 0: binary.
    threshold : float
        Least weight of a neighbour that may be dropped (below ``chance`` 1).
    chance : float
        Probability of dropping a neighbour, in [0, 1].
    seed : uint64
        Seed.
    order : ndarray of shape (n,), int
        Order in which samples are visited.

    Returns
    -------
    ndarray of shape (n,), bool
        Retained samples.
    """
    n = len(indptr) - 1
    binary = len(weights) == 0
    start = _mix(_mix(seed + GOLDEN) + np.uint64(3) * GOLDEN)
    state = np.zeros(n, np.int8)  # 0 undecided, 1 retained, 2 dropped
    for u in order:
        if state[u] == 2:
            continue
        state[u] = 1
        if chance == 0.0:
            continue
        for p in range(indptr[u], indptr[u + 1]):
            v = indices[p]
            if state[v] != 0:
                continue
            if chance == 1.0:
                state[v] = 2
            elif binary or weights[p] >= threshold:
                pair = (np.uint64(min(u, v)) << np.uint64(32)) | np.uint64(max(u, v))
                if _unit(start ^ _mix(pair + GOLDEN)) < chance:
                    state[v] = 2
    return state == 1


@njit(cache=True, nogil=True)
def across(indptr, indices, weights, side, test):
    """Count and sum the edges between train and test.

    Parameters
    ----------
    indptr, indices, weights : ndarray
        Graph; ``weights`` of length 0: every edge counts 1.
    side : ndarray of shape (n,), int8
        1 for samples of train.
    test : ndarray of int
        Samples of test.

    Returns
    -------
    linked : int
        Test samples with at least one neighbour in train.
    total : float
        Sum of the weights of edges between test and train.
    """
    linked, total = 0, 0.0
    for u in test:
        hit = False
        for p in range(indptr[u], indptr[u + 1]):
            if side[indices[p]] == 1:
                hit = True
                total += weights[p] if len(weights) else 1.0
        linked += hit
    return linked, total


@njit(cache=True, nogil=True)
def balance(counts, seed, restarts, share):
    """Deal barcodes to train and test; see ``splits.balance``.

    Parameters
    ----------
    counts : ndarray of shape (n,), float64
        Samples of each barcode.
    seed : uint64
        Seed.
    restarts : int
        Number of random deals, of which the best is returned.
    share : float
        Share of barcodes and samples for train, in (0, 1).

    Returns
    -------
    ndarray of shape (n,), bool
        Barcodes of test.
    """
    n = len(counts)
    total = counts.sum()
    train_samples, test_samples = share * total, (1.0 - share) * total
    train_nodes, test_nodes = share * n, (1.0 - share) * n
    order, side, best = np.arange(n), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    least, x = np.inf, _mix(seed + GOLDEN)
    for _ in range(restarts):
        for i in range(n - 1, 0, -1):
            x += GOLDEN
            j = np.int64(_mix(x) % np.uint64(i + 1))
            order[i], order[j] = order[j], order[i]
        in_train, in_test, nodes, waiting = 0.0, 0.0, 0, 0
        for i in order:
            x += GOLDEN
            to_test = _unit(x) >= share
            if not to_test and in_train + counts[i] < train_samples:
                in_train += counts[i]
                nodes += 1
            elif to_test and in_test + counts[i] < test_samples:
                in_test += counts[i]
            else:
                order[waiting] = i  # the front of the order has been read: it stores the overflow
                waiting += 1
                continue
            side[i] = to_test
        for i in order[:waiting]:
            x += GOLDEN
            side[i] = _unit(x) >= share
            if side[i]:
                in_test += counts[i]
            else:
                in_train += counts[i]
                nodes += 1
        loss = abs(in_train - train_samples) + abs(in_test - test_samples)
        loss += abs(nodes - train_nodes) + abs(n - nodes - test_nodes)
        if loss < least:
            least = loss
            best[:] = side
        order[:] = np.arange(n)
    return best


@njit(cache=True, nogil=True)
def components(indptr, indices):
    """Label the connected components of a graph.

    Parameters
    ----------
    indptr, indices : ndarray
        Graph.

    Returns
    -------
    ndarray of shape (n,), int32
        Component of each node; components are numbered by their first node.
    """
    n = len(indptr) - 1
    label, stack, count = np.full(n, -1, np.int32), np.empty(n, np.int32), 0
    for first in range(n):
        if label[first] >= 0:
            continue
        label[first], stack[0], depth = count, first, 1
        while depth:
            depth -= 1
            u = stack[depth]
            for v in indices[indptr[u] : indptr[u + 1]]:
                if label[v] < 0:
                    label[v], stack[depth] = count, v
                    depth += 1
        count += 1
    return label


@njit(cache=True, nogil=True)
def renumber(indptr, indices, weights, order):
    """Take the subgraph of some samples, rows in the order of the package's neighbours.

    A row lists neighbours that stand earlier in the order, by the order; then the later ones, by
    their sample number.

    Parameters
    ----------
    indptr, indices, weights : ndarray
        Graph; ``weights`` of length 0: binary.
    order : ndarray of int
        Samples of the subgraph; a sample's place in it is its new number.

    Returns
    -------
    indptr, indices, weights : ndarray
        The subgraph.
    """
    n, size = len(indptr) - 1, len(order)
    place = np.full(n, -1, np.int32)
    place[order] = np.arange(size)
    new, earlier = np.zeros(size + 1, np.int64), np.zeros(size, np.int64)
    for k in range(size):
        u = order[k]
        new[k + 1] = new[k]
        for p in range(indptr[u], indptr[u + 1]):
            q = place[indices[p]]
            if q >= 0:
                new[k + 1] += 1
                earlier[k] += q < k
    out = np.empty(new[size], np.int32)
    values = np.empty(new[size] if len(weights) else 0, np.float32)
    front = new[:-1].copy()
    for k in range(size):
        u, back = order[k], new[k] + earlier[k]
        for p in range(indptr[u], indptr[u + 1]):
            q = place[indices[p]]
            if q > k:
                out[back], out[front[q]] = q, k
                if len(weights):
                    values[back], values[front[q]] = weights[p], weights[p]
                back += 1
                front[q] += 1
    return new, out, values
