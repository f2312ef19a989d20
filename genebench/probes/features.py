"""Features as the solver sees them: products with weights and residuals, means and scales per fold. No I/O.

Two forms with one interface: rows of a matrix, and pairs of rows, whose joined features are never written out.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

CHUNK = 1 << 17
"""Elements that fit a core's cache: elementwise work goes in pieces of this size."""

JOINS = ("concat", "mean", "hadamard")

LONGEST = 4.0
"""Length, in medians, to which a row is cut before it counts in the basis of features of their own scale."""


UNEVEN = 100.0
"""Length, in medians, of a row beside which fits are taken further."""

MADE = ("basis", "second", "clipped", "uneven")
"""What is worked out from the features once, in their precision."""

COLUMNS = 64
"""Columns that are widened to double precision at a time."""


def _centred(X: np.ndarray, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Columns less their mean, rounded last; their standard deviation in double precision, and constancy."""
    mean = X.mean(0, dtype=np.float64)
    largest = np.maximum(np.abs(X.max(0).astype(np.float64)), np.abs(X.min(0).astype(np.float64)))
    out, squares = torch.empty(X.shape, dtype=dtype), np.zeros(X.shape[1])
    step = max(1, CHUNK // X.shape[1])
    for at in range(0, len(X), step):
        wide = X[at : at + step] - mean
        out[at : at + step] = torch.from_numpy(wide)
        squares += np.einsum("nd,nd->d", wide, wide)
    deviation = torch.from_numpy(np.sqrt(squares / len(X)))
    return out, deviation, deviation <= torch.from_numpy(1e-12 * np.maximum(largest, 1e-300))


WIDE, SPARSE = 512, 0.02
"""More columns than this, and a smaller share of entries that are not zero: columns that hardly meet (one-hots)."""


class Rows:
    """The features of n entities: a matrix, centred and scaled once over all rows so that single precision holds it.

    With ``standardise`` every column is scaled to unit variance here, and what a fold's probe sees is standardised
    again on its training rows alone; without, one number scales the whole matrix and the probe sees the unit of X.
    """

    def __init__(
        self,
        X: np.ndarray,
        *,
        standardise: bool = True,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        X = np.asarray(X)
        self.sparse = X.shape[1] > WIDE and np.count_nonzero(X) < SPARSE * X.size
        self.standardise = standardise
        scaled, deviation, flat = _centred(X, dtype)
        if not standardise:
            deviation = deviation.square().mean().sqrt().expand(len(deviation))
        scaled *= torch.where(flat, 0, 1 / torch.where(flat, 1, deviation)).to(dtype)
        self.X = scaled.to(device)
        self.unit = torch.where(flat, 0, deviation).to(dtype).to(device)
        self.n, self.d = self.X.shape

    def to(self, dtype: torch.dtype) -> Rows:
        """The same features in another precision."""
        twin = object.__new__(type(self))
        twin.__dict__ |= {k: v for k, v in self.__dict__.items() if k not in MADE}
        twin.X, twin.unit = self.X.to(dtype), self.unit.to(dtype)
        return twin

    @property
    def bytes(self) -> int:
        """Memory that the features and their basis take."""
        return self.X.nbytes + self.d * min(self.n, self.d) * 3 * 8

    def forward(self, W: Tensor) -> Tensor:
        """Margins without intercept: W (K, d) → (K, n)."""
        return W @ self.X.T

    def backward(self, R: Tensor) -> Tensor:
        """Sums of residuals times features: R (K, n) → (K, d)."""
        return R @ self.X

    def gram(self) -> Tensor:
        """Features' second moments summed over all rows, (d, d)."""
        return self.X.T @ self.X

    @cached_property
    def second(self) -> Tensor:
        """Features' mean second moments, (d, d); rows that lie far out count for less.

        In the features' precision, or in double where an outlier has moved the mean of all others far from zero.
        """
        held = self if self.standardise else self.clipped
        if float(held.X.mean(0).square().sum()) > 1e-2 * float(held.X.square().sum(1).mean()):
            held = held.to(torch.float64)
        return held.gram() / self.n

    def squares(self, weight: Tensor) -> Tensor:
        """Weighted sums of squared features: weight (K, n) → (K, d)."""
        out = self.X.new_empty(len(weight), self.d)
        for at in range(0, self.d, COLUMNS):
            out[:, at : at + COLUMNS] = weight @ self.X[:, at : at + COLUMNS].square()
        return out

    @cached_property
    def basis(self) -> tuple[Tensor, Tensor | None]:
        """Eigenvalues (r,) and eigenvectors (d, r) of the mean second moments, in the probe's unit; r = min(n, d).

        Columns that hardly meet are all but their own eigenvectors: None stands for the columns themselves.
        """
        if self.sparse:
            value = self.squares(self.X.new_ones(1, self.n))[0] / self.n
            return (value if self.standardise else value * self.unit.max() ** 2), None
        if self.n < self.d and type(self) is Rows:  # the n × n side is the smaller one
            held = self if self.standardise else self.clipped
            value, left = torch.linalg.eigh((held.X.double() @ held.X.double().T).cpu() / self.n)
            value = value.clamp(min=0).to(self.X.device)
            V = (
                held.X.T.double()
                @ left.to(self.X.device)
                / (self.n * value.clamp(min=1e-9 * float(value.max()))).sqrt()
            )
            V = V * (value > 1e-9 * value.max())
        else:
            value, V = torch.linalg.eigh(self.second.cpu())
            value, V = value.clamp(min=0).to(self.X.device), V.to(self.X.device)
        if not self.standardise:
            value = value * self.unit.max().double() ** 2
        return value.to(self.X.dtype), V.to(self.X.dtype)

    @cached_property
    def uneven(self) -> bool:
        """Whether features in their own unit have rows so long that the others hardly move what the solver watches."""
        length = self.X.norm(dim=1)
        return not self.standardise and float(length.max()) > UNEVEN * float(length.median())

    @cached_property
    def clipped(self) -> Rows:
        """The features with outlying rows cut short.

        A solver that takes the curvature of an outlier for that of a fold without it would end too early there; what
        is too small costs it a few steps more.
        """
        length = self.X.norm(dim=1, keepdim=True)
        twin = self.to(self.X.dtype)
        twin.X = self.X * (LONGEST * length.median() / length.clamp(min=1e-30)).clamp(max=1)
        return twin

    def moments(self, train: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and inverse scale of each feature on the training rows: train (K, n) bool → two (K, d).

        Without ``standardise`` the inverse scale takes the features back to the unit that they came in. Features that
        are constant in training have inverse scale 0: they get no weight, as with scikit-learn's scaler.
        """
        weight = train.to(self.X.dtype)
        size = weight.sum(1, keepdim=True)
        mean = self.backward(weight) / size
        if not self.standardise:
            return mean, self.unit.expand_as(mean)
        variance = self.squares(weight) / size - mean * mean
        thin = (variance < 1e-2).any(0) & (self.unit > 0)  # single precision may have lost these
        if thin.any():
            mean[:, thin], variance[:, thin] = self._thin(train, thin)
        scale = variance.clamp(min=0).sqrt()
        flat = scale <= 1e-6 * mean.abs() + 1e-9
        return mean, torch.where(flat, 0, 1 / torch.where(flat, 1, scale))

    def _thin(self, train: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = self._columns(columns).double(), train.double()
        size = weight.sum(1, keepdim=True)
        mean = weight @ x / size
        return tuple(a.to(self.X.dtype) for a in (mean, weight @ (x * x) / size - mean * mean))

    def _columns(self, columns: Tensor) -> Tensor:
        return self.X[:, columns]


class Pairs(Rows):
    """The joined features of pairs of entities, from the entities' own: nothing of size n_pairs × d is kept.

    ``concat`` puts the second entity's features after the first's, ``mean`` averages them, ``hadamard`` multiplies
    them, each first centred over all entities; the first two cost two products with the entities' matrix and a gather,
    whatever the number of pairs.
    """

    def __init__(
        self, X: np.ndarray, first: np.ndarray, second: np.ndarray, join: str, **options
    ) -> None:
        super().__init__(X, **options)
        self.join, self.entities, self.sparse = join, self.X, False
        self.a = torch.as_tensor(np.asarray(first), device=self.X.device)
        self.b = torch.as_tensor(np.asarray(second), device=self.X.device)
        self.n = len(self.a)
        if join == "concat":
            self.d, self.unit = 2 * self.d, torch.cat([self.unit, self.unit])
        elif join == "hadamard":
            self.unit = self.unit * self.unit

    def to(self, dtype: torch.dtype) -> Pairs:
        """The same features in another precision."""
        twin = super().to(dtype)
        twin.entities = twin.X
        return twin

    def _pieces(self):
        step = max(1, CHUNK * 8 // self.entities.shape[1])
        for at in range(0, self.n, step):
            here = slice(at, at + step)
            yield here, self.entities[self.a[here]] * self.entities[self.b[here]]

    def forward(self, W: Tensor) -> Tensor:
        """Margins without intercept: W (K, d) → (K, n_pairs)."""
        if self.join == "hadamard":
            out = W.new_empty(len(W), self.n)
            for here, x in self._pieces():
                out[:, here] = W @ x.T
            return out
        half = self.entities.shape[1]
        if self.join == "mean":
            S = (W / 2) @ self.entities.T
            return S[:, self.a] + S[:, self.b]
        return (W[:, :half] @ self.entities.T)[:, self.a] + (W[:, half:] @ self.entities.T)[
            :, self.b
        ]

    def _by_entity(self, R: Tensor, which: Tensor) -> Tensor:
        return R.new_zeros(len(R), len(self.entities)).index_add_(1, which, R)

    def backward(self, R: Tensor) -> Tensor:
        """Sums of residuals times features: R (K, n_pairs) → (K, d)."""
        if self.join == "hadamard":
            return sum(R[:, here] @ x for here, x in self._pieces())
        A, B = self._by_entity(R, self.a), self._by_entity(R, self.b)
        if self.join == "mean":
            return (A + B) / 2 @ self.entities
        return torch.cat([A @ self.entities, B @ self.entities], 1)

    def squares(self, weight: Tensor) -> Tensor:
        """Weighted sums of squared features: weight (K, n_pairs) → (K, d)."""
        if self.join == "hadamard":
            return sum(weight[:, here] @ (x * x) for here, x in self._pieces())
        A, B = self._by_entity(weight, self.a), self._by_entity(weight, self.b)
        square = self.entities * self.entities
        if self.join == "concat":
            return torch.cat([A @ square, B @ square], 1)
        cross = [
            (w[:, None] * self.entities[self.a]).mul_(self.entities[self.b]).sum(0) for w in weight
        ]
        return ((A + B) @ square + 2 * torch.stack(cross)) / 4

    def gram(self) -> Tensor:
        """Features' second moments summed over all pairs, (d, d)."""
        if self.join == "hadamard":
            return sum((x.T @ x).double() for _, x in self._pieces())
        X, g = self.entities.double(), len(self.entities)
        ones = torch.ones(1, self.n, dtype=torch.float64, device=X.device)
        A, B = self._by_entity(ones, self.a)[0], self._by_entity(ones, self.b)[0]
        met = torch.sparse_coo_tensor(
            torch.stack([self.a, self.b]), ones[0], (g, g), check_invariants=True
        )
        aa, bb, ab = X.T @ (A[:, None] * X), X.T @ (B[:, None] * X), X.T @ torch.sparse.mm(met, X)
        if self.join == "mean":
            return (aa + bb + ab + ab.T) / 4
        return torch.cat([torch.cat([aa, ab], 1), torch.cat([ab.T, bb], 1)])

    def _columns(self, columns: Tensor) -> Tensor:
        if self.join == "concat":
            half = self.entities.shape[1]
            return torch.cat(
                [
                    self.entities[self.a][:, columns[:half]],
                    self.entities[self.b][:, columns[half:]],
                ],
                1,
            )
        x, y = self.entities[self.a][:, columns], self.entities[self.b][:, columns]
        return (x + y) / 2 if self.join == "mean" else x * y
