"""One cell: its rows are those of folds, probe and metric put together by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks import costs as measuring
from genebench import probes
from genebench.benchmark import fit, plan, predictions, splits
from genebench.core import cache
from genebench.core.specs import ProfileSpec
from genebench.stats import metrics

PROFILE = ProfileSpec(
    name="p",
    title="t",
    sources=[],
    models=[],
    splits=[],
    folds=3,
    seed=7,
    min_per_class=5,
    common_floor=0.5,
)


@pytest.fixture
def tiny(warm):
    return plan.make("tiny")


def test_every_metric_of_the_kind_is_there_for_every_fold(finished):
    own = finished.frame[finished.frame.genes == "own"]
    for (kind, *_), rows in own.groupby(["kind", "task", "model", "split"], observed=True):
        expected = {(f, m) for f in range(3) for m in metrics.of_kind(kind)}
        assert set(zip(rows.fold, rows.metric)) == expected


def test_only_main_metrics_are_on_common_and_on_all_genes_where_coverage_is_partial(finished):
    rows = finished.frame[finished.frame.genes != "own"]
    assert set(rows.genes) == {"common", "all"}
    assert set(rows.metric) == {"auroc", "auroc_weighted", "spearman"}
    by = finished.frame.assign(all=finished.frame.genes == "all").groupby("model", observed=True)
    seen = by.agg(all=("all", "any"), coverage=("coverage", "max"))
    assert seen.loc["part", "coverage"] == pytest.approx(0.6, abs=0.02)
    assert (seen["all"] == (seen.coverage < 1)).all()


def test_the_scores_of_a_task_are_put_together_by_hand(tiny, finished):
    task, embedding = tiny.tasks["toy/value"], tiny.embedding("part")
    rows = embedding.rows(task.entities)
    fold, own = splits.folds(task, "stem", n_folds=3, seed=7, sources={}), rows >= 0
    X, y = embedding.vectors[rows[own]], task.labels[own]
    values = probes.predict(X, y, fold[own], kind="regression")[:, 0]
    predicted = predictions.restore(*predictions.quantise(values))
    stored = finished.frame.query("task == 'toy/value' and model == 'part' and split == 'stem'")
    for k in range(3):
        tested = fold[own] == k
        expected = metrics.score("regression", y[tested], predicted[tested])
        scores = stored[stored.fold == k].set_index(["genes", "metric"]).score
        # single precision may turn the last bit of a code
        assert {m: scores["own", m] for m in expected} == pytest.approx(expected, abs=1e-7)
        full = np.full(len(task), task.labels[own & (fold != k)].mean())
        full[own] = np.where(tested, predicted, full[own])
        on_all = metrics.spearman(task.labels[fold == k], full[fold == k])
        assert scores["all", "spearman"] == pytest.approx(on_all, abs=1e-7)
        assert scores["common", "spearman"] == pytest.approx(expected["spearman"], abs=1e-9)


# --- what cannot be scored ------------------------------------------------------------------------


def unfit(task, covered, fold=None, **changes) -> str:
    """Why a task cannot be probed."""
    profile = PROFILE.model_copy(update=changes)
    fold = np.arange(len(task)) % profile.folds if fold is None else fold
    return fit._unfit(fit.Part(task, task.labels, fold), covered, profile)


def test_too_few_genes_of_a_class_are_named_and_coverage_counts(make_task):
    whole, task = np.ones(60, bool), make_task("binary", [1] * 4 + [0] * 56)
    assert unfit(task, whole) == "only 4 genes of class 'class 1' have a vector (5 needed)"
    assert unfit(task, whole, min_per_class=4) == ""
    task = make_task("multiclass", [0, 1, 2] * 20)
    covered = whole.copy()
    covered[np.flatnonzero(task.labels == 2)[4:]] = False
    assert unfit(task, covered) == "only 4 genes of class 'class 2' have a vector (5 needed)"


def test_a_fold_of_one_class_or_of_classes_never_trained_on_is_named(make_task):
    task = make_task("binary", [1, 0] * 30)
    covered = (np.arange(60) % 3 != 1) | (task.labels == 0)
    assert unfit(task, covered) == "fold 1 holds one class only among the genes that have a vector"
    task = make_task("multiclass", np.repeat([0, 1, 2], 20), size=20)
    words = "most genes of fold 0 are of classes without a training gene with a vector"
    assert unfit(task, np.ones(60, bool), fold=task.labels) == words


def test_too_few_genes_of_a_regression_or_a_label_are_named(make_task):
    task = make_task("regression", np.arange(60.0))
    assert unfit(task, np.arange(60) < 29) == "only 29 genes have a vector (30 needed)"
    assert unfit(task, np.arange(60) < 30) == ""
    labels = np.zeros((60, 2), int)
    labels[::2, 0], labels[:4, 1] = 1, 1
    words = "only 4 genes of label 'class 1' have a vector (5 needed)"
    assert unfit(make_task("multilabel", labels), np.ones(60, bool)) == words


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_common_genes_of_one_class_do_not_fail_the_cell(kind):
    *given, block, embedding = measuring.made_up(kind, 400, 8, 3)
    labels = block.tasks[0].labels
    common = (labels if labels.ndim == 1 else labels.argmax(axis=1)) == 0
    output = fit.compute(*given, replace(block, common=common), embedding)
    first = output.rows[output.rows.task == block.tasks[0].name]
    own = first[first.genes == "own"]
    assert output.skipped == [] and np.isfinite(first.score).all()
    assert len(own) == 5 * len(metrics.of_kind(kind))
    assert kind == "multilabel" or len(own) == len(first)  # common genes are of one class


# --- predictions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(500,), (500, 4)])
@pytest.mark.parametrize("scale, shift", [(1, 0), (1e-6, 0), (1e6, 3e7), (5, -2)])
def test_the_round_trip_of_codes_is_within_half_a_step(shape, scale, shift):
    values = np.random.default_rng(0).standard_normal(shape) * scale + shift
    codes, low, step = predictions.quantise(values)
    assert codes.dtype == np.uint16 and codes.shape == shape
    bound = np.ptp(values, axis=0) / 65535 / 2 * (1 + 1e-9) + 1e-15 * np.abs(values)
    assert (np.abs(predictions.restore(codes, low, step) - values) <= bound).all()


def test_codes_keep_the_order_the_extremes_constants_and_ties():
    values = np.sort(np.random.default_rng(1).standard_cauchy(1000))
    back = predictions.restore(*predictions.quantise(values))
    assert (np.diff(back) >= 0).all() and back[[0, -1]] == pytest.approx(values[[0, -1]], rel=1e-12)
    wide = np.stack([np.full(4, -3.25), [-8.0, 1.0, 1.0 + 1e-7, 9.0]], axis=1)
    codes, low, step = predictions.quantise(wide)
    assert (predictions.restore(codes, low, step)[:, 0] == -3.25).all()
    assert codes[1, 1] == codes[2, 1] and len(set(codes[:, 1].tolist())) == 3


def test_what_is_stored_is_what_is_loaded(tmp_path):
    rng, cell = np.random.default_rng(3), tmp_path / "cell.parquet"
    at = np.arange(7, dtype=np.int32) * 3, np.arange(7, dtype=np.int8) % 2
    shapes = {("a/one", 0): 7, ("a/two words", 2): (7, 3)}
    of = {name: predictions.quantise(rng.random(shape)) for name, shape in shapes.items()}
    made = {name: predictions.Predictions(*at, *codes) for name, codes in of.items()}
    predictions.store(cell, {"made": "up"}, made)
    back = predictions.load(cell)
    assert list(back) == list(made) and cache.state(predictions.path(cell)) == "ready"
    for name, one in made.items():
        for field in ("rows", "fold", "values"):
            np.testing.assert_array_equal(getattr(back[name], field), getattr(one, field))


def test_binary_scores_are_exactly_those_of_the_cached_predictions(tiny, finished):
    """By scikit-learn, for every binary cell of a whole run."""
    own = finished.frame[finished.frame.genes == "own"]
    own = own.set_index(["model", "split", "task", "fold", "metric"]).score.to_dict()
    by, checked = {"auroc": roc_auc_score, "auprc": average_precision_score}, 0
    for cell in (c for c in tiny.cells if c.model != "shuffled"):
        for (name, _), stored in predictions.load(tiny.path(cell)).items():
            task = tiny.tasks[name]
            for k in range(3) if task.kind == "binary" else ():
                here, at = stored.fold == k, (cell.model, cell.split, name, k)
                y, p = task.labels[stored.rows[here]], stored.values[here]
                for metric, function in by.items():
                    assert own[*at, metric] == pytest.approx(function(y, p), abs=1e-12)
                    checked += 1
    assert checked > 100
