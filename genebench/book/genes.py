"""Gene pages: labels of each gene, what the kept predictions say of it, its neighbours and relatives, as static shards.

No model is fitted: everything comes from the out-of-fold predictions and vectors that a run has kept.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from ..benchmark import plan, predictions
from ..core import specs
from ..core.errors import BadInput
from ..data import families, sources
from ..data.tasks import Task
from ..models import inference
from . import leaderboard, show
from .figures import ordered

NONE = 255
"""Stands for no prediction, where a share is kept in percent."""
NEIGHBOURS, ALARMS, RELATIVES, SHARD = 8, 6, 40, 64
"""Per gene: neighbours of each model, false alarms, relatives that are listed; and genes of a shard."""


def shares(codes: np.ndarray, fold: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """How right a prediction is about each gene of a binary label: what the gene adds to the AUROC of its fold.

    Args: codes: predictions, higher for the positive class, (n,). fold: (n,). positive: (n,) bool.
    Returns: of a positive gene the share of its fold's negatives that it lies above, of a negative gene the share of
    the positives that it lies below (ties count half), in percent, uint8 (n,); ``NONE`` where a fold has one class.
    The mean over a fold's positives, or negatives, is the fold's AUROC.
    """
    out = np.full(len(codes), NONE, dtype=np.uint8)
    for f in np.unique(fold):
        at = fold == f
        plus, minus = at & positive, at & ~positive
        if not plus.any() or not minus.any():
            continue
        for mine, others, sign in ((plus, minus, 1), (minus, plus, -1)):
            held = np.sort(codes[others])
            beaten = np.searchsorted(held, codes[mine], "left") + np.searchsorted(
                held, codes[mine], "right"
            )
            share = beaten / 2 / len(held)
            out[mine] = np.round(100 * (share if sign > 0 else 1 - share))
    return out


@dataclass(frozen=True, eq=False)
class Atlas:
    """What the gene pages show.

    Attributes:
        genes: symbols, sorted, (N,). models: their names, (M,). labels: (L,), each with ``name``, ``task``, ``group``.
        truth: 1 has the label, 0 has not, −1 not asked, (L, N) int8. right: ``shares`` in percent, (M, L, N) uint8.
        told: rows of ``(gene, task, truth, predictions)`` of the tasks that are no yes or no.
        near: model → (indices of genes, cosine) of the nearest neighbours, (N, k) each, −1 where there is no vector.
        family: of each gene, (N,).
    """

    genes: np.ndarray
    models: list[str]
    labels: list[dict]
    truth: np.ndarray
    right: np.ndarray
    told: list[tuple[int, str, str, list[str]]]
    near: dict[str, tuple[np.ndarray, np.ndarray]]
    family: list[str]


def atlas(profile: str) -> Atlas:
    """Gather everything, from the kept predictions of the first split and probe and from the kept vectors.

    Raises: BadInput: the predictions are not on this machine (only their scores are).
    """
    held = plan.context(profile)
    models = [m for m in ordered(held.profile.models) if specs.model(m).family != "control"]
    planned = [c for c in plan.plan(profile, split=held.profile.splits[0]) if c.model in models]
    planned = [c for c in planned if c.probe == held.profile.probes[0]]
    if not all(predictions.path(plan.cell_path(c)).exists() for c in planned):
        raise BadInput(
            f"the predictions of profile '{profile}' are not on this machine; run 'genebench run --profile {profile}'."
        )
    chosen = [held.tasks[t] for t in dict.fromkeys(t for c in planned for t in c.tasks)]
    labels, truth, places = _labels(held.universe, chosen)
    right = np.full((len(models), len(labels), len(held.universe)), NONE, dtype=np.uint8)
    said: dict[tuple[str, str], predictions.Predictions] = {}
    for cell in planned:
        for (name, repeat), made in predictions.load(plan.cell_path(cell)).items():
            if repeat == 0 and name in places:
                _fill(
                    right[models.index(cell.model)],
                    held.tasks[name],
                    places[name],
                    made,
                    held.universe,
                )
            elif repeat == 0 and held.tasks[name].kind in ("multiclass", "regression"):
                said[name, cell.model] = made
    told = [
        m for m in range(len(models)) if not np.isin(right[m], (50, NONE)).all()
    ]  # a constant says nothing
    models = [models[m] for m in told]
    return Atlas(
        held.universe,
        models,
        labels,
        truth,
        right[told],
        _told(held.universe, chosen, models, said),
        _near(held, models),
        families.families(held.universe, by=rule()),
    )


def rule() -> str:
    """How relatives are told: by HGNC where its table is here, else by the symbol's letters; nothing is fetched."""
    known = specs.sources().get("hgnc")
    return "hgnc" if known and sources.status(known)[0] == "ready" else "stem"


def _labels(
    universe: np.ndarray, chosen: list[Task]
) -> tuple[list[dict], np.ndarray, dict[str, slice]]:
    """Every yes-or-no label: of binary tasks the positive class, of multi-label tasks each of theirs."""
    labels, rows, places = [], [], {}
    for task in chosen:
        if task.kind not in ("binary", "multilabel"):
            continue
        columns = task.labels[:, None] if task.kind == "binary" else task.labels
        names = _names(task)
        places[task.name] = slice(len(labels), len(labels) + len(names))
        at = np.searchsorted(universe, task.entities)
        for name, column in zip(names, columns.T):
            row = np.full(len(universe), -1, dtype=np.int8)
            row[at] = column
            rows.append(row)
            labels.append({"name": name, "task": task.name, "group": task.group})
    return labels, np.array(rows, dtype=np.int8).reshape(-1, len(universe)), places


def _names(task: Task) -> list[str]:
    """What a gene with the label is, in words; of a contrast its positive side."""
    if task.kind == "binary":
        return [
            task.title
            if task.classes[0] in ("absent", "No")
            else f"{task.title}: {task.classes[1]}"
        ]
    return [f"{task.title}: {c}" for c in task.classes]


def _fill(
    right: np.ndarray, task: Task, place: slice, made: predictions.Predictions, universe: np.ndarray
) -> None:
    at = np.searchsorted(universe, task.entities[made.rows])
    codes = made.codes[:, None] if made.codes.ndim == 1 else made.codes
    truth = task.labels[made.rows] > 0
    truth = truth[:, None] if truth.ndim == 1 else truth
    for i, (column, hit) in enumerate(zip(codes.T, truth.T)):
        right[place.start + i, at] = shares(column, made.fold, hit)


def _told(
    universe, chosen: list[Task], models: list[str], said: dict
) -> list[tuple[int, str, str, list[str]]]:
    """True and predicted class, or percentile among the task's genes, of multi-class and regression tasks."""
    out = []
    for task in chosen:
        if task.kind not in ("multiclass", "regression"):
            continue
        at, words = (
            np.searchsorted(universe, task.entities),
            np.full((len(task), len(models)), "", dtype=object),
        )
        for m, name in enumerate(models):
            if (made := said.get((task.name, name))) is not None:
                if task.kind == "multiclass":
                    words[made.rows, m] = np.array(task.classes)[made.values.argmax(axis=1)]
                else:
                    words[made.rows, m] = _percentiles(made.values)
        truth = (
            np.array(task.classes)[task.labels]
            if task.kind == "multiclass"
            else _percentiles(task.labels)
        )
        out += [(int(g), task.name, str(t), list(w)) for g, t, w in zip(at, truth, words)]
    return out


def _percentiles(values: np.ndarray) -> np.ndarray:
    rank = pd.Series(values).rank(pct=True).mul(100).round().astype(int)
    return np.array([f"{v} %" for v in rank], dtype=object)


def _near(held: plan.Context, models: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Nearest genes by the cosine of their vectors, per model that is no shortcut and has two dimensions or more."""
    out = {}
    for name in models:
        spec = specs.model(name)
        if spec.family == "shortcut" or not inference.path(spec, held.universe, held.declared).exists():
            continue
        found = held.embedding(name)
        if found.vectors.shape[1] < 2 or len(found.entities) <= NEIGHBOURS:
            continue
        distance, at = (
            NearestNeighbors(n_neighbors=NEIGHBOURS + 1, metric="cosine", algorithm="brute")
            .fit(found.vectors)
            .kneighbors(found.vectors)
        )
        mine = np.arange(len(at))[:, None]
        first = np.argsort(at == mine, axis=1, kind="stable")[
            :, :NEIGHBOURS
        ]  # itself last, and cut off
        at, distance = np.take_along_axis(at, first, 1), np.take_along_axis(distance, first, 1)
        place = np.searchsorted(held.universe, found.entities)
        whole = np.full((len(held.universe), NEIGHBOURS), -1)
        cosine = np.zeros(whole.shape)
        whole[place], cosine[place] = place[at], 1 - distance
        out[name] = whole, cosine
    return out


def exposed(made: Atlas) -> np.ndarray:
    """Whether each model has read part of the answers of each label's task, (M, L) bool."""
    by = {
        t: [specs.model(m).exposed_on(t) for m in made.models]
        for t in {x["task"] for x in made.labels}
    }
    return (
        np.array([by[x["task"]] for x in made.labels], dtype=bool).reshape(-1, len(made.models)).T
    )


def index(made: Atlas, profile: str) -> dict:
    """What the page loads first: all symbols, labels and models, and how the shards are cut."""
    cards, about = leaderboard.card_pages("task"), leaderboard.card_pages("model")
    titled = {t: plan.context(profile).tasks[t].title for t in {row[1] for row in made.told}}
    return {
        "profile": profile,
        "genes": made.genes.tolist(),
        "shard": SHARD,
        "labels": [
            [x["name"], x["task"], x["group"], cards.get(x["task"], "")] for x in made.labels
        ],
        "models": [
            {
                "name": m,
                "title": specs.model(m).title,
                "family": specs.model(m).family,
                "color": specs.model(m).color,
                "page": about.get(m, ""),
            }
            for m in made.models
        ],
        "exposed": ["".join("1" if x else "0" for x in row) for row in exposed(made)],
        "read": {t: [specs.model(m).exposed_on(t) for m in made.models] for t in titled},
        "tasks": {t: [title, cards.get(t, "")] for t, title in titled.items()},
        "near": list(made.near),
        "rule": families.RULES[rule()],
        "none": NONE,
    }


def genes(made: Atlas) -> list[dict]:
    """One small dict a gene: labels, shares, false alarms, other tasks, relatives (like symbols first), neighbours."""
    kin, stem = defaultdict(list), families.stems(made.genes)
    for i, name in enumerate(made.family):
        kin[name].append(i)
    told = defaultdict(list)
    for gene, *rest in made.told:
        told[gene].append(rest)
    # a false alarm: a gene without the label that most of the label's genes lie below, by the models that read nothing
    fair = np.where(
        exposed(made)[:, :, None] | (made.right == NONE), np.nan, made.right.astype(np.float32)
    )
    out = []
    for g, symbol in enumerate(made.genes):
        has, has_not = np.flatnonzero(made.truth[:, g] == 1), np.flatnonzero(made.truth[:, g] == 0)
        seen = fair[:, has_not, g]
        count = np.isfinite(seen).sum(axis=0)
        mean = np.where(count > 0, np.nansum(seen, axis=0) / np.maximum(count, 1), 100)
        worst = has_not[np.argsort(mean, kind="stable")[:ALARMS]]
        relatives = sorted(
            (i for i in kin[made.family[g]] if i != g), key=lambda i: stem[i] != stem[g]
        )
        alike = sum(stem[i] == stem[g] for i in relatives)
        out.append(
            {
                "s": str(symbol),
                "l": has.tolist(),
                "p": _coded(made.right[:, has, g]),
                "a": worst.tolist(),
                "q": _coded(made.right[:, worst, g]),
                "n": len(has_not),
                "o": told.get(g, []),
                "f": [made.family[g], len(relatives), relatives[:RELATIVES], alike],
                "k": [
                    _neighbours(at[g], cosine[g], {g, *relatives})
                    for at, cosine in made.near.values()
                ],
            }
        )
    return out


def _coded(share: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(share.T).tobytes()).decode()


def _neighbours(at: np.ndarray, cosine: np.ndarray, family: set[int]) -> list[list]:
    return [[int(i), round(float(c), 2), int(i in family)] for i, c in zip(at, cosine) if i >= 0]


def summary(made: Atlas, *, most: int = 25) -> pd.DataFrame:
    """The genes with the most labels: mean share (0 to 1) over their labels by each model, on tasks it has not read."""
    fair = np.where(
        exposed(made)[:, :, None] | (made.right == NONE) | (made.truth != 1),
        np.nan,
        made.right / 100.0,
    )
    count = (made.truth == 1).sum(axis=0)
    top = np.argsort(-count, kind="stable")[:most]
    rows = []
    for g in top:
        row = {"gene": str(made.genes[g]), "labels": int(count[g])}
        for m, name in enumerate(made.models):
            seen = fair[m, :, g][np.isfinite(fair[m, :, g])]
            row[specs.model(name).title] = seen.mean() if len(seen) else np.nan
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis=1, how="all")


def keep(profile: str) -> pd.DataFrame:
    """Keep the index and the shards for the page's script; returns the table that is printed in their place.

    Without kept predictions nothing is written, and the table is empty.
    """
    try:
        made = atlas(profile)
    except BadInput:
        return pd.DataFrame()
    held = genes(made)
    show.data(index(made, profile), profile=profile, name=f"genes-{profile}", call="genebenchGenes")
    for number, start in enumerate(range(0, len(held), SHARD)):
        part = held[start : start + SHARD]
        show.data(
            {"number": number, "genes": part},
            profile=profile,
            name=f"genes-{profile}-{number}",
            call="genebenchShard",
        )
    return summary(made)
