"""The charts of the book: dots with intervals, curves, heat maps, boxes. Draw what they get."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genebench.core.specs import ModelSpec

from .figures import INK, folded, legend, minus, ordered, rows_axis, styled, titles

FEW = 5
"""Of fewer scores no quartiles are drawn, but each score alone."""

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
    letters = int(10.4 * (width or size[0] - 2) / wide)
    fig, axes = plt.subplots(deep, wide, figsize=size, squeeze=False, **shared)
    for ax, (name, _) in zip(axes.flat, parts):
        heads = [(line, -(-len(line) // letters)) for line in str(name).split("\n")]
        heads = [textwrap.fill(h, min(letters, len(h) // n + 8)) if h else "" for h, n in heads]
        ax.set_title("\n".join(heads), fontsize=12)
        ax.tick_params(labelbottom=True)  # of shared axes, too: no need to look down a page
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
        if min(wide, len(panels)) > 2:
            ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        rows_axis(ax, names, fold=height >= 0.34)
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
    dots: pd.DataFrame | None = None,
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
    dots : DataFrame, optional
        Single points: the columns of the axes and the panel, ``ink``, ``mark`` and ``size``.
    **shared
        ``sharex`` and ``sharey`` of the panels.

    Returns
    -------
    Figure
    """
    shared = {"sharey": True} | shared
    fig, panels = panelled(frame, panel, 3, width=9.4, height=height, above=0.9, **shared)
    for ax, name, part in panels:
        for label, rows in part.sort_values(x).groupby("row", sort=False):
            first = rows.iloc[0]
            look = {"marker": first.get("mark", ""), "markersize": 4.5, "color": first.ink}
            ax.plot(rows[x], rows[y], linestyle=first.get("dash", "-"), label=label, **look)
            if "low" in rows and rows.low.notna().any():
                band = {"color": first.ink, "alpha": 0.15, "linewidth": 0}
                ax.fill_between(rows[x], rows.low, rows.high, **band)
        for (mark, size), few in () if dots is None else dots.groupby(["mark", "size"]):
            mine = few[few[panel] == name] if panel else few
            look = {"facecolors": "none" if size > 20 else mine.ink, "linewidths": 1.4}
            ax.scatter(mine[x], mine[y], size, marker=mark, edgecolors=mine.ink, **look, zorder=3)
        if chance is not None:
            ax.axhline(chance, color=INK, linestyle=":", linewidth=1)
        if frame[x].nunique() <= 3:  # such as positions in a codon
            ax.set_xticks(sorted(frame[x].unique()))
        for axis, base in (log or {}).items():
            getattr(ax, f"set_{axis}scale")("log", base=base)
            if base != 10:
                getattr(ax, f"{axis}axis").set_major_formatter("{x:,.0f}")
    fig.supxlabel(xlabel, fontsize=12)
    fig.supylabel(ylabel, fontsize=12)
    legend(fig, [ax for ax, *_ in panels], columns=3, fontsize=10.5)
    return fig


def heat_map(
    table: pd.DataFrame,
    marks: pd.DataFrame | None = None,
    models: Mapping[str, ModelSpec] | None = None,
    *,
    label: str,
    **scale,
) -> Figure:
    """Numbers by model (rows) and group of tasks (columns), as in Figure 1 of arXiv 2412.04075.

    A missing number is a dash. The ink is the one of greater contrast with the cell (WCAG 2: white
    below a luminance of 0.18).

    Parameters
    ----------
    table : DataFrame of shape (n_models, n_groups)
        NaN where a model has no task.
    marks : DataFrame of the same shape, optional
        Text that is written behind a number.
    models : mapping of str to ModelSpec, optional
        Declared models that the index names: sorted and titled by them, with a line above the
        shortcuts and controls.
    label : str
    **scale
        ``vmin``, ``vmax`` and ``center`` of the colours.

    Returns
    -------
    Figure
    """
    import seaborn as sns
    from seaborn.utils import relative_luminance

    rows = ordered(table.index, models) if models else table.index
    names = [folded(str(name)) for name in (titles(rows, models) if models else rows)]
    table = table.loc[rows]
    marks = table.map(lambda _: "") if marks is None else marks.loc[rows]
    fig, ax = plt.subplots(figsize=(9.2, 0.42 * len(rows) + 1.8))
    bar = {"label": label, "shrink": 0.8}
    look = {"cmap": "RdBu_r", "linewidths": 1, "linecolor": "white", "cbar_kws": bar}
    sns.heatmap(table, ax=ax, **look, **scale)
    for (y, x), value in np.ndenumerate(table.to_numpy(float)):
        words, ink = "–", INK
        if np.isfinite(value):
            words = minus(f"{round(value, 2) + 0.0:.2f}") + marks.iat[y, x]
            dark = relative_luminance(ax.collections[0].to_rgba(value)) < 0.18
            ink = "white" if dark else INK
        ax.text(x + 0.5, y + 0.5, words, ha="center", va="center", size=12, color=ink)
    narrow = {"width": min(12, 72 // table.shape[1]), "break_long_words": False}
    heads = [textwrap.fill(g, **narrow) for g in table.columns]
    ax.set_xticks(np.arange(len(heads)) + 0.5, heads, rotation=0, va="top")
    ax.set_yticks(np.arange(len(rows)) + 0.5, names, rotation=0, linespacing=0.95)
    ax.set(xlabel="", ylabel="")
    ax.grid(False)
    cheap = [models[m].family in ("shortcut", "control") for m in rows] if models else []
    for i in np.flatnonzero(np.diff(cheap)):
        ax.axhline(i + 1, color=INK, linewidth=2)
    return fig


def task_scores(
    frame: pd.DataFrame, models: Mapping[str, ModelSpec], *, label: str, chance: float = 0.5
) -> Figure:
    """Scores of every model on a set of tasks: a dot a task, a box for the quartiles.

    Parameters
    ----------
    frame : DataFrame
        Columns ``model``, ``score`` and ``exposed``. An exposed score is a star and in no box, and
        its model is starred; of fewer than ``FEW`` tasks there is no box.
    models : mapping of str to ModelSpec
    label : str
    chance : float

    Returns
    -------
    Figure
    """
    import seaborn as sns

    rows, many = ordered(frame.model, models), frame.model.value_counts().max() > 30
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(frame)) * many
    frame = styled(frame, models).assign(y=frame.model.map(rows.index) + jitter)
    exposed = frame.exposed.astype(bool)
    fair, stars = frame[~exposed], frame[exposed]
    boxed = fair[fair.groupby("model").score.transform("size") >= FEW]
    fig, ax = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.6))
    same = {"x": "score", "y": "model", "order": rows, "ax": ax, "legend": False}
    if len(boxed):
        inks = {m: models[m].color for m in rows}
        look = {"showfliers": False, "width": 0.66, "saturation": 1, "boxprops": {"alpha": 0.4}}
        sns.boxplot(boxed, hue="model", palette=inks, **same, **look, medianprops={"color": INK})
    words = {"o": "one task", "*": "a task whose labels the model has seen"}
    dot = {"rasterized": many, "alpha": 0.6 if many else 0.95}
    for part, mark, size in ((fair, "o", 1), (stars, "*", 3)):
        area = size * (10 if many else 42)
        ax.scatter(part.score, part.y, area, part.ink, marker=mark, **dot)
        ax.plot([], [], mark, color="#777777", markersize=9, label=words[mark])
    if len(stars):
        legend(fig, [ax])
    ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
    rows_axis(ax, [models[m].title + "*" * (m in set(stars.model)) for m in rows])
    ax.set_xlabel(label)
    return fig


def boxes(
    frame: pd.DataFrame, rows: list[str], *, label: str, panel: str, chance: float = 0.5
) -> Figure:
    """Box plots of which the ends are given, rows from the top, one panel a group.

    Parameters
    ----------
    frame : DataFrame
        Columns ``row`` (label), ``ink`` (colour), ``face`` (colour inside), ``score`` (mean, a
        dot), and ``whislo``, ``q1``, ``med``, ``q3``, ``whishi``.
    rows : list of str
        Labels of the rows.
    label, panel : str
        What is drawn, and the column of the panel's title.
    chance : float
        Score of guessing, dashed.

    Returns
    -------
    Figure
    """
    size = {"height": 0.34 * len(rows) + 0.9, "above": 0.2}
    fig, panels = panelled(frame, panel, 2, **size, sharex=True, sharey=True)
    for ax, _, part in panels:
        at = part.row.map(rows.index)
        drawn = ax.bxp(
            part.to_dict("records"),
            positions=at,
            orientation="horizontal",
            widths=0.66,
            showfliers=False,
            patch_artist=True,
            medianprops={"color": INK},
        )
        for box, ink, face in zip(drawn["boxes"], part.ink, part.face):
            box.set(facecolor=face, edgecolor=ink, linewidth=1.5, alpha=0.6)
        ax.scatter(part.score, at, 26, INK, zorder=3)
        ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
        rows_axis(ax, rows)
    fig.supxlabel(label, fontsize=12)
    return fig
