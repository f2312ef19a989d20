"""The card of placed vectors: one self-contained page. Shows what ``place`` computed."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = Path(__file__).with_name("card.html")


def html(card: dict, template: Path = TEMPLATE) -> str:
    """Fill the page of a card.

    Parameters
    ----------
    card : dict
        Plain values, see ``place.place``.
    template : Path
        It finds the parts of this folder, ``head.html`` and ``macros.html``.

    Returns
    -------
    str
        HTML that asks no network; every text of the card is escaped.
    """
    import jinja2

    loader = jinja2.FileSystemLoader([template.parent, TEMPLATE.parent])
    options = {"undefined": jinja2.StrictUndefined, "trim_blocks": True, "loader": loader}
    environment = jinja2.Environment(autoescape=True, **options)
    return environment.get_template(template.name).render(card)
