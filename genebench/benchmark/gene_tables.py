"""What the models say of each gene, from the out-of-fold predictions and vectors that a run caches.

Written as ``data/results/<profile>/genes.parquet``, one row a gene; no model is fitted here.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache, manifest, paths
from ..data import families, sources
from ..data.tasks import Task
from ..stats import influences
from . import predictions, results

NONE = 255
"""No prediction, where a share is stored in percent."""

NEIGHBOURS = 8
"""Nearest genes by each model."""

ALARMS, RELATIVES = 6, 40
"""Per gene: false alarms, and relatives that are listed."""

_META = b"genebench"


def shares(codes, fold, positive):
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
    placed, _ = influences.placements(positive, codes, fold)
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


def gather(plan, *, by="stem"):
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
    there = all(plan.embedding_path(name).exists() for name in names)
    if not there or not all(predictions.path(plan.path(cell)).exists() for cell in cells):
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
            if repeat:
                continue
            if name in start:
                at = np.searchsorted(genes, task.entities[one.rows])
                for i, code in enumerate(one.codes.reshape(len(at), -1).T, start=start[name]):
                    right[m, i, at] = shares(code, one.fold, truth[i, at] > 0)
            elif name in words:
                words[name][one.rows, m] = _words(task, one.values)
    kept = [m for m, shown in enumerate(right) if not np.isin(shown, (50, NONE)).all()]
    names = [names[m] for m in kept]
    exposed = [[models[m].exposed_on(label["task"]) for label in labels] for m in names]
    others = defaultdict(list)
    for task in listed:
        at = np.searchsorted(genes, task.entities).tolist()
        said = words[task.name][:, kept].tolist()
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


def _nearest(plan, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
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


def path(profile: str) -> Path:
    """Where the gene table of a profile lies."""
    return results.beside_path(profile, "genes.parquet")


def rows(atlas, models):
    """Turn an atlas into one row per gene.

    Parameters
    ----------
    atlas : Atlas
    models : mapping of str to ModelSpec

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
    shortcut = np.array([models[m].family == "shortcut" for m in atlas.models])
    kin, stem, out = defaultdict(list), np.array(families.stems(atlas.genes)), []
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
        near = [
            [
                {"gene": i, "cosine": round(c, 2), "kin": i == g or i in relatives}
                for i, c in zip(at[g].tolist(), cosine[g].tolist())
                if i >= 0
            ]
            for at, cosine in atlas.near.values()
        ]
        out.append(
            {
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
                "near": near,
            }
        )
    return out


def _mean(values: np.ma.MaskedArray, empty: float) -> np.ndarray:
    """Mean over the first axis of what is there; ``empty`` where nothing is."""
    return np.ma.filled(values.mean(axis=0).astype(float), empty)


def _verdict(fair, mean: np.ndarray, count: np.ndarray, shortcut: np.ndarray) -> dict:
    """The best model beside the best shortcut, on the labels that both have predictions of.

    A model that has predictions for less than half of the labels of the broadest is left out.
    """
    order = np.argsort(-mean, kind="stable").tolist()
    broad = [m for m in order if count[m] and 2 * count[m] >= count.max()]
    best, other = ([m for m in broad if shortcut[m] == side][:1] for side in (False, True))
    values = fair[best + other]
    values = values[:, ~values.mask.any(axis=0)]
    if not best or not values.shape[1]:
        return {}
    score = np.floor(values.mean(axis=1) + 0.5).astype(int).tolist()
    facts = {"model": best[0], "score": score[0], "labels": values.shape[1]}
    return facts | ({"shortcut": other[0], "other": score[1]} if other else {})


def refresh(profile, declared):
    """Write the gene table of a profile where its predictions are cached and it is out of date.

    Relatives are those of HGNC where its table is at hand, else symbol stems; nothing is fetched.

    Parameters
    ----------
    profile : str
    declared : Declarations

    Returns
    -------
    bool, whether it was written
    """
    from . import plan

    models, hgnc = declared.models, declared.sources.get("hgnc")
    fitted = (m for m in declared.profile(profile).models if models[m].family != "control")
    if not all((paths.CELLS / m).is_dir() for m in fitted):  # before any file is read
        return False
    by = "hgnc" if hgnc and sources.status(hgnc)[0] == "ready" else "stem"
    of = {
        "scores": cache.digest(results.scores_path(profile)),
        "by": by,
        "exposed": cache.key({m: s.exposed for m, s in models.items()}),
    }
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
    manifest.note(path(profile))
    return True


def read(profile):
    """Read the rows of a gene table (see ``rows``), and what they refer to (see ``refresh``).

    Parameters
    ----------
    profile : str

    Returns
    -------
    tuple of (list of dict, dict), or None where the table does not exist
    """
    if not path(profile).exists():
        return None
    table = pq.read_table(path(profile))
    return table.to_pylist(), json.loads(table.schema.metadata[_META])
