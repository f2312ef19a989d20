"""Speed is measured by two ways that give the same scores, one row a case, device and threads."""

import pytest

from benchmarks import glm
from tests.glm.tiny import GENOME, LENGTH, model

CASES = [{"objective": "masked"}, {"objective": "causal"}, {"objective": "blind-spot"}]


@pytest.mark.parametrize("given", CASES)
def test_the_plain_loop_gives_the_same_scores(given):
    positions = range(60, 600, 45)
    ref = GENOME[positions]
    scores = [
        way(model(**given), GENOME, list(positions), ref, (ref + 1) % 4, length=LENGTH)
        for way in (glm.shared, glm.plain)
    ]
    assert abs(scores[0] - scores[1]).max() < 1e-5 * max(1, abs(scores[0]).max())
