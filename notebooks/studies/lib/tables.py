"""Tables of studies: written, and merged task by task."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genebench.benchmark import results, validation
from genebench.core import paths
from genebench.core.errors import BadInput


def save(frame: pd.DataFrame, study: str, name: str) -> Path:
    """Write a table of a study, numbers to five digits.

    Parameters
    ----------
    frame : DataFrame
    study, name : str
        Folder below ``data/results/glm`` and name of the file.

    Returns
    -------
    Path
    """
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    results.write_csv(frame.round(dict.fromkeys(frame.select_dtypes("float"), 5)), path)
    return path


def merge(frame: pd.DataFrame, study: str, name: str, *, by: str = "task") -> Path:
    """Write rows into a table of a study, in place of those with the same key.

    Parameters
    ----------
    frame : DataFrame
    study, name, by : str
        Folder, name of the file, column of the key.

    Returns
    -------
    Path
    """
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    if path.exists():
        before = pd.read_csv(path)
        frame = pd.concat([before[~before[by].isin(set(frame[by]))], frame], ignore_index=True)
    return save(frame.sort_values(by, kind="stable"), study, name)


def merge_scores(frame: pd.DataFrame, study: str) -> list[Path]:
    """Write rows into ``scores.parquet`` and ``intervals.csv`` of a study, task by task.

    Parameters
    ----------
    frame : DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.
    study : str
        Folder below ``data/results/glm``.

    Returns
    -------
    list of Path

    Raises
    ------
    BadInput
        Rows that break the schema.
    """
    path = paths.GLM_RESULTS / study / "scores.parquet"
    scores = frame[results.SCHEMA.names]
    if path.exists():
        before = results.read(path)
        before = before[~before.task.isin(set(frame.task))]
        before = before.astype(dict.fromkeys(before.select_dtypes("category"), str))
        scores = pd.concat([before, scores], ignore_index=True)
    if faults := validation.validate(scores, str(path)):
        raise BadInput(faults[0])
    results.write(scores, path)
    columns = ["task", "model", "probe", "split", "repeat", "metric"]
    columns += ["variant"] if frame.variant.any() else []
    intervals = frame[[*columns, "score", "low", "high", "n_train", "n_test"]]
    written = merge(intervals.sort_values(columns, kind="stable"), study, "intervals")
    return [path, written, *over_repeats(study)]


def over_repeats(study: str) -> list[Path]:
    """Write ``means.csv`` of a study with several repeats: scores and intervals averaged over them.

    Parameters
    ----------
    study : str
        Folder below ``data/results/glm``, which has ``intervals.csv``.

    Returns
    -------
    list of Path
        Empty where there is one repeat.
    """
    frame = pd.read_csv(paths.GLM_RESULTS / study / "intervals.csv")
    if frame["repeat"].nunique() < 2:
        return []
    return [save(mean_of_repeats(frame), study, "means")]


def mean_of_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """Average rows of ``intervals.csv`` over repeats, and over networks of random weights.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame
        ``task, model, probe, split, metric``, means of ``score, low, high, n_train, n_test``.
    """
    keys = ["task", "model", "probe", "split", "metric"]
    values = ["score", "low", "high", "n_train", "n_test"]
    return frame.groupby(keys, sort=False)[values].mean().reset_index()
