"""Intervals, excess over shortcuts, smallest detectable difference: what a score means beside its neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from ..core import specs


def mean_interval(
    values: np.ndarray, *, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of ``values`` over tasks with its percentile bootstrap interval (Efron & Tibshirani 1993).

    Returns (mean, low, high); with fewer than three values the interval is NaN, because it would mean nothing.
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 3:
        return float(values.mean()), np.nan, np.nan
    pick = np.random.default_rng(seed).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(values[pick].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(values.mean()), float(low), float(high)


def fold_interval(
    mean: float, sd: float, n_folds: int, *, level: float = 0.95
) -> tuple[float, float]:
    """Interval of a cross-validated score, corrected for the overlap of its training sets (Nadeau & Bengio 2003).

    The variance of the mean over k folds is sd² (1/k + 1/(k − 1)); Student's t with k − 1 degrees of freedom.
    """
    if n_folds < 2:
        return np.nan, np.nan
    half = (
        scipy.stats.t.ppf((1 + level) / 2, n_folds - 1)
        * sd
        * np.sqrt(1 / n_folds + 1 / (n_folds - 1))
    )
    return mean - half, mean + half


def excess(frame: pd.DataFrame) -> pd.DataFrame:
    """Excess of each model over the best shortcut on the same task, test genes and folds.

    Args: frame: main scores on *common* genes (``results.main_scores(…, genes="common")``).
    Returns: rows of models (no shortcuts, no controls) with ``best_shortcut``, ``shortcut`` (its score) and
    ``excess`` = score − shortcut. A shortcut that is exposed on the task does not count, because it has read the
    answers; a model that is scored on other genes than the shortcut (a narrow one) has no excess and is left out.
    """
    pairs = zip(frame.model.astype(str), frame.task.astype(str))
    fair = np.array([not specs.model(m).exposed_on(t) for m, t in pairs], dtype=bool)
    shortcuts = frame[(frame.family == "shortcut") & fair].sort_values(["score", "model"])
    same = ["task", "split", "n_test"]
    best = shortcuts.groupby(same, observed=True).tail(1)
    best = best[[*same, "model", "score"]].rename(
        columns={"model": "best_shortcut", "score": "shortcut"}
    )
    joined = frame[~frame.family.isin(["shortcut", "control"])].merge(best, on=same, how="inner")
    return joined.assign(excess=joined.score - joined.shortcut)


UNDERPOWERED = 0.1
"""A task that cannot show a difference this large between two models is called underpowered."""


def task_difference(kind: str, labels: np.ndarray) -> float:
    """Smallest difference of two models' main scores that a task can show, at 80 % power and the 95 % level.

    Binary: ``smallest_difference`` of AUROC. Multi-class and multi-label: the mean of it over classes or labels, one
    against the rest, weighted by their genes as the main metric is: an upper bound, because the standard error of a
    weighted mean is at most the weighted mean of the standard errors. Regression: of two Spearman correlations near
    zero, by the variance 1.06/(n − 3) of Fisher's z (Fieller, Hartley & Pearson 1957). Like the first, all are of
    models that are uncorrelated, and those scored on the same genes can be told apart by less. NaN for pairs, which
    share genes and are not independent, and where the formula has too few genes.

    Args: labels: those of a task, (n,) or (n, n_labels).
    """
    if kind == "pair":
        return np.nan
    if kind == "regression":
        if len(labels) < 4:
            return np.nan
        return float(
            (scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8))
            * np.sqrt(2 * 1.06 / (len(labels) - 3))
        )
    n = len(labels)
    size = labels.sum(axis=0) if kind == "multilabel" else np.bincount(labels)
    size = size[1:] if kind == "binary" else size[(size > 0) & (size < n)]
    return float(np.average([smallest_difference(int(k), n - int(k)) for k in size], weights=size))


def smallest_difference(
    n_positive: int,
    n_negative: int,
    *,
    auroc: float = 0.75,
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    """Smallest difference of two AUROCs that a task of this size can show, by the formula of Hanley & McNeil (1982).

    Two uncorrelated curves near ``auroc``, two-sided test at ``level``, this ``power``: an upper bound, because
    models scored on the same genes are correlated.
    """
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = (
        auroc * (1 - auroc)
        + (n_positive - 1) * (q1 - auroc**2)
        + (n_negative - 1) * (q2 - auroc**2)
    )
    error = np.sqrt(2 * variance / (n_positive * n_negative))
    return float((scipy.stats.norm.ppf((1 + level) / 2) + scipy.stats.norm.ppf(power)) * error)
