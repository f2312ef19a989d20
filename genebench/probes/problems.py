"""Problems of the solver, and their state while it is at work."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .curvature import HISTORY
from .losses import pieces, residuals

FAR = 1e30
"""A margin that makes a probability 0 or 1 exactly."""


@dataclass
class Problems:
    """K problems over n entities; ``task`` and ``mask`` say which row of a table each one uses.

    Attributes
    ----------
    labels, train : Tensor of shape (n_tasks, n), Tensor of bool, shape (n_masks, n)
        0/1 or class, and training entities.
    task, mask : Tensor of shape (K,)
        Rows of ``labels`` and ``train``.
    C : float or Tensor of shape (K,)
        Inverse strength of the L2 penalty.
    n_classes : int
        Rows of weights of a problem.
    """

    labels: Tensor
    task: Tensor
    train: Tensor
    mask: Tensor
    C: float | Tensor
    n_classes: int


@dataclass
class State:
    """The problems at work; every tensor has a row a problem.

    U, grad, step: (K, C, d + 1); M, R: (K, C, n). R: residuals, probabilities less labels. curve:
    covariance of the probabilities summed over entities, (K, C, C). S, Y: the last steps and
    changes of gradient, (K, HISTORY, C (d + 1)); products: s_iᵀ y_j. A pair that does not count is
    zero, with 1 on the diagonal. own: the task whose own curvature serves a problem, −1: none.
    """

    ids: Tensor
    age: Tensor
    going: Tensor
    own: Tensor
    U: Tensor
    M: Tensor
    R: Tensor
    curve: Tensor
    mean: Tensor
    inverse_scale: Tensor
    penalty: Tensor
    grad: Tensor
    step: Tensor
    S: Tensor
    Y: Tensor
    products: Tensor

    def take(self, rows):
        """Some of the problems.

        Parameters
        ----------
        rows : Tensor

        Returns
        -------
        State
        """
        return State(*(a.index_select(0, rows) for a in vars(self).values()))

    def join(self, other):
        """These and others.

        Parameters
        ----------
        other : State

        Returns
        -------
        State
        """
        return State(*map(torch.cat, zip(vars(self).values(), vars(other).values())))


def enter(features, problems, ids):
    """Start problems: weights zero, intercepts at the training prior, test rows masked.

    Parameters
    ----------
    features : Features
    problems : Problems
    ids : Tensor of shape (k,)
        Which of the problems.

    Returns
    -------
    State
    """
    C, n, K = problems.n_classes, features.n, len(ids)
    masks, back = torch.unique(problems.mask[ids], return_inverse=True)
    train = problems.train[masks]
    mean, inverse_scale = features.moments(train)
    new, width = features.X.new_zeros, C * (features.d + 1)
    weights, margins, history = (K, C, features.d + 1), (K, C, n), (K, HISTORY, width)
    state = State(
        ids,
        torch.zeros_like(ids),
        torch.ones_like(ids, dtype=torch.bool),
        torch.full_like(ids, -1),
        *map(new, (weights, margins, margins, (K, C, C))),
        *(mean[back], inverse_scale[back], 1 / problems.C[ids]),
        *map(new, (weights, weights, history, history)),
        torch.eye(HISTORY, dtype=mean.dtype, device=ids.device).repeat(K, 1, 1),
    )
    U, M, task = state.U, state.M, problems.task[ids]

    for here in pieces(M):
        y, use = problems.labels.index_select(0, task[here]), train.index_select(0, back[here])
        if C == 1:
            weight = use.to(mean.dtype)
            share = torch.linalg.vecdot(y, weight) / weight.sum(1)
            U[here, 0, -1] = torch.log(share / (1 - share))
            M[here, 0] = torch.where(use, U[here, 0, -1:], (y * (2 * FAR)).sub_(FAR))
        else:
            for at, one, seen in zip(range(*here.indices(K)), y, use):
                share = torch.bincount(one[seen], minlength=C).to(mean.dtype) / seen.sum()
                log, there, hidden = share.log(), share > 0, torch.where(~seen)[0]
                U[at, :, -1] = torch.where(there, log - log[there].mean(), 0)
                M[at] = torch.where(there, U[at, :, -1], -FAR)[:, None]
                M[at, :, hidden] = -FAR
                M[at, one[hidden], hidden] = FAR
        residuals(state, here, y)

    return state
