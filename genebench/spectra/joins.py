"""The compiled loops that make graphs of samples with marks in common, and of samples whose bits overlap."""

from __future__ import annotations

import numpy as np
from numba import njit

_BIT = np.zeros(64, np.int64)  # number of the one bit that is set in x, at x · _DEBRUIJN >> 58
_DEBRUIJN = np.uint64(0x03F79D71B4CB0A89)
for _i in range(64):
    _BIT[((0x03F79D71B4CB0A89 << _i) & (2**64 - 1)) >> 58] = _i


@njit(cache=True, nogil=True, inline="always")
def _ones(x):
    """How many bits of a 64-bit number are set."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def _holders(start, marks, n_marks):
    """Samples that hold each mark, ascending: mark t has ``holders[first[t] : first[t + 1]]``."""
    first = np.zeros(n_marks + 1, np.int64)
    for t in marks:
        first[t + 1] += 1
    for t in range(n_marks):
        first[t + 1] += first[t]
    holders, cursor = np.empty(len(marks), np.int32), first[:-1].copy()
    for i in range(len(start) - 1):
        for p in range(start[i], start[i + 1]):
            holders[cursor[marks[p]]] = i
            cursor[marks[p]] += 1
    return first, holders


@njit(cache=True, nogil=True)
def _row(i, start, marks, first, holders, common, bits, row):
    """Set in ``row`` (bits of 64 samples a word) the samples that share a mark with sample i, and i itself not."""
    for p in range(start[i], start[i + 1]):
        t = marks[p]
        if common[t] >= 0:
            for w in range(len(row)):
                row[w] |= bits[common[t], w]
        else:
            for q in range(first[t], first[t + 1]):
                j = np.uint64(holders[q])
                row[j >> np.uint64(6)] |= np.uint64(1) << (j & np.uint64(63))
    row[i >> 6] &= ~(np.uint64(1) << np.uint64(i & 63))


@njit(cache=True, nogil=True)
def shared(start, marks, n_marks):
    """Rows of the graph whose samples share at least one mark (sample i has ``marks[start[i] : start[i + 1]]``).

    A row is a set of bits, to which each mark adds its samples: a common mark 64 at once, a rare one each by itself.
    Returns indptr (n + 1,) int64 and indices int32.
    """
    n = len(start) - 1
    first, holders = _holders(start, marks, n_marks)
    words = n // 64 + 1
    common, found = np.full(n_marks, -1, np.int32), 0
    for t in range(n_marks):
        if first[t + 1] - first[t] > words:
            common[t] = found
            found += 1
    bits = np.zeros((found, words), np.uint64)
    for t in range(n_marks):
        if common[t] >= 0:
            for q in range(first[t], first[t + 1]):
                j = np.uint64(holders[q])
                bits[common[t], j >> np.uint64(6)] |= np.uint64(1) << (j & np.uint64(63))
    indptr, row = np.zeros(n + 1, np.int64), np.zeros(words, np.uint64)
    for i in range(n):
        _row(i, start, marks, first, holders, common, bits, row)
        size = 0
        for w in range(words):
            size += _ones(row[w])
            row[w] = 0
        indptr[i + 1] = indptr[i] + size
    indices, at = np.empty(indptr[n], np.int32), 0
    for i in range(n):
        if indptr[i] == indptr[i + 1]:
            continue
        _row(i, start, marks, first, holders, common, bits, row)
        for w in range(words):
            x, row[w] = row[w], np.uint64(0)
            while x:
                low = x & (~x + np.uint64(1))
                indices[at] = (w << 6) + _BIT[(low * _DEBRUIJN) >> np.uint64(58)]
                at += 1
                x ^= low
    return indptr, indices


@njit(cache=True, nogil=True)
def jaccards(start, marks, indptr, indices):
    """Marks that two samples share over marks that either has, for every edge, (2m,) float32."""
    out, own = (
        np.empty(len(indices), np.float32),
        np.zeros(marks.max() + 1 if len(marks) else 1, np.bool_),
    )
    for i in range(len(start) - 1):
        for p in range(start[i], start[i + 1]):
            own[marks[p]] = True
        for p in range(indptr[i], indptr[i + 1]):
            j, both = indices[p], 0
            for q in range(start[j], start[j + 1]):
                both += own[marks[q]]
            out[p] = both / (start[i + 1] - start[i] + start[j + 1] - start[j] - both)
        for p in range(start[i], start[i + 1]):
            own[marks[p]] = False
    return out


@njit(cache=True, nogil=True)
def tanimoto(bits, low, high):
    """Bits that two rows both have over bits that either has, of rows low … high with all, (high − low, n) float32."""
    n, words = bits.shape
    sizes, out = np.zeros(n, np.int64), np.zeros((high - low, n), np.float32)
    for i in range(n):
        for w in range(words):
            sizes[i] += _ones(bits[i, w])
    for i in range(low, high):
        for j in range(n):
            both = 0
            for w in range(words):
                both += _ones(bits[i, w] & bits[j, w])
            either = sizes[i] + sizes[j] - both
            out[i - low, j] = both / either if either else 0.0
    return out


@njit(cache=True, nogil=True)
def once(indptr, indices, weights):
    """The weight of every edge, once, (m,) float32."""
    out, at = np.empty(len(indices) // 2, np.float32), 0
    for i in range(len(indptr) - 1):
        for p in range(indptr[i], indptr[i + 1]):
            if indices[p] > i:
                out[at] = weights[p]
                at += 1
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def nearness(positions, low, high):
    """1 / (1 + the least distance between a position of one and one of the other), of rows low … high with later rows.

    positions: (k, n) float64 (whole numbers, which it holds exactly and compares many at once). Returns (high − low, n)
    float32; what is not of a later row is 0.
    """
    k, n = positions.shape
    held, out = np.empty(n), np.zeros((high - low, n), np.float32)
    for i in range(low, high):
        least, row = held[i + 1 :], out[i - low, i + 1 :]
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


@njit(cache=True, nogil=True)
def tally(values, low, above, every, degree):
    """Add to ``degree`` the edges of rows low, low + 1, … with later samples: values above ``above``, or but for 0."""
    for i in range(len(values)):
        own = 0
        for j in range(low + i + 1, values.shape[1]):
            hit = values[i, j] != 0 if every else values[i, j] > above
            own += hit
            degree[j] += hit
        degree[low + i] += own


TILE = 64  # columns whose rows are written together, so that they stay in the cache


@njit(cache=True, nogil=True)
def place(values, low, above, every, cursor, indices, weights):
    """Write the same edges into both their rows, from where the cursors stand; in this order rows ascend."""
    n, weighed = values.shape[1], len(weights) > 0
    for left in range(low - low % TILE, n, TILE):
        for i in range(len(values)):
            for j in range(max(left, low + i + 1), min(n, left + TILE)):
                if values[i, j] != 0 if every else values[i, j] > above:
                    indices[cursor[j]] = low + i
                    if weighed:
                        weights[cursor[j]] = values[i, j]
                    cursor[j] += 1
    for i in range(len(values)):  # all that is before a sample in its own row is written by now
        at = cursor[low + i]
        for j in range(low + i + 1, n):
            if values[i, j] != 0 if every else values[i, j] > above:
                indices[at] = j
                if weighed:
                    weights[at] = values[i, j]
                at += 1
        cursor[low + i] = at
