"""Scores of published gene embeddings beside ours: places, and two that are reproduced.

What is published is quoted, see ``genebench.place.among``.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from genebench import probes
from genebench.benchmark import fit, results
from genebench.place import among

REPRODUCED = {"AAC": "aac", "UNIREP": "unirep-5700"}
"""Which of the 38 are among our models, and what they are called here."""

DRAWS = 5
"""How often the holdout and the folds of a task are drawn anew."""


def write(plan):
    """Write ``reproduction.csv``, ``among.csv`` and ``redrawn.csv`` from a profile's scores.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    DataFrame of ``summary``
    """
    name = plan.profile.name
    ours, theirs = among.computed(results.load(name)), among.published(plan)
    frame = reproduction(plan, ours, theirs, results.read_beside(name, "intervals.parquet"))
    for file, table in (
        ("reproduction.csv", frame),
        ("among.csv", among.place(plan, ours, theirs)[0]),
        ("redrawn.csv", redrawn(plan, frame)),
    ):
        results.write_table(table, results.beside_path(name, file))
    return summary(frame)


def reproduction(plan, ours, theirs, errors):
    """Compare the models that are computed here and published there, by task.

    Parameters
    ----------
    plan : Plan
    ours, theirs : DataFrame of ``among.computed`` and ``among.published``
    errors : DataFrame
        The profile's ``intervals.parquet``.

    Returns
    -------
    DataFrame
        ``model``, ``task``, ``set``, ``title``, ``published``, ``score``, ``se`` (of the score by
        the genes of the holdout, families drawn whole), ``difference`` (ours minus published),
        ``coverage`` (share of the task's genes with a vector), ``positives`` and ``tested`` of the
        holdout, and ``possible``: whether the published scores of all 38 are AUROCs that the
        holdout here can give, which is a whole number of ordered pairs (half ones are ties).
    """
    at, errors = ["model", "task"], errors[(errors.probe == among.PROBE) & (errors.genes == "own")]
    frame = theirs.rename(columns={"score": "published"})
    frame = frame.assign(model=frame.model.map(REPRODUCED))
    frame = frame.join(ours.set_index(at)[["score", "coverage"]], on=at, how="inner")
    frame = frame.join(errors.set_index(at).error.rename("se"), on=at)
    tested = {name: task.labels[task.folds == 0] for name, task in plan.tasks.items()}
    labels = frame.task.map(tested)
    whole = theirs.assign(pairs=[2 * t.sum() * (1 - t).sum() for t in theirs.task.map(tested)])
    count = whole.score * whole.pairs
    possible = ((count - count.round()).abs() < 1e-6).groupby(whole.task).mean() > 0.5
    return frame.assign(
        title=frame.task.map({name: task.title for name, task in plan.tasks.items()}),
        difference=frame.score - frame.published,
        positives=labels.map(np.sum),
        tested=labels.map(len),
        possible=frame.task.map(possible),
    ).drop(columns="category")


def summary(frame):
    """Summarise a reproduction by model and set of tasks.

    Parameters
    ----------
    frame : DataFrame of ``reproduction``

    Returns
    -------
    DataFrame
        Number of ``tasks``; means ``published`` and ``score``, mean ``difference``, its standard
        ``error`` if the two scores are of holdouts drawn independently, and its mean ``size``;
        Pearson ``correlation`` over tasks; shares of tasks ``within`` two standard errors of the
        holdout, and whose published score is ``possible`` with the holdout here.
    """
    frame = frame.assign(
        size=frame.difference.abs(),
        within=frame.difference.abs() <= 2 * frame.se,
    )
    by = frame.groupby(["model", "set"], sort=False)
    names = ["published", "score", "difference", "size", "within", "possible", "coverage"]
    both = by[["published", "score"]].corr().iloc[::2, 1].droplevel(2)
    out = by[names].mean().assign(tasks=by.size(), correlation=both)
    out.insert(3, "error", by.se.agg(lambda se: np.sqrt(2 * (se**2).sum()) / len(se)))
    return out.reset_index()


def explained(frame):
    """Say what explains the difference of each task, and count it.

    Parameters
    ----------
    frame : DataFrame of ``reproduction``

    Returns
    -------
    frame : DataFrame
        With ``cause``, the first that holds: ``error of the holdout`` (at most two standard errors,
        on one holdout); ``another holdout`` (the published score is not possible with the one here;
        both scores then have an error of that size, and they lie at most two standard errors of
        their difference apart); or ``not explained``.
    counts : DataFrame
        By ``model``, ``possible`` and ``cause``: number of ``tasks``, their ``share`` of all of
        that model, mean ``difference`` and its mean ``size``.
    """
    size = frame.difference.abs()
    near, apart = size <= 2 * frame.se, size <= 2 * np.sqrt(2) * frame.se
    known = [near, ~frame.possible & apart]
    cause = np.select(known, ["error of the holdout", "another holdout"], "not explained")
    frame = frame.assign(cause=cause, size=size)
    by = frame.groupby(["model", "possible", "cause"], sort=False)
    counts = by[["difference", "size"]].mean()
    counts.insert(0, "tasks", by.size())
    share = counts.tasks / counts.groupby("model").tasks.transform("sum")
    counts.insert(1, "share", share)
    return frame.drop(columns="size"), counts.reset_index()


def redrawn(plan, frame):
    """Score amino acid shares again where they lie far from what is published.

    Parameters
    ----------
    plan : Plan
    frame : DataFrame of ``reproduction``

    Returns
    -------
    DataFrame
        A row a task that lies more than two standard errors away: ``task``, ``title``,
        ``published``, ``score``, ``se``; ``scaled``: the score with columns of unit variance; and
        ``mean``, ``lowest`` and ``highest`` score over ``DRAWS`` draws of holdout and folds from
        the genes of the task, each as large as it was.
    """
    name = REPRODUCED["AAC"]
    far = frame[(frame.model == name) & (frame.difference.abs() > 2 * frame.se)]
    rows = []
    for row in far.itertuples():
        task = plan.tasks[row.task]
        covered, X, _ = fit.features(task, plan.embedding(name))
        y, fold, drawn = task.labels[covered], task.folds[covered], []
        for seed in range(DRAWS):
            rng, other = np.random.default_rng(seed), fold.copy()
            for label in (0, 1):
                other[y == label] = rng.permutation(fold[y == label])
            drawn.append(_auroc(X, y, other))
        scaled = _auroc(StandardScaler().fit_transform(X), y, fold)
        found = {"mean": np.mean(drawn), "lowest": min(drawn), "highest": max(drawn)}
        rows.append({"scaled": scaled} | found)
    shown = ["task", "title", "published", "score", "se"]
    return far[shown].reset_index(drop=True).join(pd.DataFrame(rows))


def _auroc(X, y, fold):
    """AUROC on the holdout (fold 0) by the probe of the 38."""
    values = probes.predict(X, y, fold, kind="binary", probe=among.PROBE)[:, 0]
    return roc_auc_score(y[fold == 0], values[fold == 0])
