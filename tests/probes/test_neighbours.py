"""The nearest-neighbour probe against scikit-learn's neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import folds, plain
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from genebench import probes


def shares(X, y, fold, k: int = 15) -> np.ndarray:
    """Out-of-fold mean label of scikit-learn's neighbours by cosine, or shares of classes (2-D)."""
    Z, out = StandardScaler().fit_transform(X), []
    number = y.dtype.kind == "f"
    for f in range(fold.max() + 1):
        train, test = (fold != f) & (fold >= 0), fold == f
        fit = (KNeighborsRegressor if number else KNeighborsClassifier)(k, metric="cosine")
        fit = fit.fit(Z[train], y[train])
        values = fit.predict(Z[test]) if number else fit.predict_proba(Z[test])
        out.append((np.flatnonzero(test), values))
    rows, values = map(np.concatenate, zip(*out))
    whole = np.zeros((len(y), *values.shape[1:]))
    whole[rows] = values
    return whole


@pytest.fixture(scope="module")
def data():
    """Vectors, a binary label and folds."""
    X, y = plain(40, n=400, d=12)
    return X * np.logspace(-1, 1, 12) + 2, y, folds(y)


@pytest.mark.parametrize("k", [1, 15])
def test_neighbours_of_two_classes_vote_as_with_scikit_learn(data, k):
    X, y, fold = data
    share = shares(X, y, fold, k)[:, 1]
    ours = probes.predict(X, y, fold, kind="binary", probe="knn", k=k)[:, 0]
    np.testing.assert_allclose(ours, np.log((share * k + 0.5) / ((1 - share) * k + 0.5)), atol=1e-6)


def test_neighbours_of_three_classes_vote_as_with_scikit_learn(data):
    X, _, fold = data
    y = X[:, :3].argmax(axis=1)
    values = probes.predict(X, y, fold, kind="multiclass", probe="knn")
    expected = (shares(X, y, fold) * 15 + 0.5) / (15 + 1.5)
    np.testing.assert_allclose(probes.probabilities("multiclass", values), expected, atol=1e-6)


def test_every_task_has_its_own_folds_and_those_left_out_do_not_vote(data):
    X, y, fold = data
    other = folds(y, 3, seed=5)
    other[::4] = -1
    Y, F = np.stack([X[:, 0] + X[:, 1] ** 2, 1.0 - y], axis=1), np.stack([fold, other], axis=1)
    ours = probes.predict(X, Y, F, kind="regression", probe="knn")
    for t in range(2):
        np.testing.assert_allclose(ours[:, t], shares(X, Y[:, t], F[:, t]), atol=1e-9)
    pieces = probes.predict(X, Y, F, kind="regression", probe="knn", memory=1)
    np.testing.assert_array_equal(pieces, ours)


def test_an_entity_whose_nearest_are_all_in_its_own_fold_looks_further():
    """Two heaps, each mostly in one fold: the first search meets too few training entities."""
    rng = np.random.default_rng(0)
    heap = np.repeat([0, 1], 150)
    X = rng.standard_normal((300, 5)) * 0.1 + np.where(heap, 3, -3)[:, None] * [1, 1, 0, 0, 0]
    y, fold = rng.random(300), np.where(rng.random(300) < 0.03, 1 - heap, heap)
    ours = probes.predict(X, y, fold, kind="regression", probe="knn")[:, 0]
    np.testing.assert_allclose(ours, shares(X, y, fold), atol=1e-9)
