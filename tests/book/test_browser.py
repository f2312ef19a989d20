"""The built book in headless Chromium: nothing leaves the page, nothing breaks."""

import contextlib
import functools
import html.parser
import http.server
import re
import shutil
import threading
import urllib.parse

import pytest

from genebench.core import paths

pytestmark = pytest.mark.browser
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


class Watch:
    """A page that notes every outside request (and blocks it), error and failed load."""

    def __init__(self, browser, home, **options):
        self.faults = []
        self.page = browser.new_page(**options)
        self.page.route("**/*", lambda route: self.block(route, home))
        self.page.on("pageerror", lambda err: self.faults.append(f"error: {err}"))
        self.page.on(
            "console",
            lambda m: self.faults.append(f"console: {m.text}") if m.type == "error" else None,
        )
        self.page.on(
            "response",
            lambda r: self.faults.append(f"{r.status}: {r.url}") if r.status >= 400 else None,
        )

    def block(self, route, home):
        url = route.request.url
        if url.startswith((home, "data:", "blob:", "file:")):
            route.continue_()
        else:
            self.faults.append(f"outside: {url}")
            route.abort()

    def blank_images(self):
        return self.page.evaluate(
            "[...document.querySelectorAll('main img')]"
            ".filter(i => !i.complete || i.naturalWidth < 50 || !i.alt).map(i => i.src)"
        )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_self_contained_and_whole(site, browser, name):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/{name}", wait_until="networkidle")
    assert watch.faults == []
    weight = "performance.getEntries().reduce((sum, e) => sum + (e.encodedBodySize || 0), 0)"
    assert 10_000 < watch.page.evaluate(weight) < 5e6
    assert watch.page.locator("h1").first.text_content().strip() or name in (
        "search.html",
        "genindex.html",
    )
    assert watch.blank_images() == []
    assert watch.page.get_by_text("Loading ITables").count() == 0
    watch.page.close()


def test_every_figure_offers_png_svg_and_csv_that_load(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/overview.html", wait_until="networkidle")
    links = watch.page.eval_on_selector_all("a.download", "all => all.map(a => a.href)")
    assert {link.rsplit(".", 1)[1] for link in links} == {"png", "svg", "csv"} and len(links) >= 9
    for link in links:
        assert len(watch.page.request.get(link).body()) > 200
    watch.page.close()


def test_search_finds_a_task_by_its_name(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/search.html?q=missense-z", wait_until="networkidle")
    watch.page.wait_for_selector("#search-results li")
    assert "Tasks" in watch.page.locator("#search-results").inner_text()
    assert watch.faults == []
    watch.page.close()


def test_the_catalogue_filters_and_sorts(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/tasks.html", wait_until="networkidle")
    total = watch.page.locator("div.dt-info").first.inner_text()
    watch.page.locator("div.dt-container input[type=search]").first.fill("hpa/uhlen")
    watch.page.wait_for_timeout(300)
    assert watch.page.locator("div.dt-info").first.inner_text() != total
    watch.page.close()


@pytest.mark.parametrize("name", ["index.html", "executed/overview.html", "executed/models.html"])
def test_a_page_opened_from_disk_can_be_read(browser, name):
    watch = Watch(browser, "file:")
    watch.page.goto((paths.HTML / name).as_uri(), wait_until="load")
    watch.page.wait_for_timeout(500)
    assert watch.page.locator("h1").first.text_content().strip()
    assert watch.blank_images() == []
    if name != "index.html":
        assert watch.page.locator("div.dt-container tbody tr").count() >= 5
    assert not [fault for fault in watch.faults if fault.startswith("outside")]
    watch.page.close()


def test_a_phone_shows_no_page_wider_than_itself(site, browser):
    watch = Watch(browser, site, viewport={"width": 390, "height": 800})
    for name in (
        "index.html",
        "executed/overview.html",
        "executed/models.html",
        "executed/leaderboard.html",
        "executed/genes.html#TP53",
        "glossary.html",
    ):
        watch.page.goto(f"{site}/{name}", wait_until="networkidle")
        assert watch.page.evaluate("document.documentElement.scrollWidth") <= 400, name
    watch.page.close()


# --- budgets, links, accessibility, print ---


def test_the_front_page_is_light_and_ready_at_once_from_disk(site, browser):
    watch = Watch(browser, site)
    sizes = []
    watch.page.on("response", lambda r: sizes.append(len(r.body())))
    watch.page.goto(f"{site}/index.html", wait_until="networkidle")
    assert len(sizes) > 10 and sum(sizes) < 1.5e6, sum(sizes)
    watch.page.close()
    disk = Watch(browser, "file:")
    disk.page.goto((paths.HTML / "index.html").as_uri(), wait_until="load")
    ready = disk.page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    assert 0 < ready < 2000, ready
    disk.page.close()


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
            target = (
                (source.parent / urllib.parse.unquote(url.path)).resolve() if url.path else source
            )
            seen += 1
            if not target.exists():
                broken.append((source.name, link))
            elif url.fragment and target.suffix == ".html" and "=" not in url.fragment:
                broken += [(source.name, link)] * (
                    urllib.parse.unquote(url.fragment) not in read[target].places
                )
    assert seen > 1000 and broken == []


SHOWN = [
    "index.html",
    "executed/leaderboard.html",
    "executed/genes.html",
    "executed/overview.html",
    "glossary.html",
    "executed/models.html",
]
THEME = {
    "landmark-unique",
    "region",
    "landmark-no-duplicate-banner",
    "landmark-one-main",
    "skip-link",
}
"""Rules about the frame of the page, which is the theme's."""


@pytest.mark.parametrize(
    ("name", "scheme"),
    [(n, "light") for n in SHOWN] + [(n, "dark") for n in SHOWN if SHOWN.index(n) < 3],
)
def test_a_page_has_no_serious_fault_of_accessibility(site, browser, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    watch = Watch(browser, site, color_scheme=scheme, reduced_motion="reduce")
    watch.page.goto(
        f"{site}/{name}" + ("#TP53" if "genes" in name else ""), wait_until="networkidle"
    )
    options = {"runOnly": ["wcag2a", "wcag2aa", "best-practice"], "resultTypes": ["violations"]}
    found = axe.run(watch.page, "main", options=options).response["violations"]
    serious = [
        (v["id"], v["nodes"][0]["html"][:120], v["nodes"][0].get("failureSummary", "")[:200])
        for v in found
        if v["impact"] in ("serious", "critical") and v["id"] not in THEME
    ]
    assert serious == []
    watch.page.close()


def test_headings_go_down_one_step_at_a_time():
    for path in map(paths.HTML.joinpath, PAGES):
        main = re.search(r"<article[^>]*>(.*?)</article>", path.read_text(encoding="utf-8"), re.S)
        levels = [int(n) for n in re.findall(r"<h([1-6])[ >]", main[1])] if main else []
        assert not levels or levels[0] == 1, path.name
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), (path.name, levels)


def test_paper_shows_no_controls(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/leaderboard.html", wait_until="networkidle")
    watch.page.emulate_media(media="print")
    assert not watch.page.locator(".bd-sidebar-primary").is_visible()
    assert watch.page.locator("main table").first.is_visible()
    watch.page.close()


def test_the_book_works_from_any_sub_path(browser, tmp_path):
    (tmp_path / "some" / "place").mkdir(parents=True)
    (tmp_path / "some" / "place" / "v1.2").symlink_to(paths.HTML, target_is_directory=True)
    with served(tmp_path) as home:
        watch = Watch(browser, home)
        for name in ("index.html", "executed/leaderboard.html", "executed/genes.html"):
            watch.page.goto(f"{home}/some/place/v1.2/{name}", wait_until="networkidle")
            assert watch.faults == []
        watch.page.close()


# --- own weights ---


def test_weights_move_the_mean_as_arithmetic_says_and_stay_in_the_address(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/leaderboard.html#weights=2,0,0,0,1", wait_until="networkidle")
    rows = watch.page.locator(".genebench-weights tbody tr")
    cells = [row.split("\t")[1:] for row in rows.all_inner_texts()]
    whole = [[float(v) for v in row] for row in cells if "–" not in row]
    assert whole
    for mean, *groups in whole:
        assert mean == pytest.approx((2 * groups[0] + groups[4]) / 3, abs=1e-3)
    watch.page.get_by_label("weight of localization").evaluate(
        "e => { e.value = 3; e.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    assert "weights=2,0,3,0,1" in watch.page.evaluate("location.hash")
    assert watch.faults == []
    watch.page.close()


# --- gene pages ---


@pytest.fixture
def genes(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/genes.html", wait_until="networkidle")
    if not watch.page.locator(".gb-genes").count():
        pytest.skip("this book was built without cached predictions")
    yield watch.page
    assert watch.faults == []
    watch.page.close()


def test_a_gene_is_found_by_its_first_letters_with_the_keyboard_alone(genes):
    genes.locator("#gb-gene").focus()
    genes.keyboard.type("tp5")
    found = genes.locator("#gb-found li").all_inner_texts()
    assert "TP53" in found and all(name.startswith("TP5") for name in found)
    for _ in range(found.index("TP53") + 1):
        genes.keyboard.press("ArrowDown")
    genes.keyboard.press("Enter")
    genes.wait_for_selector(".gb-genes[data-shown=TP53]")
    text = genes.locator(".gb-gene").inner_text()
    for part in (
        "predicted right?",
        "the best model here",
        "Model by model",
        "Its labels",
        "False alarms",
        "Nearest genes",
        "ranked below",
    ):
        assert part.lower() in text.lower()
    assert genes.evaluate("location.hash") == "#TP53"


def test_a_gene_page_leads_on_to_its_neighbours_and_can_be_linked(genes, site):
    genes.goto(f"{site}/executed/genes.html#BRCA1", wait_until="networkidle")
    genes.wait_for_selector(".gb-genes[data-shown=BRCA1]")
    first = genes.locator(".gb-gene dl a").first
    name = first.inner_text()
    first.click()
    genes.wait_for_selector(f".gb-genes[data-shown='{name}']")
    assert genes.locator("#gb-title").inner_text().startswith(name)


def test_an_unknown_gene_is_answered(genes):
    genes.locator("#gb-gene").fill("ZZZZ")
    assert "No gene whose symbol begins with ZZZZ" in genes.locator(".gb-told").first.inner_text()


def test_gene_pages_are_small_and_open_from_disk(browser):
    held = list((paths.HTML / "_static").glob("genes-*.js"))
    assert not held or sum(p.stat().st_size for p in held) < 30e6
    watch = Watch(browser, "file:")
    watch.page.goto((paths.HTML / "executed" / "genes.html").as_uri() + "#TP53", wait_until="load")
    if held:
        watch.page.wait_for_selector(".gb-genes[data-shown=TP53]")
        assert float(watch.page.locator(".gb-genes").get_attribute("data-ms")) < 1000
    watch.page.close()
