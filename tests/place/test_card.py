"""Harmful names in a browser: on a card none of them is more than text."""

import pytest
from browsers import EVIL, hit, launch

from genebench.place import card

pytestmark = pytest.mark.browser
TYPE = dict.fromkeys("embeddings lower best_score difference low high".split(), 1)
AMONG = [{"sentence": "", "types": [TYPE | {"category": "", "best": ""}]}]
MORE = {"among": AMONG, "probe": "svc", "skipped": [{"task": "", "reason": ""}]}
"""What the card of the made-up project has none of."""


@pytest.fixture(scope="module")
def browser():
    yield from launch()


def test_the_trap_springs(browser):
    assert hit(browser, EVIL[0])[0] and hit(browser, EVIL[1])[0]


def harmful(value, evil):
    """The same value with a harmful text in the place of every text."""
    if isinstance(value, dict):
        return {k: v if k == "stands" else harmful(v, evil) for k, v in value.items()}
    if isinstance(value, list):
        return [harmful(v, evil) for v in value]
    return evil if isinstance(value, str) else value


def test_a_card_shows_harmful_names_as_text(browser, good):
    for evil in EVIL:
        page = card.html(harmful(good.card | MORE, evil))
        found, text = hit(browser, page)
        assert not found and " ".join(evil.split()) in " ".join(text.split())
        assert "http" not in page and "<script" not in page.replace("&lt;script", "")
