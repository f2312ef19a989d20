"""Controls run through the real probes: the oracle reaches the best score, and knowing nothing scores at chance."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from test_metrics import KINDS

from genebench import probes
from genebench.benchmark import splits
from genebench.core.specs import ModelSpec
from genebench.data import tasks
from genebench.models import control
from genebench.stats import metrics

PAIRS = [(kind, name) for kind in (*KINDS, "pair") for name in metrics.of_kind(kind)]
N_FOLDS = 4
SPEC = ModelSpec(
    name="random",
    title="R",
    family="control",
    encoder="random",
    description="d",
    input="i",
    licence="none",
    trained_on="Nothing.",
    color="#000000",
)


@cache
def task(kind: str) -> tasks.Task:
    """Five hundred genes whose labels follow eight hidden numbers (``informative``)."""
    score = informative() @ np.random.default_rng(1).standard_normal((8, 4))
    labels = {
        "binary": (score[:, 0] > 0.8).astype(int),
        "multiclass": score.argmax(axis=1),
        "multilabel": (score > [0, 1, 2, -2]).astype(int),
        "regression": score[:, 0],
        "pair": (score[:, 0] > 0.8).astype(int),
    }[kind]
    names = tuple("abcd") if labels.ndim == 2 or kind == "multiclass" else ()
    entities = np.array([f"GENE{i:04d}" for i in range(500)])
    return tasks.Task("t/t", "t", "d", "genomic properties", kind, "t", 1, entities, labels, names)


@cache
def informative() -> np.ndarray:
    """Vectors that say a lot about the labels."""
    return np.random.default_rng(0).standard_normal((500, 8))


def predict(kind: str, X: np.ndarray, y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Out-of-fold predictions by the linear probe of a kind, as metrics take them."""
    values = probes.predict(X, y, fold, kind=kind)
    return probes.probabilities(kind, values if kind == "multiclass" else values.reshape(y.shape))


@cache
def run(kind: str, what: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Labels and predictions of each test fold for a control: ``oracle``, ``random``, ``shuffled``, or ``informed``."""
    made = task(kind)
    y = control.shuffled(made, 3) if what == "shuffled" else made.labels
    X = {
        "oracle": lambda: control.oracle_vectors(made),
        "random": lambda: control.random(SPEC, made.entities, dim=16).vectors,
    }.get(what, informative)()
    fold = splits.folds(made, "random", n_folds=N_FOLDS, seed=11)
    p = predict(kind, X, y, fold)
    return [(y[fold == k], p[fold == k]) for k in range(N_FOLDS)]


def surplus(kind: str, name: str, what: str) -> float:
    """Sum over folds of score less chance, in standard deviations of that sum (0 where chance has no spread)."""
    score = metrics.METRICS[name].function
    found = [
        score(y, p) - metrics.chance(name, kind, y, p, draws=100)[0] for y, p in run(kind, what)
    ]
    spread = np.sqrt(
        sum(metrics.chance(name, kind, y, p, draws=100)[1] ** 2 for y, p in run(kind, what))
    )
    if spread < 1e-9:
        assert abs(sum(found)) < 1e-9
        return 0.0
    return sum(found) / spread


@pytest.mark.parametrize("kind, name", [p for p in PAIRS if not metrics.METRICS[p[1]].reference])
def test_the_oracle_reaches_the_best_score(kind, name):
    for y, p in run(kind, "oracle"):
        assert metrics.METRICS[name].function(y, p) == pytest.approx(
            metrics.METRICS[name].high, abs=1e-3
        )


@pytest.mark.parametrize("kind, name", PAIRS)
def test_random_vectors_score_at_chance(kind, name):
    assert abs(surplus(kind, name, "random")) < 4


@pytest.mark.parametrize("kind, name", PAIRS)
def test_shuffled_labels_score_at_chance(kind, name):
    assert abs(surplus(kind, name, "shuffled")) < 4


@pytest.mark.parametrize("kind, name", [p for p in PAIRS if not metrics.METRICS[p[1]].reference])
def test_vectors_that_know_something_score_above_chance_and_not_above_the_oracle(kind, name):
    assert surplus(kind, name, "informed") > 6
    for (y, p), (_, best) in zip(run(kind, "informed"), run(kind, "oracle")):
        score = metrics.METRICS[name].function
        assert score(y, p) <= score(y, best) + 1e-3


@pytest.mark.parametrize("name", [n for n, m in metrics.METRICS.items() if m.reference])
def test_a_reference_is_the_same_whatever_is_predicted(name):
    for kind in metrics.METRICS[name].kinds:
        scores = [
            [metrics.METRICS[name].function(y, p) for y, p in run(kind, what)]
            for what in ("oracle", "random")
        ]
        assert scores[0] == scores[1]


def test_in_a_whole_run_no_model_scores_above_the_oracle(finished):
    frame = finished.frame[
        ~finished.frame.metric.isin([n for n, m in metrics.METRICS.items() if m.reference])
    ]
    frame = frame[~frame.metric.astype(str).str.contains("@")]
    where = ["task", "split", "fold", "metric"]
    best = frame[frame.model == "oracle"].set_index(where).score
    others = frame[frame.model != "oracle"]
    assert len(others) and len(best)
    assert (
        others.score.to_numpy()
        <= best.loc[list(map(tuple, others[where].to_numpy()))].to_numpy() + 1e-3
    ).all()
