"""A user's own file of vectors, placed among the models of a profile.

Ids, checks, scores, tier, leaks.

The file becomes a model and a profile of its own (``place.read``), named by its content, so that a
second call with the same vectors finds every score in the cache. Nothing is written to the results
of the profile that it is placed in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from .. import __version__
from ..benchmark import plan as planning
from ..benchmark import results, run, validation
from ..benchmark.plan import Plan
from ..core import cache, manifest
from ..core.errors import BadInput, RunFailed
from ..core.workers import Progress, Say, quiet
from ..data import genes
from ..data.labels import slug
from ..models import Embedding
from ..stats import metrics
from . import card, compare, leaks
from .read import UserVectors, read


def place(
    path: Path,
    *,
    profile: str = "demo",
    out: Path | None = None,
    name: str | None = None,
    reading: dict | None = None,
    tasks: Iterable[str] = (),
    jobs: int | None = None,
    say: Say = print,
    progress: Progress = quiet,
) -> tuple[Path, dict]:
    """Score a file of vectors on a profile's tasks and write its card.

    Parameters
    ----------
    path : Path
        A file that ``vectors.read_vectors`` reads.
    profile : str
    out : Path, optional
        Folder for ``card.html``, ``card.json`` and ``scores.parquet``; ``<name>-card`` here if none
        is given.
    name : str, optional
        What the vectors are called; the file's name if none is given.
    reading : dict, optional
        ``ids``, ``array`` and ``kind``, see ``place.read``.
    tasks : iterable of str, optional
        Only the blocks that hold these tasks.
    jobs : int, optional
        Processes.
    say, progress : callable, optional

    Returns
    -------
    folder : Path
    card : dict
        What ``card.json`` holds.

    Raises
    ------
    BadInput
        A file that cannot be used, or a profile without results to be placed among.
    RunFailed
        A cell failed; what has ended is cached.
    """
    start = time.perf_counter()
    path, tasks = Path(path), list(tasks or ())
    title = name or path.name.split(".")[0] or "vectors"
    out = Path(out) if out is not None else Path(f"{slug(title) or 'my'}-card")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file, and the card needs a folder; give another --out.")
    base = planning.make(profile)
    vectors = read(path, base, title, **(reading or {}))
    table = results.load(profile)  # without results there is nothing to be placed among
    say(f"{path.name}: {vectors.n_genes:,} genes of profile '{profile}' × {vectors.dim} dimensions")
    plan = planning.make(vectors.whole, declared=vectors.declared, names=tasks)
    report = {"jobs": jobs, "say": say, "progress": progress}
    rows, skipped, cost = _scores(plan, **report)
    findings = _leaks(base, vectors, plan, rows, table, tasks, **report)
    mine = slug(title) or "my-vectors"
    taken = {*table.model.astype(str), *base.declared.models}
    mine = f"my-{mine}" if mine in taken else mine
    made = _card(vectors, path, base, table, rows, findings)
    seconds = round(time.perf_counter() - start, 1)
    cost |= {"this_call_s": seconds, "peak_memory_mb": round(manifest.peak_memory_mb())}
    made |= {"skipped": skipped, "cost": cost, "model": mine}
    rows = rows.assign(model=mine)
    if faults := validation.validate(rows, "the scores of these vectors"):
        raise RunFailed(f"the scores are not sound and no card was written: {faults[0]}")
    results.write(rows, out / "scores.parquet")
    cache.write_json(out / "card.json", _plain(made))
    with cache.atomic(out / "card.html") as temporary:
        temporary.write_text(card.html(made), encoding="utf-8")
    return out, made


# --- scores and leaks -----------------------------------------------------------------------------


def _scores(plan: Plan, **report) -> tuple[pd.DataFrame, list[dict], dict]:
    """Rows of every cell, tasks that were skipped with their reasons, and the cost."""
    done = run.run(plan, write=False, **report)
    if done.failed:
        cell, why = next(iter(done.failed.items()))
        more = f" (and {len(done.failed) - 1} more)" * (len(done.failed) > 1)
        raise RunFailed(
            f"cell '{cell}' failed: {why}{more}; no card was written, what was finished is kept."
        )
    rows = run.read(plan, done.cells)
    reasons = [skip for fact in done.facts for skip in fact["skipped"]]
    skipped = [{name: skip[name] for name in ("task", "reason")} for skip in reasons]
    if rows.empty:
        raise BadInput(
            f"none of the tasks can be scored with these genes; '{skipped[0]['task']}': "
            f"{skipped[0]['reason']}."
        )
    core_s = round(sum(fact["seconds"] for fact in done.facts), 1)
    cost = {"fits_core_s": core_s, "cells": done.units, "cells_cached": done.cached}
    return rows, skipped, {**cost, "run_s": round(done.seconds, 1)}


def _leaks(
    base: Plan, vectors: UserVectors, plan: Plan, rows, table, tasks, **report
) -> list[leaks.Finding]:
    """Every finding about the vectors, those that raise a flag first."""
    embedding, models = plan.embedding(vectors.name), base.declared.models
    scored = [plan.tasks[t] for t in rows.task.unique()]
    classes = results.aggregate(results.main_rows(rows[rows.kind != "regression"]))
    mine = classes.set_index("task").score
    others = results.aggregate(results.main_rows(table, genes="all"))
    best = compare.fair(others, models).groupby("task").score.max()
    findings = [
        leaks.label_columns(scored, embedding),
        leaks.too_good(mine, best),
        leaks.stems(embedding),
        leaks.study(embedding, _annotation_counts(base, embedding)),
        _survival(vectors, mine, table, tasks, **report),
    ]
    rank = {"flag": 0, "note": 1, "open": 2, "clear": 3}
    return sorted(findings, key=lambda finding: rank[finding.level])


def _survival(vectors: UserVectors, mine: pd.Series, table, tasks, jobs, say, progress):
    """Run a sample of the tasks with families kept whole, beside the letters of the symbol."""
    part = planning.make(vectors.by_family, declared=vectors.declared)
    split = part.splits[0]
    chosen = [t for t in part.tasks if any(t == n or _under(t, n) for n in tasks)]
    if tasks and not chosen:
        return leaks.survival(mine, mine.iloc[:0], split)
    part = planning.make(vectors.by_family, declared=vectors.declared, names=chosen)

    def named(stage: str, done: int, total: int) -> None:
        progress(f"{stage} with families apart", done, total)

    done = run.run(part, jobs=jobs, write=False, say=quiet, progress=named)
    rows = run.read(part, done.cells)
    rows = results.main_rows(rows[rows.kind != "regression"], split=split)
    far = {m: r.set_index("task").score for m, r in results.aggregate(rows).groupby("model")}
    near = results.aggregate(results.main_rows(table))
    also, own = {}, far.pop(vectors.name, mine.iloc[:0])
    for other, a in far.items():
        b = near[near.model == other].set_index("task").score
        shared = a.index.intersection(b.index).intersection(own.index)
        if len(shared) and b[shared].mean() > 0.55:
            left = (a[shared].mean() - 0.5) / (b[shared].mean() - 0.5)
            also[vectors.declared.models[other].title] = max(0.0, left)
    return leaks.survival(mine, own, split, also=also)


def _under(task: str, folder: str) -> bool:
    return folder.endswith("/") and task.startswith(folder)


def _annotation_counts(base: Plan, embedding: Embedding) -> np.ndarray | None:
    """Annotations of each gene: of the profile's own shortcut, or in the Gene Ontology."""
    for name, spec in base.models.items():
        if spec.encoder == "annotation_count":
            try:
                counted = base.embedding(name)
            except BadInput:
                continue
            at = counted.rows(embedding.entities)
            return np.where(at >= 0, np.expm1(counted.vectors[at.clip(min=0), 0]), 0.0)
    try:
        return genes.annotation_count(embedding.entities, base.declared.sources)
    except BadInput:
        return None


# --- the card -------------------------------------------------------------------------------------


def _card(vectors: UserVectors, path: Path, base: Plan, table, rows, findings) -> dict:
    """Everything that the card shows, but time and skipped tasks."""
    models = {**base.declared.models, vectors.name: vectors.declared.models[vectors.name]}
    fields = ("check", "level", "sentence", "value", "rows")
    kinds = sorted(rows.kind.astype(str).unique())
    made = {
        "genebench": __version__,
        "name": vectors.title,
        "file": path.name,
        "sha256": cache.digest(path),
        "profile": base.profile.name,
        "dimension": vectors.dim,
        "ids": vectors.ids,
        "checks": vectors.checks,
        "tasks_scored": int(rows.task.nunique()),
        "metrics": {kind: metrics.main(kind) for kind in kinds},
        **compare.placed(rows, table, vectors.name, models),
        "leaks": [{name: getattr(f, name) for name in fields} for f in findings],
    }
    return made | {"sentences": _sentences(made)}


def _sentences(card: dict) -> list[str]:
    """What it means, in a few plain sentences."""
    ids, profile = card["ids"], card["profile"]
    share = ids["covered"] / ids["of"]
    out = [
        f"{ids['covered']:,} of the {ids['of']:,} genes of profile '{profile}' have a vector "
        f"({share:.0%}); {ids['lost']:,} of {ids['given']:,} ids are lost or ambiguous."
    ]
    if share < 0.9:
        out.append(_coverage(card["tasks"]))
    out += [card["tier"]["sentence"], card["excess"]["sentence"]]
    flagged = [_flag(f, card["tasks_scored"]) for f in card["leaks"] if f["level"] == "flag"]
    if flagged:
        out.append(
            "Do not take the scores at their word: the leak check raises a flag "
            f"({'; '.join(flagged)})."
        )
    else:
        out.append("The leak check raises no flag, which does not prove that there is no leak.")
    return out


def _flag(finding: dict, scored: int) -> str:
    """What a check flags, and on how many of the tasks."""
    tasks = {row["task"] for row in finding["rows"] if "task" in row}
    return finding["check"].lower() + f", on {len(tasks):,} of {scored:,} tasks" * bool(tasks)


def _coverage(tasks: list[dict]) -> str:
    """What the missing genes do to the scores that are compared."""
    part = pd.DataFrame(tasks)
    part = part[part.kind != "regression"]
    if part.empty:
        return (
            "Comparisons below are on all genes of each task, where a gene without a vector counts "
            "as unknown."
        )
    return (
        f"The plain mean AUROC over {len(part)} tasks is {part.score.mean():.3f} on its own genes "
        f"and {part.score_all_genes.mean():.3f} on all genes, where a gene without a vector counts "
        "as unknown; comparisons below are on all genes, so they also measure coverage."
    )


def _plain(value):
    """A value that JSON can hold: numbers of numpy as Python's, NaN and infinities as null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
