"""The card of placed vectors: one self-contained page. Shows what ``place`` computed."""

import json
from pathlib import Path

import numpy as np
from pydantic_core import to_json

from ..core import cache

TEMPLATE = Path(__file__).with_name("card.html")


def html(card, template=TEMPLATE):
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

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, TEMPLATE.parent]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        autoescape=True,
    )
    return environment.get_template(template.name).render(card)


def write(made, folder, template=TEMPLATE):
    """Write ``card.json`` and ``card.html``.

    Parameters
    ----------
    made : dict
        Numbers may be numpy's; NaN and infinities become None.
    folder, template : Path

    Returns
    -------
    dict
        What ``card.json`` holds: plain values.
    """
    made = json.loads(to_json(made, inf_nan_mode="null", fallback=np.generic.item))
    cache.write_json(folder / "card.json", made)
    cache.write_text(folder / "card.html", html(made, template))
    return made
