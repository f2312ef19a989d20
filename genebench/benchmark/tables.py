"""Tables beside the scores: intervals, excess, power, weighted means, tiers, pairs of models.

Nothing here fits anything anew: scores are those of ``scores.parquet``, put together again with how
far they would move on other genes by ``resampling``. All tables are about the *common* genes,
except where they say so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core import workers
from ..core.specs import GROUPS
from ..core.workers import Progress, Say, quiet
from ..stats import bootstrap, intervals, separation
from . import predictions, resampling, results
from .plan import Plan
from .resampling import Group

FIELD = 0.5
"""Least share of a choice of tasks that a model must be scored on, unexposed, to be in their mean.
"""


def field(fair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose tasks and models that a mean can be about: all models are fair on all tasks.

    Of all cut-offs on the number of a model's tasks (from ``FIELD`` of them up), the one that keeps
    most pairs of a model and a task; of equals, most tasks.

    Parameters
    ----------
    fair : ndarray of bool, shape (T, M)
        Whether a model is scored, unexposed, on a task.

    Returns
    -------
    tasks, models : ndarray of int
        Places in ``fair``, ascending; empty where no model has enough.
    """
    counts, best = fair.sum(axis=0), (np.array([], dtype=int), np.array([], dtype=int))
    for least in np.unique(counts[counts >= max(1, FIELD * len(fair))])[::-1]:
        models = np.flatnonzero(counts >= least)
        tasks = np.flatnonzero(fair[:, models].all(axis=1))
        if len(tasks) * len(models) > len(best[0]) * len(best[1]):
            best = tasks, models
    return best


def make(
    plan: Plan,
    pool,
    *,
    failed: Collection[str] = (),
    say: Say = print,
    progress: Progress = quiet,
) -> bool:
    """Resample what is not cached and write the tables beside the scores of a profile.

    A profile of which another cell has not been run gets no tables; a message names what is
    missing.

    Parameters
    ----------
    plan : Plan
    pool : Executor
        Started with the plan.
    failed : collection of str
        Models that could not be run whole; they are left out of every table, and a message says so.
    say, progress : callable, optional

    Returns
    -------
    bool
        Whether anything was resampled.

    Raises
    ------
    RunFailed
        A group cannot be resampled.
    """
    cells = [cell for cell in plan.cells if cell.model not in failed]
    if failed:
        say(
            f"the intervals leave out {', '.join(sorted(failed))}: not every cell could be run; "
            "mend it and run again"
        )
    absent = [c for c in cells if not predictions.path(plan.path(c)).exists()]
    if absent:
        say(
            f"no intervals: {len(absent)} cells have not been run, first '{absent[0]}'; run the "
            "whole profile for them"
        )
    if absent or not cells:
        return False
    groups = resampling.groups(cells)
    report = {"say": say, "progress": progress}
    outcome = workers.execute(resampling.STAGE, plan, groups, pool, **report)
    outcome.check("groups of intervals")
    for name, frame in tables(plan, groups).items():
        results.write_table(frame, results.beside_path(plan.profile.name, name))
    return bool(outcome.computed)


@dataclass(frozen=True, eq=False)
class Scored:
    """All T tasks and M models under one split and probe, on the common genes.

    Attributes
    ----------
    split, probe : str
    tasks, models : list of str
        Names; models are those of all splits.
    score : ndarray, shape (T, M)
        NaN where there is none.
    number : ndarray, shape (T, M)
        Genes of each score; 0 or NaN where there is none.
    moved : ndarray, shape (T, M, draws)
        How far each draw of genes moves it.
    fair : ndarray of bool, shape (T, M)
        Scored on as many genes as any, no control, and not trained on the labels.
    intervals : DataFrame
        Main scores with their intervals, on own genes and on the common ones.
    """

    split: str
    probe: str
    tasks: list[str]
    models: list[str]
    score: np.ndarray
    number: np.ndarray
    moved: np.ndarray
    fair: np.ndarray
    intervals: pd.DataFrame


_NUMBERS = ("score", "number", "error", "low", "high")


def _scored(plan: Plan, split: str, probe: str, groups: list[Group], models: list[str]) -> Scored:
    """Put the resampled groups of one split and probe together, for the models of all splits."""
    parts = [resampling.STAGE.load(plan, group) for group in groups]
    tasks = [task for part in parts for task in part["tasks"].tolist()]
    present = parts[0]["models"].tolist()  # some may not be run under this split
    arrays = {name: np.concatenate([part[name] for part in parts], axis=1) for name in _NUMBERS}
    index = pd.MultiIndex.from_product([resampling.GENES, tasks, present])
    frame = pd.DataFrame({name: array.ravel() for name, array in arrays.items()}, index)
    frame = frame.rename_axis(["genes", "task", "model"]).dropna(subset="score").reset_index()
    frame = frame.sort_values(["genes", "task", "model"], ascending=[False, True, True])
    frame["family"] = frame.model.map({m: plan.declared.models[m].family for m in models})
    for name in ("group", "kind"):
        frame[name] = frame.task.map({task: getattr(plan.tasks[task], name) for task in tasks})
    columns = ["task", "group", "kind", "model", "family", "score", "split", "probe", "genes"]
    frame = frame.assign(split=split, probe=probe)[[*columns, *_NUMBERS[1:]]]
    score, number = (
        pd.DataFrame(arrays[name][1], columns=present).reindex(columns=models).to_numpy()
        for name in ("score", "number")
    )
    moved = np.concatenate([part["moved"] for part in parts])
    if len(present) < len(models):
        full = np.zeros((len(tasks), len(models), moved.shape[2]), moved.dtype)
        full[:, [models.index(m) for m in present]], moved = moved, full
    same = np.isfinite(score) & (number == np.nanmax(number, axis=1, keepdims=True))
    specs = [plan.declared.models[m] for m in models]
    barred = [[s.family == "control" or s.exposed_on(t) for s in specs] for t in tasks]
    return Scored(
        split, probe, tasks, models, score, number, moved, same & ~np.array(barred), frame
    )


def tables(plan: Plan, groups: list[Group]) -> dict[str, pd.DataFrame]:
    """Make every table from resampled groups.

    Parameters
    ----------
    plan : Plan
    groups : list of Group

    Returns
    -------
    dict of str to DataFrame
        By file name, see ``results.BESIDE``.
    """
    models = list(dict.fromkeys(cell.model for group in groups for cell in group.cells))
    out = {name: [] for name in results.BESIDE}
    for probe in dict.fromkeys(group.at[1] for group in groups):
        splits = []
        for split in dict.fromkeys(group.at[0] for group in groups):
            mine = [group for group in groups if group.at == (split, probe)]
            splits.append(_scored(plan, split, probe, mine, models))
        power = _power(plan, splits)
        means = list(_means(plan, splits, power))
        out["power.csv"].append(power)
        for name, columns, part in zip(("means.csv", "pairs.csv"), _COLUMNS, (0, 1)):
            frames = [pd.DataFrame(pair[part], columns=columns) for pair in means]
            out[name] += frames or [pd.DataFrame(columns=columns)]
        out["intervals.parquet"] += [_with_excess(plan, s) for s in splits]
    return {
        name: pd.concat([f for f in frames if len(f)] or frames, ignore_index=True)
        for name, frames in out.items()
    }


def _with_excess(plan: Plan, s: Scored) -> pd.DataFrame:
    """One row per task, model and choice of genes, with the excess on common genes."""
    common = s.intervals[s.intervals.genes == "common"]
    over = intervals.excess(common.assign(n_test=common.number), plan.declared.exposed)
    t = _places(over.task, s.tasks)
    model, best = (s.moved[t, _places(over[c], s.models)] for c in ("model", "best_shortcut"))
    low, high = bootstrap.difference_interval(over.excess.to_numpy(), model - best)
    over = over[["task", "model", "genes", "best_shortcut", "excess"]]
    over = over.assign(excess_low=low, excess_high=high)
    return s.intervals.merge(over, on=["task", "model", "genes"], how="left")


def _places(names: pd.Series, known: list[str]) -> np.ndarray:
    return names.map({n: i for i, n in enumerate(known)}).to_numpy(int)


_POWER = [
    *("split", "probe", "task", "group", "kind", "genes", "models", "smallest_unpaired"),
    *("smallest", "best", "second", "difference", "more_genes", "underpowered", "weight"),
]


def _power(plan: Plan, splits: list[Scored]) -> pd.DataFrame:
    """One row per task and split: what it can show between two models, and its two best models."""
    rows = []
    for s, (i, name) in ((x, of) for x in splits for of in enumerate(x.tasks)):
        task, at, genes = plan.tasks[name], np.flatnonzero(s.fair[i]), int(np.nanmax(s.number[i]))
        row = {"split": s.split, "probe": s.probe, "task": name, "group": task.group}
        row |= {"kind": task.kind, "genes": genes, "models": len(at)}
        row["smallest_unpaired"] = intervals.task_difference(task.kind, task.labels)
        if len(at) > 1:
            compared = separation.compare(s.score[i, at], s.moved[i, at])
            two = np.argsort(-s.score[i, at], kind="stable")[:2]
            pair = int(np.flatnonzero((compared.pairs == sorted(two)).all(axis=1))[0])
            gap = abs(compared.difference[pair])
            row["smallest"] = separation.smallest_paired(np.median(compared.error))
            row |= {"best": s.models[at[two[0]]], "second": s.models[at[two[1]]]}
            row["difference"] = gap
            row["more_genes"] = separation.more_genes(genes, gap, compared.error[pair])
        rows.append(row)
    frame = pd.DataFrame(rows, columns=_POWER)
    base = frame[frame.split == splits[0].split].set_index("task")
    weak = ~(base.smallest <= intervals.UNDERPOWERED)  # the same tasks in every split
    weight, strong = pd.Series(1.0, index=splits[0].tasks), base[~weak]
    for _, part in strong.groupby(["group", strong.kind == "regression"], observed=True):
        resemblance = resampling.resemblance(plan, list(part.index))
        weight[part.index] = separation.task_weights(resemblance)
    return frame.assign(underpowered=frame.task.map(weak), weight=frame.task.map(weight))


_COLUMNS = (
    [
        *("probe", "measure", "group", "split", "model", "tasks", "effective", "score", "low"),
        *("high", "excess", "excess_low", "excess_high", "tier", "rank_low", "rank_high"),
        *("lost", "lost_low", "lost_high"),
    ],
    [
        *("probe", "measure", "group", "split", "model", "other", "tasks"),
        *("difference", "low", "high", "p", "separated"),
    ],
)
"""Of the table of means, and of that of pairs of models."""


def _means(plan: Plan, splits: list[Scored], power: pd.DataFrame) -> Iterator[tuple[dict, dict]]:
    """Weighted means over the headline tasks of each group (and of all), and every two models."""
    base = power[power.split == splits[0].split].set_index("task").loc[splits[0].tasks]
    fair = np.logical_and.reduce([s.fair for s in splits])  # the same tasks in every split
    strong, regression = ~base.underpowered, base.kind == "regression"
    for measure, usable in (("auroc", strong & ~regression), ("spearman", strong & regression)):
        present = [g for g in GROUPS if (usable & (base.group == g)).any()]
        for group in ["all"] * (len(present) > 1) + present:
            chosen = np.flatnonzero(usable & ((base.group == group) | (group == "all")))
            tasks, models = field(fair[chosen])
            tasks = chosen[tasks]
            part = base.iloc[tasks]
            few = group == "all" and part.group.nunique() < 2
            if len(tasks) == 0 or len(models) < 2 or few:
                continue
            totals = part.groupby("group").weight.transform("sum")
            weight = (part.weight / totals).to_numpy()  # groups count the same
            resemblance = resampling.resemblance(plan, list(part.index))
            effective = separation.effective_number(resemblance)
            shared = {"probe": splits[0].probe, "measure": measure, "group": group}
            shared |= {"tasks": len(tasks), "effective": effective}
            draws = {"weight": weight, "groups": part.group.to_numpy()}
            for mean, pairs in _of_group(plan, splits, tasks, models, draws):
                yield {**shared, **mean}, {**shared, **pairs}


def _of_group(plan: Plan, splits: list[Scored], tasks, models, by) -> Iterator[tuple[dict, dict]]:
    """(means, pairs) of each split; ``lost``: how much less than in the first split."""
    at, first = np.ix_(tasks, models), None
    names = np.array([splits[0].models[m] for m in models])
    shortcut = np.array([plan.declared.models[n].family == "shortcut" for n in names])
    none = shortcut if shortcut.any() else ~shortcut  # models without an excess
    for s in splits:
        score, moved = s.score[at], s.moved[at].astype(float)
        first = first or (score, moved)
        best = np.where(none, score, -np.inf).argmax(axis=1)[:, None]
        over = score - np.take_along_axis(score, best, 1)
        gap = moved - np.take_along_axis(moved, best[..., None], 1)
        mean, draws, *ends = _averaged(score, moved, by)
        compared = separation.compare(mean, draws)
        columns = {"split": s.split, "model": names, "score": mean} | dict(
            zip(("low", "high"), ends)
        )
        for name in ("tier", "rank_low", "rank_high"):
            columns[name] = getattr(compared, name)
        changes = {"lost": (first[0] - score, first[1] - moved), "excess": (over, gap)}
        for name, change in changes.items():
            value, _, *ends = _averaged(*change, by)
            for column, values in zip((name, f"{name}_low", f"{name}_high"), (value, *ends)):
                columns[column] = np.where(none & (name == "excess"), np.nan, values)
        i, j = compared.pairs.T
        pairs = {"split": s.split, "model": names[i], "other": names[j]}
        shown = ("difference", "low", "high", "p", "separated")
        yield columns, pairs | {name: getattr(compared, name) for name in shown}


def _averaged(score: np.ndarray, moved: np.ndarray, by: dict) -> tuple[np.ndarray, ...]:
    """Weighted mean over tasks, its draws, and the ends of its interval."""
    mean = np.average(score, axis=0, weights=by["weight"])
    draws = separation.task_draws(score, moved, **by)
    return mean, draws, *bootstrap.difference_interval(mean, draws)
