"""Bootstrap over genes, linearised: what a score would be on other genes of the same kind.

Fits nothing. Each gene has, per score, an *influence*: how far the score moves when that gene
counts a little more. A draw of the Poisson bootstrap gives gene i the weight w_i ~ Poisson(1); to
first order the score moves by the sum of (w_i − 1) times its influence (the infinitesimal
jackknife, Efron 1982; for AUROC these are the components of DeLong et al. 1988). So all draws of
all models of a task are one matrix product, and need one sort per task and model.

A gene has the same weights in every task, split and model: differences are paired, and tasks that
share genes move together.
"""

from __future__ import annotations

import zlib

import numpy as np
import scipy

DRAWS = 1000
"""Draws of a profile's intervals."""

LEVEL = 0.95
"""Of every interval and test."""

ROWS = 4096
"""Entities whose weights are at hand at a time."""


def weights(genes: np.ndarray, draws: int = DRAWS, *, seed: int) -> np.ndarray:
    """Poisson(1) weights of each gene in each draw; they depend on its name and the seed alone.

    Parameters
    ----------
    genes : ndarray of str, shape (n,)
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


def moves(influence: np.ndarray, weight: np.ndarray, parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """How far each draw moves each score.

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
    out = np.zeros((influence.shape[1], weight.shape[1]), dtype=np.float32)

    for start in range(0, len(influence), ROWS):
        here = slice(start, start + ROWS)
        w = weight[parts[0][here]].astype(np.float32)
        for more in parts[1:]:
            w *= weight[more[here]]
        out += influence[here].astype(np.float32).T @ (w - 1)

    return out


def _placements(y, p, fold, n_folds):
    """Share of the other class of its fold that each entity is ranked rightly against, (n,).

    Ties count half; NaN in a fold of one class. Also negatives and positives of each fold, (2,
    n_folds).
    """
    number = np.array([np.bincount(fold[y == c], minlength=n_folds) for c in (0, 1)])
    until = np.cumsum(number, axis=1)
    order = np.lexsort((p, fold))
    f, q, side = fold[order], p[order], y[order].astype(np.int64)
    first = np.ones(len(y), dtype=bool)
    first[1:] = (q[1:] != q[:-1]) | (f[1:] != f[:-1])
    # groups of equal predictions in a fold, and where each begins and ends
    tie, start = np.cumsum(first) - 1, np.flatnonzero(first)
    end = np.append(start[1:], len(y))
    seen = np.zeros((2, len(y) + 1), dtype=np.int64)
    seen[:, 1:] = np.cumsum([1 - side, side], axis=1)
    lower = ((seen[:, start] + seen[:, end])[:, tie]) / 2 - (until - number)[:, f]
    right = np.where(side == 1, lower[0], number[1, f] - lower[1])
    out = np.empty(len(y))
    with np.errstate(invalid="ignore", divide="ignore"):
        out[order] = np.where((number == 0).any(axis=0)[f], np.nan, right / number[1 - side, f])

    return out, number


def auroc(
    y: np.ndarray, p: np.ndarray, fold: np.ndarray, share: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Mean over folds of AUROC, and each entity's influence on it.

    Folds of one class do not count. Residuals are taken from the mean over all folds, so that a
    fold with two positives does not look certain, and scaled by √(n / (n − 1)) per class, which
    makes the variance DeLong's.

    Parameters
    ----------
    y, p, fold : ndarray of shape (n,)
        0/1 labels, predictions of any ordered type, folds (0 …).
    share : ndarray of shape (n_folds,), optional
        Weight of each fold; None: equal.

    Returns
    -------
    score, influence : float and ndarray of shape (n,)
        NaN and zeros if no fold counts.
    """
    share = np.ones(int(fold.max()) + 1) if share is None else share
    placed, number = _placements(y, p, fold, len(share))
    # a fold of one class has no AUROC; the others take its weight
    share = np.where((number == 0).any(axis=0), 0.0, share)
    if not share.sum():
        return np.nan, np.zeros(len(y))
    share, side = share / share.sum(), (y > 0).astype(int)
    weight = share[fold] / np.maximum(number[side, fold], 1)  # by the entity's class in its fold
    placed = np.nan_to_num(placed)
    score = float(np.sum(weight * placed * side))
    total = number[:, share > 0].sum(axis=1)
    scale = np.sqrt(total / np.maximum(total - 1, 1))[side]

    return score, np.where(weight > 0, (placed - score) * weight * scale, 0.0)


def auroc_weighted(Y: np.ndarray, P: np.ndarray, fold: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over folds of the one-vs-rest AUROC weighted by class size, and influences on it.

    Class sizes are taken as given.

    Parameters
    ----------
    Y, P : ndarray of shape (n,) or (n, n_labels), and (n, n_labels)
        Class, or 0/1 per label, and predictions.
    fold : ndarray of shape (n,)

    Returns
    -------
    score, influence : float and ndarray of shape (n,)
    """
    truth = Y if Y.ndim == 2 else (Y[:, None] == np.arange(P.shape[1])).astype(np.int64)
    n = np.bincount(fold)
    size = np.stack([truth[fold == k].sum(axis=0) for k in range(len(n))])  # (n_folds, n_labels)
    size = np.where((size > 0) & (size < n[:, None]), size, 0)
    total = size.sum(axis=1)
    share = size / np.maximum(total, 1)[:, None] / max(1, (total > 0).sum())
    score, influence = 0.0, np.zeros(len(truth))
    if not total.any():
        return np.nan, influence

    for c in np.flatnonzero(size.any(axis=0)):
        one, moved = auroc(truth[:, c], P[:, c], fold, share[:, c])
        score += one * share[:, c].sum()
        influence += moved * share[:, c].sum()

    return score, influence


def spearman(y: np.ndarray, p: np.ndarray, fold: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over folds of the rank correlation, and each entity's influence on it.

    The influence is the projection of the U-statistic (Hoeffding 1948): the entity's own product of
    ranks, and what its presence does to the ranks of the others. Folds of a constant truth do not
    count; a constant prediction is 0.

    Parameters
    ----------
    y, p, fold : ndarray of shape (n,)
        Numbers, predictions, folds.

    Returns
    -------
    score, influence : float and ndarray of shape (n,)
        NaN and zeros if no fold counts.
    """
    scores, influence = [], np.zeros(len(y))
    used = [fold == k for k in np.unique(fold) if np.ptp(y[fold == k]) > 0]

    for at in used:
        n = at.sum()
        if np.ptp(p[at]) == 0:
            scores.append(0.0)
            continue
        (u, su, ties_u), (v, sv, ties_v) = _ranks(y[at]), _ranks(p[at])
        rho = float((u * v).mean())
        moved = u * v + _above(u, v) / su + _above(v, u) / sv - rho / 2 * (ties_u + ties_v)
        influence[at] = (moved - moved.mean()) * np.sqrt(n / (n - 1)) / n / len(used)
        scores.append(rho)

    return (float(np.mean(scores)) if scores else np.nan), influence


def _ranks(x):
    """Standardised ranks, (n,); their deviation as shares of n; each entity's pull by its ties.

    Without ties the variance of ranks is fixed (1/12); groups of shares q make it (1 − Σ q³) / 12.
    """
    rank = scipy.stats.rankdata(x) / len(x)
    _, group, size = np.unique(x, return_inverse=True, return_counts=True)
    share, deviation = (size / len(x))[group], rank.std()
    return (rank - rank.mean()) / deviation, deviation, -(share**2) / 4 / deviation**2


def _above(u, v):
    """Mean over all entities of v where u is higher, and half of it where u is equal, (n,)."""
    order = np.argsort(u, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(v[order])])
    left, right = (np.searchsorted(u[order], u, side=s) for s in ("left", "right"))
    return (total[-1] - (total[left] + total[right]) / 2) / len(u)


def influence(
    kind: str, y: np.ndarray, p: np.ndarray, fold: np.ndarray
) -> tuple[float, np.ndarray]:
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


def percentiles(draws: np.ndarray) -> np.ndarray:
    """Percentile interval of draws.

    Parameters
    ----------
    draws : ndarray of shape (…, draws)

    Returns
    -------
    ndarray of shape (2, …)
    """
    return np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=-1)


def interval(score: np.ndarray, moved: np.ndarray, *, low: float, high: float) -> np.ndarray:
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


def difference_interval(difference: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Percentile interval of differences of two scores on the same genes.

    Parameters
    ----------
    difference, moved : ndarray of shape (…) and (…, draws)

    Returns
    -------
    ndarray of shape (2, …)
    """
    return difference + percentiles(moved)
