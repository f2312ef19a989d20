"""Inverse Hessians for the solver.

One of mean weights for all, in the basis of the features, and one of a task's own weights where
these are far from even.
"""

import torch

AGES = (14, 30, 60, 120, 240)
"""Iterations after which the curvature of a problem that is still going is taken from its own
weights; where that costs more than the first of them, only the last two."""

MOST = 4
"""Entities that make up such a curvature, in numbers of features: fewer leave directions out, more
cost time."""

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
    for task, inverse in own.items():
        rows = torch.where(state.own == task)[0]
        moved = torch.bmm(g[rows].transpose(0, 1), inverse).transpose(0, 1)
        out[rows] = moved - moved.mean(1, keepdim=True) if len(inverse) > 1 else moved
    return out


def _by_mean(features, state, g):
    """Multiply by the inverse Hessian of mean weights, in the basis of the features."""
    spectrum, V = features.basis
    height, penalty, turned = state.curve[:, 0], state.penalty[:, None, None], g

    if g.shape[1] > 1:  # the classes' eigenbasis
        height, classes = torch.linalg.eigh(state.curve)
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
    g = state.grad.flatten(1)[..., None]
    alpha = torch.linalg.solve_triangular(R, (S @ g)[:, place], upper=True)
    q = torch.baddbmm(g, Y.transpose(1, 2), alpha[:, back], alpha=-1).view_as(state.grad)
    r = _precondition(features, state, own, q).view_as(g)
    right = torch.diagonal(R, dim1=1, dim2=2)[..., None] * alpha - (Y @ r)[:, place]
    gamma = torch.linalg.solve_triangular(R.transpose(1, 2), right, upper=False)

    return torch.baddbmm(r, S.transpose(1, 2), gamma[:, back]).view_as(state.grad)


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
    # with more features an inverse, about 2 MOST d³ multiplications, costs more than 14 iterations
    # of five folds, 4 n d each
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

    for c, H in enumerate(out):
        size = state.R[rows, c].abs()
        weight = (size - size * size).mean(0)
        # the heaviest entities stand for themselves, the rest by the mean of all
        top, at = torch.topk(weight, few, sorted=False)
        rest = max(float(weight.sum() - top.sum()), 0.0)
        root = top.sqrt()[:, None]
        A = torch.cat([X[at].sub_(mean).mul_(root * scale), root], 1)
        torch.mm(A.T, A, out=H)
        H[:-1, :-1].add_(features.second.to(H.dtype), alpha=rest * scale**2)
        H.diagonal()[:-1] += penalty
        # a class that training lacks does not move
        H[-1, -1] += rest if rest or float(top.sum()) else 1.0
        factor, wrong = torch.linalg.cholesky_ex(H)
        if int(wrong):
            return None
        torch.cholesky_inverse(factor, out=H)

    return out
