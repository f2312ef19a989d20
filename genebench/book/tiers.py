"""Weighted means, pairs, tiers and power of the stage of tables, drawn and put in words.

Computes no score: what is shown stands in ``means.csv``, ``pairs.csv``, ``power.csv`` and
``efficiency.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from ..core.errors import BadInput
from ..core.specs import GROUPS, ModelSpec
from .figures import INK, dots, lines, ordered, styled, titles

Models = Mapping[str, ModelSpec]

MEASURES = {
    "auroc": "weighted mean AUROC (0 to 1, chance 0.5)",
    "spearman": "weighted mean Spearman correlation (−1 to 1, chance 0)",
}
"""What a weighted mean over tasks (``means.csv``) is made of, to its label."""

SPLITS = ("random", "chromosome", "stem", "family", "similarity", "study", "date")
"""Splits from the easiest to the hardest: neighbours, relatives, what is little studied or new."""

PAIR = "group split model other difference low high p separated".split()
"""Columns of ``pairs.csv`` that are shown."""

EFFICIENCY = "task labels model score low high best_shortcut excess excess_low excess_high".split()
"""Columns of ``efficiency.csv`` that are shown."""

_MARKS = dict(zip(SPLITS, "osD^vP*"))


def of_measure(means: pd.DataFrame, measure: str = "auroc") -> pd.DataFrame:
    """Rows of one measure and of the first probe, ``all`` groups first, then each in its order.

    Parameters
    ----------
    means : DataFrame
        ``means.csv`` or ``pairs.csv``.
    measure : {"auroc", "spearman"}
        Which measure.

    Returns
    -------
    DataFrame

    Raises
    ------
    BadInput
        There are none, because no group has two models and a task that can show a difference.
    """
    part = means[means.measure == measure]
    part = part[part.probe == means.probe.iloc[0]] if len(part) else part
    if part.empty:
        why = "its tasks are underpowered, or it has one model."
        raise BadInput(f"no group has a {MEASURES[measure]}; {why}")
    rank = {g: i for i, g in enumerate(["all", *GROUPS])}
    return part.sort_values("group", key=lambda c: c.map(rank), kind="stable", ignore_index=True)


def first_split(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first split of a table, the easiest.

    Parameters
    ----------
    frame : DataFrame
        Column ``split``.

    Returns
    -------
    DataFrame
    """
    return frame[frame.split == frame.split.iloc[0]]


def _headings(rows: pd.DataFrame) -> list[str]:
    """Title of the panel of each row: its group and the number of tasks."""
    names = rows.group.replace("all", "all groups")
    return [f"{g} ({int(n)} task{'s' * (n > 1)})" for g, n in zip(names, rows.tasks)]


def ladder(means: pd.DataFrame, models: Models, *, label: str, chance: float = 0.5) -> Figure:
    """Mean score of each model (rows) under each split (marks), one panel a group of tasks.

    Thin lines are 95 % intervals over genes and tasks; the thick one joins the best score to the
    worst; shortcuts are hollow.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure. Models are in the order of the first panel, the best
        under the easiest split on top.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        What the numbers are, with range.
    chance : float
        Score of guessing.

    Returns
    -------
    Figure
    """
    splits = sorted(means.split.unique(), key=SPLITS.index)
    first = means.split == splits[0]
    other = means.group != means.group.iloc[0]
    order = means[first].assign(other=other).sort_values(["other", "score"], ascending=[1, 0])
    step = means.split.map(splits.index) - (len(splits) - 1) / 2
    frame = styled(means, models)
    frame = frame.assign(mark=means.split.map(_MARKS), shift=0.16 * step, panel=_headings(means))
    return dots(
        frame,
        titles(dict.fromkeys(order.model), models),
        label=label,
        panel="panel",
        chance=chance,
        key={f"{s} folds": {"marker": _MARKS[s]} for s in splits},
    )


def ladder_words(means: pd.DataFrame, models: Models) -> str:
    """What the first panel of the ladder says, in Markdown.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    str
        Empty where there is one split only.
    """
    splits = sorted(means.split.unique(), key=SPLITS.index)
    if len(splits) < 2:
        return ""
    part = means[means.group == means.group.iloc[0]]
    shortcut = part.model.map(lambda m: models[m].family == "shortcut")
    rows = part[part.split == splits[-1]].sort_values("lost").set_index("model")
    clauses = []
    for word, chosen in (("model", part[~shortcut]), ("shortcut", part[shortcut])):
        easy = chosen[chosen.split == splits[0]]
        if len(easy):
            best = easy.loc[easy.score.idxmax()]
            row = rows.loc[best.model]
            clauses.append(
                f"the best {word}, *{models[best.model].title}*, falls from {best.score:.3f} to "
                f"{row.score:.3f} (lost {row.lost:.3f}, {row.lost_low:.3f} to {row.lost_high:.3f})"
            )
    group = "all groups" if part.group.iloc[0] == "all" else part.group.iloc[0]
    words = f"From `{splits[0]}` to `{splits[-1]}` folds, over {group}: {'; '.join(clauses)}."
    fair = rows.loc[[m for m in rows.index if models[m].family != "shortcut"]].lost
    if len(fair) < 2:
        return words
    least, most = fair.index[0], fair.index[-1]
    return (
        f"{words} Of the {len(fair)} models that are no shortcut *{models[least].title}* loses "
        f"least ({fair[least]:.3f}) and *{models[most].title}* most ({fair[most]:.3f})."
    )


def label_curves(frame: pd.DataFrame, models: Models, *, label: str, chance: float = 0.5) -> Figure:
    """Score over number of training labels, one panel a task, one line a model.

    Bands are 95 % intervals over genes. Shortcuts are dashed, controls dotted.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``efficiency.csv``.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        What the numbers are, with range.
    chance : float
        Score of guessing.

    Returns
    -------
    Figure
    """
    frame = styled(frame, models)
    dash = {"shortcut": "--", "control": ":"}
    styles = [dash.get(models[m].family, "-") for m in frame.model]
    frame = frame.assign(task=frame.task.str.split("/").str[-1], dash=styles, mark="o")
    options = {"x": "labels", "panel": "task", "chance": chance}
    fig = lines(frame, xlabel="training labels", ylabel=label, **options)
    for ax in fig.axes:
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return fig


def tier_plot(means: pd.DataFrame, pairs: pd.DataFrame, models: Models, *, label: str) -> Figure:
    """Mean score of each model with its interval, by rank, one panel a group.

    A grey bar spans models of which no two are significantly different (as in the critical
    difference plots of Demšar 2006, on the scale of the score); a line stands where a model of a
    lower tier follows.

    Parameters
    ----------
    means, pairs : DataFrame
        Rows of ``means.csv`` and ``pairs.csv`` of one measure and one split.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        What the numbers are, with range.

    Returns
    -------
    Figure
    """
    means = means.sort_values("score", ascending=False, kind="stable")
    means = of_measure(means, means.measure.iloc[0])
    frame = styled(means, models)
    ranks = [f"{t} (rank {_range(r)})" for t, r in zip(frame.row, means.itertuples())]
    frame = frame.assign(row=ranks, face=frame.ink, panel=_headings(means))
    fig = dots(frame, label=label, panel="panel", wide=1, sharex=False, height=0.42)
    for ax, (group, part) in zip(fig.axes, means.groupby("group", sort=False)):
        _bars(ax, cliques(part.model.tolist(), pairs[pairs.group == group]))
        for y in np.flatnonzero(part.tier.diff().to_numpy() > 0):
            ax.axhline(y - 0.5, color=INK, linewidth=1.2)
    return fig


def _bars(ax: Axes, runs: Iterable[tuple[int, int]]) -> None:
    """A bar right of the axes for each run of rows, from its first to its last."""
    look = {"color": "#777777", "linewidth": 4, "clip_on": False, "solid_capstyle": "round"}
    look["transform"] = ax.get_yaxis_transform()
    for i, (top, low) in enumerate(runs):
        ax.plot([1.02 + 0.025 * i] * 2, [top - 0.25, low + 0.25], **look)


def _range(row) -> str:
    return f"{row.rank_low}" if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}"


def cliques(names: list[str], pairs: pd.DataFrame) -> list[tuple[int, int]]:
    """Longest runs of models of which no two are significantly different.

    Parameters
    ----------
    names : list of str
        Models in their order.
    pairs : DataFrame
        Rows of ``pairs.csv`` of one group and split.

    Returns
    -------
    list of (int, int)
        First and last place of each run of two models or more.
    """
    apart = pairs[pairs.separated.astype(bool)]
    apart = {frozenset(pair) for pair in zip(apart.model, apart.other)}
    runs, end = [], 0
    for first in range(len(names)):
        last = max(first, end)
        while last + 1 < len(names) and not any(
            frozenset((name, names[last + 1])) in apart for name in names[first : last + 1]
        ):
            last += 1
        if last > max(first, end):
            runs.append((first, last))
            end = last
    return runs


def tier_table(means: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Rows of ``means.csv`` for readers, the easiest split and the best tier first.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    DataFrame
        ``measure`` and ``group`` where they differ, then ``split``, ``tier``, ``model`` (title),
        excess and score with their 95 % intervals, ``rank`` (interval), ``tasks`` and their
        effective number.
    """
    order = {"split": SPLITS.index}
    keys = ["measure", "group", "split", "tier", "score"]
    ascending = [True, True, True, True, False]
    frame = means.sort_values(
        keys,
        ascending=ascending,
        kind="stable",
        key=lambda c: c.map(order[c.name]) if c.name in order else c,
    )
    frame = frame.assign(rank=[_range(r) for r in frame.itertuples()])
    first = [c for c in ("measure", "group") if means[c].nunique() > 1]
    columns = "split tier model excess excess_low excess_high score low high rank tasks effective"
    names = {"effective": "effective tasks"}
    return readable(frame, models, [*first, *columns.split()]).rename(columns=names)


def readable(frame: pd.DataFrame, models: Models, columns: Iterable[str]) -> pd.DataFrame:
    """A table for readers: titles of models, and spaces in the names of columns.

    Parameters
    ----------
    frame : DataFrame
        Any table of the stage of tables.
    models : mapping of str to ModelSpec
        Declared models; the columns ``model``, ``other``, ``part``, ``best``, ``second`` and
        ``best_shortcut`` name them.
    columns : iterable of str
        Which columns, in this order.

    Returns
    -------
    DataFrame
    """
    frame = frame[list(columns)].reset_index(drop=True)
    for column in {"model", "other", "part", "best", "second", "best_shortcut"} & set(frame):
        frame[column] = [models[m].title if isinstance(m, str) else "" for m in frame[column]]
    return frame.rename(columns=lambda c: c.replace("_", " "))


def lost_table(means: pd.DataFrame, models: Models) -> pd.DataFrame:
    """What each model scores less than under the first split, one row a group and split.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    DataFrame
        ``score``, and ``lost`` with its paired 95 % interval.
    """
    columns = "group split model score lost lost_low lost_high tasks".split()
    return readable(means[means.split != means.split.iloc[0]], models, columns)


def excess_plot(means: pd.DataFrame, models: Models, *, label: str) -> Figure:
    """Mean excess over the best shortcut by model (rows) and group (panels), with intervals.

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure and one split.
    models : mapping of str to ModelSpec
        Declared models; those without any excess (shortcuts) have no row.
    label : str
        What the numbers are, with range.

    Returns
    -------
    Figure
    """
    frame = means[means.excess.notna() & (means.group != "all")]
    frame = styled(frame, models).assign(low=frame.excess_low, high=frame.excess_high)
    rows = titles(ordered(frame.model, models), models)
    return dots(frame, rows, label=label, value="excess", panel="group", chance=0, wide=5)


def by_group(means: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Mean score by model (rows) and group (columns).

    Parameters
    ----------
    means : DataFrame
        Rows of ``means.csv`` of one measure and one split.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    DataFrame
        Indexed by title; NaN where a model takes no part.
    """
    table = means[means.group != "all"].pivot(index="model", columns="group", values="score")
    rows = ordered(table.index, models)
    table = table.loc[rows, [g for g in GROUPS if g in table.columns]]
    return table.set_axis(titles(rows, models), axis=0).rename_axis(index=None, columns=None)


_KINDS = {
    "binary": ("o", "#0077bb"),
    "multiclass": ("s", "#cc3311"),
    "multilabel": ("D", "#009988"),
    "regression": ("^", "#555555"),
}


def size_and_power(frame: pd.DataFrame, *, limit: float) -> Figure:
    """Number of genes of each task against the smallest difference that it can show.

    Parameters
    ----------
    frame : DataFrame
        Columns ``kind``, ``genes`` and ``smallest difference`` between two models, in AUROC or
        Spearman correlation; rows without one are left out.
    limit : float
        Above it a task is called underpowered; drawn as a line.

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(8, 4.2))
    frame = frame[frame["smallest difference"].notna()]
    look = {"markersize": 7, "alpha": 0.75, "markeredgecolor": "white", "markeredgewidth": 0.6}
    for kind, (marker, ink) in _KINDS.items():
        part = frame[frame.kind == kind]
        if len(part):
            y = part["smallest difference"]
            ax.plot(part.genes, y, marker, color=ink, label=kind, **look)
    ax.axhline(limit, color=INK, linestyle="--", linewidth=1.2)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    place = {"transform": ax.get_yaxis_transform(), "va": "bottom", "zorder": 4, "bbox": box}
    ax.text(0.01, limit, "underpowered above", fontsize=11, **place)
    ax.set_xscale("log")
    ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    whole = FuncFormatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_major_formatter(whole)
    ax.xaxis.set_minor_formatter(whole)
    ax.set(xlabel="genes of the task (log scale)", ylim=(0, None))
    ax.set_ylabel("smallest detectable difference\n(AUROC; of regression Spearman)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4)
    return fig
