"""What masking the words of the labels costs models of a text.

``python -m benchmarks.masked`` writes ``data/results/masked/masked.csv`` from the run of profile
``masked``.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from genebench.benchmark import plan as planning
from genebench.benchmark import resampling, results
from genebench.benchmark.tables import means
from genebench.core.specs import GROUPS
from genebench.stats import separation

PROFILE = "masked"


def lost(plan, s, power):
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
    base = power[power.split == s.split].set_index("task").loc[s.tasks]
    base = base.assign(source=base.index.str.split("/").str[0])
    usable, rows = ~base.underpowered & (base.kind != "regression"), []
    specs = [plan.declared.models[m] for m in s.models]
    left = [[n[1:] for n in m.options.get("labels_of", ()) if n[0] == "-"] for m in specs]
    choices = [("group", g) for g in GROUPS]
    choices += [("source", n) for n in dict.fromkeys(itertools.chain(*left))]
    network = [(m.encoder, m.weights, m.hub, m.dim) for m in specs]
    recipe = [m.options.get("recipe", "") for m in specs]
    for pair in map(list, itertools.permutations(range(len(specs)), 2)):
        i, j = pair
        text = recipe[i] == "summary" and recipe[j].startswith("summary-")
        if not text or network[i] != network[j]:
            continue
        scored = usable & np.isfinite(s.score[:, pair]).all(axis=1)
        for by, value in choices:
            fits = not left[j] or value in left[j]
            tasks = np.flatnonzero(scored & (base[by] == value) & fits)
            if len(tasks):
                facts, draws = means.draws_of(plan, base.iloc[tasks])
                both = (a[np.ix_(tasks, pair)].astype(float) for a in (s.score, s.moved))
                mean = separation.mean_over_tasks(*(b[:, :1] - b[:, 1:] for b in both), **draws)
                (low,), (high,) = mean.interval()
                names = {"group": value, "model": s.models[i], "other": s.models[j]}
                rows.append(names | facts | {"lost": mean.value[0], "low": low, "high": high})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    plan = planning.make(PROFILE)
    groups = resampling.groups(plan.cells)
    first = [group for group in groups if group.at == groups[0].at]
    scored = means.scores_of(plan, *groups[0].at, first, plan.profile.models)
    table = lost(plan, scored, means.power_of(plan, [scored]))
    results.write_table(table, results.beside_path(PROFILE, "masked.csv"))
