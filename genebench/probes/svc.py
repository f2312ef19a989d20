"""Support vector probe: a Gaussian kernel, C chosen on the training entities.

The probe of Zhong et al. 2025 (doi:10.1101/2025.01.29.635607): scikit-learn's ``SVC`` on vectors as
they are, classes weighted to balance, the kernel as wide as ``gamma="scale"`` makes it.
"""

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC


def predict(X, Y, folds, *, C):
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
    C : list of float
        Ascending inverse strengths to choose from.

    Returns
    -------
    ndarray of float, shape (n, n_tasks)
        Above 0 the positive class; they rank entities, and are no calibrated log-odds.
    """
    out = np.zeros(Y.shape)
    for t, fold in enumerate(folds.T):
        rows = np.flatnonzero(fold != -1)
        part, y = fold[rows], Y[rows, t]
        values = _machines(X[rows], y)
        for k in np.unique(part[part >= 0]):
            train, scores = part != k, []
            for inner in np.unique(part[train]):
                rest, test = train & (part != inner), part == inner
                if len(np.unique(y[test])) == len(np.unique(y[rest])) == 2:
                    scores.append([roc_auc_score(y[test], v) for v in values(rest, test, C)])
            best = int(np.argmax(np.mean(scores, axis=0))) if scores else len(C) // 2
            out[rows[~train], t] = values(train, ~train, [C[best]])[0]
    return out


def _machines(X, y):
    """How machines are fitted to some of n entities, by squared distances that serve every fit.

    Returns a function of (train, test, C), masks (n,) and a list, that gives the decision values of
    the test entities from a machine for each C.
    """
    X = np.asarray(X, dtype=np.float32)
    total, square = X.sum(axis=1, dtype=float), np.einsum("ij,ij->i", X, X, dtype=float)
    centred = X - X.mean(axis=0)  # single precision then holds the distances
    length = np.einsum("ij,ij->i", centred, centred)
    between = np.maximum(length[:, None] + length - 2 * (centred @ centred.T), 0)

    def values(train, test, C):
        mean = total[train].mean() / X.shape[1]
        # the variance of all numbers of the training vectors, times their length
        width = max(square[train].mean() - X.shape[1] * mean**2, 1e-30)
        near = np.exp(between[:, train] / np.float32(-width)).astype(float)
        options = {"kernel": "precomputed", "class_weight": "balanced"}
        machines = [SVC(C=c, **options).fit(near[train], y[train]) for c in C]
        return [machine.decision_function(near[test]) for machine in machines]

    return values
