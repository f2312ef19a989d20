"""Many regularised linear classifiers at once: batched L-BFGS that shares every pass over X.

A *problem* is one task in one fold: C rows of weights (1 for logistic regression, the number of
classes for softmax). All problems at work share two matrix products an iteration; those that are
done leave and waiting ones enter, so that the products stay wide. What a problem must not see (its
test fold, missing labels) gets a margin so large that its predicted class is the labelled one
exactly: it drops out of every sum, without a mask and without a copy of X.
"""

from dataclasses import replace

import torch

from ..core.errors import RunFailed
from .curvature import HISTORY, direction, due, renew
from .losses import ACCEPT, dot, line_search, pieces, residuals
from .problems import FAR, enter

CROWDED = 0.9
"""Problems that are done make room once no more than this share of those at work is going on."""


def solve(features, problems, *, tolerance=3e-4, max_iter=300, memory=2e9):
    """Minimise C · Σ loss + ½‖w‖² for every problem (intercepts are not penalised).

    Parameters
    ----------
    features : Features
    problems : Problems
    tolerance : float
        A problem ends when its Newton decrement per unit of weight, √(gᵀH⁻¹g / Σp(1−p)), is below;
        a third of it beside rows that are ``uneven``.
    max_iter : int
        Iterations in single precision; in double twenty times as many follow.
    memory : float
        Bytes for the problems at work, which bounds how many there are.

    Returns
    -------
    W, b : Tensor of shape (K, C, d) and (K, C)
        Weights on the features as ``Features`` has them, and intercepts.

    Raises
    ------
    RunFailed
        A problem that does not converge, in single and then in double precision.
    """
    K, C, n, d = len(problems.task), problems.n_classes, features.n, features.d
    one = C * (6 * n + (2 * HISTORY + 10) * (d + 1)) * features.X.element_size()
    room = max(1, int(memory / one))
    least = tolerance / 3 if features.uneven else tolerance
    W, b = features.X.new_zeros(K, C, d), features.X.new_zeros(K, C)
    strength = torch.as_tensor(problems.C, dtype=W.dtype, device=W.device).expand(K)
    labels = problems.labels.to(W.dtype) if C == 1 else problems.labels
    problems = replace(problems, labels=labels, C=strength)
    waiting, late = torch.arange(K, device=W.device), []
    new, waiting = waiting.tensor_split([room])
    state, turn, own = enter(features, problems, new), 0, {}

    while True:
        n_going = int(state.going.sum())
        if n_going <= (0.5 if len(waiting) else CROWDED) * len(state.ids):
            state = state.take(torch.where(state.going)[0])
        # half a room is filled at once: wide products are cheaper, and entering has its price
        if len(waiting) and len(state.ids) <= room // 2:
            new, waiting = waiting.tensor_split([room - n_going])
            state = state.join(enter(features, problems, new))
        if not len(state.ids):
            break
        _gradient(features, state, turn)
        own = renew(features, problems, state, own, memory / 4)
        step = direction(features, state, own, turn)
        turn += 1
        # the decrement per unit of weight, so that rare and common labels end equally near
        weight = torch.diagonal(state.curve, dim1=1, dim2=2).sum(1).clamp(min=1e-30)
        decrement = dot(state.grad, step)
        over = (decrement.clamp(min=0) / weight).sqrt() <= least
        out = (over | (state.age >= max_iter) | ~decrement.isfinite()) & state.going
        if out.any():
            ids = state.ids[out]
            # the last step costs nothing: no margins are needed
            W[ids], b[ids] = _weights(state, state.U - step, out)
            late.append(state.ids[out & ~over])
            state.going = state.going & ~out
            if not state.going.any():
                continue
        _advance(features, problems, state, -step)

    late = torch.cat(late)

    if len(late):
        if W.dtype == torch.float64:
            raise RunFailed(
                f"{len(late)} linear fits did not converge in {max_iter} iterations in double "
                "precision; look at the scale of the vectors, or choose a smaller C"
            )
        rows = {name: vars(problems)[name][late] for name in ("task", "mask", "C")}
        wide, rest = features.to(torch.float64), replace(problems, **rows)
        fitted = solve(wide, rest, tolerance=tolerance, max_iter=20 * max_iter, memory=memory)
        W[late], b[late] = (a.to(W.dtype) for a in fitted)

    return W, b


def margins(features, W, b):
    """Margins of weights on the features as ``Features`` has them.

    Parameters
    ----------
    features : Features
    W, b : Tensor of shape (K, C, d) and (K, C)

    Returns
    -------
    Tensor of shape (K, C, n)
    """
    return features.forward(W.flatten(0, 1)).view(*b.shape, features.n).add_(b[..., None])


def _gradient(features, state, turn):
    """Set the gradient of every problem and note its change."""
    old, grad = state.grad, torch.empty_like(state.U)
    grad[..., -1] = state.R.sum(2)
    inner = features.backward(state.R.flatten(0, 1)).view_as(grad[..., :-1])
    grad[..., :-1] = (inner - grad[..., -1:] * state.mean[:, None]) * state.inverse_scale[:, None]
    grad[..., :-1] += state.penalty[:, None, None] * state.U[..., :-1]
    state.grad = grad

    if turn:
        s, y, slot = state.step.flatten(1), (grad - old).flatten(1), (turn - 1) % HISTORY
        sy = torch.linalg.vecdot(s, y)
        # a pair of no curvature, or from before a problem entered, does not count
        good = (sy > 1e-12 * torch.linalg.vecdot(y, y).clamp(min=1e-30)) & (state.age > 0)
        one = good.to(s.dtype)[:, None]
        state.S[:, slot], state.Y[:, slot] = s * one, y * one
        state.products[:, :, slot] = (state.S @ state.Y[:, slot, :, None])[..., 0]
        state.products[:, slot, slot] = torch.where(good, sy, 1)

    state.age = state.age + 1


def _weights(state, U, rows=slice(None)):
    """Weights and intercepts of features as they are, from those of features scaled in the fold."""
    U = U[rows]
    W = U[..., :-1] * state.inverse_scale[rows][:, None]
    return W, U[..., -1] - torch.einsum("kcd,kd->kc", W, state.mean[rows])


def _advance(features, problems, state, step):
    """One step of every problem: length along the direction, weights, margins and residuals."""
    along = margins(features, *_weights(state, step))
    us = (state.U[..., :-1] * step[..., :-1]).sum((1, 2)) * state.penalty
    ss = (step[..., :-1] ** 2).sum((1, 2)) * state.penalty
    start, length = dot(state.grad, step).abs(), torch.ones_like(us)
    task = problems.task[state.ids]

    for here in pieces(state.M):
        y = problems.labels.index_select(0, task[here])
        state.M[here].add_(along[here])
        residuals(state, here, y)
        # the full step is tried first: near the optimum it is right, and costs one pass
        left = dot(state.R[here], along[here]) + us[here] + ss[here]
        bad = torch.where((left.abs() > ACCEPT * start[here]) & state.going[here])[0]
        if len(bad):
            at = bad + here.start
            y, a = y.index_select(0, bad), along.index_select(0, at)
            M = state.M.index_select(0, at).sub_(a)
            length[at] = t = line_search(M, a, y, us[at], ss[at], start[at])
            state.M.index_copy_(0, at, M.add_(a.mul_(t[:, None, None])))
            residuals(state, at, y)

    state.step = step * length[:, None, None]
    state.U = state.U + state.step
    # margins of problems that take long anew from their weights: added-up rounding is gone
    old = torch.where(state.going & due(state.age))[0]

    for rows in old.split(max(1, (1 << 24) // state.M[0].numel())) if len(old) else ():
        fresh = margins(features, *_weights(state, state.U, rows))
        for here in pieces(fresh):
            at, M = rows[here], state.M.index_select(0, rows[here])
            # what a problem must not see stays far
            state.M.index_copy_(0, at, torch.where(M.abs() < FAR / 2, fresh[here], M))
            residuals(state, at, problems.labels.index_select(0, task[at]))
