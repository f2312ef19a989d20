"""Sphinx extension of the book: no request leaves a page, and numbers in the prose come from the results."""

import json
from pathlib import Path

from docutils import nodes


def _without_thebe(app, config):
    """Jupyter Book always loads sphinx_thebe, which names a CDN in every page and raises an error; unused here."""
    for event in ("env-before-read-docs", "doctree-resolved", "html-page-context"):
        listeners = app.events.listeners.get(event, [])
        app.events.listeners[event] = [x for x in listeners if not x.handler.__module__.startswith("sphinx_thebe")]


def _numbers(app, config):
    """Numbers that the executed notebooks kept become substitutions: ``{{ overview_n_tasks }}``."""
    found = dict(config.myst_substitutions or {})
    for path in sorted(Path(app.srcdir, "executed", "files").glob("*-values.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    config.myst_substitutions = found


def _data(app, config):
    """Scripts that few pages need, and the data that the executed notebooks kept for them, beside the style sheets."""
    config.html_static_path += [p for p in ("_scripts", "executed/static") if Path(app.srcdir, p).is_dir()]


def _light(app, pagename, templatename, context, doctree):
    """A page without a formula does not load MathJax (over 1 MB)."""
    if doctree is None or not list(doctree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block))):
        context["script_files"] = [s for s in context["script_files"] if "mathjax" not in str(getattr(s, "filename", s))]


def setup(app):
    app.connect("config-inited", _data)
    app.connect("html-page-context", _light, priority=900)
    app.connect("config-inited", _numbers)
    app.connect("config-inited", _without_thebe, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
