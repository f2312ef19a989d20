"""Text recipes: what is written about a gene before a text model or a word count reads it."""

import re
import zlib
from functools import cache
from itertools import chain

import numpy as np

from ..core.errors import check
from ..data import sources, tasks

MASK = "[MASK]"
"""What replaces a masked word: the mask token of BERT's vocabulary."""

_SUMMARY = "Gene symbol {symbol} full name {name} with the summary {summary}"
RECIPES = {"symbol": "{symbol}", "name": "{name}", "summary": _SUMMARY}
RECIPES |= {"summary-masked": _SUMMARY, "summary-random-masked": _SUMMARY}
"""Recipe → template of the text of a gene. ``summary`` is the wording of gene-benchmark (arXiv
2412.04075); ``-masked`` is its twin without the gene's names and the words of the labels, and
``-random-masked`` without the names and as many other words, chosen at random."""


@cache
def _unmasked() -> frozenset[str]:
    """Words of labels that are not masked: they say nothing, or are in every text."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS | {"gene", "genes", "protein", "proteins"}


def texts(inputs, recipe, labels_of=()):
    """Write the text of each gene for which all that the recipe needs is known.

    Parameters
    ----------
    inputs : Inputs
        HGNC and NCBI are read.
    recipe : str
        Key of ``RECIPES``.
    labels_of : sequence of str
        Sources whose label words the recipes ``-masked`` mask; after ``-`` those whose words stay.

    Returns
    -------
    genes, texts : ndarray of str, shape (m,); list of str
    """
    check(RECIPES, "text recipe", recipe)
    template, declared = RECIPES[recipe], inputs.declared
    fields = re.findall(r"{(\w+)}", template)
    hgnc = sources.table(declared.source("hgnc"), "genes").set_index("symbol", drop=False)
    hgnc = hgnc.reindex(inputs.canonical(inputs.genes)[0]).fillna("")
    facts = hgnc[["symbol", "name"]].set_axis(inputs.genes)
    if "summary" in fields:  # a file of NCBI that is not needed is not opened
        facts["summary"] = _ncbi(inputs, "gene_summary", "Summary")
    there = (facts[fields] != "").all(axis=1)
    known, written = inputs.genes[there], facts[there].to_dict("records")
    written = [template.format(**row) for row in written]
    if recipe.endswith("-masked"):
        synonyms = _ncbi(inputs, "gene_info", "Synonyms")
        columns = [inputs.genes, hgnc.index, hgnc.prev_symbol, hgnc.alias_symbol, synonyms]
        names = np.array(list(map("|".join, zip(*columns))), dtype=object)[there]
        stems = frozenset(label_words(labels_of, declared))
        random = "-random-" in recipe
        seeds = [zlib.crc32(gene.encode()) if random else None for gene in known]
        written = [_masked(*given, stems) for given in zip(written, names, seeds)]
    return known, written


def _ncbi(inputs, file, column):
    """Human entries of a column of an NCBI table by Entrez id; ``-`` stands for none there."""
    table = sources.table(inputs.declared.source("ncbi"), file)
    human = (table["#tax_id"] == "9606") & ~table.GeneID.duplicated()
    table = table[human & (table[column].str.len() > 1)]
    genes_at, row = inputs.match(table.GeneID, kind="entrez")
    out = np.full(len(inputs.genes), "", dtype=object)
    out[genes_at] = table[column].to_numpy(object)[row]
    return out


def _masked(text, names, seed, stems):
    """A text without the gene's names, joined by ``|``, and without words that begin with a stem.

    Names are whole words; the case of one without a digit counts (``SET``, ``REST``). With a seed,
    as many words as begin with a stem are chosen at random among all.
    """
    distinct, unmasked = {name.strip() for name in names.split("|")}, _unmasked()
    ranked = sorted((n for n in distinct if len(n) > 1), key=lambda n: (-len(n), n))
    parts = [f"(?i:{re.escape(n)})" if re.search(r"\d", n) else re.escape(n) for n in ranked]
    pattern = rf"(?<![A-Za-z0-9])(?:{'|'.join(parts) or '(?!)'})(?![A-Za-z0-9])"
    text = re.sub(pattern, MASK, text)
    words = [w for w in re.finditer(r"(?<!\[)[A-Za-z]{4,}", text) if w[0].lower() not in unmasked]
    hits = [any(w[0].lower()[:n] in stems for n in range(4, len(w[0]) + 1)) for w in words]
    if seed is not None:
        hits = np.random.default_rng(seed).permutation(hits)
    for word in [w for w, hit in zip(words, hits) if hit][::-1]:
        text = text[: word.start()] + MASK + text[word.end() :]
    return text


_label_words: dict[tuple[str, ...], tuple[str, ...]] = {}
"""Declarations of labelled sources as JSON → their label words; building tasks takes seconds."""


def label_words(labels_of, declared):
    """Collect the stems of the words that labels of classification tasks are made of.

    Words have four letters or more. Of a word of nine letters or more the last three are left off,
    of a shorter one the plural's ``s``, so that ``metabolism`` also masks ``metabolic``. Labels of
    tasks that cannot be built here are unknown and are not masked.

    Parameters
    ----------
    labels_of : sequence of str
        Ids of sources; words of one after ``-`` are taken out.
    declared : Declarations

    Returns
    -------
    tuple of str
        Stems in lower case, sorted.
    """
    kept = [name[1:] for name in labels_of if name.startswith("-")]
    if kept:
        masked = label_words([n for n in labels_of if n[0] != "-"], declared)
        return tuple(sorted({*masked} - {*label_words(kept, declared)}))
    labelled = [declared.source(name) for name in labels_of]
    key = tuple(source.model_dump_json() for source in labelled)
    if key not in _label_words:
        options = {"missing": lambda _: None}
        entries = (tasks.from_source(s, declared.sources, **options) for s in labelled)
        built = (task for entry in chain.from_iterable(entries) for task in entry)
        labels = " ".join(label for task in built for label in task.classes).lower()
        words = set(re.findall(r"[a-z]{4,}", labels)) - _unmasked()
        stems = {word[:-3] if len(word) >= 9 else word.rstrip("s") for word in words}
        _label_words[key] = tuple(sorted(stems))
    return _label_words[key]
