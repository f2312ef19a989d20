"""Cards of tasks and models say what a reader needs, and packages have a version."""

from genebench.book import cards
from genebench.core import specs
from genebench.data import tasks
from notebooks.lib import markdown


def test_a_task_card_has_what_a_reader_needs_or_why_it_is_missing(home):
    known = specs.declared()
    listed = cards.task_rows(tasks.load(known.profile("tiny"), known.sources), known.sources)
    row = listed[listed.task == "toy/term/heart"].assign(description="Costs 5$ <b>")
    text = markdown.task_cards(row)
    assert text.startswith("````{dropdown} heart (binary, 148 genes)\n") and text.count("````") == 2
    for part in ("30 families", "hash `", "**Licence**: none", "underpowered", "absent; heart"):
        assert part in text
    assert "5\\$ &lt;b>" in text
    text = markdown.task_cards(row.assign(status="missing", reason="no file", hash=""))
    assert "not here" in text and "**Cannot be built here**: no file" in text
    assert "hash" not in text


def test_a_model_card_has_what_a_reader_needs():
    spec = specs.declared().models["minilm-symbol"]
    text = markdown.model_cards([spec])
    for part in (spec.title, "**Licence**", "dimensions", "{dropdown}"):
        assert part in text
