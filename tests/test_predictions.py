"""Predictions that are kept: the round trip of their codes, and scores that are exactly those of what is kept."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import sha256
from sklearn.metrics import average_precision_score, roc_auc_score

from genebench import probes
from genebench.benchmark import plan, predictions, results, run, splits
from genebench.benchmark.predictions import Predictions
from genebench.core import cache, paths
from genebench.stats import metrics


@pytest.mark.parametrize("shape", [(500,), (500, 4)])
@pytest.mark.parametrize("scale, shift", [(1, 0), (1e-6, 0), (1e6, 3e7), (5, -2)])
def test_the_round_trip_is_within_half_a_step(shape, scale, shift):
    values = np.random.default_rng(0).standard_normal(shape) * scale + shift
    codes, low, step = predictions.quantise(values)
    assert codes.dtype == np.uint16 and codes.shape == shape
    half = np.ptp(values, axis=0) / 65535 / 2
    assert (
        np.abs(predictions.restore(codes, low, step) - values)
        <= half * (1 + 1e-9) + 1e-15 * np.abs(values)
    ).all()


def test_the_order_of_values_is_kept_and_the_extremes_are_exact():
    values = np.sort(np.random.default_rng(1).standard_cauchy(1000))
    back = predictions.restore(*predictions.quantise(values))
    assert (np.diff(back) >= 0).all() and back[0] == values[0]
    assert back[-1] == pytest.approx(values[-1], rel=1e-12)


def test_a_constant_column_comes_back_as_it_was():
    values = np.stack([np.full(9, -3.25), np.arange(9.0), np.zeros(9)], axis=1)
    back = predictions.restore(*predictions.quantise(values))
    np.testing.assert_array_equal(back[:, [0, 2]], values[:, [0, 2]])
    np.testing.assert_array_equal(
        predictions.restore(*predictions.quantise(values[:1])), values[:1]
    )


def test_values_that_differ_by_rounding_alone_tie():
    values = np.array([-8.0, 1.0, 1.0 + 1e-7, 9.0])
    codes, _, _ = predictions.quantise(values)
    assert codes[1] == codes[2] and len(set(codes.tolist())) == 3


def test_one_prediction_far_out_does_not_make_the_others_tie():
    """The log-odds of one entity far from all others are bounded before the range is parted into steps."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((600, 3))
    y = (X[:, 0] + X[:, 1] + rng.standard_normal(600) > 0).astype(int)
    X[5, 0] = 1e7
    fold = np.arange(600) % 3
    values = probes.predict(X, y, fold, kind="binary")[:, 0]
    assert np.abs(values).max() <= probes.LIMIT
    back = predictions.restore(*predictions.quantise(values))
    for k in range(3):
        t = fold == k
        assert abs(roc_auc_score(y[t], back[t]) - roc_auc_score(y[t], values[t])) <= 1e-3


def test_what_is_stored_is_what_is_loaded(tmp_path):
    rng = np.random.default_rng(3)
    rows, fold = np.arange(7, dtype=np.int32) * 3, np.arange(7, dtype=np.int8) % 2
    held = {
        ("a/one", 0): Predictions(rows, fold, *predictions.quantise(rng.random(7))),
        ("a/two words", 2): Predictions(rows, fold, *predictions.quantise(rng.random((7, 3)))),
    }
    cell = tmp_path / "cell.parquet"
    predictions.store(cell, {"made": "up"}, held)
    back = predictions.load(cell)
    assert list(back) == list(held) and cache.state(predictions.path(cell)) == "ready"
    for name, kept in held.items():
        for field in ("rows", "fold", "codes", "low", "step", "values"):
            np.testing.assert_array_equal(getattr(back[name], field), getattr(kept, field))
            assert getattr(back[name], field).dtype == getattr(kept, field).dtype
    predictions.store(cell, {"made": "up"}, {})
    assert predictions.load(cell) == {}


# --- beside the rows of a run -----------------------------------------------------------------------------------------


def own(finished, cell, task: str):
    """Written scores of a task in a cell on its own genes: (fold, metric) → score."""
    rows = finished.frame
    rows = rows[(rows.task == task) & (rows.model == cell.model) & (rows.split == cell.split)]
    rows = rows[~rows.metric.astype(str).str.contains("@")]
    return {(int(f), str(m)): s for f, m, s in zip(rows.fold, rows.metric, rows.score)}


def test_binary_scores_are_exactly_those_of_the_kept_predictions(warm, finished):
    """AUROC and average precision by scikit-learn from the kept codes, for every binary cell of a whole run."""
    told = 0
    for cell in plan.plan("tiny"):
        for (name, repeat), kept in predictions.load(plan.cell_path(cell)).items():
            task = plan.context("tiny").tasks[name]
            if task.kind != "binary" or cell.model == "shuffled":
                continue
            assert repeat == 0
            p = probes.probabilities("binary", kept.values)
            scores = own(finished, cell, name)
            for k in range(3):
                y, here = task.labels[kept.rows[kept.fold == k]], p[kept.fold == k]
                assert scores[k, "auroc"] == pytest.approx(roc_auc_score(y, here), abs=1e-12)
                assert scores[k, "auprc"] == pytest.approx(
                    average_precision_score(y, here), abs=1e-12
                )
                assert scores[k, "accuracy"] == np.mean((here > 0.5) == y)
                told += 1
    assert told > 50


@pytest.mark.parametrize("name", ["toy/class", "toy/systems", "toy/value"])
def test_scores_of_other_kinds_are_exactly_those_of_the_kept_predictions(warm, finished, name):
    for cell in plan.plan("tiny", models=["full", "part", "oracle"], names=[name]):
        task = plan.context("tiny").tasks[name]
        kept = predictions.load(plan.cell_path(cell))[name, 0]
        guess, scores = probes.probabilities(task.kind, kept.values), own(finished, cell, name)
        for k in range(3):
            here = kept.fold == k
            expected = metrics.score(task.kind, task.labels[kept.rows[here]], guess[here])
            assert {m: scores[k, m] for m in expected} == expected


def test_the_folds_and_genes_of_kept_predictions_are_those_of_the_split(warm):
    (cell,) = plan.plan("tiny", models=["part"], names=["toy/value"], split="stem")
    kept = predictions.load(plan.cell_path(cell))["toy/value", 0]
    task = plan.context("tiny").tasks["toy/value"]
    fold = splits.folds(task, "stem", n_folds=3, seed=7)
    np.testing.assert_array_equal(kept.fold, fold[kept.rows])
    known = [g for i, g in enumerate(task.entities) if i % 5 < 3]
    assert task.entities[kept.rows].tolist() == known


@pytest.mark.parametrize("damage", ["lost", "cut", "sidecar", "sidecar lost"])
def test_lost_or_broken_predictions_make_the_cell_computed_again(warm, damage):
    before, said = sha256(results.scores_path("tiny")), []
    cell = plan.plan("tiny")[11]
    kept = predictions.path(plan.cell_path(cell))
    right = kept.read_bytes()
    if damage == "cut":
        kept.write_bytes(right[:200])
    elif damage == "sidecar":
        cache.sidecar(kept).write_text("{")
    else:
        (kept if damage == "lost" else cache.sidecar(kept)).unlink()
    outcome = run.run("tiny", jobs=1, say=said.append)
    assert (outcome.cached, outcome.computed, outcome.failed) == (59, 1, {})
    assert any(f"'{cell}' is broken" in s for s in said) == (damage != "lost")
    assert cache.state(kept) == "ready" and sha256(results.scores_path("tiny")) == before
    assert run.run("tiny", jobs=1, say=said.append).computed == 0


def test_every_cell_of_a_run_has_its_predictions(warm):
    for cell in plan.plan("tiny"):
        path = plan.cell_path(cell)
        skipped = {s["task"] for s in cache.facts(path)["skipped"]}
        assert {name for name, _ in predictions.load(path)} == set(cell.tasks) - skipped
    assert not list(paths.CELLS.glob("*/.*"))
