"""Real genomes: bases, what each base is part of, and which part it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from ..data import readers
from ..data import sources as files
from . import codes

REGIONS = ("intergenic", "coding", "intron", "RNA gene", "pseudogene", "mobile or repeat")
"""Classes of bases, by their number. RNA genes: ribosomal, transfer and other untranslated RNAs."""
PARTS = ("train", "validation", "test", "left out")
"""Parts of a genome, by their number."""
CODON = np.array([16, 4, 1])
"""Weight of each base of a codon in its number, 0 (AAA) to 63 (TTT)."""
WORD = 24
"""Length of the k-mers by which a base counts as a duplicate."""
_FEATURES = ["seqname", "kind", "start", "end", "strand", "phase", "gene"]


class GenomeSpec(specs.Spec):
    """One declared genome.

    Attributes
    ----------
    name, title, color : str
        How it is called and drawn.
    source : str
        Source that has its files ``genome`` and ``features``.
    layout : {"gff", "sgd", "none"}
        How its features are written.
    code : {1, 11}
        Genetic code (NCBI's number).
    validation, test : dict of str to list of int
        Chromosome to first and last base (1-based, inclusive); an empty list is all of it.
    left_out : list of str
        Chromosomes that are used nowhere.
    recipe : dict
        How its small model is trained (``net.Recipe``).
    """

    name: str
    title: str
    source: str
    layout: Literal["gff", "sgd", "none"]
    color: str
    code: Literal[1, 11]
    validation: dict[str, list[int]]
    test: dict[str, list[int]]
    left_out: list[str] = []
    recipe: dict[str, Any] = {}


def declared() -> dict[str, GenomeSpec]:
    """Read ``data/glm_genomes.yml``.

    Returns
    -------
    dict of str to GenomeSpec
        Every declared genome by name, in file order.
    """
    return specs.entries(GenomeSpec, paths.DATA / "glm_genomes.yml", "genomes")


@dataclass(frozen=True, eq=False)
class Genome:
    """A genome as arrays over all its bases, one chromosome after the other.

    Attributes
    ----------
    spec : GenomeSpec
    codes : ndarray of uint8, (n_bases,)
        A, C, G, T, N = 0 to 4.
    region : ndarray of uint8, (n_bases,)
        Number of the class in ``REGIONS``.
    position : ndarray of uint8, (n_bases,)
        1, 2 or 3 in the codon; 0 outside coding sequence and where genes overlap out of frame.
    strand : ndarray of int8, (n_bases,)
        1, -1, or 0 where nothing lies or both strands are used.
    part : ndarray of uint8, (n_bases,)
        Number in ``PARTS``.
    starts : dict of str to int
        Chromosome to its first index.
    genes : DataFrame
        One row an intact coding gene: ``gene, strand, pieces`` (half-open index pairs, ascending).
    """

    spec: GenomeSpec
    codes: np.ndarray
    region: np.ndarray
    position: np.ndarray
    strand: np.ndarray
    part: np.ndarray
    starts: dict[str, int]
    genes: pd.DataFrame

    def inside(self, part: str) -> np.ndarray:
        """Mask of one part.

        Parameters
        ----------
        part : str
            One of ``PARTS``.

        Returns
        -------
        ndarray of bool, (n_bases,)

        Raises
        ------
        BadInput
            Unknown part.
        """
        if part not in PARTS:
            raise unknown("part of a genome", part, PARTS)
        return self.part == PARTS.index(part)

    def blocks(self, part: str) -> list[tuple[int, int]]:
        """Unbroken runs of bases of one part, each within one chromosome.

        Parameters
        ----------
        part : str
            One of ``PARTS``.

        Returns
        -------
        list of (int, int)
            Half-open pairs of indices.
        """
        edges = np.flatnonzero(np.diff(self.inside(part), prepend=False, append=False))
        out = []
        for a, b in edges.reshape(-1, 2).tolist():
            inner = [c for c in sorted(self.starts.values()) if a < c < b]
            out += list(zip([a, *inner], [*inner, b]))
        return out

    def sequences(self, part: str) -> list[np.ndarray]:
        """Bases of one part.

        Parameters
        ----------
        part : str
            One of ``PARTS``.

        Returns
        -------
        list of ndarray of uint8
            One array a block.
        """
        return [self.codes[a:b] for a, b in self.blocks(part)]

    def coding(self, gene) -> np.ndarray:
        """Coding sequence of a gene, along its strand.

        Parameters
        ----------
        gene : row of ``genes``

        Returns
        -------
        ndarray of uint8, (length,)
        """
        bases = np.concatenate([self.codes[a:b] for a, b in gene.pieces])
        return codes.reverse_complement(bases) if gene.strand == "-" else bases

    def codon_usage(self) -> np.ndarray:
        """Share of each codon in the genes of the training part.

        Returns
        -------
        ndarray, (64,)
            One is added to each count.
        """
        count = np.ones(64)
        for gene in self.genes.itertuples():
            if all((self.part[a:b] == 0).all() for a, b in gene.pieces):
                bases = self.coding(gene)
                if len(bases) % 3 == 0 and bases.max() < codes.N:
                    count += np.bincount(bases.reshape(-1, 3) @ CODON, minlength=64)
        return count / count.sum()

    @cached_property
    def duplicates(self) -> np.ndarray:
        """Bases of the test part in a 24-mer of the training part, either strand, (n_bases,)."""
        words = np.concatenate([codes.canonical(s, WORD) for s in self.sequences("train")])
        out, words = np.zeros(len(self.codes), dtype=bool), np.unique(words)
        for a, b in self.blocks("test"):
            out[a:b] = codes.covered(self.codes[a:b], words, WORD)
        return out

    @property
    def fresh(self) -> np.ndarray:
        """Bases of the test part outside duplicates, (n_bases,) bool."""
        return self.inside("test") & ~self.duplicates


def load(name: str, sources: Mapping[str, specs.SourceSpec]) -> Genome:
    """Read a declared genome.

    Parameters
    ----------
    name : str
        Genome of ``data/glm_genomes.yml``.
    sources : mapping of str to SourceSpec
        Declared sources by id.

    Returns
    -------
    Genome

    Raises
    ------
    BadInput
        Unknown genome, or features that do not fit it.
    sources.Missing
        A file that cannot be had.
    """
    if name not in (known := declared()):
        raise unknown("genome", name, known)
    spec = known[name]
    if spec.source not in sources:
        raise unknown("source", spec.source, sources)
    source = sources[spec.source]
    records = {n: codes.encode(t) for n, t in readers.fasta_records(files.locate(source, "genome"))}
    lengths = {n: len(bases) for n, bases in records.items()}
    starts = dict(zip(records, np.cumsum([0, *lengths.values()]).tolist()))
    rows = _LAYOUTS[spec.layout](source)
    rows = rows[rows.seqname.isin(list(starts))]
    off = (rows.end > rows.seqname.map(lengths)) | (rows.start < 1)
    if off.any():
        raise BadInput(
            f"genome '{name}': the feature {rows[off].iloc[0].gene} runs off its chromosome; "
            "mend the file."
        )
    bases = np.concatenate(list(records.values()))
    layers = _annotate(rows, starts, len(bases))
    return Genome(spec, bases, *layers, _parts(spec, lengths), starts, _genes(rows, starts))


def _parts(spec: GenomeSpec, lengths: dict[str, int]) -> np.ndarray:
    parts = {name: np.zeros(length, dtype=np.uint8) for name, length in lengths.items()}
    left_out = {name: [] for name in spec.left_out}
    for number, blocks in enumerate((spec.validation, spec.test, left_out), start=1):
        for name, block in blocks.items():
            if name not in parts:
                raise unknown("chromosome", name, parts, where=f"genome '{spec.name}'")
            first, last = block or (1, lengths[name])
            parts[name][first - 1 : last] = number
    return np.concatenate(list(parts.values()))


def _no_features(source: specs.SourceSpec) -> pd.DataFrame:
    numeric = dict.fromkeys(("start", "end", "phase"), np.int64)
    return pd.DataFrame(columns=_FEATURES).astype(numeric)


_GFF_KINDS = {
    "CDS": "coding",
    "pseudogene": "pseudogene",
    **dict.fromkeys(("mobile_genetic_element", "repeat_region"), "mobile or repeat"),
    **dict.fromkeys("rRNA tRNA ncRNA tmRNA SRP_RNA RNase_P_RNA antisense_RNA".split(), "RNA gene"),
}


def _gff(source: specs.SourceSpec) -> pd.DataFrame:
    """Features of an NCBI GFF3 file; pseudogenes have no coding rows."""
    rows = files.table(source, "features")
    rows = rows[rows.kind.isin(list(_GFF_KINDS))]
    pseudo = rows.attributes.str.contains("pseudo=true", regex=False)
    parent = rows.attributes.str.extract(r"(?:^|;)Parent=([^;]*)")[0].fillna("")
    rows = rows.assign(
        gene=parent.str.removeprefix("gene-"),
        phase=readers.numbers(rows.phase).fillna(0),
        kind=rows.kind.map(_GFF_KINDS).where(~pseudo, "pseudogene"),
    )
    numeric = dict.fromkeys(("start", "end", "phase"), np.int64)
    return rows.astype(numeric)[_FEATURES].reset_index(drop=True)


_SGD_KINDS = {
    "CDS": "coding",
    "intron": "intron",
    "pseudogene": "pseudogene",
    **dict.fromkeys(
        "noncoding_exon tRNA_gene rRNA_gene snoRNA_gene snRNA_gene ncRNA_gene".split(), "RNA gene"
    ),
}
_SGD_REPEATS = set(
    "transposable_element_gene LTR_retrotransposon long_terminal_repeat telomere X_element "
    "telomeric_repeat X_element_combinatorial_repeat Y_prime_element".split()
)
_SGD_CHROMOSOMES = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI Mito".split()


def _sgd(source: specs.SourceSpec) -> pd.DataFrame:
    """Features of SGD's table.

    Dubious open reading frames are no genes; coding parts of transposons count as repeats.
    """
    rows = files.table(source, "features")
    rows = rows[rows.start.str.fullmatch(r"\d+") & rows.end.str.fullmatch(r"\d+")]
    kinds = dict(zip(rows.name, rows.kind))
    dubious = set(rows.name[(rows.kind == "ORF") & rows.qualifier.str.startswith("Dubious")])
    repeat = rows.kind.isin(_SGD_REPEATS) | rows.parent.map(kinds).isin(_SGD_REPEATS)
    kind = rows.kind.map(_SGD_KINDS).where(~repeat, "mobile or repeat")
    number = readers.numbers(rows.seqname.where(rows.seqname.str.fullmatch(r"\d+")))
    ends = rows[["start", "end"]].astype(np.int64)
    rows = rows.assign(
        kind=kind,
        gene=rows.parent.where(rows.parent.isin(set(rows.name[kind.isna()])), rows.name),
        seqname=number.map(dict(enumerate(_SGD_CHROMOSOMES, start=1))).fillna(""),
        start=ends.min(axis=1),
        end=ends.max(axis=1),
        strand=rows.strand.map({"W": "+", "C": "-"}).fillna("."),
    )
    rows = rows[rows.kind.notna() & ~rows.gene.isin(dubious) & (rows.gene != "")]
    return rows.assign(phase=_phases(rows))[_FEATURES].reset_index(drop=True)


def _phases(rows: pd.DataFrame) -> pd.Series:
    """Bases before the first whole codon of each coding part, from the parts before it."""
    out = pd.Series(0, index=rows.index)
    for _, part in rows[rows.kind == "coding"].groupby("gene", sort=False):
        part = part.sort_values("start", ascending=part.strand.iloc[0] != "-")
        before = (part.end - part.start + 1).cumsum().shift(fill_value=0)
        out[part.index] = -before % 3
    return out


_LAYOUTS = {"gff": _gff, "sgd": _sgd, "none": _no_features}


def _annotate(rows: pd.DataFrame, starts: dict[str, int], n: int) -> tuple[np.ndarray, ...]:
    """Class, codon position and strand of every base; later kinds of the tuple win."""
    region, position = np.zeros((2, n), dtype=np.uint8)
    strand = np.zeros(n, dtype=np.int8)
    for kind in ("mobile or repeat", "pseudogene", "intron", "coding", "RNA gene"):
        for row in rows[rows.kind == kind].itertuples():
            first = starts[row.seqname]
            part = slice(first + row.start - 1, first + row.end)
            way = {"+": 1, "-": -1}.get(row.strand, 0)
            if kind != "coding":
                region[part], position[part], strand[part] = REGIONS.index(kind), 0, way
                continue
            along = np.arange(row.end - row.start + 1)[:: 1 if way > 0 else -1]
            place = (along - row.phase) % 3 + 1
            coding = region[part] == 1
            clash = coding & (strand[part] != way)
            other_frame = coding & (position[part] != place)
            position[part] = np.where(clash | other_frame, 0, place)
            strand[part] = np.where(clash, 0, way)
            region[part] = 1
    return region, position, strand


def _genes(rows: pd.DataFrame, starts: dict[str, int]) -> pd.DataFrame:
    out = []
    for gene, part in rows[rows.kind == "coding"].groupby("gene", sort=False):
        part = part.sort_values("start")
        first = starts[part.seqname.iloc[0]]
        pieces = [(first + a - 1, first + b) for a, b in zip(part.start, part.end)]
        out.append((gene, part.strand.iloc[0], pieces))
    return pd.DataFrame(out, columns=["gene", "strand", "pieces"])
