"""Vectors that somebody published as a file."""

from __future__ import annotations

import numpy as np

from ..core import specs
from ..core.specs import ModelSpec
from ..data import sources
from . import Embedding
from .ids import match


def vectors(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    kind: str | None = None,
    resolve: bool = True,
) -> Embedding:
    """The vectors of a file of any format that ``genebench.data.vectors`` reads, found by gene through the resolver.

    ``kind`` of identifier as in ``genes.Resolver.resolve``. The file's ``options`` say which column or array.
    ``resolve=False``: the ids are names of the run's genes just as they stand, as ``genebench.place`` writes them.
    """
    held = sources.table(specs.source(source), file)
    if not resolve:
        at = held.index.get_indexer(genes)
        has = np.flatnonzero(at >= 0)
        return Embedding(genes[has], held.to_numpy(np.float32)[at[has]])
    has, row = match(genes, held.index.to_numpy(str), kind=kind)
    return Embedding(genes[has], held.to_numpy(np.float32)[row])


ENCODERS = {"vectors": vectors}
