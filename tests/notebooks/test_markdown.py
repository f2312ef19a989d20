"""Cards of tasks and models say what a reader needs, and packages have a version."""

from genebench.benchmark import results
from genebench.book import cards
from genebench.core import specs
from genebench.data import tasks
from notebooks.lib import markdown, stored


def test_a_task_card_has_what_a_reader_needs_or_why_it_is_missing(home):
    known = specs.declared()
    listed = cards.task_rows(tasks.load(known.profile("tiny"), known.sources), known.sources)
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
    cards = markdown.model_cards(models.values()), markdown.task_cards(listed)
    for links, text in zip(ways, cards):
        assert all(f"\n:name: {at.partition('#')[2]}\n" in text for at in links.values())
    for profile in ("paper", "function", "prospective", "demo"):
        for name in results.read_beside(profile, "means.csv").model.unique():
            assert ways[0][models[name].title] == ways[0][name]
    assert set(ways[1]) == {*listed.task, *listed.title}
    assert len(set(ways[1].values())) == len(listed)
    assert ways[1]["hpa/subcellular-location"] == "group-genomic.html#task-hpa-subcellular-location"
