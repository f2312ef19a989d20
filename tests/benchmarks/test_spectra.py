"""The comparison with the published package: what is compared, and what is read from the kept rows."""

from __future__ import annotations

import numpy as np
import pytest
from test_spectra_graphs import scan

from benchmarks import spectra, spectrae


def test_a_digest_tells_sides_and_samples_apart_but_not_their_order():
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
    for a, b in zip(places[:-1].tolist(), places[1:].tolist()):
        apart = min(abs(p - q) for p in a for q in b)
        assert spectra.near(a, b) == 1 / (1 + apart)


@pytest.mark.skipif(
    not spectrae.installed(), reason="spectrae is not installed (extra 'spectra-test')"
)
@pytest.mark.parametrize("continuous", [False, True])
def test_both_sides_measure_the_same_splits(continuous):
    barcodes = [b or frozenset({"1A"}) for b in scan(80, sites=90)]
    barcodes = [frozenset(f"A{m}" for m in b) for b in barcodes]
    mine, other = (
        f(barcodes, (0.2, 0.7), (0, 1), continuous=continuous)
        for f in (spectra.ours, spectra.theirs)
    )
    assert mine["splits"] == other["splits"] and len(set(mine["splits"].values())) == 4
    assert mine["edges"] == other["edges"] > 0
    assert 0 < mine["graph_s"] < other["graph_s"] and 0 < mine["splits_s"] < other["splits_s"]
    assert mine["process_mb"] > 50


def test_what_is_quoted_is_read_from_the_kept_rows():
    frame = spectra.speeds()
    assert list(frame.columns) == spectra.COLUMNS
    quoted = spectra.headline(frame).set_index("what")
    ratios = frame[(frame["mode"] == spectra.BINARY) & (frame.stage == "splits")].ratio.dropna()
    assert quoted.loc["processor time of the package over ours, splits"].tolist() == [
        ratios.min(),
        ratios.max(),
    ]
    drawn = spectra.growth(frame)
    one = frame[(frame.dataset == "rrm") & (frame.n == 500) & (frame.stage == "splits")].iloc[0]
    row = drawn[
        (drawn.case == "RRM")
        & (drawn.n == 500)
        & (drawn.stage == "one split")
        & (drawn.who == "genebench")
    ]
    assert row.seconds.iloc[0] == pytest.approx(one.ours_s / one.splits)
