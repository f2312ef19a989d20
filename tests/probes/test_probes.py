"""What must never matter to a probe, what every probe must refuse, and controls run through all."""

import numpy as np
import pytest
from helpers import folds, plain, refused
from numpy.random import default_rng
from numpy.testing import assert_allclose

from genebench import probes
from genebench.stats import metrics


@pytest.mark.parametrize("kind, digits", [("regression", 15), ("binary", 5), ("multiclass", 5)])
def test_a_prediction_never_depends_on_the_labels_of_its_own_fold(kind, digits):
    X, y = plain(n=500)
    fold = folds(y)
    turned = np.where(fold == 0, 1 - y, y)
    before, after = (probes.predict(X, labels, fold, kind=kind) for labels in (y, turned))
    assert_allclose(after[fold == 0], before[fold == 0], rtol=0, atol=10.0**-digits)
    assert np.abs(before - after)[fold != 0].max() > 0.05


def test_unfit_vectors_labels_kinds_probes_and_strengths_are_refused():
    X, y = plain(n=60)
    bad, pairs, binary = X.copy(), (np.arange(60), np.arange(60)[::-1]), {"kind": "binary"}
    bad[41, 7], bad[50, 1] = -np.inf, np.nan
    for rows, options, why in (
        (bad, binary, "row 41, column 7 of the vectors is -inf; fix or drop it"),
        (X[:-1], binary, "do not fit together"),
        (X, {"kind": "pair", "probe": "svc", "pairs": pairs}, "takes no pair tasks; use one of li"),
        (X, {"kind": "regression", "pairs": pairs}, "takes no pairs; use the logistic probe"),
        (X, binary | {"probe": "liner"}, "did you mean 'linear'"),
        (X, binary | {"C": 0}, "C is 0; it must be a positive number"),
    ):
        with refused(why):
            probes.predict(rows, y, np.arange(60) % 4, **options)


# --- controls: the oracle reaches the best score, and no information scores at chance -------------


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


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_every_metric_is_best_for_the_oracle_at_chance_for_controls_and_above_it_for_information(
    kind,
):
    names, rng = [n for n in metrics.of_kind(kind) if n != "prior"], default_rng(0)

    def scores(y, p):
        return np.array([*metrics.score(kind, y, p, names).values()])

    def surplus(what):
        """Sum over folds of scores less chance (permutations), in its standard deviations."""
        above, variance = 0, 0
        for y, p in control(kind, what):
            chance = [scores(y, rng.permutation(p)) for _ in range(30)]
            above += scores(y, p) - np.mean(chance, axis=0)
            variance += np.var(chance, axis=0)
        return above / np.sqrt(np.maximum(variance, 1e-18))

    for y, p in control(kind, "oracle"):
        assert_allclose(scores(y, p), [metrics.METRICS[name].high for name in names], atol=1e-3)
    assert np.abs(surplus("shuffled")).max() < 4, names
    assert surplus("informed").min() > 6, names
