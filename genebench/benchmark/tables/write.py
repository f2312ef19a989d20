"""Tables beside the scores: intervals, excess, power, weighted means, tiers, pairs of models.

Nothing here fits anything anew: ``resampling`` computes each score again from the predictions that
the cells cached, as in ``scores.parquet``, with how far it would move on other genes. All tables
are about the *common* genes, except where they say so.
"""

import pandas as pd

from ...core import workers
from ...core.workers import quiet
from .. import predictions, resampling, results
from . import means


def make(
    plan,
    pool,
    *,
    failed=(),
    say=print,
    progress=quiet,
):
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
    bool, whether anything was resampled
    """
    cells = [cell for cell in plan.cells if cell.model not in failed]
    if failed:
        say(
            f"the intervals leave out {', '.join(sorted(failed))}: not every cell could be run; "
            "fix it and run again"
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
    outcome = workers.execute(resampling.STAGE, plan, groups, pool, say=say, progress=progress)
    outcome.check("groups of intervals")
    for name, frame in tables(plan, groups).items():
        results.write_table(frame, results.beside_path(plan.profile.name, name))
    return bool(outcome.computed)


def tables(plan, groups):
    """Make every table of ``results.BESIDE`` from resampled groups.

    Parameters
    ----------
    plan : Plan
    groups : list of CellsOfBlock

    Returns
    -------
    dict of str to DataFrame, by file name
    """
    models = list(dict.fromkeys(cell.model for group in groups for cell in group.cells))
    out = {name: [] for name in results.BESIDE}
    out |= {name: [pd.DataFrame(columns=columns)] for name, columns in means.COLUMNS.items()}
    for probe in dict.fromkeys(group.at[1] for group in groups):
        splits = []
        for split in dict.fromkeys(group.at[0] for group in groups):
            mine = [group for group in groups if group.at == (split, probe)]
            splits.append(means.scores_of(plan, split, probe, mine, models))
        power = means.power_of(plan, splits)
        out["power.csv"].append(power)
        for both in means.means_and_pairs(plan, splits, power):
            for (name, columns), part in zip(means.COLUMNS.items(), both):
                out[name].append(pd.DataFrame(part, columns=columns))
        out["intervals.parquet"] += [means.with_excess(s) for s in splits]
    return {
        name: pd.concat([f for f in frames if len(f)] or frames, ignore_index=True)
        for name, frames in out.items()
    }
