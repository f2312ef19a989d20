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
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, manifest, specs, workers
from ..core.cluster import Cluster
from ..core.errors import BadInput, RunFailed
from ..core.specs import ModelSpec, ProfileSpec
from ..core.workers import Once, Stage
from ..data.tasks import Task
from ..models import Embedding, control, inference
from ..stats import metrics
from . import cuts, predictions, results, splits, tables
from .plan import (
    Block,
    Cell,
    Context,
    block_of,
    cell_path,
    context,
    cutting,
    plan,
    recipe,
    splits_at_hand,
)
from .predictions import Predictions

Made = tuple[pd.DataFrame, list[dict], dict[tuple[str, int], Predictions]]


@dataclass(frozen=True)
class Outcome:
    """What became of a run: cells in all, taken from the cache, computed, and failed (sentence per cell)."""

    cells: int
    cached: int
    computed: int
    failed: dict[str, str]
    skipped: int
    seconds: float


def compute(cell: Cell, *, memory: float = 4e9) -> Made:
    """Rows of one cell, the tasks that were skipped with their reasons, and the predictions by (task, repeat).

    ``memory`` in bytes bounds what the probes take at a time; it changes the speed and, by rounding, the last digits.
    """
    return measure(
        *(part.load() if isinstance(part, Once) else part for part in gather((cell, memory)))
    )[:3]


def gather(unit: tuple[Cell, float]) -> tuple:
    """What ``measure`` reads: no file is needed where it is called."""
    cell, memory = unit
    held, block = context(cell.profile), block_of(cell)
    return (
        cell,
        cache.key(recipe(cell)),
        specs.model(cell.model),
        held.profile,
        memory,
        block,
        Once(f"vectors of {cell.model}", lambda: held.embedding(cell.model)),
    )


def measure(
    cell: Cell,
    key: str,
    spec: ModelSpec,
    p: ProfileSpec,
    memory: float,
    block: Block,
    vectors: Embedding,
) -> tuple[pd.DataFrame, list[dict], dict[tuple[str, int], Predictions], tuple[float, float]]:
    """What ``compute`` returns, and what it took (seconds, seconds of the CPU), on one thread whatever the cores."""
    with workers.one_thread():
        start, spent = time.perf_counter(), time.process_time()
        made = _measured(cell, key, spec, p, memory, block, vectors)
    return *made, (time.perf_counter() - start, time.process_time() - spent)


def _measured(
    cell: Cell,
    key: str,
    spec: ModelSpec,
    p: ProfileSpec,
    memory: float,
    block: Block,
    held: Embedding,
):
    chosen = block.tasks
    rows_of = [held.rows(part) for part in chosen[0].parts]
    covered = np.logical_and.reduce([r >= 0 for r in rows_of])
    frames: list[pd.DataFrame] = []
    skipped: list[dict] = []
    kept: dict[tuple[str, int], Predictions] = {}
    for repeat, (cut, told) in enumerate(block.cuts):
        fold = {t.name: row for t, row, why in zip(chosen, cut, told) if not why}
        labels = {
            t.name: control.shuffled(t, p.seed + repeat) if spec.labels == "shuffled" else t.labels
            for t in chosen
        }
        able = []
        for task, why in zip(chosen, told):
            reason = (
                why
                or spec.not_for.get(task.kind, "")
                or _unfit(task, labels[task.name], fold[task.name], covered, p)
            )
            if reason:
                skipped.append(
                    {"task": task.name, "model": spec.name, "split": cell.split, "reason": reason}
                )
            else:
                able.append(task)
        made = _predict(spec, cell.probe, able, labels, fold, covered, rows_of, held, memory=memory)
        kept |= {(name, repeat): predictions for name, predictions in made.items()}
        for task, scores in _scores(able, labels, fold, made, covered, block.common):
            shared = {
                "task": task.name,
                "group": task.group,
                "kind": task.kind,
                "model": spec.name,
                "family": spec.family,
                "probe": probes.method(task.kind, cell.probe).name,
                "split": cell.split,
                "split_param": "",
                "repeat": repeat,
                "coverage": covered.mean(),
                "key": key,
            }
            frames.append(pd.DataFrame(scores).assign(**shared))
    if not frames:
        return pd.DataFrame(columns=results.SCHEMA.names), skipped, kept
    return pd.concat(frames, ignore_index=True)[results.SCHEMA.names], skipped, kept


def keep(unit: tuple[Cell, float], made: tuple) -> None:
    """Store a cell's predictions, then its rows with what was noted: rows that are there are whole."""
    cell, (rows, skipped, kept, (seconds, cpu_s)) = unit[0], made
    path, how = cell_path(cell), recipe(cell)
    predictions.store(path, how, kept)
    noted = {"seconds": seconds, "cpu_s": cpu_s, "skipped": skipped}
    cache.store(path, how, lambda to: rows.to_parquet(to, index=False), **noted)


STAGE = Stage(gather, measure, keep)


def _unfit(task: Task, y: np.ndarray, fold: np.ndarray, covered: np.ndarray, p: ProfileSpec) -> str:
    """Why a task cannot be probed on the covered genes, or an empty string."""
    if task.kind in ("binary", "multiclass", "pair"):
        number = np.bincount(y[covered & (fold >= 0)], minlength=len(task.classes))
        if number.min() < p.min_per_class:
            rare = task.classes[int(number.argmin())]
            return f"only {number.min()} genes of class '{rare}' have a vector ({p.min_per_class} needed)"
        for k in range(p.folds):
            tested = y[covered & (fold == k)]
            if task.kind != "multiclass" and len(np.unique(tested)) < 2:
                return f"fold {k} holds one class only among the genes that have a vector"
            if len(tested) and np.isin(tested, y[covered & (fold != k) & (fold >= 0)]).mean() < 0.5:
                return f"most genes of fold {k} are of classes that no training gene with a vector is of"
    elif covered.sum() < 2 * p.min_per_class * p.folds:
        return f"only {covered.sum()} genes have a vector ({2 * p.min_per_class * p.folds} needed)"
    elif task.kind == "multilabel" and (y[covered].sum(axis=0) < p.min_per_class).any():
        rare = task.classes[int(y[covered].sum(axis=0).argmin())]
        return f"fewer than {p.min_per_class} genes with label '{rare}' have a vector"
    return ""


def _predict(
    spec: ModelSpec, probe: str, able, labels, fold, covered, rows_of, held: Embedding, **options
) -> dict[str, Predictions]:
    """Out-of-fold predictions on the covered entities of each task, by task name."""
    if not able:
        return {}
    if spec.encoder == "oracle":
        return {
            t.name: _fit(
                probe,
                t,
                control.oracle_vectors(t)[covered],
                labels[t.name],
                fold[t.name],
                covered,
                **options,
            )
            for t in able
        }
    if able[0].kind == "pair":
        (task,) = able
        used, at = np.unique(np.concatenate([r[covered] for r in rows_of]), return_inverse=True)
        X, pairs = held.vectors[used], tuple(at.reshape(2, -1))
        return {
            task.name: _fit(
                probe, task, X, labels[task.name], fold[task.name], covered, pairs=pairs, **options
            )
        }
    X = held.vectors[rows_of[0][covered]]
    if able[0].kind != "binary":
        (task,) = able
        return {
            task.name: _fit(probe, task, X, labels[task.name], fold[task.name], covered, **options)
        }
    Y = np.stack([labels[t.name][covered] for t in able], axis=1)
    F = np.stack([fold[t.name][covered] for t in able], axis=1)
    values = probes.predict(X, Y, F, kind="binary", probe=probe, **options)
    return {t.name: _kept(values[:, i], fold[t.name], covered) for i, t in enumerate(able)}


def _fit(
    probe: str, task: Task, X: np.ndarray, y: np.ndarray, fold: np.ndarray, covered, **options
) -> Predictions:
    values = probes.predict(X, y[covered], fold[covered], kind=task.kind, probe=probe, **options)
    wide = task.kind in ("multiclass", "multilabel")
    return _kept(values if wide else values.reshape(-1), fold, covered)


def _kept(values: np.ndarray, fold: np.ndarray, covered: np.ndarray) -> Predictions:
    tested = fold[covered] >= 0
    rows = np.flatnonzero(covered)[tested].astype(np.int32)
    return Predictions(rows, fold[rows].astype(np.int8), *predictions.quantise(values[tested]))


def _scores(able, labels, fold, made, covered: np.ndarray, common: np.ndarray):
    """(task, columns metric, fold, score, n_train, n_test) of each task on own, common and all genes."""
    if not able:
        return
    kind = able[0].kind
    every = metrics.of_kind(kind)
    paired = [m for m in every if metrics.METRICS[m].main]
    choices = [("", covered, every), ("@common", covered & common, paired)]
    if not covered.all():
        choices.append(("@all", np.ones_like(covered), paired))
    guesses = {
        t.name: _with_prior(kind, labels[t.name], fold[t.name], made[t.name], covered) for t in able
    }
    out: dict[str, list] = {t.name: [] for t in able}
    for k in range(int(max(fold[t.name].max() for t in able)) + 1):
        n_train = {
            t.name: int((covered & (fold[t.name] != k) & (fold[t.name] >= 0)).sum()) for t in able
        }
        for suffix, genes, names in choices:
            tests = [np.flatnonzero((fold[t.name] == k) & genes) for t in able]
            for task, test, scores in zip(
                able, tests, _fold_scores(kind, able, labels, guesses, tests, names)
            ):
                out[task.name] += [
                    (n + suffix, k, s, n_train[task.name], len(test)) for n, s in scores.items()
                ]
    for task in able:
        yield (
            task,
            dict(zip(("metric", "fold", "score", "n_train", "n_test"), zip(*out[task.name]))),
        )


def _fold_scores(
    kind: str, able, labels, guesses, tests: list[np.ndarray], names: list[str]
) -> list[dict[str, float]]:
    """Metrics of one fold of each task; none where they cannot be had on its test entities."""
    if kind != "binary":
        (task,), (test,) = able, tests
        y = labels[task.name][test]
        return [
            metrics.score(kind, y, guesses[task.name][test], names)
            if metrics.scorable(kind, y)
            else {}
        ]
    wide = max(1, max(map(len, tests)))
    Y, P = np.zeros((wide, len(able)), dtype=np.int64), np.zeros((wide, len(able)))
    valid = np.arange(wide)[:, None] < np.array([len(t) for t in tests])
    for i, (task, test) in enumerate(zip(able, tests)):
        Y[: len(test), i], P[: len(test), i] = labels[task.name][test], guesses[task.name][test]
    found = metrics.score_block(Y, P, valid, names)
    return [
        {n: float(found[n][i]) for n in names if not np.isnan(found[n][i])}
        for i in range(len(able))
    ]


def _with_prior(
    kind: str, y: np.ndarray, fold: np.ndarray, made: Predictions, covered: np.ndarray
) -> np.ndarray:
    """Predictions for every entity: probabilities (numbers for regression); the training prior where there is none."""
    found = probes.probabilities(kind, made.values)
    p = np.zeros((len(y), *found.shape[1:]), dtype=np.float64)
    p[made.rows] = found
    for k in range(int(fold.max()) + 1):
        bare = (fold == k) & ~covered
        if bare.any():
            p[bare] = _prior(kind, y[(fold != k) & (fold >= 0) & covered], found.shape[1:])
    return p


def _prior(kind: str, y: np.ndarray, full: tuple[int, ...]) -> np.ndarray | float:
    """What is predicted for an entity without a vector: the training fold's class shares, or its mean."""
    if kind == "multiclass":
        return np.bincount(y, minlength=full[0]) / len(y)
    return y.mean(axis=0)


def _embed_work(profile: str, model: str, cluster: Cluster | None = None) -> str:
    import torch

    torch.set_num_threads(1)  # results must not depend on the number of cores
    try:
        if cluster:
            held = context(profile)
            inference.embed(specs.model(model), held.universe, held.declared, cluster=cluster)
        else:
            context(profile).embedding(model)
    except Exception as err:
        return workers.fault(err)
    return ""


def run(
    profile: str,
    *,
    models: Iterable[str] | None = None,
    names: Iterable[str] | None = None,
    split: str | None = None,
    jobs: int | None = None,
    memory: float = 8e9,
    write: bool = True,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Outcome:
    """Run a profile (or the chosen models and tasks of it), from the cache where it is there, and write its results.

    Args: memory: bytes that the fits of all processes together may take, or, with ``scheduler`` (address of a Dask
    cluster that computes the cells), those of each worker. write: False leaves the rows in the cache and
    no folder of results. say: told one sentence at a time. progress: told (stage, done, total) as cells end.
    Returns: what became of it; faults are listed per cell and never stop the other cells.
    """
    clock = {"start": time.perf_counter()}
    jobs = jobs or os.cpu_count() or 1
    models, names = list(models or ()), list(names or ())
    planned = cells = plan(
        profile, models=models, names=names, split=split
    )  # a wrong name is told before any work
    held = context(profile)
    for sentence in (*(f"left out: {s}" for s in held.missing), *splits_at_hand(profile, split)[1]):
        say(sentence)
    splits.prepare({c.split for c in planned}, jobs=jobs, say=say)
    with workers.pool(jobs) as pool, Cluster(scheduler) if scheduler else nullcontext(pool) as far:
        try:
            clock["prepare"] = time.perf_counter()
            faults = _embed_all(profile, held, pool, far, say, progress)
            clock["embeddings"] = time.perf_counter()
            cells = [c for c in cells if c.model not in faults]
            waiting = _waiting(cells, say)
            at_once = far.workers if scheduler else jobs
            say(
                f"{len(cells)} cells, {len(cells) - len(waiting)} cached, {len(waiting)} to do, {at_once} at a time"
            )
            if scheduler:
                _cut_all(waiting, far, say, progress)
            progress("cells", 0, len(waiting))
            units = [(cell, memory if scheduler else memory / jobs) for cell in waiting]
            for done, ((cell, _), why) in enumerate(workers.each(far, STAGE, units), start=1):
                if why:
                    faults[str(cell)] = why
                    say(f"cell '{cell}' failed: {why}")
                progress("cells", done, len(waiting))
            clock["cells"] = time.perf_counter()
            ready = [c for c in cells if str(c) not in faults]
            skipped = sum(len(cache.facts(cell_path(c))["skipped"]) for c in ready)
            whole = not (models or names or split or faults)
            if write and ready and (waiting or not _up_to_date(profile, ready, whole=whole)):
                took = time.perf_counter() - clock["start"]
                _write(held, ready, whole=whole, jobs=jobs, run_s=took, computed=len(waiting))
            if write and ready:
                failed = {c.model for c in planned if c.model in faults or str(c) in faults}
                made = tables.make(profile, pool, failed=failed, say=say, progress=progress)
                clock["intervals"] = time.perf_counter()
        except KeyboardInterrupt:
            workers.stop(pool)
            raise
        except BrokenProcessPool:
            raise RunFailed(
                "a worker process died (killed, or out of memory); what was finished is kept, run again"
            )
    if "intervals" in clock and (
        waiting or made
    ):  # the workers have ended, so that their memory is known
        manifest.stages(results.manifest_path(profile), clock, computed=len(waiting))
    computed = sum(str(c) not in faults for c in waiting)
    return Outcome(
        len(cells),
        len(cells) - len(waiting),
        computed,
        faults,
        skipped,
        time.perf_counter() - clock["start"],
    )


def _waiting(cells: list[Cell], say: Callable[[str], None]) -> list[Cell]:
    """The cells that are not in the cache; a broken file is dropped, and said so."""
    out = []
    for cell in cells:
        path = cell_path(cell)
        states = {cache.state(path), cache.state(predictions.path(path))}
        state = "ready" if states == {"ready"} else "broken" if "broken" in states else "absent"
        if state == "broken":
            say(
                f"the cached file of cell '{cell}' is broken; it is computed again"
            )  # another run may be writing it
        if state != "ready":
            out.append(cell)
    return out


def _cut_all(waiting: list[Cell], cluster: Cluster, say, progress) -> None:
    """Have a cluster cut the folds that its cells need. Raises: RunFailed: some cannot be cut."""
    first = {(c.split, c.tasks): c for c in waiting}  # every model has the same
    works = cuts.waiting([work for cell in first.values() for work in cutting(cell)])
    if works:
        say(f"folds of {len(works)} blocks of tasks to cut")
    for done, (work, why) in enumerate(cluster.each(cuts.STAGE, works), start=1):
        if why:
            raise RunFailed(
                f"'{work.tasks[0].name}' cannot be cut into folds by '{work.split}': {why}"
            )
        progress("folds", done, len(works))


def _embed_all(profile: str, held: Context, pool, far, say, progress) -> dict[str, str]:
    """Make the vectors of every model that has none yet; returns sentence per model that cannot be embedded.

    ``far``: a cluster, which then runs the networks, or the pool.
    """
    todo: dict[str, str] = {}
    for name in held.profile.models:
        kept = inference.path(specs.model(name), held.universe, held.declared)
        state = cache.state(kept)
        if state == "broken":
            say(f"{kept.name} is broken; it is made again")
        if state != "ready":
            todo.setdefault(str(kept), name)
    if todo:
        say(f"{len(todo)} embeddings to make")
        progress("embeddings", 0, len(todo))
    failed: dict[str, str] = {}
    networks = [n for n in todo.values() if far is not pool and specs.model(n).weights]

    def told(done: int, name: str, why: str) -> None:
        if why:
            failed[name] = why
            say(f"model '{name}' cannot be embedded: {why}")
        progress("embeddings", done, len(todo))

    for done, name in enumerate(networks, start=1):
        told(done, name, _embed_work(profile, name, far))
    futures = {pool.submit(_embed_work, profile, n): n for n in todo.values() if n not in networks}
    for done, future in enumerate(as_completed(futures), start=1 + len(networks)):
        told(done, futures[future], future.result())
    return failed


def _up_to_date(profile: str, cells: list[Cell], *, whole: bool) -> bool:
    """Whether the written results hold these cells' keys (and, for a whole run, no others), and a manifest is there."""
    path = results.scores_path(profile)
    if not path.exists() or not results.manifest_path(profile).exists():
        return False
    try:
        if results.sealed(profile) is False:
            return False
        rows = results.read(path)
        held = set(rows.key[rows.split.isin({c.split for c in cells})] if whole else rows.key)
    except BadInput:
        return False
    wanted = {
        cell_path(c).stem for c in cells if len(cache.facts(cell_path(c))["skipped"]) < len(c.tasks)
    }
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


def _embeddings(held: Context) -> dict[str, dict]:
    """What was noted when a model's vectors were made, by model; models of one recipe share it."""
    noted = {}
    for name in held.profile.models:
        kept = inference.path(specs.model(name), held.universe, held.declared)
        if cache.state(kept) == "ready":
            facts = cache.facts(kept)
            noted[name] = {at: facts[at] for at in ("shape", "seconds", "cpu_s") if at in facts}
    return noted


def _write(
    held: Context, cells: list[Cell], *, whole: bool, jobs: int, run_s: float, computed: int
) -> None:
    """Write ``scores.parquet`` and ``manifest.json``; a partial run replaces its own rows and keeps the others."""
    profile = held.profile.name
    parts = [rows for c in cells if len(rows := pd.read_parquet(cell_path(c)))]
    if not parts:
        why = cache.facts(cell_path(cells[0]))["skipped"][0]
        raise BadInput(
            f"no task was scored under '{why['split']}'; of '{why['task']}': {why['reason']}."
        )
    frame = pd.concat(parts, ignore_index=True)
    path = results.scores_path(profile)
    if path.exists():
        old = _old(path, whole=whole)
        new = {(task, c.model, c.split) for c in cells for task in c.tasks}
        renewed = {c.split for c in cells} if whole else set()
        keep = [k not in new and k[2] not in renewed for k in zip(old.task, old.model, old.split)]
        frame = pd.concat(
            [old[keep].astype({c: str for c in old.select_dtypes("category")}), frame],
            ignore_index=True,
        )
    faults = results.validate(frame, "the new results")
    if faults:
        raise RunFailed(f"the results are not sound and were not written: {faults[0]}")
    results.write(frame, path)
    done = [
        {"model": c.model, "split": c.split, "tasks": c.tasks, **cache.facts(cell_path(c))}
        for c in cells
    ]
    manifest.write(
        results.manifest_path(profile),
        held.profile,
        device="cpu",
        jobs=jobs,
        n_tasks=len(held.tasks),
        cells=done,
        embeddings=_embeddings(held),
        run_s=run_s,
        computed=computed,
        whole=whole,
    )
