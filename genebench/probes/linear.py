"""Linear probes: logistic, softmax and ridge regression, for all tasks and folds together."""

import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..core.errors import BadInput
from . import solver
from .indicators import fits, log_softmax
from .problems import Problems


def predict(features, Y, folds, *, kind, C=1.0, alpha=1.0, **options):
    """L2-regularised regressions of many tasks at once, each in each of its folds.

    The optimum is that of scikit-learn's ``LogisticRegression(C=C)`` (of several classes the
    symmetric parametrisation, every class penalised) or ``Ridge(alpha)`` on features standardised
    inside the fold; intercepts are not penalised.

    Parameters
    ----------
    features : Features
    Y : ndarray of shape (n, n_tasks)
        Labels; multi-class: one task.
    folds : ndarray of the shape of Y
        Fold in which each entity is tested; −1 leaves an entity out of a task altogether.
    kind : str
    C : float
        Inverse strength of the penalty.
    alpha : float
        Strength of the penalty of ridge regression.
    **options
        Of ``solver.solve``.

    Returns
    -------
    ndarray of shape (n, n_tasks) or (n, n_classes)
        Log-odds of the positive class from the fit that did not see the entity, float32; 0 where
        the fold is −1. Where the training entities are all of one class (a label absent from the
        other folds), the log-odds of their share, (positives + ½) / (n + 1). Log-probabilities not
        below ``FLOOR``, which a class absent from training has. Or numbers, float64.

    Raises
    ------
    BadInput
        A fold without training entities, or a C that is not positive.
    RunFailed
        A fit that does not converge.
    """
    if kind == "regression":
        return _ridge(features, Y, folds, alpha)
    if not C > 0:
        raise BadInput(f"C is {C}; it must be a positive number.")
    several = kind == "multiclass"
    labels, train, mask = _tables(features, Y, folds)
    n_classes = int(Y.max()) + 1 if several else 1
    use, classes = train[mask], range(max(2, n_classes))
    # in training, of each task and fold
    counts = torch.stack([((labels == c)[:, None] & use).sum(2) for c in classes], 2)
    able = (counts > 0).sum(2) > 1
    task, k = torch.where(able)
    out = torch.zeros(len(labels), n_classes, len(Y), device=labels.device)

    if len(task):
        problems = Problems(labels, task, train, mask[task, k], C, n_classes)
        W, b = solver.solve(features, problems, **options)
        fold = torch.tensor(folds.T.copy(), device=W.device)
        # margins of all entities, in pieces, of which each problem gives those that it tested
        for here in torch.arange(len(task)).split(max(1, (1 << 26) // out[0].numel())):
            M = solver.margins(features, W[here], b[here])
            tested = fold[task[here]] == k[here, None]
            out.index_add_(0, task[here], torch.where(tested[:, None], M, 0).float())

    out, counts = out.cpu().numpy(), counts.cpu().numpy()

    if several:
        margin = out[0].T.astype(np.float64)
        margin[counts[0, folds[:, 0], :n_classes] == 0] = -np.inf
        return np.where(folds < 0, 0, log_softmax(margin)).astype(np.float32)

    odds = np.log((counts[..., 1] + 0.5) / (counts[..., 0] + 0.5))
    for t, k in torch.argwhere(~able).tolist():
        out[t, 0, folds[:, t] == k] = odds[t, k]

    return out[:, 0].T


def _tables(features, Y, folds):
    """Labels (n_tasks, n), distinct training masks (n_masks, n), the mask of each task's fold."""
    distinct = {}
    which = [distinct.setdefault(f.tobytes(), (len(distinct), f))[0] for f in folds.T]
    numbers = np.arange(int(folds.max()) + 1)
    masks = np.stack([(f != k) & (f != -1) for _, f in distinct.values() for k in numbers])
    if not masks.any(axis=1).all():
        raise BadInput("a fold has no training entity; use fewer folds or a larger task.")
    mask = np.reshape(which, (-1, 1)) * len(numbers) + numbers
    labels = np.ascontiguousarray(Y.T).astype(np.int64)

    return tuple(torch.as_tensor(a, device=features.X.device) for a in (labels, masks, mask))


def _ridge(features, Y, folds, alpha):
    """Ridge regression in closed form, in double precision, by scikit-learn."""
    X, out = (features.X * features.unit).cpu().numpy(), np.zeros(Y.shape)

    for t, train, test in fits(folds):
        fit = make_pipeline(StandardScaler(with_std=features.standardise), Ridge(alpha))
        out[test, t] = fit.fit(X[train], Y[train, t]).predict(X[test])

    return out
