"""Linear probes of a user's labelled windows: models beside k-mers, positions, untrained networks.

Every model is trained and tested on the same windows of every split, and compared with the best
shortcut by a paired bootstrap over families of windows.
"""

import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ... import probes
from ...benchmark import dividing, validation
from ...benchmark.dividing import Unsplittable
from ...core import cache, manifest
from ...core.errors import BadInput
from ...core.workers import quiet
from ...data.labels import slug
from ...data.tasks import Task
from ...place import card
from ...spectra import properties, splits
from ...stats import metrics
from .. import codes, hub, net, trained
from . import compare
from . import windows as reading
from .compare import SEED

TEMPLATE = Path(__file__).with_name("probe.html")
FOLDS = 5
ORDERS = (1, 3, 4, 5, 6)
"""Lengths of the k-mers that are counted; 1 is the base composition."""


class Division(NamedTuple):
    """One way to divide the windows: the fold of each (−1: in none), and which folds are tested."""

    split: str
    repeat: int
    fold: np.ndarray
    tested: tuple[int, ...]


def probe(
    path,
    *,
    models=(),
    label="label",
    out=None,
    seeds=3,
    layer=-1,
    device="cpu",
    download=False,
    progress=quiet,
):
    """Probe labelled windows and write ``card.html``, ``card.json`` and ``scores.parquet``.

    Parameters
    ----------
    path, models : Path, sequence of str
        See ``windows.read``, and names or folders of ``hub.load``.
    label : str
        Column of the labels.
    out : Path, optional
        Folder; None: ``<name>-probe`` here.
    seeds : int
        Untrained networks, and draws of the spectral split.
    layer : int
        Of the models; −1 is the last.
    device, download
        As of ``hub.load``.
    progress : callable
        Takes a stage, and how many of how many are done.

    Returns
    -------
    folder, card : Path, dict
    """
    start, spent = time.perf_counter(), time.process_time()
    name = slug(path.name.split(".")[0]) or "windows"
    out = Path(out or f"{name}-probe")
    data = reading.read(path, label=label)
    if len(data) < 4 * FOLDS:
        raise BadInput(f"{path}: {len(data)} windows with a label; give {4 * FOLDS} at least.")
    loaded = [hub.load(model, device=device, download=download) for model in models]
    divisions, families, skipped = divide(data, seeds)
    predicted = {}
    number = len(ORDERS) + 1 + bool(np.ptp(data.lengths)) + seeds + len(models)
    for model, family, X in features(data, loaded, seeds, layer):
        predicted[model] = family, predictions(data, X, divisions)
        progress("models", len(predicted), number)
    given = divisions, families, predicted
    drawn = [compare.compared(data, split, *given) for split in compare.SPLITS]
    drawn = [split for split in drawn if split]
    made = {
        "name": path.name.split(".")[0],
        "label": label,
        "windows": len(data),
        "lengths": [data.lengths.min(), data.lengths.max()],
        "label_kind": data.kind,
        "classes": {c: (data.label == i).sum() for i, c in enumerate(data.classes)},
        "metric": "Spearman" if data.kind == "regression" else "AUROC",
        "families": len(np.unique(families)),
        "splits": drawn,
        "checks": compare.checks(data, families, drawn),
        "skipped": skipped | {f"{n:,} rows": why for why, n in data.skipped.items()},
        "models": [model for model, (family, _) in predicted.items() if family == "network"],
        "layer": layer,
    }
    made["sentences"] = compare.sentences(made)
    made["cost"] = {
        "wall_s": round(time.perf_counter() - start, 1),
        "core_s": round(time.process_time() - spent, 1),
        "peak_memory_mb": round(manifest.peak_memory_mb()),
    }
    constant = {"task": name, "group": "DNA windows", "kind": data.kind, "probe": "linear"}
    constant |= {"variant": "", "genes": "own", "coverage": 1.0, "key": cache.digest(path)[:16]}
    rows = pd.DataFrame(_rows(data, divisions, predicted)).assign(**constant)
    validation.write(rows, out / "scores.parquet")
    return out, card.write(made, path, out, TEMPLATE)


def divide(data, seeds):
    """Divide windows at random, by family, and by the spectral parameter 1 beside its control.

    Parameters
    ----------
    data : Windows
    seeds : int
        Draws of the spectral split.

    Returns
    -------
    divisions : list of Division
    families : ndarray of shape (n,), int
        Windows that share a word of ``WORD`` bases, directly or through others.
    skipped : dict of str to str
        Split → why it could not be made.
    """
    families, every, skipped = reading.families(data.codes), [], {}
    task = Task("w", "w", "", "", data.kind, "", 1, np.arange(len(data)), data.label, data.classes)
    by_family = dividing.by_group("family of windows")
    for split, way in (("random", dividing.at_random), ("homology", by_family)):
        try:
            fold = way(task, families, FOLDS, SEED)
            every.append(Division(split, 0, fold, tuple(range(FOLDS))))
        except (Unsplittable, ValueError) as err:
            skipped[split] = str(err)
    graph = properties.shared_mutations(reading.membership(data.codes))
    for (_, seed), side in splits.splits(graph, [1.0], range(seeds)).items():
        matched = splits.size_matched(side, seed=seed)
        for split, sides in (("spectral", side), ("matched", matched)):
            every.append(Division(split, seed, np.array([-1, 1, 0], np.int8)[sides], (0,)))
    out = []
    for way in every:
        sides = [data.label[way.fold == f] for f in range(max(2, len(way.tested)))]
        if all(metrics.scorable(data.kind, side) for side in sides):
            out.append(way)
        else:
            why = "too few windows, or one class only, in a fold"
            skipped[f"{way.split}, draw {way.repeat}"] = why
    if not out:
        raise BadInput(f"these windows cannot be divided: {next(iter(skipped.values()))}.")
    return out, families, skipped


def features(data, models, seeds, layer):
    """Name, family and features of each model and baseline.

    Untrained networks have the recipe of the first model that was trained here, or the default one.

    Parameters
    ----------
    data, models : Windows, sequence of TokenModel
    seeds, layer : int
        As of ``probe``.

    Yields
    ------
    (str, str, ndarray of shape (n, d))
    """
    for k in ORDERS:
        name = "base composition" if k == 1 else f"{k}-mer counts"
        turned = codes.reverse_complement(codes.spelt(k).astype(np.uint8))
        half = np.arange(4**k) <= codes.words(turned, k)[:, 0]
        yield name, "shortcut", reading.kmer_shares(data.codes, k)[:, half]
    hot = np.arange(4) == data.codes[..., None]
    yield "bases by position", "shortcut", hot.reshape(len(data), -1).astype(np.float32)
    if np.ptp(data.lengths):
        yield "length alone", "shortcut", data.lengths[:, None].astype(np.float32)
    own = [m for m in models if isinstance(m, trained.TrainedModel)]
    recipe, merges = (own[0].recipe, own[0].tokens.merges) if own else (net.Recipe(), None)
    for seed in range(seeds):
        drawn = recipe.model_copy(update={"seed": seed, "name": f"untrained {seed + 1}"})
        fresh = trained.TrainedModel(drawn, merges)
        yield drawn.name, "control", reading.embed(fresh, data, layer=layer)
    count = Counter(m.name for m in models)
    for i, model in enumerate(models, 1):
        name = model.name if count[model.name] == 1 else f"{model.name} ({i})"
        yield name, "network", reading.embed(model, data, layer=layer)


def predictions(data, X, divisions):
    """Out-of-fold predictions of the linear probe under each division.

    Parameters
    ----------
    data, X, divisions : Windows, ndarray of shape (n, d), sequence of Division

    Returns
    -------
    list of ndarray of shape (n,) or (n, n_classes)
        As metrics take them.
    """
    folds = np.stack([d.fold for d in divisions], 1)
    if data.kind == "multiclass":
        columns = [probes.predict(X, data.label, f, kind=data.kind) for f in folds.T]
    else:
        labels = np.repeat(data.label[:, None], len(divisions), 1)
        columns = probes.predict(X, labels, folds, kind=data.kind).T
    return [probes.probabilities(data.kind, values) for values in columns]


def _rows(data, divisions, predicted):
    """Every metric of every model, division and fold, as rows of ``results.SCHEMA``."""
    for model, (family, columns) in predicted.items():
        for way, p in zip(divisions, columns):
            walked = way.split in ("spectral", "matched")
            for f in way.tested:
                test = way.fold == f
                row = {
                    "model": model,
                    "family": family,
                    "split": "spectral" if walked else way.split,
                    "split_param": "1" * walked,
                    "control": "size" * (way.split == "matched"),
                    "repeat": way.repeat,
                    "fold": f,
                    "n_train": ((way.fold >= 0) & ~test).sum(),
                    "n_test": test.sum(),
                }
                scores = metrics.score(data.kind, data.label[test], p[test])
                yield from (row | {"metric": m, "score": s} for m, s in scores.items())
