"""Every task that arXiv 2412.04075 lists, beside ours.

``python -m benchmarks.published_tasks`` writes ``data/results/paper/tasks_published.csv``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from genebench.benchmark import plan, results
from genebench.core import specs

PROFILE = "paper"


def table(profile, known, tasks, published):
    """Every task that arXiv 2412.04075 lists, beside ours.

    Parameters
    ----------
    profile : ProfileSpec
    known : mapping of str to SourceSpec
        Declared sources; an entry's ``paper`` is the task's name there.
    tasks : mapping of str to Task
    published : PublishedSpec
        Published sizes and reasons for differences.

    Returns
    -------
    DataFrame
        Number of genes (or pairs) here and as published, the difference in percent, ``status``
        (``missing``: cannot be built here; ``not declared``: listed, but not ours), and the reason
        for every difference over two percent.
    """
    head = "paper's name"
    entries = [e for s in profile.sources for e in known[s].tasks if e.paper]
    rows = [(e.paper, e.name, e.kind, len(tasks.get(e.name, ())) or None) for e in entries]
    ours = pd.DataFrame(rows, columns=[head, "task", "kind", "genes"])
    listed = pd.Series(published.task_sizes.sizes, dtype="Int64").rename_axis(head)
    frame = ours.astype({"genes": "Int64"}).merge(listed.rename("published"), "right", on=head)
    gap = (100 * (frame.genes - frame.published) / frame.published).round(1)
    status = np.select(
        [frame.task.isna(), frame.genes.isna()], ["not declared", "missing"], "ready"
    )
    reason = frame.task.map(published.differences).where(gap.abs().fillna(0) > 2)
    frame = frame.assign(**{"difference %": gap, "status": status, "reason": reason})
    return frame.fillna({"task": "", "kind": "", "reason": ""})


if __name__ == "__main__":
    made = plan.make(PROFILE)
    frame = table(made.profile, made.declared.sources, made.tasks, specs.published())
    results.write_csv(frame, results.beside_path(PROFILE, "tasks_published.csv"))
