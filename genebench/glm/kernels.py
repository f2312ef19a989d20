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
