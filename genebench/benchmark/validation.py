"""Checks of results: schema, bounds, completeness, and whether files are as they were written."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import manifest as manifests
from ..core import paths
from ..core.errors import BadInput, RunFailed, unknown
from ..core.specs import GROUPS, MORE_GROUPS
from ..stats.metrics import METRICS
from . import results
from .dividing import as_published
from .splits import SPLITS


def sealed(profile):
    """Check that manifest and scores are, byte for byte, as they were written.

    Parameters
    ----------
    profile : str

    Returns
    -------
    bool
    """
    files = results.manifest_path(profile), results.scores_path(profile)
    faults = manifests.faults(files[0].parent)
    return not any(fault.startswith(f"{path}:") for fault in faults for path in files)


_CLOSED = {
    "genes": ("choice of genes", results.GENES),
    "metric": ("metric", METRICS),
    "group": ("group of tasks", (*GROUPS, *MORE_GROUPS)),
}
_BOUNDS = {"coverage": (0, 1), "n_train": (0, np.inf), "n_test": (1, np.inf), "fold": (0, np.inf)}


def validate(frame, where):
    """Check a table of scores.

    Parameters
    ----------
    frame : DataFrame of ``results.SCHEMA``
    where : str, what it is called in messages

    Returns
    -------
    list of str, one sentence a fault; empty if it is sound
    """
    if frame.empty:
        return [f"{where}: no rows."]
    faults, twice = [], frame[frame.duplicated(results.IDENTITY)]
    if len(twice):
        first = dict(twice.iloc[0][results.IDENTITY].astype(str))
        faults.append(f"{where}: {len(twice)} rows stand twice, first {first}.")
    for column, (what, known) in _CLOSED.items():
        names = sorted(set(frame[column].drop_duplicates().astype(str)) - set(known))
        faults += [str(unknown(what, name, known, where=where)) for name in names]
    of_kind = frame[["metric", "kind"]].drop_duplicates().astype(str)
    for name, kind in sorted(of_kind.itertuples(index=False, name=None)):
        if name in METRICS and kind not in METRICS[name].kinds:
            faults.append(f"{where}: '{name}' is no metric of a {kind} task.")
    bounds = [("values", name, frame[name], *limits) for name, limits in _BOUNDS.items()]
    for name, scores in frame.groupby("metric", observed=True).score:
        if name in METRICS:
            bounds.append(("scores", name, scores, METRICS[name].low, METRICS[name].high))
    for what, name, values, low, high in bounds:
        bad = values[~np.isfinite(values) | ~values.between(low - 1e-9, high + 1e-9)]
        if len(bad):
            place = f"outside [{low}, {high}], first {bad.iloc[0]}"
            faults.append(f"{where}: {len(bad)} {what} of '{name}' {place}.")
    return faults


def validate_path(path, *, seal=False):
    """Check a file of scores, a manifest, or folders of results and every table in them.

    Parameters
    ----------
    path : Path or None
        A folder stands for those below it too.
    seal : bool
        Whether to note the tables of folders first as they are now.

    Returns
    -------
    list of str, one sentence a fault
    """
    if path is None:
        names = sorted(p.parent.name for p in paths.RESULTS.glob("*/scores.parquet"))
        raise BadInput(
            "no path is given of what to validate; name a scores.parquet, a manifest.json or their "
            f"folder, such as 'genebench validate {paths.results('demo')}' (results below "
            f"{paths.RESULTS}: {', '.join(names) or 'none yet'})."
        )
    if path.is_dir():
        below = [path, *sorted(p for p in path.rglob("*") if p.is_dir())]
        folders = [p for p in below if (p / "manifest.json").exists() or manifests.tables(p)]
        if not folders:
            raise BadInput(
                f"{path}: holds neither scores.parquet nor manifest.json; give a results folder or "
                "file."
            )
        for folder in folders if seal else ():
            manifests.seal(folder, manifests.tables(folder))
        return [fault for folder in folders for fault in _folder_faults(folder)]
    if not path.exists():
        raise BadInput(
            f"{path}: no such file; give a scores.parquet, a manifest.json or their folder."
        )
    if path.name == "manifest.json":
        return _folder_faults(path.parent)
    if path.suffix != ".parquet":
        raise BadInput(
            f"{path}: neither parquet nor manifest.json; give a scores.parquet or a manifest.json."
        )
    return validate(results.read(path), str(path))


_MANIFEST = (
    "profile device commit versions wall_s sources skipped seed peak_memory_mb cells".split()
)


def _folder_faults(folder: Path) -> list[str]:
    """What is wrong with a folder: tables that were changed, then scores and manifest of a run."""
    path, scores = folder / "manifest.json", folder / "scores.parquet"
    changed, manifest = manifests.faults(folder), manifests.raw(path)
    if changed or set(manifest) == {"tables", "seal"}:
        return changed
    missing = sorted(set(_MANIFEST) - set(manifest)) if path.exists() else []
    if missing or not scores.exists():
        return [f"{path}: the manifest lacks {', '.join(missing)}."] * bool(missing)
    frame = results.read(scores)
    return validate(frame, str(scores)) or (_complete(frame, scores, manifest) if manifest else [])


def _complete(frame: pd.DataFrame, scores: Path, manifest: dict) -> list[str]:
    """Whether the scores hold every pair that the cells computed and did not skip, and no other."""
    at = ["task", "model", "split"]
    if "unscored" in manifest:
        return _complete_curves(frame, scores, manifest)
    expected = sum(cell["n"] for cell in manifest["cells"])
    expected -= sum(len(tasks) for of in manifest["skipped"].values() for tasks in of.values())
    pairs = frame.groupby(at, observed=True).ngroups
    if pairs != expected:
        return [f"{scores}: {pairs} pairs of task and model where its manifest counts {expected}."]
    own = frame[frame.genes == "own"].groupby([*at, "kind", "probe", "metric"], observed=True)
    # a task of few genes is divided more often, each time into all folds
    folds = own.size() / (own["repeat"].max() + 1).clip(lower=manifest["repeats"])
    # published folds are one holdout, or of pairs all of them
    holdout = [s for s, split in SPLITS.items() if split.divide is as_published]
    split, kind = (folds.index.get_level_values(name) for name in ("split", "kind"))
    due = np.where(split.isin(holdout) & (kind != "pair"), 1, manifest["folds"])
    wrong = np.flatnonzero(folds != due)
    return [
        f"{scores}: {' × '.join(map(str, folds.index[first]))} has {folds.iloc[first]:g} tested "
        f"folds where {due[first]} are due ({len(wrong)} such)."
        for first in wrong[:1]
    ]


def _complete_curves(frame: pd.DataFrame, scores: Path, manifest: dict) -> list[str]:
    """Whether scores of Part II hold as many rows of each model and data set as the cells made."""
    rows = Counter(zip(frame.model, frame.task))
    for cell in manifest["cells"]:
        rows[cell["model"], cell["first"]] -= cell["rows"]
    return [
        f"{scores}: {abs(n)} rows {'too many' if n > 0 else 'missing'} of {' × '.join(at)}."
        for at, n in rows.items()
        if n
    ]


def write(rows, path):
    """Write new rows of scores that are sound.

    Parameters
    ----------
    rows, path : DataFrame of ``results.SCHEMA``, Path

    Raises
    ------
    RunFailed
        They break a rule of ``validate``; nothing is written.
    """
    if faults := validate(rows, "the new results"):
        raise RunFailed(f"the results are not sound and were not written: {faults[0]}")
    results.write(rows, path)
