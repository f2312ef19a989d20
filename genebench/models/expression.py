"""Gene vectors computed from an expression table, genes × cells or tissues."""

import warnings

import numpy as np
from sklearn.decomposition import NMF, PCA
from sklearn.exceptions import ConvergenceWarning

from ..data import sources
from . import Embedding
from .ids import rows_of


def pca(spec, genes, *, declared, source, file, dim):
    """Take principal components of the genes' profiles, each standardised over the cells.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its expression table, genes × cells.
    dim : int
        Number of components.

    Returns
    -------
    Embedding
        Genes of the run that the table has; components are those of the whole table.
    """
    profile = sources.table(declared.source(source), file)
    profile = profile[~profile.index.duplicated()].sort_index()
    values = profile.to_numpy()
    scale = values.std(axis=1, keepdims=True) + 1e-8
    values = (values - values.mean(axis=1, keepdims=True)) / scale
    vectors = PCA(dim, random_state=0).fit_transform(values)
    names = profile.index.to_numpy(str)
    in_run = np.isin(names, genes)
    return Embedding(names[in_run], vectors[in_run].astype(np.float32))


def svd(spec, genes, *, declared, source, file, dim):
    """Decompose log2(1 + expression), each tissue centred over the genes, by its singular values.

    The level of expression stays in the vectors (mostly on the first axis), unlike in ``pca``,
    which standardises each gene. The sign of each axis makes the largest of its tissue weights
    positive.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its expression table, genes × tissues.
    dim : int
        Number of axes.

    Returns
    -------
    Embedding
        Genes of the run that the table has.
    """
    names, values = _log_expression(declared, source, file)
    u, s, v = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    sign = np.sign(v[np.arange(len(v)), np.abs(v).argmax(axis=1)])
    return rows_of(genes, names, (u * s * sign)[:, :dim], declared, kind="symbol")


def nmf(spec, genes, *, declared, source, file, dim):
    """Factorise log2(1 + expression) into non-negative programmes.

    Coordinate descent from the deterministic start NNDSVDA (Boutsidis & Gallopoulos 2008).

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its expression table, genes × tissues.
    dim : int
        Number of programmes.

    Returns
    -------
    Embedding
        Weight of each programme in a gene, non-negative.
    """
    names, values = _log_expression(declared, source, file)
    model = NMF(dim, init="nndsvda", max_iter=300, tol=1e-3, random_state=0)
    with warnings.catch_warnings():
        # the last digits do not matter to a probe
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights = model.fit_transform(values)
    return rows_of(genes, names, weights, declared, kind="symbol")


def _log_expression(declared, source, file):
    """Genes, (n,), and log2(1 + expression), (n, tissues)."""
    table = sources.table(declared.source(source), file)
    return table.index.to_numpy(str), np.log2(1 + table.to_numpy(np.float64))
