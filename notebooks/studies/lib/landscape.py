"""Fitness of a simulated genome, and the mutation that works against it.

Everything is scaled: a fitness F is 2 N times its logarithm, so that a mutation of F -> F + S has
selection coefficient S and is fixed S / (1 - exp(-S)) times as often as a neutral one (Kimura 1962;
Halpern & Bruno 1998). At equilibrium a base stands in proportion to what mutation makes of it times
exp(F) (Sella & Hirsh 2005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import exprel

from genebench.glm.genomes import CODON

NEUTRAL, CODING, MOTIF, STRUCTURE, REPEAT = range(5)
REGIONS = ("neutral", "coding", "motif", "structure", "repeat")
"""Names of the classes of region, by code."""
STEP = 0.05
"""Time of a sweep."""
PAIRS = np.array([[0, 0, 0, 4], [0, 0, 4, 0], [0, 4, 0, 2], [4, 0, 2, 0]], dtype=float)
"""Fitness of two paired bases: 4 for Watson and Crick, 2 for G-T, 0 else."""


@dataclass(frozen=True)
class Landscape:
    """Selection on one chromosome of L bases.

    Attributes
    ----------
    site : ndarray of shape (L, 4)
        Fitness of each base where it acts alone, 0 elsewhere.
    region : ndarray of shape (L,), uint8
        Class.
    codon : ndarray of shape (L, 3), int
        Positions of a coding base's codon in reading order, -1 elsewhere.
    reverse : ndarray of shape (L,), bool
        Whether the codon is read on the other strand.
    partner : ndarray of shape (L,), int
        The paired position, -1: none.
    usage : ndarray of shape (64,)
        Fitness of the codons.
    """

    site: np.ndarray
    region: np.ndarray
    codon: np.ndarray
    reverse: np.ndarray
    partner: np.ndarray
    usage: np.ndarray

    @classmethod
    def neutral(cls, length: int, usage: np.ndarray) -> Landscape:
        """A landscape of some bases without selection, for codons of this fitness."""
        return cls(
            site=np.zeros((length, 4)),
            region=np.zeros(length, dtype=np.uint8),
            codon=np.full((length, 3), -1),
            reverse=np.zeros(length, dtype=bool),
            partner=np.full(length, -1),
            usage=usage,
        )

    def gain(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Scaled selection coefficient S of every substitution at some positions.

        Parameters
        ----------
        bases : ndarray of shape (L,), uint8
            Codes of the whole chromosome.
        at : ndarray of shape (n,), int
            Positions; all others are as they are.

        Returns
        -------
        ndarray of shape (n, 4)
            To A, C, G, T; 0 for the base itself.
        """
        fitness = self.site[at].copy()
        coding = np.flatnonzero(self.codon[at, 0] >= 0)
        fitness[coding] += self._codons(bases, at[coding])
        paired = np.flatnonzero(self.partner[at] >= 0)
        fitness[paired] += PAIRS[bases[self.partner[at[paired]]]]
        return fitness - fitness[np.arange(len(at)), bases[at]][:, None]

    def _codons(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        places, reverse = self.codon[at], self.reverse[at][:, None]
        read = np.where(reverse, 3 - bases[places], bases[places]).astype(np.int64)
        own = places == at[:, None]
        rest = np.where(own, 0, read) @ CODON
        usage = self.usage[rest[:, None] + np.arange(4) * (own @ CODON)[:, None]]
        return np.where(reverse, usage[:, ::-1], usage)


@dataclass(frozen=True)
class Mutation:
    """Rates of mutation, both strands alike.

    Attributes
    ----------
    transition : float
        Rate of transitions over transversions.
    to_at : float
        Rate at which G and C are lost over that at which they are won.
    cpg : float
        Factor for transitions of a CpG.
    """

    transition: float = 3.0
    to_at: float = 1.5
    cpg: float = 6.0

    def table(self) -> np.ndarray:
        """Rates without context, (4, 4) from row to column; 1 a base on average."""
        rate = np.ones((4, 4))
        rate[[0, 2, 1, 3], [2, 0, 3, 1]] = self.transition
        rate[np.ix_([1, 2], [0, 3])] *= self.to_at
        np.fill_diagonal(rate, 0)
        return rate / rate.sum() * 4

    def rates(self, bases: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rates of the substitutions at some positions, given the neighbours, and of the way back.

        Parameters
        ----------
        bases : ndarray of shape (L,), uint8
            Codes of the whole chromosome.
        at : ndarray of shape (n,), int
            Positions.

        Returns
        -------
        there, back : ndarray of shape (n, 4)
            From the base that stands there to A, C, G, T, and from these to it.
        """
        padded = np.pad(bases, 1, constant_values=4)
        rate = np.repeat(self.table()[None], len(at), axis=0)
        rate[padded[at + 2] == 2, 1, 3] *= self.cpg
        rate[padded[at] == 1, 2, 0] *= self.cpg
        row, here = np.arange(len(at)), bases[at]
        return rate[row, here], rate[row, :, here]

    def neutral(self) -> np.ndarray:
        """Shares of A, C, G, T at equilibrium without context and selection, (4,)."""
        rate = self.table()
        values, vectors = np.linalg.eig((rate - np.diag(rate.sum(1))).T)
        share = np.real(vectors[:, np.argmin(np.abs(values))])
        return share / share.sum()


def evolve(
    bases: np.ndarray,
    landscape: Landscape,
    mutation: Mutation,
    rng: np.random.Generator,
    *,
    time: float,
) -> np.ndarray:
    """Let substitutions happen.

    Every third position moves at once, so that neighbours and the bases of one codon never do; of
    two paired positions of the same third, one at a time.

    Parameters
    ----------
    bases : ndarray of shape (L,), uint8
        Codes to begin with.
    landscape, mutation : Landscape, Mutation
        The forces.
    rng : Generator
        Of the draws.
    time : float
        1 is one mutation a neutral site, without CpG.

    Returns
    -------
    ndarray of shape (L,), uint8
    """
    bases = bases.copy()
    for sweep in range(max(1, round(time / STEP))):
        for third in range(3):
            at = np.arange(third, len(bases), 3)
            partner = landscape.partner[at]
            clash = (partner >= 0) & (partner % 3 == third) & ((partner > at) == bool(sweep % 2))
            at = at[~clash]
            fixation = 1 / exprel(-landscape.gain(bases, at))  # S / (1 - exp(-S)); 1 at 0
            rate = mutation.rates(bases, at)[0] * fixation
            total = rate.sum(1)
            moves = np.flatnonzero(rng.random(len(at)) < -np.expm1(-total * STEP))
            drawn = rng.random(len(moves)) * total[moves]
            new = (rate[moves].cumsum(1) < drawn[:, None]).sum(1)
            bases[at[moves]] = np.minimum(new, 3).astype(np.uint8)
    return bases
