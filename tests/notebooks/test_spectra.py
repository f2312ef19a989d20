"""Words, tables and figures of Part II say what its tables of results say."""

import numpy as np
import pandas as pd
import pytest

from genebench.core import paths, specs
from notebooks.lib import spectra, spectra_words


@pytest.fixture(scope="module")
def known():
    """Declared models and data sets."""
    return spectra.declared(specs.declared())


def read(name):
    """A table of results, read without the package."""
    return pd.read_csv(paths.RESULTS / "spectra" / name)


def test_the_words_name_the_model_that_falls_most(known):
    rows = read("findings.csv").query("task == 'rrm' and split == 'spectral' and coverage >= 0.5")
    rows = rows[np.array([not known.cheap(m) for m in rows.model]) & ~rows.uninformed]
    falling = rows[rows.falls].sort_values("fall", ascending=False)
    words = spectra_words.verdict("rrm", known)
    assert f"{len(falling)} of {len(rows)} models" in words and len(falling)
    assert f"*{known.title(falling.model.iloc[0])}*" in words
    assert spectra_words.verdict("rrm", known, "spectral-weighted") == ""


def test_curves_are_counted_and_the_first_draw_of_the_splits_is_shown():
    frame = {"overlap_first": [1.0] * 3, "overlap_last": [0.5, 0.5, 0.9], "falls": [True, False, 1]}
    frame |= {"gap_low": [0.1, -0.1, 0.1], "share_size": [0.6, 0.1, 0.9], "rank": [1, np.nan, 1]}
    counts = spectra.counts(pd.DataFrame(frame).assign(task="a"))
    assert counts["spanning"] == 2 and counts["falling"] == counts["gap"] == 1
    assert (counts["size_half"], counts["ranked"], counts["rank_positive"]) == (1, 1, 1)
    rows = spectra.overlaps("rrm")
    assert (rows["repeat"] == 0).all() and not rows.duplicated(["split", "parameter"]).any()


def test_every_data_set_with_a_curve_is_on_a_page():
    pages = [p.parameters["datasets"] for p in specs.pages() if p.notebook == "fig_spectra"]
    assert {d for text in pages for d in text.split(",")} >= set(read("points.csv").task)
