"""The comparison with the published package."""

import numpy as np
import pytest

from benchmarks import spectra, spectrae


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
