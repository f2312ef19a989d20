"""The network probe: labels that no straight line separates, seeds, waves."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score, roc_auc_score

from genebench import probes

RNG = np.random.default_rng(3)
Z = RNG.standard_normal((900, 4))
X, FOLD = Z * [1, 10, 0.1, 1] + 5, np.arange(900) % 3
CROSSED = (Z[:, 0] * Z[:, 1] > 0).astype(int)
"""Labels by the sign of a product: no straight line separates them."""


def predict(y, kind="binary", n=300, **options):
    """Values of the network probe on the first entities."""
    return probes.predict(X[:n], y[:n], FOLD[:n], kind=kind, probe="mlp", **options)


def test_a_network_learns_what_a_line_cannot():
    line = probes.predict(X, CROSSED, FOLD, kind="binary")[:, 0]
    network = predict(CROSSED, n=900)[:, 0]
    assert abs(roc_auc_score(CROSSED, line) - 0.5) < 0.1
    assert all(roc_auc_score(CROSSED[FOLD == k], network[FOLD == k]) > 0.9 for k in range(3))
    three = np.where(CROSSED == 0, 0, 1 + (Z[:, 0] > 0))
    p = probes.probabilities("multiclass", predict(three, "multiclass", 900))
    assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert np.mean(p.argmax(axis=1) == three) > 0.8
    value = 1000 + 50 * np.abs(Z[:, 0])
    assert r2_score(value, predict(value, "regression", 900)[:, 0]) > 0.8


def test_a_network_depends_on_its_seed_and_never_on_the_labels_of_the_tested_fold():
    first, again, other = (predict(CROSSED, seed=s)[:, 0] for s in (1, 1, 2))
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    turned = predict(np.where(FOLD == 0, 1 - CROSSED, CROSSED), seed=1)[:, 0]
    moved = np.abs(turned - first)
    assert moved[FOLD[:300] == 0].max() < 1e-4 and moved[FOLD[:300] == 1].max() > 0.05


def test_networks_of_many_tasks_equal_those_trained_alone_and_in_waves():
    Y = np.stack([CROSSED, np.roll(CROSSED, 5)], axis=1)
    together, waves = (predict(Y, "multilabel", memory=m) for m in (4e9, 1))
    assert_allclose(waves, together, atol=1e-3)
    assert_allclose(predict(Y[:, 1])[:, 0], together[:, 1], atol=1e-3)
