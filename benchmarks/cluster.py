"""A profile run by processes here and by the workers of a Dask cluster: same bytes, what it took,
what was foretold.

``python -m benchmarks.cluster`` writes ``data/results/reliability/cluster.csv`` and ``plan.csv``.
Both runs begin with vectors and without cells, in caches of their own; what is in the project's
cache stays as it is.
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

from genebench.benchmark import costs, predictions, results
from genebench.benchmark import plan as cells
from genebench.core import cache, paths
from genebench.core.errors import BadInput, RunFailed


def _run(profile: str, folder: Path, *more: str) -> float:
    """Run a profile as a user would, below a folder; returns seconds."""
    env = {
        **os.environ,
        "GENEBENCH_CACHE": str(folder / "cache"),
        "GENEBENCH_RESULTS": str(folder / "results"),
    }
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "genebench", "run", "-p", profile, *more], env=env)
    if done.returncode:
        raise RunFailed(f"the run of '{profile}' ended with status {done.returncode}; see above.")
    return time.perf_counter() - start


def _spent(profile: str, folder: Path) -> tuple[int, float, float]:
    """Cells, CPU seconds and bytes of the cells that a run below a folder kept."""
    number, seconds, size = 0, 0.0, 0.0
    for cell in cells.plan(profile):
        path = folder / "cache" / cells.cell_path(cell).relative_to(paths.CACHE)
        number, seconds = number + 1, seconds + cache.facts(path)["cpu_s"]
        files = (path, predictions.path(path))
        size += sum(p.stat().st_size + cache.sidecar(p).stat().st_size for p in files)
    return number, seconds, size


def main(profile: str = "ci", workers: int = 2) -> None:
    """Run, compare and write. Raises: BadInput: the profile's vectors are not in the cache yet."""
    from distributed import LocalCluster

    if not paths.EMBEDDINGS.exists():
        raise BadInput(
            f"{paths.EMBEDDINGS}: holds no vectors; run 'genebench run --profile {profile}' first."
        )
    rows = []
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as temporary:
        here, there = Path(temporary) / "here", Path(temporary) / "there"
        for folder in (here, there):
            for kept in (paths.EMBEDDINGS, paths.TASKS, paths.DOWNLOADS):
                if kept.exists():
                    shutil.copytree(kept, folder / "cache" / kept.name)
        foretold = [(r[3], r[4]) for r in _foretold(profile)]
        elapsed = {"processes": _run(profile, here, "-j", str(workers))}
        options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with LocalCluster(n_workers=workers, **options) as held:
            elapsed["dask"] = _run(
                profile, there, "-j", str(workers), "--scheduler", held.scheduler_address
            )
        digests = [cache.digest(f / "results" / profile / "scores.parquet") for f in (here, there)]
        for name, folder in (("processes", here), ("dask", there)):
            number, seconds, size = _spent(profile, folder)
            rows.append(
                (
                    profile,
                    name,
                    workers,
                    number,
                    elapsed[name],
                    seconds,
                    size,
                    digests[0] == digests[1],
                )
            )
    columns = [
        "profile",
        "by",
        "workers",
        "cells",
        "elapsed_s",
        "cells_cpu_s",
        "bytes",
        "identical",
    ]
    frame = pd.DataFrame(rows, columns=columns).round({"elapsed_s": 1, "cells_cpu_s": 2})
    results.write_csv(frame, results.reliability_path("cluster"))
    plan = [
        (profile, "cells_cpu_s", sum(s for s, _ in foretold), rows[0][5]),
        (profile, "bytes", sum(b for _, b in foretold), rows[0][6]),
    ]
    told = pd.DataFrame(plan, columns=["profile", "quantity", "foretold", "measured"])
    told = told.assign(ratio=told.foretold / told.measured).round(3)
    results.write_csv(told, results.reliability_path("plan"))
    print(frame.to_string(index=False), told.to_string(index=False), sep="\n")


def _foretold(profile: str) -> list[tuple]:
    """What the cost model says of each cell of a profile, as if none were there."""
    held, chosen = cells.context(profile), cells.plan(profile)
    return costs.of_cells(held, chosen)


if __name__ == "__main__":
    main(*sys.argv[1:2])
