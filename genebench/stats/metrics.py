"""One table of metrics: name → function, kinds, bounds, direction, meaning.

A metric is a function, a score its value. All functions take true labels and predictions of the test entities of one
fold; predictions are probabilities of the positive class (binary), (n, n_classes) probabilities (multiclass and
multilabel) or real numbers (regression).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from ..core.errors import BadInput, unknown

VERSION = 1


@dataclass(frozen=True)
class Metric:
    """What a score means: its kinds of task, bounds, direction (higher is better everywhere) and a sentence."""

    function: Callable[[np.ndarray, np.ndarray], float]
    kinds: tuple[str, ...]
    low: float
    high: float
    meaning: str
    main: bool = False
    reference: bool = False
    """A number that is not a score but that a score must be read against (the prior of AUPRC)."""


def areas(
    Y: np.ndarray, P: np.ndarray, valid: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """AUROC and average precision of many binary tasks by one sort; ties count half.

    Args: Y: 0/1, (n, n_tasks). P: predictions, the higher the more positive, (n, n_tasks). valid: which of them count,
    (n, n_tasks) bool; None: all.
    Returns: two (n_tasks,) float64 in [0, 1]; NaN where the entities are all of one class.
    """
    size = np.full(Y.shape[1], len(Y)) if valid is None else valid.sum(axis=0)
    if valid is not None:  # what does not count goes to the end
        Y, P = np.where(valid, Y, 0), np.where(valid, P, -np.inf)
    order = np.argsort(-P, axis=0, kind="stable")
    y, p = np.take_along_axis(Y, order, 0), np.take_along_axis(P, order, 0)
    tp = np.cumsum(y, axis=0, dtype=np.float64)
    seen = np.arange(1, len(Y) + 1, dtype=np.float64)[:, None]
    last = np.ones(p.shape, dtype=bool)  # of its group of ties
    last[:-1] = p[1:] != p[:-1]
    last &= p > -np.inf
    before_tp, before_seen = np.zeros_like(tp), np.zeros_like(tp)
    before_tp[1:] = np.maximum.accumulate(np.where(last, tp, 0), axis=0)[:-1]
    before_seen[1:] = np.maximum.accumulate(np.where(last, seen, 0), axis=0)[:-1]
    positive = tp[-1]
    negative = size - positive
    rise = np.where(last, tp - before_tp, 0)
    run = np.where(last, seen - before_seen, 0) - rise
    with np.errstate(invalid="ignore", divide="ignore"):
        auroc = (run * (tp + before_tp)).sum(axis=0) / 2 / (positive * negative)
        auprc = (rise * (tp / seen)).sum(axis=0) / positive
    none = (positive == 0) | (negative == 0)
    return np.where(none, np.nan, auroc), np.where(none, np.nan, auprc)


def decisions(Y: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 of many tasks' 0/1 decisions, (3, n_tasks); zero where undefined."""
    tp, predicted, true = (
        (Y * hit).sum(0, dtype=float),
        hit.sum(0, dtype=float),
        Y.sum(0, dtype=float),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.stack([tp / predicted, tp / true, 2 * tp / (predicted + true)])
    return np.nan_to_num(out, nan=0.0)


def auroc(y: np.ndarray, p: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties counting half (Hanley 1982)."""
    return _areas(y, p)[0]


def auprc(y: np.ndarray, p: np.ndarray) -> float:
    """Average precision: precision averaged over the positives as the threshold falls; chance is the prior."""
    return _areas(y, p)[1]


def _areas(y: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    roc, precision = areas(y[:, None], p[:, None])
    if np.isnan(roc[0]):
        raise BadInput(
            "AUROC and AUPRC need test entities of both classes; use fewer folds or a larger task."
        )
    return float(roc[0]), float(precision[0])


def accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """Share of entities whose most probable class is the true one."""
    return float(np.mean(_decide(p) == y))


def _decide(p: np.ndarray) -> np.ndarray:
    return p.argmax(axis=1) if p.ndim == 2 else (p > 0.5).astype(np.int64)


def _binary(which: int) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda y, p: float(decisions(y[:, None], _decide(p)[:, None])[which, 0])


def _over_classes(which: str, weighted: bool) -> Callable[[np.ndarray, np.ndarray], float]:
    """A binary metric averaged over classes or labels: plainly (macro) or by their number of positives (weighted)."""
    return lambda y, p: _mean(_per_class(y, p, {which})[which], y, p, weighted)


def _truth(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return y if y.ndim == 2 else (y[:, None] == np.arange(p.shape[1])).astype(np.int64)


def _per_class(y: np.ndarray, p: np.ndarray, wanted: set[str]) -> dict[str, np.ndarray]:
    """The wanted of precision, recall, f1, auroc and auprc of every class or label, each (n_classes,)."""
    truth, out = _truth(y, p), {}
    if wanted & AREAS:
        out = dict(zip(("auroc", "auprc"), areas(truth, p)))
    if wanted - AREAS:
        hit = p > 0.5 if y.ndim == 2 else p.argmax(axis=1)[:, None] == np.arange(p.shape[1])
        out |= dict(zip(("precision", "recall", "f1"), decisions(truth, hit.astype(np.int64))))
    return out


def _mean(values: np.ndarray, y: np.ndarray, p: np.ndarray, weighted: bool) -> float:
    size = _truth(y, p).sum(axis=0)
    use = (size > 0) & (size < len(y))  # a class absent from the test fold has no score
    if not use.any():
        raise BadInput(
            "no class has test entities both in and out of it; use fewer folds or a larger task."
        )
    return float(np.average(values[use], weights=size[use] if weighted else None))


def subset_accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """Share of entities with every label right."""
    return float(np.mean(((p > 0.5) == (y > 0)).all(axis=1)))


def r2(y: np.ndarray, p: np.ndarray) -> float:
    """Coefficient of determination on the test entities: 1 is perfect, 0 the test mean, negative worse than it.

    Of a constant truth: 1 if every prediction hits it, else 0 (as scikit-learn defines it).
    """
    spread, missed = np.sum((y - y.mean()) ** 2), np.sum((y - p) ** 2)
    return float(1 - missed / spread) if spread else float(missed == 0)


def spearman(y: np.ndarray, p: np.ndarray) -> float:
    """Rank correlation of prediction and truth; 0 for a constant prediction."""
    return 0.0 if np.ptp(p) == 0 or np.ptp(y) == 0 else float(scipy.stats.spearmanr(y, p).statistic)


def _table() -> dict[str, Metric]:
    one = ("binary", "pair")
    table = {
        "auroc": Metric(auroc, one, 0, 1, "area under the ROC curve; 0.5 is chance", main=True),
        "auprc": Metric(auprc, one, 0, 1, "average precision; chance is the prior"),
        "prior": Metric(
            lambda y, p: float(np.mean(y)),
            one,
            0,
            1,
            "share of positives in the test fold",
            reference=True,
        ),
        "accuracy": Metric(
            accuracy, ("binary", "multiclass", "pair"), 0, 1, "share of entities classified rightly"
        ),
        "subset_accuracy": Metric(
            subset_accuracy, ("multilabel",), 0, 1, "share of entities with every label right"
        ),
        "r2": Metric(
            r2,
            ("regression",),
            -np.inf,
            1,
            "coefficient of determination; 0 is the mean of the test fold",
        ),
        "spearman": Metric(
            spearman, ("regression",), -1, 1, "rank correlation; 0 is chance", main=True
        ),
    }
    many = {"multiclass": (True,), "multilabel": (False, True)}
    for which, name in enumerate(("precision", "recall", "f1")):
        table[name] = Metric(_binary(which), one, 0, 1, f"{name} at probability 0.5")
    for name in ("precision", "recall", "f1", "auroc", "auprc"):
        for kind, averages in many.items():
            for weighted in averages:
                shown = f"{name.upper()} one-vs-rest" if name in AREAS else name
                _add(
                    table,
                    f"{name}_{_suffix(weighted)}",
                    kind,
                    name,
                    weighted,
                    f"{shown}, {_words(weighted)}",
                )
    return table


def _suffix(weighted: bool) -> str:
    return "weighted" if weighted else "macro"


def _words(weighted: bool) -> str:
    return (
        "labels weighted by their number of positives"
        if weighted
        else "every label counting the same"
    )


def _add(
    table: dict[str, Metric], key: str, kind: str, name: str, weighted: bool, meaning: str
) -> None:
    """Enter an average over classes, or give one that is there already another kind."""
    kinds = (*table[key].kinds, kind) if key in table else (kind,)
    table[key] = Metric(
        _over_classes(name, weighted), kinds, 0, 1, meaning, main=key == "auroc_weighted"
    )


AREAS = {"auroc", "auprc"}
"""Binary metrics that share one sort."""

METRICS: dict[str, Metric] = _table()


def of_kind(kind: str) -> list[str]:
    """Names of the metrics of one kind of task, the main one first."""
    names = [n for n, m in METRICS.items() if kind in m.kinds]
    if not names:
        raise unknown("kind of task", kind, {k for m in METRICS.values() for k in m.kinds})
    return sorted(names, key=lambda n: not METRICS[n].main)


def main(kind: str) -> str:
    """The main metric of a kind of task: AUROC (weighted over classes or labels), or Spearman for regression."""
    return of_kind(kind)[0]


def score(
    kind: str, y: np.ndarray, p: np.ndarray, names: list[str] | None = None
) -> dict[str, float]:
    """All metrics of a kind (or those named) on one fold, by name."""
    names = names or of_kind(kind)
    if kind in ("multiclass", "multilabel"):
        split = {n: n.rsplit("_", 1) for n in names if n.endswith(("_macro", "_weighted"))}
        held = _per_class(y, p, {name for name, _ in split.values()}) if split else {}
        return {
            n: _mean(held[split[n][0]], y, p, split[n][1] == "weighted")
            if n in split
            else METRICS[n].function(y, p)
            for n in names
        }
    out = (
        dict(zip(("auroc", "auprc"), _areas(y, p)))
        if kind in ("binary", "pair") and AREAS & set(names)
        else {}
    )
    return {n: out[n] if n in out else METRICS[n].function(y, p) for n in names}


def score_block(
    Y: np.ndarray, P: np.ndarray, valid: np.ndarray, names: list[str] | None = None
) -> dict[str, np.ndarray]:
    """All binary metrics (or those named) of one fold of many tasks.

    Args: Y: 0/1, (n, n_tasks). P: probabilities, (n, n_tasks). valid: which of them are test entities, (n, n_tasks)
    bool. Returns: name → (n_tasks,), NaN where a task's test entities are all of one class.
    """
    names = names or of_kind("binary")
    Y, size = np.where(valid, Y, 0), valid.sum(axis=0)
    positive = Y.sum(axis=0)
    none = (positive == 0) | (positive == size)
    out = dict(zip(("auroc", "auprc"), areas(Y, P, valid))) if AREAS & set(names) else {}
    if set(names) - AREAS:
        hit = ((P > 0.5) & valid).astype(np.int64)
        out |= dict(zip(("precision", "recall", "f1"), decisions(Y, hit)))
        some = np.maximum(size, 1)
        out |= {"accuracy": ((hit == Y) & valid).sum(axis=0) / some, "prior": positive / some}
    return {n: np.where(none, np.nan, out[n]) for n in names}


def scorable(kind: str, y: np.ndarray) -> bool:
    """Whether a fold's test labels allow every metric of the kind: two values, or a label with both sides."""
    if kind == "multilabel":
        return bool(((y.min(axis=0) == 0) & (y.max(axis=0) == 1)).any()) if len(y) else False
    return len(np.unique(y)) > 1


def chance(
    name: str, kind: str, y: np.ndarray, p: np.ndarray, *, seed: int = 0, draws: int = 200
) -> tuple[float, float]:
    """Mean and standard deviation of a metric when the predictions are dealt out to the entities at random."""
    if kind not in METRICS[name].kinds:
        raise BadInput(
            f"metric '{name}' is not one of a {kind} task; use one of {', '.join(of_kind(kind))}."
        )
    rng = np.random.default_rng(seed)
    values = [METRICS[name].function(y, p[rng.permutation(len(p))]) for _ in range(draws)]
    return float(np.mean(values)), float(np.std(values))
