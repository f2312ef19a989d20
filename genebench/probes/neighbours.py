"""Nearest-neighbour probe: the labels of the most alike entities, all tasks and folds from one search."""

from __future__ import annotations

import numpy as np
import torch

from ..core.errors import BadInput
from .features import Pairs, Rows

K = 15
"""Neighbours that vote."""


def knn_votes(
    features: Rows, Y: np.ndarray, folds: np.ndarray, *, k: int = K, memory: float = 2e9
) -> np.ndarray:
    """Mean label of the k training entities most alike by cosine of the standardised vectors.

    One search finds enough candidates for every task and fold; where a fold leaves fewer than k of them, that entity's
    neighbours are searched again among its training entities. Ties go to the entity that stands first.

    Args: Y: real or 0/1 labels, (n, n_tasks). folds: (n, n_tasks), −1 keeps an entity out. k: neighbours.
    Returns: means in the unit of the labels, (n, n_tasks) float64 (fewer than k training entities: all of them).
    """
    if isinstance(features, Pairs):
        raise BadInput("nearest neighbours take no pairs; use the logistic probe.")
    n, n_tasks = Y.shape
    X = torch.nn.functional.normalize(features.X, dim=1)
    wide = min(n - 1, 3 * k + 10)
    candidates = np.empty((n, wide), dtype=np.int64)
    step = max(1, int(memory / 12 / n))
    for at in range(0, n, step):
        rows = torch.arange(at, min(at + step, n), device=X.device)
        alike = X[rows] @ X.T
        alike[torch.arange(len(rows), device=X.device), rows] = -torch.inf
        candidates[at : at + len(rows)] = alike.topk(wide, dim=1).indices.cpu().numpy()
    out = np.zeros((n, n_tasks))
    for t in range(n_tasks):
        fold, y = folds[:, t], np.asarray(Y[:, t], dtype=np.float64)
        near = fold[candidates]  # (n, wide)
        allowed = (near != fold[:, None]) & (near >= 0)
        rank = np.cumsum(allowed, axis=1)
        vote = allowed & (rank <= k)
        number = vote.sum(axis=1)
        out[:, t] = (y[candidates] * vote).sum(axis=1) / np.maximum(number, 1)
        for i in np.flatnonzero((number < k) & (fold >= 0)):
            train = np.flatnonzero((fold != fold[i]) & (fold >= 0))
            alike = (X[torch.as_tensor(train)] @ X[i]).cpu().numpy()
            best = train[np.argsort(-alike, kind="stable")[:k]]
            out[i, t] = y[best].mean()
        out[fold < 0, t] = 0
    return out


def knn_binary(
    features: Rows,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    k: int = K,
    memory: float = 2e9,
    seed: int = 0,
):
    """Log-odds (n, n_tasks) of the neighbours' share of positives, drawn half a vote towards one half."""
    share = knn_votes(features, Y, folds, k=k, memory=memory)
    return np.log((share * k + 0.5) / ((1 - share) * k + 0.5)).astype(np.float32)


def knn_classes(
    features: Rows,
    y: np.ndarray,
    folds: np.ndarray,
    *,
    k: int = K,
    memory: float = 2e9,
    seed: int = 0,
):
    """Log-probabilities (n, n_classes) of the neighbours' classes, each class with half a vote more."""
    n_classes = int(y.max()) + 1
    wide = np.repeat(folds[:, None], n_classes, axis=1)
    share = knn_votes(
        features, (y[:, None] == np.arange(n_classes)).astype(float), wide, k=k, memory=memory
    )
    return np.log((share * k + 0.5) / (k + 0.5 * n_classes)).astype(np.float32)


def knn_values(
    features: Rows,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    k: int = K,
    memory: float = 2e9,
    seed: int = 0,
):
    """Mean of the neighbours' values, (n, n_tasks)."""
    return knn_votes(features, Y, folds, k=k, memory=memory)
