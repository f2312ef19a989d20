"""What the models say of each gene, from the out-of-fold predictions and vectors that a run caches.

Written as ``data/results/<profile>/genes.parquet``, one row a gene; no model is fitted here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache
from ..core.specs import Declarations, ModelSpec
from ..data import families, sources
from ..data.tasks import Task
from ..stats import bootstrap
from . import predictions, results

if TYPE_CHECKING:
    from .plan import Plan

NONE = 255
"""No prediction, where a share is stored in percent."""

NEIGHBOURS, ALARMS, RELATIVES = 8, 6, 40
"""Per gene: neighbours of each model, false alarms, and relatives that are listed."""

_META = b"genebench"


def path(profile: str) -> Path:
    """Where the gene table of a profile lies."""
    return results.beside_path(profile, "genes.parquet")


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
    placed, _ = bootstrap.placements(positive, codes, fold, int(fold.max()) + 1)
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
    others: dict[int, list[dict]] = field(default_factory=lambda: defaultdict(list))


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
    names = [m for m, spec in models.items() if spec.family != "control"]
    names.sort(key=lambda m: models[m].family == "shortcut")
    cells = [c for c in plan.cells if c.model in names and (c.split, c.probe) == first]
    needed = map(plan.embedding_path, names)
    if not all(file.exists() for file in needed):
        return None
    files = {cell: plan.path(cell) for cell in cells}
    if not all(predictions.path(file).exists() for file in files.values()):
        return None
    predicted = {
        (cell.model, name): one
        for cell, file in files.items()
        for (name, repeat), one in predictions.load(file).items()
        if repeat == 0
    }
    labels, truth, right = [], [], []
    chosen = [plan.tasks[t] for t in dict.fromkeys(t for c in cells for t in c.tasks)]
    for task in (t for t in chosen if t.kind in ("binary", "multilabel")):
        at = np.searchsorted(plan.universe, task.entities)
        columns = task.labels.reshape(len(task), -1).T
        shown = np.full((len(names), len(columns), len(plan.universe)), NONE, dtype=np.uint8)
        for m, model in enumerate(names):
            if one := predicted.get((model, task.name)):
                codes = one.codes.reshape(len(one.rows), -1).T
                for row, code, column in zip(shown[m], codes, columns):
                    row[at[one.rows]] = shares(code, one.fold, column[one.rows] > 0)
        right.append(shown)
        truth.append(np.full(shown.shape[1:], -1, dtype=np.int8))
        truth[-1][:, at] = columns
        about = {"task": task.name, "group": task.group}
        labels += [{"name": name, **about} for name in _label_names(task)]
    nothing = np.zeros((len(names), 0, len(plan.universe)))
    right = np.concatenate([nothing.astype(np.uint8), *right], axis=1)
    kept = [m for m, rows in enumerate(right) if not np.isin(rows, (50, NONE)).all()]
    names = [names[m] for m in kept]
    exposed = [[models[m].exposed_on(label["task"]) for label in labels] for m in names]
    atlas = Atlas(
        plan.universe,
        names,
        labels,
        np.concatenate([nothing[0].astype(np.int8), *truth]),
        right[kept],
        np.array(exposed, dtype=bool).reshape(len(names), len(labels)),
        families.families(plan.universe, plan.declared.sources, by=by),
        _nearest(plan, names),
    )
    for task in (t for t in chosen if t.kind in ("multiclass", "regression")):
        words = np.full((len(task), len(names)), "", dtype=object)
        for m, model in enumerate(names):
            if one := predicted.get((model, task.name)):
                words[one.rows, m] = _words(task, one.values)
        at = np.searchsorted(plan.universe, task.entities)
        for gene, true, said in zip(at.tolist(), _words(task, task.labels), words.tolist()):
            atlas.others[gene].append({"task": task.name, "truth": str(true), "predicted": said})
    return atlas


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


def rows(atlas: Atlas, models: Mapping[str, ModelSpec]) -> list[dict[str, Any]]:
    """Turn an atlas into one row per gene.

    Parameters
    ----------
    atlas : Atlas
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
    return list(_rows(atlas, np.array([models[m].family == "shortcut" for m in atlas.models])))


def _rows(atlas: Atlas, shortcut: np.ndarray) -> Iterator[dict[str, Any]]:
    kin, stem = defaultdict(list), np.array(families.stems(atlas.genes))
    for i, name in enumerate(atlas.family):
        kin[name].append(i)
    hidden = atlas.exposed[:, :, None] | (atlas.right == NONE)
    fair = np.ma.array(atlas.right.astype(np.float32), mask=hidden)
    for g, symbol in enumerate(atlas.genes):
        has, absent = (np.flatnonzero(atlas.truth[:, g] == value) for value in (1, 0))
        has = has[np.argsort(_mean(fair[:, has, g], 101.0), kind="stable")]
        alarms = absent[np.argsort(_mean(fair[:, absent, g], 100.0), kind="stable")[:ALARMS]]
        mean, count = _mean(fair[:, has, g].T, np.nan), fair[:, has, g].count(axis=1)
        relatives = np.array([i for i in kin[atlas.family[g]] if i != g], dtype=int)
        unlike = stem[relatives] != stem[g]
        near = [zip(at[g].tolist(), cosine[g].tolist()) for at, cosine in atlas.near.values()]
        yield {
            "gene": str(symbol),
            "labels": has.tolist(),
            "shares": atlas.right[:, has, g].T.tolist(),
            "absent": len(absent),
            "alarms": alarms.tolist(),
            "alarm_shares": atlas.right[:, alarms, g].T.tolist(),
            "means": [None if np.isnan(v) else round(v, 2) for v in mean.tolist()],
            "counts": count.tolist(),
            "verdict": _verdict(fair[:, has, g], mean, count, shortcut),
            "others": atlas.others.get(g, []),
            "family": atlas.family[g],
            "relatives": relatives[np.argsort(unlike, kind="stable")][:RELATIVES].tolist(),
            "alike": int((~unlike).sum()),
            "size": len(relatives),
            "near": [
                [
                    {"gene": i, "cosine": round(c, 2), "kin": i == g or i in relatives}
                    for i, c in pairs
                    if i >= 0
                ]
                for pairs in near
            ],
        }


def _mean(values: np.ma.MaskedArray, empty: float) -> np.ndarray:
    """Mean over the first axis of what is there; ``empty`` where nothing is."""
    return np.ma.filled(values.mean(axis=0).astype(float), empty)


def _verdict(fair, mean: np.ndarray, count: np.ndarray, shortcut: np.ndarray) -> dict:
    """The best model beside the best shortcut, on the labels that both have predictions of.

    A model that has predictions for less than half of the labels of the broadest is left out.
    """
    order = np.argsort(-mean, kind="stable")
    broad = [m for m in order if count[m] and 2 * count[m] >= count.max()]
    pair = [next((m for m in broad if shortcut[m] == side), None) for side in (False, True)]
    if pair[0] is None:
        return {}
    both = [m for m in pair if m is not None]
    values = fair[both]
    values = values[:, ~values.mask.any(axis=0)]
    if not values.shape[1]:
        return {}
    score = np.floor(values.mean(axis=1) + 0.5).astype(int).tolist()
    facts = {"model": int(pair[0]), "score": score[0], "labels": values.shape[1]}
    return facts | dict(zip(("shortcut", "other"), [int(both[1]), score[1]] if both[1:] else []))


def refresh(profile: str, declared: Declarations) -> bool:
    """Write the gene table of a profile where its predictions are cached and it is out of date.

    Relatives are those of HGNC where its table is at hand, else symbol stems; nothing is fetched.

    Parameters
    ----------
    profile : str
    declared : Declarations

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
    tasks = sorted({other["task"] for part in atlas.others.values() for other in part})
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
