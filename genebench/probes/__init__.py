"""Probes: vectors → out-of-fold predictions. Reads and writes no files.

Every probe takes the features of the entities that a model covers and the folds of its tasks, and
returns for each entity the prediction of the fit that did not see it, as *values*: log-odds of the
positive class (binary, multi-label, pairs), log-probabilities of the classes (multi-class) or real
numbers (regression). Features are standardised inside the fold: mean and standard deviation come
from the training entities alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np

from ..core.errors import BadInput, unknown
from . import indicators

VERSION = 6

LIMIT = 700.0
"""Largest log-odds: double precision has no probability between theirs and 0 or 1."""


@dataclass(frozen=True)
class Method:
    """One way to fit one kind of task.

    Attributes
    ----------
    name : str
        Name in the results.
    module, function : str
        Where in this package it is.
    options : dict
        Its defaults, which are part of the recipe of a result.
    """

    name: str
    module: str
    function: str
    options: dict

    def fit(self, *arguments, **options) -> np.ndarray:
        """Fit and predict.

        The module is imported at the first call: torch is slow to import and the command line must
        not wait for it.

        Parameters
        ----------
        *arguments, **options
            Of the function.

        Returns
        -------
        ndarray
            Out-of-fold values.
        """
        module = import_module(f".{self.module}", __name__)
        return getattr(module, self.function)(*arguments, **options)


_LOGISTIC = Method("logistic", "linear", "logistic", {"C": 1.0, "tolerance": 3e-4})
_SOFTMAX = Method("softmax", "linear", "softmax", {**_LOGISTIC.options, "max_iter": 1000})

PROBES: dict[str, dict[str, Method]] = {
    "linear": {
        "binary": _LOGISTIC,
        "multilabel": _LOGISTIC,
        "pair": _LOGISTIC,
        "multiclass": _SOFTMAX,
        "regression": Method("ridge", "linear", "ridge", {"alpha": 1.0}),
    }
}
"""Probe → kind of task → how it is fitted. Linear: L2-regularised logistic, softmax or ridge
regression; knn: 15 nearest neighbours by cosine; mlp: a perceptron with one hidden layer."""

for _name, _module, _options in (("knn", "neighbours", {"k": 15}), ("mlp", "mlp", {})):
    _kinds = {"binary": "binary", "multilabel": "binary", "multiclass": "classes"}
    PROBES[_name] = {
        kind: Method(_name, _module, f"{_name}_{ending}", _options)
        for kind, ending in {**_kinds, "regression": "values"}.items()
    }

_WITHOUT_PAIRS = {
    "ridge": "ridge regression takes",
    "knn": "nearest neighbours take",
    "mlp": "the multi-layer perceptron takes",
}


def takes(kind: str, probe: str = "linear") -> bool:
    """Whether a probe takes tasks of a kind.

    Parameters
    ----------
    kind : str
        Kind of task.
    probe : str
        Name of a probe.

    Returns
    -------
    bool

    Raises
    ------
    BadInput
        Unknown probe.
    """
    if probe not in PROBES:
        raise unknown("probe", probe, PROBES)
    return kind in PROBES[probe]


def method(kind: str, probe: str = "linear") -> Method:
    """How a probe fits a kind of task.

    Parameters
    ----------
    kind : str
        Kind of task.
    probe : str
        Name of a probe.

    Returns
    -------
    Method

    Raises
    ------
    BadInput
        Unknown probe, or a kind that it does not take.
    """
    if not takes(kind, probe):
        able = ", ".join(name for name in PROBES if takes(kind, name)) or "none"
        raise BadInput(f"the probe '{probe}' takes no {kind} tasks; use one of {able}.")
    return PROBES[probe][kind]


def _finite(X):
    X = np.asarray(X)
    bad = np.argwhere(~np.isfinite(X))

    if len(bad):
        row, column = bad[0]
        raise BadInput(
            f"row {row}, column {column} of the vectors is {X[row, column]}; mend or drop it."
        )

    return X


def predict(
    X: np.ndarray,
    Y: np.ndarray,
    folds: np.ndarray,
    *,
    kind: str,
    probe: str = "linear",
    pairs: tuple[np.ndarray, np.ndarray] | None = None,
    join: str = "concat",
    standardise: bool = True,
    device: str = "cpu",
    memory: float = 4e9,
    **options,
) -> np.ndarray:
    """Out-of-fold values of the tasks of one kind that share their entities.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Vectors, any real type.
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task, (n,).
    folds : ndarray
        Fold in which each entity is tested, of the shape of Y (one column may serve all tasks);
        −1 leaves an entity out.
    kind : str
        Kind of task.
    probe : str
        Name of a probe.
    pairs : tuple of two ndarray of shape (n_pairs,), optional
        Rows of X that make up each entity of a pair task.
    join : {"concat", "mean", "hadamard"}
        How the features of a pair are joined.
    standardise : bool
        Inside the fold; False leaves the scale of the vectors, as gene-benchmark does.
    device : str
        Torch device.
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
        An unknown probe, kind or join, or a vector with NaN or inf (row and column named).
    """
    import torch

    from .features import JOINS, Pairs, Rows

    how = method(kind, probe)
    if join not in JOINS:
        raise unknown("join", join, JOINS)
    fit, groups = how.fit, None
    settings = {**how.options, **options}
    strength = settings.get("C", settings.get("alpha"))
    if pairs is None and isinstance(strength, int | float) and strength > 0:
        groups = indicators.codes(X)

    if groups is not None:
        fit, features = getattr(indicators, how.function), groups
        settings["standardise"] = standardise
    else:
        given = {"standardise": standardise, "device": device}
        if how.name == "ridge":  # a closed form gives all digits
            given["dtype"] = torch.float64
        if pairs is None:
            features = Rows(_finite(X), **given)
        elif how.name in _WITHOUT_PAIRS:
            raise BadInput(f"{_WITHOUT_PAIRS[how.name]} no pairs; use the logistic probe.")
        else:
            features = Pairs(_finite(X), *pairs, join, **given)
        settings["memory"] = max(memory - features.bytes, 1e6)

    Y, folds = np.asarray(Y), np.asarray(folds)
    if kind == "multiclass":
        return fit(features, Y, folds, **settings)
    Y = Y.reshape(len(Y), -1)
    folds = np.broadcast_to(folds.reshape(len(Y), -1), Y.shape)
    values = fit(features, Y, folds, **settings)

    return values if kind == "regression" else np.clip(values, -LIMIT, LIMIT)


def probabilities(kind: str, values: np.ndarray) -> np.ndarray:
    """Values as the predictions that metrics take.

    Parameters
    ----------
    kind : str
        Kind of task.
    values : ndarray
        Values of ``predict``.

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
