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


def read(name: str) -> pd.DataFrame:
    """A table of results, read without the package."""
    return pd.read_csv(paths.RESULTS / "spectra" / name)


def test_areas_stand_beside_those_of_the_size_matched_control(known):
    table, raw = spectra.area_table(known, ["davis", "kiba"]), read("auspc.csv")
    assert set(table["data set"]) == {known.heading("davis"), known.heading("kiba")}
    part = table[table["data set"] == known.heading("davis")].set_index("model")
    columns = {
        ("spectral", "lambda"): "AUSPC over λ",
        ("spectral-size", "lambda"): "size-matched",
        ("spectral", "overlap"): "AUSPC over overlap",
        ("spectral", "target"): "AU-GOOD",
    }
    for (split, over), column in columns.items():
        rows = raw[(raw.task == "davis") & (raw.split == split) & (raw.over == over)]
        assert len(rows) and all(
            part[column][known.title(r.model)] == r.auspc for _, r in rows.iterrows()
        )


def test_the_words_name_the_model_that_falls_most(known):
    rows = read("findings.csv").query("task == 'rrm' and split == 'spectral' and coverage >= 0.5")
    rows = rows[np.array([not known.cheap(m) for m in rows.model]) & ~rows.uninformed]
    falling = rows[rows.falls].sort_values("fall", ascending=False)
    words = spectra_words.verdict("rrm", known)
    assert f"{len(falling)} of {len(rows)} models" in words and len(falling)
    assert f"*{known.title(falling.model.iloc[0])}*" in words
    assert "is arithmetic and not counted: *Pairwise*, *Perceptron*, *Ridge on mutations*" in words
    assert spectra_words.verdict("rrm", known, "spectral-weighted") == ""


def test_every_data_set_with_a_curve_is_on_a_page():
    pages = [p.parameters["datasets"] for p in specs.pages() if p.notebook == "fig_spectra"]
    assert {d for text in pages for d in text.split(",")} >= set(read("points.csv").task)
