"""Real genomes: bases, what each base is part of, and which part it belongs to."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..core import paths, specs
from ..core.errors import BadInput, check, pick
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
FEATURES = ["seqname", "kind", "start", "end", "strand", "phase", "gene"]
"""Columns of a table of features."""


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


def declared():
    """Dict of every GenomeSpec of ``data/glm_genomes.yml`` by name, in file order."""
    return specs.entries(GenomeSpec, paths.DATA / "glm_genomes.yml", "genomes")


@dataclass(frozen=True, eq=False)
class Genome:
    """A genome as arrays over all its bases, one chromosome after the other.

    Attributes
    ----------
    spec : GenomeSpec
    codes : ndarray of shape (n_bases,), uint8
        A, C, G, T, N = 0 to 4.
    region, part : ndarray of shape (n_bases,), uint8
        Number of the class in ``REGIONS``, and in ``PARTS``.
    position : ndarray of shape (n_bases,), uint8
        1, 2 or 3 in the codon; 0 outside coding sequence and where genes overlap out of frame.
    strand : ndarray of shape (n_bases,), int8
        1, -1, or 0 where nothing lies or both strands are used.
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

    def inside(self, part):
        """Mask of one of ``PARTS``, (n_bases,) bool."""
        check(PARTS, "part of a genome", part)
        return self.part == PARTS.index(part)

    def blocks(self, part):
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
        inside = np.append(self.inside(part), False)
        change = np.diff(inside, prepend=False)
        change[list(self.starts.values())] = True
        edges = np.flatnonzero(change).tolist()
        return [(a, b) for a, b in pairwise(edges) if inside[a]]

    def sequences(self, part):
        """Bases of one part, a list of one array a block."""
        return [self.codes[a:b] for a, b in self.blocks(part)]

    def coding(self, gene):
        """Coding sequence of a row of ``genes`` along its strand, (length,) uint8."""
        bases = np.concatenate([self.codes[a:b] for a, b in gene.pieces])
        return codes.reverse_complement(bases) if gene.strand == "-" else bases

    def codons(self, genes):
        """Codons of those of some rows of ``genes`` that are whole, (n, 3) int."""
        every = map(self.coding, genes)
        whole = [b.reshape(-1, 3) for b in every if len(b) % 3 == 0 and b.max() < codes.N]
        return np.concatenate([np.empty((0, 3), int), *whole])

    def codon_usage(self):
        """Share of each codon in the genes of the training part, (64,); one is added to a count."""
        trained = [
            gene
            for gene in self.genes.itertuples()
            if not any(self.part[a:b].any() for a, b in gene.pieces)
        ]
        count = 1.0 + np.bincount(self.codons(trained) @ CODON, minlength=64)
        return count / count.sum()

    @cached_property
    def duplicates(self):
        """Bases of the test part in a 24-mer of the training part, either strand, (n_bases,)."""
        words = np.concatenate([codes.canonical(s, WORD) for s in self.sequences("train")])
        out, words = np.zeros(len(self.codes), bool), np.unique(words)
        for a, b in self.blocks("test"):
            out[a:b] = codes.covered(self.codes[a:b], words, WORD)
        return out

    @property
    def fresh(self):
        """Bases of the test part outside duplicates, (n_bases,) bool."""
        return self.inside("test") & ~self.duplicates


def load(name, sources):
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
        With its features; an unknown one is an error.
    """
    spec = pick(declared(), "genome", name)
    source = pick(sources, "source", spec.source)
    records = readers.fasta_records(files.locate(source, "genome"))
    rows = []
    if spec.layout != "none":
        classes = specs.under(paths.DATA / "glm_genomes.yml", "features", dict)[spec.layout]
        kinds = {kind: region for region, kinds in classes.items() for kind in kinds}
        rows = {"gff": _gff, "sgd": _sgd}[spec.layout](files.table(source, "features"), kinds)
    return assemble(spec, {n: codes.encode(text) for n, text in records}, rows)


def assemble(spec, records, rows):
    """Lay features along the bases of a genome.

    Parameters
    ----------
    spec : GenomeSpec
    records : dict of str to ndarray of uint8
        Codes by chromosome.
    rows : DataFrame or list of tuple
        Features with the columns ``FEATURES``; of other chromosomes they are passed over.

    Returns
    -------
    Genome
        The whole; a feature or block that does not fit it is an error.
    """
    lengths = {name: len(bases) for name, bases in records.items()}
    starts = dict(zip(records, np.cumsum([0, *lengths.values()]).tolist()))
    rows = pd.DataFrame(rows, columns=FEATURES)
    whole = dict.fromkeys(("start", "end", "phase"), np.int64)
    rows = rows[rows.seqname.isin(list(starts))].astype(whole)
    first = rows.seqname.map(starts)
    off = (rows.end > rows.seqname.map(lengths)) | (rows.start < 1)
    if off.any():
        raise BadInput(
            f"genome '{spec.name}': the feature {rows[off].iloc[0].gene} runs off its chromosome; "
            "fix the file."
        )
    rows = rows.assign(start=first + rows.start - 1, end=first + rows.end)
    bases = np.concatenate(list(records.values()))
    part = np.zeros(len(bases), np.uint8)
    left_out = dict.fromkeys(spec.left_out, ())
    for number, blocks in enumerate((spec.validation, spec.test, left_out), start=1):
        for name, block in blocks.items():
            check(starts, "chromosome", name, where=f"genome '{spec.name}'")
            low, high = block or (1, lengths[name])
            part[starts[name] + low - 1 : starts[name] + high] = number
    genes = []
    for gene, pieces in rows[rows.kind == "coding"].groupby("gene", sort=False):
        ends = pieces.sort_values("start")
        genes.append((gene, pieces.strand.iloc[0], list(zip(ends.start, ends.end))))
    genes = pd.DataFrame(genes, columns=["gene", "strand", "pieces"])
    return Genome(spec, bases, *_annotate(rows, len(bases)), part, starts, genes)


def _gff(rows, kinds):
    """Features of an NCBI GFF3 file; pseudogenes have no coding rows."""
    rows = rows.assign(kind=rows.kind.map(kinds)).dropna(subset="kind")
    pseudo = rows.attributes.str.contains("pseudo=true", regex=False)
    return rows.assign(
        gene=rows.attributes.str.extract(r"(?:^|;)Parent=(?:gene-)?([^;]*)")[0].fillna(""),
        phase=readers.numbers(rows.phase).fillna(0),
        kind=rows.kind.where(~pseudo, "pseudogene"),
    )


def _sgd(rows, kinds):
    """Features of SGD's table.

    Dubious open reading frames are no genes; coding parts of transposons count as repeats.
    """
    rows = rows[rows.start.str.fullmatch(r"\d+") & rows.end.str.fullmatch(r"\d+")]
    dubious = rows.name[(rows.kind == "ORF") & rows.qualifier.str.startswith("Dubious")]
    kind, repeat = rows.kind.map(kinds), "mobile or repeat"
    kind = kind.mask(rows.parent.map(dict(zip(rows.name, kind))) == repeat, repeat)
    ends = rows[["start", "end"]].astype(np.int64)
    chromosomes = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI Mito".split()
    rows = rows.assign(
        kind=kind,
        gene=rows.parent.where(rows.parent.isin(rows.name[kind.isna()]), rows.name),
        seqname=rows.seqname.map({str(i): name for i, name in enumerate(chromosomes, 1)}),
        start=ends.min(axis=1),
        end=ends.max(axis=1),
        strand=rows.strand.map({"W": "+", "C": "-"}).fillna("."),
        phase=0,
    )
    rows = rows[rows.kind.notna() & ~rows.gene.isin(dubious) & (rows.gene != "")]
    coding = rows[rows.kind == "coding"]
    along = coding.start.where(coding.strand != "-", -coding.start)
    size = (coding.end - coding.start + 1)[along.sort_values().index]
    before = size.groupby(coding.gene).cumsum() - size
    rows.loc[before.index, "phase"] = -before % 3  # bases before the first whole codon
    return rows


def _annotate(rows, n):
    """Class, codon position and strand of every base; later kinds of the tuple win."""
    region, position = np.zeros((2, n), np.uint8)
    strand = np.zeros(n, np.int8)
    for kind in ("mobile or repeat", "pseudogene", "intron", "coding", "RNA gene"):
        for row in rows[rows.kind == kind].itertuples():
            part, way, place = slice(row.start, row.end), {"+": 1, "-": -1}.get(row.strand, 0), 0
            if kind == "coding":
                along = np.arange(row.end - row.start)[:: 1 if way > 0 else -1]
                place, taken = (along - row.phase) % 3 + 1, region[part] == 1
                clash = taken & (strand[part] != way)
                place = np.where(clash | (taken & (position[part] != place)), 0, place)
                way = np.where(clash, 0, way)
            region[part], position[part], strand[part] = REGIONS.index(kind), place, way
    return region, position, strand
