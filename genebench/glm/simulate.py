"""A family of simulated genomes whose selection is known base by base.

Species descend from one ancestor at equilibrium between mutation, selection and drift. They share a
map: genes (two boxes before the start at a fixed distance, coding sequence with codon preferences,
stop), clusters of motifs, hairpins (fixed boxes, and arms that only have to pair), repeats without
function, and neutral DNA between.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import cache
from ..core.specs import Spec
from . import codes, motifs
from .codes import Sequence
from .landscape import CODING, MOTIF, REPEAT, STRUCTURE, Landscape, Mutation, evolve

TEST = "chr6"
"""Chromosome that models are tested on."""
_STOPS = [48, 50, 56]
"""Numbers of TAA, TAG and TGA."""


class Design(Spec):
    """Size and strength of a simulated family.

    Attributes
    ----------
    chromosomes : dict of str to int
        Lengths in bases.
    species, motifs : int
        How many.
    bits : float
        Least information of a planted profile, bits a position.
    consensus : float
        Scaled fitness of the one right base in fixed boxes, start and stop codons.
    usage, stop : float
        Deviation of the scaled fitness of codons, and that of a stop codon inside a gene.
    genes, clusters, hairpins, repeats : float
        How often each kind of element is placed, relative to the others.
    spacer : int
        Neutral bases between elements, on average.
    settle, branch : float
        Time that the ancestor evolves to equilibrium, and from it to each species.
    theta : float
        Population-scaled mutation rate of the species whose variants are drawn.
    """

    chromosomes: dict[str, int] = {f"chr{i}": 200_000 for i in range(1, 7)}
    species: int = 4
    motifs: int = 8
    bits: float = 1.2
    consensus: float = 5.0
    usage: float = 1.5
    stop: float = -8.0
    genes: float = 1.0
    clusters: float = 2.0
    hairpins: float = 1.5
    repeats: float = 0.3
    spacer: int = 25
    settle: float = 2.0
    branch: float = 0.3
    theta: float = 0.02
    seed: int = 20240711


@dataclass(frozen=True)
class Chromosome:
    """One chromosome of the map.

    Attributes
    ----------
    landscape : Landscape
        Selection on its bases.
    elements : DataFrame
        ``kind, name, start, end, strand``.
    """

    landscape: Landscape
    elements: pd.DataFrame


@dataclass(frozen=True)
class Family:
    """The map, the planted motifs, and the sequences.

    Attributes
    ----------
    design : Design
        Size and strength.
    chromosomes : dict of str to Chromosome
        The map.
    motifs : dict of str to ndarray of shape (width, 4)
        Planted motifs.
    sequences : dict of int to dict of str to Sequence
        Species (1, 2, ...) -> chromosome -> sequence.
    mutation : Mutation
        Rates.
    """

    design: Design
    chromosomes: dict[str, Chromosome]
    motifs: dict[str, np.ndarray]
    sequences: dict[int, dict[str, Sequence]]
    mutation: Mutation = field(default_factory=Mutation)

    def truth(self, name: str) -> pd.DataFrame:
        """Every substitution of a chromosome of the first species.

        Parameters
        ----------
        name : str
            Chromosome.

        Returns
        -------
        DataFrame
            ``position`` (0-based), ``ref, alt`` (codes), ``region`` (code), ``S``, ``bias`` (log
            rate over rate back), ``oracle`` (their sum, the true LLR), ``rate``.
        """
        bases, landscape = self.sequences[1][name].codes, self.chromosomes[name].landscape
        every = np.arange(len(bases))
        position, alt = np.nonzero(np.arange(4) != bases[:, None])
        rate, back = (r[position, alt] for r in self.mutation.rates(bases, every))
        s = landscape.gain(bases, every)[position, alt].astype(np.float32)
        bias = np.log(rate / back).astype(np.float32)
        columns = {"position": position, "ref": bases[position], "alt": alt.astype(np.uint8)}
        columns |= {"region": landscape.region[position], "S": s, "bias": bias}
        return pd.DataFrame(columns | {"oracle": s + bias, "rate": rate})


class _Map:
    """Draws the elements of a family and places them on one chromosome after another."""

    def __init__(self, design: Design, planted: dict[str, np.ndarray], neutral: np.ndarray) -> None:
        self.design, self.rng = design, np.random.default_rng([design.seed, 0])
        self.planted = {name: np.log(matrix / neutral) for name, matrix in planted.items()}
        self.usage = self.rng.normal(0, design.usage, 64)
        self.usage[_STOPS] = design.stop
        self.boxes = [self._fixed(self.rng.integers(0, 4, n)) for n in (6, 5, 6)]
        self.repeats = [self.rng.integers(0, 4, 250).astype(np.uint8) for _ in range(3)]

    def _fixed(self, bases) -> np.ndarray:
        return self.design.consensus * (np.arange(4) == np.asarray(bases)[:, None])

    def chromosome(self, length: int) -> Chromosome:
        """Draw a chromosome of a length."""
        design, rng = self.design, self.rng
        self.land, self.rows = Landscape.neutral(length, self.usage), []
        place = [self._gene, self._cluster, self._hairpin, self._repeat]
        share = np.array([design.genes, design.clusters, design.hairpins, design.repeats])
        at = int(rng.geometric(1 / design.spacer))
        while at < length - 600:
            kind = place[rng.choice(4, p=share / share.sum())]
            at = kind(at, self._strand()) + int(rng.geometric(1 / design.spacer))
        columns = ["kind", "name", "start", "end", "strand"]
        return Chromosome(self.land, pd.DataFrame(self.rows, columns=columns))

    def _strand(self) -> int:
        return 1 if self.rng.random() < 0.5 else -1

    def _note(self, kind: str, name: str, start: int, end: int, strand: int) -> int:
        """Note an element; returns its end."""
        self.rows.append((kind, name, start, int(end), strand))
        return int(end)

    def _put(self, start: int, fitness: np.ndarray, region: int, strand: int) -> int:
        """Put site-wise fitness down; returns its end."""
        end = start + len(fitness)
        self.land.site[start:end] = fitness[::strand, ::strand]
        self.land.region[start:end] = region
        return end

    def _motif(self, name: str, at: int, strand: int) -> int:
        return self._note(
            "motif", name, at, self._put(at, self.planted[name], MOTIF, strand), strand
        )

    def _gene(self, at: int, strand: int) -> int:
        """Box, 17 bases, box, a leader of 15 to 35, start, 50 to 110 codons, stop."""
        first, second = (partial(self._motif, name) for name in list(self.planted)[:2])
        coding = partial(self._coding, int(self.rng.integers(50, 111)))
        leader = int(self.rng.integers(15, 36))
        parts = [first, second, coding][::strand]
        for part, gap in zip(parts, [*[17, leader][::strand], 0]):
            at = part(at, strand) + gap
        return at

    def _coding(self, count: int, at: int, strand: int) -> int:
        land, end = self.land, at + 3 * (count + 2)
        land.region[at:end] = CODING
        ends = [self._fixed([0, 3, 2]), self._fixed([3, 0, 0])][::strand]
        self._put(at, ends[0], CODING, strand)
        self._put(end - 3, ends[1], CODING, strand)
        inner = np.arange(at + 3, end - 3).reshape(-1, 3)
        land.codon[at + 3 : end - 3] = np.repeat(inner[:, ::strand], 3, axis=0)
        land.reverse[at:end] = strand < 0
        return self._note("gene", "gene", at, end, strand)

    def _cluster(self, at: int, strand: int) -> int:
        """Two to five motifs on either strand, 4 to 12 bases apart."""
        names, rng = list(self.planted), self.rng
        for _ in range(int(rng.integers(2, 6))):
            name = names[rng.integers(len(names))]
            at = self._motif(name, at, self._strand()) + int(rng.integers(4, 13))
        return at

    def _hairpin(self, at: int, strand: int) -> int:
        """Fixed box, arm of 6, fixed loop, the arm that pairs with the first, fixed box."""
        end, arms = at - 6, []
        for box in self.boxes[::strand]:
            end = self._put(end + 6, box, STRUCTURE, strand)
            arms.append(np.arange(end, end + 6))
        left, right, _ = arms
        self.land.region[at:end] = STRUCTURE
        self.land.partner[left], self.land.partner[right] = right[::-1], left[::-1]
        return self._note("hairpin", "hairpin", at, end, strand)

    def _repeat(self, at: int, strand: int) -> int:
        """A copy of one of three families; its bases are put in when the ancestor has settled."""
        number = int(self.rng.integers(len(self.repeats)))
        end = at + len(self.repeats[number])
        self.land.region[at:end] = REPEAT
        return self._note("repeat", f"repeat {number + 1}", at, end, strand)


def _beginning(landscape: Landscape, neutral: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A first sequence near equilibrium: each base by mutation and its own fitness; arms paired."""
    weight = neutral * np.exp(landscape.site)
    running = (weight / weight.sum(1, keepdims=True)).cumsum(1)
    bases = (running < rng.random((len(weight), 1))).sum(1).clip(max=3).astype(np.uint8)
    index = np.arange(len(bases))
    later = np.flatnonzero((landscape.partner >= 0) & (landscape.partner < index))
    bases[later] = 3 - bases[landscape.partner[later]]
    share = np.exp(landscape.usage) * neutral[codes.spelt(3)].prod(1)
    first = landscape.codon[:, 0] == index
    for reverse in (False, True):
        places = landscape.codon[first & (landscape.reverse == reverse)]
        drawn = rng.choice(64, len(places), p=share / share.sum())
        read = codes.spelt(3)[drawn].astype(np.uint8)
        bases[places] = 3 - read if reverse else read
    return bases


def simulate(
    design: Design,
    profiles: dict[str, np.ndarray],
    *,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Family:
    """Simulate a family; the same design gives the same bases.

    Parameters
    ----------
    design : Design
        Size and strength.
    profiles : dict of str to ndarray of shape (width, 4)
        Probabilities of motifs to choose from.
    progress : callable
        Takes a stage, the chromosomes done and all.

    Returns
    -------
    Family
        Its map and sequences.
    """
    mutation = Mutation()
    neutral = mutation.neutral()
    planted = motifs.distinct(profiles, design.motifs, bits=design.bits)
    drawn = _Map(design, planted, neutral)
    chromosomes = {name: drawn.chromosome(n) for name, n in design.chromosomes.items()}
    sequences: dict[int, dict[str, Sequence]] = {i: {} for i in range(1, design.species + 1)}
    for number, (name, chromosome) in enumerate(chromosomes.items()):
        land, elements = chromosome.landscape, chromosome.elements
        rng = np.random.default_rng([design.seed, 1, number])
        bases = evolve(_beginning(land, neutral, rng), land, mutation, rng, time=design.settle)
        for row in elements[elements.kind == "repeat"].itertuples():
            copy = drawn.repeats[int(row.name.split()[1]) - 1]
            bases[row.start : row.end] = copy if row.strand > 0 else codes.reverse_complement(copy)
        for species in sequences:
            now = evolve(bases, land, mutation, rng, time=design.branch)
            repeats = land.region == REPEAT
            sequences[species][name] = Sequence(name, now, repeats, land.region, species)
        progress("simulating", number + 1, len(chromosomes))
    return Family(design, chromosomes, planted, sequences, mutation)


def write_family(family: Family, out: Path, *, chromosome: str = TEST) -> list[Path]:
    """Write one FASTA a species (repeats in small letters), the elements, and the truth.

    Parameters
    ----------
    family : Family
        What is written.
    out : Path
        Folder.
    chromosome : str
        Whose substitutions, of the first species, are written.

    Returns
    -------
    list of Path
        The files.
    """
    texts = {f"species{i}.fa": _fasta(rows) for i, rows in family.sequences.items()}
    parts = [c.elements.assign(chrom=name) for name, c in family.chromosomes.items()]
    truth = family.truth(chromosome).assign(chrom=chromosome)
    frames = {"elements.tsv": pd.concat(parts, ignore_index=True), "truth.tsv": truth}
    options = {"sep": "\t", "index": False, "float_format": "%.5g", "lineterminator": "\n"}
    texts |= {name: frame.to_csv(**options) for name, frame in frames.items()}
    for name, text in texts.items():
        with cache.atomic(out / name) as temporary:
            temporary.write_text(text, encoding="ascii")
    return [out / name for name in texts]


def _fasta(sequences: dict[str, Sequence]) -> str:
    lines = []
    for name, s in sequences.items():
        letters = zip(codes.decode(s.codes), s.repeats)
        text = "".join(c.lower() if repeat else c for c, repeat in letters)
        lines += [f">{name}", textwrap.fill(text, 60)]
    return "\n".join(lines) + "\n"
