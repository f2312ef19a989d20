"""What a notebook puts on its page: figures and tables with their downloads, and numbers for the prose."""

from __future__ import annotations

import json
import math

import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.figure import Figure

from . import cache, figures, paths


def begin() -> None:
    """First call of every notebook: the house style of figures, and the code that interactive tables need."""
    import itables

    figures.use_style()
    itables.init_notebook_mode(all_interactive=False, connected=False)


def figure(fig: Figure, data: pd.DataFrame, *, page: str, profile: str, name: str, caption: str, alt: str) -> Markdown:
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
    links = " · ".join(f"{{download}}`{kind.upper()} <files/{stem}.{kind}>`" for kind in ("png", "svg", "csv"))
    return Markdown(
        f"```{{figure}} files/{stem}.png\n:name: fig-{stem}\n:alt: {_one_line(alt)}\n:width: 100%\n\n"
        f"{_one_line(caption)}\n```\n\nDownload: {links}\n"
    )


def table(frame: pd.DataFrame, *, page: str, profile: str, name: str, caption: str = "", digits: int = 3) -> HTML:
    """Show a table that sorts, filters and exports to CSV, with no request to any network."""
    import itables

    folder = paths.executed(profile) / "files"
    with cache.atomic(folder / f"{page}-{name}.csv") as temporary:
        frame.to_csv(temporary, index=not isinstance(frame.index, pd.RangeIndex))
    shown = frame.copy()
    for column in shown.select_dtypes("float"):
        shown[column] = shown[column].round(digits)
    html = itables.to_html_datatable(
        shown,
        caption=caption or None,
        connected=False,
        style="width:100%",
        classes="display compact genebench-table",
        buttons=[{"extend": "csvHtml5", "filename": f"{page}-{name}"}, "copyHtml5"],
        maxBytes=0,
        lengthMenu=[10, 25, 100],
        scrollX=True,
        allow_html=False,
    )
    return HTML(html)


def listing(frame: pd.DataFrame, *, column: str, text: str, title: str) -> Markdown:
    """A collapsed plain list of names, so that the page's search and a printed copy hold them too."""
    items = "\n".join(f"- `{name}`: {_one_line(str(words))}" for name, words in zip(frame[column], frame[text]))
    return Markdown(f"````{{dropdown}} {title}\n{items}\n````\n")


def values(numbers: dict[str, object], *, page: str, profile: str) -> None:
    """Keep numbers for the prose; page ``x`` and key ``y`` become the substitution ``{{ x_y }}``."""
    for key, value in numbers.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"page '{page}': the number '{key}' is {value} and cannot be quoted")
    folder = paths.executed(profile) / "files"
    with cache.atomic(folder / f"{page}-values.json") as temporary:
        temporary.write_text(json.dumps({f"{page}_{k}": v for k, v in numbers.items()}, indent=1), encoding="utf-8")


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;")
