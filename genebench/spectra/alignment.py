"""The compiled loops of sequence identity: k-mers that two sequences share, and their best global alignment.

Scores are the paper's: 1 for a match, −2 for a mismatch, −2.5 for each letter against a gap. All are doubled, so that
they are whole numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MATCH, MISMATCH, GAP = 2, -4, -5
NEVER = -(2**30)


@njit(cache=True, nogil=True)
def _aligned(a, b, width):
    """Score, identical columns and columns of the best global alignment within ``width`` cells of the corners' diagonals.

    Of alignments that score the same, the one is taken that Biopython's ``PairwiseAligner`` lists first: seen from the
    end, a letter of ``b`` against a gap goes before a letter of ``a`` against a gap, and both before a column of two.
    """
    la, lb = len(a), len(b)
    low, high = min(0, lb - la) - width, max(0, lb - la) + width  # diagonals j − i that are looked at
    score = np.full(lb + 2, NEVER, np.int32)
    same, columns = np.zeros(lb + 2, np.int32), np.zeros(lb + 2, np.int32)
    for j in range(min(lb, high) + 1):
        score[j], columns[j] = j * GAP, j
    for i in range(1, la + 1):
        first, last = max(0, i + low), min(lb, i + high)
        if first == 0:
            diagonal, diagonal_same, diagonal_columns = score[0], same[0], columns[0]
            score[0], same[0], columns[0] = i * GAP, 0, i
            first = 1
        else:
            diagonal, diagonal_same, diagonal_columns = score[first - 1], same[first - 1], columns[first - 1]
            score[first - 1] = NEVER
        x = a[i - 1]
        left, left_same, left_columns = score[first - 1], same[first - 1], columns[first - 1]
        for j in range(first, last + 1):
            equal = x == b[j - 1]
            both = diagonal + (MATCH if equal else MISMATCH)
            up, across = score[j] + GAP, left + GAP
            up_same, up_columns = same[j], columns[j]
            best, best_same, best_columns = across, left_same, left_columns
            if up > best:
                best, best_same, best_columns = up, up_same, up_columns
            if both > best:
                best, best_same, best_columns = both, diagonal_same + equal, diagonal_columns
            diagonal, diagonal_same, diagonal_columns = score[j], up_same, up_columns
            score[j], same[j], columns[j] = best, best_same, best_columns + 1
            left, left_same, left_columns = best, best_same, best_columns + 1
        score[last + 1] = NEVER
    return score[lb], same[lb], columns[lb]


@njit(cache=True, nogil=True)
def identity(a, b):
    """Identical columns over columns of the first best global alignment of two coded sequences, in [0, 1].

    The band around the diagonal is doubled until no alignment that leaves it can score as much as the best within it,
    so that the answer is that of the whole matrix. Sequences of one letter code: (length,) uint8.
    """
    la, lb = len(a), len(b)
    if la == 0 or lb == 0:
        return 1.0 if la == lb else 0.0
    width = 8
    while True:
        score, same, columns = _aligned(a, b, width)
        gaps = abs(la - lb) + 2 * (width + 1)  # at least so many, outside the band
        beyond = (la + lb - gaps) // 2 * MATCH + gaps * GAP
        if score > beyond or width >= max(la, lb):
            return same / columns
        width *= 2
