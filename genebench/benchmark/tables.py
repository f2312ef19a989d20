"""The stage after the cells: bootstrap over genes → intervals, excess, power, means, tiers, ladder; written as tables.

Nothing here fits or scores anything anew: scores are those of ``scores.parquet``, and how far they would move on other
genes comes from the boards (``genebench.benchmark.resampling``). All tables are about the *common* genes, except where they say so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import as_completed
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, specs
from ..core.errors import RunFailed
from ..core.specs import GROUPS
from ..stats import bootstrap, intervals, separation
from . import plan, predictions, resampling, results
from .resampling import Board

FIELD = 0.5
"""The least share of a choice of tasks that a model must be scored on, unexposed, to take part in their mean."""


def field(fair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tasks and models that a mean can be about: all these models are scored, unexposed, on all these tasks.

    A model that is asked to join takes along only the tasks that it has: of all cut-offs on the number of a model's
    tasks (from ``FIELD`` of them up), the one that keeps most pairs of a model and a task; of equals, most tasks.
    Args: fair: (T, M) bool. Returns: their places in ``fair``, ascending; empty where no model has enough.
    """
    counts, best = fair.sum(axis=0), (np.array([], dtype=int), np.array([], dtype=int))
    for least in np.unique(counts[counts >= max(1, FIELD * len(fair))])[::-1]:
        models = np.flatnonzero(counts >= least)
        tasks = np.flatnonzero(fair[:, models].all(axis=1))
        if len(tasks) * len(models) > len(best[0]) * len(best[1]):
            best = tasks, models
    return best


def make(
    profile: str,
    pool,
    *,
    failed: Collection[str] = (),
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> bool:
    """Make the boards that are not there and write the tables beside the scores of a profile.

    Args: pool: executor of ``boards.work``. failed: models that could not be run whole; they are left out of every
    table, and it is said so. A profile of which another cell has not been run gets no tables, and it is said which is
    missing. Returns: whether a board was made. Raises: RunFailed: a board cannot be made.
    """
    planned = [c for c in plan.plan(profile) if c.model not in failed]
    if failed:
        say(
            f"the intervals leave out {', '.join(sorted(failed))}: not every cell could be run; mend it and run again"
        )
    if not planned:
        return False
    absent = [c for c in planned if not predictions.path(plan.cell_path(c)).exists()]
    if absent:
        say(
            f"no intervals: {len(absent)} cells have not been run, first '{absent[0]}'; run the whole profile for them"
        )
        return False
    groups = resampling.gather(planned)
    waiting = [g for g in groups if cache.state(resampling.path(g)) != "ready"]
    say(
        f"{len(groups)} boards of intervals, {len(groups) - len(waiting)} cached, {len(waiting)} to do"
    )
    progress("intervals", 0, len(waiting))
    futures = {pool.submit(resampling.work, g): g for g in waiting}
    for done, future in enumerate(as_completed(futures), start=1):
        if why := future.result():
            raise RunFailed(
                f"the intervals of {futures[future][0].label} × {futures[future][0].split} failed: {why}"
            )
        progress("intervals", done, len(waiting))
    for name, frame in tables(profile, groups).items():
        results.write_beside(frame, profile, name)
    return bool(waiting)


@dataclass(frozen=True, eq=False)
class Sheet:
    """All tasks and models of one split and probe: scores (2, T, M) on own and common genes, NaN where there is none;
    the boards' numbers of genes, errors and intervals of the same shape; and draws on common genes, (T, M, draws)."""

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

    def fair(self) -> np.ndarray:
        """Whether a model is scored on the common genes and has not read the answers, (T, M); controls are not."""
        number = self.number[1]
        same = (
            np.isfinite(self.score[1])
            & (number > 0)
            & (number == number.max(axis=1, keepdims=True))
        )
        return same & ~np.array([[_barred(m, t) for m in self.models] for t in self.tasks])


def _barred(model: str, task: str) -> bool:
    spec = specs.model(model)
    return spec.family == "control" or spec.exposed_on(task)


def sheet(profile: str, split: str, probe: str, held: list[Board], models: list[str]) -> Sheet:
    """Put the boards of one split and probe beside the scores of a profile; ``models``: those of all splits."""
    names, present = [t for b in held for t in b.tasks.tolist()], held[0].models.tolist()
    at = np.array([models.index(m) for m in present])  # the others are not run under this split
    frames, score = [], np.full((2, len(names), len(models)), np.nan)
    for g, genes in enumerate(resampling.GENES):
        frame = results.main_scores(profile, split=split, genes=genes)
        wanted = {
            kind: probes.method(kind, probe).name
            for kind in frame.kind.unique()
            if probes.takes(kind, probe)
        }
        frame = frame[
            (frame.probe == frame.kind.map(wanted)) & frame.model.isin(present)
        ]  # a failed model has a part
        table = frame.pivot(index="task", columns="model", values="score").reindex(
            index=names, columns=models
        )
        frames.append(frame)
        score[g] = table.to_numpy(float)
    parts = {}
    for field in ("number", "error", "low", "high"):
        made = np.concatenate([getattr(b, field) for b in held], axis=1)
        parts[field] = np.zeros(score.shape, made.dtype)
        parts[field][:, :, at] = made
    moved = np.concatenate([b.moved for b in held])
    if len(present) < len(models):
        whole = np.zeros((len(names), len(models), moved.shape[2]), moved.dtype)
        whole[:, at], moved = moved, whole
    return Sheet(split, probe, names, models, score, **parts, moved=moved, frames=tuple(frames))


def tables(profile: str, groups: list[tuple[plan.Cell, ...]]) -> dict[str, pd.DataFrame]:
    """Every table of the stage by file name, from the boards of a profile."""
    sheets: dict[str, list[Sheet]] = {}
    models = list(dict.fromkeys(c.model for g in groups for c in g))
    for probe in dict.fromkeys(g[0].probe for g in groups):
        for split in dict.fromkeys(g[0].split for g in groups):
            held = [
                resampling.load(resampling.path(g))
                for g in groups
                if (g[0].split, g[0].probe) == (split, probe)
            ]
            sheets.setdefault(probe, []).append(sheet(profile, split, probe, held, models))
    out: dict[str, list] = {name: [] for name in results.BESIDE}
    for held in sheets.values():
        power = _power(profile, held)
        out["power.csv"].append(power)
        out["intervals.parquet"] += [_intervals(s) for s in held]
        for frame, name in zip(_means(profile, held, power), ("means.csv", "pairs.csv")):
            out[name].append(frame)
    return {name: pd.concat(parts, ignore_index=True) for name, parts in out.items()}


def _intervals(s: Sheet) -> pd.DataFrame:
    """One row per task, model and choice of genes; excess on common genes where the pair has a best shortcut."""
    rows = []
    for g, (genes, frame) in enumerate(zip(resampling.GENES, s.frames)):
        t, m = (_places(frame[c], known) for c, known in (("task", s.tasks), ("model", s.models)))
        own = {name: getattr(s, name)[g, t, m] for name in ("number", "error", "low", "high")}
        shown = frame[["task", "group", "kind", "model", "family", "score"]]
        rows.append(shown.assign(split=s.split, probe=s.probe, genes=genes, **own))
    over = intervals.excess(s.frames[1], lambda m, t: specs.model(m).exposed_on(t))
    t = _places(over.task, s.tasks)
    gap = (
        s.moved[t, _places(over.model, s.models)]
        - s.moved[t, _places(over.best_shortcut, s.models)]
    )
    low, high = (
        bootstrap.difference_interval(over.excess.to_numpy(), gap)
        if len(over)
        else (np.nan, np.nan)
    )
    over = over[["task", "model", "best_shortcut", "excess"]].assign(
        excess_low=low, excess_high=high, genes="common"
    )
    return pd.concat(rows).merge(over, on=["task", "model", "genes"], how="left")


def _places(names: pd.Series, known: list[str]) -> np.ndarray:
    return names.map({n: i for i, n in enumerate(known)}).to_numpy(int)


def _power(profile: str, held: list[Sheet]) -> pd.DataFrame:
    """One row per task and split: what it can show between two of these models, and its two best models."""
    known, names = plan.context(profile).tasks, held[0].tasks
    rows = []
    for s in held:
        fair = s.fair()
        for i, name in enumerate(s.tasks):
            task, at = known[name], np.flatnonzero(fair[i])
            row = {
                "split": s.split,
                "probe": s.probe,
                "task": name,
                "group": task.group,
                "kind": task.kind,
                "genes": int(s.number[1, i].max()),
                "models": len(at),
            }
            row["smallest_unpaired"] = intervals.task_difference(task.kind, task.labels)
            if len(at) > 1:
                found = separation.compare(s.score[1, i, at], s.moved[i, at])
                first, second = np.argsort(-s.score[1, i, at], kind="stable")[:2]
                pair = int(np.flatnonzero((found.pairs == sorted((first, second))).all(axis=1))[0])
                row["smallest"] = separation.smallest_paired(np.median(found.error))
                row |= {"best": s.models[at[first]], "second": s.models[at[second]]}
                row["difference"] = abs(found.difference[pair])
                row["more_genes"] = separation.more_genes(
                    row["genes"], row["difference"], found.error[pair]
                )
            rows.append(row)
    frame = pd.DataFrame(rows).reindex(columns=_POWER)
    base = frame[frame.split == held[0].split].set_index("task")
    weak = ~(base.smallest <= intervals.UNDERPOWERED)  # the same tasks in every split
    frame["underpowered"] = frame.task.map(weak)
    weight = pd.Series(1.0, index=names)
    for _, part in base[~weak].groupby(["group", base[~weak].kind == "regression"], observed=True):
        weight[part.index] = separation.task_weights(resampling.alike(profile, list(part.index)))
    frame["weight"] = frame.task.map(weight)
    return frame


_POWER = """split probe task group kind genes models smallest_unpaired smallest best second difference more_genes
            underpowered weight""".split()


def _field(held: list[Sheet], chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tasks (of those chosen) and models of a mean: the same ones in every split."""
    tasks, models = field(np.logical_and.reduce([s.fair() for s in held])[chosen])
    return chosen[tasks], models


def _means(
    profile: str, held: list[Sheet], power: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weighted means over the headline tasks of each group (and of all), with tiers and ranks; and every two models."""
    base = power[power.split == held[0].split].set_index("task").loc[held[0].tasks]
    means, pairs = [pd.DataFrame(columns=_MEANS)], [pd.DataFrame(columns=_PAIRS)]
    for measure in ("auroc", "spearman"):
        of = (
            (base.kind == "regression") == (measure == "spearman")
        ).to_numpy() & ~base.underpowered.to_numpy()
        present = [g for g in GROUPS if (of & (base.group == g).to_numpy()).any()]
        for group in ["all"] * (len(present) > 1) + present:
            chosen = np.flatnonzero(of & ((base.group == group) | (group == "all")).to_numpy())
            tasks, models = _field(held, chosen)
            if (
                len(tasks) == 0
                or len(models) < 2
                or (group == "all" and base.group.iloc[tasks].nunique() < 2)
            ):
                continue
            part = base.iloc[tasks]
            weight = (
                part.weight / part.groupby("group").weight.transform("sum")
            ).to_numpy()  # groups count the same
            number = separation.effective_number(resampling.alike(profile, list(part.index)))
            shared = {
                "probe": held[0].probe,
                "measure": measure,
                "group": group,
                "tasks": len(tasks),
                "effective": number,
            }
            for mean, pair in _of_group(held, tasks, models, weight, part.group.to_numpy()):
                means.append(mean.assign(**shared)[_MEANS])
                pairs.append(pair.assign(**shared)[_PAIRS])
    return tuple(
        pd.concat([f for f in frames if len(f)] or frames[:1]) for frames in (means, pairs)
    )


_MEANS = """probe measure group split model tasks effective score low high excess excess_low excess_high tier rank_low
            rank_high lost lost_low lost_high""".split()
_PAIRS = "probe measure group split model other tasks difference low high p separated".split()


def _of_group(held: list[Sheet], tasks, models, weight: np.ndarray, groups: np.ndarray):
    """(means, pairs) of each split. ``lost`` is what a model scores less than in the first split, paired."""
    first = None
    cut = np.ix_(tasks, models)
    for s in held:
        names = [s.models[m] for m in models]
        score, moved = s.score[1][cut], s.moved[cut].astype(float)
        draws = separation.task_draws(score, moved, weight, groups)
        mean = np.average(score, axis=0, weights=weight)
        found = separation.compare(mean, draws)
        low, high = bootstrap.difference_interval(mean, draws)
        frame = pd.DataFrame(
            {"model": names, "split": s.split, "score": mean, "low": low, "high": high}
        )
        frame = frame.assign(tier=found.tier, rank_low=found.rank_low, rank_high=found.rank_high)
        first = first or (score, moved, mean)
        gone = separation.task_draws(first[0] - score, first[1] - moved, weight, groups)
        frame["lost"] = first[2] - mean
        frame["lost_low"], frame["lost_high"] = bootstrap.difference_interval(first[2] - mean, gone)
        frame = frame.merge(_excess_of(names, score, moved, weight, groups), on="model", how="left")
        i, j = found.pairs.T
        yield (
            frame,
            pd.DataFrame(
                {
                    "model": np.array(names)[i],
                    "other": np.array(names)[j],
                    "split": s.split,
                    "difference": found.difference,
                    "low": found.low,
                    "high": found.high,
                    "p": found.p,
                    "separated": found.separated,
                }
            ),
        )


def _excess_of(
    names: list[str], score: np.ndarray, moved: np.ndarray, weight: np.ndarray, groups: np.ndarray
) -> pd.DataFrame:
    """Mean excess of each model that is no shortcut over the best shortcut of each task, with its interval."""
    shortcut = np.array([specs.model(n).family == "shortcut" for n in names])
    columns = ["model", "excess", "excess_low", "excess_high"]
    if not shortcut.any() or shortcut.all():
        return pd.DataFrame(columns=columns).astype({c: float for c in columns[1:]})
    best = np.flatnonzero(shortcut)[score[:, shortcut].argmax(axis=1)]
    at = np.arange(len(score))
    over, gap = score - score[at, best][:, None], moved - moved[at, best][:, None]
    mean = np.average(over, axis=0, weights=weight)[~shortcut]
    low, high = bootstrap.difference_interval(
        mean, separation.task_draws(over, gap, weight, groups)[~shortcut]
    )
    return pd.DataFrame(dict(zip(columns, (np.array(names)[~shortcut], mean, low, high))))
