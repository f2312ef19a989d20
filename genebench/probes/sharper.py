"""Curvature from a problem's own weights, for labels whose weights are far from even."""

from __future__ import annotations

import torch
from torch import Tensor

from .features import Rows

SHARPEN = (14, 30)
"""Iterations after which the curvature of a problem that is still going is taken from its own weights."""

OFTEN = (14, 30, 60, 120, 240)
"""The same of several classes, which take longer; where entities are so few that all classes part, it does not help."""

MOST = 4
"""Entities that make up such a curvature, in numbers of features: fewer leave directions out, more cost time."""

LARGE = 2048
"""Most features for which that is done: beyond, a factorisation costs more than the iterations that it saves."""


def due(age: Tensor, ages: tuple[int, ...] = SHARPEN) -> Tensor:
    """Problems that have just gone through a number of iterations that is one of ``ages``, (K,) bool."""
    return torch.isin(age, torch.tensor(ages, device=age.device))


class Sharper:
    """Inverse Hessians with their own weights, for tasks whose weights are far from even; all folds share one.

    A label that is rare or all but separable has its weight on few entities: these make up its Hessian, the others
    count with their mean weight. Of several classes each has its own, as if it were fitted against the rest alone. It
    serves as the first guess of L-BFGS, so what it lacks costs steps, not digits.
    """

    def __init__(self, features: Rows, n_classes: int, memory: float) -> None:
        self.able = type(features) is Rows and features.d <= LARGE and not features.sparse
        self.able &= n_classes == 1 or features.n >= MOST * features.d
        self.ages = SHARPEN if n_classes == 1 else OFTEN
        self.inverse: dict[int, Tensor] = {}
        self.most = int(memory / (features.X.element_size() * (features.d + 1) ** 2))

    def renew(self, features: Rows, problems, state) -> None:
        """Factorise anew for the problems whose time it is."""
        if not self.able:
            return
        held = state.own[state.going].unique().tolist()
        self.inverse = {t: h for t, h in self.inverse.items() if t in held}
        now = state.going & due(state.age, self.ages)
        for task in problems.task[state.ids[now]].unique().tolist():
            if (len(self.inverse) + 1) * state.M.shape[1] > self.most and task not in self.inverse:
                break
            rows = torch.where(now & (problems.task[state.ids] == task))[0]
            inverse = self._inverse(features, state, rows)
            if inverse is not None:
                self.inverse[task] = inverse
                state.own[rows] = task

    def _inverse(self, features: Rows, state, rows: Tensor) -> Tensor | None:
        """The inverse of a task's Hessians, (C, d + 1, d + 1); None where single precision cannot hold one of them."""
        scale = 1.0 if features.standardise else float(features.unit.max())
        held = features.X if features.standardise else features.clipped.X
        mean, penalty = state.mean[rows].mean(0), (1 / state.C[rows]).mean()
        few = min(features.n, MOST * features.d)
        out = held.new_empty(state.M.shape[1], features.d + 1, features.d + 1)
        for c, H in enumerate(out):
            size = state.R[rows, c].abs()
            weight = (size - size * size).mean(0)
            top, at = torch.topk(weight, few, sorted=False)
            rest = max(float(weight.sum() - top.sum()), 0.0)
            root = top.sqrt()[:, None]
            A = torch.cat([held[at].sub_(mean).mul_(root * scale), root], 1)
            torch.mm(A.T, A, out=H)
            H[:-1, :-1].add_(features.second.to(H.dtype), alpha=rest * scale**2)
            H.diagonal()[:-1] += penalty
            H[-1, -1] += (
                rest if rest or float(top.sum()) else 1.0
            )  # a class that training lacks does not move
            factor, wrong = torch.linalg.cholesky_ex(H)
            if int(wrong):
                return None
            torch.cholesky_inverse(factor, out=H)
        return out

    def times(self, state, g: Tensor, out: Tensor) -> None:
        """Put inverse Hessian times vectors (K, C, d + 1) in the rows that have one.

        Steps of several classes sum to zero over them, as the gradient does: what all have in common changes nothing.
        """
        for task, inverse in self.inverse.items():
            rows = torch.where(state.own == task)[0]
            if len(rows) and len(inverse) == 1:
                out[rows, 0] = g[rows, 0] @ inverse[0]
            elif len(rows):
                moved = torch.bmm(g[rows].transpose(0, 1), inverse).transpose(0, 1)
                out[rows] = moved - moved.mean(1, keepdim=True)
