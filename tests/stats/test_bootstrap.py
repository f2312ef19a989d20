"""Influences and intervals over genes against scikit-learn, scipy, exact bootstraps and truth."""

import numpy as np
import pytest
from helpers import refused
from numpy.random import default_rng
from scipy import stats

from genebench.stats import bootstrap, influences, metrics


@pytest.fixture(scope="module")
def weights():
    """Weights of 700 made-up genes."""
    return bootstrap.weights(np.array([f"G{i}" for i in range(700)]), 400, seed=1)


def test_weights_are_poisson_and_a_gene_has_the_same_ones_in_every_set():
    genes = np.array(["A1", "B2", "C3"])
    w = bootstrap.weights(genes, 5000, seed=3)
    assert w.mean(axis=1) == pytest.approx(1, abs=0.05)
    assert w.var(axis=1) == pytest.approx(1, abs=0.08)
    np.testing.assert_array_equal(bootstrap.weights(genes[1:], 5000, seed=3), w[1:])
    assert (bootstrap.weights(genes, 5000, seed=4) != w).mean() > 0.5
    assert abs(np.corrcoef(w)[0, 1]) < 0.05


def test_draws_of_spearman_are_those_of_an_exact_bootstrap_with_ties(weights):
    rng = default_rng(3)
    x = rng.normal(size=400)
    y, p = (x + rng.normal(size=400)).round(0), x.round(0)
    _, influence = influences.spearman(y, p, np.zeros(400, dtype=int))
    w = weights[:400, :400]
    moved = bootstrap.moves(influence[:, None], w, (np.arange(400),))[0]
    exact = [stats.spearmanr(np.repeat(y, d), np.repeat(p, d)).statistic for d in w.T]
    assert np.corrcoef(moved, exact)[0, 1] > 0.97
    assert moved.std() == pytest.approx(np.std(exact), rel=0.05)


def test_the_standard_error_of_one_auroc_is_that_of_delong():
    rng = default_rng(4)
    y = np.repeat([1, 0], [40, 160])
    p = y + rng.normal(size=200)
    _, influence = influences.auroc(y, p, np.zeros(200, dtype=int))
    beats = (p[:40, None] > p[None, 40:]).astype(float)
    delong = beats.mean(axis=1).var(ddof=1) / 40 + beats.mean(axis=0).var(ddof=1) / 160
    assert (influence**2).sum() == pytest.approx(delong, rel=1e-9)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "binary", "regression"])
def test_the_main_score_of_every_kind_is_that_of_the_table_of_metrics(kind):
    rng, fold, main = default_rng(5), np.arange(240) % 4, metrics.main(kind)
    p = rng.random((240, 4) if kind.startswith("multi") else 240).round(2)
    y = {
        "multiclass": rng.integers(0, 4, 240),
        "multilabel": rng.integers(0, 2, (240, 4)),
        "binary": rng.integers(0, 2, 240),
        "regression": rng.random(240),
    }[kind]
    if kind == "multiclass":
        y[(y == 3) & (fold == 1)] = 0  # a class that one fold lacks
    score, influence = bootstrap.influence(kind, y, p, fold)
    every = [metrics.score(kind, y[fold == k], p[fold == k], [main])[main] for k in range(4)]
    assert score == pytest.approx(np.mean(every), abs=1e-12)
    assert len(influence) == 240 and influence.any()


def test_without_a_fold_of_two_classes_there_is_no_auroc():
    y = np.array([0, 1, 1])
    score, influence = influences.auroc(y, y, y)
    assert np.isnan(score) and not influence.any()
    # by pairs, a fold of four counts twice as much as one of two
    y, p, fold = np.array([1, 0, 1, 1, 0]), np.array([1, 0, 0, 0, 1]), np.array([0, 0, 1, 1, 1])
    assert influences.auroc(y, p, fold)[0] == pytest.approx(1 / 2)
    assert influences.auroc(y, p, fold, "pairs")[0] == pytest.approx(1 / 3)


def test_both_genes_of_a_pair_carry_weight():
    w = np.array([[0, 1, 2], [2, 1, 3]], dtype=np.uint8)
    moved = bootstrap.moves(np.array([[1.0]]), w, (np.array([0]), np.array([1])))
    np.testing.assert_allclose(moved, [[-1, 0, 5]])


def test_intervals_of_auroc_have_the_true_value_in_93_to_97_percent(weights):
    rng, hits, runs, n, auc = default_rng(1), np.zeros(2), 500, 300, 0.75
    for _ in range(runs):
        # two equally good predictions whose noise is correlated
        y, fold = (np.arange(n) < 30).astype(int), np.arange(n) % 5
        far, base = stats.norm.ppf(auc) * np.sqrt(2) * y, rng.normal(size=n)
        first, second = far + base, far + 0.7 * base + np.sqrt(0.51) * rng.normal(size=n)
        (a, ia), (b, ib) = influences.auroc(y, first, fold), influences.auroc(y, second, fold)
        moved = bootstrap.moves(np.stack([ia, ib], axis=1), weights, (np.arange(n),))
        low, high = bootstrap.interval(np.array(a), moved[0], low=0, high=1)
        down, up = bootstrap.difference_interval(a - b, moved[0] - moved[1])
        hits += low <= auc <= high, down <= 0 <= up
    assert (hits / runs >= 0.93).all() and (hits / runs <= 0.97).all()


def test_an_interval_stays_within_the_bounds_and_a_perfect_score_has_none():
    moved = default_rng(0).normal(0, 0.2, (2, 1000))
    bounds = bootstrap.interval(np.array([0.98, 1.0]), moved, low=0, high=1)
    assert 0 < bounds[0, 0] < 0.98 < bounds[1, 0] < 1 and bounds[:, 1].tolist() == [1, 1]


def test_draws_of_clusters_have_the_errors_of_their_levels():
    rng = default_rng(0)
    folds = rng.normal(size=(40, 5, 1))
    within = bootstrap.cluster_draws(folds, None, 3000)[0]
    expected = np.sqrt((folds[:, :, 0].var(axis=1) / 5).sum()) / 40
    assert within.std() == pytest.approx(expected, rel=0.07)
    effect = rng.normal(size=10)
    same = np.repeat(effect, 4).reshape(40, 1, 1)  # four copies of a task are no more than one
    copies = bootstrap.cluster_draws(same, np.arange(40) // 4, 3000)[0]
    assert copies.std() == pytest.approx(effect.std() / np.sqrt(10), rel=0.07)
    with refused("all tasks are of one cluster"):
        bootstrap.cluster_draws(folds, ["a"] * 40)
