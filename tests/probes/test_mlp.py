"""The network probe: labels that no straight line separates, its seed, and what it must not see."""

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
X, FOLD = Z * [1, 10, 0.1, 1] + 5, np.arange(900) % 3
CROSSED = (Z[:, 0] * Z[:, 1] > 0).astype(int)
"""Labels by the sign of a product: no straight line separates them."""


def predict(y, kind="binary", fold=FOLD, **options):
    """Values of the network probe."""
    return probes.predict(X, y, fold, kind=kind, probe="mlp", **options)


def test_a_network_learns_what_a_line_cannot():
    line = probes.predict(X, CROSSED, FOLD, kind="binary")[:, 0]
    network = predict(CROSSED)[:, 0]
    assert abs(roc_auc_score(CROSSED, line) - 0.5) < 0.1
    assert all(roc_auc_score(CROSSED[FOLD == k], network[FOLD == k]) > 0.9 for k in range(3))
    three = np.where(CROSSED == 0, 0, 1 + (Z[:, 0] > 0))
    p = probes.probabilities("multiclass", predict(three, "multiclass"))
    assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert np.mean(p.argmax(axis=1) == three) > 0.8
    value = 1000 + 50 * np.abs(Z[:, 0])
    assert r2_score(value, predict(value, "regression")[:, 0]) > 0.8


def test_every_task_has_the_network_of_scikit_learn_and_its_own_folds():
    Y, turned = np.stack([CROSSED, np.roll(CROSSED, 5)], axis=1), np.roll(FOLD, 1)
    turned[::4] = -1
    ours = predict(Y, "multilabel", np.stack([FOLD, turned], axis=1))
    assert_array_equal(ours[:, [1]], predict(Y[:, 1], fold=turned))
    assert (ours[::4, 1] == 0).all()
    options = {"hidden_layer_sizes": [32], "learning_rate_init": 5e-3, "max_iter": 40}
    network = MLPClassifier(**options, n_iter_no_change=40, random_state=0)
    with pytest.warns(ConvergenceWarning):
        make_pipeline(StandardScaler(), network).fit(X[FOLD != 0], CROSSED[FOLD != 0])
    p = network.predict_proba(StandardScaler().fit(X[FOLD != 0]).transform(X[FOLD == 0]))
    assert_allclose(probes.probabilities("binary", ours[FOLD == 0, 0]), p[:, 1], atol=0.02)


def test_a_network_depends_on_its_seed_and_never_on_the_labels_of_the_tested_fold():
    first, again, other = (predict(CROSSED, random_state=s)[:, 0] for s in (1, 1, 2))
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    moved = np.abs(predict(np.where(FOLD == 0, 1 - CROSSED, CROSSED), random_state=1)[:, 0] - first)
    assert moved[FOLD == 0].max() < 1e-4 and moved[FOLD == 1].max() > 0.05


def test_a_class_that_training_lacks_is_never_told():
    values = predict(np.where(FOLD == 0, 2, CROSSED), "multiclass")
    assert (values[FOLD == 0, 2] == -50).all() and (values[FOLD == 1, 2] > -50).all()
    assert (predict((FOLD == 0) * 1)[FOLD == 0] == -50).all()  # one class alone
