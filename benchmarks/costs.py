"""Measure the cost model of ``genebench run --dry-run`` on this machine: ``python -m
benchmarks.costs``.

Times made-up cells of every kind (a minute and a half of one core) and writes
``data/results/perf/costs.csv``.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from genebench import probes
from genebench.benchmark import fit, results, splits
from genebench.benchmark.costs import TERMS, reference, terms
from genebench.benchmark.plan import Block, Cell
from genebench.core import paths, specs
from genebench.core.progress import Reporter
from genebench.core.workers import Progress, quiet
from genebench.data.tasks import Task
from genebench.models import Embedding
from genebench.stats import bootstrap

FOLDS = 5
GRID = {
    "binary": [
        *[(300, 16, 1), (300, 384, 1), (1500, 16, 8), (1500, 384, 8), (4500, 50, 64)],
        *[(4500, 384, 64), (4500, 384, 1), (1500, 1000, 32), (4500, 1, 64), (4500, 1000, 16)],
        *[(1500, 4, 64), (9000, 100, 32)],
    ],
    "multilabel": [(1000, 16, 5), (1000, 384, 20), (4500, 50, 20), (4500, 384, 10), (4500, 4, 20)],
    "multiclass": [(300, 16, 3), (300, 384, 5), (1500, 50, 10), (3000, 384, 5), (3000, 4, 5)],
    "regression": [(300, 16, 1), (300, 384, 1), (3000, 50, 1), (4500, 384, 1), (4500, 4, 1)],
}
"""Kind of task -> (genes, dimensions, tasks or classes) of the cells that are timed."""


def made_up(kind: str, n: int, d: int, tasks: int) -> tuple:
    """What ``fit.compute`` takes: normal vectors, and labels that follow them in part."""
    rng = np.random.default_rng(n + d + tasks)
    X = rng.standard_normal((n, d)).astype(np.float32)
    X *= (np.arange(1, d + 1) ** -0.5).astype(np.float32)  # variances fall off, as real ones do
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
    about = ("t", "d", "genomic properties", kind, "made", 1, genes)
    block = tuple(Task(f"made/{i}", *about, y, classes) for i, y in enumerate(labels))
    declared = specs.declared()
    profile = declared.profiles["ci"].model_copy(update={"folds": FOLDS})
    numbers = {"n_folds": FOLDS, "seed": profile.seed, "sources": {}}
    fold = np.stack([splits.folds(t, "random", **numbers) for t in block])
    changed = {"name": "made-up", "encoder": "columns"}
    spec = next(iter(declared.models.values())).model_copy(update=changed)
    cell = Cell("made-up", "random", "linear", tuple(t.name for t in block))
    shared = Block(block, np.ones(n, bool), ((fold, [""] * len(block)),))
    return cell, "0" * 16, spec, profile, 2e9, shared, Embedding(genes, X)


def measure(progress: Progress = quiet) -> pd.DataFrame:
    """CPU seconds of each cell of ``GRID``, least of two: ``kind, n, d, tasks, folds, cpu_s``."""
    rows, cases = [], [(kind, *size) for kind, sizes in GRID.items() for size in sizes]
    fit.compute(*made_up("binary", 200, 8, 2))  # imports
    for done, (kind, n, d, tasks) in enumerate(cases, start=1):
        parts = made_up(kind, n, d, tasks)
        spent = min(fit.compute(*parts).cpu_s for _ in range(2))
        rows.append((kind, n, d, tasks, FOLDS, spent))
        progress("cells", done, len(cases))
    return pd.DataFrame(rows, columns=["kind", "n", "d", "tasks", "folds", "cpu_s"])


def around() -> pd.DataFrame:
    """CPU seconds of what stands around the cells, per task and 1,000 genes: ``kind, term,
    seconds``.

    ``interval``: of the draws (term cell), and of each model (term fit). ``folds``: of whole groups
    (term cell).
    """
    (task,) = made_up("binary", 3000, 4, 1)[5].tasks
    thousands, spent = len(task) / 1000, {}
    fold, places = np.arange(len(task)) % FOLDS, (np.arange(len(task)),)
    for models in (1, 17):
        weight = bootstrap.weights(task.entities, seed=0)
        start = time.process_time()
        for _ in range(2 * 3):
            P = np.random.default_rng(0).random((models, len(task)))
            moved = [bootstrap.influence("binary", task.labels, p, fold)[1] for p in P]
            bootstrap.moves(np.stack(moved, axis=1), weight, places).std(axis=1)
        spent[models] = (time.process_time() - start) / 3 / thousands
    start = time.process_time()
    splits.folds(task, "stem", n_folds=FOLDS, seed=0, sources={})
    folds = (time.process_time() - start) / thousands
    model = (spent[17] - spent[1]) / 16
    draws = max(0.0, spent[1] - model)
    rows = [("interval", "cell", draws), ("interval", "fit", model), ("folds", "cell", folds)]
    return pd.DataFrame(rows, columns=["kind", "term", "seconds"])


def fitted(frame: pd.DataFrame) -> pd.DataFrame:
    """Seconds of each term by kind, none below 0, nearest in relative error: ``kind, term,
    seconds``.
    """
    out = []
    for kind, part in frame.groupby("kind", sort=False):
        A = np.array([terms(r.n, r.d, r.tasks, r.folds) for r in part.itertuples()])
        largest, weight = A.max(axis=0), 1 / part.cpu_s.to_numpy()
        seconds = nnls(A * weight[:, None] / largest, np.ones(len(part)))[0] / largest
        out += [(kind, term, s) for term, s in zip(TERMS, seconds)]
    return pd.DataFrame(out, columns=["kind", "term", "seconds"])


def main() -> None:
    """Measure the cost model on this machine and write it."""
    with Reporter() as report:
        cells = measure(progress=report.step)
    model = fitted(cells)
    by = {
        k: p.set_index("term").seconds.reindex(TERMS).to_numpy() for k, p in model.groupby("kind")
    }
    guess = [by[r.kind] @ terms(r.n, r.d, r.tasks, r.folds) for r in cells.itertuples()]
    shown = cells.assign(model=np.round(guess, 3), ratio=np.round(guess / cells.cpu_s, 2))
    print(shown.to_string(), file=sys.stderr)
    machine = pd.DataFrame([("reference", TERMS[0], reference())], columns=model.columns)
    frame = pd.concat([model, around(), machine], ignore_index=True)
    results.write_csv(frame.assign(version=probes.VERSION), paths.PERF / "costs.csv")


if __name__ == "__main__":
    main()
