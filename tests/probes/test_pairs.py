"""Joined features of pairs, which are never written out, against features that are."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import logistic
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from genebench import probes
from genebench.core.errors import BadInput

JOIN = {
    "concat": lambda a, b: np.hstack([a, b]),
    "mean": lambda a, b: (a + b) / 2,
    "hadamard": lambda a, b: a * b,
}


def folds(y: np.ndarray) -> np.ndarray:
    """Four stratified folds."""
    fold = np.empty(len(y), int)
    for k, (_, test) in enumerate(StratifiedKFold(4, shuffle=True, random_state=0).split(y, y)):
        fold[test] = k
    return fold


@pytest.fixture(scope="module")
def made():
    """120 entities of unlike columns, 700 pairs (some of one with itself), labels, folds."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 8)) * np.logspace(-1, 1, 8) + 2
    first, second = rng.integers(0, 120, (2, 700))
    Z = (X - X.mean(0)) / X.std(0)
    signal = Z[first, 0] + Z[second, 1] + 1.5 * Z[first, 2] * Z[second, 2]
    y = (signal + rng.standard_normal(700) > 0).astype(int)
    return X, first, second, y, folds(y)


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
@pytest.mark.parametrize("join", JOIN)
def test_pairs_are_fitted_as_their_joined_features(made, join, standardise):
    X, first, second, y, fold = made
    options = {"kind": "pair", "standardise": standardise}
    ours = probes.predict(X, y, fold, pairs=(first, second), join=join, **options)
    # products are of entities centred over all
    centred = X - X.mean(0) if join == "hadamard" else X
    F = JOIN[join](centred[first], centred[second])
    written = probes.predict(F, y, fold, **options)
    np.testing.assert_allclose(ours[:, 0], written[:, 0], atol=5e-3)
    theirs = logistic(F, y, fold, standardise=standardise)
    np.testing.assert_allclose(ours[:, 0], theirs, atol=5e-3)
    for k in range(4):
        areas = [roc_auc_score(y[fold == k], v[fold == k]) for v in (ours[:, 0], theirs)]
        assert abs(areas[0] - areas[1]) <= 1e-3


def test_products_separate_what_sides_alone_cannot():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((150, 4))
    first, second = rng.integers(0, 150, (2, 900))
    y = (X[first, 0] * X[second, 0] > 0).astype(int)
    fold, area = folds(y), {}
    for join in JOIN:
        values = probes.predict(X, y, fold, kind="pair", pairs=(first, second), join=join)[:, 0]
        area[join] = np.mean([roc_auc_score(y[fold == k], values[fold == k]) for k in range(4)])
    assert area["hadamard"] > 0.95 and max(area["concat"], area["mean"]) < 0.65


def test_unknown_join_is_an_error_with_the_nearest(made):
    X, first, second, y, fold = made
    with pytest.raises(BadInput, match="unknown join 'hadamar'; did you mean 'hadamard'"):
        probes.predict(X, y, fold, kind="pair", pairs=(first, second), join="hadamar")
