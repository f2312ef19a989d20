"""Support vector probe: a Gaussian kernel, C chosen on the training entities.

The probe of Zhong et al. 2025 (doi:10.1101/2025.01.29.635607): scikit-learn's ``SVC`` on vectors as
they are, classes weighted to balance, the kernel as wide as ``gamma="scale"`` makes it.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC


def predict(X, Y, folds, *, kind, C, memory):
    """Decision values of the fits that did not see the entity.

    For each fold the C is taken that has the best mean AUROC when every part of the training
    entities (the other folds, or the published parts below −1) is predicted from the others; of
    equals the first. The distances of a task are computed once, for all its fits.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Vectors as they are.
    Y, folds : ndarray of shape (n, n_tasks)
        0/1 labels, and fold in which each entity is tested; −1 leaves it out, one below only
        trains.
    kind : {'binary'}
    C : list of float
        Ascending inverse strengths to choose from.
    memory : float
        Not used: a task takes 24 bytes for each two of its entities.

    Returns
    -------
    ndarray of float, shape (n, n_tasks)
        Above 0 the positive class; they rank entities, and are no calibrated log-odds.
    """
    out = np.zeros(Y.shape)
    for t, (y, fold) in enumerate(zip(Y.T, folds.T)):
        rows = np.flatnonzero(fold != -1)
        task = Distances(X[rows])
        for k in np.unique(fold[fold >= 0]):
            part, train = fold[rows], fold[rows] != k
            best = _best(task, y[rows], np.where(train, part, -1), C)
            out[fold == k, t] = task.fit(train, ~train, y[rows], [best])[0]
    return out


def _best(task: Distances, y: np.ndarray, part: np.ndarray, C: list[float]) -> float:
    """The C with the best mean AUROC over the parts of training (−1: not in training)."""
    scores = []
    for k in np.unique(part[part != -1]):
        train, test = (part != k) & (part != -1), part == k
        if len(np.unique(y[test])) == len(np.unique(y[train])) == 2:
            values = task.fit(train, test, y, C)
            scores.append([roc_auc_score(y[test], value) for value in values])
    return C[int(np.argmax(np.mean(scores, axis=0)))] if scores else C[len(C) // 2]


class Distances:
    """Squared distances of n entities, which serve every fit on some of them.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    """

    def __init__(self, X: np.ndarray):
        X = np.asarray(X, dtype=np.float32)
        self.d, self.sum = X.shape[1], X.sum(axis=1, dtype=float)
        self.square = np.einsum("ij,ij->i", X, X, dtype=float)
        centred = X - X.mean(axis=0)  # single precision then holds the distances
        length = np.einsum("ij,ij->i", centred, centred)
        self.between = np.maximum(length[:, None] + length - 2 * (centred @ centred.T), 0)

    def fit(self, train, test, y, C):
        """Decision values of test entities, of a machine for each C.

        Parameters
        ----------
        train, test : ndarray of bool, shape (n,)
        y : ndarray of shape (n,)
        C : list of float

        Returns
        -------
        list of ndarray, shape (n_test,)
        """
        mean = self.sum[train].mean() / self.d
        # the variance of all numbers of the training vectors, times their length
        width = max(self.square[train].mean() - self.d * mean**2, 1e-30)
        near = np.exp(self.between[:, train] / np.float32(-width)).astype(float)
        options = {"kernel": "precomputed", "class_weight": "balanced"}
        machines = [SVC(C=c, **options).fit(near[train], y[train]) for c in C]
        return [machine.decision_function(near[test]) for machine in machines]
