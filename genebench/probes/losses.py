"""Losses of problems from their margins: residuals, curvature, length of a step."""

import torch

from .features import CHUNK

ACCEPT = 0.5
"""A step is taken where it leaves at most this share of the slope along it."""


def pieces(M):
    """Slices of problems whose margins fit the cache.

    Parameters
    ----------
    M : Tensor of shape (K, C, n)

    Returns
    -------
    list of slice
    """
    step = max(1, CHUNK // M[0].numel()) if M.device.type == "cpu" else len(M)
    return [slice(at, at + step) for at in range(0, len(M), step)]


def dot(a, b):
    """Dot product of each problem's values.

    Parameters
    ----------
    a, b : Tensor of shape (K, …)

    Returns
    -------
    Tensor of shape (K,)
    """
    return torch.linalg.vecdot(a.flatten(1), b.flatten(1))


def _probabilities(M):
    return torch.sigmoid(M) if M.shape[-2] == 1 else torch.softmax(M, dim=-2)


def _less_truth(P, y):
    """Take the labels from probabilities (k, C, n), in place: residuals."""
    if P.shape[1] == 1:
        return P.sub_(y[:, None])
    return P.scatter_add_(1, y[:, None], P.new_full((), -1.0).expand(len(y), 1, y.shape[1]))


def residuals(state, here, y):
    """Set residuals and curvature of some problems from their margins.

    Parameters
    ----------
    state : problems.State
    here : slice or Tensor
        Which of its problems.
    y : Tensor of shape (k, n)
        Their labels.
    """
    if state.M.shape[1] > 1:
        P = _probabilities(state.M[here])
        state.curve[here] = torch.diag_embed(P.sum(2)) - P @ P.transpose(1, 2)
        state.R[here] = _less_truth(P, y)
        return

    if isinstance(here, slice):
        R = torch.sigmoid(state.M[here, 0], out=state.R[here, 0]).sub_(y)
    else:
        R = state.M.index_select(0, here).sigmoid_()[:, 0].sub_(y)
        state.R.index_copy_(0, here, R[:, None])
    # p (1 − p) = |r| (1 − |r|)
    state.curve[here, 0, 0] = (R.sum(1) - 2 * dot(y, R) - dot(R, R)).clamp_(min=0)


def line_search(M, along, y, us, ss, start):
    """Step length of each problem by safeguarded Newton steps on the loss along the direction.

    Accepted where the slope along the direction has fallen to a share of ``ACCEPT``.

    Parameters
    ----------
    M, along : Tensor of shape (k, C, n)
        Margins, and what a step of one adds to them.
    y : Tensor of shape (k, n)
        Labels.
    us, ss, start : Tensor of shape (k,)
        Products of the weights with the step and of the step with itself, and the slope before.

    Returns
    -------
    Tensor of shape (k,)
    """
    t = torch.ones_like(us)
    low, high = torch.zeros_like(t), torch.full_like(t, torch.inf)

    for _ in range(20):
        P = _probabilities(M + t[:, None, None] * along)
        Pa = P * along
        slope = dot(_less_truth(P, y), along) + us + t * ss
        # p (1 − p) a², of several classes the variance of the step over them
        shared = 0 if P.shape[1] == 1 else Pa.sum(1).square().sum(1)
        rest = along - Pa if P.shape[1] == 1 else along
        bend = dot(Pa, rest) - shared + ss
        settled = slope.abs() <= ACCEPT * start
        if bool(settled.all()):
            return t
        low, high = torch.where(slope < 0, t, low), torch.where(slope > 0, t, high)
        new = t - slope / bend.clamp(min=1e-30)
        new = torch.minimum(new, 4 * t)  # where the loss is all but flat, Newton leaves the world
        halfway = torch.where(torch.isfinite(high), (low + high) / 2, 2 * t)
        t = torch.where(settled, t, torch.where((new > low) & (new < high), new, halfway))

    return t
