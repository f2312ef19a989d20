"""Speed in words: what a sentence says is what the rows hold."""

import pandas as pd
import pytest

from genebench.core import paths
from notebooks.lib import speed, stored


def test_words_say_what_the_rows_hold():
    rates = pd.DataFrame({"case": ["a", "b"], "ratio": [2.0, 8.1], "threads": [1, 1]})
    assert speed.rate_words(rates) == "**Times as fast as the plain loop: b 8.1; a 2.**"
    threads = pd.concat([rates, rates.assign(threads=4, ratio=[3.0, 9.0])])
    first, second = speed.rate_words(threads).split("\n\n")
    assert "with 1 thread: b 8.1; a 2." in first and "with 4 threads: b 9; a 3." in second
    both = pd.concat([rates.assign(device="cpu"), rates.assign(device="cuda", ratio=[30.0, 20.0])])
    assert "with cuda: a 30; b 20." in speed.rate_words(both)
    assert speed.rate_words(rates[:0]) == ""


@pytest.mark.parametrize("name", ["probe", "embed", "glm", "spectra"])
def test_every_measured_column_that_is_no_plain_word_is_headed_by_one(name):
    raw = pd.read_csv(paths.PERF / f"{name}.csv", nrows=1).columns
    assert [c for c in raw if "_" in c and c not in speed.words()] == []


def test_reliability_is_headed_by_words():
    for name in stored.RELIABILITY:
        assert [c for c in stored.reliability(name) if "_" in c and c not in speed.words()] == []
