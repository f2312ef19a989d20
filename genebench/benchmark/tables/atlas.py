"""Predictions and neighbours of every gene by every model, from what a run caches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...data import families
from ...data.tasks import Task
from ...stats import influences
from .. import predictions

if TYPE_CHECKING:  # pages read gene tables, and loading what computes them takes seconds
    from ..plan import Plan

NONE = 255
"""No prediction, where a share is stored in percent."""

NEIGHBOURS = 8
"""Nearest genes by each model."""


def shares(codes: np.ndarray, fold: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Share of a gene in the AUROC of its fold, for a binary label.

    Parameters
    ----------
    codes : ndarray of shape (n_genes,)
        Predictions, higher for the positive class.
    fold : ndarray of shape (n_genes,)
    positive : ndarray of bool of shape (n_genes,)
        Whether the gene has the label.

    Returns
    -------
    ndarray of uint8 of shape (n_genes,)
        Of a positive gene the percentage of its fold's negatives that it ranks above, of a
        negative gene that of the positives that it ranks below; ties count half. ``NONE`` in a
        fold of one class. The mean over a fold's positives, or negatives, is the fold's AUROC.
    """
    fold = fold.astype(np.int64)
    placed, _ = influences.placements(positive, codes, fold, int(fold.max()) + 1)
    return np.where(np.isnan(placed), NONE, np.round(100 * placed)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Atlas:
    """Predictions of all genes under one split.

    Attributes
    ----------
    genes : ndarray of str of shape (n_genes,)
        Symbols, sorted.
    models : list of str
        Names of the models that predict more than a constant.
    labels : list of dict
        ``name``, ``task`` and ``group`` of every label that a gene has or has not.
    truth : ndarray of int8 of shape (n_labels, n_genes)
        1 has the label, 0 has not, −1 is not in the task.
    right : ndarray of uint8 of shape (n_models, n_labels, n_genes)
        ``shares`` in percent.
    exposed : ndarray of bool of shape (n_models, n_labels)
        Whether the model was trained on the labels.
    family : list of str
        Family of each gene.
    near : dict of str to (ndarray, ndarray)
        By model the places of the nearest genes and their cosine similarities (−1 to 1), each of
        shape (n_genes, ``NEIGHBOURS``); −1 where the gene has no vector.
    others : dict of int to list of dict
        By gene ``task``, ``truth`` and ``predicted`` (by model) of multiclass and regression tasks.
    """

    genes: np.ndarray
    models: list[str]
    labels: list[dict]
    truth: np.ndarray
    right: np.ndarray
    exposed: np.ndarray
    family: list[str]
    near: dict[str, tuple[np.ndarray, np.ndarray]]
    others: dict[int, list[dict]]


def gather(plan: Plan, *, by: str = "stem") -> Atlas | None:
    """Collect cached predictions of the first split and probe of a plan, and cached vectors.

    Parameters
    ----------
    plan : Plan of a whole profile
    by : {"stem", "hgnc"}, rule of ``families.families``

    Returns
    -------
    Atlas or None, where the predictions are not on this machine
    """
    models, first = plan.models, (plan.profile.splits[0], plan.profile.probes[0])
    names = [m for m, spec in models.items() if spec.family != "control"]
    names.sort(key=lambda m: models[m].family == "shortcut")
    cells = [c for c in plan.cells if c.model in names and (c.split, c.probe) == first]
    if not all(plan.embedding_path(name).exists() for name in names):
        return None
    if not all(predictions.path(plan.path(cell)).exists() for cell in cells):
        return None
    genes, labels, start, truth = plan.universe, [], {}, []
    chosen = [plan.tasks[t] for t in dict.fromkeys(t for c in cells for t in c.tasks)]
    for task in (t for t in chosen if t.kind in ("binary", "multilabel")):
        start[task.name], about = len(labels), {"task": task.name, "group": task.group}
        labels += [{"name": name, **about} for name in _label_names(task)]
        rows = np.full((len(labels) - len(truth), len(genes)), -1, dtype=np.int8)
        rows[:, np.searchsorted(genes, task.entities)] = task.labels.reshape(len(task), -1).T
        truth += list(rows)
    truth = np.array(truth, dtype=np.int8).reshape(-1, len(genes))
    right = np.full((len(names), *truth.shape), NONE, dtype=np.uint8)
    listed = [t for t in chosen if t.kind in ("multiclass", "regression")]
    words = {t.name: np.full((len(t), len(names)), "", dtype=object) for t in listed}
    for cell in cells:
        m = names.index(cell.model)
        for (name, repeat), one in predictions.load(plan.path(cell)).items():
            task = plan.tasks[name]
            if repeat == 0 and name in start:
                at = np.searchsorted(genes, task.entities[one.rows])
                for i, code in enumerate(one.codes.reshape(len(at), -1).T, start=start[name]):
                    right[m, i, at] = shares(code, one.fold, truth[i, at] > 0)
            elif repeat == 0 and name in words:
                words[name][one.rows, m] = _words(task, one.values)
    kept = [m for m, shown in enumerate(right) if not np.isin(shown, (50, NONE)).all()]
    names = [names[m] for m in kept]
    exposed = [[models[m].exposed_on(label["task"]) for label in labels] for m in names]
    others = defaultdict(list)
    for task in listed:
        at, said = (
            np.searchsorted(genes, task.entities).tolist(),
            words[task.name][:, kept].tolist(),
        )
        for gene, true, predicted in zip(at, _words(task, task.labels), said):
            others[gene].append({"task": task.name, "truth": str(true), "predicted": predicted})
    return Atlas(
        genes,
        names,
        labels,
        truth,
        right[kept],
        np.array(exposed, dtype=bool).reshape(len(names), len(labels)),
        families.families(genes, plan.declared.sources, by=by),
        _nearest(plan, names),
        others,
    )


def _label_names(task: Task) -> list[str]:
    """Name of each label; of a contrast that of its positive class."""
    if task.kind == "multilabel":
        return [f"{task.title}: {c}" for c in task.classes]
    plain = task.classes[0] in ("absent", "No")
    return [task.title if plain else f"{task.title}: {task.classes[1]}"]


def _words(task: Task, values: np.ndarray) -> np.ndarray:
    """True or predicted classes, or percentiles."""
    if task.kind == "regression":
        rank = pd.Series(values).rank(pct=True).mul(100).round().astype(int)
        return (rank.astype(str) + " %").to_numpy(object)
    return np.array(task.classes)[values if values.ndim == 1 else values.argmax(axis=1)]


def _nearest(plan: Plan, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Nearest genes by cosine, of models that are no shortcut and have two dimensions or more."""
    from sklearn.neighbors import NearestNeighbors

    out = {}
    for name in (name for name in names if plan.models[name].family != "shortcut"):
        embedding = plan.embedding(name)
        if embedding.vectors.shape[1] < 2 or len(embedding.vectors) <= NEIGHBOURS:
            continue
        search = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine", algorithm="brute")
        distance, at = search.fit(embedding.vectors).kneighbors()
        place = np.searchsorted(plan.universe, embedding.entities)
        nearest = np.full((len(plan.universe), NEIGHBOURS), -1)
        cosine = np.zeros(nearest.shape)
        nearest[place], cosine[place] = place[at], 1 - distance
        out[name] = nearest, cosine
    return out
