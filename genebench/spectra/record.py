"""Write the results of spectral curves: rows merged with earlier ones, and the tables beside."""

import platform
from dataclasses import replace
from operator import itemgetter

import pandas as pd

from ..benchmark import results, validation
from ..core import cache, manifest
from ..core.errors import BadInput
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
    with cache.locked(study.folder / "scores.parquet"):  # another run adds its part
        _write(computed, study, jobs=jobs, run_s=run_s)


def check(study):
    """Check that a folder has no results of data sets of the same name on other splits.

    Parameters
    ----------
    study : Study

    Raises
    ------
    BadInput
        It has: of other samples, links or an older version.
    """
    known = manifest.raw(study.folder / "manifest.json").get("splits", {})
    for request in study.requests:
        if known.get(str(request), made := _splits(study, request)) != made:
            raise BadInput(
                f"{study.folder}: holds results of '{request}' on other splits (other samples, "
                "another property or an older version); give another --out."
            )


def _splits(study, request):
    """Key of what determines the splits of a data set, whatever λ and seeds."""
    return cache.key(studies.recipe(study, replace(request, parameters=(), seeds=())))


def _write(computed, study, *, jobs, run_s):
    path, old = study.folder / "scores.parquet", pd.DataFrame(columns=results.SCHEMA.names)
    if path.exists():
        old = results.texts(results.read(path))
    rows = _merged(computed, "rows", old)[results.SCHEMA.names]
    requests = dict.fromkeys(cell.request for cell in computed)
    overlaps = _overlaps(study, requests)
    validation.write(rows, path)
    draws = _draws(computed, study.folder / "draws.parquet")
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
        results.write_csv(frame.round(6), study.folder / f"{name}.csv")
    known = {str(request): _splits(study, request) for request in requests}
    _write_manifest(computed, set(rows.task), study, known, jobs=jobs, run_s=run_s)


def _merged(computed, name, old):
    """New rows of all cells, after the earlier ones that they do not replace.

    Data sets of equal content share what is cached, but not the name.
    """
    new = pd.DataFrame(
        row | {"task": cell.request.dataset, "model": cell.model}
        for cell, part in computed.items()
        for row in part[name]
    )
    if name == "draws" and len(new):  # means over seeds
        values = pd.DataFrame(new.draws.tolist(), new.index, dtype=float).add_prefix("draw")
        keys = new.assign(parameter=new.split_param.astype(float))[curve.KEY]
        new = values.groupby([keys[k] for k in curve.KEY]).mean().reset_index()
    # a spectral split with its control is one way of splitting; all splits in use are another
    way = [s.removesuffix(curve.CONTROL) if s.startswith("spectral") else OTHERS for s in old.split]
    ways = {cell.way for cell in computed}
    old = old.loc[[at not in ways for at in zip(old.task, old.model, way)]]
    return pd.concat([frame for frame in (old, new) if len(frame)] or [old])


def _draws(computed, path):
    """Write the resampled scores, mean over seeds, beside those of others; return all."""
    old = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=curve.KEY)
    out = _merged(computed, "draws", old).sort_values(curve.KEY, ignore_index=True)
    results.write_table(out, path)
    out = pd.read_parquet(path)  # as it is stored, so that a later run gives the same tables
    return out.assign(parameter=out.parameter.astype(float).round(6)).set_index(curve.KEY)


def _overlaps(study, requests):
    """Overlaps of every split; those of other data sets and ways of splitting stay."""
    there = (study.folder / "overlaps.csv").exists()
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


def _write_manifest(computed, tasks, study, known, *, jobs, run_s):
    """Versions, cost and cells of the results; cells that this run does not replace stay."""
    path = study.folder / "manifest.json"
    old = manifest.read(path)
    names = ["task", "model", *curve.SPLIT, "reason"]
    unscored = pd.DataFrame(old.get("unscored", []), columns=names)
    unscored = _merged(computed, "unscored", unscored).sort_values(sorted(names))
    at = "first", "model", "split"
    cells = {itemgetter(*at)(cell): cell for cell in old.get("cells", [])}
    new = {"n": 1, "rows": 0, "seconds": 0.0}
    cells |= {cell.way: dict(zip(at, cell.way)) | new for cell in computed}
    for cell, part in computed.items():
        cells[cell.way]["rows"] += len(part["rows"])
        cells[cell.way]["seconds"] += round(part["seconds"], 2)
    specs = {name: spec for name, spec in study.declared.datasets.items() if name in tasks}
    total = sum(cell["seconds"] for cell in cells.values())
    out = {
        "profile": table.PROFILE,
        "versions": manifest.versions(),
        "seed": 0,
        "device": f"cpu ({platform.machine()}), {jobs} processes of one thread",
        "wall_s": {"run": round(run_s, 1), "sum_over_cells": round(total, 1)},
        "peak_memory_mb": round(manifest.peak_memory_mb()),
        "commit": manifest.commit(),
        "sources": {name: spec.homepage for name, spec in specs.items()},
        "files": sources.pins(specs),
        "splits": old.get("splits", {}) | known,
        "cells": sorted(cells.values(), key=itemgetter("model", "split", "first")),
        "skipped": {},
        "unscored": unscored.to_dict("records"),
    }
    manifest.write_sealed(path, out)
