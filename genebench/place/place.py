"""A user's own file of vectors, placed among the models of a profile: ids, checks, scores, tier, leaks.

The file becomes a model and a profile of its own (``own.note``), named by what it holds, so that a second call with the
same vectors finds every score in the cache. Nothing is written to the results of the profile that it is placed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from .. import __version__
from ..benchmark import plan, results, run
from ..core import cache, manifest, specs
from ..core.errors import BadInput, RunFailed
from ..data import genes
from ..data.labels import slug
from ..models import Embedding, inference
from ..stats import metrics
from . import card, compare, leaks, read


def place(
    path: Path,
    *,
    profile: str = "demo",
    out: Path | None = None,
    name: str | None = None,
    reading: dict | None = None,
    tasks: Iterable[str] | None = None,
    jobs: int | None = None,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> tuple[Path, dict]:
    """Score a file of vectors on a profile's tasks and write ``card.html``, ``card.json`` and ``scores.parquet``.

    Args:
        path: a file that ``vectors.read_vectors`` reads. out: folder for the three files (default: ``<name>-card``
            here). name: how the vectors are called (default: the file's name).
        reading: ``ids`` and ``array`` as in ``read_vectors``, ``kind`` of id as in ``genes.Resolver.resolve``.
        tasks: only the blocks that hold these tasks, as in ``run.run``. jobs: processes.
    Returns: the folder, and what ``card.json`` holds.
    Raises: BadInput: a file that cannot be used, or a profile without results to be placed among. RunFailed: a cell
    failed; what was finished is kept.
    """
    start = time.perf_counter()
    path, tasks = Path(path), list(tasks or ())
    title = name or path.name.split(".")[0] or "vectors"
    out = Path(out) if out is not None else Path(f"{slug(title) or 'my'}-card")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file, and the card needs a folder; give another --out.")
    made = read.declare(path, profile=profile, title=title, **(reading or {}))
    table = results.load(
        profile
    )  # a broken file is told first; without results there is nothing to be placed among
    say(f"{path.name}: {made.genes:,} genes of profile '{profile}' × {made.dim} dimensions")
    frame, skipped, cost = _scores(made.name, tasks, jobs, say, progress)
    found = _leaks(made, profile, frame, table, tasks, jobs, say, progress)
    mine = slug(title) or "my-vectors"
    mine = f"my-{mine}" if mine in set(table.model.astype(str)) | set(specs.models()) else mine
    told = _told(made, path, profile, table, frame, found)
    wall = {
        "this_call_s": round(time.perf_counter() - start, 1),
        "peak_memory_mb": round(manifest.peak_memory_mb()),
    }
    told |= {"skipped": skipped, "cost": {**cost, **wall}, "model": mine}
    frame = frame.assign(model=mine)
    faults = results.validate(frame, "the scores of these vectors")
    if faults:
        raise RunFailed(f"the scores are not sound and no card was written: {faults[0]}")
    results.write(frame, out / "scores.parquet")
    cache.write_json(out / "card.json", _plain(told))
    with cache.atomic(out / "card.html") as temporary:
        temporary.write_text(card.html(told), encoding="utf-8")
    return out, told


# --- scores and leaks -------------------------------------------------------------------------------------------------


def _scores(
    name: str, tasks: list[str], jobs, say, progress
) -> tuple[pd.DataFrame, list[dict], dict]:
    """Rows of every cell of a declared file, the tasks that were skipped with their reasons, and what it cost."""
    done = run.run(name, names=tasks, jobs=jobs, write=False, say=say, progress=progress)
    if done.failed:
        cell, why = next(iter(done.failed.items()))
        more = f" (and {len(done.failed) - 1} more)" * (len(done.failed) > 1)
        raise RunFailed(
            f"cell '{cell}' failed: {why}{more}; no card was written, what was finished is kept."
        )
    held = plan.plan(name, names=tasks)
    facts = [cache.facts(plan.cell_path(c)) for c in held]
    skipped = [{"task": s["task"], "reason": s["reason"]} for f in facts for s in f["skipped"]]
    parts = [part for c in held if len(part := pd.read_parquet(plan.cell_path(c)))]
    if not parts:
        raise BadInput(
            f"none of the tasks can be scored with these genes; '{skipped[0]['task']}': {skipped[0]['reason']}."
        )
    cost = {
        "fits_core_s": round(sum(f["seconds"] for f in facts), 1),
        "cells": done.cells,
        "cells_cached": done.cached,
        "run_s": round(done.seconds, 1),
    }
    return pd.concat(parts, ignore_index=True), skipped, cost


def _leaks(
    made: read.Declared, profile: str, frame, table, tasks, jobs, say, progress
) -> list[leaks.Finding]:
    """Every finding about a placed file, those that raise a flag first."""
    held = plan.context(made.name).embedding(made.name)
    known = plan.context(made.name).tasks
    scored = [known[t] for t in frame.task.unique()]
    auroc = frame[frame.kind != "regression"]
    mine = results.aggregate(results.main_rows(auroc)).set_index("task").score
    best = (
        compare.fair(results.aggregate(results.main_rows(table, genes="all")))
        .groupby("task")
        .score.max()
    )
    found = [
        leaks.label_columns(scored, held),
        leaks.too_good(mine, best),
        leaks.stems(held),
        leaks.study(held, _counts(profile, held)),
        _survival(made.name, mine, table, tasks, jobs, say, progress),
    ]
    rank = {"flag": 0, "note": 1, "open": 2, "clear": 3}
    return sorted(found, key=lambda f: rank[f.level])


def _survival(name: str, mine: pd.Series, table, tasks, jobs, say, progress) -> leaks.Finding:
    """Run a sample of the tasks with families kept whole, beside the letters of the symbol."""
    part = f"{name}-family"
    split = plan.splits_at_hand(part)[0][0]
    inside = plan.context(part).tasks
    wanted = [
        t for t in inside if any(t == n or (n.endswith("/") and t.startswith(n)) for n in tasks)
    ]
    if tasks and not wanted:
        return leaks.survival(mine, mine.iloc[:0], split)
    run.run(
        part,
        names=wanted,
        jobs=jobs,
        write=False,
        say=lambda text: None,
        progress=lambda stage, done, total: progress(f"{stage} with families apart", done, total),
    )
    rows = [
        pd.read_parquet(p)
        for c in plan.plan(part, names=wanted)
        if (p := plan.cell_path(c)).exists()
    ]
    rows = pd.concat(
        [r for r in rows if len(r)] or [pd.DataFrame(columns=results.SCHEMA.names)],
        ignore_index=True,
    )
    rows = results.aggregate(results.main_rows(rows[rows.kind != "regression"], split=split))
    far = rows[rows.model == name].set_index("task").score
    also, random = {}, results.aggregate(results.main_rows(table))
    for other in sorted(set(rows.model) - {name}):
        near = random[random.model == other].set_index("task").score
        a = rows[rows.model == other].set_index("task").score
        shared = a.index.intersection(near.index).intersection(far.index)
        if len(shared) and near[shared].mean() > 0.55:
            also[specs.model(other).title] = max(
                0.0, (a[shared].mean() - 0.5) / (near[shared].mean() - 0.5)
            )
    return leaks.survival(mine, far, split, also=also)


def _counts(profile: str, held: Embedding) -> np.ndarray | None:
    """Number of annotations of each gene of an embedding: of the profile's own shortcut, or in the Gene Ontology."""
    for model in map(specs.model, specs.profile(profile).models):
        if model.encoder == "annotation_count":
            try:
                counted = inference.embed(model, plan.context(profile).universe)
            except BadInput:
                continue
            at = counted.rows(held.entities)
            return np.where(at >= 0, np.expm1(counted.vectors[at.clip(min=0), 0]), 0.0)
    try:
        return genes.annotation_count(held.entities, specs.sources())
    except BadInput:
        return None


# --- what is told -----------------------------------------------------------------------------------------------------


def _told(
    made: read.Declared, path: Path, profile: str, table, frame, found: list[leaks.Finding]
) -> dict:
    """Everything that the card shows, but time and skipped tasks."""
    placed = compare.placed(frame, table, made.name)
    findings = [
        {k: getattr(f, k) for k in ("check", "level", "sentence", "value", "rows")} for f in found
    ]
    told = {
        "genebench": __version__,
        "name": made.title,
        "file": path.name,
        "sha256": cache.digest(path),
        "profile": profile,
        "dimension": made.dim,
        "ids": made.ids,
        "checks": made.checks,
        "tasks_scored": int(frame.task.nunique()),
        "metrics": {kind: metrics.main(kind) for kind in sorted(frame.kind.astype(str).unique())},
        **placed,
        "leaks": findings,
    }
    return told | {"sentences": _sentences(told)}


def _sentences(told: dict) -> list[str]:
    """What it means, in a few plain sentences."""
    ids, tier, excess = told["ids"], told["tier"], told["excess"]
    out = [
        f"{ids['covered']:,} of the {ids['of']:,} genes of profile '{told['profile']}' have a vector "
        f"({ids['covered'] / ids['of']:.0%}); {ids['lost']:,} of {ids['given']:,} ids are lost or ambiguous.",
        *([_on_fewer(told["tasks"])] if ids["covered"] < 0.9 * ids["of"] else []),
        tier["sentence"],
        excess["sentence"],
    ]
    flagged = [_flag(f, told["tasks_scored"]) for f in told["leaks"] if f["level"] == "flag"]
    if flagged:
        out.append(
            f"Do not take the scores at their word: the leak check raises a flag ({'; '.join(flagged)})."
        )
    else:
        out.append("The leak check raises no flag, which does not prove that there is no leak.")
    return out


def _flag(finding: dict, scored: int) -> str:
    """What a check flags, and on how many of the tasks."""
    tasks = {row["task"] for row in finding["rows"] if "task" in row}
    return finding["check"].lower() + f", on {len(tasks):,} of {scored:,} tasks" * bool(tasks)


def _on_fewer(tasks: list[dict]) -> str:
    """What the missing genes do to the scores that are compared."""
    part = pd.DataFrame(tasks)
    part = part[part.kind != "regression"]
    if part.empty:
        return "Comparisons below are on all genes of each task, where a gene without a vector counts as unknown."
    return (
        f"The plain mean AUROC over {len(part)} tasks is {part.score.mean():.3f} on its own genes and "
        f"{part.score_all_genes.mean():.3f} on all genes, where a gene without a vector counts as unknown; comparisons "
        f"below are on all genes, so they also measure coverage."
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
