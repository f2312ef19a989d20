"""Held against the paper: one model on the paper's tasks and genes, beside what was published of it.

The paper's probe sees vectors as they are; ours standardises them inside the fold. Both are fitted here, so that what
is left between the plain one and the published score is owed to labels, texts and folds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import as_completed
from pathlib import Path

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, paths, specs, workers
from ..core.errors import RunFailed
from ..data import sources
from ..data.tasks import Task
from ..models import inference
from ..stats import bootstrap
from . import custom_tasks, plan, results, splits

VERSION = 2
"""Bump when ``measure`` computes something else."""

METRIC = "roc_auc"
"""The published metric that is our main one of classification: AUROC, weighted one-vs-rest where there are classes."""


def published() -> pd.DataFrame:
    """Published scores: one row a task and model with group, model family, mean and deviation over folds of AUROC.

    Raises: sources.Missing: the paper's table of scores is nowhere to be had.
    """
    held = sources.table(specs.source("genebench_paper"), "scores")
    held = held[held.metric == METRIC].astype({"score": float})
    by = ["task_name", "task_group", "task_type", "model", "model_family"]
    found = held.groupby(by).score.agg(["mean", "std", "size"]).reset_index()
    names = {
        "task_name": "listed",
        "task_group": "group",
        "task_type": "kind",
        "model_family": "family",
    }
    found = found.rename(columns={**names, "mean": "score", "std": "sd", "size": "folds"})
    return found.assign(group=found.group.str.lower(), listed=found.listed.str.strip())


def listed_names() -> dict[str, str]:
    """Our task → its name among the published scores, as far as letters tell: case and brackets do not count."""
    told = {_plain(name): name for name in published().listed.unique()}
    out = {}
    for source in specs.sources().values():
        for entry in source.tasks:
            for name in filter(
                None, (entry.paper, entry.paper and entry.title.replace(", ", " - ", 1))
            ):
                if _plain(name) in told:
                    out[entry.name] = told[_plain(name)]
    return out


def _plain(name: str) -> str:
    return re.sub(r"\s*\(.*?\)", "", name).strip().lower()


def by_group(told: pd.DataFrame) -> pd.DataFrame:
    """Mean published score of each model over the tasks of each group: quoted, not computed."""
    found = told.groupby(["group", "family", "model"]).score.agg(["mean", "size"]).reset_index()
    return found.rename(columns={"mean": "score", "size": "tasks"})


def recipe(profile: str, model: str, task: Task) -> dict:
    """Everything that determines a reproduction."""
    p, how = specs.profile(profile), probes.method(task.kind)
    held = plan.context(profile)
    return {
        "stage": ["reproduction", VERSION, splits.VERSION, probes.VERSION],
        "task": [task.name, task.version, task.hash],
        "model": inference.recipe(specs.model(model), held.digest, held.declared),
        "probe": [how.name, how.options],
        "split": ["random", p.folds, p.seed],
    }


def path(profile: str, model: str, task: Task) -> Path:
    """Where a reproduction is cached."""
    return paths.REPRODUCTIONS / model / f"{cache.key(recipe(profile, model, task))}.npz"


def measure(profile: str, model: str, task: Task) -> dict[str, float]:
    """AUROC of a model on a task with our probe (``score``, ``low``, ``high``) and on plain vectors (``plain``).

    ``decided``: of a task with several labels, that of the yes or no of each label on plain vectors; by all signs the
    paper's scores of such tasks are of these, for they agree where those of probabilities do not. NaN of other tasks.
    """
    held = plan.context(profile)
    rows = held.embedding(model).rows(task.entities if task.kind != "pair" else task.parts[0])
    fold, pairs = (
        splits.folds(task, "random", n_folds=held.profile.folds, seed=held.profile.seed),
        None,
    )
    covered = rows >= 0
    if task.kind == "pair":
        second = held.embedding(model).rows(task.parts[1])
        covered &= second >= 0
        used, at = np.unique(np.concatenate([rows[covered], second[covered]]), return_inverse=True)
        X, pairs = held.embedding(model).vectors[used], tuple(at.reshape(2, -1))
    else:
        X = held.embedding(model).vectors[rows[covered]]
    y, fold = task.labels[covered], fold[covered]
    out = {"genes": int(covered.sum()), "decided": np.nan}
    for name, standardise in (("score", True), ("plain", False)):
        values = probes.predict(X, y, fold, kind=task.kind, pairs=pairs, standardise=standardise)
        values = values if task.kind in ("multiclass", "multilabel") else values.reshape(-1)
        found = probes.probabilities(task.kind, values)
        score, influence = bootstrap.influence(task.kind, y, found, fold)
        out[name] = score
        if task.kind == "multilabel" and not standardise:
            out["decided"] = bootstrap.influence(task.kind, y, (found > 0.5).astype(float), fold)[0]
        if standardise:
            parts = tuple(np.searchsorted(held.universe, part[covered]) for part in task.parts)
            weight = bootstrap.weights(held.universe, seed=held.profile.seed)
            moved = bootstrap.moves(influence[:, None], weight, parts)
            low, high = bootstrap.interval(np.array([score]), moved, low=0, high=1)
            out |= {"low": float(low[0]), "high": float(high[0])}
    return out


def work(profile: str, model: str, name: str) -> str:
    """Measure and keep one reproduction, in a worker; returns the fault as a sentence, empty if none."""
    task = plan.context(profile).tasks[name]
    how = recipe(profile, model, task)
    return workers.kept(lambda: measure(profile, model, task), path(profile, model, task), how)


def table(profile: str, model: str, names: dict[str, str]) -> pd.DataFrame:
    """One row per task: published score and its deviation over folds, ours, and ours without standardisation.

    ``difference``: of what is most like the published score (``decided`` of tasks with several labels, else ``plain``).
    """
    held, told, title = plan.context(profile), published(), specs.model(model).title
    theirs = told[told.model.str.lower() == title.lower()].set_index("listed")
    rows = []
    for name, listed in names.items():
        if listed not in theirs.index:
            continue
        task, one = held.tasks[name], theirs.loc[listed]
        made = {
            k: v.item() for k, v in np.load(path(profile, model, task), allow_pickle=False).items()
        }
        nearest = made["decided"] if task.kind == "multilabel" else made["plain"]
        rows.append(
            {
                "task": name,
                "listed": listed,
                "group": one.group,
                "kind": task.kind,
                **made,
                "published": one.score,
                "published_sd": one.sd,
                "difference": nearest - one.score,
            }
        )
    return pd.DataFrame(rows)


def run(
    profile: str,
    model: str,
    *,
    jobs: int,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> pd.DataFrame:
    """Reproduce a model's published scores on the paper's own genes, and write the table beside the profile's results.

    Tasks are those of the profile that have a published score, cut to the genes that the paper compares its models on.
    Raises: RunFailed: a task that cannot be fitted (the others are kept, and nothing is written).
    """
    here = custom_tasks.declare(profile, universe="paper").profile
    held = plan.context(here)
    names = {t: listed for t, listed in listed_names().items() if t in held.tasks}
    held.embedding(model)  # made once, before the workers ask for it
    names = dict(
        sorted(names.items(), key=lambda pair: len(held.tasks[pair[0]]))
    )  # what is soon done first
    todo = [t for t in names if cache.state(path(here, model, held.tasks[t])) != "ready"]
    say(f"{len(names)} tasks, {len(names) - len(todo)} cached, {len(todo)} to do, {jobs} at a time")
    progress("tasks", 0, len(todo))
    faults = {}
    with workers.pool(jobs) as pool:
        try:
            futures = {pool.submit(work, here, model, t): t for t in todo}
            for done, future in enumerate(as_completed(futures), start=1):
                if why := future.result():
                    faults[futures[future]] = why
                    say(f"task '{futures[future]}' failed: {why}")
                progress("tasks", done, len(todo))
        except KeyboardInterrupt:
            workers.stop(pool)
            raise
    if faults:
        name, why = next(iter(faults.items()))
        raise RunFailed(f"{len(faults)} tasks failed, first '{name}': {why}; nothing was written.")
    found = table(here, model, names)
    results.write_published(found, profile, "reproduction.csv")
    results.write_published(by_group(published()), profile, "published_groups.csv")
    return found
