"""The batched solver: waves of problems, single and double precision, fits that do not end."""

import numpy as np
import pytest
from helpers import folds, plain, reference
from numpy.testing import assert_allclose

from genebench import probes
from genebench.core.errors import BadInput, RunFailed
from genebench.probes import features, linear, solver


def test_problems_in_waves_give_the_same_answers():
    X, _ = plain(9, n=200, d=20)
    Y = (X[:, :6] + np.linspace(-1.2, 1.2, 6) > 0).astype(int)
    F = np.stack([folds(y, seed=t) for t, y in enumerate(Y.T)], axis=1)
    rows = features.Features(X)
    whole, few, single = (
        linear.predict(rows, Y, F, kind="binary", memory=m) for m in (2e9, 7 * 7_320, 1)
    )
    assert_allclose(few, whole, atol=3e-3)
    assert_allclose(single, whole, atol=3e-3)


@pytest.fixture
def shorten(monkeypatch):
    """Let fits end after some iterations, in double precision after others; returns the precisions
    that they had."""

    def set_to(most, in_double):
        right, precisions = solver.solve, []

        def solve(rows, *given, **options):
            size = rows.X.dtype.itemsize
            precisions.append(size)
            return right(rows, *given, **options | {"max_iter": most if size == 4 else in_double})

        monkeypatch.setattr(solver, "solve", solve)
        return precisions

    return set_to


def test_fits_that_do_not_end_in_single_precision_go_on_in_double(shorten):
    X, y = plain(1)
    X, fold = X * np.logspace(-3, 3, 20) + np.logspace(3, -3, 20), folds(y)
    precisions = shorten(3, 6000)
    ours = probes.predict(X, y, fold, kind="binary")[:, 0]
    assert precisions == [4, 8]
    assert_allclose(ours, reference(X, y, fold), atol=3e-3)


def test_a_fit_that_does_not_converge_is_an_error_and_not_a_score(shorten):
    X, y = plain()
    shorten(1, 1)
    with pytest.raises(RunFailed, match="did not converge in 1 iterations in double precision"):
        probes.predict(X, y, folds(y), kind="binary")


@pytest.mark.parametrize("size, words", [(4e6, "scale of the vectors"), (1e20, "row 0 of the")])
def test_rows_far_from_all_others_are_answered_in_a_sentence(size, words, shorten):
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((200, 3)).astype(np.float32), rng.integers(0, 3, (200, 1))
    X[:3], fold = size, rng.integers(0, 5, (200, 1))
    shorten(60, 60)  # soon at an end
    with pytest.raises((RunFailed, BadInput), match=words):
        probes.predict(X, y, fold, kind="multiclass", standardise=False)
