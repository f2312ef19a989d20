"""The models of the spectral curves: each is fitted on one side of a split and predicts the other.

Networks are small, trained on the CPU for every split, and seeded. Their work is bounded by steps,
not by rows: every training sample can be drawn, and a large set costs no more than a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from scipy import sparse
from torch import nn

from ..core import paths
from ..core.errors import BadInput, unknown
from . import features
from .builders import DataSet
from .datasets import ModelSpec

VERSION = 1
"""Bump when a model gives other predictions."""
RATE, DECAY = 2e-3, 1e-4
"""Learning rate and weight decay of networks."""
FEWEST = 120
"""Steps that even a small training set gets."""
EPOCHS = 15


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
        A model that takes its predictions from a file (says what to do), or an unknown estimator.
    """
    if spec.needs or spec.estimator is None:
        raise BadInput(f"model '{spec.name}': {spec.needs}.")
    if spec.estimator not in ESTIMATORS:
        where = f"{paths.SPECTRA}: model '{spec.name}'"
        raise unknown("estimator", spec.estimator, ESTIMATORS, where=where)
    torch.manual_seed(seed)
    return ESTIMATORS[spec.estimator](data, spec, train, test, seed)


def _features(data, spec):
    return _cached_features(data, spec.features, spec.options.get("width"))


@lru_cache(maxsize=4)
def _cached_features(data, name, width):
    return features.make(name, data, **({"width": width} if width else {}))


def _standardised(X, train, least):
    """Mean and deviation of the columns in train; deviations up to ``least`` count as 1."""
    spread = X[train].std(axis=0)
    return X[train].mean(axis=0), np.where(spread > least, spread, 1)


def _linear(data, spec, train, test, seed):
    """Logistic regression, or ridge (of classes: one column each); L2 1, samples weighted."""
    X, y, w = _features(data, spec), data.labels, data.counts[train]
    A, B = X[train], X[test]
    if not sparse.issparse(X):
        mean, spread = _standardised(X, train, 0)
        A, B = (A - mean) / spread, (B - mean) / spread
    if data.kind == "binary":
        from sklearn.linear_model import LogisticRegression

        fitted = LogisticRegression(C=1.0, max_iter=300).fit(A, y[train], sample_weight=w)
        return fitted.decision_function(B)
    if data.kind == "multiclass":
        columns = y[train][:, None] == np.arange(len(data.classes))
        return _ridge(A, columns.astype(np.float64), B, w)
    return _ridge(A, y[train][:, None].astype(float), B, w)[:, 0]


def _ridge(A, Y, B, w, *, alpha=1.0):
    """Ridge with a free intercept, in closed form; sparse columns by conjugate gradients."""
    if sparse.issparse(A):
        from sklearn.linear_model import Ridge

        fitted = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-4).fit(A, Y, sample_weight=w)
        return fitted.predict(B).reshape(B.shape[0], -1)
    A, B = A.astype(np.float64), B.astype(np.float64)
    centre, middle = np.average(A, axis=0, weights=w), np.average(Y, axis=0, weights=w)
    root = np.sqrt(w)[:, None]
    A, Y = (A - centre) * root, (Y - middle) * root
    tall = A.shape[1] <= A.shape[0]
    gram = A.T @ A if tall else A @ A.T
    gram[np.diag_indices_from(gram)] += alpha
    solved = np.linalg.solve(gram, A.T @ Y) if tall else A.T @ np.linalg.solve(gram, Y)
    return (B - centre) @ solved + middle


def _site_independent(data, spec, train, test, seed):
    """Sum over a unit's mutations of each one's own effect, shrunk by one observation.

    Of a class the log-odds of the mutation among both classes (naive Bayes), of a number the mean
    distance from the training mean of the units that carry it.
    """
    X, y, w = _features(data, spec), data.labels[train].astype(float), data.counts[train]
    A, B = sparse.csr_matrix(X[train]), sparse.csr_matrix(X[test])
    if data.kind == "binary":
        carriers = [np.asarray(A.T @ (w * (y == c))).ravel() + 0.5 for c in (0, 1)]
        total = [(w * (y == c)).sum() + 1 for c in (0, 1)]
        return B @ np.log((carriers[1] / total[1]) / (carriers[0] / total[0]))
    middle = np.average(y, weights=w)
    number = np.asarray(A.T @ w).ravel()
    return middle + B @ (np.asarray(A.T @ (w * (y - middle))).ravel() / (number + 1))


def _neighbour(data, spec, train, test, seed):
    """Labels of the five most similar training samples, weighted by inner product."""
    X, k = _features(data, spec), min(5, len(train))
    near = (X[test] @ X[train].T).toarray()
    best = np.argpartition(-near, k - 1, axis=1)[:, :k]
    weight = np.take_along_axis(near, best, axis=1) + 1e-6
    labels = data.labels[train][best]
    if data.kind == "multiclass":
        out = np.zeros((len(test), len(data.classes)))
        np.add.at(out, (np.arange(len(test))[:, None], labels), weight)
        return out
    return (labels * weight).sum(axis=1) / weight.sum(axis=1)


def _mean_of(data, spec, train, test, seed):
    """Of pairs: training mean of the same ligand or protein, shrunk by one observation."""
    side, y = data.parts[spec.options["side"]], data.labels[train]
    n, middle = int(side.max()) + 1, y.mean()
    number = np.bincount(side[train], minlength=n)
    mean = (np.bincount(side[train], weights=y, minlength=n) + middle) / (number + 1)
    return mean[side[test]]


def _mlp(data, spec, train, test, seed):
    """Perceptron on marks (an embedding bag) or on standardised numbers."""
    X, outputs = _features(data, spec), _outputs(data)
    d = X.shape[1]
    if sparse.issparse(X):
        bag = _Bag(d + 1, 32, mode="sum", padding_idx=d)
        nn.init.normal_(bag.weight, std=0.05)
        hidden = (nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 32), nn.ReLU())
        net = nn.Sequential(bag, *hidden, nn.Linear(32, outputs))

        def batch_of(rows):
            part = X[rows]
            return [torch.as_tensor(a).long() for a in (part.indices, part.indptr[:-1])]

    else:
        mean, spread = _standardised(X, train, 1e-6)
        first = (nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.1))
        net = nn.Sequential(*first, nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))

        def batch_of(rows):
            return torch.as_tensor((X[rows] - mean) / spread)

    steps = int(spec.options.get("steps", 500))
    return _trained(net, batch_of, data, train, test, seed=seed, steps=steps, batch=256)


def _cnn(data, spec, train, test, seed):
    """One convolution over residues.

    Of equal sequences every place keeps its own weights behind it; of others the maximum and mean
    over places count. Of chains with a label a residue it is a perceptron on ``width`` residues.
    """
    if "place" in data.parts:
        return _mlp(data, spec.model_copy(update={"features": "windows"}), train, test, seed)
    sizes = np.array([len(s) for s in data.sequences])
    placed = np.mean(sizes == np.median(sizes)) > 0.9
    codes = _cached_tokens(data)[data.of_unit]
    length = codes.shape[1]
    channels, width = (16, 5) if placed else (32, 9)
    net = _Convolution(length, channels, width, placed, _outputs(data))

    def batch_of(rows):
        return torch.as_tensor(codes[rows].astype(np.int64))

    steps = int(np.clip(spec.options["residues"] // (64 * length), 100, 400))
    return _trained(net, batch_of, data, train, test, seed=seed, steps=steps, batch=64)


@lru_cache(maxsize=1)
def _cached_tokens(data):
    return features.tokens(data.sequences, ends=100)


ESTIMATORS: dict[str, Callable] = {
    "linear": _linear,
    "site_independent": _site_independent,
    "neighbour": _neighbour,
    "mean_of": _mean_of,
    "mlp": _mlp,
    "cnn": _cnn,
}
"""How a model is fitted, by the ``estimator`` of its declaration."""


_LOSSES = {
    "multiclass": nn.functional.cross_entropy,
    "binary": nn.functional.binary_cross_entropy_with_logits,
    "regression": nn.functional.mse_loss,
}


def _outputs(data):
    return len(data.classes) if data.kind == "multiclass" else 1


def _trained(net, batch_of, data, train, test, *, seed, steps, batch):
    """Train a network, at most so many steps, samples drawn by weight; predictions of test.

    ``batch_of`` turns samples into the input of the network.
    """
    classes, y, weight = data.kind == "multiclass", data.labels, data.counts[train]
    rng, centre, spread = np.random.default_rng(seed), 0.0, 1.0
    if data.kind == "regression":
        centre, spread = y[train].mean(), y[train].std() or 1.0
    target = torch.as_tensor((y - centre) / spread, dtype=torch.long if classes else torch.float32)
    uneven = weight / weight.sum() if np.ptp(weight) else None
    size = min(batch, len(train))
    total = min(steps, max(FEWEST, EPOCHS * -(-len(train) // size)))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=total)

    def output(rows):
        out = net(batch_of(rows))
        return out if classes else out[:, 0]

    net.train()
    order = np.empty(0, dtype=np.int64)
    for _ in range(total):
        while len(order) < size:
            shuffled = uneven is None
            more = rng.permutation(train) if shuffled else rng.choice(train, len(train), p=uneven)
            order = np.concatenate([order, more])
        rows, order = order[:size], order[size:]
        optimiser.zero_grad()
        _LOSSES[data.kind](output(rows), target[rows]).backward()
        optimiser.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        parts = [output(test[s : s + 2048]).numpy() for s in range(0, len(test), 2048)]
    out = np.concatenate(parts)
    return out if classes else out * spread + centre


class _Bag(nn.EmbeddingBag):
    """Sum of the vectors of each set of marks."""

    def forward(self, batch: list[torch.Tensor]) -> torch.Tensor:
        """Marks of all rows one after another, and where each row starts → (rows, hidden)."""
        return super().forward(*batch)


class _Convolution(nn.Module):
    """One convolution over residues; then a layer on all places, or on their maximum and mean."""

    def __init__(self, length: int, channels: int, width: int, placed: bool, outputs: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(22, 16, padding_idx=21)
        self.convolve = nn.Conv1d(16, channels, width, padding=width // 2)
        self.placed = placed
        first = nn.Linear(channels * (length if placed else 2), 64)
        self.rest = nn.Sequential(first, nn.GELU(), nn.Dropout(0.1), nn.Linear(64, outputs))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Residue numbers (21: none), (rows, length) → (rows, outputs)."""
        seen = (tokens != 21)[:, None]
        hidden = nn.functional.gelu(self.convolve(self.letters(tokens).transpose(1, 2))) * seen
        mean = hidden.sum(2) / seen.sum(2).clamp(min=1)
        pooled = torch.cat([hidden.amax(2), mean], dim=1)
        return self.rest(hidden.flatten(1) if self.placed else pooled)
