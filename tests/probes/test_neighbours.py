"""The nearest-neighbour probe against scikit-learn's neighbours."""

import numpy as np
import pytest
from helpers import folds, plain
from numpy.testing import assert_allclose
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from genebench import probes


def shares(X, y, fold):
    """Out-of-fold mean labels of scikit-learn's neighbours by cosine."""
    Z, out = StandardScaler().fit_transform(X), np.zeros(y.shape)
    for f in range(fold.max() + 1):
        train = (fold != f) & (fold != -1)
        fit = KNeighborsRegressor(15, metric="cosine").fit(Z[train], y[train])
        out[fold == f] = fit.predict(Z[fold == f])
    return out


@pytest.mark.parametrize("kind, classes, told", [("binary", 2, [1]), ("multiclass", 3, [0, 1, 2])])
def test_neighbours_of_classes_vote_as_with_scikit_learn(kind, classes, told):
    X, _ = plain(40, n=400, d=12)
    y = X[:, :classes].argmax(axis=1)
    fold = folds(y)
    values = probes.predict(X, y, fold, kind=kind, probe="knn")
    expected = (shares(X, np.eye(classes)[y], fold) * 15 + 0.5) / (15 + 0.5 * classes)
    assert_allclose(probes.probabilities(kind, values), expected[:, told], atol=1e-6)


def test_every_task_has_its_own_folds_where_all_that_are_near_may_not_vote():
    """Two heaps, in the second task each mostly in one fold, and every fourth entity left out; some
    only train."""
    X, y = plain(40, n=400, d=12)
    heap = np.arange(400) % 2
    X[:, :8] += 30 * heap[:, None]
    fold, other = folds(y), np.where(np.arange(400) % 37, heap, 1 - heap)
    other[::4], other[1::40] = -1, -2
    Y, F = np.stack([X[:, 0] + X[:, 1] ** 2, 1.0 - y], axis=1), np.stack([fold, other], axis=1)
    ours = probes.predict(X, Y, F, kind="regression", probe="knn")
    for t in range(2):
        assert_allclose(ours[:, t], shares(X, Y[:, t], F[:, t]), atol=1e-9)
