"""Every metric against scikit-learn or scipy, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference
from sklearn.preprocessing import label_binarize

from genebench.core.errors import BadInput
from genebench.stats import metrics


def binary(seed: int, ties: bool):
    """Labels and probabilities; with ``ties`` only eleven distinct ones, 0.5 among them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 150)
    p = np.clip(0.3 * y + rng.random(150) * 0.7, 0, 1)
    return y, np.round(p, 1) if ties else p


def multiclass(seed: int, ties: bool):
    """Labels of four classes and rows of probabilities that sum to one; every class is there."""
    rng = np.random.default_rng(seed)
    y = np.append(np.arange(4), rng.integers(0, 4, 200) * rng.integers(0, 2, 200))
    share = np.full((len(y), 4), 0.2)
    share[np.arange(len(y)), y] = 0.4
    p = np.array([rng.multinomial(10, s) / 10 if ties else rng.dirichlet(5 * s) for s in share])
    return y, p


def multilabel(seed: int, ties: bool):
    """Labels of five kinds, rare and common, and a probability for each."""
    rng = np.random.default_rng(seed)
    y = (rng.random((200, 5)) < [0.05, 0.2, 0.5, 0.8, 0.95]).astype(np.int64)
    p = np.clip(0.3 * y + 0.7 * rng.random(y.shape), 0, 1)
    return y, np.round(p, 1) if ties else p


def regression(seed: int, ties: bool):
    """Real numbers and predictions of them; with ``ties`` few distinct ones."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(120)
    p = 0.5 * y + rng.standard_normal(120)
    return (np.round(y), np.round(p)) if ties else (y, p)


def argmax(p):
    """The decision of a multiclass prediction."""
    return p.argmax(axis=1)


def _prf(name, average, decide):
    function = getattr(reference, f"{name}_score")
    return lambda y, p: function(y, decide(p), average=average, zero_division=0)


REFERENCES = {
    ("binary", "auroc"): reference.roc_auc_score,
    ("binary", "auprc"): reference.average_precision_score,
    ("binary", "prior"): lambda y, p: (y == 1).sum() / len(y),
    ("binary", "accuracy"): lambda y, p: reference.accuracy_score(y, p > 0.5),
    ("multiclass", "accuracy"): lambda y, p: reference.accuracy_score(y, argmax(p)),
    ("multiclass", "auroc_weighted"): lambda y, p: reference.roc_auc_score(
        y, p, multi_class="ovr", average="weighted"
    ),
    ("multiclass", "auprc_weighted"): lambda y, p: reference.average_precision_score(
        label_binarize(y, classes=range(p.shape[1])), p, average="weighted"
    ),
    ("multilabel", "subset_accuracy"): lambda y, p: reference.accuracy_score(y, p > 0.5),
    ("regression", "r2"): reference.r2_score,
    ("regression", "spearman"): lambda y, p: np.corrcoef(stats.rankdata(y), stats.rankdata(p))[
        0, 1
    ],
}
for _name in ("precision", "recall", "f1"):
    REFERENCES["binary", _name] = _prf(_name, "binary", lambda p: p > 0.5)
    REFERENCES["multiclass", f"{_name}_weighted"] = _prf(_name, "weighted", argmax)
    for _average in ("macro", "weighted"):
        REFERENCES["multilabel", f"{_name}_{_average}"] = _prf(_name, _average, lambda p: p > 0.5)
for _average in ("macro", "weighted"):
    REFERENCES["multilabel", f"auroc_{_average}"] = lambda y, p, a=_average: (
        reference.roc_auc_score(y, p, average=a)
    )
    REFERENCES["multilabel", f"auprc_{_average}"] = lambda y, p, a=_average: (
        reference.average_precision_score(y, p, average=a)
    )

KINDS = {
    "binary": binary,
    "multiclass": multiclass,
    "multilabel": multilabel,
    "regression": regression,
}


def test_every_metric_of_every_kind_has_a_reference_here():
    assert set(REFERENCES) == {(kind, name) for kind in KINDS for name in metrics.of_kind(kind)}


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("kind, name", REFERENCES)
def test_the_metric_equals_the_reference(kind, name, ties):
    for seed in range(5):
        y, p = KINDS[kind](seed, ties)
        assert metrics.score(kind, y, p)[name] == pytest.approx(
            REFERENCES[kind, name](y, p), abs=1e-12, rel=0
        )


@pytest.mark.parametrize("kind", KINDS)
def test_scores_named_one_by_one_equal_those_computed_together(kind):
    y, p = KINDS[kind](0, True)
    together = metrics.score(kind, y, p)
    for name in metrics.of_kind(kind):
        assert metrics.score(kind, y, p, [name]) == {name: together[name]}
        assert metrics.METRICS[name].function(y, p) == together[name]


@pytest.mark.parametrize("kind", KINDS)
def test_scores_do_not_depend_on_the_order_of_the_entities(kind):
    y, p = KINDS[kind](1, True)
    order = np.random.default_rng(0).permutation(len(y))
    assert metrics.score(kind, y[order], p[order]) == pytest.approx(
        metrics.score(kind, y, p), abs=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_any_prediction_lie_within_the_declared_bounds(kind):
    for seed in range(10):
        y, p = KINDS[kind](seed, bool(seed % 2))
        for name, score in metrics.score(kind, y, -p if kind == "regression" else 1 - p).items():
            assert metrics.METRICS[name].low <= score <= metrics.METRICS[name].high


@pytest.mark.parametrize(
    "kind, name",
    [
        ("binary", "auroc"),
        ("multiclass", "auroc_weighted"),
        ("multilabel", "auroc_weighted"),
        ("regression", "spearman"),
    ],
)
def test_the_main_metric_of_a_kind_stands_first(kind, name):
    assert metrics.main(kind) == name == metrics.of_kind(kind)[0]
    assert [n for n in metrics.of_kind(kind) if metrics.METRICS[n].main] == [name]


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'multiclass'"):
        metrics.of_kind("multiclas")


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("name", ["auroc", "auprc"])
def test_areas_of_one_class_alone_are_refused(name, label):
    with pytest.raises(BadInput, match="both classes"):
        metrics.METRICS[name].function(np.full(5, label), np.linspace(0, 1, 5))


def test_a_constant_prediction_has_an_area_of_a_half_and_the_prior_as_auprc():
    y = np.array([0, 0, 0, 1])
    assert metrics.auroc(y, np.full(4, 0.3)) == 0.5
    assert metrics.auprc(y, np.full(4, 0.3)) == 0.25


def test_a_class_that_no_test_entity_has_does_not_count():
    y, p = multiclass(0, False)
    keep = y != 2
    wide = metrics.score("multiclass", y[keep], p[keep])["auroc_weighted"]
    per = [
        (y[keep] == c).sum() * reference.roc_auc_score(y[keep] == c, p[keep][:, c])
        for c in (0, 1, 3)
    ]
    assert wide == pytest.approx(sum(per) / keep.sum(), abs=1e-12)


@pytest.mark.parametrize("y, p", [([1.0, 2, 3], [5.0, 5, 5]), ([2.0, 2, 2], [1.0, 2, 3])])
def test_the_rank_correlation_with_a_constant_is_zero(y, p):
    assert metrics.spearman(np.array(y), np.array(p)) == 0


def test_probabilities_of_single_precision_are_good_enough():
    y, p = binary(3, True)
    assert (
        metrics.score("binary", y, p.astype(np.float32))["auroc"]
        == metrics.score("binary", y, p)["auroc"]
    )


def test_pairs_are_scored_as_binary_tasks_are():
    y, p = binary(4, True)
    assert metrics.score("pair", y, p) == metrics.score("binary", y, p)


# --- many tasks at once -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["distinct", "ties", "few"])
def block(request):
    """Thirty tasks of unlike size as columns: labels, predictions and which entities count; the rest is filled with
    what would spoil a score."""
    rng = np.random.default_rng(11)
    Y = (rng.random((120, 30)) < np.linspace(0.05, 0.95, 30)).astype(np.int64)
    P = np.clip(0.3 * Y + 0.7 * rng.random(Y.shape), 0, 1)
    P = {"distinct": P, "ties": np.round(P, 1), "few": np.round(P)}[request.param]
    valid = rng.random(Y.shape) < np.linspace(0.4, 1, 30)
    Y[~valid], P[~valid] = 1, np.where(rng.random((~valid).sum()) < 0.5, 0, 1)
    Y[:, 7], Y[:, 8], valid[:, 9], valid[:, 29] = 0, 1, False, True
    return Y, P, valid


def of_one(function, Y, P, valid, t):
    """A reference score of one task, NaN where its entities are of one class (or there are none)."""
    y, p = Y[valid[:, t], t], P[valid[:, t], t]
    return function(y, p) if len(set(y.tolist())) == 2 else np.nan


def test_areas_of_many_tasks_equal_the_reference(block):
    Y, P, valid = block
    roc, precision = metrics.areas(Y, P, valid)
    for found, function in (
        (roc, reference.roc_auc_score),
        (precision, reference.average_precision_score),
    ):
        want = [of_one(function, Y, P, valid, t) for t in range(30)]
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-12)
        assert np.isnan(found[[7, 8, 9]]).all() and np.isnan(found).sum() < 6


def test_areas_where_every_entity_counts_need_no_mask(block):
    Y, P, _ = block
    for found, same in zip(metrics.areas(Y, P), metrics.areas(Y, P, np.ones(Y.shape, dtype=bool))):
        np.testing.assert_array_equal(found, same)
    assert metrics.areas(Y, P)[0][20] == pytest.approx(
        reference.roc_auc_score(Y[:, 20], P[:, 20]), abs=1e-12
    )


def test_areas_take_any_numbers_and_padding_beyond_them_all(block):
    """Log-odds far below zero still stand before what does not count."""
    Y, P, valid = block
    for found, want in zip(metrics.areas(Y, 1e6 * P - 1e9, valid), metrics.areas(Y, P, valid)):
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", metrics.of_kind("binary"))
def test_every_metric_of_a_block_equals_the_reference(block, name):
    Y, P, valid = block
    found = metrics.score_block(Y, P, valid)[name]
    want = [of_one(REFERENCES["binary", name], Y, P, valid, t) for t in range(30)]
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(metrics.score_block(Y, P, valid, [name])[name], found)


def test_every_metric_says_what_it_means_and_has_sane_bounds():
    for name, metric in metrics.METRICS.items():
        assert metric.meaning and metric.low < metric.high, name
        assert set(metric.kinds) <= {"binary", "pair", "multiclass", "multilabel", "regression"}, (
            name
        )


def test_chance_of_a_metric_is_the_mean_over_permutations():
    y, p = binary(0, False)
    mean, deviation = metrics.chance("auroc", "binary", y, p, draws=400)
    n1, n0 = y.sum(), (1 - y).sum()
    expected = np.sqrt((n1 + n0 + 1) / (12 * n1 * n0))  # of the Mann-Whitney statistic without ties
    assert abs(mean - 0.5) < 4 * expected / np.sqrt(400)
    assert deviation == pytest.approx(expected, rel=0.2)


def test_chance_is_the_same_for_the_same_seed_and_refuses_a_metric_of_another_kind():
    y, p = binary(0, False)
    assert metrics.chance("auprc", "binary", y, p, seed=3, draws=20) == metrics.chance(
        "auprc", "binary", y, p, seed=3, draws=20
    )
    with pytest.raises(BadInput, match="'r2' is not one of a binary task"):
        metrics.chance("r2", "binary", y, p)
