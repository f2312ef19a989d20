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
    assert [*w.mean(axis=1), *w.var(axis=1)] == pytest.approx([1] * 6, abs=0.08)
    np.testing.assert_array_equal(bootstrap.weights(genes[1:], 5000, seed=3), w[1:])
    assert (bootstrap.weights(genes, 5000, seed=4) != w).mean() > 0.5
    assert abs(np.corrcoef(w)[0, 1]) < 0.05


def test_draws_of_spearman_are_those_of_an_exact_bootstrap_with_ties(weights):
    rng = default_rng(3)
    p, noise = rng.normal(size=(2, 400)).round()
    y = p + noise
    _, influence = influences.spearman(y, p, np.zeros(400, dtype=int))
    w = weights[:400, :200]
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


def test_the_score_of_classes_of_which_a_fold_lacks_one_is_that_of_the_table_of_metrics():
    rng, fold, main = default_rng(5), np.arange(240) % 4, metrics.main("multiclass")
    p, y = rng.random((240, 4)).round(2), rng.integers(0, 4, 240)
    y[(y == 3) & (fold == 1)] = 0
    score, influence = bootstrap.influence("multiclass", y, p, fold)
    every = [metrics.score("multiclass", y[fold == k], p[fold == k])[main] for k in range(4)]
    assert score == pytest.approx(np.mean(every), abs=1e-12) and influence.any()


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
    moved = bootstrap.moves(np.ones((1, 1)), w, tuple(np.array([[0], [1]])))
    assert moved.tolist() == [[-1, 0, 5]]


def test_intervals_of_auroc_have_the_true_value_in_93_to_97_percent(weights):
    rng, hits, runs, n, auc = default_rng(1), np.zeros(2), 500, 300, 0.75
    y, fold = (np.arange(n) < 30).astype(int), np.arange(n) % 5
    for _ in range(runs):
        # two equally good predictions whose noise is correlated
        far, base = stats.norm.ppf(auc) * np.sqrt(2) * y, rng.normal(size=n)
        second = far + 0.7 * base + np.sqrt(0.51) * rng.normal(size=n)
        (a, ia), (b, ib) = (influences.auroc(y, p, fold) for p in (far + base, second))
        moved = bootstrap.moves(np.stack([ia, ib], axis=1), weights, (np.arange(n),))
        low, high = bootstrap.interval(np.array(a), moved[0], low=0, high=1)
        down, up = bootstrap.difference_interval(a - b, moved[0] - moved[1])
        hits += low <= auc <= high, down <= 0 <= up
    assert (hits / runs >= 0.93).all() and (hits / runs <= 0.97).all()


def test_an_interval_stays_within_the_bounds_and_a_perfect_score_has_none():
    moved = default_rng(0).normal(0, 0.2, (2, 1000))
    (low, exact), (high, perfect) = bootstrap.interval(np.array([0.98, 1]), moved, low=0, high=1)
    assert 0 < low < 0.98 < high < 1 == exact == perfect


def test_draws_of_clusters_have_the_errors_of_their_levels():
    folds, effect = default_rng(0).normal(size=(40, 5, 1)), default_rng(1).normal(size=(10, 1, 1))
    within = bootstrap.cluster_draws(folds, None, 3000).std()
    assert within == pytest.approx(np.sqrt((folds.var(axis=1) / 5).sum()) / 40, rel=0.07)
    # four copies of a task are no more than one
    copies = bootstrap.cluster_draws(effect.repeat(4, axis=0), np.arange(40) // 4, 3000)
    assert copies.std() == pytest.approx(effect.std() / np.sqrt(10), rel=0.07)
    with refused("all tasks are of one cluster"):
        bootstrap.cluster_draws(folds, ["a"] * 40)
