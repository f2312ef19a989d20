"""One table of metrics: name → function, kinds, bounds, direction, meaning.

A metric is a function, a score its value. All functions take true labels and predictions of the test entities of one
fold; predictions are probabilities of the positive class (binary), (n, n_classes) probabilities (multiclass and
multilabel) or real numbers (regression).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .errors import BadInput, unknown

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


def _counts(y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives at each distinct threshold, from the highest down, with a zero in front."""
    order = np.argsort(-p, kind="stable")
    y, p = y[order], p[order]
    last = np.append(np.flatnonzero(np.diff(p)), len(p) - 1)
    tp = np.cumsum(y, dtype=np.float64)[last]
    return np.append(0.0, tp), np.append(0.0, last + 1 - tp)


def auroc(y: np.ndarray, p: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties counting half (Hanley 1982)."""
    return _areas(y, p)[0]


def auprc(y: np.ndarray, p: np.ndarray) -> float:
    """Average precision: precision averaged over the positives as the threshold falls; chance is the prior."""
    return _areas(y, p)[1]


def _areas(y: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    tp, fp = _counts(y, p)
    if tp[-1] == 0 or fp[-1] == 0:
        raise BadInput("AUROC and AUPRC need test entities of both classes; use fewer folds or a larger task.")
    area = np.sum(np.diff(fp) * (tp[1:] + tp[:-1])) / 2 / (tp[-1] * fp[-1])
    precision = tp[1:] / (tp[1:] + fp[1:])
    return float(area), float(np.sum(np.diff(tp) * precision) / tp[-1])


def accuracy(y: np.ndarray, p: np.ndarray) -> float:
    """Share of entities whose most probable class is the true one."""
    return float(np.mean(_decide(p) == y))


def _decide(p: np.ndarray) -> np.ndarray:
    return p.argmax(axis=1) if p.ndim == 2 else (p > 0.5).astype(np.int64)


def _prf(y: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 of 0/1 decisions; zero where undefined."""
    tp, predicted, true = float(np.sum(y * hit)), float(hit.sum()), float(y.sum())
    precision, recall = tp / predicted if predicted else 0.0, tp / true if true else 0.0
    return np.array([precision, recall, 2 * tp / (predicted + true) if predicted + true else 0.0])


def _binary(which: int) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda y, p: float(_prf(y, _decide(p))[which])


def _average(
    one: Callable[[np.ndarray, np.ndarray], float], weighted: bool
) -> Callable[[np.ndarray, np.ndarray], float]:
    """A binary metric averaged over classes or labels: plainly (macro) or by their number of positives (weighted)."""

    def over_labels(y: np.ndarray, p: np.ndarray) -> float:
        truth = y if y.ndim == 2 else (y[:, None] == np.arange(p.shape[1])).astype(np.int64)
        size = truth.sum(axis=0)
        use = np.flatnonzero((size > 0) & (size < len(truth)))  # a class absent from the test fold has no score
        if not len(use):
            raise BadInput("no class has test entities both in and out of it; use fewer folds or a larger task.")
        values = [one(truth[:, c], p[:, c]) for c in use]
        return float(np.average(values, weights=size[use] if weighted else None))

    return over_labels


def _decided(which: int, multiclass: bool) -> Callable[[np.ndarray, np.ndarray], Callable]:
    def one(y: np.ndarray, hit: np.ndarray) -> float:
        return float(_prf(y, hit)[which])

    def metric(y: np.ndarray, p: np.ndarray, weighted: bool) -> float:
        hit = (p.argmax(axis=1)[:, None] == np.arange(p.shape[1])) if multiclass else p > 0.5
        return _average(one, weighted)(y, hit.astype(np.int64))

    return metric


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
    return 0.0 if np.ptp(p) == 0 or np.ptp(y) == 0 else float(stats.spearmanr(y, p).statistic)


def _table() -> dict[str, Metric]:
    one = ("binary",)
    table = {
        "auroc": Metric(auroc, one, 0, 1, "area under the ROC curve; 0.5 is chance", main=True),
        "auprc": Metric(auprc, one, 0, 1, "average precision; chance is the prior"),
        "prior": Metric(
            lambda y, p: float(np.mean(y)), one, 0, 1, "share of positives in the test fold", reference=True
        ),
        "accuracy": Metric(accuracy, ("binary", "multiclass"), 0, 1, "share of entities classified rightly"),
        "subset_accuracy": Metric(subset_accuracy, ("multilabel",), 0, 1, "share of entities with every label right"),
        "r2": Metric(r2, ("regression",), -np.inf, 1, "coefficient of determination; 0 is the mean of the test fold"),
        "spearman": Metric(spearman, ("regression",), -1, 1, "rank correlation; 0 is chance", main=True),
    }
    many = {"multiclass": (True,), "multilabel": (False, True)}
    for which, name in enumerate(("precision", "recall", "f1")):
        table[name] = Metric(_binary(which), one, 0, 1, f"{name} at probability 0.5")
        for kind, averages in many.items():
            decided = _decided(which, kind == "multiclass")
            for weighted in averages:
                key = f"{name}_{'weighted' if weighted else 'macro'}"
                _add(table, key, kind, lambda y, p, d=decided, w=weighted: d(y, p, w), f"{name}, {_words(weighted)}")
    for name, function in (("auroc", auroc), ("auprc", auprc)):
        for kind, averages in many.items():
            for weighted in averages:
                key = f"{name}_{'weighted' if weighted else 'macro'}"
                _add(table, key, kind, _average(function, weighted), f"{name.upper()} one-vs-rest, {_words(weighted)}")
    return table


def _words(weighted: bool) -> str:
    return "labels weighted by their number of positives" if weighted else "every label counting the same"


def _add(table: dict[str, Metric], key: str, kind: str, function: Callable, meaning: str) -> None:
    """Enter a metric, or give one that is there already another kind (each kind keeps its own function)."""
    if key not in table:
        table[key] = Metric(function, (kind,), 0, 1, meaning, main=key == "auroc_weighted")
        return
    first = table[key]
    pick = {first.kinds[0]: first.function, kind: function}
    table[key] = Metric(
        lambda y, p: pick["multilabel" if y.ndim == 2 else "multiclass"](y, p),
        (*first.kinds, kind), 0, 1, meaning, main=first.main,
    )  # fmt: skip


METRICS: dict[str, Metric] = _table()

AREAS = {"auroc", "auprc"}
"""Binary metrics that share one sort."""


def of_kind(kind: str) -> list[str]:
    """Names of the metrics of one kind of task, the main one first."""
    names = [n for n, m in METRICS.items() if kind in m.kinds]
    if not names:
        raise unknown("kind of task", kind, {k for m in METRICS.values() for k in m.kinds})
    return sorted(names, key=lambda n: not METRICS[n].main)


def main(kind: str) -> str:
    """The main metric of a kind of task: AUROC (weighted over classes or labels), or Spearman for regression."""
    return of_kind(kind)[0]


def score(kind: str, y: np.ndarray, p: np.ndarray, names: list[str] | None = None) -> dict[str, float]:
    """All metrics of a kind (or those named) on one fold, by name."""
    names = names or of_kind(kind)
    out = {}
    if kind == "binary" and AREAS & set(names):
        out = dict(zip(("auroc", "auprc"), _areas(y, p)))
    return {n: out[n] if n in out else METRICS[n].function(y, p) for n in names}


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
        raise BadInput(f"metric '{name}' is not one of a {kind} task; use one of {', '.join(of_kind(kind))}.")
    rng = np.random.default_rng(seed)
    values = [METRICS[name].function(y, p[rng.permutation(len(p))]) for _ in range(draws)]
    return float(np.mean(values)), float(np.std(values))
