"""Resolve gene identifiers to approved HGNC symbols; ambiguous ones are listed, never guessed."""

import pandas as pd

from ..core.errors import BadInput, pick
from . import sources as upstream
from .identifiers import STATUSES as STATUSES
from .identifiers import Resolution as Resolution
from .identifiers import Resolver, current_symbols, make_index

_COLUMNS = {
    "approved": "symbol",
    "previous": "prev_symbol",
    "alias": "alias_symbol",
    "ensembl": "ensembl_gene_id",
    "entrez": "entrez_id",
    "uniprot": "uniprot_ids",
    "hgnc": "hgnc_id",
}
CHROMOSOMES = [*map(str, range(1, 23)), "X", "Y", "MT"]
"""Of the human genome, as Ensembl names them."""


def build(hgnc, ensembl=None, *, release="HGNC"):
    """Build a resolver from tables.

    An Ensembl id that HGNC does not give means the gene that Ensembl names, if that is an approved
    or previous symbol of one gene and the id lies on that gene's chromosome, a patch or another
    haplotype: Ensembl calls copies all over the genome by the name of one small RNA gene, so that a
    name alone is not enough. Chromosomes that HGNC leaves open are taken from Ensembl.

    Parameters
    ----------
    hgnc : DataFrame
        The HGNC complete set with the columns of the official file, all as text.
    ensembl : DataFrame, optional
        Ensembl's table of genes with the columns ``ensgene, symbol, chr``.
    release : str
        What the tables are called in messages.

    Returns
    -------
    Resolver
    """
    columns = (*_COLUMNS.values(), "location", "gene_group_id", "locus_group")
    faults = [f"no column {name}" for name in columns if name not in hgnc]
    if not faults:
        faults = [f"the symbol '{s}' twice" for s in hgnc.symbol[hgnc.symbol.duplicated()]]
    for fault in faults:
        raise BadInput(f"the table of HGNC has {fault}; take the official hgnc_complete_set.txt.")
    index = {}
    for kind, column in _COLUMNS.items():
        rows = zip(hgnc[column].tolist(), hgnc.symbol.tolist())
        index[kind] = make_index((v, symbol) for text, symbol in rows for v in text.split("|") if v)
    place = hgnc.location.str.extract(r"^(\d{1,2}|X|Y|mitochondria)(?=[pqc -]|$)")[0].fillna("")
    about = {
        "chromosome": place.replace("mitochondria", "MT").to_numpy(str),
        "groups": hgnc.gene_group_id.to_numpy(str),
        "coding": (hgnc.locus_group == "protein-coding gene").to_numpy(bool),
    }
    genes = pd.DataFrame(about, index=pd.Index(hgnc.symbol, name="symbol"))
    if ensembl is not None:
        known = index["ensembl"]
        assembled = ensembl.chr.isin(CHROMOSOMES)
        placed = {
            known[g][0]: c
            for g, c in ensembl.loc[assembled, ["ensgene", "chr"]].to_numpy()
            if len(known.get(g, ())) == 1
        }
        from_ensembl = genes.index.map(placed).fillna("")
        genes["chromosome"] = genes.chromosome.where(genes.chromosome != "", from_ensembl)
        more = ensembl[~ensembl.ensgene.isin(known) & (ensembl.symbol != "")]
        meant = pd.Series(current_symbols(index, more.symbol), index=more.index, dtype=object)
        same_place = ~assembled[more.index] | (more.chr == meant.map(genes.chromosome))
        use = same_place & (meant != "")
        index["ensembl"] = known | {g: (s,) for g, s in zip(more.ensgene[use], meant[use])}
    return Resolver(genes, index, release)


def resolver(sources):
    """Return the resolver of the declared HGNC release, and of Ensembl's where its table is here.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
        Declared sources by id, of which ``hgnc`` and ``ensembl`` are read.

    Returns
    -------
    Resolver
        The same object while declarations and files stay as they are.
    """
    used = _resolver_sources(sources)
    release = " and ".join(f"{name} {s.release}" for name, s in zip(("HGNC", "Ensembl"), used))
    key = str([(spec, upstream.digest(upstream.locate(spec, "genes"))) for spec in used])
    if key not in _RESOLVERS:
        _RESOLVERS.clear()
        _RESOLVERS[key] = build(*(upstream.table(s, "genes") for s in used), release=release)
    return _RESOLVERS[key]


_RESOLVERS: dict[str, Resolver] = {}
"""The one in use, by declarations and digests."""


def _resolver_sources(sources):
    """HGNC, and Ensembl where its table is here."""
    hgnc, ensembl = (pick(sources, "source", name) for name in ("hgnc", "ensembl"))
    return [hgnc, ensembl] if upstream.status(ensembl)[0] == "ready" else [hgnc]


def fingerprint(sources, name=None):
    """Compute the digests of the files that a look-up depends on.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
    name : str, optional
        Id of a source; None: those that the resolver is built from.

    Returns
    -------
    list of str
        SHA-256 of each file.
    """
    used = [pick(sources, "source", name)] if name else _resolver_sources(sources)
    return [upstream.digest(upstream.locate(spec, file)) for spec in used for file in spec.files]


def annotations(sources):
    """Choose the source of Gene Ontology annotations.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    {"goa", "goa_symbols"}
        The official file where it is available; else symbols and terms only.
    """
    return "goa" if upstream.status(pick(sources, "source", "goa"))[0] == "ready" else "goa_symbols"


def annotation_count(symbols, sources):
    """Count the Gene Ontology terms of each gene: a measure of how well studied it is.

    Both the symbols and those of the annotations are resolved, so that an older name finds its
    gene; a name that is unknown, or that of several genes, stands for itself.

    Parameters
    ----------
    symbols : iterable of str
    sources : mapping of str to SourceSpec

    Returns
    -------
    ndarray of int, shape (n,)
        Number of distinct terms; 0 for a gene without annotations.
    """
    known = resolver(sources)
    frame = upstream.table(pick(sources, "source", annotations(sources)), "annotations")
    terms = frame.groupby(known.approved(frame.symbol))["go_id"].nunique()
    return terms.reindex(known.approved(symbols), fill_value=0).to_numpy(int)


def paper_universe(sources):
    """Return the genes on which the paper compares its models (arXiv 2412.04075).

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    ndarray of str
        Approved symbols in the paper's order.
    """
    listed = upstream.table(pick(sources, "source", "genebench_paper"), "universe").symbol
    found = resolver(sources).resolve(listed, kind="symbol")
    return found.symbol[found.unique]
