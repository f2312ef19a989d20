"""Run a plan: vectors, cells, results. Resumes, isolates failures, uses all cores or a cluster."""

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd

from ..core import cache, manifest, workers
from ..core.cluster import Cluster
from ..core.errors import BadInput
from ..core.workers import Outcome, Stage, quiet
from ..data import sources
from . import fit, results, splits, summaries, validation
from .plan import Cell
from .tables import write as tables


@dataclass(frozen=True)
class RunOutcome(Outcome):
    """What became of a run.

    Attributes
    ----------
    units, cached, computed, failed
        Of cells, see ``workers.Outcome``; ``failed`` names models without vectors, too.
    skipped : int
        Pairs of task and model that were not scored, with reasons in the manifest.
    seconds : float
        Wall clock.
    cells : list of Cell
        Requested cells whose rows are in the cache; see ``read``.
    facts : list of dict
        Per such cell what was noted when it was computed.
    """

    skipped: int
    seconds: float
    cells: list[Cell]
    facts: list[dict]


def run(
    plan,
    *,
    jobs=None,
    write=True,
    scheduler=None,
    say=print,
    progress=quiet,
):
    """Run the requested cells of a plan that are not cached, and write the results.

    Parameters
    ----------
    plan : Plan
    jobs : int, optional
        Processes; all cores if none is given.
    write : bool, default=True
        Whether scores, manifest and tables are written to the profile's folder of results.
    scheduler : str, optional
        Address of a Dask cluster that computes the cells.
    say, progress : callable, optional
        See ``workers.Say`` and ``workers.Progress``.

    Returns
    -------
    RunOutcome
        Failures are listed per cell and never stop the others.

    Raises
    ------
    BadInput
        Nothing could be scored, or an older file of results stands in the way.
    RunFailed
        A process died, or the rows are not sound; what has ended is cached.
    """
    clock, report = {"start": time.perf_counter()}, {"say": say, "progress": progress}
    jobs, remade = jobs or os.cpu_count() or 1, False
    for sentence in plan.messages:
        say(sentence)
    splits.prepare({c.split for c in plan.requested}, plan.declared.sources, jobs=jobs, say=say)
    with (
        workers.pool(jobs, plan) as pool,
        Cluster(scheduler) if scheduler else nullcontext(pool) as cells_by,
    ):
        clock["prepare"] = time.perf_counter()
        failed = embed(plan, plan.profile.models, pool, **report)
        clock["embeddings"] = time.perf_counter()
        cells = [cell for cell in plan.requested if cell.model not in failed]
        waiting = workers.pending(fit.STAGE, plan, cells, say)
        outcome = workers.execute(fit.STAGE, plan, cells, cells_by, waiting=waiting, **report)
        clock["cells"] = time.perf_counter()
        failed |= outcome.failed
        ready = [cell for cell in cells if str(cell) not in failed]
        facts = [
            {"model": c.model, "split": c.split, "tasks": c.tasks, **cache.facts(plan.path(c))}
            for c in ready
        ]
        if write and ready:
            whole = plan.whole and not failed
            lost = {c.model for c in plan.requested if c.model in failed or str(c) in failed}
            with cache.locked(results.scores_path(plan.profile.name)):  # another run adds its part
                if waiting or not _up_to_date(plan, ready, facts, whole=whole):
                    took = time.perf_counter() - clock["start"]
                    cost = {"jobs": jobs, "run_s": took, "computed": len(waiting)}
                    _write(plan, read(plan, ready), facts, whole=whole, **cost)
                remade = tables.make(plan, pool, failed=lost, **report)
            clock["intervals"] = time.perf_counter()
    if "intervals" in clock and (waiting or remade):  # memory of workers that have ended is known
        with cache.locked(results.scores_path(plan.profile.name)):
            path = results.manifest_path(plan.profile.name)
            manifest.stages(path, clock, computed=len(waiting))
    skipped = sum(len(fact["skipped"]) for fact in facts)
    seconds = time.perf_counter() - clock["start"]
    return RunOutcome(
        outcome.units, outcome.cached, outcome.computed, failed, skipped, seconds, ready, facts
    )


def read(plan, cells):
    """Read the rows of cells from the cache: columns of ``results.SCHEMA``.

    Parameters
    ----------
    plan : Plan
    cells : iterable of Cell

    Returns
    -------
    DataFrame
    """
    empty = pd.DataFrame(columns=results.SCHEMA.names)
    parts = [rows for cell in cells if len(rows := pd.read_parquet(plan.path(cell)))]
    return pd.concat(parts or [empty], ignore_index=True)


def _vectors_of(plan, model):
    return [plan.embedding_path(model)]


def _make_vectors(plan, model):
    with workers.one_thread():  # results must not depend on the number of cores
        plan.embedding(model)  # which stores them
    return ()


EMBEDDINGS = Stage("embeddings", _vectors_of, _make_vectors, quiet, quiet)


def embed(plan, models, pool, **report):
    """Make the vectors of models that have none yet; models of one recipe share theirs.

    Parameters
    ----------
    plan : Plan
    models : iterable of str
    pool : Executor, started with the plan
    **report
        ``say`` and ``progress``, see ``workers.execute``.

    Returns
    -------
    dict of str to str, model -> why it has no vectors
    """
    first = {}
    for name in models:
        first.setdefault(plan.embedding_path(name), name)
    return workers.execute(EMBEDDINGS, plan, [*first.values()], pool, **report).failed


def _up_to_date(plan, cells, facts, *, whole):
    """Whether the written results hold these cells (a whole run: and no others of its splits)."""
    name = plan.profile.name
    if validation.sealed(name) is False or not results.beside_path(name, "plain.csv").exists():
        return False
    noted = manifest.raw(results.manifest_path(name))
    if noted.get("scores_sha256") != noted.get("tables", {}).get("scores.parquet"):
        return False  # stopped after the scores were written and before the manifest was
    try:
        old = results.load(name)
    except BadInput:
        return False
    written = set(old.key[old.split.isin({c.split for c in cells})] if whole else old.key)
    scored = [c for c, f in zip(cells, facts) if len(f["skipped"]) < len(c.tasks)]
    mine = {plan.path(cell).stem for cell in scored}
    return mine == written if whole else mine <= written


def _write(plan, rows, facts, *, whole, **cost):
    """Write scores and manifest; a partial run replaces its own rows and leaves the others."""
    if rows.empty:
        first = facts[0]["skipped"][0]
        raise BadInput(
            f"no task was scored under '{first['split']}'; of '{first['task']}': {first['reason']}."
        )
    name = plan.profile.name
    path = results.scores_path(name)
    if path.exists():
        try:
            old = results.read(path)
        except BadInput as err:
            if not whole:
                raise BadInput(
                    f"{err} A part cannot be added to it: run the whole profile, without --models, "
                    "--tasks, --split."
                ) from None
            old = pd.DataFrame(columns=results.SCHEMA.names)
        new = {(task, fact["model"], fact["split"]) for fact in facts for task in fact["tasks"]}
        renewed = {fact["split"] for fact in facts} if whole else set()
        at = zip(old.task, old.model, old.split)
        others = old[[k not in new and k[2] not in renewed for k in at]]
        rows = pd.concat([results.texts(others), rows], ignore_index=True)
    validation.write(rows, path)
    plain = summaries.plain_means(rows, plan.declared.models)
    results.write_table(plain, results.beside_path(name, "plain.csv"))
    vectors = {m: plan.embedding_path(m) for m in plan.models}
    noted = {m: cache.facts(p) for m, p in vectors.items() if cache.state(p) == "ready"}
    known = {s: plan.declared.sources[s] for s in plan.profile.sources}
    releases = {s: source.release for s, source in known.items()}
    manifest.write(
        results.manifest_path(name),
        plan.profile,
        {"sources": releases, "files": sources.pins(known)},
        n_tasks=len(plan.tasks),
        cells=facts,
        embeddings={
            model: {name: f[name] for name in ("shape", "seconds") if name in f}
            for model, f in noted.items()
        },
        whole=whole,
        **cost,
    )
