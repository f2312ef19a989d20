"""Significant differences between models.

Simultaneous tests from bootstrap draws, tiers, power, weights and clusters of tasks.

What a mean over tasks would be on other tasks and genes: tasks are drawn by cluster (one source
table, or tasks that ask the same), genes by family. Each level is linearised, so that nothing is
fitted again: a family moves a score by the influences of its genes, a cluster by the distance of
its tasks from the mean. Drawing the highest level alone carries all that varies below it (Davison
& Hinkley 1997, section 3.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from .bootstrap import CLUSTERS, LEVEL, percentiles

POWER = 2.8015852181129683
"""Standard errors that a difference needs for 80 % power by a two-sided test at 5 %."""

ALIKE = 0.5
"""Similarity of labels above which two tasks are of one cluster, whatever their tables."""


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


@dataclass(frozen=True, eq=False)
class Mean:
    """Scores of M models, and how far they move.

    Attributes
    ----------
    value : ndarray of shape (M,)
    genes : ndarray of shape (M, draws)
        Moved by each draw of genes.
    clusters : ndarray of shape (K, M), optional
        Moved by each cluster of tasks, so that the squares of a column sum to its variance.
    freedom : float
        Degrees of freedom of that variance.
    """

    value: np.ndarray
    genes: np.ndarray
    clusters: np.ndarray | None = None
    freedom: float = np.inf

    def draws(self):
        """Draws of how far each value moves, (M, draws)."""
        out = self.genes - self.genes.mean(axis=1, keepdims=True)
        if self.clusters is not None:
            normal = np.random.default_rng(0).normal(size=(len(self.clusters), out.shape[1]))
            out = out + self.clusters.T @ normal
        return out

    def error(self):
        """Standard error of each value, and its degrees of freedom (Satterthwaite 1946), (M,)."""
        by_genes = self.genes.var(axis=1)
        if self.clusters is None:
            return np.sqrt(by_genes), np.full(len(by_genes), np.inf)
        by_tasks = (self.clusters**2).sum(axis=0)
        both = by_genes + by_tasks
        part = np.divide(by_tasks, both, out=np.zeros_like(both), where=both > 1e-20)
        freedom = np.where(part > 0, self.freedom / np.maximum(part, 1e-9) ** 2, np.inf)
        return np.sqrt(both), freedom

    def interval(self):
        """Interval of each value, (2, M): percentiles of the draws, stretched to Student's t."""
        level = (1 + LEVEL) / 2
        longer = scipy.stats.t.ppf(level, self.error()[1]) / scipy.stats.norm.ppf(level)
        return self.value + percentiles(self.draws()) * longer


def compare(mean):
    """Compare M models, at most 5 % chance of any false separation among all pairs.

    Single-step max-T (Westfall & Young 1993): a pair is separated where its difference in standard
    errors exceeds the quantile, over draws, of the largest such deviation of any pair. A tier is
    opened by the best model that has none, and takes all lower ones that are not separated from it.
    A model's best possible rank is one more than the number that are separated above it, its worst
    leaves below it those separated below (Mogstad et al. 2024).

    Where clusters of tasks vary too, an error rests on as few values as there are clusters: bars
    and p are Student's t, each pair with its degrees of freedom, and at least Bonferroni's.

    Parameters
    ----------
    mean : Mean
        Scores with paired draws.

    Returns
    -------
    Comparison
    """
    value = mean.value
    i, j = np.triu_indices(len(value), 1)
    clusters = mean.clusters if mean.clusters is None else mean.clusters[:, i] - mean.clusters[:, j]
    gap = Mean(value[i] - value[j], mean.genes[i] - mean.genes[j], clusters, mean.freedom)
    difference, (error, freedom), shift = gap.value, gap.error(), gap.draws()
    safe = np.maximum(error, 1e-12)  # two copies of one model differ by nothing
    largest = np.abs(shift / safe[:, None]).max(axis=0, initial=0)
    normal = max(np.quantile(largest, LEVEL), scipy.stats.norm.ppf((1 + LEVEL) / 2))
    if clusters is not None:  # too few to tell how pairs depend on each other
        normal = max(normal, scipy.stats.norm.isf((1 - LEVEL) / 2 / max(1, len(i))))
    bar = scipy.stats.t.isf(scipy.stats.norm.sf(normal), freedom)
    steps = np.abs(difference) / safe
    separated = (steps > bar) & (np.abs(difference) > 1e-9)
    # who is significantly better than whom
    beats = np.zeros((len(value), len(value)), dtype=bool)
    beats[i, j], beats[j, i] = separated & (difference > 0), separated & (difference < 0)
    tier = np.zeros(len(value), dtype=int)

    for head in np.argsort(-value, kind="stable"):
        if tier[head] == 0:
            tier[(tier == 0) & ~beats[head] & (value <= value[head])] = tier.max() + 1

    single = scipy.stats.t.sf(steps, freedom)
    beyond = (largest >= scipy.stats.norm.isf(single)[:, None]).sum(axis=1)
    adjusted = (1 + beyond) / (1 + len(largest))
    if clusters is not None:
        adjusted = np.maximum(adjusted, np.minimum(1, 2 * single * len(i)))
    return Comparison(
        np.column_stack([i, j]),
        difference,
        error,
        low=difference - bar * error,
        high=difference + bar * error,
        p=adjusted,
        separated=separated,
        tier=tier,
        rank_low=1 + beats.sum(axis=0),
        rank_high=len(value) - beats.sum(axis=1),
    )


def more_genes(n, difference, error):
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


def resemblance(labels, rows, n):
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


def task_weights(similarity):
    """Weight of each task: one over the number of tasks like it. Ten copies weigh as one task.

    Parameters
    ----------
    similarity : ndarray of shape (T, T)

    Returns
    -------
    ndarray of shape (T,)
    """
    return 1 / similarity.sum(axis=1)


def effective_number(similarity):
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


def cluster_tasks(similarity, tables):
    """Gather tasks into clusters: of one source table, or more alike than ``ALIKE``.

    Parameters
    ----------
    similarity : ndarray of shape (T, T)
        As ``resemblance`` returns it.
    tables : list of str
        Source table of each task.

    Returns
    -------
    ndarray of int, shape (T,)
        Number of the cluster of each task, from 0.
    """
    names = np.array(tables)
    linked = (names[:, None] == names) | (similarity > ALIKE)
    return scipy.sparse.csgraph.connected_components(linked, directed=False)[1]


def effective_clusters(weight, cluster, group):
    """How many clusters of one weight tell as much; each group beyond the first costs one.

    Parameters
    ----------
    weight, cluster, group : ndarray of shape (T,)

    Returns
    -------
    float
    """
    sums = (cluster == np.unique(cluster)[:, None]) @ (weight / weight.sum())
    return float(1 / (sums**2).sum() + 1e-9) - (len(np.unique(group)) - 1)


def mean_over_tasks(
    scores,
    moved,
    weight,
    cluster,
    group=None,
):
    """Weighted mean of each model over tasks, and how far other genes and other tasks move it.

    Clusters of tasks are drawn, each with all its tasks; of effectively fewer than ``CLUSTERS``
    none, and the mean is about these tasks alone. Both sides add up, which errs to the safe side
    (Owen 2007).

    Parameters
    ----------
    scores, moved : ndarray of shape (T, M) and (T, M, draws)
        By the draws of genes, the same genes in all tasks.
    weight, cluster : ndarray of shape (T,)
    group : ndarray of shape (T,), optional
        Groups that stay as they are, whatever tasks are drawn in each; None: one.

    Returns
    -------
    Mean
    """
    share = weight / weight.sum()
    value, by_genes = share @ scores, np.tensordot(share, moved, 1)
    group = np.zeros(len(share)) if group is None else group
    number = effective_clusters(share, cluster, group)
    if number < CLUSTERS:
        return Mean(value, by_genes)
    same = (group == group[:, None]) * share
    apart = scores - same @ scores / same.sum(axis=1, keepdims=True)
    member, freedom = cluster == np.unique(cluster)[:, None], number - 1
    scale = np.sqrt((freedom + len(np.unique(group))) / freedom)
    return Mean(value, by_genes, scale * ((member * share) @ apart), freedom)
