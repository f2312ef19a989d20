"""Speed, cost and reliability, as they were measured, in the words of a reader. Measures nothing."""

from __future__ import annotations

import pandas as pd

WORDS = {
    "ours_cpu_s": "genebench, CPU s",
    "theirs_cpu_s": "the other, CPU s",
    "ratio": "times as fast",
    "d": "numbers a gene",
    "max_abs_delta_auroc": "largest distance, AUROC",
    "n_tasks": "tasks",
    "n": "genes",
    "peak_mb": "peak memory, MiB",
    "ours_per_s": "genebench, a second",
    "theirs_per_s": "plain loop, a second",
    "ceiling_fraction": "of the ceiling",
    "distinct_tokens": "distinct tokens",
    "lowest_cosine": "lowest cosine",
    "variants_of_the_loop": "variants of the loop",
    "largest_difference": "largest difference",
    "ours_s": "genebench, CPU s",
    "theirs_s": "the package, CPU s",
    "ours_mb": "genebench, MB",
    "theirs_mb": "the package, MB",
    "ours_wall_s": "genebench, s of the clock",
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
"""Columns of measurements → how a table is headed."""

COSTS = {**WORDS, "tasks": "tasks fitted, over all splits"}
"""The same, of what a run cost by model."""

SAMPLES = {**WORDS, "n": "samples"}
"""The same, of Spectra."""


def probe_words(speeds: pd.DataFrame) -> str:
    """What ``perf/probe.csv`` says of many tasks together and of tasks alone, in Markdown."""
    blocks = speeds[speeds.case.str.startswith("block of ") & speeds.ratio.notna()]
    most = blocks[blocks.n_tasks == blocks.n_tasks.max()]
    if most.empty:
        return ""
    alone = speeds[(speeds.n_tasks == 1) & speeds.ratio.notna()].ratio
    told = [
        f"one task alone is {alone.min():.1f} to {alone.max():.1f} times as fast as the others, by case"
    ]
    for against, words in (("peer", "the peer"), ("best", "tuned scikit-learn")):
        ratio = most[most.against == against].set_index("d").ratio.sort_values()
        if len(ratio):
            by = ", ".join(f"{value:.1f} ({d:,} numbers a gene)" for d, value in ratio.items())
            told.append(f"{int(most.n_tasks.max())} tasks together are, beside {words}, {by}")
    return f"**How many times as fast:** {'; '.join(told)}."


def rate_words(speeds: pd.DataFrame) -> str:
    """What a table of rates beside a plain loop says, case by case, in Markdown; a sentence for each device and number
    of ``threads``, where there are several."""
    told = speeds[speeds.ratio.notna()].sort_values("ratio", ascending=False)
    if told.empty:
        return ""
    by, lines = [c for c in ("device", "threads") if c in told and told[c].nunique() > 1], []
    for _, part in told.groupby(by) if by else [((), told)]:
        first = part.iloc[0]
        where = [
            f"{first[c]} thread{'s' * int(first[c] > 1)}" if c == "threads" else first[c]
            for c in by
        ]
        rates = "; ".join(f"{row.case} {row.ratio:,.3g}" for row in part.itertuples())
        lines.append(
            f"**Times as fast as the plain loop{' with ' * bool(by)}{', '.join(where)}: {rates}.**"
        )
    return "\n\n".join(lines)


def plan_beside(frame: pd.DataFrame) -> pd.DataFrame:
    """What a plan foretold beside what was measured (``reliability/plan.csv``), in units that can be read."""
    if "quantity" not in frame:
        return frame
    units = {"bytes": ("kept, MB", 1e-6), "cells_cpu_s": ("CPU seconds of the cells", 1.0)}
    scale = frame.quantity.map(lambda q: units.get(q, (q, 1.0))[1])
    out = frame.assign(foretold=frame.foretold * scale, measured=frame.measured * scale)
    out["quantity"] = frame.quantity.map(lambda q: units.get(q, (q, 1.0))[0])
    return out.rename(columns={"ratio": "foretold / measured"})


def cluster_beside(frame: pd.DataFrame) -> pd.DataFrame:
    """A run by processes beside one on a cluster (``reliability/cluster.csv``), what was kept in megabytes."""
    if "bytes" not in frame:
        return frame
    return frame.assign(bytes=frame.bytes / 1e6).rename(columns={"bytes": "kept, MB"})


def reliability_words(faults: pd.DataFrame, fuzz: pd.DataFrame) -> str:
    """What the tables of reliability say, in two sentences of Markdown; empty where they were not made yet."""
    if "tries" not in faults or "inputs" not in fuzz:
        return ""
    same = (
        "all"
        if faults.identical.astype(bool).all()
        else f"{int(faults.identical.astype(bool).sum())}"
    )
    return (
        f"**{len(faults)} kinds of fault, {int(faults.tries.sum())} tries: after {same} of them the results were those "
        f"of an undisturbed run, and at most {int(faults.lost_cells.max())} finished cell was computed again.** "
        f"**{int(fuzz.inputs.sum()):,} broken inputs: {int(fuzz.read.sum()):,} were read, {int(fuzz.refused.sum()):,} "
        f"refused in a sentence, {int(fuzz.other.sum())} ended otherwise.**"
    )
