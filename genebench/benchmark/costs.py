"""What a run will cost before it is run: cells, bytes, hours and workers, from a cost model that was measured.

``python -m benchmarks.costs`` measures it on this machine (a minute and a half of one core) with made-up cells of every
kind and writes ``data/results/perf/costs.csv``; ``genebench run --dry-run`` reads it.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import probes
from ..core import cache, paths, specs
from ..core.cluster import bytes_of
from ..core.errors import BadInput
from ..core.specs import ModelSpec, ProfileSpec
from ..data.tasks import Task
from ..models import Embedding, inference
from ..stats import bootstrap, metrics
from . import plan, results, run, splits
from .plan import Block, Cell

TERMS = ("cell", "fit", "step", "matrix", "basis", "score")
"""What the seconds of a cell are made of: itself; a fit of one task in one fold; a pass over the vectors for a fit; the
products of the vectors with themselves; their eigenbasis; the scores of a gene in a fold."""
KINDS = ("binary", "multilabel", "multiclass", "regression")
HOURS = 1.0
"""Hours in which the suggested number of workers ends a run."""


def terms(n: float, d: float, tasks: float, folds: float) -> np.ndarray:
    """How often each of ``TERMS`` is met in a cell of n genes × d dimensions × tasks (or classes) × folds, (6,)."""
    fits = tasks * folds
    return np.array(
        [1.0, fits, fits * n * d, folds * n * d * min(n, d), folds * min(n, d) ** 3, fits * n]
    )


# --- measured ---------------------------------------------------------------------------------------------------------


def _made_up(kind: str, n: int, d: int, tasks: int, folds: int) -> tuple:
    """A cell of ``run.measure`` with normal vectors and labels that follow them in part, as real ones do."""
    rng = np.random.default_rng(n + d + tasks)
    X = rng.standard_normal((n, d)).astype(np.float32)
    X *= (np.arange(1, d + 1) ** -0.5).astype(
        np.float32
    )  # variances fall off, as those of real vectors
    noisy = X @ rng.standard_normal((d, tasks)) / math.sqrt(sum(1 / i for i in range(1, d + 1)))
    noisy += 1.5 * rng.standard_normal((n, tasks))
    genes = np.array([f"G{i:06d}" for i in range(n)])
    share = np.linspace(0.1, 0.3, tasks)
    positive = (noisy > np.quantile(noisy, 1 - share, axis=0).diagonal()).astype(np.int64)
    labels = {
        "binary": list(positive.T),
        "multilabel": [positive],
        "multiclass": [noisy.argmax(axis=1).astype(np.int64)],
        "regression": [noisy[:, 0]],
    }[kind]
    classes = {"binary": ("no", "yes"), "regression": ()}.get(kind, tuple(map(str, range(tasks))))
    made = [
        Task(f"made/{i}", "t", "d", "genomic properties", kind, "made", 1, genes, y, classes)
        for i, y in enumerate(labels)
    ]
    p = specs.profiles()["ci"].model_copy(update={"folds": folds})
    cut = np.stack([splits.folds(t, "random", n_folds=folds, seed=p.seed) for t in made])
    model = next(iter(specs.models().values())).model_copy(
        update={"name": "made-up", "encoder": "columns"}
    )
    cell = Cell("ci", "made-up", "random", "linear", tuple(t.name for t in made), "made up")
    block = Block(tuple(made), np.ones(n, bool), ((cut, [""] * len(made)),))
    return cell, "0" * 16, model, p, 2e9, block, Embedding(genes, X)


GRID = [
    *[
        ("binary", n, d, t)
        for n, d, t in (
            (300, 16, 1),
            (300, 384, 1),
            (1500, 16, 8),
            (1500, 384, 8),
            (4500, 50, 64),
            (4500, 384, 64),
            (4500, 384, 1),
            (1500, 1000, 32),
            (4500, 1, 64),
            (4500, 1000, 16),
            (1500, 4, 64),
            (9000, 100, 32),
        )
    ],
    *[
        ("multilabel", n, d, t)
        for n, d, t in (
            (1000, 16, 5),
            (1000, 384, 20),
            (4500, 50, 20),
            (4500, 384, 10),
            (4500, 4, 20),
        )
    ],
    *[
        ("multiclass", n, d, t)
        for n, d, t in ((300, 16, 3), (300, 384, 5), (1500, 50, 10), (3000, 384, 5), (3000, 4, 5))
    ],
    *[
        ("regression", n, d, 1)
        for n, d in ((300, 16), (300, 384), (3000, 50), (4500, 384), (4500, 4))
    ],
]
"""Made-up cells that are measured: kind, genes, dimensions, tasks (or classes)."""


def measured(
    *, folds: int = 5, progress: Callable[[str, int, int], None] = lambda *told: None
) -> pd.DataFrame:
    """CPU seconds of each made-up cell, the least of two runs: columns ``kind, n, d, tasks, folds, cpu_s``."""
    rows = []
    run.measure(*_made_up("binary", 200, 8, 2, folds))  # imports
    for done, (kind, n, d, tasks) in enumerate(GRID, start=1):
        given = _made_up(kind, n, d, tasks, folds)
        spent = []
        for _ in range(2):
            start = time.process_time()
            run.measure(*given)
            spent.append(time.process_time() - start)
        rows.append((kind, n, d, tasks, folds, min(spent)))
        progress("cells", done, len(GRID))
    return pd.DataFrame(rows, columns=["kind", "n", "d", "tasks", "folds", "cpu_s"])


def around() -> pd.DataFrame:
    """CPU seconds of what stands around the cells, per task and 1,000 genes: columns ``kind, term, seconds``.

    ``interval``: for the draws (term cell), and for each model (term fit). ``folds``: to cut whole groups (term cell).
    """
    (task,) = _made_up("binary", 3000, 4, 1, 5)[5].tasks
    spent = {}
    for models in (1, 17):
        weight = bootstrap.weights(task.entities, seed=0)
        start = time.process_time()
        for _ in range(3):
            for _ in range(2):
                p = np.random.default_rng(0).random((len(task), models))
                found = [
                    bootstrap.influence("binary", task.labels, q, np.arange(len(task)) % 5)[1]
                    for q in p.T
                ]
                bootstrap.moves(np.stack(found, axis=1), weight, (np.arange(len(task)),)).std(
                    axis=1
                )
        spent[models] = (time.process_time() - start) / 3 / 3
    start = time.process_time()
    splits.folds(task, "stem", n_folds=5, seed=0)
    cutting = (time.process_time() - start) / 3
    model = (spent[17] - spent[1]) / 16
    rows = [
        ("interval", "cell", max(0.0, spent[1] - model)),
        ("interval", "fit", model),
        ("folds", "cell", cutting),
    ]
    return pd.DataFrame(rows, columns=["kind", "term", "seconds"])


def fitted(frame: pd.DataFrame) -> pd.DataFrame:
    """Seconds of each term for each kind, none below 0, nearest in relative error: columns ``kind, term, seconds``."""
    from scipy.optimize import nnls

    out = []
    for kind, part in frame.groupby("kind", sort=False):
        A = np.array([terms(r.n, r.d, r.tasks, r.folds) for r in part.itertuples()])
        weight = 1 / part.cpu_s.to_numpy()
        found, _ = nnls(A * weight[:, None] / A.max(axis=0), np.ones(len(part)))
        out += [(kind, term, s) for term, s in zip(TERMS, found / A.max(axis=0))]
    return pd.DataFrame(out, columns=["kind", "term", "seconds"])


def reference() -> float:
    """CPU seconds of a fixed piece of linear algebra: how fast a machine is, and how fast it is now."""
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


# --- planned ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What is left of a run. ``stages``: one row a stage (``stage, units, to do, bytes, core hours``); ``shipped``:
    bytes that a worker of a cluster is sent in all; ``workers``: how many end it within ``HOURS``; ``told``: notes."""

    stages: pd.DataFrame
    shipped: float
    workers: int
    told: list[str]


def _coefficients() -> tuple[dict[str, np.ndarray], float]:
    """Seconds of each term by kind, and how much slower this machine is now than when they were measured."""
    path = paths.PERF / "costs.csv"
    if not path.exists():
        raise BadInput(f"{path}: no cost model was measured yet; run 'python -m benchmarks.costs'.")
    frame = pd.read_csv(path)
    by = {
        k: p.set_index("term").seconds.reindex(TERMS).to_numpy()
        for k, p in frame.groupby("kind", sort=False)
    }
    return {**by, "pair": by["binary"]}, reference() / float(by["reference"][0])


def _size(spec: ModelSpec, universe: np.ndarray) -> tuple[np.ndarray, int, bool]:
    """Which genes of the universe a model covers, (n,) bool, in how many dimensions, and whether that is known."""
    kept = inference.path(spec, universe, specs.declared())
    if not kept.exists():
        return np.ones(len(universe), bool), spec.dim or 384, False
    with np.load(kept, allow_pickle=False) as held:
        return np.isin(universe, held["entities"]), int(cache.facts(kept)["shape"][1]), True


def _fitted_tasks(block: list[Task], inside: np.ndarray, p: ProfileSpec) -> list[Task]:
    """The tasks of a block that have enough genes of each class among those that a model covers."""
    if block[0].kind not in ("binary", "pair"):
        return block
    counts = [np.bincount(t.labels[inside], minlength=2).min() for t in block]
    return [t for t, number in zip(block, counts) if number >= p.min_per_class]


def estimated(
    cell: Cell,
    block: list[Task],
    spec: ModelSpec,
    p: ProfileSpec,
    inside: np.ndarray,
    d: int,
    by: dict,
):
    """(seconds of one core, bytes kept) of a cell whose model covers ``inside`` of the block's entities."""
    able, n, kind = _fitted_tasks(block, inside, p), int(inside.sum()), block[0].kind
    if not able or n == 0:
        return by[kind][0] * p.repeats, 11_000.0
    wide = len(block[0].classes) if kind in ("multilabel", "multiclass") else len(able)
    d = {"oracle": len(block[0].classes) if kind == "multiclass" else 1}.get(spec.encoder, d)
    seconds = (
        float(by[kind] @ terms(n, d * (2 if kind == "pair" else 1), wide, p.folds)) * p.repeats
    )
    values = wide if kind in ("multilabel", "multiclass") else 1
    choices = len(metrics.of_kind(kind)) + (2 if inside.mean() < 1 else 1)
    return seconds, p.repeats * len(able) * (
        n * (5 + 2 * values) + 1000 + 12 * p.folds * choices
    ) + 11_000.0


def make(profile: str, chosen: list[Cell], *, scale: tuple[int, int] | None = None) -> Plan:
    """The plan of these cells of a profile; with ``scale``, as if it had that many tasks × models of the same kinds.

    Raises: BadInput: no cost model was measured.
    """
    by, slower = _coefficients()
    held = plan.context(profile)
    sizes = {
        name: _size(specs.model(name), held.universe)
        for name in dict.fromkeys(c.model for c in chosen)
    }
    rows = list(_cells(held, chosen, sizes, {k: v * slower for k, v in by.items()}))
    frame = pd.DataFrame(rows, columns=["model", "split", "tasks", "seconds", "bytes", "done"])
    vectors = pd.DataFrame(
        [(m, 4.0 * inside.sum() * d, known) for m, (inside, d, known) in sizes.items()],
        columns=["model", "bytes", "known"],
    )
    blocks = {(c.split, c.tasks): c for c in chosen}
    labels = sum(bytes_of([held.tasks[n].labels for n in c.tasks]) * 1.2 for c in blocks.values())
    told = [
        f"this machine is now {slower:.2f} times as slow as the one on which the costs were measured"
    ]
    factor = 1.0
    if scale:
        factor = scale[0] * scale[1] / (len({t for c in chosen for t in c.tasks}) * len(sizes))
        told.append(
            f"as if there were {scale[0]:,} tasks × {scale[1]:,} models: {factor:,.0f} times as many pairs"
        )
    if not vectors.known.all():
        absent = vectors.model[~vectors.known]
        told.append(
            f"{len(absent)} models have no vectors yet (first '{absent.iloc[0]}'): their time is not counted"
        )
    beside = _beside(held, blocks.values(), len(sizes), {k: v * slower for k, v in by.items()})
    stages = _stages(frame, vectors, len(blocks), scale, factor, held, beside)
    left = stages["core hours"].sum()
    most = max(1, int(stages.loc[stages.stage == "cells", "to do"].iloc[0]))
    shipped = vectors.bytes.sum() * (scale[1] / len(sizes) if scale else 1)
    shipped += labels * (scale[0] / len({t for c in chosen for t in c.tasks}) if scale else 1)
    return Plan(stages, shipped, min(most, max(1, math.ceil(left / HOURS))), told)


def of_cells(held: plan.Context, chosen: list[Cell]) -> list[tuple]:
    """(model, split, number of tasks, seconds, bytes, whether it is in the cache) of each cell, on this machine now."""
    by, slower = _coefficients()
    sizes = {
        name: _size(specs.model(name), held.universe)
        for name in dict.fromkeys(c.model for c in chosen)
    }
    return list(_cells(held, chosen, sizes, {k: v * slower for k, v in by.items()}))


def _cells(held: plan.Context, chosen: list[Cell], sizes: dict, by: dict) -> Iterator[tuple]:
    """(model, split, number of tasks, seconds, bytes, whether it is in the cache) of each cell."""
    at = {}
    for c in chosen:
        block = [held.tasks[n] for n in c.tasks]
        if c.tasks not in at:
            at[c.tasks] = [np.searchsorted(held.universe, part) for part in block[0].parts]
        inside, d, _ = sizes[c.model]
        covered = np.logical_and.reduce([inside[a] for a in at[c.tasks]])
        seconds, size = estimated(c, block, specs.model(c.model), held.profile, covered, d, by)
        yield c.model, c.split, len(c.tasks), seconds, size, plan.cell_path(c).exists()


def _beside(
    held: plan.Context, blocks: Iterable[Cell], models: int, by: dict
) -> tuple[float, float]:
    """Seconds of one core to cut the folds that are kept, and to make the boards of intervals."""
    cut, board = 0.0, 0.0
    for c in blocks:
        size = sum(len(held.tasks[n]) for n in c.tasks) / 1000 * held.profile.repeats
        cut += by["folds"][0] * size * (c.split != "random")
        board += (by["interval"][0] + by["interval"][1] * models) * size
    return cut, board


def _stages(
    frame, vectors, blocks: int, scale, factor: float, held: plan.Context, beside
) -> pd.DataFrame:
    waiting = frame if scale else frame[~frame.done]
    full = (
        held.profile.block / max(1.0, frame.tasks.mean()) if scale else 1.0
    )  # more tasks fill the blocks
    pairs = frame.tasks.sum() * factor
    boards = int(np.ceil(blocks * (factor * len(vectors) / scale[1] if scale else 1) / full))
    models = scale[1] if scale else len(vectors)
    rows = [
        (
            "embeddings",
            models,
            models if scale else int((~vectors.known).sum()),
            vectors.bytes.sum() * models / len(vectors),
            0.0,
        ),
        (
            "folds",
            boards,
            boards,
            pairs / len(vectors) * 1000.0,
            beside[0] * factor * len(vectors) / models / 3600,
        ),
        (
            "cells",
            math.ceil(len(frame) * factor / full),
            math.ceil(len(waiting) * factor / full),
            waiting.bytes.sum() * factor,
            waiting.seconds.sum() * factor / 3600,
        ),
        ("intervals", boards, boards, pairs * 4.0 * bootstrap.DRAWS, beside[1] * factor / 3600),
    ]
    return pd.DataFrame(rows, columns=["stage", "units", "to do", "bytes", "core hours"])


STAGES = ("prepare", "embeddings", "cells", "intervals")
"""Stages of a run, in their order."""


def spent(held: dict) -> pd.DataFrame:
    """What a run took, by model, from its manifest: columns model, cells, tasks (fitted, over all splits),
    embedding_s, fits_s (CPU seconds; of cells without a note of the CPU, seconds of the clock), mean_s (a cell).

    A model whose vectors were made before such notes were kept has no embedding_s.
    """
    frame = pd.DataFrame(held["cells"])
    frame["cpu_s"] = frame.get("cpu_s", frame.seconds).fillna(frame.seconds)
    by = frame.groupby("model").agg(
        cells=("n", "size"), tasks=("n", "sum"), fits_s=("cpu_s", "sum")
    )
    by["embedding_s"] = pd.Series(
        {m: noted.get("cpu_s") for m, noted in held.get("embeddings", {}).items()}, dtype=float
    )
    by["mean_s"] = by.fits_s / by.cells
    wanted = ["cells", "tasks", "embedding_s", "fits_s", "mean_s"]
    return (
        by.loc[[m for m in held["models"] if m in by.index], wanted]
        .rename_axis("model")
        .reset_index()
    )


def numbers(held: dict) -> dict[str, object]:
    """What prose quotes of a run's costs: cells, the device, CPU minutes of all fits and of all embeddings."""
    table = spent(held)
    minutes = {name: f"{table[name].sum() / 60:.0f}" for name in ("fits_s", "embedding_s")}
    return {
        "cells": len(held["cells"]),
        "device": held["device"],
        "fits": minutes["fits_s"],
        "embeddings": minutes["embedding_s"],
    }


def words(held: dict) -> str:
    """What a run cost and on what, in one sentence of Markdown."""
    told, minutes = numbers(held), held["wall_s"]["run"] / 60
    return (
        f"**{told['cells']:,} cells on {told['device']}: {minutes:.0f} minutes by the clock; CPU minutes: "
        f"{told['fits']} of probes, {told['embeddings']} of embeddings.**"
    )


def stages(held: dict) -> pd.DataFrame:
    """Seconds of the clock of each stage of the run that wrote a manifest: columns stage, seconds, and its memory.

    ``peak_mb`` is that of the largest process, known for the whole run alone.
    """
    took = held["wall_s"].get("stages", {})
    rows = [{"stage": name, "seconds": took[name]} for name in STAGES if name in took]
    whole = "the whole run" if took else "writing the tables (every cell was cached by then)"
    rows.append(
        {"stage": whole, "seconds": held["wall_s"]["run"], "peak_mb": held["peak_memory_mb"]}
    )
    return pd.DataFrame(rows)


def main() -> None:
    """Measure the cost model on this machine and write it."""
    from ..core.progress import Reporter

    with Reporter() as report:
        seen = measured(progress=report.step)
    found = fitted(seen)
    told = {
        k: p.set_index("term").seconds.reindex(TERMS).to_numpy() for k, p in found.groupby("kind")
    }
    guess = [told[r.kind] @ terms(r.n, r.d, r.tasks, r.folds) for r in seen.itertuples()]
    print(
        seen.assign(model=np.round(guess, 3), ratio=np.round(guess / seen.cpu_s, 2)).to_string(),
        file=sys.stderr,
    )
    machine = pd.DataFrame([("reference", TERMS[0], reference())], columns=found.columns)
    frame = pd.concat([found, around(), machine], ignore_index=True).assign(version=probes.VERSION)
    results.write_csv(frame, paths.PERF / "costs.csv")


if __name__ == "__main__":
    main()
