"""The tables of the spectral curves, and lists of what is declared, as pages read them."""

import pandas as pd

from ..core import paths
from ..core.errors import BadInput
from ..data import sources
from . import curve

PROFILE = "spectra"
AREAS = ["data set", "model", "split", "metric", "AUSPC", "low", "high", "size-matched", "overlaps"]
"""Columns of ``areas`` that the command line shows."""
_LISTED = [
    *("data set", "title", "paper", "kind", "unit", "linked where", "models", "status", "needs"),
    *("differs", "licence", "homepage"),
]


def read(name, folder=None):
    """Read a table.

    Parameters
    ----------
    name, folder : str, Path
        Its file, and where results are; None: the committed ones.

    Returns
    -------
    DataFrame

    Raises
    ------
    BadInput
        Not made yet.
    """
    file = (folder or paths.results(PROFILE)) / name
    if not file.exists():
        raise BadInput(f"{file}: not made yet; run 'genebench spectra all'.")
    if file.stat().st_size < 2:  # without rows it has no columns
        return pd.DataFrame()
    frame = pd.read_csv(file, dtype={"split_param": str})
    return frame.fillna({"split_param": ""}) if name == "overlaps.csv" else frame


def datasets(declared):
    """List the declared data sets.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    DataFrame
        One row a data set: title, the paper's set that it stands for, kind, number of models,
        ``status`` (ready, missing), what it needs.
    """
    specs = declared.datasets.values()
    frame = pd.DataFrame([spec.model_dump() for spec in specs]).fillna({"paper": ""})
    frame["linked where"] = frame.property.str["words"]
    frame["models"] = frame.models.str.len()
    frame[["status", "needs"]] = [sources.status(spec) for spec in specs]
    return frame.rename(columns={"name": "data set"})[_LISTED]


def areas(names, folder=None):
    """AUSPC over λ, that of the size-matched control, and the mean over the target's overlaps.

    Parameters
    ----------
    names, folder : set of str, Path
        Data sets, and where their results are (see ``read``).

    Returns
    -------
    DataFrame
        One row per data set, model and way of splitting, rounded to three digits.
    """
    frame, keys = read("auspc.csv", folder), ["task", "model", "split"]
    target = frame[frame.over == "target"].set_index(keys).auspc.rename("overlaps")
    frame = frame[(frame.over == "lambda") & frame.task.isin(names)].join(target, on=keys)
    known = frame.set_index(keys).auspc
    out = frame[~frame.split.str.endswith(curve.CONTROL)]
    control = known.reindex(zip(out.task, out.model, out.split + curve.CONTROL))
    out = out.assign(**{"size-matched": control.to_numpy()})
    out = out.rename(columns={"task": "data set", "auspc": "AUSPC"})
    return out.round(dict.fromkeys(AREAS[4:], 3))
