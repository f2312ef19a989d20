"""How fast the probe engine is, beside what the field runs and beside the best that a skilled user
would write.

Everything is measured in one process, on one core, side by side: CPU seconds, medians of
alternating runs. Each answer is held against one reference solution in double precision at a tight
tolerance.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench import probes
from genebench.benchmark import plan, splits
from genebench.core import manifest, paths
from genebench.core.cache import atomic
from genebench.core.errors import BadInput
from genebench.data.tasks import Task
from genebench.models import inference
from genebench.stats import metrics

COLUMNS = [
    "case",
    "kind",
    "n",
    "d",
    "n_tasks",
    "device",
    "against",
    "ours_cpu_s",
    "theirs_cpu_s",
    "ratio",
    "max_abs_delta_auroc",
    "peak_mb",
]
VECTORS = {384: ["minilm-symbol"], 768: ["minilm-symbol", "minilm-name"], 1024: ["bag-of-words"]}
"""Real vectors: MiniLM on the symbol, joined with MiniLM on the full name, and word counts, whose
columns are of very unequal scale: the bag of words of gene-benchmark."""

CASES = (
    "genecorpus/dosage-sensitive-tf",
    "humantfs/tf-vs-non-tf",
    "genecorpus/n1-target",
    "reactome/pathways/metabolism",
    "uniprot/ligand",
    "uniprot/ptm",
    "reactome/pathways",
    "hpa/ccd-protein",
    "hpa/secretome-location",
    "hpa/rna-tissue-specificity",
    "hpa/prognostics-liver-cancer",
)
"""Tasks of profile ``paper``: every kind, from hundreds of genes to all; beyond the least d, every
third of them."""

REFERENCE_FOLDS = 1
"""Folds whose reference solution is computed."""

LONG = 5.0
"""CPU seconds from which a run is not repeated."""


@dataclass(frozen=True, eq=False)
class Case:
    """Vectors (n, d), labels (n,) or (n, n_tasks) and folds of the same shape (of a multi-label
    task: (n,)).
    """

    name: str
    kind: str
    X: np.ndarray
    y: np.ndarray
    folds: np.ndarray

    @property
    def n_tasks(self) -> int:
        """Tasks or labels that are fitted."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]


def vectors(d: int, profile: str) -> tuple[np.ndarray, np.ndarray]:
    """Genes that every model of ``VECTORS[d]`` covers, (n,), and joined vectors, (n, d)."""
    made_plan = plan.make(profile)
    made = [
        inference.embed(made_plan.declared.model(name), made_plan.universe, made_plan.declared)
        for name in VECTORS[d]
    ]
    genes = made[0].entities
    for one in made[1:]:
        genes = np.intersect1d(genes, one.entities)
    return genes, np.hstack([one.vectors[one.rows(genes)] for one in made])


def case(task: Task, genes: np.ndarray, X: np.ndarray, *, n_folds: int = 5, seed: int = 0) -> Case:
    """A task on the genes that have vectors, with its seeded random folds."""
    at = np.searchsorted(genes, task.entities).clip(max=len(genes) - 1)
    has = genes[at] == task.entities
    fold = splits.folds(task, "random", n_folds=n_folds, seed=seed, sources={})
    return Case(task.name, task.kind, X[at[has]], task.labels[has], fold[has])


def ours(c: Case, *, standardise: bool, device: str = "cpu") -> np.ndarray:
    """Out-of-fold values by the probe engine, everything included."""
    return probes.predict(c.X, c.y, c.folds, kind=c.kind, standardise=standardise, device=device)


def peer(c: Case) -> np.ndarray:
    """gene-benchmark's path: ``cross_validate`` of ``LogisticRegression(max_iter=5000)`` on the
    vectors as they are.

    One call a task; multi-label tasks by ``MultiOutputClassifier`` (arXiv 2412.04075). Returns
    out-of-fold values.
    """
    out = None
    for column, y, fold in _tasks(c):
        sides = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)]
        model = LogisticRegression(max_iter=5000)
        model = MultiOutputClassifier(model) if y.ndim == 2 else model
        done = cross_validate(model, c.X, y, cv=sides, return_estimator=True, scoring=_predicts)
        values = _collect(c, done["estimator"], sides, y)
        out = _place(out, values, column, c)
    return out


def _predicts(model, X, y) -> float:
    """A scorer that costs one prediction, as every scorer does."""
    return float(np.asarray(model.predict_proba(X)).shape[-1])


def best(c: Case, solver: str) -> np.ndarray:
    """What a skilled user would write: standardised, single precision.

    ``lbfgs`` warm from fold to fold, or Newton.
    """
    X = c.X.astype(np.float32)
    out = None
    for column, y, fold in _tasks(c):
        sides = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)]
        scaled = [StandardScaler().fit(X[train]) for train, _ in sides]
        columns = [y] if y.ndim == 1 else list(y.T)
        parts = []
        for label in columns:
            model = LogisticRegression(
                solver=solver, tol=1e-4, max_iter=1000, warm_start=solver == "lbfgs"
            )
            values = []
            for (train, test), scale in zip(sides, scaled):
                model.fit(scale.transform(X[train]), label[train])
                values.append(_values(model, scale.transform(X[test])))
            parts.append(values)
        out = _place(out, _stack(c, parts, sides, y), column, c)
    return out


def reference(c: Case, *, standardise: bool) -> np.ndarray:
    """Values of the first folds' test entities at the optimum, in double precision; NaN elsewhere.

    Binary fits by scikit-learn's Newton solver to 1e-9; several classes by its L-BFGS to 1e-8.
    """
    out = None
    for column, y, fold in _tasks(c):
        sides = [
            (np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(REFERENCE_FOLDS)
        ]
        columns = [y] if y.ndim == 1 else list(y.T)
        parts = []
        for label in columns:
            values = []
            for train, test in sides:
                two = len(np.unique(label)) == 2
                fit = LogisticRegression(
                    solver="newton-cholesky" if two else "lbfgs",
                    tol=1e-9 if two else 1e-8,
                    max_iter=20000,
                )
                model = make_pipeline(StandardScaler(), fit) if standardise else fit
                model.fit(c.X[train].astype(np.float64), label[train])
                values.append(_values(model, c.X[test].astype(np.float64)))
            parts.append(values)
        out = _place(out, _stack(c, parts, sides, y, fill=np.nan), column, c)
    return out


def _tasks(c: Case) -> Iterator[tuple[int | None, np.ndarray, np.ndarray]]:
    if c.kind == "binary" and c.y.ndim == 2:
        for t in range(c.y.shape[1]):
            yield t, c.y[:, t], c.folds[:, t]
    else:
        yield None, c.y, c.folds


def _values(model, X: np.ndarray) -> np.ndarray:
    values = model.decision_function(X)
    if values.ndim == 1:
        return values
    return (
        values
        - np.log(np.exp(values - values.max(1, keepdims=True)).sum(1, keepdims=True))
        - values.max(1, keepdims=True)
    )


def _collect(c: Case, models: list, sides: list, y: np.ndarray) -> np.ndarray:
    if y.ndim == 1:
        return _stack(c, [[_values(m, c.X[test]) for m, (_, test) in zip(models, sides)]], sides, y)
    parts = [
        [_values(m.estimators_[j], c.X[test]) for m, (_, test) in zip(models, sides)]
        for j in range(y.shape[1])
    ]
    return _stack(c, parts, sides, y)


def _stack(c: Case, parts: list, sides: list, y: np.ndarray, fill: float = 0.0) -> np.ndarray:
    width = y.shape[1:] if y.ndim == 2 else parts[0][0].shape[1:]
    out = np.full((len(y), *width), fill)
    for j, values in enumerate(parts):
        for (_, test), value in zip(sides, values):
            if y.ndim == 2:
                out[test, j] = value
            else:
                out[test] = value
    return out


def _place(out: np.ndarray | None, values: np.ndarray, column: int | None, c: Case) -> np.ndarray:
    if column is None:
        return values
    out = np.zeros(c.y.shape) if out is None else out
    out[:, column] = values
    return out


def delta(c: Case, values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Absolute differences of AUROC (weighted over classes or labels) from the reference, one a
    task and fold.
    """
    out = []
    for column, y, fold in _tasks(c):
        mine, ref = (
            v.reshape(len(y), -1) if column is None else v[:, [column]] for v in (values, truth)
        )
        for k in range(REFERENCE_FOLDS):
            test = fold == k
            if metrics.scorable("multilabel" if y.ndim == 2 else c.kind, y[test]):
                out.append(abs(_auroc(c, y[test], mine[test]) - _auroc(c, y[test], ref[test])))
    return np.array(out)


def _auroc(c: Case, y: np.ndarray, values: np.ndarray) -> float:
    name = metrics.main(c.kind)
    return metrics.score(c.kind, y, values if values.shape[1] > 1 else values[:, 0], [name])[name]


def timed(
    functions: dict[str, Callable[[], np.ndarray]], *, runs: int = 3
) -> tuple[dict[str, float], dict]:
    """Median CPU seconds of each function over alternating runs, and each one's last answer.

    Long ones run once.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    answers = {}
    for turn in range(runs):
        for name, function in functions.items():
            if turn and seconds[name][0] > LONG:
                continue
            start = time.process_time()
            answers[name] = function()
            seconds[name].append(time.process_time() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}, answers


def compare(c: Case, *, device: str = "cpu") -> tuple[list[dict], list[dict]]:
    """Rows of ``COLUMNS`` of one case against the peer and against the best, and rows of
    everybody's distance.
    """
    rows, distances = [], []
    newton = len(np.unique(c.y)) == 2
    for against, standardise in (("peer", False), ("best", True)):
        theirs = (
            {"peer": lambda: peer(c)} if against == "peer" else {"lbfgs": lambda: best(c, "lbfgs")}
        )
        if against == "best" and newton:
            theirs["newton-cholesky"] = lambda: best(c, "newton-cholesky")
        truth = reference(c, standardise=standardise)
        seconds, answers = timed(
            {"ours": lambda s=standardise: ours(c, standardise=s, device=device), **theirs}
        )
        away = {name: delta(c, values, truth) for name, values in answers.items()}
        good = [n for n in theirs if away[n].max() <= 1e-3] or list(theirs)
        fastest = min(good, key=seconds.get)
        rows.append(
            row(c, against, seconds["ours"], seconds[fastest], device)
            | {"max_abs_delta_auroc": away["ours"].max()}
        )
        distances += [
            {
                "case": c.name,
                "d": c.X.shape[1],
                "standardised": standardise,
                "solver": name,
                "cpu_s": seconds[name],
                "max": a.max(),
                "median": np.median(a),
            }
            for name, a in away.items()
        ]
    return rows, distances


def row(c: Case, against: str, mine: float, theirs: float, device: str) -> dict:
    """One row of ``COLUMNS`` without the agreement."""
    return {
        "case": c.name,
        "kind": c.kind,
        "n": len(c.X),
        "d": c.X.shape[1],
        "n_tasks": c.n_tasks,
        "device": device,
        "against": against,
        "ours_cpu_s": mine,
        "theirs_cpu_s": theirs,
        "ratio": theirs / mine,
        "max_abs_delta_auroc": np.nan,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def together(rows: list[dict]) -> list[dict]:
    """Rows of all cases together: sums of seconds, against the peer and against the best."""
    out = []
    for against in ("peer", "best"):
        these = [r for r in rows if r["against"] == against]
        mine, theirs = (sum(r[name] for r in these) for name in ("ours_cpu_s", "theirs_cpu_s"))
        whole = {"case": "all of the above", "kind": "all", "n": max(r["n"] for r in these)}
        whole |= {
            "n_tasks": sum(r["n_tasks"] for r in these),
            "ours_cpu_s": mine,
            "theirs_cpu_s": theirs,
        }
        whole |= {
            "ratio": theirs / mine,
            "max_abs_delta_auroc": max(r["max_abs_delta_auroc"] for r in these),
        }
        out.append(these[-1] | whole)
    return out


def block(
    found: dict[str, Task], genes: np.ndarray, X: np.ndarray, n_tasks: int, *, least: int = 30
) -> Case:
    """Binary tasks on the same genes.

    The labels of the Reactome task and of its sets, then chance labels like them.

    Up to the number of real tasks they are real; beyond, a task's labels are dealt out anew with
    its own seed, so that the size of every class stays real.
    """
    whole = found["reactome/pathways"]
    real = [
        t for t in found.values() if t.kind == "binary" and t.entities_hash == whole.entities_hash
    ]
    made = [case(t, genes, X, seed=i) for i, t in enumerate(real[:n_tasks])]
    labels, folds = [c.y for c in made], [c.folds for c in made]
    for i in range(len(made), n_tasks):
        rng = np.random.default_rng(i)
        like = made[i % len(made)]
        deal = rng.permutation(len(like.y))
        labels.append(like.y[deal])
        folds.append(like.folds[deal])
    return Case(f"block of {n_tasks}", "binary", made[0].X, np.stack(labels, 1), np.stack(folds, 1))


def measure(
    profile: str = "paper",
    *,
    dims: tuple[int, ...] = tuple(VECTORS),
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure everything (about half an hour on one core).

    Returns rows of ``COLUMNS``, and the distances.
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    found = plan.make(profile).tasks
    rows, distances = [], []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for d in dims:
            genes, X = vectors(d, profile)
            few = block(found, genes, X, 10)
            seconds, _ = timed(
                {"best": lambda c=few: best(c, "lbfgs"), "peer": lambda c=few: peer(c)}
            )
            for n_tasks in (1, 10, 100, 300):
                many = block(found, genes, X, n_tasks)
                for against, s in (("best", True), ("peer", False)):
                    alone = timed(
                        {"ours": lambda c=many, s=s: ours(c, standardise=s, device=device)}
                    )[0]["ours"]
                    rows.append(
                        row(many, against, alone, seconds[against] * n_tasks / few.n_tasks, device)
                    )
                say(f"{n_tasks} tasks d={d}: {alone / n_tasks:.3f} s a task")
            these = []
            for name in CASES if d == min(dims) else CASES[::3]:
                more, away = compare(case(found[name], genes, X), device=device)
                these, distances = these + more, distances + away
                write(
                    pd.DataFrame(rows + these)[COLUMNS], pd.DataFrame(distances)
                )  # one case at most is lost
                say(
                    ", ".join(f"{r['case']} d={d} {r['against']}: {r['ratio']:.1f} ×" for r in more)
                )
            rows += these + together(these)
    rows.append(largest())
    return pd.DataFrame(rows)[COLUMNS], pd.DataFrame(distances)


def largest(n_tasks: int = 300, n: int = 20000, d: int = 4096, memory: float = 4e9) -> dict:
    """The largest case that is promised, in a process of its own: ``peak_mb`` is what it takes
    beside X and labels.
    """
    code = (
        f"from genebench import perf_probe; perf_probe.print_largest({n_tasks}, {n}, {d}, {memory})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=paths.ROOT
    )
    seconds, peak = map(float, done.stdout.split())
    name = f"{n_tasks} made-up tasks within {memory / 1e9:.0f} GB"
    return {
        "case": name,
        "kind": "binary",
        "n": n,
        "d": d,
        "n_tasks": n_tasks,
        "device": "cpu",
        "against": "",
        "ours_cpu_s": seconds,
        "theirs_cpu_s": np.nan,
        "ratio": np.nan,
        "max_abs_delta_auroc": np.nan,
        "peak_mb": peak,
    }


def print_largest(n_tasks: int, n: int, d: int, memory: float) -> None:
    """Fit made-up tasks and print CPU seconds and the peak memory (MiB) over that of the data."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((n, 64)).astype(np.float32)
    X = hidden @ rng.standard_normal((64, d)).astype(np.float32)
    for at in range(0, n, 1000):
        X[at : at + 1000] += 4 * rng.standard_normal((len(X[at : at + 1000]), d)).astype(np.float32)
    score = hidden @ rng.standard_normal((64, n_tasks)) + 4 * rng.standard_normal((n, n_tasks))
    Y = (score > 10).astype(np.int8)
    folds = np.stack([rng.permutation(np.arange(n) % 5) for _ in range(n_tasks)], 1).astype(np.int8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    probes.predict(X, Y, folds, kind="binary", memory=memory)
    print(
        time.process_time() - start,
        (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    )


def speeds(*, measured_on: str = "") -> pd.DataFrame:
    """The kept rows of ``COLUMNS``; first measured on a device named. Raises: BadInput.

    Nothing was measured yet.
    """
    if measured_on:
        write(*measure(device=measured_on))
    return _kept("probe")


def distances() -> pd.DataFrame:
    """Everybody's kept distances from the reference solution. Raises: BadInput.

    Nothing was measured yet.
    """
    return _kept("probe_distance")


def _kept(name: str) -> pd.DataFrame:
    path = paths.PERF / f"{name}.csv"
    if not path.exists():
        raise BadInput(f"{path} is not there; run 'python -m benchmarks.probe'.")
    return pd.read_csv(path)


def short(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows, what matters first; the kind of task and the device are left out."""
    first = [
        "case",
        "d",
        "against",
        "ratio",
        "ours_cpu_s",
        "theirs_cpu_s",
        "max_abs_delta_auroc",
        "n_tasks",
    ]
    return rows[[*first, *(c for c in COLUMNS if c not in (*first, "kind", "device"))]]


def blocks(rows: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds per task by number of tasks: columns ``d, n_tasks, who, seconds``."""
    held = rows[rows.case.str.startswith("block of ")]
    parts = []
    for against, vectors_are, theirs in (
        ("best", "standardised", "tuned scikit-learn, standardised"),
        ("peer", "as they are", "gene-benchmark's path, as they are"),
    ):
        part = held[held.against == against]
        parts.append(
            part.assign(who=f"genebench, {vectors_are}", seconds=part.ours_cpu_s / part.n_tasks)
        )
        parts.append(part.assign(who=theirs, seconds=part.theirs_cpu_s / part.n_tasks))
    return pd.concat(parts, ignore_index=True)[["d", "n_tasks", "who", "seconds"]]


def write(rows: pd.DataFrame, distances: pd.DataFrame) -> None:
    """Write ``data/results/perf/probe.csv`` and ``probe_distance.csv``, rounded to four digits."""
    for frame, name in ((rows, "probe"), (distances, "probe_distance")):
        with atomic(paths.PERF / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False, float_format="%.4g")
        manifest.note(paths.PERF / f"{name}.csv")


if __name__ == "__main__":
    write(*measure())
