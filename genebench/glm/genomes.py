"""Real genomes: bases, what each base is part of, who is held out, and what the held-out part shares with the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from ..data import readers, sources
from . import codes

REGIONS = ("intergenic", "coding", "intron", "RNA gene", "pseudogene", "mobile or repeat")
"""Classes of bases, by their number. RNA genes: ribosomal, transfer and other untranslated RNAs."""
PARTS = ("train", "validation", "test", "left out")
"""Parts of a genome, by their number."""


class GenomeSpec(specs.Spec):
    """One genome: where it comes from, how its features are written, which blocks are held out, how it is drawn."""

    name: str
    title: str
    source: str
    layout: Literal["gff", "sgd", "none"]
    color: str
    code: Literal[1, 11]
    """Genetic code (NCBI's number)."""
    validation: dict[str, list[int]]
    test: dict[str, list[int]]
    """Chromosome → first and last base (1-based, both inside); an empty list is the whole chromosome."""
    left_out: list[str] = []
    recipe: dict[str, Any] = {}
    """How the small model of this genome is trained (``net.Recipe``)."""


@lru_cache
def declared() -> dict[str, GenomeSpec]:
    """Every declared genome by name."""
    return specs.entries(GenomeSpec, paths.DATA / "glm_genomes.yml", "genomes")


@dataclass(frozen=True, eq=False)
class Genome:
    """A genome as arrays over all its bases, chromosomes one after the other, (n_bases,) each.

    ``codes``: A, C, G, T, N = 0 to 4. ``region``: number of the class in ``REGIONS``. ``position``: 1, 2 or 3 in the
    codon, 0 outside coding sequence or where two genes overlap in different frames. ``strand``: 1, −1, or 0 where
    nothing lies or both strands are used. ``part``: number in ``PARTS``. ``starts``: chromosome → its first index.
    ``genes``: one row per intact coding gene: ``gene, strand, pieces`` (pairs of indices, the end outside, ascending).
    """

    spec: GenomeSpec
    codes: np.ndarray
    region: np.ndarray
    position: np.ndarray
    strand: np.ndarray
    part: np.ndarray
    starts: dict[str, int]
    genes: pd.DataFrame

    def blocks(self, part: str) -> list[tuple[int, int]]:
        """Runs of bases of one part within one chromosome, as (first, behind the last) indices."""
        if part not in PARTS:
            raise unknown("part of a genome", part, PARTS)
        edge = np.flatnonzero(np.diff(self.part == PARTS.index(part), prepend=False, append=False))
        cuts = sorted(self.starts.values())
        out = []
        for a, b in edge.reshape(-1, 2).tolist():
            inner = [c for c in cuts if a < c < b]
            out += list(zip([a, *inner], [*inner, b]))
        return out

    def sequences(self, part: str) -> list[np.ndarray]:
        """The bases of one part, one array per block."""
        return [self.codes[a:b] for a, b in self.blocks(part)]

    def index(self, seqname: str, at: np.ndarray) -> np.ndarray:
        """Indices of 1-based positions of a chromosome. Raises: BadInput: no such chromosome."""
        if seqname not in self.starts:
            raise unknown("chromosome", seqname, self.starts, where=f"genome '{self.spec.name}'")
        return np.asarray(at) - 1 + self.starts[seqname]

    def duplicates(self, part: str = "test", *, k: int = 24) -> np.ndarray:
        """Whether each base of a part is covered by a k-mer that training holds too, on either strand, (n_bases,)."""
        asked = np.unique(np.concatenate([words(s, k) for s in self.sequences(part)]))
        hit = np.zeros(len(asked) + 1, dtype=bool)
        for sequence in self.sequences("train"):
            held = words(sequence, k)
            at = np.searchsorted(asked, held)
            hit[at[asked[np.minimum(at, len(asked) - 1)] == held]] = True
        out = np.zeros(len(self.codes), dtype=bool)
        for a, b in self.blocks(part):
            found = np.flatnonzero(hit[np.searchsorted(asked, words(self.codes[a:b], k))])
            cover = np.zeros(b - a + 1, dtype=np.int64)
            np.add.at(cover, found, 1)
            np.add.at(cover, found + k, -1)
            out[a:b] = np.cumsum(cover[:-1]) > 0
        return out


def words(sequence: np.ndarray, k: int) -> np.ndarray:
    """The k-mer that starts at each base, the lower of its two strands, as a number, (L − k + 1,) uint64; k ≤ 31.

    A k-mer with an N has the highest number.
    """
    n = len(sequence) - k + 1
    if n <= 0:
        return np.empty(0, dtype=np.uint64)
    forward, backward = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
    base = np.minimum(sequence, 3).astype(np.uint64)
    for i in range(k):
        forward = forward * np.uint64(4) + base[i : i + n]
        backward = backward * np.uint64(4) + (np.uint64(3) - base[k - 1 - i : k - 1 - i + n])
    out = np.minimum(forward, backward)
    bad = np.convolve(sequence > 3, np.ones(k, dtype=np.int64))[k - 1 : len(sequence)] > 0
    out[bad] = np.iinfo(np.uint64).max
    return out


@lru_cache(maxsize=4)
def load(name: str) -> Genome:
    """A declared genome. Raises: BadInput: unknown, or its features do not fit. sources.Missing: not to be had."""
    if name not in declared():
        raise unknown("genome", name, declared())
    spec = declared()[name]
    source = specs.source(spec.source)
    records = list(readers.fasta_records(sources.locate(source, "genome")))
    held = [codes.encode(text) for _, text in records]
    starts = dict(zip((n for n, _ in records), np.cumsum([0, *map(len, held[:-1])]).tolist()))
    whole = np.concatenate(held)
    ends = {n: starts[n] + len(text) for n, text in records}
    rows = LAYOUTS[spec.layout](source) if spec.layout != "none" else _none()
    rows = rows[rows.seqname.isin(list(starts))]
    out = (rows.end > rows.seqname.map({n: len(t) for n, t in records})) | (rows.start < 1)
    if out.any():
        raise BadInput(
            f"genome '{name}': the feature {rows[out].iloc[0].gene} runs off its chromosome; mend the file."
        )
    return Genome(
        spec,
        whole,
        *_regions(rows, starts, len(whole)),
        _parts(spec, starts, ends),
        starts,
        _genes(rows, starts),
    )


def _parts(spec: GenomeSpec, starts: dict[str, int], ends: dict[str, int]) -> np.ndarray:
    part = np.zeros(max(ends.values()), dtype=np.uint8)
    left = {name: [] for name in spec.left_out}
    for number, blocks in ((1, spec.validation), (2, spec.test), (3, left)):
        for name, block in blocks.items():
            if name not in starts:
                raise unknown("chromosome", name, starts, where=f"genome '{spec.name}'")
            first, last = block or (1, ends[name] - starts[name])
            part[starts[name] + first - 1 : starts[name] + last] = number
    return part


def _none() -> pd.DataFrame:
    columns = ["seqname", "kind", "start", "end", "strand", "phase", "gene"]
    return pd.DataFrame(
        {c: pd.Series(dtype=np.int64 if c in ("start", "end", "phase") else str) for c in columns}
    )


_GFF_KINDS = {
    "CDS": "coding",
    "rRNA": "RNA gene",
    "tRNA": "RNA gene",
    "ncRNA": "RNA gene",
    "tmRNA": "RNA gene",
    "SRP_RNA": "RNA gene",
    "RNase_P_RNA": "RNA gene",
    "antisense_RNA": "RNA gene",
    "pseudogene": "pseudogene",
    "mobile_genetic_element": "mobile or repeat",
    "repeat_region": "mobile or repeat",
}


def features_gff(source: specs.SourceSpec) -> pd.DataFrame:
    """Features of an NCBI GFF3 file, one row each: ``seqname, kind`` (of ``REGIONS``), ``start, end`` (1-based, both
    inside), ``strand, phase`` (bases before the first whole codon), ``gene`` (the parent's id). Pseudogenes have no
    coding rows."""
    rows = sources.table(source, "features")
    rows = rows[rows.kind.isin(list(_GFF_KINDS))].copy()
    pseudo = rows.attributes.str.contains("pseudo=true", regex=False)
    rows["gene"] = (
        rows.attributes.str.extract(r"(?:^|;)Parent=([^;]*)")[0]
        .fillna("")
        .str.removeprefix("gene-")
    )
    rows["phase"] = readers.numbers(rows.phase).fillna(0).astype(np.int64)
    rows["kind"] = rows.kind.map(_GFF_KINDS).where(~pseudo, "pseudogene")
    out = rows.astype({"start": np.int64, "end": np.int64})
    return out[["seqname", "kind", "start", "end", "strand", "phase", "gene"]].reset_index(
        drop=True
    )


_SGD_KINDS = {
    "CDS": "coding",
    "intron": "intron",
    "noncoding_exon": "RNA gene",
    "tRNA_gene": "RNA gene",
    "rRNA_gene": "RNA gene",
    "snoRNA_gene": "RNA gene",
    "snRNA_gene": "RNA gene",
    "ncRNA_gene": "RNA gene",
    "pseudogene": "pseudogene",
}
_SGD_REPEATS = {
    "transposable_element_gene",
    "LTR_retrotransposon",
    "long_terminal_repeat",
    "telomere",
    "X_element",
    "telomeric_repeat",
    "X_element_combinatorial_repeat",
    "Y_prime_element",
}


def features_sgd(source: specs.SourceSpec) -> pd.DataFrame:
    """Features of SGD's table in the form of ``features_gff``. Dubious open reading frames are no genes; coding parts
    of transposons count as repeats."""
    rows = sources.table(source, "features")
    rows = rows[rows.start.str.fullmatch(r"\d+") & rows.end.str.fullmatch(r"\d+")].astype(
        {"start": np.int64, "end": np.int64}
    )
    kinds = dict(zip(rows.name, rows.kind))
    dubious = set(rows.name[(rows.kind == "ORF") & rows.qualifier.str.startswith("Dubious")])
    repeat = rows.kind.isin(_SGD_REPEATS) | rows.parent.map(kinds).isin(_SGD_REPEATS)
    rows["kind"] = rows.kind.map(_SGD_KINDS).where(~repeat, "mobile or repeat")
    rows["gene"] = rows.parent.where(rows.parent.isin(set(rows.name[rows.kind.isna()])), rows.name)
    chromosome = rows.seqname.str.fullmatch(r"\d+").map({True: 1, False: 0})
    home = readers.numbers(rows.seqname.where(chromosome == 1))
    rows["seqname"] = home.map(dict(enumerate(["", *_ROMAN, "Mito"]))).fillna("")
    rows = rows[rows.kind.notna() & ~rows.gene.isin(dubious) & (rows.gene != "")].copy()
    low, high = rows[["start", "end"]].min(axis=1), rows[["start", "end"]].max(axis=1)
    rows["start"], rows["end"] = low, high
    rows["strand"] = rows.strand.map({"W": "+", "C": "-"}).fillna(".")
    rows["phase"] = _phases(rows)
    return rows[["seqname", "kind", "start", "end", "strand", "phase", "gene"]].reset_index(
        drop=True
    )


_ROMAN = [
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
]


def _phases(rows: pd.DataFrame) -> pd.Series:
    """Bases before the first whole codon of each coding part, from the lengths of the parts before it."""
    out = pd.Series(0, index=rows.index)
    for _, part in rows[rows.kind == "coding"].groupby("gene", sort=False):
        part = part.sort_values("start", ascending=part.strand.iloc[0] != "-")
        before = (part.end - part.start + 1).cumsum().shift(fill_value=0)
        out[part.index] = -before % 3
    return out


LAYOUTS = {"gff": features_gff, "sgd": features_sgd}


def _regions(
    rows: pd.DataFrame, starts: dict[str, int], n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Class, codon position and strand of every base; RNA genes win over coding sequence, that over all else."""
    region, position, strand = np.zeros(n, np.uint8), np.zeros(n, np.uint8), np.zeros(n, np.int8)
    for kind in ("mobile or repeat", "pseudogene", "intron", "coding", "RNA gene"):
        for row in rows[rows.kind == kind].itertuples():
            a, b = starts[row.seqname] + row.start - 1, starts[row.seqname] + row.end
            way = {"+": 1, "-": -1}.get(row.strand, 0)
            if kind != "coding":
                region[a:b], position[a:b], strand[a:b] = REGIONS.index(kind), 0, way
                continue
            at = np.arange(a, b)
            place = ((at - a if way > 0 else b - 1 - at) - row.phase) % 3 + 1
            again = (region[a:b] == 1) & ((position[a:b] != place) | (strand[a:b] != way))
            position[a:b] = np.where(again, 0, place)
            strand[a:b] = np.where(again & (strand[a:b] != way), 0, way)
            region[a:b] = 1
    return region, position, strand


def _genes(rows: pd.DataFrame, starts: dict[str, int]) -> pd.DataFrame:
    """Coding genes with their pieces in ascending order."""
    out = []
    for gene, part in rows[rows.kind == "coding"].groupby("gene", sort=False):
        part = part.sort_values("start")
        home = starts[part.seqname.iloc[0]]
        out.append(
            (
                gene,
                part.strand.iloc[0],
                [(home + a - 1, home + b) for a, b in zip(part.start, part.end)],
            )
        )
    return pd.DataFrame(out, columns=["gene", "strand", "pieces"])


def coding(genome: Genome, gene) -> np.ndarray:
    """The coding sequence of a row of ``genes``, along its strand, (L,) codes."""
    held = np.concatenate([genome.codes[a:b] for a, b in gene.pieces])
    return codes.reverse_complement(held) if gene.strand == "-" else held
