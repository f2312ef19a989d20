"""Reproduction: models on the paper's tasks and genes, beside what was published of them.

The paper's probe sees vectors as they are; ours standardises them inside the fold. Both are fitted
here, so that what is left between the plain one and the published score is owed to labels, texts
and folds.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from .. import probes
from ..core.errors import BadInput
from ..core.specs import Declarations
from ..core.workers import ArrayStage
from ..data import sources
from ..stats import bootstrap
from . import fit, pairs, results, splits
from .pairs import Pair
from .plan import Plan

VERSION = 3
"""Bump when other numbers are computed."""

REPEATS = 5
"""Divisions into folds that the plain probe is fitted on: neither theirs nor ours are special."""

METRIC = "roc_auc"
"""The published metric that is our main one of classification: AUROC, weighted one-vs-rest where
there are classes."""


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
    """
    frame = sources.table(declared.source("genebench_paper"), "scores")
    frame = frame[frame.metric == METRIC].astype({"score": float})
    by = ["task_name", "task_group", "task_type", "model", "model_family"]
    over = {"score": ("score", "mean"), "sd": ("score", "std"), "folds": ("score", "size")}
    frame = (
        frame.groupby(by).agg(**over).rename_axis(["listed", "group", "kind", "model", "family"])
    )
    frame = frame.reset_index()
    return frame.assign(group=frame.group.str.lower(), listed=frame.listed.str.strip())


def listed_names(declared: Declarations) -> dict[str, str]:
    """Match our tasks (keys) with names of the published scores; case and brackets do not count."""
    known = {_plain(name): name for name in published(declared).listed.unique()}
    out = {}
    for entry in (entry for source in declared.sources.values() for entry in source.tasks):
        for name in (entry.paper, entry.title.replace(", ", " - ", 1)):
            if entry.paper and _plain(name) in known:
                out[entry.name] = known[_plain(name)]
    return out


def _plain(name: str) -> str:
    return re.sub(r"\s*\(.*?\)", "", name).strip().lower()


def by_group(frame: pd.DataFrame) -> pd.DataFrame:
    """Average the published scores of each model over the tasks of each group: quoted.

    Parameters
    ----------
    frame : DataFrame of ``published``

    Returns
    -------
    DataFrame with ``group``, ``family``, ``model``, mean ``score``, number of ``tasks``
    """
    groups = frame.groupby(["group", "family", "model"])
    return groups.agg(score=("score", "mean"), tasks=("score", "size")).reset_index()


def _recipe(plan: Plan, pair: Pair) -> dict:
    return pairs.recipe(plan, pair, "reproduction", VERSION)


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
        agree with; NaN of other tasks. ``repeated``, ``repeated_sd``: mean and deviation, over
        ``REPEATS`` divisions into folds, of what is most like the published score (``decided`` of
        tasks with several labels, else ``plain``).
    """
    task, profile = plan.tasks[pair.task], plan.profile
    covered, X, rows = fit.features(task, plan.embedding(pair.model))

    def influence(repeat, standardise, decide=False):
        seed = splits.seed_of(profile.seed, repeat)
        fold = splits.assign(task, "random", None, profile.folds, seed)
        part = fit.Part(task, task.labels, fold)
        options = {"pairs": rows, "standardise": standardise}
        (values,) = fit.out_of_fold(X, [part], covered, **options)
        p = probes.probabilities(task.kind, values)
        of = {"": p, "decided": (p > 0.5).astype(float)} if decide else {"": p}
        labels = task.labels[covered]
        return {n: bootstrap.influence(task.kind, labels, q, fold[covered]) for n, q in of.items()}

    several = task.kind == "multilabel"
    plain = [influence(repeat, False, several) for repeat in range(REPEATS)]
    like = [found["decided" if several else ""][0] for found in plain]
    score, moves = influence(0, True)[""]
    weight = bootstrap.weights(plan.universe, seed=profile.seed)
    places = tuple(row[covered] for row in plan.rows_of(task))
    moved = bootstrap.moves(moves[:, None], weight, places)
    low, high = bootstrap.interval(np.array([score]), moved, low=0, high=1)
    return {
        "genes": int(covered.sum()),
        "decided": plain[0]["decided"][0] if several else np.nan,
        "score": score,
        "low": float(low[0]),
        "high": float(high[0]),
        "plain": plain[0][""][0],
        "repeated": float(np.mean(like)),
        "repeated_sd": float(np.std(like, ddof=1)),
    }


STAGE = ArrayStage("tasks", "REPRODUCTIONS", _recipe, measure)


def table(plan: Plan, chosen: list[Pair], names: dict[str, str]) -> pd.DataFrame:
    """Put measured scores beside the published ones.

    Parameters
    ----------
    plan : Plan
    chosen : list of Pair
    names : dict of str to str, our task -> its published name

    Returns
    -------
    DataFrame
        One row a model and task. ``difference``: ``repeated`` minus the published mean. ``se``: its
        standard error by the choice of folds, from those of the published folds
        (``published_se``) and of our repeats (``repeated_se``).
    """
    theirs = published(plan.declared).set_index(["model", "listed"])
    rows = []
    for pair in chosen:
        at = plan.declared.models[pair.model].published, names[pair.task]
        if at not in theirs.index:
            continue
        one, values = theirs.loc[at], STAGE.load(plan, pair)
        row = {"model": pair.model, "task": pair.task, "listed": at[1], "group": one.group}
        row |= {"kind": plan.tasks[pair.task].kind, **{k: v.item() for k, v in values.items()}}
        row |= {"published": one.score, "published_sd": one.sd}
        errors = one.sd / np.sqrt(one.folds), float(values["repeated_sd"]) / np.sqrt(REPEATS)
        row |= {"published_se": errors[0], "repeated_se": errors[1]}
        rows.append(row | {"difference": row["repeated"] - one.score, "se": np.hypot(*errors)})
    return pd.DataFrame(rows)


def reproduce(plan: Plan, models: list[str], folder: Path, **options) -> pd.DataFrame:
    """Score models on the tasks that have a published score, and write the table.

    Parameters
    ----------
    plan : Plan
        Of a profile cut to the genes that the paper compares its models on (``cut_to``).
    models : list of str
    folder : Path
        Where the tables ``results.PUBLISHED`` are written.
    **options of ``pairs.measure_all``

    Returns
    -------
    DataFrame of ``table``

    Raises
    ------
    BadInput
        The paper has no scores of a model.
    """
    for name in models:
        if not plan.declared.model(name).published:
            have = [m.name for m in plan.declared.models.values() if m.published]
            raise BadInput(f"the paper has no scores of model '{name}'; take {', '.join(have)}.")
    names = {t: n for t, n in listed_names(plan.declared).items() if t in plan.tasks}
    tasks = sorted(names, key=lambda t: len(plan.tasks[t]))
    chosen = [Pair(model, task) for model in models for task in tasks]
    pairs.measure_all(plan, STAGE, chosen, **options)
    frame = table(plan, chosen, names)
    for name, made in zip(results.PUBLISHED, (frame, by_group(published(plan.declared)))):
        results.write_table(made, folder / name)
    return frame
