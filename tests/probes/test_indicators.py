"""Probes of group indicators: the optimum of scikit-learn, and only where X is indicators."""

import numpy as np
import pytest
from helpers import reference
from numpy.testing import assert_allclose, assert_array_equal

from genebench import probes
from genebench.probes import indicators

RNG = np.random.default_rng(3)
N, GROUPS = 300, 40
CODE = np.where(RNG.random(N) < 0.2, -1, RNG.integers(0, GROUPS, N))
X = (CODE[:, None] == np.arange(GROUPS)).astype(np.float64)
FOLD = RNG.permutation(np.arange(N) % 4).astype(np.int8)
LEAN = RNG.normal(size=GROUPS + 1)[CODE]
NOISY = LEAN + 0.5 * RNG.normal(size=N)

SEPARATED = (NOISY > 0.3) | (CODE < 4)
"""Labels of which some groups are all of one class, and those of no group too."""

CLASSES = np.digitize(NOISY, [-0.8, 0, 0.8])
CLASSES[FOLD == 0] = np.where(np.arange((FOLD == 0).sum()) < 3, 4, CLASSES[FOLD == 0])
"""Classes of which one is absent from the training of a fold."""


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize(
    "kind, y, C",
    [
        *(("binary", SEPARATED.astype(int), C) for C in (0.05, 1.0, 20.0)),
        ("multiclass", CLASSES, 1.0),
        ("regression", NOISY, 1.0),
    ],
)
def test_values_are_those_of_scikit_learn(kind, y, C, standardise):
    options = {"standardise": standardise} | ({"C": C} if kind != "regression" else {})
    ours = probes.predict(X, y, FOLD, kind=kind, **options)
    theirs = reference(X, y, FOLD, kind, C=C, standardise=standardise)
    assert_allclose(ours, theirs.reshape(ours.shape), atol=2e-3)


def test_entities_left_out_and_training_of_one_class_are_as_in_the_general_solver(monkeypatch):
    y, fold = np.where(FOLD == 1, 1, 0), FOLD.copy()
    fold[:10] = -1
    ours = probes.predict(X, y, fold, kind="binary", tolerance=1e-6)
    monkeypatch.setattr(indicators, "codes", lambda X: None)
    theirs = probes.predict(X, y, fold, kind="binary", tolerance=1e-6)
    assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize(
    "other", [X * 2, X + np.eye(N, GROUPS), X[:, :1], np.zeros((0, 3)), RNG.normal(size=(5, 3)), -X]
)
def test_only_rows_with_at_most_one_1_are_indicators(other):
    assert indicators.codes(other) is None
    assert_array_equal(indicators.codes(X), CODE)
