"""Pages of genomic language models: catalogue, looks, logos, motifs, fine-tuning in words."""

import numpy as np
import pandas as pd
import pytest

from genebench.book import genomic, genomic_transfer, glm
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.glm import genomes
from notebooks.studies.lib import zero_shot


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
