"""A profile run by processes here and by the workers of a Dask cluster.

The same bytes, and the time.

``python -m benchmarks.cluster`` writes ``data/results/reliability/cluster.csv``. Both runs begin
with vectors and without cells, in caches of their own; what is in the project's cache stays as it
is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from genebench.benchmark import plan, predictions, results
from genebench.core import cache, paths
from genebench.core.errors import BadInput, RunFailed

CLUSTER = ["profile", "by", "workers", "cells"]
CLUSTER += ["elapsed_s", "cells_cpu_s", "bytes", "identical"]


def run(profile: str, folder: Path, *more: str) -> float:
    """Run a profile as a user would, below a folder; returns seconds."""
    places = {name: str(folder / name.lower()) for name in ("CACHE", "RESULTS")}
    environment = {**os.environ, **{f"GENEBENCH_{k}": v for k, v in places.items()}}
    command = [sys.executable, "-m", "genebench", "run", "-p", profile, *more]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment)
    if done.returncode:
        raise RunFailed(f"the run of '{profile}' ended with status {done.returncode}; see above.")
    return time.perf_counter() - start


def spent(made: plan.Plan, folder: Path) -> tuple[float, float]:
    """CPU seconds and bytes of the cells that a run below a folder cached."""
    seconds, size = 0.0, 0.0
    for cell in made.cells:
        path = folder / "cache" / made.path(cell).relative_to(paths.CACHE)
        seconds += cache.facts(path)["cpu_s"]
        files = (path, predictions.path(path))
        size += sum(p.stat().st_size + cache.sidecar(p).stat().st_size for p in files)
    return seconds, size


def main(profile: str = "ci", workers: int = 2) -> None:
    """Run both ways, compare and write. Raises BadInput where there are no vectors yet."""
    from distributed import LocalCluster

    if not paths.EMBEDDINGS.exists():
        raise BadInput(
            f"{paths.EMBEDDINGS}: holds no vectors; run 'genebench run --profile {profile}' first."
        )
    made, rows = plan.make(profile), []
    jobs = ["-j", str(workers)]
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as temporary:
        folders = {by: Path(temporary) / by for by in ("processes", "dask")}
        for folder in folders.values():
            for name in (paths.EMBEDDINGS, paths.TASKS, paths.DOWNLOADS):
                if name.exists():
                    shutil.copytree(name, folder / "cache" / name.name)
        elapsed = {"processes": run(profile, folders["processes"], *jobs)}
        options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with LocalCluster(n_workers=workers, **options) as cluster:
            address = ["--scheduler", cluster.scheduler_address]
            elapsed["dask"] = run(profile, folders["dask"], *jobs, *address)
        scores = [folder / "results" / profile / "scores.parquet" for folder in folders.values()]
        identical = len({cache.digest(path) for path in scores}) == 1
        for by, folder in folders.items():
            cost = (len(made.cells), elapsed[by], *spent(made, folder), identical)
            rows.append((profile, by, workers, *cost))
    frame = pd.DataFrame(rows, columns=CLUSTER)
    results.write_csv(frame.round(2), results.beside_path("reliability", "cluster.csv"))
    print(frame.to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:2])
