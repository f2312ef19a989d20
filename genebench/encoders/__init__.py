"""Models: entities → vectors. One file per family; ``ENCODERS`` names what ``data/models.yml`` may ask for.

An encoder takes a model's declaration and gene symbols, and returns either an ``Embedding`` or, for a neural network,
``Sequences`` that ``genebench.embed`` runs. Vectors are made only for genes that can be embedded, never invented.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import unknown
from ..specs import ModelSpec


@dataclass(frozen=True, eq=False)
class Embedding:
    """Vectors of the entities that a model can embed.

    Attributes:
        entities: gene symbols, sorted, (m,).
        vectors: float32, (m, d), finite.
    """

    entities: np.ndarray
    vectors: np.ndarray

    def rows(self, entities: np.ndarray) -> np.ndarray:
        """Row of each entity, (n,) int64, −1 where the model has no vector for it."""
        if len(self.entities) == 0:
            return np.full(len(entities), -1)
        at = np.searchsorted(self.entities, entities).clip(max=len(self.entities) - 1)
        return np.where(self.entities[at] == entities, at, -1)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Work for the inference loop: token ids per entity, and how to turn a padded batch into vectors.

    Attributes:
        entities: (n,). tokens: one list of ids each. pad: the padding id.
        forward: called once as ``forward(device)``; returns a function (ids, mask) → (batch, d) tensor.
    """

    entities: np.ndarray
    tokens: list[list[int]]
    pad: int
    forward: Callable


def encoder(spec: ModelSpec) -> Callable[..., Embedding | Sequences]:
    """The encoder that a model names. Raises: BadInput: unknown encoder."""
    from . import baseline, control, expression, text

    known = {**baseline.ENCODERS, **control.ENCODERS, **expression.ENCODERS, **text.ENCODERS}
    if spec.encoder not in known:
        raise unknown("encoder", spec.encoder, known, where=f"model '{spec.name}'")
    return known[spec.encoder]
