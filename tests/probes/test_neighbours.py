"""The nearest-neighbour probe against scikit-learn's neighbours."""

import numpy as np
import pytest
from helpers import folds, plain
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from genebench import probes


def shares(X, y, fold, k=15):
    """Out-of-fold mean labels of scikit-learn's neighbours by cosine."""
    Z, out = StandardScaler().fit_transform(X), np.zeros(y.shape)
    for f in range(fold.max() + 1):
        train = (fold != f) & (fold >= 0)
        fit = KNeighborsRegressor(k, metric="cosine").fit(Z[train], y[train])
        out[fold == f] = fit.predict(Z[fold == f])
    return out


@pytest.mark.parametrize("kind, k", [("binary", 1), ("binary", 15), ("multiclass", 15)])
def test_neighbours_of_classes_vote_as_with_scikit_learn(kind, k):
    X, y = plain(40, n=400, d=12)
    y = y if kind == "binary" else X[:, :3].argmax(axis=1)
    fold = folds(y)
    values = probes.predict(X, y, fold, kind=kind, probe="knn", k=k)
    share = shares(X, np.eye(3)[y], fold, k)
    expected = (share * k + 0.5) / (k + 0.5 * (3 if kind == "multiclass" else 2))
    expected = expected if kind == "multiclass" else expected[:, [1]]
    assert_allclose(probes.probabilities(kind, values), expected, atol=1e-6)


def test_every_task_has_its_own_folds_and_those_left_out_do_not_vote():
    X, y = plain(40, n=400, d=12)
    fold, other = folds(y), folds(y, 3, seed=5)
    other[::4] = -1
    Y, F = np.stack([X[:, 0] + X[:, 1] ** 2, 1.0 - y], axis=1), np.stack([fold, other], axis=1)
    ours = probes.predict(X, Y, F, kind="regression", probe="knn")
    for t in range(2):
        assert_allclose(ours[:, t], shares(X, Y[:, t], F[:, t]), atol=1e-9)
    pieces = probes.predict(X, Y, F, kind="regression", probe="knn", memory=1)
    assert_array_equal(pieces, ours)


def test_an_entity_whose_nearest_are_all_in_its_own_fold_looks_further():
    """Two heaps, each mostly in one fold: the first search meets too few training entities."""
    rng = np.random.default_rng(0)
    heap = np.repeat([0, 1], 150)
    X = rng.standard_normal((300, 5)) * 0.1 + np.where(heap, 3, -3)[:, None] * [1, 1, 0, 0, 0]
    y, fold = rng.random(300), np.where(rng.random(300) < 0.03, 1 - heap, heap)
    ours = probes.predict(X, y, fold, kind="regression", probe="knn")[:, 0]
    assert_allclose(ours, shares(X, y, fold), atol=1e-9)
