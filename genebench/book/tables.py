"""Scores and declarations → tables. Computes no score, reads no file."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd

from ..core import specs
from ..core.errors import BadInput, RunFailed, unknown
from ..core.specs import GROUPS, ModelSpec, ProfileSpec, SourceSpec
from ..data import families, sources
from ..data.tasks import Task
from ..models import encoder, weights
from ..stats import intervals as stats
from ..stats import metrics


def release(source: SourceSpec) -> str:
    """A source's release, and what differs where a stand-in takes the place of an official file."""
    notes = {}
    for name in source.files:
        try:
            notes[sources.stand_in(source, name)] = None
        except BadInput:
            continue
    notes.pop("", None)
    return f"{source.release} (stand-in: {'; '.join(notes)})" if notes else source.release


def missing_tasks(
    profile: ProfileSpec, found: dict[str, Task], sentences: list[str]
) -> pd.DataFrame:
    """Rows of ``catalogue.entries`` for the entries that gave no task, with the reason among ``sentences``."""
    rows = []
    for source in (specs.source(s) for s in profile.sources):
        whole = next((s for s in sentences if s.startswith(f"source '{source.id}':")), "")
        reasons = {
            e.name: next((s for s in sentences if f"task '{e.name}'" in s), whole)
            for e in source.tasks
        }
        rows += [
            {
                "task": e.name,
                "title": e.title,
                "group": e.group,
                "kind": e.kind,
                "source": source.title,
                "release": source.release,
                "licence": source.licence,
                "version": e.version,
                "status": "missing",
                "reason": reasons[e.name],
                "description": e.description,
            }
            for e in source.tasks
            if not any(t == e.name or t.startswith(f"{e.name}/") for t in found)
        ]
    return pd.DataFrame(rows)


def against_paper(profile: ProfileSpec, found: dict[str, Task]) -> pd.DataFrame:
    """Every task that arXiv 2412.04075 lists, beside ours: sizes, difference in percent, and its reason.

    Columns: paper's name, task, kind, genes (or pairs), published, difference %, status, reason. A task that cannot be
    built here is ``missing``; a listed task that we do not declare is ``not declared``.
    """
    quoted = specs.published()
    ours: dict[str, list] = {}
    for source in (specs.source(s) for s in profile.sources):
        for entry in source.tasks:
            if entry.paper:
                ours.setdefault(entry.paper, []).append(entry)
    rows = []
    for name, size in quoted.task_sizes.sizes.items():
        for entry in ours.get(name, [None]):
            task = found.get(entry.name) if entry else None
            row = {
                "paper's name": name,
                "task": entry.name if entry else "",
                "kind": entry.kind if entry else "",
            }
            row |= {"genes": len(task) if task else None, "published": size, "difference %": None}
            row |= {
                "status": "ready" if task else "missing" if entry else "not declared",
                "reason": "",
            }
            if task and size:
                row["difference %"] = round(100 * (len(task) - size) / size, 1)
                if abs(row["difference %"]) > 2:
                    row["reason"] = quoted.differences.get(entry.name, "")
            rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.astype({"genes": "Int64", "published": "Int64", "difference %": "Float64"})


def model_status(spec: ModelSpec) -> tuple[str, str]:
    """``ready``, what ``weights.status`` says, or ``missing`` (an input or package), and why; fetches nothing."""
    try:
        encoder(spec)
        if (spec.hub or spec.files) and (status := weights.status(spec))[0] != "ready":
            return status
        for package in spec.requires:
            if importlib.util.find_spec(package) is None:
                return (
                    "missing",
                    f"the package '{package}' is not installed; run 'pip install -c constraints.txt -e .'",
                )
        for name in (*filter(None, [spec.options.get("source")]), *spec.reads):
            if name != "ensembl" and (status := sources.status(specs.source(name)))[0] != "ready":
                return status
    except BadInput as err:
        return "missing", str(err)
    return "ready", ""


def model_catalogue(names: list[str] | None = None) -> pd.DataFrame:
    """One row per model: what it is, what it reads, what it was trained on, where it is exposed, licence, status."""
    rows = []
    for spec in specs.models().values():
        if names and spec.name not in names:
            continue
        status, reason = model_status(spec)
        exposed = "; ".join(f"{prefix}: {why}" for prefix, why in spec.exposed.items())
        rows.append(
            {
                "model": spec.name,
                "title": spec.title,
                "family": spec.family,
                "input": spec.input,
                "dim": spec.dim,
                "size": f"{spec.parameters:,.4g} M" if spec.parameters else "",
                "context": spec.context,
                "pooling": spec.pooling if spec.parameters else "",
                "weights": spec.hub or spec.weights or "",
                "revision": spec.revision or "",
                "trained on": spec.trained_on,
                "exposed on": exposed,
                "licence": spec.licence,
                "status": status,
                "reason": reason,
                "description": spec.description,
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype({"dim": "Int64", "context": "Int64"})


def with_exposure(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the column ``exposed``: whether the model has read part of the task's answers (``data/models.yml``)."""
    pairs = frame[["model", "task"]].drop_duplicates()
    flags = {(m, t): specs.model(m).exposed_on(t) for m, t in pairs.itertuples(index=False)}
    return frame.assign(exposed=[flags[k] for k in zip(frame.model, frame.task)])


def by_group(frame: pd.DataFrame, *, regression: bool = False) -> pd.DataFrame:
    """Mean main score, model × group, over classification tasks or over regression tasks (never both)."""
    part = frame[(frame.kind == "regression") == regression]
    table = part.pivot_table(index="model", columns="group", values="score", observed=True)
    return table.reindex(columns=[g for g in GROUPS if g in table.columns])


def marks_by_group(
    frame: pd.DataFrame, *, regression: bool = False, narrow: float = 0.2
) -> pd.DataFrame:
    """Same shape as ``by_group``: ``*`` where a task is exposed, ``†`` where mean coverage is under ``narrow``."""
    part = with_exposure(frame[(frame.kind == "regression") == regression])
    cells = part.groupby(["model", "group"], observed=True).agg(
        exposed=("exposed", "any"), coverage=("coverage", "mean")
    )
    text = cells.exposed.map({True: "*", False: ""}) + (cells.coverage < narrow).map(
        {True: "†", False: ""}
    )
    table = text.unstack("group")
    return table.reindex(columns=[g for g in GROUPS if g in table.columns]).fillna("")


def leaderboard(frame: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """One row per model and group: tasks, mean AUROC on own genes, coverage, exposure; and what ``means.csv`` says.

    ``frame`` holds main scores on own genes, ``means`` rows of ``means.csv`` of AUROC under one split: the mean on the
    common genes of the tasks that can show a difference, with interval, excess and tier; none for a model that is left
    out there.
    """
    part = with_exposure(frame[frame.kind != "regression"])
    found = part.groupby(["model", "group"], observed=True)
    table = found.agg(
        tasks=("score", "size"),
        AUROC=("score", "mean"),
        coverage=("coverage", "mean"),
        exposed=("exposed", "sum"),
    ).reset_index()
    names = {
        "score": "common genes",
        "excess_low": "excess low",
        "excess_high": "excess high",
        "tasks": "tasks compared",
    }
    beside = means[
        [
            "model",
            "group",
            "tier",
            "score",
            "low",
            "high",
            "excess",
            "excess_low",
            "excess_high",
            "tasks",
        ]
    ]
    table = table.merge(beside.rename(columns=names), on=["model", "group"], how="left")
    table = table.astype({"tier": "Int64", "tasks compared": "Int64"})
    table.insert(1, "family", [specs.model(m).family for m in table.model])
    rank = {m: i for i, m in enumerate(specs.models())}
    table = table.sort_values(
        ["group", "model"], key=lambda c: c.map(rank) if c.name == "model" else c, ignore_index=True
    )
    return table.assign(model=[specs.model(m).title for m in table.model])


def with_intervals(frame: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """Main scores on own genes with the columns ``low`` and ``high`` of ``intervals.parquet``: over genes, at 95 %."""
    own = intervals[(intervals.genes == "own") & (intervals.probe == intervals.probe.iloc[0])]
    own = own[["task", "model", "split", "low", "high"]].astype(
        {"task": str, "model": str, "split": str}
    )
    return frame.merge(own, on=["task", "model", "split"], how="left", validate="one_to_one")


def beside_shortcuts(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per binary task and split: AUROC on the common genes of the best model and of the best shortcut.

    ``frame``: rows of ``results.load``. ``excess`` is the one minus the other; narrow models (scored on other genes),
    controls and exposed pairs do not count.
    """
    part = frame[(frame.metric == "auroc@common") & (frame.family != "control")]
    mean = part.groupby(
        ["task", "split", "model", "family"], observed=True, as_index=False
    ).score.mean()
    mean = with_exposure(mean.astype({"task": str, "model": str}))
    mean = mean[~mean.exposed].sort_values(["score", "model"])
    kind = np.where(mean.family == "shortcut", "shortcut", "model")
    best = mean.assign(kind=kind).groupby(["task", "split", "kind"], observed=True).tail(1)
    wide = best.pivot(index=["task", "split"], columns="kind", values=["model", "score"])
    columns = {(what, kind): None for kind in ("model", "shortcut") for what in ("model", "score")}
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(columns, names=wide.columns.names))
    out = wide.set_axis(["best model", "its AUROC", "best shortcut", "AUROC"], axis=1).reset_index()
    out = out.astype({"its AUROC": float, "AUROC": float})
    return out.assign(excess=out["its AUROC"] - out["AUROC"])


def scores_of_task(frame: pd.DataFrame, task: str, split: str = "random") -> pd.DataFrame:
    """All metrics of one task and split on own genes: one row per model, one column per metric (means over folds)."""
    part = frame[
        (frame.task == task) & (frame.split == split) & ~frame.metric.astype(str).str.contains("@")
    ]
    table = part.pivot_table(index="model", columns="metric", values="score", observed=True)
    kind = part.kind.iloc[0]
    table = table[[m for m in metrics.of_kind(kind) if m in table.columns]]
    coverage = part.drop_duplicates("model").set_index("model").coverage
    table = table.loc[[m for m in specs.models() if m in table.index]].assign(coverage=coverage)
    return table.rename(index={m: specs.model(m).title for m in table.index}).rename_axis(
        columns=None
    )


def of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Rows of one group of tasks. Raises: BadInput: no such group, or no scores in it."""
    if group not in GROUPS:
        raise unknown("group", group, GROUPS)
    part = frame[frame.group == group]
    if part.empty:
        raise BadInput(
            f"the group '{group}' has no scores in this profile; add a task of that group, or drop its page."
        )
    return part


def wide(frame: pd.DataFrame) -> pd.DataFrame:
    """Main scores, one row per task and one column per model (titles)."""
    table = frame.pivot_table(index="task", columns="model", values="score", observed=True)
    known = [m for m in specs.models() if m in table.columns]
    return (
        table[known]
        .rename(columns=lambda m: specs.model(m).title)
        .rename_axis(columns=None)
        .reset_index()
    )


def stars(frame: pd.DataFrame) -> pd.DataFrame:
    """Same shape as the models of ``wide``: a star where the model has read part of the task's answers, else empty."""
    held = with_exposure(frame)
    return (
        wide(held.assign(score=held.exposed.astype(float)))
        .set_index("task")
        .gt(0)
        .replace({True: "*", False: ""})
        .reset_index(drop=True)
    )


def excess_table(frame: pd.DataFrame, split: str = "random") -> pd.DataFrame:
    """Rows of ``intervals.parquet`` with an excess as readers want them, unexposed pairs and the largest first."""
    part = with_exposure(frame[(frame.split == split) & frame.excess.notna()])
    part = part.sort_values(["exposed", "excess"], ascending=[True, False])
    for column in ("model", "best_shortcut"):
        part[column] = part[column].map(lambda m: specs.model(m).title)
    keep = [
        "task",
        "model",
        "score",
        "low",
        "high",
        "best_shortcut",
        "excess",
        "excess_low",
        "excess_high",
        "exposed",
    ]
    return part[keep].rename(columns=lambda c: c.replace("_", " ")).reset_index(drop=True)


def group_words(frame: pd.DataFrame, means: pd.DataFrame, group: str) -> str:
    """Opening of a group's page: what is in it, and who leads by the weighted mean, in Markdown.

    Args: frame: main scores of the group. means: rows of ``means.csv`` of one split.
    """
    number = frame.drop_duplicates("task").kind.astype(str).value_counts()
    kinds = ", ".join(f"{n} {kind}" for kind, n in number.items())
    head = f"{group.capitalize()}: {number.sum()} task{'s' * int(number.sum() > 1)} ({kinds})."
    part = means[(means.group == group) & (means.measure == "auroc")].sort_values(
        "score", ascending=False
    )
    if part.empty:
        return f"{head} No two models can be compared on its classification tasks."
    is_shortcut = pd.Series(
        [specs.model(m).family == "shortcut" for m in part.model], index=part.index
    )
    parts = []
    for words, rows in (("model", part[~is_shortcut]), ("shortcut", part[is_shortcut])):
        if len(rows):
            best = rows.iloc[0]
            title = specs.model(best.model).title
            parts.append(
                f"the best {words} is *{title}* at {best.score:.2f} ({best.low:.2f} to {best.high:.2f})"
            )
    tasks = f"{part.tasks.iloc[0]} classification task{'s' * int(part.tasks.iloc[0] > 1)}"
    return (
        f"{head} Compared on the same genes of {tasks} whose answers none of them has read, {' and '.join(parts)}: "
        "weighted mean AUROC under random folds, 95 % interval. The figure shows each task by itself, each model on "
        "the genes that it has."
    )


CONTROLS = (("oracle", 0.99, 1.0), ("random", 0.47, 0.53), ("shuffled", 0.47, 0.53))
"""Where the mean AUROC of each control over all classification tasks must lie."""


def _control(mean: pd.Series, name: str, low: float, high: float) -> float:
    """A control's mean score. Raises: RunFailed: it is missing or out of its band, so that nothing can be trusted."""
    if name not in mean.index:
        raise RunFailed(
            f"the control '{name}' has no scores; add it to the profile's models and run again."
        )
    if not low <= mean[name] <= high:
        raise RunFailed(
            f"the control '{name}' scores {mean[name]:.3f}, outside [{low}, {high}]; no score can be trusted."
        )
    return mean[name]


def headline(frame: pd.DataFrame) -> dict[str, object]:
    """Numbers that the front page quotes, computed from the main scores on own genes."""
    mean = frame[frame.kind != "regression"].groupby("model", observed=True).score.mean()
    return {
        "n_tasks": f"{frame.task.nunique():,}",
        "n_models": int(frame.model.nunique()),
        "n_folds": int(frame.n_folds.max()),
        **{name: f"{_control(mean, name, low, high):.2f}" for name, low, high in CONTROLS},
    }


def triptych(choices: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean AUROC per model on ``common``, ``own`` and ``all`` genes over the tasks that have all three, and ranks.

    Controls and exposed tasks are left out. Columns: the choices, ``tasks``, ``coverage``, and the ranks among the
    models that are scored on at least nine tenths of the tasks (others would be ranked on other questions).
    """
    parts = []
    for name, frame in choices.items():
        frame = with_exposure(frame[(frame.kind != "regression") & (frame.family != "control")])
        parts.append(frame[~frame.exposed].set_index(["model", "task"]).score.rename(name))
    both = pd.concat(parts, axis=1).dropna()
    table = both.groupby("model", observed=True).mean()
    table["tasks"] = both.groupby("model", observed=True).size()
    table["coverage"] = (
        choices["own"].groupby("model", observed=True).coverage.mean().reindex(table.index)
    )
    ranked = table[table.tasks >= 0.9 * table.tasks.max()][list(choices)]
    ranks = (
        ranked.rank(ascending=False, method="min").astype(int).astype(str).agg(" → ".join, axis=1)
    )
    table["rank " + " → ".join(choices)] = ranks.reindex(table.index, fill_value="–")
    return table.loc[[m for m in specs.models() if m in table.index]]


def tasks_per_group(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Number of tasks by group (rows) and kind (columns)."""
    table = pd.crosstab(catalogue.group, catalogue.kind).reindex(
        [g for g in GROUPS if g in set(catalogue.group)]
    )
    return table.assign(total=table.sum(axis=1)).rename_axis(index=None, columns=None)


def catalogue_numbers(catalogue: pd.DataFrame) -> dict[str, object]:
    """Numbers of the catalogue that the prose quotes."""
    ready = catalogue[catalogue.status == "ready"]
    return {
        "number": len(ready),
        "groups": int(ready.group.nunique()),
        "largest": int(ready.genes.max()),
    }


def metric_label(name: str) -> str:
    """Axis label of a metric with its range, chance said where it is one number."""
    metric = metrics.METRICS[name]
    words = {
        "auroc": "AUROC",
        "auroc_weighted": "AUROC (weighted one-vs-rest)",
        "spearman": "Spearman correlation",
    }
    low = "−∞" if np.isinf(metric.low) else f"{metric.low:g}".replace("-", "−")
    return f"{words.get(name, name)} ({low} to {metric.high:g})"


def reference_lines(frame: pd.DataFrame) -> dict[str, float | None]:
    """Where guessing lies for the task's main metric, and the best score of an unexposed shortcut (or None)."""
    frame = with_exposure(frame)
    shortcut = frame[(frame.family == "shortcut") & ~frame.exposed].score
    chance = 0.0 if frame.kind.iloc[0] == "regression" else 0.5
    return {"chance": chance, "best_shortcut": float(shortcut.max()) if len(shortcut) else None}


def card_words(task: Task) -> str:
    """The text of a task card in Markdown: title, meaning, size, classes, origin, licence, hash, what it can show."""
    source = specs.source(task.source)
    kin = pd.Series(families.stems(task.entities)).value_counts()
    related = kin[kin > 1].sum() / len(task)
    rows = {
        "Group and kind": f"{task.group}, {task.kind}",
        "Genes": f"{len(task):,} in {len(kin):,} symbol stems; {related:.0%} have a relative in the task",
        "Balance": task.balance,
        "Classes": "; ".join(task.classes) if task.classes else "real numbers",
        "Source": f"[{source.title}]({source.homepage}), release {source.release} {{cite}}`{source.citation}`",
        "Licence": source.licence,
        "Label hash": f"`{task.hash}` (version {task.version})",
    }
    if task.kind == "binary":
        delta = stats.task_difference(task.kind, task.labels)
        rows["Smallest detectable difference"] = (
            f"{delta:.3f} AUROC (80 % power at 95 %) {{cite}}`hanley1982`"
        )
    body = "\n".join(f"| {k} | {v} |" for k, v in rows.items())
    return f"`{task.name}`: {task.description}\n\n| | |\n|---|---|\n{body}\n"


def paper_numbers(beside: pd.DataFrame, catalogue: pd.DataFrame) -> dict[str, object]:
    """How many of the paper's tasks are ready, of how many, and how many tasks the profile has in all."""
    return {
        "ready": int((beside.status == "ready").sum()),
        "listed": len(beside),
        "all": int((catalogue.status == "ready").sum()),
    }


def titled(frame: pd.DataFrame) -> pd.DataFrame:
    """A table by model name as a table by model title, in the column ``model``."""
    return frame.rename(index=lambda m: specs.model(m).title).rename_axis("model").reset_index()
