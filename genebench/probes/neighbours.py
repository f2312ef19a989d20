"""Nearest-neighbour probe: labels of the most similar entities, for all tasks from one search."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .features import Rows

K = 15
"""Neighbours that vote."""


def nearest(X: Tensor, k: int, *, memory: float = 2e9) -> np.ndarray:
    """Rows that are most similar to each row.

    Parameters
    ----------
    X : Tensor of shape (n, d)
        Rows of length one, so that their products are cosines.
    k : int
        Neighbours of each row, less than n.
    memory : float
        Bytes for the similarities at work.

    Returns
    -------
    ndarray of shape (n, k)
        Row numbers, the most similar first; no row is its own neighbour.
    """
    out = np.empty((len(X), k), dtype=np.int64)
    step = max(1, int(memory / 12 / len(X)))

    for rows in torch.arange(len(X), device=X.device).split(step):
        cosine = X[rows] @ X.T
        cosine[torch.arange(len(rows), device=X.device), rows] = -torch.inf
        out[rows.cpu()] = cosine.topk(k, dim=1).indices.cpu().numpy()

    return out


def knn_values(
    features: Rows,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    k: int = K,
    memory: float = 2e9,
    seed: int = 0,
) -> np.ndarray:
    """Mean label of the k training entities most similar by cosine of the standardised vectors.

    One search finds enough candidates for every task and fold; where a fold leaves fewer than k of
    them, that entity's neighbours are searched again among its training entities. Ties go to the
    entity that stands first.

    Parameters
    ----------
    features : Rows
        Features of n entities.
    Y : ndarray of shape (n, n_tasks)
        Real or 0/1 labels.
    folds : ndarray of shape (n, n_tasks)
        Fold in which each entity is tested; −1 leaves an entity out.
    k : int
        Neighbours.
    memory : float
        Bytes for the similarities at work.
    seed : int
        Not used; every probe takes one.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        Means in the unit of the labels, float64 (of all training entities if fewer than k).
    """
    X = torch.nn.functional.normalize(features.X, dim=1)
    candidates = nearest(X, min(len(X) - 1, 3 * k + 10), memory=memory)
    out = np.zeros(Y.shape)

    for t, fold in enumerate(folds.T):
        y = np.asarray(Y[:, t], dtype=np.float64)
        # candidates of the entity's own fold, and of none, do not vote
        near = fold[candidates]
        allowed = (near != fold[:, None]) & (near >= 0)
        vote = allowed & (np.cumsum(allowed, axis=1) <= k)
        number = vote.sum(axis=1)
        out[:, t] = (y[candidates] * vote).sum(axis=1) / np.maximum(number, 1)
        for i in np.flatnonzero((number < k) & (fold >= 0)):
            train = np.flatnonzero((fold != fold[i]) & (fold >= 0))
            cosine = (X[torch.as_tensor(train)] @ X[i]).cpu().numpy()
            out[i, t] = y[train[np.argsort(-cosine, kind="stable")[:k]]].mean()
        out[fold < 0, t] = 0

    return out


def knn_binary(
    features: Rows, Y: np.ndarray, folds: np.ndarray, *, k: int = K, **options
) -> np.ndarray:
    """Log-odds of the neighbours' share of positives, drawn half a vote towards one half.

    Parameters
    ----------
    features, Y, folds, k, **options
        As in ``knn_values``; Y: 0/1.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        float32.
    """
    share = knn_values(features, Y, folds, k=k, **options)
    return np.log((share * k + 0.5) / ((1 - share) * k + 0.5)).astype(np.float32)


def knn_classes(
    features: Rows, y: np.ndarray, folds: np.ndarray, *, k: int = K, **options
) -> np.ndarray:
    """Log-probabilities of the neighbours' classes, each class with half a vote more.

    Parameters
    ----------
    features, y, folds, k, **options
        As in ``knn_values``; y: class, (n,); folds: (n,).

    Returns
    -------
    ndarray of shape (n, n_classes)
        float32.
    """
    truth = y[:, None] == np.arange(y.max() + 1)
    folds = np.broadcast_to(folds[:, None], truth.shape)
    share = knn_values(features, truth, folds, k=k, **options)
    return np.log((share * k + 0.5) / (k + 0.5 * truth.shape[1])).astype(np.float32)
