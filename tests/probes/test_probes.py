"""What must never matter to a probe, what every probe must refuse, and controls run through all."""

from functools import cache

import numpy as np
import pytest
from helpers import folds, plain, refused
from numpy.random import default_rng
from numpy.testing import assert_allclose, assert_array_equal

from genebench import probes
from genebench.stats import metrics

ROUNDING = {
    ("binary", "linear"): 3e-3,
    ("binary", "knn"): 0,
    ("multiclass", "linear"): 3e-3,
    ("regression", "linear"): 1e-8,
}
"""By how much values may differ where only the order of a sum does: iterative fits end within
their tolerance."""


@cache
def one(kind):
    """Features, labels and folds of one task of a kind."""
    X, y = plain(30, n=300, d=10)
    labels = {"multiclass": X[:, :3].argmax(1), "regression": X @ np.arange(10.0)}.get(kind, y)
    return X, labels, folds(labels if kind == "multiclass" else y)


@pytest.mark.parametrize("kind, probe", ROUNDING)
def test_order_of_genes_names_of_folds_and_units_do_not_matter(kind, probe):
    X, y, fold = one(kind)
    order, options = default_rng(0).permutation(300), {"kind": kind, "probe": probe}
    right = probes.predict(X, y, fold, **options)
    assert_array_equal(probes.predict(X, y, fold, **options), right)
    others = {
        "order": (X[order], y[order], fold[order]),
        "names": (X, y, np.array([2, 3, 1, 0])[fold]),
        "units": (X * np.logspace(-2, 2, 10) + 5, y, fold),
    }
    for changed, given in others.items():
        expected = right[order] if changed == "order" else right
        values = probes.predict(*given, **options)
        assert_allclose(values, expected, rtol=0, atol=ROUNDING[kind, probe])


@pytest.mark.parametrize(
    "kind, probe, digits",
    [
        ("regression", "linear", 15),
        ("binary", "linear", 5),
        ("multiclass", "linear", 5),
        ("binary", "mlp", 4),
    ],
)
def test_a_prediction_never_depends_on_the_labels_of_its_own_fold(kind, probe, digits):
    X, y = plain()
    fold = folds(y)
    turned = np.where(fold == 0, 1 - y, y)
    options = {"kind": kind, "probe": probe}
    before, after = (probes.predict(X, labels, fold, **options) for labels in (y, turned))
    assert_allclose(after[fold == 0], before[fold == 0], rtol=0, atol=10.0**-digits)
    assert np.abs(before - after)[fold != 0].max() > 0.05


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("probe", [p for p in probes.PROBES if probes.takes("binary", p)])
def test_a_vector_that_is_no_number_is_named_by_row_and_column(probe):
    X, y, fold = one("binary")
    X = X.copy()
    X[41, 7], X[200, 1] = -np.inf, np.nan
    with refused("row 41, column 7 of the vectors is -inf; fix or drop it"):
        probes.predict(X, y, fold, kind="binary", probe=probe)


def test_unfit_labels_kinds_probes_and_pairs_are_refused():
    X, y, fold = one("binary")
    pairs = (np.arange(300), np.arange(300)[::-1])
    for changes, why in (
        ({"X": X[:-1]}, "do not fit together"),
        ({"folds": 0 * fold}, "a fold has no training entity; use fewer folds"),
        ({"C": 0}, "C is 0; it must be a positive number"),
        ({"C": -1.0}, "C is -1.0; it must be a positive number"),
        ({"kind": "pair", "probe": "svc", "pairs": pairs}, "takes no pair tasks; use one of li"),
        ({"kind": "regression", "pairs": pairs}, "takes no pairs; use the logistic probe"),
        ({"probe": "liner"}, "did you mean 'linear'"),
        ({"kind": "regression", "probe": "svc"}, "'svc' takes no regression tasks; use one of"),
    ):
        with refused(why):
            probes.predict(**{"X": X, "Y": y, "folds": fold, "kind": "binary", **changes})


# --- controls: the oracle reaches the best score, and no information scores at chance -------------


@cache
def control(kind, what):
    """Labels and predictions of each test fold, by labels as vectors (``oracle``),
    shuffled labels, or vectors that the labels follow (``informed``)."""
    X = default_rng(0).standard_normal((500, 8))
    score = X @ default_rng(1).standard_normal((8, 4))
    fold = np.arange(500) % 4
    y = {
        "multiclass": score.argmax(axis=1),
        "multilabel": (score > [0, 1, 2, -2]).astype(int),
        "regression": score[:, 0],
    }.get(kind, (score[:, 0] > 0.8).astype(int))
    if what == "oracle":
        X = np.eye(4)[y] if kind == "multiclass" else y.reshape(500, -1).astype(float)
    elif what == "shuffled":
        y = default_rng(3).permutation(y)
    values = probes.predict(X, y, fold, kind=kind)
    p = probes.probabilities(kind, values if kind == "multiclass" else values.reshape(y.shape))
    return [(y[fold == k], p[fold == k]) for k in range(4)]


def score(kind, name, y, p):
    """One metric."""
    return metrics.score(kind, y, p, [name])[name]


def surplus(kind, name, what):
    """Sum over folds of score less chance (permutations), in standard deviations of that sum."""
    rng, above, variance = default_rng(0), 0, 0
    for y, p in control(kind, what):
        chance = [score(kind, name, y, rng.permutation(p)) for _ in range(60)]
        above += score(kind, name, y, p) - np.mean(chance)
        variance += np.var(chance)
    return above / np.sqrt(variance) if variance > 1e-18 else above * 1e9


KINDS = ("binary", "multiclass", "multilabel", "regression")
SCORES = [(k, n) for k in KINDS for n in metrics.of_kind(k) if n != "prior"]


@pytest.mark.parametrize("kind, name", SCORES)
def test_every_metric_is_best_for_the_oracle_at_chance_for_controls_and_above_it_for_information(
    kind, name
):
    best = pytest.approx(metrics.METRICS[name].high, abs=1e-3)
    assert all(score(kind, name, y, p) == best for y, p in control(kind, "oracle"))
    assert abs(surplus(kind, name, "shuffled")) < 4
    assert surplus(kind, name, "informed") > 6
