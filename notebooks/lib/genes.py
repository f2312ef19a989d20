"""The page that looks a gene up, from the gene table of a profile. Computes nothing."""

import base64
import gzip
from collections.abc import Iterable, Mapping
from html import escape

import pandas as pd
from IPython.display import HTML

from genebench.benchmark import gene_tables, results
from genebench.core import paths
from genebench.core.specs import ModelSpec

from . import show

SHARD = 64
"""Genes of one file of data."""

_WORDS = ((90, "Yes, mostly"), (70, "In part"), (55, "Little better than guessing"))
_FEW = 5  # of fewer labels there is no verdict, as it can be chance


def look_up(
    profile: str, models: Mapping[str, ModelSpec], *, page: str, sources: Iterable[str]
) -> HTML:
    """The search over genes, and a plain table of some genes in its place in print.

    Parameters
    ----------
    profile, page : str
        Which profile the book is built for, and name of the page.
    models : mapping of str to ModelSpec
    sources : iterable of str
        Profiles whose genes can be shown; the first that has a table of genes is.

    Returns
    -------
    HTML
        Without a gene table it says what to run.
    """
    source = next((s for s in sources if results.beside_path(s, "genes.parquet").exists()), profile)
    table, name = gene_tables.read(source), escape(source)
    if table is None:
        return HTML(
            "<p><strong>There are no gene pages here:</strong> they show the prediction of every "
            "gene, and a clone has scores of whole tasks only. A run caches the predictions: "
            f"<code>genebench run --profile {name}</code>, then "
            f"<code>genebench notebooks --profile {name} --page {escape(page)}</code>"
            f"{_or(sources)}.</p>"
        )
    rows, about = table
    facts = [
        models[m].model_dump(include={"name", "title", "family", "color"}) for m in about["models"]
    ]
    titles = [fact["title"] for fact in facts]
    rows = [row | {"words": verdict(row, titles)} for row in rows]
    index = {"profile": source, "genes": [row["gene"] for row in rows], "shard": SHARD}
    index |= {"none": gene_tables.NONE} | about | {"models": facts}
    files = {f"genes-{source}": index}
    for number, start in enumerate(range(0, len(rows), SHARD)):
        part = {"number": number, "packed": packed(rows[start : start + SHARD])}
        files[f"genes-{source}-{number}"] = part
    for stem, part in files.items():
        call = "genebenchGenes" if part is index else "genebenchShard"
        show.data(part, profile=profile, name=stem, call=call)
    plain = show.plain_table(
        summary(rows, titles),
        page=page,
        profile=profile,
        caption="The genes with the most labels: of the genes without a label, the percentage that "
        "each model ranks below the gene, plain mean over its labels (guessing 50); labels that "
        "the model was trained on are left out.",
    )
    at = f'data-profile="{name}" data-base="{paths.STATIC}/"'
    return HTML(
        f'<div class="gb-genes" {at}></div><div class="gb-fallback">{plain}</div>'
        f'<script src="{paths.STATIC}/genes.js"></script>'
    )


def _or(sources: Iterable[str]) -> str:
    """The first choice of profile, where it is another than that of the book."""
    first, *others = map(escape, sources)
    if not any(other != first for other in others):
        return ""
    run = f"<code>genebench run --profile {first}</code>"
    return f". For the genes of profile {first} run {run} before, which takes hours"


def packed(rows: list[dict]) -> str:
    """Compress genes for the page: of many models they are nine times smaller than as JSON.

    Parameters
    ----------
    rows : list of dict

    Returns
    -------
    str
        Base64 of gzip of JSON; equal rows give equal text.
    """
    return base64.b64encode(gzip.compress(show.compact(rows).encode(), mtime=0)).decode()


def verdict(row: dict, titles: list[str]) -> list[str]:
    """Whether a gene is predicted right, in words.

    Parameters
    ----------
    row : dict
        Row of the gene table.
    titles : list of str

    Returns
    -------
    list of str
        A short answer and its reason; empty where no model can be judged.
    """
    facts = row["verdict"] or {}
    if facts.get("model") is None:
        return []
    score, other, number = facts["score"], facts.get("other"), facts["labels"]
    guess = "No" if score <= 45 else "As by guessing"
    word = next((w for least, w in _WORDS if score >= least), guess)
    reason = (
        f"{titles[facts['model']]}, the best model with half of the labels or more, ranks it "
        f"above {score} % of the genes "
        f"without a label, mean over {number} label{'s' * (number > 1)} (guessing: 50 %)"
    )
    if other is not None:
        word += ", and no better than by a shortcut" * (other >= score)
        shortcut = titles[facts["shortcut"]]
        reason += f"; {shortcut}, the best shortcut, above {other} % on the same labels"
    few = f" Of fewer than {_FEW} labels all can be chance, so that no verdict is given."
    if number < _FEW:
        return [f"Is {row['gene']} predicted right? Too few labels to say.", f"{reason}.{few}"]
    return [f"Is {row['gene']} predicted right? {word}.", f"{reason}."]


def summary(rows: list[dict], titles: list[str], *, most: int = 25) -> pd.DataFrame:
    """The genes with the most labels, and how each model ranks them.

    Parameters
    ----------
    rows : list of dict
        Rows of the gene table.
    titles : list of str
    most : int

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
