"""Linear probes against scikit-learn and closed forms."""

from functools import cache

import numpy as np
import pytest
from helpers import folds, gaps, plain, reference, refused
from numpy.random import default_rng
from numpy.testing import assert_allclose

from genebench import probes
from genebench.probes import indicators

SCALES = pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])


def binary(X, y, fold, **options):
    """Log-odds of one binary task, (n,)."""
    return probes.predict(X, y, fold, kind="binary", **options)[:, 0]


@cache
def cases():
    """Vectors and labels that make a fit hard."""
    X, y = plain(1)
    constant, outlier, long, separable = np.stack([X] * 4)
    constant[:, [0, 3, 5]] = 0, 1, 1e6
    outlier[17, 3] = 1e6
    long[17] *= 1e4
    separable[:, 0] = 10 * y
    three = np.zeros(600, int)
    three[np.argsort(-X[:600, 0])[:60:20]] = 1
    # one column, whose training deviation is exactly one in the first fold
    sides = np.array([9] * 8 + [-7] * 8) / 8, np.array([-14, -6, 2, 2]) / 8
    exact = np.concatenate([np.tile(side, 10) for side in sides])[:, None]
    above = exact[:, 0] + 0.3 * default_rng(0).standard_normal(200) > 0
    return {
        "unit deviation": (exact, above.astype(int)),
        "unscaled": (X * np.logspace(-3, 3, 20) + np.logspace(3, -3, 20), y),
        "constant": (constant, y),
        "duplicated": (np.hstack([X, X, -X]), y),
        "more columns than rows": plain(4, n=200, d=350),
        "separable": (separable, y),
        "three positives": (X[:600], three),
        "outlier": (outlier, y),
        "long row": (long, y),
    }


@SCALES
@pytest.mark.parametrize("case", cases())
def test_logistic_equals_scikit_learn(case, standardise):
    X, y = cases()[case]
    fold = folds(y, 3 if case == "three positives" else 4)
    fold = np.repeat([1, 0], [160, 40]) if case == "unit deviation" else fold
    ours, tight = (binary(X, y, fold, standardise=standardise, tolerance=t) for t in (3e-4, 1e-4))
    theirs = reference(X, y, fold, standardise=standardise)
    theirs = np.clip(theirs, -probes.LIMIT, probes.LIMIT)
    gap = gaps(y, ours, theirs, fold)
    assert gap.max() <= 1e-3 and np.median(gap) <= 5e-4
    error = np.abs(tight - theirs) / np.maximum(1, np.abs(theirs))
    assert error.max() <= 5e-3 and np.median(error) <= 2e-4


@pytest.mark.parametrize("C", [1e-3, 30.0])
def test_any_strength_of_the_penalty_entities_left_out_and_those_that_only_train_agree(C):
    X, y = plain(21)
    fold = folds(y)
    fold[::5], fold[1::5] = -1, -2
    theirs = reference(X, y, np.where(fold == -2, 9, fold), C=C)
    assert_allclose(binary(X, y, fold, C=C), np.where(fold < 0, 0, theirs), atol=3e-3)


def test_a_label_absent_from_training_gets_the_share_of_the_training_entities():
    X, y = plain(25, n=200)
    fold = folds(y)
    for vectors in (X, np.eye(4)[X[:, :4].argmax(axis=1)]):  # and of groups
        ours = binary(vectors, np.where(fold == 0, y, 0), fold)
        assert_allclose(ours[fold == 0], np.log(0.5 / ((fold != 0).sum() + 0.5)), rtol=1e-6)
        assert len({*ours[fold == 2]}) > 1  # the other folds are fitted as ever
    with refused("a fold has no training entity; use fewer folds"):
        binary(X, y, np.zeros(200, int))


@SCALES
def test_softmax_equals_scikit_learn(standardise):
    rng = default_rng(0)
    Z = rng.standard_normal((900, 12))
    y = (2 * Z + 3 * rng.gumbel(size=Z.shape)).argmax(axis=1)
    X, fold = Z * np.logspace(-1, 1, 12) + 3, folds(y, 3)
    fold[y == 2] = np.where(np.arange((y == 2).sum()), 0, -1)  # absent from training of fold 0
    ours = probes.predict(X, y, fold, kind="multiclass", standardise=standardise)
    theirs = reference(X, y, fold, "multiclass", standardise=standardise)
    assert np.abs(ours - theirs)[theirs > -10].max() <= 0.01
    assert (ours[fold == 0, 2] == indicators.FLOOR).all()


@SCALES
def test_ridge_equals_scikit_learn(standardise):
    rng = default_rng(1)
    X = rng.standard_normal((90, 6)) * np.logspace(-1, 2, 6) + 3
    y, fold = X @ rng.standard_normal(6) + 5, np.arange(90) % 3
    ours = probes.predict(X, y, fold, kind="regression", alpha=2.0, standardise=standardise)
    theirs = reference(X, y, fold, "regression", C=2.0, standardise=standardise)
    assert_allclose(ours[:, 0], theirs, rtol=1e-6)
