"""Linear probes against scikit-learn, closed forms, and what must never matter."""

from __future__ import annotations

import inspect
from functools import cache, partial
from importlib import import_module

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench import probes
from genebench.core.errors import BadInput, RunFailed
from genebench.probes import features, linear, solver

TIGHT = 1e-4
"""Tolerance of fits whose log-odds are looked at, not only their order."""


def exact(*, C: float = 1.0, standardise: bool = True):
    """Scikit-learn's logistic regression at its tight optimum (two classes or more), not fitted."""
    fit = LogisticRegression(C=C, solver="newton-cholesky", max_iter=1000, tol=1e-10)
    return make_pipeline(StandardScaler(with_std=standardise), fit)


def reference(X, y, fold, *, C: float = 1.0, standardise: bool = True) -> np.ndarray:
    """Out-of-fold log-odds of scikit-learn; fold −1 is left out and has 0."""
    X, out = np.asarray(X, dtype=np.float64), np.zeros(len(y))
    for k in np.unique(fold[fold >= 0]):
        train = (fold != k) & (fold >= 0)
        fit = exact(C=C, standardise=standardise).fit(X[train], y[train])
        out[fold == k] = fit.decision_function(X[fold == k])
    return out


def folds(y, n_folds: int = 4, seed: int = 0) -> np.ndarray:
    """Stratified fold of each entity."""
    out = np.zeros(len(y), dtype=np.int8)
    for k, (_, test) in enumerate(
        StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(y, y)
    ):
        out[test] = k
    return out


def gaps(y, mine, theirs, fold) -> np.ndarray:
    """|ΔAUROC| of each fold.

    Entities that the reference holds to be exactly alike (copies, families of like counts) tie; whom of them a
    solver's rounding puts first says nothing, so they tie in both.
    """
    out = []
    for k in np.unique(fold[fold >= 0]):
        t = fold == k
        alike, group = np.unique(theirs[t].round(6), return_inverse=True)
        level = np.bincount(group, mine[t]) / np.bincount(group)
        out.append(abs(roc_auc_score(y[t], level[group]) - roc_auc_score(y[t], alike[group])))
    return np.array(out)


def binary(X, y, fold, **options) -> np.ndarray:
    """Log-odds of one binary task, (n,)."""
    return probes.predict(X, y, fold, kind="binary", **options)[:, 0]


def plain(seed: int = 0, n: int = 1000, d: int = 20):
    """Normal features, of which half bear on the label."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, (X[:, : d // 2].sum(1) + 2 * rng.standard_normal(n) > 0).astype(int)


def unscaled():
    """Features of scales from 1e-3 to 1e3, far from zero."""
    X, y = plain(1)
    return X * np.logspace(-3, 3, X.shape[1]) + np.logspace(3, -3, X.shape[1]), y


def shifted():
    """Features far from zero: a thousand deviations."""
    X, y = plain(11)
    return X + 1000, y


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
    return plain(4, n=200, d=350)


def separable():
    """A column that is the label."""
    X, y = plain(5)
    X[:, 0] = 10 * y
    return X, y


def large():
    """Separable classes in large numbers."""
    X, y = plain(12)
    return 100 * X, (X[:, 0] + X[:, 1] > 0).astype(int)


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


def three():
    """Three positives among six hundred: one fold is tested on two of them."""
    X, _ = plain(13, n=600, d=30)
    y = np.zeros(600, int)
    y[np.argsort(-X[:, 0])[:60:20]] = 1
    return X, y


def indicators():
    """One column per family: most are constant in most training folds."""
    rng = np.random.default_rng(7)
    family = rng.integers(0, 60, 300)
    return np.eye(60)[family], (rng.random(60)[family] + rng.random(300) > 1).astype(int)


def heavy():
    """Log-normal counts with a long tail, many of them tied."""
    rng = np.random.default_rng(8)
    X = np.floor(np.exp(2 * rng.standard_normal((600, 5))))
    return X, (X[:, 0] + X[:, 1] * rng.random(600) > np.median(X[:, 0]) + 1).astype(int)


def outlier():
    """One value a million deviations away."""
    X, y = plain(14)
    X[17, 3] = 1e6
    return X, y


def far_row():
    """One entity ten thousand times longer than the others, in no special direction."""
    X, y = plain(20)
    X[17] *= 1e4
    return X, y


CASES = [
    plain,
    unscaled,
    shifted,
    constant,
    duplicated,
    wide,
    separable,
    large,
    rare,
    common,
    three,
    indicators,
    heavy,
    outlier,
    far_row,
]


@cache
def compared(case, standardise: bool) -> tuple[np.ndarray, np.ndarray]:
    """|ΔAUROC| of each fold of a case to scikit-learn, and |Δ log-odds| of each entity, relative beyond one.

    AUROC by the default tolerance, log-odds by a tighter one.
    """
    X, y = case()
    fold = folds(y, 3) if case is three else folds(y)
    mine, tight = (
        binary(X, y, fold, standardise=standardise, **how) for how in ({}, {"tolerance": TIGHT})
    )
    theirs = np.clip(reference(X, y, fold, standardise=standardise), -probes.LIMIT, probes.LIMIT)
    return gaps(y, mine, theirs, fold), np.abs(tight - theirs) / np.maximum(1, np.abs(theirs))


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_logistic_equals_scikit_learn(case, standardise):
    gap, error = compared(case, standardise)
    assert gap.max() <= 1e-3
    assert error.max() <= 5e-3 and np.median(error) <= 2e-4


def test_half_of_all_folds_score_as_with_scikit_learn_to_four_digits():
    every = np.concatenate(
        [compared(case, standardise)[0] for case in CASES for standardise in (True, False)]
    )
    assert len(every) > 100 and np.median(every) <= 1e-4


def test_an_outlier_in_the_test_fold_does_not_end_the_fit_of_the_others_too_early():
    """On features of their own scale the curvature of all entities is not that of the training ones."""
    X, y = plain(20)
    X[17] *= 1e6
    fold = folds(y)
    train, others = fold != fold[17], (fold == fold[17]) & (np.arange(len(y)) != 17)
    fit = exact(standardise=False).fit(X[train], y[train])
    mine = binary(X, y, fold, standardise=False)
    np.testing.assert_allclose(mine[others], fit.decision_function(X[others]), atol=0.05)


@pytest.mark.parametrize("C", [1e-3, 30.0])
def test_any_strength_of_the_penalty_agrees(C):
    X, y = plain(21)
    fold = folds(y)
    mine, theirs = binary(X, y, fold, C=C), reference(X, y, fold, C=C)
    assert gaps(y, mine, theirs, fold).max() <= 1e-3
    np.testing.assert_allclose(mine, theirs, atol=3e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_any_real_type_of_vectors_is_taken(dtype):
    X, y = plain(22)
    X = (10 * X).astype(dtype)
    fold = folds(y)
    assert gaps(y, binary(X, y, fold), reference(X, y, fold), fold).max() <= 1e-3


def test_entities_of_fold_minus_one_are_neither_trained_on_nor_predicted():
    X, y = plain(23)
    fold = folds(y)
    fold[::5] = -1
    mine = binary(X, y, fold)
    assert (mine[fold < 0] == 0).all()
    assert gaps(y, mine, reference(X, y, fold), fold).max() <= 1e-3
    np.testing.assert_allclose(mine, reference(X, y, fold), atol=3e-3)


def test_a_label_absent_from_a_fold_is_fitted_on_the_others():
    X, y = plain(24)
    fold = folds(y)
    absent = np.where(fold == 0, 0, y)
    mine, theirs = binary(X, absent, fold), reference(X, absent, fold)
    np.testing.assert_allclose(mine, theirs, atol=3e-3)


def test_a_label_that_training_never_has_is_given_the_share_of_the_training_entities():
    X, y = plain(25, n=200)
    fold = folds(y)
    Y = np.stack([np.where(fold == 0, y, 0), y], axis=1)
    mine = probes.predict(X, Y, fold, kind="multilabel")
    assert (mine[fold == 0, 0] == np.float32(np.log(0.5 / ((fold != 0).sum() + 0.5)))).all()
    for k in (1, 2, 3):  # the other folds are fitted as ever
        theirs = exact().fit(X[fold != k], Y[fold != k, 0]).decision_function(X[fold == k])
        np.testing.assert_allclose(mine[fold == k, 0], theirs, atol=3e-3)
    np.testing.assert_allclose(mine[:, 1], reference(X, y, fold), atol=3e-3)


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


def test_many_tasks_at_once_equal_scikit_learn_one_by_one(many):
    X, Y, F = many
    together = probes.predict(X, Y, F, kind="multilabel")
    for t in range(0, 20, 3):
        theirs = reference(X, Y[:, t], F[:, t])
        assert gaps(Y[:, t], together[:, t], theirs, F[:, t]).max() <= 1e-3
        np.testing.assert_allclose(together[:, t], theirs, atol=5e-3)


def test_problems_that_go_in_waves_give_the_same_answers(many):
    X, Y, F = many
    held = features.Rows(X)
    wide, narrow = (linear.logistic(held, Y, F, memory=memory) for memory in (2e9, 1))
    np.testing.assert_allclose(wide, narrow, atol=3e-3)
    one = 4 * (3 * 400 + 28 * 31) * 4
    np.testing.assert_allclose(linear.logistic(held, Y, F, memory=7 * one), narrow, atol=3e-3)


def test_vectors_without_information_give_the_prior_of_the_training_fold():
    y = np.array([0, 1, 1, 1, 0, 1] * 20)
    fold = np.arange(120) % 3
    p = probes.probabilities("binary", binary(np.ones((120, 4)), y, fold))
    for k in range(3):
        np.testing.assert_allclose(p[fold == k], y[fold != k].mean(), atol=1e-4)


def test_fits_that_single_precision_does_not_end_go_on_in_double(monkeypatch):
    X, y = unscaled()
    fold = folds(y)
    asked = []
    right = solver.solve

    def short(held, problems, **options):
        asked.append(held.X.dtype.itemsize)
        return right(held, problems, **{**options, "max_iter": options.get("max_iter", 3)})

    monkeypatch.setattr(solver, "solve", short)
    mine = binary(X, y, fold)
    assert asked == [4, 8]
    np.testing.assert_allclose(mine, reference(X, y, fold), atol=3e-3)


def test_a_fit_that_does_not_converge_is_an_error_and_not_a_score(monkeypatch):
    X, y = plain()
    right = solver.solve
    monkeypatch.setattr(
        solver, "solve", lambda *given, **options: right(*given, **{**options, "max_iter": 1})
    )
    with pytest.raises(
        RunFailed, match="linear fits did not converge in 1 iterations in double precision"
    ):
        binary(X, y, folds(y))


def test_a_smaller_c_shrinks_towards_the_prior():
    X, y = plain()
    spread = [np.std(binary(X, y, folds(y), C=c)) for c in (1e-3, 1.0)]
    assert spread[0] < spread[1] / 2


# --- the strength of the penalty, chosen ------------------------------------------------------------------------------


def small(seed: int):
    """Sixty entities in two folds, with more noise than signal."""
    X, _ = plain(seed, n=60, d=8)
    y = (X[:, 0] + 2 * np.random.default_rng(seed).standard_normal(60) > 0).astype(int)
    return X, y, folds(y, 2)


def left_out_loss(X, y, C: float, standardise: bool) -> float:
    """Leave-one-out log-loss by one exact refit for each entity, on features standardised once."""
    Z = StandardScaler(with_std=standardise).fit_transform(X)
    p = np.zeros(len(y))
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        fit = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-8).fit(Z[rest], y[rest])
        p[i] = fit.predict_proba(Z[[i]])[0, 1]
    return log_loss(y, p)


def chosen_strengths(X, y, fold, C: str, **options) -> list[float]:
    """Which of the strengths the probe took in each fold, told by its predictions."""
    mine = binary(X, y, fold, C=C, **options)
    each = np.stack([binary(X, y, fold, C=c, **options) for c in linear.GRID])
    miss = [np.abs(each[:, fold == k] - mine[fold == k]).max(axis=1) for k in np.unique(fold)]
    assert all(m.min() < 1e-3 for m in miss)
    return [linear.GRID[int(m.argmin())] for m in miss]


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_strength_chosen_by_leaving_one_out_is_as_good_as_the_best_of_exact_refits(
    seed, standardise
):
    X, y, fold = small(seed)
    X = X if standardise else X * 0.3
    for k, C in enumerate(chosen_strengths(X, y, fold, "loo", standardise=standardise)):
        train = fold != k
        loss = {c: left_out_loss(X[train], y[train], c, standardise) for c in linear.GRID}
        assert loss[C] <= min(loss.values()) * 1.02
        assert max(loss.values()) > min(loss.values()) * 1.05  # there is something to choose


def test_the_strength_chosen_by_inner_folds_is_that_of_exact_fits():
    X, y, fold = small(3)
    part = np.random.default_rng(0).permutation(np.arange(60) % linear.INNER)
    for k, C in enumerate(chosen_strengths(X, y, fold, "inner")):
        loss = []
        for c in linear.GRID:
            p = np.zeros(60)
            for inner in range(linear.INNER):
                fit = exact(C=c).fit(
                    X[(fold != k) & (part != inner)], y[(fold != k) & (part != inner)]
                )
                p[part == inner] = fit.predict_proba(X[part == inner])[:, 1]
            loss.append(log_loss(y[fold != k], p[fold != k]))
        assert C == linear.GRID[int(np.argmin(loss))]


@pytest.mark.parametrize("C", ["loo", "inner"])
def test_the_chosen_strength_never_depends_on_the_labels_of_the_tested_fold(C):
    X, y, fold = small(4)
    turned = np.where(fold == 0, 1 - y, y)
    before, after = (binary(X, labels, fold, C=C) for labels in (y, turned))
    np.testing.assert_allclose(after[fold == 0], before[fold == 0], atol=1e-5)
    assert np.abs(after - before)[fold == 1].max() > 0.01


@pytest.mark.parametrize("C", [0, -1.0, "best"])
def test_a_strength_that_is_none_is_refused(C):
    X, y, fold = small(0)
    with pytest.raises(BadInput, match="it must be a positive number, 'loo' or 'inner'"):
        binary(X, y, fold, C=C)


# --- softmax ----------------------------------------------------------------------------------------------------------


def classes(n_classes: int, n: int = 900, d: int = 12, seed: int = 0):
    """Features and classes of unlike size."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    y = (2 * X @ rng.standard_normal((d, n_classes)) + 3 * rng.gumbel(size=(n, n_classes))).argmax(
        axis=1
    )
    y[: 5 * n_classes] = np.repeat(np.arange(n_classes), 5)
    return X, y


def softmax_reference(X, y, fold, **options) -> np.ndarray:
    """Out-of-fold log-probabilities of scikit-learn; a class that training never saw has −inf."""
    out = np.full((len(y), y.max() + 1), -np.inf)
    for k in np.unique(fold[fold >= 0]):
        train = (fold != k) & (fold >= 0)
        fit = exact(**options).fit(X[train], y[train])
        rows = np.flatnonzero(fold == k)
        out[np.ix_(rows, fit[-1].classes_)] = fit.predict_log_proba(X[rows])
    return out


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
@pytest.mark.parametrize("n_classes", [6, 24])
def test_softmax_equals_scikit_learn(n_classes, standardise):
    X, y = classes(n_classes)
    X = X * np.logspace(-1, 1, X.shape[1]) + 3
    fold = folds(y, 3)
    mine = probes.predict(X, y, fold, kind="multiclass", standardise=standardise)
    theirs = softmax_reference(X, y, fold, standardise=standardise)
    assert np.abs(mine - theirs)[theirs > -10].max() <= 0.01
    assert np.abs(np.exp(mine) - np.exp(theirs)).max() <= 1e-3
    for c in range(n_classes):
        assert gaps((y == c).astype(int), mine[:, c], theirs[:, c], fold).max() <= 1e-3


def test_softmax_gives_a_class_that_training_never_saw_no_probability():
    X, y = classes(4, n=300)
    fold = np.where(y == 2, 0, np.arange(300) // 3 % 3)
    fold[y == 1] = np.arange((y == 1).sum()) % 3
    p = probes.probabilities("multiclass", probes.predict(X, y, fold, kind="multiclass"))
    assert (p[fold == 0, 2] < 1e-20).all() and (p[fold == 1, 2] > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(p, np.exp(softmax_reference(X, y, fold)), atol=1e-3)


def test_softmax_of_two_classes_with_few_penalty_agrees_with_the_binary_probe():
    X, y = plain()
    two = probes.predict(X, y, folds(y), kind="multiclass")
    one = probes.probabilities("binary", binary(X, y, folds(y)))
    assert np.abs(np.exp(two[:, 1]) - one).max() <= 0.01


def test_softmax_rows_sum_to_one_and_find_the_class():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 200)
    X = np.eye(4)[y] + 0.1 * rng.standard_normal((200, 4))
    p = probes.probabilities("multiclass", probes.predict(X, y, folds(y), kind="multiclass"))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert (p.argmax(axis=1) == y).all()


def test_softmax_in_waves_and_in_double_precision_gives_the_same_answers(monkeypatch):
    X, y = classes(6)
    fold = folds(y, 3)
    held = features.Rows(X)
    right = linear.softmax(held, y, fold)
    np.testing.assert_allclose(
        np.exp(linear.softmax(held, y, fold, memory=1)), np.exp(right), atol=1e-3
    )
    monkeypatch.setattr(solver, "solve", partial(solver.solve, max_iter=2))
    np.testing.assert_allclose(np.exp(linear.softmax(held, y, fold)), np.exp(right), atol=1e-3)


def test_the_inner_loss_of_softmax_is_that_of_exact_fits_with_a_class_absent_from_one():
    X, y = classes(5, n=120)
    part = np.random.default_rng(0).permutation(np.arange(120) % linear.INNER)
    y = np.where(
        (y == 3) & (part != 1), 0, y
    )  # inner fold 1 is tested on a class that inner training never has
    fold = folds(y, 2)
    held = features.Rows(X)
    labels, train, mask = linear._tables(held, y[:, None], fold[:, None])
    for C in linear.GRID:
        problems = solver.Problems(
            labels, torch.zeros(2, dtype=torch.long), train, mask[0], torch.full((2,), C), 5
        )
        mine = linear._inner_loss(held, problems, {"tolerance": 1e-4}, 0)
        theirs = [_inner_loss(X, y, fold != k, part, C) for k in (0, 1)]
        np.testing.assert_allclose(mine.numpy(), theirs, rtol=1e-3)


def _inner_loss(X, y, train, part, C: float) -> float:
    """Log-loss over inner folds by scikit-learn, log-probabilities not below the probe's floor."""
    total = 0.0
    for inner in range(linear.INNER):
        inside, test = train & (part != inner), train & (part == inner)
        fit = exact(C=C).fit(X[inside], y[inside])
        log = np.full((test.sum(), y.max() + 1), linear.FLOOR)
        log[:, fit[-1].classes_] = fit.predict_log_proba(X[test])
        total -= log[np.arange(test.sum()), y[test]].sum()
    return total / train.sum()


# --- ridge ------------------------------------------------------------------------------------------------------------


def numbers(seed: int = 0, n: int = 90, d: int = 6):
    """Features of unlike scale, far from zero, and two columns of numbers to be predicted."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * np.resize([1, 10, 100, 0.1, 1, 1], d) + 3
    return X, X @ rng.standard_normal((d, 2)) / 10 + rng.standard_normal((n, 2)) + 5


def ridge_reference(X, Y, fold, fit, *, standardise: bool) -> np.ndarray:
    """Out-of-fold predictions of a scikit-learn regression, column by column."""
    out = np.zeros(Y.shape)
    for k in np.unique(fold):
        for t in range(Y.shape[1]):
            model = make_pipeline(StandardScaler(with_std=standardise), fit)
            out[fold == k, t] = model.fit(X[fold != k], Y[fold != k, t]).predict(X[fold == k])
    return out


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
@pytest.mark.parametrize("d", [6, 150])
def test_ridge_equals_scikit_learn(d, standardise):
    X, Y = numbers(d=d)
    fold = np.arange(90) % 3
    mine = probes.predict(X, Y, fold, kind="regression", alpha=2.0, standardise=standardise)
    theirs = ridge_reference(X, Y, fold, Ridge(2.0), standardise=standardise)
    np.testing.assert_allclose(mine, theirs, rtol=1e-7)


@pytest.mark.parametrize("d", [6, 150])
def test_ridge_chooses_its_penalty_as_scikit_learn_does(d):
    X, Y = numbers(1, d=d)
    fold, alphas = np.arange(90) % 3, [0.1, 1.0, 10.0, 100.0]
    mine = probes.predict(X, Y, fold, kind="regression", alpha=alphas)
    np.testing.assert_allclose(
        mine, ridge_reference(X, Y, fold, RidgeCV(alphas), standardise=True), rtol=1e-6
    )


def test_ridge_equals_the_closed_form():
    X, Y = numbers(2)
    y, fold = Y[:, 0], np.arange(90) % 3
    mine = probes.predict(X, y, fold, kind="regression", alpha=2.0)[:, 0]
    for k in range(3):
        a, b = X[fold != k], X[fold == k]
        z, w = ((s - a.mean(0)) / a.std(0) for s in (a, b))
        beta = np.linalg.solve(z.T @ z + 2 * np.eye(6), z.T @ (y[fold != k] - y[fold != k].mean()))
        np.testing.assert_allclose(mine[fold == k], w @ beta + y[fold != k].mean(), rtol=1e-9)


@pytest.mark.parametrize("kind, digits", [("regression", 15), ("binary", 5), ("multiclass", 5)])
def test_a_prediction_never_depends_on_the_labels_of_its_own_fold(kind, digits):
    X, y = plain()
    fold = folds(y)
    turned = np.where(fold == 0, 1 - y, y)
    before, after = (probes.predict(X, labels, fold, kind=kind) for labels in (y, turned))
    np.testing.assert_allclose(after[fold == 0], before[fold == 0], rtol=0, atol=10.0**-digits)
    assert np.abs(before - after)[fold != 0].max() > 0.05


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, name",
    [
        ("binary", "logistic"),
        ("multilabel", "logistic"),
        ("pair", "logistic"),
        ("multiclass", "softmax"),
        ("regression", "ridge"),
    ],
)
def test_every_kind_has_its_linear_probe(kind, name):
    assert probes.method(kind).name == name and probes.takes(kind)


def test_a_probe_that_does_not_take_a_kind_says_who_does():
    assert not probes.takes("pair", "knn")
    with pytest.raises(BadInput, match="the probe 'knn' takes no pair tasks; use one of linear"):
        probes.method("pair", "knn")


def test_an_unknown_probe_is_answered_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'linear'"):
        probes.method("binary", "liner")


def test_recipes_hold_the_defaults_of_their_functions():
    for name, probe in probes.PROBES.items():
        for kind, how in probe.methods.items():
            held = inspect.getclosurevars(how.fit).nonlocals
            function = getattr(
                import_module(f"genebench.probes.{held['module']}"), held["function"]
            )
            defaults = {k: p.default for k, p in inspect.signature(function).parameters.items()}
            assert {k: defaults[k] for k in how.options} == how.options, (name, kind)
