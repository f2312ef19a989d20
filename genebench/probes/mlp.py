"""Multi-layer perceptron probe: a network for every task and fold, trained side by side."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from .features import Rows
from .indicators import FLOOR

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 32, 40, 256, 2e-3, 1e-3


def mlp_binary(features: Rows, Y: np.ndarray, folds: np.ndarray, **options) -> np.ndarray:
    """Log-odds of the positive class from networks that did not see the entity.

    One hidden layer of ``HIDDEN`` rectified units, AdamW (Loshchilov & Hutter 2019) for ``EPOCHS``
    epochs of batches of ``BATCH`` with a falling rate, features standardised inside the fold. The
    first layers of all networks are one matrix product.

    Parameters
    ----------
    features : Rows
        Features of n entities.
    Y : ndarray of shape (n, n_tasks)
        0/1 labels.
    folds : ndarray of shape (n, n_tasks)
        Fold in which each entity is tested; −1 leaves an entity out.
    **options
        ``memory``: bytes for the networks at work; ``seed``: of weights and batches.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        float32.
    """
    return _out_of_fold(features, Y, folds, _binary_loss, **options)[..., 0].astype(np.float32)


def mlp_classes(features: Rows, y: np.ndarray, folds: np.ndarray, **options) -> np.ndarray:
    """Log-probabilities of the classes.

    Parameters
    ----------
    features, y, folds, **options
        As in ``mlp_binary``; y: class, (n,); folds: (n,).

    Returns
    -------
    ndarray of shape (n, n_classes)
        float32.
    """
    y, folds, n_classes = y[:, None], folds[:, None], int(y.max()) + 1
    out = _out_of_fold(features, y, folds, _class_loss, n_out=n_classes, **options)[:, 0]
    log = torch.log_softmax(torch.as_tensor(out), -1).clamp(min=FLOOR)
    return log.numpy().astype(np.float32)


def mlp_values(features: Rows, Y: np.ndarray, folds: np.ndarray, **options) -> np.ndarray:
    """Predicted numbers, by squared loss on labels standardised inside the fold.

    Parameters
    ----------
    features, Y, folds, **options
        As in ``mlp_binary``; Y: real.

    Returns
    -------
    ndarray of shape (n, n_tasks)
        In the unit of the labels.
    """
    return _out_of_fold(features, Y, folds, _square_loss, **options)[..., 0]


def _binary_loss(z, y):
    return functional.binary_cross_entropy_with_logits(z[..., 0], y, reduction="none")


def _class_loss(z, y):
    return functional.cross_entropy(z.transpose(1, 2), y.long(), reduction="none")


def _square_loss(z, y):
    return (z[..., 0] - y) ** 2


def _out_of_fold(features, Y, folds, loss, *, n_out=1, memory=2e9, seed=0):
    """Outputs of networks that did not see the entity, (n, n_tasks, n_out)."""
    n, n_tasks = Y.shape
    out = np.zeros((n, n_tasks, n_out))
    work = [(t, k) for t in range(n_tasks) for k in np.unique(folds[folds[:, t] >= 0, t])]
    one = 4 * (6 * HIDDEN * features.d + n * (n_out + 2) + 4 * BATCH * HIDDEN)
    room = max(1, int(memory / one))

    for at in range(0, len(work), room):
        task, fold = np.array(work[at : at + room]).T
        tested = folds.T[task] == fold[:, None]
        train = ~tested & (folds.T[task] >= 0)
        predicted = _train(features, Y.T[task], train, loss, n_out, seed)
        for t, test, values in zip(task, tested, predicted):
            out[test, t] = values[test]

    return out


def _train(features, labels, train, loss, n_out, seed):
    """Train K networks together. Returns their outputs for every entity, (K, n, n_out)."""
    X, (K, n) = features.X, labels.shape
    use = torch.as_tensor(train, device=X.device)
    mean, inverse = features.moments(use)
    y = torch.as_tensor(labels, device=X.device).to(X.dtype)
    centre, spread = torch.zeros_like(y[:, :1]), torch.ones_like(y[:, :1])

    if loss is _square_loss:
        size = use.sum(1, keepdim=True)
        centre = (y * use).sum(1, keepdim=True) / size
        variance = (((y - centre) ** 2) * use).sum(1, keepdim=True) / size
        spread = variance.sqrt().clamp(min=1e-12)
        y = (y - centre) / spread

    generator = torch.Generator().manual_seed(seed)  # on the CPU, so that every device starts alike
    params = []

    for rows, columns in ((HIDDEN, features.d), (n_out, HIDDEN)):
        start = torch.randn(1, rows, columns, generator=generator) * (2 / columns) ** 0.5
        params += [start.repeat(K, 1, 1), torch.zeros(K, rows)]

    params = [p.to(X.device).requires_grad_() for p in params]
    optimiser = torch.optim.AdamW(params, lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-n // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3 * RATE, total_steps=steps)

    for _ in range(EPOCHS):
        for batch in torch.randperm(n, generator=generator).to(X.device).split(BATCH):
            weight = use[:, batch].to(X.dtype)
            # every network sees the same batch; entities outside its training weigh nothing
            losses = loss(_forward(X[batch], mean, inverse, params), y[:, batch])
            optimiser.zero_grad(set_to_none=True)
            ((losses * weight).sum(1) / weight.sum(1).clamp(min=1)).sum().backward()
            optimiser.step()
            schedule.step()

    with torch.inference_mode():
        z = torch.cat([_forward(x, mean, inverse, params) for x in X.split(4096)], 1)
        return (z * spread[..., None] + centre[..., None]).cpu().numpy()


def _forward(x, mean, inverse, params):
    """Outputs (K, b, n_out): the scale of each fold goes into the first layer; x serves all."""
    W1, b1, W2, b2 = params
    scaled = W1 * inverse[:, None]
    shift = b1 - torch.einsum("khd,kd->kh", scaled, mean)
    hidden = (x @ scaled.flatten(0, 1).T).view(len(x), *b1.shape).transpose(0, 1) + shift[:, None]
    return torch.relu(hidden) @ W2.transpose(1, 2) + b2[:, None]
