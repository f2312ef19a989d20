"""Speed is measured by two ways that give the same scores, one row a case, device and threads."""

import pandas as pd
import pytest
import torch

from benchmarks import glm
from genebench.core import paths
from genebench.core.errors import BadInput
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


def test_speeds_are_saved_by_device_and_number_of_threads(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PERF", tmp_path)
    cases = {"a": model, "b": lambda: model(objective="causal")}
    monkeypatch.setattr(glm, "cases", lambda device: cases)
    monkeypatch.setattr(glm.os, "sched_getaffinity", lambda pid: {0, 1, 2})
    before, steps = torch.get_num_threads(), []
    for _ in range(2):  # measured again, the rows take the place of the old ones
        table = glm.measure(
            "cpu", stretch=8, loop=3, repeats=1, progress=lambda *step: steps.append(step)
        )
    assert torch.get_num_threads() == before and steps[-1] == ("cases", 4, 4)
    assert list(zip(table.case, table.threads)) == [("a", 1), ("b", 1), ("a", 3), ("b", 3)]
    assert (table.ours_per_s > 0).all() and (table.largest_difference < 1e-4).all()
    pd.testing.assert_frame_equal(glm.speeds(), table.round(4), check_dtype=False)
    with pytest.raises(BadInput, match="no device 'cuda:7'"):
        glm.measure("cuda:7")
