"""Text recipes: what is written about a gene before a text model or a word count reads it."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from ..core import specs
from ..core.errors import unknown
from ..data import sources, tasks
from .ids import match, named

MASK = "[MASK]"
"""What stands in place of a masked word: the mask of BERT's vocabulary."""

RECIPES = {
    "symbol": "{symbol}",
    "name": "{name}",
    "summary": "Gene symbol {symbol} full name {name} with the summary {summary}",
    "summary-masked": "Gene symbol {symbol} full name {name} with the summary {summary}",
}
"""Recipe → the text given for a gene. ``summary`` is the wording of gene-benchmark (arXiv 2412.04075); ``-masked`` is
its twin without the gene's names and the words of the labels."""

_KEPT = ENGLISH_STOP_WORDS | {"gene", "genes", "protein", "proteins"}
"""Words of labels that stay: what says nothing, or stands in every text."""


def about(genes: np.ndarray, *, summary: bool = True, names: bool = True) -> pd.DataFrame:
    """What HGNC and NCBI say of each gene: one row each, columns ``symbol, name, summary, names``; empty where nothing.

    ``symbol`` and ``name`` are HGNC's; ``summary`` is NCBI's (RefSeq), found by Entrez id; ``names`` joins by ``|`` the
    symbol, previous symbols and aliases of HGNC, the synonyms of NCBI, and the gene as the run names it. Without
    ``summary`` or ``names`` that column stays empty and its file of NCBI is not opened.
    Raises: sources.Missing: a file of HGNC or NCBI is nowhere to be had.
    """
    hgnc, ncbi = sources.table(specs.source("hgnc"), "genes"), specs.source("ncbi")
    out = pd.DataFrame(
        "",
        index=pd.RangeIndex(len(genes)),
        columns=["symbol", "name", "summary", "names"],
        dtype=object,
    )
    held = hgnc.set_index("symbol").reindex(named(genes))
    known = held.name.notna().to_numpy()
    out.loc[known, "symbol"] = held.index.to_numpy(object)[known]
    out.loc[known, "name"] = held.name.to_numpy(object)[known]
    if summary:
        has, more = _of_ncbi(genes, sources.table(ncbi, "gene_summary"), "Summary")
        out.loc[has, "summary"] = more
    if names:
        parts = [held.index.to_series(), held.prev_symbol, held.alias_symbol]
        out["names"] = [
            "|".join(map(str, row)) for row in zip(genes, *(p.fillna("").to_numpy() for p in parts))
        ]
        has, more = _of_ncbi(genes, sources.table(ncbi, "gene_info"), "Synonyms")
        out.loc[has, "names"] = [f"{a}|{b}" for a, b in zip(out.names[has], more)]
    return out


def _of_ncbi(genes: np.ndarray, table: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Which genes a table of NCBI has a text for, indices (m,), and the text, (m,); ``-`` stands for none."""
    table = table[
        (table["#tax_id"] == "9606") & ~table.GeneID.duplicated() & (table[column].str.len() > 1)
    ]
    has, row = match(genes, table.GeneID, kind="entrez")
    return has, table[column].to_numpy(object)[row]


def texts(
    genes: np.ndarray, recipe: str, *, labels_of: list[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """The text of each gene that has all that the recipe asks for: the genes, (m,), and their texts, (m,).

    ``labels_of`` names the sources whose labels' words are masked by the recipes ``-masked``.
    Raises: BadInput: unknown recipe. sources.Missing: a file of HGNC or NCBI is nowhere to be had.
    """
    if recipe not in RECIPES:
        raise unknown("text recipe", recipe, RECIPES)
    template, masked = RECIPES[recipe], recipe.endswith("-masked")
    asked = re.findall(r"{(\w+)}", template)
    held = about(genes, summary="summary" in asked, names=masked)
    covered = (held[asked] != "").all(axis=1).to_numpy()
    made = [template.format(**row) for row in held[covered].to_dict("records")]
    if masked:
        begins = frozenset(label_words(tuple(labels_of or ())))
        made = [_mask(text, _own(names), begins) for names, text in zip(held.names[covered], made)]
    return np.asarray(genes)[covered], made


def _own(names: str) -> re.Pattern:
    """A gene's names as whole words: upper or lower case counts where a name has no digit (``SET``, ``REST``)."""
    held = sorted({n.strip() for n in names.split("|")} - {"", "-"}, key=lambda n: (-len(n), n))
    held = [n for n in held if len(n) > 1]
    parts = [f"(?i:{re.escape(n)})" if re.search(r"\d", n) else re.escape(n) for n in held]
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(parts) or '(?!)'})(?![A-Za-z0-9])")


def _mask(text: str, own: re.Pattern, begins: frozenset[str]) -> str:
    """A text without the names that ``own`` finds and the words that begin with one of ``begins``."""

    def word(found: re.Match) -> str:
        held = found.group().lower()
        hit = held not in _KEPT and any(held[:n] in begins for n in range(4, len(held) + 1))
        return MASK if hit else found.group()

    return re.sub(r"(?<!\[)[A-Za-z]{4,}", word, own.sub(MASK, text))


@lru_cache
def label_words(source_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The beginnings of the words that labels of classification tasks are made of, sorted; all in lower case.

    Words have four letters or more. Of a word of nine letters or more the last three are left off, of a shorter one
    the plural's ``s``, so that ``metabolism`` also masks ``metabolic``. Labels of tasks that cannot be built here are
    unknown and are not masked.
    """
    found: set[str] = set()
    for source_id in source_ids:
        built = tasks.from_source(
            specs.source(source_id), sources=specs.sources(), missing=lambda sentence: None
        )
        for task in (t for entry in built for t in entry):
            for word in re.findall(r"[a-z]{4,}", " ".join(task.classes).lower()):
                found |= (
                    {word[:-3] if len(word) >= 9 else word.rstrip("s")}
                    if word not in _KEPT
                    else set()
                )
    return tuple(sorted(found))
