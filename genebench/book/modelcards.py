"""Model cards: what a model is, was trained on, covers and costs, and where it is good and bad. Computes no score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..benchmark import results
from ..core import manifest, specs
from ..core.specs import GROUPS
from ..stats import intervals
from . import tables
from .figures import INK, color

SHORTCUT_INK = "#8a8a8a"
TOGETHER = "genes and tasks"
"""What the interval of a weighted mean of ``means.csv`` is over; other means of a card are plain."""


def facts(profile: str, model: str, scores: pd.DataFrame) -> str:
    """The opening of a card in Markdown: what the model is, in one table. ``scores``: its main scores on own genes."""
    spec = specs.model(model)
    read = "; ".join(f"`{p}`: {why}" for p, why in spec.exposed.items())
    rows = {
        "Family and input": f"{spec.family}; reads {spec.input}",
        "Trained on": spec.trained_on + (f" {{cite}}`{spec.citation}`" if spec.citation else ""),
        "Licence": spec.licence,
        "Size": _size(spec),
        "Weights": f"`{spec.hub or spec.weights}`"
        + (f" at `{spec.revision[:12]}`" if spec.revision else "")
        if spec.hub or spec.weights
        else "",
        "Has read answers of": read or "none of the tasks that we know of",
        "Cannot be told": "; ".join(
            f"`{p or 'all tasks'}`: {why}" for p, why in spec.unclear.items()
        ),
        "Coverage": _coverage(scores),
        "Cost": cost(profile, model),
    }
    body = "\n".join(
        f"| {name} | {' '.join(words.split())} |" for name, words in rows.items() if words
    )
    return f"{spec.description}\n\n| What | In words |\n|---|---|\n{body}\n"


def _size(spec: specs.ModelSpec) -> str:
    numbers = (
        f"{spec.dim} numbers a gene" if spec.dim else "as many numbers a gene as it has columns"
    )
    return numbers + (f"; {spec.parameters:,.4g} million parameters" if spec.parameters else "")


def _coverage(scores: pd.DataFrame) -> str:
    if scores.empty:
        return "it is scored on no task of this profile"
    low, high, mean = (f"{100 * v:.0f}" for v in scores.coverage.agg(["min", "max", "mean"]))
    span = f"{high} %" if low == high else f"{low} to {high} % ({mean} % in the mean)"
    return f"{span} of the genes of a task, on {scores.task.nunique():,} tasks"


def cost(profile: str, model: str) -> str:
    """Seconds that the probes of a model took, as the manifest has them; empty if it has none."""
    held = [
        c
        for c in manifest.read(results.manifest_path(profile)).get("cells", [])
        if c["model"] == model
    ]
    if not held:
        return ""
    fits, seconds = sum(c["n"] for c in held), sum(c["seconds"] for c in held)
    return f"{seconds:,.0f} s of one core for the probes of {fits:,} pairs of task and split (vectors not counted)"


def by_group(profiles: list[str], model: str) -> pd.DataFrame:
    """One row per profile and group: mean AUROC with interval, excess over the best shortcuts, tier, exposure.

    Tasks whose answers the model has read do not count, and are told in ``exposed``. Score, low and high: from
    ``means.csv`` where the model takes part (interval over genes and tasks, common genes), else over its own tasks and
    genes, a plain mean (``over`` says which). ``shortcut``: mean of the best shortcut of each task on the common genes.
    """
    rows = []
    for profile in profiles:
        scores = _fair(results.main_scores(profile), model)
        common = results.main_scores(profile, genes="common")
        told = results.read_beside(profile, "means.csv")
        told = told[
            (told.model == model) & (told.measure == "auroc") & (told.split == told.split.iloc[0])
        ]
        own = common[(common.model == model) | (common.family == "shortcut")]
        over = intervals.excess(own, lambda m, t: specs.model(m).exposed_on(t))
        for group in GROUPS:
            part = scores[(scores.group == group) & (scores.kind != "regression")]
            read = part.exposed.sum()
            fair = part[~part.exposed]
            if part.empty:
                continue
            row = {
                "profile": profile,
                "group": group,
                "tasks": len(fair),
                "exposed": int(read),
                "tier": None,
            }
            if (mean := told[told.group == group]).size:
                row |= mean.iloc[0][["score", "low", "high", "excess", "tasks", "tier"]].to_dict()
                row["over"] = TOGETHER
            elif len(fair):
                row |= dict(
                    zip(("score", "low", "high"), intervals.mean_interval(fair.score.to_numpy()))
                )
                gained = over[over.task.isin(fair.task)].excess
                row |= {
                    "excess": gained.mean() if len(gained) else np.nan,
                    "over": "its tasks, own genes",
                }
            rows.append(row)
    columns = [
        "profile",
        "group",
        "tasks",
        "score",
        "low",
        "high",
        "over",
        "excess",
        "tier",
        "exposed",
    ]
    return pd.DataFrame(rows, columns=columns).astype({"tier": "Int64"})


def _fair(scores: pd.DataFrame, model: str) -> pd.DataFrame:
    return tables.with_exposure(scores[scores.model == model])


def group_plot(frame: pd.DataFrame, model: str) -> Figure:
    """Mean AUROC of a model by group with its interval, and the mean of the best shortcuts as a grey square.

    ``frame``: rows of ``by_group`` of one profile with a score.
    """
    frame = frame[frame.score.notna()].iloc[::-1].reset_index(drop=True)
    fig, ax = plt.subplots(figsize=(8, 0.55 * max(1, len(frame)) + 1.5))
    for y, row in frame.iterrows():
        if np.isfinite(row.low):
            ax.plot(
                [row.low, row.high],
                [y, y],
                color=color(model),
                linewidth=3,
                alpha=0.55,
                solid_capstyle="round",
            )
        ax.plot(
            row.score, y, "o", color=color(model), markersize=10, label=specs.model(model).title
        )
        if np.isfinite(row.excess):
            ax.plot(
                row.score - row.excess,
                y,
                "s",
                color=SHORTCUT_INK,
                markersize=8,
                label="best shortcut of each task",
            )
    ax.axvline(0.5, color=INK, linestyle="--", linewidth=1)
    ax.text(
        0.5,
        1.01,
        "chance",
        transform=ax.get_xaxis_transform(),
        ha="center",
        fontsize=10.5,
        color=INK,
    )
    ax.set_yticks(
        range(len(frame)),
        [f"{g} ({n:,} task{'s' * (n != 1)})" for g, n in zip(frame.group, frame.tasks)],
    )
    kinds = sorted({"weighted" if over == TOGETHER else "plain" for over in frame.over})
    ax.set(
        xlabel=f"{' or '.join(kinds)} mean AUROC (0 to 1, chance 0.5)",
        ylabel="",
        ylim=(-0.6, len(frame) - 0.4),
    )
    shown = dict(zip(*reversed(ax.get_legend_handles_labels())))
    fig.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=2)
    return fig


def extremes(profile: str, model: str, *, most: int = 10) -> pd.DataFrame:
    """The tasks on which a model gains and loses most against the best shortcut, or scores highest and lowest.

    Exposed and underpowered tasks are left out. A model without an excess (a shortcut, a control, a narrow model) is
    told by its score on own genes.
    """
    held = results.read_beside(profile, "intervals.parquet")
    power = results.read_beside(profile, "power.csv")
    first = held[
        (held.split == power.split.iloc[0]) & (held.model == model) & (held.kind != "regression")
    ]
    weak = set(power[power.underpowered].task)
    first = tables.with_exposure(first[~first.task.isin(weak)].astype({"task": str, "model": str}))
    first = first[~first.exposed]
    gained = first[(first.genes == "common") & first.excess.notna()]
    part, by = (gained, "excess") if len(gained) else (first[first.genes == "own"], "score")
    part = part.sort_values(by, ascending=False, kind="stable")
    if len(part) > 2 * most:
        part = pd.concat([part.head(most).assign(end="best"), part.tail(most).assign(end="worst")])
    else:
        part = part.assign(end="")
    part["best shortcut"] = [
        specs.model(m).title if isinstance(m, str) else "" for m in part.best_shortcut
    ]
    keep = [
        "end",
        "task",
        "group",
        "score",
        "low",
        "high",
        "best shortcut",
        "excess",
        "excess_low",
        "excess_high",
    ]
    return part[keep].rename(columns=lambda c: c.replace("_", " ")).reset_index(drop=True)
