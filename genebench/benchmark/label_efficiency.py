"""Label efficiency.

Score over the number of training labels, on nested subsets of each fold's training genes.

All models of a task see the same labels in the same order, on the *common* genes: curves differ by
the vectors alone. A curve that rises early needs few labels; one that never passes a shortcut shows
that the labels were the knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, paths, workers
from ..core.errors import BadInput
from ..core.workers import ArrayStage, Outcome, Progress, Say, quiet
from ..data import tasks
from ..models import control, inference
from ..stats import bootstrap
from . import results, run, splits
from .plan import Plan

VERSION = 1
"""Bump when other numbers are computed."""

LEAST = 2
"""Genes of each class in the smallest subset."""


@dataclass(frozen=True)
class Curve:
    """Scores of one model on one binary task by number of training labels."""

    model: str
    task: str

    def __str__(self) -> str:
        return f"{self.model} × {self.task}"


def nested(y: np.ndarray, sizes: list[int], seed: list[int]) -> list[np.ndarray]:
    """Draw nested subsets of genes in the shares of the classes.

    Parameters
    ----------
    y : ndarray of 0/1, shape (n,)
    sizes : list of int
        Ascending; each subset has at least ``LEAST`` genes of each class.
    seed : list of int

    Returns
    -------
    list of ndarray of int
        Rows; each subset holds all smaller ones.
    """
    rng = np.random.default_rng(seed)
    positive, negative = (rng.permutation(np.flatnonzero(y == c)) for c in (1, 0))
    out = []
    for size in sizes:
        number = int(np.clip(round(size * len(positive) / len(y)), LEAST, size - LEAST))
        out.append(np.concatenate([positive[:number], negative[: size - number]]))
    return out


def curves(plan: Plan) -> list[Curve]:
    """List the pairs of model and task that have a curve.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    list of Curve

    Raises
    ------
    BadInput
        The profile declares none, or a task that is not binary.
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
    return [Curve(model, task) for task in chosen for model in models]


def _recipe(plan: Plan, curve: Curve) -> dict:
    task, spec = plan.tasks[curve.task], plan.models[curve.model]
    probe, profile = probes.method("binary"), plan.profile
    vectors = inference.recipe(spec, plan.universe_digest, plan.declared)
    return {
        "stage": ["efficiency", VERSION, splits.VERSION, probes.VERSION],
        "task": [task.name, task.version, task.hash],
        "model": [curve.model, spec.labels, vectors],
        "probe": [probe.name, probe.options],
        "split": ["random", profile.folds, profile.seed],
        "efficiency": [profile.efficiency.sizes, profile.efficiency.draws],
        "common": cache.key(np.flatnonzero(plan.common(task)).tolist()),
    }


def measure(plan: Plan, curve: Curve) -> dict[str, np.ndarray]:
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
    profile, task, spec = plan.profile, plan.tasks[curve.task], plan.models[curve.model]
    options, embedding = profile.efficiency, plan.embedding(curve.model)
    common = np.flatnonzero(plan.common(task))
    rows = embedding.rows(task.entities[common])
    if (rows < 0).any():
        nothing = np.zeros((len(common), 0), np.float32)
        return {"size": np.zeros(0, int), "score": np.zeros(0), "influence": nothing}
    shuffled = spec.labels == "shuffled"
    y = (control.shuffled(task, profile.seed) if shuffled else task.labels)[common]
    numbers = {"n_folds": profile.folds, "seed": profile.seed}
    fold = splits.folds(task, "random", sources=plan.declared.sources, **numbers)[common]
    n_train = min(int((fold != k).sum()) for k in range(profile.folds))
    sizes = [n for n in options.sizes if n < n_train] + [n_train]
    columns = [(r, k) for r in range(options.draws) for k in range(profile.folds)]
    F = np.full((len(y), len(columns) * len(sizes)), -1, dtype=np.int8)
    for i, (r, k) in enumerate(columns):
        train, test = np.flatnonzero(fold != k), fold == k
        subsets = [*nested(y[train], sizes[:-1], [profile.seed, r, k]), np.arange(len(train))]
        for j, chosen in enumerate(subsets):
            at = i * len(sizes) + j
            F[train[chosen], at], F[test, at] = 1, 0
    Y = np.repeat(y[:, None], F.shape[1], axis=1)
    values = probes.predict(embedding.vectors[rows], Y, F, kind="binary")
    predicted = np.zeros((options.draws, len(sizes), len(y)))
    for i, (r, k) in enumerate(columns):
        test = fold == k
        predicted[r][:, test] = values[test, i * len(sizes) : (i + 1) * len(sizes)].T
    score, influence = np.zeros(len(sizes)), np.zeros((len(y), len(sizes)), dtype=np.float32)
    for draw in predicted:
        for j, p in enumerate(draw):
            one, moved = bootstrap.influence("binary", y, p, fold)
            score[j] += one / len(predicted)
            influence[:, j] += moved / len(predicted)
    return {"size": np.array(sizes), "score": score, "influence": influence}


STAGE = ArrayStage("curves", "EFFICIENCY", _recipe, measure)


def table(plan: Plan, chosen: list[Curve]) -> pd.DataFrame:
    """Tabulate curves that have been measured.

    Parameters
    ----------
    plan : Plan
    chosen : list of Curve

    Returns
    -------
    DataFrame
        One row per task, model and number of ``labels``: score, 95 % interval over genes, share of
        ``positives``, and ``excess``, paired over genes, over the unexposed shortcut that is best
        with as many labels.
    """
    rows = []
    for name in dict.fromkeys(curve.task for curve in chosen):
        task = plan.tasks[name]
        genes = task.entities[plan.common(task)]
        weight = bootstrap.weights(genes, seed=plan.profile.seed)
        measured, moved = {}, {}
        for curve in (c for c in chosen if c.task == name):
            measured[curve.model] = arrays = STAGE.load(plan, curve)
            places = (np.arange(len(genes)),)
            moved[curve.model] = bootstrap.moves(arrays["influence"], weight, places)
        shortcuts = [
            m
            for m, arrays in measured.items()
            if plan.models[m].family == "shortcut"
            and not plan.models[m].exposed_on(name)
            and len(arrays["score"])
        ]
        for model, arrays in measured.items():
            score, family = arrays["score"], plan.models[model].family
            low, high = bootstrap.interval(score, moved[model], low=0, high=1)
            for j, size in enumerate(arrays["size"].tolist()):
                row = {"task": name, "group": task.group, "model": model, "family": family}
                row |= {"labels": size, "positives": round(float(task.labels.mean()), 4)}
                row |= {"genes": len(genes), "score": score[j], "low": low[j], "high": high[j]}
                if shortcuts and family not in ("shortcut", "control"):
                    best = max(shortcuts, key=lambda m: measured[m]["score"][j])
                    over = score[j] - measured[best]["score"][j]
                    gap = moved[model][j] - moved[best][j]
                    ends = bootstrap.difference_interval(over, gap)
                    row |= {"best_shortcut": best, "excess": over}
                    row |= dict(zip(("excess_low", "excess_high"), ends))
                rows.append(row)
    return pd.DataFrame(rows)


def measure_all(plan: Plan, *, jobs: int, say: Say = print, progress: Progress = quiet) -> Outcome:
    """Measure every curve of a plan that is not cached, and write their table.

    Parameters
    ----------
    plan : Plan
    jobs : int
        Processes.
    say, progress : callable, optional

    Returns
    -------
    Outcome

    Raises
    ------
    RunFailed
        A curve cannot be measured; the others are cached, and nothing is written.
    """
    chosen = curves(plan)
    report = {"say": say, "progress": progress}
    with workers.pool(jobs, plan) as pool:
        run.embed(plan, {c.model for c in chosen}, pool, **report)
        outcome = workers.execute(STAGE, plan, chosen, pool, at_once=jobs, **report)
    outcome.check("curves")
    path = results.efficiency_path(plan.profile.name)
    results.write_table(table(plan, chosen), path)
    return outcome
