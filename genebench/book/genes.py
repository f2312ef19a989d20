"""The page that looks a gene up, from the gene table of a profile. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import pandas as pd
from IPython.display import HTML

from ..benchmark import gene_tables
from ..core.specs import ModelSpec
from . import show

SHARD = 64
"""Genes of one file of data."""

_WORDS = ((90, "Yes, mostly"), (70, "In part"), (55, "Little better than guessing"))
_FEW = 5  # of fewer labels a verdict can be chance


def look_up(profile: str, models: Mapping[str, ModelSpec], *, page: str, source: str) -> HTML:
    """The search over genes, and a plain table of some genes in its place in print.

    Parameters
    ----------
    profile : str
        Which profile the book is built for.
    models : mapping of str to ModelSpec
        Declared models.
    page : str
        Name of the page.
    source : str
        Whose genes.

    Returns
    -------
    HTML
        Without a gene table it says what to run.
    """
    found = gene_tables.read(source)
    if found is None:
        name = escape(source)
        return HTML(
            "<p><strong>There are no gene pages here:</strong> the gene table of this profile has "
            f"not been made yet; run <code>genebench run --profile {name}</code>, then "
            f"<code>genebench notebooks --profile {name} --page {escape(page)}</code>.</p>"
        )
    rows, about = found
    facts = [
        {"name": m, "title": models[m].title, "family": models[m].family, "color": models[m].color}
        for m in about["models"]
    ]
    index = {"profile": source, "genes": [row["gene"] for row in rows], "shard": SHARD}
    index |= {"none": gene_tables.NONE} | about | {"models": facts}
    show.data(index, profile=profile, name=f"genes-{source}", call="genebenchGenes")
    titles = [fact["title"] for fact in facts]
    for row in rows:
        row["words"] = verdict(row, titles)
    for number, start in enumerate(range(0, len(rows), SHARD)):
        part = {"number": number, "genes": rows[start : start + SHARD]}
        name = f"genes-{source}-{number}"
        show.data(part, profile=profile, name=name, call="genebenchShard")
    plain = show.plain_table(
        summary(rows, titles),
        page=page,
        profile=profile,
        caption="The genes with the most labels: of the genes without a label, the percentage that "
        "each model ranks below the gene, plain mean over its labels (guessing 50); labels that "
        "the model was trained on are left out.",
    )
    at = f'data-profile="{escape(source)}" data-base="{show.STATIC}/"'
    return HTML(
        f'<div class="gb-genes" {at}></div><div class="gb-fallback">{plain}</div>'
        f'<script src="{show.STATIC}/genes.js"></script>'
    )


def verdict(row: dict, titles: list[str]) -> list[str]:
    """Whether a gene is predicted right, in words.

    Parameters
    ----------
    row : dict
        Row of the gene table.
    titles : list of str
        Of its models.

    Returns
    -------
    list of str
        A short answer and its reason; empty where no model can be judged.
    """
    facts = row["verdict"] or {}
    if facts.get("model") is None:
        return []
    score, other, number = facts["score"], facts.get("other"), facts["labels"]
    word = next((w for least, w in _WORDS if score >= least), "No" if score <= 45 else "")
    none = ", and no better than by a shortcut" * (other is not None and other >= score)
    reason = (
        f"{titles[facts['model']]}, the best model here, ranks it above {score} % of the genes "
        f"without a label, mean over {number} label{'s' * (number > 1)} (guessing: 50 %)"
    )
    if other is not None:
        reason += f"; {titles[facts['shortcut']]}, the best shortcut, above {other} % on the same "
        reason += "labels"
    few = " With so few labels this can be chance." * (number < _FEW)
    answer = f"Is {row['gene']} predicted right? {word or 'As by guessing'}{none}."
    return [answer, f"{reason}.{few}"]


def summary(rows: list[dict], titles: list[str], *, most: int = 25) -> pd.DataFrame:
    """The genes with the most labels, and how each model ranks them.

    Parameters
    ----------
    rows : list of dict
        Rows of the gene table.
    titles : list of str
        Of its models.
    most : int
        How many genes.

    Returns
    -------
    DataFrame
        ``gene``, number of ``labels``, and the mean share (percent) of each model; models without
        any are left out.
    """
    top = sorted(rows, key=lambda row: -len(row["labels"]))[:most]
    frame = pd.DataFrame([row["means"] for row in top], columns=titles, dtype=float)
    frame.insert(0, "gene", [row["gene"] for row in top])
    frame.insert(1, "labels", [len(row["labels"]) for row in top])
    return frame.dropna(axis=1, how="all")
