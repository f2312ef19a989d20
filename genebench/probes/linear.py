"""Linear probes: logistic regression, softmax regression and ridge regression, for all tasks and folds together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..core.errors import BadInput
from . import solver
from .features import Pairs, Rows
from .solver import Problems

GRID = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths that are tried where C is chosen and not given."""

INNER = 3
"""Inner folds."""

FLOOR = -50.0
"""Least log-probability that is told apart."""


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

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` on features standardised inside the fold
    (intercept not penalised).

    Args:
        features: of n entities. Y: 0/1 labels, (n, n_tasks). folds: fold in which each entity is tested, (n, n_tasks);
            −1 keeps an entity out of a task altogether.
        C: inverse strength of the penalty; or ``"loo"``: for each task and fold the strength of ``GRID`` with the least
            approximate leave-one-out log-loss on the training entities (Rad & Maleki 2020, with the Hessian's weights
            replaced by their mean); or ``"inner"``: the one with the least log-loss over inner folds.
        memory: bytes for the fits at work.
    Returns: log-odds of the positive class from the fit that did not see the entity, (n, n_tasks) float32; 0 where the
    fold is −1. Where the training entities are all of one class (a label absent from the other folds), the log-odds of
    their share, (positives + ½) / (n + 1): the same for every entity.
    Raises: RunFailed: a fit that does not converge.
    """
    labels, train, mask = _tables(features, Y, folds)
    n_tasks, n = labels.shape
    out = np.zeros((n, n_tasks), dtype=np.float32)
    positive, size = _class_sizes(labels, train, mask)
    empty = (positive == 0) | (positive == size)
    for task, k in zip(*np.nonzero(empty)):
        if size[task, k] == 0:
            raise BadInput("a fold has no training entity; use fewer folds or a larger task.")
        here = folds[:, task] == k
        out[here, task] = np.log(
            (positive[task, k] + 0.5) / (size[task, k] - positive[task, k] + 0.5)
        )
    task, k = (torch.as_tensor(a, device=labels.device) for a in np.nonzero(~empty))
    if not len(task):
        return out
    options = {"tolerance": tolerance, "memory": memory}
    problems = Problems(
        labels, task, train, mask[task, k], torch.ones(len(task), device=labels.device)
    )
    W, b = _chosen(features, problems, C, options, seed)
    fold = torch.tensor(folds.T.copy(), device=labels.device)
    step = max(1, (1 << 26) // n)
    for at in range(0, len(task), step):  # problems, in the order of their tasks
        here = slice(at, at + step)
        margins = features.forward(W[here, 0]) + b[here]
        tested = fold[task[here]] == k[here, None]
        row, entity = (i.cpu().numpy() for i in torch.nonzero(tested, as_tuple=True))
        out[entity, task[here].cpu().numpy()[row]] = margins[tested].cpu().numpy()
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

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` (symmetric parametrisation, every class penalised,
    intercepts not). Arguments as in ``logistic``, with y: class, (n,), and folds: (n,); C may not be ``"loo"``.
    max_iter: iterations after which a fit goes on in double precision.
    Returns: log-probabilities from the fit that did not see the entity, (n, n_classes) float32, not below ``FLOOR``
    (which a class absent from the training entities has).
    """
    if C == "loo":
        raise BadInput(
            "softmax has no approximate leave-one-out; choose C by inner folds (C: inner) or give it."
        )
    labels, train, mask = _tables(features, y[:, None], folds[:, None])
    n_classes = int(y.max()) + 1
    task = torch.zeros(len(mask[0]), dtype=torch.long, device=labels.device)
    problems = Problems(
        labels, task, train, mask[0], torch.ones(len(task), device=labels.device), n_classes
    )
    options = {"tolerance": tolerance, "max_iter": max_iter, "memory": memory}
    W, b = _chosen(features, problems, C, options, seed)
    out = np.full((len(y), n_classes), 0, dtype=np.float32)
    for k in range(len(task)):
        here = folds == k
        seen = np.bincount(y[(folds != k) & (folds >= 0)], minlength=n_classes) > 0
        margins = (
            solver.margins(features, W[k : k + 1], b[k : k + 1])[0]
            .cpu()
            .numpy()
            .T[here]
            .astype(np.float64)
        )
        margins[:, ~seen] = -np.inf
        margins -= margins.max(1, keepdims=True)
        with np.errstate(divide="ignore"):
            out[here] = np.maximum(margins - np.log(np.exp(margins).sum(1, keepdims=True)), FLOOR)
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

    The optimum of scikit-learn's ``Ridge(alpha)`` on features standardised inside the fold. Several ``alpha``: for each
    task and fold the one with the least exact leave-one-out error on the training entities (Golub et al. 1979).

    Args: Y: real labels, (n, n_tasks). folds: (n, n_tasks). Returns: predictions in the unit of the labels,
    (n, n_tasks) float64.
    """
    X = _dense(features).double()
    values = torch.as_tensor(np.asarray(Y, dtype=np.float64), device=X.device)
    alphas = [float(a) for a in np.atleast_1d(alpha)]
    out = np.zeros(Y.shape)
    groups: dict[bytes, list[int]] = {}
    for t in range(Y.shape[1]):
        groups.setdefault(folds[:, t].tobytes(), []).append(t)
    for tasks in groups.values():
        fold = folds[:, tasks[0]]
        for k in np.unique(fold[fold >= 0]):
            train, test = (
                torch.as_tensor(m, device=X.device) for m in ((fold != k) & (fold >= 0), fold == k)
            )
            mean, deviation = X[train].mean(0), X[train].std(0, correction=0)
            flat = deviation <= 1e-9
            inverse = torch.where(flat, 0, 1 / torch.where(flat, 1, deviation))
            if not features.standardise:
                inverse = features.unit.double()
            A, B = ((X[rows] - mean) * inverse for rows in (train, test))
            y = values[train][:, tasks]
            out[np.ix_(fold == k, tasks)] = _ridge(A, B, y, alphas).cpu().numpy()
    return out


def _ridge(A: Tensor, B: Tensor, y: Tensor, alphas: list[float]) -> Tensor:
    """Ridge predictions for rows B from centred rows A; with several alphas the best by leave-one-out, per column."""
    centre = y.mean(0)
    y = y - centre
    n, d = A.shape
    if len(alphas) == 1:
        if d <= n:
            left = torch.eye(d, dtype=A.dtype, device=A.device) * alphas[0] + A.T @ A
            return B @ torch.cholesky_solve(A.T @ y, torch.linalg.cholesky(left)) + centre
        left = torch.eye(n, dtype=A.dtype, device=A.device) * alphas[0] + A @ A.T
        return (B @ A.T) @ torch.cholesky_solve(y, torch.linalg.cholesky(left)) + centre
    value, vector = torch.linalg.eigh(A.T @ A if d <= n else A @ A.T)
    value = value.clamp(min=0)
    U = A @ vector if d <= n else vector * value.sqrt()  # A's coordinates in its eigenbasis, (n, r)
    keep = value > 1e-12 * value.max().clamp(min=1e-300)
    U, value = U[:, keep], value[keep]
    V = vector[:, keep] if d <= n else A.T @ (vector[:, keep] / value.sqrt())
    found, best = None, None
    for alpha in alphas:
        weights = (U.T @ y) / (value + alpha)[:, None]
        predicted = (B @ V) @ weights + centre
        leverage = (U * U) @ (1 / (value + alpha)) + 1 / n
        error = (((y - U @ weights) / (1 - leverage)[:, None]) ** 2).mean(0)
        found = predicted if best is None else torch.where(error < best, predicted, found)
        best = error if best is None else torch.minimum(best, error)
    return found


def _tables(features: Rows, Y: np.ndarray, folds: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Labels (n_tasks, n), distinct training masks (n_masks, n), the mask of each task's fold (n_tasks, n_folds)."""
    if Y.shape != folds.shape or len(Y) != features.n:
        raise BadInput(
            f"labels {Y.shape}, folds {folds.shape} and {features.n} entities do not fit together."
        )
    device = features.X.device
    distinct: dict[bytes, int] = {}
    which = [
        distinct.setdefault(np.ascontiguousarray(column).tobytes(), len(distinct))
        for column in folds.T
    ]
    first = [which.index(i) for i in range(len(distinct))]
    n_folds = int(folds.max()) + 1
    masks = [(folds[:, t] != k) & (folds[:, t] >= 0) for t in first for k in range(n_folds)]
    number = np.asarray(which)[:, None] * n_folds + np.arange(n_folds)
    return (
        torch.as_tensor(np.ascontiguousarray(Y.T), dtype=torch.long, device=device),
        torch.as_tensor(np.stack(masks), device=device),
        torch.as_tensor(number, device=device),
    )


def _class_sizes(labels: Tensor, train: Tensor, mask: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Positives and entities in training, of each task and fold, two (n_tasks, n_folds)."""
    n_folds = mask.shape[1]
    sizes = train.sum(1)
    positive = torch.empty_like(mask)
    for k in range(n_folds):
        for t in range(len(labels)):
            positive[t, k] = (labels[t] * train[mask[t, k]]).sum()
    return positive.cpu().numpy(), sizes[mask].cpu().numpy()


def _dense(features: Rows) -> Tensor:
    if isinstance(features, Pairs):
        raise BadInput("ridge regression takes no pairs; use the logistic probe.")
    return features.X


def _chosen(
    features: Rows, problems: Problems, C: float | str, options: dict, seed: int
) -> tuple[Tensor, Tensor]:
    """Weights at the given C, or at the one of ``GRID`` that does best on the training entities alone."""
    if not isinstance(C, str):
        if not C > 0:
            raise BadInput(f"C is {C}; it must be a positive number, 'loo' or 'inner'.")
        problems.C = torch.full_like(problems.C, float(C))
        return solver.solve(features, problems, **options)
    if C not in ("loo", "inner"):
        raise BadInput(f"C is '{C}'; it must be a positive number, 'loo' or 'inner'.")
    K = len(problems)
    best = torch.full((K,), torch.inf, device=problems.C.device)
    W = b = None
    chosen = torch.zeros_like(best)
    for strength in GRID:
        problems.C = torch.full((K,), strength, device=best.device)
        if C == "loo":
            found = solver.solve(features, problems, **options)
            loss = _loo_loss(features, problems, *found)
        else:
            loss = _inner_loss(features, problems, options, seed)
        better = loss < best
        chosen, best = torch.where(better, problems.C, chosen), torch.where(better, loss, best)
        if C == "loo":
            pick = better[:, None, None]
            W = found[0] if W is None else torch.where(pick, found[0], W)
            b = found[1] if b is None else torch.where(pick[..., 0], found[1], b)
    problems.C = chosen
    return (W, b) if C == "loo" else solver.solve(features, problems, **options)


def _loo_loss(features: Rows, problems: Problems, W: Tensor, b: Tensor) -> Tensor:
    """Approximate leave-one-out log-loss of binary problems on their training entities, (K,)."""
    spectrum, V = features.basis
    squared = features.X**2 if V is None else features.forward(V.T).T ** 2  # (n, r)
    if not features.standardise:
        squared *= features.unit.max() ** 2
    out = torch.empty(len(problems), device=W.device)
    step = max(1, (1 << 24) // features.n)
    for at in range(0, len(problems), step):
        here = slice(at, at + step)
        use = problems.train[problems.mask[here]].to(W.dtype)
        y = problems.labels[problems.task[here]].to(W.dtype)
        M = features.forward(W[here, 0]) + b[here]
        P = torch.sigmoid(M)
        weight = P - P * P
        total = (weight * use).sum(1, keepdim=True).clamp(min=1e-30)
        inverse = 1 / (total * spectrum + 1 / problems.C[here, None])
        leverage = inverse @ squared.T + 1 / total
        shift = leverage * (P - y) / (1 - weight * leverage).clamp(min=1e-2)
        loss = torch.nn.functional.softplus(torch.where(y > 0, -(M + shift), M + shift))
        out[here] = (loss * use).sum(1) / use.sum(1)
    return out


def _inner_loss(features: Rows, problems: Problems, options: dict, seed: int) -> Tensor:
    """Log-loss over inner folds of the training entities at the problems' own C, (K,)."""
    generator = np.random.default_rng(seed)
    part = torch.as_tensor(
        generator.permutation(np.arange(features.n) % INNER), device=problems.C.device
    )
    loss = torch.zeros(len(problems), device=problems.C.device)
    number = torch.zeros_like(loss)
    for inner in range(INNER):
        held = (part == inner)[None]
        nested = Problems(
            problems.labels,
            problems.task,
            problems.train & ~held,
            problems.mask,
            problems.C,
            problems.n_classes,
        )
        able = _two_classes(nested)
        nested.task, nested.mask, nested.C = nested.task[able], nested.mask[able], nested.C[able]
        if not len(nested):
            continue
        W, b = solver.solve(features, nested, **options)
        rows = torch.where(able)[0]
        for at, k in enumerate(rows.tolist()):
            M = solver.margins(features, W[at : at + 1], b[at : at + 1])[0]
            test = problems.train[problems.mask[k]] & held[0]
            y = problems.labels[problems.task[k]][test]
            M = _without_unseen(problems, k, held[0], M)
            if problems.n_classes == 1:
                each = torch.nn.functional.softplus(torch.where(y > 0, -M[0, test], M[0, test]))
            else:
                each = -torch.log_softmax(M[:, test], 0)[
                    y, torch.arange(len(y), device=y.device)
                ].clamp(min=FLOOR)
            loss[k] += each.sum()
            number[k] += len(y)
    return torch.where(number > 0, loss / number.clamp(min=1), torch.inf)


def _without_unseen(problems: Problems, k: int, held: Tensor, M: Tensor) -> Tensor:
    """Softmax margins (C, n) with the classes that inner training never saw out of the sum."""
    if problems.n_classes > 1:
        seen = problems.labels[problems.task[k]][problems.train[problems.mask[k]] & ~held]
        M[torch.bincount(seen, minlength=problems.n_classes) == 0] = 2 * FLOOR
    return M


def _two_classes(problems: Problems) -> Tensor:
    """Which problems have two classes or more in training, (K,) bool."""
    found = []
    for task, mask in zip(problems.task.tolist(), problems.mask.tolist()):
        y = problems.labels[task][problems.train[mask]]
        found.append(len(y) > 0 and bool((y != y[0]).any()))
    return torch.tensor(found, device=problems.C.device)
