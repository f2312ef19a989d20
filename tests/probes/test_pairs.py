"""Joined features of pairs, which are never written out, against features that are."""

import numpy as np
import pytest
from helpers import folds, gaps, reference
from numpy.testing import assert_allclose
from sklearn.metrics import roc_auc_score

from genebench import probes


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
def test_pairs_are_fitted_as_their_joined_features(standardise):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 8)) * np.logspace(-1, 1, 8) + 2
    first, second = rng.integers(0, 120, (2, 700))  # some of one with itself
    Z = (X - X.mean(0)) / X.std(0)
    y = (Z[first, 0] + 2 * Z[second, 1] + rng.standard_normal(700) > 0).astype(int)
    fold, joined = folds(y), np.hstack([X[first], X[second]])
    options = {"kind": "pair", "pairs": (first, second), "standardise": standardise}
    ours = probes.predict(X, y, fold, **options)[:, 0]
    theirs = reference(joined, y, fold, standardise=standardise)
    assert_allclose(ours, theirs, atol=5e-3)
    assert gaps(y, ours, theirs, fold).max() <= 1e-3


def test_products_are_those_of_standardised_vectors_and_tell_what_adding_up_cannot():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 4)) * 3 + 1
    X[:, 3] = 5  # constant
    first, second = rng.integers(0, 80, (2, 900))
    Z = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    y = (Z[first, 0] * Z[second, 0] > 0).astype(int)
    fold, options = folds(y), {"kind": "pair", "pairs": (first, second)}
    ours = probes.predict(X, y, fold, probe="products", **options)[:, 0]
    theirs = reference(np.hstack([Z[first], Z[second], Z[first] * Z[second]]), y, fold)
    assert_allclose(ours, theirs, atol=5e-3)
    added = probes.predict(X, y, fold, **options)[:, 0]
    assert roc_auc_score(y, ours) > 0.95 and roc_auc_score(y, added) < 0.6
