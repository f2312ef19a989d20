"""Fewer dimensions: of an expression table (genes × cells or tissues), and of other models.

Models made of other models show what a score is due to; the option ``of`` names them.
"""

import warnings
from functools import reduce

import numpy as np
from sklearn.decomposition import NMF, PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import svd_flip

from ..core.errors import BadInput
from . import Embedding


def pca(inputs, *, dim):
    """Take principal components of the genes' profiles, each standardised over the cells.

    Parameters
    ----------
    inputs : Inputs
        Expression table, genes × cells.
    dim : int
        Number of components, which are those of the whole table.

    Returns
    -------
    Embedding
    """
    profile = inputs.table()
    profile = profile[~profile.index.duplicated()].sort_index()
    values = profile.to_numpy()
    scale = values.std(axis=1, keepdims=True) + 1e-8
    values = (values - values.mean(axis=1, keepdims=True)) / scale
    vectors = PCA(dim, random_state=0).fit_transform(values)
    return inputs.rows(profile.index, vectors, resolve=False)


def svd(inputs, *, dim):
    """Decompose log2(1 + expression), each tissue centred over the genes, by its singular values.

    The level of expression stays in the vectors (mostly on the first axis), unlike in ``pca``,
    which standardises each gene. The sign of each axis makes the largest of its tissue weights
    positive.

    Parameters
    ----------
    inputs : Inputs
        Expression table, genes × tissues.
    dim : int
        Number of axes.

    Returns
    -------
    Embedding
    """
    table, values = _log_expression(inputs)
    u, s, v = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    u, _ = svd_flip(u, v, u_based_decision=False)
    return inputs.rows(table.index, (u * s)[:, :dim], kind="symbol")


def nmf(inputs, *, dim):
    """Factorise log2(1 + expression) into non-negative programmes.

    Coordinate descent from the deterministic start NNDSVDA (Boutsidis & Gallopoulos 2008).

    Parameters
    ----------
    inputs : Inputs
        Expression table, genes × tissues.
    dim : int
        Number of programmes.

    Returns
    -------
    Embedding
        Weight of each programme in a gene, non-negative.
    """
    table, values = _log_expression(inputs)
    model = NMF(dim, init="nndsvda", max_iter=300, tol=1e-3, random_state=0)
    with warnings.catch_warnings():
        # the last digits do not matter to a probe
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights = model.fit_transform(values)
    return inputs.rows(table.index, weights, kind="symbol")


def _log_expression(inputs):
    table = inputs.table()
    return table, np.log2(1 + table.to_numpy(np.float64))


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
            f"{fault} 'reduced' takes one model and 'how: pca' or 'projection'; fix 'options'."
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
    """Concatenate the embeddings of several models: what one adds to another.

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
            f"fix 'options'."
        )
    blocks = []
    for part in parts:
        block = part.vectors[part.rows(shared)].astype(np.float64)
        block -= block.mean(axis=0)
        blocks.append(block / (np.sqrt((block**2).sum(axis=1).mean()) or 1))
    return Embedding(shared, np.hstack(blocks))
