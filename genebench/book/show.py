"""What a notebook puts on its page: figures and tables with their downloads, and numbers for the prose."""

from __future__ import annotations

import json
import math
from html import escape

import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.figure import Figure

from ..core import cache, paths
from . import figures

_STATIC = "../_static"
"""Where a page of the book finds scripts, their data, and the notebooks to take away."""


def begin() -> None:
    """First call of every notebook: the house style of figures, and the code that interactive tables need."""
    import itables

    figures.use_style()
    itables.init_notebook_mode(all_interactive=False, connected=False)


def figure(
    fig: Figure, data: pd.DataFrame, *, page: str, profile: str, name: str, caption: str, alt: str
) -> Markdown:
    """Save a figure as PNG and SVG and its data as CSV, and show it with caption, number and download links.

    The label for ``{numref}`` is ``fig-<page>-<name>``.
    """
    from matplotlib import pyplot as plt

    folder = paths.executed(profile) / "files"
    stem = f"{page}-{name}"
    for suffix, options in (
        ("png", {"dpi": 150, "metadata": {"Software": None}}),
        ("svg", {"metadata": {"Date": None}}),
    ):
        with cache.atomic(folder / f"{stem}.{suffix}") as temporary:
            fig.savefig(temporary, format=suffix, **options)
    plt.close(fig)
    with cache.atomic(folder / f"{stem}.csv") as temporary:
        data.to_csv(temporary, index=not isinstance(data.index, pd.RangeIndex))
    links = [
        f"{{download}}`{kind.upper()} <files/{stem}.{kind}>`" for kind in ("png", "svg", "csv")
    ]
    links += [_source(page, "py", "code"), _source(page, "json", "configuration")]
    return Markdown(
        f"```{{figure}} files/{stem}.png\n:name: fig-{stem}\n:alt: {_one_line(alt)}\n:width: 100%\n\n"
        f"{_one_line(caption)}\n```\n\nDownload: {' · '.join(links)}\n"
    )


def _source(page: str, kind: str, label: str) -> str:
    return f'<a href="{_STATIC}/notebooks/{page}.{kind}" download>{label}</a>'


def rerun(
    page: str, *, notebook: str, profile: str, seconds: float, needs: str, launchers: dict[str, str]
) -> str:
    """The box at the end of a page, in Markdown: its notebook to download or launch, the command, what it takes."""
    links = [_source(page, "ipynb", "notebook (.ipynb)"), _source(page, "py", "script (.py)")]
    links += [_source(page, "json", "configuration (.json)")]
    links += [
        f'<a href="{escape(url)}" class="gb-launch">open in {name}</a>'
        for name, url in launchers.items()
    ]
    nowhere = (
        ""
        if launchers
        else " Colab and Binder open it from a book that is built for a public repository."
    )
    return (
        f":::{{admonition}} Rerun this page\n:class: tip gb-rerun\n\n{' · '.join(links)}\n\n"
        f"In a clone: `genebench notebooks --profile {profile} --page {page}`, or the downloaded notebook by itself: "
        f"`papermill {page}.ipynb out.ipynb -p profile {profile}`.\n\n"
        f"Source: `notebooks/{notebook}.py`. It needs the package (`pip install -e '.[book]'`), "
        f"{needs or f'the results of profile *{profile}*'}, no GPU, no network; it "
        f"took {max(1, round(seconds))} s on the machine that made this book.{nowhere}\n:::\n"
    )


DASH = "A dash (–): no number, because there was nothing to measure or to compare."
"""Stands below every table that has one."""


def table(
    frame: pd.DataFrame,
    *,
    page: str,
    profile: str,
    name: str,
    caption: str = "",
    digits: int = 3,
    significant: int | None = None,
    marks: pd.DataFrame | None = None,
    words: dict[str, str] | None = None,
) -> HTML:
    """Show a table that sorts, filters and exports to CSV, with no request to any network.

    A missing value is shown as a dash, with a word on it below the table; it is empty in the CSV files.
    Args: digits: decimals of real numbers; ``significant`` ones where the numbers are of very unequal size. marks: text
    set behind the numbers of some columns, such as a star; same rows as ``frame``, not in the files. words: how columns
    are headed in place of their names; the file keeps the names.
    """
    import itables
    from itables.javascript import JavascriptFunction

    if frame.index.names == [None] and pd.api.types.is_integer_dtype(frame.index):
        frame = frame.reset_index(drop=True)  # places in another table, of no use to a reader
    folder = paths.executed(profile) / "files"
    with cache.atomic(folder / f"{page}-{name}.csv") as temporary:
        frame.to_csv(temporary, index=not isinstance(frame.index, pd.RangeIndex))
    shown = frame.copy()
    for column in shown.select_dtypes("float"):
        short = (
            shown[column].map(lambda v: float(f"{v:.{significant}g}"))
            if significant
            else shown[column].round(digits)
        )
        shown[column] = short + 0.0  # no minus zero
    behind = {} if marks is None else {c: marks[c] for c in marks if c in frame}
    lacking = [c for c in frame if frame[c].isna().any()]
    for column in {**dict.fromkeys(lacking), **behind}:
        shown[column] = _written(shown[column], None if significant else digits) + behind.get(
            column, ""
        )
    first = 0 if isinstance(frame.index, pd.RangeIndex) else frame.index.nlevels
    drawn = [(c, _MARKED if c in behind else _DASHED) for c in shown if c in lacking or c in behind]
    renders = [
        {"targets": first + shown.columns.get_loc(c), "render": JavascriptFunction(f)}
        for c, f in drawn
    ]
    told = " ".join(filter(None, [caption, DASH if lacking else ""]))
    html = itables.to_html_datatable(
        shown.rename(columns=words or {}),
        caption=told or None,
        connected=False,
        style="width:100%",
        classes="display compact genebench-table",
        buttons=[
            {"extend": "csvHtml5", "filename": f"{page}-{name}", **_EXPORT},
            {"extend": "copyHtml5", **_EXPORT},
        ],
        columnDefs=renders,
        maxBytes=0,
        lengthMenu=[10, 25, 100],
        scrollX=True,
        allow_html=False,
    )
    return HTML(html)


_EXPORT = {"exportOptions": {"orthogonal": "export"}}
_SHOWN = "type === 'display' || type === 'filter' ? (data === '' ? '–' : data)"
_DASHED = f"function (data, type) {{ return {_SHOWN} : data; }}"
_MARKED = f"function (data, type) {{ return {_SHOWN} : data.replace(/[^0-9.eE+-]+$/, ''); }}"


def _written(column: pd.Series, digits: int | None) -> pd.Series:
    """A column as text, empty where it has no value: whole numbers without decimals, others with so many.

    Args: digits: decimals; None: as short as each number can be written.
    """
    held = column.dropna()
    real = pd.api.types.is_float_dtype(column)
    if real and digits is None:
        return column.astype(object).map(
            lambda v: "" if pd.isna(v) else f"{v:,.10g}".replace(",", "")
        )
    places = digits if real and (held % 1 != 0).any() else 0
    return column.astype(object).map(
        lambda v: "" if pd.isna(v) else f"{v:.{places}f}" if real else str(v)
    )


def data(held: dict, *, profile: str, name: str, call: str) -> None:
    """Keep what a page's script reads, as a script that calls a function: pages opened from disk may fetch no file."""
    text = json.dumps(held, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    with cache.atomic(paths.static(profile) / f"{name}.js") as temporary:
        temporary.write_text(f"{call}({text});\n", encoding="utf-8")


def board(
    plain: pd.DataFrame, *, page: str, profile: str, profiles: dict[str, str], caption: str
) -> HTML:
    """The interactive leaderboard of some profiles (see ``data``), and a plain table in its place in print.

    Args: plain: what is printed, and shown where scripts are off. profiles: which the reader can choose, in words; the
    first is shown.
    """
    folder = paths.executed(profile) / "files"
    with cache.atomic(folder / f"{page}-plain.csv") as temporary:
        plain.to_csv(temporary, index=False)
    names, first = escape(json.dumps(profiles)), escape(next(iter(profiles)))
    return HTML(
        f'<div class="gb-board" data-profile="{first}" data-profiles="{names}" data-base="{_STATIC}/"></div>'
        f'<div class="gb-fallback">{_plain(plain, caption)}</div><script src="{_STATIC}/leaderboard.js"></script>'
    )


_WEIGHTS = """<div class="genebench-weights" id="ID"><div class="sliders"></div><div style="overflow-x:auto">
<table class="dataframe"><thead></thead><tbody></tbody></table></div></div>
<script>(() => {
  const data = DATA, root = document.getElementById("ID"), at = new URLSearchParams(location.hash.slice(1));
  const given = (at.get("weights") || "").split(",").map(Number);
  const set = data.columns.map((_, i) => given.length === data.columns.length && given[i] >= 0 ? given[i] : 1);
  // to three digits as the tables are: of equals the even one
  const round = v => { const k = Math.round(v * 1e5), q = Math.floor(k / 100), r = k - 100 * q;
    return ((r > 50 || (r === 50 && q % 2 !== 0) ? q + 1 : q) / 1000).toFixed(3); };
  const show = v => v === null ? "–" : round(v);
  const draw = () => {
    const rows = data.rows.map(r => {
      let sum = 0, total = 0, whole = true;
      r.values.forEach((v, i) => {
        if (set[i] > 0 && v === null) whole = false;
        if (set[i] > 0 && v !== null) { sum += set[i] * v; total += set[i]; }
      });
      return {name: r.name, values: r.values, mean: whole && total > 0 ? sum / total : null};
    }).sort((a, b) => (b.mean ?? -9) - (a.mean ?? -9));
    const cell = (tag, text) => { const e = document.createElement(tag); e.textContent = text; return e; };
    const line = (tag, texts) => {
      const e = document.createElement("tr");
      e.append(...texts.map(t => cell(tag, t)));
      return e;
    };
    root.querySelector("thead").replaceChildren(line("th", ["model", "weighted mean", ...data.columns]));
    const body = rows.map(r => line("td", [r.name, show(r.mean), ...r.values.map(show)]));
    root.querySelector("tbody").replaceChildren(...body);
  };
  data.columns.forEach((name, i) => {
    const [label, input, told] = ["label", "input", "b"].map(tag => document.createElement(tag));
    Object.assign(input, {type: "range", min: 0, max: 5, step: 0.5, value: set[i]});
    input.setAttribute("aria-label", "weight of " + name);
    told.textContent = " " + set[i];
    input.addEventListener("input", () => {
      set[i] = Number(input.value); told.textContent = " " + set[i]; draw();
      history.replaceState(null, "", "#weights=" + set.join(","));
    });
    label.append(name + " ", input, told);
    root.querySelector(".sliders").append(label);
  });
  draw();
})();</script>"""


def genes(plain: pd.DataFrame, *, page: str, profile: str, caption: str) -> HTML:
    """The search over gene pages (see ``data``), and a plain table of some genes in its place in print.

    Args: plain: what is printed, and shown where scripts are off; empty where there are no gene pages.
    """
    if plain.empty:
        return HTML(
            "<p><strong>There are no gene pages here:</strong> the predictions of this profile are not on the machine "
            f"that made this book. <code>genebench run --profile {escape(profile)}</code> makes them.</p>"
        )
    with cache.atomic(paths.executed(profile) / "files" / f"{page}-plain.csv") as temporary:
        plain.to_csv(temporary, index=False)
    return HTML(
        f'<div class="gb-genes" data-profile="{escape(profile)}" data-base="{_STATIC}/"></div>'
        f'<div class="gb-fallback">{_plain(plain, caption)}</div><script src="{_STATIC}/genes.js"></script>'
    )


def _plain(frame: pd.DataFrame, caption: str) -> str:
    show = lambda v: (
        "–"
        if isinstance(v, float) and math.isnan(v)
        else f"{v:.2f}"
        if isinstance(v, float)
        else str(v)
    )  # noqa: E731
    table = frame.map(show).to_html(index=False, border=0, classes="dataframe gb-plain")
    return table.replace("<thead>", f"<caption>{escape(caption)}</caption><thead>")


def weights(frame: pd.DataFrame, *, page: str, profile: str, name: str) -> HTML:
    """A table of means by model (rows) and group (columns) with a slider a group: the reader weighs the groups.

    The weights stand in the page's address (``#weights=1,2,…``, in the order of the columns); no network is asked.
    """
    folder = paths.executed(profile) / "files"
    with cache.atomic(folder / f"{page}-{name}.csv") as temporary:
        frame.to_csv(temporary)
    rows = [
        {"name": str(label), "values": [None if pd.isna(v) else round(float(v), 5) for v in row]}
        for label, row in zip(frame.index, frame.to_numpy())
    ]
    data = json.dumps({"columns": list(map(str, frame.columns)), "rows": rows}).replace(
        "<", "\\u003c"
    )
    return HTML(_WEIGHTS.replace('"ID"', f'"{page}-{name}"').replace("DATA", data))


def listing(frame: pd.DataFrame, *, column: str, text: str, title: str) -> Markdown:
    """A collapsed plain list of names, so that the page's search and a printed copy hold them too."""
    items = "\n".join(
        f"- `{name}`: {_one_line(str(words))}" for name, words in zip(frame[column], frame[text])
    )
    return Markdown(f"````{{dropdown}} {title}\n{items}\n````\n")


def prose(text: str) -> Markdown:
    """Markdown that was made from data, such as a list with links."""
    return Markdown(text)


def values(numbers: dict[str, object], *, page: str, profile: str) -> None:
    """Keep numbers for the prose; page ``a-x`` and key ``y`` become the substitution ``{{ a_x_y }}``."""
    for key, value in numbers.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"page '{page}': the number '{key}' is {value} and cannot be quoted")
    folder = paths.executed(profile) / "files"
    with cache.atomic(folder / f"{page}-values.json") as temporary:
        temporary.write_text(
            json.dumps({f"{page.replace('-', '_')}_{k}": v for k, v in numbers.items()}, indent=1),
            encoding="utf-8",
        )


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;")
