"""Harmful names in a browser: on a page of the book none of them is more than text."""

import warnings

import pandas as pd
import pytest
from browsers import EVIL, hit, launch
from matplotlib.figure import Figure

from genebench.core import paths
from notebooks.lib import show

pytestmark = pytest.mark.browser
AT = {"page": "p", "profile": "ci"}


@pytest.fixture(scope="module")
def browser():
    yield from launch()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A folder of their own for the files of pages."""
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    return tmp_path


def rendered(text):
    """HTML that the book makes of a notebook's Markdown output."""
    from docutils.core import publish_parts
    from myst_parser.parsers.docutils_ import Parser

    options = {"myst_enable_extensions": ["colon_fence"], "report_level": 5, "halt_level": 6}
    with warnings.catch_warnings(action="ignore"):
        return publish_parts(
            text, parser=Parser(), writer_name="html5", settings_overrides=options
        )["html_body"]


def of_tables(evil):
    frame = pd.DataFrame({evil: [evil, "x"], "score": [0.5, 0.6]})
    wide = pd.DataFrame([[0.5, 0.6]], index=[evil], columns=[evil, "other"])
    table = show.table(frame, **AT, name="n", caption="c").data
    return table + show.weights(wide, **AT, name="w").data


def of_captions(evil):
    frame, fig = pd.DataFrame({"task": [evil, "b"], "text": [evil, "d"]}), Figure(figsize=(1, 1))
    figure = show.figure(fig, frame, **AT, name="n", caption=evil, alt=evil).data
    listing = show.listing(frame, column="task", text="text", title="All").data
    return rendered(figure) + rendered(listing)


@pytest.mark.parametrize("write", [of_tables, of_captions])
def test_harmful_names_are_shown_as_text(browser, write):
    html = "<!DOCTYPE html><body>" + "\n".join(map(write, EVIL))
    found, text = hit(browser, html)
    assert not found and "window.hit=1" in html + text
    assert write is of_captions or EVIL[0] not in html
