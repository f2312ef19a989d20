"""What each task can show between two models."""

import numpy as np
import pandas as pd

from ...stats import intervals, separation
from .. import resampling
from ..plan import Plan
from .scored import Scored

_POWER = """
    split probe task group kind genes models smallest_unpaired smallest best second difference
    more_genes fold_share underpowered weight
""".split()


def power_of(plan: Plan, splits: list[Scored]) -> pd.DataFrame:
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
        task, at, genes = plan.tasks[name], np.flatnonzero(s.fair[i]), int(np.nanmax(s.number[i]))
        row = {"split": s.split, "probe": s.probe, "task": name, "group": task.group}
        row |= {"kind": task.kind, "genes": genes, "models": len(at)}
        row["smallest_unpaired"] = intervals.task_difference(task.kind, task.labels)
        if len(at) > 1:
            compared = separation.compare(separation.Mean(s.score[i, at], s.moved[i, at]))
            two = np.argsort(-s.score[i, at], kind="stable")[:2]
            pair = int(np.flatnonzero((compared.pairs == sorted(two)).all(axis=1))[0])
            gap = abs(compared.difference[pair])
            row["fold_share"] = s.fold_share[i]
            row["smallest"] = separation.POWER * np.median(compared.error)
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
