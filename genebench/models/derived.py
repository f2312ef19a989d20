"""Models made of other models: fewer dimensions, chance directions, two joined. They tell what a score is owed to.

The option ``of`` names the models that one is made of; ``genebench.models.inference`` hands their vectors over as ``parts``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA

from ..core.errors import BadInput
from ..core.specs import ModelSpec
from . import Embedding


def reduced(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    of: list[str],
    dim: int,
    parts: Sequence[Embedding] = (),
    how: str = "pca",
    seed: int = 0,
) -> Embedding:
    """One model in ``dim`` dimensions: its first principal components, or chance directions.

    ``how``: ``pca`` (of the vectors of the genes given; no label is seen), or ``projection`` (Gaussian, which keeps
    distances: Johnson & Lindenstrauss 1984). Models of one dimension differ by what they know and not by their size.
    Raises: BadInput: not one model, another way, or more dimensions than the model has.
    """
    if len(parts) != 1 or how not in ("pca", "projection"):
        raise BadInput(
            f"model '{spec.name}': 'reduced' takes one model and 'how: pca' or 'projection'; mend 'options'."
        )
    (made,) = parts
    if not dim <= min(made.vectors.shape):
        raise BadInput(
            f"model '{spec.name}': {dim} dimensions of {made.vectors.shape[1]}; take fewer."
        )
    if how == "pca":
        return Embedding(
            made.entities,
            PCA(dim, random_state=seed).fit_transform(made.vectors).astype(np.float32),
        )
    chance = np.random.default_rng(seed).standard_normal((made.vectors.shape[1], dim)) / np.sqrt(
        dim
    )
    return Embedding(made.entities, (made.vectors @ chance).astype(np.float32))


def joined(
    spec: ModelSpec, genes: np.ndarray, *, of: list[str], parts: Sequence[Embedding] = ()
) -> Embedding:
    """Several models side by side, for the genes that all of them embed: what one adds to another.

    Each is centred and scaled to a mean squared length of one, so that a probe that does not standardise its features
    gives none of them more room for its size. Raises: BadInput: fewer than two models, or no gene that all embed.
    """
    shared = parts[0].entities if parts else np.array([])
    for part in parts[1:]:
        shared = np.intersect1d(shared, part.entities)
    if len(parts) < 2 or len(shared) == 0:
        raise BadInput(
            f"model '{spec.name}': 'joined' takes two models or more that share genes; mend 'options'."
        )
    blocks = []
    for part in parts:
        block = part.vectors[part.rows(shared)].astype(np.float64)
        block -= block.mean(axis=0)
        blocks.append(block / (np.sqrt((block**2).sum(axis=1).mean()) or 1))
    return Embedding(shared, np.hstack(blocks).astype(np.float32))


ENCODERS = {"reduced": reduced, "joined": joined}
