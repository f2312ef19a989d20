"""Small networks trained on the fly: a perceptron on marks or numbers, and a convolution over residues. CPU, seeded.

Work is bounded by steps, not by rows: every training sample can be drawn, and a large set costs no more than a small.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy import sparse
from torch import nn

from .datasets import DataSet

RATE, DECAY = 2e-3, 1e-4
FEWEST = 120
"""Steps that even a small training set gets."""
EPOCHS = 15


def _loss(kind: str) -> Callable:
    """Mean loss of a batch of outputs."""
    if kind == "multiclass":
        return nn.functional.cross_entropy
    if kind == "binary":
        return lambda out, y: nn.functional.binary_cross_entropy_with_logits(out[:, 0], y)
    return lambda out, y: nn.functional.mse_loss(out[:, 0], y)


def fit_predict(
    make: Callable[[int], nn.Module],
    batch_of: Callable[[np.ndarray], tuple[torch.Tensor, ...]],
    data: DataSet,
    train: np.ndarray,
    test: np.ndarray,
    *,
    seed: int,
    steps: int,
    batch: int,
) -> np.ndarray:
    """Train a network on some samples of a data set and predict others.

    Args: make: number of outputs → network. batch_of: row numbers → its inputs; a row is drawn in proportion to its
    weight. steps: most gradient steps, whatever ``EPOCHS`` asks for.
    Returns: log-odds, (n_test,); one score a class, (n_test, n_classes); or the number, (n_test,).
    """
    kind, y, weight = data.kind, data.labels, data.counts
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = make(len(data.classes) if kind == "multiclass" else 1)
    centre, spread = (
        (y[train].mean(), y[train].std() or 1.0) if kind == "regression" else (0.0, 1.0)
    )
    target = torch.as_tensor(
        (y - centre) / spread, dtype=torch.long if kind == "multiclass" else torch.float32
    )
    uneven = weight[train] / weight[train].sum() if np.ptp(weight[train]) else None
    loss, size = _loss(kind), min(batch, len(train))
    total = min(steps, max(FEWEST, EPOCHS * -(-len(train) // size)))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=total)
    net.train()
    order = np.empty(0, dtype=np.int64)
    for _ in range(total):
        while len(order) < size:
            more = (
                rng.permutation(train)
                if uneven is None
                else rng.choice(train, len(train), p=uneven)
            )
            order = np.concatenate([order, more])
        rows, order = order[:size], order[size:]
        optimiser.zero_grad()
        loss(net(*batch_of(rows)), target[rows]).backward()
        optimiser.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        out = np.concatenate(
            [net(*batch_of(test[s : s + 2048])).numpy() for s in range(0, len(test), 2048)]
        )
    return out if kind == "multiclass" else out[:, 0] * spread + centre


class Bag(nn.Module):
    """Perceptron with one hidden layer on a set of marks."""

    def __init__(self, n_marks: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.EmbeddingBag(n_marks + 1, hidden, mode="sum", padding_idx=n_marks)
        nn.init.normal_(self.first.weight, std=0.05)
        self.rest = nn.Sequential(nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, hidden), nn.ReLU())
        self.last = nn.Linear(hidden, outputs)

    def forward(self, marks: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """Marks of all rows one after another, and where each row starts → (rows, outputs)."""
        return self.last(self.rest(self.first(marks, starts)))


def bags(
    matrix: sparse.csr_matrix, rows_of: np.ndarray
) -> Callable[[np.ndarray], tuple[torch.Tensor, torch.Tensor]]:
    """Batches of sets of marks for ``Bag``: rows of samples → (marks, starts)."""

    def batch_of(rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        part = matrix[rows_of[rows]]
        return torch.as_tensor(part.indices, dtype=torch.long), torch.as_tensor(
            part.indptr[:-1], dtype=torch.long
        )

    return batch_of


def perceptron(d: int, hidden: int, outputs: int) -> nn.Module:
    """Two hidden layers on d numbers."""
    first = (nn.Linear(d, hidden), nn.ReLU(), nn.Dropout(0.1))
    return nn.Sequential(*first, nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class Convolution(nn.Module):
    """One convolution over one-hot residues; then either a layer on all places, or the largest and mean over them."""

    def __init__(
        self,
        length: int,
        *,
        channels: int,
        width: int,
        placed: bool,
        outputs: int,
        hidden: int = 64,
    ) -> None:
        super().__init__()
        self.letters = nn.Embedding(22, 16, padding_idx=21)
        self.convolve = nn.Conv1d(16, channels, width, padding=width // 2)
        self.placed = placed
        self.rest = nn.Sequential(
            nn.Linear(channels * (length if placed else 2), hidden),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(hidden, outputs),
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Residue numbers (21 = none), (rows, length) → (rows, outputs)."""
        seen = (tokens != 21)[:, None]
        found = nn.functional.gelu(self.convolve(self.letters(tokens).transpose(1, 2))) * seen
        if self.placed:
            return self.rest(found.flatten(1))
        return self.rest(torch.cat([found.amax(2), found.sum(2) / seen.sum(2).clamp(min=1)], dim=1))
