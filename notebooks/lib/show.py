"""What a notebook puts on its page: figures and tables with downloads, numbers for the prose."""

import json
import math
import warnings
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.figure import Figure

from genebench.core import cache, paths

from . import figures

DASH = "A dash (–): no number, because there was nothing to measure or to compare"
"""Stands below every table that has one."""
UNMOVED = "; of an interval, because no draw of what was tested moves the score"
"""Follows it where a table has intervals."""


def begin() -> None:
    """Start a page: the house style of figures, and the script of interactive tables.

    Must be the first call of every notebook. Interactive tables carry their script with them, so
    that no page makes a request to any network.
    """
    import itables

    warnings.filterwarnings("ignore", message="IProgress not found")  # said by tqdm of the hub
    figures.use_style()
    itables.init_notebook_mode(all_interactive=False, connected=False)


def _file(profile: str, name: str) -> Path:
    return paths.executed(profile) / "files" / name


def _csv(frame: pd.DataFrame, profile: str, stem: str) -> None:
    index, safe = not isinstance(frame.index, pd.RangeIndex), _no_formula
    with cache.atomic(_file(profile, f"{stem}.csv")) as temporary:
        frame.map(safe).rename(index=safe, columns=safe).to_csv(temporary, index=index)


def _no_formula(value):
    """A text that a spreadsheet would run as a formula, with a quote before it; others as is."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        if pd.isna(pd.to_numeric(value, errors="coerce")):
            return f"'{value}"
    return value


def figure(
    fig: Figure, data: pd.DataFrame, *, page: str, profile: str, name: str, caption: str, alt: str
) -> Markdown:
    """Save a figure as WebP and SVG and its data as CSV; show it with caption and downloads.

    Parameters
    ----------
    fig : Figure
        Is closed.
    data : DataFrame
        What is drawn.
    page, profile, name : str
        The label for ``{numref}`` is ``fig-<page>-<name>``.
    caption, alt : str
        What the figure shows, in sentences; and for those who cannot see it.

    Returns
    -------
    Markdown
    """
    from matplotlib import pyplot as plt

    stem, share = f"{page}-{name}", round(100 * fig.get_figwidth() / 8)
    small = ":figclass: gb-small" if share < 80 else ":figclass: gb-middle" * (share < 115)
    lossless = {"dpi": 140, "pil_kwargs": {"lossless": True, "method": 6}}  # half a PNG
    fig.draw_without_rendering()  # laid out once for both files
    area = fig.get_tightbbox().padded(0.08)
    with plt.rc_context({"figure.constrained_layout.use": False}):
        fig.set_layout_engine(None)
        for kind, options in (("webp", lossless), ("svg", {"metadata": {"Date": None}})):
            with cache.atomic(_file(profile, f"{stem}.{kind}")) as temporary:
                fig.savefig(temporary, format=kind, bbox_inches=area, **options)
    plt.close(fig)
    _csv(data, profile, stem)
    links = [f"{{download}}`{kind.upper()} <files/{stem}.{kind}>`" for kind in ("svg", "csv")]
    at = f"{paths.STATIC}/notebooks/{page}"
    for kind, word in (("py", "code"), ("json", "configuration")):
        links.append(f'<a href="{at}.{kind}" download>{word}</a>')
    return Markdown(
        f"```{{figure}} files/{stem}.webp\n:name: fig-{stem}\n:alt: {_one_line(alt)}\n"
        f":width: {min(share, 100)}%\n{small}\n\n{_one_line(caption)}\n```\n\n"
        f"Download: {' · '.join(links)}\n"
    )


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
    links: Mapping[str, Mapping[str, str]] | None = None,
    titles: Mapping[str, Mapping[str, str]] | None = None,
    phone: Iterable[str] = (),
) -> HTML:
    """Show a table that sorts, filters and exports to CSV, with no request to any network.

    A missing value is shown as a dash, explained below the table; it is empty in the CSV files.

    Parameters
    ----------
    frame : DataFrame
        What is shown and saved.
    page, profile, name : str
    caption : str
        What the table shows.
    digits : int
        Decimals of real numbers.
    significant : int, optional
        Significant digits in place of decimals, where numbers are of very unequal size.
    marks : DataFrame, optional
        Text set behind the numbers of some columns, such as a star; same rows; not in the files.
    words : dict of str to str, optional
        How columns are headed in place of their names; the file keeps the names.
    links : mapping of str to mapping, optional
        By column, text of a cell -> address that it leads to (see ``markdown.model_links``).
    titles : mapping of str to mapping, optional
        By column, text of a cell -> what is shown in its place; the file keeps the text.
    phone : iterable of str
        Columns that a narrow screen shows at first, and that a wider one never leaves out; a button
        brings the others. Empty: three that say what a row is, and the result.

    Returns
    -------
    HTML
    """
    import itables
    from itables.javascript import JavascriptFunction

    if frame.index.names == [None] and pd.api.types.is_integer_dtype(frame.index):
        frame = frame.reset_index(drop=True)  # places in another table, of no use to a reader
    _csv(frame, profile, f"{page}-{name}")
    shown, renders, dashed = frame.copy(), [], frame.isna().any()
    for column, texts in (titles or {}).items():
        shown[column] = shown[column].map(texts).fillna(shown[column])
    marks = pd.DataFrame() if marks is None else marks
    first = 0 if isinstance(frame.index, pd.RangeIndex) else frame.index.nlevels
    for place, column in enumerate(frame, start=first):
        if pd.api.types.is_float_dtype(frame[column]):
            short = frame[column].round(digits)
            if significant:
                short = frame[column].map(lambda v: float(f"{v:.{significant}g}"))
            shown[column] = short + 0.0  # no minus zero
        if dashed[column] or column in marks:
            text = _text(shown[column], None if significant else digits)
            shown[column] = text + marks[column] if column in marks else text
            render = JavascriptFunction(_MARKED if column in marks else _DASHED)
            renders.append({"targets": place, "render": render})
    numbers = [first + i for i, c in enumerate(frame) if pd.api.types.is_numeric_dtype(frame[c])]
    renders.append({"targets": numbers, "createdCell": JavascriptFunction(_NUMBER)})
    buttons = [{"extend": "csvHtml5", "filename": f"{page}-{name}"}, {"extend": "copyHtml5"}]
    buttons = [b | {"exportOptions": {"orthogonal": "export"}} for b in buttons]
    for column, addresses in (links or {}).items():
        at = {text: addresses[text] for text in shown[column].unique() if text in addresses}
        created = JavascriptFunction(_LINKED % json.dumps(at).replace("<", "\\u003c"))
        place = first + frame.columns.get_loc(column)
        renders.append({"targets": place, "createdCell": created})
    wide = [
        first + i
        for i, column in enumerate(shown)
        if not pd.api.types.is_numeric_dtype(shown[column])
        and shown[column].astype(str).str.len().max() > 60
    ]
    renders.append({"targets": wide, "className": "gb-text"})
    few = set(frame[list(phone)] if phone else _on_a_phone(frame))
    more = [first + i for i, column in enumerate(frame) if column not in few]
    if more:
        calls = {"init": JavascriptFunction(_NARROW % more), "action": JavascriptFunction(_ALL)}
        buttons += [{"text": "All columns", "className": "gb-columns"} | calls]
    bounds = [c for c in map(str, frame) if c.endswith("low") or "interval" in c]
    dash = DASH + UNMOVED * bool(bounds) + "."
    html = itables.to_html_datatable(
        shown.rename(columns=words or {}),
        caption=" ".join(filter(None, [caption, dash * bool(dashed.any())])) or None,
        connected=False,
        style="width:100%",
        classes="display compact genebench-table",
        buttons=buttons,
        columnDefs=renders,
        maxBytes=0,
        lengthMenu=[10, 25, 100],
        scrollX=True,
        allow_html=False,
    )
    return HTML(html)


_RESULTS = ("score", "AUROC")


def _on_a_phone(frame: pd.DataFrame) -> list[str]:
    """Columns for a narrow screen: three texts before the result, and the result.

    None that is the same in all rows; the result is one of ``_RESULTS``, else the first real
    number.
    """
    names = [c for c in frame if frame[c].astype(str).nunique() > 1] or list(frame)
    real = [c for c in names if pd.api.types.is_float_dtype(frame[c])]
    result = [c for c in (*_RESULTS, *real) if c in names][:1]
    before = names[: names.index(result[0])] if result else names
    texts = [c for c in before if not pd.api.types.is_numeric_dtype(frame[c])]
    return list(dict.fromkeys([*texts[:3], *result, *names]))[:4]


_NARROW = """function (table, button) {
    const more = %s;
    table.on('init', () => {
        const frame = table.table().node().parentNode;
        if (window.innerWidth < 600) table.columns(more).visible(false);
        else while (more.length && frame.clientWidth && frame.scrollWidth > frame.clientWidth + 1)
            table.column(more.pop()).visible(false);
        button.toggle(table.columns().visible().toArray().includes(false));
    });
}"""
"""A phone shows the first columns alone; a wider screen as many as fit, the last ones left out."""
_ALL = "function (e, table) { table.columns().visible(true); }"


_SHOWN = "type === 'display' || type === 'filter' ? (data === '' ? '–' : data)"
_DASHED = f"function (data, type) {{ return {_SHOWN} : data; }}"
_MARKED = f"function (data, type) {{ return {_SHOWN} : data.replace(/[^0-9.eE+-]+$/, ''); }}"


_NUMBER = r"""function (cell) {
    const grouped = digits => digits.replace(/\B(?=(\d{3})+$)/g, ',');
    cell.textContent = cell.textContent.replace(/^-/, '−').replace(/^−?\d{5,}/, grouped);
}"""
"""A minus sign, and commas in numbers of five digits or more; what is sorted and saved has none."""


_LINKED = """function (cell) {
    const at = (%s)[cell.textContent];
    if (!at) return;
    const link = document.createElement('a');
    link.href = at;
    link.textContent = cell.textContent;
    cell.replaceChildren(link);
}"""


def _text(column: pd.Series, digits: int | None) -> pd.Series:
    """A column as text, empty where it has no value; whole numbers without decimals."""
    form = ""
    if pd.api.types.is_float_dtype(column):
        whole = digits is None or (column.dropna() % 1 == 0).all()
        form = ".10g" if whole else f".{digits}f"
    return column.astype(object).map(lambda v: "" if pd.isna(v) else format(v, form))


def data(values: dict, *, profile: str, name: str, call: str) -> None:
    """Save what a page's script reads, as a script that calls a function.

    Pages that are opened from disk may fetch no file.

    Parameters
    ----------
    values : dict
        Plain JSON, without NaN.
    profile : str
    name : str
        Name of the file, without ending.
    call : str
        Name of the function.
    """
    cache.write_text(paths.static(profile) / f"{name}.js", f"{call}({compact(values)});\n")


def compact(values: dict | list) -> str:
    """Plain JSON without spaces; a NaN is refused.

    Parameters
    ----------
    values : dict or list

    Returns
    -------
    str
    """
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plain_table(frame: pd.DataFrame, *, page: str, profile: str, caption: str) -> str:
    """A table without scripts, for print and for browsers that run none.

    Parameters
    ----------
    frame : DataFrame
        What is shown and saved; real numbers have two decimals.
    page, profile : str
    caption : str
        What the table shows.

    Returns
    -------
    str
        HTML.
    """
    _csv(frame, profile, f"{page}-plain")
    options = {"float_format": "{:.2f}".format, "na_rep": "–", "classes": "gb-plain"}
    html = frame.to_html(index=False, border=0, **options)
    return html.replace("<thead>", f"<caption>{escape(caption)}</caption><thead>")


def weights(frame: pd.DataFrame, *, page: str, profile: str, name: str) -> HTML:
    """A table of means with a slider a group: readers weigh the groups themselves.

    The weights stand in the page's address (``#weights=1,2,…``, in the order of the columns). The
    script only averages the given means; it makes no request to any network.

    Parameters
    ----------
    frame : DataFrame
        Means by model (rows) and group (columns).
    page, profile, name : str

    Returns
    -------
    HTML
    """
    _csv(frame, profile, f"{page}-{name}")
    given = escape(frame.to_json(orient="split", double_precision=5))
    return HTML(
        f'<div class="genebench-weights" id="{page}-{name}" data-means="{given}"></div>'
        f'<script src="{paths.STATIC}/weights.js"></script>'
    )


def listing(frame: pd.DataFrame, *, column: str, text: str, title: str) -> Markdown:
    """A collapsed plain list of names, for the page's search and for print.

    Parameters
    ----------
    frame : DataFrame
        One row an entry.
    column, text : str
        Columns of the name and of what it is.
    title : str
        Head of the list.

    Returns
    -------
    Markdown
    """
    pairs = zip(frame[column], frame[text])
    items = "\n".join(f"- `{name}`: {_one_line(str(words))}" for name, words in pairs)
    return Markdown(f"````{{dropdown}} {title}\n{items}\n````\n")


def prose(text: str) -> Markdown:
    """Show Markdown that was made from data, such as a list with links.

    Parameters
    ----------
    text : str
        Markdown (MyST).

    Returns
    -------
    Markdown
    """
    return Markdown(text)


def values(numbers: dict[str, object], *, page: str, profile: str) -> None:
    """Save numbers for the prose; page ``a-x`` and key ``y`` become ``{{ a_x_y }}``.

    Parameters
    ----------
    numbers : dict
        Key to number or text.
    page, profile : str

    Raises
    ------
    ValueError
        A number is not finite and cannot be quoted.
    """
    for key, value in numbers.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"page '{page}': the number '{key}' is {value} and cannot be quoted")
    named = {f"{page.replace('-', '_')}_{key}": value for key, value in numbers.items()}
    cache.write_json(_file(profile, f"{page}-values.json"), named)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;")
