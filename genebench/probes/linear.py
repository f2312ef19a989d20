"""Linear probes: logistic, softmax and ridge regression, for all tasks and folds together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..core.errors import BadInput
from . import solver
from .features import Rows, inverse
from .indicators import FLOOR, log_softmax
from .solver import Problems

GRID = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths that are tried where C is chosen and not given."""

INNER = 3
"""Inner folds."""


def logistic(
    features: Rows,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    C: float | str = 1.0,
    tolerance: float = 3e-4,
    memory: float = 2e9,
    seed: int = 0,
) -> np.ndarray:
    """L2-regularised logistic regression of many binary tasks at once, each in each of its folds.

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` on features standardised
    inside the fold (intercept not penalised).

    Parameters
    ----------
    features : Rows
        Features of n entities.
    Y : ndarray of shape (n, n_tasks)
        0/1 labels.
    folds : ndarray of shape (n, n_tasks)
        Fold in which each entity is tested; −1 leaves an entity out of a task altogether.
    C : float or {"loo", "inner"}
        Inverse strength of the penalty. ``"loo"``: for each task and fold the strength of ``GRID``
        with the least approximate leave-one-out log-loss on the training entities (Rad & Maleki
        2020, with the Hessian's weights replaced by their mean). ``"inner"``: the one with the
        least log-loss over inner folds.
    tolerance : float
        See ``solver.solve``.
    memory : float
        Bytes for the fits at work.
    seed : int
        Of the inner folds.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        Log-odds of the positive class from the fit that did not see the entity, float32; 0 where
        the fold is −1. Where the training entities are all of one class (a label absent from the
        other folds), the log-odds of their share, (positives + ½) / (n + 1): the same for every
        entity.

    Raises
    ------
    BadInput
        A fold without training entities, or a C that is none.
    RunFailed
        A fit that does not converge.
    """
    labels, train, mask = _tables(features, Y, folds)
    positive, size = _class_sizes(labels, train, mask)
    if not size.all():
        raise BadInput("a fold has no training entity; use fewer folds or a larger task.")
    empty = (positive == 0) | (positive == size)
    task, k = torch.where(~empty)
    out = torch.zeros(labels.shape, device=labels.device)

    if len(task):
        ones = torch.ones(len(task), device=labels.device)
        problems = Problems(labels, task, train, mask[task, k], ones)
        W, b = _fit(features, problems, C, seed, tolerance=tolerance, memory=memory)
        fold = torch.tensor(folds.T.copy(), device=labels.device)
        # margins of all entities, in pieces, of which each problem gives those that it tested
        for here in torch.arange(len(task)).split(max(1, (1 << 26) // features.n)):
            M = features.forward(W[here, 0]) + b[here]
            tested = fold[task[here]] == k[here, None]
            out.index_add_(0, task[here], torch.where(tested, M, 0).float())

    out = out.T.cpu().numpy()
    odds = ((positive + 0.5) / (size - positive + 0.5)).log().cpu()
    for t, k in zip(*(a.tolist() for a in torch.where(empty))):
        out[folds[:, t] == k, t] = odds[t, k]

    return out


def softmax(
    features: Rows,
    y: np.ndarray,
    folds: np.ndarray,
    *,
    C: float | str = 1.0,
    tolerance: float = 3e-4,
    max_iter: int = 1000,
    memory: float = 2e9,
    seed: int = 0,
) -> np.ndarray:
    """Multinomial logistic regression of one task, all folds together.

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` (symmetric parametrisation,
    every class penalised, intercepts not).

    Parameters
    ----------
    features, tolerance, memory, seed
        As in ``logistic``.
    y : ndarray of shape (n,)
        Class.
    folds : ndarray of shape (n,)
        Fold in which each entity is tested; −1 leaves it out.
    C : float or "inner"
        As in ``logistic``, but not ``"loo"``.
    max_iter : int
        Iterations after which a fit goes on in double precision.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Log-probabilities from the fit that did not see the entity, float32, not below ``FLOOR``
        (which a class absent from the training entities has).

    Raises
    ------
    BadInput
        A C that is none.
    RunFailed
        A fit that does not converge.
    """
    if C == "loo":
        raise BadInput(
            "softmax has no approximate leave-one-out; choose C by inner folds (C: inner) or give "
            "it."
        )

    labels, train, mask = _tables(features, y[:, None], folds[:, None])
    n_classes, task = int(y.max()) + 1, torch.zeros_like(mask[0])
    ones = torch.ones(len(task), device=labels.device)
    problems = Problems(labels, task, train, mask[0], ones, n_classes)
    options = {"tolerance": tolerance, "max_iter": max_iter, "memory": memory}
    W, b = _fit(features, problems, C, seed, **options)
    out = np.zeros((len(y), n_classes), dtype=np.float32)

    for k in range(len(task)):
        here, train = folds == k, (folds != k) & (folds >= 0)
        margins = solver.margins(features, W[k : k + 1], b[k : k + 1])[0].cpu().numpy()
        margins = margins.T[here].astype(np.float64)
        margins[:, np.bincount(y[train], minlength=n_classes) == 0] = -np.inf
        out[here] = log_softmax(margins)

    return out


def ridge(
    features: Rows,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    alpha: float | Sequence[float] = 1.0,
    memory: float = 2e9,
    seed: int = 0,
) -> np.ndarray:
    """Ridge regression of many tasks with the same entities, in closed form, in double precision.

    The optimum of scikit-learn's ``Ridge(alpha)`` on features standardised inside the fold.

    Parameters
    ----------
    features : Rows
        Features of n entities.
    Y : ndarray of shape (n, n_tasks)
        Real labels.
    folds : ndarray of shape (n, n_tasks)
        Fold in which each entity is tested; −1 leaves an entity out.
    alpha : float or sequence of float
        Strength of the penalty; of several, for each task and fold the one with the least exact
        leave-one-out error on the training entities (Golub et al. 1979).
    memory, seed
        Not used; every probe takes them.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        Predictions in the unit of the labels, float64.
    """
    X, out = features.X.double(), np.zeros(Y.shape)
    values = torch.as_tensor(np.asarray(Y, dtype=np.float64), device=X.device)
    columns, which = _distinct(folds)

    for number, fold in enumerate(columns):
        tasks = np.flatnonzero(which == number)
        for k in np.unique(fold[fold >= 0]):
            train, test = (
                torch.as_tensor(m, device=X.device) for m in ((fold != k) & (fold >= 0), fold == k)
            )
            mean, deviation = X[train].mean(0), X[train].std(0, correction=0)
            scale = inverse(deviation, deviation <= 1e-9)
            if not features.standardise:
                scale = features.unit.double()
            A, B = ((X[rows] - mean) * scale for rows in (train, test))
            predicted = ridge_predict(A, values[train][:, tasks], B, np.atleast_1d(alpha).tolist())
            out[np.ix_(fold == k, tasks)] = predicted.cpu().numpy()

    return out


def ridge_predict(A: Tensor, y: Tensor, B: Tensor, alphas: Sequence[float]) -> Tensor:
    """Fit ridge regressions on some rows and predict others.

    Parameters
    ----------
    A : Tensor of shape (n, d)
        Training rows, centred, double precision.
    y : Tensor of shape (n, n_tasks)
        Their labels.
    B : Tensor of shape (n_test, d)
        Rows to predict, less the mean of the training rows.
    alphas : sequence of float
        Strengths of the penalty; of several the best by exact leave-one-out, per column.

    Returns
    -------
    Tensor of shape (n_test, n_tasks)
    """
    centre = y.mean(0)
    y = y - centre
    n, d = A.shape
    gram = A.T @ A if d <= n else A @ A.T

    if len(alphas) == 1:
        penalised = torch.eye(len(gram), dtype=A.dtype, device=A.device) * float(alphas[0]) + gram
        root = torch.linalg.cholesky(penalised)
        if d <= n:
            return B @ torch.cholesky_solve(A.T @ y, root) + centre
        return (B @ A.T) @ torch.cholesky_solve(y, root) + centre

    value, vector = torch.linalg.eigh(gram)
    value = value.clamp(min=0)
    large = value > 1e-12 * value.max().clamp(min=1e-300)
    # A's coordinates in its eigenbasis, (n, r), and the basis, (d, r)
    U = (A @ vector if d <= n else vector * value.sqrt())[:, large]
    vector, value = vector[:, large], value[large]
    V = vector if d <= n else A.T @ (vector / value.sqrt())
    out = best = None

    for alpha in map(float, alphas):
        weights = (U.T @ y) / (value + alpha)[:, None]
        predicted = (B @ V) @ weights + centre
        leverage = (U * U) @ (1 / (value + alpha)) + 1 / n
        error = (((y - U @ weights) / (1 - leverage)[:, None]) ** 2).mean(0)
        out = predicted if best is None else torch.where(error < best, predicted, out)
        best = error if best is None else torch.minimum(best, error)

    return out


def _distinct(folds):
    """Distinct columns of folds, in order, and the number of each task's, (n_tasks,)."""
    keys = [column.tobytes() for column in folds.T]
    columns = dict(zip(keys, folds.T))
    number = {key: i for i, key in enumerate(columns)}
    return list(columns.values()), np.array([number[key] for key in keys])


def _tables(features, Y, folds):
    """Labels (n_tasks, n), distinct training masks (n_masks, n), the mask of each task's fold."""
    if Y.shape != folds.shape or len(Y) != features.n:
        raise BadInput(
            f"labels {Y.shape}, folds {folds.shape} and {features.n} entities do not fit together."
        )

    columns, which = _distinct(folds)
    n_folds = int(folds.max()) + 1
    masks = [(fold != k) & (fold >= 0) for fold in columns for k in range(n_folds)]
    number = which[:, None] * n_folds + np.arange(n_folds)
    labels = np.ascontiguousarray(Y.T).astype(np.int64)

    return tuple(
        torch.as_tensor(a, device=features.X.device) for a in (labels, np.stack(masks), number)
    )


def _class_sizes(labels, train, mask):
    """Positives and entities in training, of each task and fold, two (n_tasks, n_folds)."""
    positive = torch.stack([(y * train[m]).sum(1) for y, m in zip(labels, mask)])
    return positive.double(), train.sum(1)[mask]


def _fit(features, problems, C, seed, **options):
    """Weights at the given C, or at the one of ``GRID`` that does best on training entities."""
    if C not in ("loo", "inner"):
        if isinstance(C, str) or not C > 0:
            shown = f"'{C}'" if isinstance(C, str) else C
            raise BadInput(f"C is {shown}; it must be a positive number, 'loo' or 'inner'.")
        problems.C = torch.full_like(problems.C, float(C))
        return solver.solve(features, problems, **options)

    fits, losses = [], []

    for strength in GRID:
        problems.C = torch.full_like(problems.C, strength)
        if C == "loo":
            fits.append(solver.solve(features, problems, **options))
            losses.append(_loo_loss(features, problems, *fits[-1]))
        else:
            losses.append(_inner_loss(features, problems, options, seed))

    best = torch.stack(losses).argmin(0)

    if C == "loo":
        rows = torch.arange(len(best), device=best.device)
        return tuple(torch.stack(a)[best, rows] for a in zip(*fits))

    problems.C = problems.C.new_tensor(GRID)[best]

    return solver.solve(features, problems, **options)


def _loo_loss(features, problems, W, b):
    """Approximate leave-one-out log-loss of binary problems on their training entities, (K,)."""
    spectrum, V = features.basis
    squared = features.X**2 if V is None else features.forward(V.T).T ** 2  # (n, r)
    if not features.standardise:
        squared *= features.unit.max() ** 2
    out = []

    for here in torch.arange(len(problems), device=W.device).split(max(1, (1 << 24) // features.n)):
        some = problems.take(here)
        use = some.train[some.mask].to(W.dtype)
        y = some.labels[some.task].to(W.dtype)
        M = features.forward(W[here, 0]) + b[here]
        P = torch.sigmoid(M)
        weight = P - P * P
        total = (weight * use).sum(1, keepdim=True).clamp(min=1e-30)
        # one Newton step without the entity, by its leverage on its own margin
        leverage = 1 / (total * spectrum + 1 / some.C[:, None]) @ squared.T + 1 / total
        shift = leverage * (P - y) / (1 - weight * leverage).clamp(min=1e-2)
        loss = torch.nn.functional.softplus(torch.where(y > 0, -(M + shift), M + shift))
        out.append((loss * use).sum(1) / use.sum(1))

    return torch.cat(out)


def _inner_loss(features, problems, options, seed):
    """Log-loss over inner folds of the training entities at the problems' own C, (K,)."""
    n_classes, order = max(2, problems.n_classes), np.arange(features.n) % INNER
    part = torch.as_tensor(np.random.default_rng(seed).permutation(order), device=problems.C.device)
    loss, number = torch.zeros_like(problems.C), torch.zeros_like(problems.C)

    for inner in range(INNER):
        nested = replace(problems, train=problems.train & (part != inner))
        counts = torch.stack(
            [
                torch.bincount(nested.labels[t][nested.train[m]], minlength=n_classes)
                for t, m in zip(nested.task, nested.mask)
            ]
        )
        able = torch.where((counts > 0).sum(1) > 1)[0]
        if not len(able):
            continue
        W, b = solver.solve(features, nested.take(able), **options)
        for k, weights, intercept in zip(able, W, b):
            M = solver.margins(features, weights[None], intercept[None])[0]
            if problems.n_classes == 1:
                M = torch.cat([torch.zeros_like(M), M])
            M[counts[k] == 0] = 2 * FLOOR  # what inner training never saw is out of the sum
            # the loss is over training entities that this inner fit did not see
            test = problems.train[problems.mask[k]] & (part == inner)
            y = problems.labels[problems.task[k]][test]
            log = torch.log_softmax(M[:, test], 0)[y, torch.arange(len(y), device=y.device)]
            loss[k] -= log.clamp(min=FLOOR).sum()
            number[k] += len(y)

    return torch.where(number > 0, loss / number.clamp(min=1), torch.inf)
