"""AUROC, average precision, precision, recall and F1 of many tasks at once, a column each."""

import numpy as np


def areas(Y, P, valid):
    """AUROC and average precision of many binary tasks by one sort; ties count half.

    Parameters
    ----------
    Y, P, valid : ndarray of shape (n, n_tasks)
        0/1 labels, predictions, and which of them count.

    Returns
    -------
    auroc, auprc : ndarray of shape (n_tasks,)
        In [0, 1]; NaN where the entities are all of one class.
    """
    # what does not count goes to the end
    Y, P = np.where(valid, Y, 0), np.where(valid, P, -np.inf)
    # counts of positives and entities down to each prediction, best first
    order = np.argsort(-P, axis=0, kind="stable")
    y, p = np.take_along_axis(Y, order, 0), np.take_along_axis(P, order, 0)
    tp = np.cumsum(y, axis=0, dtype=np.float64)
    seen = np.arange(1, len(Y) + 1, dtype=np.float64)[:, None]
    last = np.ones(p.shape, dtype=bool)  # of its group of ties
    last[:-1] = p[1:] != p[:-1]
    last &= p > -np.inf

    def gained(count):
        """What each group of ties adds, at its last."""
        closed = np.maximum.accumulate(np.where(last, count, 0), axis=0)
        return np.diff(closed, axis=0, prepend=0)

    # trapezoids between groups of ties, so that a tie counts half
    positive, rise = tp[-1], gained(tp)
    negative, run = valid.sum(axis=0) - positive, gained(seen) - rise

    with np.errstate(invalid="ignore", divide="ignore"):
        auroc = (run * (2 * tp - rise)).sum(axis=0) / 2 / (positive * negative)
        auprc = (rise * (tp / seen)).sum(axis=0) / positive

    none = (positive == 0) | (negative == 0)

    return np.where(none, np.nan, auroc), np.where(none, np.nan, auprc)


def _decisions(Y, hit):
    """Precision, recall and F1 of many tasks' 0/1 decisions; zero where undefined."""
    tp, predicted, true = (a.sum(axis=0, dtype=float) for a in (Y * hit, hit, Y))
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.stack([tp / predicted, tp / true, 2 * tp / (predicted + true)])
    return np.nan_to_num(out, nan=0.0)


AREAS, DECISIONS = ("auroc", "auprc"), ("precision", "recall", "f1")
"""Binary metrics that share one sort, and those that share one decision."""


def columns(names, Y, P, hit, valid):
    """The named of the binary metrics, and those computed with them, of every column.

    Parameters
    ----------
    names : iterable of str
        What follows an underscore does not count.
    Y, P, hit, valid : ndarray of shape (n, n_tasks)
        As of ``areas``, and 0/1 decisions.

    Returns
    -------
    dict of str to ndarray of shape (n_tasks,)
    """
    bases, out = {name.partition("_")[0] for name in names}, {}
    if bases & set(AREAS):
        out |= zip(AREAS, areas(Y, P, valid))
    if bases & set(DECISIONS):
        out |= zip(DECISIONS, _decisions(Y, hit))
    return out
