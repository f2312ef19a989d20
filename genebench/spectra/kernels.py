"""The compiled loops of splits: Python's random numbers, walks over a graph, links across a split.

Modules with compiled loops are imported on first use, for numba loads slowly. Compiled code is kept between runs; it
knows of changes to its own file only, so a loop stands in one file with all that it calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


# Random numbers: Python's own generator (MT19937), word by word


@njit(cache=True, nogil=True, inline="always")
def _twist(high, low):
    y = (high & np.uint32(0x80000000)) | (low & np.uint32(0x7FFFFFFF))
    return (y >> np.uint32(1)) ^ (np.uint32(0x9908B0DF) * (y & np.uint32(1)))


@njit(cache=True, nogil=True)
def _refill(state, words):
    """The next 624 words of MT19937 from its state, both (624,) uint32, in place."""
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
def python_draws(seed, below):
    """``randrange(below[i])`` and ``random()`` in turn, as Python draws them after this seed: two arrays."""
    state, words, at = seeded(seed)[0], np.empty(624, np.uint32), 624
    whole, uniform = np.empty(len(below), np.int64), np.empty(len(below), np.float64)
    for i in range(len(below)):
        bits = 1
        while below[i] >> bits:
            bits += 1
        whole[i], at = _below(below[i], bits, state, words, at)
        x, at = _uniform(state, words, at)
        uniform[i] = x * 2.0**-53
    return whole, uniform


@njit(cache=True, nogil=True)
def _below(n, bits, state, words, at):
    """Python's ``randrange(n)`` of an n of so many bits: as many are drawn, and again until they are below n."""
    while True:
        if at == 624:
            _refill(state, words)
            at = 0
        drawn = np.int64(words[at]) >> (32 - bits)
        at += 1
        if drawn < n:
            return drawn, at


@njit(cache=True, nogil=True, inline="always")
def _uniform(state, words, at):
    """Python's ``random()`` times 2⁵³: the integer of 53 bits of two words."""
    if at < 623:
        return np.int64(words[at] >> 5) * 67108864 + np.int64(words[at + 1] >> 6), at + 2
    if at == 624:
        _refill(state, words)
        return np.int64(words[0] >> 5) * 67108864 + np.int64(words[1] >> 6), 2
    high = np.int64(words[623] >> 5)
    _refill(state, words)
    return high * 67108864 + np.int64(words[0] >> 6), 1


@njit(cache=True, nogil=True)
def seeded(seed):
    """States of Python's ``random.Random(seed)`` and NumPy's ``RandomState(seed)``, as seeded, (2, 624) uint32."""
    states = np.empty((2, 624), np.uint32)
    for which, first in enumerate((np.uint64(19650218), np.uint64(seed))):
        states[which, 0] = first
        for k in range(1, 624):
            x = np.uint64(states[which, k - 1])
            states[which, k] = np.uint64(1812433253) * (x ^ (x >> np.uint64(30))) + np.uint64(k)
    python, k = states[0], 1
    for _ in range(624):  # Python mixes the seed in, as a key of one word
        x = np.uint64(python[k - 1])
        python[k] = (
            np.uint64(python[k]) ^ ((x ^ (x >> np.uint64(30))) * np.uint64(1664525))
        ) + np.uint64(seed)
        k += 1
        if k == 624:
            python[0], k = python[623], 1
    for _ in range(623):
        x = np.uint64(python[k - 1])
        python[k] = (
            np.uint64(python[k]) ^ ((x ^ (x >> np.uint64(30))) * np.uint64(1566083941))
        ) - np.uint64(k)
        k += 1
        if k == 624:
            python[0], k = python[623], 1
    python[0] = 0x80000000
    return states


# Random numbers that belong to a sample or an edge: the same whatever else is in the data set


@njit(cache=True, nogil=True, inline="always")
def _mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def keys(seed, use, n):
    """A random 64-bit number of each sample for one ``use`` of a seed (SplitMix64), (n,) uint64."""
    start = _mix(_mix(seed + GOLDEN) + np.uint64(use) * GOLDEN)
    out = np.empty(n, np.uint64)
    for i in range(n):
        out[i] = _mix(start ^ _mix(np.uint64(i) + GOLDEN))
    return out


# Walks


@njit(cache=True, nogil=True)
def split_like_package(
    indptr, indices, weights, threshold, parameter, test_size, states, order, units, out
):
    """One split by the published package's rules; fills ``out`` with train, test and dropped samples, each ascending.

    Args: indptr, indices, weights: the graph that is walked, numbered and with rows in the package's order. states: of
    Python's generator and of NumPy's legacy one, just seeded, (2, 624) uint32. order: sample of each node. units:
    samples that go to train whole. out: (samples,) int32.
    Returns: sizes of train and test, and how many nodes were kept; both 0 where the package's rules give no split.
    """
    kept = np.empty(len(order), np.int32)
    count = _walk_like_package(indptr, indices, weights, threshold, parameter, states[0], kept)
    n_test = np.int64(np.ceil(test_size * count))
    if n_test >= count:
        return 0, 0, count
    dealt = _permutation(count, states[1])
    side = np.zeros(len(out), np.int8)
    side[units] = 1
    for k in range(count):
        side[order[kept[dealt[k]]]] = 2 if k < n_test else 1
    return _listed(side, out) + (count,)


@njit(cache=True, nogil=True)
def _listed(side, out):
    """Train (side 1), then test (2), then dropped (0) samples, each ascending; returns the sizes of train and test."""
    n_train, n_test = 0, 0
    for s in side:
        n_train += s == 1
        n_test += s == 2
    at, test, rest = 0, n_train, n_train + n_test
    for i in range(len(side)):
        if side[i] == 1:
            out[at] = i
            at += 1
        elif side[i] == 2:
            out[test] = i
            test += 1
        else:
            out[rest] = i
            rest += 1
    return n_train, n_test


@njit(cache=True, nogil=True)
def _permutation(n, state):
    """NumPy's ``RandomState(seed).permutation(n)``: a shuffle from the end, each draw masked until it fits."""
    state, words, at = state.copy(), np.empty(624, np.uint32), 624
    out = np.arange(n)
    mask = 1
    while mask < n:
        mask = mask * 2 + 1
    for i in range(n - 1, 0, -1):
        while mask >> 1 >= i:
            mask >>= 1
        while True:
            if at == 624:
                _refill(state, words)
                at = 0
            j = np.int64(words[at]) & mask
            at += 1
            if j <= i:
                break
        out[i], out[j] = out[j], out[i]
    return out


@njit(cache=True, nogil=True)
def _walk_like_package(indptr, indices, weights, threshold, parameter, state, kept):
    """The walk of the published package over its own order of nodes; fills ``kept`` and returns how many there are.

    Each turn draws one of the remaining nodes, keeps it, and drops each remaining neighbour when Python's next
    ``random()`` is below the parameter and the weight reaches the threshold (a binary graph has no weights: length 0).
    It ends when no edge is left; what remains is kept.
    """
    n = len(indptr) - 1
    binary = len(weights) == 0
    state, words, at = state.copy(), np.empty(624, np.uint32), 624
    alive = np.ones(n, np.int8)
    by_32, by_1024 = (
        np.zeros(n // 32 + 1, np.int32),
        np.zeros(n // 1024 + 1, np.int32),
    )  # how many remain of so many
    for i in range(n):
        by_32[i >> 5] += 1
        by_1024[i >> 10] += 1
    limit = np.int64(
        np.ceil(parameter * 2.0**53)
    )  # exact: so many of the 2⁵³ values are below the parameter
    left, bits, count, scan, edge = n, 32, 0, 0, np.int64(0)
    while True:
        while scan < n:  # the first remaining edge; what was passed never comes back
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
        rest, at = _below(left, bits, state, words, at)
        block = 0  # the drawn one among the remaining nodes, in order
        while by_1024[block] <= rest:
            rest -= by_1024[block]
            block += 1
        block <<= 5
        while by_32[block] <= rest:
            rest -= by_32[block]
            block += 1
        u = (block << 5) - 1
        while rest >= 0:
            u += 1
            rest -= alive[u]
        kept[count] = u
        count += 1
        left -= _remove(u, alive, by_32, by_1024)
        if binary and parameter == 0.0:
            continue
        for p in range(indptr[u], indptr[u + 1]):
            v = indices[p]
            if not alive[v]:
                continue
            if parameter == 1.0:
                left -= _remove(v, alive, by_32, by_1024)
                continue
            x, at = _uniform(state, words, at)
            if x < limit and (binary or weights[p] >= threshold):
                left -= _remove(v, alive, by_32, by_1024)
    for i in range(n):
        if alive[i]:
            kept[count] = i
            count += 1
    return count


@njit(cache=True, nogil=True, inline="always")
def _remove(u, alive, by_32, by_1024):
    alive[u] = 0
    by_32[u >> 5] -= 1
    by_1024[u >> 10] -= 1
    return 1


@njit(cache=True, nogil=True)
def _walk(indptr, indices, weights, threshold, chance, seed, order):
    """Keep samples in the given order; each drops its neighbours that are not yet kept with their own chance.

    Whether an edge drops depends on the seed and the edge alone, so that walks of one seed at two parameters differ by
    the parameter only. Returns 1 for each sample that is kept, (n,) int8.
    """
    n = len(indptr) - 1
    binary = len(weights) == 0
    start = _mix(_mix(seed + GOLDEN) + np.uint64(3) * GOLDEN)
    state = np.zeros(n, np.int8)  # 0 open, 1 kept, 2 dropped
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
                if (
                    np.float64(_mix(start ^ _mix(pair + GOLDEN)) >> np.uint64(11)) * 2.0**-53
                    < chance
                ):
                    state[v] = 2
    for u in range(n):
        state[u] = state[u] == 1
    return state


@njit(cache=True, nogil=True)
def split_by_lot(indptr, indices, weights, threshold, chance, seed, order, lot, test_size, out):
    """One corrected split: a walk, then the first of the kept in the order ``lot`` are tested; ``out`` as above."""
    side = _walk(indptr, indices, weights, threshold, chance, seed, order)
    count = 0
    for s in side:
        count += s
    n_test = np.int64(np.ceil(test_size * count))
    if n_test >= count:
        return 0, 0, count
    left = n_test
    for u in lot:
        if left == 0:
            break
        if side[u]:
            side[u] = 2
            left -= 1
    return _listed(side, out) + (count,)


@njit(cache=True, nogil=True)
def split_by_balance(
    indptr, indices, weights, threshold, chance, seed, order, counts, test_size, out
):
    """One weighted split: a walk, then the kept are dealt by ``balance``; ``out`` as above."""
    side = _walk(indptr, indices, weights, threshold, chance, seed, order)
    kept = np.flatnonzero(side)
    tested = balance(counts[kept], seed, 500, 1.0 - test_size)
    for k in range(len(kept)):
        side[kept[k]] = 2 if tested[k] else 1
    n_train, n_test = _listed(side, out)
    if n_train == 0 or n_test == 0:
        return 0, 0, len(kept)
    return n_train, n_test, len(kept)


# Links across a split


@njit(cache=True, nogil=True)
def across(indptr, indices, weights, side, test):
    """Test samples with a neighbour in train (side 1), number of edges between test and train, and their sum."""
    linked, edges, total = 0, 0, 0.0
    for u in test:
        before = edges
        for p in range(indptr[u], indptr[u + 1]):
            if side[indices[p]] == 1:
                edges += 1
                total += weights[p] if len(weights) else 1.0
        linked += edges > before
    return linked, edges, total


@njit(cache=True, nogil=True)
def balance(counts, seed, restarts, share):
    """The best of ``restarts`` random deals of barcodes, as ``splits.balance`` says; returns (n,) bool."""
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
            to_test = np.float64(_mix(x) >> np.uint64(11)) * 2.0**-53 >= share
            if not to_test and in_train + counts[i] < train_samples:
                in_train += counts[i]
                nodes += 1
            elif to_test and in_test + counts[i] < test_samples:
                in_test += counts[i]
            else:
                order[waiting] = i  # read already: the front of the order holds those set aside
                waiting += 1
                continue
            side[i] = to_test
        for k in range(waiting):
            i = order[k]
            x += GOLDEN
            side[i] = np.float64(_mix(x) >> np.uint64(11)) * 2.0**-53 >= share
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
        for i in range(n):
            order[i] = i
    return best
