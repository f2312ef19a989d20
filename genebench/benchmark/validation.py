"""Checks of results: schema, bounds, completeness, and whether files are as they were written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import cache, paths
from ..core.errors import BadInput
from ..core.specs import GROUPS, MORE_GROUPS
from ..stats import metrics
from .results import GENES, IDENTITY, manifest_path, read, scores_path


def sealed(profile: str) -> bool | None:
    """Check that manifest and scores are, byte for byte, as they were written.

    Returns
    -------
    bool or None
        None where an older manifest does not say.
    """
    try:
        manifest = json.loads(manifest_path(profile).read_text(encoding="utf-8"))
        seal = manifest.pop("seal", None)
    except (OSError, ValueError, AttributeError):
        return False
    return None if seal is None else _untouched(manifest, seal, scores_path(profile))


def _untouched(manifest: dict, seal: str, scores: Path) -> bool:
    same = manifest.get("scores_sha256") == cache.digest(scores)
    return seal == cache.key(manifest) and same


def validate(frame: pd.DataFrame, where: str) -> list[str]:
    """Check a table of scores.

    Parameters
    ----------
    frame : DataFrame
        Columns of ``SCHEMA``.
    where : str
        What it is called in messages.

    Returns
    -------
    list of str
        One sentence a fault; empty if it is sound.
    """
    if frame.empty:
        return [f"{where}: no rows."]
    faults = []
    twice = frame[frame.duplicated(IDENTITY)]
    if len(twice):
        first = dict(twice.iloc[0][IDENTITY].astype(str))
        faults.append(f"{where}: {len(twice)} rows stand twice, first {first}.")
    texts = frame[["metric", "kind", "genes", "group"]].astype(str)
    for name in sorted(set(texts.genes) - set(GENES)):
        faults.append(f"{where}: unknown choice of genes '{name}'; known: {', '.join(GENES)}.")
    for name, kind in sorted(set(zip(texts.metric, texts.kind))):
        if name in metrics.METRICS and kind not in metrics.METRICS[name].kinds:
            faults.append(f"{where}: '{name}' is no metric of a {kind} task.")
    faults += [
        f"{where}: unknown metric '{name}'."
        for name in sorted(set(texts.metric) - set(metrics.METRICS))
    ]
    for name in sorted(set(texts.metric) & set(metrics.METRICS)):
        low, high = metrics.METRICS[name].low, metrics.METRICS[name].high
        score = frame.score[texts.metric == name]
        bad = score[~np.isfinite(score) | (score < low - 1e-9) | (score > high + 1e-9)]
        if len(bad):
            faults.append(
                f"{where}: {len(bad)} scores of '{name}' outside [{low}, {high}], first "
                f"{bad.iloc[0]}."
            )
    for value in sorted(set(texts.group) - {*GROUPS, *MORE_GROUPS}):
        faults.append(f"{where}: unknown group of tasks '{value}'.")
    bounds = {
        "coverage": (0, 1),
        "n_train": (0, np.inf),
        "n_test": (1, np.inf),
        "fold": (0, np.inf),
    }
    for name, (low, high) in bounds.items():
        bad = frame[name][~frame[name].between(low, high)]
        if len(bad):
            faults.append(
                f"{where}: {len(bad)} values of '{name}' outside [{low}, {high}], first "
                f"{bad.iloc[0]}."
            )
    return faults


def validate_path(path: Path | None) -> list[str]:
    """Check a file of scores, a manifest, or a folder of both.

    Parameters
    ----------
    path : Path or None

    Returns
    -------
    list of str
        One sentence a fault.

    Raises
    ------
    BadInput
        There is nothing to check.
    """
    if path is None:
        names = sorted(p.parent.name for p in paths.RESULTS.glob("*/scores.parquet"))
        raise BadInput(
            "no path is given of what to validate; name a scores.parquet, a manifest.json or their "
            f"folder, such as 'genebench validate {paths.results('demo')}' (results below "
            f"{paths.RESULTS}: {', '.join(names) or 'none yet'})."
        )
    if path.is_dir():
        there = [p for p in (path / "scores.parquet", path / "manifest.json") if p.exists()]
        if not there:
            raise BadInput(
                f"{path}: holds neither scores.parquet nor manifest.json; give a results folder or "
                "file."
            )
        faults = [fault for p in there for fault in validate_path(p)]
        return faults or (_complete(*there) if len(there) == 2 else [])
    if not path.exists():
        raise BadInput(
            f"{path}: no such file; give a scores.parquet, a manifest.json or their folder."
        )
    if path.suffix == ".parquet":
        return validate(read(path), str(path))
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as err:
        raise BadInput(
            f"{path}: neither parquet nor readable JSON ({err}); give a scores.parquet or a "
            "manifest.json."
        ) from None
    return _manifest_faults(manifest, str(path))


_MANIFEST = {
    **{"profile": str, "versions": dict, "seed": int, "device": str, "wall_s": dict},
    **{"peak_memory_mb": (int, float), "commit": str, "sources": dict, "cells": list},
    "skipped": dict,
}


def _manifest_faults(manifest: object, where: str) -> list[str]:
    """What a manifest lacks, or what is wrong with its values."""
    there = manifest if isinstance(manifest, dict) else {}
    missing = sorted(set(_MANIFEST) - set(there))
    if missing:
        return [f"{where}: the manifest lacks {', '.join(missing)}."]
    wrong = [n for n, k in _MANIFEST.items() if not isinstance(there[n], k) or there[n] in ([], "")]
    return [f"{where}: the manifest's {', '.join(wrong)} hold no sound value."] if wrong else []


def _complete(scores: Path, path: Path) -> list[str]:
    """Whether the scores hold every pair that the cells computed and did not skip, and no other."""
    manifest, frame = json.loads(path.read_text(encoding="utf-8")), read(scores)
    if "unscored" in manifest:
        return _complete_curves(frame, scores, manifest)
    expected = sum(cell["n"] for cell in manifest["cells"])
    expected -= sum(
        len(tasks) for split in manifest["skipped"].values() for tasks in split.values()
    )
    pairs = frame.groupby(["task", "model", "split"], observed=True).ngroups
    if pairs != expected:
        return [f"{scores}: {pairs} pairs of task and model where {path.name} counts {expected}."]
    seal = manifest.pop("seal", None)
    if seal is not None and not _untouched(manifest, seal, scores):
        return [
            f"{scores}: it or {path.name} is not, byte for byte, as it was written; rerun "
            "'genebench run'."
        ]
    own = frame[frame.genes == "own"]
    folds = own.groupby(["task", "model", "split", "metric"], observed=True).size()
    wrong = folds[folds != manifest["folds"] * manifest["repeats"]]
    if len(wrong):
        at = " × ".join(map(str, wrong.index[0]))
        return [
            f"{scores}: {at} has {wrong.iloc[0]} folds where {path.name} says "
            f"{manifest['folds']} ({len(wrong)} such)."
        ]
    return []


def _complete_curves(frame: pd.DataFrame, scores: Path, manifest: dict) -> list[str]:
    """Whether scores of Part II hold as many rows of each model and data set as the cells made."""
    rows = frame.groupby([frame.model.astype(str), frame.task.astype(str)]).size()
    for cell in manifest["cells"]:
        at = cell["model"], cell["first"]
        rows[at] = rows.get(at, 0) - cell["rows"]
    return [
        f"{scores}: {abs(n)} rows {'too many' if n > 0 else 'missing'} of {' × '.join(at)}."
        for at, n in rows.items()
        if n
    ]
