"""Names that mean harm on the pages: in a browser, none of them is more than text."""

from __future__ import annotations

import shutil
import warnings

import pandas as pd
import pytest

from genebench.book import show
from genebench.core import paths
from genebench.place import card

EVIL = [
    "<script>window.hit=1</script>",
    "<img src=x onerror='window.hit=1'>",
    '"><svg onload=window.hit=1>',
    "</style></title></script><script>window.hit=1</script>",
    "{raw:html}`<script>window.hit=1</script>`",
    "[x](javascript:window.hit=1)",
    "`</code><script>window.hit=1</script>`",
    "```{raw} html\n<script>window.hit=1</script>\n```",
    "'-window.hit=1-'",
]
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update".split()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


def hit(browser, html: str) -> tuple[bool, str]:
    """Whether a page ran what a name says (also after every link was clicked), and its text."""
    shown = browser.new_page()
    dialogs: list = []
    shown.on("dialog", lambda d: (dialogs.append(d.message), d.dismiss()))
    shown.set_content(html, wait_until="load")
    shown.wait_for_timeout(200)
    for link in shown.query_selector_all("a[href^='javascript']"):
        link.click(force=True)
    found = shown.evaluate("window.hit === 1") or bool(dialogs)
    text = shown.evaluate("document.body.innerText")
    shown.close()
    return found, text


def test_the_trap_springs(browser):
    assert hit(browser, EVIL[0])[0] and hit(browser, EVIL[1])[0]


def told(evil: str) -> dict:
    """What a card shows, with the same harmful text wherever a user's file or a declaration can put
    one."""
    lines = [evil, evil]
    model = {
        "title": evil,
        "family": "table",
        "color": "#000000",
        "score": 0.6,
        "mean": 0.6,
        "low": 0.5,
        "high": 0.7,
    }
    return {
        "genebench": "0",
        "name": evil,
        "profile": evil,
        "file": evil,
        "sha256": "0" * 64,
        "dimension": 3,
        "tasks_scored": 2,
        "skipped": [{"task": evil, "reason": evil}],
        "sentences": lines,
        "cost": {
            "this_call_s": 1.0,
            "fits_core_s": 1.0,
            "cells_cached": 0,
            "cells": 1,
            "peak_memory_mb": 1,
        },
        "ids": {
            "covered": 20,
            "of": 40,
            "given": 30,
            "lost": 1,
            "kind": evil,
            "sentences": lines,
            "statuses": [
                {"status": evil, "meaning": evil, "ids": 3, "used": False, "examples": lines}
            ],
        },
        "checks": [{"check": evil, "fine": False, "sentence": evil}],
        "leaks": [{"check": evil, "level": "flag", "sentence": evil, "value": 1, "rows": []}],
        "wins": [
            {
                "task": evil,
                "metric": "auroc",
                "score_all_genes": 0.6,
                "rival_title": evil,
                "rival_score": 0.5,
                "difference": 0.1,
                "low": 0.0,
                "high": 0.2,
            }
        ],
        "losses": [],
        "counts": {"win": 1, "tie": 0, "loss": 0},
        "groups": [],
        "model": model,
        "excess": {"tasks": 0, "sentence": evil, "by_group": []},
    }


PARTS = [
    card._header,
    card._meaning,
    card._wins,
    card._leaks,
    card._lost,
    card._checks,
    card._how,
    card._excess,
]


@pytest.mark.browser
def test_a_card_shows_harmful_names_as_text(browser):
    html = "<!DOCTYPE html><body>" + "\n".join(part(told(evil)) for evil in EVIL for part in PARTS)
    found, text = hit(browser, html)
    assert not found
    assert [evil for evil in EVIL if " ".join(evil.split()) not in " ".join(text.split())] == []


@pytest.mark.browser
def test_tables_and_weights_of_a_page_show_harmful_names_as_text(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    shown = []
    for number, evil in enumerate(EVIL):
        frame = pd.DataFrame({evil: [evil, "x"], "score": [0.5, 0.6]})
        shown.append(show.table(frame, page="p", profile="ci", name="n", caption="c").data)
        wide = pd.DataFrame([[0.5, 0.6]], index=[evil], columns=[evil, "other"])
        shown.append(show.weights(wide, page="p", profile="ci", name=f"w{number}").data)
    found, text = hit(browser, f"<!DOCTYPE html><body>{' '.join(shown)}")
    assert not found and EVIL[0] in text


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
    cells = "[...document.querySelectorAll('table.dataTable tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
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
