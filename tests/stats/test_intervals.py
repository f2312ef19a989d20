"""Intervals of means against scipy, and what a number of genes can show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from genebench.stats import intervals


def test_the_t_interval_is_that_of_scipy():
    values = np.array([0.7, 0.8, np.nan, 0.75, 0.9])
    some = values[np.isfinite(values)]
    expected = stats.ttest_1samp(some, 0).confidence_interval(0.95)
    assert intervals.t_interval(values) == pytest.approx((some.mean(), *expected), abs=1e-12)
    assert intervals.t_interval(values[:1])[0] == 0.7
    assert np.isnan([*intervals.t_interval(values[:1])[1:], *intervals.t_interval([])]).all()


def test_the_bootstrap_interval_of_a_mean_is_that_of_scipy():
    values = np.random.default_rng(1).exponential(size=50)
    test = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(0))
    mean, low, high = intervals.mean_interval(values)
    assert mean == values.mean()
    assert (low, high) == pytest.approx(tuple(test.confidence_interval), rel=0.02)
    assert np.isnan(intervals.mean_interval(values[:2])[1:]).all()


def test_the_interval_over_folds_is_that_of_nadeau_and_bengio_for_one_and_for_many():
    half = stats.t.ppf(0.975, 4) * 0.02 * np.sqrt(1 / 5 + 1 / 4)
    assert intervals.fold_interval(0.8, 0.02, 5) == pytest.approx((0.8 - half, 0.8 + half))
    low, high = intervals.fold_interval(np.array([0.8, 0.7]), np.full(2, 0.02), np.array([5, 1]))
    assert high[0] - low[0] == pytest.approx(2 * half) and np.isnan([low[1], high[1]]).all()
