"""Intervals of means against scipy, and what a number of genes can show."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from genebench.stats import intervals


def test_the_t_interval_is_that_of_scipy():
    values = np.array([0.7, 0.8, np.nan, 0.75, 0.9])
    some = values[np.isfinite(values)]
    expected = stats.ttest_1samp(some, 0).confidence_interval(0.95)
    assert intervals.t_interval(values) == pytest.approx((some.mean(), *expected), abs=1e-12)
    assert np.isnan([*intervals.t_interval(values[:1])[1:], *intervals.t_interval([])]).all()


def test_the_bootstrap_interval_of_a_mean_is_that_of_scipy():
    values = default_rng(1).exponential(size=50)
    test = stats.bootstrap((values,), np.mean, method="percentile", rng=default_rng(0))
    mean, low, high = intervals.mean_interval(values)
    assert mean == values.mean()
    assert (low, high) == pytest.approx(tuple(test.confidence_interval), rel=0.02)
    assert np.isnan(intervals.mean_interval(values[:2])[1:]).all()


def test_the_interval_over_folds_is_that_of_nadeau_and_bengio():
    half = stats.t.ppf(0.975, 4) * 0.02 * np.sqrt(1 / 5 + 1 / 4)
    low, high = intervals.fold_interval(np.array([0.8, 0.7]), np.full(2, 0.02), np.array([5, 1]))
    assert (low[0], high[0]) == pytest.approx((0.8 - half, 0.8 + half))
    assert np.isnan([low[1], high[1]]).all()


# --- the smallest difference that a task can show -------------------------------------------------


def test_over_classes_and_labels_it_is_the_mean_weighted_by_genes():
    sizes = [50, 100, 250]
    labels = np.repeat([0, 1, 2], sizes)
    each = [intervals.smallest_difference(k, 400 - k) for k in sizes]
    expected = pytest.approx(np.average(each, weights=sizes))
    assert intervals.task_difference("binary", (labels == 1) * 1) == each[1]
    assert intervals.task_difference("multiclass", labels) == expected
    assert intervals.task_difference("multilabel", np.eye(3, dtype=int)[labels]) == expected
    assert np.isnan(intervals.task_difference("pair", labels))
    assert np.isnan(intervals.task_difference("regression", np.arange(3.0)))


def test_the_difference_of_a_regression_is_seen_four_times_in_five():
    """By simulation: Spearman correlations of independent samples, tested by the formula's own
    standard error."""
    n, draws, rng = 200, 3000, default_rng(1)
    delta = intervals.task_difference("regression", np.arange(float(n)))
    # Pearson correlation of normals that have this Spearman correlation
    rho = 2 * np.sin(np.pi * delta / 6)

    def spearman(rho):
        x = rng.standard_normal((draws, n))
        y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((draws, n))
        a, b = (stats.zscore(stats.rankdata(v, axis=1), axis=1) for v in (x, y))
        return (a * b).mean(axis=1)

    seen = np.abs(spearman(rho) - spearman(0.0)) > 1.96 * np.sqrt(2 * 1.06 / (n - 3))
    assert 0.75 < seen.mean() < 0.85
