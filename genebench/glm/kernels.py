"""The compiled loops of the Markov models; imported on first use."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def tally(sequence, at, out):
    """Add the contexts of one sequence, (L,), to ``out`` (contexts, 4); contexts with an N or over an end are not."""
    n = len(sequence)
    for i in range(n):
        if sequence[i] > 3:
            continue
        key = 0
        whole = True
        for o in at:
            j = i + o
            if j < 0 or j >= n or sequence[j] > 3:
                whole = False
                break
            key = key * 4 + sequence[j]
        if whole:
            out[key, sequence[i]] += 1


@njit(cache=True, nogil=True)
def lookup(windows, flat, starts, at, out):
    """Log-probabilities of each base, (n, L, 4), from the longest context that is whole."""
    n, length = windows.shape
    for w in range(n):
        for i in range(length):
            key = 0
            order = 0
            for o in at:
                j = i + o
                if j < 0 or j >= length or windows[w, j] > 3:
                    break
                key = key * 4 + windows[w, j]
                order += 1
            for b in range(4):
                out[w, i, b] = flat[starts[order] + key * 4 + b]


@njit(cache=True, nogil=True)
def chain(windows, flat, starts, order, out):
    """Log-probabilities of each base given ``order`` bases on both sides under the one-sided chain, (n, L, 4)."""
    n, length = windows.shape
    for w in range(n):
        for i in range(length):
            for b in range(4):
                total = 0.0
                for j in range(i, min(length, i + order + 1)):
                    seen = b if j == i else windows[w, j]
                    if seen > 3:
                        continue
                    key = 0
                    have = 0
                    for d in range(1, order + 1):
                        k = j - d
                        if k < 0:
                            break
                        other = b if k == i else windows[w, k]
                        if other > 3:
                            break
                        key = key * 4 + other
                        have += 1
                    total += flat[starts[have] + key * 4 + seen]
                out[w, i, b] = total
            top = max(out[w, i, 0], out[w, i, 1], out[w, i, 2], out[w, i, 3])
            norm = 0.0
            for b in range(4):
                norm += np.exp(out[w, i, b] - top)
            norm = top + np.log(norm)
            for b in range(4):
                out[w, i, b] -= norm


@njit(cache=True, nogil=True)
def nearest(sequences, others):
    """Least edit distance of each sequence (n, L) to any of the others (m, L'), (n,) int64; stops early in a row."""
    n, length = sequences.shape
    m, width = others.shape
    out = np.full(n, length + width, dtype=np.int64)
    last = np.empty(width + 1, dtype=np.int64)
    row = np.empty(width + 1, dtype=np.int64)
    for s in range(n):
        for o in range(m):
            for j in range(width + 1):
                last[j] = j
            stopped = False
            for i in range(1, length + 1):
                row[0] = i
                least = i
                for j in range(1, width + 1):
                    cost = last[j - 1] + (sequences[s, i - 1] != others[o, j - 1])
                    cost = min(cost, last[j] + 1, row[j - 1] + 1)
                    row[j] = cost
                    least = min(least, cost)
                if least >= out[s]:
                    stopped = True
                    break
                last[:] = row
            if not stopped and last[width] < out[s]:
                out[s] = last[width]
    return out
