"""Speed, cost and reliability in words: what a sentence says is what the rows hold."""

from __future__ import annotations

import pandas as pd
import pytest

from genebench.benchmark import results
from genebench.book import speed
from genebench.core import paths


def test_many_tasks_and_one_alone_are_compared():
    rows = [
        ("block of 1", 1, 384, "peer", 2.0),
        ("block of 300", 300, 384, "peer", 30.0),
        ("block of 300", 300, 384, "best", 17.0),
        ("a", 1, 384, "best", 0.9),
    ]
    words = speed.probe_words(
        pd.DataFrame(rows, columns=["case", "n_tasks", "d", "against", "ratio"])
    )
    assert "300 tasks together are, beside the peer, 30.0 (384 dimensions)" in words
    assert words.endswith("beside tuned scikit-learn, 17.0 (384 dimensions).")
    assert words.startswith("**How many times as fast:** one task alone is 0.9 to 2.0 times")


def test_words_say_what_the_rows_hold():
    rates = pd.DataFrame({"case": ["a", "b"], "ratio": [2.0, 8.1], "threads": [1, 1]})
    assert speed.rate_words(rates) == "**Times as fast as the plain loop: b 8.1; a 2.**"
    words = speed.rate_words(pd.concat([rates, rates.assign(threads=4, ratio=[3.0, 9.0])])).split(
        "\n\n"
    )
    assert "with 1 thread: b 8.1; a 2." in words[0] and "with 4 threads: b 9; a 3." in words[1]
    both = pd.concat([rates.assign(device="cpu"), rates.assign(device="cuda", ratio=[30.0, 20.0])])
    assert "with cuda: a 30; b 20." in speed.rate_words(both)
    faults = pd.DataFrame(
        {"fault": ["x", "y"], "tries": [1, 12], "lost_cells": [0, 1], "identical": [True, False]}
    )
    fuzz = pd.DataFrame({"inputs": [1500], "read": [100], "refused": [1399], "other": [1]})
    words = speed.reliability_words(faults, fuzz)
    assert "2 kinds of fault, 13 tries: after 1 of them" in words and "1 ended otherwise" in words
    assert speed.reliability_words(pd.DataFrame({"not measured yet": [""]}), fuzz) == ""


def test_a_dry_run_is_shown_in_units_that_can_be_read():
    frame = {"quantity": ["bytes"], "foretold": [34e6], "measured": [35e6], "ratio": [0.97]}
    row = speed.dry_run_beside(pd.DataFrame(frame)).iloc[0]
    assert row.quantity == "stored, MB"
    assert (row.predicted, row.measured) == (pytest.approx(34), pytest.approx(35))
    stored = speed.cluster_beside(pd.DataFrame({"bytes": [34e6]}))["stored, MB"]
    assert stored.tolist() == [pytest.approx(34)]


@pytest.mark.parametrize("name", ["probe", "embed", "glm", "spectra"])
def test_every_measured_column_that_is_no_plain_word_is_headed_by_one(name):
    raw = pd.read_csv(paths.PERF / f"{name}.csv", nrows=1).columns
    assert [c for c in raw if "_" in c and c not in speed.WORDS] == []


def test_reliability_is_headed_by_words():
    for name in results.RELIABILITY:
        assert [c for c in results.reliability(name) if "_" in c and c not in speed.WORDS] == []
