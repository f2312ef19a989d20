"""Harmful names in a browser: on a page of the book none of them is more than text."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
from browsers import EVIL, hit, launch

from genebench.book import show
from genebench.core import paths


@pytest.fixture(scope="module")
def browser():
    yield from launch()


@pytest.mark.browser
def test_tables_and_weights_of_a_page_show_harmful_names_as_text(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    shown = []
    for number, evil in enumerate(EVIL):
        frame = pd.DataFrame({evil: [evil, "x"], "score": [0.5, 0.6]})
        shown.append(show.table(frame, page="p", profile="ci", name="n", caption="c").data)
        wide = pd.DataFrame([[0.5, 0.6]], index=[evil], columns=[evil, "other"])
        shown.append(show.weights(wide, page="p", profile="ci", name=f"w{number}").data)
    html = " ".join(shown)
    found, _ = hit(browser, f"<!DOCTYPE html><body>{html}")
    assert not found and EVIL[0] not in html and "window.hit=1" in html


def rendered(text: str) -> str:
    """HTML that the book makes of a notebook's Markdown output."""
    from docutils.core import publish_parts
    from myst_parser.parsers.docutils_ import Parser

    options = {
        "myst_enable_extensions": ["colon_fence"],
        "report_level": 5,
        "halt_level": 6,
        "traceback": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return publish_parts(
            text, parser=Parser(), writer_name="html5", settings_overrides=options
        )["html_body"]


@pytest.mark.browser
def test_captions_and_lists_of_a_page_show_harmful_names_as_text(browser, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    monkeypatch.setattr(paths, "CACHE", tmp_path)
    texts = []
    for evil in EVIL:
        frame = pd.DataFrame({"task": [evil, "b"], "text": [evil, "d"]})
        fig = Figure(figsize=(1, 1))
        texts.append(
            show.figure(fig, frame, page="p", profile="ci", name="n", caption=evil, alt=evil).data
        )
        texts.append(show.listing(frame, column="task", text="text", title="All").data)
    found, text = hit(browser, "<!DOCTYPE html><body>" + "\n".join(map(rendered, texts)))
    assert not found and "window.hit=1" in text


@pytest.mark.browser
def test_a_missing_number_is_a_dash_on_the_page_and_empty_in_the_files(
    browser, tmp_path, monkeypatch
):
    import itables
    from itables.javascript import generate_init_offline_itables_html

    monkeypatch.setattr(paths, "CACHE", tmp_path)
    frame = pd.DataFrame(
        {
            "model": ["a", "b", "c", "d"],
            "score": [0.5, None, -0.25, 10.0],
            "star": [0.5, 0.25, 2.0, 1],
        }
    )
    frame = frame.assign(tier=pd.array([2, None, 10, 1], dtype="Int64"), why=["x", None, "", "<b>"])
    marks = pd.DataFrame({"star": ["*", "", "", ""]})
    shown = show.table(frame, page="p", profile="ci", name="n", caption="C.", marks=marks).data
    whole = show.table(
        frame[["model", "star"]], page="p", profile="ci", name="m", caption="C."
    ).data
    assert show.DASH in shown and show.DASH not in whole
    read = browser.new_page()
    read.set_content(
        f"<!DOCTYPE html>{generate_init_offline_itables_html(itables.options.dt_bundle)}{shown}"
    )
    read.wait_for_selector("table.dataTable tbody tr", timeout=20_000)
    rows_of = "[...document.querySelectorAll('table.dataTable tbody tr')]"
    cells = f"{rows_of}.map(r => [...r.cells].map(c => c.innerText))"
    rows = read.evaluate(cells)
    assert rows[0] == ["a", "0.500", "0.500*", "2", "x"] and rows[1] == [
        "b",
        "–",
        "0.250",
        "–",
        "–",
    ]
    for column, order in (
        ("score", "bcad"),
        ("tier", "bdac"),
        ("star", "badc"),
    ):  # by number; none comes first
        read.locator("table.dataTable thead th:visible").filter(has_text=column).first.locator(
            ".dt-column-order"
        ).click()
        read.wait_for_function(f"{cells}.map(r => r[0]).join('') === '{order}'", timeout=5_000)
    with read.expect_download() as saving:
        read.get_by_role("button", name="CSV").click()
    for file in (saving.value.path(), tmp_path / "notebooks" / "ci" / "files" / "p-n.csv"):
        saved = pd.read_csv(file)
        assert (
            saved.score.isna().sum() == saved.tier.isna().sum() == 1 and "–" not in saved.to_csv()
        )
        assert sorted(saved.star) == [0.25, 0.5, 1, 2]
    read.close()
