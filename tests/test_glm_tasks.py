"""What the studies on real genomes score and keep: drawn genes and windows, splits, choices of layers, tables."""

from __future__ import annotations

import dataclasses
import importlib.util

import numpy as np
import pandas as pd
import pytest

from genebench.benchmark import results
from genebench.book import glm_transfer as pages
from genebench.core import paths
from genebench.data import sources
from genebench.glm import codes, design, effects, markov, transfer, windows, zero_shot
from notebooks.studies import glm_genomes, glm_transfer
from tests.test_glm_core import model
from tests.test_glm_real import labelled, task, toy  # noqa: F401

rng = np.random.default_rng(11)


def drawn(n: int) -> np.ndarray:
    """Random bases."""
    return rng.integers(0, 4, n).astype(np.uint8)


def test_changes_are_of_as_many_genes_as_asked_for(toy, monkeypatch):  # noqa: F811
    monkeypatch.setattr(effects.genomes, "load", lambda name: toy)
    for genes in (1, 2):
        made = effects.consequences("toy", genes=genes)
        assert [t.name for t in made] == [
            "toy/nonsense-vs-synonymous",
            "toy/nonsense-vs-missense",
            "toy/missense-vs-synonymous",
        ]
        assert all(len(set(t.cluster)) == genes for t in made)
    few = effects.consequences("toy", most=7)[2]
    assert (np.bincount(few.label) == 7).all()


def test_sequences_that_share_a_word_with_others_are_told_and_no_word_runs_over_two():
    held = [drawn(40) for _ in range(6)]
    avoid = [drawn(50), drawn(50)]
    held[1][5:21] = avoid[0][20:36]  # a whole word
    held[3][10:26] = codes.reverse_complement(avoid[1][:16])  # on the other strand
    held[4][-8:], held[5][:8] = avoid[1][30:38], avoid[1][38:46]  # half in each of two neighbours
    held.append(drawn(9))  # shorter than a word
    assert glm_genomes.unlike(held, avoid).tolist() == [True, False, True, False, True, True, True]
    whole = glm_genomes.joined(held)
    assert len(whole) == sum(len(s) + 1 for s in held) and (whole == codes.N).sum() == len(held)


def test_fewer_windows_keep_a_quarter_for_the_published_test_at_most():
    test = np.arange(1000) % 2 == 0
    for most, tested in ((200, 50), (5000, 500)):
        rows = windows.fewer(test, most)
        assert len(rows) == len(set(rows)) == min(most, 1000) and (np.diff(rows) > 0).all()
        assert test[rows].sum() == tested
    few = np.arange(1000) < 10
    assert few[windows.fewer(few, 200)].sum() == 10 and len(windows.fewer(few, 200)) == 200


def test_a_matched_split_is_as_large_as_the_spectral_one_and_drawn_from_all():
    made = labelled(60)
    sizes = {
        s: [len(side) for side in windows.sides(made, s, seed=1)] for s in ("matched", "spectral")
    }
    assert sizes["matched"] == sizes["spectral"] and sum(sizes["matched"]) < 60
    train, test = windows.sides(made, "matched", seed=1)
    assert not set(train) & set(test)
    assert list(train) != list(windows.sides(made, "matched", seed=2)[0])


def test_promoters_are_cut_out_of_the_reporter_and_repeats_averaged(monkeypatch):
    inner = [codes.decode(drawn(80)) for _ in range(2)]
    rows = [
        ("native", "SC-Ura", "T" * 17 + inner[0] + "G" * 13, "1.0", "30"),
        ("native", "SC-Ura", "T" * 17 + inner[0] + "G" * 13, "3.0", "30"),
        ("random", "SC-Ura", "T" * 17 + inner[1] + "G" * 13, "5.0", "30"),
        ("native", "YPD", "T" * 17 + inner[1] + "G" * 13, "7.0", "30"),  # another medium
        ("native", "SC-Ura", "T" * 17 + inner[1] + "G" * 13, "7.0", "2"),  # too few reads
        ("native", "SC-Ura", "T" * 17 + inner[1][:-1], "7.0", "30"),  # too short
    ]
    table = pd.DataFrame(rows, columns=["set", "condition", "sequence", "expression", "n_reads"])
    monkeypatch.setattr(sources, "table", lambda source, file: table)
    made = windows.promoters(fewest_reads=10)
    assert made.to_dict("list") == {
        "set": ["native", "random"],
        "sequence": inner,
        "expression": [2.0, 5.0],
    }
    held = windows.expression(fewest_reads=10)
    assert held.codes.shape == (1, 80) and held.label.tolist() == [2.0]


def test_some_layers_are_those_of_all():
    m, held = model(), rng.integers(0, 4, (5, 30)).astype(np.uint8)
    every, some = (
        transfer.embeddings(m, held),
        transfer.embeddings(m, held, layers=[0, m.layers - 1]),
    )
    assert {layer for layer, _ in some} == {0, m.layers - 1} and len(every) == 3 * m.layers
    for key, found in some.items():
        np.testing.assert_array_equal(found, every[key])


def test_the_layer_is_chosen_on_the_rows_trained_on_alone():
    made = labelled(120)
    train, test = np.arange(80), np.arange(80, 120)
    good = made.label[:, None] + rng.normal(0, 0.4, (120, 3))
    misleading = good.copy()
    misleading[train] = rng.normal(
        0, 1, (80, 3)
    )  # knows the tested labels, and nothing of the others
    picked = transfer.Picked(made, {(0, "mean"): misleading, (3, "max"): good})
    np.testing.assert_array_equal(picked(train), good)
    told = picked.table().set_index("layer")
    assert told.chosen.tolist() == [0, 1] and told.score[3] > 0.9 > told.score[0]
    np.testing.assert_array_equal(picked.usual(), good)
    other = dataclasses.replace(
        made, label=np.where(np.arange(120) < 80, made.label, 1 - made.label)
    )
    assert transfer.Picked(other, picked.every)(train) is good and set(test).isdisjoint(train)


def test_rows_of_a_transfer_are_whole_and_a_planted_word_is_found():
    made = labelled(160)
    held = {
        "3-mers": transfer.kmers(made.codes, 3),
        "picked": transfer.Picked(made, {(0, "mean"): made.label[:, None]}),
    }
    networks = {"one-hot-cnn": glm_transfer.fitted(transfer.cnn(8), made, rate=5e-3, epochs=4)}
    families = {"3-mers": "counts", "picked": "control", "one-hot-cnn": "labels alone"}
    seen = []
    frame = transfer.evaluate(
        made,
        held,
        networks,
        families,
        splits=("random", "matched"),
        seeds=(0, 1),
        progress=lambda *told: seen.append(told),
    )
    main = frame[frame.metric == "auroc"]
    assert results.validate(frame[results.SCHEMA.names], "frame") == []
    assert len(main) == 3 * 2 * 2 and seen[-1][1:] == (12, 12)
    assert (main[main.model == "picked"].score > 1 - 1e-9).all()
    assert (main[main.split == "random"].n_test == 32).all()


def test_fine_tuning_is_kept_with_its_control_and_what_moved(tmp_path, monkeypatch):
    made = dataclasses.replace(labelled(120), name="toy/word")
    monkeypatch.setattr(paths, "GLM_RESULTS", tmp_path)
    monkeypatch.setattr(glm_transfer.windows, "load", lambda name: made)
    monkeypatch.setattr(glm_transfer, "OWN", {made.species: "toy"})
    monkeypatch.setattr(glm_transfer, "network", lambda name: model())
    monkeypatch.setattr(glm_transfer, "EPOCHS", 1)
    said = []
    glm_transfer.tuning_study(["toy"], say=said.append)
    ways = {"fine-tuned", "fine-tuned-untrained"} | (
        {"lora"} if importlib.util.find_spec("peft") else set()
    )
    scores = results.read(tmp_path / "tuning" / "scores.parquet")
    assert set(scores.model) == ways and set(scores.split) == {"random", "spectral"}
    assert set(scores[scores.model == "fine-tuned-untrained"].family) == {"control"}
    moved = pd.read_csv(tmp_path / "tuning" / "sets.csv").set_index("model").weights_that_move
    assert moved["fine-tuned"] == 1 and ("lora" not in ways or 0 < moved["lora"] < 0.5)
    assert len(said) == ("lora" not in ways)
    monkeypatch.setattr(glm_transfer, "network", lambda name: None)
    assert (
        glm_transfer.tuning_study(["toy"], say=said.append) == []
        and "no trained network" in said[-1]
    )


def test_what_fine_tuning_adds_is_told_over_the_sets_with_classes():
    rows = [
        ("a", "glm-x", 0.7),
        ("a", "fine-tuned", 0.8),
        ("a", "lora", 0.6),
        ("b", "glm-x", 0.5),
        ("b", "fine-tuned", 0.6),
        ("b", "lora", 0.5),
    ]
    held = pd.DataFrame(rows, columns=["task", "model", "score"]).assign(
        split="spectral", metric="auroc"
    )
    held = held.assign(low=held.score - 0.01, high=held.score + [0.01, 0.01, 0.01, 0.2, 0.01, 0.01])
    loose = held.assign(split="random", score=0.99)
    told = pages.fine_tuned_words(
        pd.concat([held, loose, held.assign(task="c", metric="spearman", score=0.1)])
    )
    assert (
        "over 2 sets with classes" in told
        and "frozen with a linear probe 0.60; all weights fine-tuned 0.70" in told
    )
    assert (
        "all weights fine-tuned score above the frozen network in 2 (1 with intervals apart)"
        in told
    )
    assert "low-rank adapters score above the frozen network in 0 (0 with intervals apart)" in told


def test_rows_of_a_set_that_is_scored_anew_replace_the_old_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "GLM_RESULTS", tmp_path)
    one = task()
    other = dataclasses.replace(one, name="t/y")

    def scored(made: effects.Effects, value: float) -> pd.DataFrame:
        found = {"random": zero_shot.chance(made), "cpg": made.label * value}
        return zero_shot.rows(made, found, {"random": "control", "cpg": "shortcut"}, key="k")

    glm_genomes.kept(pd.concat([scored(one, 1), scored(other, 1)], ignore_index=True), "variants")
    path, beside = glm_genomes.kept(scored(other, -1), "variants")
    held = results.read(path)
    held = held[(held.metric == "auroc") & (held.model == "cpg")].set_index("task").score
    assert held.to_dict() == {"t/x": 1.0, "t/y": 0.0}
    table = pd.read_csv(beside)
    assert len(table) == len(results.read(path)) and {"n_train", "n_test"} <= set(table)
    assert table[(table.metric == "auroc") & (table.model == "cpg")].score.tolist() == [1.0, 0.0]


def test_the_order_of_a_k_mer_model_is_chosen_on_what_was_not_counted(monkeypatch, toy):  # noqa: F811
    toy.part[:], toy.part[900:] = 0, 1
    monkeypatch.setattr(glm_genomes.genomes, "load", lambda name: toy)
    made, told = glm_genomes._counted([task()])
    assert (
        [m.name for m in made]
        == list(told.model)
        == ["markov-chain", "markov-around", "trinucleotide"]
    )
    for row, kind in zip(told.itertuples(), ("chain", "around")):
        every = markov.fit(
            [toy.codes[:900]], [toy.codes[900:]], orders=glm_genomes.SCORING[kind], kind=kind
        )
        p = {
            k: m.conditionals(toy.codes[None, 900:])[0][np.arange(100), toy.codes[900:]]
            for k, m in every.items()
        }
        bits = {k: -v.mean() / np.log(2) for k, v in p.items()}
        assert row.order == min(bits, key=bits.get) and row.bits == pytest.approx(
            bits[row.order], abs=1e-5
        )
    assert {glm_genomes.family(m.name) for m in made} == {"counts"}


@pytest.mark.parametrize("name", ["promoter-tata", "yeast-expression"])
def test_a_set_of_windows_is_small_enough_and_splits(name):
    source = {"promoter-tata": "gue", "yeast-expression": "yeast_mpra"}[name]
    if sources.status(glm_genomes.specs.source(source))[0] != "ready":
        pytest.skip(f"the windows of {source} are not here; run 'genebench fetch {source}'")
    made = windows.load(name)
    assert 300 < len(made) <= windows.MOST and made.test.sum() <= windows.MOST // 4
    train, test = windows.sides(made, "spectral", seed=0)
    assert len(train) > 50 and len(test) > 20


def test_families_are_windows_that_share_long_words_and_stay_in_one_part():
    held = rng.integers(0, 4, (40, 60)).astype(np.uint8)
    held[1, :20] = held[0, 30:50]
    held[2, 40:] = codes.reverse_complement(
        held[1, 30:50]
    )  # with the first by the second, on the other strand
    family = windows.families(held)
    assert len(set(family[:3])) == 1 and len(set(family)) == 38
    many = np.repeat(np.arange(100), rng.integers(1, 6, 100))
    part = glm_transfer.parts(many, (0.6, 0.2, 0.2))
    assert all(len(set(part[many == f])) == 1 for f in range(100))
    np.testing.assert_allclose(np.bincount(part) / len(part), (0.6, 0.2, 0.2), atol=0.04)


def test_a_probe_does_not_tell_sets_apart_by_families_of_copies():
    seeds = rng.integers(0, 4, (120, 60)).astype(np.uint8)
    held = np.repeat(seeds, 4, axis=0)
    a, b = held[:240], held[240:]  # sixty families each, drawn alike
    family = windows.families(held)
    vectors = [transfer.kmers(s, 4) for s in (a, b)]
    assert design.told_apart(*vectors) > 0.9, "whoever knows a copy knows the set"
    assert 0.3 < design.told_apart(*vectors, family=family) < 0.7
