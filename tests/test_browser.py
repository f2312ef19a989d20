"""The built book in headless Chromium: nothing leaves the page, nothing breaks, everything can be
read and found."""

import contextlib
import csv
import functools
import html
import html.parser
import http.server
import json
import pathlib
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
            "[...document.querySelectorAll('main img')].filter(i => !i.complete || i.naturalWidth < 50 || !i.alt)"
            ".map(i => i.src + ' ' + i.alt)"
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


@pytest.mark.parametrize(
    "name", ["index.html", "executed/overview.html", "executed/card-jaspar-dbd-class.html"]
)
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
    for name in (
        "index.html",
        "executed/overview.html",
        "executed/models.html",
        "executed/leaderboard.html",
        "executed/genes.html#TP53",
        "executed/model-minilm-symbol.html",
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
        held = dict(attrs)
        self.places |= {held[name] for name in ("id", "name") if held.get(name)}
        self.links |= {held[name] for name in ("href", "src") if held.get(name)}


def test_no_link_inside_the_book_is_broken():
    read = {p: Links(p.read_text(encoding="utf-8")) for p in map(paths.HTML.joinpath, PAGES)}
    broken, seen = [], 0
    for source, held in read.items():
        for link in held.links:
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
    "executed/model-minilm-symbol.html",
    "executed/card-jaspar-dbd-class.html",
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


def test_paper_shows_the_plain_table_and_no_controls(site, browser):
    watch = Watch(browser, site)
    for name, live in (("leaderboard", ".gb-board"), ("genes", ".gb-genes")):
        watch.page.goto(f"{site}/executed/{name}.html", wait_until="networkidle")
        assert (
            watch.page.locator(live).is_visible()
            and not watch.page.locator(".gb-fallback").is_visible()
        )
        watch.page.emulate_media(media="print")
        assert (
            not watch.page.locator(live).is_visible()
            and watch.page.locator(".gb-fallback table").is_visible()
        )
        assert watch.page.locator(".gb-fallback tbody tr").count() >= 3
        assert not watch.page.locator(".bd-sidebar-primary").is_visible()
        watch.page.emulate_media(media="screen")
    watch.page.close()


def test_the_book_works_from_any_sub_path(browser, tmp_path):
    (tmp_path / "some" / "place").mkdir(parents=True)
    (tmp_path / "some" / "place" / "v1.2").symlink_to(paths.HTML, target_is_directory=True)
    with served(tmp_path) as home:
        watch = Watch(browser, home)
        for name in ("index.html", "executed/leaderboard.html", "executed/genes.html"):
            watch.page.goto(f"{home}/some/place/v1.2/{name}", wait_until="networkidle")
            assert watch.faults == []
        assert watch.page.locator(".gb-told").inner_text().endswith("(TP53, not p53).")
        watch.page.close()


# --- leaderboard ---


@pytest.fixture
def board(site, browser):
    watch = Watch(browser, site)
    address = f"{site}/executed/leaderboard.html#profile={profile_of_the_book()}"
    watch.page.goto(address, wait_until="networkidle")
    watch.page.wait_for_selector(".gb-board[data-ms]")
    yield watch.page
    assert watch.faults == []
    watch.page.close()


def profile_of_the_book():
    """The last that the reader can choose: published results stand before those of the reader's own
    run."""
    text = (paths.HTML / "executed" / "leaderboard.html").read_text()
    return list(json.loads(html.unescape(re.search(r'data-profiles="([^"]+)"', text)[1])))[-1]


def test_the_first_table_answers_by_group_and_leads_to_the_board_of_that_group(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/index.html", wait_until="networkidle")
    watch.page.get_by_role("link", name="Choose a model").first.click()
    watch.page.wait_for_selector(".gb-board[data-ms]")
    row = watch.page.locator(
        "table tr", has=watch.page.get_by_role("link", name="localization", exact=True)
    ).first
    words = row.inner_text()
    assert re.search(r"0\.\d\d \(0\.\d\d to 0\.\d\d\)", words), words
    row.get_by_role("link", name="localization", exact=True).click()
    watch.page.wait_for_function(
        "document.querySelector('.gb-board').genebench.state.group === 'localization'"
    )
    watch.page.wait_for_timeout(200)
    best = (
        watch.page.locator(".gb-board .gb-table")
        .first.locator("tbody tr")
        .first.locator("th")
        .inner_text()
    )
    assert best.split("\n")[0].strip() in words
    assert watch.faults == []
    watch.page.close()


def shown(page):
    """What the page's script computed: rows of (model, score, low, high, tier), and whether they
    are published."""
    return page.evaluate(
        """() => { const g = document.querySelector('.gb-board').genebench, f = g.last().found;
        return {exact: f.exact, rows: f.rows.map(r => [r.model.name, r.score, r.low, r.high, r.tier])} }"""
    )


def test_the_leaderboard_s_own_means_are_those_of_the_results_table(board):
    from genebench.benchmark import results

    means = results.read_beside(profile_of_the_book(), "means.csv")
    means = means[means.measure == "auroc"]
    wider = []
    for (split, group), part in means.groupby(["split", "group"]):
        told = {}
        for published in (True, False):
            board.evaluate(
                """([split, group, published]) => { const g = document.querySelector('.gb-board').genebench;
                const data = g.boards[g.state.profile]; data.kept = data.kept ?? data.means;
                data.means = published ? data.kept : []; Object.assign(g.state, {split, group}); g.changed(); }""",
                [split, group, published],
            )
            told[published] = shown(board)
            assert told[published]["exact"] is published
        truth = part.set_index("model")
        assert {r[0] for r in told[True]["rows"]} == set(truth.index)
        near = {r[0]: r for r in told[False]["rows"]}
        for name, score, low, high, tier in told[True]["rows"]:
            assert abs(score - truth.score[name]) < 1e-4, (split, group, name)
            assert (low, high, tier) == (truth.low[name], truth.high[name], truth.tier[name])
            if high - low > 1e-3:
                wider.append((near[name][3] - near[name][2]) / (high - low))
        order = [r[0] for r in sorted(told[True]["rows"], key=lambda r: -r[1])]
        assert max(near[n][4] for n in order) <= max(
            truth.tier
        )  # the approximation never parts more than the test
    assert min(wider) > 0.95 and len(wider) > 5


def test_the_reader_s_choice_is_kept_in_the_address(board, site):
    board.locator(".gb-controls summary").click()
    board.get_by_label("weight of localization").evaluate(
        "e => { e.value = 3; e.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    board.get_by_label("Split").select_option("stem")
    board.locator("fieldset.families").get_by_label("control").uncheck()
    address = board.evaluate("location.hash")
    assert "weights=1,1,3,1,1" in address and "split=stem" in address and "family=" in address
    before, rows = shown(board), board.locator(".gb-table tbody").first.inner_text()
    assert not before["exact"] and "Oracle" not in rows
    board.goto("about:blank")
    board.goto(f"{site}/executed/leaderboard.html{address}", wait_until="networkidle")
    board.wait_for_selector(".gb-board[data-ms]")
    assert shown(board) == before and board.locator(".gb-table tbody").first.inner_text() == rows
    board.get_by_role("button", name="reset").click()
    board.wait_for_function(
        "['', '#'].includes(location.hash)"
    )  # the published results are loaded first
    assert shown(board)["exact"]


def test_weights_move_the_mean_as_arithmetic_says(board):
    board.evaluate("location.hash = '#weights=2,0,0,0,1'")
    board.wait_for_function("document.querySelector('.gb-board').genebench.state.weights[0] === 2")
    board.wait_for_timeout(200)
    found = board.evaluate(
        """() => document.querySelector('.gb-board').genebench.last().found.rows.map(r => [r.score, r.groups])"""
    )
    assert found
    for score, groups in found:
        assert score == pytest.approx((2 * groups[0] + groups[4]) / 3, abs=1e-9)


def test_what_is_shown_can_be_downloaded(board):
    board.get_by_label("Group of tasks").select_option("localization")
    kept = {}
    for kind in ("CSV", "JSON"):
        with board.expect_download() as waited:
            board.get_by_role("button", name=kind, exact=True).click()
        kept[kind] = pathlib.Path(waited.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(kept["CSV"].splitlines()))
    told = json.loads(kept["JSON"])
    assert told["group"] == "localization" and len(told["models"]) == len(rows) >= 5
    first = shown(board)["rows"]
    for row, (_, score, *_) in zip(rows, first):
        assert (
            float(row["weighted_mean_auroc"]) == pytest.approx(score, abs=1e-5)
            and row["compared"] == "yes"
        )
    assert [m["model"] for m in told["models"]] == [r["model"] for r in rows]


def test_the_leaderboard_sorts_by_keyboard_and_says_so(board):
    head = board.locator(".gb-table").first.get_by_role("button", name="model", exact=False).first
    head.focus()
    board.keyboard.press("Enter")
    names = (
        board.locator(".gb-table")
        .first.locator("tbody tr:not(.gb-rest):not(.gb-note) th")
        .all_inner_texts()
    )
    assert names == sorted(names, key=str.lower) and len(names) > 2
    assert (
        board.locator(".gb-table")
        .first.locator("th[aria-sort=ascending]")
        .inner_text()
        .startswith("model")
    )
    board.keyboard.press("Enter")  # the head keeps the focus
    assert (
        board.locator(".gb-table")
        .first.locator("th[aria-sort=descending]")
        .inner_text()
        .startswith("model")
    )


def test_tasks_are_found_by_part_of_their_name(board):
    board.get_by_label("Find a task").fill("dbd class")
    board.wait_for_function("document.querySelectorAll('.gb-tasks tbody tr').length === 1")
    assert "jaspar/dbd-class" in board.locator(".gb-tasks tbody").inner_text()
    assert "find=dbd" in board.evaluate("location.hash")


def test_the_leaderboard_answers_in_a_tenth_of_a_second_with_300_tasks_and_30_models(
    browser, tmp_path
):
    script = (paths.BOOK / "_scripts" / "leaderboard.js").read_text(encoding="utf-8")
    style = (paths.BOOK / "_static" / "custom.css").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(
        f'<!DOCTYPE html><html lang="en"><title>x</title><style>{style}</style>'
        '<div class="gb-board" data-profile="big" data-profiles=\'{"big": "big"}\' data-base="./"></div>'
        f"<script>{script}</script></html>"
    )
    (tmp_path / "board-big.js").write_text(f"genebenchBoard('big',{json.dumps(made_up(300, 30))});")
    watch = Watch(browser, "file:")
    watch.page.goto((tmp_path / "page.html").as_uri())
    watch.page.wait_for_selector(".gb-board[data-ms]")
    took = watch.page.evaluate(
        """async () => {
        const set = (where, value, what) => {
          const e = document.querySelector(where); e.value = value; e.dispatchEvent(new Event(what)); };
        const act = [
          () => set('select[name=split]', 'stem', 'change'),
          () => set('select[name=genes]', 'own', 'change'),
          () => set('select[name=group]', 'localization', 'change'),
          () => set('select[name=group]', 'all', 'change'),
          () => set('input[type=range]', 4, 'input'),
          () => document.querySelector('[data-key=excess]').click(),
          () => document.querySelector('.gb-tasks [data-key=m8]').click(),
          () => document.querySelector('fieldset.families input').click(),
        ];
        const out = [];
        for (const once of [...act, ...act, ...act]) {
          const began = performance.now();
          once();
          document.body.getBoundingClientRect();  // the layout counts too
          out.push(performance.now() - began);
          await new Promise(done => setTimeout(done, 5));
        }
        return out; }"""
    )
    rows = watch.page.evaluate(
        "document.querySelector('.gb-board').genebench.last().found.rows.length"
    )
    assert watch.faults == [] and rows >= 25
    best = [
        min(took[i::8]) for i in range(8)
    ]  # of three times, the one that other work disturbed least
    print("ms:", [round(t) for t in best])
    assert max(best) < 100, took
    watch.page.close()


def made_up(n_tasks, n_models):
    """A board of made-up scores, as ``genebench.standings.payload`` gives it."""
    import numpy as np

    from genebench.book import leaderboard
    from genebench.core.specs import GROUPS

    rng, groups = np.random.default_rng(0), list(GROUPS)
    score = rng.uniform(0.5, 0.95, (2, 3, n_tasks, n_models))
    families = ["text", "protein", "dna", "expression", "shortcut", "control"]
    models = [
        {
            "name": f"m{i}",
            "title": f"Model {i}",
            "family": families[min(5, i // 6)] if i < n_models - 2 else "control",
            "color": "#0072B2",
            "coverage": 1,
        }
        for i in range(n_models)
    ]
    control = np.array([m["family"] == "control" for m in models])
    return {
        "profile": "big",
        "genes": list(leaderboard.GENES),
        "intervals": ["common", "own"],
        "splits": ["random", "stem"],
        "split_words": {},
        "groups": groups,
        "models": models,
        "cards": [],
        "means": [],
        "effective": {},
        "tasks": [
            {
                "name": f"a/task-{i}",
                "title": f"Task {i}",
                "group": i % 5,
                "kind": "binary",
                "genes": 5000,
                "weight": 1,
                "smallest": 0.05,
                "underpowered": False,
                "card": "",
            }
            for i in range(n_tasks)
        ],
        "score": leaderboard.packed(score),
        "low": leaderboard.packed(score - 0.03),
        "high": leaderboard.packed(score + 0.03),
        "flags": leaderboard._bytes(np.where(control, 0, 2) * np.ones((n_tasks, 1))),
        "coverage": leaderboard._bytes(np.full((n_tasks, n_models), 100)),
    }


# --- gene pages ---


@pytest.fixture
def genes(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/genes.html", wait_until="networkidle")
    if not watch.page.locator(".gb-genes").count():
        pytest.skip("this book was built without kept predictions")
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


# --- as a new reader ---


def test_three_questions_are_answered_within_three_clicks_of_the_front_page(site, browser):
    watch = Watch(browser, site)
    page = watch.page
    page.goto(f"{site}/index.html", wait_until="networkidle")
    page.locator("main").get_by_role("link", name="Choose a model").first.click()
    page.wait_for_selector(".gb-board[data-ms]")
    page.get_by_label("Group of tasks").select_option("localization")
    row = page.locator(".gb-table tbody tr").first
    assert row.locator(".gb-tier").inner_text() == "1" and " to " in row.inner_text()
    page.goto(f"{site}/index.html", wait_until="networkidle")
    page.locator("main").get_by_role("link", name="Look up a gene").first.click()
    if page.locator(".gb-genes").count():
        page.locator("#gb-gene").fill("TP53")
        page.keyboard.press("Enter")
        page.wait_for_selector(".gb-genes[data-shown=TP53]")
    page.goto(f"{site}/index.html", wait_until="networkidle")
    page.locator("main").get_by_role("link", name="Add a model").first.click()
    assert "data/models.yml" in page.locator("main").inner_text()
    assert watch.faults == []
    page.close()


def test_a_page_offers_its_notebook_its_code_and_its_configuration(site, browser):
    watch = Watch(browser, site)
    watch.page.goto(f"{site}/executed/tiers.html", wait_until="networkidle")
    links = watch.page.eval_on_selector_all(".gb-rerun a", "all => all.map(a => a.href)")
    kinds = {
        link.rsplit(".", 1)[1]: watch.page.request.get(link)
        for link in links
        if "/_static/notebooks/" in link
    }
    assert set(kinds) == {"ipynb", "py", "json"} and all(r.ok for r in kinds.values())
    assert json.loads(kinds["ipynb"].text())["nbformat"] == 4
    assert kinds["json"].json()["page"]["notebook"] == "tab_tiers"
    assert "jupytext" in kinds["py"].text()
    watch.page.close()
