"""The one loop: task × model × split × probe → tidy rows. Resumes, isolates faults, runs on all cores.

A *cell* is one model × one block of tasks that share their entities (at most ``block`` of them) × one split. It is
computed whole, stored whole under the hash of its recipe, and named in every message about it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import cache, embed, manifest, metrics, probes, results, specs, splits, workers
from .cells import Cell, Context, cell_path, common_genes, context, plan, recipe, splits_at_hand
from .encoders import control
from .errors import BadInput, RunFailed
from .specs import ModelSpec, ProfileSpec
from .tasks import Task


@dataclass(frozen=True)
class Outcome:
    """What became of a run: cells in all, taken from the cache, computed, and failed (sentence per cell)."""

    cells: int
    cached: int
    computed: int
    failed: dict[str, str]
    skipped: int
    seconds: float


def compute(cell: Cell) -> tuple[pd.DataFrame, list[dict]]:
    """Rows of one cell, and the tasks that were skipped with their reasons."""
    held = context(cell.profile)
    spec, p = specs.model(cell.model), held.profile
    chosen = [held.tasks[n] for n in cell.tasks]
    rows_of = held.embedding(cell.model).rows(chosen[0].entities)
    covered = rows_of >= 0
    probe = probes.for_kind(chosen[0].kind)
    key = cache.key(recipe(cell))
    rows: list[dict] = []
    skipped: list[dict] = []
    for repeat in range(p.repeats):
        fold, uncut = _folds(chosen, cell.split, p, repeat)
        labels = {
            t.name: control.shuffled(t, p.seed + repeat) if spec.labels == "shuffled" else t.labels for t in chosen
        }
        able = []
        for task in chosen:
            reason = uncut.get(task.name) or _unfit(task, labels[task.name], fold[task.name], covered, p)
            if reason:
                skipped.append({"task": task.name, "model": spec.name, "split": cell.split, "reason": reason})
            else:
                able.append(task)
        predicted = _predict(spec, probe, able, labels, fold, covered, rows_of, held)
        for task in able:
            y, f, q = labels[task.name], fold[task.name], predicted[task.name]
            common = common_genes(cell.profile, task)
            shared = {
                "task": task.name, "group": task.group, "kind": task.kind, "model": spec.name, "family": spec.family,
                "probe": probe, "split": cell.split, "split_param": "", "repeat": repeat, "coverage": covered.mean(),
                "key": key,
            }  # fmt: skip
            for metric, k, score, n_train, n_test in _scores(task.kind, y, f, q, covered, common):
                rows.append(
                    shared | {"fold": k, "metric": metric, "score": score, "n_train": n_train, "n_test": n_test}
                )
    return pd.DataFrame(rows, columns=results.SCHEMA.names), skipped


def _folds(chosen: list[Task], split: str, p: ProfileSpec, repeat: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Folds of each task that can be cut, and the reason of each that cannot, by task name."""
    fold, uncut = {}, {}
    for task in chosen:
        try:
            fold[task.name] = splits.folds(task, split, n_folds=p.folds, seed=p.seed, repeat=repeat)
        except splits.Unsplittable as err:
            uncut[task.name] = str(err)
    return fold, uncut


def _unfit(task: Task, y: np.ndarray, fold: np.ndarray, covered: np.ndarray, p: ProfileSpec) -> str:
    """Why a task cannot be probed on the covered genes, or an empty string."""
    if task.kind in ("binary", "multiclass"):
        number = np.bincount(y[covered], minlength=len(task.classes))
        if number.min() < p.min_per_class:
            rare = task.classes[int(number.argmin())]
            return f"only {number.min()} genes of class '{rare}' have a vector ({p.min_per_class} needed)"
        for k in range(p.folds):
            tested = y[covered & (fold == k)]
            if task.kind == "binary" and len(np.unique(tested)) < 2:
                return f"fold {k} holds one class only among the genes that have a vector"
            if len(tested) and np.isin(tested, y[covered & (fold != k)]).mean() < 0.5:
                return f"most genes of fold {k} are of classes that no training gene with a vector is of"
    elif covered.sum() < 2 * p.min_per_class * p.folds:
        return f"only {covered.sum()} genes have a vector ({2 * p.min_per_class * p.folds} needed)"
    elif task.kind == "multilabel" and (y[covered].sum(axis=0) < p.min_per_class).any():
        rare = task.classes[int(y[covered].sum(axis=0).argmin())]
        return f"fewer than {p.min_per_class} genes with label '{rare}' have a vector"
    return ""


def _predict(spec: ModelSpec, probe: str, able, labels, fold, covered, rows_of, held: Context) -> dict[str, np.ndarray]:
    """Out-of-fold predictions on the covered entities of each task, by task name."""
    if not able:
        return {}
    fit = probes.PROBES[probe].predict
    if spec.encoder == "oracle":
        return {t.name: _fit(fit, t, control.oracle_vectors(t), labels[t.name], fold[t.name]) for t in able}
    X = held.embedding(spec.name).vectors[rows_of[covered]]
    if able[0].kind != "binary":
        (task,) = able
        return {task.name: _fit(fit, task, X, labels[task.name][covered], fold[task.name][covered])}
    Y = np.stack([labels[t.name][covered] for t in able], axis=1)
    F = np.stack([fold[t.name][covered] for t in able], axis=1)
    return dict(zip((t.name for t in able), fit(X, Y, F).T))


def _fit(fit: Callable, task: Task, X: np.ndarray, y: np.ndarray, f: np.ndarray) -> np.ndarray:
    if task.kind in ("multiclass", "regression"):
        return fit(X, y, f)
    wide = y.reshape(len(y), -1)
    out = fit(X, wide, np.repeat(f[:, None], wide.shape[1], axis=1))
    return out if y.ndim == 2 else out[:, 0]


def _scores(kind: str, y, fold, predicted, covered, common):
    """(metric, fold, score, n_train, n_test) of one task on own, common and all genes."""
    own = np.flatnonzero(covered)
    full = predicted.shape[1:] if predicted.ndim == 2 else ()
    p = np.zeros((len(y), *full), dtype=np.float64)
    p[own] = predicted
    choices = [("", covered, metrics.of_kind(kind))]
    paired = [m for m in metrics.of_kind(kind) if metrics.METRICS[m].main]
    choices.append(("@common", covered & common, paired))
    if not covered.all():
        choices.append(("@all", np.ones_like(covered), paired))
    for k in range(int(fold.max()) + 1):
        test, train = fold == k, (fold != k) & covered
        if not covered.all():
            p[test & ~covered] = _prior(kind, y[train], full)
        for suffix, genes, names in choices:
            use = test & genes
            if not metrics.scorable(kind, y[use]):
                continue  # no score can be had on these genes in this fold
            for name, score in metrics.score(kind, y[use], p[use], names).items():
                yield name + suffix, k, score, int(train.sum()), int(use.sum())


def _prior(kind: str, y: np.ndarray, full: tuple[int, ...]) -> np.ndarray | float:
    """What is predicted for an entity without a vector: the training fold's class shares, or its mean."""
    if kind == "multiclass":
        return np.bincount(y, minlength=full[0]) / len(y)
    return y.mean(axis=0)


def _work(cell: Cell) -> tuple[Cell, str]:
    """Compute and store one cell in a worker; returns the fault as a sentence, empty if none."""
    from threadpoolctl import threadpool_limits

    start = time.perf_counter()
    try:
        with threadpool_limits(1):  # results must not depend on the number of cores
            rows, skipped = compute(cell)
    except (BadInput, RunFailed) as err:
        return cell, str(err)
    except Exception as err:
        return cell, f"{type(err).__name__}: {err}"
    seconds = time.perf_counter() - start
    cache.store(
        cell_path(cell), recipe(cell), lambda path: rows.to_parquet(path, index=False), seconds=seconds, skipped=skipped
    )
    return cell, ""


def _embed_work(profile: str, model: str) -> str:
    import torch

    torch.set_num_threads(1)  # results must not depend on the number of cores
    try:
        context(profile).embedding(model)
    except (BadInput, RunFailed) as err:
        return str(err)
    except Exception as err:
        return f"{type(err).__name__}: {err}"
    return ""


def run(
    profile: str,
    *,
    models: Iterable[str] | None = None,
    names: Iterable[str] | None = None,
    split: str | None = None,
    jobs: int | None = None,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Outcome:
    """Run a profile (or the chosen models and tasks of it), from the cache where it is there, and write its results.

    Args: say: told one sentence at a time. progress: told (stage, done, total) as cells end.
    Returns: what became of it; faults are listed per cell and never stop the other cells.
    """
    start = time.perf_counter()
    jobs = jobs or os.cpu_count() or 1
    models, names = list(models or ()), list(names or ())
    cells = plan(profile, models=models, names=names, split=split)  # a wrong name is told before any work
    held = context(profile)
    for sentence in (*(f"left out: {s}" for s in held.missing), *splits_at_hand(profile, split)[1]):
        say(sentence)
    with workers.pool(jobs) as pool:
        try:
            faults = _embed_all(profile, held, pool, say, progress)
            cells = [c for c in cells if c.model not in faults]
            waiting = _waiting(cells, say)
            say(f"{len(cells)} cells, {len(cells) - len(waiting)} cached, {len(waiting)} to do, {jobs} at a time")
            progress("cells", 0, len(waiting))
            futures = [pool.submit(_work, cell) for cell in waiting]
            for done, future in enumerate(as_completed(futures), start=1):
                cell, why = future.result()
                if why:
                    faults[str(cell)] = why
                    say(f"cell '{cell}' failed: {why}")
                progress("cells", done, len(waiting))
        except KeyboardInterrupt:
            workers.stop(pool)
            raise
        except BrokenProcessPool:
            raise RunFailed("a worker process died (killed, or out of memory); what was finished is kept, run again")
    ready = [c for c in cells if str(c) not in faults]
    skipped = sum(len(cache.facts(cell_path(c))["skipped"]) for c in ready)
    whole = not (models or names or split or faults)
    if ready and (waiting or not _up_to_date(profile, ready, whole=whole)):
        _write(held, ready, whole=whole, jobs=jobs, run_s=time.perf_counter() - start)
    computed = sum(str(c) not in faults for c in waiting)
    return Outcome(len(cells), len(cells) - len(waiting), computed, faults, skipped, time.perf_counter() - start)


def _waiting(cells: list[Cell], say: Callable[[str], None]) -> list[Cell]:
    """The cells that are not in the cache; a broken file is dropped, and said so."""
    out = []
    for cell in cells:
        path = cell_path(cell)
        state = cache.state(path)
        if state == "broken":
            say(f"the cached file of cell '{cell}' is broken; it is computed again")
            cache.drop(path)
        if state != "ready":
            out.append(cell)
    return out


def _embed_all(profile: str, held: Context, pool, say, progress) -> dict[str, str]:
    """Make the vectors of every model that has none yet; returns sentence per model that cannot be embedded."""
    todo: dict[str, str] = {}
    for name in held.profile.models:
        kept = embed.path(specs.model(name), held.universe)
        state = cache.state(kept)
        if state == "broken":
            say(f"{kept.name} is broken; it is made again")
        if state != "ready":
            todo.setdefault(str(kept), name)
    if todo:
        say(f"{len(todo)} embeddings to make")
        progress("embeddings", 0, len(todo))
    futures = {pool.submit(_embed_work, profile, name): name for name in todo.values()}
    failed = {}
    for done, future in enumerate(as_completed(futures), start=1):
        why = future.result()
        if why:
            failed[futures[future]] = why
            say(f"model '{futures[future]}' cannot be embedded: {why}")
        progress("embeddings", done, len(futures))
    return failed


def _up_to_date(profile: str, cells: list[Cell], *, whole: bool) -> bool:
    """Whether the written results hold these cells' keys (and, for a whole run, no others), and a manifest is there."""
    path = results.scores_path(profile)
    if not path.exists() or not results.manifest_path(profile).exists():
        return False
    try:
        rows = results.read(path)
        held = set(rows.key[rows.split.isin({c.split for c in cells})] if whole else rows.key)
    except BadInput:
        return False
    wanted = {cell_path(c).stem for c in cells if len(cache.facts(cell_path(c))["skipped"]) < len(c.tasks)}
    return wanted == held if whole else wanted <= held


def _old(path: Path, *, whole: bool) -> pd.DataFrame:
    """Rows written before. A broken file is overwritten by a whole run, and stops a partial one."""
    try:
        return results.read(path)
    except BadInput as err:
        if whole:
            return pd.DataFrame(columns=results.SCHEMA.names)
        raise BadInput(
            f"{err} A part cannot be added to it: run the whole profile, without --models, --tasks, --split."
        )


def _write(held: Context, cells: list[Cell], *, whole: bool, jobs: int, run_s: float) -> None:
    """Write ``scores.parquet`` and ``manifest.json``; a partial run replaces its own rows and keeps the others."""
    profile = held.profile.name
    parts = [pd.read_parquet(cell_path(c)) for c in cells]
    frame = pd.concat([p for p in parts if len(p)], ignore_index=True)
    path = results.scores_path(profile)
    if path.exists():
        old = _old(path, whole=whole)
        new = {(task, c.model, c.split) for c in cells for task in c.tasks}
        renewed = {c.split for c in cells} if whole else set()
        keep = [k not in new and k[2] not in renewed for k in zip(old.task, old.model, old.split)]
        frame = pd.concat([old[keep].astype({c: str for c in old.select_dtypes("category")}), frame], ignore_index=True)
    faults = results.validate(frame, "the new results")
    if faults:
        raise RunFailed(f"the results are not sound and were not written: {faults[0]}")
    results.write(frame, path)
    done = [{"model": c.model, "split": c.split, "tasks": c.tasks, **cache.facts(cell_path(c))} for c in cells]
    manifest.write(
        results.manifest_path(profile),
        held.profile,
        device="cpu",
        jobs=jobs,
        n_tasks=len(held.tasks),
        cells=done,
        run_s=run_s,
        whole=whole,
    )
