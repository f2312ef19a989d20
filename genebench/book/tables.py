"""Scores and declarations to tables for readers. Computes no score, reads no file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..benchmark.summaries import with_exposure
from ..core.errors import BadInput, unknown
from ..core.specs import GROUPS, ModelSpec, ProfileSpec, SourceSpec
from .figures import INK, dots, minus, ordered, rows_axis, styled, titles
from .tiers import readable

Models = Mapping[str, ModelSpec]

NARROW = 0.2
"""A mean over tasks of which a model covers less than this share of the genes gets a dagger."""


def by_group(plain: pd.DataFrame, measure: str = "auroc") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plain means by model (rows) and group of tasks (columns), and their marks.

    Parameters
    ----------
    plain : DataFrame
        ``summaries.plain_means``.
    measure : {"auroc", "spearman"}
        Means of classification or of regression tasks; never both.

    Returns
    -------
    table : DataFrame of shape (n_models, n_groups)
        NaN where a model has no task.
    marks : DataFrame of the same shape
        ``*`` where the model was trained on labels of a task, ``†`` where its mean coverage is
        under ``NARROW``, else empty.
    """
    part = plain[(plain.measure == measure) & (plain.group != "all")]
    text = np.where(part.exposed > 0, "*", "") + np.where(part.coverage < NARROW, "†", "")
    wide = part.assign(marks=text).pivot(index="model", columns="group", values=["score", "marks"])
    groups = [g for g in GROUPS if g in set(part.group)]
    return wide.score[groups].astype(float), wide.marks[groups].fillna("")


def scores_by_group(plain: pd.DataFrame, means: pd.DataFrame, models: Models) -> pd.DataFrame:
    """One row per model and group: plain mean on own genes beside the weighted mean.

    Parameters
    ----------
    plain : DataFrame
        ``summaries.plain_means`` on own genes.
    means : DataFrame
        Rows of ``means.csv`` of AUROC under one split; a model that is excluded there has none.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    DataFrame
        ``AUROC`` (plain mean), ``common genes`` (weighted mean with ``low`` and ``high``),
        ``excess`` over the best shortcut, ``tier``, numbers of tasks, ``coverage``, ``exposed``.
    """
    part = plain[(plain.measure == "auroc") & (plain.group != "all")]
    beside = "model group tier score low high excess excess_low excess_high tasks".split()
    renamed = means[beside].rename(columns={"score": "common genes", "tasks": "tasks compared"})
    part = part.drop(columns=["measure", "n_folds"]).rename(columns={"score": "AUROC"})
    table = part.merge(renamed, on=["model", "group"], how="left")
    table.insert(1, "family", [models[m].family for m in table.model])
    order = {m: i for i, m in enumerate(models)}
    table = table.sort_values(["group", "model"], key=lambda c: c.map(order).fillna(c))
    table = table.astype({"tier": "Int64", "tasks compared": "Int64"})
    return readable(table, models, table.columns)


def of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Rows of one group of tasks.

    Parameters
    ----------
    frame : DataFrame
        Column ``group``.
    group : str
        One of ``specs.GROUPS``.

    Returns
    -------
    DataFrame

    Raises
    ------
    BadInput
        No such group, or nothing in it.
    """
    if group not in GROUPS:
        raise unknown("group", group, GROUPS)
    part = frame[frame.group == group]
    if part.empty:
        raise BadInput(
            f"the group '{group}' has no scores or tasks in this profile; add a task of that "
            "group, or drop its page."
        )
    return part.reset_index(drop=True)


def wide(frame: pd.DataFrame, models: Models) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Main scores, one row per task and one column per model, and their stars.

    Parameters
    ----------
    frame : DataFrame
        Main scores: ``task, model, score``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    table : DataFrame
        ``task`` and one column per model, by title.
    stars : DataFrame
        Same rows, models only: a star where the model was trained on the task's labels.
    """
    frame = with_exposure(frame, models)
    star = np.where(frame.exposed, "*", "")
    table = frame.assign(star=star).pivot(index="task", columns="model", values=["score", "star"])
    names = [m for m in models if m in set(frame.model)]
    scores, stars = (
        table[column][names].set_axis(titles(names, models), axis=1) for column in ("score", "star")
    )
    return scores.astype(float).reset_index(), stars.fillna("").reset_index(drop=True)


def excess_table(intervals: pd.DataFrame, models: Models, split: str = "random") -> pd.DataFrame:
    """Rows of ``intervals.parquet`` with an excess, unexposed pairs and the largest first.

    Parameters
    ----------
    intervals : DataFrame
        ``intervals.parquet``, all or part.
    models : mapping of str to ModelSpec
        Declared models.
    split : str
        Which split.

    Returns
    -------
    DataFrame
        Score, best shortcut and excess with their 95 % intervals.
    """
    part = intervals[(intervals.split == split) & intervals.excess.notna()]
    part = with_exposure(part, models)
    part = part.sort_values(["exposed", "excess"], ascending=[True, False])
    columns = "task model score low high best_shortcut excess excess_low excess_high exposed"
    return readable(part, models, columns.split())


def group_words(frame: pd.DataFrame, means: pd.DataFrame, models: Models, group: str) -> str:
    """Opening of a group's page: what is in it, and who leads by the weighted mean.

    Parameters
    ----------
    frame : DataFrame
        Main scores of the group.
    means : DataFrame
        Rows of ``means.csv`` of one split.
    models : mapping of str to ModelSpec
        Declared models.
    group : str
        One of ``specs.GROUPS``.

    Returns
    -------
    str
        Markdown.
    """
    number = frame.drop_duplicates("task").kind.astype(str).value_counts()
    kinds = ", ".join(f"{n} {kind}" for kind, n in number.items())
    head = f"{group.capitalize()}: {number.sum()} task{'s' * int(number.sum() > 1)} ({kinds})."
    part = means[(means.group == group) & (means.measure == "auroc")]
    if part.empty:
        return f"{head} No two models can be compared on its classification tasks."
    part = part.sort_values("score", ascending=False, kind="stable")
    cheap = part.model.map(lambda m: models[m].family == "shortcut")
    best = [
        f"the best {word} is *{models[row.model].title}* at {row.score:.2f} "
        f"({row.low:.2f} to {row.high:.2f})"
        for word, rows in (("model", part[~cheap]), ("shortcut", part[cheap]))
        for row in rows.head(1).itertuples()
    ]
    tasks = f"{part.tasks.iloc[0]} classification task{'s' * int(part.tasks.iloc[0] > 1)}"
    return (
        f"{head} Compared on the same genes of {tasks} whose labels none of them was trained on, "
        f"{' and '.join(best)}: weighted mean AUROC under random folds, 95 % interval. The figure "
        "shows each task by itself, each model on the genes that it has."
    )


def coverage_plot(table: pd.DataFrame, models: Models, *, label: str) -> Figure:
    """Score of each model on common, own and all genes, side by side.

    Parameters
    ----------
    table : DataFrame
        ``summaries.by_choice_of_genes``.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        What the numbers are, with range.

    Returns
    -------
    Figure
    """
    marks = {"all": "s", "common": "D", "own": "o"}
    columns = {"var_name": "genes", "value_name": "score"}
    frame = (
        table.rename_axis("model").reset_index().melt(["model", "tasks"], list(marks), **columns)
    )
    frame = styled(frame, models).assign(mark=frame.genes.map(marks))
    frame["row"] += [f" ({n:,} task{'s' * (n > 1)})" for n in frame.tasks]
    rows = dict(zip(frame.model, frame.row))
    rows = [rows[m] for m in ordered(rows, models)]
    key = {f"{genes} genes": {"marker": mark} for genes, mark in marks.items()}
    return dots(frame, rows, label=label, chance=0.5, key=key)


def exposure(
    profile: ProfileSpec, models: Models, sources: Mapping[str, SourceSpec]
) -> pd.DataFrame:
    """Which model was trained on the labels of which source, by the declarations.

    Parameters
    ----------
    profile : ProfileSpec
        Whose models (controls left out) and sources.
    models : mapping of str to ModelSpec
        Declared models: ``exposed`` and ``unclear``.
    sources : mapping of str to SourceSpec
        Declared sources.

    Returns
    -------
    DataFrame
        One row per model and source of labels: ``model, title, source, labels, status`` (clean,
        unknown, partly exposed or exposed), ``why`` and ``citations`` (keys of the bibliography).
    """
    rows = []
    for spec in (models[m] for m in profile.models if models[m].family != "control"):
        for source in (sources[s] for s in profile.sources if sources[s].tasks):
            status, why = _status(spec, [t.name for t in source.tasks])
            cited = "; ".join(filter(None, [spec.citation, source.citation]))
            who = {"model": spec.name, "title": spec.title}
            labels = {"source": source.id, "labels": source.title}
            rows.append(who | labels | {"status": status, "why": why, "citations": cited})
    return pd.DataFrame(rows)


def _status(spec: ModelSpec, tasks: list[str]) -> tuple[str, str]:
    """Status of a model on the tasks of one source, and why."""
    hit = [t for t in tasks if spec.exposed_on(t)]
    if hit:
        why = dict.fromkeys(w for p, w in spec.exposed.items() if any(t.startswith(p) for t in hit))
        return "exposed" if len(hit) == len(tasks) else "partly exposed", " ".join(why)
    unclear = [why for p, why in spec.unclear.items() if any(t.startswith(p) for t in tasks)]
    return ("unknown", " ".join(unclear)) if unclear else ("clean", f"Made from: {spec.trained_on}")


_STATUS = {
    "clean": ("#d7ecd9", "clean"),
    "unknown": ("#eeeeee", "unknown"),
    "partly exposed": ("#fbe3b5", "part"),
    "exposed": ("#f4b9a7", "exposed"),
}


def exposure_plot(frame: pd.DataFrame, models: Models) -> Figure:
    """Models (rows) against sources of labels (columns): word and colour of each pair's status.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``exposure``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    Figure
    """
    rows, columns = ordered(frame.model, models), list(dict.fromkeys(frame.source))
    table = frame.pivot(index="model", columns="source", values="status").loc[rows, columns]
    fig, ax = plt.subplots(figsize=(max(6, 1.15 * len(columns) + 4), 0.46 * len(rows) + 1))
    for y, x in np.ndindex(table.shape):
        paint, word = _STATUS[table.iat[y, x]]
        edge = {"edgecolor": "white", "linewidth": 2}
        ax.add_patch(plt.Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=paint, **edge))
        ax.text(x, y, word, ha="center", va="center", fontsize=10.5, color=INK)
    rows_axis(ax, titles(rows, models))
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks(np.arange(len(columns)), columns)
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def exposure_words(profile: ProfileSpec, models: Models, sources: Mapping[str, SourceSpec]) -> str:
    """What each model was made from, and whose labels there are, with citations, in Markdown.

    Parameters
    ----------
    profile : ProfileSpec
        Whose models and sources.
    models : mapping of str to ModelSpec
        Declared models.
    sources : mapping of str to SourceSpec
        Declared sources.

    Returns
    -------
    str
    """
    lines = ["Models:\n"]
    for spec in (models[m] for m in profile.models if models[m].family != "control"):
        lines.append(f"- **{spec.title}**: {' '.join(spec.trained_on.split())}{_cited(spec)}")
    lines.append("\nLabels:\n")
    for source in (sources[s] for s in profile.sources if sources[s].tasks):
        title = f"{source.title}, release {source.release}"
        lines.append(f"- **{source.id}**: {title}{_cited(source)}")
    return "\n".join(lines) + "\n"


def _cited(spec: ModelSpec | SourceSpec) -> str:
    return f" {{cite}}`{spec.citation}`" if spec.citation else ""


def complement(pairs: pd.DataFrame, models: Models) -> pd.DataFrame:
    """What a joined model scores more than each of its parts.

    Parameters
    ----------
    pairs : DataFrame
        Rows of ``pairs.csv``.
    models : mapping of str to ModelSpec
        Declared models; option ``of`` names the parts.

    Returns
    -------
    DataFrame
        Columns ``group, split, model, part, difference`` (model minus part), ``low``, ``high``,
        ``p``, ``separated``, ``tasks``.
    """
    turned = pairs.rename(columns={"model": "other", "other": "model"})
    turned = turned.assign(difference=-pairs.difference, low=-pairs.high, high=-pairs.low)
    both = pd.concat([pairs, turned], ignore_index=True).rename(columns={"other": "part"})
    joined = [p in models[m].options.get("of", ()) for m, p in zip(both.model, both.part)]
    columns = "group split model part difference low high p separated tasks".split()
    return both.loc[joined, columns].reset_index(drop=True)


def complement_plot(frame: pd.DataFrame, models: Models, *, label: str) -> Figure:
    """What each joined model scores more than its parts, one panel a split.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``complement`` of one group.
    models : mapping of str to ModelSpec
        Declared models.
    label : str
        What the numbers are.

    Returns
    -------
    Figure
        Filled marks are significantly different from 0; empty squares are not.
    """
    frame = styled(frame, models)
    parts = [f"{row}\nminus {models[p].title}" for row, p in zip(frame.row, frame.part)]
    faces = np.where(frame.separated.astype(bool), frame.ink, "white")
    frame = frame.assign(row=parts, face=faces, mark=np.where(frame.separated, "o", "s"))
    frame = frame.assign(panel=frame.split + " folds")
    rows = list(dict.fromkeys(parts))
    options = {"value": "difference", "panel": "panel", "chance": 0, "height": 0.55}
    return dots(frame, rows, label=label, **options)


def complement_words(frame: pd.DataFrame, models: Models) -> str:
    """What the differences say, one sentence a pair and split, in Markdown.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``complement``.
    models : mapping of str to ModelSpec
        Declared models.

    Returns
    -------
    str
    """
    lines = []
    for row in frame.itertuples():
        words = "is not significantly different from"
        if row.separated:
            words = f"scores {'more' if row.difference > 0 else 'less'} than"
        whole, part = models[row.model].title, models[row.part].title
        change = minus(f"{row.difference:+.3f}")
        lines.append(f"- {row.split}: *{whole}* {words} *{part}* ({change}).")
    return "\n".join(lines)


def power_table(power: pd.DataFrame, models: Models, split: str = "random") -> pd.DataFrame:
    """Rows of ``power.csv`` of one split for readers, the weakest tasks first.

    Parameters
    ----------
    power : DataFrame
        ``power.csv``.
    models : mapping of str to ModelSpec
        Declared models.
    split : str
        Which split.

    Returns
    -------
    DataFrame
        ``smallest difference`` (AUROC, or Spearman correlation) and ``more genes needed`` to
        separate the two best models, in words.
    """
    frame = power[power.split == split]
    frame = frame.sort_values("smallest", ascending=False, na_position="first")
    words = ["" if np.isnan(n) else f"{n:,.0f}" for n in frame.more_genes]
    words = ["more than there are" if n > _GENES else w for n, w in zip(frame.more_genes, words)]
    weak = np.where(frame.underpowered, "underpowered", "")
    columns = "task kind genes smallest underpowered best second difference more_genes".split()
    names = {"smallest": "smallest difference", "more genes": "more genes needed"}
    shown = frame.assign(underpowered=weak, more_genes=words)
    return readable(shown, models, columns).rename(columns=names)


_GENES = 20_000  # about as many genes of a human code for a protein: no task has more
