"""Linear probes: logistic, softmax and ridge regression, for all tasks and folds together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ..core.errors import BadInput
from . import solver
from .features import Features, inverse
from .indicators import log_softmax
from .solver import Problems

GRID = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths that are tried where C is chosen and not given."""

INNER = 3
"""Inner folds."""


def logistic(
    features: Features,
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
    features : Features
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
    positive = torch.stack([(y * train[m]).sum(1) for y, m in zip(labels, mask)]).double()
    size = train.sum(1)[mask]
    empty = (positive == 0) | (positive == size)
    task, k = torch.where(~empty)
    out = np.zeros(Y.shape, dtype=np.float32)

    if len(task):
        problems = Problems(labels, task, train, mask[task, k])
        options = {"tolerance": tolerance, "memory": memory}
        out = _out_of_fold(features, problems, k, folds, C, seed, options)[:, 0].T

    odds = ((positive + 0.5) / (size - positive + 0.5)).log().cpu()
    for t, k in torch.argwhere(empty).tolist():
        out[folds[:, t] == k, t] = odds[t, k]

    return out


def softmax(
    features: Features,
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
    """
    labels, train, mask = _tables(features, y[:, None], folds[:, None])
    n_classes, task = int(y.max()) + 1, torch.zeros_like(mask[0])
    problems = Problems(labels, task, train, mask[0], n_classes=n_classes)
    options = {"tolerance": tolerance, "max_iter": max_iter, "memory": memory}
    k = torch.arange(len(task), device=task.device)
    margin = _out_of_fold(features, problems, k, folds, C, seed, options)[0].T.astype(np.float64)

    for k in np.unique(folds[folds >= 0]):
        counts = np.bincount(y[(folds != k) & (folds >= 0)], minlength=n_classes)
        margin[np.ix_(folds == k, counts == 0)] = -np.inf

    return np.where(folds[:, None] < 0, 0, log_softmax(margin)).astype(np.float32)


def ridge(
    features: Features,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    alpha: float = 1.0,
    memory: float = 2e9,
) -> np.ndarray:
    """Ridge regression of many tasks with the same entities, in closed form, in double precision.

    The optimum of scikit-learn's ``Ridge(alpha)`` on features standardised inside the fold.

    Parameters
    ----------
    features : Features
        Features of n entities.
    Y, folds : ndarray of shape (n, n_tasks)
        Real labels, and the fold in which each entity is tested (−1 leaves it out).
    alpha : float
        Strength of the penalty.
    memory : float
        Not used; every probe takes it.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        Predictions in the unit of the labels, float64.
    """
    X, out = features.X.double(), np.zeros(Y.shape)
    labels = torch.as_tensor(np.asarray(Y, dtype=np.float64), device=X.device)
    columns, which = np.unique(folds, axis=1, return_inverse=True)

    for number, fold in enumerate(columns.T):
        tasks = np.flatnonzero(which.ravel() == number)
        for k in np.unique(fold[fold >= 0]):
            train, test = (
                torch.as_tensor(m, device=X.device) for m in ((fold != k) & (fold >= 0), fold == k)
            )
            mean, deviation = X[train].mean(0), X[train].std(0, correction=0)
            scale = inverse(deviation, deviation <= 1e-9)
            if not features.standardise:
                scale = features.unit.double()
            A, B = ((X[rows] - mean) * scale for rows in (train, test))
            y = labels[train][:, tasks]
            centre = y.mean(0)
            # the smaller of the two sides
            wide = len(A) < A.shape[1]
            gram, right = (A @ A.T, y - centre) if wide else (A.T @ A, A.T @ (y - centre))
            gram.diagonal().add_(alpha)
            solved = torch.cholesky_solve(right, torch.linalg.cholesky(gram))
            predicted = (B @ A.T if wide else B) @ solved + centre
            out[np.ix_(fold == k, tasks)] = predicted.cpu().numpy()

    return out


def _tables(features, Y, folds):
    """Labels (n_tasks, n), distinct training masks (n_masks, n), the mask of each task's fold."""
    if Y.shape != folds.shape or len(Y) != features.n:
        raise BadInput(
            f"labels {Y.shape}, folds {folds.shape} and {features.n} entities do not fit together."
        )

    columns, which = np.unique(folds, axis=1, return_inverse=True)
    numbers = np.arange(int(folds.max()) + 1)
    masks = np.stack([(fold != k) & (fold >= 0) for fold in columns.T for k in numbers])
    if not masks.any(axis=1).all():
        raise BadInput("a fold has no training entity; use fewer folds or a larger task.")
    mask = which.reshape(-1, 1) * len(numbers) + numbers
    labels = np.ascontiguousarray(Y.T).astype(np.int64)

    return tuple(torch.as_tensor(a, device=features.X.device) for a in (labels, masks, mask))


def _out_of_fold(features, problems, k, folds, C, seed, options):
    """Margins by the fit that did not see the entity, (n_tasks, C, n); k: what a problem tests."""
    W, b = _fit(features, problems, C, seed, options)
    fold = torch.tensor(folds.reshape(features.n, -1).T.copy(), device=W.device)
    out = torch.zeros(len(fold), b.shape[1], features.n, device=W.device)

    # margins of all entities, in pieces, of which each problem gives those that it tested
    for here in torch.arange(len(k)).split(max(1, (1 << 26) // out[0].numel())):
        tested = fold[problems.task[here]] == k[here, None]
        M = solver.margins(features, W[here], b[here])
        out.index_add_(0, problems.task[here], torch.where(tested[:, None], M, 0).float())

    return out.cpu().numpy()


def _fit(features, problems, C, seed, options):
    """Weights at the given C, or at the one of ``GRID`` that does best on training entities."""
    if C == "loo" and problems.n_classes > 1:
        raise BadInput(
            "softmax has no approximate leave-one-out; choose C by inner folds (C: inner) or give "
            "it."
        )
    if C in ("loo", "inner"):
        loss = _loo_loss if C == "loo" else _inner_loss
        losses = [loss(features, replace(problems, C=c), seed, options) for c in GRID]
        C = torch.tensor(GRID)[torch.stack(losses).argmin(0).cpu()].to(features.X)
    elif isinstance(C, str) or not C > 0:
        shown = f"'{C}'" if isinstance(C, str) else C
        raise BadInput(f"C is {shown}; it must be a positive number, 'loo' or 'inner'.")

    return solver.solve(features, replace(problems, C=C), **options)


def _loo_loss(features, problems, seed, options):
    """Approximate leave-one-out log-loss of binary problems on their training entities, (K,)."""
    W, b = solver.solve(features, problems, **options)
    spectrum, V = features.basis
    squared = features.X**2 if V is None else features.forward(V.T).T ** 2  # (n, r)
    squared *= features.scale**2
    out = []

    for here in torch.arange(len(b), device=W.device).split(max(1, (1 << 24) // features.n)):
        use = problems.train[problems.mask[here]].to(W.dtype)
        y = problems.labels[problems.task[here]].to(W.dtype)
        M = solver.margins(features, W[here], b[here])[:, 0]
        P = torch.sigmoid(M)
        weight = P - P * P
        total = (weight * use).sum(1, keepdim=True).clamp(min=1e-30)
        # one Newton step without the entity, by its leverage on its own margin
        leverage = 1 / (total * spectrum + 1 / problems.C) @ squared.T + 1 / total
        shift = leverage * (P - y) / (1 - weight * leverage).clamp(min=1e-2)
        loss = torch.nn.functional.softplus(torch.where(y > 0, -(M + shift), M + shift))
        out.append((loss * use).sum(1) / use.sum(1))

    return torch.cat(out)


def _inner_loss(features, problems, seed, options):
    """Log-loss over inner folds of the training entities, (K,)."""
    part = np.random.default_rng(seed).permutation(np.arange(features.n) % INNER)
    train, Y = problems.train[problems.mask].cpu().numpy(), problems.labels[problems.task].cpu()
    inner, options = np.where(train, part, -1), {**options, "C": problems.C}

    if problems.n_classes == 1:
        odds = torch.as_tensor(logistic(features, Y.numpy().T, inner.T, **options)).T
        log = torch.nn.functional.logsigmoid(torch.where(Y > 0, odds, -odds))
    else:
        rows = zip(Y.numpy(), inner)
        every = [softmax(features, y, fold, **options)[np.arange(len(y)), y] for y, fold in rows]
        log = torch.as_tensor(np.stack(every))

    return -(log * train).sum(1) / train.sum(1)
