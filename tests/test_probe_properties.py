"""What must never matter to a probe: the order of things, what else is fitted beside, the unit of a column."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from test_probes import folds, plain

from genebench import probes
from genebench.core.errors import BadInput

KINDS = [
    ("binary", "linear"),
    ("binary", "knn"),
    ("multiclass", "linear"),
    ("regression", "linear"),
]
ROUNDING = {
    ("binary", "linear"): 3e-3,
    ("binary", "knn"): 0,
    ("multiclass", "linear"): 3e-3,
    ("regression", "linear"): 1e-9,
}
"""By how much values may differ where only the order of a sum does: iterative fits end within their tolerance."""


@pytest.fixture(scope="module")
def many():
    """Twelve tasks of very different size on the same entities, each with its own folds: X, Y, F."""
    X, _ = plain(9, n=300, d=16)
    rng = np.random.default_rng(9)
    Y = np.zeros((300, 12), dtype=int)
    for t in range(12):
        order = np.argsort(X @ rng.standard_normal(16) + 3 * rng.standard_normal(300))
        Y[order[: 12 + 20 * t], t] = 1
    return X, Y, np.stack([folds(Y[:, t], seed=t) for t in range(12)], axis=1)


def one(kind: str):
    """Features, labels and folds of one task of a kind."""
    X, y = plain(30, n=300, d=10)
    labels = {"binary": y, "multiclass": X[:, :3].argmax(1), "regression": X @ np.arange(10.0)}[
        kind
    ]
    return X, labels, folds(labels if kind != "regression" else y)


@pytest.mark.parametrize("kind, probe", KINDS)
def test_the_order_of_the_genes_does_not_matter(kind, probe):
    X, y, fold = one(kind)
    order = np.random.default_rng(0).permutation(300)
    straight = probes.predict(X, y, fold, kind=kind, probe=probe)
    mixed = probes.predict(X[order], y[order], fold[order], kind=kind, probe=probe)
    np.testing.assert_allclose(mixed, straight[order], rtol=0, atol=ROUNDING[kind, probe])


@pytest.mark.parametrize("kind, probe", KINDS)
def test_the_numbers_of_the_folds_do_not_matter(kind, probe):
    X, y, fold = one(kind)
    turned = np.array([2, 3, 1, 0])[fold]
    straight, renamed = (probes.predict(X, y, f, kind=kind, probe=probe) for f in (fold, turned))
    np.testing.assert_allclose(renamed, straight, rtol=0, atol=ROUNDING[kind, probe])


@pytest.mark.parametrize("probe", ["linear", "knn"])
def test_the_order_of_the_tasks_does_not_matter(many, probe):
    X, Y, F = many
    order = np.random.default_rng(1).permutation(12)
    straight = probes.predict(X, Y, F, kind="binary", probe=probe)
    mixed = probes.predict(X, Y[:, order], F[:, order], kind="binary", probe=probe)
    np.testing.assert_allclose(mixed, straight[:, order], rtol=0, atol=ROUNDING["binary", probe])


@pytest.mark.parametrize("probe", ["linear", "knn"])
def test_a_task_is_predicted_the_same_alone_and_among_many(many, probe):
    X, Y, F = many
    together = probes.predict(X, Y, F, kind="binary", probe=probe)
    for t in (0, 5, 11):
        alone = probes.predict(X, Y[:, t], F[:, t], kind="binary", probe=probe)[:, 0]
        np.testing.assert_allclose(alone, together[:, t], rtol=0, atol=ROUNDING["binary", probe])
        for k in range(4):
            test = F[:, t] == k
            a, b = (roc_auc_score(Y[test, t], v[test]) for v in (alone, together[:, t]))
            assert abs(a - b) <= 1e-3


def test_one_task_repeated_a_hundred_times_is_predicted_a_hundred_times_the_same(many):
    X, Y, F = many
    alone = probes.predict(X, Y[:, [7]], F[:, [7]], kind="binary")
    hundred = probes.predict(
        X, np.repeat(Y[:, [7]], 100, 1), np.repeat(F[:, [7]], 100, 1), kind="binary"
    )
    np.testing.assert_allclose(hundred, np.repeat(alone, 100, 1), rtol=0, atol=3e-3)


def test_a_fold_is_predicted_the_same_whatever_the_other_folds_are(many):
    """A fit sees its training entities; how these are parted for other fits is nothing to it."""
    X, Y, F = many
    y, fold = Y[:, 8], F[:, 8]
    parted = np.where(fold == 0, 0, 1 + np.arange(300) % 2)
    before, after = (probes.predict(X, y, f, kind="binary")[:, 0] for f in (fold, parted))
    np.testing.assert_allclose(after[fold == 0], before[fold == 0], rtol=0, atol=3e-3)


def test_the_other_class_turns_the_sign_of_the_log_odds(many):
    X, Y, F = many
    values, turned = (probes.predict(X, labels, F, kind="binary") for labels in (Y, 1 - Y))
    np.testing.assert_allclose(turned, -values, rtol=0, atol=3e-3)
    for t in range(12):
        test = F[:, t] == 0
        area = roc_auc_score(Y[test, t], values[test, t])
        assert roc_auc_score(Y[test, t], turned[test, t]) == pytest.approx(1 - area, abs=1e-3)


@pytest.mark.parametrize(
    "kind, probe", [*KINDS, ("binary", "mlp"), ("multiclass", "mlp"), ("regression", "mlp")]
)
def test_the_same_input_gives_the_same_bits(kind, probe):
    X, y, fold = one(kind)
    first, second = (probes.predict(X, y, fold, kind=kind, probe=probe) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_the_unit_of_a_column_does_not_matter(kind):
    X, y, fold = one(kind)
    straight = probes.predict(X, y, fold, kind=kind)
    scaled = probes.predict(X * np.logspace(-2, 2, 10) + 5, y, fold, kind=kind)
    np.testing.assert_allclose(scaled, straight, rtol=0, atol=max(ROUNDING[kind, "linear"], 1e-8))


def test_the_unit_of_a_column_matters_where_vectors_keep_their_own_scale():
    X, y, fold = one("binary")
    straight, scaled = (
        probes.predict(X * s, y, fold, kind="binary", standardise=False) for s in (1, 0.01)
    )
    assert np.std(scaled) < np.std(straight) / 5


def test_labels_of_many_columns_may_share_one_column_of_folds(many):
    X, Y, F = many
    shared, wide = (
        probes.predict(X, Y, f, kind="multilabel") for f in (F[:, 0], np.repeat(F[:, [0]], 12, 1))
    )
    np.testing.assert_array_equal(shared, wide)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("probe", list(probes.PROBES))
def test_a_vector_that_is_no_number_is_named_by_row_and_column(probe, value):
    X, y, fold = one("binary")
    X = X.copy()
    X[41, 7] = X[200, 1] = value
    with pytest.raises(
        BadInput, match=f"row 41, column 7 of the vectors is {value}; mend or drop it"
    ):
        probes.predict(X, y, fold, kind="binary", probe=probe)


def test_labels_that_do_not_fit_the_vectors_are_refused():
    X, y, fold = one("binary")
    with pytest.raises(BadInput, match="do not fit together"):
        probes.predict(X[:-1], y, fold, kind="binary")
