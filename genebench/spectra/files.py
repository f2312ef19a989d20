"""Models that run elsewhere: splits written to a file for them, and their predictions scored."""

import time

import numpy as np
import pandas as pd

from ..benchmark.run import RunOutcome
from ..core import cache, workers
from ..core.errors import BadInput
from ..data import readers
from . import curve, record, run, splits
from . import study as studies
from .user_samples import table

SPLIT = ["split", "split_param", "repeat"]
COLUMNS = [*SPLIT, "id", "prediction"]
"""Columns of a file of predictions."""


def _only(study):
    """The one request of a study, its data set, and sides and descriptions of its splits."""
    if len(study.requests) != 1:
        raise BadInput(
            f"{len(study.requests)} data sets and modes are requested; name one data set, and one "
            f"--mode."
        )
    (request,) = study.requests
    if workers.pending(studies.STAGE, study, [request]):
        studies.STAGE.store(study, request, studies.STAGE.compute(study, request))
    return request, study.datasets[request.dataset].load(), *studies.read(study, request)


def write_splits(study, path):
    """Write the spectral splits of one data set as CSV.

    Parameters
    ----------
    study, path : Study, Path
        Of one request; file, compressed where its name ends in ``.gz``.

    Returns
    -------
    Path
        The file, with the columns split, split_param, repeat, id, side.
    """
    _, data, sides, about = _only(study)
    frames = []
    for side, at in zip(sides, about[SPLIT].to_dict("records")):
        words = np.array(["", "train", "test"])[side[data.unit]]
        frame = pd.DataFrame({**at, "id": data.names, "side": words})
        frames.append(frame[(frame.split_param != "") & (frame.side != "")].drop_duplicates())
    with cache.atomic(path) as temporary:
        pd.concat(frames).to_csv(temporary, index=False)
    return path


def leakage(study, path):
    """Score how much a given split leaks, and place it on the spectrum.

    Parameters
    ----------
    study, path : Study, Path
        Of one request; CSV with the columns ``id`` and ``side`` (train, test, or another word:
        neither), and ``split`` where there are several.

    Returns
    -------
    DataFrame
        One row a split: units in ``train`` and ``test``, the overlaps of ``curve.OVERLAPS``,
        ``leakage`` (share of linked pairs across the sides, over that of λ = 0; 0: nothing shared,
        1: as much as in a random split), and ``nearest λ``, whose splits overlap the most alike.

    Raises
    ------
    BadInput
        A column or unit that is missing or unknown, a unit on both sides, or a side without units.
    """
    request, data, _, about = _only(study)
    frame = table(path, "id", "side")
    frame["unit"] = frame.id.map(dict(zip(data.names, data.unit)))
    for name in frame.id[frame.unit.isna()]:
        raise BadInput(f"{path}: '{name}' is no sample of '{request.dataset}'; fix or drop it.")
    own = about[about.split == splits.MODES[request.mode]]
    mean = own.groupby(own.split_param.astype(float))[curve.OVERLAP].mean()
    parts, rows = study.datasets[request.dataset].parts(data), []
    usual = np.mean([_linked(graph, node) for graph, node in parts])
    for name, part in frame.groupby(frame.get("split", lambda line: path.name)):
        side, units = np.zeros(len(data), np.int8), part.unit.astype(int)
        twice = np.intersect1d(*(units[part.side == s] for s in ("train", "test")))
        if len(twice):
            raise BadInput(
                f"{path}: split '{name}' has {len(twice)} samples in both train and test "
                f"(those of one unit are one), first '{part.id[units == twice[0]].iloc[0]}'; "
                "leave each on one side."
            )
        side[units[part.side == "train"]], side[units[part.side == "test"]] = 1, 2
        _, train, test = np.bincount(side, minlength=3)
        if not (train and test):
            raise BadInput(f"{path}: split '{name}' needs rows of side 'train' and of 'test'.")
        row = {"split": name, "train": train, "test": test}
        row |= curve.overlaps(parts, side, data.barcodes)
        row["leakage"] = row["mean_similarity"] / usual if usual else np.nan
        row["nearest λ"] = (mean - row[curve.OVERLAP]).abs().idxmin()
        rows.append(row)
    return pd.DataFrame(rows)


def _linked(graph, node):
    """Mean similarity of two different units: what a split at λ = 0 has across its sides."""
    n, size = len(node), np.bincount(node, minlength=graph.shape[0]).astype(float)
    return size @ (graph @ size) / (n * (n - 1))


def score(study, path, name):
    """Score a model's predictions from a file and write its rows to the folder of the study.

    Parameters
    ----------
    study, name : Study, str
        Of one request; what the model is called.
    path : Path
        CSV with ``COLUMNS``: a prediction is a number that rises with the positive class or with
        the value, or of several classes the class itself. Every test sample of a split that the
        file names must be there.

    Returns
    -------
    RunOutcome

    Raises
    ------
    BadInput
        A column or sample that is missing, a prediction that cannot be used.
    """
    start = time.perf_counter()
    request, data, sides, about = _only(study)
    given = _read(path, data)
    ways, known = given.index.droplevel("id").unique(), pd.MultiIndex.from_frame(about[SPLIT])
    for at in ways.difference(known):
        raise BadInput(
            f"{path}: the split {at} is none of '{request.dataset}'; see --write-splits."
        )
    chosen = known.isin(ways) & ~known.duplicated()

    def predict(sides, about):
        for side, at in zip(sides, about[SPLIT].itertuples(index=False, name=None)):
            values = given.loc[at].reindex(data.names[data.samples(side)[1]])
            for absent in values.index[values.isna()]:
                raise BadInput(
                    f"{path}: split {at} has no prediction for '{absent}' ({values.isna().sum()} "
                    f"such); give one for every test sample."
                )
            yield values.to_numpy()

    recipe = {"file": cache.digest(path), "cuts": studies.recipe(study, request), "model": name}
    columns = {"model": name, "family": "own", "probe": "file", "coverage": 1.0}
    columns["key"] = cache.key(recipe)
    scored = run.score(data, sides[chosen], about[chosen], predict, **columns)
    if not scored["rows"]:
        why = next((split["reason"] for split in scored["unscored"]), "it has no rows")
        raise BadInput(f"{path}: no split of it can be scored ({why}).")
    cell, seconds = run.Cell(request, name, request.parameters), time.perf_counter() - start
    record.write({cell: scored | {"seconds": 0.0}}, study, jobs=1, run_s=seconds)
    return RunOutcome(1, 0, 1, {}, len(scored["unscored"]), seconds, [cell], [])


def _read(path, data):
    """Predictions of a file by split and sample, classes as numbers."""
    frame = table(path, *COLUMNS)
    try:
        frame["split_param"] = [f"{float(v):g}" if v else "" for v in frame.split_param]
        frame["repeat"] = readers.numbers(frame["repeat"], strict=True).astype(int)
    except ValueError as err:
        raise BadInput(f"{path}: split_param and repeat are numbers ({err}); fix that.") from None
    values, kind = readers.numbers(frame.prediction), "number"
    if data.kind == "multiclass":
        kind = f"class ({', '.join(data.classes[:12])})"
        values = frame.prediction.map({name: number for number, name in enumerate(data.classes)})
    for line in np.flatnonzero(~np.isfinite(values)):
        raise BadInput(
            f"{path}: line {line + 2} has no {kind} as prediction but '{frame.prediction[line]}'; "
            f"fix or drop it."
        )
    given = frame.assign(prediction=values).groupby([*SPLIT, "id"]).prediction
    for *_, name in given.nunique().loc[lambda n: n > 1].index:
        raise BadInput(f"{path}: '{name}' has two predictions in one split; give one model's.")
    return given.first()
