"""Findings of papers as claims that can fail.

A claim names two sets of models and a group of tasks. The best of each set stand for it; their
difference and its interval are those of all pairs at once (``pairs.csv``), so that they are
corrected for selecting the best. Models that were trained on the labels are in no mean, and cannot
stand for their set: where none is left, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from ..core.specs import ClaimSpec, ModelSpec
from .figures import minus

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
    models : mapping of str to ModelSpec
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
    ends = {"difference": -pairs.difference, "low": -pairs.high, "high": -pairs.low}
    both = pd.concat([pairs, pairs.assign(**ends, model=pairs.other, other=pairs.model)])
    means = means.sort_values("score", ascending=False, kind="stable")
    tables = [frame[frame.measure == "auroc"] for frame in (means, both)]
    return pd.DataFrame([_verdict(claim, models, *tables) for claim in claims])


def _verdict(claim: ClaimSpec, models: Models, means: pd.DataFrame, pairs: pd.DataFrame) -> dict:
    means, pairs = (f[(f.group == claim.group) & (f.split == claim.split)] for f in (means, pairs))
    sides = [
        [m for m, spec in models.items() if m in names or spec.family in names]
        for names in (claim.better, claim.worse)
    ]
    first, second = ([m for m in means.model if m in side] for side in sides)
    out = claim.model_dump(include={"says", "citation", "group", "split", "note"})
    out |= {"claim": claim.id, "better": "", "worse": "", "tasks": 0, "beside": ""}
    out |= dict.fromkeys(("difference", "low", "high", "beside_lost"))
    out |= {"verdict": "cannot be tested", "why": "no fair model is left on one side"}
    absent = sorted({*sides[0], *sides[1]} - set(means.model))
    out["left_out"] = ", ".join(models[m].title for m in absent)
    for names, side in zip((claim.better, claim.worse), sides):
        if names and not side:
            out["why"] = f"the profile has no model of {' or '.join(names)}"
    if not first or not (second or claim.lost_since):
        return out
    out |= {"better": first[0], "worse": first[0]}
    row = means[means.model == first[0]].iloc[0]
    ends = row[["lost", "lost_low", "lost_high"]]
    if claim.lost_since:
        shortcuts = means[[models[m].family == "shortcut" for m in means.model]]
        for easy in shortcuts.head(1).itertuples():
            out |= {"beside": easy.model, "beside_lost": easy.lost}
    else:
        out["worse"] = second[0]
        pair = pairs[(pairs.model == first[0]) & (pairs.other == second[0])].iloc[0]
        ends = pair[["difference", "low", "high"]]
    out |= dict(zip(("difference", "low", "high"), ends)) | {"tasks": int(row.tasks)}
    verdict = "holds" if out["low"] > 0 else "fails" if out["high"] < 0 else "open"
    return out | {"verdict": verdict}


def claim_words(frame: pd.DataFrame, models: Models) -> str:
    """Each claim with its verdict, who stands for the sides, and who is left out, in Markdown.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``verdicts``.
    models : mapping of str to ModelSpec

    Returns
    -------
    str
    """
    return "\n".join(_claim(row, models) for row in frame.itertuples())


def _claim(row, models: Models) -> str:
    words = f"- **{row.says}** {{cite}}`{row.citation}` *{row.verdict.capitalize()}*: "
    form = "{:.3f}" if row.better == row.worse else "{:+.3f}"
    shown = [minus(form.format(v)) for v in (row.difference, row.low, row.high) if v is not None]
    span = "{} AUROC ({} to {}) over {} tasks".format(*shown, row.tasks) if row.better else ""
    if row.verdict == "cannot be tested":
        words += f"{row.why}."
    elif row.better == row.worse:
        words += f"*{models[row.better].title}*, the best that is fair there, loses {span}."
        if row.beside:
            words += f" The shortcut that is best there, *{models[row.beside].title}*, loses "
            words += f"{row.beside_lost:.3f}."
    else:
        words += f"*{models[row.better].title}* minus *{models[row.worse].title}* is {span} "
        words += f"({row.group}, {row.split} folds)."
    if row.left_out:
        words += f" Excluded (leakage or low coverage): {row.left_out}."
    return f"{words} {row.note}".rstrip()
