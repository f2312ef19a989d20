"""One table of metrics: name → function, kinds, bounds, direction, meaning.

A metric is a function, a score its value. All functions take true labels and predictions of the
test entities of one fold; predictions are probabilities of the positive class (binary),
(n, n_classes) probabilities (multiclass and multilabel) or real numbers (regression).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy

from ..core.errors import BadInput, unknown

VERSION = 1


@dataclass(frozen=True)
class Metric:
    """What a score means; higher is better everywhere.

    Attributes
    ----------
    function : callable
        Labels and predictions of one fold → score.
    kinds : tuple of str
        Kinds of task.
    low, high : float
        Bounds.
    meaning : str
        In a sentence.
    main : bool
        Whether it is the main metric of its kinds.
    reference : bool
        A number that is not a score but that a score must be read against (the prior of AUPRC).
    """

    function: Callable[[np.ndarray, np.ndarray], float]
    kinds: tuple[str, ...]
    low: float
    high: float
    meaning: str
    main: bool = False
    reference: bool = False


def areas(
    Y: np.ndarray, P: np.ndarray, valid: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """AUROC and average precision of many binary tasks by one sort; ties count half.

    Parameters
    ----------
    Y : ndarray of shape (n, n_tasks)
        0/1 labels.
    P : ndarray of shape (n, n_tasks)
        Predictions, the higher the more positive.
    valid : ndarray of shape (n, n_tasks), optional
        Which of them count, bool; None: all.

    Returns
    -------
    auroc, auprc : ndarray of shape (n_tasks,)
        In [0, 1]; NaN where the entities are all of one class.
    """
    size = len(Y)
    if valid is not None:  # what does not count goes to the end
        size, Y, P = valid.sum(axis=0), np.where(valid, Y, 0), np.where(valid, P, -np.inf)
    # counts of positives and entities down to each prediction, best first
    order = np.argsort(-P, axis=0, kind="stable")
    y, p = np.take_along_axis(Y, order, 0), np.take_along_axis(P, order, 0)
    tp = np.cumsum(y, axis=0, dtype=np.float64)
    seen = np.arange(1, len(Y) + 1, dtype=np.float64)[:, None]
    last = np.ones(p.shape, dtype=bool)  # of its group of ties
    last[:-1] = p[1:] != p[:-1]
    last &= p > -np.inf

    def before(count: np.ndarray) -> np.ndarray:
        out = np.zeros_like(tp)
        out[1:] = np.maximum.accumulate(np.where(last, count, 0), axis=0)[:-1]
        return out

    # trapezoids between groups of ties, so that a tie counts half
    positive, earlier = tp[-1], before(tp)
    negative = size - positive
    rise = np.where(last, tp - earlier, 0)
    run = np.where(last, seen - before(seen), 0) - rise

    with np.errstate(invalid="ignore", divide="ignore"):
        auroc = (run * (tp + earlier)).sum(axis=0) / 2 / (positive * negative)
        auprc = (rise * (tp / seen)).sum(axis=0) / positive

    none = (positive == 0) | (negative == 0)

    return np.where(none, np.nan, auroc), np.where(none, np.nan, auprc)


def decisions(Y: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 of many tasks' decisions.

    Parameters
    ----------
    Y, hit : ndarray of shape (n, n_tasks)
        0/1 labels and decisions.

    Returns
    -------
    ndarray of shape (3, n_tasks)
        Zero where undefined.
    """
    tp, predicted, true = (a.sum(axis=0, dtype=float) for a in (Y * hit, hit, Y))
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.stack([tp / predicted, tp / true, 2 * tp / (predicted + true)])
    return np.nan_to_num(out, nan=0.0)


AREAS, DECISIONS = ("auroc", "auprc"), ("precision", "recall", "f1")
"""Binary metrics that share one sort, and those that share one decision."""


def _columns(names, Y, P, hit, valid=None):
    """The named of the binary metrics, and those computed with them, of every column."""
    out = {}
    if set(AREAS) & set(names):
        out |= zip(AREAS, areas(Y, P, valid))
    if set(DECISIONS) & set(names):
        out |= zip(DECISIONS, decisions(Y, hit.astype(np.int64)))
    return out


def _classes(names, y, p):
    """The same of a binary task, or of every class or label, and ``size``: its positives."""
    truth, hit = y, p > 0.5

    if p.ndim == 1:
        truth, p, hit = (a[:, None] for a in (y, p, hit))
    elif y.ndim == 1:
        truth, hit = (a[:, None] == np.arange(p.shape[1]) for a in (y, p.argmax(axis=1)))

    truth = truth.astype(np.int64)
    return {**_columns(names, truth, p, hit), "size": truth.sum(axis=0)}


def _one(name, y, p, each=None):
    """A metric of a binary task, from ``_classes`` if there already."""
    (value,) = (each or _classes([name], y, p))[name]

    if np.isnan(value):
        raise BadInput(
            "AUROC and AUPRC need test entities of both classes; use fewer folds or a larger task."
        )

    return float(value)


def _average(name, y, p, each=None):
    """Its plain (``_macro``) or weighted mean over classes or labels."""
    metric, average = name.split("_")
    each = each or _classes([metric], y, p)
    size = each["size"]
    use = (size > 0) & (size < len(y))  # a class absent from the test fold has no score

    if not use.any():
        raise BadInput(
            "no class has test entities both in and out of it; use fewer folds or a larger task."
        )

    weights = size[use] if average == "weighted" else None

    return float(np.average(each[metric][use], weights=weights))


def auroc(y: np.ndarray, p: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive outranks a negative (Hanley 1982).

    Parameters
    ----------
    y, p : ndarray of shape (n,)
        0/1 labels and predictions; ties count half.

    Returns
    -------
    float
        In [0, 1]; chance is 0.5.

    Raises
    ------
    BadInput
        Labels of one class.
    """
    return _one("auroc", y, p)


def accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """Share of entities whose most probable class is the true one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class.
    p : ndarray of shape (n,) or (n, n_classes)
        Probability of the positive class, or of each.

    Returns
    -------
    float
    """
    return float(np.mean((p.argmax(axis=1) if p.ndim == 2 else p > 0.5) == y))


def subset_accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """Share of entities with every label right.

    Parameters
    ----------
    y, p : ndarray of shape (n, n_labels)
        0/1 labels and their probabilities.

    Returns
    -------
    float
    """
    return float(np.mean(((p > 0.5) == (y > 0)).all(axis=1)))


def r2(y: np.ndarray, p: np.ndarray) -> float:
    """Coefficient of determination on the test entities.

    Parameters
    ----------
    y, p : ndarray of shape (n,)
        Numbers and predictions of them.

    Returns
    -------
    float
        1 is perfect, 0 the test mean, negative worse than it. Of a constant truth: 1 if every
        prediction hits it, else 0 (as scikit-learn defines it).
    """
    spread, missed = np.sum((y - y.mean()) ** 2), np.sum((y - p) ** 2)
    return float(1 - missed / spread) if spread else float(missed == 0)


def spearman(y: np.ndarray, p: np.ndarray) -> float:
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


def _table():
    one, labels, real = ("binary", "pair"), ("multilabel",), ("regression",)
    share = "share of entities classified rightly"
    table = {
        "auroc": Metric(
            partial(_one, "auroc"), one, 0, 1, "area under the ROC curve; 0.5 is chance", main=True
        ),
        "auprc": Metric(
            partial(_one, "auprc"), one, 0, 1, "average precision; chance is the prior"
        ),
        "prior": Metric(
            lambda y, p: float(y.mean()),
            one,
            0,
            1,
            "share of positives in the test fold",
            reference=True,
        ),
        "accuracy": Metric(accuracy, ("binary", "multiclass", "pair"), 0, 1, share),
        "subset_accuracy": Metric(
            subset_accuracy, labels, 0, 1, "share of entities with every label right"
        ),
        "r2": Metric(
            r2, real, -np.inf, 1, "coefficient of determination; 0 is the mean of the test fold"
        ),
        "spearman": Metric(spearman, real, -1, 1, "rank correlation; 0 is chance", main=True),
    }
    for name in DECISIONS:
        table[name] = Metric(partial(_one, name), one, 0, 1, f"{name} at probability 0.5")
    averages = {
        "weighted": (("multiclass", *labels), "labels weighted by their number of positives"),
        "macro": (labels, "every label counting the same"),
    }

    for name in (*DECISIONS, *AREAS):
        shown = f"{name.upper()} one-vs-rest" if name in AREAS else name
        for average, (kinds, words) in averages.items():
            key = f"{name}_{average}"
            table[key] = Metric(
                partial(_average, key), kinds, 0, 1, f"{shown}, {words}", key == "auroc_weighted"
            )

    return table


METRICS: dict[str, Metric] = _table()


def of_kind(kind: str) -> list[str]:
    """Metrics of one kind of task.

    Parameters
    ----------
    kind : str
        Kind of task.

    Returns
    -------
    list of str
        Names, the main one first.

    Raises
    ------
    BadInput
        Unknown kind.
    """
    names = [n for n, m in METRICS.items() if kind in m.kinds]
    if not names:
        raise unknown("kind of task", kind, {k for m in METRICS.values() for k in m.kinds})
    return sorted(names, key=lambda n: not METRICS[n].main)


def main(kind: str) -> str:
    """The main metric of a kind of task.

    Parameters
    ----------
    kind : str
        Kind of task.

    Returns
    -------
    str
        AUROC (weighted over classes or labels), or Spearman for regression.
    """
    return of_kind(kind)[0]


def score(
    kind: str, y: np.ndarray, p: np.ndarray, names: list[str] | None = None
) -> dict[str, float]:
    """Metrics of a kind on one fold.

    Parameters
    ----------
    kind : str
        Kind of task.
    y, p : ndarray
        Labels and predictions of the test entities.
    names : list of str, optional
        Which metrics; None: all of the kind.

    Returns
    -------
    dict of str to float
    """
    names = names or of_kind(kind)
    each = _classes({n.split("_")[0] for n in names}, y, p) if kind != "regression" else {}
    functions = {n: METRICS[n].function for n in names}
    return {n: f(y, p, each) if type(f) is partial else f(y, p) for n, f in functions.items()}


def score_block(
    Y: np.ndarray, P: np.ndarray, valid: np.ndarray, names: list[str] | None = None
) -> dict[str, np.ndarray]:
    """Binary metrics of one fold of many tasks.

    Parameters
    ----------
    Y, P : ndarray of shape (n, n_tasks)
        0/1 labels and probabilities.
    valid : ndarray of shape (n, n_tasks)
        Which of them are test entities, bool.
    names : list of str, optional
        Which metrics; None: all.

    Returns
    -------
    dict of str to ndarray of shape (n_tasks,)
        NaN where a task's test entities are all of one class.
    """
    names = names or of_kind("binary")
    Y, size = np.where(valid, Y, 0), valid.sum(axis=0)
    positive, some, hit = Y.sum(axis=0), np.maximum(size, 1), (P > 0.5) & valid
    out = _columns(names, Y, P, hit, valid)
    out |= {"accuracy": ((hit == Y) & valid).sum(axis=0) / some, "prior": positive / some}
    none = (positive == 0) | (positive == size)
    for name in set(names) - set(out):  # of metrics that have no block form, task by task
        use, function = np.flatnonzero(~none), METRICS[name].function
        out[name] = np.full(len(none), np.nan)
        out[name][use] = [function(Y[valid[:, t], t], P[valid[:, t], t]) for t in use]
    return {n: np.where(none, np.nan, out[n]) for n in names}


def scorable(kind: str, y: np.ndarray) -> bool:
    """Whether a fold's test labels allow every metric of the kind.

    Parameters
    ----------
    kind : str
        Kind of task.
    y : ndarray
        Labels of the test entities.

    Returns
    -------
    bool
        Two values, or a label with both sides.
    """
    if kind != "multilabel":
        return len(np.unique(y)) > 1
    return len(y) > 0 and bool((y != y[0]).any())
