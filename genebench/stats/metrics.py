"""One table of metrics: name → kinds, bounds, function.

A metric is a function, a score its value; higher is better everywhere. All functions take true
labels and predictions of the test entities of one fold; predictions are probabilities of the
positive class (binary), (n, n_classes) probabilities (multiclass and multilabel) or real numbers
(regression).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from ..core.errors import BadInput, unknown
from .columns import AREAS, DECISIONS, columns

VERSION = 1
"""Bump when a metric is added or computes something else: it is in the key of every cell."""


@dataclass(frozen=True)
class Metric:
    """What a score means.

    Attributes
    ----------
    kinds : tuple of str
        Kinds of task.
    function : callable, optional
        Labels and predictions of one fold → score; None of those that ``score`` computes together.
    low, high : float
        Bounds.
    main : bool
        Whether it is the main metric of its kinds.
    """

    kinds: tuple[str, ...]
    function: Callable[[np.ndarray, np.ndarray], float] | None = None
    low: float = 0
    high: float = 1
    main: bool = False


def auroc(y, p):
    """Area under the ROC curve: the chance that a positive outranks a negative (Hanley 1982).

    Parameters
    ----------
    y, p : ndarray of shape (n,)
        0/1 labels and predictions; ties count half.

    Returns
    -------
    float
        In [0, 1]; chance is 0.5.
    """
    return score("binary", y, p, ["auroc"])["auroc"]


def spearman(y, p):
    """Rank correlation of prediction and truth.

    Parameters
    ----------
    y, p : ndarray of shape (n,)
        Numbers and predictions of them.

    Returns
    -------
    float
        In [−1, 1]; 0 for a constant.
    """
    return 0.0 if np.ptp(p) == 0 or np.ptp(y) == 0 else float(scipy.stats.spearmanr(y, p).statistic)


def _prior(y, p):
    return float(y.mean())


def _accuracy(y, p):
    return float(np.mean((p.argmax(axis=1) if p.ndim == 2 else p > 0.5) == y))


def _subset_accuracy(y, p):
    return float(np.mean(((p > 0.5) == (y > 0)).all(axis=1)))


def _r2(y, p):
    """0 is the mean of the test fold; of a constant 1 if it is hit, else 0 (scikit-learn)."""
    spread, missed = np.sum((y - y.mean()) ** 2), np.sum((y - p) ** 2)
    return float(1 - missed / spread) if spread else float(missed == 0)


_ONE, _LABELS, _SEVERAL = ("binary", "pair"), ("multilabel",), ("multiclass", "multilabel")

METRICS: dict[str, Metric] = {
    "auroc": Metric(_ONE, main=True),  # chance is 0.5
    "auprc": Metric(_ONE),  # average precision; chance is the prior
    "prior": Metric(_ONE, _prior),  # share of positives: no score, but what one is read against
    "accuracy": Metric(("binary", "multiclass", "pair"), _accuracy),
    "subset_accuracy": Metric(_LABELS, _subset_accuracy),  # every label of an entity is right
    "r2": Metric(("regression",), _r2, low=-np.inf),
    "spearman": Metric(("regression",), spearman, low=-1, main=True),
    **{name: Metric(_ONE) for name in DECISIONS},  # at probability 0.5
}
for _name in (*DECISIONS, *AREAS):  # one against the rest, by number of positives or all the same
    METRICS[f"{_name}_weighted"] = Metric(_SEVERAL, main=_name == "auroc")
    METRICS[f"{_name}_macro"] = Metric(_LABELS)


def of_kind(kind):
    """Metrics of one kind of task.

    Parameters
    ----------
    kind : str

    Returns
    -------
    list of str
        Names, the main one first.
    """
    names = [n for n, m in METRICS.items() if kind in m.kinds]
    if not names:
        raise unknown("kind of task", kind, {k for m in METRICS.values() for k in m.kinds})
    return sorted(names, key=lambda n: not METRICS[n].main)


def main(kind):
    """The main metric of a kind of task.

    Parameters
    ----------
    kind : str

    Returns
    -------
    str
        AUROC (weighted over classes or labels), or Spearman for regression.
    """
    return of_kind(kind)[0]


def score(kind, y, p, names=None):
    """Metrics of a kind on one fold.

    Parameters
    ----------
    kind : str
    y, p : ndarray
    names : list of str, optional
        Which metrics; None: all of the kind.

    Returns
    -------
    dict of str to float

    Raises
    ------
    BadInput
        No class has test entities both in and out of it.
    """
    names = names or of_kind(kind)
    out = {n: METRICS[n].function(y, p) for n in names if METRICS[n].function}
    if len(out) == len(names):
        return out
    truth, hit = y, p > 0.5

    if p.ndim == 1:
        truth, p, hit = (a[:, None] for a in (y, p, hit))
    elif y.ndim == 1:
        truth, hit = (a[:, None] == np.arange(p.shape[1]) for a in (y, p.argmax(axis=1)))

    truth = truth.astype(np.int64)
    size, each = truth.sum(axis=0), columns(names, truth, p, hit, np.ones_like(hit))
    use = (size > 0) & (size < len(y))  # a class absent from the test fold has no score
    if not use.any():
        raise BadInput(
            "no class has test entities both in and out of it; use fewer folds or a larger task."
        )

    for name in set(names) - set(out):
        base, _, average = name.partition("_")
        weights = size[use] if average == "weighted" else None
        out[name] = float(np.average(each[base][use], weights=weights))

    return {name: out[name] for name in names}


def score_block(Y, P, valid, names=None):
    """Binary metrics of one fold of many tasks.

    Parameters
    ----------
    Y, P, valid : ndarray of shape (n, n_tasks)
        0/1 labels, probabilities, and which are of test entities.
    names : list of str, optional
        Which metrics; None: all.

    Returns
    -------
    dict of str to ndarray of shape (n_tasks,)
        NaN where a task's test entities are all of one class.
    """
    names = names or of_kind("binary")
    Y = np.where(valid, Y, 0)
    positive = Y.sum(axis=0)
    out = columns(names, Y, P, (P > 0.5) & valid, valid)
    none = (positive == 0) | (positive == valid.sum(axis=0))
    for name in set(names) - set(out):  # of metrics that have no block form, task by task
        use, function = np.flatnonzero(~none), METRICS[name].function
        out[name] = np.full(len(none), np.nan)
        out[name][use] = [function(Y[valid[:, t], t], P[valid[:, t], t]) for t in use]
    return {n: np.where(none, np.nan, out[n]) for n in names}


def scorable(kind, y):
    """Whether a fold's test labels allow every metric of the kind.

    Parameters
    ----------
    kind : str
    y : ndarray

    Returns
    -------
    bool
        Two values, or a label with both sides.
    """
    if kind != "multilabel":
        return len(np.unique(y)) > 1
    return len(y) > 0 and bool((y != y[0]).any())
