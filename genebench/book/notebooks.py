"""jupytext source → papermill → executed notebook, in parallel, resumed; and the book around them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .. import __version__
from ..benchmark import results
from ..core import cache, manifest, paths, specs, workers
from ..core.cluster import Cluster
from ..core.errors import BadInput, RunFailed, unknown
from ..core.specs import PageSpec
from ..spectra import table as spectra
from . import publish
from . import show as shown


def key(page: PageSpec, profile: str, parameters: dict | None = None) -> str:
    """Hash of everything that an executed page depends on: source, parameters, package, declarations, results.

    ``parameters`` are those given by hand: a page made with them is not the page of the book.
    """
    total = hashlib.sha256(
        json.dumps([page.model_dump(), profile, parameters or {}], sort_keys=True).encode()
    )
    code = sorted((paths.ROOT / "genebench").rglob("*.py"))
    declared = [*sorted(paths.DATA.glob("*.yml")), *sorted(paths.SOURCES.glob("*.yml"))]
    told = dict.fromkeys(
        [profile, *str(page.parameters.get("also", "paper")).split(",")]
    )  # some show others too
    made = [path(p.strip()) for p in told for path in (results.scores_path, results.manifest_path)]
    made += [results.beside_path(p.strip(), name) for p in told for name in results.BESIDE]
    made += [results.tasks_path("paper"), results.published_path("paper")]
    made += [spectra.path(name) for name in (*spectra.BESIDE, "scores.parquet")]
    for path in [source(page), *code, *declared, *(p for p in made if p.exists())]:
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def source(page: PageSpec) -> Path:
    """The notebook's text source. Raises: BadInput: there is none of that name."""
    path = paths.NOTEBOOKS / f"{page.notebook}.py"
    if not path.exists():
        raise unknown(
            "notebook",
            page.notebook,
            [p.stem for p in paths.NOTEBOOKS.glob("*.py")],
            where=str(paths.PROFILES),
        )
    return path


def require_pages(profile: str) -> None:
    """Raise a sentence where a profile is unknown, or the book's pages are not made for it."""
    if not specs.profile(profile).book:
        having = ", ".join(name for name, p in specs.profiles().items() if p.book)
        raise BadInput(
            f"profile '{profile}' has no pages of its own yet; build the book with one of {having}, or list its tasks "
            f"with 'genebench tasks --profile {profile}'."
        )


def _current(out: Path, wanted: str) -> bool:
    try:
        return json.loads(out.read_text(encoding="utf-8"))["metadata"]["genebench"]["key"] == wanted
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _titled(page: PageSpec):
    """The source notebook under the page's own title."""
    import jupytext

    book = jupytext.read(source(page))
    if page.title:
        first = next(c for c in book.cells if c.cell_type == "markdown")
        first.source = "\n".join([f"# {page.title}", *first.source.splitlines()[1:]])
    return book


_PARAMETER = re.compile(r'^(\w+)(: str = )"[^"]*"', re.M)


def plain(page: PageSpec, profile: str):
    """The notebook of a page as a reader takes it away: the page's own parameters are the defaults, nothing is run.

    Where the project's repository is known, a first cell fetches and installs the project if it is not there.
    """
    from nbformat.v4 import new_code_cell

    book = _titled(page)
    given = {"profile": profile, "page": page.page, **page.parameters}
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", []):
            own = lambda m: (
                f"{m[1]}{m[2]}{json.dumps(str(given.get(m[1], m[0].split(chr(34))[1])))}"
            )  # noqa: E731
            cell.source = _PARAMETER.sub(own, cell.source)
    if where := publish.repository():
        fetch = (
            "import importlib.util\nimport os\n\nif importlib.util.find_spec('genebench') is None:\n"
            f"    get_ipython().system('git clone --depth 1 https://github.com/{where} genebench-clone')\n"
            "    os.chdir('genebench-clone')\n"
            "    get_ipython().system('pip install -q -e .[book]')\n    import site; site.main()"
        )
        book.cells.insert(1, new_code_cell(fetch, metadata={"tags": ["setup"]}))
    return book


def offer(page: PageSpec, profile: str, folder: Path) -> None:
    """Keep what reruns a page: the notebook as ``.ipynb`` and ``.py``, and as JSON the configuration that made it."""
    import jupytext
    import nbformat

    book = plain(page, profile)
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in (
        ("ipynb", nbformat.writes(book)),
        ("py", jupytext.writes(book, "py:percent")),
    ):
        with cache.atomic(folder / f"{page.page}.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    made = manifest.read(results.manifest_path(profile))
    facts = {name: made[name] for name in ("versions", "commit", "seed", "device") if name in made}
    declared = {
        "page": page.model_dump(),
        "profile": specs.profile(profile).model_dump(),
        "results_made_with": facts,
    }
    cache.write_json(folder / f"{page.page}.json", declared)


def execute(page: PageSpec, profile: str, parameters: dict, timeout: int) -> tuple[str, str, float]:
    """Execute one notebook; returns (page, fault or empty, seconds). A fault leaves the partial copy in ``failed/``."""
    import papermill
    from traitlets.config import Config

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start = time.perf_counter()
    folder = paths.executed(profile)
    out, partial = folder / f"{page.page}.ipynb", folder / f".{page.page}.ipynb"
    folder.mkdir(parents=True, exist_ok=True)
    book = _titled(page)
    given = {"profile": profile, "page": page.page, **page.parameters, **parameters}
    strange = sorted(set(given) - set(papermill.inspect_notebook(book)))
    if strange:
        return page.page, f"notebook '{page.notebook}' has no parameter '{strange[0]}'", 0.0
    try:
        done = papermill.execute_notebook(
            book,
            partial,
            parameters=given,
            kernel_name="python3",
            language="python",
            cwd=paths.ROOT,
            progress_bar=False,
            execution_timeout=timeout,
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )
    except Exception as err:  # papermill, nbclient and the kernel each raise their own
        if partial.exists():
            (folder / "failed").mkdir(exist_ok=True)
            shutil.move(partial, folder / "failed" / out.name)
        out.unlink(missing_ok=True)
        last = next(
            (line for line in reversed(str(err).strip().splitlines()) if line.strip()),
            type(err).__name__,
        )
        return (
            page.page,
            f"{last.strip()[:300]} (see {folder / 'failed' / out.name})",
            time.perf_counter() - start,
        )
    seconds = time.perf_counter() - start
    done.metadata["genebench"] = {
        "key": key(page, profile, parameters),
        "parameters": given,
        "seconds": round(seconds, 1),
    }
    for cell in done.cells:
        tags = cell.metadata.get("tags", [])
        if {"parameters", "injected-parameters"} & set(tags):
            cell.metadata["tags"] = [*tags, "remove-cell"]
    import nbformat

    nbformat.write(done, partial)
    os.replace(partial, out)
    return page.page, "", seconds


@dataclass(frozen=True)
class _Execution:
    """One page to be executed; ``key`` is what its inputs must be where that happens."""

    page: PageSpec
    profile: str
    parameters: dict
    timeout: int
    key: str


def _execute(unit: _Execution) -> None:
    if key(unit.page, unit.profile, unit.parameters) != unit.key:
        raise BadInput(
            f"other results or declarations are seen from there ({paths.ROOT}); share that folder with it."
        )
    why = execute(unit.page, unit.profile, unit.parameters, unit.timeout)[1]
    if why:
        raise RunFailed(why)


def _given(unit: _Execution) -> tuple[_Execution]:
    return (unit,)


def _written(unit: _Execution, made: None) -> None:
    """A notebook has put itself in its place."""


STAGE = workers.Stage(_given, _execute, _written)


def run(
    profile: str,
    *,
    pages: Iterable[str] | None = None,
    parameters: dict | None = None,
    jobs: int = 2,
    force: bool = False,
    timeout: int = 1800,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> int:
    """Execute the book's notebooks for a profile, skipping those whose inputs have not changed. Returns how many ran.

    ``scheduler``: address of a Dask cluster whose workers execute them; its workers must see the folders of this
    project, because a notebook reads the results and writes its figures there.
    Raises: BadInput: unknown page, or no results yet. RunFailed: a notebook failed (named; the others are done).
    """
    require_pages(profile)
    if not results.scores_path(profile).exists():
        raise BadInput(
            f"profile '{profile}' has no results yet; run 'genebench run --profile {profile}' first."
        )
    known = {p.page: p for p in specs.pages()}
    chosen = list(pages or known)
    for name in chosen:
        if name not in known:
            raise unknown("page", name, known)
    todo = [
        known[n]
        for n in chosen
        if force
        or parameters
        or not _current(paths.executed(profile) / f"{n}.ipynb", key(known[n], profile))
    ]
    say(
        f"{len(chosen)} notebooks, {len(chosen) - len(todo)} cached, {len(todo)} to run, {jobs} at a time"
    )
    faults = {}
    if todo:
        units = [
            _Execution(p, profile, parameters or {}, timeout, key(p, profile, parameters))
            for p in todo
        ]
        with Cluster(scheduler) if scheduler else workers.pool(min(jobs, len(todo))) as pool:
            progress("notebooks", 0, len(todo))
            try:
                for done, (unit, why) in enumerate(workers.each(pool, STAGE, units), start=1):
                    say(f"{unit.page.page}: {'FAILED ' + why if why else 'done'}")
                    if why:
                        faults[unit.page.page] = why
                    progress("notebooks", done, len(todo))
            except KeyboardInterrupt:
                if not scheduler:
                    workers.stop(pool)
                raise
    if faults:
        first = next(iter(faults))
        raise RunFailed(
            f"notebook '{first}' failed: {faults[first]}"
            + (f" (and {len(faults) - 1} more)" * (len(faults) > 1))
        )
    return len(todo)


def run_study(name: str, parameters: dict) -> Path:
    """Execute a long study of ``notebooks/studies``, which the book's build never does.

    Parameters
    ----------
    name : str
        Notebook.
    parameters : dict
        Of the notebook.

    Returns
    -------
    Path
        The executed notebook.

    Raises
    ------
    BadInput
        Unknown study.
    RunFailed
        It failed.
    """
    known = [p.stem for p in (paths.NOTEBOOKS / "studies").glob("*.py")]
    if name not in known:
        raise unknown("study", name, known)
    page = PageSpec.model_construct(
        notebook=f"studies/{name}", page=name, title=None, parameters={}
    )
    _, fault, _ = execute(page, "studies", parameters, timeout=7 * 24 * 3600)
    if fault:
        raise RunFailed(f"study '{name}' failed: {fault}")
    return paths.executed("studies") / f"{name}.ipynb"


def _sign(page: PageSpec, profile: str, path: Path) -> None:
    """Put at the end of an executed page how it is rerun."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    seconds = book.metadata.get("genebench", {}).get("seconds", 0)
    words = shown.rerun(
        page.page,
        notebook=page.notebook,
        profile=profile,
        seconds=seconds,
        needs=page.needs or _needs(page, profile),
        launchers=publish.launchers(page.page, page.notebook),
    )
    book.cells.append(nbformat.v4.new_markdown_cell(words))
    nbformat.write(book, path)


def _needs(page: PageSpec, profile: str) -> str:
    """Which results a page is made from, and where they come from."""
    default = re.search(r'^source: str = "([^"]*)"', source(page).read_text(encoding="utf-8"), re.M)
    shown_of = page.parameters.get("source") or (default and default[1]) or profile
    whence = (
        "a part of the repository"
        if _tracked(shown_of)
        else f"`genebench run --profile {shown_of}` makes them"
    )
    return f"the results of profile *{shown_of}* ({whence})"


@lru_cache
def _tracked(profile: str) -> bool:
    """Whether git holds the scores of a profile; asked once, not for every page."""
    command = ["git", "ls-files", "--error-unmatch", str(results.scores_path(profile))]
    return subprocess.run(command, cwd=paths.ROOT, capture_output=True).returncode == 0


def book(profile: str, *, say: Callable[[str], None] = print) -> Path:
    """Build the HTML book from the executed notebooks of a profile, warnings as errors. Returns its first page.

    Raises: RunFailed: a page is missing or Jupyter Book reports a warning.
    """
    made = paths.executed(profile)
    absent = [p.page for p in specs.pages() if not (made / f"{p.page}.ipynb").exists()]
    if absent:
        raise RunFailed(
            f"page '{absent[0]}' has not been executed; run 'genebench notebooks --profile {profile}'."
        )
    shutil.rmtree(paths.pages(), ignore_errors=True)
    shutil.copytree(made, paths.pages(), ignore=shutil.ignore_patterns("failed", ".*"))
    for page in specs.pages():
        offer(page, profile, paths.pages() / "static" / "notebooks")
        _sign(page, profile, paths.pages() / f"{page.page}.ipynb")
    values = {"book_profile": profile, "book_version": __version__}
    cache.write_json(paths.pages() / "files" / "book-values.json", values)
    shutil.rmtree(paths.HTML, ignore_errors=True)
    start = time.perf_counter()
    start_book = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [
        sys.executable,
        "-c",
        start_book,
        "build",
        str(paths.BOOK),
        "--config",
        str(paths.CONFIG),
    ]
    command += [
        "--toc",
        str(paths.TOC),
        "--path-output",
        str(paths.ROOT),
        "-W",
        "-n",
        "--keep-going",
        "-q",
        "--all",
    ]
    told = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    faults = [
        line
        for line in told.stderr.splitlines()
        if re.search(r"WARNING|ERROR|\w*[Ee]rror( \(\w+\))?:", line)
    ]
    if told.returncode != 0 or not (paths.HTML / "index.html").exists():
        tail = faults or (told.stdout + told.stderr).strip().splitlines()[-5:]
        raise RunFailed(
            "the book was not built: " + " | ".join(line.strip()[:300] for line in tail[:5])
        )
    say(f"book built in {time.perf_counter() - start:.0f} s: {paths.HTML / 'index.html'}")
    return paths.HTML / "index.html"
