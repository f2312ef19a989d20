"""The results of the spectral curves: rows merged with earlier ones, and the tables beside them."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import __version__
from ..benchmark import results, validation
from ..core import cache, manifest
from ..core.errors import BadInput, RunFailed
from ..data import sources
from . import curve
from .datasets import Declarations

if TYPE_CHECKING:  # pages read these tables, and loading what computes them takes seconds
    from .study import Study

PROFILE = "spectra"
BESIDE = ("overlaps.csv", "auspc.csv", "points.csv", "findings.csv", "placed.csv", "published.csv")
"""Tables beside ``scores.parquet``: see ``curve``; ``overlaps.csv`` has one row per split, and
``published.csv`` is written by ``benchmarks/spectra_published.py``."""
AREAS = ["data set", "model", "split", "metric", "AUSPC", "low", "high", "size-matched"]
"""Columns of ``areas`` that the command line shows."""
_SPLIT = ["dataset", "mode", *curve.SPLIT]
_LISTED = [
    *("data set", "title", "paper", "kind", "unit", "linked where", "models", "status", "needs"),
    *("differs", "licence", "homepage"),
]


def path(name: str) -> Path:
    """Where a table is stored.

    Parameters
    ----------
    name : str
        One of ``BESIDE``.

    Returns
    -------
    Path
    """
    return results.beside_path(PROFILE, name)


def read(name: str) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    name : str
        One of ``BESIDE``.

    Returns
    -------
    DataFrame

    Raises
    ------
    BadInput
        Not made yet.
    """
    if not path(name).exists():
        raise BadInput(f"{path(name)}: not made yet; run 'genebench spectra all'.")
    frame = pd.read_csv(path(name), dtype={"split_param": str})
    return frame.fillna({"split_param": ""}) if name == "overlaps.csv" else frame


@dataclass(frozen=True)
class Scored:
    """What a cell gave.

    Attributes
    ----------
    cell : run.Cell
        Data set, model and splits.
    rows, unscored : list of dict
        Rows of ``results.SCHEMA``, and splits without a score with the ``reason``.
    seconds : float
        Of the processor.
    """

    cell: Any
    rows: list[dict]
    unscored: list[dict]
    seconds: float


def write(computed: list[Scored], study: Study, *, jobs: int, run_s: float) -> None:
    """Write every table; rows of the same data set, model and way of splitting are replaced.

    Parameters
    ----------
    computed : list of Scored
        Of each cell.
    study : Study
        What was run.
    jobs, run_s : int, float
        Processes, and seconds of the run.

    Raises
    ------
    RunFailed
        Rows that break the schema; nothing is written.
    """
    rows = pd.DataFrame([row for part in computed for row in part.rows])
    rows = rows.reindex(columns=results.SCHEMA.names)
    scores, replaced = results.scores_path(PROFILE), {part.cell.way for part in computed}
    if scores.exists():
        old = results.read(scores)
        old = old.astype({c: str for c in old.select_dtypes("category")})
        of_row = zip(old.task, old.model, map(_way, old.split))
        rows = pd.concat([old[[at not in replaced for at in of_row]], rows], ignore_index=True)
    if faults := validation.validate(rows, "the new results"):
        raise RunFailed(f"the results are not sound and were not written: {faults[0]}")
    overlaps = _overlaps(study, dict.fromkeys(part.cell.request for part in computed))
    results.write(rows, scores)
    joined = curve.joined(results.read(scores), overlaps)
    tables = {"overlaps": overlaps, "placed": curve.placed(joined, overlaps)}
    tables |= {"points": curve.points(joined), "auspc": curve.areas(joined)}
    tables["findings"] = curve.findings(joined)
    for name, frame in tables.items():
        rounded = frame.round({c: 6 for c in frame.select_dtypes("float")})
        results.write_csv(rounded, path(f"{name}.csv"))
    _write_manifest(computed, rows, study.declared, jobs=jobs, run_s=run_s)


def _way(split):
    """A spectral split with its control is one way; all splits in use are another."""
    return split.removesuffix(curve.CONTROL) if split.startswith("spectral") else "others"


def _overlaps(study, requests):
    """Overlaps of every split; those of other data sets and ways of splitting stay."""
    from .study import read as read_splits

    frames = [read("overlaps.csv")] if path("overlaps.csv").exists() else []
    for request in requests:
        shown = study.datasets[request.dataset].property  # a name, or a declaration
        shown = shown if isinstance(shown, str) else ""
        about = {"dataset": request.dataset, "mode": request.mode, "property": shown}
        frame = read_splits(study, request).about.assign(**about)
        frames.append(frame[frame.n_test > 0])
    rows = pd.concat(frames, ignore_index=True)
    rows = rows[~rows[_SPLIT].astype(str).duplicated(keep="last")]
    columns = [*_SPLIT, "n_train", "n_test", *curve.OVERLAPS, "property"]
    return rows.sort_values(_SPLIT, ignore_index=True)[columns]


def _write_manifest(computed, rows, declared, *, jobs, run_s):
    """Versions, cost and cells of the results; cells that this run does not replace stay."""
    to = results.manifest_path(PROFILE)
    old, replaced = manifest.read(to), {part.cell.way for part in computed}
    before = {(c["first"], c["model"], c["split"]): c for c in old.get("cells", [])}
    cells = {at: cell for at, cell in before.items() if at not in replaced}
    unscored = [
        row
        for row in old.get("unscored", [])
        if (row["task"], row["model"], _way(row["split"])) not in replaced
    ]
    number = rows.groupby([rows.task, rows.model, rows.split.map(_way)]).size()
    for part in computed:
        dataset, model, way = at = part.cell.way
        seconds = round(cells.get(at, {"seconds": 0.0})["seconds"] + part.seconds, 2)
        cells[at] = {"model": model, "split": way, "first": dataset, "n": 1, "seconds": seconds}
        unscored += [{"task": dataset, "model": model, **row} for row in part.unscored]
    for at, cell in cells.items():
        cell["rows"] = int(number.get(at, 0))
    specs = [spec for name, spec in declared.datasets.items() if name in set(rows.task)]
    total = round(sum(cell["seconds"] for cell in cells.values()), 1)
    versions = {"python": platform.python_version(), "genebench": __version__}
    out = {
        "profile": PROFILE,
        "versions": versions | manifest.versions(),
        "seed": 0,
        "device": f"cpu ({platform.machine()}), {jobs} processes of one thread",
        "wall_s": {"run": round(run_s, 1), "sum_over_cells": total},
        "peak_memory_mb": round(manifest.peak_memory_mb()),
        "commit": manifest.commit(),
        "sources": {spec.name: spec.homepage for spec in specs},
        "files": {s.name: {f: file.sha256 for f, file in s.files.items()} for s in specs},
        "cells": sorted(cells.values(), key=lambda c: (c["model"], c["split"], c["first"])),
        "skipped": {},
        "unscored": sorted(unscored, key=lambda row: json.dumps(row, sort_keys=True)),
    }
    cache.write_json(to, out)


def datasets(declared: Declarations) -> pd.DataFrame:
    """List the declared data sets.

    Parameters
    ----------
    declared : Declarations
        The data sets.

    Returns
    -------
    DataFrame
        One row a data set: title, the paper's set that it stands for, kind, number of models,
        ``status`` (ready, missing), what it needs.
    """
    specs = declared.datasets.values()
    frame = pd.DataFrame([spec.model_dump() for spec in specs]).fillna({"paper": ""})
    frame["linked where"] = [spec.property["words"] for spec in specs]
    frame["models"] = frame.models.map(len)
    frame[["status", "needs"]] = [sources.status(spec.source) for spec in specs]
    return frame.rename(columns={"name": "data set"})[_LISTED]


def models(declared: Declarations) -> pd.DataFrame:
    """List the declared models.

    Parameters
    ----------
    declared : Declarations
        The models.

    Returns
    -------
    DataFrame
        One row a model: title, family, whether it is the paper's, what it does or what it needs.
    """
    frame = pd.DataFrame([spec.model_dump() for spec in declared.models.values()])
    frame["of the paper"] = np.where(frame.paper, "yes", "")
    frame["status"] = np.where(frame.needs == "", "runs here", "from a file")
    frame["what it does or needs"] = frame.needs.where(frame.needs != "", frame.description)
    frame = frame.rename(columns={"name": "model"})
    return frame[["model", "title", "family", *frame.columns[-3:]]]


def areas(names: set[str] | None = None) -> pd.DataFrame:
    """AUSPC over λ beside that of the size-matched control.

    Parameters
    ----------
    names : set of str, optional
        Data sets; None: all.

    Returns
    -------
    DataFrame
        One row per data set, model and way of splitting, rounded to three digits.
    """
    frame = read("auspc.csv")
    frame = frame[(frame.over == "lambda") & (frame.task.isin(names) if names else True)]
    keys, way = ["task", "model", "split"], frame.split.str.removesuffix(curve.CONTROL)
    control = frame.assign(split=way)[way != frame.split]
    control = control.rename(columns={"auspc": "size-matched"})[[*keys, "size-matched"]]
    out = frame[way == frame.split].merge(control, on=keys, how="left")
    out = out.rename(columns={"task": "data set", "auspc": "AUSPC"})
    return out.round(dict.fromkeys(("AUSPC", "low", "high", "size-matched"), 3))
