"""Many regularised linear classifiers at once: batched L-BFGS that shares every pass over the features.

A *problem* is one task in one fold: C rows of weights (1 for logistic regression, the number of classes for softmax).
All problems at work share two matrix products an iteration; those that are done leave and waiting ones enter, so that
the products stay wide. What a problem must not see (its test fold, missing labels) gets a margin so large that its
predicted class is the labelled one exactly: it drops out of every sum, without a mask and without a copy of X.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from ..core.errors import RunFailed
from .features import CHUNK, Rows
from .sharper import Sharper, due

FAR = 1e30
"""A margin that makes a probability 0 or 1 exactly."""

HISTORY = 10

ACCEPT = 0.5
"""A step is taken where it leaves at most this share of the slope along it."""

CROWDED = 0.7
"""Problems that are done make room once no more than this share of those at work is still going."""


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
    """The problems at work; every tensor has one row a problem. U, grad, step: (K, C, d + 1); M, R: (K, C, n).

    R: residuals, probabilities less labels. curve: covariance of the probabilities summed over entities, (K, C, C).
    S, Y: the last steps and changes of gradient, (K, HISTORY, C (d + 1)); products: s_iᵀ y_j. A pair that does not
    count is zero, with 1 on the diagonal. own: the task whose inverse in ``Sharper`` serves a problem, −1: none.
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
    C: Tensor
    grad: Tensor
    step: Tensor
    S: Tensor
    Y: Tensor
    products: Tensor

    def keep(self, rows: Tensor) -> _State:
        return _State(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def join(self, other: _State) -> _State:
        return _State(
            **{
                f.name: torch.cat([getattr(self, f.name), getattr(other, f.name)])
                for f in fields(self)
            }
        )


def solve(
    features: Rows,
    problems: Problems,
    *,
    tolerance: float = 3e-4,
    max_iter: int = 300,
    memory: float = 2e9,
    seen: Callable[[int], None] = lambda done: None,
) -> tuple[Tensor, Tensor]:
    """Minimise C · Σ loss + ½‖w‖² for every problem (intercepts are not penalised).

    Args: tolerance: a problem ends when its Newton decrement per unit of weight, √(gᵀH⁻¹g / Σp(1−p)), is below; a
    third of it beside rows that are ``uneven``.
    memory: bytes for the problems at work, which bounds how many there are. seen: told the number of problems done.
    Returns: weights on the features as ``Rows`` holds them, (K, C, d), and intercepts, (K, C).
    Raises: RunFailed: a problem that does not converge, in single and then in double precision.
    """
    K, C, n, d = len(problems), problems.n_classes, features.n, features.d
    one = C * (6 * n + (2 * HISTORY + 10) * (d + 1)) * features.X.element_size()
    room = max(1, int(memory / one))
    W = features.X.new_zeros(K, C, d)
    b = features.X.new_zeros(K, C)
    truth = problems.labels if C > 1 else problems.labels.to(W.dtype)
    waiting, least = (
        torch.arange(K, device=W.device),
        tolerance / 3 if features.uneven else tolerance,
    )
    sharper = Sharper(features, C, memory / 4)
    state, done, turn, late = None, 0, 0, []
    while state is not None or len(waiting):
        n_going = 0 if state is None else int(state.going.sum())
        if state is not None and n_going <= (CROWDED if not len(waiting) else 0.5) * len(state.ids):
            state = state.keep(state.going) if n_going else None
        if len(waiting) and (state is None or len(state.ids) <= room // 2):
            take = min(len(waiting), room - n_going)
            new = _enter(features, problems, truth, waiting[:take])
            waiting = waiting[take:]
            state = new if state is None else state.join(new)
        if state is None:
            break
        total, weight = _gradient(features, state, turn)
        sharper.renew(features, problems, state)
        step = _direction(features, state, total, sharper, turn)
        turn += 1
        over = (
            torch.linalg.vecdot(state.grad.flatten(1), step.flatten(1)).clamp(min=0) / weight
        ).sqrt() <= least
        tired = (state.age >= max_iter) & ~over
        out = (over | tired) & state.going
        if out.any():
            U, ids = (
                state.U[out] - step[out],
                state.ids[out],
            )  # the last step costs nothing: no margins are needed
            W[ids] = scaled = U[..., :-1] * state.inverse_scale[out][:, None]
            b[ids] = _intercept(U[..., -1], scaled, state.mean[out])
            late.append(state.ids[out & tired])
            done += len(ids)
            seen(done)
            state.going = state.going & ~out
            if not state.going.any():
                state = None
                continue
        _advance(features, problems, truth, state, -step)
        _mend(features, problems, truth, state)
    late = torch.cat(late) if late else waiting
    if len(late):
        if features.X.dtype == torch.float64:
            raise RunFailed(
                f"{len(late)} linear fits did not converge in {max_iter} iterations in double precision; look at the "
                "scale of the vectors, or choose a smaller C"
            )
        alone = replace(
            problems,
            task=problems.task[late],
            mask=problems.mask[late],
            C=problems.C[late].double(),
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


def _enter(features: Rows, problems: Problems, truth: Tensor, ids: Tensor) -> _State:
    """Bring problems to work: weights zero, intercepts at the training prior, what must not be seen out of the way."""
    dtype, C, n, K = features.X.dtype, problems.n_classes, features.n, len(ids)
    masks, back = torch.unique(problems.mask[ids], return_inverse=True)
    train = problems.train[masks]
    mean, inverse_scale = features.moments(train)
    new = features.X.new_zeros
    D, still = C * (features.d + 1), torch.zeros_like(ids)
    U, M, R = new(K, C, features.d + 1), new(K, C, n), new(K, C, n)
    state = _State(
        ids,
        still,
        still == 0,
        still - 1,
        U,
        M,
        R,
        new(K, C, C),
        mean[back],
        inverse_scale[back],
        problems.C[ids].to(dtype),
        torch.zeros_like(U),
        torch.zeros_like(U),
        new(K, HISTORY, D),
        new(K, HISTORY, D),
        torch.eye(HISTORY, dtype=dtype, device=ids.device).repeat(K, 1, 1),
    )
    for here in _pieces(M):
        y, use = truth[problems.task[ids[here]]], train[back[here]]
        if C == 1:
            weight = use.to(dtype)
            share = torch.linalg.vecdot(y, weight) / weight.sum(1)
            U[here, 0, -1] = torch.log(share / (1 - share))
            far = (y * (2 * FAR)).sub_(FAR)
            M[here, 0] = torch.where(use, U[here, 0, -1:], far)
        else:
            for at in range(*here.indices(K)):
                _enter_classes(U[at], M[at], y[at - here.start], use[at - here.start])
        _residuals(state, here, y)
    return state


def _enter_classes(U: Tensor, M: Tensor, y: Tensor, use: Tensor) -> None:
    share = torch.bincount(y[use], minlength=len(U)).to(U.dtype) / use.sum()
    log = torch.where(share > 0, share.clamp(min=1e-30).log(), 0)
    U[:, -1] = torch.where(share > 0, log - log[share > 0].mean(), 0)
    M[:] = torch.where(share > 0, U[:, -1], -FAR)[:, None]
    hidden = torch.where(~use)[0]
    M[:, hidden] = -FAR
    M[y[hidden], hidden] = FAR


def _pieces(M: Tensor):
    """Slices of problems whose margins fit the cache."""
    step = max(1, CHUNK // (M.shape[1] * M.shape[2])) if M.device.type == "cpu" else len(M)
    for at in range(0, len(M), step):
        yield slice(at, min(at + step, len(M)))


def probabilities(M: Tensor) -> Tensor:
    """Margins (…, C, n) → probabilities: the logistic function for one row, softmax over several."""
    return torch.sigmoid(M) if M.shape[-2] == 1 else torch.softmax(M, dim=-2)


def _less_truth(P: Tensor, y: Tensor) -> Tensor:
    """Take the labels from probabilities (k, C, n), in place: residuals."""
    if P.shape[1] == 1:
        return P.sub_(y[:, None])
    return P.scatter_add_(1, y[:, None], P.new_full((), -1.0).expand(len(y), 1, y.shape[1]))


def _residuals(state: _State, here: slice | Tensor, y: Tensor) -> None:
    """Set residuals and curvature of some problems from their margins."""
    if state.M.shape[1] == 1:  # p (1 − p) = |r| (1 − |r|)
        R = torch.sigmoid(
            state.M[here, 0], out=state.R[here, 0] if isinstance(here, slice) else None
        ).sub_(y)
        dot = torch.linalg.vecdot
        state.curve[here, 0, 0] = (R.sum(1) - 2 * dot(y, R) - dot(R, R)).clamp_(min=0)
        if not isinstance(here, slice):
            state.R[here, 0] = R
        return
    P = probabilities(state.M[here])
    state.curve[here] = torch.diag_embed(P.sum(2)) - P @ P.transpose(1, 2)
    state.R[here] = _less_truth(P, y)


def _gradient(features: Rows, state: _State, turn: int):
    """Set the gradient of every problem and note its change; returns curvature and sum of p(1 − p), (K,)."""
    K, C, n = state.M.shape
    old = state.grad
    penalty = 1 / state.C[:, None, None]
    grad = torch.empty_like(state.U)
    grad[..., -1] = state.R.sum(2)
    inner = features.backward(state.R.view(K * C, n)).view(K, C, -1)
    grad[..., :-1] = (inner - grad[..., -1:] * state.mean[:, None]) * state.inverse_scale[:, None]
    grad[..., :-1] += penalty * state.U[..., :-1]
    state.grad = grad
    if turn:
        s, y, slot = state.step.flatten(1), (grad - old).flatten(1), (turn - 1) % HISTORY
        sy = torch.linalg.vecdot(s, y)
        good = (sy > 1e-12 * torch.linalg.vecdot(y, y).clamp(min=1e-30)) & (state.age > 0)
        one = good.to(s.dtype)[:, None]
        state.S[:, slot], state.Y[:, slot] = s * one, y * one
        state.products[:, :, slot] = (state.S @ state.Y[:, slot, :, None])[..., 0]
        state.products[:, slot, slot] = torch.where(good, sy, 1)
    state.age = state.age + 1
    weight = torch.diagonal(state.curve, dim1=1, dim2=2).sum(1).clamp(min=1e-30)
    return _curvature(features, state), weight


@dataclass
class _Curvature:
    """The Hessian with its weights replaced by their mean: classes' eigenbasis (K, C, C), inverse (K, C, r), rest."""

    classes: Tensor
    inverse: Tensor
    rest: Tensor
    intercept: Tensor


def _curvature(features: Rows, state: _State) -> _Curvature:
    spectrum, _ = features.basis
    curve = state.curve
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
        back = (z * (total.inverse - rest)).view(K * C, -1) @ V.T + (rest * inner).reshape(
            K * C, -1
        )
    out[..., :-1] = back.view(K, C, -1)
    out[..., -1] = q[..., -1] * total.intercept
    return out if C == 1 else total.classes @ out


def margins(features: Rows, W: Tensor, b: Tensor) -> Tensor:
    """Margins (K, C, n) of weights (K, C, d) on the features as they are held, and of intercepts (K, C)."""
    K, C, d = W.shape
    return features.forward(W.reshape(K * C, d)).view(K, C, features.n).add_(b[..., None])


def _intercept(b: Tensor, W: Tensor, mean: Tensor) -> Tensor:
    """Intercepts (K, C) of features that are not centred, from those of features less their training mean."""
    return b - torch.einsum("kcd,kd->kc", W, mean)


def _advance(features, problems, truth, state, step) -> None:
    """One step of every problem: length along the direction, new weights, margins and residuals."""
    slope = step[..., :-1] * state.inverse_scale[:, None]
    along = margins(features, slope, _intercept(step[..., -1], slope, state.mean))
    penalty = 1 / state.C
    us = (state.U[..., :-1] * step[..., :-1]).sum((1, 2)) * penalty
    ss = (step[..., :-1] ** 2).sum((1, 2)) * penalty
    start = torch.linalg.vecdot(state.grad.flatten(1), step.flatten(1)).abs()
    length = torch.ones_like(us)
    for here in _pieces(state.M):
        y = truth[problems.task[state.ids[here]]]
        state.M[here] += along[here]
        _residuals(state, here, y)
        left = (
            torch.linalg.vecdot(state.R[here].flatten(1), along[here].flatten(1))
            + us[here]
            + ss[here]
        )
        bad = torch.where((left.abs() > ACCEPT * start[here]) & state.going[here])[0]
        if len(bad):
            at = bad + here.start
            M = state.M[at] - along[at]
            t = _length(M, along[at], y[bad], us[at], ss[at], start[at])
            length[at] = t
            state.M[at] = M + t[:, None, None] * along[at]
            _residuals(state, at, y[bad])
    state.step = step * length[:, None, None]
    state.U = state.U + state.step


def _mend(features, problems, truth, state) -> None:
    """Margins of problems that take long, from their weights: what rounding has added up is gone."""
    rows = torch.where(state.going & due(state.age))[0]
    step = max(1, (1 << 24) // (state.M.shape[1] * features.n))
    for at in rows.split(step) if len(rows) else ():
        U = state.U[at]
        W = U[..., :-1] * state.inverse_scale[at][:, None]
        fresh = margins(features, W, _intercept(U[..., -1], W, state.mean[at]))
        state.M[at] = torch.where(state.M[at].abs() < FAR / 2, fresh, state.M[at])
        _residuals(state, at, truth[problems.task[state.ids[at]]])


def _direction(features, state, total, sharper, turn: int) -> Tensor:
    """The L-BFGS product of inverse Hessian and gradient (Nocedal 1980), the preconditioner as its first guess.

    The two loops are two triangular systems: R α = S g, then with r = H₀(g − Yᵀα): Rᵀ γ = diag(R) α − Y r.
    """

    def first(g: Tensor) -> Tensor:
        out = _precondition(features, g, total)
        sharper.times(state, g, out)
        return out

    used = min(turn, HISTORY)
    if not used:
        return first(state.grad)
    K, order = len(state.ids), [i % used for i in range(turn - used, turn)]
    S, Y = state.S[:, :used], state.Y[:, :used]
    place = torch.tensor(order, device=S.device)
    back = torch.argsort(place)
    R = state.products[:, place[:, None], place]
    g = state.grad.reshape(K, -1, 1)
    alpha = torch.linalg.solve_triangular(R, (S @ g)[:, place], upper=True)
    q = torch.baddbmm(g, Y.transpose(1, 2), alpha[:, back], alpha=-1).view_as(state.grad)
    r = first(q).view(K, -1, 1)
    right = torch.diagonal(R, dim1=1, dim2=2)[..., None] * alpha - (Y @ r)[:, place]
    gamma = torch.linalg.solve_triangular(R.transpose(1, 2), right, upper=False)
    return torch.baddbmm(r, S.transpose(1, 2), gamma[:, back]).view_as(state.grad)


def _length(M, along, y, us, ss, start) -> Tensor:
    """Step length per problem, (k,), by safeguarded Newton steps on the convex loss along the direction.

    Accepted where the slope along the direction has fallen to a share of ``ACCEPT``.
    """
    t = torch.ones_like(us)
    low, high = torch.zeros_like(t), torch.full_like(t, torch.inf)
    for _ in range(20):
        P = probabilities(M + t[:, None, None] * along)
        Pa = P * along
        slope = torch.einsum("kcn,kcn->k", _less_truth(P, y), along) + us + t * ss
        if P.shape[1] == 1:
            bend = torch.einsum("kcn,kcn->k", Pa, along - Pa) + ss
        else:
            bend = torch.einsum("kcn,kcn->k", Pa, along) - Pa.sum(1).square().sum(1) + ss
        settled = slope.abs() <= ACCEPT * start
        if bool(settled.all()):
            return t
        low, high = torch.where(slope < 0, t, low), torch.where(slope > 0, t, high)
        new = t - slope / bend.clamp(min=1e-30)
        new = torch.minimum(
            new, 4 * t
        )  # where the loss is all but flat, Newton's step would leave the world
        halfway = torch.where(torch.isfinite(high), (low + high) / 2, 2 * t)
        t = torch.where(settled, t, torch.where((new > low) & (new < high), new, halfway))
    return t
