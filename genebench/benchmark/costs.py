"""What a run will cost before it is run (``genebench run --dry-run``), and what one has cost.

The first comes from a cost model that was measured: ``python -m benchmarks.costs`` measures it on a
machine, with made-up cells of every kind, and writes ``data/results/perf/costs.csv``. The second
comes from a run's manifest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core import cache, paths
from ..core.cluster import bytes_of
from ..core.errors import BadInput
from ..core.specs import ProfileSpec
from ..data.tasks import Task
from ..stats import bootstrap, metrics
from .plan import Cell, Plan

TERMS = ("cell", "fit", "step", "matrix", "basis", "score")
"""What the seconds of a cell are made of: itself; a fit of one task in one fold; a pass over the
vectors for a fit; the products of the vectors with themselves; their eigenbasis; the scores of a
gene in a fold."""
HOURS = 1.0
"""Hours in which the suggested number of workers ends a run."""
STAGES = ("prepare", "embeddings", "cells", "intervals")
"""Stages of a run, in their order."""


def terms(n: float, d: float, tasks: float, folds: float) -> np.ndarray:
    """Count how often each of ``TERMS`` is met in a cell.

    Parameters
    ----------
    n, d, tasks, folds : float
        Genes, dimensions, tasks (or classes), folds.

    Returns
    -------
    ndarray, shape (6,)
    """
    fits = tasks * folds
    passes = fits * n * d
    return np.array(
        [1.0, fits, passes, folds * n * d * min(n, d), folds * min(n, d) ** 3, fits * n]
    )


def reference() -> float:
    """Time a fixed piece of linear algebra: how fast this machine is now.

    Returns
    -------
    float
        CPU seconds, the least of three.
    """
    from threadpoolctl import threadpool_limits

    X = np.random.default_rng(0).standard_normal((3000, 400)).astype(np.float32)
    best = math.inf
    with threadpool_limits(1):
        for _ in range(3):
            start = time.process_time()
            for _ in range(4):
                np.linalg.eigh(X.T @ X)
            best = min(best, time.process_time() - start)
    return best


@dataclass(frozen=True)
class Estimate:
    """What is left of a run.

    Attributes
    ----------
    stages : DataFrame
        One row a stage: ``stage, units, to do, bytes, core hours``.
    shipped : float
        Bytes that a worker of a cluster is sent in all.
    workers : int
        How many end the run within ``HOURS``.
    messages : list of str
    """

    stages: pd.DataFrame
    shipped: float
    workers: int
    messages: list[str]


class _Model:
    """The measured cost model on this machine now.

    Attributes
    ----------
    seconds : dict of str to ndarray
        Of each term, by kind of task.
    slower : float
        How many times as slow this machine is now as the one that was measured.
    """

    def __init__(self) -> None:
        path = paths.PERF / "costs.csv"
        if not path.exists():
            raise BadInput(
                f"{path}: no cost model was measured yet; run 'python -m benchmarks.costs'."
            )
        kinds = pd.read_csv(path).groupby("kind", sort=False)
        by = {k: p.set_index("term").seconds.reindex(TERMS).to_numpy() for k, p in kinds}
        self.slower = reference() / float(by["reference"][0])
        self.seconds = {k: v * self.slower for k, v in {**by, "pair": by["binary"]}.items()}

    def cell(self, plan: Plan, cell: Cell, inside: np.ndarray, d: int) -> tuple[float, float]:
        """(seconds of one core, bytes cached) of a cell whose model covers these genes."""
        profile, spec = plan.profile, plan.declared.models[cell.model]
        block, n = [plan.tasks[name] for name in cell.tasks], int(inside.sum())
        kind, usable = block[0].kind, _usable(block, inside, profile)
        if not usable or n == 0:
            return self.seconds[kind][0] * profile.repeats, 11_000.0
        several = kind in ("multilabel", "multiclass")
        wide = len(block[0].classes) if several else len(usable)
        if spec.encoder == "oracle":
            d = len(block[0].classes) if kind == "multiclass" else 1
        counts = terms(n, d * (2 if kind == "pair" else 1), wide, profile.folds)
        choices = len(metrics.of_kind(kind)) + (2 if inside.mean() < 1 else 1)
        predictions = n * (5 + 2 * (wide if several else 1))
        size = len(usable) * (predictions + 1000 + 12 * profile.folds * choices)
        seconds = float(self.seconds[kind] @ counts)
        return seconds * profile.repeats, size * profile.repeats + 11_000.0


def _usable(block: list[Task], inside: np.ndarray, profile: ProfileSpec) -> list[Task]:
    """Tasks of a block with enough genes of each class among those that a model covers."""
    if block[0].kind not in ("binary", "pair"):
        return block
    counts = [np.bincount(t.labels[inside], minlength=2).min() for t in block]
    return [t for t, number in zip(block, counts) if number >= profile.min_per_class]


def _vectors(plan: Plan, model: str) -> tuple[np.ndarray, int, bool]:
    """Genes that a model covers, (n_genes,) bool, dimensions, and whether that is known."""
    path = plan.embedding_path(model)
    if not path.exists():
        dim = plan.declared.models[model].dim
        return np.ones(len(plan.universe), bool), dim or 384, False
    with np.load(path, allow_pickle=False) as arrays:
        inside = np.isin(plan.universe, arrays["entities"])
    return inside, int(cache.facts(path)["shape"][1]), True


def of_cells(plan: Plan) -> pd.DataFrame:
    """Estimate every requested cell on this machine now.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    DataFrame
        Columns ``model, split, tasks, seconds`` (of one core)``, bytes, done``.
    """
    names = dict.fromkeys(cell.model for cell in plan.requested)
    return _cells(plan, _Model(), {name: _vectors(plan, name) for name in names})


def _cells(plan: Plan, costs: _Model, vectors: dict) -> pd.DataFrame:
    return pd.DataFrame(
        _rows(plan, costs, vectors),
        columns=["model", "split", "tasks", "seconds", "bytes", "done"],
    )


def _rows(plan: Plan, costs: _Model, vectors: dict) -> Iterator[tuple]:
    places: dict[tuple, tuple] = {}
    for cell in plan.requested:
        if cell.tasks not in places:
            places[cell.tasks] = plan.rows_of(plan.tasks[cell.tasks[0]])
        inside, d, _ = vectors[cell.model]
        covered = np.logical_and.reduce([inside[rows] for rows in places[cell.tasks]])
        numbers = costs.cell(plan, cell, covered, d)
        yield cell.model, cell.split, len(cell.tasks), *numbers, plan.path(cell).exists()


def estimate(plan: Plan, *, scale: tuple[int, int] | None = None) -> Estimate:
    """Estimate what is left of the requested cells of a plan.

    Parameters
    ----------
    plan : Plan
    scale : (int, int), optional
        As if there were that many tasks and models of the same kinds.

    Returns
    -------
    Estimate

    Raises
    ------
    BadInput
        No cost model was measured.
    """
    costs, chosen = _Model(), plan.requested
    found = {m: _vectors(plan, m) for m in dict.fromkeys(c.model for c in chosen)}
    frame = _cells(plan, costs, found)
    sizes = [(m, 4.0 * inside.sum() * d, known) for m, (inside, d, known) in found.items()]
    vectors = pd.DataFrame(sizes, columns=["model", "bytes", "known"])
    blocks = {(c.split, c.tasks): c for c in chosen}
    tasks = len({t for c in chosen for t in c.tasks})
    messages = [
        f"this machine is now {costs.slower:.2f} times as slow as the one on which the costs were "
        "measured"
    ]
    factor = 1.0
    if scale:
        factor = scale[0] * scale[1] / (tasks * len(found))
        messages.append(
            f"as if there were {scale[0]:,} tasks × {scale[1]:,} models: {factor:,.0f} times as "
            "many pairs"
        )
    if not vectors.known.all():
        absent = vectors.model[~vectors.known]
        messages.append(
            f"{len(absent)} models have no vectors yet (first '{absent.iloc[0]}'): their time is "
            "not counted"
        )
    around = _around(plan, blocks.values(), len(found), costs.seconds)
    stages = _stages(frame, vectors, len(blocks), scale, factor, plan.profile.block, around)
    left = stages["core hours"].sum()
    most = max(1, int(stages.loc[stages.stage == "cells", "to do"].iloc[0]))
    labels = [bytes_of([plan.tasks[n].labels for n in c.tasks]) * 1.2 for c in blocks.values()]
    shipped = vectors.bytes.sum() * (scale[1] / len(found) if scale else 1)
    shipped += sum(labels) * (scale[0] / tasks if scale else 1)
    return Estimate(stages, shipped, min(most, max(1, math.ceil(left / HOURS))), messages)


def _around(plan: Plan, blocks: Iterable[Cell], models: int, seconds: dict) -> tuple[float, float]:
    """Seconds of one core for the folds that are cached, and for the intervals."""
    folds, intervals = 0.0, 0.0
    for cell in blocks:
        size = sum(len(plan.tasks[n]) for n in cell.tasks) / 1000 * plan.profile.repeats
        folds += seconds["folds"][0] * size * (cell.split != "random")
        intervals += (seconds["interval"][0] + seconds["interval"][1] * models) * size
    return folds, intervals


def _stages(frame, vectors, blocks: int, scale, factor: float, block: int, around) -> pd.DataFrame:
    waiting, known = frame if scale else frame[~frame.done], len(vectors)
    models = scale[1] if scale else known
    fuller = block / max(1.0, frame.tasks.mean()) if scale else 1.0  # more tasks fill the blocks
    pairs = frame.tasks.sum() * factor
    groups = int(np.ceil(blocks * factor * known / models / fuller))
    missing = models if scale else int((~vectors.known).sum())
    embedded = vectors.bytes.sum() * models / known
    hours = around[0] * factor * known / models / 3600
    cells, to_do = (math.ceil(len(f) * factor / fuller) for f in (frame, waiting))
    cell_hours = waiting.seconds.sum() * factor / 3600
    draws = pairs * 4.0 * bootstrap.DRAWS
    rows = [
        ("embeddings", models, missing, embedded, 0.0),
        ("folds", groups, groups, pairs / known * 1000.0, hours),
        ("cells", cells, to_do, waiting.bytes.sum() * factor, cell_hours),
        ("intervals", groups, groups, draws, around[1] * factor / 3600),
    ]
    return pd.DataFrame(rows, columns=["stage", "units", "to do", "bytes", "core hours"])


# --- what a run has cost --------------------------------------------------------------------------


def spent(manifest: dict) -> pd.DataFrame:
    """Sum what a run took by model.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    DataFrame
        Columns ``model, cells, tasks`` (fitted, over all splits), ``embedding_s, fits_s`` (CPU
        seconds; of cells without a note of the CPU, seconds of the clock), ``mean_s`` (a cell).
    """
    frame = pd.DataFrame(manifest["cells"])
    frame["cpu_s"] = frame.get("cpu_s", frame.seconds).fillna(frame.seconds)
    sums = {"cells": ("n", "size"), "tasks": ("n", "sum"), "fits_s": ("cpu_s", "sum")}
    by = frame.groupby("model").agg(**sums)
    noted = {m: facts.get("cpu_s") for m, facts in manifest.get("embeddings", {}).items()}
    by = by.assign(embedding_s=pd.Series(noted, dtype=float), mean_s=by.fits_s / by.cells)
    by = by.loc[[m for m in manifest["models"] if m in by.index]].rename_axis("model")
    return by[["cells", "tasks", "embedding_s", "fits_s", "mean_s"]].reset_index()


def numbers(manifest: dict) -> dict[str, object]:
    """Collect what prose quotes: cells, the device, CPU minutes of all fits and all embeddings.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    dict
    """
    table = spent(manifest)
    minutes = {n: f"{table[n].sum() / 60:.0f}" for n in ("fits_s", "embedding_s")}
    what = {"cells": len(manifest["cells"]), "device": manifest["device"]}
    return {**what, "fits": minutes["fits_s"], "embeddings": minutes["embedding_s"]}


def words(manifest: dict) -> str:
    """Say in one sentence of Markdown what a run cost, and on what.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    str
    """
    facts, minutes = numbers(manifest), manifest["wall_s"]["run"] / 60
    return (
        f"**{facts['cells']:,} cells on {facts['device']}: {minutes:.0f} minutes by the clock; CPU "
        f"minutes: {facts['fits']} of probes, {facts['embeddings']} of embeddings.**"
    )


def stages(manifest: dict) -> pd.DataFrame:
    """Tabulate the wall-clock seconds of each stage of a run.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    DataFrame
        Columns ``stage, seconds``, and ``peak_mb``: memory of the largest process, known for the
        whole run alone.
    """
    took = manifest["wall_s"].get("stages", {})
    rows = [{"stage": name, "seconds": took[name]} for name in STAGES if name in took]
    whole = "the whole run" if took else "writing the tables (every cell was cached by then)"
    last = {"stage": whole, "seconds": manifest["wall_s"]["run"]}
    return pd.DataFrame([*rows, {**last, "peak_mb": manifest["peak_memory_mb"]}])
