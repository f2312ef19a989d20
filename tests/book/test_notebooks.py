"""Notebooks obey the house rules, and the runner resumes, refuses and reports."""

import importlib
import json
import re
import subprocess
from pathlib import Path

import jupytext
import papermill
import pytest
import yaml
from helpers import call, in_this_process, refused

from genebench.book import notebooks, publish
from genebench.core import cache, imports, paths, specs, workers
from genebench.core.errors import RunFailed

SOURCES = sorted(paths.NOTEBOOKS.glob("*.py"))
STUDIES = sorted((paths.NOTEBOOKS / "studies").glob("*.py"))


@pytest.mark.parametrize("path", [*SOURCES, *STUDIES], ids=lambda p: p.stem)
def test_a_notebook_loads_calls_and_shows_and_explains_its_parameters(path):
    book, study, modules = jupytext.read(path), path in STUDIES, {}
    code = [c.source for c in book.cells if c.cell_type == "code"]
    text = re.sub(r'".*?"|#.*', "", "\n".join(code))
    assert 1 <= len(code) <= 8 and "savefig" not in text, "saved by book.show"
    if not path.stem.startswith("learn_"):  # shows its code, and computes what it explains
        assert not re.search(r"^\s*(def|class|for|while|import os|with open)\b", text, re.M)
        assert study or "/" not in text, "no path, no division: compute elsewhere"
    assert book.cells[0].cell_type == "markdown" and book.cells[0].source.startswith("# ")
    found = papermill.inspect_notebook(book)
    assert {"profile", "page"} <= set(found)
    assert all(p["help"] and (study or p["inferred_type_name"] == "str") for p in found.values())
    for base, names in re.findall(r"^from (\S+) import (.+)$", text, re.M) if study else ():
        for name, _, short in (n.partition(" as ") for n in names.split(", ")):
            modules[short or name] = importlib.import_module(f"{base}.{name}")
    used = re.findall(r"\b(\w+)\.(\w+)", text)
    assert all(hasattr(modules[name], thing) for name, thing in used if name in modules), used


def test_wide_cells_stand_on_pages_with_sections():
    """The theme hides the contents of a page beside them, and fails where there are none."""
    wide = [path for path in SOURCES if '"full-width"' in path.read_text()]
    assert wide and all("\n# ## " in path.read_text() for path in wide)


def test_every_page_has_a_notebook_a_place_in_the_contents_and_known_parameters():
    toc = json.dumps(yaml.safe_load(paths.TOC.read_text()))
    assert set(re.findall(r"executed/([\w-]+)", toc)) == {p.page for p in specs.pages()}
    for page in specs.pages():
        book = jupytext.read(publish.source(page))
        assert set(page.parameters) <= set(papermill.inspect_notebook(book))


NOTEBOOK = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Title

# %% tags=["parameters"]
profile: str = "demo"  # p
page: str = "x"  # p
n: str = "1"  # n

# %%
"""


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """A notebook folder, a page list, and results of a profile, all of their own."""
    for name in ("NOTEBOOKS", "CACHE", "RESULTS", "HTML", "BOOK"):
        monkeypatch.setattr(paths, name, tmp_path / name / "x")
    (paths.RESULTS / "demo").mkdir(parents=True)
    (paths.RESULTS / "demo" / "scores.parquet").write_bytes(b"any")
    paths.NOTEBOOKS.mkdir(parents=True)
    good = "import os, sys\nprint('page', page, n, 'pandas' in sys.modules, os.getpid())\n"
    last = {"good": good, "bad": "raise ValueError('broken on purpose')\n"}
    for name, text in last.items():
        (paths.NOTEBOOKS / f"{name}.py").write_text(NOTEBOOK + text)
    pages = [specs.PageSpec(notebook="good", page="a", title="A page", parameters={"n": "7"})]
    monkeypatch.setattr(specs, "pages", lambda: pages)
    return pages


def run(**options):
    """The runner in this process: a worker would not see the sandbox."""
    return notebooks.run("demo", say=lambda text: None, **options)


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(workers, "pool", in_this_process)


def test_a_page_is_executed_once_titled_and_then_taken_from_the_cache(sandbox):
    assert (run(), run()) == (1, 0)
    done = json.loads((paths.executed("demo") / "a.ipynb").read_text())
    assert done["cells"][0]["source"][0].strip() == "# A page"
    said = re.search(r"page a 7 True (\d+)", json.dumps(done))  # pandas is there before an import
    assert not Path(f"/proc/{said[1]}").exists()  # its kernel has ended
    assert sum("remove-cell" in c["metadata"].get("tags", []) for c in done["cells"]) == 2
    keys = [notebooks.key(sandbox[0], "demo")]
    with (paths.NOTEBOOKS / "good.py").open("a") as source:
        source.write("from genebench.benchmark import results\n")
    keys.append(notebooks.key(sandbox[0], "demo"))
    (paths.RESULTS / "demo" / "scores.parquet").write_bytes(b"other")  # which it reads now
    assert len({*keys, notebooks.key(sandbox[0], "demo")}) == 3


@pytest.mark.filterwarnings("ignore")  # of Dask
def test_pages_are_executed_by_workers_of_a_cluster_that_see_the_same_inputs(sandbox, monkeypatch):
    distributed, keys = pytest.importorskip("distributed"), iter("ab")
    options = {"processes": False, "protocol": "tcp://", "dashboard_address": None}
    with distributed.LocalCluster(1, threads_per_worker=1, **options) as running:
        assert run(scheduler=running.scheduler_address) == 1
        assert "page a 7" in (paths.executed("demo") / "a.ipynb").read_text()
        monkeypatch.setattr(notebooks, "key", lambda *given: next(keys))
        with pytest.raises(RunFailed, match="share that folder with the workers"):
            run(scheduler=running.scheduler_address)


def test_a_failing_notebook_is_named_and_does_not_stop_the_others(sandbox):
    sandbox.insert(0, specs.PageSpec(notebook="bad", page="b"))
    with pytest.raises(RunFailed, match="1 notebooks failed, first 'b': ValueError: broken on"):
        run()
    folder = paths.executed("demo")
    pages = {str(p.relative_to(folder)) for p in folder.rglob("*.ipynb")}
    assert pages == {"a.ipynb", "failed/b.ipynb"}


def test_a_parameter_of_the_command_line_reaches_the_page_and_the_next_call_restores_it(sandbox):
    line = ["notebooks", "--profile", "demo", "--page", "a", "-P"]
    result = call(*line, "n=9")
    assert result.exit_code == 0, result.output
    out = paths.executed("demo") / "a.ipynb"
    assert "page a 9" in out.read_text() and run() == 1 and "page a 7" in out.read_text()
    assert "key=value" in call(*line, "n").output


def test_a_book_is_built_again_where_anything_that_it_is_made_of_has_changed(
    sandbox, monkeypatch, tmp_path
):
    executed, built, index = paths.executed("demo"), [], paths.HTML / "index.html"

    def build(command, **options):
        built.append("--all" in command)
        index.parent.mkdir(parents=True, exist_ok=True)
        index.touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    def made():
        """Of each book that two calls built, whether it was built as a whole."""
        built.clear()
        for _ in range(2):
            notebooks.book("demo", say=print)
        return built

    for name in ("offer", "sign", "repository"):
        monkeypatch.setattr(notebooks, name, lambda *given: "")
    monkeypatch.setattr(notebooks.subprocess, "run", build)
    monkeypatch.setattr(paths, "CONFIG", tmp_path / "config")
    monkeypatch.setattr(notebooks.sysconfig, "get_path", lambda name: tmp_path / "packages")
    page, svg = executed / "a.ipynb", executed / "files" / "a.svg"
    inside = [page, svg, paths.NOTEBOOKS / "good.py", paths.RESULTS / "demo" / "manifest.json"]
    frame = [paths.CONFIG, paths.BOOK / "_ext" / "offline.py"]
    for part in (*inside, *frame):
        cache.write_text(part, '{"n": 1}')
    assert made() == [True]
    for part in (*inside, *frame):
        part.write_text('{"n": 2}')  # of the same size
        kept = (paths.pages() / "files" / "a.svg").stat().st_mtime_ns
        assert made() == [part in frame], part
        changed = (paths.pages() / "files" / "a.svg").stat().st_mtime_ns != kept
        assert changed == (part in (svg, *frame)), part
    assert "2" in (paths.pages() / "a.ipynb").read_text()
    svg.unlink()
    assert made() == [False] and not list(paths.pages().rglob("*.svg"))
    heading = {"cell_type": "markdown", "source": ["# Another title\n", "text"]}
    cache.write_json(page, {"cells": [heading]})
    assert made() == [True]
    (tmp_path / "packages" / "sphinx-8.0.dist-info").mkdir(parents=True)
    assert made() == [True]
    monkeypatch.setattr(notebooks, "__version__", "0")
    assert made() == [True]
    index.unlink()
    assert made() == [True]


def test_what_cannot_be_executed_is_one_sentence(sandbox, monkeypatch):
    with pytest.raises(RunFailed, match="genebench notebooks --profile demo"):
        notebooks.book("demo")
    with refused("unknown page 'aa'; did you mean 'a'"):
        run(pages=["aa"])
    with refused("unknown parameter 'zzz'"):
        run(parameters={"zzz": 1})
    keys = iter("ab")  # a worker sees other inputs
    monkeypatch.setattr(notebooks, "key", lambda *given: next(keys))
    with pytest.raises(RunFailed, match="share that folder with the workers"):
        run()
    (paths.RESULTS / "demo" / "scores.parquet").unlink()
    with refused("run 'genebench run --profile demo' first"):
        run()


# --- what a page depends on -----------------------------------------------------------------------


def page(name):
    """A page of the book."""
    return next(p for p in specs.pages() if p.page == name)


def test_only_pages_that_import_a_room_or_name_a_table_depend_on_it():
    def depends(name):
        files = imports.modules(publish.source(page(name)))
        rooms = {file.relative_to(paths.ROOT).parts[1] for file in files}
        return rooms, {file.parent.name for file in notebooks.tables(page(name), "ci")}

    rooms, folders = depends("leaderboard")
    assert "core" in rooms and "spectra" not in rooms and folders == {"paper", "reliability"}
    rooms, folders = depends("spectra-binding")
    assert "spectra" in rooms and folders == {"spectra"} and not depends("licences")[1]


# --- notebooks to take away -----------------------------------------------------------------------


def test_a_notebook_to_take_away_fetches_the_project_where_it_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "o/n")
    publish.offer(page("coverage"), "demo", tmp_path)
    assert {p.suffix for p in tmp_path.iterdir()} == {".ipynb", ".py", ".json"}
    text = (tmp_path / "coverage.ipynb").read_text()
    publish.offer(page("coverage"), "demo", tmp_path)
    assert (tmp_path / "coverage.ipynb").read_text() == text
    setup = json.loads(text)["cells"][1]
    assert "github.com/o/n" in "".join(setup["source"]) and "setup" in setup["metadata"]["tags"]
