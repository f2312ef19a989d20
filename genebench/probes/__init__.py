"""Probes: vectors → out-of-fold predictions. Reads and writes no files.

Every probe takes the features of the entities that a model covers and the folds of its tasks, and
returns for each entity the prediction of the fit that did not see it, as *values*: log-odds of the
positive class (binary, multi-label, pairs), log-probabilities of the classes (multi-class) or real
numbers (regression). Features are standardised inside the fold: mean and standard deviation come
from the training entities alone.
"""

from typing import NamedTuple

import numpy as np

from ..core.errors import BadInput, pick
from . import indicators

VERSION = 7
"""Bump when a probe predicts something else: it is in the key of every cell."""

LIMIT = 700.0
"""Largest log-odds: double precision has no probability between theirs and 0 or 1."""


class Method(NamedTuple):
    """One way to fit one kind of task.

    Attributes
    ----------
    name : str
        Name in the results.
    options : dict
        What it takes, which is part of the recipe of a result.
    """

    name: str
    options: dict


_LOGISTIC = Method("logistic", {"C": 1.0, "tolerance": 3e-4})
_KINDS = ("binary", "multilabel", "multiclass", "regression")
_EPOCHS = {"max_iter": 40, "n_iter_no_change": 40}
_NETWORK = {"hidden_layer_sizes": [32], "learning_rate_init": 5e-3, "random_state": 0, **_EPOCHS}

PROBES: dict[str, dict[str, Method]] = {
    "linear": {
        **dict.fromkeys(("binary", "multilabel", "pair"), _LOGISTIC),
        "multiclass": Method("softmax", {**_LOGISTIC.options, "max_iter": 1000}),
        "regression": Method("ridge", {"alpha": 1.0}),
    },
    "products": {"pair": Method("products", {**_LOGISTIC.options, "products": True})},
    "knn": dict.fromkeys(_KINDS, Method("knn", {"k": 15})),
    "mlp": dict.fromkeys(_KINDS, Method("mlp", _NETWORK)),
    "svc": {"binary": Method("svc", {"C": [0.1, 1.0, 10.0, 100.0, 1000.0]})},
}
"""Probe → kind of task → how it is fitted. Linear: L2-regularised logistic, softmax or ridge
regression; products: the same on both vectors of a pair and their product by column; knn: 15
nearest neighbours by cosine; mlp: a network with one hidden layer; svc: a support vector machine
with a Gaussian kernel, C chosen inside."""


def takes(kind, probe="linear"):
    """Whether a probe takes tasks of a kind.

    Parameters
    ----------
    kind, probe : str

    Returns
    -------
    bool
    """
    return kind in pick(PROBES, "probe", probe)


def method(kind, probe="linear"):
    """How a probe fits a kind of task.

    Parameters
    ----------
    kind, probe : str

    Returns
    -------
    Method
    """
    if not takes(kind, probe):
        able = ", ".join(name for name in PROBES if takes(kind, name)) or "none"
        raise BadInput(f"the probe '{probe}' takes no {kind} tasks; use one of {able}.")
    return PROBES[probe][kind]


def predict(
    X,
    Y,
    folds,
    *,
    kind,
    probe="linear",
    pairs=None,
    standardise=True,
    device="cpu",
    memory=4e9,
    **options,
):
    """Out-of-fold values of the tasks of one kind that share their entities.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Vectors, any real type.
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task, (n,).
    folds : ndarray
        Fold in which each entity is tested, of the shape of Y (one column may serve all tasks);
        −1 leaves an entity out, one below −1 only trains.
    kind, probe : str
    pairs : tuple of two ndarray of shape (n_pairs,), optional
        Rows of X that make up each entity of a pair task; their features are joined end to end.
    standardise : bool
        Inside the fold; False leaves the scale of the vectors, as gene-benchmark does.
    device : str
    memory : float
        Bytes that features and fits at work may take beside X itself; tasks are fitted in waves
        that fit.
    **options
        Of the method, over its defaults (``C``, ``k`` …).

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
        Values (see the module).

    Raises
    ------
    BadInput
        An unknown probe or kind, or a vector with NaN or inf (row and column named).
    """
    how = method(kind, probe)
    settings = {**how.options, **options}
    X, Y = np.asarray(X), np.asarray(Y).reshape(len(Y), -1)
    folds = np.broadcast_to(np.reshape(folds, (len(Y), -1)), Y.shape)
    used, products = None, settings.pop("products", False)
    if pairs is not None:  # most of them are of genes of two folds
        used = (folds != -1).any(axis=1)
        Y, folds, pairs = Y[used], folds[used], tuple(side[used] for side in pairs)
        if products:  # standardised vectors of both genes, and their product by column
            scale = X.std(axis=0)
            Z = (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1)
            first, second = (Z[side] for side in pairs)
            X, pairs = np.hstack([first, second, first * second]), None
        elif how.name not in ("logistic", "softmax"):
            raise BadInput(f"the {how.name} probe takes no pairs; use the logistic probe.")
    if len(Y) != len(X if pairs is None else pairs[0]):
        raise BadInput(f"labels {Y.shape} and vectors {X.shape} do not fit together.")
    strength, groups = settings.get("C", settings.get("alpha")), None
    if pairs is None and isinstance(strength, int | float) and strength > 0:
        groups = indicators.codes(X)

    for row, column in np.argwhere(~np.isfinite(X))[:1] if groups is None else ():
        raise BadInput(
            f"row {row}, column {column} of the vectors is {X[row, column]}; fix or drop it."
        )
    # torch and scikit-learn are slow to import, and the command line must not wait for them
    if groups is not None:
        scale = {"strength": strength, "standardise": standardise}
        values = indicators.predict(groups, Y, folds, kind=kind, **scale)
    elif how.name == "svc":
        from . import svc

        values = svc.predict(X, Y, folds, **settings)  # it reads the vectors as they are
    else:
        from . import features

        double = how.name == "ridge"  # a closed form gives all digits
        scale = {"standardise": standardise, "device": device, "double": double}
        scaled = features.Features(X, pairs, **scale)
        settings["memory"] = max(memory - scaled.bytes, 1e6)
        if how.name == "knn":
            from . import neighbours as module
        elif how.name == "mlp":
            from . import mlp as module
        else:
            from . import linear as module
        values = module.predict(scaled, Y, folds, kind=kind, **settings)

    if kind != "regression":
        values = np.clip(values, -LIMIT, LIMIT)
    if used is None:
        return values
    out = np.zeros((len(used), values.shape[1]), values.dtype)
    out[used] = values
    return out


def probabilities(kind, values):
    """Values as the predictions that metrics take.

    Parameters
    ----------
    kind : str
    values : ndarray

    Returns
    -------
    ndarray
        Probabilities; for regression the values themselves.
    """
    if kind == "regression":
        return values
    values = values.astype(np.float64)
    if kind == "multiclass":
        return np.exp(values)
    return 1 / (1 + np.exp(-np.clip(values, -LIMIT, LIMIT)))
