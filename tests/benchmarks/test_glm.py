"""Operations that scores of variants take, counted."""

import numpy as np
import pytest

from benchmarks import glm


def test_a_masked_transformer_shares_one_pass_among_three_alternatives():
    model = glm.cases("cpu")["BERT, masked, transformers"]()
    rng = np.random.default_rng(0)
    sequence = rng.integers(0, 4, 520).astype(np.uint8)
    position = np.repeat(np.arange(256, 260), 3)
    ref = sequence[position]
    every = position, ref, ((ref + np.tile([1, 2, 3], 4)) % 4).astype(np.uint8)
    ours, theirs = (glm.operations(way, model, sequence, every) for way in (glm.shared, glm.plain))
    assert theirs / ours == pytest.approx(3)
