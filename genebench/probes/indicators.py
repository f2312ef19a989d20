"""Linear probes of group indicators: each entity is of one group or of none. Exact, by group sums.

A family shortcut is thousands of columns with one 1 in each row. Its linear probe has an intercept
and one number a group (and class), and groups meet in the intercept alone: the second derivatives
form an arrow, which Newton's method solves by a Schur complement. The result is the optimum of the
general solver, in a hundredth of the time.
"""

import numpy as np
import scipy

from ..core.errors import RunFailed

FLOOR = -50.0
"""Least log-probability of a class."""

STEPS = 200
"""Newton steps at most; ten to thirty are usual."""

CLOSE = 1e-12
"""A fit ends when its squared Newton decrement, per entity, is below this."""

STIFF = 1e30
"""A penalty that leaves nothing of a number."""

LONGEST = 4.0
"""Longest step of a margin: beyond, the curvature at the start says nothing."""


def codes(X):
    """Group of each row of indicators.

    Parameters
    ----------
    X : ndarray of shape (n, d)

    Returns
    -------
    ndarray of shape (n,) or None
        Column of the 1, −1 for a row of zeros; None where X is anything else, or one column.
    """
    if X.shape[1] < 2 or len(X) == 0 or not np.isin(X[:1], (0, 1)).all():
        return None
    number, column = np.count_nonzero(X, axis=1), X.argmax(axis=1)
    if number.max() > 1 or not (X[np.arange(len(X)), column] == number).all():
        return None
    return np.where(number > 0, column, -1)


def predict(code, Y, folds, *, kind, strength, standardise):
    """Values of the linear probe of a kind of task, as the functions of ``linear`` give them.

    Parameters
    ----------
    code : ndarray of shape (n,)
        Groups by ``codes``.
    Y, folds : ndarray of shape (n, n_tasks)
        Labels, and the fold in which each entity is tested (−1: none); multi-class: one task.
    kind : str
    strength : float
        C, or alpha of ridge regression.
    standardise : bool
        Inside the fold.

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
    """
    several, real = kind == "multiclass", kind == "regression"
    classes, n_groups = np.arange(Y.max() + 1 if several else 2), int(code.max()) + 1
    group = np.where(code < 0, n_groups, code)
    shape, dtype = (len(Y), len(classes)) if several else Y.shape, "f8" if real else "f4"
    out = np.zeros(shape, dtype)
    if not real:  # two classes share the penalty
        strength = (1 if several else 2) / strength

    for t, train, test in fits(folds):
        y = Y[train, t, None]
        size, *total = (
            np.bincount(group[train], weights=w, minlength=n_groups + 1)
            for w in (np.ones(len(y)), *(y if real else y == classes).T)
        )
        share = size / size.sum()
        scale = share * (1 - share) if standardise else 1.0
        penalty = np.where((share > 0) & (share < 1), scale * strength, STIFF)
        penalty[-1] = STIFF  # rows of zeros have no number
        values = _values(kind, size, np.stack(total, axis=1), penalty)
        out[test, slice(None) if several else t] = values[group[test]]

    return out


def fits(folds):
    """List the fits of some tasks, one for each of their folds.

    Parameters
    ----------
    folds : ndarray of int, shape (n, n_tasks)
        Fold in which each entity is tested; −1 leaves it out, one below only trains.

    Yields
    ------
    task : int
    train, test : ndarray of bool, shape (n,)
    """
    for task, fold in enumerate(folds.T):
        for k in np.unique(fold[fold >= 0]):
            yield task, (fold != k) & (fold != -1), fold == k


def _values(kind, size, total, penalty):
    """Values of each group, (G,) or (G, c), from its size, (G,), and sums of labels, (G, c)."""
    if kind == "regression":
        pull, total = penalty / (size + penalty), total[:, 0]
        b = (pull * total).sum() / (pull * size).sum()
        return b + (1 - pull) * (total / np.maximum(size, 1) - b)
    every = total.sum(axis=0)
    seen = every > 0
    if kind != "multiclass" and not seen.all():
        return np.full(len(size), np.log((every[1] + 0.5) / (every[0] + 0.5)))
    margin = np.where(seen, np.zeros_like(total), -np.inf)
    if seen.sum() > 1:
        margin[:, seen] = _fit(total[:, seen], penalty)
    return log_softmax(margin) if kind == "multiclass" else margin[:, 1] - margin[:, 0]


def _fit(counts, penalty):
    """Margins of each group, (G, c), of a softmax: intercepts plus its numbers."""
    c = counts.shape[1]
    rows = np.column_stack([counts, penalty])  # groups of equal counts are one
    rows, back, times = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    counts, penalty = rows[:, :c], rows[:, c:]
    size, every = counts.sum(axis=1, keepdims=True), times @ counts
    b, U, eye = np.log(every / every.sum()), np.zeros_like(counts), np.eye(c)

    def loss(b, U):
        M = b + U
        top = M.max(axis=1, keepdims=True)
        sums = size * (top + np.log(np.exp(M - top).sum(axis=1, keepdims=True)))
        return float(times @ (sums[:, 0] + (penalty * U * U / 2 - counts * M).sum(axis=1)))

    now = loss(b, U)

    for _ in range(STEPS):
        P = np.exp(log_softmax(b + U))
        fit, bend = size * P - counts, size[..., None] * (P[..., None] * (eye - P[:, None]))
        slope = fit + penalty * U
        right = np.concatenate([bend, slope[..., None]], axis=2)
        solved = np.linalg.solve(bend + penalty[..., None] * eye, right)
        # a group's step, and what a step of the intercepts takes from it
        step, moved = solved[..., c], solved[..., :c]
        # the Schur complement: curvature that is left to the intercepts; their common level is free
        arrow = np.einsum("g,gij->ij", times * penalty[:, 0], moved)
        pull = times @ (fit - (bend @ step[..., None])[..., 0])
        down = np.linalg.solve(arrow + np.trace(arrow) / c**2, pull)
        step = step - moved @ down
        gain = times @ (slope * step).sum(axis=1) + times @ fit @ down
        if gain <= CLOSE * every.sum():
            return (b - down + U - step)[back.ravel()]
        length = min(1.0, LONGEST / max(np.abs(step).max(), np.abs(down).max()))
        while True:
            then = loss(b - length * down, U - length * step)
            if then <= now - 1e-4 * length * gain + 1e-12 * abs(now) or length < 1e-6:
                break
            length /= 2
        b, U, now = b - length * down, U - length * step, then

    raise RunFailed("a linear fit of group indicators did not converge; look at the labels.")


def log_softmax(margin):
    """Log-probabilities of classes.

    Parameters
    ----------
    margin : ndarray of shape (n, n_classes)
        −inf for a class that cannot be.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Not below ``FLOOR``.
    """
    return np.maximum(scipy.special.log_softmax(margin, axis=1), FLOOR)
