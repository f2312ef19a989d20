"""Every metric against scikit-learn or scipy, ties included."""

import numpy as np
import pytest
from helpers import refused
from numpy.random import default_rng
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import metrics as reference
from sklearn.preprocessing import label_binarize

from genebench.stats import metrics


def data(kind, seed, ties):
    """Labels and predictions of a kind; with ``ties`` few distinct ones, 0.5 among them."""
    rng = default_rng(seed)
    if kind == "regression":
        y = rng.standard_normal(120)
        p = 0.5 * y + rng.standard_normal(120)
        return (y.round(), p.round()) if ties else (y, p)
    if kind == "multiclass":
        y = np.append(np.arange(4), rng.integers(0, 4, 200) * rng.integers(0, 2, 200))
        share = np.eye(4)[y] + rng.dirichlet(np.ones(4), len(y))
        counts = np.array([rng.multinomial(10, s / 2) for s in share])
        return y, counts / 10 if ties else share / 2
    prior = [0.05, 0.2, 0.5, 0.8, 0.95] if kind == "multilabel" else 0.5
    y = (rng.random((200, 5) if kind == "multilabel" else 200) < prior).astype(np.int64)
    p = 0.3 * y + 0.7 * rng.random(y.shape)
    return y, p.round(1) if ties else p


def expected(kind, name, y, p):
    """Score by scikit-learn or scipy."""
    base, _, average = name.partition("_")
    if kind == "regression":
        return reference.r2_score(y, p) if name == "r2" else stats.spearmanr(y, p).statistic
    decided = p.argmax(axis=1) if kind == "multiclass" else p > 0.5
    if base in ("prior", "accuracy", "subset"):
        return y.mean() if base == "prior" else reference.accuracy_score(y, decided)
    if base in AREAS:
        y = label_binarize(y, classes=range(4)) if kind == "multiclass" else y
        return AREAS[base](y, p, average=average or "macro")
    function = getattr(reference, f"{base}_score")
    return function(y, decided, average=average or "binary", zero_division=0)


AREAS = {"auroc": reference.roc_auc_score, "auprc": reference.average_precision_score}
MAIN = {
    **{"binary": "auroc", "pair": "auroc", "regression": "spearman"},
    **{"multiclass": "auroc_weighted", "multilabel": "auroc_weighted"},
}


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("kind", MAIN)
def test_metrics_equal_the_reference_together_and_one_by_one(kind, ties):
    for seed in range(5):
        y, p = data(kind, seed, ties)
        together = metrics.score(kind, y, p)
        assert list(together) == metrics.of_kind(kind) and metrics.main(kind) == MAIN[kind]
        for name, ours in together.items():
            assert ours == pytest.approx(expected(kind, name, y, p), abs=1e-12, rel=0)
            assert metrics.score(kind, y, p, [name]) == {name: ours}


def test_an_unknown_kind_is_answered_with_the_nearest():
    with refused("did you mean 'multiclass'"):
        metrics.of_kind("multiclas")


@pytest.mark.parametrize("label", [0, 1])
def test_areas_of_one_class_alone_are_refused(label):
    y, p = np.full(5, label), np.linspace(0, 1, 5)
    for kind, shape in (("binary", 5), ("multilabel", (5, 1))):
        with refused("no class has test entities both in and out of it"):
            metrics.score(kind, y.reshape(shape), p.reshape(shape))
        assert not metrics.scorable(kind, y.reshape(shape))
    assert metrics.scorable("multilabel", np.array([[0, 1], [1, 1]]))


def test_a_class_that_no_test_entity_has_does_not_count():
    y, p = data("multiclass", 0, False)
    y, p = y[y != 2], p[y != 2]
    each = [(y == c).sum() * AREAS["auroc"](y == c, p[:, c]) for c in (0, 1, 3)]
    score = metrics.score("multiclass", y, p)["auroc_weighted"]
    assert score == pytest.approx(sum(each) / len(y), abs=1e-12)


@pytest.mark.parametrize("y, p", [([1.0, 2, 3], [5.0, 5, 5]), ([2.0, 2, 2], [1.0, 2, 3])])
def test_the_rank_correlation_with_a_constant_is_zero(y, p):
    assert metrics.spearman(np.array(y), np.array(p)) == 0


# --- many tasks at once ---------------------------------------------------------------------------


@pytest.fixture(params=[9, 1, 0], ids=["distinct", "ties", "few"])
def block(request):
    """Thirty tasks of unlike size as columns: labels, predictions and which entities count; the
    rest is filled with what would spoil a score."""
    rng = default_rng(11)
    Y = (rng.random((120, 30)) < np.linspace(0.05, 0.95, 30)).astype(np.int64)
    P = (0.3 * Y + 0.7 * rng.random(Y.shape)).round(request.param)
    valid = rng.random(Y.shape) < np.linspace(0.4, 1, 30)
    Y[~valid], P[~valid] = 1, np.where(rng.random((~valid).sum()) < 0.5, 0, 1)
    Y[:, 7], Y[:, 8], valid[:, 9], valid[:, 29] = 0, 1, False, True
    return Y, P, valid


@pytest.mark.parametrize("name", metrics.of_kind("binary"))
def test_every_metric_of_a_block_equals_the_reference(block, name):
    ours, (Y, P, valid) = metrics.score_block(*block)[name], block
    tasks = [(Y[v, t], P[v, t]) for t, v in enumerate(valid.T)]
    right = [expected("binary", name, y, p) if len(set(y)) == 2 else np.nan for y, p in tasks]
    assert_allclose(ours, right, rtol=0, atol=1e-12)
    assert_array_equal(metrics.score_block(*block, [name])[name], ours)
    if name in AREAS:  # at any scale of the predictions
        assert_array_equal(metrics.score_block(Y, 2.0**20 * P - 8, valid, [name])[name], ours)
