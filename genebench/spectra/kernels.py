"""The compiled loops: Python's random numbers, walks over a graph, links across a split, and graphs from shared marks.

The only module that imports numba; it is imported on first use. Compiled code is kept between runs.
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
def python_draws(state, below, uniforms):
    """Fill as Python would: ``randrange(below)`` then ``random()``, in turn. For tests of the generator."""
    state, words, at = state.copy(), np.empty(624, np.uint32), 624
    out = np.empty(len(below), np.int64)
    for i in range(len(below)):
        out[i], at = _below(below[i], state, words, at)
        uniforms[i], at = _uniform(state, words, at)
    return out


@njit(cache=True, nogil=True)
def _below(n, state, words, at):
    """Python's ``randrange(n)``: so many bits as n has, drawn again until below n."""
    bits = 0
    while n >> bits:
        bits += 1
    shift = np.uint32(32 - bits)
    while True:
        if at == 624:
            _refill(state, words)
            at = 0
        drawn = np.int64(words[at] >> shift)
        at += 1
        if drawn < n:
            return drawn, at


@njit(cache=True, nogil=True, inline="always")
def _uniform(state, words, at):
    """Python's ``random()``: 53 bits of two words, in [0, 1)."""
    if at == 624:
        _refill(state, words)
        at = 0
    high = np.int64(words[at] >> np.uint32(5))
    at += 1
    if at == 624:
        _refill(state, words)
        at = 0
    low = np.int64(words[at] >> np.uint32(6))
    return (high * 67108864.0 + low) / 9007199254740992.0, at + 1


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
def walk_like_package(indptr, indices, weights, threshold, parameter, state, kept):
    """The walk of the published package over its own order of nodes; fills ``kept`` and returns how many there are.

    Each turn draws one of the remaining nodes, keeps it, and drops each remaining neighbour when Python's next
    ``random()`` is below the parameter and the weight reaches the threshold (a binary graph has no weights: length 0).
    It ends when no edge is left; what remains is kept.
    """
    n = len(indptr) - 1
    binary = len(weights) == 0
    state, words, at = state.copy(), np.empty(624, np.uint32), 624
    alive = np.ones(n, np.bool_)
    tree = np.empty(n + 1, np.int32)  # number of remaining nodes below each index, as a binary indexed tree
    for i in range(1, n + 1):
        tree[i] = i & -i
    top = 1
    while top * 2 <= n:
        top *= 2
    left, count, scan, edge = n, 0, 0, np.int64(0)
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
        drawn, at = _below(left, state, words, at)
        u, step, rest = 0, top, drawn
        while step:  # the drawn one among the remaining nodes, in order
            if u + step <= n and tree[u + step] <= rest:
                u += step
                rest -= tree[u]
            step >>= 1
        kept[count] = u
        count += 1
        left -= _remove(u, alive, tree)
        if binary and parameter == 0.0:
            continue
        for p in range(indptr[u], indptr[u + 1]):
            v = indices[p]
            if not alive[v]:
                continue
            if parameter == 1.0:
                left -= _remove(v, alive, tree)
                continue
            x, at = _uniform(state, words, at)
            if x < parameter and (binary or weights[p] >= threshold):
                left -= _remove(v, alive, tree)
    for i in range(n):
        if alive[i]:
            kept[count] = i
            count += 1
    return count


@njit(cache=True, nogil=True, inline="always")
def _remove(u, alive, tree):
    alive[u] = False
    i = u + 1
    while i < len(tree):
        tree[i] -= 1
        i += i & -i
    return 1


@njit(cache=True, nogil=True)
def walk(indptr, indices, weights, threshold, chance, seed, order):
    """Keep samples in the given order; each drops its neighbours that are not yet kept with their own chance.

    Whether an edge drops depends on the seed and the edge alone, so that walks of one seed at two parameters differ by
    the parameter only. Returns whether each sample is kept, (n,) bool.
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
                if np.float64(_mix(start ^ _mix(pair + GOLDEN)) >> np.uint64(11)) * 2.0**-53 < chance:
                    state[v] = 2
    return state == 1


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


# Graphs from shared marks


@njit(cache=True, nogil=True)
def shared(start, marks, n_marks, weighted):
    """Rows of the graph whose samples share at least one mark (sample i has ``marks[start[i] : start[i + 1]]``).

    Returns indptr (n + 1,) int64, indices int32, weights float32 (the Jaccard index of the marks; length 0 unless
    weighted).
    """
    n = len(start) - 1
    first = np.zeros(n_marks + 1, np.int64)
    for t in marks:
        first[t + 1] += 1
    for t in range(n_marks):
        first[t + 1] += first[t]
    holders, cursor = np.empty(len(marks), np.int32), first[:-1].copy()
    for i in range(n):
        for p in range(start[i], start[i + 1]):
            holders[cursor[marks[p]]] = i
            cursor[marks[p]] += 1
    seen, indptr = np.full(n, -1, np.int32), np.zeros(n + 1, np.int64)
    cursor[:] = first[:-1]
    for i in range(n):
        for p in range(start[i], start[i + 1]):
            t = marks[p]
            cursor[t] += 1  # past sample i: each pair is met from its first sample only
            for q in range(cursor[t], first[t + 1]):
                j = holders[q]
                if seen[j] != i:
                    seen[j] = i
                    indptr[i + 1] += 1
                    indptr[j + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    indices = np.empty(indptr[n], np.int32)
    weights = np.empty(indptr[n] if weighted else 0, np.float32)
    fill, common, met = indptr[:-1].copy(), np.zeros(n, np.int32), np.empty(n, np.int32)
    for i in range(n):
        count = 0
        for p in range(start[i], start[i + 1]):
            for q in range(first[marks[p]], first[marks[p] + 1]):
                j = holders[q]
                if j == i:
                    continue
                if common[j] == 0:
                    met[count] = j
                    count += 1
                common[j] += 1
        for k in range(count):  # row j receives i, and i ascends: rows need no sorting
            j = met[k]
            indices[fill[j]] = i
            if weighted:
                own, other = start[i + 1] - start[i], start[j + 1] - start[j]
                weights[fill[j]] = common[j] / (own + other - common[j])
            fill[j] += 1
            common[j] = 0
    return indptr, indices, weights
