"""Probes against scikit-learn, closed forms, and what must never matter."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench import probes
from genebench.errors import BadInput, RunFailed


def reference(X, y, fold) -> np.ndarray:
    """Out-of-fold probabilities of scikit-learn's logistic regression at its tight optimum."""
    out = np.zeros(len(y))
    for k in np.unique(fold):
        fit = make_pipeline(StandardScaler(), LogisticRegression(C=1, max_iter=20_000, tol=1e-8))
        out[fold == k] = fit.fit(X[fold != k], y[fold != k]).predict_proba(X[fold == k])[:, 1]
    return out


def folds(y, n_folds: int = 4, seed: int = 0) -> np.ndarray:
    """Stratified fold of each entity."""
    out = np.zeros(len(y), dtype=np.int8)
    for k, (_, test) in enumerate(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(y, y)):
        out[test] = k
    return out


def plain(seed: int = 0, n: int = 300, d: int = 20):
    """Normal features, of which half bear on the label."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, (X[:, : d // 2].sum(1) + 2 * rng.standard_normal(n) > 0).astype(int)


def unscaled():
    """Features of scales from 1e-3 to 1e3, far from zero."""
    X, y = plain(1)
    return X * np.logspace(-3, 3, X.shape[1]) + np.logspace(3, -3, X.shape[1]), y


def constant():
    """Columns of zeros, of ones and of a large number."""
    X, y = plain(2)
    X[:, [0, 3, 5]] = [0, 1, 1e6]
    return X, y


def duplicated():
    """Every column three times, once with its sign turned."""
    X, y = plain(3)
    return np.hstack([X, X, -X]), y


def wide():
    """More columns than entities."""
    return plain(4, n=80, d=150)


def separable():
    """A column that is the label."""
    X, y = plain(5)
    X[:, 0] = 10 * y
    return X, y


def rare():
    """Eight positives among four hundred."""
    X, _ = plain(6, n=400, d=10)
    y = np.zeros(400, int)
    y[np.argsort(-X[:, 0] - X[:, 1])[:24:3]] = 1
    return X, y


def common():
    """All but eight are positive."""
    X, y = rare()
    return X, 1 - y


def indicators():
    """One column per family: most are constant in most training folds."""
    rng = np.random.default_rng(7)
    family = rng.integers(0, 60, 300)
    return np.eye(60)[family], (rng.random(60)[family] + rng.random(300) > 1).astype(int)


def heavy():
    """Log-normal counts with a long tail, many of them tied."""
    rng = np.random.default_rng(8)
    X = np.floor(np.exp(2 * rng.standard_normal((300, 5))))
    return X, (X[:, 0] > np.median(X[:, 0])).astype(int)


CASES = [plain, unscaled, constant, duplicated, wide, separable, rare, common, indicators, heavy]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_logistic_equals_scikit_learn(case):
    X, y = case()
    fold = folds(y)
    mine = probes.logistic(X, y[:, None], fold[:, None])[:, 0]
    theirs = reference(X, y, fold)
    assert np.abs(mine - theirs).max() <= 1e-3
    digits = 2 if case is indicators else 15  # like families tie, and which comes first is rounding in either solver
    mine, theirs = (np.round(p.astype(float), digits) for p in (mine, theirs))
    for k in range(4):
        test = fold == k
        assert abs(roc_auc_score(y[test], mine[test]) - roc_auc_score(y[test], theirs[test])) <= 1e-3


@pytest.fixture(scope="module")
def many():
    """Twenty tasks of very different size on the same entities: X, Y, folds."""
    X, _ = plain(9, n=400, d=30)
    rng = np.random.default_rng(9)
    Y = np.zeros((400, 20), dtype=int)
    for t in range(20):
        order = np.argsort(X @ rng.standard_normal(30) + 3 * rng.standard_normal(400))
        Y[order[: 12 + 15 * t], t] = 1
    return X, Y, np.stack([folds(Y[:, t], seed=t) for t in range(20)], axis=1)


def test_a_task_scores_the_same_alone_and_among_many(many):
    X, Y, F = many
    together = probes.logistic(X, Y, F)
    for t in (0, 7, 19):
        alone = probes.logistic(X, Y[:, [t]], F[:, [t]])[:, 0]
        assert np.abs(alone - together[:, t]).max() <= 2e-3
        for k in range(4):
            test = F[:, t] == k
            a, b = (roc_auc_score(Y[test, t], p[test]) for p in (alone, together[:, t]))
            assert abs(a - b) <= 1e-3


def test_many_tasks_at_once_equal_scikit_learn_one_by_one(many):
    X, Y, F = many
    together = probes.logistic(X, Y, F)
    for t in range(0, 20, 3):
        theirs = reference(X, Y[:, t], F[:, t])
        for k in range(4):
            test = F[:, t] == k
            a, b = (roc_auc_score(Y[test, t], p[test]) for p in (together[:, t], theirs))
            assert abs(a - b) <= 1e-3


def test_logistic_gives_the_same_bits_twice(many):
    X, Y, F = many
    np.testing.assert_array_equal(probes.logistic(X, Y, F), probes.logistic(X, Y, F))


def test_a_prediction_never_depends_on_the_labels_of_its_own_fold(many):
    X, Y, F = many
    turned = np.where(F == 0, 1 - Y, Y)
    before, after = probes.logistic(X, Y[:, 10:], F[:, 10:]), probes.logistic(X, turned[:, 10:], F[:, 10:])
    assert np.abs(before - after)[F[:, 10:] == 0].max() <= 2e-3
    assert np.abs(before - after)[F[:, 10:] != 0].max() > 0.05


def test_logistic_does_not_depend_on_the_scale_of_a_column(many):
    X, Y, F = many
    scaled = probes.logistic(X * np.logspace(-2, 2, X.shape[1]) + 5, Y, F)
    assert np.abs(scaled - probes.logistic(X, Y, F)).max() <= 5e-3


def test_vectors_without_information_give_the_prior_of_the_training_fold():
    y = np.array([0, 1, 1, 1, 0, 1] * 20)
    fold = np.arange(120) % 3
    p = probes.logistic(np.ones((120, 4)), y[:, None], fold[:, None])[:, 0]
    for k in range(3):
        np.testing.assert_allclose(p[fold == k], y[fold != k].mean(), atol=1e-4)


def test_a_fit_that_does_not_converge_is_an_error_and_not_a_score(monkeypatch):
    X, y = plain()
    monkeypatch.setattr(probes, "LogisticRegression", lambda **given: LogisticRegression(**given | {"max_iter": 1}))
    with pytest.raises(RunFailed, match="did not converge, alone and in double precision"):
        probes.logistic(X, y[:, None], folds(y)[:, None], max_iter=1)


def test_a_smaller_c_shrinks_towards_the_prior():
    X, y = plain()
    fold = folds(y)[:, None]
    spread = [np.std(probes.logistic(X, y[:, None], fold, C=c)) for c in (1e-3, 1.0)]
    assert spread[0] < spread[1] / 2


# --- softmax and ridge ------------------------------------------------------------------------------------------------


def test_softmax_of_two_classes_with_few_penalty_agrees_with_the_binary_probe():
    X, y = plain()
    fold = folds(y)
    two = probes.softmax(X, y, fold)[:, 1]
    one = probes.logistic(X, y[:, None], fold[:, None])[:, 0]
    assert np.abs(two - one).max() <= 0.01


def test_softmax_rows_sum_to_one_and_find_the_class():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 200)
    p = probes.softmax(np.eye(4)[y] + 0.1 * rng.standard_normal((200, 4)), y, folds(y))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert (p.argmax(axis=1) == y).all()


def test_softmax_gives_a_class_that_training_never_saw_no_probability():
    y = np.array([0, 1, 2] * 20)
    fold = np.where(y == 2, 0, np.arange(60) // 3 % 3)
    p = probes.softmax(np.random.default_rng(0).standard_normal((60, 3)), y, fold)
    assert (p[fold == 0, 2] == 0).all() and (p[fold == 1, 2] > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_ridge_equals_the_closed_form():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, 6)) * [1, 10, 100, 0.1, 1, 1] + 3
    y = X @ rng.standard_normal(6) + rng.standard_normal(90)
    fold = np.arange(90) % 3
    mine = probes.ridge(X, y, fold, alpha=2.0)
    for k in range(3):
        a, b = X[fold != k], X[fold == k]
        z, w = ((s - a.mean(0)) / a.std(0) for s in (a, b))
        beta = np.linalg.solve(z.T @ z + 2 * np.eye(6), z.T @ (y[fold != k] - y[fold != k].mean()))
        np.testing.assert_allclose(mine[fold == k], w @ beta + y[fold != k].mean(), rtol=1e-9)


@pytest.mark.parametrize("probe", [probes.ridge, probes.softmax])
def test_sequential_probes_never_see_the_labels_of_the_tested_fold(probe):
    X, y = plain()
    fold = folds(y)
    turned = np.where(fold == 0, 1 - y, y)
    np.testing.assert_array_equal(probe(X, y, fold)[fold == 0], probe(X, turned, fold)[fold == 0])


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, probe",
    [("binary", "logistic"), ("multilabel", "logistic"), ("multiclass", "softmax"), ("regression", "ridge")],
)
def test_every_kind_has_its_probe(kind, probe):
    assert probes.for_kind(kind) == probe and kind in probes.PROBES[probe].kinds


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'regression'"):
        probes.for_kind("regresion")


def test_recipes_hold_the_defaults_of_their_functions():
    import inspect

    for name, probe in probes.PROBES.items():
        defaults = {k: p.default for k, p in inspect.signature(probe.predict).parameters.items()}
        assert {k: defaults[k] for k in probe.recipe} == probe.recipe, name
