"""One new model beside the models of a table: head to head on the same tasks, genes and folds.

Fits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy

from ..benchmark import results
from ..core.errors import BadInput
from ..core.specs import GROUPS, ModelSpec
from ..stats import intervals

TOP = 10
"""How many wins and losses are listed."""
PAIRED = ["task", "repeat", "fold", "n_test"]
"""What two rows must share to be scores of the same test genes."""

Models = Mapping[str, ModelSpec]


def fair(frame: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Select rows that a new model can be measured by.

    Parameters
    ----------
    frame : DataFrame
        Has ``model``, ``task`` and ``family``.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        No controls, and no model on a task whose labels it was trained on.
    """
    pairs = frame[["model", "task"]].astype(str)
    distinct = pairs.drop_duplicates().itertuples(index=False, name=None)
    exposed = {(m, t): models[m].exposed_on(t) for m, t in distinct}
    trained = [exposed[pair] for pair in pairs.itertuples(index=False, name=None)]
    return frame[~np.array(trained, dtype=bool) & (frame.family != "control").to_numpy()]


def placed(frame: pd.DataFrame, table: pd.DataFrame, name: str, models: Models) -> dict:
    """Compare the scores of one model with a table of others.

    All differences are on all genes of a task and its folds; a gene without a vector counts as
    predicted by the share of the classes in training, for every model alike.

    Parameters
    ----------
    frame, table : DataFrame
        Rows of the new model, and those of a profile; columns of ``results.SCHEMA``.
    name : str
        The new model.
    models : mapping of str to ModelSpec

    Returns
    -------
    dict
        ``groups`` (score per group of tasks with interval, beside every model), ``tier``,
        ``rivals`` (head to head with each model), ``excess`` over the best shortcut, ``counts``,
        ``tasks`` (one row each), ``wins`` and ``losses`` (the first ``TOP``).

    Raises
    ------
    BadInput
        The table shares no task with the new scores.
    """
    frame = frame.assign(model=name)
    table = table.astype({c: str for c in table.select_dtypes("category")})
    mine = results.main_rows(frame.astype({"model": str}), genes="all")
    theirs = results.main_rows(table, genes="all")
    columns = [*PAIRED, "model", "family", "score", "coverage"]
    new = mine[[*PAIRED, "score", "kind", "group"]]
    paired = new.merge(theirs[columns], on=PAIRED, suffixes=("", "_other"))
    if paired.empty:
        raise BadInput(
            "the profile's table of scores shares no task with these vectors; run 'genebench run' "
            "anew."
        )
    paired = paired.assign(difference=paired.score - paired.score_other)
    mine_mean, their_means = results.aggregate(mine), results.aggregate(theirs)
    tasks = _tasks(
        results.aggregate(results.main_rows(frame)),
        mine_mean,
        by_task(fair(paired, models)),
        models,
    )
    both = pd.concat([mine_mean, their_means], ignore_index=True)
    over = intervals.excess(both, lambda model, task: models[model].exposed_on(task))
    listed = tasks.dropna(subset="difference")
    won = listed[listed.verdict == "win"].sort_values("difference", ascending=False)
    lost = listed[listed.verdict == "loss"].sort_values("difference")
    blind = [m for m in paired.model.unique() if models[m].encoder == "random"]
    floor = paired[paired.model.isin(blind) & (paired.family == "control")]
    judged = by_task(pd.concat([fair(paired, models), floor]))
    rivals = head_to_head(judged, models)
    return {
        "groups": _groups(results.main_rows(frame), mine, their_means, models),
        "rivals": rivals,
        "tier": tier(rivals),
        "excess": _excess(over[over.model == name]),
        "counts": {k: int((listed.verdict == k).sum()) for k in ("win", "tie", "loss")},
        "wins": won.head(TOP).to_dict("records"),
        "losses": lost.head(TOP).to_dict("records"),
        "tasks": tasks.to_dict("records"),
    }


def by_task(paired: pd.DataFrame) -> pd.DataFrame:
    """Average the differences of the new model and each other over the folds of a task.

    Parameters
    ----------
    paired : DataFrame
        One row a fold: ``score``, ``score_other``, ``difference``, names, and ``coverage`` of the
        other model.

    Returns
    -------
    DataFrame
        One row per task and model with the 95 % interval over folds (Nadeau & Bengio 2003, see
        ``intervals.fold_interval``), ``low`` and ``high``, and ``verdict``: win or loss if it
        leaves out 0, else tie.
    """
    by = ["task", "kind", "group", "model", "family"]
    means = {name: (name, "mean") for name in ("score", "score_other", "difference", "coverage")}
    spread = {"sd": ("difference", "std"), "n": ("difference", "size")}
    groups = paired.astype({c: str for c in by}).groupby(by, sort=True)
    out = groups.agg(**means, **spread).reset_index()
    n = out.n.where(out.n > 1)
    half = scipy.stats.t.ppf(0.975, n - 1) * out.sd * np.sqrt(1 / n + 1 / (n - 1))
    out = out.assign(low=out.difference - half, high=out.difference + half)
    verdict = np.where(out.low > 0, "win", np.where(out.high < 0, "loss", "tie"))
    return out.assign(verdict=verdict).drop(columns=["sd", "n"])


def _tasks(own, whole, judged: pd.DataFrame, models: Models) -> pd.DataFrame:
    """One row per task: own score and coverage, and the best fair model of the table beside it."""
    best = judged.sort_values(["score_other", "model"]).groupby("task").tail(1)
    columns = {"model": "rival", "family": "rival_family", "score_other": "rival_score"}
    shown = ["task", *columns.values(), "difference", "low", "high", "verdict"]
    best = best.rename(columns=columns)[shown]
    best = best.assign(rival_title=[models[m].title for m in best.rival])
    on_all = whole[["task", "score"]].rename(columns={"score": "score_all_genes"})
    out = own[["task", "group", "kind", "metric", "coverage", "score"]]
    out = out.merge(on_all, on="task", how="left").astype({"coverage": float})
    return out.merge(best, on="task", how="left").sort_values("task", ignore_index=True)


def _groups(own, whole, theirs: pd.DataFrame, models: Models) -> list[dict]:
    """Per group (classification and regression apart): own scores, and every model beside them.

    Models are averaged over the tasks that they share with the new one; ``fair`` says on how many
    they were not trained on the labels, and only a model that is fair on all is a best shortcut.
    """
    out = []
    for group in GROUPS:
        for regression in (False, True):
            part = own[(own.group == group) & ((own.kind == "regression") == regression)]
            if part.empty:
                continue
            names = part.task.astype(str).unique()
            mean, low, high, over = _interval(part)
            all_mean, all_low, all_high, _ = _interval(whole[whole.task.isin(names)])
            inside = theirs[theirs.task.isin(names)]
            beside = [
                {
                    **_about(model, models),
                    "score": float(scores.score.mean()),
                    "tasks": len(scores),
                    "fair": sum(not models[model].exposed_on(t) for t in scores.task),
                }
                for model, scores in inside.groupby("model", observed=True)
            ]
            shortcuts = [
                b
                for b in beside
                if b["family"] == "shortcut" and b["fair"] == b["tasks"] == len(names)
            ]
            out.append(
                {
                    **{"group": group, "metric": "Spearman" if regression else "AUROC"},
                    **{"tasks": len(names), "score": mean, "low": low, "high": high},
                    **{"interval": over, "coverage": float(part.coverage.mean())},
                    **{"all_genes": all_mean, "all_low": all_low, "all_high": all_high},
                    "best_shortcut": max(shortcuts, key=lambda b: b["score"], default=None),
                    "models": sorted(beside, key=lambda b: -b["score"]),
                }
            )
    return out


def _about(model: str, models: Models) -> dict:
    spec = models[model]
    return {"model": model, "title": spec.title, "family": spec.family, "color": spec.color}


def _interval(rows: pd.DataFrame) -> tuple[float, float, float, str]:
    """Mean over the tasks of some rows (one a fold), its interval, and what that is over."""
    of_task = rows.groupby("task", observed=True).score.mean()
    if len(of_task) >= 3:
        return *intervals.mean_interval(of_task.to_numpy()), "tasks"
    of_fold = rows.groupby(["repeat", "fold"]).score.mean()
    mean = float(of_task.mean())
    return mean, *map(float, intervals.fold_interval(mean, of_fold.std(), len(of_fold))), "folds"


def head_to_head(judged: pd.DataFrame, models: Models) -> list[dict]:
    """Compare the new model with each other over their shared classification tasks.

    Parameters
    ----------
    judged : DataFrame
        Of ``by_task``.
    models : mapping of str to ModelSpec

    Returns
    -------
    list of dict
        Mean paired difference with its 95 % interval (a bootstrap over tasks), wins, ties, losses;
        ``stands``: the other is above, level with or below the new model, or open with under three
        tasks. The best other model first.
    """
    out = []
    for model, part in judged[judged.kind != "regression"].groupby("model", observed=True):
        mean, low, high = intervals.mean_interval(part.difference.to_numpy())
        stands = "below" if low > 0 else "above" if high < 0 else "level"
        count = part.verdict.value_counts()
        means = {c: float(part[c].mean()) for c in ("score", "score_other", "coverage")}
        row = {**_about(model, models), "tasks": len(part), **means, "difference": mean}
        row |= {"low": low, "high": high, "stands": "open" if np.isnan(low) else stands}
        out.append(row | {k: int(count.get(k, 0)) for k in ("win", "tie", "loss")})
    return sorted(out, key=lambda r: r["difference"])


def tier(rivals: list[dict]) -> dict:
    """Say which models are significantly better or worse than the new one, and which are neither.

    A model is in its tier if the paired 95 % interval of their mean difference, by a bootstrap over
    the classification tasks that both are scored on, holds 0. Tasks share genes, so that a true
    interval is wider: the tier is the least that can be said.

    Parameters
    ----------
    rivals : list of dict
        Of ``head_to_head``.

    Returns
    -------
    dict
        Titles ``above``, ``level``, ``below`` and ``open``; ``first`` and ``last`` possible place
        of ``of``; ``sentence``; ``rule``.
    """
    kinds = ("above", "level", "below", "open")
    stands = {k: [r["title"] for r in rivals if r["stands"] == k] for k in kinds}
    n = len(rivals) - len(stands["open"])
    first = len(stands["above"]) + 1
    last = first + len(stands["level"])
    words = {"above": "below", "level": "level with", "below": "above"}
    parts = [f"{word} {_names(stands[k])}" for k, word in words.items() if stands[k]]
    places = f"place {first}" if first == last else f"place {first} to {last}"
    sentence = f"On classification tasks it takes {places} of {n + 1}: {'; '.join(parts)}."
    if not n:
        sentence = (
            "Too few classification tasks are shared with the models of the table to say where it "
            "stands."
        )
    rule = "paired bootstrap over tasks, 95 %, on all genes of each task"
    return {
        **stands,
        **{"first": first, "last": last, "of": n + 1},
        **{"sentence": sentence, "rule": rule},
    }


def _names(titles: list[str]) -> str:
    return titles[0] if len(titles) == 1 else ", ".join(titles[:-1]) + " and " + titles[-1]


def _excess(over: pd.DataFrame) -> dict:
    """Mean excess over the best fair shortcut of each classification task, in all and by group."""
    over = over[over.kind != "regression"]
    if over.empty:
        sentence = "The table has no fair shortcut on these tasks, so there is no excess."
        return {"tasks": 0, "sentence": sentence}
    mean, low, high = intervals.mean_interval(over.excess.to_numpy())
    groups = []
    for group, part in over.groupby("group", observed=True):
        m, a, b = intervals.mean_interval(part.excess.to_numpy())
        groups.append({"group": group, "tasks": len(part), "excess": m, "low": a, "high": b})
    if np.isnan(low):
        verdict = "too few tasks to say whether that is more than chance"
    elif low > 0:
        verdict = "it knows something that the shortcuts do not"
    elif high < 0:
        verdict = "a shortcut that understands nothing does better"
    else:
        verdict = "no gain over the shortcuts can be shown"
    between = "" if np.isnan(low) else f" (95 % interval {low:+.3f} to {high:+.3f})"
    sentence = (
        f"Against the best shortcut of each of {len(over):,} tasks, on the same genes and folds: "
        f"{mean:+.3f}{between}; {verdict}."
    )
    numbers = {"tasks": len(over), "mean": mean, "low": low, "high": high}
    return {**numbers, "by_group": groups, "sentence": sentence}
