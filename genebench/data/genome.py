"""Where a gene lies in a genome, and the DNA that lies there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import unknown
from . import readers

_COMPLEMENT = str.maketrans("ACGTUNRYSWKMBDHVacgtunryswkmbdhv", "TGCAANYRSWMKVHDBtgcaanyrswmkvhdb")


def reverse_complement(sequence: str) -> str:
    """The other strand of a DNA sequence, read in its own direction; IUPAC letters for several bases are kept right."""
    return sequence.translate(_COMPLEMENT)[::-1]


def _promoter(row, *, upstream: int, downstream: int, longest: int) -> list[tuple[int, int]]:
    if row.strand == "-":
        return [(row.end - downstream + 1, row.end + upstream)]
    return [(row.start - upstream, row.start + downstream - 1)]


def _body(row, *, upstream: int, downstream: int, longest: int) -> list[tuple[int, int]]:
    if row.strand == "-":
        return [(max(row.start, row.end - longest + 1), row.end)]
    return [(row.start, min(row.end, row.start + longest - 1))]


REGIONS: dict[str, Callable | None] = {"promoter": _promoter, "gene": _body, "cds": None}
"""Region → its intervals from the gene's row; coding sequences have rows of their own."""


def regions(
    genes: pd.DataFrame,
    region: str,
    *,
    upstream: int = 1000,
    downstream: int = 200,
    longest: int = 20_000,
) -> pd.DataFrame:
    """Intervals of one region of every gene, one row per gene name: ``gene, seqname, strand, pieces``.

    ``pieces`` are (start, end), 1-based, both inside, ascending. ``promoter``: ``upstream`` bases before and
    ``downstream`` bases from the start of transcription. ``gene``: from the start of transcription to the end, at most
    ``longest`` bases. ``cds``: the coding parts of the canonical transcript, or of the one with the longest coding
    sequence where none is marked. Of genes that share a name the first of the file is taken.

    ``genes`` is what ``readers.read_gtf`` gives. Raises: BadInput: unknown region.
    """
    if region not in REGIONS:
        raise unknown("region of a gene", region, REGIONS)
    if region == "cds":
        return _coding(genes[genes.feature == "CDS"])
    rows = genes[genes.feature == "gene"].drop_duplicates("gene_name")
    options = {"upstream": upstream, "downstream": downstream, "longest": longest}
    pieces = [REGIONS[region](row, **options) for row in rows.itertuples()]
    out = pd.DataFrame({"gene": rows.gene_name, "seqname": rows.seqname, "strand": rows.strand})
    return out.assign(pieces=pd.Series(pieces, index=out.index, dtype=object)).reset_index(
        drop=True
    )


def _coding(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows.drop_duplicates("gene_name").set_index("gene_name").gene_id
    rows = rows[rows.gene_id == rows.gene_name.map(first)]
    length = (
        (rows.end - rows.start + 1).groupby([rows.gene_name, rows.transcript_id], sort=False).sum()
    )
    marked = rows.groupby(["gene_name", "transcript_id"], sort=False).canonical.any()
    best = pd.DataFrame({"marked": marked, "length": length}).reset_index()
    best = best.sort_values(["marked", "length"], ascending=False, kind="stable").drop_duplicates(
        "gene_name"
    )
    chosen = rows.merge(best[["gene_name", "transcript_id"]], on=["gene_name", "transcript_id"])
    out = [
        (
            name,
            part.seqname.iloc[0],
            part.strand.iloc[0],
            sorted(zip(part.start.tolist(), part.end.tolist())),
        )
        for name, part in chosen.groupby("gene_name", sort=False)
    ]
    return pd.DataFrame(out, columns=["gene", "seqname", "strand", "pieces"])


def extract(path: Path, parts: pd.DataFrame) -> list[str]:
    """DNA of each row of ``regions``, read along its strand, from a FASTA file of whole chromosomes.

    Chromosomes are read one at a time. An interval that runs over an end of its chromosome is cut there; a gene on a
    sequence that the file does not hold has an empty text.
    """
    out = np.full(len(parts), "", dtype=object)
    rows = {
        name: np.flatnonzero((parts.seqname == name).to_numpy()) for name in parts.seqname.unique()
    }
    for name, sequence in readers.fasta_records(path):
        for i in rows.get(name, ()):
            held = "".join(sequence[max(0, a - 1) : max(0, b)] for a, b in parts.pieces.iloc[i])
            out[i] = reverse_complement(held) if parts.strand.iloc[i] == "-" else held
    return out.tolist()
