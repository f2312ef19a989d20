"""The catalogue: sizes, families, what a task can show, and words and cards about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from genebench.benchmark import results
from genebench.book import cards
from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import tasks
from genebench.stats import intervals


@pytest.fixture
def listed(home):
    """The catalogue of the made-up tasks."""
    return cards.entries(tasks.load(specs.profile("tiny"), specs.sources()))


def test_a_row_says_what_can_be_counted(listed, home):
    found = tasks.load(specs.profile("tiny"), specs.sources())
    row = listed.set_index("task").loc["toy/term/heart"]
    task = found["toy/term/heart"]
    assert (row.genes, row.families, row.hash) == (len(task), 30, task.hash)
    assert row["largest family"] == pytest.approx(6 / len(task), abs=1e-4)
    assert row.prior == pytest.approx(task.labels.mean(), abs=1e-4)
    expected = intervals.smallest_difference(int(task.labels.sum()), int((1 - task.labels).sum()))
    assert (
        row["smallest difference"] == pytest.approx(expected, abs=1e-4)
        and row.underpowered == "yes"
    )


def test_a_written_catalogue_is_read_back_as_it_was(listed, home):
    results.write_csv(listed, results.tasks_path("tiny"))
    held = results.read_tasks("tiny")
    for name in ("genes", "families", "largest family", "smallest difference"):
        np.testing.assert_allclose(held[name].astype(float), listed[name].astype(float))
    for name in ("task", "underpowered", "classes", "hash", "description", "reason"):
        assert held[name].tolist() == listed[name].tolist()


def test_no_catalogue_or_an_old_one_says_what_to_run(home):
    with pytest.raises(BadInput, match="run 'genebench tasks --profile tiny --write'"):
        results.read_tasks("tiny")
    results.write_csv(pd.DataFrame({"task": ["a"]}), results.tasks_path("tiny"))
    with pytest.raises(BadInput, match="an older catalogue; run"):
        results.read_tasks("tiny")


def test_a_card_holds_what_a_reader_asks(listed):
    row = listed[listed.task == "toy/term/heart"].assign(description="Costs 5$ <b>")
    text = cards.cards(row)
    assert text.startswith("````{dropdown} heart (binary, 148 genes)\n") and text.count("````") == 2
    for part in (
        "30 families",
        "hash `",
        "**Licence**: none",
        "underpowered",
        "absent; heart",
        "5\\$ &lt;b>",
    ):
        assert part in text


def test_a_task_that_is_missing_has_a_card_with_its_reason(listed):
    row = listed.head(1).assign(status="missing", reason="no file", hash="")
    text = cards.cards(row)
    assert "not here" in text and "**Cannot be built here**: no file" in text and "hash" not in text


def test_a_group_is_picked_and_spoken_of(listed):
    part = cards.of_group(listed, "biological processes")
    assert set(part.group) == {"biological processes"}
    words = cards.words(part)
    assert (
        words.startswith(f"{len(part)} tasks (")
        and f"{(part.underpowered == 'yes').sum()} are underpowered" in words
    )
    regression = cards.short(listed[listed.kind == "regression"])
    assert (
        "prior" not in regression
        and "smallest difference" in regression
        and regression.index[0] == 0
    )
    with pytest.raises(BadInput, match="unknown group 'localisation'; did you mean 'localization'"):
        cards.of_group(listed, "localisation")
    with pytest.raises(BadInput, match="the group 'localization' has no task"):
        cards.of_group(listed, "localization")


# --- what a task can show ---------------------------------------------------------------------------------------------


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
    )  # the Pearson correlation of normals that have this Spearman correlation
    found = np.abs(spearman(rho) - spearman(0.0)) > 1.96 * np.sqrt(2 * 1.06 / (n - 3))
    assert 0.75 < found.mean() < 0.85


def test_a_catalogue_without_a_ready_task_lists_what_is_missing():
    told = [f"source '{s}': nothing of it is here" for s in specs.profile("paper").sources]
    listed = cards.whole(specs.profile("paper"), {}, told)
    assert (
        list(listed) == cards.COLUMNS
        and set(listed.status) == {"missing"}
        and listed.genes.isna().all()
    )
    assert len(listed) == sum(len(specs.source(s).tasks) for s in specs.profile("paper").sources)
    assert (listed.reason.str.len() > 0).all()
