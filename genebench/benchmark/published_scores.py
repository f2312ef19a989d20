"""Reproduction: one model on the paper's tasks and genes, beside what was published of it.

The paper's probe sees vectors as they are; ours standardises them inside the fold. Both are fitted
here, so that what is left between the plain one and the published score is owed to labels, texts
and folds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import probes
from ..core import workers
from ..core.specs import Declarations
from ..core.workers import ArrayStage, Progress, Say, quiet
from ..data import sources
from ..models import inference
from ..stats import bootstrap
from . import results, run, splits
from .plan import Plan

VERSION = 2
"""Bump when other numbers are computed."""

METRIC = "roc_auc"
"""The published metric that is our main one of classification: AUROC, weighted one-vs-rest where
there are classes."""


@dataclass(frozen=True)
class Pair:
    """A model on a task that has a published score."""

    model: str
    task: str

    def __str__(self) -> str:
        return self.task


def published(declared: Declarations) -> pd.DataFrame:
    """Read the published scores.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    DataFrame
        One row a task and model: name ``listed``, group, model ``family``, and over its folds the
        mean ``score`` (AUROC), deviation ``sd`` and number ``folds``.

    Raises
    ------
    sources.Missing
        The paper's table of scores is nowhere to be had.
    """
    frame = sources.table(declared.source("genebench_paper"), "scores")
    frame = frame[frame.metric == METRIC].astype({"score": float})
    by = ["task_name", "task_group", "task_type", "model", "model_family"]
    frame = frame.groupby(by).score.agg(["mean", "std", "size"]).reset_index()
    names = {"task_name": "listed", "task_group": "group", "task_type": "kind"}
    names |= {"model_family": "family", "mean": "score", "std": "sd", "size": "folds"}
    frame = frame.rename(columns=names)
    return frame.assign(group=frame.group.str.lower(), listed=frame.listed.str.strip())


def listed_names(declared: Declarations) -> dict[str, str]:
    """Match our tasks with names among the published scores; case and brackets do not count.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    dict of str to str
        Our name -> the published one.
    """
    known = {_plain(name): name for name in published(declared).listed.unique()}
    out = {}
    for source in declared.sources.values():
        for entry in source.tasks:
            title = entry.paper and entry.title.replace(", ", " - ", 1)
            for name in filter(None, (entry.paper, title)):
                if _plain(name) in known:
                    out[entry.name] = known[_plain(name)]
    return out


def _plain(name: str) -> str:
    return re.sub(r"\s*\(.*?\)", "", name).strip().lower()


def by_group(frame: pd.DataFrame) -> pd.DataFrame:
    """Average the published scores of each model over the tasks of each group.

    Quoted, not computed.

    Parameters
    ----------
    frame : DataFrame
        Of ``published``.

    Returns
    -------
    DataFrame
        ``group``, ``family``, ``model``, mean ``score``, number of ``tasks``.
    """
    means = frame.groupby(["group", "family", "model"]).score.agg(["mean", "size"]).reset_index()
    return means.rename(columns={"mean": "score", "size": "tasks"})


def _recipe(plan: Plan, pair: Pair) -> dict:
    task, profile = plan.tasks[pair.task], plan.profile
    probe, spec = probes.method(task.kind), plan.declared.models[pair.model]
    return {
        "stage": ["reproduction", VERSION, splits.VERSION, probes.VERSION],
        "task": [task.name, task.version, task.hash],
        "model": inference.recipe(spec, plan.universe_digest, plan.declared),
        "probe": [probe.name, probe.options],
        "split": ["random", profile.folds, profile.seed],
    }


def measure(plan: Plan, pair: Pair) -> dict[str, float]:
    """Score a model on a task with our probe and on vectors as they are.

    Parameters
    ----------
    plan : Plan
    pair : Pair

    Returns
    -------
    dict of str to float
        ``genes``: with a vector. ``score``, ``low``, ``high``: AUROC of our probe and its 95 %
        interval. ``plain``: on vectors as they are. ``decided``: of a task with several labels,
        that of the hard 0/1 predictions on plain vectors, which the paper's scores of such tasks
        agree with; NaN of other tasks.
    """
    task, profile, embedding = plan.tasks[pair.task], plan.profile, plan.embedding(pair.model)
    numbers = {"n_folds": profile.folds, "seed": profile.seed}
    fold = splits.folds(task, "random", sources=plan.declared.sources, **numbers)
    rows_of = [embedding.rows(part) for part in task.parts]
    covered = np.logical_and.reduce([rows >= 0 for rows in rows_of])
    rows, options = rows_of[0][covered], {"kind": task.kind}
    if task.kind == "pair":
        both = np.concatenate([rows[covered] for rows in rows_of])
        rows, at = np.unique(both, return_inverse=True)
        options["pairs"] = tuple(at.reshape(2, -1))
    X, y, fold = embedding.vectors[rows], task.labels[covered], fold[covered]
    out = {"genes": int(covered.sum()), "decided": np.nan}
    for name, standardise in (("score", True), ("plain", False)):
        values = probes.predict(X, y, fold, standardise=standardise, **options)
        values = values if task.kind in ("multiclass", "multilabel") else values.reshape(-1)
        p = probes.probabilities(task.kind, values)
        out[name], influence = bootstrap.influence(task.kind, y, p, fold)
        if task.kind == "multilabel" and not standardise:
            hard = (p > 0.5).astype(float)
            out["decided"] = bootstrap.influence(task.kind, y, hard, fold)[0]
        if standardise:
            places = tuple(places[covered] for places in plan.rows_of(task))
            weight = bootstrap.weights(plan.universe, seed=profile.seed)
            moved = bootstrap.moves(influence[:, None], weight, places)
            low, high = bootstrap.interval(np.array([out[name]]), moved, low=0, high=1)
            out |= {"low": float(low[0]), "high": float(high[0])}
    return out


STAGE = ArrayStage("tasks", "REPRODUCTIONS", _recipe, measure)


def table(plan: Plan, pairs: list[Pair], names: dict[str, str]) -> pd.DataFrame:
    """Put measured scores beside the published ones.

    Parameters
    ----------
    plan : Plan
    pairs : list of Pair
        Of one model.
    names : dict of str to str
        Our task -> its published name.

    Returns
    -------
    DataFrame
        One row a task. ``difference``: of what is most like the published score (``decided`` of
        tasks with several labels, else ``plain``).
    """
    theirs, rows = published(plan.declared), []
    for pair in pairs:
        title, listed = plan.declared.models[pair.model].title, names[pair.task]
        same = (theirs.model.str.lower() == title.lower()) & (theirs.listed == listed)
        if not same.any():
            continue
        one, task = theirs[same].iloc[0], plan.tasks[pair.task]
        values = {name: value.item() for name, value in STAGE.load(plan, pair).items()}
        nearest = values["decided"] if task.kind == "multilabel" else values["plain"]
        row = {"task": pair.task, "listed": listed, "group": one.group, "kind": task.kind, **values}
        row |= {"published": one.score, "published_sd": one.sd}
        rows.append(row | {"difference": nearest - one.score})
    return pd.DataFrame(rows)


def reproduce(
    plan: Plan,
    model: str,
    folder: Path,
    *,
    jobs: int,
    say: Say = print,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Score a model on the tasks that have a published score, and write the table.

    Parameters
    ----------
    plan : Plan
        Of a profile cut to the genes that the paper compares its models on
        (``custom_tasks.cut_to``).
    model : str
    folder : Path
        Where the tables ``results.PUBLISHED`` are written.
    jobs : int
        Processes.
    say, progress : callable, optional

    Returns
    -------
    DataFrame
        See ``table``.

    Raises
    ------
    RunFailed
        A task cannot be fitted; the others are cached, and nothing is written.
    """
    plan.declared.model(model)
    names = {t: n for t, n in listed_names(plan.declared).items() if t in plan.tasks}
    pairs = [Pair(model, t) for t in sorted(names, key=lambda t: len(plan.tasks[t]))]
    report = {"say": say, "progress": progress}
    with workers.pool(jobs, plan) as pool:
        run.embed(plan, [model], pool, **report)
        outcome = workers.execute(STAGE, plan, pairs, pool, at_once=jobs, **report)
    outcome.check("tasks")
    frame = table(plan, pairs, names)
    for name, made in zip(results.PUBLISHED, (frame, by_group(published(plan.declared)))):
        results.write_table(made, folder / name)
    return frame
