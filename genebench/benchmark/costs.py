"""What a run will cost before it is run (``genebench run --dry-run``), and what one has cost.

The first comes from a cost model that was measured: ``python -m benchmarks.costs`` measures it on a
machine, with made-up cells of every kind, and writes ``data/results/perf/costs.csv``. The second
comes from a run's manifest.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core import cache, paths
from ..core.cluster import bytes_of
from ..core.errors import BadInput
from ..stats import bootstrap, metrics
from .plan import Cell, Plan

TERMS = ("cell", "fit", "step", "matrix", "basis", "score")
"""What the seconds of a cell are made of: itself; a fit of one task in one fold; a pass over the
vectors for a fit; the products of the vectors with themselves; their eigenbasis; the scores of a
gene in a fold."""
HOURS = 1.0
"""Hours in which the suggested number of workers ends a run."""


def terms(n, d, tasks, folds):
    """How often each of ``TERMS`` is met in a cell of n genes and d dimensions, (6,).

    Parameters
    ----------
    n, d, tasks, folds : float

    Returns
    -------
    ndarray of shape (6,)
    """
    fits = tasks * folds
    passes = fits * n * d
    return np.array(
        [1.0, fits, passes, folds * n * d * min(n, d), folds * min(n, d) ** 3, fits * n]
    )


def reference() -> float:
    """CPU seconds of a fixed piece of linear algebra, least of three: how fast this machine is."""
    from threadpoolctl import threadpool_limits

    X = np.random.default_rng(0).standard_normal((3000, 400)).astype(np.float32)
    took = []
    with threadpool_limits(1):
        for _ in range(3):
            start = time.process_time()
            for _ in range(4):
                np.linalg.eigh(X.T @ X)
            took.append(time.process_time() - start)
    return min(took)


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


def _measured() -> tuple[dict[str, np.ndarray], float]:
    """Seconds of each term by kind on this machine now, and how many times as slow it is."""
    path = paths.PERF / "costs.csv"
    if not path.exists():
        raise BadInput(f"{path}: no cost model was measured yet; run 'python -m benchmarks.costs'.")
    wide = pd.read_csv(path).pivot(index="kind", columns="term", values="seconds")
    wide.loc["pair"] = wide.loc["binary"]
    slower = reference() / wide.cell["reference"]
    return dict(zip(wide.index, wide[list(TERMS)].to_numpy() * slower)), slower


def _vectors(plan: Plan) -> dict[str, tuple[np.ndarray, int, bool]]:
    """By model the genes that it covers, (n_genes,) bool, dimensions, and whether that is known."""
    out = {}
    for model in dict.fromkeys(cell.model for cell in plan.requested):
        if (inside := plan.covered(model)) is None:
            dim = plan.declared.models[model].dim or 384
            out[model] = np.ones(len(plan.universe), bool), dim, False
        else:
            out[model] = inside, cache.facts(plan.embedding_path(model))["shape"][1], True
    return out


def _of_cell(plan: Plan, cell: Cell, inside: np.ndarray, d: int, seconds: dict) -> tuple:
    """(seconds of one core, bytes cached) of a cell whose model covers these genes of its tasks."""
    profile, block, n = plan.profile, [plan.tasks[name] for name in cell.tasks], int(inside.sum())
    repeats = profile.repeats_of(len(block[0]))
    kind, usable = block[0].kind, len(block)
    if kind in ("binary", "pair"):
        counts = [np.bincount(task.labels[inside], minlength=2).min() for task in block]
        usable = sum(number >= profile.min_per_class for number in counts)
    if not usable or n == 0:
        return seconds[kind][0] * repeats, 11_000.0
    several = kind in ("multilabel", "multiclass")
    wide = len(block[0].classes) if several else usable
    if plan.declared.models[cell.model].encoder == "oracle":
        d = wide if kind == "multiclass" else 1
    counts = terms(n, d * (2 if kind == "pair" else 1), wide, profile.folds)
    choices = len(metrics.of_kind(kind)) + (2 if n < len(inside) else 1)
    size = usable * (n * (5 + 2 * (wide if several else 1)) + 1000 + 12 * profile.folds * choices)
    return float(seconds[kind] @ counts) * repeats, size * repeats + 11_000.0


def of_cells(plan, seconds=None, vectors=None):
    """Estimate every requested cell on this machine now.

    Parameters
    ----------
    plan : Plan
    seconds, vectors : dict, optional

    Returns
    -------
    DataFrame with ``model, split, tasks, seconds`` (of one core)``, bytes, done``
    """
    seconds, vectors = seconds or _measured()[0], vectors or _vectors(plan)
    rows, blocks = [], {cell.tasks for cell in plan.requested}
    places = {names: plan.rows_of(plan.tasks[names[0]]) for names in blocks}
    for cell in plan.requested:
        inside, d, _ = vectors[cell.model]
        covered = np.logical_and.reduce([inside[rows_of] for rows_of in places[cell.tasks]])
        cost = _of_cell(plan, cell, covered, d, seconds)
        rows.append((cell.model, cell.split, len(cell.tasks), *cost, plan.path(cell).exists()))
    return pd.DataFrame(rows, columns=["model", "split", "tasks", "seconds", "bytes", "done"])


def estimate(plan, *, scale=None):
    """Estimate what is left of the requested cells of a plan.

    Parameters
    ----------
    plan : Plan
    scale : (int, int), optional
        As if there were that many tasks and models of the same kinds.

    Returns
    -------
    Estimate
    """
    (seconds, slower), vectors = _measured(), _vectors(plan)
    frame = of_cells(plan, seconds, vectors)
    messages = [
        f"this machine is now {slower:.2f} times as slow as the one on which the costs were "
        "measured"
    ]
    known, tasks = len(vectors), len({name for cell in plan.requested for name in cell.tasks})
    n_tasks, models = scale or (tasks, known)
    factor = n_tasks * models / (tasks * known)
    absent = [name for name, (*_, there) in vectors.items() if not there]
    missing, waiting, fuller = len(absent), frame[~frame.done], 1.0
    if scale:
        missing, waiting = models, frame
        fuller = plan.profile.block / max(1.0, frame.tasks.mean())  # more tasks fill the blocks
        messages.append(
            f"as if there were {n_tasks:,} tasks × {models:,} models: {factor:,.0f} times as "
            "many pairs"
        )
    if absent:
        messages.append(
            f"{len(absent)} models have no vectors yet (first '{absent[0]}'): their time is "
            "not counted"
        )
    folds, intervals, labels = 0.0, 0.0, 0.0
    blocks = dict.fromkeys((cell.split, cell.tasks) for cell in plan.requested)
    for split, names in blocks:
        block = [plan.tasks[name] for name in names]
        size = sum(map(len, block)) / 1000 * plan.profile.repeats_of(len(block[0]))
        folds += seconds["folds"][0] * size * (split != "random")
        intervals += (seconds["interval"][0] + seconds["interval"][1] * known) * size
        labels += bytes_of([task.labels for task in block]) * 1.2
    embedded = sum(4.0 * inside.sum() * d for inside, d, _ in vectors.values()) * models / known
    groups = math.ceil(len(blocks) * factor * known / models / fuller)
    pairs, hours = frame.tasks.sum() * factor, waiting.seconds.sum() * factor / 3600
    cells, to_do = (math.ceil(len(part) * factor / fuller) for part in (frame, waiting))
    drawn = pairs * 4.0 * bootstrap.DRAWS
    rows = [
        ("embeddings", models, missing, embedded, 0.0),
        ("folds", groups, groups, pairs / known * 1000.0, folds * factor * known / models / 3600),
        ("cells", cells, to_do, waiting.bytes.sum() * factor, hours),
        ("intervals", groups, groups, drawn, intervals * factor / 3600),
    ]
    stages = pd.DataFrame(rows, columns=["stage", "units", "to do", "bytes", "core hours"])
    workers = math.ceil(stages["core hours"].sum() / HOURS)
    shipped = embedded + labels * n_tasks / tasks
    return Estimate(stages, shipped, min(max(1, to_do), max(1, workers)), messages)
