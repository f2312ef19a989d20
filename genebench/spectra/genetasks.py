"""Gene tasks of Part I on the spectrum: units are genes, the property says which genes are relatives.

The same vectors, probes and splits as in Part I; the ladder of splits (``LADDER``) is placed on the curve as splits
that others use.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import lru_cache

import numpy as np

from .. import probes
from ..benchmark import plan, splits
from ..core import specs
from ..core.errors import BadInput, unknown
from ..data import families, sources
from ..models import inference
from . import properties
from .datasets import DataSet, declared
from .graph import Graph

PROPERTIES = {
    "stem": "two genes share the letters of their symbol",
    "family": "two genes are of one HGNC gene group or share the letters of their symbol",
}
"""When two genes are linked; ``cosine:MODEL`` links genes whose vectors of that model have a cosine above 0.8."""
ALWAYS = ("random", "stem", "family", "chromosome", "study")
LADDER = (*ALWAYS, "similarity", "date")
"""Splits of Part I, placed on the curve where their tables are at hand; the key of a cut names those of ``ALWAYS``, and
the others where they are at hand without a download."""
ALIKE = 0.8


@lru_cache
def at_hand(split: str) -> list | None:
    """What a split of Part I depends on (an empty list: on nothing), or None where its table is not at hand."""
    with nullcontext() if split in ALWAYS else sources.only_at_hand():
        return None if splits.lacking(split) else splits.fingerprint(split) or []


def rungs() -> list:
    """What the key of a cut says of the ladder: (split, what it depends on)."""
    return [[s, at_hand(s)] for s in LADDER if s in ALWAYS or at_hand(s) is not None]


@lru_cache
def rule(name: str) -> dict:
    """What determines the links of a property. Raises: BadInput: unknown, or its table is not at hand."""
    if name.startswith("cosine:"):
        return {"name": name, "above": ALIKE, "model": specs.model(name.split(":", 1)[1]).name}
    if name not in PROPERTIES:
        raise unknown("property", name, [*PROPERTIES, "cosine:minilm-symbol"])
    if why := splits.lacking(name):
        raise BadInput(why)
    return {"name": name, "table": at_hand(name)}


@lru_cache(maxsize=8)
def load(name: str, profile: str) -> DataSet:
    """A task as a data set; ``name`` may end in ``@property``.

    Raises: BadInput: the profile has no such task, or it is one of pairs or several labels.
    """
    held, plain = plan.context(profile), name.partition("@")[0]
    if plain not in held.tasks:
        raise unknown("data set or task", plain, [*declared(), *held.tasks])
    task = held.tasks[plain]
    if task.kind not in ("binary", "multiclass", "regression"):
        raise BadInput(
            f"task '{name}' is one of kind {task.kind}; the spectrum takes binary, multiclass and regression."
        )
    parts = {"profile": profile, "task": plain}
    return DataSet(
        name, task.kind, task.group, task.entities, task.labels, task.classes, parts=parts
    )


def graph(data: DataSet, name: str) -> Graph:
    """Which genes are relatives by a property. A gene that a model cannot embed has no relatives by its cosine."""
    rule(name)
    if not name.startswith("cosine:"):
        of = (
            families.stems(data.ids)
            if name == "stem"
            else families.families(tuple(data.ids.tolist()))
        )
        return properties.shared_label(of)
    made = plan.context(data.parts["profile"]).embedding(name.split(":", 1)[1])
    at = made.rows(data.ids)
    found = properties.cosine(made.vectors[at[at >= 0]], above=ALIKE, binary=True)
    where = np.flatnonzero(at >= 0)
    first, second, _ = found.edges()
    return Graph.from_edges(len(data), where[first], where[second])


def ladder(data: DataSet):
    """(split, fold, side of each gene) of Part I's splits that can be made here, five folds each."""
    held = plan.context(data.parts["profile"])
    p = held.profile
    for name in LADDER:
        if at_hand(name) is None:
            continue
        try:
            fold = splits.folds(held.tasks[data.parts["task"]], name, n_folds=p.folds, seed=p.seed)
        except splits.Unsplittable:
            continue
        for k in range(p.folds):
            yield name, k, np.where(fold == k, 2, 1)


def models(profile: str) -> list[str]:
    """Models of a profile that a curve is drawn for: all but controls that need the labels."""
    return [
        m
        for m in specs.profile(profile).models
        if specs.model(m).family != "control" or m == "random"
    ]


def recipe(data: DataSet, model: str) -> list:
    """What determines a model's vectors."""
    held = plan.context(data.parts["profile"])
    return [
        inference.recipe(specs.model(model), held.digest, held.declared),
        probes.VERSION,
    ]


def covered(data: DataSet, model: str) -> np.ndarray:
    """Which genes a model has a vector for, (n,) bool."""
    return plan.context(data.parts["profile"]).embedding(model).rows(data.ids) >= 0


def predict(data: DataSet, model: str, sides: np.ndarray) -> np.ndarray:
    """Values for every gene and split, (n_splits, n, …), NaN where none.

    Args: sides: 1 train, 2 test, 0 neither, (n_splits, n). All splits of a binary task are fitted together.
    """
    made = plan.context(data.parts["profile"]).embedding(model)
    at = made.rows(data.ids)
    has = at >= 0
    fold = np.where(sides[:, has] == 2, 0, np.where(sides[:, has] == 1, 1, -1)).astype(np.int8)
    X, y = made.vectors[at[has]], data.labels[has]
    wide = (len(data.classes),) if data.kind == "multiclass" else ()
    out = np.full((len(sides), len(data), *wide), np.nan)
    if data.kind == "binary":
        Y = np.repeat(y[:, None], len(sides), axis=1)
        out[:, has] = probes.predict(X, Y, fold.T, kind="binary").T
    else:
        for i, one in enumerate(fold):
            out[i, has] = probes.predict(X, y, one, kind=data.kind).reshape(int(has.sum()), *wide)
    return out
