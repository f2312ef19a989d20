"""Words, tables and figures of Part III say what its tables of results say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from genebench.benchmark import summaries
from genebench.book import glm, glm_figures, glm_simulated, glm_transfer
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
    words = glm_transfer.fine_tuned_words(frame)
    assert "low-rank adapters 0.72" in words or "low-rank adapters 0.73" in words


def test_a_raw_score_is_hollow_where_a_calibrated_one_exists(looks):
    rows = [("t", "glm-ecoli", 0.6), ("t", "glm-ecoli-calibrated", 0.7), ("t", "cpg", 0.5)]
    (ax,) = glm_figures.forest(scores(*rows), looks, label="x", chance=0.5).axes
    faces = [x.get_markerfacecolor() for x in ax.lines if len(x.get_xdata()) == 1]
    assert faces.count("white") == 1 and len(ax.get_yticklabels()) == 2


def test_figures_can_be_drawn_from_the_results(looks):
    variants = glm.scores_of("variants", "tb/", looks)
    assert set(variants.task.str[:3]) == {"tb/"}
    figures = [
        glm_figures.bits_by_order(glm.read("yeast", "held_out"), looks),
        glm_figures.saved_bits(glm.read("yeast", "gain")),
        glm_figures.codon_positions(glm.read("yeast", "codon"), looks),
        glm_simulated.constraint(glm.read("simulated", "scores"), looks),
        glm_simulated.odds(glm.read("simulated", "odds"), looks),
    ]
    assert [len(fig.axes) for fig in figures] == [2, 1, 2, 2, 1]
