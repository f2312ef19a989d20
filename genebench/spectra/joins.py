"""Compiled loops that build graphs: samples with a mark in common, blocks of similarities."""

from __future__ import annotations

import numpy as np
from numba import njit

TILE = 64
"""Columns whose rows are written together, so that they stay in the processor's cache."""


@njit(cache=True, nogil=True, inline="always")
def _ones(x):
    """How many bits of a 64-bit number are set."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True, inline="always")
def _set(row, samples):
    """Set the bits of some samples in a row of 64 samples a word."""
    for j in samples:
        row[j >> 6] |= np.uint64(1) << np.uint64(j & 63)


@njit(cache=True, nogil=True)
def _row(i, start, marks, first, carriers, common, bits, row):
    """Set in ``row`` the samples that share a mark with sample i, other than i."""
    for t in marks[start[i] : start[i + 1]]:
        if common[t] >= 0:
            for w in range(len(row)):
                row[w] |= bits[common[t], w]
        else:
            _set(row, carriers[first[t] : first[t + 1]])
    row[i >> 6] &= ~(np.uint64(1) << np.uint64(i & 63))


@njit(cache=True, nogil=True)
def shared(start, marks, first, carriers):
    """Link samples that share at least one mark.

    A row is a set of bits to which each mark adds its samples: a common mark 64 at once, a rare one
    each by itself.

    Parameters
    ----------
    start : ndarray of shape (n + 1,), int64
        Sample i carries ``marks[start[i] : start[i + 1]]``.
    marks : ndarray of int32
        Marks of all samples, one after another.
    first, carriers : ndarray
        Mark t is carried by samples ``carriers[first[t] : first[t + 1]]``.

    Returns
    -------
    indptr : ndarray of shape (n + 1,), int64
    indices : ndarray of int32
        Rows of the graph.
    """
    n, n_marks = len(start) - 1, len(first) - 1
    words = n // 64 + 1
    common, count = np.full(n_marks, -1, np.int32), 0
    for t in range(n_marks):
        if first[t + 1] - first[t] > words:
            common[t] = count
            count += 1
    bits = np.zeros((count, words), np.uint64)
    for t in range(n_marks):
        if common[t] >= 0:
            _set(bits[common[t]], carriers[first[t] : first[t + 1]])
    indptr, row = np.zeros(n + 1, np.int64), np.zeros(words, np.uint64)
    for i in range(n):
        _row(i, start, marks, first, carriers, common, bits, row)
        size = 0
        for w in range(words):
            size += _ones(row[w])
            row[w] = 0
        indptr[i + 1] = indptr[i] + size
    indices, at = np.empty(indptr[n], np.int32), 0
    for i in range(n):
        if indptr[i] == indptr[i + 1]:
            continue
        _row(i, start, marks, first, carriers, common, bits, row)
        for w in range(words):
            x, row[w] = row[w], np.uint64(0)
            while x:
                below = x ^ (x - np.uint64(1))  # the lowest bit that is set, and all below it
                indices[at] = (w << 6) + _ones(below) - 1
                at += 1
                x &= ~below
    return indptr, indices


@njit(cache=True, nogil=True)
def tally(values, low, above, every, degree):
    """Add the edges of a block of rows to the degrees of both ends.

    Parameters
    ----------
    values : ndarray of shape (rows, n), float32
        Similarities of samples ``low``, ``low + 1``, … to all; only later samples count.
    low : int
        Sample of the first row.
    above, every : float, bool
        Edges are values above ``above``, or with ``every`` all values but 0.
    degree : ndarray of shape (n,), int64
        Degrees, added to in place.
    """
    for i in range(len(values)):
        own = 0
        for j in range(low + i + 1, values.shape[1]):
            hit = values[i, j] != 0 if every else values[i, j] > above
            own += hit
            degree[j] += hit
        degree[low + i] += own


@njit(cache=True, nogil=True)
def place(values, low, above, every, cursor, indices, weights):
    """Write the edges of a block of rows into the rows of both ends, so that rows ascend.

    Parameters
    ----------
    values, low, above, every
        As of ``tally``.
    cursor : ndarray of shape (n,), int64
        Where the next neighbour of each sample is written; advanced in place.
    indices, weights : ndarray
        Rows of the graph, written in place; ``weights`` of length 0: binary.
    """
    n, weighed = values.shape[1], len(weights) > 0
    for left in range(low - low % TILE, n, TILE):
        for i in range(len(values)):
            for j in range(max(left, low + i + 1), min(n, left + TILE)):
                if values[i, j] != 0 if every else values[i, j] > above:
                    indices[cursor[j]] = low + i
                    if weighed:
                        weights[cursor[j]] = values[i, j]
                    cursor[j] += 1
    for i in range(len(values)):  # everything before a sample in its own row is written by now
        at = cursor[low + i]
        for j in range(low + i + 1, n):
            if values[i, j] != 0 if every else values[i, j] > above:
                indices[at] = j
                if weighed:
                    weights[at] = values[i, j]
                at += 1
        cursor[low + i] = at
