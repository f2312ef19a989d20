"""Zero-shot scores of variants from any nucleotide model.

The log-likelihood ratio (LLR) is log P(alternative) − log P(reference), natural; below 0 the model
finds the variant less likely. Variants that lie together share windows, the reference is run once
for all of them, and equal queries are run once; every score is the same as that of one window and
one variant at a time.
"""

import numpy as np
from sklearn.preprocessing import normalize

from . import codes

REACH = 32
"""Bases to each side over which an influence is averaged (causal models: to the right)."""
AROUND = 32
"""Bases to each side of a change whose pseudo-likelihood is counted."""
LONGEST = 64
"""Bases of an allele whose own likelihood is needed of a model that needs a pass for each."""
STRANDS = ("both", "given")
_BATCH = 256
"""Windows in a pass."""


def placed(model, sequence, positions, length):
    """Cut the windows of positions out of a sequence, on a grid so that neighbours share one.

    Parameters
    ----------
    model : Nucleotides
        Windows begin at multiples of its ``token_length``.
    sequence, positions : ndarray of shape (L,) and array-like of shape (n,)
        Codes, and places from 0.
    length : int
        Bases of a window.

    Returns
    -------
    windows, positions : ndarray of shape (n, length) and (n,)
        Each with the model's context on both sides of its position, at most 3/8 of the window.
    """
    positions = np.asarray(positions)
    side = min(model.context, (length - 1) * 3 // 8)
    step, grain = max(1, length - 2 * side), model.token_length
    start = (positions // step * step - side) // grain * grain
    return codes.windows(sequence, start, length), positions - start


def _distinct(rows):
    """Rows without repetition, and which of them each row is."""
    rows = np.ascontiguousarray(rows)
    whole = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, group = np.unique(whole, return_index=True, return_inverse=True)
    return rows[first], group


def _strands(model, strands):
    return 2 if strands == "both" and not model.strand_symmetric else 1


def llr(model, windows, positions, alt, *, strands="both"):
    """LLR of single substitutions.

    A masked model gives the distribution at the position; of a causal model the likelihoods of the
    whole window with either base are compared.

    Parameters
    ----------
    model : Nucleotides
    windows, positions, alt : ndarray of shape (n, L), (n,) and (n,)
        Codes with the reference, position in each window, and code of the alternative.
    strands : {"both", "given"}
        Mean over the two strands, or the given one.

    Returns
    -------
    ndarray of shape (n,), float32
        Natural logarithm.
    """
    positions, alt = np.asarray(positions), np.asarray(alt)
    out, sides = np.zeros(len(windows)), _strands(model, strands)
    for _ in range(sides):
        out += _one_strand(model, windows, positions, alt) / sides
        windows, alt = codes.reverse_complement(windows), 3 - alt
        positions = windows.shape[1] - 1 - positions
    return out.astype(np.float32)


def _one_strand(model, windows, positions, alt):
    """LLR on the given strand.

    An incremental model only reads on from the change; of one with a limited receptive field only
    that is read. Both give what whole windows give.
    """
    if (model.objective == "causal" or model.by_likelihood) and not model.incremental:
        windows, positions = _visible(model, windows, positions)
        changed = codes.substituted(windows, positions, alt)
        return _likelihood(model, changed) - _likelihood(model, windows)
    every, (windows, group), rows = windows, _distinct(windows), np.arange(len(windows))
    if not model.incremental:
        logs = _at(model, windows, group, positions)
        return logs[rows, alt] - logs[rows, every[rows, positions]]
    out = np.empty(len(rows))
    for i, window in enumerate(windows):
        out[group == i] = model.changes(window, positions[group == i], alt[group == i])
    return out


def _at(model, windows, row, place):
    """Conditionals at places of windows, (n, 4); equal queries are run once."""
    out = np.empty((len(row), 4), dtype=np.float32)
    if not model.one_pass:
        windows, place = _visible(model, windows[row], place)
        # a query is a window and, in eight bytes behind it, its place
        places = place.astype("<i8")[:, None].view(np.uint8)
        queries, row = _distinct(np.hstack([windows, places]))
        windows, query_place = queries[:, :-8], queries[:, -8:].copy().view("<i8")[:, 0]
    for s in range(0, len(windows), _BATCH):
        part, mine = windows[s : s + _BATCH], np.flatnonzero((row >= s) & (row < s + _BATCH))
        if model.one_pass:
            out[mine] = model.conditionals(part)[row[mine] - s, place[mine]]
        else:
            out[mine] = model.at(part, query_place[s : s + _BATCH])[row[mine] - s]
    return out


def _visible(model, windows, positions):
    """The parts of the windows that a model can see from the positions, and these in them."""
    reach, length = model.receptive_field, windows.shape[1]
    if reach is None or 2 * reach + 1 >= length:
        return windows, positions
    start = np.clip(positions - reach, 0, length - (2 * reach + 1))
    columns = start[:, None] + np.arange(2 * reach + 1)
    return np.take_along_axis(windows, columns, 1), positions - start


def _likelihood(model, windows):
    """Log-likelihood of whole windows, (n,) float64; equal ones are run once, N counts nothing.

    Of a masked model the pseudo-log-likelihood: the sum over all positions of what each is given
    the others.
    """
    windows, group = _distinct(windows)
    out = np.empty(len(windows))
    for s in range(0, len(windows), _BATCH):
        part = windows[s : s + _BATCH]
        if model.by_likelihood:
            likelihood = model.likelihood(part)
        else:
            likelihood = codes.observed(model.conditionals(part), part).sum(1, dtype=float)
        out[s : s + _BATCH] = likelihood
    return out[group]


def pseudo(model, sequence, changes, *, length, strands="both"):
    """LLR of any changes: several substitutions, insertions, deletions.

    The same bases of the genome are counted in both haplotypes: unchanged ones, and the changed
    ones only where as many replace them. A masked model gives pseudo-likelihoods of ``AROUND``
    bases on either side, a causal one the likelihood of what follows in the window. Tokens of
    several bases straddle the change: of such a model the mean over the tokens of the window is
    compared where lengths differ, times the tokens with the reference.

    Parameters
    ----------
    model : Nucleotides
    sequence : ndarray of shape (L,), uint8
    changes : sequence of (int, int, ndarray)
        Position (from 0), number of reference bases, codes of the alternative.
    length : int
        Bases of a window, more than any allele (``tables.scores`` widens it where need be).
    strands : {"both", "given"}
        Mean over the two strands, or the given one.

    Returns
    -------
    llr, own : ndarray of shape (n,), float32
        Natural logarithms; ``own``: log P of the alternative's bases less that of the reference's,
        each in its haplotype, which grows with length (NaN where it is a part of ``llr``, where
        tokens straddle, and beyond ``LONGEST`` bases of a model that needs a pass for each).
    """
    sizes = np.array([(n, len(alt)) for _, n, alt in changes]).T
    longest = sizes.max(0)
    start, equal = (length - longest) // 2, sizes[0] == sizes[1]
    pairs = []
    for before, (position, n, alt) in zip(start, changes):
        whole = codes.windows(sequence, [position - before], length + n)[0]
        changed = np.concatenate([whole[:before], alt, whole[before + n :]])
        pairs.append((whole[:length], changed[:length]))
    haplotypes, room = np.array(pairs).swapaxes(0, 1), (start, length - start - longest)
    parts, sides = np.zeros((2, len(changes))), _strands(model, strands)
    own_too = equal | model.one_pass | (longest <= LONGEST)
    for turned in range(sides):
        if model.by_likelihood:
            before, after = (_likelihood(model, windows) for windows in haplotypes)
            n, m = (np.maximum(model.counted(windows), 1) for windows in haplotypes)
            parts[0] += (after * np.where(equal, 1, n / m) - before) / sides
        else:
            for windows, size, sign in zip(haplotypes, sizes, (-1, 1)):
                first = room[0] + turned * (longest - size)  # the shorter one has more behind it
                parts += sign * _spans(model, windows, first, first + size, room, own_too) / sides
        haplotypes, room = codes.reverse_complement(haplotypes), room[::-1]
    llr = parts[0] + np.where(equal, parts[1], 0)
    own = np.where(equal | model.by_likelihood | ~own_too, np.nan, parts[1])
    return llr.astype(np.float32), own.astype(np.float32)


def _spans(model, windows, first, last, room, own_too):
    """Log-likelihoods of the bases around ``first`` to ``last`` − 1, and of these if ``own_too``.

    Of a causal model those behind count, of others ``AROUND`` on both sides; ``room``: bases before
    and behind that both haplotypes have.
    """
    column = np.arange(windows.shape[1])
    first, last, before, behind = (a[:, None] for a in (first, last, *room))
    own = (column >= first) & (column < last)
    if model.objective == "causal":
        before = 0
    else:
        before, behind = np.minimum(before, AROUND), np.minimum(behind, AROUND)
    counted = (column >= first - before) & (column < last + behind)
    row, place = np.nonzero(counted & (own_too[:, None] | ~own))
    logs = codes.observed(_at(model, windows, row, place), windows[row, place])
    inside = own[row, place]
    return np.array([np.bincount(row, logs * part, len(own)) for part in (~inside, inside)])


def influence(model, windows, positions, alt):
    """How far a single substitution moves what the model expects around it.

    Parameters
    ----------
    model, windows, positions, alt
        As of ``llr``; windows as given, on one strand.

    Returns
    -------
    ndarray of shape (n,), float32
        Mean Kullback–Leibler divergence (natural, 0 or more) of the distributions with the
        alternative from those with the reference, over ``REACH``.
    """
    distance = np.arange(windows.shape[1]) - np.asarray(positions)[:, None]
    first = 1 if model.objective == "causal" else -REACH
    counted = (distance >= first) & (distance <= REACH) & (distance != 0)
    (row, place), (distinct, group) = np.nonzero(counted), _distinct(windows)
    p = _at(model, distinct, group[row], place).astype(np.float64)
    q = _at(model, codes.substituted(windows, positions, alt), row, place)
    total = np.bincount(row, (np.exp(p) * (p - q)).sum(1), len(windows))
    return (total / np.maximum(counted.sum(1), 1)).astype(np.float32)


def embedding(model, windows, positions, alt):
    """How far a single substitution moves the last hidden state at its place.

    Parameters
    ----------
    model, windows, positions, alt
        As of ``influence``; the model has hidden states.

    Returns
    -------
    ndarray of shape (n,), float32
        1 − cosine, 0 to 2.
    """
    both = windows, codes.substituted(windows, positions, alt)
    a, b = (normalize(model.hidden(w, positions).astype(np.float64)) for w in both)
    return (1 - (a * b).sum(1)).astype(np.float32)


def contexts(sequence, positions, alt):
    """Kind of mutation: the bases before, at and after a substitution, and the new one.

    Parameters
    ----------
    sequence, positions, alt : ndarray of shape (L,), (n,) and (n,)
        Codes, places from 0, and codes of the alternatives.

    Returns
    -------
    ndarray of shape (n,), int64, in [0, 500)
    """
    around = codes.windows(sequence, np.asarray(positions) - 1, 3)
    return around @ np.array([100, 20, 4]) + np.asarray(alt, np.int64)


def calibrated(scores, kinds, reference=None):
    """Scores less the mean score of their kind of mutation (CpG has the largest bias).

    Parameters
    ----------
    scores, kinds : ndarray of shape (n,)
        LLR, and what ``contexts`` gives.
    reference : array-like of shape (n,), bool, optional
        Scores over which the means are taken (intergenic bases, say); None: all.

    Returns
    -------
    ndarray of shape (n,)
        A kind that the reference lacks is corrected by the mean of the reference.
    """
    used = slice(None) if reference is None else np.asarray(reference, bool)
    scored, kind = scores[used], kinds[used]
    total = np.bincount(kind, weights=scored, minlength=500)
    count = np.bincount(kind, minlength=500)
    overall = scored.mean() if len(scored) else 0.0
    return scores - np.where(count > 0, total / np.maximum(count, 1), overall)[kinds]
