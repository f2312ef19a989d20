"""Gene vectors computed from an expression table, genes × cells or tissues."""

import warnings

import numpy as np
from sklearn.decomposition import NMF, PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import svd_flip


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
