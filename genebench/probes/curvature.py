"""Inverse Hessians for the solver.

One of mean weights for all, in the basis of the features, and one of a task's own weights where
these are far from even.
"""

from itertools import accumulate

import torch

AGES = (10, 30, 60, 120, 240)
"""Iterations after which the curvature of a problem that is still going is taken from its own
weights; where that costs more than three of them, only the last two. All folds of a task share it:
most fits end before the first, and none of what the other folds were trained on reaches them."""

MOST = 1
"""Entities that make up such a curvature, in numbers of features: fewer leave directions out, more
cost time."""

STRIP = 96
"""Columns of such a curvature that are made at a time."""

HISTORY = 10
"""Steps that L-BFGS remembers."""

LARGE = 2048
"""Features from which a task or two have their mean curvature inverted: an eigenbasis costs more.
"""


def due(age, ages=AGES):
    """Which problems have just gone through one of some numbers of iterations.

    Parameters
    ----------
    age : Tensor of shape (K,)
        Iterations so far.
    ages : tuple of int

    Returns
    -------
    Tensor of bool, shape (K,)
    """
    return torch.isin(age, torch.tensor(ages, device=age.device))


def _precondition(features, state, own, g):
    """Multiply by the inverse Hessian whose weights are replaced by their mean, or by a task's own.

    Own ones serve as the first guess of L-BFGS, so what they lack costs steps, not digits. Their
    steps of several classes sum to zero over them, as the gradient does. g: (K, C, d + 1).
    """
    out = _by_mean(features, state, g) if (state.own < 0).any() else torch.empty_like(g)
    runs = [a.tolist() for a in torch.unique_consecutive(state.own, return_counts=True)]
    for task, to, size in zip(runs[0], accumulate(runs[1]), runs[1]):
        if task in own:
            moved = torch.bmm(g[to - size : to].transpose(0, 1), own[task]).transpose(0, 1)
            moved = moved - moved.mean(1, keepdim=True) if moved.shape[1] > 1 else moved
            out[to - size : to] = moved
    return out


def _by_mean(features, state, g):
    """Multiply by the inverse Hessian of mean weights, in the basis of the features."""
    spectrum, V = features.basis
    height, penalty, turned = state.curve[:, 0], state.penalty[:, None, None], g

    if g.shape[1] > 1:  # the classes' eigenbasis
        # where rows lie too far out there is none, and the fit ends
        height, classes = torch.linalg.eigh(state.curve.nan_to_num())
        height, turned = height.clamp(min=0), classes.transpose(1, 2) @ g

    inverse = 1 / (height[..., None] * spectrum + penalty)
    free = height > 1e-6 * height.amax(1, keepdim=True)
    out, inner = torch.empty_like(g), turned[..., :-1]
    out[..., -1] = turned[..., -1] * torch.where(free, 1 / height.clamp(min=1e-30), 0)

    if V is None:
        out[..., :-1] = inner * inverse
    else:
        # directions that no entity spans have the penalty alone
        rest = 1 / penalty if V.shape[1] < V.shape[0] else 0
        z = (inner.flatten(0, 1) @ V).view_as(inverse) * (inverse - rest)
        out[..., :-1] = (z.flatten(0, 1) @ V.T).view_as(inner) + rest * inner

    return classes @ out if g.shape[1] > 1 else out


def direction(features, state, own, turn):
    """L-BFGS product of inverse Hessian and gradient (Nocedal 1980).

    The preconditioner is its first guess. The two loops are two triangular systems: R α = S g, then
    with r = H₀(g − Yᵀα): Rᵀ γ = diag(R) α − Y r.

    Parameters
    ----------
    features : Features
    state : problems.State
    own : dict of int to Tensor
        See ``renew``.
    turn : int
        Iterations so far.

    Returns
    -------
    Tensor of shape (K, C, d + 1)
    """
    used = min(turn, HISTORY)
    if not used:
        return _precondition(features, state, own, state.grad)
    place = torch.arange(turn - used, turn, device=state.grad.device) % used
    back = torch.argsort(place)
    S, Y = state.S[:, :used], state.Y[:, :used]
    R = state.products[:, place[:, None], place]
    g = state.grad.flatten(1)[:, None]  # products with rows are fast, with columns slow
    alpha = torch.linalg.solve_triangular(R, (g @ S.mT).mT[:, place], upper=True)
    q = torch.baddbmm(g, alpha[:, back].mT, Y, alpha=-1).view_as(state.grad)
    r = _precondition(features, state, own, q).view_as(g)
    right = torch.diagonal(R, dim1=1, dim2=2)[..., None] * alpha - (r @ Y.mT).mT[:, place]
    gamma = torch.linalg.solve_triangular(R.mT, right, upper=False)

    return torch.baddbmm(r, gamma[:, back].mT, S).view_as(state.grad)


def renew(features, problems, state, own, memory):
    """Inverse Hessians with their own weights, one for all folds of a task; anew where it is time.

    A label that is rare or all but separable has its weight on few entities: these make up its
    Hessian, the others count with their mean weight. Of several classes each has its own, as if it
    were fitted against the rest alone.

    Parameters
    ----------
    features : Features
    problems : problems.Problems
        All of them.
    state : problems.State
        Those at work; ``own`` is set to the task whose inverse serves a problem.
    own : dict of int to Tensor of shape (C, d + 1, d + 1)
        Those there are, by task.
    memory : float
        Bytes that they may take.

    Returns
    -------
    dict of int to Tensor
    """
    n, d, n_tasks, C = features.n, features.d, len(problems.labels), problems.n_classes
    if features.paired or features.sparse:
        return own
    # with more features an inverse, (1 + MOST) d³ operations, costs more than three iterations of
    # five folds, 20 n d each
    ages = AGES[-2:] if d * d > 30 * n else AGES
    if C == 1 and n_tasks < 3 and LARGE <= d <= n:
        ages = (1, *ages)
    used, tasks = state.own[state.going].unique().tolist(), problems.task[state.ids]
    own = {task: inverse for task, inverse in own.items() if task in used}
    now = state.going & due(state.age, ages)
    one = C * features.X.element_size() * (d + 1) ** 2

    for task in tasks[now].unique().tolist():
        if (len(own) + 1) * one > memory and task not in own:
            break
        rows = torch.where(now & (tasks == task))[0]
        inverse = _inverse(features, state, rows)
        if inverse is not None:
            own[task] = inverse
            state.own[rows] = task

    return own


def _inverse(features, state, rows):
    """Inverses of a task's Hessians, (C, d + 1, d + 1); None where one is beyond the precision."""
    X, scale = features.even, features.scale
    mean, penalty = state.mean[rows].mean(0), state.penalty[rows].mean()
    few = min(features.n, MOST * features.d) if state.age[rows[0]] > 1 else 0
    out = X.new_empty(state.M.shape[1], features.d + 1, features.d + 1)

    for c, (H, inner) in enumerate(zip(out, out[:, :-1, :-1])):
        size = state.R[:, c].index_select(0, rows).abs_()
        weight = (size - size * size).mean(0)
        # the heaviest entities stand for themselves, the rest by the mean of all
        top, at = torch.topk(weight, few, sorted=False)
        whole = float(weight.sum())
        rest, root = max(whole - float(top.sum()), 0.0), top.sqrt()[:, None]
        A = X.index_select(0, at).sub_(mean).mul_(root * scale)
        for b in range(0, features.d, STRIP):  # the lower half alone is read
            torch.mm(A[:, b:].T, A[:, b : b + STRIP], out=inner[b:, b : b + STRIP])
        inner.add_(features.second.to(H.dtype), alpha=rest * scale**2)
        inner.diagonal().add_(penalty)
        H[-1, :-1] = (root.T @ A)[0]
        H[-1, -1] = whole or 1.0  # a class that training lacks does not move
        factor, wrong = torch.linalg.cholesky_ex(H)
        if int(wrong):
            return None
        torch.cholesky_inverse(factor, out=H)

    return out
