"""Bootstrap over genes, linearised: what a score would be on other genes of the same kind. Fits nothing.

Each gene has, per score, an *influence*: how far the score moves when that gene counts a little more. A draw of the
Poisson bootstrap gives gene i the weight w_i ~ Poisson(1); to first order the score moves by the sum of (w_i − 1)
times its influence (the infinitesimal jackknife, Efron 1982; for AUROC these are the components of DeLong et al.
1988). So all draws of all models of a task are one matrix product, and need one sort per task and model.

A gene has the same weights in every task, split and model: differences are paired, and tasks that share genes move
together.
"""

from __future__ import annotations

import zlib

import numpy as np
import scipy

DRAWS = 1000
"""Draws of a profile's intervals."""


def weights(genes: np.ndarray, draws: int = DRAWS, *, seed: int) -> np.ndarray:
    """Poisson(1) weights of each gene in each draw, (n, draws) uint8; they depend on its name and the seed alone."""
    out = np.empty((len(genes), draws), dtype=np.uint8)
    for i, gene in enumerate(np.asarray(genes).tolist()):
        key = [seed & 0xFFFFFFFF, zlib.crc32(gene.encode()) + (zlib.adler32(gene.encode()) << 32)]
        out[i] = np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64))).poisson(
            1.0, draws
        )
    return out


def moves(
    influence: np.ndarray, weight: np.ndarray, parts: tuple[np.ndarray, ...], *, rows: int = 4096
) -> np.ndarray:
    """How each draw moves each score, (n_scores, draws) float32.

    Args: influence: (n, n_scores). weight: of each gene in each draw, (n_genes, draws). parts: which gene (or, of a
    pair, which two) each row is, (n,) each. A pair counts by the product of its genes' weights, which is careful: its
    variance is a bound from above (the pigeonhole bootstrap, Owen 2007). rows: taken at a time, to bound the memory.
    """
    out = np.zeros((influence.shape[1], weight.shape[1]), dtype=np.float32)
    for s in range(0, len(influence), rows):
        w = weight[parts[0][s : s + rows]].astype(np.float32)
        for more in parts[1:]:
            w *= weight[more[s : s + rows]]
        out += influence[s : s + rows].astype(np.float32).T @ (w - 1)
    return out


def placements(
    y: np.ndarray, p: np.ndarray, fold: np.ndarray, n_folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Per entity the share of its fold's other class that it is ranked rightly against, ties counting half, (n,).

    Args: y: 0/1, (n,). p: predictions of any ordered type, (n,). fold: 0 … n_folds − 1, (n,).
    Returns: the shares (NaN in a fold of one class), and the number of negatives and positives by fold, (2, n_folds).
    """
    order = np.lexsort((p, fold))
    f, q, yy = fold[order], p[order], y[order].astype(np.int64)
    first = np.ones(len(y), dtype=bool)
    first[1:] = (q[1:] != q[:-1]) | (f[1:] != f[:-1])
    start = np.flatnonzero(first)
    end = np.append(start[1:], len(y))
    tie = np.cumsum(first) - 1
    low, high = (
        np.searchsorted(f, np.arange(n_folds)),
        np.searchsorted(f, np.arange(n_folds), side="right"),
    )
    positives = np.concatenate([[0], np.cumsum(yy)])
    negatives = np.arange(len(y) + 1) - positives
    number = np.stack([c[high] - c[low] for c in (negatives, positives)])
    beaten = (negatives[start] + negatives[end])[tie] / 2 - negatives[low][f]
    beating = positives[high][f] - (positives[start] + positives[end])[tie] / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        sorted_ = np.where(yy == 1, beaten / number[0][f], beating / number[1][f])
    out = np.empty(len(y))
    out[order] = np.where((number == 0).any(axis=0)[f], np.nan, sorted_)
    return out, number


def auroc(
    y: np.ndarray, p: np.ndarray, fold: np.ndarray, share: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Mean over folds of AUROC, and each entity's influence on it, (n,).

    ``share``: weight of each fold, (n_folds,); None: equal. Folds of one class do not count. Residuals are taken from
    the mean over all folds, so that a fold with two positives does not look certain, and scaled by √(n / (n − 1)) per
    class, which makes the variance DeLong's.
    """
    n_folds = int(fold.max()) + 1 if share is None else len(share)
    placed, number = placements(y, p, fold, n_folds)
    share = np.ones(n_folds) if share is None else share.astype(float)
    share = np.where((number == 0).any(axis=0), 0.0, share)
    if not share.sum():
        return np.nan, np.zeros(len(y))
    share = share / share.sum()
    of_own = number[(y > 0).astype(int), fold]  # size of the entity's class in its fold
    weight = share[fold] / np.maximum(of_own, 1)
    score = float(np.nansum(weight * np.nan_to_num(placed) * (y > 0)))
    total = number[:, share > 0].sum(axis=1)
    scale = np.sqrt(total / np.maximum(total - 1, 1))[(y > 0).astype(int)]
    return score, np.where(weight > 0, np.nan_to_num(placed - score) * weight * scale, 0.0)


def auroc_weighted(Y: np.ndarray, P: np.ndarray, fold: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over folds of the one-vs-rest AUROC weighted by class size, and each entity's influence on it, (n,).

    Args: Y: class index, (n,), or 0/1 per label, (n, n_labels). P: (n, n_labels). Class sizes are taken as given.
    """
    truth = Y if Y.ndim == 2 else (Y[:, None] == np.arange(P.shape[1])).astype(np.int64)
    n_folds = int(fold.max()) + 1
    size = np.stack([truth[fold == k].sum(axis=0) for k in range(n_folds)])  # (n_folds, n_labels)
    size = np.where((size > 0) & (size < np.bincount(fold, minlength=n_folds)[:, None]), size, 0)
    told = size.sum(axis=1)
    share = size / np.maximum(told, 1)[:, None] / max(1, (told > 0).sum())
    score, influence = 0.0, np.zeros(len(truth))
    if not (told > 0).any():
        return np.nan, influence
    for c in np.flatnonzero(size.any(axis=0)):
        one, moved = auroc(truth[:, c], P[:, c], fold, share[:, c])
        score += one * share[:, c].sum()
        influence += moved * share[:, c].sum()
    return score, influence


def spearman(y: np.ndarray, p: np.ndarray, fold: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over folds of the rank correlation, and each entity's influence on it, (n,).

    The influence is the projection of the U-statistic (Hoeffding 1948): the entity's own product of ranks, and what
    its presence does to the ranks of the others. Folds of a constant truth do not count; a constant prediction is 0.
    """
    used = [k for k in range(int(fold.max()) + 1) if np.ptp(y[fold == k]) > 0] if len(y) else []
    scores, influence = [], np.zeros(len(y))
    for k in used:
        at = np.flatnonzero(fold == k)
        one, moved = _spearman(y[at], p[at])
        scores.append(one)
        influence[at] = moved / len(used)
    return (float(np.mean(scores)) if scores else np.nan), influence


def _spearman(y: np.ndarray, p: np.ndarray) -> tuple[float, np.ndarray]:
    if np.ptp(p) == 0:
        return 0.0, np.zeros(len(y))
    n = len(y)
    (u, su, ties_u), (v, sv, ties_v) = _ranks(y), _ranks(p)
    rho = float((u * v).mean())
    moved = u * v + _above(u, v) / su + _above(v, u) / sv - rho / 2 * (ties_u + ties_v)
    return rho, (moved - moved.mean()) * np.sqrt(n / (n - 1)) / n


def _ranks(x: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Standardised ranks, (n,); their deviation as shares of n; and each entity's pull on their variance by its ties.

    Without ties the variance of ranks is fixed (1/12); groups of shares q make it (1 − Σ q³) / 12.
    """
    rank = scipy.stats.rankdata(x) / len(x)
    _, group, size = np.unique(x, return_inverse=True, return_counts=True)
    share, deviation = (size / len(x))[group], rank.std()
    return (rank - rank.mean()) / deviation, deviation, -(share**2) / 4 / deviation**2


def _above(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Mean over all entities of v where u is higher, and half of it where u is equal, (n,)."""
    order = np.argsort(u, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(v[order])])
    left, right = np.searchsorted(u[order], u), np.searchsorted(u[order], u, side="right")
    return (total[-1] - (total[left] + total[right]) / 2) / len(u)


def influence(
    kind: str, y: np.ndarray, p: np.ndarray, fold: np.ndarray
) -> tuple[float, np.ndarray]:
    """The main score of a kind of task (mean over folds), and each entity's influence on it, (n,)."""
    fold = fold.astype(np.int64)
    if kind in ("binary", "pair"):
        return auroc(y, p, fold)
    return spearman(y, p, fold) if kind == "regression" else auroc_weighted(y, p, fold)


def interval(
    score: np.ndarray, moved: np.ndarray, *, low: float, high: float, level: float = 0.95
) -> np.ndarray:
    """Percentile interval of scores that lie between the bounds ``low`` and ``high``, (2, …).

    Args: score: (…). moved: draws of how far each score moves, (…, draws). The score is moved on the scale on which it
    has no bounds (logit of its place between them; for a correlation that is Fisher's z), so that the interval stays
    inside and is longer towards the middle. A score at a bound has no width there, and is given none.
    """
    score, moved = np.asarray(score, dtype=float), np.asarray(moved, dtype=float)
    quantiles = np.quantile(moved, [(1 - level) / 2, (1 + level) / 2], axis=-1)
    place = np.clip((score - low) / (high - low), 1e-12, 1 - 1e-12)
    step = quantiles / (high - low) / (place * (1 - place))
    moved_place = 1 / (1 + np.exp(-np.clip(np.log(place / (1 - place)) + step, -700, 700)))
    inside = (score > low) & (score < high)
    return np.where(inside, low + (high - low) * moved_place, score)


def difference_interval(
    difference: np.ndarray, moved: np.ndarray, *, level: float = 0.95
) -> np.ndarray:
    """Percentile interval of differences of two scores on the same genes, (2, …); ``moved``: (…, draws)."""
    return difference + np.quantile(moved, [(1 - level) / 2, (1 + level) / 2], axis=-1)
