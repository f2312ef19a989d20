"""Scores with intervals, what each task can show, weighted means, every two models compared."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from ...core.specs import CONTROL, GROUPS
from ...stats import bootstrap, intervals, separation
from .. import resampling
from .. import splits as splits_of


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
        Genes of each score; 0 where there is none.
    moved : ndarray, shape (T, M, draws)
        How far each draw of genes moves it.
    fair : ndarray of bool, shape (T, M)
        Scored on as many genes as any, no control, and not trained on the labels.
    shortcut, best_shortcut : ndarray of float and of str, shape (T,)
        Score of the best shortcut, chosen on the other folds, and the one most often chosen; NaN
        and empty where there is none.
    shortcut_moved : ndarray, shape (T, draws)
    fold_share : ndarray, shape (T,)
        Median over models of the share of a score's variance that is owed to how genes were divided
        into folds; NaN of tasks that were divided once.
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
    shortcut: np.ndarray
    best_shortcut: np.ndarray
    shortcut_moved: np.ndarray
    fold_share: np.ndarray
    intervals: pd.DataFrame


_OF_TASK = ("tasks", "moved", "shortcut", "best_shortcut", "shortcut_moved", "fold_share")
_INTERVALS = "task group kind model family score split probe genes number error low high".split()


def scores_of(plan, split, probe, groups, models):
    """Put the resampled groups of one split and probe together, for the models of all splits.

    Parameters
    ----------
    plan : Plan
    split, probe : str
    groups : list of CellsOfBlock
    models : list of str

    Returns
    -------
    Scored
    """
    parts = [resampling.STAGE.load(plan, group) for group in groups]
    single = {name: np.concatenate([part[name] for part in parts]) for name in _OF_TASK}
    wide = resampling.WIDE
    arrays = {name: np.concatenate([part[name] for part in parts], axis=1) for name in wide}
    tasks, present = single.pop("tasks").tolist(), parts[0]["models"].tolist()
    levels = {"genes": resampling.GENES, "task": tasks, "model": present}
    index = pd.MultiIndex.from_product(levels.values(), names=levels)
    frame = pd.DataFrame({name: array.ravel() for name, array in arrays.items()}, index)
    frame = frame.dropna(subset="score").reset_index()
    frame = frame.sort_values([*levels], ascending=[False, True, True])
    frame = frame.assign(
        family=[plan.declared.models[m].family for m in frame.model],
        group=[plan.tasks[task].group for task in frame.task],
        kind=[plan.tasks[task].kind for task in frame.task],
        split=split,
        probe=probe,
    )

    def of_all(array, none):
        """The same for the models of all splits, some of which may not be run under this one."""
        out = np.full((len(tasks), len(models), *array.shape[2:]), none, array.dtype)
        out[:, [models.index(m) for m in present]] = array
        return out

    score, number = of_all(arrays["score"][1], np.nan), of_all(arrays["number"][1], 0)
    specs = [plan.declared.models[m] for m in models]
    barred = [[s.family == "control" or s.exposed_on(t) for s in specs] for t in tasks]
    return Scored(
        split=split,
        probe=probe,
        tasks=tasks,
        models=models,
        score=score,
        number=number,
        moved=of_all(single.pop("moved"), 0),
        fair=np.isfinite(score) & (number == number.max(axis=1)[:, None]) & ~np.array(barred),
        intervals=frame[_INTERVALS],
        **single,
    )


def with_excess(s):
    """One row per task, model and choice of genes, with the excess on common genes.

    The excess is over the best shortcut of the same task, genes and folds, chosen for each fold by
    the others. A narrow model, scored on fewer genes, has none; nor have shortcuts and controls.
    ``excess_q`` is the false discovery rate at which an excess above or below 0 is one (Benjamini &
    Hochberg 1995), among all tasks of a model.

    Parameters
    ----------
    s : Scored

    Returns
    -------
    DataFrame
    """
    common = s.intervals[s.intervals.genes == "common"]
    t, m = pd.Index(s.tasks).get_indexer(common.task), pd.Index(s.models).get_indexer(common.model)
    paired = (s.number[t, m] == s.number.max(axis=1)[t]) & np.isfinite(s.shortcut[t])
    paired &= ~common.family.isin(["shortcut", "control"]).to_numpy()
    over, t, m = common.loc[paired, ["task", "model", "genes"]], t[paired], m[paired]
    excess, moved = s.score[t, m] - s.shortcut[t], s.moved[t, m] - s.shortcut_moved[t]
    low, high = bootstrap.difference_interval(excess, moved)
    chance = 2 * scipy.stats.norm.sf(np.abs(excess) / np.maximum(moved.std(axis=1), 1e-12))
    over = over.assign(
        best_shortcut=s.best_shortcut[t],
        excess=excess,
        excess_low=low,
        excess_high=high,
        excess_q=chance,
    )
    control = scipy.stats.false_discovery_control
    over["excess_q"] = over.groupby("model").excess_q.transform(control)
    return s.intervals.merge(over, on=["task", "model", "genes"], how="left")


_POWER = """
    split probe task group kind genes models smallest_unpaired smallest best second difference
    more_genes fold_share underpowered weight
""".split()


def power_of(plan, splits):
    """One row per task and split: what it can show between two models, and its two best models.

    Parameters
    ----------
    plan : Plan
    splits : list of Scored

    Returns
    -------
    DataFrame
    """
    rows = []
    for s, (i, name) in ((x, of) for x in splits for of in enumerate(x.tasks)):
        task, at, genes = plan.tasks[name], np.flatnonzero(s.fair[i]), int(s.number[i].max())
        row = {
            "split": s.split,
            "probe": s.probe,
            "task": name,
            "group": task.group,
            "kind": task.kind,
            "genes": genes,
            "models": len(at),
            "smallest_unpaired": intervals.task_difference(task.kind, task.labels),
        }
        if len(at) > 1:
            compared = separation.compare(separation.Mean(s.score[i, at], s.moved[i, at]))
            two = np.argsort(-s.score[i, at], kind="stable")[:2]
            pair = (compared.pairs == sorted(two)).all(axis=1).argmax()
            gap = abs(compared.difference[pair])
            row |= {
                "fold_share": s.fold_share[i],
                "smallest": separation.POWER * np.median(compared.error),
                "best": s.models[at[two[0]]],
                "second": s.models[at[two[1]]],
                "difference": gap,
                "more_genes": separation.more_genes(genes, gap, compared.error[pair]),
            }
        rows.append(row)
    frame = pd.DataFrame(rows, columns=_POWER)
    base = frame[frame.split == splits[0].split].set_index("task")
    weak = ~(base.smallest <= intervals.UNDERPOWERED)  # the same tasks in every split
    weight, strong = pd.Series(1.0, index=splits[0].tasks), base[~weak]
    for _, part in strong.groupby(["group", strong.kind == "regression"], observed=True):
        resemblance = resampling.resemblance(plan, list(part.index))
        weight[part.index] = separation.task_weights(resemblance)
    return frame.assign(underpowered=frame.task.map(weak), weight=frame.task.map(weight))


LEAST_SHARE = 0.5
"""Least share of a choice of tasks that a model must be scored on, unexposed, to be in their mean.
"""


def comparable(fair):
    """Choose tasks and models that a mean can be about: all models are fair on all tasks.

    Of all cut-offs on the number of a model's tasks (from ``LEAST_SHARE`` of them up), the one that
    keeps most pairs of a model and a task; of equals, most tasks.

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
    for least in np.unique(counts[counts >= max(1, LEAST_SHARE * len(fair))])[::-1]:
        models = np.flatnonzero(counts >= least)
        tasks = np.flatnonzero(fair[:, models].all(axis=1))
        if len(tasks) * len(models) > len(best[0]) * len(best[1]):
            best = tasks, models
    return best


_MEANS = """
    probe measure group split model tasks sources effective clusters score low high
    excess excess_low excess_high tier rank_low rank_high lost lost_low lost_high
""".split()
_PAIRS = """
    probe measure group split model other tasks sources difference low high p separated
""".split()
COLUMNS = {"means.csv": _MEANS, "pairs.csv": _PAIRS}


def means_and_pairs(plan, splits, power):
    """Weighted means over the headline tasks of each group (and of all), and every two models.

    Parameters
    ----------
    plan : Plan
    splits : list of Scored
    power : DataFrame of ``power_of``

    Returns
    -------
    iterator of (dict, dict), columns of both tables
    """
    base = power[power.split == splits[0].split].set_index("task").loc[splits[0].tasks]
    fair = np.logical_and.reduce([s.fair for s in splits])  # the same tasks in every split
    strong, regression = ~base.underpowered, base.kind == "regression"
    for measure, usable in (("auroc", strong & ~regression), ("spearman", strong & regression)):
        present = [g for g in GROUPS if (usable & (base.group == g)).any()]
        for group in ["all"] * (len(present) > 1) + present:
            inside = base.group != CONTROL if group == "all" else base.group == group
            chosen = np.flatnonzero(usable & inside)
            tasks, models = comparable(fair[chosen])
            part = base.iloc[chosen[tasks]]
            few = group == "all" and part.group.nunique() < 2
            if part.empty or len(models) < 2 or few:
                continue
            facts, draws = draws_of(plan, part)
            shared = {"probe": splits[0].probe, "measure": measure, "group": group, **facts}
            for mean, pairs in _of_group(plan, splits, chosen[tasks], models, draws):
                yield shared | mean, shared | pairs


def draws_of(plan, part):
    """Facts of some tasks, and how ``separation.mean_over_tasks`` draws them.

    Parameters
    ----------
    plan : Plan
    part : DataFrame
        Rows of ``power_of`` of one split, indexed by task.

    Returns
    -------
    facts, draws : dict
    """
    totals = part.groupby("group").weight.transform("sum")
    weight = (part.weight / totals).to_numpy()  # groups count the same
    resemblance = resampling.resemblance(plan, list(part.index))
    parents = [splits_of.entry_of(plan.tasks[t], plan.declared.sources) for t in part.index]
    tables = [entry.name if entry else t for entry, t in zip(parents, part.index)]
    cluster = separation.cluster_tasks(resemblance, tables)
    draws = {"weight": weight, "cluster": cluster, "group": part.group.to_numpy()}
    facts = {
        "tasks": len(part),
        "sources": part.index.str.split("/").str[0].nunique(),
        "effective": separation.effective_number(resemblance),
        "clusters": max(1, int(separation.effective_clusters(**draws))),
    }
    return facts, draws


def _of_group(plan, splits, tasks, models, by):
    """(means, pairs) of each split; ``lost``: how much less than in the first split."""
    at, first = np.ix_(tasks, models), None
    names = np.array([splits[0].models[m] for m in models])
    shortcut = np.array([plan.declared.models[n].family == "shortcut" for n in names])
    none = shortcut if shortcut.any() else ~shortcut  # models without an excess
    for s in splits:
        score, moved = s.score[at], s.moved[at].astype(float)
        first = first or (score, moved)
        over, gap = score - s.shortcut[tasks, None], moved - s.shortcut_moved[tasks, None]
        mean = separation.mean_over_tasks(score, moved, **by)
        low, high = mean.interval()
        compared = separation.compare(mean)
        columns = {"split": s.split, "model": names, "score": mean.value, "low": low, "high": high}
        for name in ("tier", "rank_low", "rank_high"):
            columns[name] = getattr(compared, name)
        changes = {"lost": (first[0] - score, first[1] - moved), "excess": (over, gap)}
        for name, change in changes.items():
            of = separation.mean_over_tasks(*change, **by)
            columns |= zip((name, f"{name}_low", f"{name}_high"), (of.value, *of.interval()))
        for name in ("excess", "excess_low", "excess_high"):
            columns[name] = np.where(none, np.nan, columns[name])
        i, j = compared.pairs.T
        pairs = {"split": s.split, "model": names[i], "other": names[j]}
        yield columns, pairs | {name: getattr(compared, name) for name in _PAIRS[-5:]}
