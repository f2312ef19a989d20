"""Features as the solver sees them: products with weights and residuals, moments of each fold.

Two forms with one interface: rows of a matrix, and pairs of rows, whose joined features are never
written out.
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
"""Length, in medians, to which a row is cut before it counts in the basis of unscaled features."""

UNEVEN = 100.0
"""Length, in medians, of a row beside which fits are taken further."""

COLUMNS = 64
"""Columns that are widened to double precision at a time."""

WIDE, SPARSE = 512, 0.02
"""More columns than this, and a smaller share of entries that are not zero: columns that hardly
meet (one-hots)."""

_DERIVED = ("basis", "second", "_clipped", "uneven")


def _centred(X, dtype):
    """Columns less their mean, rounded last; their standard deviation in double, and constancy."""
    mean = X.mean(0, dtype=np.float64)
    largest = np.abs(np.array([X.max(0), X.min(0)], dtype=np.float64)).max(0)
    out, squares = torch.empty(X.shape, dtype=dtype), np.zeros(X.shape[1])
    step = max(1, CHUNK // X.shape[1])

    for at in range(0, len(X), step):
        wide = X[at : at + step] - mean
        out[at : at + step] = torch.from_numpy(wide)
        squares += np.einsum("nd,nd->d", wide, wide)

    deviation = np.sqrt(squares / len(X))
    flat = deviation <= 1e-12 * np.maximum(largest, 1e-300)

    return out, torch.from_numpy(deviation), torch.from_numpy(flat)


def inverse(scale: Tensor, flat: Tensor) -> Tensor:
    """One over the scale of features, 0 for those that are constant, which get no weight.

    Parameters
    ----------
    scale : Tensor
        Standard deviations.
    flat : Tensor
        Which are constant, bool, of the same shape.

    Returns
    -------
    Tensor
        Of the same shape.
    """
    return torch.where(flat, 0, 1 / torch.where(flat, 1, scale))


class Rows:
    """Features of n entities: a matrix, centred and scaled once so that single precision holds it.

    With ``standardise`` every column is scaled to unit variance here, and what a fold's probe sees
    is standardised again on its training rows alone; without, one number scales the whole matrix
    and the probe sees the unit of X.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Vectors.
    standardise : bool
        See above.
    device : str
        Torch device.
    dtype : torch.dtype
        Precision.

    Attributes
    ----------
    X : Tensor of shape (n, d)
        The scaled features.
    unit : Tensor of shape (d,)
        Scale that was taken out; 0 for a constant column.
    sparse : bool
        Whether columns hardly meet.
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
        if not standardise:  # one number for all columns
            deviation = deviation.square().mean().sqrt().expand(len(deviation))
        scaled *= inverse(deviation, flat).to(dtype)
        self.X = scaled.to(device)
        self.unit = torch.where(flat, 0, deviation).to(dtype).to(device)
        self.n, self.d = self.X.shape

    def to(self, dtype: torch.dtype) -> Rows:
        """Copy in another precision.

        Parameters
        ----------
        dtype : torch.dtype
            The precision.

        Returns
        -------
        Rows
        """
        twin = object.__new__(type(self))
        twin.__dict__ |= {k: v for k, v in vars(self).items() if k not in _DERIVED}
        twin.X, twin.unit = self.X.to(dtype), self.unit.to(dtype)
        return twin

    @property
    def bytes(self) -> int:
        """Memory that the features and their basis take."""
        return self.X.nbytes + self.d * min(self.n, self.d) * 3 * 8

    def forward(self, W: Tensor) -> Tensor:
        """Margins without intercept.

        Parameters
        ----------
        W : Tensor of shape (K, d)
            Weights.

        Returns
        -------
        Tensor of shape (K, n)
        """
        return W @ self.X.T

    def backward(self, R: Tensor) -> Tensor:
        """Sums of residuals times features.

        Parameters
        ----------
        R : Tensor of shape (K, n)
            Residuals.

        Returns
        -------
        Tensor of shape (K, d)
        """
        return R @ self.X

    def squares(self, weight: Tensor) -> Tensor:
        """Weighted sums of squared features.

        Parameters
        ----------
        weight : Tensor of shape (K, n)
            Weights of the rows.

        Returns
        -------
        Tensor of shape (K, d)
        """
        return torch.cat([weight @ x.square() for x in self.X.split(COLUMNS, 1)], 1)

    def gram(self) -> Tensor:
        """Features' second moments summed over all rows, (d, d)."""
        return self.X.T @ self.X

    @cached_property
    def second(self) -> Tensor:
        """Features' mean second moments, (d, d); rows that lie far out count for less.

        In the features' precision, or in double where an outlier has moved the mean of all others
        far from zero.
        """
        even = self.even
        if float(even.X.mean(0).square().sum()) > 1e-2 * float(even.X.square().sum(1).mean()):
            even = even.to(torch.float64)
        return even.gram() / self.n

    @cached_property
    def basis(self) -> tuple[Tensor, Tensor | None]:
        """Eigenvalues (r,) and eigenvectors (d, r) of the mean second moments; r = min(n, d).

        In the probe's unit. Columns that hardly meet are all but their own eigenvectors: None
        stands for the columns themselves.
        """
        if self.sparse:
            value, V = self.squares(self.X.new_ones(1, self.n))[0] / self.n, None
            unit = self.unit.max()
        elif self.n < self.d and type(self) is Rows:  # the n × n side is the smaller one
            X = self.even.X.double()
            value, left = torch.linalg.eigh((X @ X.T).cpu() / self.n)
            value, left = value.clamp(min=0).to(X.device), left.to(X.device)
            seen = value > 1e-9 * value.max()
            V = X.T @ left / (self.n * value.clamp(min=1e-9 * float(value.max()))).sqrt() * seen
            unit = self.unit.max().double()
        else:
            value, V = (a.to(self.X.device) for a in torch.linalg.eigh(self.second.cpu()))
            value = value.clamp(min=0)
            unit = self.unit.max().double()

        if not self.standardise:
            value = value * unit**2
        return value.to(self.X.dtype), None if V is None else V.to(self.X.dtype)

    @cached_property
    def uneven(self) -> bool:
        """Whether unscaled features have rows so long that the others hardly move the solver."""
        length = self.X.norm(dim=1)
        return not self.standardise and float(length.max()) > UNEVEN * float(length.median())

    @property
    def even(self) -> Rows:
        """The features; where they are unscaled, with outlying rows cut short.

        A solver that takes the curvature of an outlier for that of a fold without it would end too
        early there; what is too small costs it a few steps more.
        """
        return self if self.standardise else self._clipped

    @cached_property
    def _clipped(self):
        length = self.X.norm(dim=1, keepdim=True)
        twin = self.to(self.X.dtype)
        twin.X = self.X * (LONGEST * length.median() / length.clamp(min=1e-30)).clamp(max=1)
        return twin

    def moments(self, train: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and inverse scale of each feature on the training rows.

        Without ``standardise`` the inverse scale takes the features back to the unit that they came
        in. Features that are constant in training have inverse scale 0: they get no weight, as with
        scikit-learn's scaler.

        Parameters
        ----------
        train : Tensor of shape (K, n)
            Training rows of each fold, bool.

        Returns
        -------
        mean, inverse_scale : Tensor of shape (K, d)
        """
        weight = train.to(self.X.dtype)
        size = weight.sum(1, keepdim=True)
        mean = self.backward(weight) / size
        if not self.standardise:
            return mean, self.unit.expand_as(mean)
        variance = self.squares(weight) / size - mean * mean
        thin = (variance < 1e-2).any(0) & (self.unit > 0)  # single precision may have lost these

        if thin.any():
            x, weight = self._columns(thin).double(), train.double()
            size = weight.sum(1, keepdim=True)
            exact = weight @ x / size
            mean[:, thin] = exact.to(mean.dtype)
            variance[:, thin] = (weight @ (x * x) / size - exact * exact).to(mean.dtype)

        scale = variance.clamp(min=0).sqrt()

        return mean, inverse(scale, scale <= 1e-6 * mean.abs() + 1e-9)

    def _columns(self, columns):
        return self.X[:, columns]


class Pairs(Rows):
    """Joined features of pairs of entities, from the entities' own: nothing of n_pairs × d is made.

    ``concat`` puts the second entity's features after the first's, ``mean`` averages them,
    ``hadamard`` multiplies them, each first centred over all entities; the first two cost two
    products with the entities' matrix and a gather, whatever the number of pairs.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Vectors of the entities.
    first, second : ndarray of shape (n_pairs,)
        Rows of X that make up each pair.
    join : {"concat", "mean", "hadamard"}
        How features are joined.
    **options
        Of ``Rows``.
    """

    def __init__(
        self, X: np.ndarray, first: np.ndarray, second: np.ndarray, join: str, **options
    ) -> None:
        super().__init__(X, **options)
        self.join, self.entities, self.sparse = join, self.X, False
        self.a, self.b = (
            torch.as_tensor(np.asarray(i), device=self.X.device) for i in (first, second)
        )
        self.n = len(self.a)

        if join == "concat":
            self.d, self.unit = 2 * self.d, torch.cat([self.unit, self.unit])
        elif join == "hadamard":
            self.unit = self.unit * self.unit

    def to(self, dtype: torch.dtype) -> Pairs:
        """Copy in another precision, as ``Rows.to``."""
        twin = super().to(dtype)
        twin.entities = twin.X
        return twin

    def _pieces(self):
        """Slices of pairs, and their products of features."""
        step = max(1, CHUNK * 8 // self.entities.shape[1])
        for at in range(0, self.n, step):
            here = slice(at, at + step)
            yield here, self.entities[self.a[here]] * self.entities[self.b[here]]

    def forward(self, W: Tensor) -> Tensor:
        """Margins without intercept, (K, n_pairs), as ``Rows.forward``."""
        if self.join == "hadamard":
            return torch.cat([W @ x.T for _, x in self._pieces()], 1)

        if self.join == "mean":
            S = (W / 2) @ self.entities.T
            return S[:, self.a] + S[:, self.b]

        A, B = W.chunk(2, 1)
        return (A @ self.entities.T)[:, self.a] + (B @ self.entities.T)[:, self.b]

    def _by_entity(self, R):
        """Sums over the pairs that an entity is first of, and second of, two (K, n)."""
        zero = R.new_zeros(len(R), len(self.entities))
        return zero.index_add(1, self.a, R), zero.index_add(1, self.b, R)

    def backward(self, R: Tensor) -> Tensor:
        """Sums of residuals times features, (K, d), as ``Rows.backward``."""
        if self.join == "hadamard":
            return sum(R[:, here] @ x for here, x in self._pieces())
        A, B = self._by_entity(R)
        if self.join == "mean":
            return (A + B) / 2 @ self.entities
        return torch.cat([A @ self.entities, B @ self.entities], 1)

    def squares(self, weight: Tensor) -> Tensor:
        """Weighted sums of squared features, (K, d), as ``Rows.squares``."""
        if self.join == "hadamard":
            return sum(weight[:, here] @ (x * x) for here, x in self._pieces())
        A, B = self._by_entity(weight)
        square = self.entities * self.entities
        if self.join == "concat":
            return torch.cat([A @ square, B @ square], 1)
        cross = [
            (w[:, None] * self.entities[self.a]).mul_(self.entities[self.b]).sum(0) for w in weight
        ]

        return ((A + B) @ square + 2 * torch.stack(cross)) / 4

    def gram(self) -> Tensor:
        """Features' second moments summed over all pairs, (d, d), in double precision."""
        if self.join == "hadamard":
            return sum((x.T @ x).double() for _, x in self._pieces())
        # by entity first: how often each is first and second of a pair, and who meets whom
        X, g = self.entities.double(), len(self.entities)
        ones = X.new_ones(1, self.n)
        A, B = (c[0] for c in self._by_entity(ones))
        where = torch.stack([self.a, self.b])
        met = torch.sparse_coo_tensor(where, ones[0], (g, g), check_invariants=True)
        aa, bb, ab = X.T @ (A[:, None] * X), X.T @ (B[:, None] * X), X.T @ torch.sparse.mm(met, X)
        if self.join == "mean":
            return (aa + bb + ab + ab.T) / 4

        return torch.cat([torch.cat([aa, ab], 1), torch.cat([ab.T, bb], 1)])

    def _columns(self, columns):
        first, second = columns.chunk(2) if self.join == "concat" else (columns, columns)
        x, y = self.entities[:, first][self.a], self.entities[:, second][self.b]
        if self.join == "concat":
            return torch.cat([x, y], 1)
        return (x + y) / 2 if self.join == "mean" else x * y
