"""Linear probes of group indicators: each entity is of one group or of none. Exact, by group sums.

A family shortcut is thousands of columns with one 1 in each row. Its linear probe has an intercept
and one number a group (and class), and groups meet in the intercept alone: the second derivatives
form an arrow, which Newton's method solves by a Schur complement. The result is the optimum of the
general solver, in a hundredth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

_NO_END = "a linear fit of group indicators did not converge; look at the labels."


def codes(X: np.ndarray) -> np.ndarray | None:
    """Group of each row of indicators.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Vectors.

    Returns
    -------
    ndarray of shape (n,) or None
        Column of the 1, −1 for a row of zeros; None where X is anything else, or one column.
    """
    X = np.asarray(X)
    if X.shape[1] < 2 or len(X) == 0 or not np.isin(X[:1], (0, 1)).all():
        return None
    number, column = np.count_nonzero(X, axis=1), X.argmax(axis=1)
    if number.max() > 1 or not (X[np.arange(len(X)), column] == number).all():
        return None
    return np.where(number > 0, column, -1)


def _each_fold(code, L, folds, strength, standardise):
    """Counts and label sums of each group, fold by fold.

    Yields entities to predict, (n,), their group, and for each group the number of training
    entities, (G,), the sums of their labels L, (G, c), and the penalty on its number: ``STIFF``
    where the column is constant, and of the last group, which is of no column.
    """
    n_groups = int(code.max()) + 1
    group = np.where(code < 0, n_groups, code)

    for k in np.unique(folds[folds >= 0]):
        train, test = (folds != k) & (folds >= 0), folds == k
        size, *total = (
            np.bincount(group[train], weights=w[train], minlength=n_groups + 1)
            for w in (np.ones(len(L)), *L.T)
        )
        share = size / size.sum()
        scale = share * (1 - share) if standardise else 1.0
        penalty = np.where((share > 0) & (share < 1), scale * strength, STIFF)
        penalty[-1] = STIFF
        yield test, group[test], size, np.stack(total, axis=1), penalty


def _margins(code, y, folds, n_classes, C, standardise):
    """Test entities, (n,), training entities and margins of the classes, fold by fold."""
    truth = y[:, None] == np.arange(n_classes)

    for test, group, _, counts, penalty in _each_fold(code, truth, folds, 1 / C, standardise):
        total = counts.sum(axis=0)
        seen = total > 0
        margin = np.where(seen, np.zeros((len(group), 1)), -np.inf)
        if seen.sum() > 1:
            margin[:, seen] = _fit(counts[:, seen], penalty)[group]
        yield test, total, margin


def logistic(
    code: np.ndarray, Y: np.ndarray, folds: np.ndarray, *, C: float, standardise: bool = True, **_
) -> np.ndarray:
    """Logistic regression, as ``linear.logistic``.

    Parameters
    ----------
    code : ndarray of shape (n,)
        Groups by ``codes``.
    Y, folds : ndarray of shape (n, n_tasks)
        0/1 labels, and the fold in which each entity is tested (−1: none).
    C : float
        Inverse strength of the penalty.
    standardise : bool
        Inside the fold.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        Log-odds of the positive class from the fit that did not see the entity, float32.
    """
    out = np.zeros(Y.shape, dtype=np.float32)

    for t, y in enumerate(Y.T):  # the two classes share the penalty
        for test, total, margin in _margins(code, y, folds[:, t], 2, C / 2, standardise):
            if total.all():
                out[test, t] = margin[:, 1] - margin[:, 0]
            else:
                out[test, t] = np.log((total[1] + 0.5) / (total[0] + 0.5))

    return out


def softmax(
    code: np.ndarray, y: np.ndarray, folds: np.ndarray, *, C: float, standardise: bool = True, **_
) -> np.ndarray:
    """Softmax regression, as ``linear.softmax``.

    Parameters
    ----------
    code, C, standardise
        As in ``logistic``.
    y, folds : ndarray of shape (n,)
        Class, and the fold in which each entity is tested (−1: none).

    Returns
    -------
    ndarray of shape (n, n_classes)
        Log-probabilities, float32; ``FLOOR`` for a class absent from training.
    """
    n_classes = int(y.max()) + 1
    out = np.zeros((len(y), n_classes), dtype=np.float32)
    for test, _, margin in _margins(code, y, folds, n_classes, C, standardise):
        out[test] = log_softmax(margin)
    return out


def log_softmax(margin: np.ndarray) -> np.ndarray:
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
    margin = margin - margin.max(axis=1, keepdims=True)
    return np.maximum(margin - np.log(np.exp(margin).sum(axis=1, keepdims=True)), FLOOR)


def ridge(
    code: np.ndarray,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    alpha: float,
    standardise: bool = True,
    **_,
) -> np.ndarray:
    """Ridge regression in closed form, as ``linear.ridge``.

    Parameters
    ----------
    code, folds, standardise
        As in ``logistic``.
    Y : ndarray of shape (n, n_tasks)
        Real labels.
    alpha : float
        Strength of the penalty.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        Predictions in the unit of the labels, float64.
    """
    out = np.zeros(Y.shape)

    for t in range(Y.shape[1]):
        folds_ = _each_fold(code, Y[:, [t]], folds[:, t], alpha, standardise)
        for test, group, size, total, penalty in folds_:
            pull = penalty / (size + penalty)
            b = (pull * total[:, 0]).sum() / (pull * size).sum()
            value = b + (1 - pull) * (total[:, 0] / np.maximum(size, 1) - b)
            out[test, t] = value[group]

    return out


@dataclass
class _Groups:
    """Training entities by group: groups of equal counts are one, with a multiplicity.

    counts: per class, (g, c). penalty: (g,). times: how many groups are alike, (g,).
    """

    counts: np.ndarray
    penalty: np.ndarray
    times: np.ndarray

    def __post_init__(self) -> None:
        self.size = self.counts.sum(axis=1)

    def losses(self, b: np.ndarray, U: np.ndarray, at=slice(None)) -> np.ndarray:
        """Penalised log-loss of some groups."""
        M = b + U
        top = M.max(axis=1)
        sums = top + np.log(np.exp(M - top[:, None]).sum(axis=1))
        fit = self.size[at] * sums - (self.counts[at] * M).sum(axis=1)
        return fit + self.penalty[at] * (U * U).sum(axis=1) / 2

    def slopes(self, b: np.ndarray, U: np.ndarray, at=slice(None)):
        """First derivatives of some groups' log-loss, (g, c), and second, (g, c, c)."""
        M = b + U
        P = np.exp(M - M.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        size = self.size[at, None]
        bend = size[..., None] * (P[:, :, None] * (np.eye(P.shape[1]) - P[:, None, :]))
        return size * P - self.counts[at], bend

    def penalised(self, bend: np.ndarray, at=slice(None)) -> np.ndarray:
        """Second derivatives of some groups with the penalty."""
        return bend + self.penalty[at, None, None] * np.eye(bend.shape[1])

    def settle(self, b: np.ndarray, U: np.ndarray) -> np.ndarray:
        """Each group's optimum at given intercepts, from a guess U, by Newton's method."""
        U, at = U.copy(), np.arange(len(U))

        for _ in range(STEPS):
            slope, bend = self.slopes(b, U[at], at)
            slope += self.penalty[at, None] * U[at]
            step = np.linalg.solve(self.penalised(bend, at), slope[:, :, None])[:, :, 0]
            step *= np.minimum(1, LONGEST / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
            gain = (slope * step).sum(axis=1)
            going = gain > CLOSE * self.size[at]
            if not going.any():
                U[at] -= step
                return U
            at, step, gain = at[going], step[going], gain[going]
            now, length = self.losses(b, U[at], at), np.ones(len(at))
            for _ in range(30):
                then = self.losses(b, U[at] - length[:, None] * step, at)
                # each group at its own length: a step must lower its loss
                short = then > now - 1e-4 * length * gain + 1e-12 * np.abs(now)
                if not short.any():
                    break
                length[short] /= 2
            U[at] -= length[:, None] * step

        raise RunFailed(_NO_END)


def _fit(counts, penalty):
    """Intercepts (c,) plus each group's numbers, (G, c), of a softmax.

    The groups are solved at given intercepts, and the intercepts by Newton's method on what is then
    left, whose second derivatives are the Schur complement of the groups' own.
    """
    c = counts.shape[1]
    rows = np.column_stack([counts, penalty])
    rows, back, times = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    groups = _Groups(rows[:, :c], rows[:, c], times)
    b = np.log(counts.sum(axis=0) / counts.sum())
    U = groups.settle(b, np.zeros((len(rows), c)))
    now = times @ groups.losses(b, U)

    for _ in range(STEPS):
        slope, bend = groups.slopes(b, U)
        slope = times @ slope
        # the Schur complement: what a step of b moves U by, and what curvature is then left
        moved = np.linalg.solve(groups.penalised(bend), bend)
        arrow = np.einsum("g,gij->ij", times * groups.penalty, moved)
        # the intercepts' common level is free
        step = np.linalg.solve(arrow + np.trace(arrow) / c**2, slope)
        gain, length = slope @ step, 1.0
        if gain <= CLOSE * counts.sum():
            return b + U[back.ravel()]
        while True:
            then_b = b - length * step
            then_U = groups.settle(then_b, U + length * (moved @ step))
            then = times @ groups.losses(then_b, then_U)
            if then <= now - 1e-4 * length * gain + 1e-12 * abs(now) or length < 1e-6:
                break
            length /= 2
        b, U, now = then_b, then_U, then

    raise RunFailed(_NO_END)
