"""The leaderboard's data: every score of a profile, packed for the page that sorts, filters and weighs them.

Computes no score: what is here stands in ``scores.parquet`` and in the tables beside it.
"""

from __future__ import annotations

import base64

import numpy as np
import pandas as pd

from ..benchmark import results
from ..core import specs
from ..core.specs import GROUPS
from . import show
from .figures import ordered
from .tiers import RUNGS

UNIT, MISSING = 10_000, -32_768
"""Scores are kept as 16-bit integers in steps of 1/``UNIT``; ``MISSING`` stands for none."""

GENES = ("common", "own", "all")
"""Choices of genes, as the page offers them; intervals are there for the first two."""

SPLIT_WORDS = {
    "random": "folds at random",
    "stem": "symbol stems kept whole",
    "family": "families kept whole",
    "similarity": "genes of alike proteins kept together",
    "chromosome": "chromosomes kept whole",
    "study": "tested on little-studied genes",
    "date": "tested on newly annotated genes first",
}


def packed(values: np.ndarray) -> str:
    """Scores or bounds → little-endian 16-bit integers in base64, NaN as ``MISSING``."""
    whole = np.where(np.isfinite(values), np.round(np.nan_to_num(values) * UNIT), MISSING)
    return base64.b64encode(whole.astype("<i2").tobytes()).decode()


def _bytes(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def _cube(frame: pd.DataFrame, value: str, names: list[str], models: list[str]) -> np.ndarray:
    """One number per task and model, (T, M), NaN where there is none."""
    table = frame.pivot_table(index="task", columns="model", values=value, observed=True)
    return table.reindex(index=names, columns=models).to_numpy(float)


def card_pages(parameter: str) -> dict[str, str]:
    """What a page of the book is about (its parameter ``task`` or ``model``) → the page's name."""
    return {
        p.parameters[parameter]: p.page for p in specs.pages() if p.notebook == f"card_{parameter}"
    }


def payload(profile: str) -> dict:
    """Everything that the page needs of one profile, ready for JSON.

    ``score``: split × choice of genes × task × model; ``low`` and ``high`` the same for the first two choices.
    ``flags``: task × model: 1 the model has read part of the answers, 2 it is scored on the common genes in every split
    and is no control. ``coverage``: task × model in percent.
    Raises: BadInput: the profile has no results, or no tables of intervals yet.
    """
    power, means = (
        results.read_beside(profile, "power.csv"),
        results.read_beside(profile, "means.csv"),
    )
    intervals = results.read_beside(profile, "intervals.parquet")
    base = power[
        (power.split == power.split.iloc[0]) & (power.probe == power.probe.iloc[0])
    ].set_index("task")
    splits, names, models = (
        list(power.split.unique()),
        list(base.index),
        ordered(intervals.model.unique()),
    )
    intervals = intervals[intervals.probe == power.probe.iloc[0]]
    of = {(s, g): part for (s, g), part in intervals.groupby(["split", "genes"], observed=True)}
    everywhere = [results.main_scores(profile, split=s, genes="all") for s in splits]
    score = np.array(
        [
            [
                *(_cube(of[s, g], "score", names, models) for g in GENES[:2]),
                _cube(whole, "score", names, models),
            ]
            for s, whole in zip(splits, everywhere)
        ]
    )
    bounds = {
        side: np.array([[_cube(of[s, g], side, names, models) for g in GENES[:2]] for s in splits])
        for side in ("low", "high")
    }
    shape = (len(splits), 3, len(names), len(models))
    for side, found in bounds.items():  # one shape for all, so that the page finds its place
        bounds[side] = np.concatenate([found, np.full((shape[0], 1, *shape[2:]), np.nan)], axis=1)
    number = np.array([_cube(of[s, "common"], "number", names, models) for s in splits])
    coverage = _cube(results.main_scores(profile, split=splits[0]), "coverage", names, models)
    return {
        "profile": profile,
        "genes": list(GENES),
        "intervals": list(GENES[:2]),
        "splits": splits,
        "split_words": {s: SPLIT_WORDS.get(s, "") for s in splits},
        "groups": [g for g in GROUPS if g in set(base.group)],
        "tasks": _tasks(base, card_pages("task")),
        "models": [_model(m, np.nanmean(coverage[:, i])) for i, m in enumerate(models)],
        "cards": [m for m in models if m in card_pages("model")],
        "score": packed(score),
        **{side: packed(found) for side, found in bounds.items()},
        "flags": _bytes(_flags(names, models, score[:, 0], number)),
        "coverage": _bytes(np.round(100 * np.nan_to_num(coverage))),
        "means": _records(means[means.probe == power.probe.iloc[0]]),
        "effective": _effective(means, [g for g in GROUPS if g in set(base.group)]),
    }


def _tasks(base: pd.DataFrame, cards: dict[str, str]) -> list[dict]:
    groups = [g for g in GROUPS if g in set(base.group)]
    titles = {t.name: t.title for s in specs.sources().values() for t in s.tasks}
    return [
        {
            "name": name,
            "title": titles.get(name, name.rsplit("/", 1)[-1].replace("-", " ")),
            "group": groups.index(row.group),
            "kind": row.kind,
            "genes": int(row.genes),
            "weight": round(float(row.weight), 5),
            "smallest": None if pd.isna(row.smallest) else round(float(row.smallest), 4),
            "underpowered": bool(row.underpowered),
            "card": cards.get(name, ""),
        }
        for name, row in base.iterrows()
    ]


def _model(name: str, coverage: float) -> dict:
    spec = specs.model(name)
    held = round(float(coverage), 4) if np.isfinite(coverage) else 0
    return {
        "name": name,
        "title": spec.title,
        "family": spec.family,
        "color": spec.color,
        "coverage": held,
    }


def _flags(
    names: list[str], models: list[str], common: np.ndarray, number: np.ndarray
) -> np.ndarray:
    """(T, M): bit 0 exposed, bit 1 fair on the common genes in every split (``intervals.Sheet.fair``)."""
    most = np.nanmax(np.nan_to_num(number), axis=2, keepdims=True)
    fair = (np.isfinite(common) & (number > 0) & (number == most)).all(axis=0)
    control = np.array([specs.model(m).family == "control" for m in models])
    exposed = np.array([[specs.model(m).exposed_on(t) for m in models] for t in names])
    return exposed + 2 * (fair & ~control)


def _records(means: pd.DataFrame) -> list[dict]:
    keep = [
        "measure",
        "group",
        "split",
        "model",
        "score",
        "low",
        "high",
        "excess",
        "excess_low",
        "excess_high",
        "tier",
        "rank_low",
        "rank_high",
    ]
    frame = means[keep].astype(object)
    return frame.where(frame.notna(), None).to_dict(orient="records")


def _effective(means: pd.DataFrame, groups: list[str]) -> dict:
    """Per measure and group: how many tasks its mean is over, and how many unrelated ones they are worth."""
    out = {}
    for measure, part in means.groupby("measure"):
        first = part.drop_duplicates("group").set_index("group")
        out[measure] = [
            {"tasks": int(first.tasks[g]), "effective": round(float(first.effective[g]), 2)}
            if g in first.index
            else None
            for g in groups
        ]
    return out


def fallback(profile: str) -> pd.DataFrame:
    """The table as it stands in print: models of the first split by mean over all groups, tier, interval and excess."""
    means = results.read_beside(profile, "means.csv")
    first = means[(means.split == means.split.iloc[0]) & (means.measure == "auroc")]
    first = first[first.group == ("all" if (first.group == "all").any() else first.group.iloc[0])]
    first = first.sort_values("score", ascending=False)
    frame = pd.DataFrame({"tier": first.tier, "model": [specs.model(m).title for m in first.model]})
    frame["weighted mean AUROC"] = [f"{v:.3f}" for v in first.score]
    frame["95 % interval"] = [f"{a:.3f} to {b:.3f}" for a, b in zip(first.low, first.high)]
    frame["over best shortcut"] = [
        "–" if pd.isna(v) else f"{v:+.3f}".replace("-", "−") for v in first.excess
    ]
    return frame.assign(tasks=first.tasks).reset_index(drop=True)


def numbers(profile: str) -> dict[str, object]:
    """What the front page quotes: the first tier, who is beyond the best shortcut, and what is lost without relatives.

    From the means over all groups of classification tasks (the first group where there is only one).
    """
    means = results.read_beside(profile, "means.csv")
    means = means[means.measure == "auroc"]
    means = means[means.group == ("all" if (means.group == "all").any() else means.group.iloc[0])]
    first = means[means.split == means.split.iloc[0]].sort_values("score", ascending=False)
    hard = max(means.split.unique(), key=RUNGS.index)
    last = means[means.split == hard].set_index("model")
    best, compared = first.iloc[0], first[first.excess.notna()]
    leader = compared.iloc[0] if len(compared) else best
    apart = last[last.excess.notna()]
    stays = (apart if len(apart) else last).sort_values("score", ascending=False).iloc[0]
    letters = (
        first.set_index("model").score.get("symbol-ngrams", np.nan),
        last.score.get("symbol-ngrams", np.nan),
    )
    return {
        "profile": profile,
        "tasks": f"{best.tasks:,}",
        "models": len(first),
        "letters_before": _number(letters[0]),
        "letters_after": _number(letters[1]),
        "top": _joined(specs.model(m).title for m in first[first.tier == 1].model),
        "top_score": _number(best.score),
        "top_low": _number(best.low),
        "top_high": _number(best.high),
        "compared": len(compared),
        "beyond": int((compared.excess_low > 0).sum()),
        "leader": specs.model(leader.model).title,
        "leader_excess": _number(leader.excess, "+.2f"),
        "leader_low": _number(leader.excess_low, "+.2f"),
        "leader_high": _number(leader.excess_high, "+.2f"),
        "hard_split": SPLIT_WORDS.get(hard, hard),
        "hard_before": _number(best.score),
        "hard_after": _number(last.score[best.model]),
        "hard_beyond": int((apart.excess_low > 0).sum()),
        "hard_compared": len(apart),
        "hard_leader": specs.model(stays.name).title,
        "hard_leader_score": _number(stays.score),
        "hard_leader_excess": _number(stays.excess, "+.2f"),
        "hard_leader_low": _number(stays.excess_low, "+.2f"),
        "hard_leader_high": _number(stays.excess_high, "+.2f"),
        "answers": answers(profile, "executed/leaderboard.html"),
    }


def _number(value: float, form: str = ".2f") -> str:
    return f"{value:{form}}".replace("-", "−") if pd.notna(value) else "–"


MOST = 4
"""Models of a tier that are named in a table of answers; of more, their number is told."""


def answers(profile: str, board: str = "") -> str:
    """Who is best for each group of classification tasks, and how sure that is, under the first split; and what is best
    under the hardest. Markdown.

    Args: board: where the leaderboard is, seen from the page that shows this.
    """
    means = results.read_beside(profile, "means.csv")
    means = means[means.measure == "auroc"]
    hard = max(means.split.unique(), key=RUNGS.index)
    first, last = means[means.split == means.split.iloc[0]], means[means.split == hard]
    scored = results.main_scores(profile)
    scored = scored[(scored.family != "control") & (scored.kind != "regression")]
    head = [
        "tasks about",
        "cannot be told from the best",
        "best weighted mean AUROC",
        "over the best shortcut",
        f"best model, {SPLIT_WORDS.get(hard, hard)}",
    ]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for group in (g for g in GROUPS if (first.group == g).any()):
        part = first[first.group == group].sort_values("score", ascending=False)
        best, tier = part.iloc[0], part[part.tier == 1]
        names = _joined(_told(m) for m in tier.model[:MOST]) + f" and {len(tier) - MOST} more" * (
            len(tier) > MOST
        )
        beside = set(scored[scored.group == group].model) - set(part.model)
        names += f"; {len(beside)} more models could not be compared" * bool(beside)
        over = "a shortcut leads"
        if pd.notna(best.excess):
            low, high = _number(best.excess_low, "+.2f"), _number(best.excess_high, "+.2f")
            over = f"{_number(best.excess, '+.2f')} ({low} to {high})"
        score = f"{_number(best.score)} ({_number(best.low)} to {_number(best.high)})"
        link = f'<a href="{board}#group={group.replace(" ", "%20")}">{group}</a>'
        apart = last[(last.group == group) & last.excess.notna()].sort_values(
            "score", ascending=False
        )
        stays = "–"
        if len(apart):
            row = apart.iloc[0]
            stays = f"*{specs.model(row.model).title}*: {_number(row.score)}, {_number(row.excess, '+.2f')}"
            stays += f" ({_number(row.excess_low, '+.2f')} to {_number(row.excess_high, '+.2f')})"
        number = f"({best.tasks:,} task{'s' * int(best.tasks > 1)}, worth {best.effective:.0f} unrelated)"
        lines.append(f"| {link} {number} | {names} | {score} | {over} | {stays} |")
    return "\n".join(lines)


def _told(model: str) -> str:
    return specs.model(model).title + " (a shortcut)" * (specs.model(model).family == "shortcut")


def _joined(words) -> str:
    words = [f"*{w}*" for w in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def with_results(profile: str, also: str) -> list[str]:
    """The profile, and those of ``also`` (names joined by commas) whose results and intervals are there."""
    names = list(dict.fromkeys([profile, *filter(None, (n.strip() for n in also.split(",")))]))
    made = lambda n: all(results.beside_path(n, b).exists() for b in results.BESIDE)  # noqa: E731
    return [
        n
        for n in names
        if n == profile or (n in specs.profiles() and made(n) and results.scores_path(n).exists())
    ]


def first_of(profile: str, also: str) -> str:
    """Whose numbers lead: those of the first of ``also`` that has results, else those of the profile."""
    return [*with_results(profile, also)[1:], profile][0]


def keep(profile: str, also: str) -> dict[str, str]:
    """Keep the data of a profile and of ``also`` for the page's script; returns those that are there, in words."""
    out = {}
    for name in dict.fromkeys([first_of(profile, also), *with_results(profile, also)]):
        held = payload(name)
        show.data(
            held, profile=profile, name=f"board-{name}", call=f"genebenchBoard.bind(null,'{name}')"
        )
        out[name] = f"{name} ({len(held['tasks']):,} tasks, {len(held['models'])} models)"
    return out
