"""Vectors of proteins by the networks of Part I, made once for a data set and cached."""

from __future__ import annotations

import numpy as np

from ..core import cache, paths, specs
from ..core.workers import one_thread
from ..models import unirep as network
from ..models import weights
from .samples import DataSet


def proteins(data: DataSet) -> list[str]:
    """Proteins of the units, each up to its first stop (``*``)."""
    return [text.partition("*")[0] for text in data.sequences or data.table["sequence"]]


def recipe(data: DataSet, model: str) -> dict:
    """Everything that determines the vectors, as plain values for the cache key."""
    sha256 = specs.declared().model(model).sha256
    known = cache.of_names(proteins(data))
    return {"stage": ["unirep", network.VERSION], "weights": sha256, "proteins": known}


def unirep(data: DataSet, *, model: str) -> np.ndarray:
    """Summarise the protein of each unit by a frozen UniRep, in float32 on one thread.

    Parameters
    ----------
    data, model : DataSet, str
        With sequences; name in ``data/models.yml``.

    Returns
    -------
    ndarray of shape (n, 3 × size), float32
        Mean of the hidden states, last hidden state, last cell state. Letters that UniRep does not
        know read as X.

    Raises
    ------
    Missing
        The weights are not here; says how to fetch them.
    """
    contents = recipe(data, model)
    path = paths.EMBEDDINGS / f"{cache.key(contents)}.npz"
    if cache.state(path) != "ready":
        spec = specs.declared().model(model)
        file = weights.verified(spec) / spec.files["weights"]
        with one_thread():
            made = network.UniRep(file).summaries(proteins(data))
        cache.store(path, contents, lambda to: np.savez(to, vectors=made))
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["vectors"]
