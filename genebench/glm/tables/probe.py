"""Linear probes of a user's labelled windows: models beside k-mers, positions, untrained networks.

Every model is trained and tested on the same windows of every split, and compared with the best
shortcut by a paired bootstrap over families of windows.
"""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Division:
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
    out = Path(out or f"{_name(path)}-probe")
    data = reading.read(path, label=label)
    if len(data) < 4 * FOLDS:
        raise BadInput(f"{path}: {len(data)} windows with a label; give {4 * FOLDS} at least.")
    loaded = [hub.load(name, device=device, download=download) for name in models]
    divisions, families, skipped = divide(data, seeds)
    predicted, family_of = {}, {}
    number = len(ORDERS) + 1 + bool(np.ptp(data.lengths)) + seeds + len(models)
    for name, family, X in features(data, loaded, seeds, layer):
        predicted[name], family_of[name] = predictions(data, X, divisions), family
        progress("models", len(predicted), number)
    rows = _rows(data, path, divisions, predicted, family_of)
    given = divisions, families, predicted, family_of
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
        "models": [name for name, family in family_of.items() if family == "network"],
        "layer": layer,
    }
    made["sentences"] = compare.sentences(made)
    made["cost"] = {
        "wall_s": round(time.perf_counter() - start, 1),
        "core_s": round(time.process_time() - spent, 1),
        "peak_memory_mb": round(manifest.peak_memory_mb()),
    }
    validation.write(rows, out / "scores.parquet")
    return out, card.write(made, path, out, TEMPLATE)


def _name(path):
    return slug(path.name.split(".")[0]) or "windows"


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
    families, out, skipped, kind = reading.families(data.codes), [], {}, data.kind
    task = Task("w", "w", "", "", kind, "", 1, np.arange(len(data)), data.label, data.classes)
    by_family, every = dividing.by_group("family of windows"), tuple(range(FOLDS))
    for split, way in (("random", dividing.at_random), ("homology", by_family)):
        try:
            fold = way(task, families, FOLDS, SEED)
            if all(metrics.scorable(kind, data.label[fold == f]) for f in every):
                out.append(Division(split, 0, fold, every))
            else:
                skipped[split] = "a fold would have one class only"
        except (Unsplittable, ValueError) as err:
            skipped[split] = str(err)
    graph = properties.shared_mutations(reading.membership(data.codes))
    for (_, seed), side in splits.splits(graph, [1.0], range(seeds)).items():
        matched = splits.size_matched(side, seed=seed)
        for split, sides in (("spectral", side), ("matched", matched)):
            fold = np.array([-1, 1, 0], np.int8)[sides]
            if all(metrics.scorable(kind, data.label[fold == f]) for f in (0, 1)):
                out.append(Division(split, seed, fold, (0,)))
            else:
                skipped[f"{split}, draw {seed}"] = "too few windows, or one class only, on a side"
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


def _rows(data, path, divisions, predicted, family_of):
    """Rows of ``results.SCHEMA``: every metric of every model, division and fold."""
    out = []
    for model, columns in predicted.items():
        for way, p in zip(divisions, columns):
            walked = way.split in ("spectral", "matched")
            for f in way.tested:
                test = way.fold == f
                scores = metrics.score(data.kind, data.label[test], p[test])
                row = {
                    "model": model,
                    "family": family_of[model],
                    "split": "spectral" if walked else way.split,
                    "split_param": "1" * walked,
                    "control": "size" * (way.split == "matched"),
                    "repeat": way.repeat,
                    "fold": f,
                    "n_train": ((way.fold >= 0) & ~test).sum(),
                    "n_test": test.sum(),
                }
                out += [row | {"metric": m, "score": s} for m, s in scores.items()]
    constant = {"task": _name(path), "group": "DNA windows", "kind": data.kind, "probe": "linear"}
    constant |= {"variant": "", "genes": "own", "coverage": 1.0, "key": cache.digest(path)[:16]}
    return pd.DataFrame(out).assign(**constant)
