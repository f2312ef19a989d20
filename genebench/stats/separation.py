"""Which models can be told apart: simultaneous tests from bootstrap draws, tiers, ranks, power, weights of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import scipy


@dataclass(frozen=True, eq=False)
class Apart:
    """What the comparison of M models found.

    Attributes:
        pairs: indices of every two models, (P, 2). difference, error: of the two scores and its standard error, (P,).
        low, high: simultaneous interval of each difference, (P,). p: adjusted for all pairs, (P,).
        tier: 1 is the best, (M,). rank_low, rank_high: simultaneous interval of each model's rank, (M,).
    """

    pairs: np.ndarray
    difference: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    tier: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray
    separated: np.ndarray


def compare(scores: np.ndarray, moved: np.ndarray, *, level: float = 0.95) -> Apart:
    """Tell M models apart, at most 1 − ``level`` chance of any false separation among all pairs.

    Args: scores: (M,), higher is better. moved: paired draws of how far each score moves, (M, draws).
    Single-step max-T (Westfall & Young 1993): a pair is separated where its difference in standard errors exceeds the
    quantile, over draws, of the largest such deviation of any pair. A tier is opened by the best model that has none,
    and takes all lower ones that are not separated from it. A model's best possible rank is one more than the number
    that are separated above it, its worst leaves below it those separated below (Mogstad et al. 2024).
    """
    scores, moved = np.asarray(scores, dtype=float), np.asarray(moved, dtype=float)
    pairs = np.array(list(combinations(range(len(scores)), 2)), dtype=int).reshape(-1, 2)
    i, j = pairs.T
    difference = scores[i] - scores[j]
    shift = moved[i] - moved[j]
    shift -= shift.mean(axis=1, keepdims=True)
    error = shift.std(axis=1)
    safe = np.maximum(error, 1e-12)  # two copies of one model differ by nothing
    largest = np.abs(shift / safe[:, None]).max(axis=0) if len(pairs) else np.zeros(moved.shape[1])
    bar = max(np.quantile(largest, level), scipy.stats.norm.ppf((1 + level) / 2))
    steps = np.abs(difference) / safe
    p = (1 + (largest >= steps[:, None]).sum(axis=1)) / (1 + len(largest))
    apart = (steps > bar) & (np.abs(difference) > 1e-9)
    beats = np.zeros((len(scores), len(scores)), dtype=bool)
    beats[i, j], beats[j, i] = apart & (difference > 0), apart & (difference < 0)
    tier = np.zeros(len(scores), dtype=int)
    for head in np.argsort(-scores, kind="stable"):
        if tier[head] == 0:
            tier[(tier == 0) & ~beats[head] & (scores <= scores[head])] = tier.max() + 1
    return Apart(
        pairs,
        difference,
        error,
        difference - bar * error,
        difference + bar * error,
        p,
        tier,
        1 + beats.sum(axis=0),
        len(scores) - beats.sum(axis=1),
        apart,
    )


@lru_cache(maxsize=1)
def power() -> float:
    """Standard errors that a difference needs to be seen with 80 % power by a two-sided test at 5 %."""
    return float(scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8))


def smallest_paired(error: np.ndarray | float) -> np.ndarray | float:
    """Smallest difference of two models that is seen with 80 % power, from the standard error of their difference."""
    return power() * error


def more_genes(n: int, difference: float, error: float) -> float:
    """How many more genes like these would tell two models apart with 80 % power, if the difference is what it seems.

    The error falls with the root of the number of genes. 0: there are enough; NaN: the two do not differ.
    """
    if not abs(difference) > 0:
        return np.nan
    return float(max(0, np.ceil(n * ((power() * error / difference) ** 2 - 1))))


def mean_ranks(scores: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean over tasks of each model's rank on it, (M,); 1 is the best, equal scores share their mean rank.

    Args: scores: (T, M), higher is better. weight: of each task, (T,).
    """
    return np.average(scipy.stats.rankdata(-np.asarray(scores), axis=1), axis=0, weights=weight)


def critical_difference(n_models: int, n_tasks: float, *, level: float = 0.95) -> float:
    """Difference of mean ranks that the Nemenyi test takes for real (Demšar 2006); tasks may be effective ones."""
    q = scipy.stats.studentized_range.ppf(level, n_models, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_models * (n_models + 1) / (6 * n_tasks)))


def resemblance(labels: list[np.ndarray], rows: list[np.ndarray], n: int) -> np.ndarray:
    """How alike the labels of tasks are, (T, T) in [0, 1]: 0 none, 1 the same question about the same genes.

    Args: labels: columns of each task, (n_t, c_t): 0/1 or numbers. rows: which of ``n`` genes its rows are, (n_t,).
    The RV coefficient (Robert & Escoufier 1976) of the centred columns, genes that a task lacks counting as its mean;
    for two binary tasks on the same genes it is the square of their correlation.
    """
    wide = [np.asarray(c, dtype=np.float32).reshape(len(r), -1) for c, r in zip(labels, rows)]
    at = np.concatenate([[0], np.cumsum([c.shape[1] for c in wide])])
    Z = np.zeros((n, at[-1]), dtype=np.float32)
    for s, columns, r in zip(at, wide, rows):
        Z[r, s : s + columns.shape[1]] = columns - columns.mean(axis=0)
    gram = (Z.T @ Z).astype(float) ** 2
    inner = np.add.reduceat(np.add.reduceat(gram, at[:-1], axis=0), at[:-1], axis=1)
    own = np.sqrt(np.maximum(np.diag(inner), 1e-30))
    out = np.clip(inner / own / own[:, None], 0, 1)
    np.fill_diagonal(out, 1)
    return out


def task_weights(alike: np.ndarray) -> np.ndarray:
    """Weight of each task, (T,): one over the number of tasks like it, 1 / Σ alike. Ten copies weigh as one task."""
    return 1 / alike.sum(axis=1)


def effective_number(alike: np.ndarray) -> float:
    """How many unrelated tasks these are worth: T² / Σ alike (Bretherton et al. 1999).

    Of binary tasks it is (Σλ)² / Σλ² of the eigenvalues λ of their correlation matrix.
    """
    return float(len(alike) ** 2 / alike.sum()) if len(alike) else 0.0


def task_draws(
    scores: np.ndarray,
    moved: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int = 0,
    few: int = 5,
) -> np.ndarray:
    """Draws of how far each model's weighted mean over tasks moves, over tasks and genes, (M, draws) float64.

    Args: scores: (T, M). moved: by the draws of genes, (T, M, draws), the same genes in all tasks. weight: (T,).
    groups: of each task, (T,); a draw takes tasks anew within each group and leaves the group's weight as it is.
    Tasks are drawn by Poisson weights of their own: the bootstrap of both sides, whose variance errs to the safe side
    (Owen 2007). Of a group with fewer than ``few`` tasks only genes are drawn: the mean is about these tasks alone.
    """
    rng, out = np.random.default_rng(seed), np.zeros(moved.shape[1:])
    for group in np.unique(groups):
        at = np.flatnonzero(groups == group)
        counts = np.ones((len(at), moved.shape[2]))
        if len(at) >= few:
            counts = rng.poisson(1.0, counts.shape).astype(float)
            counts[:, counts.sum(axis=0) == 0] = 1
        share = counts * weight[at, None]
        share *= weight[at].sum() / weight.sum() / share.sum(axis=0)
        centre = np.average(scores[at], axis=0, weights=weight[at])
        out += (
            np.einsum("tb,tmb->mb", share, moved[at], optimize=True)
            + (scores[at] - centre).T @ share
        )
    return out
