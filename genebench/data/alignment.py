"""Compiled loops of sequence identity: best global alignments, and segments in common.

Scores are the paper's: 1 for a match, −2 for a mismatch, −2.5 for each letter against a gap; here
all are doubled, to whole numbers. Of alignments that score the same, the one is taken that
Biopython's ``PairwiseAligner`` lists first: seen from the end, a letter of the second sequence
against a gap goes before one of the first, and both before a column of two letters.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MATCH, MISMATCH, GAP = 2, -4, -5
NEVER = -(2**30)
LANES = 64
"""Sequences that are aligned with one at once: each arithmetic step is done for all of them."""
FEW = 6
"""So many or fewer are aligned one by one instead."""
LONGEST = 4095
"""Letters up to which identical columns and columns of two letters fit into one float32."""
SAME = LONGEST + 1
"""Weight of an identical column in such a number; one of two letters weighs 1."""
SEED, DROP = 3, 12
"""Score of a match in a segment without gaps, where a mismatch costs 1, and how far it may fall
below its best."""
LAMBDA, K = 0.72, 0.15
"""Parameters of the scores of such segments by chance (Karlin & Altschul 1990): λ > 0 with
p·exp(3λ) + (1 − p)·exp(−λ) = 1, where two letters of unrelated proteins agree with the chance
p = 1/16, and a round factor."""
_SAME, _TWO = np.float32(SAME + 1), np.float32(1)
_MATCH, _MISMATCH, _GAP = np.float32(MATCH), np.float32(MISMATCH), np.float32(GAP)


@njit(cache=True, nogil=True)
def _aligned(a, b, width):
    """Score, identical columns and columns of the best alignment in a band around the diagonals."""
    la, lb = len(a), len(b)
    low, high = min(0, lb - la) - width, max(0, lb - la) + width
    score, columns = np.full(lb + 2, NEVER, np.int64), np.zeros(lb + 2, np.int64)
    for j in range(min(lb, high) + 1):
        score[j] = j * GAP
    for i in range(1, la + 1):
        before, last = max(0, i + low - 1), min(lb, i + high)
        diagonal, diagonal_columns = score[before], columns[before]
        left, left_columns = i * GAP if i + low <= 0 else NEVER, 0
        score[before], columns[before] = left, left_columns
        for j in range(before + 1, last + 1):
            both, both_columns = diagonal + MISMATCH, diagonal_columns + 1
            if a[i - 1] == b[j - 1]:
                both, both_columns = diagonal + MATCH, diagonal_columns + 1 + 2**32
            diagonal, diagonal_columns = score[j], columns[j]
            left += GAP
            if diagonal + GAP > left:
                left, left_columns = diagonal + GAP, diagonal_columns
            if both > left:
                left, left_columns = both, both_columns
            score[j], columns[j] = left, left_columns
        score[last + 1] = NEVER
    return score[lb], columns[lb] >> 32, la + lb - (columns[lb] & (2**32 - 1))


@njit(cache=True, nogil=True)
def identity(a, b):
    """
    Compute the identity of two sequences in their first best global alignment.

    The band around the diagonal is doubled until no alignment that leaves it can score as much as
    the best within it, so that the result is that of the whole matrix.

    Parameters
    ----------
    a, b
        Coded sequences, uint8.

    Returns
    -------
    Identical columns over columns, in [0, 1].
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
def _lanes(a, others, score, columns, diagonal, diagonal_columns, left, left_columns):
    """
    The whole matrix of one sequence (rows) against ``LANES`` others, (longest, LANES) float32.

    Leaves in ``columns[j, l]``, for the first j letters of l, the columns of two letters + 4096 ×
    identical columns. The last four arguments are room for one cell of each.
    """
    for j in range(len(others) + 1):
        score[j], columns[j] = _GAP * np.float32(j), np.float32(0)
    for i in range(1, len(a) + 1):
        x = a[i - 1]
        diagonal[:], diagonal_columns[:] = score[0], np.float32(0)
        score[0] = _GAP * np.float32(i)
        left[:], left_columns[:] = score[0], np.float32(0)
        for j in range(1, len(others) + 1):
            letters, s, c = others[j - 1], score[j], columns[j]
            for l in range(LANES):  # noqa: E741
                equal = x == letters[l]
                both = diagonal[l] + (_MATCH if equal else _MISMATCH)
                both_columns = diagonal_columns[l] + (_SAME if equal else _TWO)
                old, old_columns = s[l], c[l]
                up, best = old + _GAP, left[l] + _GAP
                best_columns = old_columns if up > best else left_columns[l]
                best = up if up > best else best
                best_columns = both_columns if both > best else best_columns
                best = both if both > best else best
                diagonal[l], diagonal_columns[l] = old, old_columns
                left[l], left_columns[l] = best, best_columns
                s[l], c[l] = best, best_columns


@njit(cache=True, nogil=True)
def alike(i, candidates, letters, start, composition, above):
    """
    Find which later sequences are more than ``above`` identical with one.

    A pair is not aligned if the letters that both have cannot make it identical enough.

    Parameters
    ----------
    i
        Number of the sequence.
    candidates
        Numbers of later ones, int64, best sorted by length.
    letters, start
        Codes of all sequences, uint8 below 32, and where each begins, shape (n + 1,).
    composition
        How often each has each letter, shape (n, 32), int32.
    above
        Share of identical columns, [0, 1).

    Returns
    -------
    Numbers of the similar ones, and the identity of each, (0, 1].
    """
    a = letters[start[i] : start[i + 1]]
    la, length, own = len(a), start[1:] - start[:-1], a.astype(np.float32)
    chosen, count, width = np.empty(len(candidates), np.int64), 0, la
    for j in candidates:
        if np.minimum(composition[i], composition[j]).sum() > above * max(la, length[j]):
            chosen[count], width = j, max(width, length[j])
            count += 1
    room = width + 1 if width <= LONGEST and count > FEW else 1
    others, cell = np.zeros((room, LANES), np.float32), np.empty((4, LANES), np.float32)
    score, columns = np.empty((room, LANES), np.float32), np.empty((room, LANES), np.float32)
    values = np.empty(count)
    for first in range(0, count, LANES):
        block = chosen[first : min(first + LANES, count)]
        if room == 1 or len(block) <= FEW:
            for k in range(len(block)):
                b = letters[start[block[k]] : start[block[k] + 1]]
                values[first + k] = identity(a, b)
            continue
        longest = length[block].max()
        others[:longest] = np.float32(0)
        for k in range(len(block)):
            others[: length[block[k]], k] = letters[start[block[k]] : start[block[k] + 1]]
        _lanes(own, others[:longest], score, columns, cell[0], cell[1], cell[2], cell[3])
        for k in range(len(block)):
            lb = length[block[k]]
            both = np.int64(columns[lb, k])
            values[first + k] = both // SAME / (la + lb - both % SAME)
    similar = values > above
    return chosen[:count][similar], values[similar]


@njit(cache=True, nogil=True, inline="always")
def _extended(letters, p, q, most, step):
    """Best score of a segment that goes on from two places by ``step``, and its length."""
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
    """
    Find pairs of sequences with a common segment, without gaps, that chance seldom gives.

    From each word of four letters that two sequences share, a segment grows both ways as in BLAST
    (Altschul et al. 1990), ``SEED`` for a match and −1 for a mismatch, until it has fallen more
    than ``DROP`` below its best. Two unrelated sequences have a segment of score s with a chance of
    some ``K · la · lb · exp(−LAMBDA · s)``; a pair is used if that is ``chance`` at most. Words of
    fewer than three different letters begin no segment, nor do those of pairs whose lengths alone
    keep them from being more than ``above`` identical. Time grows with the square of all letters;
    memory is some 16 bytes a letter, and 17 MB.

    Parameters
    ----------
    letters, start, above
        As in ``alike``.
    chance
        Chance of an unrelated pair to be found, (0, 1).

    Returns
    -------
    Where the later partners of each sequence begin, shape (n + 1,), int64, and the partners,
    ascending, int32.
    """
    n, total = len(start) - 1, len(letters)
    length = start[1:] - start[:-1]
    words, first = np.full(total, -1, np.int32), np.zeros(2**20 + 1, np.int64)
    for i in range(n):
        for p in range(start[i], start[i + 1] - 3):
            a, b, c, d = letters[p], letters[p + 1], letters[p + 2], letters[p + 3]
            if 1 + (b != a) + (c != a and c != b) + (d != a and d != b and d != c) >= 3:
                words[p] = np.int32(a) << 15 | np.int32(b) << 10 | np.int32(c) << 5 | np.int32(d)
                first[words[p] + 1] += 1
    first = np.cumsum(first)
    # of each word, where it stands in what comes after the present sequence
    later = first[:-1].copy()
    place, owner = np.empty(first[-1], np.int32), np.empty(first[-1], np.int32)
    for i in range(n):
        for p in range(start[i], start[i + 1]):
            if words[p] >= 0:
                place[later[words[p]]], owner[later[words[p]]] = p, i
                later[words[p]] += 1
    later[:] = first[:-1]
    # of each diagonal, up to where in the earlier sequences it was looked at
    done = np.zeros(total, np.int32)
    need = (np.log(length) + np.log(K / chance) / 2) / LAMBDA  # half of the score required
    partners, met = np.empty(n, np.int32), np.zeros(n, np.bool_)
    indptr, indices = np.zeros(n + 1, np.int64), np.empty(1024, np.int32)
    for i in range(n):
        number, count = 0, indptr[i]
        for p in range(start[i], start[i + 1]):
            if words[p] >= 0:
                later[words[p]] += 1
        for p in range(start[i], start[i + 1]):
            if words[p] < 0:
                continue
            for k in range(later[words[p]], first[words[p] + 1]):
                q, j = place[k], owner[k]
                if met[j] or done[q - p] > p:
                    continue
                if min(length[i], length[j]) <= above * max(length[i], length[j]):
                    continue
                most = min(start[i + 1] - p, start[j + 1] - q) - 4
                ahead, end = _extended(letters, p + 4, q + 4, most, 1)
                most = min(p - start[i], q - start[j])
                back, _ = _extended(letters, p - 1, q - 1, most, -1)
                done[q - p] = p + 4 + end
                if 4 * SEED + ahead + back >= need[i] + need[j]:
                    partners[number], met[j] = j, True
                    number += 1
        if count + number > len(indices):
            indices = np.concatenate((indices, np.empty(len(indices) + number, np.int32)))
        indices[count : count + number] = np.sort(partners[:number])
        met[partners[:number]] = False
        indptr[i + 1] = count + number
    return indptr, indices[: indptr[n]]
