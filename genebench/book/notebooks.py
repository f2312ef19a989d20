"""From jupytext source to executed notebook, in parallel, resumed; and the book around them."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .. import __version__
from ..benchmark import gene_tables, results
from ..core import cache, paths, specs, workers
from ..core.cluster import Cluster
from ..core.errors import BadInput, RunFailed, unknown
from ..core.specs import PageSpec
from .publish import default, offer, sign, source, titled

CODE = Path(__file__).resolve().parents[2]
"""Folder that the packages ``genebench`` and ``benchmarks`` lie in."""

READS = {
    "genebench.benchmark.results": ("{shown}", "reliability"),
    "genebench.book.genes": ("{shown}",),
    "genebench.book.spectra": ("spectra",),
    "genebench.book.glm": ("glm",),
    "benchmarks": ("perf",),
}
"""What a notebook imports to the folders of results that it reads through it; ``{shown}`` is the
profile whose results the page shows."""


# --- what a page depends on -----------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _imports(path: Path, package: str, _changed: int) -> frozenset[str]:
    """Dotted names that a file imports, anywhere in it; of ``from a import b`` both a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def imports(path: Path, package: str = "") -> frozenset[str]:
    """What a Python file imports.

    Parameters
    ----------
    path : Path
        The file.
    package : str
        Dotted name of its package, for relative imports.

    Returns
    -------
    frozenset of str
        Dotted names; of ``from a import b`` both ``a`` and ``a.b``.
    """
    return _imports(path, package, path.stat().st_mtime_ns)


def modules(path: Path, root: Path = CODE) -> set[Path]:
    """Modules of this project that a file imports, directly or through others.

    Parameters
    ----------
    path : Path
        A notebook or module.
    root : Path
        Folder that the packages lie in.

    Returns
    -------
    set of Path
        Files, those of the packages around them included. A package that imports its modules by
        name at run time counts as a whole.
    """
    found: set[Path] = set()
    waiting = set(imports(path))
    while waiting:
        for file, package in _found(waiting.pop(), root):
            if file in found:
                continue
            found.add(file)
            names = imports(file, package)
            waiting |= names
            if file.name == "__init__.py" and "importlib" in names:
                waiting |= {f"{package}.{sibling.stem}" for sibling in file.parent.glob("*.py")}
    return found


def _found(name: str, root: Path) -> Iterator[tuple[Path, str]]:
    """A module of this project and the packages around it, each with its package; else nothing."""
    parts = name.split(".")
    if parts[0] not in ("genebench", "benchmarks"):
        return
    for depth in range(1, len(parts) + 1):
        at, package = root.joinpath(*parts[:depth]), ".".join(parts[:depth])
        if (at / "__init__.py").exists():
            yield at / "__init__.py", package
    if (file := at.with_suffix(".py")).exists():
        yield file, ".".join(parts[:-1])


def tables(page: PageSpec, profile: str) -> list[Path]:
    """Tables of results that a page reads, by what its notebook imports (``READS``).

    Parameters
    ----------
    page : PageSpec
        A page of the book.
    profile : str
        Which profile the book is built for.

    Returns
    -------
    list of Path
        Files that exist, sorted.
    """
    names = {part for name in imports(source(page)) for part in (name, name.partition(".")[0])}
    shown = default(page, "source") or profile
    folders = [f.format(shown=shown) for name in names & set(READS) for f in READS[name]]
    every = (paths.RESULTS / folder for folder in dict.fromkeys(folders))
    return sorted(p for folder in every for p in folder.rglob("*") if p.is_file())


@lru_cache(maxsize=4096)
def _digest(path: Path, _changed: int, _size: int) -> str:
    return cache.digest(path)


def key(page: PageSpec, profile: str, parameters: dict | None = None) -> str:
    """Hash of what an executed page depends on.

    Parameters
    ----------
    page : PageSpec
        A page of the book.
    profile : str
        Which profile the book is built for.
    parameters : dict, optional
        Those given by hand: a page made with them is not the page of the book.

    Returns
    -------
    str
        16 hexadecimal digits of the page, its source, the modules that it imports (directly or
        through others), the declarations, and the tables that it reads.
    """
    declared = [*paths.DATA.glob("*.yml"), *paths.SOURCES.glob("*.yml")]
    files = {source(page), *modules(source(page)), *declared, *tables(page, profile)}
    stats = [(path, path.stat()) for path in sorted(files)]
    digests = [[path.name, _digest(path, s.st_mtime_ns, s.st_size)] for path, s in stats]
    return cache.key([page.model_dump(), profile, parameters or {}, digests])[:16]


def require_pages(profile: str) -> None:
    """Check that the book can be built for a profile.

    Parameters
    ----------
    profile : str

    Raises
    ------
    BadInput
        The profile is unknown, or has no pages of its own.
    """
    known = specs.declared()
    if not known.profile(profile).book:
        having = ", ".join(name for name, p in known.profiles.items() if p.book)
        raise BadInput(
            f"profile '{profile}' has no pages of its own yet; build the book with one of "
            f"{having}, or list its tasks with 'genebench tasks --profile {profile}'."
        )


# --- execution ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Execution:
    """One page to be executed; ``key`` is what its inputs must be where that happens."""

    page: PageSpec
    profile: str
    parameters: dict
    timeout: int
    key: str

    def __str__(self) -> str:
        return self.page.page

    @property
    def out(self) -> Path:
        """Path of the executed notebook."""
        return paths.executed(self.profile) / f"{self.page.page}.ipynb"


def _execute(unit: _Execution) -> None:
    """Execute one notebook; a fault leaves the partial copy in ``failed/``."""
    import nbformat
    import papermill
    from traitlets.config import Config

    if key(unit.page, unit.profile, unit.parameters) != unit.key:
        raise BadInput(
            f"other results or declarations are seen from there ({paths.ROOT}); share that folder "
            "with it."
        )
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start, page, out = time.perf_counter(), unit.page, unit.out
    partial = out.with_name(f".{out.name}")
    out.parent.mkdir(parents=True, exist_ok=True)
    book = titled(page)
    given = {"profile": unit.profile, "page": page.page, **page.parameters, **unit.parameters}
    strange = sorted(set(given) - set(papermill.inspect_notebook(book)))
    if strange:
        raise RunFailed(f"notebook '{page.notebook}' has no parameter '{strange[0]}'")
    try:
        done = papermill.execute_notebook(
            book,
            partial,
            parameters=given,
            kernel_name="python3",
            language="python",
            cwd=paths.ROOT,
            progress_bar=False,
            execution_timeout=unit.timeout,
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )
    except Exception as err:  # papermill, nbclient and the kernel each raise their own
        failed = out.parent / "failed" / out.name
        if partial.exists():
            failed.parent.mkdir(exist_ok=True)
            shutil.move(partial, failed)
        out.unlink(missing_ok=True)
        lines = [line.strip() for line in str(err).splitlines() if line.strip()]
        last = lines[-1] if lines else type(err).__name__
        raise RunFailed(f"{last[:300]} (see {failed})") from err
    seconds = round(time.perf_counter() - start, 1)
    done.metadata["genebench"] = {"key": unit.key, "parameters": given, "seconds": seconds}
    for cell in done.cells:
        tags = cell.metadata.get("tags", [])
        if {"parameters", "injected-parameters"} & set(tags):
            cell.metadata["tags"] = [*tags, "remove-cell"]
    nbformat.write(done, partial)
    os.replace(partial, out)


def _files(shared: None, unit: _Execution) -> list[Path]:
    return [unit.out]


def _gather(shared: None, unit: _Execution) -> tuple[_Execution]:
    return (unit,)


def _store(shared: None, unit: _Execution, nothing: None) -> None:
    """A notebook has put itself in its place."""


STAGE = workers.Stage("notebooks", _files, _gather, _execute, _store)


def _current(unit: _Execution) -> bool:
    """Whether the executed page is that of the book, made from what is there now."""
    try:
        facts = json.loads(unit.out.read_text(encoding="utf-8"))["metadata"]["genebench"]
        return facts["key"] == unit.key and not unit.parameters
    except (OSError, ValueError, KeyError, TypeError):
        return False


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
    """Execute the book's notebooks for a profile, skipping those whose inputs have not changed.

    Parameters
    ----------
    profile : str
        Which profile the book is built for.
    pages : iterable of str, optional
        Only these pages.
    parameters : dict, optional
        Given to every notebook; its page is executed again by the next run without them.
    jobs : int
        Notebooks at a time.
    force : bool
        Execute even what has not changed.
    timeout : int
        Seconds that a cell may take.
    scheduler : str, optional
        Address of a Dask cluster whose workers execute them; they must see the folders of this
        project, because a notebook reads the results and writes its figures there.
    say, progress : callable
        Told what happens.

    Returns
    -------
    int
        How many were executed.

    Raises
    ------
    BadInput
        Unknown page, or no results yet.
    RunFailed
        A notebook failed; it is named, and the others are done.
    """
    require_pages(profile)
    if not results.scores_path(profile).exists():
        raise BadInput(
            f"profile '{profile}' has no results yet; run 'genebench run --profile {profile}' "
            "first."
        )
    known = {p.page: p for p in specs.pages()}
    chosen = list(pages or known)
    for name in chosen:
        if name not in known:
            raise unknown("page", name, known)
    if "genes" in chosen:
        gene_tables.refresh(profile, specs.declared())
    given = parameters or {}
    units = [
        _Execution(page, profile, given, timeout, key(page, profile, given))
        for page in (known[name] for name in chosen)
    ]
    todo = [unit for unit in units if force or not _current(unit)]
    if not todo:
        say(f"{len(units)} notebooks, all of them cached")
        return 0
    options = {"say": say, "progress": progress, "at_once": jobs, "waiting": todo}
    with Cluster(scheduler) if scheduler else workers.pool(min(jobs, len(todo))) as pool:
        failed = workers.execute(STAGE, None, units, pool, **options).failed
    for name, why in failed.items():
        more = f" (and {len(failed) - 1} more)" * (len(failed) > 1)
        raise RunFailed(f"notebook '{name}' failed: {why}{more}")
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
    page = PageSpec.model_construct(notebook=f"studies/{name}", page=name)
    unit = _Execution(page, "studies", parameters, 7 * 24 * 3600, key(page, "studies", parameters))
    try:
        _execute(unit)
    except RunFailed as err:
        raise RunFailed(f"study '{name}' failed: {err}") from err
    return unit.out


# --- the book -------------------------------------------------------------------------------------


def book(profile: str, *, say: Callable[[str], None] = print) -> Path:
    """Build the HTML book from the executed notebooks of a profile, warnings as errors.

    Parameters
    ----------
    profile : str
        Its name.
    say : callable
        Told what happens.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    RunFailed
        A page is missing, or Jupyter Book reports a warning.
    """
    executed = paths.executed(profile)
    pages = specs.pages()
    for page in pages:
        if not (executed / f"{page.page}.ipynb").exists():
            command = f"genebench notebooks --profile {profile}"
            raise RunFailed(f"page '{page.page}' has not been executed; run '{command}'.")
    shutil.rmtree(paths.pages(), ignore_errors=True)
    shutil.copytree(executed, paths.pages(), ignore=shutil.ignore_patterns("failed", ".*"))
    for page in pages:
        offer(page, profile, paths.pages() / "static" / "notebooks")
        sign(page, profile, paths.pages() / f"{page.page}.ipynb")
    values = {"book_profile": profile, "book_version": __version__}
    cache.write_json(paths.pages() / "files" / "book-values.json", values)
    shutil.rmtree(paths.HTML, ignore_errors=True)
    start = time.perf_counter()
    begin = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", begin, "build", str(paths.BOOK), "--config", str(paths.CONFIG)]
    command += ["--toc", str(paths.TOC), "--path-output", str(paths.ROOT)]
    command += "-W -n --keep-going -q --all".split()
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    if done.returncode != 0 or not (paths.HTML / "index.html").exists():
        fault = re.compile(r"WARNING|ERROR|\w*[Ee]rror( \(\w+\))?:")
        lines = [line for line in done.stderr.splitlines() if fault.search(line)]
        lines = lines or (done.stdout + done.stderr).strip().splitlines()[-5:]
        faults = " | ".join(line.strip()[:300] for line in lines[:5])
        raise RunFailed(f"the book was not built: {faults}")
    say(f"book built in {time.perf_counter() - start:.0f} s: {paths.HTML / 'index.html'}")
    return paths.HTML / "index.html"
