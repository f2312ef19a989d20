"""The batched solver: waves of problems, single and double precision, fits that do not end."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from helpers import folds, plain, reference

from genebench import probes
from genebench.core.errors import RunFailed
from genebench.probes import features, linear, solver


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


def test_problems_in_waves_give_the_same_answers(many):
    X, Y, F = many
    rows, one = features.Features(X), 4 * (3 * 400 + 28 * 31) * 4
    whole, few = (linear.logistic(rows, Y, F, memory=m) for m in (2e9, 7 * one))
    single = linear.logistic(rows, Y[:, :4], F[:, :4], memory=1)
    np.testing.assert_allclose(few, whole, atol=3e-3)
    np.testing.assert_allclose(single, whole[:, :4], atol=3e-3)


def test_softmax_in_waves_and_in_double_precision_gives_the_same_answers(monkeypatch):
    X, _ = plain(3, n=600, d=12)
    y, fold = X[:, :6].argmax(axis=1), np.arange(600) % 3
    rows = features.Features(X)
    whole, single = (np.exp(linear.softmax(rows, y, fold, memory=m)) for m in (2e9, 1))
    monkeypatch.setattr(solver, "solve", partial(solver.solve, max_iter=2))
    double = np.exp(linear.softmax(rows, y, fold))
    np.testing.assert_allclose(single, whole, atol=1e-3)
    np.testing.assert_allclose(double, whole, atol=1e-3)


def test_fits_that_do_not_end_in_single_precision_go_on_in_double(monkeypatch):
    X, y = plain(1)
    X, fold, precisions = X * np.logspace(-3, 3, 20) + np.logspace(3, -3, 20), folds(y), []
    right = solver.solve

    def short(rows, problems, **options):
        precisions.append(rows.X.dtype.itemsize)
        return right(rows, problems, **{"max_iter": 3, **options})

    monkeypatch.setattr(solver, "solve", short)
    ours = probes.predict(X, y, fold, kind="binary")[:, 0]
    assert precisions == [4, 8]
    np.testing.assert_allclose(ours, reference(X, y, fold), atol=3e-3)


def test_a_fit_that_does_not_converge_is_an_error_and_not_a_score(monkeypatch):
    X, y = plain()
    right = solver.solve
    monkeypatch.setattr(
        solver, "solve", lambda *given, **options: right(*given, **{**options, "max_iter": 1})
    )
    message = "linear fits did not converge in 1 iterations in double precision"
    with pytest.raises(RunFailed, match=message):
        probes.predict(X, y, folds(y), kind="binary")
