"""Curvature from a problem's own weights, for labels whose weights are far from even."""

from __future__ import annotations

import torch
from torch import Tensor

from .features import Rows

SHARPEN = (14, 30)
"""Iterations after which the curvature of a problem that is still going is taken from its own weights."""

MOST = 4
"""Entities that make up such a curvature, in numbers of features: fewer leave directions out, more cost time."""

LARGE = 2048
"""Most features for which that is done: beyond, a factorisation costs more than the iterations that it saves."""


def due(age: Tensor) -> Tensor:
    """Problems that have just gone through a number of iterations that is one of ``SHARPEN``, (K,) bool."""
    return torch.isin(age, torch.tensor(SHARPEN, device=age.device))


class Sharper:
    """Inverse Hessians with their own weights, for tasks whose weights are far from even; all folds share one.

    A label that is rare or all but separable has its weight on few entities: these make up its Hessian, the others
    count with their mean weight. It serves as the first guess of L-BFGS, so what it lacks costs steps, not digits.
    """

    def __init__(self, features: Rows, memory: float) -> None:
        self.able = type(features) is Rows and features.d <= LARGE and not features.sparse
        self.inverse: dict[int, Tensor] = {}
        self.most = int(memory / (features.X.element_size() * (features.d + 1) ** 2))

    def renew(self, features: Rows, problems, state) -> None:
        """Factorise anew for the problems whose time it is."""
        if not self.able or state.M.shape[1] > 1:
            return
        held = state.own[state.going].unique().tolist()
        self.inverse = {t: h for t, h in self.inverse.items() if t in held}
        now = state.going & due(state.age)
        for task in problems.task[state.ids[now]].unique().tolist():
            if len(self.inverse) >= self.most and task not in self.inverse:
                break
            rows = torch.where(now & (problems.task[state.ids] == task))[0]
            inverse = self._inverse(features, state, rows)
            if inverse is not None:
                self.inverse[task] = inverse
                state.own[rows] = task

    def _inverse(self, features: Rows, state, rows: Tensor) -> Tensor | None:
        """The inverse of a task's Hessian, (d + 1, d + 1); None where single precision cannot hold it."""
        size = state.R[rows, 0].abs()
        weight = (size - size * size).mean(0)
        scale = 1.0 if features.standardise else float(features.unit.max())
        few = min(features.n, MOST * features.d)
        top, at = torch.topk(weight, few, sorted=False)
        rest = max(float(weight.sum() - top.sum()), 0.0)
        root, mean = top.sqrt()[:, None], state.mean[rows].mean(0)
        held = features.X if features.standardise else features.clipped.X
        A = torch.cat([held[at].sub_(mean).mul_(root * scale), root], 1)
        H = A.T @ A
        H[:-1, :-1].add_(features.second.to(H.dtype), alpha=rest * scale**2)
        H.diagonal()[:-1] += (1 / state.C[rows]).mean()
        H[-1, -1] += rest
        factor, wrong = torch.linalg.cholesky_ex(H)
        return None if int(wrong) else torch.cholesky_inverse(factor)

    def times(self, state, g: Tensor, out: Tensor) -> None:
        """Put inverse Hessian times vectors (K, 1, d + 1) in the rows that have one."""
        for task, inverse in self.inverse.items():
            rows = torch.where(state.own == task)[0]
            if len(rows):
                out[rows, 0] = g[rows, 0] @ inverse
