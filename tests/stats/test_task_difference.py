"""The smallest difference that a task can show, against its sizes and a simulation."""

import numpy as np
import pytest
from scipy.stats import rankdata

from genebench.stats import intervals


def test_the_smallest_difference_of_a_binary_task_is_that_of_its_sizes():
    labels = np.repeat([0, 1], [300, 100])
    assert intervals.task_difference("binary", labels) == intervals.smallest_difference(100, 300)


def test_over_classes_and_labels_it_is_the_mean_weighted_by_genes():
    sizes = [50, 100, 250]
    expected = sum(k * intervals.smallest_difference(k, 400 - k) for k in sizes) / 400
    assert intervals.task_difference("multiclass", np.repeat([0, 1, 2], sizes)) == pytest.approx(
        expected
    )
    wide = np.eye(3, dtype=int)[np.repeat([0, 1, 2], sizes)]
    assert intervals.task_difference("multilabel", wide) == pytest.approx(expected)


def test_pairs_and_tiny_regressions_have_none():
    assert np.isnan(intervals.task_difference("pair", np.array([0, 1] * 50)))
    assert np.isnan(intervals.task_difference("regression", np.arange(3.0)))


def test_the_difference_of_a_regression_is_found_four_times_in_five():
    """By simulation: Spearman correlations of independent samples, tested by the formula's own
    standard error."""
    n, draws, rng = 200, 3000, np.random.default_rng(1)
    delta = intervals.task_difference("regression", np.arange(float(n)))

    def spearman(rho: float) -> np.ndarray:
        x = rng.standard_normal((draws, n))
        y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((draws, n))
        ranks = [rankdata(v, axis=1) - (n + 1) / 2 for v in (x, y)]
        return (ranks[0] * ranks[1]).sum(axis=1) / (ranks[0] ** 2).sum(axis=1)

    rho = 2 * np.sin(
        np.pi * delta / 6
    )  # Pearson correlation of normals that have this Spearman correlation
    found = np.abs(spearman(rho) - spearman(0.0)) > 1.96 * np.sqrt(2 * 1.06 / (n - 3))
    assert 0.75 < found.mean() < 0.85
