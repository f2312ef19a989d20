"""Zero-shot scores of variants: metrics, calibration, baselines, k-mer models."""

import numpy as np
import pandas as pd
import pytest
from glm import toys
from sklearn.metrics import average_precision_score, roc_auc_score

from genebench.benchmark import results, validation
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
    assert toy.codon_usage()[effects.AMINO.index("M")] == pytest.approx(3 / (64 + 84))
    beside = {"codon_ref": [14] * 50, "codon_alt": [12, 63] * 25}  # ATG -> ATA, TTT
    task = toys.variants(genome=toy, beside=pd.DataFrame(beside))
    assert zero_shot.blosum62(task)[:2].tolist() == [-1, 0]  # M to I, M to F
    np.testing.assert_allclose(zero_shot.codon_usage(task)[:2], np.log([3, 3]))


def test_rows_of_a_set_are_whole():
    tasks = [toys.variants(), toys.variants(name="t/y")]
    fit = [tasks[0].sequence], [toys.bases(200)]
    models = list(markov.fit(*fit, orders=[2], kind="around").values())
    models[0].name = "markov-around"
    frame = zero_shot.score_set(tasks, models)
    assert validation.validate(frame[results.SCHEMA.names], "frame") == []
    names = {"markov-around", "markov-around-calibrated", "transversion", "cpg", "gc-loss"}
    assert set(frame.model) == names | {"random"} and set(frame.task) == {"t/x", "t/y"}
    assert set(frame.family) == {"counts", "shortcut", "control"}
