"""The book on a static host: where readers launch its notebooks, and how its dated versions lie side by side."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import date
from html import escape
from pathlib import Path

from ..core import cache, paths
from ..core.errors import BadInput

BRANCH = "gh-pages"
"""Branch of the repository that the host shows; Colab opens the notebooks that lie there."""

LATEST = "latest"
"""Folder of the newest version."""


def repository() -> str:
    """``owner/name`` on GitHub: from ``GENEBENCH_REPOSITORY``, else from the clone's remote; empty if there is none."""
    given = os.environ.get("GENEBENCH_REPOSITORY", "")
    if not given:
        told = subprocess.run(
            ["git", "remote", "get-url", "origin"],
            cwd=paths.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        given = told.stdout.strip()
        if "github.com" not in given:
            return ""
    found = re.search(r"(?:^|github\.com[:/])([\w.-]+/[\w.-]+?)(?:\.git)?/?$", given)
    if not found:
        raise BadInput(
            f"GENEBENCH_REPOSITORY is '{given}'; write it as owner/name, or as the address on github.com."
        )
    return found.group(1)


def release() -> str:
    """Which version the book is built for: ``GENEBENCH_RELEASE``, else the newest."""
    return _version(os.environ.get("GENEBENCH_RELEASE") or LATEST)


def launchers(page: str, notebook: str) -> dict[str, str]:
    """Name of a service → address that opens a page's notebook there; empty where the repository is not known."""
    where = repository()
    if not where:
        return {}
    tag = "HEAD" if release() == LATEST else release()
    return {
        "Colab": f"https://colab.research.google.com/github/{where}/blob/{BRANCH}/{release()}/_static/notebooks/{page}.ipynb",
        "Binder": f"https://mybinder.org/v2/gh/{where}/{tag}?urlpath=lab/tree/notebooks/{notebook}.py",
    }


def _version(name: str) -> str:
    if not re.fullmatch(r"[\w][\w.-]*", name) or ".." in name:
        raise BadInput(
            f"'{name}' cannot name a version; use letters, digits, dots and dashes, such as v0.2.0."
        )
    return name


def site(folder: Path, version: str, *, on: date | None = None, html: Path | None = None) -> Path:
    """Add the built book to a site as ``folder/<version>/`` and as ``folder/latest/``; older versions stay.

    Writes ``versions.json`` (version → date), ``versions.html``, and an ``index.html`` that leads to the newest. A
    version that is there is replaced and keeps its first date. Returns the folder of the version.
    Raises: BadInput: the book is not built, or the name cannot be that of a version.
    """
    html, version = html or paths.HTML, _version(version)
    if not (html / "index.html").exists():
        raise BadInput(f"{html}: no built book; run 'genebench book' first.")
    if version == LATEST:
        raise BadInput(
            f"'{LATEST}' is the folder of the newest version; name the version, such as v0.2.0."
        )
    for name in (version, LATEST):
        fresh = folder / f".{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(html, fresh)
        shutil.rmtree(folder / name, ignore_errors=True)
        os.replace(fresh, folder / name)
    held = folder / "versions.json"
    known = json.loads(held.read_text(encoding="utf-8")) if held.exists() else {}
    known.setdefault(version, (on or date.today()).isoformat())
    cache.write_json(held, known)
    rows = "\n".join(
        f'<li><a href="{escape(name)}/index.html">{escape(name)}</a>, {escape(day)}</li>'
        for name, day in sorted(known.items(), key=lambda item: item[1], reverse=True)
    )
    style = "<style>:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;margin:2rem}</style>"
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>genebench</title>{style}'
    pages = {
        "versions.html": f"{head}</head><body><h1>Versions of the book</h1><ul>\n{rows}\n</ul></body></html>\n",
        "index.html": f'{head}<meta http-equiv="refresh" content="0; url={LATEST}/index.html"></head><body>'
        f'<p><a href="{LATEST}/index.html">The book</a> · <a href="versions.html">all versions</a></p></body></html>\n',
        ".nojekyll": "",
    }
    for name, text in pages.items():
        with cache.atomic(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return folder / version
