"""Catalogues say what can be counted, and why something is missing."""

import pandas as pd
import pytest
from helpers import refused
from numpy.testing import assert_allclose

from genebench.benchmark import results
from genebench.book import cards
from genebench.core import specs
from genebench.data import tasks
from genebench.stats import intervals
from notebooks.lib import stored


@pytest.fixture
def built(home):
    """The made-up tasks."""
    known = specs.declared()
    return tasks.load(known.profile("tiny"), known.sources)


@pytest.fixture
def listed(built):
    """Their catalogue."""
    return cards.task_rows(built, specs.declared().sources)


def test_a_row_says_what_can_be_counted(listed, built):
    row, task = listed.set_index("task").loc["toy/term/heart"], built["toy/term/heart"]
    assert (row.genes, row.families, row.hash) == (len(task), 30, task.hash)
    assert row["largest family"] == pytest.approx(6 / len(task), abs=1e-4)
    expected = intervals.smallest_difference(int(task.labels.sum()), int((1 - task.labels).sum()))
    assert row["smallest difference"] == pytest.approx(expected, abs=1e-4)
    assert row.underpowered == "yes"


def test_a_written_catalogue_is_read_back_and_none_or_an_old_one_says_what_to_run(listed):
    with refused("run 'genebench tasks --profile tiny --write'"):
        stored.read_tasks("tiny")
    path = results.beside_path("tiny", "tasks.csv")
    results.write_csv(pd.DataFrame({"task": ["a"]}), path)
    with refused("an older catalogue; run"):
        stored.read_tasks("tiny")
    results.write_csv(listed, path)
    back = stored.read_tasks("tiny")
    assert_allclose(back["largest family"].astype(float), listed["largest family"])
    names = ["task", "underpowered", "classes", "hash", "description", "reason"]
    assert back[names].equals(listed[names])
