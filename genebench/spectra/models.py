"""Models of the spectral curves: each is fitted on one side of a split and predicts the other.

Networks are small, trained on the CPU for every split, and seeded. Their work is bounded by steps,
not by rows: every training sample can be drawn, and a large set costs no more than a small one.
"""

import numpy as np
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from torch import nn
from torch.nn import functional

from . import features

VERSION = 1
"""Bump when a model gives other predictions."""
RATE, DECAY = 2e-3, 1e-4
"""Learning rate and weight decay of networks."""
FEWEST, EPOCHS = 120, 15
"""Steps that even a small training set gets, and most rounds of it."""


def predict(data, spec, train, test, *, seed):
    """Fit a model on some samples and predict others.

    Parameters
    ----------
    data, spec : DataSet, ModelSpec
    train, test : ndarray of int
        Samples of each side.
    seed : int
        Of networks.

    Returns
    -------
    ndarray
        Binary: log-odds or a score that rises with the positive class, (n_test,); multiclass: one
        score per class, (n_test, n_classes); regression: real numbers, (n_test,).

    """
    name, estimator, options = spec.features, spec.estimator, spec.options
    if estimator == "cnn":  # of chains with a label a residue a perceptron on windows
        name, estimator = ("windows", "mlp") if "place" in data.parts else ("tokens", "cnn")
    option = {"windows": "width", "unirep": "model"}.get(name)
    torch.manual_seed(seed)
    X = name and features.make(name, data, **({option: options[option]} if option else {}))
    return ESTIMATORS[estimator](data, X, train, test, seed=seed, **options)


def _standardised(X, train, least):
    """Columns less their mean in train over their deviation; up to ``least`` that counts as 1."""
    spread = X[train].std(0)
    return (X - X[train].mean(0)) / np.where(spread > least, spread, 1)


def _targets(data):
    """Labels as numbers; of several classes a column each."""
    classes = data.kind == "multiclass"
    return np.eye(len(data.classes))[data.labels] if classes else data.labels.astype(float)


def _linear(data, X, train, test, **_):
    """Logistic regression, or ridge (of classes: one column each); L2 1 as scikit-learn's."""
    y, model = data.labels, LogisticRegression(max_iter=300)
    if not sparse.issparse(X):
        X = _standardised(X, train, 0)
    if data.kind != "binary":
        y, model = _targets(data), Ridge(solver="sparse_cg")
        if not sparse.issparse(X):
            X, model.solver = X.astype(np.float64), "cholesky"
    model.fit(X[train], y[train], sample_weight=data.weight[train])
    return getattr(model, "decision_function", model.predict)(X[test])


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
    best = np.argpartition(-near, k - 1, 1)[:, :k]
    weight = np.take_along_axis(near, best, 1) + 1e-6
    votes = np.einsum("nk...,nk->n...", _targets(data)[train][best], weight)
    return votes if data.kind == "multiclass" else votes / weight.sum(1)


def _mean_of(data, X, train, test, *, side, **_):
    """Of pairs: training mean of the same ligand or protein, shrunk by one observation."""
    code, y = data.parts[side], data.labels[train]
    total, number = (np.bincount(code[train], w, code.max() + 1) for w in (y, None))
    return ((total + y.mean()) / (number + 1))[code[test]]


def _mlp(data, X, train, test, *, seed, steps=500, **_):
    """Two hidden layers of one width on marks (an embedding bag) or on standardised numbers."""
    d, width = X.shape[1], 64
    if sparse.issparse(X):
        width, X = 32, features.padded(np.split(X.indices, X.indptr[1:-1]), d)
        first = _Bag(d + 1, width, mode="sum", padding_idx=d)
        nn.init.normal_(first.weight, std=0.05)
    else:
        X, first = _standardised(X, train, 1e-6), nn.Linear(d, width)
    hidden = nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, width), nn.ReLU()
    net = nn.Sequential(first, *hidden, nn.Linear(width, _outputs(data)))
    return _trained(net, data, X, train, test, steps=steps, batch=256, seed=seed)


class _Bag(nn.EmbeddingBag):
    """Sum of the vectors of each set of marks; ``padding_idx`` is none."""

    def forward(self, marks):
        carried = marks != self.padding_idx
        number = carried.sum(1)
        return super().forward(marks[carried].long(), number.cumsum(0) - number)


def _cnn(data, X, train, test, *, seed, residues, **_):
    """One convolution over residues.

    Of equal sequences every place keeps its own weights behind it; of others the maximum and mean
    over places count.
    """
    sizes, length = np.array([len(s) for s in data.sequences]), X.shape[1]
    placed = np.mean(sizes == np.median(sizes)) > 0.9
    net = _Convolution(length if placed else 0, _outputs(data))
    steps = int(np.clip(residues // (64 * length), 100, 400))
    return _trained(net, data, X, train, test, steps=steps, batch=64, seed=seed)


class _Convolution(nn.Module):
    """Residue numbers (21: none), (rows, length) → (rows, outputs); length 0: uneven sequences."""

    def __init__(self, length, outputs):
        super().__init__()
        channels, width = (16, 5) if length else (32, 9)
        self.letters = nn.Embedding(22, 16, padding_idx=21)
        self.convolve = nn.Conv1d(16, channels, width, padding=width // 2)
        self.length, first = length, nn.Linear(channels * (length or 2), 64)
        self.rest = nn.Sequential(first, nn.GELU(), nn.Dropout(0.1), nn.Linear(64, outputs))

    def forward(self, tokens):
        seen = (tokens != 21)[:, None]
        hidden = functional.gelu(self.convolve(self.letters(tokens).transpose(1, 2))) * seen
        if self.length:
            return self.rest(hidden.flatten(1))
        mean = hidden.sum(2) / seen.sum(2).clamp(min=1)
        return self.rest(torch.cat([hidden.amax(2), mean], dim=1))


def _outputs(data):
    return len(data.classes) if data.kind == "multiclass" else 1


_LOSSES = {
    "multiclass": functional.cross_entropy,
    "binary": functional.binary_cross_entropy_with_logits,
    "regression": functional.mse_loss,
}


def _trained(net, data, X, train, test, *, steps, batch, seed):
    """Train a network, at most so many steps, samples drawn by weight; predictions of test."""
    y, weight, rng, n = data.labels, data.weight[train], np.random.default_rng(seed), len(train)
    centre, spread = 0.0, 1.0
    if data.kind == "regression":
        centre, spread = y[train].mean(), y[train].std() or 1.0
    target = torch.as_tensor((y - centre) / spread)
    target = target.long() if data.kind == "multiclass" else target.float()
    size = min(batch, n)
    total = min(steps, max(FEWEST, EPOCHS * -(-n // size)))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=total)
    chances = weight / weight.sum()
    order = [
        rng.choice(train, n, p=chances) if np.ptp(weight) else rng.permutation(train)
        for _ in range(-(-total * size // n))
    ]
    for rows in np.concatenate(order)[: total * size].reshape(total, size):
        optimiser.zero_grad()
        output = net(torch.as_tensor(X[rows])).squeeze(-1)
        _LOSSES[data.kind](output, target[rows]).backward()
        optimiser.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        parts = [net(part).squeeze(-1) for part in torch.as_tensor(X[test]).split(2048)]
    return torch.cat(parts).numpy() * spread + centre


ESTIMATORS = {
    "linear": _linear,
    "site_independent": _site_independent,
    "neighbour": _neighbour,
    "mean_of": _mean_of,
    "mlp": _mlp,
    "cnn": _cnn,
}
"""How a model is fitted, by the ``estimator`` of its declaration."""
