"""Small networks of the spectral curves, trained on the CPU for every split, and seeded.

Their work is bounded by steps, not by rows: every training sample can be drawn, and a large set
costs no more than a small one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .samples import DataSet

RATE, DECAY = 2e-3, 1e-4
"""Learning rate and weight decay."""
FEWEST = 120
"""Steps that even a small training set gets."""
EPOCHS = 15
_LOSSES = {
    "multiclass": nn.functional.cross_entropy,
    "binary": nn.functional.binary_cross_entropy_with_logits,
    "regression": nn.functional.mse_loss,
}


def perceptron(first: nn.Module, width: int, outputs: int) -> nn.Module:
    """Two hidden layers of one width behind a first layer."""
    hidden = nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    return nn.Sequential(first, nn.ReLU(), nn.Dropout(0.1), *hidden)


class Bag(nn.EmbeddingBag):
    """Sum of the vectors of each set of marks."""

    def forward(self, marks: torch.Tensor) -> torch.Tensor:
        """Numbers of marks (``padding_idx``: none), (rows, longest) → (rows, hidden)."""
        carried = marks != self.padding_idx
        number = carried.sum(1)
        return super().forward(marks[carried].long(), number.cumsum(0) - number)


class Convolution(nn.Module):
    """One convolution over residues; then a layer on all places, or on their maximum and mean."""

    def __init__(self, length: int, placed: bool, outputs: int) -> None:
        super().__init__()
        channels, width = (16, 5) if placed else (32, 9)
        self.letters = nn.Embedding(22, 16, padding_idx=21)
        self.convolve = nn.Conv1d(16, channels, width, padding=width // 2)
        self.placed = placed
        first = nn.Linear(channels * (length if placed else 2), 64)
        self.rest = nn.Sequential(first, nn.GELU(), nn.Dropout(0.1), nn.Linear(64, outputs))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Residue numbers (21: none), (rows, length) → (rows, outputs)."""
        seen = (tokens != 21)[:, None]
        hidden = nn.functional.gelu(self.convolve(self.letters(tokens).transpose(1, 2))) * seen
        if self.placed:
            return self.rest(hidden.flatten(1))
        mean = hidden.sum(2) / seen.sum(2).clamp(min=1)
        return self.rest(torch.cat([hidden.amax(2), mean], dim=1))


def predict(
    net: nn.Module,
    X: np.ndarray,
    data: DataSet,
    train: np.ndarray,
    test: np.ndarray,
    *,
    seed: int,
    steps: int,
    batch: int,
) -> np.ndarray:
    """Train a network, samples drawn by weight, and predict others.

    Parameters
    ----------
    net : Module
        Rows of X → (rows, outputs).
    X : ndarray of shape (m, …)
        Input of each sample.
    data : DataSet
        Labels and weights.
    train, test : ndarray of int
        Samples of each side.
    seed, steps, batch : int
        Of the draws; most steps; samples of a step.

    Returns
    -------
    ndarray of shape (n_test,) or (n_test, n_classes)
    """
    y, weight, rng = data.labels, data.weight[train], np.random.default_rng(seed)
    centre, spread, kind = 0.0, 1.0, torch.float32
    if data.kind == "regression":
        centre, spread = y[train].mean(), y[train].std() or 1.0
    elif data.kind == "multiclass":
        kind = torch.long
    target = torch.as_tensor((y - centre) / spread, dtype=kind)
    n, size = len(train), min(batch, len(train))
    total = min(steps, max(FEWEST, EPOCHS * -(-n // size)))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=total)

    def output(rows):
        return net(torch.as_tensor(X[rows])).squeeze(-1)

    def drawn():
        if np.ptp(weight):
            return rng.choice(train, n, p=weight / weight.sum())
        return rng.permutation(train)

    order = np.concatenate([drawn() for _ in range(-(-total * size // n))])
    for rows in order[: total * size].reshape(total, size):
        optimiser.zero_grad()
        _LOSSES[data.kind](output(rows), target[rows]).backward()
        optimiser.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        parts = [output(test[s : s + 2048]).numpy() for s in range(0, len(test), 2048)]
    out = np.concatenate(parts)
    return out * spread + centre if data.kind == "regression" else out
