"""Linear probes against scikit-learn and closed forms."""

from functools import cache

import numpy as np
import pytest
from helpers import folds, gaps, plain, reference
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
    constant, outlier, long, separable = (X.copy() for _ in range(4))
    constant[:, [0, 3, 5]] = 0, 1, 1e6
    outlier[17, 3] = 1e6
    long[17] *= 1e4
    separable[:, 0] = 10 * y
    rare, three = np.zeros(400, int), np.zeros(600, int)
    rare[np.argsort(-X[:400, 0] - X[:400, 1])[:24:3]] = 1
    three[np.argsort(-X[:600, 0])[:60:20]] = 1
    # one column, whose training deviation is exactly one in the first fold
    sides = np.array([9] * 8 + [-7] * 8) / 8, np.array([-14, -6, 2, 2]) / 8
    exact = np.concatenate([np.tile(side, 10) for side in sides])[:, None]
    above = exact[:, 0] + 0.3 * default_rng(0).standard_normal(200) > 0
    return {
        "unit deviation": (exact, above.astype(int)),
        "unscaled": (X * np.logspace(-3, 3, 20) + np.logspace(3, -3, 20), y),
        "shifted": (X + 1000, y),
        "constant": (constant, y),
        "duplicated": (np.hstack([X, X, -X]), y),
        "more columns than rows": plain(4, n=200, d=350),
        "separable": (separable, y),
        "large": (100 * X, (X[:, 0] + X[:, 1] > 0).astype(int)),
        "eight positives": (X[:400], rare),
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
def test_any_strength_of_the_penalty_and_entities_left_out_agree(C):
    X, y = plain(21)
    fold = folds(y)
    fold[::5] = -1
    ours = binary(X, y, fold, C=C)
    assert_allclose(ours, reference(X, y, fold, C=C), atol=3e-3)
    assert (ours[fold < 0] == 0).all()


def test_a_label_absent_from_training_gets_the_share_of_the_training_entities():
    X, y = plain(25, n=200)
    fold = folds(y)
    ours = binary(X, np.where(fold == 0, y, 0), fold)
    assert (ours[fold == 0] == np.float32(np.log(0.5 / ((fold != 0).sum() + 0.5)))).all()
    assert len(set(ours[fold == 2])) > 1  # the other folds are fitted as ever


# --- softmax --------------------------------------------------------------------------------------


@SCALES
@pytest.mark.parametrize("n_classes", [6, 24])
def test_softmax_equals_scikit_learn(n_classes, standardise):
    rng = default_rng(0)
    Z = rng.standard_normal((900, 12))
    noise = 3 * rng.gumbel(size=(900, n_classes))
    y = (2 * Z @ rng.standard_normal((12, n_classes)) + noise).argmax(axis=1)
    y[: 5 * n_classes] = np.repeat(np.arange(n_classes), 5)
    X, fold = Z * np.logspace(-1, 1, 12) + 3, folds(y, 3)
    fold[y == 2] = np.where(np.arange((y == 2).sum()), 0, -1)  # absent from training of fold 0
    ours = probes.predict(X, y, fold, kind="multiclass", standardise=standardise)
    theirs = reference(X, y, fold, "multiclass", standardise=standardise)
    assert np.abs(ours - theirs)[theirs > -10].max() <= 0.01
    assert_allclose(np.exp(ours), np.exp(theirs), atol=1e-3)
    assert (ours[fold == 0, 2] == indicators.FLOOR).all()


# --- ridge ----------------------------------------------------------------------------------------


@SCALES
@pytest.mark.parametrize("d", [6, 150])
def test_ridge_equals_scikit_learn(d, standardise):
    rng = default_rng(1)
    X = rng.standard_normal((90, d)) * np.resize([1, 10, 100, 0.1, 1, 1], d) + 3
    Y = X @ rng.standard_normal((d, 2)) / 10 + rng.standard_normal((90, 2)) + 5
    fold = np.arange(90) % 3
    ours = probes.predict(X, Y, fold, kind="regression", alpha=2.0, standardise=standardise)
    for y, values in zip(Y.T, ours.T):
        theirs = reference(X, y, fold, "regression", C=2.0, standardise=standardise)
        assert_allclose(values, theirs, rtol=1e-6)
