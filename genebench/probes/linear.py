"""Linear probes: logistic, softmax and ridge regression, for all tasks and folds together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ..core.errors import BadInput
from . import solver
from .features import Features
from .indicators import log_softmax
from .problems import Problems
from .scaling import inverse

GRID = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths that are tried where C is chosen and not given."""

INNER = 3
"""Inner folds."""


def predict(
    features: Features,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    kind: str,
    C: float | str = 1.0,
    alpha: float = 1.0,
    seed: int = 0,
    **options,
) -> np.ndarray:
    """L2-regularised regressions of many tasks at once, each in each of its folds.

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` (of several classes the
    symmetric parametrisation, every class penalised) or ``Ridge(alpha)`` on features standardised
    inside the fold; intercepts are not penalised.

    Parameters
    ----------
    features : Features
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task, (n,).
    folds : ndarray of the shape of Y
        Fold in which each entity is tested; −1 leaves an entity out of a task altogether.
    kind : str
    C : float or {"loo", "inner"}
        Inverse strength of the penalty. ``"loo"``: for each task and fold the strength of ``GRID``
        with the least approximate leave-one-out log-loss on the training entities (Rad & Maleki
        2020, with the Hessian's weights replaced by their mean), not of several classes.
        ``"inner"``: the one with the least log-loss over inner folds.
    alpha : float
        Strength of the penalty of ridge regression.
    seed : int
        Of the inner folds.
    **options
        Of ``solver.solve``.

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
        Log-odds of the positive class from the fit that did not see the entity, float32; 0 where
        the fold is −1. Where the training entities are all of one class (a label absent from the
        other folds), the log-odds of their share, (positives + ½) / (n + 1). Log-probabilities not
        below ``FLOOR``, which a class absent from training has. Or numbers, float64.

    Raises
    ------
    BadInput
        A fold without training entities, or a C that is none.
    RunFailed
        A fit that does not converge.
    """
    if kind == "regression":
        return _ridge(features, Y, folds, alpha)
    several, Y, folds = kind == "multiclass", Y.reshape(len(Y), -1), folds.reshape(len(Y), -1)
    labels, train, mask = _tables(features, Y, folds)
    n_classes = int(Y.max()) + 1 if several else 1
    use, classes = train[mask], range(max(2, n_classes))
    # in training, of each task and fold
    counts = torch.stack([((labels == c)[:, None] & use).sum(2) for c in classes], 2)
    able = (counts > 0).sum(2) > 1
    task, k = torch.where(able)
    out = torch.zeros(len(labels), n_classes, len(Y), device=labels.device)

    if len(task):
        problems = Problems(labels, task, train, mask[task, k], n_classes=n_classes)
        W, b = _fit(features, problems, C, seed, options)
        fold = torch.tensor(folds.T.copy(), device=W.device)
        # margins of all entities, in pieces, of which each problem gives those that it tested
        for here in torch.arange(len(task)).split(max(1, (1 << 26) // out[0].numel())):
            M = solver.margins(features, W[here], b[here])
            tested = fold[task[here]] == k[here, None]
            out.index_add_(0, task[here], torch.where(tested[:, None], M, 0).float())

    out, counts = out.cpu().numpy(), counts.cpu().numpy()

    if several:
        margin = out[0].T.astype(np.float64)
        margin[counts[0, folds[:, 0], :n_classes] == 0] = -np.inf
        return np.where(folds < 0, 0, log_softmax(margin)).astype(np.float32)

    odds = np.log((counts[..., 1] + 0.5) / (counts[..., 0] + 0.5))
    for t, k in torch.argwhere(~able).tolist():
        out[t, 0, folds[:, t] == k] = odds[t, k]

    return out[:, 0].T


def _tables(features, Y, folds):
    """Labels (n_tasks, n), distinct training masks (n_masks, n), the mask of each task's fold."""
    if Y.shape != folds.shape or len(Y) != features.n:
        raise BadInput(
            f"labels {Y.shape}, folds {folds.shape} and {features.n} entities do not fit together."
        )

    columns, which = np.unique(folds, axis=1, return_inverse=True)
    numbers = np.arange(int(folds.max()) + 1)
    masks = np.stack([(fold != k) & (fold != -1) for fold in columns.T for k in numbers])
    if not masks.any(axis=1).all():
        raise BadInput("a fold has no training entity; use fewer folds or a larger task.")
    mask = which.reshape(-1, 1) * len(numbers) + numbers
    labels = np.ascontiguousarray(Y.T).astype(np.int64)

    return tuple(torch.as_tensor(a, device=features.X.device) for a in (labels, masks, mask))


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
    use, Y = problems.train[problems.mask].cpu().numpy(), problems.labels[problems.task].cpu()
    inner, Y = np.where(use, part, -1), Y.numpy()

    if problems.n_classes == 1:
        odds = predict(features, Y.T, inner.T, kind="binary", C=problems.C, **options).T
        log = -np.logaddexp(0, np.where(Y > 0, -odds, odds))
    else:
        given = {"kind": "multiclass", "C": problems.C, **options}
        every = (predict(features, y, fold, **given) for y, fold in zip(Y, inner))
        log = np.stack([values[np.arange(len(y)), y] for values, y in zip(every, Y)])

    return -torch.as_tensor((log * use).sum(1) / use.sum(1))


def _ridge(features, Y, folds, alpha):
    """Ridge regression in closed form, in double precision."""
    X, out = features.X.double(), np.zeros(Y.shape)

    for t, fold in enumerate(folds.T):
        labels = torch.as_tensor(np.asarray(Y[:, t : t + 1], dtype=np.float64), device=X.device)
        for k in np.unique(fold[fold >= 0]):
            test = torch.as_tensor(fold == k, device=X.device)
            train = torch.as_tensor(fold != -1, device=X.device) & ~test
            mean, deviation = X[train].mean(0), X[train].std(0, correction=0)
            scale = inverse(deviation, deviation <= 1e-9)
            if not features.standardise:
                scale = features.unit
            A, B = ((X[rows] - mean) * scale for rows in (train, test))
            centre = labels[train].mean()
            # the smaller of the two sides
            wide, y = len(A) < A.shape[1], labels[train] - centre
            gram, right = (A @ A.T, y) if wide else (A.T @ A, A.T @ y)
            gram.diagonal().add_(alpha)
            solved = torch.cholesky_solve(right, torch.linalg.cholesky(gram))
            out[fold == k, t] = ((B @ A.T if wide else B) @ solved + centre).cpu().numpy()[:, 0]

    return out
