"""What readers take away: notebooks, addresses that launch them, dated versions of the book."""

import json
import os
import re
import shutil
import subprocess
from base64 import b64decode
from datetime import date
from html import escape

from ..benchmark import results
from ..core import cache, manifest, paths, specs
from ..core.errors import BadInput, unknown

BRANCH = "gh-pages"
"""Branch of the repository that the host shows; Colab opens the notebooks that lie there."""

LATEST = "latest"
"""Folder of the newest version."""


def repository():
    """The project's repository on GitHub.

    Returns
    -------
    str
        ``owner/name``, from ``GENEBENCH_REPOSITORY``, else from the clone's remote; else empty.
    """
    given = os.environ.get("GENEBENCH_REPOSITORY")
    if not given:
        command = "git remote get-url origin".split()
        done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
        given = done.stdout.strip()
        if "github.com" not in given:
            return ""
    match = re.search(r"(?:^|github\.com[:/])([\w.-]+/[\w.-]+?)(?:\.git)?/?$", given)
    if not match:
        raise BadInput(
            f"GENEBENCH_REPOSITORY is '{given}'; write it as owner/name, or as the address on "
            "github.com."
        )
    return match[1]


def release() -> str:
    """Which version the book is built for: ``GENEBENCH_RELEASE``, else ``LATEST``."""
    return _version(os.environ.get("GENEBENCH_RELEASE") or LATEST)


def launchers(page, notebook):
    """Where services open a page's notebook.

    Parameters
    ----------
    page, notebook : str
        Names of the page and of its source.

    Returns
    -------
    dict of str to str
        Service -> address; empty where the repository is not known.
    """
    where, version = repository(), release()
    at = f"{where}/blob/{BRANCH}/{version}/_static/notebooks/{page}.ipynb"
    tree = f"{where}/{'HEAD' if version == LATEST else version}?urlpath=lab/tree/notebooks"
    both = {
        "Colab": f"https://colab.research.google.com/github/{at}",
        "Binder": f"https://mybinder.org/v2/gh/{tree}/{notebook}.py",
    }
    return both if where else {}


def _version(name):
    if not re.fullmatch(r"\w[\w.-]*", name) or ".." in name:
        raise BadInput(
            f"'{name}' cannot name a version; use letters, digits, dots and dashes, such as v0.2.0."
        )
    return name


_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>genebench</title>
<style>:root{{color-scheme:light dark}}
body{{font:16px/1.6 system-ui,sans-serif;margin:2rem}}</style>
"""
_VERSIONS = _HEAD + "</head><body><h1>Versions of the book</h1><ul>\n{}\n</ul></body></html>\n"
_TO_NEWEST = f"""{_HEAD.format()}<meta http-equiv="refresh" content="0; url={LATEST}/index.html">
</head><body><p><a href="{LATEST}/index.html">The book</a> ·
<a href="versions.html">all versions</a></p></body></html>
"""


def site(folder, version):
    """Add the built book to a site as a dated version and as the newest; older versions stay.

    Writes ``versions.json`` (version to date), ``versions.html``, and an ``index.html`` that leads
    to the newest. A version that exists is replaced and keeps its first date.

    Parameters
    ----------
    folder : Path
    version : str

    Returns
    -------
    Path
        Folder of the version.
    """
    if not (paths.HTML / "index.html").exists():
        raise BadInput(f"{paths.HTML}: no built book; run 'genebench book' first.")
    if _version(version) == LATEST:
        raise BadInput(
            f"'{LATEST}' is the folder of the newest version; name the version, such as v0.2.0."
        )
    for name in (version, LATEST):
        fresh = folder / f".{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(paths.HTML, fresh)
        shutil.rmtree(folder / name, ignore_errors=True)
        os.replace(fresh, folder / name)
    listed = folder / "versions.json"
    known = json.loads(listed.read_bytes()) if listed.exists() else {}
    known.setdefault(version, date.today().isoformat())
    cache.write_json(listed, known)
    rows = "\n".join(
        f'<li><a href="{escape(name)}/index.html">{escape(name)}</a>, {escape(day)}</li>'
        for name, day in sorted(known.items(), key=lambda item: item[1], reverse=True)
    )
    cache.write_text(folder / "versions.html", _VERSIONS.format(rows))
    cache.write_text(folder / "index.html", _TO_NEWEST)
    cache.write_text(folder / ".nojekyll", "")
    return folder / version


def source(page):
    """The notebook's text source.

    Parameters
    ----------
    page : PageSpec

    Returns
    -------
    Path
    """
    path = paths.NOTEBOOKS / f"{page.notebook}.py"
    if not path.exists():
        known = [p.stem for p in paths.NOTEBOOKS.glob("*.py")]
        raise unknown("notebook", page.notebook, known, where=str(paths.PROFILES))
    return path


def titled(page):
    """The source notebook under the page's own title.

    Parameters
    ----------
    page : PageSpec

    Returns
    -------
    NotebookNode
    """
    import jupytext

    book = jupytext.read(source(page))
    if page.title:
        _, *rest = book.cells[0].source.splitlines()
        book.cells[0].source = "\n".join([f"# {page.title}", *rest])
    return book


_TABLES = re.compile(r"<script>\s*(function injectCSS.*?)</script>", re.S)


def _share_tables(book, folder):
    """Replace the script of interactive tables, 1 MB in each notebook, by one file in a folder.

    What the script holds in base64 is written as plain text, a quarter smaller.
    """
    for output in (o for cell in book.cells for o in cell.get("outputs", [])):
        found = _TABLES.search(output.get("data", {}).get("text/html", ""))
        if found:
            script = re.sub(r"atob\((base64\w+)\)", r"\1", found[1])
            script = re.sub(
                r'"([\w+/=]{999,})"', lambda m: json.dumps(b64decode(m[1]).decode()), script
            )
            cache.write_text(folder / "tables.js", script)
            output["data"]["text/html"] = f'<script src="{paths.STATIC}/tables.js"></script>'


_PARAMETER = re.compile(r'^(\w+)(: str = )"([^"]*)"', re.M)


_FETCH = """import importlib.util
import os

if importlib.util.find_spec('genebench') is None:
    get_ipython().system('git clone --depth 1 https://github.com/{} genebench-clone')
    os.chdir('genebench-clone')
    get_ipython().system('pip install -q -e .[book]')
    import site; site.main()"""


def plain(page, profile):
    """The notebook of a page as a reader takes it away; nothing is run.

    Where the project's repository is known, a first cell fetches and installs the project if it is
    not there.

    Parameters
    ----------
    page : PageSpec
    profile : str

    Returns
    -------
    NotebookNode
        The page's own parameters are the defaults.
    """
    from nbformat.v4 import new_code_cell

    book = titled(page)
    given = {"profile": profile, "page": page.page, **page.parameters}
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = _PARAMETER.sub(
                lambda m: f"{m[1]}{m[2]}{json.dumps(str(given.get(m[1], m[3])))}", cell.source
            )
    if where := repository():
        setup = new_code_cell(_FETCH.format(where), metadata={"tags": ["setup"]})
        book.cells.insert(1, setup)
    for n, cell in enumerate(book.cells):  # not drawn: an unchanged page is an unchanged file
        cell.id = f"cell-{n}"
    return book


def offer(page, profile, folder):
    """Save what reruns a page: the notebook as ``.ipynb`` and ``.py``, and its configuration.

    Parameters
    ----------
    page : PageSpec
    profile : str
    folder : Path
    """
    import jupytext
    import nbformat

    book, to = plain(page, profile), folder / page.page
    cache.write_text(to.with_suffix(".ipynb"), nbformat.writes(book))
    cache.write_text(to.with_suffix(".py"), jupytext.writes(book, "py:percent"))
    run = manifest.read(results.manifest_path(profile))
    facts = {name: run[name] for name in ("versions", "commit", "seed", "device") if name in run}
    declared = {
        "page": page.model_dump(),
        "profile": specs.declared().profile(profile).model_dump(),
        "results_made_with": facts,
    }
    cache.write_json(to.with_suffix(".json"), declared)


def default(page, name):
    """A parameter of a page, or its default in the notebook.

    Parameters
    ----------
    page : PageSpec
    name : str

    Returns
    -------
    str
        Empty where there is none.
    """
    text = source(page).read_text(encoding="utf-8")
    default = re.search(rf'^{name}: str = "([^"]*)"', text, re.M)
    return page.parameters.get(name, default[1] if default else "")


def sign(page, profile, path):
    """Put at the end of an executed page how it is rerun, and share the script of its tables.

    Parameters
    ----------
    page : PageSpec
    profile : str
    path : Path
        The executed notebook.
    """
    import nbformat

    book, name = nbformat.read(path, as_version=4), page.page
    shown, seconds = default(page, "source") or profile, book.metadata["genebench"]["seconds"]
    beside = default(page, "beside")
    listed = ["git", "ls-files", "--error-unmatch", str(results.scores_path(shown))]
    there = subprocess.run(listed, cwd=paths.ROOT, capture_output=True).returncode == 0
    whence = "a part of the repository" if there else f"from `genebench run --profile {shown}`"
    also = f" and of *{beside}*" * bool(beside)
    needs = page.needs or f"the results of profile *{shown}* ({whence}){also}"
    kinds = {"ipynb": "notebook", "py": "script", "json": "configuration"}
    at = f"{paths.STATIC}/notebooks/{name}"
    links = [f'<a href="{at}.{k}" download>{word} (.{k})</a>' for k, word in kinds.items()]
    nowhere = " Colab and Binder open it from a book that is built for a public repository."
    for service, address in launchers(name, page.notebook).items():
        links.append(f'<a href="{escape(address)}" class="gb-launch">open in {service}</a>')
        nowhere = ""
    words = (
        f":::{{admonition}} Rerun this page\n:class: tip gb-rerun\n\n{' · '.join(links)}\n\n"
        f"In a clone: `genebench notebooks --profile {profile} --page {name}`, or the downloaded "
        f"notebook by itself: `papermill {name}.ipynb out.ipynb -p profile {profile}`. The profile "
        "named there is that of this book; a page that shows another one reads its committed "
        "results.\n\n"
        f"Source: `notebooks/{page.notebook}.py`. It needs the package (`pip install -e '.[book]'`)"
        f", {needs}, no GPU, no network; it took {max(1, round(seconds))} s on the machine that "
        f"built this book.{nowhere}\n:::\n"
    )
    _share_tables(book, path.with_name("static"))
    book.cells.append(nbformat.v4.new_markdown_cell(words, id="rerun"))
    nbformat.write(book, path)
