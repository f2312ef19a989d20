"""Vectors that somebody published as a file."""

from __future__ import annotations

import numpy as np

from .. import sources, specs
from ..specs import ModelSpec
from . import Embedding
from .ids import match


def vectors(spec: ModelSpec, genes: np.ndarray, *, source: str, file: str, kind: str | None = None) -> Embedding:
    """The vectors of a file of any format that ``genebench.vectors`` reads, found by gene through the resolver.

    ``kind`` of identifier as in ``genes.Resolver.resolve``. The file's ``options`` say which column or array.
    """
    held = sources.table(specs.source(source), file)
    has, row = match(genes, held.index.to_numpy(str), kind=kind)
    return Embedding(genes[has], held.to_numpy(np.float32)[row])


ENCODERS = {"vectors": vectors}
