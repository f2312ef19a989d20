"""Alignments: words in common, and the threshold of identity."""

from __future__ import annotations

import numpy as np
from helpers import LETTERS, protein

from genebench.data import alignment, proteins


def pairs(sequences: list[str], chance: float = proteins.CHANCE) -> int:
    """Number of pairs that are worth aligning."""
    return len(alignment.resembling(*proteins.coded(sequences), proteins.ABOVE, chance)[1])


def test_low_complexity_and_unlike_lengths_are_not_aligned():
    rng = np.random.default_rng(4)
    a, b = ("".join(LETTERS[protein(rng, 200)]) for _ in range(2))
    low = "QQHQ" * 20
    for pair in ([low, low], [low + a, low + b], [a, a + b * 3], [a[:3], a[:3]]):
        assert pairs(pair) == 0
    assert pairs([a, a]) == 1


def test_unrelated_pairs_are_aligned_about_as_often_as_stated():
    rng = np.random.default_rng(5)
    sequences = ["".join(LETTERS[protein(rng, 400)]) for _ in range(400)]
    assert 0.002 < pairs(sequences, 0.01) / (400 * 399 / 2) < 0.02
