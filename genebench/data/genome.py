"""Where a gene lies in a genome, and the DNA that lies there."""

import numpy as np
from Bio.Seq import reverse_complement as reverse_complement

from ..core.errors import check
from . import readers

REGIONS = ("promoter", "gene", "cds")
"""Regions of a gene that ``regions`` knows."""


def regions(genes, region, *, upstream=1000, downstream=200, longest=20_000):
    """Find the intervals of one region of every gene.

    Parameters
    ----------
    genes : DataFrame
        What ``readers.read_gtf`` returns.
    region : {"promoter", "gene", "cds"}
        Around the start of transcription; from the start of transcription to the end; the coding
        parts of the canonical transcript, or of the one with the longest coding sequence where none
        is marked.
    upstream, downstream : int
        Bases of a promoter before, and from, the start of transcription.
    longest : int
        Most bases of a ``gene``.

    Returns
    -------
    DataFrame
        One row per gene name (of genes that share a name the first of the file): ``gene, seqname,
        strand, pieces``; pieces are (start, end), 1-based, both inside, ascending.
    """
    check(REGIONS, "region of a gene", region)
    if region == "cds":
        return _coding(genes[genes.feature == "CDS"])
    rows = genes[genes.feature == "gene"].drop_duplicates("gene_name")
    first, last, minus = rows.start, rows.end, rows.strand == "-"
    if region == "promoter":
        start = (first - upstream).where(~minus, last - downstream + 1)
        end = (first + downstream - 1).where(~minus, last + upstream)
    else:
        start = first.where(~minus, np.maximum(first, last - longest + 1))
        end = last.where(minus, np.minimum(last, first + longest - 1))
    rows = rows.rename(columns={"gene_name": "gene"})[["gene", "seqname", "strand"]]
    return rows.assign(pieces=[[pair] for pair in zip(start, end)]).reset_index(drop=True)


def _coding(rows):
    """Coding parts of one transcript per gene name."""
    rows = rows[rows.gene_id == rows.groupby("gene_name").gene_id.transform("first")]
    rows = rows.assign(length=rows.end - rows.start + 1, pieces=[*zip(rows.start, rows.end)])
    names = ["gene_name", "transcript_id"]
    each = rows.groupby(names)
    best = rows.assign(canonical=each.canonical.transform("any"), n=each.length.transform("sum"))
    best = best.sort_values(["canonical", "n"], ascending=False, kind="stable")
    parts = rows.merge(best.drop_duplicates("gene_name")[names]).groupby("gene_name", sort=False)
    table = parts.agg({"seqname": "first", "strand": "first", "pieces": sorted})
    return table.rename_axis("gene").reset_index()


def extract(path, parts):
    """Read the DNA of some regions.

    Parameters
    ----------
    path : Path
        FASTA file of whole chromosomes, which are read one at a time.
    parts : DataFrame
        What ``regions`` returns.

    Returns
    -------
    list of str
        DNA of each row, along its strand. An interval that runs over an end of its chromosome is
        cut there; a gene on a sequence that the file does not have has an empty text.
    """
    out = np.full(len(parts), "", dtype=object)
    rows = {name: np.flatnonzero(parts.seqname == name) for name in parts.seqname.unique()}
    for name, sequence in readers.fasta_records(path):
        for i in rows.get(name, ()):
            dna = "".join(sequence[max(0, a - 1) : max(0, b)] for a, b in parts.pieces.iloc[i])
            out[i] = reverse_complement(dna) if parts.strand.iloc[i] == "-" else dna
    return out.tolist()
