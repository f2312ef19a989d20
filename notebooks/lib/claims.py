"""Findings of papers as claims that can fail, judged by published scores and by ours.

A claim names two sets of models and a group of tasks. The best of each set stand for it; their
difference and its interval are those of all pairs at once, so that they are corrected for selecting
the best. Models that were trained on the labels are in no mean, and cannot stand for their set:
where none is left, nothing can be said.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from genebench.core.errors import BadInput, unknown
from genebench.core.specs import ClaimSpec, ModelSpec
from genebench.stats.bootstrap import CLUSTERS

from .figures import minus

Models = Mapping[str, ModelSpec]

LIMITED = " on these tasks only"
"""Said behind a verdict that rests on fewer than ``CLUSTERS`` source tables or resources."""

COLUMNS = """
    claim says quote where citation note better worse tasks number unit difference low high
    tables_low tables_high beside beside_lost verdict why left_out stand_in
""".split()


def known(claims: Iterable[ClaimSpec], models: Models) -> list[ClaimSpec]:
    """Refuse a claim about families or models that are not declared.

    Parameters
    ----------
    claims : iterable of ClaimSpec
    models : mapping of str to ModelSpec
        All that are declared.

    Returns
    -------
    list of ClaimSpec
    """
    claims, names = list(claims), {*models, *(m.family for m in models.values())}
    for claim in claims:
        for name in {*claim.better, *claim.worse} - names:
            raise unknown("family or model", name, names, where=f"claim '{claim.id}'")
    return claims


def verdicts(
    claims: Iterable[ClaimSpec],
    models: Models,
    means: pd.DataFrame,
    pairs: pd.DataFrame,
    *,
    split: str = "random",
) -> pd.DataFrame:
    """Judge claims by tables of means and of pairs of models.

    Parameters
    ----------
    claims : iterable of ClaimSpec
    models : mapping of str to ModelSpec
        Models that may stand for a side.
    means, pairs : DataFrame
        ``means.csv`` and ``pairs.csv`` of a profile, or ``published_groups.csv`` and
        ``published_pairs.csv``.
    split : str
        Of claims that are not about what is lost between two splits.

    Returns
    -------
    DataFrame of ``COLUMNS``
        One row per claim: who stands for each side (``better``, ``worse``), their ``difference``
        with ``low`` and ``high``, numbers of ``tasks`` and (``number``) of what they are cut from
        (``unit``: source tables by their effective number, as on the leaderboard; of published
        scores resources), the ``verdict`` (holds, fails, open, not testable; ``LIMITED`` to these
        tasks where there are few of those), ``why`` it cannot be tested, ``left_out`` (models of
        either side that are in no mean, by title), and whether a model that the paper does not
        score is a ``stand_in``; of a claim about what is lost also the best shortcut (``beside``)
        and what it loses.
    """
    if "clusters" not in means and "sources" not in pairs:
        raise BadInput("means.csv has no column 'clusters'; run 'genebench run' of its profile.")
    flip = {"difference": -pairs.difference, "model": pairs.other, "other": pairs.model}
    for end in ("", "tables_"):
        if f"{end}low" in pairs:
            flip |= {f"{end}low": -pairs[f"{end}high"], f"{end}high": -pairs[f"{end}low"]}
    means = means.sort_values("score", ascending=False, kind="stable")
    tables = [f[f.measure == "auroc"] for f in (means, pd.concat([pairs, pairs.assign(**flip)]))]
    rows = [_verdict(claim, models, split, *tables) for claim in claims]
    return pd.DataFrame(rows, columns=COLUMNS)


def _verdict(
    claim: ClaimSpec, models: Models, judge: str, means: pd.DataFrame, pairs: pd.DataFrame
) -> dict:
    split = claim.split or judge
    means, pairs = (f[(f.group == claim.group) & (f.split == split)] for f in (means, pairs))
    sides = [
        [m for m, spec in models.items() if m in names or spec.family in names]
        for names in (claim.better, claim.worse)
    ]
    first, second = ([m for m in means.model if m in side] for side in sides)
    out = claim.model_dump(include={"says", "quote", "where", "citation", "note"})
    out |= {
        "claim": claim.id,
        "better": "",
        "worse": "",
        "tasks": 0,
        "number": 0,
        "unit": "",
        "beside": "",
    }
    out |= {"verdict": "not testable", "stand_in": False}
    out["why"] = f"no means of {claim.group} tasks under {split} folds"
    absent = sorted({*sides[0], *sides[1]} - set(means.model))
    out["left_out"] = ", ".join(models[m].title for m in absent)
    for names, left in ((claim.better, first), (claim.worse, second)):
        if names and len(means) and not left:
            kinds = " or ".join(models[n].title if n in models else n for n in names)
            out["why"] = f"no {kinds} is among the models that these means compare"
    if claim.lost_since and judge != claim.lost_since:
        first, out["why"] = [], f"what is lost since {claim.lost_since} folds is judged once"
    if not first or not (second or claim.lost_since):
        return out
    out |= {"better": first[0], "worse": first[0], "why": claim.untestable}
    row, names = means[means.model == first[0]].iloc[0], ["lost", "lost_low", "lost_high"]
    of = {"unit": "source table", "number": row.clusters} if "clusters" in row else {}
    if claim.lost_since:
        shortcuts = means[[models[m].family == "shortcut" for m in means.model]]
        for easy in shortcuts.head(1).itertuples():
            out |= {"beside": easy.model, "beside_lost": easy.lost}
    else:
        out["worse"] = second[0]
        row = pairs[(pairs.model == first[0]) & (pairs.other == second[0])].iloc[0]
        names = ["difference", "low", "high"]
        out |= row.filter(like="tables_").to_dict()
        out["stand_in"] = not all(models[out[side]].published for side in ("better", "worse"))
    out |= dict(zip(("difference", "low", "high"), row[names]))
    of = of or {"unit": "resource", "number": row.sources}
    out |= of | {"tasks": int(row.tasks), "number": int(of["number"])}
    if not claim.untestable:
        verdict = "holds" if out["low"] > 0 else "fails" if out["high"] < 0 else "open"
        limited = out["number"] < CLUSTERS and verdict != "open"
        out["verdict"] = verdict + LIMITED * limited
    return out


def claim_words(judged: Mapping[str, pd.DataFrame], models: Models) -> str:
    """Each claim as the paper puts it, and each verdict with what it rests on, in Markdown.

    Parameters
    ----------
    judged : mapping of str to DataFrame
        Who judges -> rows of ``verdicts``, the same claims in all.
    models : mapping of str to ModelSpec

    Returns
    -------
    str
    """
    lines = []
    for rows in zip(*(frame.itertuples() for frame in judged.values())):
        row = rows[0]
        quote = f"“{row.quote}” ({row.where}) " if row.quote else "Not claimed by the paper "
        lines.append(f"- **{row.says}** {quote}{{cite}}`{row.citation}`. {row.note}".rstrip())
        lines += [f"  - {by}: {_words(row, models)}" for by, row in zip(judged, rows)]
    return "\n".join(lines)


def _words(row, models: Models) -> str:
    words = f"*{row.verdict}*, {row.why}" if row.why else f"*{row.verdict}*"
    if not row.better:
        left = f" (not compared, by leakage or coverage: {row.left_out})" * bool(row.left_out)
        return f"{words}{left}."
    lost, (first, second) = row.better == row.worse, (models[row.better], models[row.worse])
    form = "{:.3f}" if lost else "{:+.3f}"
    span = "{} AUROC ({} to {}) over {} tasks{} of {} {}{}".format(
        *[minus(form.format(v)) for v in (row.difference, row.low, row.high)],
        *(row.tasks, ", effectively" * (row.unit == "source table")),
        *(row.number, row.unit, "s" * (row.number != 1)),
    )
    if lost:
        words += f": *{first.title}*, the best that is fair there, loses {span}."
        if row.beside:
            words += f" The shortcut that is best there, *{models[row.beside].title}*, loses "
            words += f"{row.beside_lost:.3f}."
        return words
    sides = [f"*{m.title}*{' (a stand-in)' * (not m.published)}" for m in (first, second)]
    words += f": {' minus '.join(sides)} is {span}"
    if row.number == 1:
        words += ", which says nothing of others"
    if pd.notna(row.tables_low):
        ends = [minus(form.format(v)) for v in (row.tables_low, row.tables_high)]
        words += f"; where resources are drawn too, {' to '.join(ends)}"
    return f"{words}."
