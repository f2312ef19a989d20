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
    for part in ("30 families", "hash `", "**Licence**: none", "(above 0.1)", "absent; heart"):
        assert part in text
    assert "5\\$ &lt;b>" in text
    text = markdown.task_cards(row.assign(status="missing", reason="no file", hash=""))
    assert "not here" in text and "**Cannot be built here**: no file" in text
    assert "hash" not in text


def test_every_model_and_task_of_the_shown_results_has_a_card_that_its_row_leads_to():
    models = specs.declared().models
    links, text = markdown.model_links(models), markdown.model_cards(models.values())
    for profile in ("paper", "function", "prospective", "demo"):
        for name in results.read_beside(profile, "means.csv").model.unique():
            page, _, anchor = links[name].partition(".html#")
            assert page == "models" and f"\n:name: {anchor}\n" in text
            assert links[models[name].title] == links[name]
    listed = stored.read_tasks("paper")
    links, text = markdown.task_links(listed), markdown.task_cards(listed)
    assert set(links) == {*listed.task, *listed.title}
    assert len(set(links.values())) == len(listed)
    assert [links[name] for name in listed.task] == [links[title] for title in listed.title]
    assert links["hpa/subcellular-location"] == "group-genomic.html#task-hpa-subcellular-location"
    assert all(f"\n:name: {at.partition('#')[2]}\n" in text for at in links.values())
