"""Influences and intervals over genes against scikit-learn, scipy, exact bootstraps and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from genebench import probes
from genebench.stats import bootstrap, metrics


@pytest.fixture(scope="module")
def weights():
    """Weights of 2,000 made-up genes."""
    return bootstrap.weights(np.array([f"G{i}" for i in range(2000)]), 1000, seed=1)


def made(n, prior, auc, rng, folds=5):
    """Labels, stratified folds and two equally good predictions whose noise is correlated, of a known AUROC."""
    y = np.zeros(n, dtype=int)
    y[: int(n * prior)] = 1
    fold = np.empty(n, dtype=int)
    for c in (0, 1):
        fold[y == c] = rng.permutation((y == c).sum()) % folds
    far, base = stats.norm.ppf(auc) * np.sqrt(2), rng.normal(size=n)
    return y, fold, far * y + base, far * y + 0.7 * base + np.sqrt(0.51) * rng.normal(size=n)


def test_weights_are_poisson_and_a_gene_has_the_same_ones_in_every_set():
    genes = np.array(["A1", "B2", "C3"])
    w = bootstrap.weights(genes, 5000, seed=3)
    assert w.mean(axis=1) == pytest.approx(1, abs=0.05) and w.var(axis=1) == pytest.approx(
        1, abs=0.08
    )
    np.testing.assert_array_equal(bootstrap.weights(genes[1:], 5000, seed=3), w[1:])
    assert (bootstrap.weights(genes, 5000, seed=4) != w).mean() > 0.5
    assert abs(np.corrcoef(w)[0, 1]) < 0.05


@pytest.mark.parametrize("digits", [1, 6])
def test_the_mean_auroc_over_folds_is_that_of_scikit_learn_with_and_without_ties(digits):
    y, fold, p, _ = made(300, 0.2, 0.8, np.random.default_rng(0))
    p = p.round(digits)
    score, _ = bootstrap.auroc(y, p, fold)
    assert score == pytest.approx(
        np.mean([roc_auc_score(y[fold == k], p[fold == k]) for k in range(5)]), abs=1e-12
    )


def test_draws_of_auroc_are_those_of_an_exact_bootstrap(weights):
    y, fold, p, _ = made(600, 0.3, 0.75, np.random.default_rng(2))
    _, influence = bootstrap.auroc(y, p.round(1), fold)
    moved = bootstrap.moves(influence[:, None], weights[:, :400], (np.arange(600),))[0]
    exact = [
        np.mean(
            [
                roc_auc_score(y[m], p[m].round(1), sample_weight=w[m])
                for m in (fold == k for k in range(5))
            ]
        )
        for w in weights[:600, :400].T
    ]
    assert np.corrcoef(moved, exact)[0, 1] > 0.93 and moved.std() == pytest.approx(
        np.std(exact), rel=0.06
    )


def test_draws_of_spearman_are_those_of_an_exact_bootstrap_with_ties(weights):
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    y, p = (x + rng.normal(size=400)).round(0), x.round(0)
    score, influence = bootstrap.spearman(y, p, np.zeros(400, dtype=int))
    moved = bootstrap.moves(influence[:, None], weights[:, :400], (np.arange(400),))[0]
    exact = [
        stats.spearmanr(np.repeat(y, w), np.repeat(p, w)).statistic for w in weights[:400, :400].T
    ]
    assert score == pytest.approx(stats.spearmanr(y, p).statistic, abs=1e-12)
    assert np.corrcoef(moved, exact)[0, 1] > 0.97 and moved.std() == pytest.approx(
        np.std(exact), rel=0.05
    )


def test_the_standard_error_of_one_auroc_is_that_of_delong():
    rng = np.random.default_rng(4)
    y = np.repeat([1, 0], [40, 160])
    p = y + rng.normal(size=200)
    _, influence = bootstrap.auroc(y, p, np.zeros(200, dtype=int))
    beats = (p[:40, None] > p[None, 40:]).astype(float)
    delong = beats.mean(axis=1).var(ddof=1) / 40 + beats.mean(axis=0).var(ddof=1) / 160
    assert (influence**2).sum() == pytest.approx(delong, rel=1e-9)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "binary", "regression"])
def test_the_main_score_of_every_kind_is_that_of_the_table_of_metrics(kind):
    rng = np.random.default_rng(5)
    p = rng.random((240, 4)) if kind.startswith("multi") else rng.random(240)
    y = {"multiclass": rng.integers(0, 4, 240), "multilabel": rng.integers(0, 2, (240, 4))}.get(
        kind
    )
    y = (
        y
        if y is not None
        else (rng.random(240) < p).astype(int)
        if kind == "binary"
        else rng.random(240) + p
    )
    fold = np.arange(240) % 4
    if kind == "multiclass":
        y[(y == 3) & (fold == 1)] = 0  # a class that one fold lacks
    score, influence = bootstrap.influence(kind, y, p, fold)
    name = metrics.main(kind)
    each = [metrics.METRICS[name].function(y[fold == k], p[fold == k]) for k in range(4)]
    assert (
        score == pytest.approx(np.mean(each), abs=1e-12)
        and len(influence) == 240
        and influence.any()
    )


def test_a_fold_of_one_class_does_not_count_and_a_task_of_one_class_has_no_score():
    y, p, fold = (
        np.array([1, 0, 1, 0, 0, 0]),
        np.array([3.0, 1, 2, 2.5, 0, 1]),
        np.array([0, 0, 1, 1, 2, 2]),
    )
    score, influence = bootstrap.auroc(y, p, fold)
    assert score == 0.5 and not influence[4:].any() and influence[:4].any()
    assert np.isnan(bootstrap.auroc(np.zeros(6, dtype=int), p, fold)[0])


def test_both_genes_of_a_pair_carry_weight():
    w = np.array([[0, 1, 2], [2, 1, 3]], dtype=np.uint8)
    moved = bootstrap.moves(np.array([[1.0]]), w, (np.array([0]), np.array([1])))
    np.testing.assert_allclose(moved, [[-1, 0, 5]])


# --- coverage: simulation with a known truth --------------------------------------------------------------------------


def covered(n, prior, auc, weights, runs):
    """Share of simulated tasks whose interval holds the true AUROC, and the true difference 0 of two models."""
    rng, hits = np.random.default_rng(1), np.zeros(2)
    for _ in range(runs):
        y, fold, first, second = made(n, prior, auc, rng)
        (a, ia), (b, ib) = bootstrap.auroc(y, first, fold), bootstrap.auroc(y, second, fold)
        moved = bootstrap.moves(np.stack([ia, ib], axis=1), weights, (np.arange(n),))
        low, high = bootstrap.interval(np.array(a), moved[0], low=0, high=1)
        down, up = bootstrap.difference_interval(a - b, moved[0] - moved[1])
        hits += low <= auc <= high, down <= 0 <= up
    return hits / runs


@pytest.mark.parametrize("n, prior, auc", [(300, 0.1, 0.75), (400, 0.4, 0.85), (700, 0.06, 0.88)])
def test_intervals_of_auroc_hold_the_truth_in_93_to_97_percent(n, prior, auc, weights):
    score, difference = covered(n, prior, auc, weights, 1500)
    assert 0.93 <= score <= 0.97 and 0.93 <= difference <= 0.97


def test_intervals_of_spearman_hold_the_truth_in_93_to_97_percent(weights):
    rng, hits, truth = np.random.default_rng(6), 0, 6 / np.pi * np.arcsin(0.6 / 2)
    for _ in range(1500):
        x = rng.normal(size=300)
        y = 0.6 * x + 0.8 * rng.normal(size=300)
        score, influence = bootstrap.spearman(y, x, np.arange(300) % 5)
        moved = bootstrap.moves(influence[:, None], weights, (np.arange(300),))
        low, high = bootstrap.interval(np.array(score), moved[0], low=-1, high=1)
        hits += low <= truth <= high
    assert 0.93 <= hits / 1500 <= 0.97


def test_an_interval_stays_within_the_bounds_and_a_perfect_score_has_none():
    moved = np.random.default_rng(0).normal(0, 0.2, (2, 1000))
    bounds = bootstrap.interval(np.array([0.98, 1.0]), moved, low=0, high=1)
    assert 0 < bounds[0, 0] < 0.98 < bounds[1, 0] < 1 and bounds[:, 1].tolist() == [1, 1]


# --- what must not matter ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probed(weights):
    """Vectors of 800 genes that know a binary label in part; score and interval on given genes at a given scale."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(800, 20))
    y = (X[:, :3].sum(axis=1) + 2 * rng.normal(size=800) > 1).astype(int)
    fold = np.arange(800) % 5

    def run(genes, scale):
        twice = np.stack([genes, genes], axis=1)
        values = probes.predict(scale * X[genes], y[twice], fold[twice], kind="binary")[:, 0]
        score, influence = bootstrap.auroc(y[genes], values, fold[genes])
        moved = bootstrap.moves(influence[:, None], weights, (genes,))
        return score, bootstrap.interval(np.array(score), moved[0], low=0, high=1)

    return run


def test_scaling_a_model_or_dropping_two_fifths_of_its_genes_moves_its_score_by_less_than_its_interval(
    probed,
):
    score, (low, high) = probed(np.arange(800), 1.0)
    smaller, _ = probed(np.arange(800), 0.05)
    fewer, _ = probed(np.flatnonzero(np.random.default_rng(9).random(800) < 0.6), 1.0)
    assert low < score < high and smaller == pytest.approx(score, abs=1e-4)
    assert low <= fewer <= high and fewer != score
