"""Label efficiency: score over the number of training labels, on nested subsets of them.

All models of a task see the same labels in the same order, on the *common* genes: curves differ by
the vectors alone. A curve that rises early needs few labels; one that never passes a shortcut shows
that the labels were the knowledge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from genebench import probes
from genebench.benchmark import fit, pairs, results, splits
from genebench.benchmark.pairs import Pair
from genebench.benchmark.plan import Plan
from genebench.core import cache
from genebench.core.errors import BadInput
from genebench.core.workers import ArrayStage
from genebench.data import tasks
from genebench.stats import bootstrap

VERSION = 1
"""Bump when other numbers are computed."""

LEAST = 2
"""Genes of each class in the smallest subset."""

TASKS = (
    "hpo/dominant-vs-recessive",
    "hpo/x-linked-vs-autosomal",
    "jaspar/motif-vs-disease-gene",
    "hpo/term/neurodevelopmental-delay",
    "hpo/term/abnormality-of-the-immune-system",
    "hpo/term/abnormal-muscle-physiology",
)
"""Tasks of the profile demo whose curves the book shows."""


def nested(y, sizes, seed):
    """Draw nested subsets of genes in the shares of the classes.

    Parameters
    ----------
    y : ndarray of 0/1, shape (n,)
    sizes : list of int
        Ascending; each subset has at least ``LEAST`` genes of each class.
    seed : list of int

    Returns
    -------
    list of ndarray of int, rows; each subset holds all smaller ones
    """
    rng = np.random.default_rng(seed)
    positive, negative = (rng.permutation(np.flatnonzero(y == c)) for c in (1, 0))
    out = []
    for size in sizes:
        number = int(np.clip(round(size * len(positive) / len(y)), LEAST, size - LEAST))
        out.append(np.concatenate([positive[:number], negative[: size - number]]))
    return out


@dataclass(frozen=True)
class Curve(Pair):
    """A model and a task, by name, with the numbers of labels that are tried.

    Attributes
    ----------
    sizes : tuple of int
        Ascending; all labels are a point of every curve besides.
    draws : int
        Subsets of each size and fold, over which a score is the mean.
    """

    sizes: tuple[int, ...]
    draws: int


def _recipe(plan: Plan, curve: Curve) -> dict:
    shared = pairs.recipe(plan, curve, "efficiency", VERSION)
    common = np.flatnonzero(plan.common(plan.tasks[curve.task])).tolist()
    return {
        **shared,
        "model": [curve.model, plan.models[curve.model].labels, shared["model"]],
        "efficiency": [list(curve.sizes), curve.draws],
        "common": cache.key(common),
    }


def measure(plan, curve):
    """Measure AUROC by number of training labels, mean over folds and draws of subsets.

    Parameters
    ----------
    plan : Plan
    curve : Curve

    Returns
    -------
    dict of str to ndarray
        ``size`` (S,): labels trained on. ``score`` (S,). ``influence`` (n, S): of each common gene
        on each score, see ``bootstrap.influence``. Empty if the model does not embed all common
        genes.
    """
    profile, task, embedding = plan.profile, plan.tasks[curve.task], plan.embedding(curve.model)
    common, draws = np.flatnonzero(plan.common(task)), curve.draws
    rows, n = embedding.rows(task.entities[common]), len(common)
    if (rows < 0).any():
        nothing = np.zeros((n, 0), np.float32)
        return {"size": np.zeros(0, int), "score": np.zeros(0), "influence": nothing}
    y = fit.labels(task, plan.models[curve.model], profile.seed)[common]
    fold = splits.assign(task, "random", None, profile.folds, profile.seed)[common]
    n_train = min(int((fold != k).sum()) for k in range(profile.folds))
    sizes = [size for size in curve.sizes if size < n_train] + [n_train]
    F = np.full((n, draws, profile.folds, len(sizes)), -1, dtype=np.int8)
    for r, k in np.ndindex(draws, profile.folds):
        train = np.flatnonzero(fold != k)
        subsets = [*nested(y[train], sizes[:-1], [profile.seed, r, k]), np.arange(len(train))]
        for j, chosen in enumerate(subsets):
            F[train[chosen], r, k, j] = 1
        F[fold == k, r, k] = 0
    flat = F.reshape(n, -1)
    Y = np.broadcast_to(y[:, None], flat.shape)
    values = probes.predict(embedding.vectors[rows], Y, flat, kind="binary").reshape(F.shape)
    values = values[np.arange(n), :, fold]  # of the fits that did not see each gene
    score, influence = np.zeros(len(sizes)), np.zeros((n, len(sizes)), dtype=np.float32)
    for r, j in np.ndindex(draws, len(sizes)):
        one, moved = bootstrap.influence("binary", y, values[:, r, j], fold)
        score[j] += one / draws
        influence[:, j] += moved / draws
    return {"size": np.array(sizes), "score": score, "influence": influence}


STAGE = ArrayStage("curves", "EFFICIENCY", _recipe, measure)


def _curves_of(plan: Plan, name: str, chosen: list[Curve]) -> Iterator[pd.DataFrame]:
    task, models = plan.tasks[name], plan.models
    common, (row,) = plan.common(task), plan.rows_of(task)
    families, family = np.unique(plan.families, return_inverse=True)
    weight = bootstrap.weights(families, seed=plan.profile.seed)
    curve = {pair.model: STAGE.load(plan, pair) for pair in chosen if pair.task == name}
    curve = {model: arrays for model, arrays in curve.items() if len(arrays["score"])}
    places = (family[row[common]],)
    moved = {m: bootstrap.moves(arrays["influence"], weight, places) for m, arrays in curve.items()}
    shortcuts = [
        m for m in curve if models[m].family == "shortcut" and not models[m].exposed_on(name)
    ]
    for model, arrays in curve.items():
        score, family = arrays["score"], models[model].family
        low, high = bootstrap.interval(score, moved[model], low=0, high=1)
        columns = {
            "task": name,
            "group": task.group,
            "model": model,
            "family": family,
            "labels": arrays["size"],
            "positives": round(float(task.labels.mean()), 4),
            "genes": int(common.sum()),
            "score": score,
            "low": low,
            "high": high,
        }
        if shortcuts and family not in ("shortcut", "control"):
            others = np.array([curve[m]["score"] for m in shortcuts])
            best = others.argmax(axis=0), np.arange(len(score))
            over, gap = score - others[best], np.array([moved[m] for m in shortcuts])[best]
            low, high = bootstrap.difference_interval(over, moved[model] - gap)
            columns |= {
                "best_shortcut": np.array(shortcuts)[best[0]],
                "excess": over,
                "excess_low": low,
                "excess_high": high,
            }
        yield pd.DataFrame(columns)


def measure_all(plan, names, sizes, draws, *, jobs, **report):
    """Measure every curve that is not cached, and write ``efficiency.csv`` of the profile.

    Parameters
    ----------
    plan : Plan
    names : list of str
        Binary tasks; none: ``TASKS``.
    sizes : list of int
        Ascending numbers of labels, 4 or more.
    draws : int
        Subsets of each size and fold.
    jobs : int
        Curves at a time.
    **report
        ``say`` and ``progress``, see ``workers.execute``.

    Returns
    -------
    DataFrame
        One row per task, model and number of ``labels``: score, 95 % interval over gene families,
        share of ``positives``, and ``excess``, paired over families, over the unexposed shortcut
        that is best with as many labels.

    Raises
    ------
    BadInput
        A task that is not binary or that no model embeds whole, or sizes that do not ascend.
    RunFailed
        A curve could not be measured.
    """
    if sizes != sorted(set(sizes)) or min(sizes, default=0) < 4:
        raise BadInput(f"sizes {sizes}: give ascending numbers of 4 or more.")
    for task in (chosen := tasks.pick(plan.tasks, names or TASKS)).values():
        if task.kind != "binary":
            raise BadInput(
                f"task '{task.name}' is {task.kind}, and label efficiency takes binary tasks; drop "
                "it."
            )
    models = [name for name, spec in plan.models.items() if spec.encoder != "oracle"]
    curves = [Curve(model, task, tuple(sizes), draws) for task in chosen for model in models]
    pairs.measure_all(plan, STAGE, curves, jobs=jobs, **report)
    frames = [frame for name in chosen for frame in _curves_of(plan, name, curves)]
    if not frames:
        raise BadInput(
            f"profile '{plan.profile.name}' has no task that its models embed whole, so there is "
            "no curve; name other models."
        )
    frame = pd.concat(frames, ignore_index=True)
    results.write_table(frame, results.beside_path(plan.profile.name, "efficiency.csv"))
    return frame
