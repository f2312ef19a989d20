"""Write the results of spectral curves: rows merged with earlier ones, and the tables beside."""

import platform
from operator import itemgetter

import pandas as pd

from ..benchmark import results, validation
from ..core import manifest
from ..data import sources
from . import curve, table
from . import study as studies

OTHERS = "others"
"""All splits that others use, as one way of splitting."""
_SPLIT = ["dataset", "mode", *curve.SPLIT]


def write(computed, study, *, jobs, run_s):
    """Write every table; rows of the same data set, model and way of splitting are replaced.

    Parameters
    ----------
    computed, study : dict of run.Cell to dict, Study
        ``rows``, ``unscored`` and ``seconds`` of each cell, and what was run.
    jobs, run_s : int, float
        Processes, and seconds of the run.

    Raises
    ------
    RunFailed
        Rows that break the schema; nothing is written.
    """
    ways, path = {cell.way for cell in computed}, table.path("scores.parquet", study.folder)
    old = [_others(results.read(path), ways)] if path.exists() else []
    rows = pd.concat([*old, _rows(computed, "rows")])[results.SCHEMA.names]
    overlaps = _overlaps(study, dict.fromkeys(cell.request for cell in computed))
    validation.write(rows, path)
    draws = _draws(computed, ways, table.path("draws.parquet", study.folder))
    joined = curve.joined(results.read(path), overlaps)
    known = study.declared.models.items()
    by_marks = {name for name, spec in known if spec.features in ("marks", "mark_pairs")}
    tables = {
        "overlaps": overlaps,
        "placed": curve.placed(joined, overlaps),
        "points": curve.points(joined, draws),
        "auspc": curve.areas(joined, draws, study.target),
        "findings": curve.findings(joined, draws, by_marks),
    }
    for name, frame in tables.items():
        results.write_csv(frame.round(6), table.path(f"{name}.csv", study.folder))
    _write_manifest(computed, ways, rows, study, jobs=jobs, run_s=run_s)


def _rows(computed, name):
    """Rows of all cells; data sets of equal content share what is cached, but not the name."""
    return pd.DataFrame(
        row | {"task": cell.request.dataset, "model": cell.model}
        for cell, part in computed.items()
        for row in part[name]
    )


def _way(split):
    """A spectral split with its control is one way; all splits in use are another."""
    return split.removesuffix(curve.CONTROL) if split.startswith("spectral") else OTHERS


def _others(frame, ways):
    """Rows of earlier results that stay, texts as plain strings."""
    frame = results.texts(frame)
    of_row = zip(frame.task, frame.model, map(_way, frame.split))
    return frame.loc[[at not in ways for at in of_row]]


def _draws(computed, ways, path):
    """Write the resampled scores, mean over seeds, beside those of others; return all."""
    frames = [_others(pd.read_parquet(path), ways)] if path.exists() else []
    new = _rows(computed, "draws")
    if len(new):
        new = new.assign(parameter=new.split_param.astype(float))
        values = pd.DataFrame(new.draws.tolist(), new.index, dtype=float).add_prefix("draw")
        frames.append(values.groupby([new[k] for k in curve.KEY]).mean().reset_index())
    frames = [frame for frame in frames if len(frame)]
    out = pd.concat(frames or [pd.DataFrame(columns=curve.KEY)])
    results.write_table(out.sort_values(curve.KEY, ignore_index=True), path)
    out = pd.read_parquet(path)  # as it is stored, so that a later run gives the same tables
    return out.assign(parameter=out.parameter.astype(float).round(6)).set_index(curve.KEY)


def _overlaps(study, requests):
    """Overlaps of every split; those of other data sets and ways of splitting stay."""
    there = table.path("overlaps.csv", study.folder).exists()
    frames = [table.read("overlaps.csv", study.folder)] if there else []
    for request in requests:
        shown = study.datasets[request.dataset].property  # a name, or a declaration
        about = {"dataset": request.dataset, "mode": request.mode}
        about["property"] = shown if isinstance(shown, str) else ""
        frame = studies.read(study, request)[1].assign(**about)
        frames.append(frame[frame.n_test > 0])
    rows = pd.concat(frames).drop_duplicates(_SPLIT, keep="last")
    columns = [*_SPLIT, "n_train", "n_test", *curve.OVERLAPS, "property"]
    return rows.sort_values(_SPLIT, ignore_index=True)[columns].round(6)  # as it is stored


def _write_manifest(computed, ways, rows, study, *, jobs, run_s):
    """Versions, cost and cells of the results; cells that this run does not replace stay."""
    path = table.path("manifest.json", study.folder)
    old = manifest.read(path)
    names = ["task", "model", *curve.SPLIT, "reason"]
    unscored = _others(pd.DataFrame(old.get("unscored", []), columns=names), ways)
    unscored = pd.concat([unscored, _rows(computed, "unscored")])
    at = "first", "model", "split"
    cells = {itemgetter(*at)(cell): cell for cell in old.get("cells", [])}
    cells |= {way: dict(zip(at, way)) | {"n": 1, "rows": 0, "seconds": 0.0} for way in ways}
    for cell, part in computed.items():
        cells[cell.way]["rows"] += len(part["rows"])
        cells[cell.way]["seconds"] += round(part["seconds"], 2)
    total = round(sum(cell["seconds"] for cell in cells.values()), 1)
    specs = [spec for name, spec in study.declared.datasets.items() if name in set(rows.task)]
    out = {
        "profile": table.PROFILE,
        "versions": manifest.versions(),
        "seed": 0,
        "device": f"cpu ({platform.machine()}), {jobs} processes of one thread",
        "wall_s": {"run": round(run_s, 1), "sum_over_cells": total},
        "peak_memory_mb": round(manifest.peak_memory_mb()),
        "commit": manifest.commit(),
        "sources": {spec.name: spec.homepage for spec in specs},
        "files": sources.pins({spec.name: spec for spec in specs}),
        "cells": sorted(cells.values(), key=itemgetter("model", "split", "first")),
        "skipped": {},
        "unscored": unscored.sort_values(sorted(names)).to_dict("records"),
    }
    manifest.write_sealed(path, out)
