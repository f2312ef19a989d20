"""The card of placed vectors: one self-contained page. Shows what ``place`` computed."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = Path(__file__).with_name("card.html")


def html(card: dict) -> str:
    """Fill the page of a card.

    Parameters
    ----------
    card : dict
        Plain values, see ``place.place``.

    Returns
    -------
    str
        HTML that asks no network; every text of the card is escaped.
    """
    import jinja2

    options = {"undefined": jinja2.StrictUndefined, "trim_blocks": True}
    environment = jinja2.Environment(autoescape=True, **options)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(card)
