"""The network probe: labels that no straight line separates, seeds, waves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from genebench import probes


@pytest.fixture(scope="module")
def crossed():
    """Labels by the sign of a product: no straight line separates them."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((900, 4))
    return X * [1, 10, 0.1, 1] + 5, (X[:, 0] * X[:, 1] > 0).astype(int), np.arange(900) % 3


def predict(X, y, fold, kind="binary", **options) -> np.ndarray:
    """Values of the network probe."""
    return probes.predict(X, y, fold, kind=kind, probe="mlp", **options)


def test_a_network_learns_two_classes_that_a_line_cannot(crossed):
    X, y, fold = crossed
    line = probes.predict(X, y, fold, kind="binary")[:, 0]
    network = predict(X, y, fold)[:, 0]
    assert abs(roc_auc_score(y, line) - 0.5) < 0.1
    assert all(roc_auc_score(y[fold == k], network[fold == k]) > 0.9 for k in range(3))


def test_a_network_learns_three_classes_and_numbers(crossed):
    X, y, fold = crossed
    three = np.where(y == 0, 0, 1 + (X[:, 0] > 5))
    p = probes.probabilities("multiclass", predict(X, three, fold, "multiclass"))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert np.mean(p.argmax(axis=1) == three) > 0.8
    value = 1000 + 50 * np.abs(X[:, 0] - 5)
    assert r2_score(value, predict(X, value, fold, "regression")[:, 0]) > 0.8


def test_a_network_depends_on_its_seed_and_never_on_the_labels_of_the_tested_fold(crossed):
    X, y, fold = (a[:300] for a in crossed)
    first, again, other = (predict(X, y, fold, seed=s)[:, 0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    turned = predict(X, np.where(fold == 0, 1 - y, y), fold, seed=1)[:, 0]
    np.testing.assert_allclose(turned[fold == 0], first[fold == 0], atol=1e-4)
    assert np.abs(turned - first)[fold == 1].max() > 0.05


def test_networks_of_many_tasks_equal_those_trained_alone_and_in_waves(crossed):
    X, y, fold = (a[:300] for a in crossed)
    Y = np.stack([y, np.roll(y, 5)], axis=1)
    together, waves = (predict(X, Y, fold, "multilabel", memory=m) for m in (4e9, 1))
    np.testing.assert_allclose(waves, together, atol=1e-3)
    np.testing.assert_allclose(predict(X, Y[:, 1], fold)[:, 0], together[:, 1], atol=1e-3)
