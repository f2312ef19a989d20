"""Columns centred and scaled without a copy in double precision."""

import numpy as np
import torch
from torch import Tensor

CHUNK = 1 << 17
"""Elements that fit a core's cache: elementwise work goes in pieces of this size."""


def centred(X: np.ndarray, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
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


def inverse(scale: Tensor, flat: Tensor) -> Tensor:
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
