"""Bootstrap over gene families, linearised: what a score would be on other genes of its kind.

Fits nothing. Each gene has, per score, an *influence*: how far the score moves when that gene
counts a little more. A draw of the Poisson bootstrap gives gene i the weight w_i ~ Poisson(1), the
same for all genes of a family, because relatives are not independent; to first order the score
moves by the sum of (w_i − 1) times its influence (the infinitesimal jackknife, Efron 1982; for
AUROC these are the components of DeLong et al. 1988). So all draws of all models of a task are one
matrix product, and need one sort per task and model.

A gene has the same weights in every task, split and model: differences are paired, and tasks that
share genes move together.
"""

import zlib

import numpy as np
from scipy import sparse

from ..core.errors import BadInput
from .influences import auroc, auroc_weighted, spearman

DRAWS = 1000
"""Draws of a profile's intervals."""

LEVEL = 0.95
"""Of every interval and test."""

CLUSTERS = 8
"""Clusters from which on they are drawn; of fewer, a difference is about these tasks only."""

ROWS = 4096
"""Entities whose weights are at hand at a time."""


def weights(genes, draws=DRAWS, *, seed):
    """Poisson(1) weights of each family in each draw; they depend on its name and the seed alone.

    Parameters
    ----------
    genes : ndarray of str, shape (n,)
        Families, or genes that are each drawn by themselves.
    draws, seed : int

    Returns
    -------
    ndarray of shape (n, draws)
        uint8.
    """
    out = np.empty((len(genes), draws), dtype=np.uint8)

    for i, gene in enumerate(np.asarray(genes).tolist()):
        name = gene.encode()
        key = [seed & 0xFFFFFFFF, zlib.crc32(name) + (zlib.adler32(name) << 32)]
        bits = np.random.Philox(key=np.array(key, dtype=np.uint64))
        out[i] = np.random.Generator(bits).poisson(1.0, draws)

    return out


def moves(influence, weight, parts):
    """Deviation of each bootstrap draw of each score from the score.

    A pair counts by the product of its genes' weights, which is careful: its variance is a bound
    from above (the pigeonhole bootstrap, Owen 2007).

    Parameters
    ----------
    influence, weight : ndarray of shape (n, n_scores) and (n_genes, draws)
    parts : tuple of ndarray of shape (n,)
        Which gene (or, of a pair, which two) each row is.

    Returns
    -------
    ndarray of shape (n_scores, draws)
        float32.
    """
    influence = influence.astype(np.float32, copy=False)

    if len(parts) == 1:  # what is drawn together moves by its sum, without a copy of its weights
        places = parts[0], np.arange(len(influence))
        shape = len(weight), len(influence)
        one = np.ones(len(influence), np.float32)
        influence = sparse.csr_array((one, places), shape=shape) @ influence
        drawn = influence.any(axis=1)
        if 2 * drawn.sum() < len(drawn):
            influence, weight = influence[drawn], weight[drawn]

    out = np.zeros((influence.shape[1], weight.shape[1]), dtype=np.float32)

    for start in range(0, len(influence), ROWS):
        here = slice(start, start + ROWS)
        at = here if len(parts) == 1 else parts[0][here]
        w = weight[at].astype(np.float32, copy=False)
        for more in parts[1:]:  # two of one family are drawn once
            w = w * np.where((parts[0] == more)[here, None], 1, weight[more[here]])
        out += influence[here].T @ w

    return out - influence.sum(axis=0)[:, None]


def influence(kind, y, p, fold):
    """The main score of a kind of task (mean over folds), and each entity's influence on it.

    Parameters
    ----------
    kind : str
    y, p, fold : ndarray
        Labels and predictions, as metrics take them, and folds.

    Returns
    -------
    score, influence : float and ndarray of shape (n,)
    """
    of = {"binary": auroc, "pair": auroc, "regression": spearman}
    return of.get(kind, auroc_weighted)(y, p, fold.astype(np.int64))


def percentiles(draws):
    """Percentile interval of draws.

    Parameters
    ----------
    draws : ndarray of shape (…, draws)

    Returns
    -------
    ndarray of shape (2, …)
    """
    return np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=-1)


def interval(score, moved, *, low, high):
    """Percentile interval of scores that lie between two bounds.

    The score is moved on the scale on which it has no bounds (logit of its place between them; for
    a correlation that is Fisher's z), so that the interval stays inside and is longer towards the
    middle. A score at a bound has no width there, and is given none.

    Parameters
    ----------
    score, moved : ndarray of shape (…) and (…, draws)
        Scores, and draws of how far each moves.
    low, high : float
        The bounds.

    Returns
    -------
    ndarray of shape (2, …)
    """
    score, moved = np.asarray(score, dtype=float), np.asarray(moved, dtype=float)
    # the derivative of the logit, 1 / (place (1 − place)), carries the step over
    place = np.clip((score - low) / (high - low), 1e-12, 1 - 1e-12)
    step = percentiles(moved) / (high - low) / (place * (1 - place))
    moved_place = 1 / (1 + np.exp(-np.clip(np.log(place / (1 - place)) + step, -700, 700)))
    inside = (score > low) & (score < high)

    return np.where(inside, low + (high - low) * moved_place, score)


def clustered(
    score,
    influence,
    cluster,
    *,
    seed,
    low=0.0,
):
    """Intervals of scores over clusters that are drawn whole.

    Parameters
    ----------
    score, influence : ndarray of shape (n_scores,) and (n, n_scores)
    cluster : ndarray of shape (n,)
        Of each row; its name decides its weights.
    seed : int
    low : float
        Lower bound of the scores; the upper one is 1.

    Returns
    -------
    moved : ndarray of shape (n_scores, draws)
        How far each draw moves each score.
    low, high : ndarray of shape (n_scores,)
    """
    names, group = np.unique(np.asarray(cluster).astype(str), return_inverse=True)
    moved = moves(influence, weights(names, seed=seed), (group,))
    return moved, *interval(score, moved, low=low, high=1.0)


def difference_interval(difference, moved):
    """Percentile interval of differences of two scores on the same genes.

    Parameters
    ----------
    difference, moved : ndarray of shape (…) and (…, draws)

    Returns
    -------
    ndarray of shape (2, …)
    """
    return difference + percentiles(moved)


def cluster_draws(scores, clusters, draws=DRAWS):
    """Draws of mean scores: clusters with replacement, tasks within each, folds within each task.

    Scores of one task and fold stay together, so that differences of models are paired.

    Parameters
    ----------
    scores : ndarray of shape (n_tasks, n_folds, n_models)
    clusters : iterable of str, length n_tasks
        Of each task; None: the tasks are given, and only folds are drawn.
    draws : int

    Returns
    -------
    ndarray of shape (n_models, draws)

    Raises
    ------
    BadInput
        All tasks are of one cluster.
    """
    rng, (n, k, _) = np.random.default_rng(0), scores.shape
    times = np.ones((draws, n), dtype=int)
    if clusters is not None:
        _, cluster = np.unique(list(clusters), return_inverse=True)
        inside = [np.flatnonzero(cluster == c) for c in range(cluster.max() + 1)]
        if len(inside) < 2:
            raise BadInput("all tasks are of one cluster: no interval over clusters; take more.")
        picked = rng.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), draws)
        for tasks, count in zip(inside, picked.T):
            even = np.full(len(tasks), 1 / len(tasks))
            times[:, tasks] = rng.multinomial(count * len(tasks), even)
    folds = rng.multinomial(times * k, np.full(k, 1 / k)).astype(float)
    return np.tensordot(scores, folds, axes=([0, 1], [1, 2])) / (k * times.sum(axis=1))
