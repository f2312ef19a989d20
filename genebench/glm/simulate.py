"""A family of simulated genomes whose selection is known base by base.

Species descend from one ancestor at equilibrium between mutation, selection and drift. Their genomes share a map:
genes (two boxes before the start at a fixed distance, coding sequence with codon preferences, stop), clusters of
motifs (real profiles of JASPAR), hairpins (fixed boxes, and arms that only have to pair), repeats without function, and
neutral DNA between. See ``landscape`` for the forces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.specs import Spec
from . import codes, motifs
from .codes import Sequence
from .landscape import CODING, MOTIF, REPEAT, STRUCTURE, Landscape, Mutation, evolve, segregating


class Design(Spec):
    """Size and strength of a simulated family; lengths in bases."""

    chromosomes: dict[str, int] = {f"chr{i}": 200_000 for i in range(1, 7)}
    species: int = 4
    motifs: int = 8
    bits: float = 1.2
    """Least information of a planted profile, bits a position."""
    consensus: float = 5.0
    """Scaled fitness of the one right base in fixed boxes, start and stop codons."""
    usage: float = 1.5
    """Deviation of the scaled fitness of codons."""
    stop: float = -8.0
    """Scaled fitness of a stop codon inside a gene."""
    genes: float = 1.0
    clusters: float = 2.0
    hairpins: float = 1.5
    repeats: float = 0.3
    """How often each kind of element is placed, relative to the others."""
    spacer: int = 25
    """Neutral bases between elements, on average."""
    settle: float = 2.0
    """Time that the ancestor evolves to equilibrium."""
    branch: float = 0.3
    """Time from the ancestor to each species."""
    theta: float = 0.02
    """Population-scaled mutation rate of the species whose variants are drawn."""
    seed: int = 20240711


@dataclass(frozen=True)
class Chromosome:
    """One chromosome of the map: what selection wants of it, and its elements (``kind, name, start, end, strand``)."""

    name: str
    landscape: Landscape
    elements: pd.DataFrame


@dataclass(frozen=True)
class Family:
    """The map, the planted motifs, and the sequences: species (1 … n) → chromosome → ``Sequence``."""

    design: Design
    chromosomes: dict[str, Chromosome]
    motifs: dict[str, np.ndarray]
    sequences: dict[int, dict[str, Sequence]]
    mutation: Mutation = field(default_factory=Mutation)

    def truth(self, name: str, species: int = 1) -> pd.DataFrame:
        """Every substitution of a chromosome: ``position`` (0-based), ``ref``, ``alt`` (codes), ``region`` (code),
        ``S``, ``bias`` (log rate over rate back), ``oracle`` (their sum, the true log-likelihood ratio), ``rate``."""
        bases = self.sequences[species][name].codes
        s = self.chromosomes[name].landscape.selection(bases)
        bias, rate = self.mutation.bias(bases), self.mutation.rates(bases, np.arange(len(bases)))
        position, alt = np.nonzero(np.arange(4) != bases[:, None])
        frame = pd.DataFrame(
            {"position": position, "ref": bases[position], "alt": alt.astype(np.uint8)}
        )
        frame["region"] = self.chromosomes[name].landscape.region[position]
        for column, values in (("S", s), ("bias", bias), ("oracle", s + bias), ("rate", rate)):
            frame[column] = values[position, alt]
        return frame

    def population(self, truth: pd.DataFrame, *, sample: int = 200) -> np.ndarray:
        """Copies of each mutation of ``truth`` among ``sample`` chromosomes of a population; 0: not found."""
        rng = np.random.default_rng([self.design.seed, 99])
        return segregating(
            truth.S.to_numpy(), truth.rate.to_numpy(), rng, theta=self.design.theta, sample=sample
        )


class _Draft:
    """A chromosome while its elements are placed one after another."""

    def __init__(self, length: int, usage: np.ndarray) -> None:
        self.site = np.zeros((length, 4))
        self.region = np.zeros(length, dtype=np.uint8)
        self.codon = np.full((length, 3), -1, dtype=np.int64)
        self.reverse = np.zeros(length, dtype=bool)
        self.partner = np.full(length, -1, dtype=np.int64)
        self.usage, self.length, self.rows = usage, length, []

    def note(self, kind: str, name: str, start: int, end: int, strand: int) -> None:
        self.rows.append((kind, name, start, end, strand))

    def matrix(self, start: int, fitness: np.ndarray, region: int, strand: int) -> int:
        """Put site-wise fitness down at ``start``; returns its end."""
        end = start + len(fitness)
        self.site[start:end] = fitness if strand > 0 else fitness[::-1, ::-1]
        self.region[start:end] = region
        return end

    def done(self, name: str) -> Chromosome:
        elements = pd.DataFrame(self.rows, columns=["kind", "name", "start", "end", "strand"])
        held = Landscape(self.site, self.region, self.codon, self.reverse, self.usage, self.partner)
        return Chromosome(name, held, elements)


STOPS = tuple(16 * 3 + 4 * a + b for a, b in ((0, 0), (0, 2), (2, 0)))
"""Indices of TAA, TAG and TGA."""


def codon_usage(design: Design, rng: np.random.Generator) -> np.ndarray:
    """Scaled fitness of the 64 codons, (64,); preferences are drawn, stops are nearly lethal."""
    out = rng.normal(0, design.usage, 64)
    out[list(STOPS)] = design.stop
    return out


class _Map:
    """Draws the elements of a family and places them."""

    def __init__(self, design: Design, planted: dict[str, np.ndarray], neutral: np.ndarray) -> None:
        self.design, self.rng = design, np.random.default_rng([design.seed, 0])
        self.planted = {name: np.log(matrix / neutral) for name, matrix in planted.items()}
        self.usage = codon_usage(design, self.rng)
        box = lambda n: self._fixed(self.rng.integers(0, 4, n))  # noqa: E731
        self.boxes = [box(6), box(5), box(6)]
        self.families = [self.rng.integers(0, 4, 250).astype(np.uint8) for _ in range(3)]

    def _fixed(self, bases) -> np.ndarray:
        return self.design.consensus * (np.arange(4) == np.asarray(bases)[:, None])

    def chromosome(self, name: str, length: int) -> Chromosome:
        draft = _Draft(length, self.usage)
        kinds = {
            self.gene: self.design.genes,
            self.cluster: self.design.clusters,
            self.hairpin: self.design.hairpins,
            self.repeat: self.design.repeats,
        }
        share = np.array(list(kinds.values()))
        at = int(self.rng.geometric(1 / self.design.spacer))
        while at < length - 600:
            place = list(kinds)[self.rng.choice(len(kinds), p=share / share.sum())]
            at = place(draft, at, 1 if self.rng.random() < 0.5 else -1)
            at += int(self.rng.geometric(1 / self.design.spacer))
        return draft.done(name)

    def _motif(self, draft: _Draft, at: int, name: str, strand: int) -> int:
        end = draft.matrix(at, self.planted[name], MOTIF, strand)
        draft.note("motif", name, at, end, strand)
        return end

    def gene(self, draft: _Draft, at: int, strand: int) -> int:
        """Box, 17 bases, box, a leader of 15 to 35, start, 50 to 110 codons, stop; or all of it on the other strand."""
        rng, names = self.rng, list(self.planted)
        count, leader = int(rng.integers(50, 111)), int(rng.integers(15, 36))
        first, second = names[0], names[1]
        if strand > 0:
            end = self._motif(draft, at, first, strand)
            end = self._motif(draft, end + 17, second, strand)
            return self._coding(draft, end + leader, strand, count)
        end = self._coding(draft, at, strand, count)
        end = self._motif(draft, end + leader, second, strand)
        return self._motif(draft, end + 17, first, strand)

    def _coding(self, draft: _Draft, at: int, strand: int, count: int) -> int:
        end = at + 3 * (count + 2)
        draft.note("gene", "gene", at, end, strand)
        draft.region[at:end] = CODING
        start, stop = self._fixed([0, 3, 2]), self._fixed([3, 0, 0])
        for fitness, place in ((start, 0), (stop, count + 1)):
            here = at + 3 * place if strand > 0 else end - 3 * (place + 1)
            draft.matrix(here, fitness, CODING, strand)
        inner = np.arange(at + 3, end - 3).reshape(-1, 3)
        draft.codon[at + 3 : end - 3] = np.repeat(
            inner if strand > 0 else inner[:, ::-1], 3, axis=0
        )
        draft.reverse[at:end] = strand < 0
        return end

    def cluster(self, draft: _Draft, at: int, strand: int) -> int:
        """Two to five motifs on either strand, 4 to 12 bases apart."""
        names = list(self.planted)
        for _ in range(int(self.rng.integers(2, 6))):
            name = names[self.rng.integers(len(names))]
            at = self._motif(draft, at, name, 1 if self.rng.random() < 0.5 else -1)
            at += int(self.rng.integers(4, 13))
        return at

    def hairpin(self, draft: _Draft, at: int, strand: int) -> int:
        """Fixed box, arm of 6, fixed loop, the arm that pairs with the first, fixed box."""
        first = at
        boxes = self.boxes if strand > 0 else self.boxes[::-1]
        at = draft.matrix(at, boxes[0], STRUCTURE, strand)
        left = np.arange(at, at + 6)
        at = draft.matrix(at + 6, boxes[1], STRUCTURE, strand)
        right = np.arange(at, at + 6)
        at = draft.matrix(at + 6, boxes[2], STRUCTURE, strand)
        draft.region[first:at] = STRUCTURE
        draft.partner[left], draft.partner[right] = right[::-1], left[::-1]
        draft.note("hairpin", "hairpin", first, at, strand)
        return at

    def repeat(self, draft: _Draft, at: int, strand: int) -> int:
        """A copy of one of three families; its bases are put in when the ancestor has settled."""
        family = int(self.rng.integers(len(self.families)))
        end = at + len(self.families[family])
        draft.region[at:end] = REPEAT
        draft.note("repeat", f"repeat {family + 1}", at, end, strand)
        return end


def _beginning(landscape: Landscape, neutral: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A first sequence near equilibrium: each base by mutation and its own fitness; arms of hairpins paired."""
    weight = neutral * np.exp(landscape.site)
    running = (weight / weight.sum(1, keepdims=True)).cumsum(1)
    bases = (running < rng.random((len(weight), 1))).sum(1).clip(max=3).astype(np.uint8)
    later = np.flatnonzero((landscape.partner >= 0) & (landscape.partner < np.arange(len(bases))))
    bases[later] = 3 - bases[landscape.partner[later]]
    first = np.flatnonzero((landscape.codon[:, 0] == np.arange(len(bases))) & ~landscape.reverse)
    last = np.flatnonzero((landscape.codon[:, 0] == np.arange(len(bases))) & landscape.reverse)
    index = np.arange(64)
    share = (
        np.exp(landscape.usage)
        * neutral[index // 16]
        * neutral[index // 4 % 4]
        * neutral[index % 4]
    )
    for at, sign in ((first, 1), (last, -1)):
        drawn = rng.choice(64, len(at), p=share / share.sum())
        for j, scale in enumerate((16, 4, 1)):
            base = (drawn // scale % 4).astype(np.uint8)
            bases[at + sign * j] = base if sign > 0 else 3 - base
    return bases


def family(
    design: Design | None = None,
    *,
    profiles: dict[str, np.ndarray] | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Family:
    """Simulate a family; the same design gives the same bases.

    ``profiles``: motifs to choose from, name → (width, 4) probabilities; None: the human profiles of JASPAR CORE.
    """
    design = design or Design()
    mutation = Mutation()
    neutral = mutation.neutral()
    planted = motifs.chosen(
        profiles if profiles is not None else motifs.jaspar(), design.motifs, bits=design.bits
    )
    drawn = _Map(design, planted, neutral)
    chromosomes = {
        name: drawn.chromosome(name, length) for name, length in design.chromosomes.items()
    }
    sequences: dict[int, dict[str, Sequence]] = {kind: {} for kind in range(1, design.species + 1)}
    for number, (name, held) in enumerate(chromosomes.items()):
        rng = np.random.default_rng([design.seed, 1, number])
        bases = _beginning(held.landscape, neutral, rng)
        bases = evolve(bases, held.landscape, mutation, rng, time=design.settle)
        for row in held.elements[held.elements.kind == "repeat"].itertuples():
            copy = drawn.families[int(row.name.split()[1]) - 1]
            bases[row.start : row.end] = copy if row.strand > 0 else codes.reverse_complement(copy)
        repeats = held.landscape.region == REPEAT
        for kind in sequences:
            now = evolve(bases, held.landscape, mutation, rng, time=design.branch)
            sequences[kind][name] = Sequence(name, now, repeats, held.landscape.region, kind)
        progress("simulating", number + 1, len(chromosomes))
    return Family(design, chromosomes, planted, sequences, mutation)


def write_family(
    out: Path, *, seed: int = 0, progress=lambda stage, done, total: None
) -> list[Path]:
    """Write one FASTA a species (repeats in small letters), the elements, and the truth of the first species."""
    from ..core import cache

    design = Design(**({"seed": seed} if seed else {}))
    made_family = family(design, progress=progress)
    made = []
    for kind, held in made_family.sequences.items():
        made.append(out / f"species{kind}.fa")
        with cache.atomic(made[-1]) as temporary, open(temporary, "w", encoding="ascii") as stream:
            for name, s in held.items():
                text = codes.decode(s.codes)
                text = "".join(c.lower() if r else c for c, r in zip(text, s.repeats))
                stream.write(
                    f">{name}\n" + "".join(text[i : i + 60] + "\n" for i in range(0, len(text), 60))
                )
    elements = pd.concat(
        [c.elements.assign(chrom=n) for n, c in made_family.chromosomes.items()], ignore_index=True
    )
    first = "chr6"  # the chromosome that studies test on
    truth = made_family.truth(first).assign(chrom=first)
    for name, frame in (("elements.tsv", elements), ("truth.tsv", truth)):
        made.append(out / name)
        with cache.atomic(made[-1]) as temporary:
            frame.to_csv(temporary, sep="\t", index=False, float_format="%.5g")
    return made
