"""Gene vectors that are rows of a table: published vectors, columns, and annotation profiles."""

import numpy as np
import pandas as pd
from scipy import sparse

from ..core import paths
from . import Embedding


def vectors(inputs, *, kind=None):
    """Take published vectors from a file of any format that ``genebench.data.vectors`` reads.

    Parameters
    ----------
    inputs : Inputs
        The file's ``options`` say which column or array.
    kind : str, optional
        Kind of identifier, as in ``Inputs.canonical``.

    Returns
    -------
    Embedding
    """
    table = inputs.table()
    return inputs.rows(table.index, table.to_numpy(), kind=kind)


def stored(inputs, *, name):
    """Take vectors of a user as ``genebench.place`` has stored them.

    Parameters
    ----------
    inputs : Inputs
    name : str
        Made of their content.

    Returns
    -------
    Embedding
    """
    with np.load(paths.DOWNLOADS / "own" / f"{name}.npz", allow_pickle=False) as arrays:
        return inputs.rows(arrays["ids"], arrays["vectors"], resolve=False)


def columns(inputs, *, gene_column, columns):
    """Take numeric columns of a table with one row per gene, as they are.

    Parameters
    ----------
    inputs : Inputs
    gene_column : str
        Column of gene symbols.
    columns : list of str
        Columns that become the dimensions, in this order.

    Returns
    -------
    Embedding
    """
    table = inputs.table()
    return inputs.rows(table[gene_column], table[columns].to_numpy(), resolve=False)


def profile_svd(inputs, *, set_column, gene_column, dim):
    """Reduce the gene × annotation table by truncated SVD.

    Each annotation is weighted by its inverse document frequency, log((1 + n) / (1 + n_genes)) + 1.

    Parameters
    ----------
    inputs : Inputs
        One row a pair of gene and annotation.
    set_column, gene_column : str
        Columns of annotations and of gene symbols.
    dim : int
        Number of axes.

    Returns
    -------
    Embedding
        Genes of the run with an annotation.
    """
    from sklearn.feature_extraction.text import TfidfTransformer  # slow to import

    pairs = inputs.table()
    pairs = pairs[pairs[gene_column].isin(inputs.genes)]
    row, names = pd.factorize(pairs[gene_column], sort=True)
    col, _ = pd.factorize(pairs[set_column], sort=True)
    counts = sparse.csr_array((np.ones(len(row)), (row, col)))
    counts.data[:] = 1  # a pair may be listed twice
    weight = sparse.diags_array(TfidfTransformer().fit(counts).idf_)
    return Embedding(names.to_numpy(str), truncated_svd(counts @ weight, dim))


def truncated_svd(matrix, dim):
    """Project the rows of a matrix on its first singular axes (Halko et al. 2011).

    Parameters
    ----------
    matrix : array or sparse matrix, shape (n, m)
    dim : int
        Number of axes; fewer where the matrix has no more than that.

    Returns
    -------
    ndarray of float, shape (n, dim)
    """
    from sklearn.decomposition import TruncatedSVD  # slow to import

    svd = TruncatedSVD(min(dim, min(matrix.shape) - 1), n_iter=4, random_state=0)
    return svd.fit_transform(matrix)
