"""The comparison with the published package."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import spectra, spectrae


def test_digest_depends_on_sides_and_samples_but_not_on_their_order():
    made = {
        (0.5, 0): ([3, 1], [2]),
        (0.5, 1): (np.array([1, 3]), np.array([2])),
        (0.5, 2): ([2], [1, 3]),
        (0.5, 3): ([1, 3], [4]),
        (0.5, 4): None,
    }
    found = list(spectra.digests(made).values())
    assert found[0] == found[1] and len(set(found)) == 4 and found[4] == "none"


def test_nearness_is_the_same_in_both_forms():
    barcodes = [frozenset({f"A{i}C", f"D{j}E"}) for i in range(1, 8) for j in range(1, 30, 4)]
    places = spectra.positions(barcodes)
    graph = spectra.weighted_graph(places)
    truth = [spectra.near(places[i], places[j]) for i, j in zip(*graph.edges()[:2])]
    assert graph.m == len(places) * (len(places) - 1) // 2
    assert (graph.edges()[2] == np.array(truth, np.float32)).all()


@pytest.mark.skipif(
    not spectrae.installed(), reason="spectrae is not installed (extra 'spectra-test')"
)
@pytest.mark.parametrize("continuous", [False, True])
def test_both_sides_measure_the_same_splits(continuous):
    rng = np.random.default_rng(0)
    numbers = rng.integers(1, 90, (80, 2)).tolist()
    barcodes = [frozenset({f"A{a}C", f"A{b}C"}) for a, b in numbers]
    mine, other = (
        f(barcodes, (0.2, 0.7), (0, 1), continuous=continuous)
        for f in (spectra.ours, spectra.theirs)
    )
    assert mine["splits"] == other["splits"] and len(set(mine["splits"].values())) == 4
    assert mine["edges"] == other["edges"] > 0
    assert 0 < mine["graph_s"] < other["graph_s"] and 0 < mine["splits_s"] < other["splits_s"]
    assert mine["process_mb"] > 50


def test_headline_and_growth_are_read_from_the_measurements():
    frame = spectra.speeds()
    assert list(frame.columns) == spectra.COLUMNS
    quoted = spectra.headline(frame).set_index("what")
    ratios = frame[(frame["mode"] == spectra.BINARY) & (frame.stage == "splits")].ratio
    row = quoted.loc["processor time of the package over ours, splits"]
    assert row.tolist() == [ratios.min(), ratios.max()]
    first = {"dataset": "rrm", "n": 500, "stage": "splits"}
    one = frame[(frame[list(first)] == first.values()).all(axis=1)].iloc[0]
    drawn = spectra.growth(frame).set_index(["case", "n", "stage", "who"]).seconds
    assert drawn["RRM", 500, "one split", "genebench"] == pytest.approx(one.ours_s / one.splits)
