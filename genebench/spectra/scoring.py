"""Scores of predictions on splits, as rows of the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from ..stats import metrics
from . import curve
from .samples import DataSet

LEAST = 10
"""Fewest samples in test, and in train, for a score."""
METRICS = {
    "binary": ["auroc", "auprc"],
    "multiclass": ["auroc_weighted", "accuracy"],
    "regression": ["spearman", "r2"],
}
"""Kind of label → metrics."""


def score(
    data: DataSet,
    sides: np.ndarray,
    about: pd.DataFrame,
    predict: Callable[[np.ndarray, pd.DataFrame], Iterable[np.ndarray]],
    **columns,
) -> tuple[list[dict], list[dict]]:
    """Score the predictions of each split that can be scored.

    Parameters
    ----------
    data : DataSet
    sides : ndarray of shape (n_splits, n)
        Side of each unit.
    about : DataFrame
        Of ``study.read``.
    predict : callable
        Sides and rows of the splits that can be scored → predictions of the test samples of each:
        scores, or of several classes their numbers.
    **columns
        Further columns of the rows.

    Returns
    -------
    rows : list of dict
        Rows of ``results.SCHEMA``.
    unscored : list of dict
        Splits without a score, with the ``reason``.
    """
    columns |= {"task": data.name, "group": data.group, "kind": data.kind, "genes": "own"}
    parts = [data.samples(side) for side in sides]
    reasons = np.array([w or _why_not(data, *part) for w, part in zip(about.reason, parts)], object)
    sound = reasons == ""
    predicted = iter(predict(sides[sound], about[sound]) if sound.any() else ())
    rows, unscored = [], []
    for at, (train, test), why in zip(about[curve.SPLIT].to_dict("records"), parts, reasons):
        if why:
            unscored.append({**at, "reason": why})
            continue
        times = data.weight[test].astype(int)
        y, p = (np.repeat(v, times, axis=0) for v in (data.labels[test], next(predicted)))
        if data.kind == "multiclass" and p.ndim == 1:
            p = np.eye(len(data.classes))[p]
        spectral = at["split"].removesuffix(curve.CONTROL)
        at["control"] = "size" if at["split"] != spectral else ""
        at["variant"] = spectral.partition("spectral-")[2]
        at |= {"n_train": int(data.weight[train].sum()), "n_test": int(times.sum())}
        values = metrics.score(data.kind, y, p, METRICS[data.kind])
        rows += [{**columns, **at, "metric": name, "score": v} for name, v in values.items()]
    return rows, unscored


def _why_not(data, train, test):
    """Why a split has no score; empty where it has one."""
    for name, side in (("train", train), ("test", test)):
        number = data.weight[side].sum()
        if number < LEAST:
            return f"{int(number)} samples in {name}, where {LEAST} are the fewest"
        if len(np.unique(data.labels[side])) < 2:
            return f"one {'value' if data.kind == 'regression' else 'class'} only in {name}"
    if data.kind == "multiclass" and not np.isin(data.labels[test], data.labels[train]).any():
        return "no class of test is in train"
    return ""
