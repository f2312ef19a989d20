"""Main scores as means over folds, and how far each moves when an entity counts a little more."""

import numpy as np
import scipy


def placements(y, p, fold):
    """Compare each entity with the other class of its fold.

    Parameters
    ----------
    y, p, fold : ndarray of shape (n,)
        As of ``auroc``.

    Returns
    -------
    placed : ndarray of shape (n,)
        Share of the other class that the entity is ranked rightly against, 0 to 1; ties count half;
        NaN in a fold of one class.
    number : ndarray of int, shape (2, n_folds)
        Negatives and positives of each fold.
    """
    fold, side = fold.astype(np.int64), (y > 0).astype(np.int64)
    number = np.bincount(2 * fold + side, minlength=2 * int(fold.max()) + 2).reshape(-1, 2).T
    order = np.argsort(p, kind="stable")
    # the smallest integers are sorted by their digits, without comparing
    digits = fold[order].astype(np.min_scalar_type(fold.max()))
    order = order[np.argsort(digits, kind="stable")]
    f, v, s = fold[order], p[order], side[order]
    # how many of each class are tied in a fold, are lower in any fold, and are in lower folds
    tie = np.concatenate([[0], np.cumsum((f[1:] != f[:-1]) | (v[1:] != v[:-1]))])
    tied = np.bincount(2 * tie + s, minlength=2 * tie[-1] + 2).reshape(-1, 2).T
    lower, other = np.cumsum(tied, axis=1) - tied / 2, np.cumsum(number, axis=1) - number
    below = np.empty(len(fold))
    below[order] = lower[1 - s, tie] - other[1 - s, f]
    others = number[1 - side, fold]
    with np.errstate(invalid="ignore"):
        return np.where(side == 1, below, others - below) / others, number


def auroc(y, p, fold, share=None):
    """Mean over folds of AUROC, and each entity's influence on it.

    Folds of one class do not count. Residuals are taken from the mean over all folds, so that a
    fold with two positives does not look certain, and scaled by √(n / (n − 1)) per class, which
    makes the variance DeLong's.

    Parameters
    ----------
    y, p, fold : ndarray of shape (n,)
        0/1 labels, predictions of any ordered type, folds (0 …).
    share : ndarray of shape (n_folds,) or "pairs", optional
        Weight of each fold, or by its pairs of a 1 and a 0; None: equal.

    Returns
    -------
    score, influence : float and ndarray of shape (n,)
        NaN and zeros if no fold counts.
    """
    placed, number = placements(y, p, fold)
    pairs = number.prod(axis=0)
    if isinstance(share, str):
        share = pairs
    # a fold of one class has no AUROC; the others take its weight
    share = np.where(pairs == 0, 0.0, 1.0 if share is None else share)
    if not share.sum():
        return np.nan, np.zeros(len(y))
    share, side = share / share.sum(), (y > 0).astype(int)
    weight = share[fold] / np.maximum(number[side, fold], 1)  # by the entity's class in its fold
    placed = np.nan_to_num(placed)
    score = float(np.sum(weight * placed * side))
    total = number[:, share > 0].sum(axis=1)
    scale = np.sqrt(total / np.maximum(total - 1, 1))[side]

    return score, np.where(weight > 0, (placed - score) * weight * scale, 0.0)


def auroc_weighted(Y, P, fold):
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
    n = np.bincount(fold)[:, None]
    size = (fold == np.arange(len(n))[:, None]) @ truth  # (n_folds, n_labels)
    size = np.where(size < n, size, 0)
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


def spearman(y, p, fold):
    """Mean over folds of the rank correlation, and each entity's influence on it.

    The influence is the projection of the U-statistic (Hoeffding 1948): the entity's own product of
    ranks, and what its presence does to the ranks of the others. Folds of a constant truth do not
    count; a constant prediction is 0.

    Parameters
    ----------
    y, p, fold : ndarray of shape (n,)

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
