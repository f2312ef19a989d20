"""Probes of group indicators: what scikit-learn finds, to many digits, and only where X is indicators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from genebench import probes
from genebench.probes import indicators

RNG = np.random.default_rng(3)
N, GROUPS = 300, 40
CODE = np.where(RNG.random(N) < 0.2, -1, RNG.integers(0, GROUPS, N))
X = (CODE[:, None] == np.arange(GROUPS)).astype(np.float64)
FOLD = RNG.permutation(np.arange(N) % 4).astype(np.int8)
LEAN = RNG.normal(size=GROUPS + 1)[CODE]


def by_sklearn(make, y, guess):
    """Out-of-fold values of an estimator on features standardised inside the fold."""
    out = []
    for k in range(4):
        scale = StandardScaler().fit(X[FOLD != k])
        fit = make().fit(scale.transform(X[FOLD != k]), y[FOLD != k])
        out.append(guess(fit, scale.transform(X[FOLD == k])))
    return np.concatenate(out)[
        np.argsort(np.concatenate([np.flatnonzero(FOLD == k) for k in range(4)]))
    ]


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
def test_logistic_is_that_of_scikit_learn_with_separated_groups_too(C):
    y = (LEAN + RNG.normal(size=N) * 0.5 > 0.3).astype(int)
    y[CODE < 4] = 1  # all of one class, and those of no group too
    expected = by_sklearn(
        lambda: LogisticRegression(C=C, tol=1e-10, max_iter=20000),
        y,
        lambda f, x: f.decision_function(x),
    )
    found = probes.predict(X, y[:, None], FOLD[:, None], kind="binary", C=C)[:, 0]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_softmax_is_that_of_scikit_learn_and_a_class_absent_from_training_is_at_the_floor():
    y = np.digitize(LEAN + RNG.normal(size=N) * 0.5, [-0.8, 0, 0.8])
    make = lambda: LogisticRegression(tol=1e-10, max_iter=20000)  # noqa: E731
    expected = by_sklearn(make, y, lambda f, x: f.predict_log_proba(x))
    np.testing.assert_allclose(probes.predict(X, y, FOLD, kind="multiclass"), expected, atol=2e-3)
    y[FOLD == 0] = np.where(np.arange((FOLD == 0).sum()) < 3, 4, y[FOLD == 0])
    found = probes.predict(X, y, FOLD, kind="multiclass")
    assert (found[FOLD == 0, 4] == -50).all() and (found[FOLD != 0, 4] > -50).all()
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("standardise", [True, False])
def test_indicators_and_the_general_solver_agree(monkeypatch, standardise):
    y = (LEAN > 0).astype(int)
    value = LEAN + RNG.normal(size=N)
    given = [
        ("binary", y[:, None], FOLD[:, None]),
        ("multiclass", y + (LEAN > 1), FOLD),
        ("regression", value, FOLD),
    ]
    for kind, labels, fold in given:
        tight = {} if kind == "regression" else {"tolerance": 1e-6}
        fast = probes.predict(X, labels, fold, kind=kind, standardise=standardise)
        with monkeypatch.context() as patch:
            patch.setattr(indicators, "codes", lambda X: None)
            general = probes.predict(X, labels, fold, kind=kind, standardise=standardise, **tight)
        np.testing.assert_allclose(fast, general, atol=2e-3)


def test_ridge_is_that_of_scikit_learn():
    y = LEAN + RNG.normal(size=N)
    expected = by_sklearn(lambda: Ridge(alpha=1.0), y, lambda f, x: f.predict(x))
    found = probes.predict(X, y[:, None], FOLD[:, None], kind="regression")[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_entities_left_out_of_a_task_and_training_of_one_class_are_as_in_the_general_solver():
    y, fold = np.zeros(N, int), FOLD.copy()
    y[FOLD == 1] = 1
    fold[:10] = -1
    found = probes.predict(X, y[:, None], fold[:, None], kind="binary")[:, 0]
    assert (found[:10] == 0).all()
    kept = (fold >= 0) & (fold != 1)
    np.testing.assert_allclose(found[fold == 1], np.log(0.5 / (kept.sum() + 0.5)), rtol=1e-5)


@pytest.mark.parametrize(
    "other", [X * 2, X + np.eye(N, GROUPS), X[:, :1], np.zeros((0, 3)), RNG.normal(size=(5, 3)), -X]
)
def test_only_rows_with_at_most_one_1_are_indicators(other):
    assert indicators.codes(other) is None
    np.testing.assert_array_equal(indicators.codes(X), CODE)
