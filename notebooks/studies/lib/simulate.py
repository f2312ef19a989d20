"""A family of simulated genomes whose selection is known base by base.

Species descend from one ancestor at equilibrium between mutation, selection and drift. They share a
map: genes (two boxes before the start at a fixed distance, coding sequence with codon preferences,
stop), clusters of motifs, hairpins (fixed boxes, and arms that only have to pair), repeats without
function, and neutral DNA between.
"""

import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.core import cache
from genebench.core.specs import Spec
from genebench.glm import codes
from genebench.glm.codes import Sequence

from . import motifs
from .landscape import CODING, MOTIF, REPEAT, STRUCTURE, Landscape, Mutation, evolve

TEST = "chr6"
"""Chromosome that models are tested on."""
_STOPS = [48, 50, 56]
"""Numbers of TAA, TAG and TGA."""
_CLASSES = {"motif": MOTIF, "gene": CODING, "hairpin": STRUCTURE, "repeat": REPEAT}
"""Class of region by kind of element."""


class Design(Spec):
    """Size and strength of a simulated family.

    Attributes
    ----------
    chromosomes, species, motifs : dict of str to int, int, int
        Lengths in bases; how many.
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
    """One chromosome of the map; elements: ``kind, name, start, end, strand``."""

    landscape: Landscape
    elements: pd.DataFrame


@dataclass(frozen=True)
class Family:
    """The map, the planted motifs, and the sequences.

    Attributes
    ----------
    design : Design
    chromosomes, motifs : dict of str to Chromosome, dict of str to ndarray of shape (width, 4)
        The map, and the planted motifs.
    sequences : dict of int to dict of str to Sequence
        Species (1, 2, ...) -> chromosome -> sequence.
    mutation : Mutation
    """

    design: Design
    chromosomes: dict[str, Chromosome]
    motifs: dict[str, np.ndarray]
    sequences: dict[int, dict[str, Sequence]]
    mutation: Mutation

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
        columns = {
            "position": position,
            "ref": bases[position],
            "alt": alt.astype(np.uint8),
            "region": landscape.region[position],
            "S": landscape.gain(bases, every)[position, alt].astype(np.float32),
            "bias": np.log(rate / back).astype(np.float32),
        }
        frame = pd.DataFrame(columns)
        return frame.assign(oracle=frame["S"] + frame.bias, rate=rate)


class _Map:
    """Draws the elements of a family and places them on one chromosome after another."""

    def __init__(self, design: Design, planted: dict[str, np.ndarray], neutral: np.ndarray) -> None:
        self.design, self.rng = design, np.random.default_rng([design.seed, 0])
        self.planted = {name: np.log(matrix / neutral) for name, matrix in planted.items()}
        self.usage = self.rng.normal(0, design.usage, 64)
        self.usage[_STOPS] = design.stop
        self.boxes = [self._fixed(self.rng.integers(0, 4, n)) for n in (6, 5, 6)]
        names = [f"repeat {i}" for i in (1, 2, 3)]
        self.repeats = {n: self.rng.integers(0, 4, 250).astype(np.uint8) for n in names}

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

    def _put(self, kind: str, name: str, at: int, fitness: np.ndarray, strand: int) -> int:
        """Put an element of site-wise fitness down; returns its end."""
        end = at + len(fitness)
        self.land.site[at:end] = fitness[::strand, ::strand]
        self.land.region[at:end] = _CLASSES[kind]
        self.rows.append((kind, name, at, end, strand))
        return end

    def _motif(self, name: str, at: int, strand: int) -> int:
        return self._put("motif", name, at, self.planted[name], strand)

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
        start, stop = self._fixed([0, 3, 2]), self._fixed([3, 0, 0])
        whole = np.concatenate([start, np.zeros((3 * count, 4)), stop])
        end = self._put("gene", "gene", at, whole, strand)
        inner = np.arange(at + 3, end - 3).reshape(-1, 3)
        self.land.codon[at + 3 : end - 3] = np.repeat(inner[:, ::strand], 3, axis=0)
        self.land.reverse[at:end] = strand < 0
        return end

    def _cluster(self, at: int, strand: int) -> int:
        """Two to five motifs on either strand, 4 to 12 bases apart."""
        names, rng = list(self.planted), self.rng
        for _ in range(int(rng.integers(2, 6))):
            name = names[rng.integers(len(names))]
            at = self._motif(name, at, self._strand()) + int(rng.integers(4, 13))
        return at

    def _hairpin(self, at: int, strand: int) -> int:
        """Fixed box, arm of 6, fixed loop, the arm that pairs with the first, fixed box."""
        arm = np.zeros((6, 4))
        first, loop, last = self.boxes
        whole = np.concatenate([first, arm, loop, arm, last])
        end = self._put("hairpin", "hairpin", at, whole, strand)
        inner = np.arange(at + 6, end - 6)
        left, right = inner[:6], inner[-6:]
        self.land.partner[left], self.land.partner[right] = right[::-1], left[::-1]
        return end

    def _repeat(self, at: int, strand: int) -> int:
        """A copy of one of three families; its bases are put in when the ancestor has settled."""
        name = list(self.repeats)[self.rng.integers(len(self.repeats))]
        return self._put("repeat", name, at, np.zeros((250, 4)), strand)


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


def simulate(design: Design, profiles: dict[str, np.ndarray]) -> Family:
    """Simulate a family; the same design gives the same bases.

    Parameters
    ----------
    design : Design
    profiles : dict of str to ndarray of shape (width, 4)
        Probabilities of motifs to choose from.

    Returns
    -------
    Family
    """
    mutation = Mutation()
    neutral = mutation.neutral()
    planted = motifs.distinct(profiles, design.motifs, bits=design.bits)
    drawn = _Map(design, planted, neutral)
    chromosomes = {name: drawn.chromosome(n) for name, n in design.chromosomes.items()}
    sequences: dict[int, dict[str, Sequence]] = {i: {} for i in range(1, design.species + 1)}
    for number, (name, chromosome) in enumerate(chromosomes.items()):
        land, rng = chromosome.landscape, np.random.default_rng([design.seed, 1, number])
        let_evolve = partial(evolve, landscape=land, mutation=mutation, rng=rng)
        bases = let_evolve(_beginning(land, neutral, rng), time=design.settle)
        for row in chromosome.elements.itertuples():
            if row.kind == "repeat":
                copy = drawn.repeats[row.name]
                bases[row.start : row.end] = copy if row.strand > 0 else 3 - copy[::-1]
        for species, by_name in sequences.items():
            now = let_evolve(bases, time=design.branch)
            by_name[name] = Sequence(name, now, land.region == REPEAT, land.region, species)
    return Family(design, chromosomes, planted, sequences, mutation)


def write_family(family: Family, out: Path | str, *, chromosome: str = TEST) -> list[Path]:
    """Write one FASTA a species (repeats in small letters), the elements, and the truth.

    Parameters
    ----------
    family : Family
    out : Path or str
    chromosome : str
        Whose substitutions, of the first species, are written.

    Returns
    -------
    list of Path
    """
    out, texts = Path(out), {}
    for number, sequences in family.sequences.items():
        rows = {name: codes.decode(s.codes, s.repeats) for name, s in sequences.items()}
        texts[f"species{number}.fa"] = "".join(
            f">{name}\n{textwrap.fill(row, 60)}\n" for name, row in rows.items()
        )
    elements = [c.elements.assign(chrom=name) for name, c in family.chromosomes.items()]
    truth = family.truth(chromosome).assign(chrom=chromosome)
    frames = {"elements.tsv": pd.concat(elements), "truth.tsv": truth}
    options = {"sep": "\t", "index": False, "float_format": "%.5g", "lineterminator": "\n"}
    texts |= {name: frame.to_csv(**options) for name, frame in frames.items()}
    for name, text in texts.items():
        with cache.atomic(out / name) as temporary:
            temporary.write_text(text, encoding="ascii")
    return [out / name for name in texts]
