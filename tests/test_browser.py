"""The built book in headless Chromium: nothing leaves the page, nothing breaks, everything can be read and found."""

import functools
import http.server
import shutil
import threading

import pytest

from genebench import paths

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PAGES = sorted(
    str(p.relative_to(paths.HTML)) for p in paths.HTML.rglob("*.html") if "_" not in p.relative_to(paths.HTML).parts[0]
)

if CHROMIUM is None:
    pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)", allow_module_level=True)
if not PAGES:
    pytest.skip("the book is not built (make book)", allow_module_level=True)


@pytest.fixture(scope="module")
def site():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=paths.HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


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
        self.page.on("console", lambda m: self.faults.append(f"console: {m.text}") if m.type == "error" else None)
        self.page.on("response", lambda r: self.faults.append(f"{r.status}: {r.url}") if r.status >= 400 else None)

    def block(self, route, home):
        url = route.request.url
        if url.startswith((home, "data:", "blob:", "file:")):
            route.continue_()
        else:
            self.faults.append(f"outside: {url}")
            route.abort()

    def blank_images(self):
        return self.page.evaluate(
            "[...document.querySelectorAll('main img')].filter(i => !i.complete || i.naturalWidth < 50 || !i.alt)"
            ".map(i => i.src + ' ' + i.alt)"
        )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_self_contained_and_whole(site, browser, name):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/{name}", wait_until="networkidle")
    assert watch.faults == []
    assert watch.page.locator("h1").first.text_content().strip() or name in ("search.html", "genindex.html")
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
    watch.page.goto(f"{site}/search.html?q=abnormality-of-body-height", wait_until="networkidle")
    watch.page.wait_for_selector("#search-results li")
    found = watch.page.locator("#search-results").inner_text()
    assert "Catalogue of tasks" in found or "body height" in found
    assert watch.faults == []
    watch.page.close()


def test_the_catalogue_filters_and_sorts(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/tasks.html", wait_until="networkidle")
    total = watch.page.locator("div.dt-info").first.inner_text()
    watch.page.locator("div.dt-container input[type=search]").first.fill("jaspar/dbd")
    watch.page.wait_for_timeout(300)
    assert "1 to 2 of 2" in watch.page.locator("div.dt-info").first.inner_text() != total
    watch.page.close()


@pytest.mark.parametrize("name", ["index.html", "executed/overview.html", "executed/card-jaspar-dbd-class.html"])
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrasts_with_its_ground_in_light_and_dark(site, browser, scheme):
    watch = Watch(browser, site, color_scheme=scheme)
    watch.page.goto(f"{site}/executed/overview.html", wait_until="networkidle")
    lightness = """sel => { const c = getComputedStyle(document.querySelector(sel));
        const l = s => { const v = s.match(/[0-9.]+/g).map(Number); return (v[0] * 3 + v[1] * 6 + v[2]) / 2550 };
        return [l(c.color), l(getComputedStyle(document.body).backgroundColor)] }"""
    for part in ("main p", "main td", "main th"):
        ink, ground = watch.page.evaluate(lightness, part)
        assert abs(ink - ground) > 0.4, (part, ink, ground)
    assert (ground < 0.3) == (scheme == "dark")
    watch.page.close()


def test_a_phone_shows_no_page_wider_than_itself(site, browser):
    watch = Watch(browser, site, viewport={"width": 390, "height": 800})
    for name in ("index.html", "executed/overview.html", "executed/models.html"):
        watch.page.goto(f"{site}/{name}", wait_until="networkidle")
        assert watch.page.evaluate("document.documentElement.scrollWidth") <= 400, name
    watch.page.close()
