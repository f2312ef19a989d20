"""Tiers, ranks, power and task weights against scipy, published tables and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from genebench.stats import bootstrap, separation


@pytest.fixture(scope="module")
def weights():
    """Weights of 400 made-up genes."""
    return bootstrap.weights(np.array([f"G{i}" for i in range(400)]), 500, seed=1)


def scored(y, fold, predictions, weights):
    """Scores and their draws of several predictions of one task."""
    found = [bootstrap.auroc(y, p, fold) for p in predictions]
    moved = bootstrap.moves(np.stack([f[1] for f in found], axis=1), weights, (np.arange(len(y)),))
    return np.array([f[0] for f in found]), moved


def test_a_model_and_its_jittered_copy_are_split_in_under_5_percent_of_200_runs(weights):
    rng, split = np.random.default_rng(3), 0
    for _ in range(200):
        y, fold = (rng.random(400) < 0.3).astype(int), np.arange(400) % 5
        model = y + rng.normal(size=400)
        others = [k * y + rng.normal(size=400) for k in (0, 0.3, 0.6)]
        copy = model + 0.1 * rng.normal(size=400)
        found = separation.compare(*scored(y, fold, [model, copy, *others], weights))
        assert 0 < found.error[0] < 0.02
        split += found.tier[0] != found.tier[1]
    assert split < 10


def test_equal_models_are_all_in_one_tier_in_95_percent_of_runs(weights):
    rng, whole = np.random.default_rng(4), 0
    for _ in range(200):
        y, fold, base = (
            (rng.random(400) < 0.4).astype(int),
            np.arange(400) % 5,
            rng.normal(size=400),
        )
        equal = [y + 0.7 * base + np.sqrt(0.51) * rng.normal(size=400) for _ in range(5)]
        whole += not separation.compare(*scored(y, fold, equal, weights)).separated.any()
    assert 0.9 <= whole / 200 <= 0.99


def test_a_model_better_by_twice_the_smallest_detectable_difference_is_separated_in_over_80_percent(
    weights,
):
    rng = np.random.default_rng(5)
    far = np.sqrt(2) * stats.norm.ppf(0.7)

    def run(better):
        y, fold, base = (
            (rng.random(400) < 0.4).astype(int),
            np.arange(400) % 5,
            rng.normal(size=400),
        )
        noise = [0.7 * base + np.sqrt(0.51) * rng.normal(size=400) for _ in range(4)]
        return separation.compare(
            *scored(
                y, fold, [(better if i == 0 else far) * y + e for i, e in enumerate(noise)], weights
            )
        )

    smallest = separation.smallest_paired(np.mean([run(far).error.mean() for _ in range(50)]))
    better = np.sqrt(2) * stats.norm.ppf(0.7 + 2 * smallest)
    found = [run(better) for _ in range(200)]
    apart = [f.tier[0] == 1 and f.separated[:3].all() for f in found]
    assert np.mean(apart) > 0.8 and np.mean([f.rank_high[0] == 1 for f in found]) > 0.8


def test_two_models_differ_where_the_paired_test_of_scipy_says_so():
    rng = np.random.default_rng(6)
    values = rng.normal(size=(300, 2)) + rng.normal(size=(300, 1))
    values[:, 0] += 0.1
    draws = rng.poisson(1.0, (300, 20000)) - 1.0
    moved = ((values - values.mean(axis=0)) / 300).T @ draws
    found = separation.compare(values.mean(axis=0), moved)
    test = stats.ttest_rel(values[:, 0], values[:, 1])
    assert found.p[0] == pytest.approx(test.pvalue, abs=0.02)
    assert found.error[0] == pytest.approx(
        (values[:, 0] - values[:, 1]).std(ddof=1) / np.sqrt(300), rel=0.02
    )


def test_the_bar_for_many_independent_pairs_is_that_of_tukey():
    moved = np.random.default_rng(7).normal(size=(6, 40000))
    found = separation.compare(np.zeros(6), moved)
    bar = (found.high[0] - found.low[0]) / 2 / found.error[0]
    assert bar == pytest.approx(stats.studentized_range.ppf(0.95, 6, np.inf) / np.sqrt(2), rel=0.02)


def test_tiers_and_ranks_of_a_plain_case():
    moved = 0.01 * np.random.default_rng(8).normal(size=(4, 4000))
    found = separation.compare(np.array([0.5, 0.9, 0.895, 0.7]), moved)
    assert found.tier.tolist() == [3, 1, 1, 2]
    assert found.rank_low.tolist() == [4, 1, 1, 3] and found.rank_high.tolist() == [4, 2, 2, 3]


def test_a_chain_shares_tiers_with_its_heads_and_rank_intervals_keep_what_tiers_cannot_say():
    moved = 0.01 * np.random.default_rng(9).normal(size=(3, 4000))
    found = separation.compare(np.array([0.56, 0.53, 0.50]), moved)
    assert found.tier.tolist() == [1, 1, 2] and found.rank_high.tolist() == [2, 3, 3]


def test_a_model_and_its_exact_copy_share_a_tier():
    moved = np.random.default_rng(10).normal(size=(1, 100)).repeat(2, axis=0)
    found = separation.compare(np.array([0.7, 0.7]), moved)
    assert found.tier.tolist() == [1, 1] and not found.separated.any()


def test_mean_ranks_share_ties_and_weigh_tasks():
    scores = np.array([[0.9, 0.8, 0.8], [0.5, 0.6, 0.7], [0.5, 0.6, 0.7]])
    np.testing.assert_allclose(
        separation.mean_ranks(scores, np.array([1, 0.5, 0.5])), [2.0, 2.25, 1.75]
    )


@pytest.mark.parametrize("models, q", [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_is_that_of_demsars_table(models, q):
    expected = q * np.sqrt(models * (models + 1) / (6 * 30))
    assert separation.critical_difference(models, 30) == pytest.approx(expected, rel=1e-3)


def test_more_genes_are_those_that_give_the_power():
    n, error, difference = 200, 0.03, 0.05
    wanted = n + separation.more_genes(n, difference, error)
    assert separation.smallest_paired(error * np.sqrt(n / wanted)) == pytest.approx(
        difference, rel=0.01
    )
    assert stats.norm.sf(1.96 - difference / (error * np.sqrt(n / wanted))) == pytest.approx(
        0.8, abs=0.01
    )
    assert separation.more_genes(n, 0.2, error) == 0 and np.isnan(
        separation.more_genes(n, 0.0, error)
    )


# --- tasks that resemble each other -----------------------------------------------------------------------------------


def test_ten_copies_of_a_task_weigh_as_one():
    rng, rows = np.random.default_rng(11), np.arange(500)
    one, other = (rng.random((2, 500)) < 0.3).astype(int)
    alike = separation.resemblance([one] * 10 + [other], [rows] * 11, 500)
    weight = separation.task_weights(alike)
    assert weight[:10].sum() == pytest.approx(1, abs=0.05) and weight[10] == pytest.approx(
        1, abs=0.05
    )


def test_the_effective_number_is_that_of_the_eigenvalues_of_the_correlation_of_binary_tasks():
    rng = np.random.default_rng(12)
    tasks = [(rng.random(300) < 0.4).astype(int) for _ in range(4)]
    tasks += [np.where(rng.random(300) < 0.2, 1 - tasks[0], tasks[0]) for _ in range(3)]
    alike = separation.resemblance(tasks, [np.arange(300)] * 7, 300)
    values = np.linalg.eigvalsh(np.corrcoef(tasks))
    assert separation.effective_number(alike) == pytest.approx(
        values.sum() ** 2 / (values**2).sum(), rel=1e-3
    )
    np.testing.assert_allclose(alike, np.corrcoef(tasks) ** 2, atol=1e-4)


def test_tasks_of_other_genes_do_not_resemble_each_other_and_kinds_can_be_mixed():
    rng = np.random.default_rng(13)
    columns = np.eye(3)[rng.integers(0, 3, 100)]
    number = columns[:, 0] + 0.01 * rng.normal(size=100)
    alike = separation.resemblance(
        [columns, number, columns], [np.arange(100), np.arange(100), np.arange(100, 200)], 200
    )
    assert (
        0.3 < alike[0, 1] <= 1
        and alike[0, 2] == 0
        and separation.effective_number(alike[[0, 2]][:, [0, 2]]) == 2
    )


def test_draws_of_a_mean_over_tasks_spread_by_genes_and_tasks():
    rng = np.random.default_rng(14)
    scores = 0.7 + 0.1 * rng.normal(size=(40, 1))
    still, weight, one = np.zeros((40, 1, 4000)), np.ones(40), np.zeros(40)
    over_tasks = separation.task_draws(scores, still, weight, one)
    assert over_tasks.std() == pytest.approx(scores.std() / np.sqrt(40), rel=0.07)
    shared = 0.02 * rng.normal(size=(1, 1, 4000)).repeat(
        40, axis=0
    )  # the same genes move all tasks together
    both = separation.task_draws(scores, shared, weight, one)
    assert both.std() == pytest.approx(np.hypot(over_tasks.std(), 0.02), rel=0.07)
    assert separation.task_draws(scores[:4], still[:4], weight[:4], one[:4]).std() == 0


def test_tasks_are_drawn_within_their_groups():
    rng = np.random.default_rng(15)
    groups = np.repeat([0, 1], 30)
    scores = (0.5 + 0.4 * groups + 0.05 * rng.normal(size=60))[:, None]
    apart = separation.task_draws(scores, np.zeros((60, 1, 4000)), np.ones(60), groups)
    within = np.hypot(scores[:30].std(), scores[30:].std()) / np.sqrt(30) / 2
    assert apart.std() == pytest.approx(within, rel=0.07)
