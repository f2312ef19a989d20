"""Scores of models over tasks: heat maps by group, dots and boxes by task."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...core.specs import ModelSpec
from ..figures import INK, legend, minus, ordered, rows_axis, styled, titles
from .panels import panelled

FEW = 5
"""Of fewer scores no quartiles are drawn, but each score alone."""


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
    names = titles(rows, models) if models else rows
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
    ax.set_yticks(np.arange(len(rows)) + 0.5, names, rotation=0)
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
