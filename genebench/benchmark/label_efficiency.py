"""Label efficiency: score over the number of training labels, on nested subsets of them.

All models of a task see the same labels in the same order, on the *common* genes: curves differ by
the vectors alone. A curve that rises early needs few labels; one that never passes a shortcut shows
that the labels were the knowledge.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, paths
from ..core.errors import BadInput
from ..core.workers import ArrayStage
from ..data import tasks
from ..stats import bootstrap
from . import fit, pairs, results, splits
from .pairs import Pair
from .plan import Plan

VERSION = 1
"""Bump when other numbers are computed."""

LEAST = 2
"""Genes of each class in the smallest subset."""


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


def curves(plan):
    """List the pairs of model and task that have a curve.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    list of Pair
    """
    options = plan.profile.efficiency
    if options is None:
        raise BadInput(
            f"{paths.PROFILES}: profile '{plan.profile.name}' declares no 'efficiency'; add tasks, "
            "sizes and draws."
        )
    chosen = tasks.pick(plan.tasks, options.tasks)
    for task in chosen.values():
        if task.kind != "binary":
            raise BadInput(
                f"task '{task.name}' is {task.kind}, and label efficiency takes binary tasks; drop "
                "it."
            )
    models = [name for name, spec in plan.models.items() if spec.encoder != "oracle"]
    return [Pair(model, task) for task in chosen for model in models]


def _recipe(plan: Plan, pair: Pair) -> dict:
    shared, options = pairs.recipe(plan, pair, "efficiency", VERSION), plan.profile.efficiency
    common = np.flatnonzero(plan.common(plan.tasks[pair.task])).tolist()
    return {
        **shared,
        "model": [pair.model, plan.models[pair.model].labels, shared["model"]],
        "efficiency": [options.sizes, options.draws],
        "common": cache.key(common),
    }


def measure(plan, pair):
    """Measure AUROC by number of training labels, mean over folds and draws of subsets.

    Parameters
    ----------
    plan : Plan
    pair : Pair

    Returns
    -------
    dict of str to ndarray
        ``size`` (S,): labels trained on. ``score`` (S,). ``influence`` (n, S): of each common gene
        on each score, see ``bootstrap.influence``. Empty if the model does not embed all common
        genes.
    """
    profile, task, embedding = plan.profile, plan.tasks[pair.task], plan.embedding(pair.model)
    common, draws = np.flatnonzero(plan.common(task)), profile.efficiency.draws
    rows, n = embedding.rows(task.entities[common]), len(common)
    if (rows < 0).any():
        nothing = np.zeros((n, 0), np.float32)
        return {"size": np.zeros(0, int), "score": np.zeros(0), "influence": nothing}
    y = fit.labels(task, plan.models[pair.model], profile.seed)[common]
    fold = splits.assign(task, "random", None, profile.folds, profile.seed)[common]
    n_train = min(int((fold != k).sum()) for k in range(profile.folds))
    sizes = [size for size in profile.efficiency.sizes if size < n_train] + [n_train]
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


def table(plan, chosen):
    """Tabulate curves that have been measured.

    Parameters
    ----------
    plan : Plan
    chosen : list of Pair

    Returns
    -------
    DataFrame
        One row per task, model and number of ``labels``: score, 95 % interval over gene families,
        share of ``positives``, and ``excess``, paired over families, over the unexposed shortcut
        that is best with as many labels.
    """
    names = dict.fromkeys(pair.task for pair in chosen)
    frames = [frame for name in names for frame in _curves_of(plan, name, chosen)]
    if not frames:
        raise BadInput(
            f"profile '{plan.profile.name}' has no task that its models embed whole, so there is "
            "no curve; name other models."
        )
    return pd.concat(frames, ignore_index=True)


def _curves_of(plan: Plan, name: str, chosen: list[Pair]) -> Iterator[pd.DataFrame]:
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


def measure_all(plan, **options):
    """Measure every curve of a plan that is not cached, and write their table.

    Parameters
    ----------
    plan : Plan
    **options of ``pairs.measure_all``

    Returns
    -------
    Outcome
    """
    chosen = curves(plan)
    outcome = pairs.measure_all(plan, STAGE, chosen, **options)
    path = results.beside_path(plan.profile.name, "efficiency.csv")
    results.write_table(table(plan, chosen), path)
    return outcome
