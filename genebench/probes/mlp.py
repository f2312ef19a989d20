"""Multi-layer perceptron probe: scikit-learn's network for every task and fold."""

import warnings

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .indicators import FLOOR, fits


def predict(features, Y, folds, *, kind, memory, **options):
    """Values from networks that did not see the entity.

    Features are standardised inside the fold; for regression the labels too. Training ends after
    its epochs, whatever the loss.

    Parameters
    ----------
    features : Features
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task.
    folds : ndarray of the shape of Y
        Fold in which each entity is tested; −1 leaves an entity out.
    kind : str
    memory : float
        Not asked for: networks are trained one by one.
    **options
        Of scikit-learn's ``MLPClassifier`` or ``MLPRegressor``.

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
        Log-odds or log-probabilities, float32; regression: in the unit of the labels.
    """
    X, classes = (features.X * features.unit).cpu().numpy(), int(Y.max()) + 1
    out = np.zeros((*Y.shape, 1 if kind == "regression" else max(2, classes)))
    net = MLPClassifier(**options)
    if kind == "regression":
        network = MLPRegressor(**options)
        net = TransformedTargetRegressor(network, transformer=StandardScaler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for t, train, test in fits(folds):
            y = Y[train, t]
            last = net if len(np.unique(y)) > 1 else DummyClassifier()
            scale = StandardScaler(with_std=features.standardise)
            fit = make_pipeline(scale, last).fit(X[train], y)
            if kind == "regression":
                out[test, t, 0] = fit.predict(X[test])
            else:
                out[np.ix_(test, [t], fit.classes_)] = fit.predict_proba(X[test])[:, None]
    if kind == "regression":
        return out[..., 0]
    logs = np.log(np.maximum(out, np.exp(FLOOR)))
    values = logs[:, 0] if kind == "multiclass" else logs[..., 1] - logs[..., 0]
    return np.where(folds < 0, 0, values).astype(np.float32)
