"""Sphinx extension: no request leaves a page, and numbers in the prose come from the results."""

import base64
import json
import re
import shutil
from pathlib import Path

from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle


class _Names(BaseLabelStyle):
    """References are headed as the text cites them: "Kan-Tor et al. 2024"."""

    def format_labels(self, sorted_entries):
        seen = {}
        for entry in sorted_entries:
            people = entry.persons.get("author") or entry.persons.get("editor")
            last = [" ".join(p.prelast_names + p.last_names) for p in people]
            last = [str(Text.from_latex(name)) for name in last]
            names = last[0] + " et al." * (len(last) > 2) + f" and {last[-1]}" * (len(last) == 2)
            label = f"{names} {entry.fields['year']}"
            seen[label] = seen.get(label, -1) + 1
            yield label + "abcdefgh"[seen[label]] * bool(seen[label])


class _ByName(Style):
    """Sorted by author and year, and headed by ``_Names``."""

    default_label_style = _Names
    default_sorting_style = "author_year_title"


register_plugin("pybtex.style.formatting", "names", _ByName)


def _without_thebe(app, config):
    """Drop sphinx_thebe, which Jupyter Book always loads: it names a CDN in every page."""
    for event in ("env-before-read-docs", "doctree-resolved", "html-page-context"):
        listeners = app.events.listeners.get(event, [])
        app.events.listeners[event] = [
            x for x in listeners if not x.handler.__module__.startswith("sphinx_thebe")
        ]


def _together(app, config):
    """Several processes read pages; of some extensions nobody has said that they allow it.

    They number sections, prepare LaTeX and set an address: none of them keeps what it reads.
    """
    for extension in app.extensions.values():
        extension.parallel_read_safe = extension.parallel_read_safe is not False


def _numbers(app, config):
    """Numbers that the executed notebooks kept become substitutions: ``{{ overview_n_tasks }}``."""
    found = dict(config.myst_substitutions or {})
    for path in sorted(Path(app.srcdir, "executed", "files").glob("*-values.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    config.myst_substitutions = found


def _data(app, config):
    """Scripts that few pages need, and the data that the notebooks kept for them."""
    config.html_static_path += [
        p for p in ("_scripts", "executed/static") if Path(app.srcdir, p).is_dir()
    ]
    config.html_theme_options["use_download_button"] = False  # of _sources, which is not copied


def _light(app, pagename, templatename, context, doctree):
    """A page without a formula does not load MathJax (over 1 MB)."""
    if doctree is None or not list(
        doctree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block))
    ):
        context["script_files"] = [
            s for s in context["script_files"] if "mathjax" not in str(getattr(s, "filename", s))
        ]


_MATHJAX = ("tex-chtml.js", "input", "output")


def _formulas(app, fault):
    """Of MathJax, which comes in all its forms (24 MB), only the one that pages load stays."""
    folder = Path(app.outdir, "_static", "mathjax")
    spare = [path for path in folder.glob("*") if path.name not in _MATHJAX]
    spare += [path for path in folder.glob("*put/*") if path.name not in ("tex", "chtml")]
    for path in spare:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


_AWESOME = "_static/vendor/fontawesome"


def _icons(app, fault):
    """The icons become one style sheet that holds its fonts.

    The theme loads a script of 1.5 MB for them, and fonts that a browser refuses to a page opened
    from disk.
    """
    if fault or app.builder.name != "html":
        return
    out = Path(app.outdir)
    (sheet,) = out.glob(f"{_AWESOME}/*/css/all.min.css")

    def held(found):
        font = (sheet.parent / found[1]).resolve()
        if "brands" in font.name or font.suffix != ".woff2":
            return found[0]
        return f"url(data:font/woff2;base64,{base64.b64encode(font.read_bytes()).decode()})"

    older = re.compile(r"@font-face\{[^}]*font-family:(?:FontAwesome|Font Awesome\\ 5)[^}]*\}")
    style = older.sub("", sheet.read_text(encoding="utf-8"))
    style = re.sub(r"url\(([^)]+)\)", held, style)
    style = re.sub(r',url\([^)]+\.ttf\) format\("truetype"\)', "", style)
    (out / "_static" / "icons.css").write_text(style, encoding="utf-8")
    script = re.compile(rf'\s*<script src="[^"]*{_AWESOME}[^"]*"></script>')
    early = re.compile(rf'\s*<link rel="preload"[^>]*{_AWESOME}[^>]*>')
    linked = re.compile(rf'(<link href=")([^"]*?){_AWESOME}[^"]*all\.min\.css[^"]*"')
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            linked.sub(r'\1\2_static/icons.css"', early.sub("", script.sub("", text))),
            encoding="utf-8",
        )


def setup(app):
    """Register what is above; Sphinx calls this."""
    app.connect("build-finished", _formulas, priority=900)
    app.connect("build-finished", _icons)
    app.connect("config-inited", _data)
    app.connect("html-page-context", _light, priority=900)
    app.connect("config-inited", _numbers)
    app.connect("config-inited", _together)
    app.connect("config-inited", _without_thebe, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
