"""Weighted means over tasks, and every two models compared."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ...core.specs import CONTROL, GROUPS
from ...stats import separation
from .. import resampling
from .. import splits as splits_of
from ..plan import Plan
from .scored import Scored

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


_MEANS = """
    probe measure group split model tasks sources effective clusters score low high
    excess excess_low excess_high tier rank_low rank_high lost lost_low lost_high
""".split()
_PAIRS = """
    probe measure group split model other tasks sources difference low high p separated
""".split()
COLUMNS = {"means.csv": _MEANS, "pairs.csv": _PAIRS}


def of(plan: Plan, splits: list[Scored], power: pd.DataFrame) -> Iterator[tuple[dict, dict]]:
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
            tasks, models = field(fair[chosen])
            tasks = chosen[tasks]
            part = base.iloc[tasks]
            few = group == "all" and part.group.nunique() < 2
            if len(tasks) == 0 or len(models) < 2 or few:
                continue
            facts, draws = _draws(plan, part)
            shared = {"probe": splits[0].probe, "measure": measure, "group": group, **facts}
            for mean, pairs in _of_group(plan, splits, tasks, models, draws):
                yield {**shared, **mean}, {**shared, **pairs}


def _draws(plan: Plan, part: pd.DataFrame) -> tuple[dict, dict]:
    """Facts of some tasks, and how ``separation.mean_over_tasks`` draws them."""
    totals = part.groupby("group").weight.transform("sum")
    weight = (part.weight / totals).to_numpy()  # groups count the same
    resemblance = resampling.resemblance(plan, list(part.index))
    parents = [splits_of.entry_of(plan.tasks[t], plan.declared.sources) for t in part.index]
    tables = [entry.name if entry else t for entry, t in zip(parents, part.index)]
    cluster = separation.cluster_tasks(resemblance, tables)
    number = separation.effective_clusters(weight, cluster, part.group.to_numpy())
    facts = {
        "tasks": len(part),
        "sources": part.index.str.split("/").str[0].nunique(),
        "effective": separation.effective_number(resemblance),
        "clusters": max(1, int(number)),
    }
    return facts, {"weight": weight, "cluster": cluster, "group": part.group.to_numpy()}


def masked(plan: Plan, s: Scored, power: pd.DataFrame) -> pd.DataFrame:
    """How much models of a text lose where words of it are masked, whatever they were trained on.

    Parameters
    ----------
    plan : Plan
    s : Scored
        Under the first split.
    power : DataFrame of ``power_of``

    Returns
    -------
    DataFrame
        By ``group`` of tasks, and by source of which a control leaves the words: ``model`` on the
        whole text, its ``other`` on the masked one, and the ``lost`` AUROC with its 95 % interval.
    """
    specs, twins, rows = {m: plan.declared.models[m] for m in s.models}, {}, []
    for name, spec in specs.items():
        if spec.options.get("recipe", "").startswith("summary"):
            twins.setdefault((spec.encoder, spec.weights, spec.hub, spec.dim), []).append(name)
    left = {m: [n[1:] for n in specs[m].options.get("labels_of", ()) if n[0] == "-"] for m in specs}
    base = power[power.split == s.split].set_index("task").loc[s.tasks]
    base = base.assign(source=base.index.str.split("/").str[0])
    usable = ~base.underpowered & (base.kind != "regression")
    choices = [("group", g) for g in GROUPS]
    choices += [("source", n) for n in dict.fromkeys(n for names in left.values() for n in names)]
    for first, *others in twins.values():
        for other in others if specs[first].options["recipe"] == "summary" else ():
            pair = [s.models.index(first), s.models.index(other)]
            scored = np.isfinite(s.score[:, pair]).all(axis=1)
            for by, value in choices:
                fits = not left[other] or value in left[other]
                tasks = np.flatnonzero(usable & scored & (base[by] == value) & fits)
                if len(tasks):
                    facts, draws = _draws(plan, base.iloc[tasks])
                    both = (a[np.ix_(tasks, pair)].astype(float) for a in (s.score, s.moved))
                    mean = separation.mean_over_tasks(*(b[:, :1] - b[:, 1:] for b in both), **draws)
                    found = zip(("lost", "low", "high"), (mean.value, *mean.interval()))
                    names = {"group": value, "model": first, "other": other}
                    rows.append({**names, **facts, **{k: float(v[0]) for k, v in found}})
    return pd.DataFrame(rows)


def _of_group(plan: Plan, splits: list[Scored], tasks, models, by) -> Iterator[tuple[dict, dict]]:
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
        columns |= {name: getattr(compared, name) for name in ("tier", "rank_low", "rank_high")}
        changes = {"lost": (first[0] - score, first[1] - moved), "excess": (over, gap)}
        for name, change in changes.items():
            of = separation.mean_over_tasks(*change, **by)
            for column, values in zip(("", "_low", "_high"), (of.value, *of.interval())):
                columns[name + column] = np.where(none & (name == "excess"), np.nan, values)
        i, j = compared.pairs.T
        pairs = {"split": s.split, "model": names[i], "other": names[j]}
        yield columns, pairs | {name: getattr(compared, name) for name in _PAIRS[-5:]}
