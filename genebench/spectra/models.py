"""The models of Part II: their declarations, and how each is fitted on one side of a split and asked of the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy import sparse

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import Spec
from . import features
from .datasets import DataSet

VERSION = 1
"""Bump when a model gives other predictions."""


class CurveModelSpec(Spec):
    """One model: what it sees, how it is fitted, how it is drawn; or what it needs, where it does not run from here."""

    name: str
    title: str
    family: Literal[
        "shortcut", "baseline", "classical", "network", "language model", "structure model"
    ]
    description: str
    paper: bool = False
    """Whether it is one of the models of the Spectra paper."""
    features: str | None = None
    estimator: str | None = None
    options: dict[str, Any] = {}
    steps: int = 20
    """The spectral parameter is cut into this many steps (20: 21 values); dear models take fewer."""
    needs: str = ""
    """For a model that takes its predictions from a file: what to do, in one clause."""
    citation: str | None = None
    color: str


@lru_cache
def declared() -> dict[str, CurveModelSpec]:
    """Every declared model by name."""
    return specs.entries(CurveModelSpec, paths.SPECTRA, "models")


def spec(name: str) -> CurveModelSpec:
    """One model by name. Raises: BadInput: unknown, or one that takes its predictions from a file."""
    if name not in declared():
        raise unknown("model", name, declared(), where=str(paths.SPECTRA))
    return declared()[name]


@lru_cache(maxsize=4)
def _features(data: DataSet, name: str, options: tuple):
    return features.make(name, data, **dict(options))


def predict(
    data: DataSet, model: str, train: np.ndarray, test: np.ndarray, *, seed: int
) -> np.ndarray:
    """Fit a model on some samples and predict others.

    Args: train, test: rows of samples. seed: of networks.
    Returns: log-odds or a score that rises with the positive class, (n_test,); one score a class, (n_test, n_classes);
    or real numbers, (n_test,).
    Raises: BadInput: unknown, or a model that takes its predictions from a file (says what to do).
    """
    how = spec(model)
    if how.needs or how.estimator is None:
        raise BadInput(f"model '{model}': {how.needs}.")
    if how.estimator not in ESTIMATORS:
        raise unknown(
            "estimator", how.estimator, ESTIMATORS, where=f"{paths.SPECTRA}: model '{model}'"
        )
    return ESTIMATORS[how.estimator](data, how, train, test, seed)


def _seen(data: DataSet, how: CurveModelSpec):
    given = {k: v for k, v in how.options.items() if k == "width"}
    return _features(data, how.features, tuple(given.items()))


def linear(
    data: DataSet, how: CurveModelSpec, train: np.ndarray, test: np.ndarray, seed: int
) -> np.ndarray:
    """Logistic regression, ridge on one column a class, or ridge; L2 with strength 1, samples weighted by number."""
    X, y, w = _seen(data, how), data.labels, data.counts
    A, B = X[train], X[test]
    if not sparse.issparse(X):
        mean, spread = A.mean(axis=0), A.std(axis=0)
        spread = np.where(spread > 0, spread, 1)
        A, B = (A - mean) / spread, (B - mean) / spread
    if data.kind == "binary":
        from sklearn.linear_model import LogisticRegression

        fitted = LogisticRegression(C=1.0, max_iter=300).fit(A, y[train], sample_weight=w[train])
        return fitted.decision_function(B)
    if data.kind == "multiclass":
        wanted = (y[train][:, None] == np.arange(len(data.classes))).astype(np.float64)
        return _ridge(A, wanted, B, w[train])
    return _ridge(A, y[train][:, None].astype(float), B, w[train])[:, 0]


def _ridge(A, Y: np.ndarray, B, w: np.ndarray, *, alpha: float = 1.0) -> np.ndarray:
    """Ridge with an intercept that is not shrunk; closed form of the smaller side, or LSQR for sparse columns."""
    if sparse.issparse(A):
        from sklearn.linear_model import Ridge

        fitted = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-4).fit(A, Y, sample_weight=w)
        return fitted.predict(B).reshape(B.shape[0], -1)
    A, B = A.astype(np.float64), B.astype(np.float64)
    centre, middle = np.average(A, axis=0, weights=w), np.average(Y, axis=0, weights=w)
    root = np.sqrt(w)[:, None]
    A, Y = (A - centre) * root, (Y - middle) * root
    gram = A.T @ A if A.shape[1] <= A.shape[0] else A @ A.T
    gram[np.diag_indices_from(gram)] += alpha
    solved = (
        np.linalg.solve(gram, A.T @ Y)
        if A.shape[1] <= A.shape[0]
        else A.T @ np.linalg.solve(gram, Y)
    )
    return (B - centre) @ solved + middle


def site_independent(data: DataSet, how: CurveModelSpec, train, test, seed: int) -> np.ndarray:
    """The sum over a unit's mutations of each one's own mean effect, shrunk by one observation; no fit together.

    Of a class the log-odds of the mutation among both classes (naive Bayes), of a number the mean distance from the
    training mean of the units that carry it. Columns of marks, or of one-hot residues of equal sequences.
    """
    X, y, w = _seen(data, how), data.labels.astype(float), data.counts
    A, B = sparse.csr_matrix(X[train]), sparse.csr_matrix(X[test])
    if data.kind == "binary":
        with_mark = [np.asarray(A.T @ (w[train] * (y[train] == c))).ravel() + 0.5 for c in (0, 1)]
        total = [(w[train] * (y[train] == c)).sum() + 1 for c in (0, 1)]
        return B @ np.log((with_mark[1] / total[1]) / (with_mark[0] / total[0]))
    middle = np.average(y[train], weights=w[train])
    number = np.asarray(A.T @ w[train]).ravel()
    return middle + B @ (np.asarray(A.T @ (w[train] * (y[train] - middle))).ravel() / (number + 1))


def neighbour(data: DataSet, how: CurveModelSpec, train, test, seed: int) -> np.ndarray:
    """The labels of the five most similar training samples, weighted by similarity (inner product of the features)."""
    X, k = _seen(data, how), min(int(how.options.get("k", 5)), len(train))
    near = (X[test] @ X[train].T).toarray()
    best = np.argpartition(-near, k - 1, axis=1)[:, :k]
    weight = np.take_along_axis(near, best, axis=1) + 1e-6
    held = data.labels[train][best]
    if data.kind == "multiclass":
        out = np.zeros((len(test), len(data.classes)))
        for j in range(k):
            np.add.at(out, (np.arange(len(test)), held[:, j]), weight[:, j])
        return out
    return (held * weight).sum(axis=1) / weight.sum(axis=1)


def mean_of(data: DataSet, how: CurveModelSpec, train, test, seed: int) -> np.ndarray:
    """Of pairs: the training mean of the same ligand (or of the same target), whatever the other side is."""
    side = data.parts[how.options["side"]]
    y, n = data.labels, int(side.max()) + 1
    number = np.bincount(side[train], minlength=n)
    middle = y[train].mean()
    mean = (np.bincount(side[train], weights=y[train], minlength=n) + middle) / (number + 1)
    return mean[side[test]]


def mlp(data: DataSet, how: CurveModelSpec, train, test, seed: int) -> np.ndarray:
    """Perceptron on marks (an embedding bag) or on standardised numbers."""
    from . import nets

    X = _seen(data, how)
    given = {"steps": int(how.options.get("steps", 500)), "batch": 256, "seed": seed}
    if sparse.issparse(X):
        batch_of = nets.bags(X, np.arange(X.shape[0]))
        return nets.fit_predict(
            lambda out: nets.Bag(X.shape[1], 32, out), batch_of, data, train, test, **given
        )
    import torch

    mean, spread = X[train].mean(axis=0), X[train].std(axis=0)
    spread = np.where(spread > 1e-6, spread, 1)
    return nets.fit_predict(
        lambda out: nets.perceptron(X.shape[1], 64, out),
        lambda rows: (torch.as_tensor((X[rows] - mean) / spread),),
        data,
        train,
        test,
        **given,
    )


def cnn(data: DataSet, how: CurveModelSpec, train, test, seed: int) -> np.ndarray:
    """One convolution over residues.

    Of equal sequences every place keeps its own weights behind it; of others the largest and mean answer count. Of
    chains with a label a residue it is a convolution as wide as ``width``, which sees that window of each residue.
    """
    if "place" in data.parts:
        return mlp(data, how.model_copy(update={"features": "windows"}), train, test, seed)
    import torch

    from . import nets

    sizes = [len(s) for s in data.sequences]
    placed = np.mean(np.array(sizes) == np.median(sizes)) > 0.9
    codes = _tokens(data)[data.of_unit] if data.unit is not None else _tokens(data)
    batch = 64
    steps = int(min(400, max(100, how.options["residues"] // (batch * codes.shape[1]))))
    return nets.fit_predict(
        lambda out: nets.Convolution(
            codes.shape[1],
            channels=16 if placed else 32,
            width=5 if placed else 9,
            placed=placed,
            outputs=out,
        ),
        lambda rows: (torch.as_tensor(codes[rows].astype(np.int64)),),
        data,
        train,
        test,
        seed=seed,
        steps=steps,
        batch=batch,
    )


@lru_cache(maxsize=1)
def _tokens(data: DataSet) -> np.ndarray:
    return features.tokens(data.sequences, ends=100)


ESTIMATORS: dict[str, Callable] = {
    f.__name__: f for f in (linear, site_independent, neighbour, mean_of, mlp, cnn)
}
