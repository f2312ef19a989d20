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


def rendered(text: str) -> str:
    """HTML that the book makes of a notebook's Markdown output."""
    from docutils.core import publish_parts
    from myst_parser.parsers.docutils_ import Parser

    options = {"myst_enable_extensions": ["colon_fence"], "report_level": 5, "halt_level": 6}
    options = {"settings_overrides": options | {"traceback": False}, "writer_name": "html5"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return publish_parts(text, parser=Parser(), **options)["html_body"]


def of_tables(evil: str) -> str:
    frame = pd.DataFrame({evil: [evil, "x"], "score": [0.5, 0.6]})
    wide = pd.DataFrame([[0.5, 0.6]], index=[evil], columns=[evil, "other"])
    table = show.table(frame, **AT, name="n", caption="c").data
    return table + show.weights(wide, **AT, name="w").data


def of_captions(evil: str) -> str:
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


def test_a_missing_number_is_a_dash_on_the_page_and_empty_in_the_files(browser, cache):
    import itables
    from itables.javascript import generate_init_offline_itables_html

    star, tier = [0.5, 0.25, 2.0, 1], pd.array([2, None, 10, 1], dtype="Int64")
    frame = {"model": list("abcd"), "score": [0.5, None, -0.25, 10.0], "star": star, "tier": tier}
    frame = pd.DataFrame(frame | {"why": ["x", None, "", "<b>"]})
    marks = pd.DataFrame({"star": ["*", "", "", ""]})
    shown = show.table(frame, **AT, name="n", caption="C.", marks=marks).data
    whole = show.table(frame[["model", "star"]], **AT, name="m", caption="C.").data
    assert show.DASH in shown and show.DASH not in whole
    read, script = browser.new_page(), generate_init_offline_itables_html(itables.options.dt_bundle)
    read.set_content(f"<!DOCTYPE html>{script}{shown}")
    read.wait_for_selector("table.dataTable tbody tr", timeout=20_000)
    rows_of = "[...document.querySelectorAll('table.dataTable tbody tr')]"
    cells = f"{rows_of}.map(r => [...r.cells].map(c => c.innerText))"
    first, second, *_ = read.evaluate(cells)
    assert (first, second) == (["a", "0.500", "0.500*", "2", "x"], ["b", "–", "0.250", "–", "–"])
    for column, order in {"score": "bcad", "tier": "bdac", "star": "badc"}.items():
        # by number; none comes first
        heads = read.locator("table.dataTable thead th:visible").filter(has_text=column)
        heads.first.locator(".dt-column-order").click()
        read.wait_for_function(f"{cells}.map(r => r[0]).join('') === '{order}'", timeout=5_000)
    with read.expect_download() as saving:
        read.get_by_role("button", name="CSV").click()
    for file in (saving.value.path(), cache / "notebooks" / "ci" / "files" / "p-n.csv"):
        saved = pd.read_csv(file)
        assert saved.score.isna().sum() == saved.tier.isna().sum() == 1
        assert "–" not in saved.to_csv() and sorted(saved.star) == sorted(star)
    read.close()
