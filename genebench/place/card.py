"""Cards: one self-contained page, and its numbers as JSON. Shows what others computed."""

import json
from pathlib import Path

import numpy as np
from pydantic_core import to_json

from .. import __version__
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


def write(made, path, folder, template=TEMPLATE):
    """Write ``card.json`` and ``card.html`` of a user's file.

    Parameters
    ----------
    made : dict
        Numbers may be numpy's; NaN and infinities become None.
    path, folder, template : Path
        The file; where the card is written; and its page.

    Returns
    -------
    dict
        What ``card.json`` holds: plain values, also the version, and name and SHA-256 of the file.
    """
    made = {"genebench": __version__, "file": path.name, "sha256": cache.digest(path), **made}
    made = json.loads(to_json(made, inf_nan_mode="null", fallback=np.generic.item))
    cache.write_json(folder / "card.json", made)
    cache.write_text(folder / "card.html", html(made, template))
    return made
