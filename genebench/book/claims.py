"""Findings of papers as claims that can fail, and the paper's scores beside ours.

A claim names two sets of models and a group of tasks. The best of each set stand for it; their
difference and its interval are those of all pairs at once (``pairs.csv``), so that they are
corrected for selecting the best. Models that were trained on the labels are in no mean, and cannot
stand for their set: where none is left, nothing can be said.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..benchmark.summaries import REASONED
from ..core.specs import GROUPS, ClaimSpec, ModelSpec
from .figures import INK, dots, minus, numbers, rows_axis

Models = Mapping[str, ModelSpec]

VERDICTS = {
    "holds": "#1b7837",
    "fails": "#b2182b",
    "open": "#777777",
    "cannot be tested": "#bbbbbb",
}
"""Verdict to its colour. The interval of a claim that holds is above zero, of one that fails below;
an open one has zero in it."""


def verdicts(
    claims: Iterable[ClaimSpec], models: Models, means: pd.DataFrame, pairs: pd.DataFrame
) -> pd.DataFrame:
    """Judge claims by the tables of a profile.

    Parameters
    ----------
    claims : iterable of ClaimSpec
        Declared claims.
    models : mapping of str to ModelSpec
        Models of the profile.
    means, pairs : DataFrame
        ``means.csv`` and ``pairs.csv`` of the profile.

    Returns
    -------
    DataFrame
        One row per claim: who stands for each side (``better``, ``worse``), their ``difference``
        with ``low`` and ``high``, ``tasks``, ``verdict``, ``why`` it cannot be tested, ``left_out``
        (models of either side that are in no mean, by title) and ``note``; of a claim about what
        is lost also the best shortcut (``beside``) and what it loses.
    """
    means, pairs = (f[f.measure == "auroc"] for f in (means, pairs))
    return pd.DataFrame([_verdict(claim, models, means, pairs) for claim in claims])


def _verdict(claim: ClaimSpec, models: Models, means: pd.DataFrame, pairs: pd.DataFrame) -> dict:
    means, pairs = (f[(f.group == claim.group) & (f.split == claim.split)] for f in (means, pairs))
    means = means.sort_values("score", ascending=False, kind="stable")
    family = means.model.map(lambda m: models[m].family)
    sides = [
        [m for m, spec in models.items() if m in names or spec.family in names]
        for names in (claim.better, claim.worse)
    ]
    best = [means[means.model.isin(side)].head(1) for side in sides]
    absent = sorted({m for side in sides for m in side} - set(means.model))
    out = claim.model_dump(include={"says", "citation", "group", "split", "note"})
    out |= {"claim": claim.id, "better": "", "worse": "", "tasks": 0, "beside": ""}
    out |= dict.fromkeys(("difference", "low", "high", "beside_lost"))
    out |= {"verdict": "cannot be tested", "why": "no fair model is left on one side"}
    out["left_out"] = ", ".join(models[m].title for m in absent)
    for names, side in zip((claim.better, claim.worse), sides):
        if names and not side:
            out["why"] = f"the profile has no model of {' or '.join(names)}"
    if claim.lost_since and len(best[0]):
        row = best[0].iloc[0]
        ends = {"difference": row.lost, "low": row.lost_low, "high": row.lost_high}
        out |= {"better": row.model, "worse": row.model, "tasks": int(row.tasks), **ends}
        for easy in means[family == "shortcut"].head(1).itertuples():
            out |= {"beside": easy.model, "beside_lost": easy.lost}
    elif not claim.lost_since and all(map(len, best)):
        first, second = (rows.model.iloc[0] for rows in best)
        ends = _difference(first, second, pairs)
        out |= {"better": first, "worse": second, "tasks": int(means.tasks.iloc[0]), **ends}
    if out["difference"] is not None:
        out["verdict"] = "holds" if out["low"] > 0 else "fails" if out["high"] < 0 else "open"
    return out


def _difference(first: str, second: str, pairs: pd.DataFrame) -> dict[str, float]:
    """The first model minus the second, with its simultaneous interval."""
    same = pairs[(pairs.model == first) & (pairs.other == second)]
    if len(same):
        return same.iloc[0][["difference", "low", "high"]].to_dict()
    turned = pairs[(pairs.model == second) & (pairs.other == first)].iloc[0]
    return {"difference": -turned.difference, "low": -turned.high, "high": -turned.low}


def claim_plot(frame: pd.DataFrame, *, label: str) -> Figure:
    """Difference and interval of each claim that can be tested, with the verdict beside it.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``verdicts``.
    label : str
        What the numbers are.

    Returns
    -------
    Figure
    """
    rows = [textwrap.fill(words, 46) for words in frame.says]
    shown = frame.assign(row=rows, ink=frame.verdict.map(VERDICTS)).astype({"difference": float})
    shown = shown.astype({"low": float, "high": float})
    fig = dots(shown, rows, label=label, value="difference", chance=0, height=0.75)
    for y, words in enumerate(frame.verdict):
        place = {"transform": fig.axes[0].get_yaxis_transform(), "va": "center"}
        fig.axes[0].text(1.01, y, words, color=INK, **place)
    return fig


def claim_words(frame: pd.DataFrame, models: Models) -> str:
    """Each claim with its verdict, who stands for the sides, and who is left out, in Markdown.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``verdicts``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    str
    """
    return "\n".join(_claim(row, models) for row in frame.itertuples())


def _claim(row, models: Models) -> str:
    words = f"- **{row.says}** {{cite}}`{row.citation}` *{row.verdict.capitalize()}*: "
    if row.verdict == "cannot be tested":
        words += f"{row.why}."
    elif row.better == row.worse:
        words += f"*{models[row.better].title}*, the best that is fair there, loses "
        words += f"{_span(row).replace('+', '')} over {row.tasks} tasks."
        if row.beside:
            words += f" The shortcut that is best there, *{models[row.beside].title}*, loses "
            words += f"{row.beside_lost:.3f}."
    else:
        words += f"*{models[row.better].title}* minus *{models[row.worse].title}* is {_span(row)} "
        words += f"over {row.tasks} tasks ({row.group}, {row.split} folds)."
    if row.left_out:
        words += f" Excluded (leakage or low coverage): {row.left_out}."
    return f"{words} {row.note}".rstrip()


def _span(row) -> str:
    shown = [minus(f"{v:+.3f}") for v in (row.difference, row.low, row.high)]
    return f"{shown[0]} AUROC ({shown[1]} to {shown[2]})"


# --- reproduced scores ----------------------------------------------------------------------------


def reproduction_plot(frame: pd.DataFrame, *, label: str) -> Figure:
    """Published score of each task with its deviation over folds, beside ours.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``reproduction.csv``.
    label : str
        What the numbers are, with range.

    Returns
    -------
    Figure
    """
    frame = frame.sort_values(["group", "published"], ascending=[True, False], ignore_index=True)
    fig, ax = plt.subplots(figsize=(9, 0.26 * len(frame) + 1.6))
    y, blue, orange = range(len(frame)), "#0072b2", "#d55e00"
    look = {"fmt": "s", "color": "#555555", "markersize": 7, "label": "published"}
    ax.errorbar(frame.published, y, xerr=frame.published_sd, **look)
    ax.plot(frame.plain, y, "o", color=blue, markersize=6, label="ours, vectors as they are")
    if frame.decided.notna().any():
        words = "the same, from hard 0/1 predictions"
        ax.plot(frame.decided, y, "x", color=blue, markersize=7, label=words)
    ax.hlines(y, frame.low, frame.high, color=orange, linewidth=1.6, alpha=0.6)
    ax.plot(frame.score, y, "D", color=orange, markersize=5, label="ours, standardised")
    ax.axvline(0.5, color=INK, linestyle="--", linewidth=1)
    rows_axis(ax, list(frame.listed))
    ax.set_xlabel(label)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1 + 2.2 / len(frame)), ncols=2)
    return fig


def reproduction_table(frame: pd.DataFrame, reasons: Mapping[str, str]) -> pd.DataFrame:
    """Rows of ``reproduction.csv`` for readers, the largest difference first.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``reproduction.csv``.
    reasons : mapping of str to str
        Task to the reason for a difference over ``summaries.REASONED``.

    Returns
    -------
    DataFrame
    """
    gap = frame.difference.abs()
    far = [reasons.get(t, "not explained") for t in frame.task]
    beyond = f"beyond two deviations, under {REASONED:g}: not looked into"
    near = np.where(gap <= 2 * frame.published_sd, "within two deviations of the folds", beyond)
    frame = frame.assign(reason=np.where(gap > REASONED, far, near))
    frame = frame.sort_values("difference", key=abs, ascending=False, ignore_index=True)
    names = {
        "listed": "task",
        "genes": "genes",
        "published": "published",
        "published_sd": "± over folds",
        "plain": "as they are",
        "decided": "hard predictions",
        "score": "standardised",
        "difference": "difference",
        "reason": "reason",
    }
    return frame[list(names)].rename(columns=names)


def reproduction_words(
    frame: pd.DataFrame, summary: Mapping[str, float], reasons: Mapping[str, str]
) -> str:
    """How many tasks agree with what was published, and how closely, in Markdown.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``reproduction.csv``.
    summary : mapping of str to float
        ``summaries.reproduction`` of them.
    reasons : mapping of str to str
        Task to the reason for a difference.

    Returns
    -------
    str
    """
    far = frame[frame.difference.abs() > REASONED]
    far = far.sort_values("difference", key=abs, ascending=False)
    rows = zip(far.listed, far.difference)
    shown = ", ".join(f"{name} ({minus(f'{value:+.3f}')})" for name, value in rows)
    given = [reasons.get(t, "not wholly").lower() for t in far.task]
    half = sum("not wholly" in why for why in given)
    return (
        f"**Of {len(frame)} tasks {summary['within_sd']} lie within two deviations of the "
        f"published folds and {summary['near']} within {REASONED:g} AUROC; the mean absolute "
        f"difference is {summary['mean']:.3f}.** Beyond {REASONED:g}: {shown or 'none'}; the table "
        f"gives each its reason, {half} of them not a whole one."
    )


def published_map(frame: pd.DataFrame, *, label: str) -> Figure:
    """The paper's summary: mean published score by model (rows) and group of tasks (columns).

    Parameters
    ----------
    frame : DataFrame
        Rows of ``published_groups.csv``: ``family, model, group, score``.
    label : str
        What the numbers are, with range.

    Returns
    -------
    Figure
    """
    table = frame.pivot(index=["family", "model"], columns="group", values="score")
    table = table[[g for g in GROUPS if g in table.columns]]
    fig, ax = plt.subplots(figsize=(9.2, 0.5 * len(table) + 1.6))
    numbers(ax, table, vmin=0, vmax=1, label=label)
    words = [f"{model} ({family})" for family, model in table.index]
    ax.set_yticks(np.arange(len(table)) + 0.5, words, rotation=0)
    return fig
