"""Resolve gene identifiers to approved HGNC symbols; ambiguous ones are listed, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from ..core.specs import SourceSpec
from . import sources as upstream
from .identifiers import KINDS as KINDS
from .identifiers import STATUSES as STATUSES
from .identifiers import Index, Resolver, current_symbols, make_index
from .identifiers import Resolution as Resolution

# --- tables ---------------------------------------------------------------------------------------

_NAMES = {"approved": "symbol", "previous": "prev_symbol", "alias": "alias_symbol"}
_NUMBERS = {
    "ensembl": "ensembl_gene_id",
    "entrez": "entrez_id",
    "uniprot": "uniprot_ids",
    "hgnc": "hgnc_id",
}
_ABOUT = ["location", "gene_group_id", "locus_group"]
_CHROMOSOMES = [*map(str, range(1, 23)), "X", "Y", "MT"]


def build(
    hgnc: pd.DataFrame, ensembl: pd.DataFrame | None = None, *, release: str = "HGNC"
) -> Resolver:
    """
    Build a resolver from tables.

    An Ensembl id that HGNC does not give means the gene that Ensembl names, if that is an approved
    or previous symbol of one gene and the id lies on that gene's chromosome, a patch or another
    haplotype: Ensembl calls copies all over the genome by the name of one small RNA gene, so that a
    name alone is not enough. Chromosomes that HGNC leaves open are taken from Ensembl.

    Parameters
    ----------
    hgnc
        The HGNC complete set with the columns of the official file, all as text.
    ensembl
        Ensembl's table of genes with the columns ``ensgene, symbol, chr``.
    release
        What the tables are called in messages.

    Returns
    -------
    The resolver.

    Raises
    ------
    BadInput
        A column is missing, or a symbol stands twice.
    """
    columns = (*_NAMES.values(), *_NUMBERS.values(), *_ABOUT)
    lacking = ", ".join(c for c in columns if c not in hgnc)
    twice = [] if lacking else hgnc.symbol[hgnc.symbol.duplicated()].tolist()
    if lacking or twice:
        fault = f"no column {lacking}" if lacking else f"the symbol '{twice[0]}' twice"
        raise BadInput(f"the table of HGNC has {fault}; take the official hgnc_complete_set.txt.")
    names = {tier: _listed(hgnc, column) for tier, column in _NAMES.items()}
    numbers = {kind: _listed(hgnc, column) for kind, column in _NUMBERS.items()}
    place = hgnc.location.str.extract(r"^(\d{1,2}|X|Y|mitochondria)(?=[pqc -]|$)")[0].fillna("")
    about = {
        "chromosome": place.replace("mitochondria", "MT").to_numpy(str),
        "groups": hgnc.gene_group_id.to_numpy(str),
        "coding": (hgnc.locus_group == "protein-coding gene").to_numpy(bool),
    }
    genes = pd.DataFrame(about, index=pd.Index(hgnc.symbol, name="symbol"))
    if ensembl is not None:
        known = numbers["ensembl"]
        assembled = ensembl.chr.isin(_CHROMOSOMES)
        placed = {
            known[g][0]: c
            for g, c in ensembl.loc[assembled, ["ensgene", "chr"]].to_numpy()
            if len(known.get(g, ())) == 1
        }
        from_ensembl = genes.index.map(placed).fillna("")
        genes["chromosome"] = genes.chromosome.where(genes.chromosome != "", from_ensembl)
        more = ensembl[~ensembl.ensgene.isin(known) & (ensembl.symbol != "")]
        meant = pd.Series(current_symbols(names, more.symbol), index=more.index, dtype=object)
        same_place = ~assembled[more.index] | (more.chr == meant.map(genes.chromosome))
        use = same_place & (meant != "")
        numbers["ensembl"] = known | {g: (s,) for g, s in zip(more.ensgene[use], meant[use])}
    return Resolver(genes, names, numbers, release)


def _listed(hgnc: pd.DataFrame, column: str) -> Index:
    """Index of a column whose values are joined by ``|``."""
    rows = zip(hgnc[column].tolist(), hgnc.symbol.tolist())
    return make_index(
        (value, symbol) for text, symbol in rows for value in text.split("|") if value
    )


def source_by_id(sources: Mapping[str, SourceSpec], name: str) -> SourceSpec:
    """
    Return a declared source.

    Parameters
    ----------
    sources
        Declared sources by id.
    name
        Id of a source.

    Returns
    -------
    Its declaration.

    Raises
    ------
    BadInput
        Unknown source, with the nearest id.
    """
    if name not in sources:
        raise unknown("source", name, sources)
    return sources[name]


def resolver(sources: Mapping[str, SourceSpec]) -> Resolver:
    """
    Return the resolver of the declared HGNC release, and of Ensembl's where its table is here.

    Parameters
    ----------
    sources
        Declared sources by id, of which ``hgnc`` and ``ensembl`` are read.

    Returns
    -------
    The resolver; the same object while declarations and files stay as they are.

    Raises
    ------
    sources.Missing
        The table of HGNC is not available.
    """
    used = _resolver_sources(sources)
    digests = tuple(upstream.digest(upstream.locate(spec, "genes")) for spec in used)
    return _resolver(tuple(spec.model_dump_json() for spec in used), digests)


@lru_cache(maxsize=2)
def _resolver(declared: tuple[str, ...], _digests: tuple[str, ...]) -> Resolver:
    used = [SourceSpec.model_validate_json(text) for text in declared]
    release = " and ".join(f"{name} {s.release}" for name, s in zip(("HGNC", "Ensembl"), used))
    return build(*(upstream.table(s, "genes") for s in used), release=release)


def _resolver_sources(sources: Mapping[str, SourceSpec]) -> list[SourceSpec]:
    """HGNC, and Ensembl where its table is here."""
    hgnc, ensembl = (source_by_id(sources, name) for name in ("hgnc", "ensembl"))
    return [hgnc, ensembl] if upstream.status(ensembl)[0] == "ready" else [hgnc]


def fingerprint(sources: Mapping[str, SourceSpec], name: str | None = None) -> list[str]:
    """
    Compute the digests of the files that a look-up depends on.

    Parameters
    ----------
    sources
        Declared sources by id.
    name
        Id of a source; None: those that the resolver is built from.

    Returns
    -------
    SHA-256 of each file.

    Raises
    ------
    sources.Missing
        One of them is not available.
    """
    used = [source_by_id(sources, name)] if name else _resolver_sources(sources)
    return [upstream.digest(upstream.locate(spec, file)) for spec in used for file in spec.files]


# --- what is known of a gene ----------------------------------------------------------------------


def annotations(sources: Mapping[str, SourceSpec]) -> str:
    """
    Choose the source of Gene Ontology annotations.

    Parameters
    ----------
    sources
        Declared sources by id.

    Returns
    -------
    ``goa``, the official file, where it is available; else ``goa_symbols``, symbols and terms only.
    """
    return "goa" if upstream.status(source_by_id(sources, "goa"))[0] == "ready" else "goa_symbols"


def annotation_count(symbols: Iterable[str], sources: Mapping[str, SourceSpec]) -> np.ndarray:
    """
    Count the Gene Ontology terms of each gene: a measure of how well studied it is.

    Both the symbols and those of the annotations are resolved, so that an older name finds its
    gene; a name that is unknown, or that of several genes, stands for itself.

    Parameters
    ----------
    symbols
        n gene symbols.
    sources
        Declared sources by id.

    Returns
    -------
    Number of distinct terms, int, shape (n,); 0 for a gene without annotations.

    Raises
    ------
    sources.Missing
        The annotations, or the table of HGNC, are not available.
    """
    known = resolver(sources)
    frame = upstream.table(source_by_id(sources, annotations(sources)), "annotations")
    terms = frame.groupby(known.approved(frame.symbol))["go_id"].nunique()
    return terms.reindex(known.approved(symbols), fill_value=0).to_numpy(int)


def paper_universe(sources: Mapping[str, SourceSpec]) -> np.ndarray:
    """
    Return the genes on which the paper compares its models (arXiv 2412.04075).

    Parameters
    ----------
    sources
        Declared sources by id.

    Returns
    -------
    Approved symbols in the paper's order, shape (n,).

    Raises
    ------
    sources.Missing
        The list, or the table of HGNC, is not available.
    """
    listed = upstream.table(source_by_id(sources, "genebench_paper"), "universe").symbol
    found = resolver(sources).resolve(listed, kind="symbol")
    return found.symbol[found.unique]
