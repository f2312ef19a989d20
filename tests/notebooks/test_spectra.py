"""Words, tables and figures of Parts II and III say what their tables of results say."""

import numpy as np
import pandas as pd
import pytest
from helpers import refused

from genebench.core import paths, specs
from notebooks.lib import glm, spectra, spectra_words


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
    rows = [(0.5, True, 0.1, 0.6, 1), (0.5, False, -0.1, 0.1, np.nan), (0.9, 1, 0.1, 0.9, 1)]
    frame = pd.DataFrame(rows, columns="overlap_last falls gap_low share_size rank".split())
    counts = spectra.counts(frame.assign(overlap_first=1.0, task="a"))
    names = "spanning falling gap size_half ranked rank_positive".split()
    assert [counts[name] for name in names] == [2, 1, 1, 1, 1, 1]
    rows = spectra.overlaps("rrm")
    assert (rows["repeat"] == 0).all() and not rows.duplicated(["split", "parameter"]).any()


def test_every_data_set_with_a_curve_is_on_a_page():
    pages = [p.parameters["datasets"] for p in specs.pages() if p.notebook == "fig_spectra"]
    assert {d for text in pages for d in text.split(",")} >= set(read("points.csv").task)


def test_the_best_other_score_is_no_network_and_uses_the_sequence_alone():
    looks, score = glm.looks(), np.array([0.9, 0.95, 0.6, 0.7])
    names = "glm-ecoli codon-position markov-chain open-frame".split()
    frame = pd.DataFrame(
        {"model": names, "score": score, "low": score - 0.05, "high": score + 0.05}
    )
    of = {"task": "t/a", "title": "t/a", "split": "zero-shot", "metric": "auroc"}
    out = glm.quotable(frame.assign(**of, n_train=0, n_test=9), looks)
    assert out["t_a_glm_ecoli"] == "0.90 (0.85 to 0.95)"
    assert out["t_a_other"] == f"{looks.title('open-frame')}, 0.70 (0.65 to 0.75)"


def test_a_table_that_does_not_exist_says_what_to_run():
    with refused("genebench notebooks --study simulated"):
        glm.read("simulated", "nothing")
