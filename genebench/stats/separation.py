"""Significant differences between models.

Simultaneous tests from bootstrap draws, tiers, power and weights of tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from .bootstrap import LEVEL

POWER = 2.8015852181129683
"""Standard errors that a difference needs for 80 % power by a two-sided test at 5 %."""


FEW = 5
"""Tasks of a group from which on tasks are drawn too."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Result of a comparison of M models.

    Attributes
    ----------
    pairs : ndarray of shape (P, 2)
        Indices of every two models.
    difference, error : ndarray of shape (P,)
        Of the two scores, and its standard error.
    low, high : ndarray of shape (P,)
        Simultaneous interval of each difference.
    p : ndarray of shape (P,)
        Adjusted for all pairs.
    separated : ndarray of shape (P,)
        Whether the two differ significantly.
    tier : ndarray of shape (M,)
        1 is the best.
    rank_low, rank_high : ndarray of shape (M,)
        Simultaneous interval of each model's rank.
    """

    pairs: np.ndarray
    difference: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    separated: np.ndarray
    tier: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray


def compare(scores: np.ndarray, moved: np.ndarray) -> Comparison:
    """Compare M models, at most 5 % chance of any false separation among all pairs.

    Single-step max-T (Westfall & Young 1993): a pair is separated where its difference in standard
    errors exceeds the quantile, over draws, of the largest such deviation of any pair. A tier is
    opened by the best model that has none, and takes all lower ones that are not separated from it.
    A model's best possible rank is one more than the number that are separated above it, its worst
    leaves below it those separated below (Mogstad et al. 2024).

    Parameters
    ----------
    scores, moved : ndarray of shape (M,) and (M, draws)
        Scores, and paired draws of how far each moves.

    Returns
    -------
    Comparison
    """
    scores, moved = np.asarray(scores, dtype=float), np.asarray(moved, dtype=float)
    i, j = np.triu_indices(len(scores), 1)
    difference, shift = scores[i] - scores[j], moved[i] - moved[j]
    shift -= shift.mean(axis=1, keepdims=True)
    error = shift.std(axis=1)
    safe = np.maximum(error, 1e-12)  # two copies of one model differ by nothing
    largest = np.abs(shift / safe[:, None]).max(axis=0, initial=0)
    bar = max(np.quantile(largest, LEVEL), scipy.stats.norm.ppf((1 + LEVEL) / 2))
    steps = np.abs(difference) / safe
    separated = (steps > bar) & (np.abs(difference) > 1e-9)
    # who is significantly better than whom
    beats = np.zeros((len(scores), len(scores)), dtype=bool)
    beats[i, j], beats[j, i] = separated & (difference > 0), separated & (difference < 0)
    tier = np.zeros(len(scores), dtype=int)

    for head in np.argsort(-scores, kind="stable"):
        if tier[head] == 0:
            tier[(tier == 0) & ~beats[head] & (scores <= scores[head])] = tier.max() + 1

    return Comparison(
        np.column_stack([i, j]),
        difference,
        error,
        low=difference - bar * error,
        high=difference + bar * error,
        p=(1 + (largest >= steps[:, None]).sum(axis=1)) / (1 + len(largest)),
        separated=separated,
        tier=tier,
        rank_low=1 + beats.sum(axis=0),
        rank_high=len(scores) - beats.sum(axis=1),
    )


def smallest_paired(error: np.ndarray | float) -> np.ndarray | float:
    """Smallest difference of two models that is significant with 80 % power.

    Parameters
    ----------
    error : float or array

    Returns
    -------
    float or array
    """
    return POWER * error


def more_genes(n: int, difference: float, error: float) -> float:
    """How many more genes like these would separate two models with 80 % power.

    If the difference is what it seems; the error falls with the root of the number of genes.

    Parameters
    ----------
    n, difference, error : float
        Genes there are; of the two scores.

    Returns
    -------
    float
        0: there are enough; NaN: the two do not differ.
    """
    if not abs(difference) > 0:
        return np.nan
    return float(max(0, np.ceil(n * ((POWER * error / difference) ** 2 - 1))))


def resemblance(labels: list[np.ndarray], rows: list[np.ndarray], n: int) -> np.ndarray:
    """Similarity of the labels of tasks: RV coefficient of the centred columns.

    Genes that a task lacks count as its mean; for two binary tasks on the same genes it is the
    square of their correlation (Robert & Escoufier 1976).

    Parameters
    ----------
    labels, rows : list of ndarray of shape (n_t, c_t) and (n_t,)
        Columns of each task, 0/1 or numbers, and which of the ``n`` genes its rows are.
    n : int

    Returns
    -------
    ndarray of shape (T, T)
        In [0, 1]: 0 none, 1 the same question about the same genes.
    """
    wide = [np.asarray(c, dtype=np.float32).reshape(len(r), -1) for c, r in zip(labels, rows)]
    at = np.cumsum([0, *(c.shape[1] for c in wide)])
    Z = np.zeros((n, at[-1]), dtype=np.float32)
    for start, columns, r in zip(at, wide, rows):
        Z[r, start : start + columns.shape[1]] = columns - columns.mean(axis=0)
    # squared products of columns, summed over the columns of each pair of tasks
    gram = (Z.T @ Z).astype(float) ** 2
    inner = np.add.reduceat(np.add.reduceat(gram, at[:-1], axis=0), at[:-1], axis=1)
    norm = np.sqrt(np.maximum(np.diag(inner), 1e-30))
    out = np.clip(inner / norm / norm[:, None], 0, 1)
    np.fill_diagonal(out, 1)

    return out


def task_weights(similarity: np.ndarray) -> np.ndarray:
    """Weight of each task: one over the number of tasks like it. Ten copies weigh as one task.

    Parameters
    ----------
    similarity : ndarray of shape (T, T)

    Returns
    -------
    ndarray of shape (T,)
    """
    return 1 / similarity.sum(axis=1)


def effective_number(similarity: np.ndarray) -> float:
    """Effective number of tasks: T² / Σ similarity (Bretherton et al. 1999).

    Of binary tasks it is (Σλ)² / Σλ² of the eigenvalues λ of their correlation matrix.

    Parameters
    ----------
    similarity : ndarray of shape (T, T)

    Returns
    -------
    float
    """
    return float(len(similarity) ** 2 / similarity.sum()) if len(similarity) else 0.0


def task_draws(
    scores: np.ndarray, moved: np.ndarray, weight: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """Draws of how far each model's weighted mean over tasks moves, over tasks and genes.

    Tasks are drawn by Poisson weights of their own: the bootstrap of both sides, whose variance
    errs to the safe side (Owen 2007). Of a group of fewer than ``FEW`` tasks only genes are drawn:
    the mean is about these tasks alone.

    Parameters
    ----------
    scores, moved : ndarray of shape (T, M) and (T, M, draws)
        By the draws of genes, the same genes in all tasks.
    weight, groups : ndarray of shape (T,)
        A draw takes tasks anew within each group and leaves the group's weight as it is.

    Returns
    -------
    ndarray of shape (M, draws)
    """
    rng, out = np.random.default_rng(0), np.zeros(moved.shape[1:])

    for group in np.unique(groups):
        at = np.flatnonzero(groups == group)
        counts = np.ones((len(at), moved.shape[2]))
        if len(at) >= FEW:
            counts = rng.poisson(1.0, counts.shape).astype(float)
            counts[:, counts.sum(axis=0) == 0] = 1
        share = counts * weight[at, None]
        # the group's weight stays, whatever tasks were drawn
        share *= weight[at].sum() / weight.sum() / share.sum(axis=0)
        centre = np.average(scores[at], axis=0, weights=weight[at])
        by_genes = np.einsum("tb,tmb->mb", share, moved[at], optimize=True)
        out += by_genes + (scores[at] - centre).T @ share

    return out
