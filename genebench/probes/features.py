"""Features as the solver sees them: products with weights and residuals, moments of each fold."""

from __future__ import annotations

from copy import copy
from functools import cached_property, reduce

import numpy as np
import torch
from torch import Tensor

from ..core.errors import BadInput

CHUNK = 1 << 18
"""Elements that fit a core's cache: elementwise work goes in pieces of this size."""

LONGEST = 4.0
"""Length, in medians, to which a row is cut before it counts in the basis of unscaled features."""

UNEVEN = 100.0
"""Length, in medians, of a row beside which fits are taken further."""

COLUMNS = 64
"""Columns that are widened to double precision at a time."""

FEW, BLOCK = 6, 512
"""Fewer margins than this are made as columns; more in blocks of so many rows, for the cache."""

FARTHEST = 1e6
"""Length, in medians times the number of rows, to which unscaled rows may reach: the mean of longer
ones leaves single precision no digit of the others."""

WIDE, SPARSE = 512, 0.02
"""More columns than this, and a smaller share of entities that are not zero: columns that hardly
meet (one-hots)."""


def centred(X, dtype):
    """Columns less their mean, rounded last.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    dtype : torch.dtype

    Returns
    -------
    Tensor of shape (n, d), and deviation, flat : Tensor of shape (d,)
        The standard deviation is in double precision; flat: which are constant.
    """
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


def inverse(scale, flat):
    """One over the scale of features, 0 for those that are constant, which get no weight.

    Parameters
    ----------
    scale, flat : Tensor
        Standard deviations, and which are constant (bool).

    Returns
    -------
    Tensor
    """
    return torch.where(flat, 0, 1 / torch.where(flat, 1, scale))


class Features:
    """Features of n entities, centred and scaled once so that single precision holds them.

    With ``standardise`` every column is scaled to unit variance here, and what a fold's probe sees
    is standardised again on its training rows alone; without, one number scales the whole matrix
    and the probe sees the unit of X. Of a pair, the features of the second follow those of the
    first: they are never written out, products cost two products with X and a gather.

    Parameters
    ----------
    X : ndarray of shape (g, width)
    pairs : tuple of two ndarray of shape (n,), optional
        Rows of X that make up each entity; None: every row is one.
    standardise, double : bool
        See above; the precision.
    device : str

    Raises
    ------
    BadInput
        An unscaled row that is so long that nothing is left of the others.

    Attributes
    ----------
    X : Tensor of shape (g, width)
        The scaled vectors.
    n, d : int
        Entities, and features of each: the width of X, or twice it.
    unit : Tensor of shape (d,)
        Scale that was taken out; 0 for a constant column.
    sparse : bool
        Whether columns hardly meet.
    """

    def __init__(self, X, pairs=None, *, standardise=True, device="cpu", double=False):
        self.standardise, self.paired = standardise, pairs is not None
        if not standardise and not double:
            length = np.sqrt(np.einsum("nd,nd->n", X, X, dtype=np.float64))
            row, middle = length.argmax(), np.median(length)
            if length[row] > FARTHEST * len(X) * middle > 0:
                raise BadInput(
                    f"row {row} of the vectors is {length[row] / middle:.0e} times as long as the "
                    "median row, which leaves no digit of the others; drop it, or standardise."
                )
        sparse = X.shape[1] > WIDE and np.count_nonzero(X) < SPARSE * X.size
        self.sparse = sparse and not self.paired
        scaled, deviation, flat = centred(X, torch.float64 if double else torch.float32)
        if not standardise:  # one number for all columns
            deviation = deviation.square().mean().sqrt().expand(len(deviation))
        scaled *= inverse(deviation, flat).to(scaled)
        self.X = scaled.to(device)
        unit = torch.where(flat, 0, deviation).to(self.X)
        self.sides = [slice(None)]
        if pairs is not None:
            self.sides = [torch.as_tensor(np.asarray(side), device=device) for side in pairs]
        self.unit = torch.cat([unit] * len(self.sides))
        self.n, self.d = len(self.sides[0] if self.paired else self.X), len(self.unit)

    def to(self, dtype):
        """Copy in another precision.

        Parameters
        ----------
        dtype : torch.dtype

        Returns
        -------
        Features
        """
        twin = copy(self)
        for derived in ("basis", "second", "even"):
            vars(twin).pop(derived, None)
        twin.X, twin.unit = self.X.to(dtype), self.unit.to(dtype)
        return twin

    @property
    def bytes(self) -> int:
        """Memory that the features and their basis take."""
        return self.X.nbytes + self.d * min(self.n, self.d) * 3 * 8

    @property
    def scale(self) -> float:
        """What the probe's unit is in that of X: 1 for standardised features."""
        return 1.0 if self.standardise else float(self.unit.max())

    def forward(self, W):
        """Margins without intercept.

        Parameters
        ----------
        W : Tensor of shape (K, d)

        Returns
        -------
        Tensor of shape (K, n)
        """
        parts = []
        for weights, side in zip(W.chunk(len(self.sides), 1), self.sides):
            if len(W) < FEW:
                out = (self.X @ weights.T).T.contiguous()
            else:
                out = W.new_empty(len(W), len(self.X))
                for x, piece in zip(self.X.split(BLOCK), out.split(BLOCK, 1)):
                    torch.mm(weights, x.T, out=piece)
            parts.append(out[:, side])
        return reduce(torch.add, parts)

    def _by_row(self, R):
        """Sums of entities' values, (K, n), over the rows of X that they are of, one a side."""
        if not self.paired:
            return [R]
        zero = R.new_zeros(len(R), len(self.X))
        return [zero.index_add(1, side, R) for side in self.sides]

    def backward(self, R):
        """Sums of residuals times features.

        Parameters
        ----------
        R : Tensor of shape (K, n)

        Returns
        -------
        Tensor of shape (K, d)
        """
        return torch.cat([sums @ self.X for sums in self._by_row(R)], 1)

    def squares(self, weight):
        """Weighted sums of squared features.

        Parameters
        ----------
        weight : Tensor of shape (K, n)

        Returns
        -------
        Tensor of shape (K, d)
        """
        parts = [(w, x) for w in self._by_row(weight) for x in self.X.split(COLUMNS, 1)]
        return torch.cat([w @ x.square() for w, x in parts], 1)

    @cached_property
    def even(self) -> Tensor:
        """X; where it is unscaled, with outlying rows cut short.

        A solver that takes the curvature of an outlier for that of a fold without it would end too
        early there; what is too small costs it a few steps more.
        """
        if self.standardise:
            return self.X
        length = self.X.norm(dim=1, keepdim=True)
        return self.X * (LONGEST * length.median() / length.clamp(min=1e-30)).clamp(max=1)

    @property
    def uneven(self) -> bool:
        """Whether unscaled features have rows so long that the others hardly move the solver."""
        length = self.X.norm(dim=1)
        return not self.standardise and float(length.max()) > UNEVEN * float(length.median())

    @cached_property
    def second(self) -> Tensor:
        """Features' mean second moments, (d, d); rows that lie far out count for less.

        In the features' precision, or in double of pairs and where an outlier has moved the mean of
        all others far from zero.
        """
        X = self.even
        if self.paired or X.mean(0).square().sum() > 1e-2 * X.square().sum(1).mean():
            X = X.double()
        if not self.paired:
            return X.T @ X / self.n
        # how often each row is first and second of a pair, and which rows meet
        ones = X.new_ones(1, self.n)
        met = torch.sparse_coo_tensor(
            torch.stack(self.sides), ones[0], (len(X), len(X)), check_invariants=True
        )
        first, second = (X.T @ (count.T * X) for count in self._by_row(ones))
        both = X.T @ torch.sparse.mm(met, X)

        return torch.cat([torch.cat([first, both], 1), torch.cat([both.T, second], 1)]) / self.n

    @cached_property
    def basis(self) -> tuple[Tensor, Tensor | None]:
        """Eigenvalues (r,) and eigenvectors (d, r) of the mean second moments; r = min(n, d).

        In the probe's unit. Columns that hardly meet are all but their own eigenvectors: None
        stands for the columns themselves.
        """
        V = None

        if self.sparse:
            value = self.squares(self.X.new_ones(1, self.n))[0] / self.n
        elif self.n < self.d and not self.paired:  # the n × n side is the smaller one
            X = self.even.double()
            value, left = torch.linalg.eigh((X @ X.T).cpu() / self.n)
            value, left = value.clamp(min=0).to(X.device), left.to(X.device)
            seen = value > 1e-9 * value.max()
            V = X.T @ left / (self.n * value.clamp(min=1e-9 * float(value.max()))).sqrt() * seen
        else:
            value, V = (a.to(self.X.device) for a in torch.linalg.eigh(self.second.cpu()))

        value = (value.clamp(min=0) * self.scale**2).to(self.X.dtype)
        return value, None if V is None else V.to(self.X.dtype)

    def moments(self, train):
        """Mean and inverse scale of each feature on the training rows.

        Without ``standardise`` the inverse scale takes the features back to the unit that they came
        in. Features that are constant in training have inverse scale 0: they get no weight, as with
        scikit-learn's scaler.

        Parameters
        ----------
        train : Tensor of bool, shape (K, n)

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
            sides = zip(thin.chunk(len(self.sides)), self.sides)
            x = torch.cat([self.X[:, columns][side] for columns, side in sides], 1).double()
            weight = train.double()
            size = weight.sum(1, keepdim=True)
            exact = weight @ x / size
            mean[:, thin] = exact.to(mean.dtype)
            variance[:, thin] = (weight @ (x * x) / size - exact * exact).to(mean.dtype)

        scale = variance.clamp(min=0).sqrt()

        return mean, inverse(scale, scale <= 1e-6 * mean.abs() + 1e-9)
