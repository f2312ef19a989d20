"""Intervals of means, excess over shortcuts, smallest detectable difference."""

import numpy as np
import scipy

from .bootstrap import LEVEL, percentiles
from .separation import POWER

UNDERPOWERED = 0.1
"""A task that cannot show a difference this large between two models is called underpowered."""


def mean_interval(values):
    """Mean over tasks with its percentile interval of 2,000 draws (Efron & Tibshirani 1993).

    Parameters
    ----------
    values : ndarray of shape (n,)

    Returns
    -------
    mean, low, high : float
        With fewer than three values the interval is NaN, because it would mean nothing.
    """
    values = np.asarray(values, dtype=np.float64)
    low = high = np.nan

    if len(values) >= 3:
        pick = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
        low, high = percentiles(values[pick].mean(axis=1))

    return float(values.mean()), float(low), float(high)


def t_interval(values, more=0.0):
    """Mean of a few independent values (of seeds, of loci) with Student's t interval.

    Parameters
    ----------
    values : ndarray of shape (n,)
        NaN and inf are left out.
    more : float
        Variance of the mean that has another source.

    Returns
    -------
    mean, low, high : float
        NaN bounds where there are fewer than two values; NaN mean where there is none.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    mean, half = float(values.mean()) if len(values) else np.nan, np.nan
    if len(values) > 1:
        half = float(_t(len(values)) * np.sqrt(values.var(ddof=1) / len(values) + more))
    return mean, mean - half, mean + half


def fold_interval(mean, sd, n_folds):
    """Interval of cross-validated scores, corrected for the overlap of their training sets.

    The variance of the mean over k folds is sd² (1/k + 1/(k − 1)); Student's t with k − 1 degrees
    of freedom (Nadeau & Bengio 2003).

    Parameters
    ----------
    mean, sd, n_folds : float or array

    Returns
    -------
    low, high : float or array
        NaN of fewer than two folds.
    """
    n = np.where(np.asarray(n_folds) > 1, n_folds, np.nan)
    half = _t(n) * sd * np.sqrt(1 / n + 1 / (n - 1))
    return mean - half, mean + half


def _t(n):
    return scipy.stats.t.ppf((1 + LEVEL) / 2, n - 1)


def excess(frame, exposed):
    """Excess of each model over the best shortcut on the same task, test genes and folds.

    Parameters
    ----------
    frame : DataFrame
        Main scores on *common* genes (``results.main_scores(…, genes="common")``).
    exposed : callable
        Model, task → whether the model was trained on the labels; such a shortcut does not count.

    Returns
    -------
    DataFrame
        Rows of models (no shortcuts, no controls) with ``best_shortcut``, ``shortcut`` (its score)
        and ``excess`` = score − shortcut. A model that is scored on other genes than the shortcut
        (a narrow one) has no excess and is left out.
    """
    shortcuts = frame[frame.family == "shortcut"].sort_values(["score", "model"])
    fair = [not exposed(str(m), str(t)) for m, t in zip(shortcuts.model, shortcuts.task)]
    same = ["task", "split", "n_test"]
    best = shortcuts[np.array(fair, dtype=bool)].groupby(same, observed=True).tail(1)
    best = best[[*same, "model", "score"]].rename(
        columns={"model": "best_shortcut", "score": "shortcut"}
    )
    joined = frame[~frame.family.isin(["shortcut", "control"])].merge(best, on=same, how="inner")

    return joined.assign(excess=joined.score - joined.shortcut)


def task_difference(kind, labels):
    """Smallest difference of two models' main scores that a task can show.

    At 80 % power and the 95 % level. Binary: ``smallest_difference`` of AUROC. Multi-class and
    multi-label: the mean of it over classes or labels, one against the rest, weighted by their
    genes as the main metric is: an upper bound, because the standard error of a weighted mean is at
    most the weighted mean of the standard errors. Regression: of two Spearman correlations near
    zero, by the variance 1.06/(n − 3) of Fisher's z (Fieller, Hartley & Pearson 1957). All are of
    models that are uncorrelated; those scored on the same genes differ significantly by less.

    Parameters
    ----------
    kind : str
    labels : ndarray of shape (n,) or (n, n_labels)

    Returns
    -------
    float
        NaN for pairs, which share genes and are not independent, and where the formula has too few
        genes.
    """
    n = len(labels)
    if kind == "pair" or (kind == "regression" and n < 4):
        return np.nan
    if kind == "regression":
        return float(POWER * np.sqrt(2 * 1.06 / (n - 3)))
    size = labels.sum(axis=0) if kind == "multilabel" else np.bincount(labels)
    size = size[1:] if kind == "binary" else size[(size > 0) & (size < n)]

    return float(np.average([smallest_difference(int(k), n - int(k)) for k in size], weights=size))


def smallest_difference(n_positive, n_negative):
    """Smallest difference of two AUROCs that a task of this size can show (Hanley & McNeil 1982).

    Two uncorrelated curves near 0.75, two-sided test at the 95 % level, 80 % power: an upper bound,
    because models scored on the same genes are correlated.

    Parameters
    ----------
    n_positive, n_negative : int

    Returns
    -------
    float
    """
    auroc = 0.75
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = (
        auroc * (1 - auroc)
        + (n_positive - 1) * (q1 - auroc**2)
        + (n_negative - 1) * (q2 - auroc**2)
    )
    return float(POWER * np.sqrt(2 * variance / (n_positive * n_negative)))
