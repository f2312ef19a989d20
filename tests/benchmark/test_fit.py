"""One cell: its rows are those of folds, probe and metric put together by hand."""

import numpy as np
import pytest
from helpers import TINY
from sklearn.metrics import average_precision_score, roc_auc_score

from genebench import probes
from genebench.benchmark import fit, plan, predictions, splits
from genebench.benchmark.blocks import Block, Cell
from genebench.core.specs import ProfileSpec
from genebench.models import Embedding
from genebench.stats import metrics

PROFILE = ProfileSpec(name="p", **TINY | {"min_per_class": 5})


@pytest.fixture
def tiny(warm):
    return plan.make("tiny")


def coded(values):
    return predictions.Predictions(None, None, *predictions.quantise(values))


def test_the_scores_of_a_task_are_put_together_by_hand(tiny, finished):
    task, embedding = tiny.tasks["toy/value"], tiny.embedding("part")
    rows = embedding.rows(task.entities)
    fold, own = splits.folds(task, "stem", n_folds=3, seed=7, sources={}), rows >= 0
    X, y = embedding.vectors[rows[own]], task.labels[own]
    predicted = coded(probes.predict(X, y, fold[own], kind="regression")[:, 0]).values
    stored = finished.frame.query("task == 'toy/value' and model == 'part' and split == 'stem'")
    for k in range(3):
        tested = fold[own] == k
        expected = metrics.score("regression", y[tested], predicted[tested])
        scores = stored[stored.fold == k].set_index(["genes", "metric"]).score
        # single precision may turn the last bit of a code
        assert {m: scores["own", m] for m in expected} == pytest.approx(expected, abs=1e-7)
        full = np.full(len(task), task.labels[own & (fold != k)].mean())
        full[own] = predicted
        on_all = metrics.spearman(task.labels[fold == k], full[fold == k])
        assert scores["all", "spearman"] == pytest.approx(on_all, abs=1e-7)
        assert scores["common", "spearman"] == pytest.approx(expected["spearman"], abs=1e-9)


# --- what cannot be scored ------------------------------------------------------------------------

APART = np.repeat([0, 1, 2], 20)
UNFIT = [
    ("binary", [1] * 4 + [0] * 56, lambda y: y >= 0, "only 4 genes of class 'class 1' have a vec"),
    (
        "binary",
        [1, 0] * 30,
        lambda y: (np.arange(60) % 3 != 1) | (y == 0),
        "fold 1 holds one class",
    ),
    ("multiclass", APART, lambda y: y >= 0, "most genes of fold 0 are of classes without a train"),
    ("regression", np.arange(60.0), lambda y: y < 29, "only 29 genes have a vector (30"),
]


@pytest.mark.parametrize("kind, labels, covered, words", UNFIT)
def test_what_cannot_be_probed_says_why(make_task, kind, labels, covered, words):
    task = make_task(kind, labels, size=20)
    fold = task.labels if labels is APART else np.arange(60) % 3
    part, few = fit.Part(task, task.labels, fold), PROFILE.model_copy(update={"min_per_class": 4})
    assert fit._unfit(part, covered(task.labels), PROFILE).startswith(words)
    assert fit._unfit(part, covered(task.labels), few) == "" or "only 4" not in words


@pytest.mark.parametrize("kind, classes", [("binary", 2), ("multiclass", 3)])
def test_common_genes_of_one_class_do_not_fail_the_cell(tiny, make_task, kind, classes):
    noise = np.random.default_rng(0).standard_normal((400, 3))
    task = make_task(kind, noise[:, :classes].argmax(axis=1))
    block = Block((task,), task.labels == 0, ((np.arange(400)[None] % 3, [""]),))
    cell, embedding = Cell("m", "s", "linear", (task.name,)), Embedding(task.entities, noise)
    output = fit.compute(cell, "", tiny.models["full"], PROFILE, 2e9, block, embedding)
    assert output.skipped == [] and np.isfinite(output.rows.score).all()
    assert (output.rows.genes == "own").sum() == 3 * len(metrics.of_kind(kind))


# --- predictions ----------------------------------------------------------------------------------


def test_binary_scores_are_exactly_those_of_the_cached_predictions(tiny, finished):
    """By scikit-learn, for every binary cell of a whole run."""
    own = finished.frame.query("genes == 'own' and kind == 'binary' and model != 'shuffled'")
    names = "model split task fold metric".split()
    own, right = own.astype({"metric": str}).set_index(names).score.to_dict(), {}
    for cell in tiny.cells:
        for (name, _), stored in predictions.load(tiny.path(cell)).items():
            for k in range(3):
                here, at = stored.fold == k, (cell.model, cell.split, name, k)
                pair = tiny.tasks[name].labels[stored.rows[here]], stored.values[here]
                if (*at, "auroc") in own:
                    right[*at, "auroc"] = roc_auc_score(*pair)
                    right[*at, "auprc"] = average_precision_score(*pair)
    assert {at: own[at] for at in own if at[-1] in ("auroc", "auprc")} == pytest.approx(
        right, abs=1e-12
    )
