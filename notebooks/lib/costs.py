"""What a run cost, from its manifest."""

import pandas as pd

STAGES = ("prepare", "embeddings", "cells", "intervals")
"""Stages of a run, in their order."""


def spent(manifest: dict) -> pd.DataFrame:
    """Sum what a run took by model.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    DataFrame
        Columns ``model, cells, tasks`` (fitted, over all splits), ``embedding_s`` (seconds of
        the clock), ``fits_s`` (CPU seconds; of cells without a note of the CPU, of the clock),
        ``mean_s`` (a cell).
    """
    frame = pd.DataFrame(manifest["cells"])
    frame["cpu_s"] = frame.get("cpu_s", frame.seconds).fillna(frame.seconds)
    sums = {"cells": ("n", "size"), "tasks": ("n", "sum"), "fits_s": ("cpu_s", "sum")}
    by = frame.groupby("model").agg(**sums)
    noted = {m: facts.get("seconds") for m, facts in manifest.get("embeddings", {}).items()}
    by = by.assign(embedding_s=pd.Series(noted, dtype=float), mean_s=by.fits_s / by.cells)
    by = by.loc[[m for m in manifest["models"] if m in by.index]].rename_axis("model")
    return by[["cells", "tasks", "embedding_s", "fits_s", "mean_s"]].reset_index()


def words(manifest: dict) -> str:
    """Say in one sentence of Markdown what a run cost, and on what."""
    minutes = spent(manifest)[["fits_s", "embedding_s"]].sum() / 60
    return (
        f"**{len(manifest['cells']):,} cells on {manifest['device']}: "
        f"{manifest['wall_s']['run'] / 60:.0f} minutes by the clock for the last run. All "
        f"runs that made its cells and vectors: {minutes.fits_s:.0f} CPU minutes of probes, "
        f"{minutes.embedding_s:.0f} minutes by the clock of embeddings, on all cores.**"
    )


def stages(manifest: dict) -> pd.DataFrame:
    """Tabulate the wall-clock seconds of each stage of a run.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    DataFrame
        Columns ``stage, seconds``, and ``peak_mb``: memory of the largest process, known for the
        whole run alone.
    """
    took = manifest["wall_s"].get("stages", {})
    rows = [{"stage": name, "seconds": took[name]} for name in STAGES if name in took]
    whole = "the whole run" if took else "writing the tables (every cell was cached by then)"
    last = {"stage": whole, "seconds": manifest["wall_s"]["run"]}
    return pd.DataFrame([*rows, {**last, "peak_mb": manifest["peak_memory_mb"]}])
