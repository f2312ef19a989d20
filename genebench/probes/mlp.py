"""Multi-layer perceptron probe: a network for every task and fold, trained side by side."""

import numpy as np
import torch
from torch.nn import functional

from .indicators import fits, log_softmax

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 32, 40, 256, 2e-3, 1e-3


def predict(
    features,
    Y,
    folds,
    *,
    kind,
    memory,
    seed=0,
):
    """Values from networks that did not see the entity.

    One hidden layer of ``HIDDEN`` rectified units, AdamW (Loshchilov & Hutter 2019) for ``EPOCHS``
    epochs of batches of ``BATCH`` with a falling rate, features standardised inside the fold; for
    regression the labels too. The first layers of all networks are one matrix product.

    Parameters
    ----------
    features : Features
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task.
    folds : ndarray of the shape of Y
        Fold in which each entity is tested; −1 leaves an entity out.
    kind : str
    memory : float
        Bytes for the networks at work.
    seed : int
        Of weights and batches.

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
        Log-odds or log-probabilities, float32; regression: in the unit of the labels.
    """
    n_out = 1
    if kind == "multiclass":
        n_out = int(Y.max()) + 1
    out = np.zeros((*Y.shape, n_out))
    work = list(fits(folds))
    one = 4 * (6 * HIDDEN * features.d + len(Y) * (n_out + 2) + 4 * BATCH * HIDDEN)
    room = max(1, int(memory / one))

    for at in range(0, len(work), room):
        task, train, test = map(np.array, zip(*work[at : at + room]))
        predicted = _train(features, Y.T[task], train, kind, n_out, seed)
        for t, rows, values in zip(task, test, predicted):
            out[rows, t] = values[rows]

    if kind == "regression":
        return out[..., 0]
    return (log_softmax(out[:, 0]) if kind == "multiclass" else out[..., 0]).astype(np.float32)


def _loss(kind, z, y):
    if kind == "regression":
        return (z[..., 0] - y) ** 2
    if kind == "multiclass":
        return functional.cross_entropy(z.transpose(1, 2), y.long(), reduction="none")
    return functional.binary_cross_entropy_with_logits(z[..., 0], y, reduction="none")


def _train(features, labels, train, kind, n_out, seed):
    """Train K networks together. Returns their outputs for every entity, (K, n, n_out)."""
    X, (K, n) = features.X, labels.shape
    use = torch.as_tensor(train, device=X.device)
    mean, inverse = features.moments(use)
    y = torch.as_tensor(labels, device=X.device).to(X.dtype)
    centre, spread = torch.zeros_like(y[:, :1]), torch.ones_like(y[:, :1])

    if kind == "regression":
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
            losses = _loss(kind, _forward(X[batch], mean, inverse, params), y[:, batch])
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
