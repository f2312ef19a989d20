"""Zero-shot scores of variants: metrics, calibration, baselines, k-mer models."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from glm import toys
from sklearn.metrics import average_precision_score, roc_auc_score

from genebench.benchmark import results
from genebench.glm import codes
from notebooks.studies.lib import effects, markov, zero_shot


def noisy(task, seed=0):
    """Scores that know something of the labels."""
    return task.label + np.random.default_rng(seed).normal(0, 1.2, len(task)).round(1)


def test_scores_are_those_of_scikit_learn_and_lie_in_their_intervals():
    task = toys.variants()
    scores = noisy(task)
    table = zero_shot.metrics_of(task, scores).set_index("metric")
    assert table.score["auroc"] == pytest.approx(roc_auc_score(task.label, scores))
    assert table.score["auprc"] == pytest.approx(average_precision_score(task.label, scores))
    for metric in ("auroc", "auprc"):
        assert table.low[metric] < table.score[metric] < table.high[metric]
    assert table.score["prior"] == 0.4


def test_clusters_that_move_together_widen_the_interval():
    task = toys.variants()
    scores = noisy(task)
    order = np.lexsort((scores, task.label))  # labels and scores alike within a cluster
    single = dataclasses.replace(task, label=task.label[order])
    few = dataclasses.replace(single, cluster=np.repeat(np.arange(10), 5).astype(str))
    a, b = (zero_shot.metrics_of(t, scores[order]).iloc[0] for t in (few, single))
    assert a.high - a.low > b.high - b.low and a.score == pytest.approx(b.score)


def test_calibration_removes_what_belongs_to_the_context():
    task = toys.variants()
    table = np.random.default_rng(1).normal(0, 1, (400, 4)).astype(np.float32)
    biased = table.copy()
    biased[np.flatnonzero(task.sequence[:-1] == 1) + 1, 2] -= 3.0  # any G behind a C looks worse
    tables = [table, biased]
    changes = (task.sequence, task.at, task.alt)
    calibrated = [zero_shot.calibrated(t, *changes) for t in tables]
    np.testing.assert_allclose(*calibrated, atol=1e-3)
    raw = [zero_shot.harm(t, task.at, task.ref, task.alt) for t in tables]
    assert np.abs(raw[0] - raw[1]).max() > 2.9


def test_baselines_score_what_their_names_say():
    sequence, at, alt = codes.encode("ACGTA"), np.array([1, 1, 2, 0]), codes.encode("TAAG")
    task = effects.Effects("t", "binary", sequence, at, sequence[at], alt, at, at.astype(str))
    assert zero_shot.transversion(task).tolist() == [0, 1, 0, 0]
    assert zero_shot.cpg(task).tolist() == [0, 1, 0, 0.5]
    assert zero_shot.gc_loss(task).tolist() == [1, 1, 1, -1]


def test_references_know_codons():
    toy = toys.genome()
    toy.part[:] = 0  # all genes count
    toy.part[0] = 2
    usage = toy.codon_usage()
    assert usage[effects.AMINO.index("M")] == pytest.approx(
        3 / (64 + 84)
    ) and usage.sum() == pytest.approx(1)
    beside = {"codon_ref": [14, 14], "codon_alt": [12, 63]}  # ATG -> ATA, TTT
    frame = pd.DataFrame(beside)
    task = toys.variants(genome=toy, beside=pd.concat([frame] * 25, ignore_index=True))
    assert zero_shot.blosum62(task)[:2].tolist() == [-1, 0]  # M to I, M to F
    np.testing.assert_allclose(zero_shot.codon_usage(task)[:2], np.log([3, 3]))


def test_rows_of_a_set_are_whole():
    tasks = [toys.variants(), toys.variants(name="t/y")]
    fit = [tasks[0].sequence], [toys.bases(200)]
    models = list(markov.fit(*fit, orders=[2], kind="around").values())
    models[0].name = "markov-around"
    frame = zero_shot.score_set(tasks, models)
    assert results.validate(frame[results.SCHEMA.names], "frame") == []
    names = {"markov-around", "markov-around-calibrated", "transversion", "cpg", "gc-loss"}
    assert set(frame.model) == names | {"random"} and set(frame.task) == {"t/x", "t/y"}
    assert set(frame.family) == {"counts", "shortcut", "control"}


def test_the_order_of_a_kmer_model_is_chosen_on_what_was_not_counted(monkeypatch):
    orders = {"chain": range(2, 5), "around": range(2, 6), "trinucleotide": [2]}
    monkeypatch.setattr(zero_shot, "_ORDERS", orders)
    toy = toys.genome()
    toy.part[:], toy.part[900:] = 0, 1
    models, table = zero_shot.kmer_models([toys.variants(genome=toy)], {})
    assert [m.name for m in models] == ["markov-chain", "markov-around", "trinucleotide"]
    count, check = toy.codes[:900], toy.codes[900:]
    for row, kind in zip(table.itertuples(), ("chain", "around")):
        fitted = markov.fit([count], [check], orders=zero_shot._ORDERS[kind], kind=kind)
        log = {k: m.conditionals(check[None])[0][np.arange(100), check] for k, m in fitted.items()}
        bits = {k: -p.mean() / np.log(2) for k, p in log.items()}
        assert row.order == min(bits, key=bits.get)
        assert row.bits == pytest.approx(bits[row.order], abs=1e-5)
    assert {zero_shot.family(m.name) for m in models} == {"counts"}
