"""Tables beside the scores: intervals, excess, power, weighted means, tiers, pairs of models.

Nothing here fits or scores anything anew: scores are those of ``scores.parquet``, and how far they
would move on other genes comes from ``resampling``. All tables are about the *common* genes, except
where they say so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import probes
from ..core import workers
from ..core.specs import GROUPS
from ..core.workers import Progress, Say, quiet
from ..stats import bootstrap, intervals, separation
from . import predictions, resampling, results
from .plan import Plan
from .resampling import Group, Resampled

FIELD = 0.5
"""Least share of a choice of tasks that a model must be scored on, unexposed, to be in their mean.
"""


def field(fair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose tasks and models that a mean can be about.

    All these models are fair on all these tasks.

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
    if not cells:
        return False
    absent = [c for c in cells if not predictions.path(plan.path(c)).exists()]
    if absent:
        say(
            f"no intervals: {len(absent)} cells have not been run, first '{absent[0]}'; run the "
            "whole profile for them"
        )
        return False
    groups = resampling.groups(cells)
    report = {"say": say, "progress": progress}
    outcome = workers.execute(resampling.STAGE, plan, groups, pool, **report)
    outcome.check("groups of intervals")
    for name, frame in tables(plan, groups).items():
        results.write_table(frame, results.beside_path(plan.profile.name, name))
    return bool(outcome.computed)


@dataclass(frozen=True, eq=False)
class Board:
    """All tasks and models of one split and probe, on own and common genes.

    Attributes
    ----------
    split, probe : str
    tasks, models : list of str
        T and M names.
    score : ndarray, shape (2, T, M)
        NaN where there is none.
    number, error, low, high : ndarray, shape (2, T, M)
        See ``resampling.Resampled``.
    moved : ndarray, shape (T, M, draws)
    frames : tuple of DataFrame
        Main scores on own and on common genes.
    fair : ndarray of bool, shape (T, M)
        Scored on the common genes, no control, and not trained on the labels.
    """

    split: str
    probe: str
    tasks: list[str]
    models: list[str]
    score: np.ndarray
    number: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    moved: np.ndarray
    frames: tuple[pd.DataFrame, pd.DataFrame]
    fair: np.ndarray


def board(plan: Plan, split: str, probe: str, parts: list[Resampled], models: list[str]) -> Board:
    """Put resampled groups of one split and probe beside the scores of a profile.

    Parameters
    ----------
    plan : Plan
    split, probe : str
    parts : list of Resampled
    models : list of str
        Those of all splits; some may not be run under this one.

    Returns
    -------
    Board
    """
    names = [task for part in parts for task in part.tasks.tolist()]
    present = parts[0].models.tolist()
    at = np.array([models.index(m) for m in present])
    frames, score = [], np.full((2, len(names), len(models)), np.nan)
    for g, genes in enumerate(resampling.GENES):
        frame = results.main_scores(plan.profile.name, split=split, genes=genes)
        kinds = [kind for kind in frame.kind.unique() if probes.takes(kind, probe)]
        method = {kind: probes.method(kind, probe).name for kind in kinds}
        chosen = (frame.probe == frame.kind.map(method)) & frame.model.isin(present)
        frame = frame[chosen]  # a model that failed has a part of its rows
        wide = frame.pivot(index="task", columns="model", values="score")
        frames.append(frame)
        score[g] = wide.reindex(index=names, columns=models).to_numpy(float)
    arrays = {}
    for name in ("number", "error", "low", "high"):
        values = np.concatenate([getattr(part, name) for part in parts], axis=1)
        arrays[name] = np.zeros(score.shape, values.dtype)
        arrays[name][:, :, at] = values
    moved = np.concatenate([part.moved for part in parts])
    if len(present) < len(models):
        wide = np.zeros((len(names), len(models), moved.shape[2]), moved.dtype)
        wide[:, at], moved = moved, wide
    number = arrays["number"][1]
    same = np.isfinite(score[1]) & (number > 0) & (number == number.max(axis=1, keepdims=True))
    specs = [plan.declared.models[m] for m in models]
    barred = [[s.family == "control" or s.exposed_on(t) for s in specs] for t in names]
    shape = (split, probe, names, models, score)
    return Board(*shape, **arrays, moved=moved, frames=tuple(frames), fair=same & ~np.array(barred))


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
    out: dict[str, list] = {name: [] for name in results.BESIDE}
    for probe in dict.fromkeys(group.at[1] for group in groups):
        boards = []
        for split in dict.fromkeys(group.at[0] for group in groups):
            parts = [resampling.load(plan, g) for g in groups if g.at == (split, probe)]
            boards.append(board(plan, split, probe, parts, models))
        power = _power(plan, boards)
        means, pairs = _means(plan, boards, power)
        out["power.csv"].append(power)
        out["means.csv"].append(means)
        out["pairs.csv"].append(pairs)
        out["intervals.parquet"] += [_intervals(plan, b) for b in boards]
    return {name: pd.concat(parts, ignore_index=True) for name, parts in out.items()}


def _intervals(plan: Plan, b: Board) -> pd.DataFrame:
    """One row per task, model and choice of genes, with the excess on common genes."""
    rows = []
    for g, (genes, frame) in enumerate(zip(resampling.GENES, b.frames)):
        at = g, _places(frame.task, b.tasks), _places(frame.model, b.models)
        own = {name: getattr(b, name)[at] for name in ("number", "error", "low", "high")}
        shown = frame[["task", "group", "kind", "model", "family", "score"]]
        rows.append(shown.assign(split=b.split, probe=b.probe, genes=genes, **own))
    common = b.frames[1]
    over = intervals.excess(common, plan.declared.exposed)
    t = _places(over.task, b.tasks)
    model, best = (b.moved[t, _places(over[c], b.models)] for c in ("model", "best_shortcut"))
    low, high = np.nan, np.nan
    if len(over):
        low, high = bootstrap.difference_interval(over.excess.to_numpy(), model - best)
    over = over[["task", "model", "best_shortcut", "excess"]]
    over = over.assign(excess_low=low, excess_high=high, genes="common")
    return pd.concat(rows).merge(over, on=["task", "model", "genes"], how="left")


def _places(names: pd.Series, known: list[str]) -> np.ndarray:
    return names.map({n: i for i, n in enumerate(known)}).to_numpy(int)


_POWER = [
    *("split", "probe", "task", "group", "kind", "genes", "models", "smallest_unpaired"),
    *("smallest", "best", "second", "difference", "more_genes", "underpowered", "weight"),
]


def _power(plan: Plan, boards: list[Board]) -> pd.DataFrame:
    """One row per task and split: what it can show between two models, and its two best models."""
    names, rows = boards[0].tasks, []
    for b in boards:
        for i, name in enumerate(b.tasks):
            task, at = plan.tasks[name], np.flatnonzero(b.fair[i])
            genes = int(b.number[1, i].max())
            row = {"split": b.split, "probe": b.probe, "task": name, "group": task.group}
            row |= {"kind": task.kind, "genes": genes, "models": len(at)}
            row["smallest_unpaired"] = intervals.task_difference(task.kind, task.labels)
            if len(at) > 1:
                compared = separation.compare(b.score[1, i, at], b.moved[i, at])
                first, second = np.argsort(-b.score[1, i, at], kind="stable")[:2]
                same = (compared.pairs == sorted((first, second))).all(axis=1)
                pair = int(np.flatnonzero(same)[0])
                gap = abs(compared.difference[pair])
                row["smallest"] = separation.smallest_paired(np.median(compared.error))
                row |= {"best": b.models[at[first]], "second": b.models[at[second]]}
                row["difference"] = gap
                row["more_genes"] = separation.more_genes(genes, gap, compared.error[pair])
            rows.append(row)
    frame = pd.DataFrame(rows).reindex(columns=_POWER)
    base = frame[frame.split == boards[0].split].set_index("task")
    weak = ~(base.smallest <= intervals.UNDERPOWERED)  # the same tasks in every split
    frame["underpowered"] = frame.task.map(weak)
    weight = pd.Series(1.0, index=names)
    strong = base[~weak]
    for _, part in strong.groupby(["group", strong.kind == "regression"], observed=True):
        resemblance = resampling.resemblance(plan, list(part.index))
        weight[part.index] = separation.task_weights(resemblance)
    frame["weight"] = frame.task.map(weight)
    return frame


_MEANS = [
    *("probe", "measure", "group", "split", "model", "tasks", "effective", "score", "low", "high"),
    *("excess", "excess_low", "excess_high", "tier", "rank_low", "rank_high"),
    *("lost", "lost_low", "lost_high"),
]
_PAIRS = [
    *("probe", "measure", "group", "split", "model", "other", "tasks"),
    *("difference", "low", "high", "p", "separated"),
]


def _means(plan: Plan, boards: list[Board], power: pd.DataFrame):
    """Weighted means over the headline tasks of each group (and of all), and every two models."""
    base = power[power.split == boards[0].split].set_index("task").loc[boards[0].tasks]
    fair = np.logical_and.reduce([b.fair for b in boards])  # the same tasks in every split
    means, pairs = [pd.DataFrame(columns=_MEANS)], [pd.DataFrame(columns=_PAIRS)]
    for measure in ("auroc", "spearman"):
        measured = (base.kind == "regression") == (measure == "spearman")
        usable = measured.to_numpy() & ~base.underpowered.to_numpy()
        present = [g for g in GROUPS if (usable & (base.group == g).to_numpy()).any()]
        for group in ["all"] * (len(present) > 1) + present:
            inside = (base.group == group).to_numpy() | (group == "all")
            chosen = np.flatnonzero(usable & inside)
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
            shared = {"probe": boards[0].probe, "measure": measure, "group": group}
            shared |= {"tasks": len(tasks), "effective": effective}
            for mean, pair in _of_group(plan, boards, tasks, models, weight, part.group.to_numpy()):
                means.append(mean.assign(**shared)[_MEANS])
                pairs.append(pair.assign(**shared)[_PAIRS])
    return (pd.concat([f for f in frames if len(f)] or frames[:1]) for frames in (means, pairs))


def _of_group(plan: Plan, boards: list[Board], tasks, models, weight: np.ndarray, groups):
    """(means, pairs) of each split; ``lost``: how much less than in the first split."""
    first, at = None, np.ix_(tasks, models)
    for b in boards:
        names = np.array([b.models[m] for m in models])
        score, moved = b.score[1][at], b.moved[at].astype(float)
        draws = separation.task_draws(score, moved, weight, groups)
        mean = np.average(score, axis=0, weights=weight)
        compared = separation.compare(mean, draws)
        low, high = bootstrap.difference_interval(mean, draws)
        first = first or (score, moved, mean)
        change = separation.task_draws(first[0] - score, first[1] - moved, weight, groups)
        lost = first[2] - mean
        lost_low, lost_high = bootstrap.difference_interval(lost, change)
        columns = {"model": names, "split": b.split, "score": mean, "low": low, "high": high}
        columns |= {"tier": compared.tier, "rank_low": compared.rank_low}
        columns |= {"rank_high": compared.rank_high}
        columns |= {"lost": lost, "lost_low": lost_low, "lost_high": lost_high}
        excess = _excess_of(plan, names, score, moved, weight, groups)
        i, j = compared.pairs.T
        pairs = {"model": names[i], "other": names[j], "split": b.split}
        shown = ("difference", "low", "high", "p", "separated")
        pairs |= {name: getattr(compared, name) for name in shown}
        yield pd.DataFrame(columns).merge(excess, on="model", how="left"), pd.DataFrame(pairs)


def _excess_of(plan: Plan, names: np.ndarray, score, moved, weight, groups) -> pd.DataFrame:
    """Mean excess of each model over the best shortcut of each task, with its interval."""
    shortcut = np.array([plan.declared.models[n].family == "shortcut" for n in names])
    columns = ["model", "excess", "excess_low", "excess_high"]
    if not shortcut.any() or shortcut.all():
        return pd.DataFrame(columns=columns).astype({c: float for c in columns[1:]})
    best = np.flatnonzero(shortcut)[score[:, shortcut].argmax(axis=1)]
    at = np.arange(len(score))
    over, gap = score - score[at, best][:, None], moved - moved[at, best][:, None]
    mean = np.average(over, axis=0, weights=weight)[~shortcut]
    draws = separation.task_draws(over, gap, weight, groups)[~shortcut]
    low, high = bootstrap.difference_interval(mean, draws)
    return pd.DataFrame(dict(zip(columns, (names[~shortcut], mean, low, high))))
