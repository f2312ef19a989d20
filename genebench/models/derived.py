"""Models made of other models: fewer dimensions, random directions, several side by side.

They show what a score is due to. The option ``of`` names the models that one is made of;
``genebench.models.inference`` hands their embeddings over as ``parts``.
"""

from functools import reduce

import numpy as np
from sklearn.decomposition import PCA

from ..core.errors import BadInput
from . import Embedding


def reduced(spec, genes, *, of, dim, parts=(), how="pca", declared=None):
    """Bring one model to ``dim`` dimensions.

    Models of one dimension differ by what they know and not by their size.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    of : list of str
        Name of the model.
    dim : int
        Number of dimensions.
    parts : sequence of Embedding
        Vectors of that model.
    how : {'pca', 'projection'}
        First principal components of the genes' vectors (no label is seen), or a Gaussian random
        projection, which keeps distances (Johnson & Lindenstrauss 1984).
    declared : Declarations, optional
        Not read.

    Returns
    -------
    Embedding

    Raises
    ------
    BadInput
        Not one model, another way, or more dimensions than the model has.
    """
    if len(parts) != 1 or how not in ("pca", "projection"):
        raise BadInput(
            f"model '{spec.name}': 'reduced' takes one model and 'how: pca' or 'projection'; "
            f"mend 'options'."
        )
    entities, vectors = parts[0].entities, parts[0].vectors
    width = vectors.shape[1]
    if dim > min(vectors.shape):
        raise BadInput(f"model '{spec.name}': {dim} dimensions of {width}; take fewer.")
    if how == "pca":
        vectors = PCA(dim, random_state=0).fit_transform(vectors)
    else:
        directions = np.random.default_rng(0).standard_normal((width, dim))
        vectors = vectors @ (directions / np.sqrt(dim))
    return Embedding(entities, vectors.astype(np.float32))


def joined(spec, genes, *, of, parts=(), declared=None):
    """Put several models side by side: what one adds to another.

    Each is centred and scaled to a mean squared length of one, so that a probe that does not
    standardise its features gives none of them more room for its size.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    of : list of str
        Names of the models.
    parts : sequence of Embedding
        Their vectors.
    declared : Declarations, optional
        Not read.

    Returns
    -------
    Embedding
        Genes that all of them embed.

    Raises
    ------
    BadInput
        Fewer than two models, or no gene that all embed.
    """
    shared = reduce(np.intersect1d, (part.entities for part in parts)) if parts else ()
    if len(parts) < 2 or len(shared) == 0:
        raise BadInput(
            f"model '{spec.name}': 'joined' takes two models or more that share genes; "
            f"mend 'options'."
        )
    blocks = []
    for part in parts:
        block = part.vectors[part.rows(shared)].astype(np.float64)
        block -= block.mean(axis=0)
        blocks.append(block / (np.sqrt((block**2).sum(axis=1).mean()) or 1))
    return Embedding(shared, np.hstack(blocks).astype(np.float32))
