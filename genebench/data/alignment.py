"""The compiled loops of sequence identity: the best global alignment of two sequences, or of one with 64 at once, and
the words that two sequences have in common.

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
SEED, DROP = 3, 12
"""Score of a match in a segment without gaps, where a mismatch costs 1, and how far it may fall below its best."""
LAMBDA, K = 0.72, 0.15
"""Parameters of the scores of such segments by chance (Karlin & Altschul 1990): λ > 0 with p·exp(3λ) + (1 − p)·exp(−λ)
= 1, where two letters of unrelated proteins agree with the chance p = 1/16, and a round factor."""
_TWO, _SAME = np.float32(1), np.float32(LONGEST + 1)
_MATCH, _MISMATCH, _GAP = np.float32(MATCH), np.float32(MISMATCH), np.float32(GAP)


@njit(cache=True, nogil=True)
def _aligned(a, b, width):
    """Score, identical columns and columns of the best alignment within ``width`` cells of the corners' diagonals."""
    la, lb = len(a), len(b)
    low, high = (
        min(0, lb - la) - width,
        max(0, lb - la) + width,
    )  # diagonals j − i that are looked at
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
            diagonal, diagonal_same, diagonal_columns = (
                score[first - 1],
                same[first - 1],
                columns[first - 1],
            )
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


@njit(cache=True, nogil=True, inline="always")
def _extended(letters, p, q, most, step):
    """The best score of a segment that goes on from two places by ``step``, and how many letters it then has."""
    score, best, end = 0, 0, 0
    for k in range(most):
        score += SEED if letters[p + step * k] == letters[q + step * k] else -1
        if score > best:
            best, end = score, k + 1
        elif score < best - DROP:
            break
    return best, end


@njit(cache=True, nogil=True)
def resembling(letters, start, above, chance):
    """Pairs of sequences with a segment in common, without gaps, that chance seldom gives: those worth aligning.

    From each word of four letters that two sequences share, a segment grows both ways as in BLAST (Altschul et al.
    1990), ``SEED`` for a match and −1 for a mismatch, until it has fallen more than ``DROP`` below its best. Two
    unrelated sequences have a segment of score s with a chance of some ``K · la · lb · exp(−LAMBDA · s)``; a pair is
    kept if that is ``chance`` at most. Words of fewer than three different letters begin no segment, nor do those of
    pairs whose lengths alone keep them from being more than ``above`` identical.

    Args: letters, start: as in ``alike``. Returns: where the later partners of each sequence begin, (n + 1,) int64, and
    the partners, ascending. Time grows with the square of all letters; memory is some 16 bytes a letter, and 17 MB.
    """
    n, total = len(start) - 1, len(letters)
    words = np.full(total, -1, np.int32)
    first = np.zeros(2**20 + 1, np.int64)
    for i in range(n):
        for p in range(start[i], start[i + 1] - 3):
            a, b, c, d = letters[p], letters[p + 1], letters[p + 2], letters[p + 3]
            if 1 + (b != a) + (c != a and c != b) + (d != a and d != b and d != c) >= 3:
                words[p] = np.int32(a) << 15 | np.int32(b) << 10 | np.int32(c) << 5 | np.int32(d)
                first[words[p] + 1] += 1
    first = np.cumsum(first)
    later = first[
        :-1
    ].copy()  # of each word, where it stands in what comes after the present sequence
    place, owner = np.empty(first[-1], np.int32), np.empty(first[-1], np.int32)
    for i in range(n):
        for p in range(start[i], start[i + 1]):
            if words[p] >= 0:
                place[later[words[p]]], owner[later[words[p]]] = p, i
                later[words[p]] += 1
    later[:] = first[:-1]
    done = np.zeros(
        total, np.int32
    )  # of each diagonal, up to where in the earlier sequences it was looked at
    need = np.empty(n)  # half of the score that is asked for
    for i in range(n):
        need[i] = (np.log(start[i + 1] - start[i]) + np.log(K / chance) / 2) / LAMBDA
    met, found = np.empty(n, np.int32), np.zeros(n, np.bool_)
    indptr, indices = np.zeros(n + 1, np.int64), np.empty(1024, np.int32)
    for i in range(n):
        la, number, count = start[i + 1] - start[i], 0, indptr[i]
        for p in range(start[i], start[i + 1]):
            if words[p] >= 0:
                later[words[p]] += 1
        for p in range(start[i], start[i + 1]):
            if words[p] < 0:
                continue
            for k in range(later[words[p]], first[words[p] + 1]):
                q, j = place[k], owner[k]
                lb = start[j + 1] - start[j]
                if found[j] or done[q - p] > p or min(la, lb) <= above * max(la, lb):
                    continue
                ahead, end = _extended(
                    letters, p + 4, q + 4, min(start[i + 1] - p, start[j + 1] - q) - 4, 1
                )
                back, _ = _extended(letters, p - 1, q - 1, min(p - start[i], q - start[j]), -1)
                done[q - p] = p + 4 + end
                if 4 * SEED + ahead + back >= need[i] + need[j]:
                    met[number], found[j] = j, True
                    number += 1
        if count + number > len(indices):
            indices = np.concatenate((indices, np.empty(len(indices) + number, np.int32)))
        indices[count : count + number] = np.sort(met[:number])
        found[met[:number]] = False
        indptr[i + 1] = count + number
    return indptr, indices[: indptr[n]]
