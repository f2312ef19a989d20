"""Does a score come from the answers, or from what is easier than the question? Checks of vectors that nobody knows.

Each check gives a ``Finding``. ``flag``: the scores cannot be taken at their word. ``note``: something to know when
they are read. ``clear``: looked for and not found. ``open``: could not be looked for here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy
from sklearn.model_selection import KFold, StratifiedKFold

from .. import probes
from ..data import families
from ..data.tasks import Task
from ..models import Embedding
from ..stats import metrics

LABEL_COLUMN = 0.99
"""AUROC (or absolute rank correlation) of one bare column beyond which the column counts as a copy of the labels."""
SURVIVES = 0.5
"""Share of a score above chance that must be left when relatives are kept out of training."""
KNOWS_FAMILY, KNOWS_STUDY = 0.9, 0.5
"""AUROC of the symbol stem, and rank correlation with the number of annotations, that are worth a note."""
PERFECT, FAIR = 0.99, 0.95
"""A score that is too good, where every fair model of the table stays under the second number."""


@dataclass(frozen=True)
class Finding:
    """What one check found: its title, a level (see the module), one plain sentence, the number it rests on (None
    where there is none), and the rows behind it."""

    check: str
    level: str
    sentence: str
    value: float | None = None
    rows: list[dict] = field(default_factory=list)


def label_columns(tasks: Iterable[Task], held: Embedding) -> Finding:
    """Whether a single column of the vectors is nearly the labels of a task, with no probe at all.

    A column counts if its AUROC for a class (against the rest), or for a regression the absolute Spearman correlation,
    is beyond ``LABEL_COLUMN``, and if chance would not give one such column in a hundred files of this size.
    """
    rows, tried = [], 0
    blocks: dict[str, list[Task]] = {}
    for task in tasks:
        if task.kind != "pair":
            blocks.setdefault(task.entities_hash, []).append(task)
    found: list[tuple] = []
    for block in blocks.values():
        at = held.rows(block[0].entities)
        has = at >= 0
        if has.sum() < 20:
            continue
        X = held.vectors[at[has]]
        ranks = scipy.stats.rankdata(X, axis=0)
        for task in block:
            found += _columns(task, task.labels[has], ranks)
        tried += X.shape[1] * len(block)
    limit = scipy.stats.norm.isf(0.005 / max(tried, 1))
    for task, label, column, strength, z in found:
        if z > limit:
            rows.append(
                {
                    "task": task,
                    "label": label,
                    "column": int(column) + 1,
                    "strength": round(strength, 4),
                }
            )
    rows.sort(key=lambda row: -row["strength"])
    if not rows:
        sentence = f"No column of the vectors is by itself nearly the labels of a task (none beyond {LABEL_COLUMN})."
        return Finding("Labels among the columns", "clear", sentence)
    names = list(dict.fromkeys(row["task"] for row in rows))
    return Finding(
        "Labels among the columns",
        "flag",
        f"On {len(names)} task{'s' * (len(names) > 1)} a single column is nearly the labels themselves (column "
        f"{rows[0]['column']} for '{names[0]}': {rows[0]['strength']:.3f}), so those scores say nothing about genes.",
        float(len(names)),
        rows,
    )


def _columns(task: Task, labels: np.ndarray, ranks: np.ndarray) -> list[tuple]:
    """(task, label, column, AUROC or |correlation|, its distance from chance in standard errors) of near copies."""
    n = len(ranks)
    if task.kind == "regression":
        r = np.abs(_correlations(scipy.stats.rankdata(labels), ranks))
        return [
            (task.name, "", c, float(r[c]), r[c] * np.sqrt(n - 1))
            for c in np.flatnonzero(r > LABEL_COLUMN)
        ]
    if task.kind == "multilabel":
        Y, names = labels.astype(float), task.classes
    elif task.kind == "multiclass":
        Y, names = np.eye(len(task.classes))[labels], task.classes
    else:
        Y, names = labels[:, None].astype(float), task.classes[1:]
    positive = Y.sum(axis=0)
    able = (positive > 0) & (positive < n)
    many = np.where(able, positive, 1)[:, None]
    others = np.where(able, n - positive, 1)[:, None]
    area = (Y.T @ ranks - many * (many + 1) / 2) / (many * others)
    area = np.where(able[:, None], np.maximum(area, 1 - area), 0.5)
    z = (area - 0.5) / np.sqrt((n + 1) / (12 * many * others))
    return [
        (task.name, names[k], c, float(area[k, c]), float(z[k, c]))
        for k, c in np.argwhere(area > LABEL_COLUMN)
    ]


def _correlations(y: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Pearson correlation of one vector with each column, 0 for a constant one, (d,)."""
    y, X = y - y.mean(), X - X.mean(axis=0)
    below = np.sqrt((y**2).sum() * (X**2).sum(axis=0))
    return np.divide(y @ X, below, out=np.zeros(X.shape[1]), where=below > 0)


def stems(
    held: Embedding, *, most: int = 20, least: int = 10, genes: int = 4000, seed: int = 0
) -> Finding:
    """How well the vectors tell which symbol stem (``families.stem``) a gene has: mean AUROC of the linear probe over
    the ``most`` largest stems of ``least`` genes or more, in five stratified folds, on at most ``genes`` genes."""
    title = "Relatives by symbol"
    stem = np.array(families.stems(held.entities.tolist()))
    size = Counter(stem.tolist())
    chosen = [s for s, n in size.most_common(most) if n >= least]
    if not chosen:
        return Finding(
            title, "open", f"No {least} genes share a symbol stem, so this was not looked at."
        )
    inside = np.flatnonzero(np.isin(stem, chosen))
    rest = np.flatnonzero(~np.isin(stem, chosen))
    rng = np.random.default_rng(seed)
    keep = np.sort(np.concatenate([inside, rng.permutation(rest)[: max(0, genes - len(inside))]]))
    Y = (stem[keep][:, None] == np.array(chosen)).astype(int)
    Y = Y[:, (Y.sum(axis=0) >= least) & (Y.sum(axis=0) <= len(Y) - least)]
    if not Y.shape[1]:
        return Finding(title, "open", "All genes share one symbol stem, so this was not looked at.")
    fold = np.stack([_folds(y, seed) for y in Y.T], axis=1)
    values = probes.predict(held.vectors[keep], Y, fold, kind="binary")
    area = float(np.mean([metrics.auroc(y, v) for y, v in zip(Y.T, values.T)]))
    known = area > KNOWS_FAMILY
    return Finding(
        title,
        "note" if known else "clear",
        f"The letters that a gene's symbol shares with its relatives can be told from the vectors with a plain mean "
        f"AUROC of {area:.2f} over {Y.shape[1]} families: "
        + (
            "the vectors know families, and a score on folds at random can be had by remembering relatives."
            if known
            else "the vectors hold little of the symbol's letters."
        ),
        area,
    )


def _folds(y: np.ndarray, seed: int) -> np.ndarray:
    out = np.empty(len(y), dtype=np.int8)
    for k, (_, test) in enumerate(StratifiedKFold(5, shuffle=True, random_state=seed).split(y, y)):
        out[test] = k
    return out


def study(held: Embedding, count: np.ndarray | None, *, seed: int = 0) -> Finding:
    """Whether the vectors tell how studied a gene is: Spearman correlation of its number of annotations with what
    ridge regression predicts out of fold. ``count``: one number a gene of ``held``; None: there is none here."""
    title = "How studied a gene is"
    if count is None or np.ptp(count) == 0:
        return Finding(
            title, "open", "No annotation counts are at hand, so this was not looked at."
        )
    fold = np.empty(len(count), dtype=np.int8)
    for k, (_, test) in enumerate(KFold(5, shuffle=True, random_state=seed).split(count)):
        fold[test] = k
    y = np.log1p(count.astype(float))
    made = probes.predict(held.vectors, y, fold, kind="regression").reshape(-1)
    r = metrics.spearman(y, made)
    known = r > KNOWS_STUDY
    return Finding(
        title,
        "note" if known else "clear",
        f"The number of annotations of a gene can be predicted from the vectors with a rank correlation of {r:.2f}: "
        + (
            "well-studied genes are told from others, which alone wins many tasks; mind the shortcuts."
            if known
            else "they say little about how studied a gene is."
        ),
        r,
    )


def survival(
    near: pd.Series, far: pd.Series, split: str, *, also: dict[str, float] | None = None
) -> Finding:
    """What is left of the score above chance when a gene's relatives are kept out of training.

    Args: near, far: AUROC by task on folds at random and on those of ``split``; tasks in both are used. also: the same
    share of shortcuts, by title, to compare with.
    """
    title = "Relatives kept out of training"
    shared = near.index.intersection(far.index)
    if not len(shared):
        return Finding(
            title,
            "open",
            f"No task could be run on the split '{split}', so this was not looked at.",
        )
    a, b = float(near[shared].mean()), float(far[shared].mean())
    rows = [{"task": t, "random": float(near[t]), split: float(far[t])} for t in shared]
    told = f"On {len(shared)} tasks the plain mean AUROC is {a:.3f} on folds at random, {b:.3f} on folds that keep "
    told += "families whole" if split == "family" else "genes of one symbol stem together"
    if a < 0.55:
        return Finding(
            title, "clear", f"{told}; there is little above chance that could be lost.", None, rows
        )
    left = max(0.0, (b - 0.5) / (a - 0.5))
    beside = "".join(f" ({name}: {share:.0%})" for name, share in (also or {}).items())
    lost = left < SURVIVES
    return Finding(
        title,
        "flag" if lost else "clear",
        f"{told}: {left:.0%} of what is above chance survives{beside}, "
        + (
            "so most of the score is remembered relatives."
            if lost
            else "so most of it is not remembered relatives."
        ),
        left,
        rows,
    )


def too_good(mine: pd.Series, best: pd.Series) -> Finding:
    """Tasks solved without fault that no fair model of the table comes near: the labels may have been an input.

    Args: mine: own scores by task; best: that of the best fair model or shortcut, by task.
    """
    title = "Scores too good to be true"
    shared = mine.index.intersection(best.index)
    odd = [t for t in shared if mine[t] >= PERFECT and best[t] < FAIR]
    rows = [{"task": t, "score": float(mine[t]), "best of the table": float(best[t])} for t in odd]
    if len(odd) < max(2, 0.02 * len(shared)):
        sentence = f"{len(odd)} of {len(shared)} tasks score {PERFECT} or more where the table stays under {FAIR}."
        return Finding(title, "clear", sentence, float(len(odd)), rows)
    return Finding(
        title,
        "flag",
        f"{len(odd)} of {len(shared)} tasks score {PERFECT} or more where no fair model or shortcut reaches {FAIR} "
        f"(first '{odd[0]}'): find out whether the labels, or the data that they are made of, went into the vectors.",
        float(len(odd)),
        rows,
    )
