"""Whether the labels of a task are among the columns of unknown vectors."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import scipy
from scipy.spatial.distance import cdist

from ..data.tasks import Task
from ..models import Embedding
from .leaks import Finding

LABEL_COLUMN = 0.99
"""AUROC (or absolute rank correlation) of one column beyond which it counts as a copy of labels."""


def label_columns(tasks: Iterable[Task], embedding: Embedding) -> Finding:
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
    blocks: dict[str, list[Task]] = {}
    for task in tasks:
        blocks.setdefault(task.entities_hash, []).append(task)
    for block in blocks.values():
        at = embedding.rows(block[0].entities)
        covered = at >= 0
        if covered.sum() >= 20:
            ranks = scipy.stats.rankdata(embedding.vectors[at[covered]], axis=0)
            for task in block:
                copies += _columns(task, task.labels[covered], ranks)
                tried += ranks.shape[1]
    limit = scipy.stats.norm.isf(0.005 / max(tried, 1))
    rows = [row for row in copies if row.pop("z") > limit]
    if not rows:
        sentence = (
            "No column of the vectors is by itself nearly the labels of a task (none beyond "
            f"{LABEL_COLUMN})."
        )
        return Finding(title, "clear", sentence)
    rows.sort(key=lambda row: -row["strength"])
    n, first = len({row["task"] for row in rows}), rows[0]
    sentence = (
        f"On {n} task{'s' * (n > 1)} a single column is nearly the labels themselves (column "
        f"{first['column']} for '{first['task']}': {first['strength']:.3f}), so those scores say "
        "nothing about genes."
    )
    return Finding(title, "flag", sentence, float(n), rows)


def _columns(task: Task, labels: np.ndarray, ranks: np.ndarray) -> list[dict]:
    """Near copies of a task's labels, each with its distance ``z`` from chance."""
    n, names = len(ranks), task.classes or ("",)
    if task.kind == "regression":
        strength = np.abs(1 - cdist(scipy.stats.rankdata(labels)[None], ranks.T, "correlation"))
        z = strength * np.sqrt(n - 1)
    else:
        Y = labels.astype(float) if task.kind == "multilabel" else np.eye(len(names))[labels]
        if task.kind == "binary":
            Y, names = Y[:, 1:], names[1:]
        positive = Y.sum(axis=0)[:, None]
        size = np.where(positive * (n - positive) > 0, positive * (n - positive), np.nan)
        area = (Y.T @ ranks - positive * (positive + 1) / 2) / size
        strength = np.maximum(area, 1 - area)
        z = (strength - 0.5) / np.sqrt((n + 1) / (12 * size))
    k, c = np.nonzero(strength > LABEL_COLUMN)
    shown = {"task": task.name, "label": np.array(names)[k], "column": c + 1}
    found = pd.DataFrame(shown | {"strength": strength[k, c].round(4), "z": z[k, c]})
    return found.to_dict("records")
