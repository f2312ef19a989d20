"""What the models say of each gene, from the out-of-fold predictions and vectors that a run caches.

Written as ``data/results/<profile>/genes.parquet``, one row a gene; no model is fitted here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache, paths
from ..core.specs import Declarations, ModelSpec
from ..data import families, sources
from ..data.tasks import Task
from . import predictions, results

if TYPE_CHECKING:
    from .plan import Plan

NONE = 255
"""No prediction, where a share is stored in percent."""

NEIGHBOURS, ALARMS, RELATIVES = 8, 6, 40
"""Per gene: neighbours of each model, false alarms, and relatives that are listed."""

_META = b"genebench"


def path(profile: str) -> Path:
    """Where the gene table of a profile lies.

    Parameters
    ----------
    profile : str
        Name of the profile.

    Returns
    -------
    Path
        ``data/results/<profile>/genes.parquet``.
    """
    return paths.results(profile) / "genes.parquet"


def shares(codes: np.ndarray, fold: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Share of a gene in the AUROC of its fold, for a binary label.

    Parameters
    ----------
    codes : ndarray of shape (n_genes,)
        Predictions, higher for the positive class.
    fold : ndarray of shape (n_genes,)
        In which fold each gene was tested.
    positive : ndarray of bool of shape (n_genes,)
        Whether the gene has the label.

    Returns
    -------
    ndarray of uint8 of shape (n_genes,)
        Of a positive gene the percentage of its fold's negatives that it ranks above, of a
        negative gene that of the positives that it ranks below; ties count half. ``NONE`` in a
        fold of one class. The mean over a fold's positives, or negatives, is the fold's AUROC.
    """
    out = np.full(len(codes), NONE, dtype=np.uint8)
    for f in np.unique(fold):
        plus, minus = (fold == f) & positive, (fold == f) & ~positive
        if not plus.any() or not minus.any():
            continue
        for mine, others, sign in ((plus, minus, 1), (minus, plus, -1)):
            ranked = np.sort(codes[others])
            below = np.searchsorted(ranked, codes[mine], "left")
            share = (below + np.searchsorted(ranked, codes[mine], "right")) / 2 / len(ranked)
            out[mine] = np.round(100 * (share if sign > 0 else 1 - share))
    return out


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
    others : list of tuple
        (gene, task, truth, predictions by model) of multiclass and regression tasks.
    near : dict of str to (ndarray, ndarray)
        By model the places of the nearest genes and their cosine similarities (−1 to 1), each of
        shape (n_genes, ``NEIGHBOURS``); −1 where the gene has no vector.
    family : list of str
        Family of each gene.
    """

    genes: np.ndarray
    models: list[str]
    labels: list[dict]
    truth: np.ndarray
    right: np.ndarray
    exposed: np.ndarray
    others: list[tuple[int, str, str, list[str]]]
    near: dict[str, tuple[np.ndarray, np.ndarray]]
    family: list[str]


def gather(plan: Plan, *, by: str = "stem") -> Atlas | None:
    """Collect cached predictions of the first split and probe of a plan, and cached vectors.

    Parameters
    ----------
    plan : Plan
        Of a whole profile.
    by : {"stem", "hgnc"}
        Rule of ``families.families``.

    Returns
    -------
    Atlas or None
        None where the predictions are not on this machine.
    """
    models, first = plan.models, (plan.profile.splits[0], plan.profile.probes[0])
    names = [m for m in _ordered(models) if models[m].family != "control"]
    cells = [c for c in plan.cells if c.model in names and (c.split, c.probe) == first]
    if not all(plan.embedding_path(name).exists() for name in names):
        return None
    files = {cell: plan.path(cell) for cell in cells}
    if not all(predictions.path(file).exists() for file in files.values()):
        return None
    chosen = [plan.tasks[t] for t in dict.fromkeys(t for c in cells for t in c.tasks)]
    labels, truth, places = _labels(plan.universe, chosen)
    right = np.full((len(names), *truth.shape), NONE, dtype=np.uint8)
    others: dict[tuple[str, str], predictions.Predictions] = {}
    for cell, file in files.items():
        for (name, repeat), predicted in predictions.load(file).items():
            task = plan.tasks[name]
            if repeat == 0 and name in places:
                rows = right[names.index(cell.model), places[name]]
                _fill(rows, task, predicted, plan.universe)
            elif repeat == 0 and task.kind in ("multiclass", "regression"):
                others[name, cell.model] = predicted
    constant = [np.isin(rows, (50, NONE)).all() for rows in right]
    kept = [i for i, same in enumerate(constant) if not same]
    names = [names[i] for i in kept]
    exposed = [[models[m].exposed_on(label["task"]) for label in labels] for m in names]
    return Atlas(
        plan.universe,
        names,
        labels,
        truth,
        right[kept],
        np.array(exposed, dtype=bool).reshape(len(names), len(labels)),
        _other_tasks(plan.universe, chosen, names, others),
        _nearest(plan, names),
        families.families(plan.universe, plan.declared.sources, by=by),
    )


def _ordered(models: Mapping[str, ModelSpec]) -> list[str]:
    """Models before shortcuts, each in the order of the declarations."""
    return sorted(models, key=lambda m: models[m].family == "shortcut")


def _labels(universe: np.ndarray, tasks: list[Task]):
    """Labels of binary and multilabel tasks, their truth, and where each task has its labels."""
    labels, rows, places = [], [], {}
    for task in tasks:
        if task.kind not in ("binary", "multilabel"):
            continue
        columns = task.labels[:, None] if task.kind == "binary" else task.labels
        names = _label_names(task)
        places[task.name] = slice(len(labels), len(labels) + len(names))
        at = np.searchsorted(universe, task.entities)
        for name, column in zip(names, columns.T):
            row = np.full(len(universe), -1, dtype=np.int8)
            row[at] = column
            rows.append(row)
            labels.append({"name": name, "task": task.name, "group": task.group})
    return labels, np.array(rows, dtype=np.int8).reshape(-1, len(universe)), places


def _label_names(task: Task) -> list[str]:
    """Name of each label; of a contrast that of its positive class."""
    if task.kind == "multilabel":
        return [f"{task.title}: {c}" for c in task.classes]
    plain = task.classes[0] in ("absent", "No")
    return [task.title if plain else f"{task.title}: {task.classes[1]}"]


def _fill(rows: np.ndarray, task: Task, predicted, universe: np.ndarray) -> None:
    """Write the shares of one task's labels into their rows."""
    at = np.searchsorted(universe, task.entities[predicted.rows])
    codes = predicted.codes.reshape(len(at), -1)
    truth = (task.labels[predicted.rows] > 0).reshape(len(at), -1)
    for row, column, positive in zip(rows, codes.T, truth.T):
        row[at] = shares(column, predicted.fold, positive)


def _other_tasks(universe, tasks: list[Task], models: list[str], predicted: dict) -> list[tuple]:
    """True and predicted class, or percentile, of multiclass and regression tasks."""
    out = []
    for task in (t for t in tasks if t.kind in ("multiclass", "regression")):
        words = np.full((len(task), len(models)), "", dtype=object)
        classes = np.array(task.classes) if task.kind == "multiclass" else None
        for m, name in enumerate(models):
            if (found := predicted.get((task.name, name))) is None:
                continue
            values = found.values
            words[found.rows, m] = (
                _percentiles(values) if classes is None else classes[values.argmax(axis=1)]
            )
        truth = _percentiles(task.labels) if classes is None else classes[task.labels]
        at = np.searchsorted(universe, task.entities)
        out += [(int(g), task.name, str(t), list(w)) for g, t, w in zip(at, truth, words)]
    return out


def _percentiles(values: np.ndarray) -> np.ndarray:
    rank = pd.Series(values).rank(pct=True).mul(100).round().astype(int)
    return np.array([f"{v} %" for v in rank], dtype=object)


def _nearest(plan: Plan, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Nearest genes by cosine, of models that are no shortcut and have two dimensions or more."""
    from sklearn.neighbors import NearestNeighbors

    out = {}
    for name in names:
        if plan.models[name].family == "shortcut":
            continue
        embedding = plan.embedding(name)
        vectors = embedding.vectors
        if vectors.shape[1] < 2 or len(vectors) <= NEIGHBOURS:
            continue
        search = NearestNeighbors(
            n_neighbors=NEIGHBOURS + 1, metric="cosine", algorithm="brute"
        ).fit(vectors)
        distance, at = search.kneighbors(vectors)
        itself = at == np.arange(len(at))[:, None]
        first = np.argsort(itself, axis=1, kind="stable")[:, :NEIGHBOURS]  # itself last, cut off
        place = np.searchsorted(plan.universe, embedding.entities)
        nearest = np.full((len(plan.universe), NEIGHBOURS), -1)
        cosine = np.zeros(nearest.shape)
        nearest[place] = place[np.take_along_axis(at, first, 1)]
        cosine[place] = 1 - np.take_along_axis(distance, first, 1)
        out[name] = nearest, cosine
    return out


def rows(atlas: Atlas, models: Mapping[str, ModelSpec]) -> list[dict[str, Any]]:
    """Turn an atlas into one row per gene.

    Parameters
    ----------
    atlas : Atlas
        What was gathered.
    models : mapping of str to ModelSpec
        Declared models by name.

    Returns
    -------
    list of dict
        ``gene``; ``labels`` that it has (places, the most missed first) with the ``shares`` of
        every model in percent; ``absent``, the number that it has not, with the ``alarms`` that
        models would most readily give it and their shares; ``means`` and ``counts`` of the shares
        of each model over the labels that it was not trained on; ``verdict`` (see ``_verdict``);
        ``others`` (task, truth, predictions); ``family``, ``relatives`` (those of a like symbol
        first), ``alike`` and ``size`` (numbers); and ``near``, by model the nearest genes with
        cosine and whether they are relatives.
    """
    kin, stem = defaultdict(list), families.stems(atlas.genes)
    for i, name in enumerate(atlas.family):
        kin[name].append(i)
    others = defaultdict(list)
    for gene, task, truth, predicted in atlas.others:
        others[gene].append({"task": task, "truth": truth, "predicted": predicted})
    hidden = atlas.exposed[:, :, None] | (atlas.right == NONE)
    fair = np.where(hidden, np.nan, atlas.right.astype(np.float32))
    shortcut = np.array([models[m].family == "shortcut" for m in atlas.models])
    out = []
    for g, symbol in enumerate(atlas.genes):
        has, absent = (np.flatnonzero(atlas.truth[:, g] == value) for value in (1, 0))
        has = has[np.argsort(_mean(fair[:, has, g], 101.0), kind="stable")]
        alarms = absent[np.argsort(_mean(fair[:, absent, g], 100.0), kind="stable")[:ALARMS]]
        mean, count = _mean(fair[:, has, g].T, np.nan), np.isfinite(fair[:, has, g]).sum(axis=1)
        relatives = sorted((i for i in kin[atlas.family[g]] if i != g), key=_unlike(stem, g))
        family = {g, *relatives}
        out.append(
            {
                "gene": str(symbol),
                "labels": has.tolist(),
                "shares": atlas.right[:, has, g].T.tolist(),
                "absent": len(absent),
                "alarms": alarms.tolist(),
                "alarm_shares": atlas.right[:, alarms, g].T.tolist(),
                "means": [None if np.isnan(v) else round(float(v), 2) for v in mean],
                "counts": count.tolist(),
                "verdict": _verdict(fair[:, has, g], mean, count, shortcut),
                "others": others.get(g, []),
                "family": atlas.family[g],
                "relatives": relatives[:RELATIVES],
                "alike": sum(stem[i] == stem[g] for i in relatives),
                "size": len(relatives),
                "near": [_neighbours(a[g], c[g], family) for a, c in atlas.near.values()],
            }
        )
    return out


def _unlike(stem: list[str], gene: int):
    return lambda i: stem[i] != stem[gene]


def _mean(values: np.ndarray, empty: float) -> np.ndarray:
    """Mean over the first axis of what is finite; ``empty`` where nothing is."""
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), empty)


def _verdict(fair: np.ndarray, mean: np.ndarray, count: np.ndarray, shortcut: np.ndarray) -> dict:
    """The best model beside the best shortcut, on the labels that both have predictions of.

    A model that has predictions for less than half of the labels of the broadest is left out.
    """
    order = np.argsort(-mean, kind="stable")
    broad = [m for m in order if count[m] and 2 * count[m] >= count.max()]
    best = next((m for m in broad if not shortcut[m]), None)
    other = next((m for m in broad if shortcut[m]), None)
    if best is None:
        return {}
    pair = fair[[best] if other is None else [best, other]]
    pair = pair[:, np.isfinite(pair).all(axis=0)]
    if not pair.shape[1]:
        return {}
    score = np.floor(pair.mean(axis=1) + 0.5).astype(int)
    facts = {"model": int(best), "score": int(score[0]), "labels": pair.shape[1]}
    return facts if other is None else facts | {"shortcut": int(other), "other": int(score[1])}


def _neighbours(at: np.ndarray, cosine: np.ndarray, family: set[int]) -> list[dict]:
    found = [(int(i), round(float(c), 2)) for i, c in zip(at, cosine) if i >= 0]
    return [{"gene": i, "cosine": c, "kin": i in family} for i, c in found]


def refresh(profile: str, declared: Declarations) -> bool:
    """Write the gene table of a profile where its predictions are cached and it is out of date.

    Relatives are those of HGNC where its table is at hand, else symbol stems; nothing is fetched.

    Parameters
    ----------
    profile : str
        Name of the profile.
    declared : Declarations
        Where its models and sources are looked up.

    Returns
    -------
    bool
        Whether it was written.
    """
    from . import plan

    models, hgnc = declared.models, declared.sources.get("hgnc")
    by = "hgnc" if hgnc and sources.status(hgnc)[0] == "ready" else "stem"
    of = {"scores": cache.digest(results.scores_path(profile)), "by": by}
    of |= {"exposed": cache.key({m: s.exposed for m, s in models.items()})}
    old = read(profile)
    if old is not None and old[1].get("of") == of:
        return False
    whole = plan.make(profile, declared=declared)
    atlas = gather(whole, by=by)
    if atlas is None:
        return False
    tasks = sorted({task for _, task, _, _ in atlas.others})
    about = {
        "of": of,
        "labels": atlas.labels,
        "models": atlas.models,
        "exposed": atlas.exposed.astype(int).tolist(),
        "tasks": {t: whole.tasks[t].title for t in tasks},
        "read": {t: [int(models[m].exposed_on(t)) for m in atlas.models] for t in tasks},
        "near": list(atlas.near),
        "rule": families.RULES[by],
    }
    table = pa.Table.from_pylist(rows(atlas, models))
    table = table.replace_schema_metadata({_META: json.dumps(about).encode()})
    with cache.atomic(path(profile)) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return True


def read(profile: str) -> tuple[list[dict[str, Any]], dict[str, Any]] | None:
    """Read the gene table of a profile.

    Parameters
    ----------
    profile : str
        Name of the profile.

    Returns
    -------
    tuple of (list of dict, dict) or None
        The rows (see ``rows``), and what they refer to: ``labels``, ``models``, ``exposed``,
        ``tasks``, ``read``, ``near`` and ``rule``. None where the table does not exist.
    """
    if not path(profile).exists():
        return None
    table = pq.read_table(path(profile))
    return table.to_pylist(), json.loads(table.schema.metadata[_META])
