"""Probes: vectors → out-of-fold predictions. No I/O.

Every probe takes the features of the entities that a model covers and the folds of its tasks, and returns for each
entity the prediction of the fit that did not see it, as *values*: log-odds of the positive class (binary, multi-label,
pairs), log-probabilities of the classes (multi-class) or real numbers (regression). Features are standardised inside
the fold: mean and standard deviation come from the training entities alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.errors import BadInput, unknown
from . import indicators

VERSION = 6


LIMIT = 700.0
"""Log-odds beyond this are not told apart: double precision has no probability between theirs and 0 or 1."""


@dataclass(frozen=True)
class Method:
    """One way to fit one kind of task: its name in the results, the function, its default options."""

    name: str
    fit: Callable[..., np.ndarray]
    options: dict


@dataclass(frozen=True)
class Probe:
    """A probe as the results name it: one method per kind of task."""

    meaning: str
    methods: dict[str, Method]


def _lazy(module: str, function: str) -> Callable[..., np.ndarray]:
    """A method that is imported when it is first called: torch is slow to import and the command line must not wait."""

    def fit(*args, **options) -> np.ndarray:
        from importlib import import_module

        return getattr(import_module(f".{module}", __name__), function)(*args, **options)

    return fit


def _methods(**of_kind: tuple[str, str, str, dict]) -> dict[str, Method]:
    return {
        k: Method(name, _lazy(module, function), options)
        for k, (name, module, function, options) in of_kind.items()
    }


_LOGISTIC = ("logistic", "linear", "logistic", {"C": 1.0, "tolerance": 3e-4})
_KNN = ("knn", "neighbours", "knn_binary", {"k": 15})
_MLP = ("mlp", "mlp", "mlp_binary", {})

PROBES: dict[str, Probe] = {
    "linear": Probe(
        "L2-regularised logistic, softmax or ridge regression",
        _methods(
            binary=_LOGISTIC,
            multilabel=_LOGISTIC,
            pair=_LOGISTIC,
            multiclass=(
                "softmax",
                "linear",
                "softmax",
                {"C": 1.0, "tolerance": 3e-4, "max_iter": 1000},
            ),
            regression=("ridge", "linear", "ridge", {"alpha": 1.0}),
        ),
    ),
    "knn": Probe(
        "15 nearest neighbours by cosine",
        _methods(
            binary=_KNN,
            multilabel=_KNN,
            multiclass=("knn", "neighbours", "knn_classes", {"k": 15}),
            regression=("knn", "neighbours", "knn_values", {"k": 15}),
        ),
    ),
    "mlp": Probe(
        "multi-layer perceptron with one hidden layer",
        _methods(
            binary=_MLP,
            multilabel=_MLP,
            multiclass=("mlp", "mlp", "mlp_classes", {}),
            regression=("mlp", "mlp", "mlp_values", {}),
        ),
    ),
}


def takes(kind: str, probe: str = "linear") -> bool:
    """Whether a probe takes tasks of this kind. Raises: BadInput: unknown probe."""
    if probe not in PROBES:
        raise unknown("probe", probe, PROBES)
    return kind in PROBES[probe].methods


def method(kind: str, probe: str = "linear") -> Method:
    """How a probe fits a kind of task. Raises: BadInput: unknown probe, or a kind that it does not take."""
    if not takes(kind, probe):
        raise BadInput(
            f"the probe '{probe}' takes no {kind} tasks; use one of {', '.join(_taking(kind)) or 'none'}."
        )
    return PROBES[probe].methods[kind]


def _taking(kind: str) -> list[str]:
    return [name for name, probe in PROBES.items() if kind in probe.methods]


def _finite(X: np.ndarray) -> np.ndarray:
    X = np.asarray(X)
    bad = np.argwhere(~np.isfinite(X))
    if len(bad):
        raise BadInput(
            f"row {bad[0][0]}, column {bad[0][1]} of the vectors is {X[tuple(bad[0])]}; mend or drop it."
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

    Args:
        X: vectors, (n, d), any real type. Y: labels, (n, n_tasks); multi-class: one task, (n,).
        folds: fold in which each entity is tested, of the shape of Y (multi-label: one column may serve all);
            −1 keeps an entity out.
        pairs: rows of X that make up each entity of a pair task, two (n_pairs,); ``join``: concat, mean or hadamard.
        standardise: inside the fold; False keeps the scale of the vectors, as gene-benchmark does.
        device: torch device. memory: bytes that features and fits at work may take beside X itself; tasks are fitted
            in waves that fit. options: of the method, over its defaults (``C``, ``k`` …).
    Returns: values (see the module), (n, n_tasks) or (n, n_classes).
    Raises: BadInput: an unknown probe, kind or join, or a vector with NaN or inf (row and column named).
    """
    import torch

    from .features import JOINS, Pairs, Rows

    how = method(kind, probe)
    if join not in JOINS:
        raise unknown("join", join, JOINS)
    settings = {**how.options, **options}
    strength = settings.get("C", settings.get("alpha"))
    if (
        pairs is None
        and how.name in indicators.FITS
        and isinstance(strength, (int, float))
        and strength > 0
    ):
        code = indicators.codes(X)
        if code is not None:
            return _of_indicators(
                code, Y, folds, kind, how.name, standardise=standardise, **settings
            )
    given = {"standardise": standardise, "device": device}
    if how.name == "ridge":  # a closed form keeps all digits
        given["dtype"] = torch.float64
    if pairs is not None:
        held = Pairs(_finite(X), *pairs, join, **given)
    else:
        held = Rows(_finite(X), **given)
    given = {**how.options, **options, "memory": max(memory - held.bytes, 1e6)}
    if kind == "multiclass":
        return how.fit(held, Y, folds, **given)
    Y = np.asarray(Y).reshape(len(Y), -1)
    folds = np.broadcast_to(np.asarray(folds).reshape(len(Y), -1), Y.shape)
    values = how.fit(held, Y, folds, **given)
    return values if kind == "regression" else np.clip(values, -LIMIT, LIMIT)


def _of_indicators(code: np.ndarray, Y, folds, kind: str, name: str, **settings) -> np.ndarray:
    """The same fits where the features are group indicators, by ``indicators``."""
    from .linear import FLOOR

    if kind == "multiclass":
        return indicators.softmax(code, np.asarray(Y), np.asarray(folds), floor=FLOOR, **settings)
    Y = np.asarray(Y).reshape(len(Y), -1)
    folds = np.broadcast_to(np.asarray(folds).reshape(len(Y), -1), Y.shape)
    values = indicators.FITS[name](code, Y, folds, **settings)
    return values if kind == "regression" else np.clip(values, -LIMIT, LIMIT)


def probabilities(kind: str, values: np.ndarray) -> np.ndarray:
    """Values as predictions that metrics take: probabilities, or for regression the values themselves."""
    if kind == "regression":
        return values
    if kind == "multiclass":
        return np.exp(values.astype(np.float64))
    return 1 / (1 + np.exp(-np.clip(values.astype(np.float64), -LIMIT, LIMIT)))
