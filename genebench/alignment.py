"""The compiled loops of sequence identity: the best global alignment of two sequences, or of one with 64 at once.

Scores are the paper's: 1 for a match, −2 for a mismatch, −2.5 for each letter against a gap; here all are doubled, to
whole numbers. Of alignments that score the same, the one is taken that Biopython's ``PairwiseAligner`` lists first:
seen from the end, a letter of the second sequence against a gap goes before one of the first, and both before a column
of two letters.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MATCH, MISMATCH, GAP = 2, -4, -5
NEVER = -(2**30)
LANES = 64
"""Sequences that are aligned with one at once: each step of the arithmetic is done for all of them."""
FEW = 6
"""So many or fewer are aligned one by one instead."""
LONGEST = 4095
"""Letters up to which identical columns and columns of two letters fit into one float together."""
_TWO, _SAME = np.float32(1), np.float32(LONGEST + 1)
_MATCH, _MISMATCH, _GAP = np.float32(MATCH), np.float32(MISMATCH), np.float32(GAP)


@njit(cache=True, nogil=True)
def _aligned(a, b, width):
    """Score, identical columns and columns of the best alignment within ``width`` cells of the corners' diagonals."""
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


@njit(cache=True, nogil=True)
def _lanes(a, others, score, held, diagonal, diagonal_held, left, left_held):
    """The whole matrix of one sequence (rows) against ``LANES`` others, letters as float32, (longest, LANES).

    Leaves the last row: score[j, l] of the first j letters of l, and in ``held`` columns of two letters + 4096 ×
    identical columns. The last four arguments are room for one cell of each, (LANES,).
    """
    for j in range(len(others) + 1):
        for l in range(LANES):
            score[j, l], held[j, l] = _GAP * np.float32(j), np.float32(0)
    for i in range(1, len(a) + 1):
        x = a[i - 1]
        for l in range(LANES):
            diagonal[l], diagonal_held[l] = score[0, l], np.float32(0)
            left[l], left_held[l] = _GAP * np.float32(i), np.float32(0)
            score[0, l] = left[l]
        for j in range(1, len(others) + 1):
            letters, s, h = others[j - 1], score[j], held[j]
            for l in range(LANES):
                equal = x == letters[l]
                both = diagonal[l] + (_MATCH if equal else _MISMATCH)
                both_held = diagonal_held[l] + (_SAME + _TWO if equal else _TWO)
                old, old_held = s[l], h[l]
                up = old + _GAP
                best, best_held = left[l] + _GAP, left_held[l]
                best_held = old_held if up > best else best_held
                best = up if up > best else best
                best_held = both_held if both > best else best_held
                best = both if both > best else best
                diagonal[l], diagonal_held[l] = old, old_held
                left[l], left_held[l] = best, best_held
                s[l], h[l] = best, best_held


@njit(cache=True, nogil=True)
def alike(i, candidates, letters, start, composition, above, found, identities):
    """Which of the candidates (all later than i, best sorted by length) are more identical with sequence i.

    Args: letters, start: the codes of all sequences, uint8 below 32, and where each begins, (n + 1,). composition: how
    often each has each letter, (n, 32) int32. Fills ``found`` and ``identities`` and returns how many there are.
    A pair is not aligned if the letters that both have cannot make it identical enough.
    """
    a = letters[start[i] : start[i + 1]]
    la, count, waiting, longest = len(a), 0, 0, 0
    lane = np.empty(LANES, np.int64)
    width = np.int64(0)
    for j in candidates:
        width = max(width, start[j + 1] - start[j])
    small = width <= LONGEST and la <= LONGEST and len(candidates) > FEW
    room = width + 1 if small else 1
    score, held = np.empty((room, LANES), np.float32), np.empty((room, LANES), np.float32)
    others, cell = np.zeros((room, LANES), np.float32), np.empty((4, LANES), np.float32)
    own = a.astype(np.float32)
    for k in range(len(candidates) + 1):
        if k < len(candidates):
            j = candidates[k]
            lb, most = start[j + 1] - start[j], 0
            for c in range(32):
                most += min(composition[i, c], composition[j, c])
            if most <= above * max(la, lb):
                continue
            lane[waiting], longest = j, max(longest, lb)
            waiting += 1
        if waiting < LANES and k < len(candidates):
            continue
        if not small or waiting <= FEW:
            for l in range(waiting):
                value = identity(a, letters[start[lane[l]] : start[lane[l] + 1]])
                if value > above:
                    found[count], identities[count] = lane[l], value
                    count += 1
        else:
            others[:longest] = np.float32(0)
            for l in range(waiting):
                first = start[lane[l]]
                for j in range(start[lane[l] + 1] - first):
                    others[j, l] = letters[first + j]
            _lanes(own, others[:longest], score, held, cell[0], cell[1], cell[2], cell[3])
            for l in range(waiting):
                lb = start[lane[l] + 1] - start[lane[l]]
                both = np.int64(held[lb, l])
                value = (both >> 12) / (la + lb - (both & LONGEST))
                if value > above:
                    found[count], identities[count] = lane[l], value
                    count += 1
        waiting, longest = 0, 0
    return count
