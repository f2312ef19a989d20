"""The answers of a profile in words, from its weighted and plain means.

The leaderboard's table and figure are in ``tiers``; its numbers are made by ``benchmark.tables``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..core.errors import RunFailed
from ..core.specs import GROUPS, ModelSpec
from .figures import FEW, INK, minus
from .tiers import SPLITS

Models = Mapping[str, ModelSpec]

SPLIT_WORDS = {
    "random": "folds at random",
    "stem": "symbol stems kept whole",
    "family": "families kept whole",
    "similarity": "genes of similar proteins kept together",
    "chromosome": "chromosomes kept whole",
    "study": "tested on little-studied genes",
    "date": "tested on newly annotated genes first",
}
"""Split to what it does."""

CONTROLS = (("oracle", 0.99, 1.0), ("random", 0.47, 0.53), ("shuffled", 0.47, 0.53))
"""Where the mean AUROC of each control over all classification tasks must lie."""

_NAMED = 4  # models of a tier that are named in a table of answers; of more, the number is said


def controls(plain: pd.DataFrame) -> dict[str, object]:
    """Size of the run and scores of its controls, for the prose.

    Parameters
    ----------
    plain : DataFrame
        ``summaries.plain_means`` on own genes.

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
    folds = {"n_models": every.index.nunique(), "n_folds": int(every.n_folds.max())}
    for name, low, high in CONTROLS:
        if name not in mean.index:
            raise RunFailed(
                f"the control '{name}' has no scores; add it to the profile's models and run again."
            )
        if not low <= mean[name] <= high:
            raise RunFailed(
                f"the control '{name}' scores {mean[name]:.3f}, outside [{low}, {high}]; no score "
                "can be trusted."
            )
    scores = {name: f"{mean[name]:.2f}" for name, *_ in CONTROLS}
    return {"n_tasks": f"{tasks:,}", **folds, **scores}


def _main(means: pd.DataFrame) -> pd.DataFrame:
    """AUROC over all groups, or over the only one."""
    means = means[means.measure == "auroc"]
    return means[means.group == ("all" if "all" in set(means.group) else means.group.iloc[0])]


def _splits(means: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Rows of the first split and of the hardest one, the best first; and the hardest's name."""
    means = means.sort_values("score", ascending=False, kind="stable")
    hard = max(means.split.unique(), key=SPLITS.index)
    easy = min(means.split.unique(), key=SPLITS.index)
    return means[means.split == easy], means[means.split == hard], hard


def numbers(means: pd.DataFrame, models: Models) -> dict[str, object]:
    """What the front page quotes of the weighted means over all groups of tasks.

    Parameters
    ----------
    means : DataFrame
        ``means.csv``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    dict
        The first tier, who is significantly above the best shortcut, what is lost on the hardest
        split, and what the letters of the symbol alone reach.
    """
    first, last, hard = _splits(_main(means))
    best, compared, apart = first.iloc[0], _compared(first), _compared(last)
    leader = (compared if len(compared) else first).iloc[0]
    stays = (apart if len(apart) else last).iloc[0]
    before, after = (f.set_index("model").score for f in (first, last))
    return {
        "tasks": f"{best.tasks:,}",
        "letters_before": _number(before.get("symbol-ngrams")),
        "letters_after": _number(after.get("symbol-ngrams")),
        "top": _joined(models[m].title for m in first[first.tier == 1].model),
        **_quoted(best, "top"),
        "compared": len(compared),
        "beyond": int((compared.excess_low > 0).sum()),
        "leader": models[leader.model].title,
        **_quoted(leader, "leader", "excess"),
        "hard_split": SPLIT_WORDS[hard],
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


def _quoted(row, name: str, value: str = "score") -> dict[str, str]:
    """A number and the ends of its interval, by name."""
    form = ".2f" if value == "score" else "+.2f"
    low, high = ("low", "high") if value == "score" else ("excess_low", "excess_high")
    ends = {f"{name}_low": _number(row[low], form), f"{name}_high": _number(row[high], form)}
    return {f"{name}_{value}": _number(row[value], form), **ends}


def _number(value: float | None, form: str = ".2f") -> str:
    return "–" if pd.isna(value) else minus(f"{value:{form}}")


def _span(row, value: str = "score") -> str:
    return "{} ({} to {})".format(*_quoted(row, "", value).values())


def answers(
    means: pd.DataFrame, plain: pd.DataFrame, models: Models, *, folder: str | None = None
) -> str:
    """Who is best for each group of classification tasks, and how sure that is, in Markdown.

    Parameters
    ----------
    means : DataFrame
        ``means.csv``.
    plain : DataFrame
        ``summaries.plain_means`` on own genes; names the models that are in no weighted mean.
    models : mapping of str to ModelSpec
        Declared models.
    folder : str, optional
        Where the pages of the groups are, seen from the page that shows this; None: no links.

    Returns
    -------
    str
        A table with one row per group.
    """
    first, last, hard = _splits(means[means.measure == "auroc"])
    plain = plain[plain.measure == "auroc"]
    head = [
        "tasks about",
        "not significantly different from the best",
        "best weighted mean AUROC",
        "over the best shortcut",
        f"best model, {SPLIT_WORDS[hard]}",
    ]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for group in (g for g in GROUPS if g in set(first.group)):
        part, plainly = first[first.group == group], plain[plain.group == group]
        best, tier = part.iloc[0], part[part.tier == 1]
        names = _joined(_named(models[m]) for m in tier.model[:_NAMED])
        names += f" and {len(tier) - _NAMED} more" * (len(tier) > _NAMED)
        out = {m for m in plainly.model if models[m].family != "control"} - set(part.model)
        names += f"; {len(out)} more models excluded (leakage or low coverage)" * bool(out)
        over = "a shortcut leads" if pd.isna(best.excess) else _span(best, "excess")
        apart, stays = _compared(last[last.group == group]), "–"
        if len(apart):
            row = apart.iloc[0]
            title, score = models[row.model].title, _number(row.score)
            stays = f"*{title}*: {score}, {_span(row, 'excess')}"
        link = f"[{group}]({folder}group-{GROUPS[group]})" if folder is not None else group
        number = f"({best.tasks:,} task{'s' * int(best.tasks > 1)}, effective number "
        number += f"{best.effective:.0f})"
        lines.append(f"| {link} {number} | {names} | {_span(best)} | {over} | {stays} |")
    return "\n".join(lines)


def _named(spec: ModelSpec) -> str:
    return spec.title + " (a shortcut)" * (spec.family == "shortcut")


def _joined(words: Iterable[str]) -> str:
    words = [f"*{w}*" for w in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


FAMILIES = {
    "text": "#0072b2",
    "protein": "#009e73",
    "dna": "#6b410f",
    "expression": "#d55e00",
    "network": "#cc79a7",
    "table": "#56b4e9",
    "shortcut": "#999999",
}
"""Family of models to colour, in their order; distinct for colour-blind readers too."""


def family_boxes(frame: pd.DataFrame, *, label: str, chance: float = 0.5) -> Figure:
    """Scores by family of models and group of tasks; a box spans the quartiles.

    Parameters
    ----------
    frame : DataFrame
        Columns ``task, model, family, group, score``; controls are left out. Of a group with fewer
        than ``FEW`` tasks the scores are drawn as points.
    label : str
        Name, unit and range of the score.
    chance : float
        Score of guessing.

    Returns
    -------
    Figure
    """
    import seaborn as sns

    frame = frame[frame.family != "control"].astype({"group": str, "family": str})
    groups = [g for g in GROUPS if g in set(frame.group)]
    order = [f for f in FAMILIES if f in set(frame.family)]
    enough = frame.groupby("group").task.transform("nunique") >= FEW
    fig, ax = plt.subplots(figsize=(9.2, 4.6))
    same = {"x": "group", "y": "score", "order": groups, "ax": ax, "legend": False}
    same |= {"hue": "family", "hue_order": order, "palette": FAMILIES}
    if enough.any():
        box = {"fliersize": 1.5, "linewidth": 1, "width": 0.75, "saturation": 1}
        sns.boxplot(frame[enough], **same, **box)
    if not enough.all():
        sns.stripplot(frame[~enough], **same, dodge=True, size=5, alpha=0.8)
    ax.axhline(chance, color=INK, linestyle="--", linewidth=1)
    ax.set_xticks(range(len(groups)), [textwrap.fill(g, 12) for g in groups])
    ax.set(xlabel="", ylabel=label, xlim=(-0.5, len(groups) - 0.5))
    for family in order:
        ax.plot([], [], "s", color=FAMILIES[family], markersize=10, label=family)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(order))
    return fig
