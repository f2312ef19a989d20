"""Multi-layer perceptron probe: one hidden layer, every task and fold its own network, trained side by side."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..core.errors import BadInput
from .features import Pairs, Rows
from .linear import FLOOR

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 32, 40, 256, 2e-3, 1e-3


def mlp_binary(
    features: Rows, Y: np.ndarray, folds: np.ndarray, *, memory: float = 2e9, seed: int = 0
) -> np.ndarray:
    """Log-odds of the positive class from networks that did not see the entity, (n, n_tasks) float32.

    One hidden layer of ``HIDDEN`` rectified units, AdamW (Loshchilov & Hutter 2019) for ``EPOCHS`` epochs of batches of
    ``BATCH`` with a falling rate, features standardised inside the fold. The first layers of all networks are one
    matrix product.

    Args: Y: 0/1, (n, n_tasks). folds: (n, n_tasks), −1 keeps an entity out. seed: of weights and batches.
    """
    return _all(features, Y.astype(np.float64), folds, "binary", 1, memory, seed)[:, :, 0].astype(
        np.float32
    )


def mlp_classes(
    features: Rows, y: np.ndarray, folds: np.ndarray, *, memory: float = 2e9, seed: int = 0
) -> np.ndarray:
    """Log-probabilities of the classes, (n, n_classes) float32; y: class, (n,). Otherwise as ``mlp_binary``."""
    n_classes = int(y.max()) + 1
    out = _all(
        features, y[:, None].astype(np.float64), folds[:, None], "classes", n_classes, memory, seed
    )[:, 0]
    return torch.log_softmax(torch.as_tensor(out), -1).clamp(min=FLOOR).numpy().astype(np.float32)


def mlp_values(
    features: Rows, Y: np.ndarray, folds: np.ndarray, *, memory: float = 2e9, seed: int = 0
) -> np.ndarray:
    """Predicted values in the unit of the labels, (n, n_tasks); squared loss on labels standardised inside the fold."""
    return _all(features, np.asarray(Y, dtype=np.float64), folds, "values", 1, memory, seed)[
        :, :, 0
    ]


def _all(features: Rows, Y, folds, kind: str, n_out: int, memory: float, seed: int) -> np.ndarray:
    if isinstance(features, Pairs):
        raise BadInput("the multi-layer perceptron takes no pairs; use the logistic probe.")
    n, n_tasks = Y.shape
    out = np.zeros((n, n_tasks, n_out))
    work = [(t, k) for t in range(n_tasks) for k in np.unique(folds[folds[:, t] >= 0, t])]
    room = max(
        1, int(memory / (4 * (6 * HIDDEN * features.d + n * (n_out + 2) + 4 * BATCH * HIDDEN)))
    )
    for at in range(0, len(work), room):
        part = work[at : at + room]
        train = np.stack([(folds[:, t] != k) & (folds[:, t] >= 0) for t, k in part])
        labels = np.stack([Y[:, t] for t, _ in part])
        predicted = _train(features, labels, train, kind, n_out, seed)
        for row, (t, k) in enumerate(part):
            here = folds[:, t] == k
            out[here, t] = predicted[row, here]
    return out


def _train(
    features: Rows, labels: np.ndarray, train: np.ndarray, kind: str, n_out: int, seed: int
) -> np.ndarray:
    """Train K networks together. Returns their outputs for every entity, (K, n, n_out)."""
    X, (K, n) = features.X, labels.shape
    device, d = X.device, features.d
    use = torch.as_tensor(train, device=device)
    mean, inverse = features.moments(use)
    y = torch.as_tensor(labels, dtype=X.dtype, device=device)
    size = use.sum(1, keepdim=True)
    centre = (y * use).sum(1, keepdim=True) / size
    spread = ((((y - centre) ** 2) * use).sum(1, keepdim=True) / size).sqrt().clamp(min=1e-12)
    generator = torch.Generator().manual_seed(seed)  # on the CPU, so that every device starts alike
    shape = (1, HIDDEN, d), (1, n_out, HIDDEN)
    first, second = (torch.randn(s, generator=generator) * (2 / s[2]) ** 0.5 for s in shape)
    params = [
        first.repeat(K, 1, 1).to(device),
        torch.zeros(K, HIDDEN, device=device),
        second.repeat(K, 1, 1).to(device),
        torch.zeros(K, n_out, device=device),
    ]
    params = [p.requires_grad_() for p in params]
    optimiser = torch.optim.AdamW(params, lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-n // BATCH)
    fall = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3 * RATE, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(n, generator=generator).to(device)
        for at in range(0, n, BATCH):
            batch = order[at : at + BATCH]
            weight = use[:, batch].to(X.dtype)
            z = _forward(X[batch], mean, inverse, params)  # (K, b, n_out)
            loss = _loss(z, y[:, batch], kind, centre, spread)
            total = ((loss * weight).sum(1) / weight.sum(1).clamp(min=1)).sum()
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            optimiser.step()
            fall.step()
    with torch.inference_mode():
        z = torch.cat(
            [_forward(X[at : at + 4096], mean, inverse, params) for at in range(0, n, 4096)], 1
        )
        if kind == "values":
            z = z * spread[..., None] + centre[..., None]
        return z.cpu().numpy()


def _forward(x: Tensor, mean: Tensor, inverse: Tensor, params: list[Tensor]) -> Tensor:
    """Outputs (K, b, n_out): the scale of each fold goes into the first layer, so that x serves all."""
    W1, b1, W2, b2 = params
    scaled = W1 * inverse[:, None]
    shift = b1 - torch.einsum("khd,kd->kh", scaled, mean)
    K, h, d = W1.shape
    hidden = (x @ scaled.reshape(K * h, d).T).view(len(x), K, h).transpose(0, 1) + shift[:, None]
    return torch.relu(hidden) @ W2.transpose(1, 2) + b2[:, None]


def _loss(z: Tensor, y: Tensor, kind: str, centre: Tensor, spread: Tensor) -> Tensor:
    if kind == "binary":
        return torch.nn.functional.binary_cross_entropy_with_logits(z[..., 0], y, reduction="none")
    if kind == "values":
        return (z[..., 0] - (y - centre) / spread) ** 2
    return torch.nn.functional.cross_entropy(z.transpose(1, 2), y.long(), reduction="none")
