"""Cards and catalogues of tasks and models say what a reader needs, or why it is missing."""

import pandas as pd
import pytest
from helpers import refused
from numpy.testing import assert_allclose

from genebench.benchmark import results
from genebench.book import cards
from genebench.core import specs
from genebench.data import tasks
from genebench.stats import intervals
from notebooks.lib import markdown, stored


@pytest.fixture
def built(home):
    """The made-up tasks."""
    known = specs.declared()
    return tasks.load(known.profile("tiny"), known.sources)


@pytest.fixture
def listed(built):
    """Their catalogue."""
    return cards.task_rows(built, specs.declared().sources)


def test_a_task_card_has_what_a_reader_needs_or_why_it_is_missing(listed):
    row = listed[listed.task == "toy/term/heart"].assign(description="Costs 5$ <b>")
    text = markdown.task_cards(row)
    assert text.startswith("````{dropdown} heart (binary, 148 genes)\n") and text.count("````") == 2
    for part in ("30 families", "hash `", "**Licence**: none", "absent; heart", "5\\$ &lt;b>"):
        assert part in text
    text = markdown.task_cards(row.assign(status="missing", reason="no file", hash=""))
    assert "**Cannot be built here**: no file" in text and "hash" not in text


def test_every_model_and_task_of_the_shown_results_has_a_card_that_its_row_leads_to():
    models, listed = specs.declared().models, stored.read_tasks("paper")
    ways = markdown.model_links(models), markdown.task_links(listed)
    texts = markdown.model_cards(models.values()), markdown.task_cards(listed)
    for links, text in zip(ways, texts):
        assert all(f"\n:name: {at.partition('#')[2]}\n" in text for at in links.values())
    for profile in ("paper", "function", "prospective", "demo"):
        for name in results.read_beside(profile, "means.csv").model.unique():
            assert ways[0][models[name].title] == ways[0][name]
    assert set(ways[1]) == {*listed.task, *listed.title}
    assert len(set(ways[1].values())) == len(listed)
    assert ways[1]["hpa/subcellular-location"] == "group-genomic.html#task-hpa-subcellular-location"


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
