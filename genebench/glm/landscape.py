"""Fitness of a simulated genome, and the mutation that works against it.

Everything is scaled: a fitness F is 2 N times its logarithm, so that a mutation of F → F + S has selection coefficient
S and is fixed S / (1 − exp(−S)) times as often as a neutral one (Kimura 1962; Halpern & Bruno 1998). At equilibrium a
base is then found in proportion to what mutation makes of it times exp(F) (Sella & Hirsh 2005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEUTRAL, CODING, MOTIF, STRUCTURE, REPEAT = range(5)
REGIONS = ("neutral", "coding", "motif", "structure", "repeat")
"""Names of the classes of region, by code."""

PAIRS = np.zeros((4, 4))
"""Fitness of two paired bases: 4 for Watson and Crick, 2 for G·T, 0 else."""
for _a, _b, _f in ((0, 3, 4.0), (1, 2, 4.0), (2, 3, 2.0)):
    PAIRS[_a, _b] = PAIRS[_b, _a] = _f


@dataclass(frozen=True)
class Landscape:
    """What selection wants of one chromosome of L bases.

    ``site``: fitness of each base where it acts alone, (L, 4), 0 elsewhere. ``region``: class, (L,). ``codon``: the
    three positions of a coding base's codon in reading order, (L, 3), −1 elsewhere; ``reverse``: whether it is read on
    the other strand. ``usage``: fitness of the 64 codons. ``partner``: the paired position, (L,), −1: none.
    """

    site: np.ndarray
    region: np.ndarray
    codon: np.ndarray
    reverse: np.ndarray
    usage: np.ndarray
    partner: np.ndarray

    def fitness(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Fitness at positions if each held A, C, G or T and all else stayed, (len(at), 4), up to a constant."""
        out = self.site[at].copy()
        coding = np.flatnonzero(self.codon[at, 0] >= 0)
        if len(coding):
            out[coding] += self._codons(bases, at[coding])
        paired = np.flatnonzero(self.partner[at] >= 0)
        out[paired] += PAIRS[bases[self.partner[at[paired]]]]
        return out

    def _codons(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        places, reverse = self.codon[at], self.reverse[at]
        read = np.where(reverse[:, None], 3 - bases[places], bases[places]).astype(np.int64)
        phase = (places == at[:, None]).argmax(1)
        scale = np.array([16, 4, 1])
        rest = (read * scale).sum(1) - read[np.arange(len(at)), phase] * scale[phase]
        index = rest[:, None] + np.arange(4) * scale[phase][:, None]
        found = self.usage[index]
        return np.where(reverse[:, None], found[:, ::-1], found)

    def selection(self, bases: np.ndarray) -> np.ndarray:
        """Scaled selection coefficient S of every substitution, (L, 4) float32; 0 for the base itself."""
        fitness = self.fitness(bases, np.arange(len(bases)))
        return (fitness - np.take_along_axis(fitness, bases[:, None].astype(np.int64), 1)).astype(
            np.float32
        )


def fixation(s: np.ndarray) -> np.ndarray:
    """How often a mutation is fixed, relative to a neutral one: S / (1 − exp(−S)); 1 at 0."""
    s = np.clip(s, -60, 60)
    small = np.abs(s) < 1e-6
    return np.where(small, 1 + s / 2, s / -np.expm1(-np.where(small, 1.0, s)))


@dataclass(frozen=True)
class Mutation:
    """Rates of mutation: transitions ``transition`` times the transversions, bases G and C lost ``to_at`` times as
    readily as won, and the C or G of a CpG ``cpg`` times as readily by transition. Both strands alike."""

    transition: float = 3.0
    to_at: float = 1.5
    cpg: float = 6.0

    def table(self) -> np.ndarray:
        """Rates without context, (4, 4) from row to column; scaled to 1 a base on average over even bases."""
        rate = np.ones((4, 4))
        for a, b in ((0, 2), (1, 3)):
            rate[a, b] = rate[b, a] = self.transition
        rate[np.ix_([1, 2], [0, 3])] *= self.to_at
        np.fill_diagonal(rate, 0)
        return rate / rate.sum() * 4

    def rates(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Rate from the base at each position to A, C, G, T given its neighbours, (len(at), 4)."""
        before, here, after = self._around(bases, at)
        return self._given(before, here, after)

    def _given(self, before: np.ndarray, here: np.ndarray, after: np.ndarray) -> np.ndarray:
        out = self.table()[here]
        out[(here == 1) & (after == 2), 3] *= self.cpg
        out[(here == 2) & (before == 1), 0] *= self.cpg
        return out

    def _around(
        self, bases: np.ndarray, at: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        padded = np.concatenate([[4], bases, [4]])
        return padded[at], padded[at + 1], padded[at + 2]

    def bias(self, bases: np.ndarray) -> np.ndarray:
        """Logarithm of the rate to each base over the rate back, (L, 4) float32: the whole log-likelihood ratio of a
        neutral substitution; 0 for the base itself."""
        at = np.arange(len(bases))
        before, here, after = self._around(bases, at)
        there = self._given(before, here, after)
        out = np.zeros((len(bases), 4), dtype=np.float32)
        for b in range(4):
            back = self._given(before, np.full_like(here, b), after)[at, here]
            differs = here != b
            out[differs, b] = np.log(there[differs, b] / back[differs])
        return out

    def neutral(self) -> np.ndarray:
        """Shares of A, C, G, T at equilibrium without context and selection, (4,)."""
        rate = self.table()
        flow = rate - np.diag(rate.sum(1))
        values, vectors = np.linalg.eig(flow.T)
        found = np.real(vectors[:, np.argmin(np.abs(values))])
        return found / found.sum()


def evolve(
    bases: np.ndarray,
    landscape: Landscape,
    mutation: Mutation,
    rng: np.random.Generator,
    *,
    time: float,
    step: float = 0.05,
) -> np.ndarray:
    """Let substitutions happen for ``time`` (1: one mutation a neutral site, without CpG), (L,) uint8.

    Every third position moves at once, so that neighbours and the bases of one codon never do; of two paired positions
    of the same third, one at a time.
    """
    bases = bases.copy()
    thirds = [np.arange(k, len(bases), 3) for k in range(3)]
    for sweep in range(max(1, round(time / step))):
        for at in thirds:
            partner = landscape.partner[at]
            clash = (partner >= 0) & (partner % 3 == at % 3) & ((partner > at) == bool(sweep % 2))
            at = at[~clash]
            fitness = landscape.fitness(bases, at)
            here = bases[at].astype(np.int64)
            s = fitness - np.take_along_axis(fitness, here[:, None], 1)
            rate = mutation.rates(bases, at) * fixation(s)
            total = rate.sum(1)
            moves = np.flatnonzero(rng.random(len(at)) < -np.expm1(-total * step))
            where = rng.random(len(moves)) * total[moves]
            bases[at[moves]] = np.minimum(
                (rate[moves].cumsum(1) < where[:, None]).sum(1), 3
            ).astype(np.uint8)
    return bases


def segregating(
    s: np.ndarray, rate: np.ndarray, rng: np.random.Generator, *, theta: float, sample: int = 200
) -> np.ndarray:
    """Copies of each mutation among ``sample`` chromosomes, (n,) int; 0: not found (Poisson random field).

    The expected number of mutations at frequency x is θ · rate · (1 − e^{−S(1−x)}) / ((1 − e^{−S}) x (1 − x)) dx
    (Wright 1938; Sawyer & Hartl 1992). A second mutation of the same kind at a site is left out.
    """
    from scipy.stats import binom

    x = (np.arange(2000) + 0.5) / 2000
    sampled = binom.pmf(np.arange(1, sample)[:, None], sample, x)  # (sample − 1, n_x)
    grid = np.arange(-30, 30.01, 0.25)
    near = np.where(np.abs(grid) < 1e-6, 1e-6, grid)[:, None]
    density = np.expm1(-near * (1 - x)) / np.expm1(-near) / (x * (1 - x)) * (x[1] - x[0])
    expected = density @ sampled.T  # (n_grid, sample − 1)
    row = np.clip(np.round((s - grid[0]) / 0.25).astype(int), 0, len(grid) - 1)
    number = theta * rate * expected.sum(1)[row]
    found = np.flatnonzero(rng.random(len(s)) < -np.expm1(-number))
    out = np.zeros(len(s), dtype=np.int64)
    running = (expected / expected.sum(1, keepdims=True)).cumsum(1)
    out[found] = 1 + (running[row[found]] < rng.random(len(found))[:, None]).sum(1)
    return np.minimum(out, sample - 1)
