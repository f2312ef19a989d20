"""Probes of group indicators: the optimum of scikit-learn, and only where X is indicators."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import exact
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench import probes
from genebench.probes import indicators

RNG = np.random.default_rng(3)
N, GROUPS = 300, 40
CODE = np.where(RNG.random(N) < 0.2, -1, RNG.integers(0, GROUPS, N))
X = (CODE[:, None] == np.arange(GROUPS)).astype(np.float64)
FOLD = RNG.permutation(np.arange(N) % 4).astype(np.int8)
LEAN = RNG.normal(size=GROUPS + 1)[CODE]
NOISE = RNG.normal(size=N)


def by_scikit_learn(fit, y, method: str, absent: float = 0.0) -> np.ndarray:
    """Out-of-fold values; ``absent`` for a class that training lacks."""
    out = None
    for k in range(4):
        fitted = fit.fit(X[FOLD != k], y[FOLD != k])
        values = getattr(fitted, method)(X[FOLD == k])
        if values.ndim == 2:
            whole = np.full((len(values), y.max() + 1), absent)
            whole[:, fitted.classes_] = values
            values = whole
        out = np.zeros((N, *values.shape[1:])) if out is None else out
        out[FOLD == k] = values
    return out


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("standardise", [True, False])
def test_logistic_is_that_of_scikit_learn_with_separated_groups_too(C, standardise):
    y = (LEAN + NOISE * 0.5 > 0.3).astype(int)
    y[CODE < 4] = 1  # all of one class, and those of no group too
    theirs = by_scikit_learn(exact(C=C, standardise=standardise), y, "decision_function")
    ours = probes.predict(X, y, FOLD, kind="binary", C=C, standardise=standardise)[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("standardise", [True, False])
def test_softmax_is_that_of_scikit_learn_and_a_class_absent_from_training_is_at_the_floor(
    standardise,
):
    y = np.digitize(LEAN + NOISE * 0.5, [-0.8, 0, 0.8])
    y[FOLD == 0] = np.where(np.arange((FOLD == 0).sum()) < 3, 4, y[FOLD == 0])
    theirs = by_scikit_learn(exact(standardise=standardise), y, "predict_log_proba", -50.0)
    ours = probes.predict(X, y, FOLD, kind="multiclass", standardise=standardise)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("standardise", [True, False])
def test_ridge_is_that_of_scikit_learn(standardise):
    y = LEAN + NOISE
    theirs = by_scikit_learn(
        make_pipeline(StandardScaler(with_std=standardise), Ridge()), y, "predict"
    )
    ours = probes.predict(X, y, FOLD, kind="regression", standardise=standardise)[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_entities_left_out_of_a_task_and_training_of_one_class_are_as_in_the_general_solver(
    monkeypatch,
):
    y, fold = np.where(FOLD == 1, 1, 0), FOLD.copy()
    fold[:10] = -1
    ours = probes.predict(X, y, fold, kind="binary", tolerance=1e-6)
    monkeypatch.setattr(indicators, "codes", lambda X: None)
    theirs = probes.predict(X, y, fold, kind="binary", tolerance=1e-6)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize(
    "other", [X * 2, X + np.eye(N, GROUPS), X[:, :1], np.zeros((0, 3)), RNG.normal(size=(5, 3)), -X]
)
def test_only_rows_with_at_most_one_1_are_indicators(other):
    assert indicators.codes(other) is None
    np.testing.assert_array_equal(indicators.codes(X), CODE)
