"""Models of the spectral curves: each is fitted on one side of a split and predicts the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from torch import nn

from ..core.errors import BadInput
from . import features, networks
from .datasets import ModelSpec
from .samples import DataSet

VERSION = 1
"""Bump when a model gives other predictions."""


def predict(
    data: DataSet, spec: ModelSpec, train: np.ndarray, test: np.ndarray, *, seed: int
) -> np.ndarray:
    """Fit a model on some samples and predict others.

    Parameters
    ----------
    data : DataSet
        The data set.
    spec : ModelSpec
        The model.
    train, test : ndarray of int
        Samples of each side.
    seed : int
        Of networks.

    Returns
    -------
    ndarray
        Binary: log-odds or a score that rises with the positive class, (n_test,); multiclass: one
        score per class, (n_test, n_classes); regression: real numbers, (n_test,).

    Raises
    ------
    BadInput
        A model that takes its predictions from a file; says what to do.
    """
    if spec.needs:
        raise BadInput(f"model '{spec.name}': {spec.needs}.")
    name, estimator = spec.features, spec.estimator
    if estimator == "cnn":  # of chains with a label a residue a perceptron on windows
        name, estimator = ("windows", "mlp") if "place" in data.parts else ("tokens", "cnn")
    width = spec.options.get("width") if name == "windows" else None
    torch.manual_seed(seed)
    X = _features(data, name, width) if name else None
    return ESTIMATORS[estimator](data, X, train, test, seed=seed, **spec.options)


@lru_cache(maxsize=4)
def _features(data, name, width):
    return features.make(name, data, **({"width": width} if width else {}))


def _standardised(X, train, least):
    """Columns less their mean in train over their deviation; up to ``least`` that counts as 1."""
    spread = X[train].std(axis=0)
    return (X - X[train].mean(axis=0)) / np.where(spread > least, spread, 1)


def _targets(data):
    """Labels as numbers; of several classes a column each."""
    classes = data.kind == "multiclass"
    return np.eye(len(data.classes))[data.labels] if classes else data.labels.astype(float)


def _linear(data, X, train, test, **_):
    """Logistic regression, or ridge (of classes: one column each); L2 1, samples weighted."""
    solver, weight = "sparse_cg", data.weight[train]
    if not sparse.issparse(X):
        X, solver = _standardised(X, train, 0), "cholesky"
    if data.kind == "binary":
        model = LogisticRegression(C=1.0, max_iter=300)
        model.fit(X[train], data.labels[train], sample_weight=weight)
        return model.decision_function(X[test])
    if solver == "cholesky":
        X = X.astype(np.float64)
    model = Ridge(alpha=1.0, solver=solver, tol=1e-4)
    return model.fit(X[train], _targets(data)[train], sample_weight=weight).predict(X[test])


def _site_independent(data, X, train, test, **_):
    """Sum over a unit's mutations of each one's own effect, shrunk by one observation.

    Of a class the log-odds of the mutation among both classes (naive Bayes), of a number the mean
    distance from the training mean of the units that carry it.
    """
    y, weight, carriers = data.labels[train].astype(float), data.weight[train], X[train].T
    if data.kind == "binary":
        of_class = [weight * (y == c) for c in (0, 1)]
        share = [(carriers @ w + 0.5) / (w.sum() + 1) for w in of_class]
        return X[test] @ np.log(share[1] / share[0])
    middle = np.average(y, weights=weight)
    return middle + X[test] @ ((carriers @ (weight * (y - middle))) / (carriers @ weight + 1))


def _neighbour(data, X, train, test, **_):
    """Labels of the five most similar training samples, weighted by inner product."""
    near, k = (X[test] @ X[train].T).toarray(), min(5, len(train))
    best = np.argpartition(-near, k - 1, axis=1)[:, :k]
    weight = np.take_along_axis(near, best, axis=1) + 1e-6
    votes = np.einsum("nk...,nk->n...", _targets(data)[train][best], weight)
    return votes if data.kind == "multiclass" else votes / weight.sum(axis=1)


def _mean_of(data, X, train, test, *, side, **_):
    """Of pairs: training mean of the same ligand or protein, shrunk by one observation."""
    of_sample, y = data.parts[side], data.labels[train]
    n, of_train = int(of_sample.max()) + 1, of_sample[train]
    total = np.bincount(of_train, weights=y, minlength=n) + y.mean()
    return (total / (np.bincount(of_train, minlength=n) + 1))[of_sample[test]]


def _outputs(data):
    return len(data.classes) if data.kind == "multiclass" else 1


def _mlp(data, X, train, test, *, seed, steps=500, **_):
    """Perceptron on marks (an embedding bag) or on standardised numbers."""
    d = X.shape[1]
    if sparse.issparse(X):
        X, width = features.padded(np.split(X.indices, X.indptr[1:-1]), d), 32
        first = networks.Bag(d + 1, width, mode="sum", padding_idx=d)
        nn.init.normal_(first.weight, std=0.05)
    else:
        X, width = _standardised(X, train, 1e-6), 64
        first = nn.Linear(d, width)
    net = networks.perceptron(first, width, _outputs(data))
    return networks.predict(net, X, data, train, test, seed=seed, steps=steps, batch=256)


def _cnn(data, X, train, test, *, seed, residues, **_):
    """One convolution over residues.

    Of equal sequences every place keeps its own weights behind it; of others the maximum and mean
    over places count.
    """
    sizes, length = np.array([len(s) for s in data.sequences]), X.shape[1]
    placed = np.mean(sizes == np.median(sizes)) > 0.9
    net = networks.Convolution(length, placed, _outputs(data))
    steps = int(np.clip(residues // (64 * length), 100, 400))
    return networks.predict(net, X, data, train, test, seed=seed, steps=steps, batch=64)


ESTIMATORS: dict[str, Callable] = {
    "linear": _linear,
    "site_independent": _site_independent,
    "neighbour": _neighbour,
    "mean_of": _mean_of,
    "mlp": _mlp,
    "cnn": _cnn,
}
"""How a model is fitted, by the ``estimator`` of its declaration."""
