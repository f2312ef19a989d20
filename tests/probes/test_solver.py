"""The batched solver: waves of problems, single and double precision, fits that do not end."""

import numpy as np
import pytest
from helpers import folds, plain, reference
from numpy.testing import assert_allclose

from genebench import probes
from genebench.core.errors import BadInput, RunFailed
from genebench.probes import features, linear, solver


def ending_after(monkeypatch, iterations, *, itemsize=(4, 8)):
    """End fits of some precisions early; returns the precision of each, as they are run."""
    precisions, right = [], solver.solve

    def short(rows, problems, **options):
        precisions.append(rows.X.dtype.itemsize)
        early = {"max_iter": iterations} if precisions[-1] in itemsize else {}
        return right(rows, problems, **{**options, **early})

    monkeypatch.setattr(solver, "solve", short)
    return precisions


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_problems_in_waves_give_the_same_answers(kind):
    X, _ = plain(9, n=400, d=30)
    rng = np.random.default_rng(9)
    score = X @ rng.standard_normal((30, 6)) + 3 * rng.standard_normal((400, 6))
    Y = (score > np.quantile(score, np.linspace(0.05, 0.9, 6), axis=0).diagonal()).astype(int)
    F = np.stack([folds(y, seed=t) for t, y in enumerate(Y.T)], axis=1)
    if kind == "multiclass":
        Y, F = score.argmax(axis=1)[:, None], F[:, [3]]
    rows = features.Features(X)
    whole, few, single = (
        linear.predict(rows, Y, F, kind=kind, memory=m) for m in (2e9, 7 * 13_320, 1)
    )
    assert_allclose(few, whole, atol=3e-3)
    assert_allclose(single, whole, atol=3e-3)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_fits_that_do_not_end_in_single_precision_go_on_in_double(kind, monkeypatch):
    X, y = plain(1)
    y = X[:, :5].argmax(axis=1) if kind == "multiclass" else y
    X, fold = X * np.logspace(-3, 3, 20) + np.logspace(3, -3, 20), folds(y)
    expected = probes.predict(X, y, fold, kind=kind)
    precisions = ending_after(monkeypatch, 3, itemsize=[4])
    ours = probes.predict(X, y, fold, kind=kind)
    assert precisions == [4, 8]
    assert_allclose(ours, expected, atol=3e-3)
    if kind == "binary":
        assert_allclose(ours[:, 0], reference(X, y, fold), atol=3e-3)


def test_a_fit_that_does_not_converge_is_an_error_and_not_a_score(monkeypatch):
    X, y = plain()
    ending_after(monkeypatch, 1)
    message = "linear fits did not converge in 1 iterations in double precision"
    with pytest.raises(RunFailed, match=message):
        probes.predict(X, y, folds(y), kind="binary")


@pytest.mark.parametrize("size, words", [(4e6, "scale of the vectors"), (1e20, "row 0 of the")])
def test_rows_far_from_all_others_are_answered_in_a_sentence(size, words, monkeypatch):
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((200, 3)).astype(np.float32), rng.integers(0, 3, (200, 1))
    X[:3], fold = size, rng.integers(0, 5, (200, 1))
    ending_after(monkeypatch, 60)
    with pytest.raises((RunFailed, BadInput), match=words):
        probes.predict(X, y, fold, kind="multiclass", standardise=False)
