"""Models made of other models: fewer dimensions, random directions, several side by side.

They show what a score is due to. The option ``of`` names the models that one is made of.
"""

from functools import reduce

import numpy as np
from sklearn.decomposition import PCA

from ..core.errors import BadInput
from . import Embedding


def reduced(inputs, *, dim, how="pca"):
    """Bring one model to ``dim`` dimensions, so that models differ by what they know, not by size.

    Parameters
    ----------
    inputs : Inputs
    dim : int
        Number of dimensions.
    how : {'pca', 'projection'}
        First principal components of the genes' vectors (no label is seen), or a Gaussian random
        projection, which keeps distances (Johnson & Lindenstrauss 1984).

    Returns
    -------
    Embedding
    """
    fault = f"model '{inputs.spec.name}':"
    if len(inputs.parts) != 1 or how not in ("pca", "projection"):
        raise BadInput(
            f"{fault} 'reduced' takes one model and 'how: pca' or 'projection'; mend 'options'."
        )
    vectors = inputs.parts[0].vectors
    if dim > min(vectors.shape):
        raise BadInput(f"{fault} {dim} dimensions of {vectors.shape[1]}; take fewer.")
    if how == "pca":
        vectors = PCA(dim, random_state=0).fit_transform(vectors)
    else:
        directions = np.random.default_rng(0).standard_normal((vectors.shape[1], dim))
        vectors = vectors @ (directions / np.sqrt(dim))
    return Embedding(inputs.parts[0].entities, vectors)


def joined(inputs):
    """Put several models side by side: what one adds to another.

    Each is centred and scaled to a mean squared length of one, so that a probe that does not
    standardise its features gives none of them more room for its size.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    Embedding
        Genes that all of them embed.
    """
    parts = inputs.parts
    shared = reduce(np.intersect1d, (part.entities for part in parts)) if parts else ()
    if len(parts) < 2 or len(shared) == 0:
        raise BadInput(
            f"model '{inputs.spec.name}': 'joined' takes two models or more that share genes; "
            f"mend 'options'."
        )
    blocks = []
    for part in parts:
        block = part.vectors[part.rows(shared)].astype(np.float64)
        block -= block.mean(axis=0)
        blocks.append(block / (np.sqrt((block**2).sum(axis=1).mean()) or 1))
    return Embedding(shared, np.hstack(blocks))
