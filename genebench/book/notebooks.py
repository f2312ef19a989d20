"""From jupytext source to executed notebook, in parallel, resumed; and the book around them."""

import filecmp
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..benchmark import gene_tables, results
from ..core import cache, manifest, paths, specs, workers
from ..core.cluster import Cluster
from ..core.errors import BadInput, RunFailed, check, pick
from ..core.imports import imports, modules
from ..core.specs import PageSpec
from ..core.workers import quiet
from . import kernels
from .publish import default, offer, release, repository, sign, source, titled

READS = {
    "genebench.benchmark.results": ("{shown}", "reliability"),
    "notebooks.lib.genes": ("{shown}",),
    "notebooks.lib.spectra": ("spectra",),
    "notebooks.lib.glm": ("glm",),
    "benchmarks": ("perf",),
}
"""What a notebook imports to the folders of results that it reads through it; ``{shown}`` is the
profile whose results the page shows."""


def tables(page, profile):
    """Tables of results that a page reads, by what its notebook imports (``READS``).

    Parameters
    ----------
    page : PageSpec
    profile : str

    Returns
    -------
    list of Path
        Sorted.
    """
    shown = default(page, "source") or profile, default(page, "beside")
    reads = {f for name in imports(source(page)) & set(READS) for f in READS[name]}
    folders = {f.format(shown=profile) for f in reads for profile in filter(None, shown)}
    return sorted(p for f in folders for p in (paths.RESULTS / f).rglob("*") if p.is_file())


def key(page, profile, parameters=None, digest=cache.digest):
    """Hash of what an executed page depends on.

    Parameters
    ----------
    page : PageSpec
    profile : str
    parameters : dict, optional
        Those given by hand: a page made with them is not the page of the book.
    digest : callable
        Path -> SHA-256; one that remembers, where many pages share their files.

    Returns
    -------
    str
        Of the page, its source, the modules that it imports, all declarations, the tables it reads.
    """
    declared = [*paths.DATA.glob("*.yml"), *paths.SOURCES.glob("*.yml")]
    files = {source(page), *modules(source(page)), *declared, *tables(page, profile)}
    digests = [[path.name, digest(path)] for path in sorted(files)]
    return cache.key([page.model_dump(), profile, parameters or {}, digests])


def require_pages(profile):
    """Refuse a profile that is unknown, or has no pages of its own.

    Parameters
    ----------
    profile : str
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
    """One page to be executed; ``key``: what its inputs must be where that happens."""

    page: PageSpec
    profile: str
    parameters: dict
    key: str
    timeout: int = 1800

    def __str__(self) -> str:
        return self.page.page

    @property
    def out(self) -> Path:
        """Path of the executed notebook."""
        return paths.executed(self.profile) / f"{self}.ipynb"


def _check_parameters(page, given):
    """Raise a sentence for a parameter that the notebook of a page does not have."""
    import papermill

    known = papermill.inspect_notebook(titled(page))
    for name in given:
        check(known, "parameter", name, where=f"notebook '{page.notebook}'")


def _execute(shared, unit):
    """Execute one notebook; a fault leaves the partial copy in ``failed/``."""
    import nbformat
    import papermill
    from traitlets.config import Config

    start, page = time.perf_counter(), unit.page
    if key(page, unit.profile, unit.parameters) != unit.key:
        raise BadInput(
            f"other results or declarations are seen there ({paths.ROOT}); share that folder with "
            "the workers."
        )
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    kernels.warm()
    partial = unit.out.parent / "failed" / unit.out.name
    partial.parent.mkdir(parents=True, exist_ok=True)
    given = {"profile": unit.profile, "page": page.page, **page.parameters, **unit.parameters}
    try:
        with tempfile.TemporaryDirectory(prefix="kernel") as folder:
            done = papermill.execute_notebook(
                titled(page),
                partial,
                parameters=given,
                kernel_name="python3",
                language="python",
                cwd=paths.ROOT,
                progress_bar=False,
                execution_timeout=unit.timeout,
                config=Config(KernelManager=kernels.address(folder)),
            )
    except Exception as err:  # papermill, nbclient and the kernel each raise their own
        unit.out.unlink(missing_ok=True)
        last = (str(err).strip() or type(err).__name__).splitlines()[-1]
        raise RunFailed(f"{last.strip()[:300]} (see {partial})") from err
    seconds = round(time.perf_counter() - start, 1)
    done.metadata["genebench"] = {"key": unit.key, "parameters": given, "seconds": seconds}
    for cell in done.cells:
        tags = cell.metadata.get("tags", [])
        if {"parameters", "injected-parameters"} & set(tags):
            cell.metadata["tags"] = [*tags, "remove-cell"]
    nbformat.write(done, partial)
    os.replace(partial, unit.out)


def _out(shared, unit):
    return [unit.out]


STAGE = workers.Stage("notebooks", _out, compute=_execute)


def _current(unit):
    """Whether the executed page is that of the book, made from what is there now."""
    facts = manifest.raw(unit.out).get("metadata", {}).get("genebench", {})
    return facts.get("key") == unit.key and not unit.parameters


def run(
    profile,
    *,
    pages=None,
    parameters=None,
    jobs=2,
    force=False,
    scheduler=None,
    say=print,
    progress=quiet,
):
    """Execute the book's notebooks for a profile, skipping those whose inputs have not changed.

    Parameters
    ----------
    profile : str
    pages : iterable of str, optional
        Only these pages.
    parameters : dict, optional
        Given to every notebook; its page is executed again by the next run without them.
    jobs : int
    force : bool
        Execute even what has not changed.
    scheduler : str, optional
        Address of a Dask cluster whose workers see the folders of this project: a notebook reads
        the results and writes its figures there.
    say, progress : callable

    Returns
    -------
    int
        How many were executed.

    Raises
    ------
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
    chosen, given = {name: pick(known, "page", name) for name in pages or known}, parameters or {}
    if "genes" in chosen:
        for name in dict.fromkeys([default(chosen["genes"], "beside"), profile]):
            if results.scores_path(name).exists():
                gene_tables.refresh(name, specs.declared())
    for page in chosen.values() if given else ():
        _check_parameters(page, given)
    digest = functools.cache(cache.digest)
    units = [_Execution(p, profile, given, key(p, profile, given, digest)) for p in chosen.values()]
    waiting = [unit for unit in units if force or not _current(unit)]
    if not waiting:
        say(f"{len(units)} notebooks, all of them cached")
        return 0
    options = {"say": say, "progress": progress, "waiting": waiting}
    with Cluster(scheduler) if scheduler else workers.pool(min(jobs, len(waiting))) as pool:
        workers.execute(STAGE, None, units, pool, **options).check("notebooks")
    return len(waiting)


def run_study(name, parameters):
    """Execute a long study of ``notebooks/studies``, which the book's build never does.

    Parameters
    ----------
    name : str
    parameters : dict

    Returns
    -------
    Path
        The executed notebook.
    """
    known = [p.stem for p in (paths.NOTEBOOKS / "studies").glob("*.py")]
    check(known, "study", name)
    page = PageSpec.model_construct(notebook=f"studies/{name}", page=name)
    _check_parameters(page, parameters)
    inputs = key(page, "studies", parameters)
    unit = _Execution(page, "studies", parameters, inputs, timeout=7 * 24 * 3600)
    _execute(None, unit)
    return unit.out


# --- the book -------------------------------------------------------------------------------------


def book(profile, *, say=print):
    """Build the HTML book from the executed notebooks of a profile, warnings as errors.

    Where nothing that it is made of has changed, the one that is there stays; where only executed
    pages have, under the same headings, only they are made anew.

    Parameters
    ----------
    profile : str
    say : callable

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    RunFailed
        A page is missing, or Jupyter Book reports a warning.
    """
    start, executed, pages = time.perf_counter(), paths.executed(profile), specs.pages()
    for page in pages:
        if not (executed / f"{page.page}.ipynb").exists():
            command = f"genebench notebooks --profile {profile}"
            raise RunFailed(f"page '{page.page}' has not been executed; run '{command}'.")
    index, stamp = paths.HTML / "index.html", paths.HTML.with_name("book.json")
    old = manifest.raw(stamp) if index.exists() else {}
    made_of = _made_of(executed, profile)
    if old == made_of:
        say(f"book unchanged: {index}")
        return index
    stamp.unlink(missing_ok=True)
    anew = old.get("frame") != made_of["frame"]
    for folder in (paths.pages(), paths.HTML) if anew else ():
        shutil.rmtree(folder, ignore_errors=True)
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as folder:
        fresh, ignored = Path(folder, "pages"), shutil.ignore_patterns("failed", ".*")
        shutil.copytree(executed, fresh, ignore=ignored)
        for page in pages:
            offer(page, profile, fresh / "static" / "notebooks")
            sign(page, profile, fresh / f"{page.page}.ipynb")
        values = {"book_profile": profile, "book_version": __version__}
        cache.write_json(fresh / "files" / "book-values.json", values)
        _mirror(fresh, paths.pages())
    command = [sys.executable, "-c", _BUILD, "build", paths.BOOK, "--config", paths.CONFIG]
    command += ["--toc", paths.TOC, "--path-output", paths.ROOT, *"-W -n --keep-going -q".split()]
    command += ["--all"] * anew
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    if done.returncode or not index.exists():
        lines = (done.stdout + done.stderr).splitlines()
        faults = [line for line in lines if re.search(r"WARNING|[Ee]rror|ERROR", line)][:5]
        raise RunFailed(f"the book was not built: {' | '.join(faults or lines[-5:])}")
    cache.write_json(stamp, made_of)
    say(f"book built in {time.perf_counter() - start:.0f} s: {index}")
    return index


_BUILD = """import functools, sys
from jupyter_book import sphinx
from jupyter_book.cli.main import main

sphinx.build_sphinx = functools.partial(sphinx.build_sphinx, jobs=2)
sys.exit(main())"""
"""Jupyter Book's command, which has no option for the number of processes."""


def _mirror(fresh, folder):
    """Make a folder equal to another; files that are equal keep the time that Sphinx goes by."""
    for path in folder.rglob("*"):
        if path.is_file() and not (fresh / path.relative_to(folder)).exists():
            path.unlink()
    shutil.copytree(fresh, folder, copy_function=_copy_changed, dirs_exist_ok=True)


def _copy_changed(path, to):
    if not os.path.exists(to) or not filecmp.cmp(path, to, shallow=False):
        shutil.copyfile(path, to)


def _made_of(executed, profile):
    """Hashes of what the book is built of: ``all``, and the ``frame`` that every page shows.

    The frame is all but the insides of executed pages and what reruns them.
    """
    apart, installed = {paths.pages(), executed / "failed"}, Path(sysconfig.get_path("purelib"))
    packages = sorted(path.name for path in installed.glob("*.dist-info"))  # names and versions
    heads = [_headings(path) for path in sorted(executed.glob("*.ipynb"))]

    def digests(*places):
        files = (p for place in places for p in (place, *sorted(place.rglob("*"))) if p.is_file())
        kept = (p for p in files if p.suffix != ".pyc" and not apart & set(p.parents))
        return [[str(path), cache.digest(path)] for path in kept]

    around = digests(paths.BOOK, Path(__file__).parent, paths.CONFIG, paths.PROFILES)
    frame = cache.key([profile, __version__, repository(), release(), packages, around, heads])
    inside = digests(executed, paths.NOTEBOOKS, *paths.results(profile).glob("manifest.json"))
    return {"frame": frame, "all": cache.key([frame, inside])}


def _headings(path):
    """Name of an executed page, and the headings and labels in its texts."""
    cells = json.loads(path.read_bytes()).get("cells", [])
    texts = ("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return [path.name, *(h for text in texts for h in re.findall(r"(?m)^(?:#.*|\(.*\)=)$", text))]
