"""Linear probes of group indicators: each entity is of one group or of none. Exact, by group sums. No I/O.

A family shortcut is thousands of columns with one 1 in each row. Its linear probe has an intercept and one number a
group (and class), and groups meet in the intercept alone: the second derivatives form an arrow, which Newton's method
solves by a Schur complement. What is found is the optimum of the general solver, in a hundredth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import RunFailed

STEPS = 200
"""Newton steps at most; ten to thirty are usual."""

CLOSE = 1e-12
"""A fit ends when its squared Newton decrement, per entity, is below this."""

LONGEST = 4.0
"""Longest step of a margin: beyond, the curvature at the start says nothing."""


def codes(X: np.ndarray) -> np.ndarray | None:
    """Group of each row of indicators, (n,), −1 for a row of zeros; None where X is anything else, or one column."""
    X = np.asarray(X)
    if X.shape[1] < 2 or len(X) == 0 or not np.isin(X[:1], (0, 1)).all():
        return None
    number = np.count_nonzero(X, axis=1)
    if number.max(initial=0) > 1:
        return None
    column = X.argmax(axis=1)
    if not (X[np.arange(len(X)), column] == (number > 0)).all():
        return None
    return np.where(number > 0, column, -1)


def _penalty(size: np.ndarray, total: int, strength: float, standardise: bool) -> np.ndarray:
    """Penalty on a group's number: of its standardised column, (G,); infinite where the column is constant."""
    share = size / total
    return np.where(
        (size > 0) & (size < total),
        (share * (1 - share) if standardise else 1.0) * strength,
        np.inf,
    )


def logistic(
    code: np.ndarray, Y: np.ndarray, folds: np.ndarray, *, C: float, standardise: bool = True, **_
) -> np.ndarray:
    """As ``linear.logistic``: log-odds of the positive class from the fit that did not see the entity, (n, n_tasks)."""
    group, G = np.where(code < 0, code.max() + 1, code), int(code.max()) + 1
    out = np.zeros(Y.shape, dtype=np.float32)
    for t in range(Y.shape[1]):
        for k in np.unique(folds[folds[:, t] >= 0, t]):
            train, test = (folds[:, t] != k) & (folds[:, t] >= 0), folds[:, t] == k
            size = np.bincount(group[train], minlength=G + 1).astype(float)
            positive = np.bincount(group[train], weights=Y[train, t], minlength=G + 1)
            n, ones = size.sum(), positive.sum()
            if ones in (0, n):
                out[test, t] = np.log((ones + 0.5) / (n - ones + 0.5))
                continue
            penalty = np.append(
                _penalty(size[:G], n, 2 / C, standardise), np.inf
            )  # shared by the two classes
            b, U = _fit(np.column_stack([size - positive, positive]), penalty)
            margin = b + U
            out[test, t] = (margin[:, 1] - margin[:, 0])[group[test]]
    return out


def softmax(
    code: np.ndarray,
    y: np.ndarray,
    folds: np.ndarray,
    *,
    C: float,
    standardise: bool = True,
    floor: float,
    **_,
) -> np.ndarray:
    """As ``linear.softmax``: log-probabilities, (n, n_classes); ``floor`` for a class absent from training."""
    group, G, n_classes = (
        np.where(code < 0, code.max() + 1, code),
        int(code.max()) + 1,
        int(y.max()) + 1,
    )
    out = np.zeros((len(y), n_classes), dtype=np.float32)
    for k in np.unique(folds[folds >= 0]):
        train, test = (folds != k) & (folds >= 0), folds == k
        counts = np.zeros((G + 1, n_classes))
        np.add.at(counts, (group[train], y[train]), 1)
        seen = counts.sum(axis=0) > 0
        size = counts.sum(axis=1)
        penalty = np.append(_penalty(size[:G], size.sum(), 1 / C, standardise), np.inf)
        b, U = _fit(counts[:, seen], penalty)
        margin = (b + U)[group[test]]
        margin = margin - margin.max(axis=1, keepdims=True)
        found = np.full((test.sum(), n_classes), floor)
        found[:, seen] = np.maximum(
            margin - np.log(np.exp(margin).sum(axis=1, keepdims=True)), floor
        )
        out[test] = found
    return out


@dataclass
class _Groups:
    """What groups of entities hold: those of equal counts are one, with a multiplicity.

    Attributes: counts: per class, (g, c). size: (g,). penalty: (g,). times: how many groups are like it, (g,).
    rest: counts of the entities whose margin is the intercept alone, (c,).
    """

    counts: np.ndarray
    size: np.ndarray
    penalty: np.ndarray
    times: np.ndarray
    rest: np.ndarray

    def losses(self, b: np.ndarray, U: np.ndarray) -> np.ndarray:
        """Penalised log-loss of each group, (g,)."""
        M = b + U
        top = M.max(axis=1)
        sums = top + np.log(np.exp(M - top[:, None]).sum(axis=1))
        return (
            self.size * sums
            - (self.counts * M).sum(axis=1)
            + self.penalty * (U * U).sum(axis=1) / 2
        )

    def loss(self, b: np.ndarray, U: np.ndarray) -> float:
        """Of all entities."""
        rest = self.rest.sum() * (b.max() + np.log(np.exp(b - b.max()).sum())) - self.rest @ b
        return float(self.times @ self.losses(b, U) + rest)

    def bend(self, P: np.ndarray, at: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Second derivatives of each group's log-loss, (g, c, c), from its shares P."""
        square = P[:, :, None] * (np.eye(P.shape[1]) - P[:, None, :])
        return self.size[at, None, None] * square


def _shares(margin: np.ndarray) -> np.ndarray:
    e = np.exp(margin - margin.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _settle(held: _Groups, b: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Each group's best numbers at given intercepts, from a guess U: Newton's steps, each group at its own length."""
    U, at = U.copy(), np.arange(len(U))
    eye = np.eye(U.shape[1])
    for _ in range(STEPS):
        P = _shares(b + U[at])
        slope = held.size[at, None] * P - held.counts[at] + held.penalty[at, None] * U[at]
        step = np.linalg.solve(
            held.bend(P, at) + held.penalty[at, None, None] * eye, slope[:, :, None]
        )[:, :, 0]
        step *= np.minimum(1, LONGEST / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
        gain = (slope * step).sum(axis=1)
        open_ = gain > CLOSE * held.size[at]
        if not open_.any():
            return U - _scatter(len(U), at, step)
        at, step, gain = at[open_], step[open_], gain[open_]
        part = _Groups(held.counts[at], held.size[at], held.penalty[at], held.times[at], held.rest)
        now, length = part.losses(b, U[at]), np.ones(len(at))
        for _ in range(30):
            short = part.losses(
                b, U[at] - length[:, None] * step
            ) > now - 1e-4 * length * gain + 1e-12 * np.abs(now)
            if not short.any():
                break
            length[short] /= 2
        U[at] -= length[:, None] * step
    raise RunFailed("a linear fit of group indicators did not converge; look at the labels.")


def _scatter(n: int, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    out = np.zeros((n, values.shape[1]))
    out[at] = values
    return out


def _fit(counts: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts (c,) and each group's numbers (G, c) of a softmax; a group of infinite penalty has zeros.

    The groups are solved at given intercepts, and the intercepts by Newton's method on what is then left, whose second
    derivatives are the Schur complement of the groups' own.
    """
    c, free = counts.shape[1], np.isfinite(penalty)
    rows, back, times = np.unique(
        np.column_stack([counts[free], penalty[free]]),
        axis=0,
        return_inverse=True,
        return_counts=True,
    )
    held = _Groups(
        rows[:, :c], rows[:, :c].sum(axis=1), rows[:, c], times, counts[~free].sum(axis=0)
    )
    b = np.log(counts.sum(axis=0) / counts.sum())
    U = _settle(held, b, np.zeros((len(rows), c)))
    now = held.loss(b, U)
    for _ in range(STEPS):
        P, q = _shares(b + U), _shares(b)
        slope = (
            held.times @ (held.size[:, None] * P - held.counts) + held.rest.sum() * q - held.rest
        )
        bend = held.bend(P)
        moved = np.linalg.solve(
            bend + held.penalty[:, None, None] * np.eye(c), bend
        )  # of U, by a step of b
        arrow = np.einsum("g,gij->ij", held.times * held.penalty, moved) + held.rest.sum() * (
            np.diag(q) - np.outer(q, q)
        )
        step = np.linalg.solve(
            arrow + np.trace(arrow) / c**2, slope
        )  # the intercepts' common level is free
        gain, length = slope @ step, 1.0
        if gain <= CLOSE * counts.sum():
            break
        while True:
            then_b = b - length * step
            then_U = _settle(held, then_b, U + length * (moved @ step))
            then = held.loss(then_b, then_U)
            if then <= now - 1e-4 * length * gain + 1e-12 * abs(now) or length < 1e-6:
                break
            length /= 2
        b, U, now = then_b, then_U, then
    else:
        raise RunFailed("a linear fit of group indicators did not converge; look at the labels.")
    out = np.zeros_like(counts)
    out[free] = U[back.ravel()]
    return b, out


def ridge(
    code: np.ndarray,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    alpha: float,
    standardise: bool = True,
    **_,
) -> np.ndarray:
    """As ``linear.ridge``: predictions in the unit of the labels, (n, n_tasks) float64. In closed form."""
    group, G = np.where(code < 0, code.max() + 1, code), int(code.max()) + 1
    out = np.zeros(Y.shape)
    for t in range(Y.shape[1]):
        for k in np.unique(folds[folds[:, t] >= 0, t]):
            train, test = (folds[:, t] != k) & (folds[:, t] >= 0), folds[:, t] == k
            size = np.bincount(group[train], minlength=G + 1).astype(float)
            total = np.bincount(group[train], weights=Y[train, t], minlength=G + 1)
            penalty = np.append(_penalty(size[:G], size.sum(), alpha, standardise), np.inf)
            pull = np.where(
                np.isfinite(penalty),
                penalty / (size + np.where(np.isfinite(penalty), penalty, 1)),
                1.0,
            )
            b = (pull * total).sum() / (pull * size).sum()
            out[test, t] = (b + (1 - pull) * (total / np.maximum(size, 1) - b))[group[test]]
    return out


FITS = {"logistic": logistic, "softmax": softmax, "ridge": ridge}
"""Method of ``probes.PROBES`` → its twin for group indicators."""
