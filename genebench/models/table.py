"""Gene vectors that are rows of a table: published vectors, columns, and annotation profiles."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD

from ..data import sources
from . import Embedding
from .ids import rows_of


def vectors(spec, genes, *, declared, source, file, kind=None, resolve=True):
    """Take published vectors from a file of any format that ``genebench.data.vectors`` reads.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its file; the file's ``options`` say which column or array.
    kind : str, optional
        Kind of identifier, as in ``ids.canonical``.
    resolve : bool
        False: the ids are the genes of the run as they are, as ``genebench.place`` writes them.

    Returns
    -------
    Embedding
    """
    table = sources.table(declared.source(source), file)
    if resolve:
        return rows_of(genes, table.index.to_numpy(str), table.to_numpy(), declared, kind=kind)
    table = table.reindex(genes[np.isin(genes, table.index)])
    return Embedding(table.index.to_numpy(str), table.to_numpy(np.float32))


def columns(spec, genes, *, declared, source, file, gene_column, columns):
    """Take numeric columns of a table with one row per gene, as they are.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its file.
    gene_column : str
        Column of gene symbols.
    columns : list of str
        Columns that become the dimensions, in this order.

    Returns
    -------
    Embedding
        Genes of the run that the table has.
    """
    table = sources.table(declared.source(source), file).set_index(gene_column).sort_index()
    table = table[table.index.isin(genes)]
    return Embedding(table.index.to_numpy(str), table[columns].to_numpy(np.float32))


def profile_svd(spec, genes, *, declared, source, file, set_column, gene_column, dim):
    """Reduce the gene × annotation table by truncated SVD.

    Each annotation is weighted by its inverse document frequency, log((1 + n) / (1 + n_genes)) + 1.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its file, one row a pair of gene and annotation.
    set_column, gene_column : str
        Columns of annotations and of gene symbols.
    dim : int
        Number of axes.

    Returns
    -------
    Embedding
        Genes of the run with an annotation.
    """
    pairs = sources.table(declared.source(source), file)
    pairs = pairs[pairs[gene_column].isin(set(genes))]
    row, names = pd.factorize(pairs[gene_column], sort=True)
    col, sets = pd.factorize(pairs[set_column], sort=True)
    counts = sparse.csr_matrix((np.ones(len(row)), (row, col)), shape=(len(names), len(sets)))
    counts.data[:] = 1  # a pair may be listed twice
    idf = np.log((1 + len(names)) / (1 + np.asarray(counts.sum(axis=0)).ravel())) + 1
    return Embedding(names.to_numpy(str), truncated_svd(counts @ sparse.diags(idf), dim))


def truncated_svd(matrix, dim):
    """Project the rows of a matrix on its first singular axes (Halko et al. 2011).

    Parameters
    ----------
    matrix : array or sparse matrix, shape (n, m)
    dim : int
        Number of axes; fewer where the matrix has no more than that.

    Returns
    -------
    ndarray of float32, shape (n, dim)
    """
    svd = TruncatedSVD(min(dim, min(matrix.shape) - 1), n_iter=4, random_state=0)
    return svd.fit_transform(matrix).astype(np.float32)
