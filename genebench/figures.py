"""Scores → figures. Draws what it is given; computes no score, reads no file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from . import specs
from .specs import GROUPS

INK, GRID = "#222222", "#d9d9d9"

STYLE = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 110,
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "genebench",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def use_style() -> None:
    """Set the house style of all figures; called once at the top of a notebook."""
    matplotlib.rcParams.update(matplotlib.rcParamsDefault | {"backend": matplotlib.get_backend()})
    sns.set_theme(style="whitegrid", rc=STYLE)


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


def heat_map(table: pd.DataFrame, marks: pd.DataFrame, *, label: str, low: float, chance: float) -> Figure:
    """Mean score by model (rows) and group of tasks (columns), as in Figure 1 of arXiv 2412.04075.

    Args: table: index model, columns group, NaN where a model has no task. marks: same shape, text set behind a number.
    label: what the numbers are, with range. low: the metric's lower bound. chance: where guessing lies, drawn pale.
    """
    rows = ordered(table.index)
    table = table.loc[rows]
    text = table.map(lambda v: f"{v:.2f}".replace("-", "−")) + marks.loc[rows]
    fig, ax = plt.subplots(figsize=(9.2, 0.52 * len(rows) + 1.8))
    sns.heatmap(
        table, annot=text, fmt="", cmap="RdBu_r", center=chance, vmin=low, vmax=1, linewidths=1, linecolor="white",
        ax=ax, cbar_kws={"label": label, "shrink": 0.8}, annot_kws={"size": 12},
    )  # fmt: skip
    for y, x in np.argwhere(table.isna().to_numpy()):
        ax.text(x + 0.5, y + 0.5, "–", ha="center", va="center", color=INK)
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


def task_scores(frame: pd.DataFrame, *, label: str, chance: float | None = 0.5) -> Figure:
    """Scores of every model on a set of tasks: one dot a task, box for quartiles, models as rows.

    Args: frame: columns ``model, score``. label: name, unit and range of the score. chance: where guessing lies.
    """
    rows = ordered(frame.model.unique())
    fig, ax = plt.subplots(figsize=(9, 0.5 * len(rows) + 1.4))
    many = frame.groupby("model", observed=True).size().max() > 30
    sns.boxplot(
        frame, y="model", x="score", order=rows, hue="model", palette={m: color(m) for m in rows}, legend=False, ax=ax,
        fliersize=0, width=0.62, linewidth=1.1, boxprops={"alpha": 0.45},
    )  # fmt: skip
    sns.stripplot(
        frame, y="model", x="score", order=rows, hue="model", palette={m: color(m) for m in rows}, legend=False, ax=ax,
        size=2.2 if many else 6, alpha=0.45 if many else 0.95, jitter=0.25 if many else 0, rasterized=many,
    )  # fmt: skip
    if chance is not None:
        ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
        ax.text(chance, 1.01, "chance", transform=ax.get_xaxis_transform(), ha="center", fontsize=10.5, color=INK)
    ax.set_yticks(range(len(rows)), titles(rows))
    ax.set(xlabel=label, ylabel="")
    return fig


def family_boxes(frame: pd.DataFrame, *, label: str, chance: float = 0.5) -> Figure:
    """Scores by family of models and group of tasks: a box spans the quartiles over tasks and models of the family.

    Args: frame: columns ``model, family, group, score``; controls are left out. label: what the numbers are.
    """
    frame = frame[frame.family != "control"]
    groups = [g for g in GROUPS if g in set(frame.group)]
    order = [f for f in FAMILIES if f in set(frame.family)]
    fig, ax = plt.subplots(figsize=(9.2, 4.6))
    sns.boxplot(frame, x="group", y="score", hue="family", order=groups, hue_order=order, palette=FAMILIES, ax=ax,
                fliersize=1.5, linewidth=1, width=0.75)  # fmt: skip
    ax.axhline(chance, color=INK, linestyle="--", linewidth=1)
    ax.set_xticks(range(len(groups)), [textwrap.fill(g, 12) for g in groups])
    ax.set(xlabel="", ylabel=label)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=len(order))
    return fig


def one_task(frame: pd.DataFrame, *, label: str, chance: float | None, best_shortcut: float | None) -> Figure:
    """Score of each model on one task with its interval; chance and the best shortcut as lines.

    Args: frame: columns ``model, score, low, high, coverage, exposed``; an exposed model is starred.
    """
    rows = ordered(frame.model)[::-1]
    frame = frame.set_index("model").loc[rows]
    fig, ax = plt.subplots(figsize=(9, 0.46 * len(rows) + 1.4))
    for y, (name, row) in enumerate(frame.iterrows()):
        ax.plot([row.low, row.high], [y, y], color=color(name), linewidth=3, alpha=0.55, solid_capstyle="round")
        ax.plot(row.score, y, "o", color=color(name), markersize=9)
        ax.annotate(
            f"{row.score:.2f}", (row.score, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=10.5
        )
    for at, text, style in ((chance, "chance", "--"), (best_shortcut, "best shortcut", ":")):
        if at is not None and np.isfinite(at):
            ax.axvline(at, color=INK, linestyle=style, linewidth=1.2)
            ax.text(at, 1.01, text, transform=ax.get_xaxis_transform(), ha="center", fontsize=10.5, color=INK)
    ax.set_yticks(
        range(len(rows)),
        [f"{t}{'*' * int(e)} ({c:.0%})" for t, c, e in zip(titles(rows), frame.coverage, frame.exposed)],
    )
    ax.set(xlabel=label, ylabel="", ylim=(-0.6, len(rows) - 0.3))
    return fig


def excess_bars(means: pd.DataFrame, *, label: str) -> Figure:
    """Mean excess over the best shortcut per model and group, with its paired interval over genes and tasks.

    Args: means: rows of ``means.csv`` of one measure and one split; those without an excess are left out.
    """
    frame = means[means.excess.notna() & (means.group != "all")]
    models, groups = ordered(frame.model.unique()), [g for g in GROUPS if g in set(frame.group)]
    fig, ax = plt.subplots(figsize=(9, 0.34 * max(1, len(models) * len(groups)) + 1.6))
    height = 0.8 / max(1, len(models))
    for row in frame.itertuples():
        y = groups.index(row.group) + (models.index(row.model) - (len(models) - 1) / 2) * height
        ax.barh(y, row.excess, height * 0.92, color=color(row.model), label=specs.model(row.model).title)
        ax.plot([row.excess_low, row.excess_high], [y, y], color=INK, linewidth=1.4)
    ax.axvline(0, color=INK, linewidth=1.4)
    ax.set_yticks(range(len(groups)), groups)
    ax.invert_yaxis()
    ax.set(xlabel=label, ylabel="")
    handles, labels = ax.get_legend_handles_labels()
    unique = dict(zip(labels, handles))
    fig.legend([unique[t] for t in titles(models)], titles(models), loc="outside lower center", ncols=2)
    return fig


def coverage_bars(table: pd.DataFrame, *, label: str) -> Figure:
    """Score of each model on common, own and all genes, side by side.

    Args: table: index model, columns ``common, own, all`` and ``tasks`` (their number, shown behind the title).
    """
    rows = ordered(table.index)[::-1]
    fig, ax = plt.subplots(figsize=(9, 0.62 * len(rows) + 1.4))
    shapes = {"all": ("s", 12), "common": ("D", 9), "own": ("o", 6)}
    for y, name in enumerate(rows):
        seen = table.loc[name, list(shapes)].astype(float).dropna()
        ax.plot([seen.min(), seen.max()], [y, y], color=color(name), linewidth=2, alpha=0.5)
        for genes, value in seen.items():
            ax.plot(value, y, shapes[genes][0], color=color(name), markersize=shapes[genes][1], markeredgecolor="white")
    for genes, (shape, size) in shapes.items():
        ax.plot([], [], shape, color="#777777", markersize=size, label=f"{genes} genes")
    ax.axvline(0.5, color=INK, linestyle="--", linewidth=1)
    counted = zip(titles(rows), table.loc[rows, "tasks"])
    ax.set_yticks(range(len(rows)), [f"{title} ({n:,} task{'s' * (n > 1)})" for title, n in counted])
    ax.set(xlabel=label, ylabel="")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=3)
    return fig


FAMILIES = {"text": "#0072b2", "protein": "#009e73", "dna": "#6b410f", "expression": "#d55e00", "network": "#cc79a7",
            "table": "#56b4e9", "shortcut": "#999999"}  # fmt: skip
"""Family of models → colour, in their order; told apart by eyes that see no red or green too."""

KINDS = {"binary": ("o", "#0077bb"), "multiclass": ("s", "#cc3311"), "multilabel": ("D", "#009988"),
         "regression": ("^", "#555555")}  # fmt: skip
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
            ax.plot(part.genes, part["smallest difference"], marker, color=ink, markersize=7, alpha=0.75, label=kind,
                    markeredgecolor="white", markeredgewidth=0.6)  # fmt: skip
    ax.axhline(limit, color=INK, linestyle="--", linewidth=1.2)
    ax.text(0.99, limit, "underpowered above", transform=ax.get_yaxis_transform(), ha="right", va="bottom", fontsize=11)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set(xlabel="genes of the task (log scale)", ylabel="smallest detectable difference", ylim=(0, None))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4)
    return fig


def spent_bars(table: pd.DataFrame) -> Figure:
    """CPU seconds by model, embedding and fits end to end; columns ``model, embedding_s, fits_s``."""
    rows = ordered(table.model)
    held = table.set_index("model").loc[rows].fillna({"embedding_s": 0.0})
    fig, ax = plt.subplots(figsize=(9, 0.36 * len(rows) + 1.4))
    ax.barh(range(len(rows)), held.fits_s, color="#0072b2", label="probes, all tasks and splits")
    ax.barh(range(len(rows)), held.embedding_s, left=held.fits_s, color="#e69f00", label="embedding, once")
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
        ax.set(xscale="log", yscale="log", xlabel="tasks fitted together", title=f"{d} numbers a gene")
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
            ax.plot(part.n, part.seconds, marker=marks[case], color=inks[who], label=f"{who}: {case}", markersize=5)
        ax.set(xscale="log", yscale="log", xlabel="samples", title=stage)
    axes[0, 0].set_ylabel("processor seconds")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10)
    return fig
