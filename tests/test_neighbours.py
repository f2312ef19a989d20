"""The nearest-neighbour and network probes: scikit-learn's neighbours, and labels that no straight line parts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from test_probes import folds, plain

from genebench import probes
from genebench.core.errors import BadInput
from genebench.probes import features, neighbours


def neighbour_reference(X, y, fold, fit, answer: str) -> np.ndarray:
    """Out-of-fold answers of scikit-learn's neighbours by cosine, on vectors standardised once over all entities."""
    Z, out = StandardScaler().fit_transform(X), None
    for k in np.unique(fold[fold >= 0]):
        train = (fold != k) & (fold >= 0)
        got = getattr(fit.fit(Z[train], y[train]), answer)(Z[fold == k])
        out = np.zeros((len(y), *got.shape[1:])) if out is None else out
        out[fold == k] = got
    return out


def data(n: int = 400):
    """Vectors, two classes, three classes, numbers and folds."""
    X, y = plain(40, n=n, d=12)
    return X * np.logspace(-1, 1, 12) + 2, y, X[:, :3].argmax(1), X[:, 0] + X[:, 1] ** 2, folds(y)


@pytest.mark.parametrize("k", [1, 15])
def test_neighbours_of_two_classes_vote_as_with_scikit_learn(k):
    X, y, _, _, fold = data()
    share = neighbour_reference(
        X, y, fold, KNeighborsClassifier(k, metric="cosine"), "predict_proba"
    )[:, 1]
    mine = probes.predict(X, y, fold, kind="binary", probe="knn", k=k)[:, 0]
    np.testing.assert_allclose(mine, np.log((share * k + 0.5) / ((1 - share) * k + 0.5)), atol=1e-6)
    for f in range(4):
        t = fold == f
        assert roc_auc_score(y[t], mine[t].round(4)) == pytest.approx(
            roc_auc_score(y[t], share[t].round(9)), abs=1e-12
        )


def test_neighbours_of_three_classes_vote_as_with_scikit_learn():
    X, _, y, _, fold = data()
    share = neighbour_reference(
        X, y, fold, KNeighborsClassifier(15, metric="cosine"), "predict_proba"
    )
    mine = probes.probabilities(
        "multiclass", probes.predict(X, y, fold, kind="multiclass", probe="knn")
    )
    np.testing.assert_allclose(mine, (share * 15 + 0.5) / (15 + 1.5), atol=1e-6)
    np.testing.assert_allclose(mine.sum(axis=1), 1, atol=1e-6)


def test_neighbours_average_numbers_as_with_scikit_learn():
    X, _, _, y, fold = data()
    theirs = neighbour_reference(X, y, fold, KNeighborsRegressor(15, metric="cosine"), "predict")
    mine = probes.predict(X, y, fold, kind="regression", probe="knn")[:, 0]
    np.testing.assert_allclose(mine, theirs, atol=1e-9)


def test_every_task_has_its_own_folds_and_those_left_out_do_not_vote():
    X, y, _, _, fold = data()
    other = folds(y, 3, seed=5)
    other[::4] = -1
    Y, F = np.stack([y, 1 - y], axis=1), np.stack([fold, other], axis=1)
    mine = neighbours.knn_votes(features.Rows(X), Y, F)
    for t in range(2):
        theirs = neighbour_reference(
            X, Y[:, t], F[:, t], KNeighborsRegressor(15, metric="cosine"), "predict"
        )
        np.testing.assert_allclose(mine[:, t], theirs, atol=1e-9)


def test_an_entity_whose_nearest_are_all_in_its_own_fold_looks_further():
    """Two heaps, each mostly in one fold: the first search finds too few training entities."""
    rng = np.random.default_rng(0)
    heap = np.repeat([0, 1], 150)
    X = rng.standard_normal((300, 5)) * 0.1 + np.where(heap, 3, -3)[:, None] * [1, 1, 0, 0, 0]
    y = rng.integers(0, 2, 300)
    fold = np.where(rng.random(300) < 0.03, 1 - heap, heap)
    theirs = neighbour_reference(X, y, fold, KNeighborsRegressor(15, metric="cosine"), "predict")
    np.testing.assert_allclose(
        neighbours.knn_votes(features.Rows(X), y[:, None], fold[:, None])[:, 0], theirs, atol=1e-9
    )


def test_a_search_in_pieces_gives_the_same_votes():
    X, y, _, _, fold = data()
    held = features.Rows(X)
    whole, pieces = (
        neighbours.knn_votes(held, y[:, None], fold[:, None], memory=m)
        for m in (2e9, 12 * 400 * 37)
    )
    np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize("probe", ["knn", "mlp"])
def test_pairs_are_for_the_linear_probe_alone(probe):
    X, y, *_ = data(60)
    with pytest.raises(BadInput, match="takes no pair tasks; use one of linear"):
        probes.predict(
            X, y, folds(y), kind="pair", probe=probe, pairs=(np.arange(60), np.arange(60)[::-1])
        )


# --- networks ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crossed():
    """Labels by the sign of a product: no straight line parts them."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((1200, 4))
    return X * [1, 10, 0.1, 1] + 5, (X[:, 0] * X[:, 1] > 0).astype(int), np.arange(1200) % 3


def test_a_network_learns_what_a_line_cannot(crossed):
    X, y, fold = crossed
    line, network = (
        probes.predict(X, y, fold, kind="binary", probe=p)[:, 0] for p in ("linear", "mlp")
    )
    for k in range(3):
        t = fold == k
        assert (
            abs(roc_auc_score(y[t], line[t]) - 0.5) < 0.1 and roc_auc_score(y[t], network[t]) > 0.9
        )


def test_a_network_learns_three_classes_and_numbers(crossed):
    X, y, fold = crossed
    three = np.where(y == 0, 0, 1 + (X[:, 0] > 5))
    p = probes.probabilities(
        "multiclass", probes.predict(X, three, fold, kind="multiclass", probe="mlp")
    )
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert np.mean(p.argmax(axis=1) == three) > 0.8
    value = 1000 + 50 * np.abs(X[:, 0] - 5)
    mine = probes.predict(X, value, fold, kind="regression", probe="mlp")[:, 0]
    assert r2_score(value, mine) > 0.8


def test_a_network_depends_on_its_seed_alone(crossed):
    X, y, fold = crossed
    first, again, other = (
        probes.predict(X[:300], y[:300], fold[:300], kind="binary", probe="mlp", seed=s)
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_a_network_never_sees_the_labels_of_the_tested_fold(crossed):
    X, y, fold = (a[:300] for a in crossed)
    turned = np.where(fold == 0, 1 - y, y)
    before, after = (
        probes.predict(X, labels, fold, kind="binary", probe="mlp")[:, 0] for labels in (y, turned)
    )
    np.testing.assert_allclose(after[fold == 0], before[fold == 0], atol=1e-4)
    assert np.abs(after - before)[fold == 1].max() > 0.05


def test_networks_of_many_tasks_equal_those_trained_alone_and_in_waves(crossed):
    X, y, fold = (a[:300] for a in crossed)
    Y = np.stack([y, 1 - y, np.roll(y, 5)], axis=1)
    together = probes.predict(X, Y, fold, kind="multilabel", probe="mlp")
    waves = probes.predict(X, Y, fold, kind="multilabel", probe="mlp", memory=1)
    alone = probes.predict(X, Y[:, 2], fold, kind="binary", probe="mlp")[:, 0]
    np.testing.assert_allclose(waves, together, atol=1e-3)
    np.testing.assert_allclose(alone, together[:, 2], atol=1e-3)
