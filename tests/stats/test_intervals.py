"""Intervals of means against scipy, and what a number of genes can show."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from genebench.stats import intervals


def test_the_t_interval_is_that_of_scipy():
    some = np.array([0.7, 0.8, 0.75, 0.9])
    expected = pytest.approx((some.mean(), *stats.ttest_1samp(some, 0).confidence_interval()))
    assert intervals.t_interval(np.append(some, np.nan)) == expected
    assert np.isnan([*intervals.t_interval(some[:1])[1:], *intervals.t_interval([])]).all()


def test_the_bootstrap_interval_of_a_mean_is_that_of_scipy():
    values = default_rng(1).exponential(size=50)
    test = stats.bootstrap((values,), np.mean, method="percentile", rng=default_rng(0))
    expected = values.mean(), *test.confidence_interval
    assert intervals.mean_interval(values) == pytest.approx(expected, rel=0.02)
    assert np.isnan(intervals.mean_interval(values[:2])[1:]).all()


def test_the_interval_over_folds_is_that_of_nadeau_and_bengio():
    half = stats.t.ppf(0.975, 4) * 0.02 * np.sqrt(1 / 5 + 1 / 4)
    (low, one), (high, too) = intervals.fold_interval(*np.array([[0.8, 0.7], [0.02] * 2, [5, 1]]))
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half)) and np.isnan([one, too]).all()


# --- the smallest difference that a task can show -------------------------------------------------


def test_over_classes_and_labels_it_is_the_mean_weighted_by_genes():
    sizes, difference = [50, 100, 250], intervals.task_difference
    labels = np.repeat([0, 1, 2], sizes)
    each = [intervals.smallest_difference(k, 400 - k) for k in sizes]
    expected = pytest.approx(np.average(each, weights=sizes))
    assert difference("binary", (labels == 1) * 1) == each[1]
    assert difference("multiclass", labels) == expected
    assert difference("multilabel", np.eye(3, dtype=int)[labels]) == expected
    assert np.isnan([difference("pair", labels), difference("regression", np.arange(3.0))]).all()


def test_the_difference_of_a_regression_is_seen_four_times_in_five():
    """By simulation: Spearman correlations of independent samples, tested by the formula's own
    standard error."""
    n, draws, rng = 200, 1500, default_rng(1)
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
