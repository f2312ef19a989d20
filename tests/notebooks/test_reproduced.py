"""The list of what is reproduced says in one word where each figure is from."""

from genebench.core import paths, specs
from genebench.core.yamls import read_yaml

WORDS = {"redrawn", "recomputed", "published", "not made", "not possible"}


def test_every_entry_has_a_word_a_reason_and_a_page_that_exists():
    pages = {"", *(page.page for page in specs.pages())}
    for paper, items in read_yaml(paths.DATA / "reproduced.yml").items():
        for item in items:
            assert item["how"] in WORDS and item["page"] in pages, (paper, item["what"])
            assert item["why"].strip() and item.get("differs", True) is True
            assert item["page"] or item["how"].startswith("not ")
