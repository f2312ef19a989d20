"""The folder of results of Part II: rows merged with those of other data sets, overlaps, curves' areas, findings."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pandas as pd

from .. import __version__
from ..benchmark import results
from ..core import cache, manifest
from ..core.errors import BadInput, RunFailed
from . import curve, datasets, published

PROFILE = "spectra"
BESIDE = ("overlaps.csv", "auspc.csv", "points.csv", "findings.csv", "placed.csv", "published.csv")
"""Tables beside ``scores.parquet``: see ``curve`` for their columns; ``overlaps.csv`` has one row a split."""


def path(name: str) -> Path:
    """Where a table lies."""
    return results.beside_path(PROFILE, name)


def read(name: str) -> pd.DataFrame:
    """A table. Raises: BadInput: not made yet."""
    if not path(name).exists():
        raise BadInput(f"{path(name)}: not made yet; run 'genebench spectra all'.")
    kept = {"split_param": str} if name == "overlaps.csv" else {}
    frame = pd.read_csv(path(name), dtype=kept, keep_default_na=True)
    return frame.assign(split_param=frame.split_param.fillna("")) if kept else frame


def write(
    parts: list[pd.DataFrame], told: list[dict], abouts: list[tuple], *, jobs: int, run_s: float
) -> None:
    """Write everything; what this run covers replaces the rows of the same data set, model and way of splitting.

    Args: parts: rows of the cells. told: facts of the cells, each with its ``cell``. abouts: what was asked and the
    table of its splits.
    """
    new = pd.concat([p for p in parts if len(p)], ignore_index=True)
    scores = results.scores_path(PROFILE)
    covered = {(t["cell"].wanted.dataset, t["cell"].model, _ways(t["cell"])) for t in told}
    if scores.exists():
        old = results.read(scores)
        old = old.astype({c: str for c in old.select_dtypes("category")})
        keep = [(a, b, _way(c)) not in covered for a, b, c in zip(old.task, old.model, old.split)]
        new = pd.concat([old[keep], new], ignore_index=True)
    faults = results.validate(new, "the new results")
    if faults:
        raise RunFailed(f"the results are not sound and were not written: {faults[0]}")
    overlaps = _overlaps(abouts)
    results.write(new, scores)
    _csv(overlaps, "overlaps.csv")
    rows = curve.joined(results.read(scores), overlaps)
    _csv(curve.points(rows), "points.csv")
    _csv(curve.areas(rows), "auspc.csv")
    _csv(curve.findings(rows), "findings.csv")
    _csv(curve.placed(rows, overlaps), "placed.csv")
    if published.at_hand():
        beside = published.compare(rows, overlaps)
        if len(beside):
            _csv(beside, "published.csv")
    _manifest(told, new, jobs=jobs, run_s=run_s)


def _way(split: str) -> str:
    """A spectral split with its control is one way; all splits that others use are another."""
    return split.removesuffix(curve.CONTROL) if split.startswith("spectral") else "others"


def _ways(cell) -> str:
    from .cuts import MODES

    return MODES[cell.wanted.mode] if cell.parameters else "others"


def _csv(frame: pd.DataFrame, name: str) -> None:
    results.write_csv(frame.round({c: 6 for c in frame.select_dtypes("float")}), path(name))


def _overlaps(abouts: list[tuple]) -> pd.DataFrame:
    new = pd.concat(
        [about.assign(dataset=w.dataset, mode=w.mode, property=w.property) for w, about in abouts],
        ignore_index=True,
    )
    new = new[new.n_test > 0]
    keys = ["dataset", "mode", "split", "split_param", "repeat", "fold"]
    columns = "dataset mode split split_param repeat fold n_train n_test jaccard test_linked mean_similarity property"
    if path("overlaps.csv").exists():
        old = read("overlaps.csv")
        done = set(zip(*(new[k].astype(str) for k in keys)))
        old = old[[k not in done for k in zip(*(old[k].astype(str) for k in keys))]]
        new = pd.concat([old, new], ignore_index=True)
    return new.sort_values(keys, ignore_index=True)[columns.split()]


def _manifest(told: list[dict], rows: pd.DataFrame, *, jobs: int, run_s: float) -> None:
    """What made the results; cells of other runs are kept."""
    to = results.manifest_path(PROFILE)
    old = json.loads(to.read_text(encoding="utf-8")) if to.exists() else {}
    known = {(c["model"], c["split"], c["first"]): c for c in old.get("cells", [])}
    lost = [u for u in old.get("unscored", [])]
    for fact in told:
        at = (fact["cell"].model, _ways(fact["cell"]), fact["cell"].wanted.dataset)
        known.pop(at, None)
        lost = [u for u in lost if (u["model"], _way(u["split"]), u["task"]) != at]
    for fact in told:
        at = (fact["cell"].model, _ways(fact["cell"]), fact["cell"].wanted.dataset)
        kept = known.setdefault(
            at, {"model": at[0], "split": at[1], "first": at[2], "n": 1, "seconds": 0.0}
        )
        kept["seconds"] = round(kept["seconds"] + fact["seconds"], 2)
        lost += [{"task": at[2], "model": at[0], **u} for u in fact["unscored"]]
    way = rows.split.map(_way)
    number = rows.groupby([rows.model, way, rows.task]).size()
    for at, cell in known.items():
        cell["rows"] = int(number.get(at, 0))
    declared = [n for n in datasets.declared() if n in set(rows.task)]
    cache.write_json(
        to,
        {
            "profile": PROFILE,
            "versions": {
                "python": platform.python_version(),
                "genebench": __version__,
                **manifest.versions(),
            },
            "seed": 0,
            "device": f"cpu ({platform.machine()}), {jobs} processes of one thread",
            "wall_s": {
                "run": round(run_s, 1),
                "sum_over_cells": round(sum(c["seconds"] for c in known.values()), 1),
            },
            "peak_memory_mb": round(manifest.peak_memory_mb()),
            "commit": manifest.commit(),
            "sources": {n: datasets.spec(n).homepage for n in declared},
            "files": {
                n: {f: s.sha256 for f, s in datasets.spec(n).files.items()} for n in declared
            },
            "cells": [known[at] for at in sorted(known)],
            "skipped": {},
            "unscored": sorted(lost, key=lambda u: json.dumps(u, sort_keys=True)),
        },
    )
