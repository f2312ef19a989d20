"""Dots with intervals and curves, in one or more panels. Draw what they are given."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures import INK, legend, rows_axis

Panels = list[tuple[Axes, str, pd.DataFrame]]


def panelled(
    frame: pd.DataFrame,
    panel: str | None,
    wide: int,
    *,
    height: float,
    above: float,
    width: float | None = None,
    **shared,
) -> tuple[Figure, Panels]:
    """A figure with one panel for each value of a column, in their order or that of the frame."""
    parts = [("", frame)]
    if panel is not None:
        ranked = isinstance(frame[panel].dtype, pd.CategoricalDtype)
        parts = list(frame.groupby(panel, sort=ranked, observed=True))
    wide = min(wide, len(parts))
    deep = -(-len(parts) // wide)
    size = (width or max(8.6, 2.9 * wide + 2), deep * height + above)
    fig, axes = plt.subplots(deep, wide, figsize=size, squeeze=False, **shared)
    for ax, (name, _) in zip(axes.flat, parts):
        ax.set_title(textwrap.fill(str(name), 34 if width else 30), fontsize=12)
    for ax in axes.flat[len(parts) :]:
        ax.axis("off")
    return fig, [(ax, str(name), part) for ax, (name, part) in zip(axes.flat, parts)]


def dots(
    frame: pd.DataFrame,
    rows: list[str] | None = None,
    *,
    label: str,
    panel: str | None = None,
    by: str | None = None,
    looks: Mapping[str, dict] | None = None,
    chance: float | Mapping[str, float] | None = None,
    wide: int = 3,
    height: float = 0.36,
    sharex: bool = True,
) -> Figure:
    """Scores as dots with their 95 % intervals, rows from the top, one or more panels.

    Parameters
    ----------
    frame : DataFrame
        Columns ``row`` (label) and ``score``; where they exist ``ink`` (colour), ``face`` (colour
        inside), ``mark``, ``low`` and ``high``, and ``shift`` (of the row).
    rows : list of str, optional
        Labels of the rows; None: each panel has its own, in the order of the frame.
    label : str
    panel, by : str, optional
        Column of the panel's title, and of what ``looks`` distinguishes.
    looks : mapping of str to dict, optional
        Value of ``by`` to options of its marker, explained in a legend; without a column ``shift``
        the values of a row lie above each other in this order.
    chance : float or mapping of str to float, optional
        Score of guessing, dashed; by panel where they differ.
    wide : int
        Panels beside each other, at most.
    height : float
        Of a row, in inches.
    sharex : bool
        Whether all panels have one scale.

    Returns
    -------
    Figure
    """
    looks = looks or {}
    whole = panel or np.zeros(len(frame))
    most = len(rows or []) or frame.groupby(whole, observed=True).row.nunique().max()
    if looks and "shift" not in frame:
        step = frame[by].map(list(looks).index) - (len(looks) - 1) / 2
        frame = frame.assign(shift=min(0.16, 0.8 / len(looks)) * step)
    shared = {"sharex": sharex, "sharey": rows is not None}
    fig, panels = panelled(frame, panel, wide, height=height * most + 1.2, above=0.4, **shared)
    for ax, name, part in panels:
        names = rows or list(dict.fromkeys(part.row))
        for row in part.to_dict("records"):
            ink, y = row.get("ink", INK), names.index(row["row"]) + row.get("shift", 0)
            look = {"color": ink, "marker": row.get("mark", "o"), "markersize": 8}
            look |= {"markerfacecolor": row["face"]} if "face" in row else {}
            look |= looks.get(row.get(by), {})
            if "low" in row:
                span = [row["low"], row["high"]]
                ax.plot(span, [y, y], color=look["color"], linewidth=2.4, alpha=0.6)
            ax.plot(row["score"], y, **look)
        at = chance[name] if isinstance(chance, Mapping) else chance
        if at is not None:
            ax.axvline(at, color=INK, linestyle="--", linewidth=1)
        rows_axis(ax, names)
    for words, look in looks.items():
        plain = {"marker": "o", "color": "#555555", "linestyle": "", "label": words}
        panels[0][0].plot([], [], **plain | look)
    fig.supxlabel(label, fontsize=12)
    if looks:
        columns = 4 if sum(map(len, looks)) < 70 else 2
        legend(fig, [panels[0][0]], columns=min(columns, len(looks)))
    return fig


def lines(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str = "score",
    panel: str | None = None,
    xlabel: str,
    ylabel: str,
    log: Mapping[str, int] | None = None,
    height: float = 3.3,
    chance: float | None = None,
    **shared,
) -> Figure:
    """Curves in one or more panels, with bands for 95 % intervals where there are any.

    Parameters
    ----------
    frame : DataFrame
        Columns named by ``x`` and ``y``, ``row`` (label of the line) and ``ink`` (colour); where
        they exist ``mark``, ``dash`` (style of the line), and ``low`` and ``high``.
    x, y, panel : str
        Columns of the axes and of the panel's title.
    xlabel, ylabel : str
        What the axes are, with unit and range.
    log : mapping of {"x", "y"} to int, optional
        Base of each axis that is logarithmic.
    height : float
        Of a panel, in inches.
    chance : float, optional
        Score of guessing, dotted.
    **shared
        ``sharex`` and ``sharey`` of the panels.

    Returns
    -------
    Figure
    """
    shared = {"sharey": True} | shared
    fig, panels = panelled(frame, panel, 3, width=9.4, height=height, above=0.9, **shared)
    for ax, _, part in panels:
        for label, rows in part.sort_values(x).groupby("row", sort=False):
            first = rows.iloc[0]
            look = {"marker": first.get("mark", ""), "markersize": 4.5, "color": first.ink}
            ax.plot(rows[x], rows[y], linestyle=first.get("dash", "-"), label=label, **look)
            if "low" in rows and rows.low.notna().any():
                band = {"color": first.ink, "alpha": 0.15, "linewidth": 0}
                ax.fill_between(rows[x], rows.low, rows.high, **band)
        if chance is not None:
            ax.axhline(chance, color=INK, linestyle=":", linewidth=1)
        for name, base in (log or {}).items():
            getattr(ax, f"set_{name}scale")("log", base=base)
            if base != 10:
                getattr(ax, f"{name}axis").set_major_formatter("{x:,.0f}")
    fig.supxlabel(xlabel, fontsize=12)
    fig.supylabel(ylabel, fontsize=12)
    legend(fig, [ax for ax, *_ in panels], columns=3, fontsize=10.5)
    return fig
