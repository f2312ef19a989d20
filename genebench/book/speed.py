"""Speed, cost and reliability in the words of a reader. Measures nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..core.specs import ModelSpec
from .figures import lines, ordered, rows_axis, titles

WORDS = {
    "ours_cpu_s": "genebench, CPU s",
    "theirs_cpu_s": "the other, CPU s",
    "ratio": "times as fast",
    "d": "dimensions",
    "max_abs_delta_auroc": "largest distance, AUROC",
    "n_tasks": "tasks",
    "n": "genes",
    "peak_mb": "peak memory, MiB",
    "ours_per_s": "genebench, per second",
    "theirs_per_s": "plain loop, per second",
    "ceiling_fraction": "of the ceiling",
    "distinct_tokens": "distinct tokens",
    "lowest_cosine": "lowest cosine",
    "variants_of_the_loop": "variants of the loop",
    "largest_difference": "largest difference",
    "ours_s": "genebench, CPU s",
    "theirs_s": "the package, CPU s",
    "ours_mb": "genebench, MB",
    "theirs_mb": "the package, MB",
    "ours_wall_s": "genebench, wall-clock s",
    "ours_process_mb": "genebench, whole process, MB",
    "theirs_process_mb": "the package, whole process, MB",
    "lost_cells": "lost cells",
    "elapsed_s": "elapsed, s",
    "cells_cpu_s": "CPU s of the cells",
    "other": "ended otherwise",
    "embedding_s": "embedding, CPU s",
    "fits_s": "probes, CPU s",
    "mean_s": "a cell, CPU s",
    "cpu_s": "CPU s",
    "max": "largest",
}
"""Columns of measurements to how a table is headed."""

COSTS = {**WORDS, "tasks": "tasks fitted, over all splits"}
"""The same, of what a run cost by model."""

SAMPLES = {**WORDS, "n": "samples"}
"""The same, of Spectra."""


def probe_words(speeds: pd.DataFrame) -> str:
    """What ``perf/probe.csv`` says of many tasks together and of tasks alone.

    Parameters
    ----------
    speeds : DataFrame
        Rows of the measurement.

    Returns
    -------
    str
        Markdown; empty where nothing was measured.
    """
    blocks = speeds[speeds.case.str.startswith("block of ") & speeds.ratio.notna()]
    most = blocks[blocks.n_tasks == blocks.n_tasks.max()]
    if most.empty:
        return ""
    alone = speeds[(speeds.n_tasks == 1) & speeds.ratio.notna()].ratio
    words = f"one task alone is {alone.min():.1f} to {alone.max():.1f} times as fast as the others"
    parts = [f"{words}, by case"]
    for against, name in (("peer", "the peer"), ("best", "tuned scikit-learn")):
        rows = most[most.against == against].sort_values("ratio")
        by = ", ".join(f"{r.ratio:.1f} ({r.d:,} dimensions)" for r in rows.itertuples())
        if by:
            parts.append(f"{int(rows.n_tasks.max())} tasks together are, beside {name}, {by}")
    return f"**How many times as fast:** {'; '.join(parts)}."


def rate_words(speeds: pd.DataFrame) -> str:
    """What a table of rates beside a plain loop says, case by case.

    Parameters
    ----------
    speeds : DataFrame
        Columns ``case`` and ``ratio``; where there are several devices or numbers of threads,
        ``device`` and ``threads`` give a sentence each.

    Returns
    -------
    str
        Markdown; empty where nothing was measured.
    """
    rows = speeds[speeds.ratio.notna()].sort_values("ratio", ascending=False)
    by, lines = [c for c in ("device", "threads") if c in rows and rows[c].nunique() > 1], []
    if rows.empty:
        return ""
    for values, part in rows.groupby(by) if by else [((), rows)]:
        where = [
            f"{v} thread{'s' * int(v > 1)}" if c == "threads" else v for c, v in zip(by, values)
        ]
        rates = "; ".join(f"{row.case} {row.ratio:,.3g}" for row in part.itertuples())
        place = f" with {', '.join(where)}" if by else ""
        lines.append(f"**Times as fast as the plain loop{place}: {rates}.**")
    return "\n\n".join(lines)


def dry_run_beside(frame: pd.DataFrame) -> pd.DataFrame:
    """What a dry run predicted beside what was measured, in units that can be read.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``reliability/plan.csv``.

    Returns
    -------
    DataFrame
    """
    if "quantity" not in frame:
        return frame
    units = {"bytes": ("stored, MB", 1e-6), "cells_cpu_s": ("CPU seconds of the cells", 1.0)}
    unit = [units.get(q, (q, 1.0)) for q in frame.quantity]
    scale = [u[1] for u in unit]
    names = {"foretold": "predicted", "ratio": "predicted / measured"}
    frame = frame.assign(quantity=[u[0] for u in unit], foretold=frame.foretold * scale)
    return frame.assign(measured=frame.measured * scale).rename(columns=names)


def cluster_beside(frame: pd.DataFrame) -> pd.DataFrame:
    """A run by processes beside one on a cluster, storage in megabytes.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``reliability/cluster.csv``.

    Returns
    -------
    DataFrame
    """
    if "bytes" not in frame:
        return frame
    return frame.assign(bytes=frame.bytes / 1e6).rename(columns={"bytes": "stored, MB"})


def reliability_words(faults: pd.DataFrame, fuzz: pd.DataFrame) -> str:
    """What the tables of reliability say, in two sentences.

    Parameters
    ----------
    faults, fuzz : DataFrame
        ``reliability/faults.csv`` and ``fuzz.csv``.

    Returns
    -------
    str
        Markdown; empty where they were not measured yet.
    """
    if "tries" not in faults or "inputs" not in fuzz:
        return ""
    same = faults.identical.astype(bool)
    number = "all" if same.all() else int(same.sum())
    return (
        f"**{len(faults)} kinds of fault, {int(faults.tries.sum())} tries: after {number} of them "
        "the results were those of an undisturbed run, and at most "
        f"{int(faults.lost_cells.max())} finished cell was computed again.** "
        f"**{int(fuzz.inputs.sum()):,} corrupted inputs: {int(fuzz.read.sum()):,} were read, "
        f"{int(fuzz.refused.sum()):,} refused in a sentence, {int(fuzz.other.sum())} ended "
        "otherwise.**"
    )


def cost_bars(table: pd.DataFrame, models: Mapping[str, ModelSpec]) -> Figure:
    """CPU seconds by model, embedding and probes end to end.

    Parameters
    ----------
    table : DataFrame
        Columns ``model``, ``embedding_s`` and ``fits_s``, in seconds.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    Figure
    """
    rows = ordered(table.model, models)
    table = table.set_index("model").loc[rows].fillna({"embedding_s": 0.0})
    fig, ax = plt.subplots(figsize=(9, 0.36 * len(rows) + 1.4))
    y, fits = range(len(rows)), table.fits_s
    ax.barh(y, fits, color="#0072b2", label="probes, all tasks and splits")
    ax.barh(y, table.embedding_s, left=fits, color="#e69f00", label="embedding, once")
    rows_axis(ax, titles(rows, models))
    ax.set_xlabel("CPU seconds")
    ax.legend(loc="lower right")
    return fig


def log_lines(table: pd.DataFrame, *, x: str, panel: str, label: str) -> Figure:
    """CPU seconds against a size, both logarithmic.

    Parameters
    ----------
    table : DataFrame
        Columns ``who``, ``seconds``, those named, and ``case`` where there are several.
    x, panel : str
        Columns of the size and of the panel.
    label : str
        What the size is.

    Returns
    -------
    Figure
    """
    case = table.get("case", pd.Series("", index=table.index))
    inks = dict(zip(table.who.unique(), ("#0072b2", "#d55e00", "#56b4e9", "#555555")))
    marks = dict(zip(case.unique(), "osD^v"))
    names = (table.who + ": " + case).str.removesuffix(": ")
    frame = table.assign(row=names, ink=table.who.map(inks), mark=case.map(marks))
    fig = lines(frame, x=x, y="seconds", panel=panel, xlabel=label, ylabel="CPU seconds")
    for ax in fig.axes:
        ax.set(xscale="log", yscale="log")
    return fig
