"""The support vector probe is scikit-learn's machine, its C chosen on the training entities."""

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.svm import SVC

from genebench import probes

GRID = [0.1, 1.0, 10.0, 100.0, 1000.0]


def made_up(n=120):
    """Vectors whose columns lie far apart, as shares of amino acids do, and labels."""
    rng = default_rng(3)
    X = rng.normal(size=(n, 6)) * 0.02 + np.linspace(0, 0.4, 6)
    y = (X[:, 0] * X[:, 1] + 0.0004 * rng.normal(size=n) > np.median(X[:, 0] * X[:, 1])) * 1
    return X, y


def by_hand(X, y, fold, k):
    """Values of fold k in the published way, by scikit-learn alone: the others choose C."""
    train = (fold != k) & (fold != -1)
    parts = PredefinedSplit(fold[train])
    search = GridSearchCV(SVC(class_weight="balanced"), {"C": GRID}, scoring="roc_auc", cv=parts)
    return search.fit(X[train], y[train]).decision_function(X[fold == k])


@pytest.mark.parametrize("published", [True, False])
def test_the_machine_is_that_which_published_parts_or_the_other_folds_choose(published):
    X, y = made_up()
    fold = default_rng(1).choice([0, -1, -2, -3, -4], len(y)) if published else np.arange(120) % 4
    got = probes.predict(X, y, fold, kind="binary", probe="svc")[:, 0]
    for k in {*fold[fold >= 0]}:
        assert_allclose(got[fold == k], by_hand(X, y, fold, k), rtol=2e-3, atol=5e-3)
    assert (got[fold < 0] == 0).all()


def test_a_linear_probe_trains_on_parts_that_are_never_tested():
    X, y = made_up()
    fold = np.where(np.arange(len(y)) % 4 == 0, 0, -2 - np.arange(len(y)) % 3)
    twin = np.where(fold < 0, 1, 0)  # the same training entities, as a fold
    for probe in ("linear", "knn"):
        got, want = (probes.predict(X, y, f, kind="binary", probe=probe) for f in (fold, twin))
        assert_allclose(got[fold == 0], want[fold == 0], rtol=1e-5)
