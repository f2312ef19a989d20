"""Speed of the probe engine beside what a skilled user would run: ``python -m benchmarks.probe``.

Everything runs in one process on one thread. A rival is run at the size that its row names, with
one of our runs right before and one right after, so that both meet the same load; seconds are of
the processor, and of the clock only where nothing else held the processor. A rival counts, and has
a ratio, where its AUROC is within ``NEAR`` of the optimum in double precision.
"""

from __future__ import annotations

import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from genebench import probes
from genebench.benchmark import plan
from genebench.core import manifest, paths
from genebench.core.cache import atomic
from genebench.core.errors import BadInput
from genebench.models import inference
from genebench.probes import curvature, solver
from genebench.probes.features import CHUNK, Features

COLUMNS = (
    "rival kind tasks d n threads ours_cpu_s theirs_cpu_s ours_wall_s theirs_wall_s ratio "
    "max_abs_delta_auroc gemm_fraction curvature_fraction sigmoid_fraction processor "
    "products_share basis_share curvature_share steps_share losses_share"
).split()
LIMITS, SHARES = COLUMNS[12:15], COLUMNS[16:]
"""What the time would be at the processor's rates, over our time; and the parts of our time."""
NEAR = 1e-3
"""Largest difference of a task's AUROC at which two fits are equally good."""
CASES = (
    *[("binary", 1, 384), ("binary", 10, 384), ("binary", 30, 384), ("binary", 100, 384)],
    *[("multiclass", 1, 384), ("binary", 1, 768)],
)
"""Kind, tasks and dimensions. At 384: MiniLM of the symbol on phenotype terms, all of the same
genes; at other dimensions, and of several classes, vectors and labels are made up."""
LARGE = [("binary", 100, 4096)]
"""Measured by itself: rivals would take hours. Compared with the optimum of its first task."""
PATH = "gene-benchmark's path"
SOLVERS = {"lbfgs": (1e-3, 1e-4, 1e-6), "newton-cholesky": (1e-2, 1e-4)}
"""Solver of scikit-learn → tolerances, loosest first."""
LOOP = (1e-2, 3e-3, 1e-3, 3e-4)
"""Tolerances of the batched loop."""


@dataclass(frozen=True, eq=False)
class Case:
    """Vectors (n, d), labels (n, tasks) and folds of their shape, five a task."""

    kind: str
    X: np.ndarray
    Y: np.ndarray
    folds: np.ndarray

    def sides(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Task, its labels, training and tested rows of each task and fold, fold by fold."""
        for k in range(5):
            for t, y in enumerate(self.Y.T):
                yield t, y, np.flatnonzero(self.folds[:, t] != k), self.folds[:, t] == k


def case(kind: str, tasks: int, d: int) -> Case:
    """Make one of ``CASES``."""
    rng = np.random.default_rng(tasks + d)
    if kind == "binary" and d == 384:
        demo = plan.make("demo")
        made = inference.embed(demo.declared.model("minilm-symbol"), demo.universe, demo.declared)
        terms = [task for task in demo.tasks.values() if task.name.startswith("hpo/term/")]
        X = made.vectors[made.rows(terms[0].entities)]
        Y = np.stack([terms[t].labels for t in rng.permutation(len(terms))[:tasks]], axis=1)
    else:
        n, width = (5000, 6) if kind == "multiclass" else (20_000, tasks)
        hidden = rng.standard_normal((n, 32))
        X = hidden @ rng.standard_normal((32, d)) + 4 * rng.standard_normal((n, d))
        score = hidden @ rng.standard_normal((32, width)) + 4 * rng.standard_normal((n, width))
        Y = score.argmax(1)[:, None] if kind == "multiclass" else (score > 9).astype(int)
    cut = StratifiedKFold(5, shuffle=True, random_state=0).split
    folds = np.empty(Y.shape, dtype=int)
    for t, y in enumerate(Y.T):
        for k, (_, test) in enumerate(cut(X, y)):
            folds[test, t] = k
    return Case(kind, X.astype(np.float32), Y, folds)


# --- who is measured: each gives out-of-fold values, (n, tasks) or (n, classes) -------------------


def ours(c: Case, *, standardise: bool = True) -> np.ndarray:
    """Fit by the probe engine, everything included."""
    Y, folds = (c.Y[:, 0], c.folds[:, 0]) if c.kind == "multiclass" else (c.Y, c.folds)
    return probes.predict(c.X, Y, folds, kind=c.kind, standardise=standardise)


def peer(c: Case) -> np.ndarray:
    """``cross_validate`` of ``LogisticRegression(max_iter=5000)`` on the vectors as they are, one
    call a task, as gene-benchmark does (arXiv 2412.04075).
    """
    out = _empty(c)
    for t, y in enumerate(c.Y.T):
        sides = [(np.flatnonzero(c.folds[:, t] != k), c.folds[:, t] == k) for k in range(5)]
        model = LogisticRegression(max_iter=5000)
        done = cross_validate(
            model, c.X, y, cv=[(a, np.flatnonzero(b)) for a, b in sides], return_estimator=True
        )
        for fitted, (_, test) in zip(done["estimator"], sides):
            out[test, slice(None) if c.kind == "multiclass" else t] = fitted.decision_function(
                c.X[test]
            )
    return out


def fitted(c: Case, model: Callable, *, dtype=np.float32, folds: int = 5, scale=True) -> np.ndarray:
    """One fit of scikit-learn a task and fold, on vectors standardised in the fold."""
    X, out = c.X.astype(dtype), _empty(c)
    for t, y, train, test in c.sides():
        if c.folds[test, t][0] >= folds:
            break
        steps = make_pipeline(*[StandardScaler()] * scale, model())
        steps.fit(X[train], y[train])
        of = getattr(steps, "decision_function", steps.predict)
        out[test, slice(None) if c.kind == "multiclass" else t] = of(X[test])
    return out


def _empty(c):
    return np.full((len(c.X), c.Y.max() + 1 if c.kind == "multiclass" else c.Y.shape[1]), np.nan)


def loop(c: Case, *, tolerance: float, history: int = 10) -> np.ndarray:
    """L-BFGS on all tasks and folds together, as a user of PyTorch would write it in an hour.

    Vectors are standardised once, a mask hides the test rows, steps are halved until the loss has
    fallen, and fits leave once the gradient is a share of ``tolerance`` of the first one.
    """
    X = torch.from_numpy(StandardScaler().fit_transform(c.X))
    X = torch.cat([X, X.new_ones(len(X), 1)], 1)
    K, width = 5 * c.Y.shape[1], X.shape[1]
    y = torch.from_numpy(c.Y.T.copy()).float().repeat_interleave(5, 0)
    mask = (
        torch.from_numpy(c.folds.T.copy()).repeat_interleave(5, 0)
        != (torch.arange(5).repeat(K // 5)[:, None])
    )
    penalty = torch.ones(width)
    penalty[-1] = 0  # of the intercept
    result, ids, W, M = X.new_zeros(K, width), torch.arange(K), X.new_zeros(K, width), 0 * y

    def loss(M, W):
        fit = torch.nn.functional.softplus(M).addcmul_(y, M, value=-1).mul_(mask).sum(1)
        return fit + (W * W * penalty).sum(1) / 2

    def gradient(M, W):
        return (torch.sigmoid(M).sub_(y).mul_(mask)) @ X + W * penalty

    now, g, S, G = loss(M, W), gradient(M, W), [], []
    first = g.norm(dim=1)
    while len(ids):
        q, alphas = g.clone(), []
        for s, v in zip(reversed(S), reversed(G)):
            alphas.append((s * q).sum(1, True) / (s * v).sum(1, True).clamp(min=1e-20))
            q -= alphas[-1] * v
        if S:
            q *= (S[-1] * G[-1]).sum(1, True) / G[-1].square().sum(1, True).clamp(min=1e-20)
        else:
            q /= first[:, None]
        for (s, v), alpha in zip(zip(S, G), reversed(alphas)):
            q += s * (alpha - (v * q).sum(1, True) / (s * v).sum(1, True).clamp(min=1e-20))
        along, slope, t = -(q @ X.T), (q * g).sum(1), torch.ones(len(ids))
        for _ in range(30):
            then = loss(M + t[:, None] * along, W - t[:, None] * q)
            bad = then > now - 1e-4 * t * slope + 1e-6 * now.abs()
            if not bad.any():
                break
            t = torch.where(bad, t / 2, t)
        step, old = -t[:, None] * q, g
        W, M, now = W + step, M + t[:, None] * along, then
        g = gradient(M, W)
        S, G = [*S, step][-history:], [*G, g - old][-history:]
        going = g.norm(dim=1) > tolerance * first
        result[ids] = W
        if going.float().mean() < 0.7:
            ids, W, M, y, mask, now, g, first = (
                a[going] for a in (ids, W, M, y, mask, now, g, first)
            )
            S, G = [s[going] for s in S], [v[going] for v in G]
    values = (result @ X.T).view(-1, 5, len(X)).numpy()
    return np.take_along_axis(values, c.folds.T[:, None], 1)[:, 0].T


def rivals(c: Case) -> Iterator[tuple[str, list[tuple[str, Callable]]]]:
    """Name of each rival, and its ways to run, loosest first."""
    yield PATH, [("", partial(peer, c))]
    for name, tolerances in SOLVERS.items():
        if c.kind == "binary" or name == "lbfgs":
            ways = [(f"float32, {t:g}", t, np.float32) for t in tolerances]
            ways.append((f"float64, {tolerances[-1]:g}", tolerances[-1], np.float64))
            yield (
                f"scikit-learn {name}",
                [(label, partial(fitted, c, _logistic(name, t), dtype=x)) for label, t, x in ways],
            )
    if c.kind == "binary":
        yield "batched L-BFGS in torch", [(f"{t:g}", partial(loop, c, tolerance=t)) for t in LOOP]
        yield "ridge (another loss)", [("", partial(fitted, c, partial(Ridge, solver="cholesky")))]


def _logistic(solver, tol):
    return partial(LogisticRegression, solver=solver, tol=tol, max_iter=20_000)


def optimum(c: Case, *, standardise: bool) -> np.ndarray:
    """Values of the first fold in double precision at a tight tolerance; NaN elsewhere."""
    tight = (
        _logistic("lbfgs", 1e-8) if c.kind == "multiclass" else _logistic("newton-cholesky", 1e-9)
    )
    return fitted(c, tight, dtype=np.float64, folds=1, scale=standardise)


# --- measuring ------------------------------------------------------------------------------------


def distance(c: Case, values: np.ndarray, truth: np.ndarray) -> float:
    """Largest absolute difference of AUROC from the optimum over tasks, or classes, of fold 0."""
    labels = c.Y == np.arange(c.Y.max() + 1) if c.kind == "multiclass" else c.Y
    test = [c.folds[:, t % c.folds.shape[1]] == 0 for t in range(labels.shape[1])]
    both = [
        [roc_auc_score(y[rows], v[rows]) for v in pair]
        for y, rows, pair in zip(labels.T, test, zip(_odds(c, values).T, _odds(c, truth).T))
    ]
    return float(np.abs(np.diff(both)).max())


def _odds(c, values):
    """Values that order genes of one class against the rest."""
    if c.kind == "binary":
        return values
    values = values - values.max(1, keepdims=True)
    return values - np.log(np.exp(values).sum(1, keepdims=True))


def timed(work: Callable) -> tuple[np.ndarray, float, float]:
    """Answer, CPU seconds, and seconds of the clock; NaN where others held the processor."""
    wall, start = time.perf_counter(), time.process_time()
    answer = work()
    spent, wall = time.process_time() - start, time.perf_counter() - wall
    return answer, spent, wall if wall < 1.1 * spent + 0.01 else np.nan


def _products(X, rows):
    return 2.0 * len(rows) * X.n * X.d


def _curvatures(X, state, rows):
    few = min(X.n, curvature.MOST * X.d) if state.age[rows[0]] > 1 else 0
    return state.M.shape[1] * X.d**2 * (X.d + few)


COUNTED = [
    (Features, "forward", 0, _products),
    (Features, "backward", 0, _products),
    (curvature, "_inverse", 1, _curvatures),
    (torch, "sigmoid", 2, lambda M, **_: M.numel()),
    (torch, "softmax", 2, lambda M, **_: M.numel()),
]
"""Where a function stands, its name, its place in the sums of ``counted``, operations of a call."""
PARTS = [
    *[(Features, "forward", 0), (Features, "backward", 0)],
    *[(Features, "second", 1), (Features, "basis", 1), (curvature, "_by_mean", 1)],
    *[(curvature, "_inverse", 2), (curvature, "_precondition", 2)],
    *[(solver, "direction", 3), (solver, "_gradient", 3)],
    *[(solver, "residuals", 4), (solver, "line_search", 4)],
]
"""Functions whose time makes up a share: of what they call, the part of its own share is apart."""


@contextmanager
def _replaced(made: Iterable[tuple[object, str, Callable]]) -> Iterator[None]:
    """Other functions in the place of some for a while: home, name, and what wraps the old one."""
    before = []
    try:
        for home, name, wrap in made:
            old = vars(home)[name]
            before.append((home, name, old))
            lazy = isinstance(old, cached_property)
            setattr(home, name, cached_property(wrap(old.func)) if lazy else wrap(old))
            if lazy:
                getattr(home, name).__set_name__(home, name)
        yield
    finally:
        for home, name, old in before:
            setattr(home, name, old)


@contextmanager
def counted() -> Iterator[np.ndarray]:
    """Multiplications and additions of the engine's products with weights and residuals, those of
    its curvatures of a task's own weights, each half of a symmetric matrix, and logistic functions.
    """
    total = np.zeros(3)

    def counting(at, operations, function):
        def call(*given, **options):
            total[at] += operations(*given, **options)
            return function(*given, **options)

        return call

    with _replaced((h, n, partial(counting, at, what)) for h, n, at, what in COUNTED):
        yield total


@contextmanager
def parted() -> Iterator[np.ndarray]:
    """CPU seconds of the engine by part, in the order of ``SHARES``."""
    spent, inner = np.zeros(len(SHARES)), [0.0]

    def timing(at, function):
        def call(*given, **options):
            inner.append(0.0)
            start = time.process_time()
            try:
                return function(*given, **options)
            finally:
                took = time.process_time() - start
                spent[at] += took - inner.pop()
                inner[-1] += took

        return call

    with _replaced((home, name, partial(timing, at)) for home, name, at in PARTS):
        yield spent


def rates(size: int = 1536) -> np.ndarray:
    """Operations per CPU second, in single precision, of what ``counted`` counts.

    Those of a large matrix product, twice, and logistic functions of numbers in the cache.
    """
    a, m = torch.randn(size, size), torch.randn(CHUNK)
    product = 2 * size**3 / min(timed(lambda: a @ a)[1] for _ in range(5))
    logistic = CHUNK / min(timed(lambda: torch.sigmoid(m, out=m))[1] for _ in range(50))
    return np.array([product, product, logistic])


def processor() -> str:
    """Name of the processor, where it is known, and its widest instructions."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = [line.split(": ")[1] for line in lines if line.startswith("model name")]
    return f"{(names or [platform.machine()])[0]}, {torch.backends.cpu.get_cpu_capability()}"


def compare(
    c: Case, passed: dict[str, str], say: Callable = print, only: tuple[str, ...] = ("",)
) -> list[dict]:
    """Rows of ``COLUMNS`` of a case, one a rival that is named so, after one of the engine alone.

    ``passed`` holds the way in which each rival passed with fewer tasks: what is looser is not
    tried again.
    """
    named = [way for way in rivals(c) if any(word in way[0] for word in only)]
    scaled = {True} | {name != PATH for name, _ in named}
    truth = {s: optimum(c, standardise=s) for s in scaled}
    mine = {s: partial(ours, c, standardise=s) for s in scaled}
    needed, rows = {}, []
    for s, work in mine.items():
        with counted() as total, parted() as spent:
            values, took, _ = timed(work)
        needed[s] = total, distance(c, values, truth[s]), dict(zip(SHARES, spent / took))
    about = {"kind": c.kind, "tasks": c.Y.shape[1], "d": c.X.shape[1], "n": len(c.X), "threads": 1}
    about["processor"] = processor()
    for name, ways in [("genebench itself", []), *named]:
        s = name != PATH
        runs, limit = [timed(mine[s])], rates()
        far, theirs, label = needed[s][1], runs[0], ""
        known = [label for label, _ in ways]
        start = known.index(passed[name]) if passed.get(name) in known else 0
        for label, work in ways[start:]:
            theirs, passed[name] = timed(work), label
            far = distance(c, theirs[0], truth[s])
            if far <= NEAR:
                break
        runs.append(timed(mine[s]))
        cpu, wall = (float(np.mean([run[i] for run in runs])) for i in (1, 2))
        rows.append(
            {
                **about,
                "rival": ", ".join(filter(None, [name, label])),
                "ours_cpu_s": cpu,
                "theirs_cpu_s": theirs[1] if ways else cpu,
                "ours_wall_s": wall,
                "theirs_wall_s": theirs[2] if ways else wall,
                "ratio": (theirs[1] / cpu if ways else 1.0) if far <= NEAR else np.nan,
                "max_abs_delta_auroc": far,
                **dict(zip(LIMITS, needed[s][0] / limit / cpu)),
                **({} if ways else needed[s][2]),
            }
        )
        say({c: rows[-1][c] for c in COLUMNS[:15]})
    return rows


def alone(c: Case) -> list[dict]:
    """One row of ``COLUMNS``: the engine, once, and its first task's distance from the optimum."""
    with counted() as total, parted() as spent:
        values, cpu, wall = timed(partial(ours, c))
    first = Case(c.kind, c.X, c.Y[:, :1], c.folds[:, :1])
    row = {"rival": "genebench itself", "kind": c.kind, "tasks": c.Y.shape[1], "d": c.X.shape[1]}
    row |= {"n": len(c.X), "threads": 1, "ours_cpu_s": cpu, "theirs_cpu_s": cpu, "ratio": 1.0}
    row |= {"ours_wall_s": wall, "theirs_wall_s": wall, "processor": processor()}
    row["max_abs_delta_auroc"] = distance(first, values[:, :1], optimum(first, standardise=True))
    return [row | dict(zip(LIMITS, total / rates() / cpu)) | dict(zip(SHARES, spent / cpu))]


def _which(rows):
    """Size and rival of each row, whatever its tolerance."""
    return (
        rows[["kind", "tasks", "d", "rival"]]
        .astype(str)
        .agg("-".join, axis=1)
        .str.split(",")
        .str[0]
    )


def write(rows: list[dict]) -> None:
    """Add rows to ``data/results/perf/probe.csv``; earlier ones of a size and rival go."""
    path, by = paths.PERF / "probe.csv", ["kind", "tasks", "d"]
    new = pd.DataFrame(rows, columns=COLUMNS)
    if path.exists():
        old = pd.read_csv(path)
        again = _which(old).isin(_which(new))
        new = pd.concat([old[~again], new])
    with atomic(path) as temporary:
        new.sort_values(by, kind="stable").to_csv(temporary, index=False, float_format="%.4g")
    manifest.note(path)


def speeds() -> pd.DataFrame:
    """Read the rows that are kept, lowest ratio first. Raises: BadInput. Nothing was measured."""
    path = paths.PERF / "probe.csv"
    if not path.exists():
        raise BadInput(f"{path} is not there; run 'python -m benchmarks.probe'.")
    return pd.read_csv(path)[COLUMNS].sort_values("ratio", ignore_index=True)


def parts(rows: pd.DataFrame) -> pd.DataFrame:
    """Where the engine's time goes, a row a size: ``SHARES``, and the rest as ``other_share``."""
    own = rows[rows[SHARES].notna().all(axis=1)].sort_values(["kind", "d", "tasks"])
    own = own.assign(other_share=1 - own[SHARES].sum(axis=1))
    columns = ["kind", "tasks", "d", "n", "gemm_fraction", *SHARES, "other_share"]
    return own[columns].reset_index(drop=True)


def claim(rows: pd.DataFrame) -> str:
    """What the rows say in one paragraph, lowest ratio first."""
    own = rows.rival == "genebench itself"
    counts = rows[~own & rows.ratio.notna() & ~rows.rival.str.startswith("ridge")]
    least = counts.sort_values("ratio").groupby(["kind", "tasks", "d"], as_index=False).first()
    sentences = [
        f"{row.ratio:.2g} times as fast as {row.rival} ({row.kind}, {row.tasks} "
        f"task{'s' * (row.tasks > 1)}, {row.d:,} dimensions)"
        for row in least.sort_values("ratio").itertuples()
    ]
    far = rows.rival[rows.ratio.isna() & ~rows.rival.str.startswith("ridge")] != PATH
    others = ", others at every tolerance that was tried" * bool(far.any())
    low, high = (100 * rows.loc[own, LIMITS].agg(how) for how in ("min", "max"))
    share = [f"{low[c]:.0f} to {high[c]:.0f} %" for c in LIMITS]
    return (
        f"**Beside the fastest rival that is as accurate: {'; '.join(sentences)}.** "
        f"{share[0]} of our time on standardised vectors (rows *genebench itself*) would be left, "
        "were there nothing but the products with weights and residuals, at the rate of the "
        f"fastest matrix product; {share[1]} are inverses of tasks' own curvature at that rate, "
        f"{share[2]} logistic functions of numbers in the cache. "
        f"{int(rows.ratio.isna().sum())} of {int((~own).sum())} rows of rivals have no ratio: they "
        f"are further than {NEAR:g} AUROC from the optimum, ridge since it minimises another loss, "
        f"gene-benchmark's path as its authors run it{others}."
    )


def main(given: list[str]) -> None:
    """Measure all cases, or those named like ``binary-10-384``, with rivals of other words given.

    ``binary-100-384 torch`` measures the engine and the batched loop, and keeps the other rows.
    """
    torch.set_num_threads(1)
    cases = {"-".join(map(str, one)) for one in [*CASES, *LARGE]}
    named, only = cases & set(given), tuple(word for word in given if word not in cases) or ("",)
    passed: dict[tuple, dict[str, str]] = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in [*CASES, *LARGE]:
            if not named or "-".join(map(str, one)) in named:
                known = passed.setdefault((one[0], one[2]), {})  # of the same kind and dimensions
                write(alone(case(*one)) if one in LARGE else compare(case(*one), known, only=only))


if __name__ == "__main__":
    main(sys.argv[1:])
