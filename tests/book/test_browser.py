"""The built book in headless Chromium: nothing leaves the page, nothing breaks."""

import contextlib
import functools
import html
import http.server
import re
import threading
import urllib.parse

import pytest
from browsers import CHROMIUM, launch

from genebench.core import paths

pytestmark = pytest.mark.browser
PAGES = sorted(
    str(p.relative_to(paths.HTML))
    for p in paths.HTML.rglob("*.html")
    if "_" not in p.relative_to(paths.HTML).parts[0]
)

TABS = 5
"""Pages that are open at once."""

if CHROMIUM is None:
    pytest.skip(
        "no Chromium on this machine (Debian: apt-get install chromium)", allow_module_level=True
    )
if not PAGES:
    pytest.skip("the book is not built (make book)", allow_module_level=True)


@contextlib.contextmanager
def served(folder):
    """A folder on a port of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site():
    with served(paths.HTML) as home:
        yield home


@pytest.fixture(scope="module")
def browser():
    yield from launch()


@pytest.fixture(scope="module")
def contexts(browser):
    """A context for each set of options, whose pages share scripts that were read once."""
    known = {}

    def of(options):
        if str(options) not in known:
            known[str(options)] = browser.new_context(**options)
        return known[str(options)]

    return of


@pytest.fixture
def opened(contexts, site):
    """Open pages of the book; a request to elsewhere (which fails), error or failed load is a
    fault.
    """
    faults, pages = [], []

    def go(name, home=site, until="networkidle", **options):
        page = contexts(options).new_page()
        pages.append(page)
        inside = (home, "data:", "blob:", "file:")
        page.on("request", lambda r: faults.extend([r.url] * (not r.url.startswith(inside))))
        if home != "file:":
            page.on("pageerror", lambda err: faults.append(err.message))
            page.on("console", lambda m: faults.extend([m.text] * (m.type == "error")))
            page.on("response", lambda r: faults.extend([r.url] * (r.status >= 400)))
        path, _, place = name.partition("#")
        where = (paths.HTML / path).as_uri() if home == "file:" else f"{home}/{path}"
        page.goto(where + f"#{place}" * bool(place), wait_until=until)
        return page

    go.faults = faults
    yield go
    for page in pages:
        page.close()
    assert faults == []


def blank_images(page):
    """Images of a page that are not there, or say nothing to those who cannot see them."""
    return page.evaluate(
        "[...document.querySelectorAll('main img')]"
        ".filter(i => !i.complete || i.naturalWidth < 50 || !i.alt).map(i => i.src)"
    )


@pytest.mark.parametrize("first", range(0, len(PAGES), TABS))
def test_pages_are_self_contained_and_whole(opened, first):
    weight = "performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize || 0), 0)"
    tabs = {name: opened(name, until="commit") for name in PAGES[first : first + TABS]}
    for name, page in tabs.items():  # one loads while another waits for the network to be idle
        page.wait_for_load_state("networkidle")
        assert 10_000 < page.evaluate(weight) < (1.5e6 if name == "index.html" else 5e6), name
        title = page.locator("h1").first.text_content().strip()
        assert title or name in ("search.html", "genindex.html"), name
        whole = "!document.body.innerText.includes('Loading ITables')"
        page.wait_for_function(whole, timeout=10_000)
        assert blank_images(page) == [], name


@pytest.mark.parametrize("word", ["missense-z", "ESM-2", "TP53", "leakage"])
def test_search_finds_what_readers_look_for(opened, word):
    page = opened(f"search.html?q={word}")
    page.wait_for_selector("#search-results li")


@pytest.mark.parametrize("name", ["leaderboard", "tasks"])
def test_the_name_in_a_row_leads_to_a_card_that_opens(opened, name):
    page = opened(f"executed/{name}.html")
    link = page.locator("div.dt-container tbody td a").first
    link.wait_for()
    words = link.inner_text()
    link.click()
    page.wait_for_function("document.querySelector(location.hash || 'x')?.open")
    card = page.locator(page.evaluate("location.hash"))
    assert words in card.inner_text()


@pytest.mark.parametrize("name", ["index.html", "executed/models.html"])
def test_a_page_opened_from_disk_can_be_read_at_once(opened, name):
    page = opened(name, "file:")
    page.wait_for_timeout(500)
    assert page.locator("h1").first.text_content().strip() and blank_images(page) == []
    rows = page.locator("div.dt-container tbody tr").count()
    assert rows >= 5 or name == "index.html"


SHOWN = [
    "index.html",
    "executed/leaderboard.html",
    "executed/genes.html#TP53",
    "executed/overview.html",
    "glossary.html",
    "executed/models.html",
]


def test_a_phone_shows_no_page_wider_than_itself(opened):
    for name in SHOWN:
        page = opened(name, viewport={"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, name


WIDER = "(t => t.parentNode.scrollWidth - t.parentNode.clientWidth)(document.querySelector('%s'))"


def test_a_table_shows_as_many_columns_as_fit_and_a_button_brings_all(opened):
    page = opened("executed/models.html", viewport={"width": 1280, "height": 800})
    table = ".dt-scroll-body table.genebench-table"
    page.wait_for_selector(f"{table} td")
    head = page.locator(".dt-scroll-head").first
    few = head.locator("th").count()
    assert page.evaluate(WIDER % table) <= 1
    assert few > 4 and "trained on" not in head.inner_text()
    page.get_by_role("button", name="All columns").first.click()
    assert head.locator("th").count() > few and "trained on" in head.inner_text()
    assert page.evaluate(WIDER % table) > 1


def test_no_link_inside_the_book_is_broken():
    texts = {p: p.read_text(encoding="utf-8") for p in map(paths.HTML.joinpath, PAGES)}
    places = {p: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for p, text in texts.items()}
    broken, seen = [], 0
    for source, text in texts.items():
        for link in re.findall(r'<[a-z][^>]*\b(?:href|src)="([^":]+)"', text):
            path, _, place = urllib.parse.unquote(html.unescape(link)).partition("#")
            target = (source.parent / path.partition("?")[0]).resolve() if path else source
            named = place and target.suffix == ".html" and "=" not in place
            seen += 1
            if not target.exists() or (named and place not in places[target]):
                broken.append((source.name, link))
    assert seen > 1000 and broken == []


THEME = "landmark-unique region landmark-no-duplicate-banner landmark-one-main skip-link".split()
"""Rules about the frame of the page, which is the theme's."""


@pytest.mark.parametrize(
    ("name", "scheme"), [*((n, "light") for n in SHOWN), *((n, "dark") for n in SHOWN[:3])]
)
def test_a_page_has_no_serious_fault_of_accessibility(opened, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(name, color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function("!document.body.innerText.includes('Loading ITables')")
    options = {"runOnly": ["wcag2a", "wcag2aa", "best-practice"], "resultTypes": ["violations"]}
    found = axe.run(page, "main", options=options).response["violations"]
    opened.faults.clear()  # those of axe's own script
    assert [
        (v["id"], v["nodes"][0]["html"][:120])
        for v in found
        if v["impact"] in ("serious", "critical") and v["id"] not in THEME
    ] == []


def test_the_book_works_from_any_sub_path(opened, tmp_path):
    (tmp_path / "some" / "place").mkdir(parents=True)
    (tmp_path / "some" / "place" / "v1.2").symlink_to(paths.HTML, target_is_directory=True)
    with served(tmp_path) as home:
        for name in SHOWN[:3]:
            opened(f"some/place/v1.2/{name}", home).close()


def test_weights_move_the_mean_as_arithmetic_says_and_stay_in_the_address(opened):
    page = opened("executed/leaderboard.html#weights=2,0,0,0,1")
    rows = page.locator(".genebench-weights tbody tr").all_inner_texts()
    whole = [[float(v) for v in row.split("\t")[1:]] for row in rows if "–" not in row]
    assert whole
    for mean, *groups in whole:
        assert mean == pytest.approx((2 * groups[0] + groups[4]) / 3, abs=1e-3)
    page.get_by_label("weight of localization").evaluate(
        "e => { e.value = 3; e.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    assert "weights=2,0,3,0,1" in page.evaluate("location.hash")


# --- gene pages ---


@pytest.fixture
def genes(opened):
    page = opened("executed/genes.html")
    if not page.locator(".gb-genes").count():
        pytest.skip("this book was built without cached predictions")
    return page


def test_a_gene_is_found_by_its_first_letters_with_the_keyboard_alone(genes):
    genes.locator("#gb-gene").focus()
    genes.keyboard.type("tp5")
    found = genes.locator("#gb-found li").all_inner_texts()
    assert "TP53" in found and all(name.startswith("TP5") for name in found)
    for _ in range(found.index("TP53") + 1):
        genes.keyboard.press("ArrowDown")
    genes.keyboard.press("Enter")
    genes.wait_for_selector(".gb-genes[data-shown=TP53]")
    text = genes.locator(".gb-gene").inner_text().lower()
    for part in ("predicted right?", "model by model", "its labels", "nearest genes"):
        assert part in text
    assert genes.evaluate("location.hash") == "#TP53"
    genes.locator("#gb-gene").fill("ZZZZ")
    assert "No gene whose symbol begins with ZZZZ" in genes.locator(".gb-told").first.inner_text()
