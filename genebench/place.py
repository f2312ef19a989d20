"""A user's own file of vectors, placed among the models of a profile: ids, checks, scores, tier, leaks.

The file becomes a model and a profile of its own (``own.note``), named by what it holds, so that a second call with the
same vectors finds every score in the cache. Nothing is written to the results of the profile that it is placed in.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import (
    __version__,
    cache,
    card,
    cells,
    embed,
    genes,
    leaks,
    manifest,
    metrics,
    own,
    paths,
    results,
    rivals,
    run,
    specs,
)
from .encoders import Embedding
from .encoders.ids import match
from .errors import BadInput, RunFailed
from .labels import slug
from .specs import FileSpec, ModelSpec, OwnSpec, SourceSpec
from .vectors import read_vectors

FEWEST = 20
"""Genes of the profile that a file must hold."""
SAMPLE = 24
"""Binary tasks, about, that are run again with relatives kept out of training; cutting folds takes longest."""
EXAMPLES = 10
"""Ids of each kind that are listed."""
AS_IT_IS = "as it is"
"""Status of an id that is taken just as it stands."""


@dataclass(frozen=True, eq=False)
class Declared:
    """A file of vectors as a model: its (and its profile's) ``name``, and what was found on the way.

    ``ids``: kind, numbers and examples of what became of the ids. ``checks``: one dict a check of the values with
    ``check``, ``fine`` and ``sentence``. ``genes``, ``dim``: the size of what is kept.
    """

    name: str
    title: str
    ids: dict
    checks: list[dict]
    genes: int
    dim: int


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
    table = results.load(profile)  # before any work: without it there is nothing to be placed among
    out = Path(out) if out is not None else Path(f"{slug(title) or 'my'}-card")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file, and the card needs a folder; give another --out.")
    made = declare(path, profile=profile, title=title, **(reading or {}))
    say(f"{path.name}: {made.genes:,} genes of profile '{profile}' × {made.dim} dimensions")
    frame, skipped, cost = _scores(made.name, tasks, jobs, say, progress)
    found = _leaks(made, profile, frame, table, tasks, jobs, say, progress)
    mine = slug(title) or "my-vectors"
    mine = f"my-{mine}" if mine in set(table.model.astype(str)) | set(specs.models()) else mine
    told = _told(made, path, profile, table, frame, found)
    wall = {"this_call_s": round(time.perf_counter() - start, 1), "peak_memory_mb": round(manifest.peak_memory_mb())}
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


# --- the file as a model ----------------------------------------------------------------------------------------------


def declare(
    path: Path,
    *,
    profile: str,
    title: str,
    ids: str | Path | None = None,
    array: str | None = None,
    kind: str | None = None,
) -> Declared:
    """Read, resolve and check a file, and note it as a model, a source and a profile of one name.

    Raises: BadInput: a file that cannot be used, or that holds fewer than ``FEWEST`` genes of the profile.
    """
    names, matrix = read_vectors(path, ids=ids, array=array)
    universe = cells.context(profile).universe
    resolver, told = own.resolver_at_hand()
    has, row, report = _resolve(names, universe, resolver, kind)
    report["sentences"] = told + report["sentences"]
    if len(has) < FEWEST:
        lost = next((e for s in report["statuses"] if not s["used"] for e in s["examples"]), "")
        raise BadInput(
            f"{path}: {len(has)} of its {len(names)} ids are among the {len(universe):,} genes of profile '{profile}', "
            f"and {FEWEST} are needed{f' (first lost: {lost})' * bool(lost)}; give ids of human genes (symbol, "
            f"Ensembl, Entrez, UniProt or HGNC)"
            + ("." if resolver else ", as approved symbols while HGNC's table is missing.")
        )
    checks = _checks(path, names, matrix)
    order = np.argsort(universe[has])
    kept_ids, kept = universe[has][order], np.ascontiguousarray(matrix[row][order])
    digest = hashlib.sha256("\n".join([profile, *kept_ids]).encode() + kept.tobytes()).hexdigest()
    called = f"placed-{digest[:12]}"
    file = paths.DOWNLOADS / "own" / f"{called}.npz"
    with cache.atomic(file) as temporary:
        np.savez(temporary, ids=kept_ids, vectors=kept)
    _note(called, title, profile, file, kept.shape[1])
    return Declared(called, title, report, checks, len(kept_ids), kept.shape[1])


def _resolve(names: np.ndarray, universe: np.ndarray, resolver, kind: str | None) -> tuple:
    """Indices of the universe and of the ids that match, and the report of what became of the ids."""
    if resolver is None:
        first = {g: i for i, g in reversed(list(enumerate(names.tolist())))}
        at = np.array([first.get(g, -1) for g in universe])
        inside = np.isin(names, universe)
        rows = [
            _status("used", "a name that the tasks use, just as it stands", names[inside].tolist(), used=True),
            _status("not found", "not a name that the tasks use", names[~inside].tolist(), used=False),
        ]
        facts = {"kind": "symbol, unresolved", "release": "", "genes": int(inside.sum())}
        sentence = f"{inside.sum():,} of {len(names):,} ids are names of genes of the profile."
    else:
        has, row = match(universe, names, kind=kind)
        at = np.full(len(universe), -1)
        at[has] = row
        found = resolver.resolve(names, kind=kind)
        status = found.status.astype(object)
        status[(found.symbol == "") & np.isin(found.status, ("unknown", "withdrawn")) & np.isin(names, universe)] = (
            AS_IT_IS
        )
        meanings = {**genes.STATUSES, AS_IT_IS: "a name that HGNC does not know, but the tasks use"}
        rows = [_resolved(found, status == key, key, meaning) for key, meaning in meanings.items()]
        facts = {"kind": found.kind, "release": found.release, "genes": int(found.kept.sum())}
        sentence = found.sentence()
    has = np.flatnonzero(at >= 0)
    report = {
        **facts,
        "given": len(names),
        "covered": len(has),
        "of": len(universe),
        "lost": sum(r["ids"] for r in rows if r and not r["used"]),
        "statuses": [r for r in rows if r and r["ids"]],
        "sentences": [sentence],
    }
    return has, at[has], report


def _status(status: str, meaning: str, listed: list[str], *, used: bool) -> dict:
    return {"status": status, "meaning": meaning, "ids": len(listed), "examples": listed[:EXAMPLES], "used": used}


def _resolved(found: genes.Resolution, which: np.ndarray, status: str, meaning: str) -> dict:
    """One status of a resolution, with the first ids of it and what each was found, or can be, or looks like."""
    of = np.flatnonzero(which)
    told = []
    for i in of[:EXAMPLES]:
        one, symbol = found.ids[i], found.symbol[i]
        candidates, hint = found.candidates.get(one, ()), found.hints.get(one, "")
        after = symbol if symbol and symbol != one else " or ".join(candidates) if not symbol else ""
        told.append(one + f" → {after}" * bool(after) + f" ({hint})" * bool(hint and not after))
    used = status == AS_IT_IS or (status != "duplicate" and bool((found.symbol[of] != "").any()))
    return {**_status(status, meaning, told, used=used), "ids": len(of)}


def _checks(path: Path, names: np.ndarray, matrix: np.ndarray) -> list[dict]:
    """What is odd about the values, though it can be used. Raises: BadInput: no column says anything."""
    spread = matrix.std(axis=0, dtype=np.float64)
    # float32 noise around a large constant is no information
    constant = spread <= 1e-6 * np.maximum(np.abs(matrix).max(axis=0), 1e-30)
    if constant.all():
        raise BadInput(
            f"{path}: every gene has the same vector, so nothing can be learned from it; look at its export."
        )
    zero = ~matrix.any(axis=1)
    same = pd.Series([row.tobytes() for row in np.ascontiguousarray(matrix)])
    again = same.duplicated(keep=False).to_numpy(bool) & ~zero
    varies = spread[~constant]
    ratio = float(varies.max() / varies.min())
    norm = np.linalg.norm(matrix.astype(np.float64), axis=1)

    def told(check: str, bad, sentence: str) -> dict:
        return {"check": check, "fine": not bad, "sentence": sentence}

    examples = ", ".join(names[again][:3])
    return [
        told("missing values", False, "No value is missing or infinite."),
        told("repeated ids", False, "No id stands twice."),
        told("constant columns", constant.any(), f"{constant.sum()} of {len(constant)} columns are the same for every "
             f"gene{'; they do nothing' * bool(constant.any())}."),
        told("zero vectors", zero.any(), f"{zero.sum()} genes have a vector of zeros"
             + (f" (first: {names[zero][0]}); leave out genes that have none." if zero.any() else ".")),
        told("equal vectors", again.any(), f"{again.sum()} genes share their vector with another"
             + (f" (first: {examples})." if again.any() else ".")),
        told("scale", ratio > 1e4, f"Median length of a vector {np.median(norm):.3g}, values from {matrix.min():.3g} "
             f"to {matrix.max():.3g}; the widest column spreads {ratio:.3g} times as far as the narrowest. Probes "
             f"standardise every column, so scale does not change the scores."),
    ]  # fmt: skip


def _note(name: str, title: str, profile: str, file: Path, dim: int) -> None:
    """Declare the kept file as a source, a model, and two profiles: the base's tasks, and a sample by families."""
    base = specs.profile(profile)
    source = SourceSpec(
        id=name,
        title=title,
        homepage="",
        release=f"sha256 {cache.digest(file)[:12]}",
        licence="the user's own file",
        attribution="",
        citation="",
        files={
            "vectors": FileSpec(
                format="vectors", path=f"own/{file.name}", sha256=cache.digest(file), how="run 'genebench place'"
            )
        },
    )
    model = ModelSpec(
        name=name,
        title=title,
        family="table",
        encoder="vectors",
        description="A user's own file of vectors.",
        input="a file",
        dim=dim,
        licence="the user's own file",
        trained_on="Not known.",
        color=card.MINE,
        options={"source": name, "file": "vectors", "resolve": False},
    )
    sources = [*own.sources_of(profile), source]
    changed = {"name": name, "title": f"{title} on the tasks of {profile}", "models": [name], "book": False}
    whole = base.model_copy(update={**changed, "splits": ["random"], "probes": ["linear"]})
    own.note(OwnSpec(profile=whole, sources=sources, models=[model]))
    many = Counter(t.kind for t in cells.context(profile).tasks.values())["binary"]
    letters = [m for m in base.models if specs.model(m).encoder == "ngrams"][:1]
    part = {"name": f"{name}-family", "splits": ["family"], "models": [name, *letters]}
    part["term_stride"] = base.term_stride * max(1, round(many / SAMPLE))
    own.note(OwnSpec(profile=whole.model_copy(update=part), sources=sources, models=[model]))


# --- scores and leaks -------------------------------------------------------------------------------------------------


def _scores(name: str, tasks: list[str], jobs, say, progress) -> tuple[pd.DataFrame, list[dict], dict]:
    """Rows of every cell of a declared file, the tasks that were skipped with their reasons, and what it cost."""
    done = run.run(name, names=tasks, jobs=jobs, write=False, say=say, progress=progress)
    if done.failed:
        cell, why = next(iter(done.failed.items()))
        more = f" (and {len(done.failed) - 1} more)" * (len(done.failed) > 1)
        raise RunFailed(f"cell '{cell}' failed: {why}{more}; no card was written, what was finished is kept.")
    held = cells.plan(name, names=tasks)
    facts = [cache.facts(cells.cell_path(c)) for c in held]
    skipped = [{"task": s["task"], "reason": s["reason"]} for f in facts for s in f["skipped"]]
    parts = [part for c in held if len(part := pd.read_parquet(cells.cell_path(c)))]
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


def _leaks(made: Declared, profile: str, frame, table, tasks, jobs, say, progress) -> list[leaks.Finding]:
    """Every finding about a placed file, those that raise a flag first."""
    held = cells.context(made.name).embedding(made.name)
    known = cells.context(made.name).tasks
    scored = [known[t] for t in frame.task.unique()]
    auroc = frame[frame.kind != "regression"]
    mine = results.aggregate(results.main_rows(auroc)).set_index("task").score
    best = rivals.fair(results.aggregate(results.main_rows(table, genes="all"))).groupby("task").score.max()
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
    split = cells.splits_at_hand(part)[0][0]
    inside = cells.context(part).tasks
    wanted = [t for t in inside if any(t == n or (n.endswith("/") and t.startswith(n)) for n in tasks)]
    if tasks and not wanted:
        return leaks.survival(mine, mine.iloc[:0], split)
    run.run(
        part, names=wanted, jobs=jobs, write=False, say=lambda text: None,
        progress=lambda stage, done, total: progress(f"{stage} with families apart", done, total),
    )  # fmt: skip
    rows = [pd.read_parquet(p) for c in cells.plan(part, names=wanted) if (p := cells.cell_path(c)).exists()]
    rows = pd.concat([r for r in rows if len(r)] or [pd.DataFrame(columns=results.SCHEMA.names)], ignore_index=True)
    rows = results.aggregate(results.main_rows(rows[rows.kind != "regression"], split=split))
    far = rows[rows.model == name].set_index("task").score
    also, random = {}, results.aggregate(results.main_rows(table))
    for other in sorted(set(rows.model) - {name}):
        near = random[random.model == other].set_index("task").score
        a = rows[rows.model == other].set_index("task").score
        shared = a.index.intersection(near.index).intersection(far.index)
        if len(shared) and near[shared].mean() > 0.55:
            also[specs.model(other).title] = max(0.0, (a[shared].mean() - 0.5) / (near[shared].mean() - 0.5))
    return leaks.survival(mine, far, split, also=also)


def _counts(profile: str, held: Embedding) -> np.ndarray | None:
    """Number of annotations of each gene of an embedding: of the profile's own shortcut, or in the Gene Ontology."""
    for model in map(specs.model, specs.profile(profile).models):
        if model.encoder == "annotation_count":
            try:
                counted = embed.embed(model, cells.context(profile).universe)
            except BadInput:
                continue
            at = counted.rows(held.entities)
            return np.where(at >= 0, np.expm1(counted.vectors[at.clip(min=0), 0]), 0.0)
    try:
        return genes.annotation_count(held.entities)
    except BadInput:
        return None


# --- what is told -----------------------------------------------------------------------------------------------------


def _told(made: Declared, path: Path, profile: str, table, frame, found: list[leaks.Finding]) -> dict:
    """Everything that the card shows, but time and skipped tasks."""
    placed = rivals.placed(frame, table, made.name)
    findings = [{k: getattr(f, k) for k in ("check", "level", "sentence", "value", "rows")} for f in found]
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
        tier["sentence"],
        excess["sentence"],
    ]
    flagged = [f for f in told["leaks"] if f["level"] == "flag"]
    if flagged:
        listed = "; ".join(f["check"].lower() for f in flagged)
        out.append(f"Do not take the scores at their word: the leak check raises a flag ({listed}).")
    else:
        out.append("The leak check raises no flag, which does not prove that there is no leak.")
    return out


def _plain(value):
    """A value that JSON can hold: numbers of numpy as Python's, NaN and infinities as null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
