"""Models that run elsewhere: splits written to a file for them, and their predictions read back and scored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import results
from ..core import cache
from ..core.errors import BadInput
from ..data import readers
from . import cuts, models, run, table
from .cuts import Wanted
from .datasets import DataSet

COLUMNS = ["split", "split_param", "repeat", "id", "prediction"]


def numbers(text: str) -> list[float]:
    """Numbers joined by commas. Raises: BadInput: something else."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(
            f"'{text}' is no list of numbers; write for example --parameters 0,0.5,1."
        ) from None


def sample_ids(data: DataSet) -> np.ndarray:
    """What a file calls each sample: the unit; of pairs ``drug|target``; of residues ``chain:place`` (from 1)."""
    if "place" in data.parts:
        return np.array(
            [f"{data.ids[u]}:{p + 1}" for u, p in zip(data.unit, data.parts["place"])], dtype=object
        )
    if "drug" in data.parts:
        names = (
            data.parts["drugs"][data.parts["drug"]],
            data.parts["targets"][data.parts["target"]],
        )
        return np.array([f"{a}|{b}" for a, b in zip(*names)], dtype=object)
    return data.ids[data.of_unit]


def _one(wanted: list[Wanted]) -> Wanted:
    if len(wanted) != 1:
        raise BadInput(
            f"{len(wanted)} data sets and modes are asked for; name one data set, and one --mode."
        )
    (one,) = wanted
    if cache.state(cuts.path(one)) != "ready":
        cuts.make(one)
    return one


def write_splits(wanted: list[Wanted], path: Path) -> Path:
    """Write the splits of one data set as CSV (gzip where the name says so): split, split_param, repeat, id, side."""
    one = _one(wanted)
    held, cut = cuts.data(one), cuts.read(one)
    ids, frames = sample_ids(held), []
    for i, about in cut.about[cut.about.split_param != ""].iterrows():
        side = cut.sides[i][held.of_unit]
        frame = pd.DataFrame({"id": ids, "side": np.array(["", "train", "test"])[side]})[
            side > 0
        ].drop_duplicates()
        frames.append(
            frame.assign(split=about.split, split_param=about.split_param, repeat=about["repeat"])
        )
    with cache.atomic(path) as temporary:
        pd.concat(frames)[[*COLUMNS[:4], "side"]].to_csv(temporary, index=False)
    return path


def score(
    wanted: list[Wanted], path: Path, names: list[str], *, say: Callable[[str], None] = print
) -> run.Outcome:
    """Score a model's predictions from a file and add its rows to the results.

    The file has the columns ``COLUMNS``; a prediction is a number that rises with the positive class or with the
    value, or of several classes the class itself. Every test sample of a split that the file names must be there.
    Raises: BadInput: no such model, a column or a sample that is missing, a prediction that cannot be used.
    """
    start, one = time.perf_counter(), _one(wanted)
    if len(names) != 1:
        raise BadInput(
            "say with --models which one model of data/spectra.yml the predictions are of."
        )
    spec = models.spec(names[0])
    held, cut = cuts.data(one), cuts.read(one)
    given = _read(path, held)
    key = cache.key({"file": cache.digest(path), "cuts": cuts.recipe(one), "model": spec.name})
    ids, rows, unscored, seen = sample_ids(held), [], [], 0
    for at, part in given.groupby(["split", "split_param", "repeat"], sort=True):
        about = cut.about
        found = np.flatnonzero(
            (about.split == at[0]) & (about.split_param == at[1]) & (about["repeat"] == at[2])
        )
        if not len(found):
            raise BadInput(
                f"{path}: the split {at} is none of '{one.dataset}'; see --write-splits."
            )
        seen += 1
        side = cut.sides[found[0]][held.of_unit]
        train, test = np.flatnonzero(side == 1), np.flatnonzero(side == 2)
        named = {"split": at[0], "split_param": at[1], "repeat": int(at[2]), "fold": 0}
        if why := run.why_not(held, train, test):
            unscored.append({**named, "reason": why})
            continue
        values = part.drop_duplicates("id").set_index("id").prediction.reindex(ids[test])
        if values.isna().any():
            raise BadInput(
                f"{path}: split {at} has no prediction for '{values.index[values.isna()][0]}' "
                f"({int(values.isna().sum())} such); give one for every test sample."
            )
        rows += run.scored(
            held, spec.name, spec.family, "file", named, train, test, values.to_numpy(), 1.0, key
        )
    frame = pd.DataFrame(rows, columns=results.SCHEMA.names)
    if frame.empty:
        raise BadInput(
            f"{path}: no split of it can be scored ({unscored[0]['reason'] if unscored else 'it has no rows'})."
        )
    cell = run.Cell(one, spec.name, one.parameters)
    told = [{"cell": cell, "seconds": 0.0, "unscored": unscored}]
    table.write([frame], told, [(one, cut.about)], jobs=1, run_s=time.perf_counter() - start)
    say(f"{seen} splits of '{spec.name}' scored")
    return run.Outcome(1, 0, 1, {}, len(unscored), time.perf_counter() - start)


def _read(path: Path, held: DataSet) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as err:
        raise BadInput(
            f"{path}: cannot be read as CSV ({str(err).splitlines()[0][:100]}); give {', '.join(COLUMNS)}."
        )
    missing = [c for c in COLUMNS if c not in frame.columns]
    if missing:
        raise BadInput(
            f"{path}: has no column {missing[0]}; its columns must be {', '.join(COLUMNS)}."
        )
    frame["split_param"] = [f"{float(v):g}" if v else "" for v in frame.split_param]
    frame["repeat"] = readers.numbers(frame["repeat"], strict=True).astype(int)
    if held.kind == "multiclass":
        at = {c: i for i, c in enumerate(held.classes)}
        strange = sorted(set(frame.prediction) - set(at))
        if strange:
            raise BadInput(
                f"{path}: '{strange[0]}' is no class of '{held.name}'; known: {', '.join(held.classes[:12])}."
            )
        return frame.assign(prediction=frame.prediction.map(at))
    frame["prediction"] = readers.numbers(frame.prediction)
    bad = ~np.isfinite(frame.prediction)
    if bad.any():
        raise BadInput(
            f"{path}: line {int(np.argmax(bad)) + 2} has no number as prediction; mend or drop it."
        )
    return frame
