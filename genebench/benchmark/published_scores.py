"""Reproduction: models on the paper's tasks and genes, beside what was published of them.

The paper's probe sees vectors as they are; ours standardises them inside the fold. Both are fitted
here, so that what is left between the plain one and the published score is owed to labels, texts
and folds.
"""

import re
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from .. import probes
from ..core.errors import BadInput
from ..core.specs import Declarations
from ..core.workers import ArrayStage
from ..data import sources
from ..stats import bootstrap, separation
from . import fit, pairs, results, splits
from .pairs import Pair

VERSION = 3
"""Bump when other numbers are computed."""

REPEATS = 5
"""Divisions into folds that the plain probe is fitted on: neither theirs nor ours are special."""

METRIC = "roc_auc"
"""The published metric that is our main one of classification: AUROC, weighted one-vs-rest where
there are classes."""

BOX = {"whislo": 0, "q1": 0.25, "med": 0.5, "q3": 0.75, "whishi": 1}
"""Ends of a box plot, as Matplotlib calls them, and their quantiles."""


def by_fold(declared):
    """Read the published scores (AUROC).

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    DataFrame
        One row a task, model and fold: name ``listed``, ``group``, ``kind``, ``model`` and
        ``family`` as the paper calls them, ``fold``, ``score`` (0 to 1).
    """
    frame = sources.table(declared.source("genebench_paper"), "scores")
    frame = frame[frame.metric == METRIC].astype({"score": float})
    names = dict(task_name="listed", task_group="group", task_type="kind", model_family="family")
    frame = frame.rename(columns=names)
    return frame.assign(group=frame.group.str.lower(), listed=frame.listed.str.strip())


def published(declared):
    """Average the published scores over folds.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    DataFrame
        One row a task and model: the columns of ``by_fold``, and over the folds the mean ``score``,
        deviation ``sd`` and number ``folds``.
    """
    over = {"score": ("score", "mean"), "sd": ("score", "std"), "folds": ("score", "size")}
    by = ["listed", "group", "kind", "model", "family"]
    return by_fold(declared).groupby(by).agg(**over).reset_index()


def listed_names(declared: Declarations) -> dict[str, str]:
    """Match our tasks (keys) with names of the published scores; case and brackets do not count."""
    known = {_plain(name): name for name in by_fold(declared).listed.unique()}
    out = {}
    for entry in (entry for source in declared.sources.values() for entry in source.tasks):
        for name in (entry.paper, entry.title.replace(", ", " - ", 1)):
            if entry.paper and _plain(name) in known:
                out[entry.name] = known[_plain(name)]
    return out


def _plain(name: str) -> str:
    return re.sub(r"\s*\(.*?\)", "", name).strip().lower()


def by_group(frame):
    """Summarise the scores of each model, and of each family, over the tasks of each group.

    Parameters
    ----------
    frame : DataFrame of ``published``

    Returns
    -------
    DataFrame
        ``group`` (and ``all``), ``family``, ``model`` (``all``: of the family), mean ``score``,
        number of ``tasks``, and the ends of a box plot: least, quartiles, largest (``BOX``).
    """
    frame = pd.concat([frame, frame.assign(model="all")])
    frame = pd.concat([frame, frame.assign(group="all")])
    by = frame.groupby(["group", "family", "model"])
    ends = by.score.quantile(list(BOX.values())).unstack().set_axis(list(BOX), axis=1)
    means = by.agg(score=("score", "mean"), tasks=("listed", "nunique"))
    return means.join(ends).reset_index()


def compare(frame, tables):
    """Compare every two models that the paper scores: wins, and simultaneous intervals.

    Paired by task and fold. With ``bootstrap.CLUSTERS`` source tables or more these are drawn, then
    tasks in each, then folds; with fewer the tasks stand as they are and only folds are drawn.
    Deviations of folds are widened for the overlap of their training sets (Nadeau & Bengio 2003).

    Parameters
    ----------
    frame : DataFrame of ``by_fold``
    tables : mapping of str to str
        Published name of a task -> the source table that it is cut from.

    Returns
    -------
    DataFrame
        One row per group (and ``all``) and two models: numbers of ``tasks`` and of source tables
        (``sources``), shares of tasks that ``model`` ``wins`` and ``loses``, ``difference`` of the
        means over tasks with ``low`` and ``high``, and ``tables_low``, ``tables_high``: always over
        source tables (NaN where there is one).

    Raises
    ------
    BadInput
        A task without a source table, or a score that is missing or duplicated.
    """
    if lost := sorted(set(frame.listed) - set(tables)):
        raise BadInput(
            f"published task '{lost[0]}' has no source table; name it under 'paper' of a task in "
            "data/sources."
        )
    parts = [("all", frame), *frame.groupby("group")]
    return pd.concat([_compared(group, part, tables) for group, part in parts], ignore_index=True)


def _compared(group: str, frame: pd.DataFrame, tables: Mapping[str, str]) -> pd.DataFrame:
    counts = pd.crosstab([frame.listed, frame.fold], frame.model, dropna=False)
    if (counts != 1).any(axis=None):
        task, fold, model = (counts != 1).stack().idxmax()
        raise BadInput(
            f"published scores: '{model}' has not one score of task '{task}' in fold {fold}; fetch "
            "the table of scores again."
        )
    names, (listed, folds) = counts.columns, counts.index.levels
    scores = frame.sort_values(["listed", "fold", "model"]).score.to_numpy()
    scores = scores.reshape(len(listed), len(folds), len(names))
    clusters, k, means = listed.map(tables), len(folds), scores.mean(axis=1, keepdims=True)
    spread = np.sqrt((1 / k + 1 / (k - 1)) * k**2 / (k - 1))
    moved = means + spread * (scores - means)

    def over(drawn):  # source tables, or None: tasks
        draws = bootstrap.cluster_draws(moved, drawn)
        return separation.compare(separation.Mean(means.mean(axis=(0, 1)), draws))

    tables_in_all = clusters.nunique()
    of, of_tables = over(None), over(clusters) if tables_in_all > 1 else None
    if tables_in_all >= bootstrap.CLUSTERS:
        of = of_tables
    i, j = of.pairs.T
    gap = means[:, 0, i] - means[:, 0, j]
    return pd.DataFrame(
        {
            "group": group,
            "model": names[i],
            "other": names[j],
            "tasks": len(listed),
            "sources": tables_in_all,
            "wins": (gap > 0).mean(0),
            "loses": (gap < 0).mean(0),
            "difference": of.difference,
            "low": of.low,
            "high": of.high,
            "tables_low": of_tables.low if of_tables else np.nan,
            "tables_high": of_tables.high if of_tables else np.nan,
        }
    )


def measure(plan, pair):
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

    def influence(repeat, standardise):  # of the probabilities, and of decisions
        seed = splits.seed_of(profile.seed, repeat)
        fold = splits.assign(task, "random", None, profile.folds, seed)
        part = fit.Part(task, task.labels, fold)
        (values,) = fit.out_of_fold(X, [part], covered, pairs=rows, standardise=standardise)
        p = probes.probabilities(task.kind, values)
        both = [p, (p > 0.5).astype(float)] if several else [p]
        return [bootstrap.influence(task.kind, part.y[covered], q, fold[covered]) for q in both]

    several = task.kind == "multilabel"
    plain = [[score for score, _ in influence(repeat, False)] for repeat in range(REPEATS)]
    like = [scores[-1] for scores in plain]
    score, moves = influence(0, True)[0]
    weight = bootstrap.weights(plan.universe, seed=profile.seed)
    places = tuple(row[covered] for row in plan.rows_of(task))
    moved = bootstrap.moves(moves[:, None], weight, places)
    low, high = bootstrap.interval(score, moved[0], low=0, high=1)
    return {
        "genes": int(covered.sum()),
        "decided": like[0] if several else np.nan,
        "score": score,
        "low": float(low),
        "high": float(high),
        "plain": plain[0][0],
        "repeated": float(np.mean(like)),
        "repeated_sd": float(np.std(like, ddof=1)),
    }


_RECIPE = partial(pairs.recipe, stage="reproduction", version=VERSION)
STAGE = ArrayStage("tasks", "REPRODUCTIONS", _RECIPE, measure)


def reproduce(plan, models, folder, **options):
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
    DataFrame
        One row a model and task. ``difference``: ``repeated`` minus the published mean. ``se``: its
        standard error by the choice of folds, from those of the published folds
        (``published_se``) and of our repeats (``repeated_se``).

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
    theirs, rows = published(plan.declared).set_index(["model", "listed"]), []
    for pair in chosen:
        at = plan.declared.models[pair.model].published, names[pair.task]
        if at in theirs.index:
            one = theirs.loc[at]
            rows.append(
                {
                    "model": pair.model,
                    "task": pair.task,
                    "listed": at[1],
                    "group": one.group,
                    "kind": plan.tasks[pair.task].kind,
                    **{name: value.item() for name, value in STAGE.load(plan, pair).items()},
                    "published": one.score,
                    "published_sd": one.sd,
                    "published_se": one.sd / np.sqrt(one.folds),
                }
            )
    frame = pd.DataFrame(rows)
    frame = frame.assign(repeated_se=frame.repeated_sd / np.sqrt(REPEATS))
    se = np.hypot(frame.published_se, frame.repeated_se)
    frame = frame.assign(difference=frame.repeated - frame.published, se=se)
    results.write_table(frame, folder / "reproduction.csv")
    return frame


def summarise(declared, folder):
    """Write the tables of what the paper publishes, by group and by pair of models.

    Parameters
    ----------
    declared : Declarations
    folder : Path
        Reproduced scores that are there already stand beside, as the family ``ours``.
    """
    ours = {spec.published: name for name, spec in declared.published().items()}
    parts = [by_group(published(declared))]
    if (beside := folder / "reproduction.csv").exists():
        own = pd.read_csv(beside)
        titles = own.model.map({name: title for title, name in ours.items()})
        own = own.assign(family="ours", score=own.repeated, model=titles)
        parts.append(by_group(own).query("model != 'all'"))
    tables = {listed: task.split("/")[0] for task, listed in listed_names(declared).items()}
    made = pd.concat(parts), compare(by_fold(declared), tables)
    for name, frame in zip(results.PUBLISHED[1:], made):
        frame = frame.replace({c: ours for c in ("model", "other")})
        results.write_table(frame, folder / name)
