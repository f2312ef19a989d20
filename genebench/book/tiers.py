"""Tables of the stage of intervals → the book: ladder, tiers, power. Computes no score."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..core import specs
from ..core.errors import BadInput
from ..core.specs import GROUPS
from ..stats import separation
from .figures import INK, color, ordered, titles

MEASURES = {
    "auroc": "weighted mean AUROC (0 to 1, chance 0.5)",
    "spearman": "weighted mean Spearman correlation (−1 to 1, chance 0)",
}
"""What a weighted mean over tasks (``means.csv``) is made of → its label."""


def of_measure(
    means: pd.DataFrame, measure: str = "auroc", probe: str | None = None
) -> pd.DataFrame:
    """Rows of one measure and probe (the first if none is named), groups in their order, ``all`` first.

    Raises: BadInput: there are none, because no group has two models and a task that can show a difference.
    """
    part = means[
        (means.measure == measure)
        & (means.probe == (probe or (means.probe.iloc[0] if len(means) else "")))
    ]
    if part.empty:
        raise BadInput(
            f"no group has a {MEASURES[measure]}; its tasks are underpowered, or it has one model."
        )
    rank = {g: i for i, g in enumerate(["all", *GROUPS])}
    return part.sort_values("group", key=lambda c: c.map(rank), kind="stable", ignore_index=True)


WIDE = 3
"""Panels in a row, at most."""


def _panels(groups: list[str], *, height: float, shared: bool = False) -> tuple[Figure, np.ndarray]:
    """One panel a group, at most ``WIDE`` in a row; those left over are hidden. ``shared``: one scale of scores."""
    wide = min(WIDE, len(groups))
    deep = -(-len(groups) // wide)
    fig, axes = plt.subplots(
        deep, wide, figsize=(3.4 * wide + 1, height * deep + 0.8), squeeze=False, sharey=shared
    )
    for ax in axes.ravel()[len(groups) :]:
        ax.set_visible(False)
    for ax in axes.ravel():
        ax.tick_params(labelsize=12)
    return fig, axes.ravel()[: len(groups)]


def _heading(group: str, part: pd.DataFrame) -> str:
    number = int(part.tasks.iloc[0])
    return f"{'all groups' if group == 'all' else group} ({number} task{'s' * (number > 1)})"


RUNGS = ("random", "chromosome", "stem", "family", "similarity", "study", "date")
"""Splits, from the easiest to the hardest: neighbours, relatives, what is little studied, what is new."""


MARKS = dict(zip(RUNGS, "osD^vP*"))
"""The mark of each rung of the ladder, the same in every figure."""


def ladder(means: pd.DataFrame, *, label: str, chance: float = 0.5) -> Figure:
    """What survives: mean score of each model (rows) under each split (marks), one panel a group of tasks.

    Args: means: rows of ``means.csv`` of one measure. label: what the numbers are. Rows are in the order of the first
    panel, the best under the easiest split on top; shortcuts are hollow. Thin lines are 95 % intervals over genes and
    tasks, the thick one goes from the best score to the worst.
    """
    groups, splits = list(dict.fromkeys(means.group)), sorted(means.split.unique(), key=RUNGS.index)
    easy = means[means.split == splits[0]].assign(other=means.group != groups[0])
    easy = easy.sort_values(["other", "score"], ascending=[True, False])
    models = list(
        dict.fromkeys(easy.model)
    )  # those of the first panel in its order, then the others
    fig, axes = _panels(groups, height=0.34 * len(models) + 1.4, shared=True)
    for ax, group in zip(axes, groups):
        part = means[means.group == group]
        for y, name in enumerate(models):
            row = part[part.model == name].set_index("split").reindex(splits)
            if row.score.notna().any():
                ax.plot(
                    [row.score.min(), row.score.max()],
                    [y, y],
                    color=color(name),
                    linewidth=3,
                    alpha=0.35,
                )
            for i, split in enumerate(splits):
                paint = "white" if specs.model(name).family == "shortcut" else color(name)
                at = y + 0.16 * (i - (len(splits) - 1) / 2)
                ax.plot(
                    [row.low[split], row.high[split]], [at, at], color=color(name), linewidth=1.2
                )
                ax.plot(
                    row.score[split],
                    at,
                    MARKS[split],
                    color=color(name),
                    markerfacecolor=paint,
                    markersize=7,
                )
        ax.axvline(chance, color=INK, linestyle=":", linewidth=1)
        ax.set_yticks(range(len(models)), titles(models))
        ax.set_ylim(len(models) - 0.4, -0.6)
        ax.set_title(_heading(group, part).replace(" (", "\n("), fontsize=12)
        ax.xaxis.set_major_locator(MaxNLocator(4))
    fig.supxlabel(label, fontsize=12)
    shown = [
        Line2D([], [], color="#555555", marker=MARKS[s], linestyle="", markersize=8) for s in splits
    ]
    fig.legend(shown, [f"{s} folds" for s in splits], loc="outside upper center", ncols=len(splits))
    return fig


def ladder_words(means: pd.DataFrame) -> str:
    """What the ladder says of the first panel, in one sentence of Markdown; empty where there is one split only."""
    splits = sorted(means.split.unique(), key=RUNGS.index)
    part = means[means.group == means.group.iloc[0]]
    easy, hard = (part[part.split == s].set_index("model") for s in (splits[0], splits[-1]))
    if len(splits) < 2:
        return ""
    parts = []
    for words, of in (
        ("model", lambda f: f != "shortcut"),
        ("shortcut", lambda f: f == "shortcut"),
    ):
        held = easy[[of(specs.model(m).family) for m in easy.index]]
        if len(held):
            best = held.score.idxmax()
            parts.append(
                f"the best {words}, *{specs.model(best).title}*, falls from {easy.score[best]:.3f} to "
                f"{hard.score[best]:.3f} (lost {hard.lost[best]:.3f}, {hard.lost_low[best]:.3f} to "
                f"{hard.lost_high[best]:.3f})"
            )
    fair = hard[[specs.model(m).family != "shortcut" for m in hard.index]].lost
    group = "all groups" if part.group.iloc[0] == "all" else part.group.iloc[0]
    told = f"From `{splits[0]}` to `{splits[-1]}` folds, over {group}: {'; '.join(parts)}."
    if len(fair) < 2:
        return told
    least, most = fair.idxmin(), fair.idxmax()
    return (
        f"{told} Of the {len(fair)} models that are no shortcut *{specs.model(least).title}* loses least "
        f"({fair[least]:.3f}) and *{specs.model(most).title}* most ({fair[most]:.3f})."
    )


def label_curves(frame: pd.DataFrame, *, label: str, chance: float = 0.5) -> Figure:
    """Score over number of training labels, one panel a task, one line a model; bands are 95 % intervals over genes.

    Args: frame: rows of ``efficiency.csv``. Shortcuts are dashed, controls dotted. label: what the numbers are.
    """
    tasks = list(dict.fromkeys(frame.task))
    fig, axes = _panels(tasks, height=3.3, shared=True)
    for ax, task in zip(axes, tasks):
        part = frame[frame.task == task]
        for name in ordered(part.model.unique()):
            row, line = (
                part[part.model == name],
                {"shortcut": "--", "control": ":"}.get(specs.model(name).family, "-"),
            )
            ax.plot(
                row.labels,
                row.score,
                line,
                marker="o",
                markersize=4,
                color=color(name),
                label=specs.model(name).title,
                linewidth=2,
            )
            ax.fill_between(
                row.labels, row.low, row.high, color=color(name), alpha=0.13, linewidth=0
            )
        ax.axhline(chance, color=INK, linestyle=":", linewidth=1)
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        ax.set_title(textwrap.fill(task.split("/")[-1], 30), fontsize=12)
        ax.set_xlabel("training labels")
    for ax in axes[::WIDE]:
        ax.set_ylabel(label.replace(" (", "\n("))
    _legend(fig, axes)
    return fig


def efficiency_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``efficiency.csv`` as readers want them: models by title, with their excess over the best shortcut."""
    title = {m: specs.model(m).title for m in frame.model.unique()}
    out = frame.assign(model=frame.model.map(title), best_shortcut=frame.best_shortcut.map(title))
    keep = [
        "task",
        "labels",
        "model",
        "score",
        "low",
        "high",
        "best_shortcut",
        "excess",
        "excess_low",
        "excess_high",
    ]
    return out[keep].rename(columns=lambda c: c.replace("_", " ")).reset_index(drop=True)


def efficiency_numbers(frame: pd.DataFrame) -> dict[str, object]:
    """What the prose quotes: how many pairs of task and model beat the best shortcut with few and with all labels."""
    part = frame[frame.excess.notna()]
    size = part.groupby(["task", "model"]).labels.transform
    few, all_ = part[part.labels == size("min")], part[part.labels == size("max")]
    return {
        "pairs": len(all_),
        "fewest": int(part.labels.min()),
        "few": int((few.excess_low > 0).sum()),
        "all": int((all_.excess_low > 0).sum()),
    }


def complement(pairs: pd.DataFrame) -> pd.DataFrame:
    """What a model made of others scores more than each of them: rows of ``pairs.csv`` that hold both, turned that way.

    Columns: group, split, model (made), part, difference (model minus part), low, high, p, separated, tasks.
    """
    turned = pairs.rename(columns={"model": "other", "other": "model"})
    turned = turned.assign(difference=-pairs.difference, low=-pairs.high, high=-pairs.low)
    both = pd.concat([pairs, turned], ignore_index=True)
    made = [
        other in specs.model(m).options.get("of", ()) for m, other in zip(both.model, both.other)
    ]
    keep = [
        "group",
        "split",
        "model",
        "other",
        "difference",
        "low",
        "high",
        "p",
        "separated",
        "tasks",
    ]
    return both[made][keep].rename(columns={"other": "part"}).reset_index(drop=True)


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with the titles of models in place of their names, in the columns model, other and part."""
    return frame.assign(**{c: titles(frame[c]) for c in ("model", "other", "part") if c in frame})


def complement_plot(frame: pd.DataFrame, *, label: str) -> Figure:
    """What each made model scores more than its parts, one panel a split; rows of ``complement`` of one group."""
    splits, pairs = (
        list(dict.fromkeys(frame.split)),
        list(dict.fromkeys(zip(frame.model, frame.part))),
    )
    fig, axes = plt.subplots(
        1, len(splits), figsize=(10, 0.55 * len(pairs) + 1.6), sharey=True, squeeze=False
    )
    for ax, split in zip(axes[0], splits):
        for row in frame[frame.split == split].itertuples():
            y = pairs.index((row.model, row.part))
            ax.plot([row.low, row.high], [y, y], color=color(row.model), linewidth=3, alpha=0.5)
            ax.plot(
                row.difference,
                y,
                "o" if row.separated else "s",
                color=color(row.model),
                markersize=9,
                markerfacecolor=None if row.separated else "white",
            )
        ax.axvline(0, color=INK, linewidth=1.2)
        ax.set_title(f"{split} folds")
        ax.set_xlabel(label)
    words = [f"{specs.model(m).title}\nminus {specs.model(p).title}" for m, p in pairs]
    axes[0, 0].set_yticks(range(len(pairs)), words)
    axes[0, 0].invert_yaxis()
    return fig


def complement_words(frame: pd.DataFrame) -> str:
    """What the differences say, one sentence a pair and split, in Markdown."""
    lines = []
    for row in frame.itertuples():
        words = (
            f"scores {'more' if row.difference > 0 else 'less'} than"
            if row.separated
            else "cannot be told apart from"
        )
        change = f"{row.difference:+.3f}".replace("-", "−")
        whole, part = specs.model(row.model).title, specs.model(row.part).title
        lines.append(f"- {row.split}: *{whole}* {words} *{part}* ({change}).")
    return "\n".join(lines)


def _legend(fig: Figure, axes: np.ndarray) -> None:
    found = {label: h for ax in axes for h, label in zip(*ax.get_legend_handles_labels())}
    fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=2)


def tier_plot(means: pd.DataFrame, pairs: pd.DataFrame, *, label: str) -> Figure:
    """Mean score of each model with its interval, by rank, one panel a group; bars join models not told apart.

    Args: means, pairs: rows of ``means.csv`` and ``pairs.csv`` of one measure and one split. A critical-difference plot
    (Demšar 2006) on the scale of the score: a grey bar spans models of which no two are separated.
    """
    groups = list(dict.fromkeys(means.group))
    most = means.groupby("group").size().max()
    fig, axes = plt.subplots(
        len(groups), 1, figsize=(9, len(groups) * (0.42 * most + 1.5)), squeeze=False
    )
    for ax, group in zip(axes.ravel(), groups):
        part = means[means.group == group].sort_values("score", ascending=False, ignore_index=True)
        for y, row in part.iterrows():
            ink = color(row.model)
            ax.plot(
                [row.low, row.high],
                [y, y],
                color=ink,
                linewidth=3,
                alpha=0.5,
                solid_capstyle="round",
            )
            ax.plot(row.score, y, "o", color=ink, markersize=9)
        _bars(ax, cliques(part.model.tolist(), pairs[pairs.group == group]))
        words = [f"{t} (rank {_range(r)})" for t, r in zip(titles(part.model), part.itertuples())]
        ax.set_yticks(range(len(part)), words)
        ax.set(ylim=(len(part) - 0.4, -0.6))
        ax.set_title(_heading(group, part))
        for y in np.flatnonzero(part.tier.diff().to_numpy() > 0):
            ax.axhline(y - 0.5, color=INK, linewidth=1.2)
    axes.ravel()[-1].set_xlabel(label)
    return fig


def _bars(ax: Axes, runs: Iterable[tuple[int, int]]) -> None:
    """A bar right of the axes for each run of rows, from its first to its last."""
    for i, (top, low) in enumerate(runs):
        ax.plot(
            [1.02 + 0.025 * i] * 2,
            [top - 0.25, low + 0.25],
            color="#777777",
            linewidth=4,
            clip_on=False,
            transform=ax.get_yaxis_transform(),
            solid_capstyle="round",
        )


def mean_ranks(intervals: pd.DataFrame, means: pd.DataFrame, power: pd.DataFrame) -> pd.DataFrame:
    """Mean rank of each model over the tasks of each group, and the difference of mean ranks that Nemenyi's test needs.

    Args: rows of ``intervals.parquet`` of one probe (all splits), and of ``means.csv`` and ``power.csv`` of one split
    and measure: tasks, models and weights are those of the means. Returns: columns group, model, tasks, rank, critical.
    """
    told = power.set_index("task")
    told = told[~told.underpowered]
    rows = []
    for group, part in means.groupby("group", sort=False):
        held = intervals[
            (intervals.genes == "common")
            & intervals.model.isin(part.model)
            & intervals.task.isin(told.index)
        ]
        held = held[(held.kind != "regression") & ((held.group == group) | (group == "all"))]
        held = held.astype({"task": str, "model": str}).pivot(
            index="task", columns=["split", "model"], values="score"
        )
        table = held.dropna()[
            part.split.iloc[0]
        ]  # the tasks that all models have in every split, as the means
        table = table[
            [not any(specs.model(m).exposed_on(t) for m in table.columns) for t in table.index]
        ]
        weight, groups = told.weight[table.index], told.group[table.index]
        share = (
            weight / weight.groupby(groups).transform("sum")
        ).to_numpy()  # groups count the same
        number = part.effective.iloc[0]
        rank, critical = (
            separation.mean_ranks(table, share),
            separation.critical_difference(len(table.columns), number),
        )
        rows += [(group, m, len(table), number, r, critical) for m, r in zip(table.columns, rank)]
    return pd.DataFrame(rows, columns=["group", "model", "tasks", "effective", "rank", "critical"])


def rank_plot(ranks: pd.DataFrame) -> Figure:
    """Critical-difference plot (Demšar 2006): mean ranks, one panel a group; bars join models within the difference.

    Args: ranks: rows of ``mean_ranks``. The test takes tasks for independent; it is drawn with their effective number.
    """
    groups = list(dict.fromkeys(ranks.group))
    most = ranks.groupby("group").size().max()
    fig, axes = plt.subplots(
        len(groups), 1, figsize=(9, len(groups) * (0.36 * most + 1.7)), squeeze=False
    )
    for ax, group in zip(axes.ravel(), groups):
        part = ranks[ranks.group == group].sort_values("rank", ignore_index=True)
        for y, row in part.iterrows():
            ax.plot(row["rank"], y, "o", color=color(row.model), markersize=9)
        ends = [part[part["rank"] <= r + part.critical.iloc[0]].index[-1] for r in part["rank"]]
        runs = [(a, b) for a, b in enumerate(ends) if b > a and (a == 0 or ends[a - 1] < b)]
        _bars(ax, runs)
        ax.set_yticks(range(len(part)), titles(part.model))
        ax.set(ylim=(len(part) - 0.4, -0.6), xlim=(0.5, len(part) + 0.5))
        number, width = part.effective.iloc[0], part.critical.iloc[0]
        ax.set_title(
            f"{_heading(group, part)}\nworth {number:.1f} unrelated ones; critical difference {width:.1f} ranks"
        )
    axes.ravel()[-1].set_xlabel("mean rank (1 is the best)")
    return fig


def _range(row) -> str:
    return f"{row.rank_low}" if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}"


def cliques(models: list[str], pairs: pd.DataFrame) -> list[tuple[int, int]]:
    """Longest runs (first, last) of models, in their order, of which no two are separated; runs of one are left out."""
    apart = {
        frozenset(p)
        for p in pairs[pairs.separated.astype(bool)][["model", "other"]].itertuples(index=False)
    }
    runs = []
    for first in range(len(models)):
        last = first
        while last + 1 < len(models) and not any(
            frozenset((models[k], models[last + 1])) in apart for k in range(first, last + 1)
        ):
            last += 1
        if last > first and not any(a <= first and last <= b for a, b in runs):
            runs.append((first, last))
    return runs


def tier_table(means: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``means.csv`` as readers want them, the easiest split first; measure and group where they differ."""
    frame = means.assign(model=titles(means.model), rank=[_range(r) for r in means.itertuples()])
    frame = frame.assign(rung=frame.split.map(RUNGS.index))
    frame = frame.sort_values(
        ["measure", "group", "rung", "tier", "score"],
        ascending=[True, True, True, True, False],
        kind="stable",
    )
    first = [c for c in ("measure", "group") if means[c].nunique() > 1]
    keep = [
        *first,
        "split",
        "tier",
        "model",
        "excess",
        "excess_low",
        "excess_high",
        "score",
        "low",
        "high",
        "rank",
        "tasks",
        "effective",
    ]
    names = {
        "excess_low": "excess low",
        "excess_high": "excess high",
        "effective": "effective tasks",
    }
    return frame[keep].rename(columns=names).reset_index(drop=True)


def lost_table(means: pd.DataFrame) -> pd.DataFrame:
    """What each model scores less than under the first split, with its paired interval; one row a group and split."""
    frame = means[means.split != means.split.iloc[0]]
    keep = ["group", "split", "model", "score", "lost", "lost_low", "lost_high", "tasks"]
    frame = frame.assign(model=titles(frame.model))[keep]
    return frame.rename(columns=lambda c: c.replace("_", " ")).reset_index(drop=True)


def pair_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``pairs.csv`` as readers want them: simultaneous interval and adjusted p of each difference."""
    frame = pairs.assign(model=titles(pairs.model), other=titles(pairs.other))
    keep = ["group", "split", "model", "other", "difference", "low", "high", "p", "separated"]
    return frame[keep].reset_index(drop=True)


def by_group(means: pd.DataFrame) -> pd.DataFrame:
    """Mean score by model title (rows) and group (columns) of one split; NaN where a model takes no part."""
    part = means[means.group != "all"]
    table = part.pivot(index="model", columns="group", values="score")
    rows = ordered(table.index)
    columns = [g for g in GROUPS if g in table.columns]
    return (
        table.loc[rows, columns]
        .set_axis(titles(rows), axis=0)
        .rename_axis(index=None, columns=None)
    )


def power_table(power: pd.DataFrame, split: str = "random") -> pd.DataFrame:
    """Rows of ``power.csv`` of one split as readers want them, the weakest tasks first."""
    frame = power[power.split == split].copy()
    for name in ("best", "second"):
        frame[name] = [specs.model(m).title if isinstance(m, str) else "" for m in frame[name]]
    frame["underpowered"] = np.where(frame.underpowered, "underpowered", "")
    frame = frame.sort_values("smallest", ascending=False, na_position="first", ignore_index=True)
    frame["more_genes"] = [_genes_in_words(n) for n in frame.more_genes]
    keep = [
        "task",
        "kind",
        "genes",
        "smallest",
        "underpowered",
        "best",
        "second",
        "difference",
        "more_genes",
    ]
    return frame[keep].rename(
        columns={"smallest": "smallest difference", "more_genes": "more genes needed"}
    )


EVERY_GENE = 20_000
"""About as many genes of a human code for a protein: no task has more."""


def _genes_in_words(number: float) -> str:
    if np.isnan(number):
        return ""
    return f"{number:,.0f}" if number <= EVERY_GENE else "more than there are"


def numbers(power: pd.DataFrame, means: pd.DataFrame) -> dict[str, object]:
    """What the prose quotes of power and ladder: counts, and what the best model on all groups keeps."""
    first = power[power.split == power.split.iloc[0]]
    near = first[first.more_genes.notna()]
    return {
        "underpowered": int(first.underpowered.sum()),
        "number": len(first),
        "told": f"{100 * (near.more_genes == 0).mean():.0f}" if len(near) else "0",
        "effective": f"{means[means.group == 'all'].effective.max():.0f}"
        if (means.group == "all").any()
        else "–",
        "power": f"{separation.power():.1f}",
    }
