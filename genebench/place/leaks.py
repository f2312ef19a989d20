"""Checks of unknown vectors: does a score come from the labels, or from an easier question.

Each gives a ``Finding``: ``flag``, the scores cannot be taken
at their word; ``note``, something to know when they are read; ``clear``, looked for and not found;
``open``, could not be looked for here.
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
"""AUROC (or absolute rank correlation) of one column beyond which it counts as a copy of labels."""
SURVIVES = 0.5
"""Share of a score above chance that must be left when relatives are kept out of training."""
KNOWS_FAMILY, KNOWS_STUDY = 0.9, 0.5
"""AUROC of the symbol stem, and rank correlation with annotations, that are worth a note."""
PERFECT, FAIR = 0.99, 0.95
"""A score that is too good, where every fair model of the table stays under the second number."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check : str
        Its title.
    level : {"flag", "note", "clear", "open"}
    sentence : str
    value : float or None
        The number that it rests on.
    rows : list of dict
        What is behind it.
    """

    check: str
    level: str
    sentence: str
    value: float | None = None
    rows: list[dict] = field(default_factory=list)


def label_columns(tasks: Iterable[Task], embedding: Embedding) -> Finding:
    """Look for a single column of the vectors that is nearly the labels of a task, without a probe.

    A column counts if its AUROC for a class (against the rest), or for a regression the absolute
    Spearman correlation, is beyond ``LABEL_COLUMN``, and if chance would not give one such column
    in a hundred files of this size.

    Parameters
    ----------
    tasks : iterable of Task
    embedding : Embedding

    Returns
    -------
    Finding
    """
    title, tried, copies = "Labels among the columns", 0, []
    blocks: dict[str, list[Task]] = {}
    for task in tasks:
        if task.kind != "pair":
            blocks.setdefault(task.entities_hash, []).append(task)
    for block in blocks.values():
        at = embedding.rows(block[0].entities)
        covered = at >= 0
        if covered.sum() < 20:
            continue
        vectors = embedding.vectors[at[covered]]
        ranks = scipy.stats.rankdata(vectors, axis=0)
        for task in block:
            copies += _columns(task, task.labels[covered], ranks)
        tried += vectors.shape[1] * len(block)
    limit = scipy.stats.norm.isf(0.005 / max(tried, 1))
    rows = [row for row, z in copies if z > limit]
    rows.sort(key=lambda row: -row["strength"])
    if not rows:
        return Finding(
            title,
            "clear",
            "No column of the vectors is by itself nearly the labels of a task (none beyond "
            f"{LABEL_COLUMN}).",
        )
    names, first = list(dict.fromkeys(row["task"] for row in rows)), rows[0]
    return Finding(
        title,
        "flag",
        f"On {len(names)} task{'s' * (len(names) > 1)} a single column is nearly the labels "
        f"themselves (column {first['column']} for '{names[0]}': {first['strength']:.3f}), so "
        "those scores say nothing about genes.",
        float(len(names)),
        rows,
    )


def _columns(task: Task, labels: np.ndarray, ranks: np.ndarray) -> list[tuple[dict, float]]:
    """Near copies of a task's labels, each with its distance from chance in standard errors."""
    n = len(ranks)
    if task.kind == "regression":
        names = ("",)
        strength = np.abs(_correlations(scipy.stats.rankdata(labels), ranks))[None]
        z = strength * np.sqrt(n - 1)
    else:
        classes, names = np.eye(len(task.classes)), task.classes
        Y = labels.astype(float) if task.kind == "multilabel" else classes[labels]
        if task.kind == "binary":
            Y, names = Y[:, 1:], names[1:]
        positive = Y.sum(axis=0)
        both = (positive > 0) & (positive < n)
        many = np.where(both, positive, 1)[:, None]
        others = np.where(both, n - positive, 1)[:, None]
        area = (Y.T @ ranks - many * (many + 1) / 2) / (many * others)
        strength = np.where(both[:, None], np.maximum(area, 1 - area), 0.5)
        z = (strength - 0.5) / np.sqrt((n + 1) / (12 * many * others))
    return [
        (
            {
                **{"task": task.name, "label": names[k], "column": int(c) + 1},
                "strength": round(float(strength[k, c]), 4),
            },
            float(z[k, c]),
        )
        for k, c in np.argwhere(strength > LABEL_COLUMN)
    ]


def _correlations(y: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Pearson correlation of one vector with each column, 0 for a constant one, (d,)."""
    y, columns = y - y.mean(), columns - columns.mean(axis=0)
    scale = np.sqrt((y**2).sum() * (columns**2).sum(axis=0))
    return np.divide(y @ columns, scale, out=np.zeros(columns.shape[1]), where=scale > 0)


def stems(
    embedding: Embedding, *, most: int = 20, least: int = 10, genes: int = 4000, seed: int = 0
) -> Finding:
    """Measure how well the vectors predict the symbol stem of a gene (``families.stem``).

    Parameters
    ----------
    embedding : Embedding
    most, least : int
        The largest stems of so many genes or more.
    genes : int
        At most so many are used.
    seed : int

    Returns
    -------
    Finding
        ``value``: mean AUROC of the linear probe in five stratified folds.
    """
    title = "Relatives by symbol"
    stem = np.array(families.stems(embedding.entities.tolist()))
    sizes = Counter(stem.tolist()).most_common(most)
    chosen = [s for s, n in sizes if n >= least]
    if not chosen:
        return Finding(
            title, "open", f"No {least} genes share a symbol stem, so this was not looked at."
        )
    inside = np.isin(stem, chosen)
    few = max(0, genes - inside.sum())
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~inside))[:few]
    rows = np.sort(np.concatenate([np.flatnonzero(inside), rest]))
    Y = (stem[rows][:, None] == np.array(chosen)).astype(int)
    Y = Y[:, (Y.sum(axis=0) >= least) & (Y.sum(axis=0) <= len(Y) - least)]
    if not Y.shape[1]:
        return Finding(title, "open", "All genes share one symbol stem, so this was not looked at.")
    kind = StratifiedKFold(5, shuffle=True, random_state=seed)
    fold = np.stack([_folds(kind, y) for y in Y.T], axis=1)
    values = probes.predict(embedding.vectors[rows], Y, fold, kind="binary")
    area = float(np.mean([metrics.auroc(y, v) for y, v in zip(Y.T, values.T)]))
    known = area > KNOWS_FAMILY
    meaning = (
        "the vectors know families, and a score on folds at random can be had by remembering "
        "relatives."
        if known
        else "the vectors hold little of the symbol's letters."
    )
    return Finding(
        title,
        "note" if known else "clear",
        "The letters that a gene's symbol shares with its relatives can be predicted from the "
        f"vectors with a plain mean AUROC of {area:.2f} over {Y.shape[1]} families: {meaning}",
        area,
    )


def _folds(kind, y: np.ndarray) -> np.ndarray:
    out = np.empty(len(y), dtype=np.int8)
    for k, (_, test) in enumerate(kind.split(y, y)):
        out[test] = k
    return out


def study(embedding: Embedding, count: np.ndarray | None, *, seed: int = 0) -> Finding:
    """Measure how well the vectors predict how studied a gene is.

    Parameters
    ----------
    embedding : Embedding
    count : ndarray, shape (n,), or None
        Annotations of each gene; None where there are no counts.
    seed : int

    Returns
    -------
    Finding
        ``value``: Spearman correlation of the counts with ridge regression's predictions out of
        fold.
    """
    title = "How studied a gene is"
    if count is None or np.ptp(count) == 0:
        return Finding(
            title, "open", "No annotation counts are at hand, so this was not looked at."
        )
    y = np.log1p(count.astype(float))
    fold = _folds(KFold(5, shuffle=True, random_state=seed), y)
    predicted = probes.predict(embedding.vectors, y, fold, kind="regression").reshape(-1)
    r = metrics.spearman(y, predicted)
    known = r > KNOWS_STUDY
    meaning = (
        "they separate well-studied genes from others, which alone wins many tasks; mind the "
        "shortcuts."
        if known
        else "they say little about how studied a gene is."
    )
    return Finding(
        title,
        "note" if known else "clear",
        "The number of annotations of a gene can be predicted from the vectors with a rank "
        f"correlation of {r:.2f}: {meaning}",
        r,
    )


def survival(
    near: pd.Series, far: pd.Series, split: str, *, also: dict[str, float] | None = None
) -> Finding:
    """Tell what is left of the score above chance when relatives are kept out of training.

    Parameters
    ----------
    near, far : Series
        AUROC by task on random folds and on those of ``split``; tasks in both are used.
    split : str
    also : dict of str to float, optional
        The same share of shortcuts, by title.

    Returns
    -------
    Finding
        ``value``: the share.
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
    together = "families whole" if split == "family" else "genes of one symbol stem together"
    start = (
        f"On {len(shared)} tasks the plain mean AUROC is {a:.3f} on folds at random, {b:.3f} on "
        f"folds that keep {together}"
    )
    if a < 0.55:
        sentence = f"{start}; there is little above chance that could be lost."
        return Finding(title, "clear", sentence, None, rows)
    left = max(0.0, (b - 0.5) / (a - 0.5))
    beside = "".join(f" ({name}: {share:.0%})" for name, share in (also or {}).items())
    lost = left < SURVIVES
    meaning = f"so most of {'the score is' if lost else 'it is not'} remembered relatives."
    return Finding(
        title,
        "flag" if lost else "clear",
        f"{start}: {left:.0%} of what is above chance survives{beside}, {meaning}",
        left,
        rows,
    )


def too_good(mine: pd.Series, best: pd.Series) -> Finding:
    """Look for tasks solved without fault that no fair model of the table comes near.

    Parameters
    ----------
    mine, best : Series
        Own AUROC by task, and that of the best fair model or shortcut.

    Returns
    -------
    Finding
        A flag means that the labels may have been an input.
    """
    title = "Scores too good to be true"
    shared = mine.index.intersection(best.index)
    odd = [t for t in shared if mine[t] >= PERFECT and best[t] < FAIR]
    rows = [{"task": t, "score": float(mine[t]), "best of the table": float(best[t])} for t in odd]
    count = f"{len(odd)} of {len(shared)} tasks score {PERFECT} or more where"
    if len(odd) < max(2, 0.02 * len(shared)):
        sentence = f"{count} the table stays under {FAIR}."
        return Finding(title, "clear", sentence, float(len(odd)), rows)
    return Finding(
        title,
        "flag",
        f"{count} no fair model or shortcut reaches {FAIR} (first '{odd[0]}'): find out whether "
        "the labels, or the data that they are made of, went into the vectors.",
        float(len(odd)),
        rows,
    )
