"""The stage of intervals: its tables hold what the predictions, put together by hand, say."""

import numpy as np
import pytest
from helpers import edit_model, run_tiny

from genebench.benchmark import plan, predictions, resampling, results
from genebench.benchmark.tables import means as means_of
from genebench.data import families
from genebench.stats import bootstrap, intervals


@pytest.fixture
def table(warm):
    """The table of intervals of the finished profile."""
    return results.read_beside("tiny", "intervals.parquet")


def of(table, **choice):
    """The one row of a choice."""
    (row,) = (r for r in table.itertuples() if choice.items() <= r._asdict().items())
    return row


def test_every_scored_pair_has_a_score_as_written_and_an_interval_around_it(table):
    assert set(table.genes) == set(resampling.GENES)
    for genes, mine in table[table.split == "stem"].groupby("genes", observed=True):
        written = results.main_scores("tiny", split="stem", genes=genes)
        mine, written = (f.set_index(["task", "model"]).sort_index() for f in (mine, written))
        assert mine.index.equals(written.index)
        np.testing.assert_allclose(mine.score, written.score, atol=1e-5)
        np.testing.assert_array_equal(mine.number, written.n_test)
        assert ((mine.low <= mine.score) & (mine.score <= mine.high)).all()
        # by stem, the stem shortcut knows nothing
        uncertain = mine[(mine.score < 0.999) & (mine.family != "shortcut")]
        assert (uncertain.error > 0).all() and len(uncertain) > 10


@pytest.mark.parametrize("task, model", [("toy/value", "stem"), ("toy/class", "part")])
def test_an_interval_is_that_of_its_predictions_put_together_by_hand(table, task, model):
    tiny = plan.make("tiny", models=[model], names=[task], split="random")
    (cell,) = tiny.requested
    made, known = predictions.load(tiny.path(cell))[task, 0], tiny.tasks[task]
    _, influence = bootstrap.influence(known.kind, known.labels[made.rows], made.values, made.fold)
    kin = families.stems(known.entities[made.rows].tolist())  # without a table of HGNC
    weight = bootstrap.weights(np.array(kin), seed=7).astype(float)
    row = of(table, task=task, model=model, split="random", genes="own")
    assert row.error == pytest.approx((influence @ (weight - 1)).std(), rel=1e-3)


def test_the_excess_is_paired_and_names_the_best_shortcut(table):
    at = {"task": "toy/value", "split": "random", "genes": "common"}
    row, stem = (of(table, model=model, **at) for model in ("full", "stem"))
    expected = pytest.approx(row.score - stem.score, abs=2e-5)
    assert row.best_shortcut == "stem" and row.excess == expected
    assert row.excess_low < row.excess < row.excess_high
    assert (row.excess_high - row.excess_low) / 2 / 1.96 < row.error + stem.error
    assert table.excess[table.family != "table"].isna().all()


def test_an_exposed_model_is_in_no_mean_and_its_excess_is_still_known_errors(warm):
    edit_model("full", exposed={"toy/": "It has read them."})
    run_tiny()
    assert "full" not in set(results.read_beside("tiny", "means.csv").model)
    table = results.read_beside("tiny", "intervals.parquet")
    assert table[table.model == "full"].excess.notna().any()


def test_the_power_of_a_task_follows_from_the_errors_of_its_pairs(warm, table):
    power = results.read_beside("tiny", "power.csv")
    at = {"task": "toy/value", "split": "random"}
    row = of(power, **at)
    best, second = (of(table, model=m, genes="common", **at) for m in (row.best, row.second))
    assert row.difference == pytest.approx(best.score - second.score, abs=1e-4)
    assert 0 < row.smallest and row.underpowered == (row.smallest > intervals.UNDERPOWERED)
    assert power.groupby("task").underpowered.nunique().max() == 1  # one answer for all splits


def test_means_are_over_the_same_tasks_in_every_split_and_the_first_loses_nothing(
    warm, monkeypatch
):
    monkeypatch.setattr(intervals, "UNDERPOWERED", 1.0)  # tasks of 180 genes can show little
    run_tiny()
    names = ("means.csv", "pairs.csv", "power.csv")
    means, *_ = every = [results.read_beside("tiny", name) for name in names]
    assert means.groupby(["measure", "group", "model"]).tasks.nunique().max() == 1
    assert (means[means.split == "random"].lost == 0).all() and means.lost.notna().all()
    here = "group == 'biological processes' and split == 'random'"
    means, pairs, power = (frame.query(here) for frame in every)
    means, power = means.set_index("model"), power[~power.underpowered].set_index("task")
    assert means.tasks.iloc[0] == len(power)
    assert ((means.low < means.score) & (means.score < means.high)).all()
    scores = results.main_scores("tiny", genes="common")
    scores = scores.pivot(index="task", columns="model", values="score").loc[power.index]
    expected = dict(zip(scores, np.average(scores, axis=0, weights=power.weight)))
    np.testing.assert_allclose(means.score, [expected[m] for m in means.index], atol=1e-4)
    excess, row = expected["full"] - expected["stem"], of(pairs, model="full", other="stem")
    assert [means.excess["full"], row.difference] == pytest.approx([excess, excess], abs=1e-4)
    assert (means.tier["full"] != means.tier["stem"]) == row.separated


def test_of_all_cut_offs_none_keeps_more_pairs():
    rng = np.random.default_rng(0)
    fair = rng.random((30, 9)) < rng.choice([0.3, 0.8, 0.97, 1.0], 9)
    tasks, models = means_of.comparable(fair)
    assert fair[np.ix_(tasks, models)].all()
    for share in np.linspace(means_of.LEAST_SHARE, 1, 60):
        admitted = fair.mean(axis=0) >= share
        assert fair[:, admitted].all(axis=1).sum() * admitted.sum() <= len(tasks) * len(models)


def test_the_shortcut_of_a_fold_is_chosen_on_the_other_folds():
    fold, rows = np.array([0, 1, 2, 2]), np.array([5, 1, 2, 0])
    of = {
        "lucky": (fold, np.array([1.0, 0.2, 0.3]), rows, np.ones(4)),
        "even": (fold, np.array([0.4, 0.6, 0.6]), rows, -np.ones(4)),
    }
    names, score, influence = resampling.best_shortcut(of, 6)
    assert names == ["even", "lucky", "lucky"] and score == pytest.approx(0.3)
    assert influence.tolist() == [1, 1, 1, 0, 0, -1]
