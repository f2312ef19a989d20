"""Scores → figures. Draws what it is given; computes no score, reads no file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core import specs
from ..core.specs import GROUPS

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


def use_style() -> None:
    """Set the house style of all figures; called once at the top of a notebook."""
    matplotlib.rcParams.update(matplotlib.rcParamsDefault | {"backend": matplotlib.get_backend()})
    plt.style.use(["seaborn-v0_8-colorblind", STYLE])


def color(model: str) -> str:
    """A model's one colour, the same in every figure."""
    return specs.model(model).color


def ordered(models: Iterable[str]) -> list[str]:
    """Real models, then shortcuts, then controls, each in the order of ``data/models.yml``."""
    rank = {"shortcut": 1, "control": 2}
    present = [m for m in specs.models() if m in set(models)]
    return sorted(present, key=lambda m: rank.get(specs.model(m).family, 0))


def titles(models: Iterable[str]) -> list[str]:
    """Their titles, as shown on an axis."""
    return [specs.model(m).title for m in models]


def heat_map(
    table: pd.DataFrame, marks: pd.DataFrame, *, label: str, low: float, chance: float
) -> Figure:
    """Mean score by model (rows) and group of tasks (columns), as in Figure 1 of arXiv 2412.04075.

    Args: table: index model, columns group, NaN where a model has no task. marks: same shape, text set behind a number.
    label: what the numbers are, with range. low: the metric's lower bound. chance: where guessing lies, drawn pale.
    """
    import seaborn as sns

    rows = ordered(table.index)
    table = table.loc[rows]
    fig, ax = plt.subplots(figsize=(9.2, 0.42 * len(rows) + 1.8))
    sns.heatmap(
        table,
        cmap="RdBu_r",
        center=chance,
        vmin=low,
        vmax=1,
        linewidths=1,
        linecolor="white",
        ax=ax,
        cbar_kws={"label": label, "shrink": 0.8},
    )
    write_numbers(ax, table, marks.loc[rows])
    ax.set(xlabel="", ylabel="")
    ax.set_yticklabels(titles(rows), rotation=0)
    ax.set_xticklabels([textwrap.fill(g, 12) for g in table.columns], rotation=0, va="top")
    for previous, (i, name) in zip(rows, list(enumerate(rows))[1:]):
        if (specs.model(previous).family in ("shortcut", "control")) != (
            specs.model(name).family in ("shortcut", "control")
        ):
            ax.axhline(i, color=INK, linewidth=2)
    ax.grid(False)
    return fig


def write_numbers(ax: Axes, table: pd.DataFrame, marks: pd.DataFrame | None = None) -> None:
    """Write the numbers of a seaborn heat map into its cells, with their marks: a dash for none, in the ink that shows.

    The ink is the one of greater contrast with the cell (WCAG 2: white below a luminance of 0.18).
    """
    from seaborn.utils import relative_luminance

    for (y, x), value in np.ndenumerate(table.to_numpy(float)):
        there = np.isfinite(value)
        words = f"{round(value, 2) + 0.0:.2f}".replace("-", "−") if there else "–"
        words += "" if marks is None or not there else marks.iat[y, x]
        dark = there and relative_luminance(ax.collections[0].to_rgba(value)) < 0.18
        ax.text(
            x + 0.5,
            y + 0.5,
            words,
            ha="center",
            va="center",
            size=12,
            color="white" if dark else INK,
        )


FEW = 5
"""Of fewer scores no quartiles are drawn, but each score alone."""


def _chance(ax: Axes, at: float) -> None:
    """A dashed line where guessing lies, named above the axes."""
    ax.axvline(at, color=INK, linestyle="--", linewidth=1)
    ax.text(
        at,
        1.0,
        "chance",
        transform=ax.get_xaxis_transform(),
        ha="center",
        va="bottom",
        fontsize=11,
        color=INK,
    )


def task_scores(frame: pd.DataFrame, *, label: str, chance: float | None = 0.5) -> Figure:
    """Scores of every model on a set of tasks: one dot a task, box for quartiles (of ``FEW`` or more), models as rows.

    Args: frame: columns ``model, score, exposed``; an exposed score is a star and in no box, and its model is starred.
    label: name, unit and range of the score. chance: where guessing lies.
    """
    import seaborn as sns

    rows, exposed = ordered(frame.model.unique()), frame.exposed.astype(bool)
    fair, read = frame[~exposed], frame[exposed]
    boxed = fair[fair.groupby("model", observed=True).score.transform("size") >= FEW]
    many = frame.groupby("model", observed=True).size().max() > 30
    inks = {m: color(m) for m in rows}
    same = {
        "y": "model",
        "x": "score",
        "order": rows,
        "hue": "model",
        "palette": inks,
        "legend": False,
    }
    fig, ax = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.6))
    ax.set(ylim=(len(rows) - 0.5, -0.5))
    if len(boxed):
        sns.boxplot(
            boxed, **same, ax=ax, fliersize=0, width=0.66, linewidth=1.1, boxprops={"alpha": 0.4}
        )
    dots = {
        "size": 3.2 if many else 6.5,
        "alpha": 0.6 if many else 0.95,
        "jitter": 0.25 if many else 0,
    }
    sns.stripplot(fair, **same, ax=ax, rasterized=many, **dots)
    if len(read):
        sns.stripplot(
            read, **same, ax=ax, rasterized=many, marker="*", **(dots | {"size": 6 if many else 11})
        )
        for mark, size, words in (
            ("o", 6, "one task"),
            ("*", 11, "a task whose answers the model has read"),
        ):
            ax.plot([], [], mark, color="#777777", markersize=size, label=words)
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    if chance is not None:
        _chance(ax, chance)
    starred = set(read.model)
    ax.set_yticks(
        range(len(rows)), [f"{t}{'*' * (m in starred)}" for m, t in zip(rows, titles(rows))]
    )
    ax.set(xlabel=label, ylabel="", ylim=(len(rows) - 0.5, -0.5))
    return fig


def family_boxes(frame: pd.DataFrame, *, label: str, chance: float = 0.5) -> Figure:
    """Scores by family of models and group of tasks: a box spans the quartiles over tasks and models of the family.

    Of a group with fewer than ``FEW`` tasks the scores are drawn as points.
    Args: frame: columns ``task, model, family, group, score``; controls are left out. label: what the numbers are.
    """
    import seaborn as sns

    frame = frame[frame.family != "control"].astype({"group": str, "family": str})
    groups = [g for g in GROUPS if g in set(frame.group)]
    order = [f for f in FAMILIES if f in set(frame.family)]
    enough = frame.groupby("group").task.transform("nunique") >= FEW
    fig, ax = plt.subplots(figsize=(9.2, 4.6))
    same = {
        "x": "group",
        "y": "score",
        "hue": "family",
        "order": groups,
        "hue_order": order,
        "palette": FAMILIES,
    }
    if enough.any():
        sns.boxplot(
            frame[enough],
            **same,
            ax=ax,
            fliersize=1.5,
            linewidth=1,
            width=0.75,
            saturation=1,
            legend=False,
        )
    if not enough.all():
        sns.stripplot(frame[~enough], **same, ax=ax, dodge=True, size=5, alpha=0.8, legend=False)
    ax.axhline(chance, color=INK, linestyle="--", linewidth=1)
    ax.set_xticks(range(len(groups)), [textwrap.fill(g, 12) for g in groups])
    ax.set(xlabel="", ylabel=label, xlim=(-0.5, len(groups) - 0.5))
    for family in order:
        ax.plot([], [], "s", color=FAMILIES[family], markersize=10, label=family)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(order))
    return fig


def one_task(
    frame: pd.DataFrame, *, label: str, chance: float | None, best_shortcut: float | None
) -> Figure:
    """Score of each model on one task with its interval; chance and the best shortcut as lines.

    Args: frame: columns ``model, score, low, high, coverage, exposed``; an exposed model is starred.
    """
    rows = ordered(frame.model)[::-1]
    frame = frame.set_index("model").loc[rows]
    fig, ax = plt.subplots(figsize=(9, 0.46 * len(rows) + 1.4))
    for y, (name, row) in enumerate(frame.iterrows()):
        ax.plot(
            [row.low, row.high],
            [y, y],
            color=color(name),
            linewidth=3,
            alpha=0.55,
            solid_capstyle="round",
        )
        ax.plot(row.score, y, "o", color=color(name), markersize=9)
        ax.annotate(
            f"{row.score:.2f}",
            (row.score, y),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=10.5,
        )
    for at, text, style in ((chance, "chance", "--"), (best_shortcut, "best shortcut", ":")):
        if at is not None and np.isfinite(at):
            ax.axvline(at, color=INK, linestyle=style, linewidth=1.2)
            ax.text(
                at,
                1.01,
                text,
                transform=ax.get_xaxis_transform(),
                ha="center",
                fontsize=10.5,
                color=INK,
            )
    ax.set_yticks(
        range(len(rows)),
        [
            f"{t}{'*' * int(e)} ({c:.0%})"
            for t, c, e in zip(titles(rows), frame.coverage, frame.exposed)
        ],
    )
    ax.set(xlabel=label, ylabel="", ylim=(-0.6, len(rows) - 0.3))
    return fig


def excess_bars(means: pd.DataFrame, *, label: str) -> Figure:
    """Mean excess over the best shortcut per model (rows) and group (panels), with its paired interval over genes and
    tasks; a dash where a model has none.

    Args: means: rows of ``means.csv`` of one measure and one split; models without any excess (shortcuts) have no row.
    """
    frame = means[means.excess.notna() & (means.group != "all")]
    models, groups = ordered(frame.model.unique()), [g for g in GROUPS if g in set(frame.group)]
    wide = max(1, len(groups))
    fig, axes = plt.subplots(
        1, wide, figsize=(9.2, 0.3 * len(models) + 1.9), sharex=True, sharey=True, squeeze=False
    )
    for ax, group in zip(axes[0], groups):
        held = frame[frame.group == group].set_index("model")
        for y, name in enumerate(models):
            if name not in held.index:
                ax.text(0, y, " –", ha="left", va="center", color=INK)
                continue
            row = held.loc[name]
            ax.barh(y, row.excess, 0.7, color=color(name))
            ax.plot([row.excess_low, row.excess_high], [y, y], color=INK, linewidth=1.6)
        ax.axvline(0, color=INK, linewidth=1.4)
        ax.set_title(textwrap.fill(group, 12), fontsize=12)
        ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(2, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.2g}".replace("-", "−"))
        ax.grid(False, axis="y")
    axes[0, 0].set_yticks(range(len(models)), titles(models))
    axes[0, 0].set_ylim(len(models) - 0.4, -0.6)
    fig.supxlabel(label, fontsize=12)
    return fig


def coverage_bars(table: pd.DataFrame, *, label: str) -> Figure:
    """Score of each model on common, own and all genes, side by side.

    Args: table: index model, columns ``common, own, all`` and ``tasks`` (their number, shown behind the title).
    """
    rows = ordered(table.index)
    fig, ax = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.8))
    shapes = {"all": ("s", 12), "common": ("D", 9), "own": ("o", 6)}
    for y, name in enumerate(rows):
        seen = table.loc[name, list(shapes)].astype(float).dropna()
        ax.plot([seen.min(), seen.max()], [y, y], color=color(name), linewidth=2, alpha=0.5)
        for genes, value in seen.items():
            ax.plot(
                value,
                y,
                shapes[genes][0],
                color=color(name),
                markersize=shapes[genes][1],
                markeredgecolor="white",
            )
    for genes, (shape, size) in shapes.items():
        ax.plot([], [], shape, color="#777777", markersize=size, label=f"{genes} genes")
    _chance(ax, 0.5)
    counted = zip(titles(rows), table.loc[rows, "tasks"])
    ax.set_yticks(
        range(len(rows)), [f"{title} ({n:,} task{'s' * (n > 1)})" for title, n in counted]
    )
    ax.set(xlabel=label, ylabel="", ylim=(len(rows) - 0.4, -0.6))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


FAMILIES = {
    "text": "#0072b2",
    "protein": "#009e73",
    "dna": "#6b410f",
    "expression": "#d55e00",
    "network": "#cc79a7",
    "table": "#56b4e9",
    "shortcut": "#999999",
}
"""Family of models → colour, in their order; told apart by eyes that see no red or green too."""

KINDS = {
    "binary": ("o", "#0077bb"),
    "multiclass": ("s", "#cc3311"),
    "multilabel": ("D", "#009988"),
    "regression": ("^", "#555555"),
}
"""Kind of task → marker and colour; told apart without colour too."""


def size_and_power(frame: pd.DataFrame, *, limit: float) -> Figure:
    """Number of genes of each task against the smallest difference between two models that it can show.

    Args: frame: columns ``kind, genes, smallest difference`` (rows without one are left out). limit: above it a task
    is called underpowered; drawn as a line.
    """
    fig, ax = plt.subplots(figsize=(8, 4.2))
    for kind, (marker, ink) in KINDS.items():
        part = frame[(frame.kind == kind) & frame["smallest difference"].notna()]
        if len(part):
            ax.plot(
                part.genes,
                part["smallest difference"],
                marker,
                color=ink,
                markersize=7,
                alpha=0.75,
                label=kind,
                markeredgecolor="white",
                markeredgewidth=0.6,
            )
    ax.axhline(limit, color=INK, linestyle="--", linewidth=1.2)
    ax.text(
        0.01,
        limit,
        "underpowered above",
        transform=ax.get_yaxis_transform(),
        va="bottom",
        fontsize=11,
        zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )
    ax.set_xscale("log")
    ax.xaxis.set_minor_locator(matplotlib.ticker.LogLocator(subs=(2, 5)))
    for put in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        put(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set(xlabel="genes of the task (log scale)", ylim=(0, None))
    ax.set_ylabel("smallest detectable difference\n(AUROC; of regression Spearman)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4)
    return fig


def spent_bars(table: pd.DataFrame) -> Figure:
    """CPU seconds by model, embedding and fits end to end; columns ``model, embedding_s, fits_s``."""
    rows = ordered(table.model)
    held = table.set_index("model").loc[rows].fillna({"embedding_s": 0.0})
    fig, ax = plt.subplots(figsize=(9, 0.36 * len(rows) + 1.4))
    ax.barh(range(len(rows)), held.fits_s, color="#0072b2", label="probes, all tasks and splits")
    ax.barh(
        range(len(rows)),
        held.embedding_s,
        left=held.fits_s,
        color="#e69f00",
        label="embedding, once",
    )
    ax.set_yticks(range(len(rows)), titles(rows))
    ax.set(xlabel="CPU seconds", ylabel="", ylim=(len(rows) - 0.4, -0.6))
    ax.legend(loc="lower right")
    return fig


def cost_per_task(table: pd.DataFrame) -> Figure:
    """Seconds a task against number of tasks; columns ``d, n_tasks, who, seconds``; one panel for each d."""
    inks = dict(zip(table.who.unique(), ("#0072b2", "#d55e00", "#56b4e9", "#555555")))
    dims = sorted(table.d.unique())
    fig, axes = plt.subplots(1, len(dims), figsize=(9.2, 4.2), sharey=True, squeeze=False)
    for ax, d in zip(axes[0], dims):
        for (who, part), mark in zip(table[table.d == d].groupby("who", sort=False), "osD^"):
            part = part.sort_values("n_tasks")
            ax.plot(part.n_tasks, part.seconds, marker=mark, color=inks[who], label=who)
        ax.set(
            xscale="log", yscale="log", xlabel="tasks fitted together", title=f"{d} numbers a gene"
        )
    axes[0, 0].set_ylabel("CPU seconds a task")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def growth(table: pd.DataFrame) -> Figure:
    """Seconds against samples, both logarithmic; columns ``stage, case, who, n, seconds``; one panel for each stage."""
    stages = list(table.stage.unique())
    inks = dict(zip(table.who.unique(), ("#0072b2", "#d55e00")))
    marks = dict(zip(table.case.unique(), "osD^v"))
    fig, axes = plt.subplots(1, len(stages), figsize=(9.2, 4.6), squeeze=False)
    for ax, stage in zip(axes[0], stages):
        for (who, case), part in table[table.stage == stage].groupby(["who", "case"], sort=False):
            part = part.sort_values("n")
            ax.plot(
                part.n,
                part.seconds,
                marker=marks[case],
                color=inks[who],
                label=f"{who}: {case}",
                markersize=5,
            )
        ax.set(xscale="log", yscale="log", xlabel="samples", title=stage)
    axes[0, 0].set_ylabel("processor seconds")
    fig.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10
    )
    return fig
