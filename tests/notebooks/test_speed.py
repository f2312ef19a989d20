"""Speed in words: what a sentence says is what the rows hold."""

import pandas as pd
import pytest

from genebench.core import paths
from notebooks.lib import speed, stored


@pytest.mark.parametrize("name", ["probe", "embed", "glm", "spectra"])
def test_every_measured_column_that_is_no_plain_word_is_headed_by_one(name):
    raw = pd.read_csv(paths.PERF / f"{name}.csv", nrows=1).columns
    assert [c for c in raw if "_" in c and c not in speed.words()] == []


def test_reliability_is_headed_by_words():
    for name in stored.RELIABILITY:
        assert [c for c in stored.reliability(name) if "_" in c and c not in speed.words()] == []
