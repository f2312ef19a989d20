"""The built book in headless Chromium: nothing leaves the page, nothing breaks."""

import contextlib
import functools
import html.parser
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


@pytest.fixture
def opened(browser, site):
    """Open pages of the book; every outside request (blocked), error and failed load is a fault."""
    faults, pages = [], []

    def block(route, home):
        if route.request.url.startswith((home, "data:", "blob:", "file:")):
            return route.continue_()
        faults.append(f"outside: {route.request.url}")
        route.abort()

    def report(about, text, bad):
        faults.extend([f"{about}: {text}"] * bool(bad))

    def go(name, home=site, **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.route("**/*", lambda route: block(route, home))
        if home != "file:":
            page.on("pageerror", lambda err: report("error", err, True))
            page.on("console", lambda m: report("console", m.text, m.type == "error"))
            page.on("response", lambda r: report(r.status, r.url, r.status >= 400))
        path, _, place = name.partition("#")
        where = (paths.HTML / path).as_uri() if home == "file:" else f"{home}/{path}"
        page.goto(where + f"#{place}" * bool(place), wait_until="networkidle")
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


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_self_contained_and_whole(opened, name):
    page = opened(name)
    weight = "performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize || 0), 0)"
    assert 10_000 < page.evaluate(weight) < (1.5e6 if name == "index.html" else 5e6)
    title = page.locator("h1").first.text_content().strip()
    assert title or name in ("search.html", "genindex.html")
    page.wait_for_function("!document.body.innerText.includes('Loading ITables')", timeout=10_000)
    assert blank_images(page) == []


def test_every_figure_offers_svg_and_csv_that_load(opened):
    page = opened("executed/overview.html")
    links = page.eval_on_selector_all("a.download", "all => all.map(a => a.href)")
    assert {link.rsplit(".", 1)[1] for link in links} == {"svg", "csv"} and len(links) >= 6
    assert all(len(page.request.get(link).body()) > 200 for link in links)


def test_search_finds_a_task_and_the_catalogue_filters(opened):
    page = opened("search.html?q=missense-z")
    page.wait_for_selector("#search-results li")
    assert "Tasks" in page.locator("#search-results").inner_text()
    page = opened("executed/tasks.html")
    shown = page.locator("div.dt-info").first
    total = shown.inner_text()
    page.locator("div.dt-container input[type=search]").first.fill("hpa/uhlen")
    page.wait_for_timeout(300)
    assert shown.inner_text() != total


@pytest.mark.parametrize(
    "word", ["ESM2", "ESM-2", "Geneformer", "scGPT", "TP53", "leakage", "zero-shot"]
)
def test_search_finds_what_readers_look_for(opened, word):
    page = opened(f"search.html?q={word}")
    page.wait_for_selector("#search-results li")


@pytest.mark.parametrize("name", ["leaderboard", "models", "tasks", "group-genomic"])
def test_the_name_in_a_row_leads_to_a_card_that_opens(opened, name):
    page = opened(f"executed/{name}.html")
    link = page.locator("div.dt-container tbody td a").first
    link.wait_for()
    words = link.inner_text()
    link.click()
    page.wait_for_function("document.querySelector(location.hash || 'x')?.open")
    card = page.locator(page.evaluate("location.hash"))
    assert words in card.inner_text()


def test_a_phone_shows_the_first_columns_and_the_others_on_a_click(opened):
    page = opened("executed/leaderboard.html", viewport={"width": 390, "height": 800})
    heads = page.locator("div.dt-container").nth(0).locator("thead th:visible")
    button = page.locator("button.gb-columns").first
    button.wait_for()  # tables are drawn after the page is there
    few = heads.count()
    button.click()
    assert 0 < few < heads.count()


@pytest.mark.parametrize("name", ["index.html", "executed/overview.html", "executed/models.html"])
def test_a_page_opened_from_disk_can_be_read_at_once(opened, name):
    page = opened(name, "file:")
    page.wait_for_timeout(500)
    assert page.locator("h1").first.text_content().strip() and blank_images(page) == []
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    assert 0 < ready < (2000 if name == "index.html" else 20_000)
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


class Links(html.parser.HTMLParser):
    """Addresses that a page names, and the places in it that can be named."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given[name] for name in ("id", "name") if given.get(name)}
        self.links |= {given[name] for name in ("href", "src") if given.get(name)}


def test_no_link_inside_the_book_is_broken():
    read = {p: Links(p.read_text(encoding="utf-8")) for p in map(paths.HTML.joinpath, PAGES)}
    broken, seen = [], 0
    for source, page in read.items():
        for link in page.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc or not (url.path or url.fragment):
                continue
            path = urllib.parse.unquote(url.path)
            target = (source.parent / path).resolve() if path else source
            place = urllib.parse.unquote(url.fragment)
            named = place and target.suffix == ".html" and "=" not in place
            seen += 1
            if not target.exists() or (named and place not in read[target].places):
                broken.append((source.name, link))
    assert seen > 1000 and broken == []


THEME = {
    "landmark-unique",
    "region",
    "landmark-no-duplicate-banner",
    "landmark-one-main",
    "skip-link",
}
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


def test_headings_go_down_one_step_at_a_time():
    for path in map(paths.HTML.joinpath, PAGES):
        main = re.search(r"<article[^>]*>(.*?)</article>", path.read_text(encoding="utf-8"), re.S)
        levels = [int(n) for n in re.findall(r"<h([1-6])[ >]", main[1])] if main else []
        assert not levels or levels[0] == 1, path.name
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), (path.name, levels)


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
    parts = "predicted right?|the best model here|model by model|its labels|false alarms"
    for part in f"{parts}|nearest genes|ranked below".split("|"):
        assert part in text
    assert genes.evaluate("location.hash") == "#TP53"
    genes.locator("#gb-gene").fill("ZZZZ")
    assert "No gene whose symbol begins with ZZZZ" in genes.locator(".gb-told").first.inner_text()


def test_gene_pages_are_small_and_open_from_disk(genes, opened):
    data = list((paths.HTML / "_static").glob("genes-*.js"))
    assert sum(p.stat().st_size for p in data) < 30e6
    page = opened("executed/genes.html#TP53", "file:")
    page.wait_for_selector(".gb-genes[data-shown=TP53]")
    assert float(page.locator(".gb-genes").get_attribute("data-ms")) < 1000
