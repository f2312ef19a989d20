"""Many regularised linear classifiers at once: batched L-BFGS that shares every pass over the features.

A *problem* is one task in one fold: C rows of weights (1 for logistic regression, the number of classes for softmax).
All problems at work share two matrix products an iteration; those that are done leave and waiting ones enter, so that
the products stay wide. What a problem must not see (its test fold, missing labels) gets a margin so large that its
predicted class is the labelled one exactly: it drops out of every sum, without a mask and without a copy of X.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ..errors import RunFailed
from .features import CHUNK, Rows

FAR = 1e30
"""A margin that makes a probability 0 or 1 exactly."""

HISTORY = 10


@dataclass
class Problems:
    """K problems over n entities; ``task`` and ``mask`` say which row of the shared tables each one uses.

    Attributes:
        labels: logistic: 0/1, (n_tasks, n). softmax: class, (n_tasks, n). task: (K,). train: bool, (n_masks, n).
        mask: (K,). C: inverse strength of the L2 penalty, (K,). n_classes: rows of weights per problem.
    """

    labels: Tensor
    task: Tensor
    train: Tensor
    mask: Tensor
    C: Tensor
    n_classes: int = 1

    def __len__(self) -> int:
        return len(self.task)


@dataclass
class _State:
    """The problems at work; every tensor has one row a problem. U: (K, C, d + 1), M: (K, C, n)."""

    ids: Tensor
    age: Tensor
    U: Tensor
    M: Tensor
    mean: Tensor
    inverse_scale: Tensor
    C: Tensor
    grad: Tensor
    step: Tensor

    def keep(self, rows: Tensor) -> _State:
        return _State(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def join(self, other: _State) -> _State:
        return _State(**{f.name: torch.cat([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)})


@dataclass
class _History:
    """The last steps s and changes of gradient y of every problem, and their products, oldest first.

    S, Y: (K, H, C (d + 1)); R: (K, H, H), R_ij = s_iᵀ y_j. A pair that does not count is zero, with 1 on R's diagonal.
    """

    S: Tensor
    Y: Tensor
    R: Tensor

    def keep(self, rows: Tensor) -> _History:
        return _History(self.S[rows], self.Y[rows], self.R[rows])

    def more(self, number: int) -> _History:
        """Room for problems that enter."""
        size = self.S.shape[1]
        one = torch.eye(size, dtype=self.R.dtype, device=self.R.device).expand(number, size, size)
        zero = self.S.new_zeros(number, *self.S.shape[1:])
        return _History(torch.cat([self.S, zero]), torch.cat([self.Y, zero]), torch.cat([self.R, one]))

    def add(self, s: Tensor, y: Tensor) -> _History:
        """With one more pair, (K, D) each, and at most ``HISTORY`` of them."""
        sy = torch.einsum("kd,kd->k", s, y)
        good = sy > 1e-12 * torch.einsum("kd,kd->k", y, y).clamp(min=1e-30)
        s, y = s * good[:, None], y * good[:, None]
        old = slice(1, None) if self.S.shape[1] == HISTORY else slice(None)
        S, Y = torch.cat([self.S[:, old], s[:, None]], 1), torch.cat([self.Y[:, old], y[:, None]], 1)
        H = S.shape[1]
        R = self.R.new_zeros(len(S), H, H)
        R[:, :-1, :-1] = self.R[:, old, old]
        R[:, :, -1] = torch.einsum("khd,kd->kh", S, y)
        R[:, -1, -1] = torch.where(good, sy, 1)
        return _History(S, Y, R)


def solve(
    features: Rows,
    problems: Problems,
    *,
    tolerance: float = 1e-4,
    max_iter: int = 300,
    memory: float = 2e9,
    seen: Callable[[int], None] = lambda done: None,
) -> tuple[Tensor, Tensor]:
    """Minimise C · Σ loss + ½‖w‖² for every problem (intercepts are not penalised).

    Args: tolerance: a problem ends when its Newton decrement per unit of weight, √(gᵀH⁻¹g / Σp(1−p)), is below.
    memory: bytes for the problems at work, which bounds how many there are. seen: told the number of problems done.
    Returns: weights on the features as ``Rows`` holds them, (K, C, d), and intercepts, (K, C).
    Raises: RunFailed: a problem that does not converge, in single and then in double precision.
    """
    K, C, n, d = len(problems), problems.n_classes, features.n, features.d
    one = C * (6 * n + (2 * HISTORY + 10) * (d + 1)) * features.X.element_size()
    room = max(1, int(memory / one))
    W = features.X.new_zeros(K, C, d)
    b = features.X.new_zeros(K, C)
    waiting = torch.arange(K, device=W.device)
    D = C * (d + 1)
    empty = _History(W.new_zeros(0, 0, D), W.new_zeros(0, 0, D), W.new_zeros(0, 0, 0))
    state, history, done, late = None, empty, 0, []
    while state is not None or len(waiting):
        if len(waiting) and (state is None or len(state.ids) <= room // 2):
            take = min(len(waiting), room - (0 if state is None else len(state.ids)))
            new = _enter(features, problems, waiting[:take])
            waiting = waiting[take:]
            history = history.more(take)
            state = new if state is None else state.join(new)
        total, weight, history = _gradient(features, problems, state, history)
        step = _direction(features, state.grad, history, total)
        over = ((state.grad * step).sum((1, 2)).clamp(min=0) / weight).sqrt() <= tolerance
        tired = (state.age >= max_iter) & ~over
        out = over | tired
        if out.any():
            gone = state.keep(out)
            scaled = gone.U[..., :-1] * gone.inverse_scale[:, None]
            W[gone.ids] = scaled
            b[gone.ids] = gone.U[..., -1] - torch.einsum("kcd,kd->kc", scaled, gone.mean)
            late.append(gone.ids[tired[out]])
            done += len(gone.ids)
            seen(done)
            if out.all():
                state, history = None, empty
                continue
            state, step = state.keep(~out), step[~out]
            history = history.keep(~out)
        _advance(features, problems, state, -step)
    late = torch.cat(late) if late else waiting
    if len(late):
        if features.X.dtype == torch.float64:
            raise RunFailed(
                f"{len(late)} linear fits did not converge in {max_iter} iterations in double precision; look at the "
                "scale of the vectors, or choose a smaller C"
            )
        alone = Problems(
            problems.labels, problems.task[late], problems.train, problems.mask[late], problems.C[late].double(), C
        )
        double = solve(
            features.to(torch.float64),
            alone,
            tolerance=tolerance,
            max_iter=20 * max_iter,
            memory=memory,
        )
        W[late], b[late] = (a.to(W.dtype) for a in double)
    return W, b


def _enter(features: Rows, problems: Problems, ids: Tensor) -> _State:
    """Bring problems to work: weights zero, intercepts at the training prior, what must not be seen out of the way."""
    dtype, C, n = features.X.dtype, problems.n_classes, features.n
    masks, back = torch.unique(problems.mask[ids], return_inverse=True)
    train = problems.train[masks]
    mean, inverse_scale = features.moments(train)
    K = len(ids)
    U = torch.zeros(K, C, features.d + 1, dtype=dtype, device=ids.device)
    M = torch.empty(K, C, n, dtype=dtype, device=ids.device)
    for at in range(K):
        y, use = problems.labels[problems.task[ids[at]]], train[back[at]]
        if C == 1:
            share = y[use].to(dtype).mean()
            U[at, 0, -1] = torch.log(share / (1 - share))
            M[at, 0] = torch.where(use, U[at, 0, -1], torch.where(y > 0, FAR, -FAR).to(dtype))
        else:
            share = torch.bincount(y[use], minlength=C).to(dtype) / use.sum()
            log = torch.where(share > 0, share.clamp(min=1e-30).log(), 0)
            log = torch.where(share > 0, log - log[share > 0].mean(), 0)
            U[at, :, -1] = log
            M[at] = torch.where(share > 0, log, -FAR)[:, None]
            hidden = torch.where(~use)[0]
            M[at][:, hidden] = -FAR
            M[at][y[hidden], hidden] = FAR
    zero = torch.zeros_like(U)
    return _State(
        ids, torch.zeros_like(ids), U, M, mean[back], inverse_scale[back], problems.C[ids].to(dtype), zero, zero
    )


def _pieces(M: Tensor):
    """Slices of problems whose margins fit the cache."""
    step = max(1, CHUNK // (M.shape[1] * M.shape[2])) if M.device.type == "cpu" else len(M)
    for at in range(0, len(M), step):
        yield slice(at, at + step)


def _less_truth(P: Tensor, problems: Problems, ids: Tensor) -> Tensor:
    """Take the labels from probabilities (k, C, n), in place: residuals."""
    y = problems.labels[problems.task[ids]]
    if problems.n_classes == 1:
        return P.sub_(y[:, None])
    return P.scatter_add_(1, y[:, None], P.new_full((), -1.0).expand(len(y), 1, y.shape[1]))


def probabilities(M: Tensor) -> Tensor:
    """Margins (…, C, n) → probabilities: the logistic function for one row, softmax over several."""
    return torch.sigmoid(M) if M.shape[-2] == 1 else torch.softmax(M, dim=-2)


def _gradient(features, problems, state, history):
    """Set the gradient of every problem and note its change; returns curvature, sum of p(1 − p) (K,) and history."""
    K, C, n = state.M.shape
    R = torch.empty_like(state.M)
    curve = state.M.new_empty(K, C, C) if C > 1 else state.M.new_empty(K, 1, 1)
    for here in _pieces(state.M):
        P = probabilities(state.M[here])
        R[here] = P
        _less_truth(R[here], problems, state.ids[here])
        if C == 1:
            curve[here, 0, 0] = (P - P * P).sum((1, 2))
        else:
            curve[here] = torch.diag_embed(P.sum(2)) - P @ P.transpose(1, 2)
    old = state.grad
    penalty = 1 / state.C[:, None, None]
    grad = torch.empty_like(state.U)
    grad[..., -1] = R.sum(2)
    inner = features.backward(R.view(K * C, n)).view(K, C, -1)
    grad[..., :-1] = (inner - grad[..., -1:] * state.mean[:, None]) * state.inverse_scale[:, None]
    grad[..., :-1] += penalty * state.U[..., :-1]
    state.grad = grad
    if bool(state.age.any()):
        y = (grad - old) * (state.age > 0)[:, None, None]
        history = history.add(state.step.reshape(K, -1), y.reshape(K, -1))
    state.age = state.age + 1
    weight = torch.diagonal(curve, dim1=1, dim2=2).sum(1).clamp(min=1e-30)
    return _curvature(features, state, curve), weight, history


@dataclass
class _Curvature:
    """The Hessian with its weights replaced by their mean: classes' eigenbasis (K, C, C), inverse (K, C, r), rest."""

    classes: Tensor
    inverse: Tensor
    rest: Tensor
    intercept: Tensor


def _curvature(features: Rows, state: _State, curve: Tensor) -> _Curvature:
    spectrum, _ = features.basis
    if curve.shape[1] == 1:
        classes, height = torch.ones_like(curve), curve[:, 0]
    else:
        height, classes = torch.linalg.eigh(curve)
        height = height.clamp(min=0)
    penalty = 1 / state.C[:, None]
    inverse = 1 / (height[..., None] * spectrum + penalty[..., None])
    top = height.amax(1, keepdim=True)
    intercept = torch.where(height > 1e-6 * top, 1 / height.clamp(min=1e-30), 0)
    return _Curvature(classes, inverse, (1 / penalty).expand(-1, height.shape[1]), intercept)


def _precondition(features: Rows, g: Tensor, total: _Curvature) -> Tensor:
    """The inverse of that Hessian times vectors, (K, C, d + 1)."""
    _, V = features.basis
    K, C, _ = g.shape
    q = g if C == 1 else total.classes.transpose(1, 2) @ g
    out = torch.empty_like(g)
    inner = q[..., :-1]
    if V is None:
        out[..., :-1] = inner * total.inverse
        out[..., -1] = q[..., -1] * total.intercept
        return out if C == 1 else total.classes @ out
    z = (inner.reshape(K * C, -1) @ V).view(K, C, -1)
    if V.shape[1] == V.shape[0]:
        back = (z * total.inverse).view(K * C, -1) @ V.T
    else:  # directions that no entity spans have the penalty alone
        rest = total.rest[..., None]
        back = (z * (total.inverse - rest)).view(K * C, -1) @ V.T + (rest * inner).reshape(K * C, -1)
    out[..., :-1] = back.view(K, C, -1)
    out[..., -1] = q[..., -1] * total.intercept
    return out if C == 1 else total.classes @ out


def _advance(features, problems, state, step) -> None:
    """One step of every problem: length along the direction, new weights and margins."""
    K, C, n = state.M.shape
    slope = step[..., :-1] * state.inverse_scale[:, None]
    along = features.forward(slope.reshape(K * C, -1)).view(K, C, n)
    shift = step[..., -1] - torch.einsum("kcd,kd->kc", slope, state.mean)
    along += shift[..., None]
    penalty = 1 / state.C
    us = (state.U[..., :-1] * step[..., :-1]).sum((1, 2)) * penalty
    ss = (step[..., :-1] ** 2).sum((1, 2)) * penalty
    start = (state.grad * step).sum((1, 2))
    length = torch.empty_like(us)
    for here in _pieces(state.M):
        ids = state.ids[here]
        length[here] = _length(state.M[here], along[here], problems, ids, us[here], ss[here], start[here])
        state.M[here] += length[here, None, None] * along[here]
    state.step = step * length[:, None, None]
    state.U = state.U + state.step


def _direction(features, grad, history: _History, total) -> Tensor:
    """The L-BFGS product of inverse Hessian and gradient (Nocedal 1980), the preconditioner as its first guess.

    The two loops are two triangular systems: R α = S g, then with r = H₀(g − Yᵀα): Rᵀ γ = diag(R) α − Y r.
    """
    if history.S.shape[1] == 0:
        return _precondition(features, grad, total)
    K = len(grad)
    g = grad.reshape(K, -1, 1)
    alpha = torch.linalg.solve_triangular(history.R, history.S @ g, upper=True)
    q = (g - history.Y.transpose(1, 2) @ alpha).view_as(grad)
    r = _precondition(features, q, total).view(K, -1, 1)
    right = torch.diagonal(history.R, dim1=1, dim2=2)[..., None] * alpha - history.Y @ r
    gamma = torch.linalg.solve_triangular(history.R.transpose(1, 2), right, upper=False)
    return (r + history.S.transpose(1, 2) @ gamma).view_as(grad)


def _length(M, along, problems, ids, us, ss, start) -> Tensor:
    """Step length per problem, (k,), by safeguarded Newton steps on the convex loss along the direction.

    Accepted where the slope along the direction has fallen to a tenth of what it was.
    """
    t = torch.ones_like(us)
    low, high = torch.zeros_like(t), torch.full_like(t, torch.inf)
    for _ in range(20):
        P = probabilities(M + t[:, None, None] * along)
        Pa = P * along
        slope = torch.einsum("kcn,kcn->k", _less_truth(P, problems, ids), along) + us + t * ss
        if P.shape[1] == 1:
            bend = torch.einsum("kcn,kcn->k", Pa, along - Pa) + ss
        else:
            bend = torch.einsum("kcn,kcn->k", Pa, along) - Pa.sum(1).square().sum(1) + ss
        settled = slope.abs() <= 0.1 * start.abs()
        if bool(settled.all()):
            return t
        low, high = torch.where(slope < 0, t, low), torch.where(slope > 0, t, high)
        new = t - slope / bend.clamp(min=1e-30)
        new = torch.minimum(new, 4 * t)  # where the loss is all but flat, Newton's step would leave the world
        halfway = torch.where(torch.isfinite(high), (low + high) / 2, 2 * t)
        t = torch.where(settled, t, torch.where((new > low) & (new < high), new, halfway))
    return t
