"""Nearest-neighbour probe: labels of the most similar entities, for all tasks from one search."""

import numpy as np
import torch


def predict(features, Y, folds, *, kind, k, memory):
    """Votes of the k training entities most similar by cosine of the standardised vectors.

    One search finds enough candidates for every task and fold; where a fold leaves fewer than k of
    them, that entity's neighbours are searched again among its training entities. Ties go to the
    entity that stands first.

    Parameters
    ----------
    features : Features
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task.
    folds : ndarray of the shape of Y
        Fold in which each entity is tested; −1 leaves an entity out.
    kind : str
    k : int
        Neighbours (all training entities if there are fewer).
    memory : float
        Bytes for the similarities at work.

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
        Log-odds of the share of positives, drawn half a vote towards one half; log-probabilities of
        the classes, each with half a vote more (float32); or means of the labels (float64).
    """
    if kind == "multiclass":
        Y = Y == np.arange(Y.max() + 1)
        folds = np.broadcast_to(folds, Y.shape)
    X = torch.nn.functional.normalize(features.X, dim=1)
    candidates = []  # the rows most similar to each row but itself, best first

    for rows in torch.arange(len(X), device=X.device).split(max(1, int(memory / 12 / len(X)))):
        cosine = X[rows] @ X.T
        cosine[rows - rows[0], rows] = -torch.inf
        candidates.append(cosine.topk(min(len(X) - 1, 3 * k + 10), dim=1).indices.cpu().numpy())

    candidates, share = np.concatenate(candidates), np.zeros(Y.shape)

    for t, fold in enumerate(folds.T):
        y = np.asarray(Y[:, t], dtype=np.float64)
        # candidates of the entity's own fold, and of none, do not vote
        near = fold[candidates]
        allowed = (near != fold[:, None]) & (near != -1)
        vote = allowed & (np.cumsum(allowed, axis=1) <= k)
        number = vote.sum(axis=1)
        share[:, t] = (y[candidates] * vote).sum(axis=1) / np.maximum(number, 1)
        for i in np.flatnonzero((number < k) & (fold >= 0)):
            train = np.flatnonzero((fold != fold[i]) & (fold != -1))
            cosine = (X[torch.as_tensor(train)] @ X[i]).cpu().numpy()
            share[i, t] = y[train[np.argsort(-cosine, kind="stable")[:k]]].mean()
        share[fold < 0, t] = 0

    if kind == "regression":
        return share
    others = k + 0.5 * Y.shape[1] if kind == "multiclass" else (1 - share) * k + 0.5
    return np.log((share * k + 0.5) / others).astype(np.float32)
