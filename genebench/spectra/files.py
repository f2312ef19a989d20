"""Models that run elsewhere: splits written to a file for them, and their predictions scored."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import cache, workers
from ..core.errors import BadInput
from ..core.workers import Say
from ..data import readers
from . import run, table
from . import study as studies
from .builders import DataSet
from .study import Study

SPLIT = ["split", "split_param", "repeat"]
COLUMNS = [*SPLIT, "id", "prediction"]
"""Columns of a file of predictions."""


def sample_ids(data: DataSet) -> np.ndarray:
    """Name each sample as files do.

    Parameters
    ----------
    data : DataSet
        The data set.

    Returns
    -------
    ndarray of shape (m,)
        The unit; of pairs ``drug|target``; of residues ``chain:place``, counted from 1.
    """
    if "place" in data.parts:
        chains = data.ids[data.unit]
        return np.array([f"{c}:{p + 1}" for c, p in zip(chains, data.parts["place"])], object)
    if "drug" in data.parts:
        drugs, targets = (data.parts[f"{s}s"][data.parts[s]] for s in ("drug", "target"))
        return np.array([f"{a}|{b}" for a, b in zip(drugs, targets)], object)
    return data.ids[data.of_unit]


def numbers(text: str) -> list[float]:
    """Read numbers joined by commas.

    Parameters
    ----------
    text : str
        For example ``0,0.5,1``.

    Returns
    -------
    list of float

    Raises
    ------
    BadInput
        Something else.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(
            f"'{text}' is no list of numbers; write for example --parameters 0,0.5,1."
        ) from None


def _only(study):
    """The one request of a study, its data set and splits."""
    if len(study.requests) != 1:
        raise BadInput(
            f"{len(study.requests)} data sets and modes are requested; name one data set, and one "
            f"--mode."
        )
    (request,) = study.requests
    waiting = workers.pending(studies.STAGE, study, [request])
    if why := waiting and workers.do(studies.STAGE, study, request):
        raise BadInput(why)
    return request, study.data(request.dataset), studies.read(study, request)


def write_splits(study: Study, path: Path) -> Path:
    """Write the spectral splits of one data set as CSV.

    Parameters
    ----------
    study : Study
        Of one request.
    path : Path
        File; compressed where the name ends in ``.gz``.

    Returns
    -------
    Path
        The file, with the columns split, split_param, repeat, id, side.

    Raises
    ------
    BadInput
        More than one request.
    """
    _, data, splits = _only(study)
    ids, frames = sample_ids(data), []
    for i, about in splits.about[splits.about.split_param != ""].iterrows():
        side = splits.sides[i][data.of_unit]
        frame = pd.DataFrame({"id": ids, "side": np.array(["", "train", "test"])[side]})
        frame = frame[side > 0].drop_duplicates()
        frames.append(frame.assign(**about[SPLIT]))
    with cache.atomic(path) as temporary:
        pd.concat(frames)[[*SPLIT, "id", "side"]].to_csv(temporary, index=False)
    return path


def score(study: Study, path: Path, names: list[str], *, say: Say = print) -> run.CurveOutcome:
    """Score a model's predictions from a file and add its rows to the results.

    Parameters
    ----------
    study : Study
        Of one request.
    path : Path
        CSV with ``COLUMNS``: a prediction is a number that rises with the positive class or with
        the value, or of several classes the class itself. Every test sample of a split that the
        file names must be there.
    names : list of str
        The model, one.
    say : callable, optional
        See ``workers.Say``.

    Returns
    -------
    CurveOutcome

    Raises
    ------
    BadInput
        No such model, a column or sample that is missing, a prediction that cannot be used.
    """
    start = time.perf_counter()
    request, data, splits = _only(study)
    if len(names) != 1:
        raise BadInput(
            "say with --models which one model of data/spectra.yml the predictions are of."
        )
    model = study.declared.model(names[0])
    predictions = dict(list(_read(path, data).groupby(SPLIT, sort=True)))
    about = splits.about.drop_duplicates(SPLIT)
    known = about.set_index(SPLIT).index
    for at in predictions:
        if at not in known:
            raise BadInput(
                f"{path}: the split {at} is none of '{request.dataset}'; see --write-splits."
            )
    about, ids = about[known.isin(list(predictions))], sample_ids(data)

    def predict(sides, about):
        for side, at in zip(sides, about[SPLIT].itertuples(index=False, name=None)):
            part = predictions[at].drop_duplicates("id").set_index("id").prediction
            values = part.reindex(ids[data.samples(side)[1]])
            if values.isna().any():
                absent = values.index[values.isna()]
                raise BadInput(
                    f"{path}: split {at} has no prediction for '{absent[0]}' ({len(absent)} such); "
                    f"give one for every test sample."
                )
            yield values.to_numpy()

    recipe = {"file": cache.digest(path), "cuts": studies.recipe(study, request)}
    key = cache.key({**recipe, "model": model.name})
    names = {"model": model.name, "family": model.family, "probe": "file", "key": key}
    chosen = splits.sides[about.index], about
    rows, unscored = run.score_splits(data, *chosen, predict, **names, coverage=1.0)
    if not rows:
        why = unscored[0]["reason"] if unscored else "it has no rows"
        raise BadInput(f"{path}: no split of it can be scored ({why}).")
    cell, seconds = run.Cell(request, model.name, request.parameters), time.perf_counter() - start
    table.write([table.Scored(cell, rows, unscored, 0.0)], study, jobs=1, run_s=seconds)
    say(f"{len(predictions)} splits of '{model.name}' scored")
    return run.CurveOutcome(1, 0, 1, {}, len(unscored), seconds)


def _read(path, data):
    """Predictions of a file, classes as numbers."""
    needed = ", ".join(COLUMNS)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as err:
        why = str(err).splitlines()[0][:100]
        raise BadInput(f"{path}: cannot be read as CSV ({why}); give {needed}.") from None
    for column in COLUMNS:
        if column not in frame:
            raise BadInput(f"{path}: has no column {column}; its columns must be {needed}.")
    frame["split_param"] = [f"{float(v):g}" if v else "" for v in frame.split_param]
    frame["repeat"] = readers.numbers(frame["repeat"], strict=True).astype(int)
    if data.kind == "multiclass":
        strange = sorted(set(frame.prediction) - set(data.classes))
        if strange:
            known = ", ".join(data.classes[:12])
            raise BadInput(f"{path}: '{strange[0]}' is no class of '{data.name}'; known: {known}.")
        return frame.assign(prediction=frame.prediction.map(data.classes.index))
    frame["prediction"] = readers.numbers(frame.prediction)
    bad = ~np.isfinite(frame.prediction)
    if bad.any():
        line = int(np.argmax(bad)) + 2
        raise BadInput(f"{path}: line {line} has no number as prediction; mend or drop it.")
    return frame
