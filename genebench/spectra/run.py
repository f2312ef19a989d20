"""Data set × way of splitting × model × λ → the same tidy rows as everywhere, and the tables beside them. Resumes.

A *cell* is one model on the splits of one data set at one λ (all seeds, spectral and size-matched); of a gene task, at
every λ, because its splits are fitted together; and one more on the splits that others use.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import results
from ..core import cache, paths, specs, workers
from ..core.errors import BadInput, RunFailed, unknown
from ..stats import metrics
from . import cuts, datasets, genetasks, models, table
from .cuts import MODES, Wanted

VERSION = 1
"""Bump when ``compute`` gives other rows."""
STEPS = 20
SEEDS = 3
LEAST = 10
"""Fewest samples in test, and in train, for a score."""
TASKS = (
    "hpo/dominant-vs-recessive",
    "hpo/x-linked-vs-autosomal",
    "jaspar/motif-vs-disease-gene",
    "hpo/number-of-diseases",
)
"""Gene tasks that ``all`` takes, beside every data set whose file is at hand."""


@dataclass(frozen=True)
class Cell:
    """One unit of work. ``parameters`` are λ, or empty for the splits that others use."""

    wanted: Wanted
    model: str
    parameters: tuple[float, ...]

    def __str__(self) -> str:
        at = (
            f"λ = {self.parameters[0]:g}"
            if len(self.parameters) == 1
            else "every λ"
            if self.parameters
            else "others' splits"
        )
        return f"{self.wanted.dataset} × {self.model} × {self.wanted.mode} × {at}"


@dataclass(frozen=True)
class Outcome:
    """Cells in all, taken from the cache, computed; sentence per failed cell; splits without a score; seconds."""

    cells: int
    cached: int
    computed: int
    failed: dict[str, str]
    unscored: int
    seconds: float


def names(asked: Iterable[str]) -> list[str]:
    """Data sets and gene tasks asked for; ``all`` is every data set at hand and the gene tasks of ``TASKS``."""
    out: list[str] = []
    for name in asked:
        ready = (
            [n for n in datasets.declared() if datasets.status(n)[0] == "ready"]
            if name == "all"
            else []
        )
        out += [*ready, *TASKS] if name == "all" else [name]
    return list(dict.fromkeys(out))


def own_models(wanted: Wanted) -> list[str]:
    """The models of a data set or gene task."""
    declared = datasets.declared()
    return (
        list(declared[wanted.dataset].models)
        if wanted.dataset in declared
        else genetasks.models(wanted.profile)
    )


def grid(steps: int = STEPS) -> tuple[float, ...]:
    """λ from 0 to 1 in so many steps."""
    return tuple(round(i / steps, 6) for i in range(steps + 1))


def plan(wanted: Wanted, *, chosen: Iterable[str] = (), thin: bool = True) -> list[Cell]:
    """The cells of a data set; a dear model takes fewer λ where ``thin``. Raises: BadInput: unknown model."""
    having, gene = own_models(wanted), wanted.dataset not in datasets.declared()
    for model in chosen:
        if model not in having:
            if not gene and model in models.declared() and models.spec(model).needs:
                raise BadInput(f"model '{model}': {models.spec(model).needs}.")
            raise unknown("model", model, having, where=f"data set '{wanted.dataset}'")
    out = []
    for model in [m for m in having if not chosen or m in chosen]:
        if gene:
            out.append(Cell(wanted, model, wanted.parameters))
        else:
            coarse = grid(models.spec(model).steps) if thin else wanted.parameters
            out += [Cell(wanted, model, (p,)) for p in wanted.parameters if p in coarse]
        if wanted.mode == "corrected" and (gene or datasets.spec(wanted.dataset).existing):
            out.append(Cell(wanted, model, ()))
    return out


def recipe(cell: Cell) -> dict:
    """Everything that determines a cell's rows."""
    wanted = cell.wanted
    if wanted.dataset in datasets.declared():
        spec = models.spec(cell.model)
        how = [spec.features, spec.estimator, spec.options, models.VERSION]
    else:
        how = genetasks.recipe(cuts.data(wanted), cell.model)
    return {
        "stage": ["spectra", VERSION, metrics.VERSION],
        "cuts": cuts.recipe(replace(wanted, parameters=cell.parameters)),
        "model": [cell.model, how],
        "least": LEAST,
    }


def cell_path(cell: Cell) -> Path:
    """Where a cell's rows are cached."""
    folder = cell.wanted.dataset.replace("/", "--")
    return paths.CURVES / "cells" / folder / f"{cell.model}-{cache.key(recipe(cell))}.parquet"


def compute(cell: Cell) -> tuple[pd.DataFrame, list[dict]]:
    """Rows of one cell, and the splits without a score with their reasons."""
    wanted = cell.wanted
    held, cut = cuts.data(wanted), cuts.read(wanted)
    about = cut.about
    if cell.parameters:
        mine = about.split_param.isin([f"{p:g}" for p in cell.parameters]) & (
            about.split_param != ""
        )
    else:
        mine = about.split_param == ""
    at = np.flatnonzero(mine)
    gene = wanted.dataset not in datasets.declared()
    values = _of_genes(held, cell.model, cut, at) if gene else _of_samples(held, cell, cut, at)
    key, rows, unscored = cache.key(recipe(cell)), [], []
    family = specs.model(cell.model).family if gene else models.spec(cell.model).family
    probe = "linear" if gene else models.spec(cell.model).estimator
    for i, train, test, predicted, coverage, why in values:
        row = about.iloc[i]
        named = {
            "split": row.split,
            "split_param": row.split_param,
            "repeat": int(row["repeat"]),
            "fold": int(row.fold),
        }
        if why:
            unscored.append({**named, "reason": why})
        else:
            rows += scored(
                held, cell.model, family, probe, named, train, test, predicted, coverage, key
            )
    return pd.DataFrame(rows, columns=results.SCHEMA.names), unscored


METRICS = {
    "binary": ["auroc", "auprc"],
    "multiclass": ["auroc_weighted", "accuracy"],
    "regression": ["spearman", "r2"],
}


def scored(
    held,
    model,
    family,
    probe,
    named: dict,
    train,
    test,
    predicted: np.ndarray,
    coverage: float,
    key: str,
):
    """Rows of one split: every metric of ``METRICS``, each sample counted as often as it stands for (isolates)."""
    times = held.counts[test].astype(int)
    y, p = np.repeat(held.labels[test], times, axis=0), np.repeat(predicted, times, axis=0)
    if held.kind == "multiclass" and p.ndim == 1:
        p = (p[:, None] == np.arange(len(held.classes))).astype(float)
    shared = {
        "task": held.name,
        "group": held.group,
        "kind": held.kind,
        "model": model,
        "family": family,
        "probe": probe,
        **named,
        "n_train": int(held.counts[train].sum()),
        "n_test": int(times.sum()),
        "coverage": coverage,
        "key": key,
    }
    found = metrics.score(held.kind, y, p, METRICS[held.kind])
    return [{**shared, "metric": name, "score": score} for name, score in found.items()]


def why_not(held: datasets.DataSet, train: np.ndarray, test: np.ndarray) -> str:
    """Why a split has no score on these samples, or an empty text."""
    for name, side in (("train", train), ("test", test)):
        number = held.counts[side].sum()
        if number < LEAST:
            return f"{int(number)} samples in {name}, where {LEAST} are the fewest"
        if len(np.unique(held.labels[side])) < 2:
            return f"one {'value' if held.kind == 'regression' else 'class'} only in {name}"
    if held.kind == "multiclass" and not np.isin(held.labels[test], held.labels[train]).any():
        return "no class of test is in train"
    return ""


def _of_samples(held, cell: Cell, cut: cuts.Cuts, at: np.ndarray):
    """(split, train, test, predictions, coverage, reason) of each split, one model fitted for each."""
    for i in at:
        side = cut.sides[i][held.of_unit]
        train, test = np.flatnonzero(side == 1), np.flatnonzero(side == 2)
        why = cut.about.reason.iloc[i] or why_not(held, train, test)
        seed = int(cut.about["repeat"].iloc[i])
        yield (
            i,
            train,
            test,
            None if why else models.predict(held, cell.model, train, test, seed=seed),
            1.0,
            why,
        )


def _of_genes(held, model: str, cut: cuts.Cuts, at: np.ndarray):
    """The same of a gene task; genes without a vector are on neither side."""
    has = genetasks.covered(held, model)
    parts = []
    for i in at:
        train, test = (
            np.flatnonzero((cut.sides[i] == 1) & has),
            np.flatnonzero((cut.sides[i] == 2) & has),
        )
        parts.append((i, train, test, cut.about.reason.iloc[i] or why_not(held, train, test)))
    sound = [i for i, _, _, why in parts if not why]
    values = dict(zip(sound, genetasks.predict(held, model, cut.sides[sound]))) if sound else {}
    for i, train, test, why in parts:
        yield i, train, test, None if why else values[i][test], float(has.mean()), why


def _cut(wanted: Wanted) -> tuple[Wanted, str]:
    try:
        cuts.make(wanted)
    except (BadInput, RunFailed) as err:
        return wanted, str(err)
    except Exception as err:
        return wanted, f"{type(err).__name__}: {err}"
    return wanted, ""


def _work(cell: Cell) -> tuple[Cell, str]:
    """Compute and store one cell in a worker; returns the fault as a sentence, empty if none."""
    try:
        with workers.one_thread():
            start = time.process_time()
            rows, unscored = compute(cell)
    except Exception as err:
        return cell, workers.fault(err)
    seconds = time.process_time() - start
    cache.store(
        cell_path(cell),
        recipe(cell),
        lambda to: rows.to_parquet(to, index=False),
        seconds=seconds,
        unscored=unscored,
    )
    return cell, ""


def run(
    wanted: list[Wanted],
    *,
    chosen: Iterable[str] = (),
    thin: bool = True,
    jobs: int | None = None,
    write: bool = True,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Outcome:
    """Run data sets and gene tasks, from the cache where it is there, and write ``data/results/spectra``.

    Args: chosen: models; none: those of each data set. thin: whether dear models take fewer λ. say: told one sentence
    at a time. progress: told (stage, done, total). A fault of a cell never stops the others.
    """
    start, chosen = time.perf_counter(), list(chosen)
    cells = [c for w in wanted for c in plan(w, chosen=chosen, thin=thin)]
    jobs, faults = jobs or os.cpu_count() or 1, {}
    with workers.pool(jobs) as pool:
        try:
            uncut = [w for w in wanted if cache.state(cuts.path(w)) != "ready"]
            for done, future in enumerate(
                as_completed([pool.submit(_cut, w) for w in uncut]), start=1
            ):
                w, why = future.result()
                if why:
                    faults[f"{w.dataset} × {w.mode}"] = why
                    say(f"data set '{w.dataset}' cannot be split: {why}")
                progress("splits", done, len(uncut))
            cells = [c for c in cells if f"{c.wanted.dataset} × {c.wanted.mode}" not in faults]
            waiting = [c for c in cells if cache.state(cell_path(c)) != "ready"]
            say(
                f"{len(cells)} cells, {len(cells) - len(waiting)} cached, {len(waiting)} to do, {jobs} at a time"
            )
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
            raise RunFailed(
                "a worker process died (killed, or out of memory); what was finished is kept, run again"
            )
    ready = [c for c in cells if str(c) not in faults]
    told = [{**cache.facts(cell_path(c)), "cell": c} for c in ready]
    if write and ready:
        parts = [pd.read_parquet(cell_path(c)) for c in ready]
        abouts = [(w, cuts.read(w).about) for w in wanted if any(c.wanted == w for c in ready)]
        if not any(map(len, parts)):
            raise RunFailed(
                f"no split has a score ({told[0]['unscored'][0]['reason']}); nothing was written"
            )
        table.write(parts, told, abouts, jobs=jobs, run_s=time.perf_counter() - start)
    computed = sum(str(c) not in faults for c in waiting)
    unscored = sum(len(t["unscored"]) for t in told)
    return Outcome(
        len(cells),
        len(cells) - len(waiting),
        computed,
        faults,
        unscored,
        time.perf_counter() - start,
    )


def modes(name: str) -> list[str]:
    """The ways of splitting that a data set asks for."""
    return list(datasets.spec(name).modes) if name in datasets.declared() else ["corrected"]


def ask(
    asked: Iterable[str],
    *,
    mode: str | None = None,
    parameters: Iterable[float] | None = None,
    seeds: int = SEEDS,
    profile: str = "demo",
) -> list[Wanted]:
    """What the command line means: every data set or task with its ways of splitting.

    Args: asked: names; of a gene task ``task@property`` too, which is its name in the results (without: ``stem``).
    Raises: BadInput: something unknown.
    """
    lambdas = tuple(sorted({round(float(p), 6) for p in parameters})) if parameters else grid()
    if not all(0 <= p <= 1 for p in lambdas):
        raise BadInput(
            f"the spectral parameters are {', '.join(f'{p:g}' for p in lambdas)}; give numbers from 0 to 1."
        )
    if mode and mode not in MODES:
        raise unknown("mode", mode, MODES)
    out = []
    for name in names(asked):
        gene = name not in datasets.declared()
        if gene:
            property = name.partition("@")[2] or "stem"
            name = name.removesuffix("@stem")
            genetasks.rule(property)
            genetasks.load(name, profile)
        else:
            datasets.load(name)
        given = {"property": property, "profile": profile} if gene else {}
        out += [
            Wanted(name, m, lambdas, tuple(range(seeds)), **given)
            for m in ([mode] if mode else modes(name))
        ]
    return out
