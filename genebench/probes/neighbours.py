"""Nearest-neighbour probe: labels of the most similar entities, for all tasks from one search."""

import numpy as np
from sklearn import config_context
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors

from .indicators import fits


def predict(features, Y, folds, *, kind, k, memory):
    """Votes of the k training entities most similar by cosine of the standardised vectors.

    One search finds enough candidates for every task and fold; entities to which a fold leaves
    fewer than k of them are searched again among its training entities.

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
    X, share = features.X.cpu().numpy(), np.zeros(Y.shape)
    with config_context(working_memory=memory / 2**20):
        search = NearestNeighbors(n_neighbors=min(len(X) - 1, 3 * k + 10), metric="cosine").fit(X)
        near = search.kneighbors(return_distance=False)
        for t, train, test in fits(folds):
            y, allowed = Y[:, t].astype(float), train[near[test]]
            vote = allowed & (allowed.cumsum(axis=1) <= k)
            share[test, t] = (y[near[test]] * vote).sum(axis=1) / k
            rows = np.flatnonzero(test)[vote.sum(axis=1) < k]
            if len(rows):
                fit = KNeighborsRegressor(min(k, train.sum()), metric="cosine")
                share[rows, t] = fit.fit(X[train], y[train]).predict(X[rows])
    if kind == "regression":
        return share
    others = k + Y.shape[1] / 2 if kind == "multiclass" else (1 - share) * k + 0.5
    return np.where(folds < 0, 0, np.log((share * k + 0.5) / others)).astype(np.float32)
