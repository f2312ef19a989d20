<<<<<<< HEAD
"""Words, tables and figures of Part III say what its tables of results say."""

from __future__ import annotations
=======
"""Pages of genomic language models: catalogue, looks, logos, motifs, fine-tuning in words."""
>>>>>>> main

import numpy as np
import pandas as pd
import pytest

<<<<<<< HEAD
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
    with pytest.raises(BadInput, match="glm_simulated' for the study 'simulated'"):
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
=======
from genebench.book import genomic, genomic_transfer, glm
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.glm import genomes, zero_shot


def test_the_catalogue_is_whole_and_its_questions_lead_somewhere():
    frame = glm.catalogue()
    assert len(frame) >= 25 and frame.title.is_unique
    assert frame.date.str.fullmatch(r"20\d\d-\d\d").all()
    addresses = r"https://(arxiv\.org/abs/\d{4}\.\d{5}|doi\.org/10\.\S+/\S+)"
    assert frame.paper.str.fullmatch(addresses).all()
    assert (frame[["data", "task", "architecture", "tokens"]] != "").all(axis=None)
    questions = specs.read_yaml(paths.DATA / "glm_catalogue.yml")["questions"]
    known, lines = {p.page for p in specs.pages()}, glm.questions().splitlines()
    assert len(lines) == len(questions)
    for question, line in zip(questions, lines):
        assert ("still to be made" in line) == (question["page"] not in known)
        assert (f"]({question['page']})" in line) == (question["page"] in known)


def test_every_scorer_and_every_network_has_a_look():
    known = set(glm.declared()["models"])
    assert {*zero_shot.BASELINES, "markov-chain", "markov-around", "trinucleotide"} <= known
    assert {g.recipe["name"] for g in genomes.declared().values()} <= known


def test_the_stretch_before_the_start_codon_is_named_as_in_each_genome():
    titles = {}
    for genome in ("ecoli", "yeast"):
        agreement = glm.read(genome, "logo_agreement")
        fig = glm.logos(glm.read(genome, "logo"), agreement, genome=genome)
        titles[genome] = " ".join(ax.get_title() for ax in fig.axes)
        assert f"r = {agreement.r[0]:.2f}".replace("-", "−") in titles[genome]
    assert "Shine–Dalgarno (−15 to −4)" in titles["ecoli"] and "Shine" not in titles["yeast"]
    assert "upstream of the start codon (−15 to −4)" in titles["yeast"]
    with pytest.raises(BadInput, match="unknown genome 'yeats'; did you mean 'yeast'"):
        glm.starts("yeats")


def test_motifs_are_drawn_and_counted():
    table, letters = (glm.read("yeast", name) for name in ("motifs", "motif_letters"))
    of_network = [frame[frame.model == "glm-yeast"] for frame in (table, letters)]
    fig = genomic.found_motifs(*of_network)
    assert len(fig.axes) == 2 * len(of_network[0])
    values = genomic.motif_values(table.assign(model="m"))
    assert values == {"m_found": len(table), "m_known": int((table.r > table.chance).sum())}


def test_gains_of_fine_tuning_are_counted_over_sets_with_classes():
    scores = {"glm-x": [0.7, 0.5], "fine-tuned": [0.8, 0.6], "lora": [0.6, 0.5]}
    frame = pd.DataFrame(scores, index=["a", "b"]).rename_axis("task").reset_index()
    frame = frame.melt("task", var_name="model", value_name="score")
    frame = frame.assign(split="spectral", metric="auroc", low=frame.score - 0.01)
    wide = (frame.model == "glm-x") & (frame.task == "b")
    frame["high"] = frame.score + np.where(wide, 0.2, 0.01)
    loose, other = (
        frame.assign(split="random", score=0.99),
        frame.assign(task="c", metric="spearman"),
    )
    words = genomic_transfer.tuned_words(pd.concat([frame, loose, other]))
    above = "score above the frozen network in"
    assert "over 2 sets with classes" in words
    assert "frozen with a linear probe 0.60; all weights fine-tuned 0.70" in words
    assert f"all weights fine-tuned {above} 2 (1 with intervals apart)" in words
    assert f"low-rank adapters {above} 0 (0 with intervals apart)" in words
>>>>>>> main
