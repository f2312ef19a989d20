"""Scores of changes by rules: the genetic code, place and composition; no model, no labels."""

from __future__ import annotations

import numpy as np

from genebench.glm import codes
from genebench.glm.genomes import CODON

from .effects import AMINO, Effects, changed_position

AROUND = 50
"""Bases on each side whose composition counts."""
GAP = 300
"""Bases without a tested change that part two stretches of tested changes."""
_STOP = np.array([amino == "*" for amino in AMINO])


def _is_stop(words: np.ndarray) -> np.ndarray:
    return (words.max(axis=-1) < codes.N) & _STOP[np.minimum(words @ CODON, 63)]


def _frames(stop: np.ndarray) -> np.ndarray:
    """Codons between the stops around each word, in its frame, (n_words,) int."""
    out = np.empty(len(stop), dtype=int)
    for start in range(3):
        here = stop[start::3]
        index = np.arange(len(here))
        before = np.maximum.accumulate(np.where(here, index, -1))
        after = np.minimum.accumulate(np.where(here, index, len(here))[::-1])[::-1]
        out[start::3] = after - before - 1
    return out


def _cut(task: Effects) -> np.ndarray:
    """Codons of the open frame that a new stop cuts, by strand and frame, (6, n); 0: none."""
    other = codes.reverse_complement(task.sequence), len(task.sequence) - 1 - task.at, 3 - task.alt
    out = []
    for sequence, at, alt in ((task.sequence, task.at, task.alt), other):
        words = np.lib.stride_tricks.sliding_window_view(sequence, 3)
        stop = _is_stop(words)
        size = _frames(stop)
        for place in range(3):
            first = at - place
            inside = (first >= 0) & (first < len(words))
            first = np.where(inside, first, 0)
            new = words[first]  # a copy
            new[:, place] = alt
            out.append(np.where(inside & _is_stop(new) & ~stop[first], size[first], 0))
    return np.array(out)


def open_frame(task: Effects) -> np.ndarray:
    """Score the longest open frame, of six, that a new stop codon cuts.

    An open frame is what lies between two stop codons of one frame and strand, or the end of the
    sequence. No frame is given: that of a gene is long.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray of int, (n,)
        Codons; 0 where the change makes no stop codon.
    """
    return _cut(task).max(axis=0)


def stop_words(task: Effects) -> np.ndarray:
    """Count the words TAA, TAG and TGA that a change makes, over both strands.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray of int, (n,)
        0 to 6.
    """
    return (_cut(task) > 0).sum(axis=0)


def position(task: Effects) -> np.ndarray:
    """Score how near a change lies to the middle of its stretch of tested changes.

    A stretch, such as an exon, element or gene, ends where no change is tested for ``GAP`` bases.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,)
        0 in the middle to -1 at both ends.
    """
    places, group = np.unique(task.at, return_inverse=True)
    stretch = np.append(0, np.cumsum(np.diff(places) > GAP))
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    low, high = places[first], places[np.append(first[1:], len(places)) - 1]
    off = np.abs(2 * places - (low + high)[stretch]) / np.maximum((high - low)[stretch], 1)
    return -off[group]


def composition(task: Effects) -> np.ndarray:
    """Score the share of G and C in the bases around a change.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,)
        0 to 1, of ``AROUND`` bases on each side, without the changed one.
    """
    strong = np.isin(task.sequence, (1, 2)).astype(float)
    before = np.append(0, np.cumsum(strong))
    low = np.maximum(task.at - AROUND, 0)
    high = np.minimum(task.at + AROUND + 1, len(strong))
    return (before[high] - before[low] - strong[task.at]) / (high - low - 1)


def codon_position(task: Effects) -> np.ndarray | None:
    """Score by the changed position of the codon: second, first, third.

    The order of how often a change there alters the amino acid.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray of int, (n,), or None
        2, 1 and 0; None where no codons are known.
    """
    if "codon_ref" not in task.beside:
        return None
    return np.array([1, 2, 0])[changed_position(task)]
