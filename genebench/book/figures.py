"""Scores to figures. Draws what it is given; computes no score, reads no file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core.specs import ModelSpec

INK, GRID = "#222222", "#d9d9d9"

STYLE = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 110,
    "font.sans-serif": ["Arial", "DejaVu Sans", "Liberation Sans", "sans-serif"],
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.linewidth": 1.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "genebench",
    "legend.frameon": False,
    "legend.fontsize": 11,
    "legend.title_fontsize": 12,
    "text.color": ".15",
    "xtick.bottom": False,
    "ytick.left": False,
    **{f"{axis}tick.color": ".15" for axis in "xy"},
    **{f"{axis}tick.labelsize": 11 for axis in "xy"},
    **{f"{axis}tick.major.size": 6 for axis in "xy"},
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "white",
    "patch.force_edgecolor": True,
    "figure.constrained_layout.use": True,
}
"""Ticks are not drawn, but keep labels that far from the axes."""

FEW = 5
"""Of fewer scores no quartiles are drawn, but each score alone."""


def use_style() -> None:
    """Set the house style of all figures; called once at the top of a notebook.

    Resets every other setting of Matplotlib except the backend, so that a figure does not depend
    on the configuration of the machine that draws it. Colours are those of seaborn's palette for
    colour-blind readers.
    """
    matplotlib.rcParams.update(matplotlib.rcParamsDefault | {"backend": matplotlib.get_backend()})
    plt.style.use(["seaborn-v0_8-colorblind", STYLE])


def ordered(names: Iterable[str], models: Mapping[str, ModelSpec]) -> list[str]:
    """Sort models for an axis: real models, then shortcuts, then controls.

    Parameters
    ----------
    names : iterable of str
        Names of models; duplicates are dropped.
    models : mapping of str to ModelSpec
        Declared models, whose order is kept within each part.

    Returns
    -------
    list of str
    """
    rank, present = {"shortcut": 1, "control": 2}, set(names)
    return sorted((m for m in models if m in present), key=lambda m: rank.get(models[m].family, 0))


def titles(names: Iterable[str], models: Mapping[str, ModelSpec]) -> list[str]:
    """Titles of models, as shown on an axis.

    Parameters
    ----------
    names : iterable of str
        Names of models.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    list of str
    """
    return [models[m].title for m in names]


def styled(frame: pd.DataFrame, models: Mapping[str, ModelSpec]) -> pd.DataFrame:
    """Add to rows of a table how their model is drawn (see ``dots`` and ``lines``).

    Parameters
    ----------
    frame : DataFrame
        Column ``model``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    DataFrame
        With ``row`` (title), ``ink`` (colour), and ``face`` (white for shortcuts).
    """
    specs = [models[m] for m in frame.model]
    faces = ["white" if s.family == "shortcut" else s.color for s in specs]
    return frame.assign(row=[s.title for s in specs], ink=[s.color for s in specs], face=faces)


def dots(
    frame: pd.DataFrame,
    rows: list[str] | None = None,
    *,
    label: str,
    value: str = "score",
    panel: str | None = None,
    chance: float | None = None,
    key: Mapping[str, dict] | None = None,
    wide: int = 3,
    height: float = 0.36,
    sharex: bool = True,
) -> Figure:
    """Scores as dots with their 95 % intervals, rows from the top, one or more panels.

    Parameters
    ----------
    frame : DataFrame
        Columns ``row`` (label), ``ink`` (colour) and ``value``; where they exist ``low`` and
        ``high``, ``mark``, ``face`` (colour inside), ``shift`` (of the row) and ``panel``.
    rows : list of str, optional
        Labels of the rows; None: each panel has its own, in the order of the frame.
    label : str
        What the numbers are, with unit and range.
    value, panel : str
        Columns of the number and of the panel's title.
    chance : float, optional
        Score of guessing, dashed.
    key : mapping of str to dict, optional
        Words to options of the marker that they explain.
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
    parts = _parts(frame, panel)
    wide = min(wide, len(parts))
    most = len(rows) if rows else max(part.row.nunique() for _, part in parts)
    deep = -(-len(parts) // wide)
    size = (max(8.6, 2.9 * wide + 2), deep * (height * most + 1.2) + 0.4)
    shared = {"sharex": sharex, "sharey": rows is not None, "squeeze": False}
    fig, axes = plt.subplots(deep, wide, figsize=size, **shared)
    for ax, (name, part) in zip(axes.flat, parts):
        names = rows or list(dict.fromkeys(part.row))
        for row in part.to_dict("records"):
            y, ink = names.index(row["row"]) + row.get("shift", 0), row["ink"]
            if "low" in row:
                ax.plot([row["low"], row["high"]], [y, y], color=ink, linewidth=2.4, alpha=0.6)
            look = {"color": ink, "markerfacecolor": row.get("face", ink), "markersize": 8}
            ax.plot(row[value], y, row.get("mark", "o"), **look)
        if chance is not None:
            ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
        ax.set_title(textwrap.fill(name, 30), fontsize=12)
        rows_axis(ax, names)
    for ax in axes.flat[len(parts) :]:
        ax.axis("off")
    for words, look in (key or {}).items():
        axes[0, 0].plot([], [], **{"marker": "o", "color": "#555555", "linestyle": ""} | look)
        axes[0, 0].lines[-1].set_label(words)
    fig.supxlabel(label, fontsize=12)
    if key:
        legend(fig, axes.flat[:1], columns=min(4, len(key)))
    return fig


def lines(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str = "score",
    panel: str | None = None,
    xlabel: str,
    ylabel: str,
    wide: int = 3,
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
    wide : int
        Panels beside each other, at most.
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
    parts = _parts(frame, panel)
    wide = min(wide, len(parts))
    deep = -(-len(parts) // wide)
    shared = {"sharey": True, "squeeze": False} | shared
    fig, axes = plt.subplots(deep, wide, figsize=(9.4, height * deep + 0.9), **shared)
    for ax, (name, part) in zip(axes.flat, parts):
        for label, rows in part.sort_values(x).groupby("row", sort=False):
            first = rows.iloc[0]
            look = {"marker": first.get("mark", ""), "markersize": 4.5, "color": first.ink}
            ax.plot(rows[x], rows[y], linestyle=first.get("dash", "-"), label=label, **look)
            if "low" in rows and rows.low.notna().any():
                band = {"color": first.ink, "alpha": 0.15, "linewidth": 0}
                ax.fill_between(rows[x], rows.low, rows.high, **band)
        if chance is not None:
            ax.axhline(chance, color=INK, linestyle=":", linewidth=1)
        ax.set_title(textwrap.fill(name, 34), fontsize=12)
    for ax in axes.flat[len(parts) :]:
        ax.axis("off")
    fig.supxlabel(xlabel, fontsize=12)
    fig.supylabel(ylabel, fontsize=12)
    legend(fig, axes.flat, columns=3, fontsize=10.5)
    return fig


def _parts(frame: pd.DataFrame, panel: str | None) -> list[tuple[str, pd.DataFrame]]:
    """Title and rows of each panel, in the order of the frame."""
    if panel is None:
        return [("", frame)]
    return [(str(name), part) for name, part in frame.groupby(panel, sort=False)]


def rows_axis(ax: Axes, labels: list[str]) -> None:
    """Label the rows of a horizontal figure, the first on top.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    labels : list of str
        One per row.
    """
    ax.set_yticks(range(len(labels)), labels)
    ax.set(ylabel="", ylim=(len(labels) - 0.4, -0.6))


def legend(fig: Figure, axes: Iterable[Axes], *, columns: int = 2, **options) -> None:
    """Put one legend above all panels; of equal labels one is shown.

    Parameters
    ----------
    fig : Figure
        The figure.
    axes : iterable of Axes
        Panels whose labelled artists are listed.
    columns : int
        Number of columns.
    **options
        Options of ``Figure.legend``.
    """
    shown = {k: v for ax in axes for v, k in zip(*ax.get_legend_handles_labels())}
    options = {"loc": "outside upper center", "ncols": columns} | options
    fig.legend(shown.values(), shown.keys(), **options)


def minus(text: str) -> str:
    """Write numbers with a minus sign in place of a hyphen.

    Parameters
    ----------
    text : str
        Formatted numbers.

    Returns
    -------
    str
    """
    return text.replace("-", "−")


def heat_map(
    table: pd.DataFrame,
    marks: pd.DataFrame,
    models: Mapping[str, ModelSpec],
    *,
    label: str,
    low: float,
    chance: float,
) -> Figure:
    """Mean score by model (rows) and group of tasks, as in Figure 1 of arXiv 2412.04075.

    Parameters
    ----------
    table : DataFrame of shape (n_models, n_groups)
        Indexed by model; NaN where a model has no task.
    marks : DataFrame of the same shape
        Text that is written behind a number.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        What the numbers are, with range.
    low : float
        Lower bound of the measure.
    chance : float
        Score of guessing, drawn pale.

    Returns
    -------
    Figure
    """
    rows = ordered(table.index, models)
    table = table.loc[rows]
    fig, ax = plt.subplots(figsize=(9.2, 0.42 * len(rows) + 1.8))
    numbers(ax, table, marks.loc[rows], center=chance, vmin=low, vmax=1, label=label)
    ax.set_yticks(np.arange(len(rows)) + 0.5, titles(rows, models), rotation=0)
    cheap = [models[m].family in ("shortcut", "control") for m in rows]
    for i in np.flatnonzero(np.diff(cheap)):
        ax.axhline(i + 1, color=INK, linewidth=2)
    return fig


def numbers(
    ax: Axes, table: pd.DataFrame, marks: pd.DataFrame | None = None, *, label: str, **scale
) -> None:
    """Draw a heat map with its numbers, groups of tasks as columns.

    A missing number is a dash. The ink is the one of greater contrast with the cell (WCAG 2: white
    below a luminance of 0.18).

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        Numbers.
    marks : DataFrame of the same shape, optional
        Text that is written behind a number.
    label : str
        What the numbers are, with range.
    **scale
        ``vmin``, ``vmax`` and ``center`` of the colours.
    """
    import seaborn as sns
    from seaborn.utils import relative_luminance

    bar = {"label": label, "shrink": 0.8}
    look = {"cmap": "RdBu_r", "linewidths": 1, "linecolor": "white", "cbar_kws": bar}
    sns.heatmap(table, ax=ax, **look, **scale)
    for (y, x), value in np.ndenumerate(table.to_numpy(float)):
        there = np.isfinite(value)
        words = minus(f"{round(value, 2) + 0.0:.2f}") if there else "–"
        words += "" if marks is None or not there else marks.iat[y, x]
        dark = there and relative_luminance(ax.collections[0].to_rgba(value)) < 0.18
        ink = "white" if dark else INK
        ax.text(x + 0.5, y + 0.5, words, ha="center", va="center", size=12, color=ink)
    heads = [textwrap.fill(g, 12) for g in table.columns]
    ax.set_xticks(np.arange(len(heads)) + 0.5, heads, rotation=0, va="top")
    ax.set(xlabel="", ylabel="")
    ax.grid(False)


def task_scores(
    frame: pd.DataFrame,
    models: Mapping[str, ModelSpec],
    *,
    label: str,
    chance: float | None = 0.5,
) -> Figure:
    """Scores of every model on a set of tasks: a dot a task, a box for the quartiles.

    Parameters
    ----------
    frame : DataFrame
        Columns ``model``, ``score`` and ``exposed``. An exposed score is a star and in no box, and
        its model is starred; of fewer than ``FEW`` tasks there is no box.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        Name, unit and range of the score.
    chance : float, optional
        Score of guessing.

    Returns
    -------
    Figure
    """
    rows = ordered(frame.model, models)
    rng, many = np.random.default_rng(0), frame.model.value_counts().max() > 30
    dot = {"linestyle": "", "rasterized": many, "alpha": 0.6 if many else 0.95}
    fig, ax = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.6))
    starred = set(frame.model[frame.exposed.astype(bool)])
    for y, name in enumerate(rows):
        part, ink = frame[frame.model == name], models[name].color
        read = part.exposed.astype(bool)
        fair = part.score[~read]
        if len(fair) >= FEW:
            box = {"facecolor": ink, "alpha": 0.4}
            options = {"patch_artist": True, "showfliers": False, "boxprops": box, "widths": 0.66}
            options["medianprops"] = {"color": INK}
            ax.boxplot(fair, positions=[y], orientation="horizontal", **options)
        for scores, mark in ((fair, "o"), (part.score[read], "*")):
            at = y + rng.uniform(-0.25, 0.25, len(scores)) * many
            size = (3.2 if many else 6.5) * (1.7 if mark == "*" else 1)
            ax.plot(scores, at, mark, color=ink, markersize=size, **dot)
    if starred:
        for mark, words in (("o", "one task"), ("*", "a task whose labels the model has seen")):
            ax.plot([], [], mark, color="#777777", markersize=9, label=words)
        legend(fig, [ax])
    if chance is not None:
        ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
    rows_axis(ax, [f"{models[m].title}{'*' * (m in starred)}" for m in rows])
    ax.set_xlabel(label)
    return fig
