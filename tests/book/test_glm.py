"""Words, tables and figures of Part III say what its tables of results say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from genebench.benchmark import summaries
from genebench.book import glm, glm_figures
from genebench.core.errors import BadInput


@pytest.fixture(scope="module")
def looks():
    """Titles and colours of models."""
    return glm.looks()


def scores(*rows: tuple) -> pd.DataFrame:
    """Scores of one split with half a tenth around them."""
    frame = pd.DataFrame(rows, columns=["task", "model", "score"])
    frame = frame.assign(split="zero-shot", low=frame.score - 0.05, high=frame.score + 0.05)
    return frame.assign(title=frame.task, metric="auroc", n_train=0, n_test=9)


def test_models_stand_networks_first_and_a_calibrated_one_after_its_own(looks):
    names = ["markov-chain", "glm-ecoli-calibrated", "glm-ecoli"]
    assert looks.ordered(names) == ["glm-ecoli", "glm-ecoli-calibrated", "markov-chain"]
    assert looks.title("glm-ecoli-calibrated") == f"{looks.title('glm-ecoli')}, calibrated"
    styled = looks.styled(pd.DataFrame({"model": names}))
    assert styled.model.tolist() == looks.ordered(names) and styled.ink.str.startswith("#").all()


def test_the_best_other_score_is_no_network_and_uses_the_sequence_alone(looks):
    rows = [("t/a", "glm-ecoli", 0.9), ("t/a", "phylop", 0.95), ("t/a", "markov-chain", 0.6)]
    out = glm.quotable(scores(*rows, ("t/a", "transversion", 0.7)), looks)
    assert out["t_a_glm_ecoli"] == "0.90 (0.85 to 0.95)"
    assert out["t_a_other"] == f"{looks.title('transversion')}, 0.70 (0.65 to 0.75)"


def test_a_table_that_does_not_exist_says_what_to_run(looks):
    with pytest.raises(BadInput, match="genebench notebooks --study simulated"):
        glm.read("simulated", "nothing")
    with pytest.raises(BadInput, match="no scores of the tasks 'nowhere/'"):
        glm.scores_of("variants", "nowhere/", looks)


def test_repeats_of_a_locus_count_once():
    values = {"mpra/f9-a": 0.1, "mpra/f9-b": 0.3, "mpra/ldlr": 0.6, "mpra/tert-x": 0.4}
    frame = scores(*((task, "m", value) for task, value in values.items()))
    row = summaries.over_loci(frame).iloc[0]
    loci = np.array([0.2, 0.6, 0.4])
    assert (row.loci, row.score) == (3, pytest.approx(loci.mean()))
    half = 1.96 * loci.std(ddof=1) / np.sqrt(3)
    assert (row.low, row.high) == pytest.approx((loci.mean() - half, loci.mean() + half))


def test_fine_tuning_is_compared_on_the_tasks_that_all_have():
    rows = [("a", "glm-x", 0.6), ("a", "lora", 0.8), ("b", "glm-y", 0.7), ("b", "lora", 0.65)]
    frame = scores(*rows, ("c", "lora", 0.1)).assign(split="spectral")
    table = summaries.fine_tuning(frame)
    assert table.tasks.tolist() == [2, 2] and table.score["lora"] == pytest.approx(0.725)
    assert (table.above["lora"], table.clear["lora"]) == (1, 1)


def test_a_raw_score_is_hollow_where_a_calibrated_one_exists(looks):
    rows = [("t", "glm-ecoli", 0.6), ("t", "glm-ecoli-calibrated", 0.7), ("t", "cpg", 0.5)]
    (ax,) = glm_figures.forest(scores(*rows), looks, label="x", chance=0.5).axes
    faces = [x.get_markerfacecolor() for x in ax.lines if len(x.get_xdata()) == 1]
    assert faces.count("white") == 1 and len(ax.get_yticklabels()) == 2


def test_a_score_on_a_random_split_is_hollow_beside_the_spectral_one(looks):
    frame = scores(("t", "glm-ecoli", 0.6), ("t", "cpg", 0.5))
    both = pd.concat([frame.assign(split="spectral"), frame.assign(split="matched")])
    (ax,) = glm_figures.split_scores(both, looks).axes
    faces = [x.get_markerfacecolor() for x in ax.lines if len(x.get_xdata()) == 1]
    assert faces.count("white") == 2 and ax.get_title().startswith("t AUROC, chance")


def test_logos_and_maps_have_a_panel_each():
    letters = pd.DataFrame({"position": [0, 1], "A": 1.0, "C": 0.5, "G": 0.0, "T": 0.0})
    parts = [letters.assign(row=r, column=c, name=r, title=c) for r in "xy" for c in "ab"]
    fig = glm_figures.logos(pd.concat(parts), {"a": "left", "b": ""}, height=1, label="bits")
    assert [ax.get_title() for ax in fig.axes] == ["left\na", "b", "a", "b"]
    frame = pd.DataFrame({"i": [0, 0, 1, 1], "j": [0, 1, 0, 1], "moved": [0, 1, 1, 0]})
    frame = frame.assign(planted=frame.moved > 0)
    both = pd.concat([frame.assign(panel=p) for p in "ab"])
    axes = glm_figures.dependency_maps(both, label="x").axes
    assert [len(ax.lines[0].get_xdata()) for ax in axes[:2]] == [2, 2]
