"""One new model beside the models of a table: head to head on the same tasks, genes and folds.

Fits nothing.
"""

import numpy as np
import pandas as pd

from ..benchmark import results, summaries
from ..core.errors import BadInput
from ..core.specs import GROUPS
from ..stats import intervals

PAIRED = ["task", "repeat", "fold", "n_test"]
"""What two rows must share to be scores of the same test genes."""

VERDICTS = {
    "open": "too few tasks to say whether that is more than chance",
    "below": "it knows something that the shortcuts do not",
    "above": "a shortcut does better",
    "level": "no gain over the shortcuts can be shown",
}
"""Where the best shortcut stands → what that means."""


def placed(frame, table, models):
    """Compare the scores of one model with a table of others.

    All differences are on all genes of a task and its folds; a gene without a vector counts as
    predicted by the share of the classes in training, for every model alike.

    Parameters
    ----------
    frame, table : DataFrame
        Rows of the new model, texts as text, and those of a profile; columns of ``results.SCHEMA``.
    models : mapping of str to ModelSpec

    Returns
    -------
    dict
        ``groups`` (score per group of tasks with interval, beside every model), ``tier``,
        ``rivals`` (head to head with each model), ``excess`` over the best shortcut, ``counts``,
        ``tasks`` (one row each).
    """
    split = frame.split.iloc[0]
    own, whole = (results.main_rows(frame, split=split, genes=g) for g in ("own", "all"))
    theirs = results.texts(results.main_rows(table, split=split, genes="all"))
    new = whole[[*PAIRED, "kind", "group", "score"]]
    others = theirs[[*PAIRED, "model", "family", "score", "coverage"]]
    paired = new.merge(others, on=PAIRED, suffixes=("", "_other"))
    if paired.empty:
        raise BadInput(
            "the profile's table of scores shares no task with these vectors; run 'genebench run' "
            "anew."
        )
    judged = by_task(paired, models)
    tasks = _tasks(own, whole, _best(judged[judged.family != "control"]), models)
    classified = judged[judged.kind != "regression"]
    rivals = head_to_head(classified, models)
    return {
        "groups": _groups(own, whole, results.aggregate(theirs), models),
        "rivals": rivals,
        "tier": tier(rivals),
        "excess": _excess(_best(classified[classified.family == "shortcut"])),
        "counts": _verdicts(tasks),
        "tasks": tasks.to_dict("records"),
    }


def by_task(paired, models):
    """Average the differences of the new model and each other over the folds of a task.

    Parameters
    ----------
    paired : DataFrame
        One row a fold: ``task, kind, group, score`` and ``model, family, score_other, coverage`` of
        the other.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        One row per task and fair or random model with the 95 % interval over folds
        (``intervals.fold_interval``), ``low`` and ``high``, and ``verdict``: win or loss if it
        leaves out 0, else tie.
    """
    paired = summaries.with_exposure(paired, models)
    blind = paired.model.map(lambda name: models[name].encoder == "random")
    paired = paired[blind | ~paired.exposed & (paired.family != "control")]
    paired = paired.assign(difference=paired.score - paired.score_other)
    groups = paired.groupby(["task", "kind", "group", "model", "family"])
    out = groups[["score", "score_other", "difference", "coverage"]].mean()
    folds = groups["difference"]
    low, high = intervals.fold_interval(out.difference, folds.std(), folds.size())
    verdict = np.select([low > 0, high < 0], ["win", "loss"], "tie")
    return out.assign(low=low, high=high, verdict=verdict).reset_index()


def _best(judged):
    """The best of the other models on each task, by task."""
    ranked = judged.sort_values(["task", "score_other", "model"])
    return ranked.drop_duplicates("task", keep="last").set_index("task")


def _tasks(own, whole, best, models):
    """One row per task: own score and coverage, and the best fair model of the table beside it."""
    columns = {"model": "rival", "family": "rival_family", "score_other": "rival_score"}
    best = best.drop(columns=["kind", "group", "score", "coverage"]).rename(columns=columns)
    best["rival_title"] = [models[m].title for m in best.rival]
    own, whole = (results.aggregate(rows).set_index("task") for rows in (own, whole))
    out = own[["group", "kind", "metric", "coverage", "score"]]
    return out.join([whole.score.rename("score_all_genes"), best]).reset_index()


def _groups(own, whole, theirs, models):
    """Per group (classification and regression apart): own scores, and every model beside them.

    Models are averaged over the tasks that they share with the new one; ``fair`` says on how many
    they were not trained on the labels, and only a model that is fair on all is a best shortcut.
    """
    out = []
    theirs = summaries.with_exposure(theirs, models).eval("fair = ~exposed")
    columns = {"score": ("score", "mean"), "tasks": ("task", "size"), "fair": ("fair", "sum")}
    by = [pd.Categorical(own.group, list(GROUPS)), own.kind == "regression"]
    for (group, regression), part in own.groupby(by, observed=True):
        names = part.task.unique()
        means = theirs[theirs.task.isin(names)].groupby("model").agg(**columns)
        means = means.sort_values("score", ascending=False, kind="stable").to_dict("index")
        beside = [_about(model, models) | row for model, row in means.items()]
        shortcuts = [b for b in beside if b["family"] == "shortcut"]
        fair = (b for b in shortcuts if b["fair"] == b["tasks"] == len(names))
        on_all = whole[whole.task.isin(names)]
        out.append(
            {
                "group": group,
                "metric": "Spearman" if regression else "AUROC",
                **_interval(on_all, ("all_genes", "all_low", "all_high")),
                **_interval(part, ("score", "low", "high")),
                "tasks": len(names),
                "coverage": part.coverage.mean(),
                "models": beside,
                "best_shortcut": next(fair, None),
            }
        )
    return out


def _about(model, models):
    return {"model": model} | models[model].model_dump(include={"title", "family", "color"})


def _verdicts(tasks):
    """How many tasks are won, tied and lost."""
    return {"win": 0, "tie": 0, "loss": 0} | tasks.verdict.value_counts().to_dict()


def _interval(rows, names):
    """Mean over the tasks of some rows (one a fold), and its interval, of few tasks over folds."""
    of_task = rows.groupby("task").score.mean()
    mean, low, high = intervals.mean_interval(of_task)
    if len(of_task) < 3:
        of_fold = rows.groupby(["repeat", "fold"]).score.mean()
        low, high = intervals.fold_interval(mean, of_fold.std(), len(of_fold))
    return dict(zip(names, (mean, low, high)))


def head_to_head(judged, models):
    """Compare the new model with each other over their shared classification tasks.

    Parameters
    ----------
    judged : DataFrame
        Of ``by_task``, without regressions.
    models : mapping of str to ModelSpec

    Returns
    -------
    list of dict
        Mean paired difference with its 95 % interval (a bootstrap over tasks), wins, ties, losses;
        ``stands``: the other is above, level with or below the new model, or open with under three
        tasks. The best other model first.
    """
    out = []
    for model, part in judged.groupby("model"):
        mean = _mean(part.difference, "difference")
        row = _about(model, models) | mean | {"stands": _stands(mean)} | _verdicts(part)
        out.append(row | part[["score", "score_other", "coverage"]].mean().to_dict())
    return sorted(out, key=lambda r: r["difference"])


def _mean(values, name):
    """Mean over tasks with its 95 % interval."""
    mean, low, high = intervals.mean_interval(values)
    return {"tasks": len(values), name: mean, "low": low, "high": high}


def _stands(row):
    """Where others stand by the interval of a difference to them."""
    if np.isnan(row["low"]):
        return "open"
    return "below" if row["low"] > 0 else "above" if row["high"] < 0 else "level"


def tier(rivals):
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
        of ``of``; ``sentence``.
    """
    words = {"above": "below", "level": "level with", "below": "above"}
    stands = {k: [r["title"] for r in rivals if r["stands"] == k] for k in (*words, "open")}
    of, first = 1 + len(rivals) - len(stands["open"]), len(stands["above"]) + 1
    last, parts = first + len(stands["level"]), []
    for stand, word in words.items():
        if stands[stand]:
            *others, final = stands[stand]
            parts.append(f"{word} {', '.join(others)}{' and ' * bool(others)}{final}")
    places = f"place {first}" if first == last else f"place {first} to {last}"
    sentence = f"On classification tasks it takes {places} of {of}: {'; '.join(parts)}."
    if of == 1:
        sentence = (
            "Too few classification tasks are shared with the models of the table to say where it "
            "stands."
        )
    return stands | {"first": first, "last": last, "of": of, "sentence": sentence}


def _excess(best):
    """Mean excess over the best fair shortcut of each classification task."""
    if best.empty:
        sentence = "The table has no fair shortcut on these tasks, so there is no excess."
        return {"tasks": 0, "sentence": sentence}
    out = _mean(best.score - best.score_other, "mean")
    between, stands = f" (95 % interval {out['low']:+.3f} to {out['high']:+.3f})", _stands(out)
    out["sentence"] = (
        f"Against the best shortcut of each of {len(best):,} tasks, on the same genes and folds: "
        f"{out['mean']:+.3f}{'' if stands == 'open' else between}; {VERDICTS[stands]}."
    )
    return out
