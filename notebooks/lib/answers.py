"""The answers of a profile in words, from its weighted and plain means."""

from collections.abc import Iterable, Mapping

import pandas as pd

from genebench.core.errors import RunFailed
from genebench.core.specs import GROUPS, ModelSpec

from .figures import minus, titles
from .tiers import SPLITS, extent, hardest_split

Models = Mapping[str, ModelSpec]

CONTROLS = {"oracle": (0.99, 1.0), "random": (0.47, 0.53), "shuffled": (0.47, 0.53)}
"""Where the mean AUROC of each control over all classification tasks must lie."""

_WHAT = {"localization": " of RNA in tissues and cells"}
"""What the word of a group, which is the paper's, leaves open."""
_NAMED = 4  # models of a tier that are named in a table of answers; of more, the number is said


def controls(plain: pd.DataFrame) -> dict[str, object]:
    """Size of the run and scores of its controls, for the prose.

    Parameters
    ----------
    plain : DataFrame
        Rows of ``plain.csv`` on own genes.

    Returns
    -------
    dict
        ``n_tasks``, ``n_models``, ``n_folds`` and the plain mean AUROC of each control.

    Raises
    ------
    RunFailed
        A control is missing or outside its band, so that no score can be trusted.
    """
    every = plain[plain.group == "all"].set_index("model")
    mean = every[every.measure == "auroc"].score
    tasks = every.groupby("measure").tasks.max().sum()
    out = {"n_tasks": f"{tasks:,}", "n_models": every.index.nunique()}
    out["n_folds"] = int(every.n_folds.max())
    for name, (low, high) in CONTROLS.items():
        if name not in mean:
            raise RunFailed(
                f"the control '{name}' has no scores; add it to the profile's models and run again."
            )
        if not low <= mean[name] <= high:
            raise RunFailed(
                f"the control '{name}' scores {mean[name]:.3f}, outside [{low}, {high}]; no score "
                "can be trusted."
            )
        out[name] = f"{mean[name]:.2f}"
    return out


def _splits(means: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """AUROC under the first split and under the hardest, the best first; and the hardest's name."""
    means = means[means.measure == "auroc"].sort_values("score", ascending=False, kind="stable")
    first = min(set(means.split), key=list(SPLITS).index)
    whole = means[means.group == _whole(means)]
    hard = hardest_split(whole)
    return means[means.split == first], means[means.split == hard], hard


def _whole(means: pd.DataFrame) -> str:
    """All groups together, or the first one where there is no such mean."""
    return "all" if "all" in set(means.group) else means.group.iloc[0]


def numbers(means: pd.DataFrame, models: Models) -> dict[str, object]:
    """What the front page quotes of the weighted means over all groups of tasks.

    Parameters
    ----------
    means : DataFrame
        ``means.csv``.
    models : mapping of str to ModelSpec

    Returns
    -------
    dict
        The first tier, who is significantly above the best shortcut, what is lost on the hardest
        split, and what the letters of the symbol alone reach.
    """
    means = means[means.measure == "auroc"]
    means = means[means.group == _whole(means)]
    first, last, hard = _splits(means)
    above = _compared(means).groupby("split", observed=True).excess_low
    above = {s: f"{(low > 0).sum()} of {len(low)} with {SPLITS[s]}" for s, low in above}
    best, compared, apart = first.iloc[0], _compared(first), _compared(last)
    leader = (compared if len(compared) else first).iloc[0]
    stays = (apart if len(apart) else last).iloc[0]
    before, after = (f.set_index("model").score for f in (first, last))
    return {
        "tasks": f"{best.tasks:,}",
        "letters_before": _number(before.get("symbol-ngrams")),
        "letters_after": _number(after.get("symbol-ngrams")),
        "top": _joined(titles(first.model[first.tier == 1], models)),
        **_quoted(best, "top", "score"),
        "compared": len(compared),
        "beyond": int((compared.excess_low > 0).sum()),
        "leader": models[leader.model].title,
        **_quoted(leader, "leader", "excess"),
        "by_split": "; ".join(above[s] for s in SPLITS if s in above),
        "hard_split": SPLITS[hard],
        "hard_before": _number(best.score),
        "hard_after": _number(after[best.model]),
        "hard_beyond": int((apart.excess_low > 0).sum()),
        "hard_compared": len(apart),
        "hard_leader": models[stays.model].title,
        "hard_leader_score": _number(stays.score),
        **_quoted(stays, "hard_leader", "excess"),
    }


def _compared(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.excess.notna()]


def _quoted(row, name: str, value: str) -> dict[str, str]:
    """A score or an excess and the ends of its interval, by name.

    An excess has a third digit where one of its three numbers would be 0.00 without.
    """
    form, ends = (".2f", "") if value == "score" else ("+.2f", "excess_")
    named = {value: value, "low": f"{ends}low", "high": f"{ends}high"}
    if ends and any(abs(row[column]) < 0.005 for column in named.values()):
        form = "+.3f"
    return {f"{name}_{key}": _number(row[column], form) for key, column in named.items()}


def _number(value: float | None, form: str = ".2f") -> str:
    return "–" if pd.isna(value) else minus(f"{value:{form}}")


def _span(row, value: str) -> str:
    return "{} ({} to {})".format(*_quoted(row, "", value).values())


def answers(
    means: pd.DataFrame,
    plain: pd.DataFrame,
    models: Models,
    *,
    once: Iterable[str] = (),
    folder: str | None = None,
) -> str:
    """Who is best for each group of classification tasks, and how sure that is, in Markdown.

    Parameters
    ----------
    means : DataFrame
        ``means.csv``.
    plain : DataFrame
        Rows of ``plain.csv`` on own genes; names the models that are in no weighted mean.
    models : mapping of str to ModelSpec
    once : iterable of str
        Models that were run under random folds only.
    folder : str, optional
        Where the pages of the groups are, seen from the page that shows this; None: no links.

    Returns
    -------
    str
        A table with one row per group.
    """
    first, last, hard = _splits(means)
    plain = plain[plain.measure == "auroc"]
    table = {}
    for group in (g for g in GROUPS if g in set(first.group)):
        part = first[first.group == group]
        best, tier = part.iloc[0], part.model[part.tier == 1]
        names = (models[m].title + " (a shortcut)" * _cheap(models[m]) for m in tier[:_NAMED])
        names = _joined(names) + f" and {len(tier) - _NAMED} more" * (len(tier) > _NAMED)
        out = {m for m in plain.model[plain.group == group] if models[m].family != "control"}
        out -= set(part.model)
        single = out & set(once)
        why = {"excluded (leakage or low coverage)": out - single}
        why |= {"run under random folds only": single}
        names += "".join(f"; {len(some)} more {words}" for words, some in why.items() if some)
        stays = "–"
        for _, row in _compared(last[last.group == group]).head(1).iterrows():
            score = f"{_number(row.score)}, {_span(row, 'excess')}"
            stays = f"*{models[row.model].title}*: {score}"
        link = f"[{group}]({folder}group-{GROUPS[group]})" if folder is not None else group
        table[f"{link}{_WHAT.get(group, '')} ({extent(part).iloc[0]})"] = (
            names,
            _span(best, "score"),
            "a shortcut leads" if pd.isna(best.excess) else _span(best, "excess"),
            stays,
        )
    heads = [
        "tasks about",
        "not significantly different from the best",
        "best weighted mean AUROC",
        "over the best shortcut",
        f"best model, {SPLITS[hard]}",
    ]
    rows = [heads, *([group, *cells] for group, cells in table.items())]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(heads) + "|", *lines[1:]])


def shortcut_words(intervals: pd.DataFrame, models: Models) -> str:
    """What the best shortcut is, and which it most often was, in a sentence of Markdown.

    Parameters
    ----------
    intervals : DataFrame
        Rows of ``intervals.parquet`` of some tasks.
    models : mapping of str to ModelSpec

    Returns
    -------
    str
    """
    rows = intervals[(intervals.split == intervals.split.iloc[0]) & (intervals.genes == "common")]
    rows = rows[(rows.kind != "regression") & rows.best_shortcut.notna()].drop_duplicates("task")
    number = rows.best_shortcut.value_counts()
    named = [f"*{models[m].title}* ({n})" for m, n in number.head(_NAMED).items()]
    named += ["others"] * (len(number) > _NAMED)
    return (
        "The best shortcut is chosen anew for each task and fold, by the other folds. Of "
        f"{len(rows)} classification task{'s' * (len(rows) > 1)} it was most often "
        f"{', '.join(named)}. So no single shortcut of a list need reach it, and a model above all "
        "shortcuts of the list can still score below it."
    )


def label_words(curves: pd.DataFrame, models: Models, titles: Mapping[str, str]) -> str:
    """From how many labels on each model that is no shortcut is above chance, in Markdown.

    Parameters
    ----------
    curves : DataFrame
        Rows of ``efficiency.csv``.
    models : mapping of str to ModelSpec
    titles : mapping of str to str
        Task to title.

    Returns
    -------
    str
        A line a model.
    """
    real = curves[~curves.model.map(lambda m: models[m].family in ("shortcut", "control"))]
    falling = real.sort_values("labels", ascending=False)
    sure = (falling.low > 0.5).groupby([falling.model, falling.task]).cummin()  # and all above
    least = real[sure.loc[real.index]].groupby(["model", "task"]).labels.min().unstack()
    least = least.reindex(columns=curves.task.unique())
    most = real[real.labels == real.groupby("task").labels.transform("max")]
    lines = []
    for model, row in least.iterrows():
        mine = most[most.model == model]
        number = row.map("{:,.0f}".format).mask(row.isna(), "never")
        tasks = "; ".join(titles[task] + " " + n for task, n in number.items())
        lines.append(
            f"- *{models[model].title}* is above chance with its interval from this number of "
            f"labels on: {tasks}. With all labels it is significantly above the best shortcut in "
            f"{(mine.excess_low > 0).sum()} of {len(mine)} tasks."
        )
    return "\n".join(lines)


def _cheap(spec: ModelSpec) -> bool:
    return spec.family == "shortcut"


def _joined(words: Iterable[str]) -> str:
    *most, last = [f"*{w}*" for w in words]
    return f"{', '.join(most)} and {last}" if most else last


def group_words(frame: pd.DataFrame, means: pd.DataFrame, models: Models, group: str) -> str:
    """Opening of a group's page: what is in it, and who leads by the weighted mean.

    Parameters
    ----------
    frame : DataFrame
        Main scores of the group.
    means : DataFrame
        ``means.csv``.
    models : mapping of str to ModelSpec
    group : str

    Returns
    -------
    str
        Markdown.
    """
    number = frame.drop_duplicates("task").kind.astype(str).value_counts()
    kinds = ", ".join(f"{n} {kind}" for kind, n in number.items())
    head = f"{group.capitalize()}: {number.sum()} task{'s' * int(number.sum() > 1)} ({kinds})."
    part = means[(means.group == group) & (means.measure == "auroc") & (means.split == "random")]
    if part.empty:
        return f"{head} No two models can be compared on its classification tasks."
    part = part.sort_values("score", ascending=False, kind="stable")
    cheap = part.model.map(lambda m: _cheap(models[m]))
    best = [
        f"the best {word} is *{models[row.model].title}* at {_span(row, 'score')}"
        for word, rows in (("model", part[~cheap]), ("shortcut", part[cheap]))
        for _, row in rows.head(1).iterrows()
    ]
    tasks = f"{part.tasks.iloc[0]} of its {number.drop('regression', errors='ignore').sum()}"
    first = int((part.tier == 1).sum())
    return (
        f"{head} Compared on the same genes of {tasks} classification tasks (those that can show a "
        f"difference, and whose labels no compared model was trained on), {' and '.join(best)}: "
        f"weighted mean AUROC under random folds, 95 % interval. In the first tier, not "
        f"significantly different from the best, are {first} of the {len(part)} compared. A "
        "shortcut that lacks a score on one of these tasks is not among them, though it may be the "
        "best shortcut of others. The figure shows each task, each model on its own genes."
    )
