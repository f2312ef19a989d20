"""Findings of papers as claims that can fail: a difference of two means with an interval, and a verdict by rule.

A claim names two sets of models and a group of tasks. The best of each set stand for it; their difference and its
interval come from the tests of all pairs at once (``pairs.csv``), so that picking the best is paid for. Models that
have read the answers are in no mean, and so cannot stand for their set: where none is left, nothing can be said.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..core import specs
from ..core.specs import ClaimSpec, ProfileSpec
from .figures import INK, write_numbers

VERDICTS = {
    "holds": "#1b7837",
    "fails": "#b2182b",
    "open": "#777777",
    "cannot be tested": "#bbbbbb",
}
"""What can come of a claim → its colour. holds: the interval is above zero; fails: below; open: it has zero in it."""


def verdicts(profile: ProfileSpec, means: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per declared claim: who stands for each side, their difference with interval, the verdict, who is out.

    Args: means, pairs: ``means.csv`` and ``pairs.csv`` of the profile. ``left_out``: models of either side that take no
    part in that mean, because they have read the answers or miss many of the genes.
    """
    return pd.DataFrame(
        [_verdict(claim, profile, means, pairs) for claim in specs.published().claims]
    )


def _verdict(
    claim: ClaimSpec, profile: ProfileSpec, means: pd.DataFrame, pairs: pd.DataFrame
) -> dict:
    here = means[
        (means.measure == "auroc") & (means.group == claim.group) & (means.split == claim.split)
    ]
    sides = [[m for m in profile.models if _of(m, names)] for names in (claim.better, claim.worse)]
    scored = [here[here.model.isin(side)] for side in sides]
    out = {
        "claim": claim.id,
        "says": claim.says,
        "citation": claim.citation,
        "group": claim.group,
        "split": claim.split,
        "better": "",
        "worse": "",
        "tasks": 0,
        "difference": None,
        "low": None,
        "high": None,
        "verdict": "cannot be tested",
        "beside": "",
        "beside_lost": None,
    }
    absent = sorted({m for side in sides for m in side} - set(here.model))
    empty = [
        " or ".join(names)
        for names, side in zip((claim.better, claim.worse), sides)
        if names and not side
    ]
    out["why"] = (
        f"the profile has no model of {empty[0]}" if empty else "no fair model is left on one side"
    )
    out["left_out"] = ", ".join(specs.model(m).title for m in absent)
    out["note"] = claim.note
    if claim.lost_since:
        stands = scored[0].nlargest(1, "score")
        if len(stands):
            row = stands.iloc[0]
            out |= {
                "better": row.model,
                "worse": row.model,
                "tasks": int(row.tasks),
                "difference": row.lost,
            }
            out |= {"low": row.lost_low, "high": row.lost_high}
            easy = here[[specs.model(m).family == "shortcut" for m in here.model]].nlargest(
                1, "score"
            )
            out |= (
                {"beside": easy.model.iloc[0], "beside_lost": easy.lost.iloc[0]}
                if len(easy)
                else {}
            )
    elif all(map(len, scored)):
        first, second = (s.nlargest(1, "score").model.iloc[0] for s in scored)
        low, high = _between(first, second, pairs, claim)
        gap = [s.score.max() for s in scored]
        out |= {"better": first, "worse": second, "tasks": int(here.tasks.iloc[0])}
        out |= {"difference": gap[0] - gap[1], "low": low, "high": high}
    if out["difference"] is not None:
        out["verdict"] = "holds" if out["low"] > 0 else "fails" if out["high"] < 0 else "open"
    return out


def _of(model: str, names: list[str]) -> bool:
    return model in names or specs.model(model).family in names


def _between(first: str, second: str, pairs: pd.DataFrame, claim: ClaimSpec) -> tuple[float, float]:
    """Simultaneous interval of the first minus the second."""
    part = pairs[
        (pairs.measure == "auroc") & (pairs.group == claim.group) & (pairs.split == claim.split)
    ]
    same = part[(part.model == first) & (part.other == second)]
    if len(same):
        return same.low.iloc[0], same.high.iloc[0]
    turned = part[(part.model == second) & (part.other == first)].iloc[0]
    return -turned.high, -turned.low


def claim_plot(frame: pd.DataFrame, *, label: str) -> Figure:
    """Difference and interval of each claim that can be tested; the verdict beside it."""
    fig, ax = plt.subplots(figsize=(9, 0.75 * len(frame) + 1.2))
    for y, row in enumerate(frame.itertuples()):
        ink = VERDICTS[row.verdict]
        if row.verdict != "cannot be tested":
            ax.plot(
                [row.low, row.high],
                [y, y],
                color=ink,
                linewidth=3,
                alpha=0.6,
                solid_capstyle="round",
            )
            ax.plot(row.difference, y, "o", color=ink, markersize=9)
        ax.text(1.01, y, row.verdict, transform=ax.get_yaxis_transform(), va="center", color=INK)
    ax.axvline(0, color=INK, linewidth=1.2)
    ax.set_yticks(range(len(frame)), [textwrap.fill(s, 46) for s in frame.says])
    ax.set(xlabel=label, ylim=(len(frame) - 0.5, -0.5))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    return fig


def claim_words(frame: pd.DataFrame) -> str:
    """Each claim with its verdict, who stands for the sides, the difference and what could not take part; Markdown."""
    parts = []
    for row in frame.itertuples():
        words = f"**{row.says}** {{cite}}`{row.citation}` *{row.verdict.capitalize()}*"
        if row.verdict == "cannot be tested":
            words += f": {row.why}."
        elif row.better == row.worse:
            lost = _span(row).replace("+", "")
            best = f"*{specs.model(row.better).title}*, the best that is fair there,"
            words += f": {best} loses {lost} over {row.tasks} tasks."
            if row.beside:
                words += f" The shortcut that is best there, *{specs.model(row.beside).title}*, loses {row.beside_lost:.3f}."
        else:
            who = f"*{specs.model(row.better).title}* minus *{specs.model(row.worse).title}*"
            words += (
                f": {who} is {_span(row)} over {row.tasks} tasks ({row.group}, {row.split} folds)."
            )
        words += (
            f" Not compared, having read answers or missing many genes: {row.left_out}."
            * bool(row.left_out)
        )
        parts.append(f"- {words} {row.note}".rstrip())
    return "\n".join(parts)


def _span(row) -> str:
    shown = [f"{v:+.3f}".replace("-", "−") for v in (row.difference, row.low, row.high)]
    return f"{shown[0]} AUROC ({shown[1]} to {shown[2]})"


def claim_numbers(frame: pd.DataFrame) -> dict[str, object]:
    """How many claims came to each verdict."""
    return {
        "number": len(frame),
        **{v.replace(" ", "_"): int((frame.verdict == v).sum()) for v in VERDICTS},
    }


# --- reproduced scores ------------------------------------------------------------------------------------------------

FAR = 0.03
"""A reproduced score that differs by more needs a reason."""


def reproduction_plot(frame: pd.DataFrame, *, label: str) -> Figure:
    """Published score of each task with its deviation over folds, and ours on plain and on standardised vectors."""
    frame = frame.sort_values(["group", "published"], ascending=[True, False], ignore_index=True)
    fig, ax = plt.subplots(figsize=(9, 0.26 * len(frame) + 1.6))
    y = range(len(frame))
    ax.errorbar(
        frame.published,
        y,
        xerr=frame.published_sd,
        fmt="s",
        color="#555555",
        markersize=7,
        label="published",
    )
    ax.plot(frame.plain, y, "o", color="#0072b2", markersize=6, label="ours, vectors as they are")
    if frame.decided.notna().any():
        ax.plot(
            frame.decided,
            y,
            "x",
            color="#0072b2",
            markersize=7,
            label="the same, yes or no of each label",
        )
    ax.hlines(y, frame.low, frame.high, color="#d55e00", linewidth=1.6, alpha=0.6)
    ax.plot(frame.score, y, "D", color="#d55e00", markersize=5, label="ours, standardised")
    ax.axvline(0.5, color=INK, linestyle="--", linewidth=1)
    ax.set_yticks(y, frame.listed)
    ax.set(xlabel=label, ylim=(len(frame) - 0.4, -0.6))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1 + 2.2 / len(frame)), ncols=2)
    return fig


def reproduction_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``reproduction.csv`` as readers want them, the largest difference first, with its reason."""
    why = specs.published().reproduction
    far = frame.difference.abs() > FAR
    within = frame.difference.abs() <= 2 * frame.published_sd
    near = np.where(
        within,
        "within two deviations of the published folds",
        f"beyond two deviations, under {FAR:g}: not looked into",
    )
    reason = [why.get(t, "not explained") if f else n for t, f, n in zip(frame.task, far, near)]
    out = frame.assign(reason=reason).sort_values(
        "difference", key=abs, ascending=False, ignore_index=True
    )
    keep = [
        "listed",
        "genes",
        "published",
        "published_sd",
        "plain",
        "decided",
        "score",
        "difference",
        "reason",
    ]
    names = {
        "listed": "task",
        "plain": "as they are",
        "decided": "yes or no",
        "score": "standardised",
    }
    return out[keep].rename(columns={**names, "published_sd": "± over folds"})


def reproduction_words(frame: pd.DataFrame) -> str:
    """How many tasks agree with what was published, and how closely, in Markdown."""
    gap = frame.difference.abs()
    told, why = reproduction_numbers(frame), specs.published().reproduction
    near = int((gap <= 2 * frame.published_sd).sum())
    far = frame[gap > FAR].sort_values("difference", key=abs, ascending=False)
    listed = ", ".join(
        f"{row.listed} ({row.difference:+.3f})".replace("(-", "(−") for row in far.itertuples()
    )
    half = sum("not wholly" in why.get(t, "").lower() for t in far.task) + told["unexplained"]
    return (
        f"**Of {len(frame)} tasks {near} lie within two deviations of the published folds and "
        f"{int((gap <= FAR).sum())} within {FAR:g} AUROC; the mean absolute difference is {told['difference']}.** "
        f"Beyond {FAR:g}: {listed or 'none'}; the table gives each its reason, {half} of them not a whole one."
    )


def reproduction_numbers(frame: pd.DataFrame) -> dict[str, object]:
    """What the prose quotes: tasks, mean absolute difference to the published score, and how many are far from it."""
    far = frame[frame.difference.abs() > FAR]
    apart = (frame.score - frame.published).abs()
    return {
        "tasks": len(frame),
        "difference": f"{frame.difference.abs().mean():.3f}",
        "standardised": f"{apart.mean():.3f}",
        "median": f"{frame.difference.abs().median():.3f}",
        "far": len(far),
        "unexplained": len(set(far.task) - set(specs.published().reproduction)),
    }


def published_map(frame: pd.DataFrame, *, label: str) -> Figure:
    """The paper's summary: mean published score by model (rows, by family) and group of tasks (columns)."""
    import seaborn as sns

    table = frame.pivot(index=["family", "model"], columns="group", values="score")
    table = table[[g for g in specs.GROUPS if g in table.columns]]
    fig, ax = plt.subplots(figsize=(9.2, 0.5 * len(table) + 1.6))
    sns.heatmap(
        table,
        cmap="RdBu_r",
        vmin=0,
        vmax=1,
        linewidths=1,
        ax=ax,
        cbar_kws={"label": label, "shrink": 0.8},
    )
    write_numbers(ax, table)
    ax.set_yticks(
        [i + 0.5 for i in range(len(table))], [f"{m} ({f})" for f, m in table.index], rotation=0
    )
    ax.set_xticks(
        [i + 0.5 for i in range(table.shape[1])], [textwrap.fill(g, 12) for g in table], rotation=0
    )
    ax.set(xlabel="", ylabel="")
    ax.grid(False)
    return fig
