"""Checks of unknown vectors: does a score come from the labels, or from an easier question.

Each gives a ``Finding``: ``flag``, the scores cannot be taken at their word; ``note``, something to
know when they are read; ``clear``, looked for and not found; ``open``, could not be looked for.
"""

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from sklearn.model_selection import KFold, StratifiedKFold

from .. import probes
from ..data import families
from ..stats import metrics

GENES = 4000
"""Most genes that the probe of symbol stems sees."""
KNOWS_FAMILY, KNOWS_STUDY = 0.9, 0.5
"""AUROC of the symbol stem, and rank correlation with annotations, that are worth a note."""
SURVIVES = 0.5
"""Share of a score above chance that must be left when relatives are kept out of training."""
PERFECT, FAIR = 0.99, 0.95
"""A score that is too good, where every fair model of the table stays under the second number."""
LABEL_COLUMN = 0.99
"""AUROC (or absolute rank correlation) of one column beyond which it counts as a copy of labels."""


class Finding(NamedTuple):
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
    rows: list[dict] = []


def stems(embedding, *, least=10):
    """Measure how well the vectors predict the symbol stem of a gene (``families.stem``).

    Parameters
    ----------
    embedding : Embedding
    least : int
        Fewest genes of a stem; the 20 largest are used.

    Returns
    -------
    Finding
        ``value``: mean AUROC of the linear probe in five stratified folds.
    """
    title, stem = "Relatives by symbol", np.array(families.stems(embedding.entities.tolist()))
    chosen = [s for s, n in Counter(stem.tolist()).most_common(20) if n >= least]
    inside = np.isin(stem, chosen)
    rest = np.random.default_rng(0).permutation(np.flatnonzero(~inside))
    inside[rest[: max(0, GENES - inside.sum())]] = True
    Y = np.array([stem[inside] == s for s in chosen if (stem[inside] != s).sum() >= least]).T * 1
    if not Y.size:
        few = f"No {least} genes share a symbol stem, or all do, so this was not looked at."
        return Finding(title, "open", few)
    values = _predicted(embedding.vectors[inside], Y, "binary", StratifiedKFold)
    area = float(np.mean([metrics.auroc(*pair) for pair in zip(Y.T, values.T)]))
    level, meaning = "clear", "the vectors hold little of the symbol's letters."
    if area > KNOWS_FAMILY:
        level = "note"
        meaning = (
            "the vectors know families, and a score on folds at random can be had by remembering "
            "relatives."
        )
    sentence = (
        "The letters that a gene's symbol shares with its relatives can be predicted from the "
        f"vectors with a plain mean AUROC of {area:.2f} over {Y.shape[1]} families: {meaning}"
    )
    return Finding(title, level, sentence, area)


def study(embedding, count):
    """Measure how well the vectors predict how studied a gene is.

    Parameters
    ----------
    embedding : Embedding
    count : ndarray, shape (n,), or None
        Annotations of each gene; None where there are no counts.

    Returns
    -------
    Finding
        ``value``: Spearman correlation of the counts with ridge regression's predictions out of
        fold.
    """
    title = "How studied a gene is"
    if count is None or np.ptp(count) == 0:
        none = "No annotation counts are at hand, so this was not looked at."
        return Finding(title, "open", none)
    y = np.log1p(count.astype(float))
    r = metrics.spearman(y, _predicted(embedding.vectors, y[:, None], "regression", KFold)[:, 0])
    level, meaning = "clear", "they say little about how studied a gene is."
    if r > KNOWS_STUDY:
        level = "note"
        meaning = (
            "they separate well-studied genes from others, which alone wins many tasks; mind the "
            "shortcuts."
        )
    sentence = (
        "The number of annotations of a gene can be predicted from the vectors with a rank "
        f"correlation of {r:.2f}: {meaning}"
    )
    return Finding(title, level, sentence, r)


def _predicted(X, Y, kind, divide):
    """Values out of five folds, each column on its own."""
    folds = np.empty(Y.shape, dtype=np.int8)
    for y, fold in zip(Y.T, folds.T):
        for k, (_, test) in enumerate(divide(5, shuffle=True, random_state=0).split(X, y)):
            fold[test] = k
    return probes.predict(X, Y, folds, kind=kind)


def survival(near, far, split):
    """Tell what is left of the score above chance when relatives are kept out of training.

    Parameters
    ----------
    near, far : Series
        AUROC by task on random folds and on those of ``split``; tasks in both are used.
    split : str

    Returns
    -------
    Finding
        ``value``: the share; None where there is little above chance that could be lost (a mean
        under 0.55).
    """
    title = "Relatives kept out of training"
    both = pd.DataFrame({"random": near, split: far}).dropna().rename_axis("task")
    if both.empty:
        none = f"No task could be run on the split '{split}', so this was not looked at."
        return Finding(title, "open", none)
    rows, mean = both.reset_index().to_dict("records"), both.mean()
    together = "families whole" if split == "family" else "genes of one symbol stem together"
    start = (
        f"On {len(both)} tasks the plain mean AUROC is {mean['random']:.3f} on folds at random, "
        f"{mean[split]:.3f} on folds that keep {together}"
    )
    if mean["random"] < 0.55:
        sentence = f"{start}; there is little above chance that could be lost."
        return Finding(title, "clear", sentence, None, rows)
    left = max(0.0, (mean[split] - 0.5) / (mean["random"] - 0.5))
    level, most = ("flag", "the score is") if left < SURVIVES else ("clear", "it is not")
    sentence = (
        f"{start}: {left:.0%} of what is above chance survives, so most of {most} remembered "
        "relatives."
    )
    return Finding(title, level, sentence, left, rows)


def too_good(mine, best):
    """Look for tasks solved without fault that no fair model of the table comes near.

    Parameters
    ----------
    mine, best : Series
        Own AUROC by task, and that of the best fair model or shortcut.

    Returns
    -------
    Finding
    """
    both = pd.DataFrame({"score": mine, "best of the table": best}).dropna()
    odd = both[(both.score >= PERFECT) & (both["best of the table"] < FAIR)]
    rows = odd.rename_axis("task").reset_index().to_dict("records")
    count = f"{len(odd)} of {len(both)} tasks score {PERFECT} or more where"
    level, sentence = "clear", f"{count} the table stays under {FAIR}."
    if len(odd) >= max(2, 0.02 * len(both)):
        level = "flag"
        sentence = (
            f"{count} no fair model or shortcut reaches {FAIR} (first '{odd.index[0]}'): find out "
            "whether the labels, or the data that they are made of, went into the vectors."
        )
    return Finding("Scores too good to be true", level, sentence, float(len(odd)), rows)


def label_columns(tasks, embedding):
    """Look for a single column of the vectors that is nearly the labels of a task, without a probe.

    A column counts if its AUROC for a class (against the rest), or for a regression the absolute
    Spearman correlation, is beyond ``LABEL_COLUMN``, and if chance would not give one such column
    in a hundred files of this size.

    Parameters
    ----------
    tasks, embedding : iterable of Task, Embedding

    Returns
    -------
    Finding
    """
    title, tried, copies = "Labels among the columns", 0, []
    blocks = defaultdict(lambda: defaultdict(list))  # of the same genes, then of one kind
    for task in tasks:
        blocks[task.entities_hash][task.kind].append(task)
    for block in blocks.values():
        at = embedding.rows(next(iter(block.values()))[0].entities)
        covered = at >= 0
        if covered.sum() >= 20:
            ranks = scipy.stats.rankdata(embedding.vectors[at[covered]], axis=0)
            tried += ranks.shape[1] * sum(map(len, block.values()))
            copies += [_columns(part, covered, ranks) for part in block.values()]
    copies = pd.concat(copies or [pd.DataFrame({"z": []})])
    copies = copies[copies.z > scipy.stats.norm.isf(0.005 / max(tried, 1))].drop(columns="z")
    if copies.empty:
        sentence = (
            "No column of the vectors is by itself nearly the labels of a task (none beyond "
            f"{LABEL_COLUMN})."
        )
        return Finding(title, "clear", sentence)
    rows = copies.sort_values("strength", ascending=False, kind="stable").to_dict("records")
    n, first = copies.task.nunique(), rows[0]
    sentence = (
        f"On {n} task{'s' * (n > 1)} a single column is nearly the labels themselves (column "
        f"{first['column']} for '{first['task']}': {first['strength']:.3f}), so those scores say "
        "nothing about genes."
    )
    return Finding(title, "flag", sentence, float(n), rows)


def _columns(tasks, covered, ranks):
    """Near copies of labels of tasks of one kind, with their distance from chance."""
    n, kind = len(ranks), tasks[0].kind
    names = [(t.name, label) for t in tasks for label in (t.classes or ("",))[kind == "binary" :]]
    labels = [task.labels[covered] for task in tasks]
    if kind == "multiclass":
        labels = [np.eye(len(task.classes))[y] for task, y in zip(tasks, labels)]
    Y = np.column_stack(labels)
    Y = scipy.stats.rankdata(Y, axis=0) if kind == "regression" else Y
    Y, ranks = Y - Y.mean(axis=0), ranks - ranks.mean(axis=0)
    together = np.abs(Y.T @ ranks) / n
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant is no copy
        strength = together / Y.std(axis=0)[:, None] / ranks.std(axis=0)
        z = strength * np.sqrt(n - 1)  # of the rank sum, too (Wilcoxon)
        if kind != "regression":
            strength = 0.5 + together / Y.var(axis=0)[:, None] / n  # as AUROC
    k, c = np.nonzero(strength > LABEL_COLUMN)
    task, label = np.array(names)[k].T
    shown = {"task": task, "label": label, "column": c + 1}
    return pd.DataFrame(shown | {"strength": strength[k, c].round(4), "z": z[k, c]})
