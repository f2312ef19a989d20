"""Label efficiency: the score over the number of training labels, on nested subsets of each fold's training genes.

All models of a task see the same labels in the same order, on the *common* genes: a curve differs from another by the
vectors alone. A curve that rises early says that a model needs few labels; one that never passes a shortcut, that the
labels were the knowledge.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, paths, specs, workers
from ..core.errors import BadInput, RunFailed
from ..data import tasks
from ..data.tasks import Task
from ..models import control, inference
from ..stats import bootstrap
from . import plan as cells
from . import results, splits

VERSION = 1
"""Bump when ``measure`` computes something else."""

LEAST = 2
"""Genes of each class in the smallest subset."""


def sizes_of(spec: specs.EfficiencySpec, n_train: int) -> list[int]:
    """Numbers of training labels: the declared ones below ``n_train``, and ``n_train`` itself for all of a fold's."""
    return [n for n in spec.sizes if n < n_train] + [n_train]


def nested(y: np.ndarray, sizes: list[int], seed: list[int]) -> list[np.ndarray]:
    """Rows of subsets of the genes with labels ``y`` (0/1), (n,): each holds all smaller ones, in the classes' shares.

    ``sizes`` ascend; each subset has at least ``LEAST`` genes of each class. Seeded.
    """
    rng = np.random.default_rng(seed)
    positive, negative = (rng.permutation(np.flatnonzero(y == c)) for c in (1, 0))
    out = []
    for size in sizes:
        number = int(np.clip(round(size * len(positive) / len(y)), LEAST, size - LEAST))
        out.append(np.concatenate([positive[:number], negative[: size - number]]))
    return out


def plan(profile: str) -> list[tuple[str, str]]:
    """Pairs of model and task that have a curve. Raises: BadInput: nothing declared, or a task that is not binary."""
    held = cells.context(profile)
    declared = held.profile.efficiency
    if declared is None:
        raise BadInput(
            f"{paths.PROFILES}: profile '{profile}' declares no 'efficiency'; add tasks, sizes and draws."
        )
    chosen = tasks.pick(held.tasks, declared.tasks)
    for task in chosen.values():
        if task.kind != "binary":
            raise BadInput(
                f"task '{task.name}' is {task.kind}, and label efficiency takes binary tasks; drop it."
            )
    models = [m for m in held.profile.models if specs.model(m).encoder != "oracle"]
    return [(m, t) for t in chosen for m in models]


def recipe(profile: str, model: str, task: Task) -> dict:
    """Everything that determines a curve."""
    held, how = cells.context(profile), probes.method("binary")
    p, spec = held.profile, specs.model(model)
    return {
        "stage": ["efficiency", VERSION, splits.VERSION, probes.VERSION],
        "task": [task.name, task.version, task.hash],
        "model": [model, spec.labels, inference.recipe(spec, held.digest, held.declared)],
        "probe": [how.name, how.options],
        "split": ["random", p.folds, p.seed],
        "efficiency": [p.efficiency.sizes, p.efficiency.draws],
        "common": cache.key(np.flatnonzero(cells.common_genes(profile, task)).tolist()),
    }


def path(profile: str, model: str, task: Task) -> Path:
    """Where a curve is cached."""
    return paths.EFFICIENCY / model / f"{cache.key(recipe(profile, model, task))}.npz"


def measure(profile: str, model: str, task: Task) -> dict[str, np.ndarray]:
    """AUROC of one model on one task by number of training labels, mean over folds and draws of subsets.

    Returns: size: labels trained on, (S,). score: (S,). influence: of each common gene on each score, (n, S): how far
    the score moves when that gene counts a little more in the test (``bootstrap.influence``). Empty if the model does
    not embed all common genes: its curve would be about other genes.
    """
    held = cells.context(profile)
    p, spec = held.profile, specs.model(model)
    common = np.flatnonzero(cells.common_genes(profile, task))
    rows = held.embedding(model).rows(task.entities[common])
    if (rows < 0).any():
        return {
            "size": np.zeros(0, int),
            "score": np.zeros(0),
            "influence": np.zeros((len(common), 0), np.float32),
        }
    X = held.embedding(model).vectors[rows]
    whole = control.shuffled(task, p.seed) if spec.labels == "shuffled" else task.labels
    y, fold = whole[common], splits.folds(task, "random", n_folds=p.folds, seed=p.seed)[common]
    sizes = sizes_of(p.efficiency, min(int((fold != k).sum()) for k in range(p.folds)))
    columns = [(r, k) for r in range(p.efficiency.draws) for k in range(p.folds)]
    F = np.full((len(y), len(columns) * len(sizes)), -1, dtype=np.int8)
    for i, (r, k) in enumerate(columns):
        train, test = np.flatnonzero(fold != k), fold == k
        subsets = [*nested(y[train], sizes[:-1], [p.seed, r, k]), np.arange(len(train))]
        for j, chosen in enumerate(subsets):
            at = i * len(sizes) + j
            F[train[chosen], at], F[test, at] = 1, 0
    values = probes.predict(X, np.repeat(y[:, None], F.shape[1], axis=1), F, kind="binary")
    found = np.zeros((p.efficiency.draws, len(sizes), len(y)))
    for i, (r, k) in enumerate(columns):
        test = fold == k
        found[r][:, test] = values[test, i * len(sizes) : (i + 1) * len(sizes)].T
    score, influence = np.zeros(len(sizes)), np.zeros((len(y), len(sizes)), dtype=np.float32)
    for drawn in found:
        for j, predicted in enumerate(drawn):
            one, moved = bootstrap.influence("binary", y, predicted, fold)
            score[j] += one / len(found)
            influence[:, j] += moved / len(found)
    return {"size": np.array(sizes), "score": score, "influence": influence}


def work(profile: str, model: str, name: str) -> str:
    """Measure and keep one curve, in a worker; returns the fault as a sentence, empty if none."""
    task = cells.context(profile).tasks[name]
    how = recipe(profile, model, task)
    return workers.kept(lambda: measure(profile, model, task), path(profile, model, task), how)


def table(profile: str, curves: list[tuple[str, str]]) -> pd.DataFrame:
    """One row per task, model and number of labels: score, 95 % interval over genes, excess over the best shortcut.

    ``positives`` is the share of positives. ``excess`` is paired over genes, and over the fair shortcut that is best
    with as many labels.
    """
    held, rows = cells.context(profile), []
    for name in dict.fromkeys(t for _, t in curves):
        task = held.tasks[name]
        genes = task.entities[cells.common_genes(profile, task)]
        weight = bootstrap.weights(genes, seed=held.profile.seed)
        found = {
            m: np.load(path(profile, m, task), allow_pickle=False) for m, t in curves if t == name
        }
        moved = {
            m: bootstrap.moves(c["influence"], weight, (np.arange(len(genes)),))
            for m, c in found.items()
        }
        fair = [
            m
            for m in found
            if specs.model(m).family == "shortcut" and not specs.model(m).exposed_on(name)
        ]
        for model, curve in found.items():
            low, high = bootstrap.interval(curve["score"], moved[model], low=0, high=1)
            for j, size in enumerate(curve["size"].tolist()):
                row = {
                    "task": name,
                    "group": task.group,
                    "model": model,
                    "family": specs.model(model).family,
                    "labels": size,
                    "positives": round(float(task.labels.mean()), 4),
                    "genes": len(genes),
                    "score": curve["score"][j],
                    "low": low[j],
                    "high": high[j],
                }
                beside = [m for m in fair if len(found[m]["score"])]
                if beside and row["family"] not in ("shortcut", "control"):
                    best = max(beside, key=lambda m: found[m]["score"][j])
                    over = curve["score"][j] - found[best]["score"][j]
                    between = bootstrap.difference_interval(over, moved[model][j] - moved[best][j])
                    row |= {"best_shortcut": best, "excess": over}
                    row |= dict(zip(("excess_low", "excess_high"), between))
                rows.append(row)
    return pd.DataFrame(rows)


def run(
    profile: str,
    *,
    jobs: int,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> tuple[int, int]:
    """Measure every curve of a profile that is not cached, and write its table. Returns: curves, and those made now.

    Raises: RunFailed: a curve that cannot be measured (the others are kept, and nothing is written).
    """
    curves = plan(profile)
    held = cells.context(profile)
    for model in dict.fromkeys(m for m, _ in curves):
        held.embedding(model)  # made once, before the workers ask for it
    todo = [(m, t) for m, t in curves if cache.state(path(profile, m, held.tasks[t])) != "ready"]
    say(
        f"{len(curves)} curves, {len(curves) - len(todo)} cached, {len(todo)} to do, {jobs} at a time"
    )
    progress("curves", 0, len(todo))
    faults = {}
    with workers.pool(jobs) as pool:
        try:
            futures = {pool.submit(work, profile, m, t): f"{m} × {t}" for m, t in todo}
            for done, future in enumerate(as_completed(futures), start=1):
                if why := future.result():
                    faults[futures[future]] = why
                    say(f"curve '{futures[future]}' failed: {why}")
                progress("curves", done, len(todo))
        except KeyboardInterrupt:
            workers.stop(pool)
            raise
        except BrokenProcessPool:
            raise RunFailed(
                "a worker process died (killed, or out of memory); what was finished is kept, run again"
            )
    if faults:
        name, why = next(iter(faults.items()))
        raise RunFailed(f"{len(faults)} curves failed, first '{name}': {why}; nothing was written.")
    results.write_efficiency(table(profile, curves), profile)
    return len(curves), len(todo)
