"""Tiers, ranks, power and task weights against scipy, published tables and simulated truth."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from genebench.stats import bootstrap, influences, separation

N = 400


def test_a_model_better_by_twice_the_smallest_difference_is_separated_in_over_80_percent():
    rng, fold = default_rng(5), np.arange(N) % 5
    weights = bootstrap.weights(np.array([f"G{i}" for i in range(N)]), 300, seed=1)

    def compared(*aurocs):
        """Comparison of models on one task; they share part of their errors."""
        y, base = (rng.random(N) < 0.4).astype(int), rng.normal(size=N)
        far = np.sqrt(2) * stats.norm.ppf(aurocs)
        models = [d * y + 0.7 * base + np.sqrt(0.51) * rng.normal(size=N) for d in far]
        scores, influence = zip(*(influences.auroc(y, p, fold) for p in models))
        moved = bootstrap.moves(np.stack(influence, axis=1), weights, (np.arange(N),))
        return separation.compare(separation.Mean(np.array(scores), moved))

    equal = [compared(0.7, 0.7, 0.7, 0.7) for _ in range(100)]
    assert 0.9 <= np.mean([not c.separated.any() for c in equal]) <= 0.99
    error = np.mean([c.error for c in equal])
    better = 0.7 + 2 * separation.POWER * error
    assert np.mean([compared(better, 0.7, 0.7, 0.7).rank_high[0] == 1 for _ in range(100)]) > 0.8
    more = separation.more_genes(N, separation.POWER * error / 2, error)
    assert (N + more) / N == pytest.approx(4, rel=0.01)  # half the difference, four times the genes
    assert separation.more_genes(N, 1.0, error) == 0
    assert np.isnan(separation.more_genes(N, 0.0, error))


def test_the_bar_for_many_independent_pairs_is_that_of_tukey():
    moved = default_rng(7).normal(size=(6, 40000))
    result = separation.compare(separation.Mean(np.zeros(6), moved))
    bar = (result.high[0] - result.low[0]) / 2 / result.error[0]
    assert bar == pytest.approx(stats.studentized_range.ppf(0.95, 6, np.inf) / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    "scores, tiers, best, worst",
    [
        ([0.5, 0.9, 0.895, 0.7], [3, 1, 1, 2], [4, 1, 1, 3], [4, 2, 2, 3]),
        ([0.56, 0.53, 0.50], [1, 1, 2], [1, 1, 2], [2, 3, 3]),  # a chain shares tiers with heads
        ([0.7], [1], [1], [1]),
    ],
)
def test_tiers_and_ranks_of_plain_cases(scores, tiers, best, worst):
    moved = 0.01 * default_rng(8).normal(size=(len(scores), 4000))
    result = separation.compare(separation.Mean(np.array(scores), moved))
    assert result.tier.tolist() == tiers
    assert result.rank_low.tolist() == best and result.rank_high.tolist() == worst


# --- tasks that resemble each other ---------------------------------------------------------------


def test_ten_copies_of_a_task_weigh_as_one():
    one, other = default_rng(11).random((2, 500))
    rows = [*[np.arange(500)] * 11, np.arange(500, 1000)]  # the last of other genes
    alike = separation.resemblance([one < 0.3] * 10 + [other, one], rows, 1000)
    weight = separation.task_weights(alike)
    assert [weight[:10].sum(), weight[10]] == pytest.approx([1, 1], abs=0.05) and alike[0, 11] == 0


def test_the_effective_number_is_that_of_the_eigenvalues_of_the_correlation_of_binary_tasks():
    rng = default_rng(12)
    tasks = [(rng.random(300) < 0.4).astype(int) for _ in range(4)]
    tasks += [np.where(rng.random(300) < 0.2, 1 - tasks[0], tasks[0]) for _ in range(3)]
    alike, r = separation.resemblance(tasks, [np.arange(300)] * 7, 300), np.corrcoef(tasks)
    number = 7**2 / (np.linalg.eigvalsh(r) ** 2).sum()
    assert separation.effective_number(alike) == pytest.approx(number, rel=1e-3)
    np.testing.assert_allclose(alike, r**2, atol=1e-4)


def test_a_mean_over_tasks_spreads_by_genes_and_by_clusters_of_tasks():
    rng = default_rng(14)
    scores = 0.7 + 0.1 * rng.normal(size=(40, 1))
    still, weight, own = np.zeros((40, 1, 4000)), np.ones(40), np.arange(40)
    over_tasks = separation.mean_over_tasks(scores, still, weight, own)
    (error,), (freedom,) = over_tasks.error()
    assert error == pytest.approx(scores.std(ddof=1) / np.sqrt(40)) and freedom == pytest.approx(39)
    low, high = over_tasks.interval()[:, 0]
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 39) * error, rel=0.07)
    # the same genes move all tasks together
    shared = 0.02 * rng.normal(size=(1, 1, 4000)).repeat(40, axis=0)
    both = separation.mean_over_tasks(scores, shared, weight, own)
    assert both.draws().std() == pytest.approx(np.hypot(error, 0.02), rel=0.07)
    # four tasks that stand or fall together are one; of seven clusters the mean is about these
    fourfold = separation.mean_over_tasks(*(a.repeat(4, 0) for a in (scores, shared, weight, own)))
    assert fourfold.error()[0] == pytest.approx(both.error()[0])
    few = separation.mean_over_tasks(scores, still, weight, own % 7)
    assert few.clusters is None and few.draws().std() == 0


def test_tasks_of_one_table_or_of_one_question_are_a_cluster():
    similarity = np.eye(5)
    similarity[1, 4] = similarity[4, 1] = 0.6
    assert separation.cluster_tasks(similarity, list("aabcd")).tolist() == [0, 0, 1, 2, 0]


@pytest.mark.parametrize("clusters, size, r", [(20, 1, 0), (20, 4, 0.5), (12, 4, 0.9)])
def test_equal_models_are_separated_in_at_most_7_percent_however_tasks_depend(clusters, size, r):
    from benchmarks import separation as simulated

    row = simulated.scenario(clusters, size, r, runs=200, seed=3)
    assert row["false_separation"] <= 0.07 + 2 * np.sqrt(0.07 * 0.93 / 200)
    assert row["power_006"] > row["power_003"]
