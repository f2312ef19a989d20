"""One new model beside the models of a table: head to head on the same tasks, genes and folds. Fits nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from ..benchmark import results
from ..core import specs
from ..core.errors import BadInput
from ..core.specs import GROUPS
from ..stats import intervals

TOP = 10
"""How many wins and losses are listed first."""
PAIRED = ["task", "repeat", "fold", "n_test"]
"""What two rows must share to be scores of the same test genes."""


def fair(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table of scores that a new model can be measured by: no controls, and no model on a task whose answers
    it has read (``ModelSpec.exposed``)."""
    pairs = frame[["model", "task"]].astype(str)
    exposed = {
        k: specs.model(k[0]).exposed_on(k[1])
        for k in pairs.drop_duplicates().itertuples(index=False, name=None)
    }
    read = np.array([exposed[k] for k in pairs.itertuples(index=False, name=None)], dtype=bool)
    return frame[~read & (frame.family != "control").to_numpy()]


def placed(frame: pd.DataFrame, table: pd.DataFrame, name: str) -> dict:
    """Where the scores of one model stand in a table of others.

    Args: frame: rows of the new model, ``name``, as ``results.SCHEMA`` has them; table: those of a profile.
    Returns: ``groups`` (score per group of tasks with interval, beside every model), ``tier``, ``rivals`` (head to head
    with each model), ``excess`` over the best shortcut, ``tasks`` (one row each), ``wins`` and ``losses`` (the first
    ``TOP``). All differences are on all genes of a task and its folds; a gene without a vector counts as predicted by
    the share of the classes in training, for every model alike.
    Raises: BadInput: the table shares no task with the new scores.
    """
    frame, table = (
        frame.assign(model=name),
        table.astype({c: str for c in table.select_dtypes("category")}),
    )
    mine = results.main_rows(frame.astype({"model": str}), genes="all")
    theirs = results.main_rows(table, genes="all")
    paired = mine[[*PAIRED, "score", "kind", "group"]].merge(
        theirs[[*PAIRED, "model", "family", "score", "coverage"]],
        on=PAIRED,
        suffixes=("", "_other"),
    )
    if paired.empty:
        raise BadInput(
            "the profile's table of scores shares no task with these vectors; run 'genebench run' anew."
        )
    paired = paired.assign(difference=paired.score - paired.score_other)
    judged = by_task(fair(paired))
    own = results.aggregate(results.main_rows(frame))
    tasks = _tasks(own, results.aggregate(mine), judged)
    over = intervals.excess(
        pd.concat([results.aggregate(mine), results.aggregate(theirs)], ignore_index=True),
        lambda m, t: specs.model(m).exposed_on(t),
    )
    listed = tasks.dropna(subset="difference")
    won = listed[listed.verdict == "win"].sort_values("difference", ascending=False)
    lost = listed[listed.verdict == "loss"].sort_values("difference")
    everyone = by_task(_rivals(paired))
    return {
        "groups": _groups(results.main_rows(frame), mine, results.aggregate(theirs)),
        "rivals": head_to_head(everyone),
        "tier": tier(everyone),
        "excess": _excess(over[over.model == name]),
        "counts": {k: int((listed.verdict == k).sum()) for k in ("win", "tie", "loss")},
        "wins": won.head(TOP).to_dict("records"),
        "losses": lost.head(TOP).to_dict("records"),
        "tasks": tasks.to_dict("records"),
    }


def _rivals(paired: pd.DataFrame) -> pd.DataFrame:
    """Fair rows, and those of the models that see nothing (family control, true labels, no answers)."""
    floor = [m for m in paired.model.unique() if specs.model(m).encoder == "random"]
    return pd.concat(
        [fair(paired), paired[paired.model.isin(floor) & (paired.family == "control")]]
    )


def by_task(paired: pd.DataFrame) -> pd.DataFrame:
    """Mean difference of the new model and each other, one row per task and model, with its interval over folds
    (``stats.fold_interval``: Nadeau & Bengio 2003) and ``verdict``: win or loss if the interval leaves out 0, or tie.

    Columns: task, kind, group, model, family, score, score_other, difference, coverage (of the other model), low, high,
    verdict.
    """
    by = ["task", "kind", "group", "model", "family"]
    found = paired.astype({c: str for c in by}).groupby(by, sort=True)
    out = found.agg(
        score=("score", "mean"),
        score_other=("score_other", "mean"),
        difference=("difference", "mean"),
        coverage=("coverage", "mean"),
        sd=("difference", "std"),
        n=("difference", "size"),
    ).reset_index()
    n = out.n.where(out.n > 1)
    half = scipy.stats.t.ppf(0.975, n - 1) * out.sd * np.sqrt(1 / n + 1 / (n - 1))
    out = out.assign(low=out.difference - half, high=out.difference + half)
    verdict = np.where(out.low > 0, "win", np.where(out.high < 0, "loss", "tie"))
    return out.assign(verdict=verdict).drop(columns=["sd", "n"])


def _tasks(own: pd.DataFrame, whole: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """One row per task: own score and coverage, and the best fair model or shortcut of the table beside it."""
    best = judged.sort_values(["score_other", "model"]).groupby("task").tail(1)
    columns = {"model": "rival", "family": "rival_family", "score_other": "rival_score"}
    best = best.rename(columns=columns)[
        ["task", *columns.values(), "difference", "low", "high", "verdict"]
    ]
    all_genes = whole[["task", "score"]].rename(columns={"score": "score_all_genes"})
    best = best.assign(rival_title=[specs.model(m).title for m in best.rival])
    kept = own[["task", "group", "kind", "metric", "coverage", "score"]].merge(
        all_genes, on="task", how="left"
    )
    return (
        kept.astype({"coverage": float})
        .merge(best, on="task", how="left")
        .sort_values("task", ignore_index=True)
    )


def _groups(own: pd.DataFrame, whole: pd.DataFrame, theirs: pd.DataFrame) -> list[dict]:
    """Per group (classification and regression apart): score on own genes and on all, and every model beside it.

    The interval is over tasks (``stats.mean_interval``), or with fewer than three over the folds (of their means, as
    ``stats.fold_interval`` has it); ``interval`` says which.

    The models are averaged over those of the tasks that they share with the new one; ``fair`` says on how many of them
    they have not read the answers, and only a model that is fair on all takes part in ``best_shortcut``.
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
            beside = []
            for model, scores in theirs[theirs.task.isin(names)].groupby("model", observed=True):
                spec = specs.model(model)
                honest = sum(not spec.exposed_on(t) for t in scores.task)
                beside.append(
                    {
                        "model": model,
                        "title": spec.title,
                        "family": spec.family,
                        "color": spec.color,
                        "score": float(scores.score.mean()),
                        "tasks": len(scores),
                        "fair": honest,
                    }
                )
            shortcuts = [
                b
                for b in beside
                if b["family"] == "shortcut" and b["fair"] == b["tasks"] == len(names)
            ]
            out.append(
                {
                    "group": group,
                    "metric": "Spearman" if regression else "AUROC",
                    "tasks": len(names),
                    "score": mean,
                    "low": low,
                    "high": high,
                    "interval": over,
                    "coverage": float(part.coverage.mean()),
                    "all_genes": all_mean,
                    "all_low": all_low,
                    "all_high": all_high,
                    "best_shortcut": max(shortcuts, key=lambda b: b["score"], default=None),
                    "models": sorted(beside, key=lambda b: -b["score"]),
                }
            )
    return out


def _interval(rows: pd.DataFrame) -> tuple[float, float, float, str]:
    """Mean over the tasks of some rows (one a fold), its interval, and what that is over."""
    of_task = rows.groupby("task", observed=True).score.mean()
    if len(of_task) >= 3:
        return *intervals.mean_interval(of_task.to_numpy()), "tasks"
    of_fold = rows.groupby(["repeat", "fold"]).score.mean()
    mean = float(of_task.mean())
    return mean, *map(float, intervals.fold_interval(mean, of_fold.std(), len(of_fold))), "folds"


def head_to_head(judged: pd.DataFrame) -> list[dict]:
    """Per other model: mean paired difference over the shared fair classification tasks with its interval (a bootstrap
    over tasks), wins, ties and losses; ``stands``: above, level or below the new model, or open with under three tasks.
    """
    out = []
    for model, part in judged[judged.kind != "regression"].groupby("model", observed=True):
        mean, low, high = intervals.mean_interval(part.difference.to_numpy())
        count = part.verdict.value_counts()
        stands = (
            "open" if np.isnan(low) else "below" if low > 0 else "above" if high < 0 else "level"
        )
        spec = specs.model(model)
        out.append(
            {
                "model": model,
                "title": spec.title,
                "family": spec.family,
                "color": spec.color,
                "tasks": len(part),
                "score": float(part.score.mean()),
                "score_other": float(part.score_other.mean()),
                "difference": mean,
                "coverage": float(part.coverage.mean()),
                "low": low,
                "high": high,
                "stands": stands,
                **{k: int(count.get(k, 0)) for k in ("win", "tie", "loss")},
            }
        )
    return sorted(out, key=lambda r: r["difference"])


def tier(judged: pd.DataFrame) -> dict:
    """The models of a table that a new one cannot be told from, those above it and those below it.

    A model is in its tier if the paired 95 % interval of their mean difference, by a bootstrap over the classification
    tasks that both are scored on, holds 0. Tasks share genes, so that a true interval is wider: the tier is the least
    that can be said. Models that have read the answers of a task are left out on it.
    """
    listed = head_to_head(judged)
    stands = {
        k: [r["title"] for r in listed if r["stands"] == k]
        for k in ("above", "level", "below", "open")
    }
    n = len(listed) - len(stands["open"])
    first, last = len(stands["above"]) + 1, len(stands["above"]) + len(stands["level"]) + 1
    place = f"place {first}" if first == last else f"place {first} to {last}"
    parts = [
        f"below {_names(stands['above'])}" if stands["above"] else "",
        f"level with {_names(stands['level'])}" if stands["level"] else "",
        f"above {_names(stands['below'])}" if stands["below"] else "",
    ]
    told = "; ".join(p for p in parts if p)
    sentence = f"On classification tasks it takes {place} of {n + 1}: {told}."
    if not n:
        sentence = "Too few classification tasks are shared with the models of the table to say where it stands."
    return {
        **stands,
        "first": first,
        "last": last,
        "of": n + 1,
        "sentence": sentence,
        "rule": "paired bootstrap over tasks, 95 %, on all genes of each task",
    }


def _names(titles: list[str]) -> str:
    return titles[0] if len(titles) == 1 else ", ".join(titles[:-1]) + " and " + titles[-1]


def _excess(over: pd.DataFrame) -> dict:
    """Mean excess over the best fair shortcut of each classification task with its interval, in all and by group."""
    over = over[over.kind != "regression"]
    if over.empty:
        return {
            "tasks": 0,
            "sentence": "The table has no fair shortcut on these tasks, so no excess can be told.",
        }
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
    shown = f"{mean:+.3f}" + (
        "" if np.isnan(low) else f" (95 % interval {low:+.3f} to {high:+.3f})"
    )
    sentence = f"Against the best shortcut of each of {len(over):,} tasks, on the same genes and folds: {shown}; {verdict}."
    return {
        "tasks": len(over),
        "mean": mean,
        "low": low,
        "high": high,
        "by_group": groups,
        "sentence": sentence,
    }
