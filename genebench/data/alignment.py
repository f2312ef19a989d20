"""Compiled loops of sequence identity: best global alignments, and segments in common.

Scores are the paper's: 1 for a match, −2 for a mismatch, −2.5 for each letter against a gap; here
all are doubled, to whole numbers. Of alignments that score the same, the one is taken that
Biopython's ``PairwiseAligner`` lists first: seen from the end, a letter of the second sequence
against a gap goes before one of the first, and both before a column of two letters.
"""

import numpy as np
from numba import njit

MATCH, MISMATCH, GAP = np.float32(2), np.float32(-4), np.float32(-5)
LANES = 64
"""Sequences that are aligned with one at once: each arithmetic step is done for all of them."""
SAME, OTHER = np.int32(2**16 + 1), np.int32(1)
"""What a column of two letters that agree, or differ, adds to a count of both kinds."""
SEED, DROP = 3, 12
"""Score of a match in a segment without gaps, where a mismatch costs 1, and how far it may fall
below its best."""
LAMBDA, K = 0.72, 0.15
"""Parameters of the scores of such segments by chance (Karlin & Altschul 1990): λ > 0 with
p·exp(3λ) + (1 − p)·exp(−λ) = 1, where two letters of unrelated proteins agree with the chance
p = 1/16, and a round factor."""


@njit(cache=True, nogil=True)
def _identities(a, others, lengths):
    """Identity of one sequence with some others, side by side in (longest, n), float32.

    Each step of the matrix is done for all of them at once.
    """
    longest, n = others.shape
    score = np.empty((longest + 1, n), np.float32)
    columns = np.zeros((longest + 1, n), np.int32)
    diagonal, left = np.empty((2, n), np.float32)
    diagonal_columns, left_columns = np.empty((2, n), np.int32)
    for j in range(longest + 1):
        score[j] = GAP * np.float32(j)
    for i in range(1, len(a) + 1):
        x = a[i - 1]
        diagonal[:], diagonal_columns[:] = score[0], 0
        score[0] = GAP * np.float32(i)
        left[:], left_columns[:] = score[0], 0
        for j in range(1, longest + 1):
            letters, s, c = others[j - 1], score[j], columns[j]
            for k in range(n):
                equal = x == letters[k]
                both = diagonal[k] + (MATCH if equal else MISMATCH)
                both_columns = diagonal_columns[k] + (SAME if equal else OTHER)
                old, old_columns = s[k], c[k]
                up, best = old + GAP, left[k] + GAP
                best_columns = old_columns if up > best else left_columns[k]
                best = up if up > best else best
                best_columns = both_columns if both > best else best_columns
                best = both if both > best else best
                diagonal[k], diagonal_columns[k] = old, old_columns
                left[k], left_columns[k] = best, best_columns
                s[k], c[k] = best, best_columns
    values = np.empty(n)
    for k in range(n):
        count = np.int64(np.uint32(columns[lengths[k], k]))
        values[k] = (count >> 16) / (len(a) + lengths[k] - (count & 0xFFFF))
    return values


@njit(cache=True, nogil=True)
def identities(i, others, letters, start):
    """Identity of one sequence with some others.

    Parameters
    ----------
    i : int
        Number of the sequence.
    others : ndarray of int64, shape (m,)
        Numbers of the others, best sorted by length.
    letters : ndarray of uint8
        Codes of all sequences, below 32.
    start : ndarray of int64, shape (n + 1,)
        Where each begins.

    Returns
    -------
    ndarray of shape (m,)
        Share of identical columns, [0, 1].
    """
    a, length = letters[start[i] : start[i + 1]].astype(np.float32), start[1:] - start[:-1]
    values = np.empty(len(others))
    for first in range(0, len(others), LANES):
        block = others[first : first + LANES]
        side = np.zeros((length[block].max(), len(block)), np.float32)
        for k, j in enumerate(block):
            side[: length[j], k] = letters[start[j] : start[j + 1]]
        values[first : first + LANES] = _identities(a, side, length[block])
    return values


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
    """Find pairs of sequences with a common segment, without gaps, that chance seldom gives.

    From each word of four letters that two sequences share, a segment grows both ways as in BLAST
    (Altschul et al. 1990), ``SEED`` for a match and −1 for a mismatch, until it has fallen more
    than ``DROP`` below its best. Two unrelated sequences have a segment of score s with a chance of
    some ``K · la · lb · exp(−LAMBDA · s)``; a pair is used if that is ``chance`` at most. Words of
    fewer than three different letters begin no segment, nor do those of pairs whose lengths alone
    keep them from being more than ``above`` identical. Time grows with the square of all letters;
    memory is some 24 bytes a letter, and 17 MB.

    Parameters
    ----------
    letters, start : ndarray
        As in ``identities``.
    above : float
        Share of identical columns, [0, 1).
    chance : float
        Chance of an unrelated pair to be found, (0, 1).

    Returns
    -------
    indptr : ndarray of int64, shape (n + 1,)
        Where the later partners of each sequence begin.
    indices : ndarray of int32
        The partners, ascending.
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
    # the places of each word, and where among them those after the present sequence begin
    place, later = np.argsort(words, kind="mergesort")[total - first[-1] :], first[:-1].copy()
    owner = np.repeat(np.arange(n), length)
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
                q, j = place[k], owner[place[k]]
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
