"""The network probe: labels that no straight line separates, its seed, what it was trained on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench import probes

Z = np.random.default_rng(3).standard_normal((900, 4))
X, FOLD, TWO = Z * [1, 10, 0.1, 1] + 5, np.arange(900) % 3, np.arange(900) % 2
CROSSED = (Z[:, 0] * Z[:, 1] > 0).astype(int)
"""Labels by the sign of a product: no straight line separates them."""


def predict(y, kind="binary", fold=FOLD, **options):
    """Values of the network probe."""
    return probes.predict(X, y, fold, kind=kind, probe="mlp", **options)


def test_a_network_learns_what_a_line_cannot():
    network = predict(CROSSED)[:, 0]
    assert all(roc_auc_score(CROSSED[FOLD == k], network[FOLD == k]) > 0.9 for k in range(3))
    three = np.where(CROSSED == 0, 0, 1 + (Z[:, 0] > 0))
    p = probes.probabilities("multiclass", predict(three, "multiclass"))
    assert np.mean(p.argmax(axis=1) == three) > 0.8
    value = 1000 + 50 * np.abs(Z[:, 0])
    assert r2_score(value, predict(value, "regression")[:, 0]) > 0.8


def test_the_network_is_that_of_scikit_learn_on_the_training_entities_of_a_task():
    Y, fold = np.stack([CROSSED, 1 - CROSSED], axis=1), np.stack([np.roll(FOLD, 1), FOLD], axis=1)
    fold[::4, 1] = -1
    ours = predict(Y, "multilabel", fold)[:, 1]
    assert (ours[::4] == 0).all()
    options = {"hidden_layer_sizes": [32], "learning_rate_init": 5e-3, "max_iter": 40}
    network = MLPClassifier(**options, n_iter_no_change=40, random_state=0)
    network, train, test = make_pipeline(StandardScaler(), network), fold[:, 1] > 0, fold[:, 1] == 0
    with pytest.warns(ConvergenceWarning):
        network.fit(X[train], Y[train, 1])
    p = network.predict_proba(X[test])[:, 1]
    assert_allclose(probes.probabilities("binary", ours[test]), p, atol=0.02)


def test_a_network_depends_on_its_seed_alone():
    first, again, other = (predict(CROSSED, fold=TWO, random_state=s)[:, 0] for s in (1, 1, 2))
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_a_class_that_training_lacks_is_never_told():
    values = predict(np.where(TWO == 0, 2, CROSSED), "multiclass", TWO)
    assert (values[TWO == 0, 2] == -50).all() and (values[TWO == 1, 2] > -50).all()
    assert (predict((TWO == 0) * 1, fold=TWO)[TWO == 0] == -50).all()  # one class alone
