"""Fitness of a simulated genome, and the mutation that works against it.

Everything is scaled: a fitness F is 2 N times its logarithm, so that a mutation of F -> F + S has
selection coefficient S and is fixed S / (1 - exp(-S)) times as often as a neutral one (Kimura 1962;
Halpern & Bruno 1998). At equilibrium a base stands in proportion to what mutation makes of it times
exp(F) (Sella & Hirsh 2005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .genomes import CODON

NEUTRAL, CODING, MOTIF, STRUCTURE, REPEAT = range(5)
REGIONS = ("neutral", "coding", "motif", "structure", "repeat")
"""Names of the classes of region, by code."""
PAIRS = np.array([[0, 0, 0, 4], [0, 0, 4, 0], [0, 4, 0, 2], [4, 0, 2, 0]], dtype=float)
"""Fitness of two paired bases: 4 for Watson and Crick, 2 for G-T, 0 else."""


@dataclass(frozen=True)
class Landscape:
    """Selection on one chromosome of L bases.

    Attributes
    ----------
    site : ndarray, (L, 4)
        Fitness of each base where it acts alone, 0 elsewhere.
    region : ndarray of uint8, (L,)
        Class.
    codon : ndarray of int, (L, 3)
        Positions of a coding base's codon in reading order, -1 elsewhere.
    reverse : ndarray of bool, (L,)
        Whether the codon is read on the other strand.
    partner : ndarray of int, (L,)
        The paired position, -1: none.
    usage : ndarray, (64,)
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
        """A landscape without selection.

        Parameters
        ----------
        length : int
        usage : ndarray, (64,)

        Returns
        -------
        Landscape
        """
        return cls(
            site=np.zeros((length, 4)),
            region=np.zeros(length, dtype=np.uint8),
            codon=np.full((length, 3), -1, dtype=np.int64),
            reverse=np.zeros(length, dtype=bool),
            partner=np.full(length, -1, dtype=np.int64),
            usage=usage,
        )

    def fitness(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Fitness at positions for each base there, all others as they are.

        Parameters
        ----------
        bases : ndarray of uint8, (L,)
        at : ndarray of int, (n,)

        Returns
        -------
        ndarray, (n, 4)
            Of A, C, G, T, up to a constant.
        """
        out = self.site[at].copy()
        coding = np.flatnonzero(self.codon[at, 0] >= 0)
        if len(coding):
            out[coding] += self._codons(bases, at[coding])
        paired = np.flatnonzero(self.partner[at] >= 0)
        out[paired] += PAIRS[bases[self.partner[at[paired]]]]
        return out

    def _codons(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        places, reverse = self.codon[at], self.reverse[at][:, None]
        read = np.where(reverse, 3 - bases[places], bases[places]).astype(np.int64)
        own = places == at[:, None]
        rest = np.where(own, 0, read) @ CODON
        usage = self.usage[rest[:, None] + np.arange(4) * (own @ CODON)[:, None]]
        return np.where(reverse, usage[:, ::-1], usage)

    def selection(self, bases: np.ndarray) -> np.ndarray:
        """Scaled selection coefficient S of every substitution.

        Parameters
        ----------
        bases : ndarray of uint8, (L,)

        Returns
        -------
        ndarray of float32, (L, 4)
            0 for the base itself.
        """
        return _gain(self.fitness(bases, np.arange(len(bases))), bases).astype(np.float32)


def _gain(fitness: np.ndarray, bases: np.ndarray) -> np.ndarray:
    return fitness - np.take_along_axis(fitness, bases[:, None].astype(np.int64), 1)


def fixation(s: np.ndarray) -> np.ndarray:
    """How often a mutation is fixed, relative to a neutral one.

    Parameters
    ----------
    s : ndarray
        Scaled selection coefficients.

    Returns
    -------
    ndarray
        S / (1 - exp(-S)); 1 at 0.
    """
    s = np.clip(s, -60, 60)
    small = np.abs(s) < 1e-6
    return np.where(small, 1 + s / 2, s / -np.expm1(-np.where(small, 1.0, s)))


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

    def rates(self, bases: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Rate from the base at each position to each base, given its neighbours.

        Parameters
        ----------
        bases : ndarray of uint8, (L,)
        at : ndarray of int, (n,)

        Returns
        -------
        ndarray, (n, 4)
        """
        padded = np.concatenate([[4], bases, [4]])
        return self._rates(padded[at], padded[at + 1], padded[at + 2])

    def _rates(self, before: np.ndarray, here: np.ndarray, after: np.ndarray) -> np.ndarray:
        out = self.table()[here]
        out[(here == 1) & (after == 2), 3] *= self.cpg
        out[(here == 2) & (before == 1), 0] *= self.cpg
        return out

    def bias(self, bases: np.ndarray) -> np.ndarray:
        """Log rate to each base over the rate back: the LLR of a neutral substitution.

        Parameters
        ----------
        bases : ndarray of uint8, (L,)

        Returns
        -------
        ndarray of float32, (L, 4)
            0 for the base itself.
        """
        before, after = np.append(4, bases[:-1]), np.append(bases[1:], 4)
        there, out = self._rates(before, bases, after), np.zeros((len(bases), 4), dtype=np.float32)
        for b in range(4):
            differs = bases != b
            back = self._rates(before, np.full_like(bases, b), after)[differs, bases[differs]]
            out[differs, b] = np.log(there[differs, b] / back)
        return out

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
    step: float = 0.05,
) -> np.ndarray:
    """Let substitutions happen.

    Every third position moves at once, so that neighbours and the bases of one codon never do; of
    two paired positions of the same third, one at a time.

    Parameters
    ----------
    bases : ndarray of uint8, (L,)
    landscape : Landscape
    mutation : Mutation
    rng : Generator
    time : float
        1 is one mutation a neutral site, without CpG.
    step : float
        Time of a sweep.

    Returns
    -------
    ndarray of uint8, (L,)
    """
    bases = bases.copy()
    for sweep in range(max(1, round(time / step))):
        for third in range(3):
            at = np.arange(third, len(bases), 3)
            partner = landscape.partner[at]
            clash = (partner >= 0) & (partner % 3 == third) & ((partner > at) == bool(sweep % 2))
            at = at[~clash]
            s = _gain(landscape.fitness(bases, at), bases[at])
            rate = mutation.rates(bases, at) * fixation(s)
            total = rate.sum(1)
            moves = np.flatnonzero(rng.random(len(at)) < -np.expm1(-total * step))
            drawn = rng.random(len(moves)) * total[moves]
            new = (rate[moves].cumsum(1) < drawn[:, None]).sum(1)
            bases[at[moves]] = np.minimum(new, 3).astype(np.uint8)
    return bases
