"""Vectors of the nodes of an interaction network, without random walks.

Two factorisations (Laplacian eigenmap, DeepWalk in closed form) and the degree.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh
from sklearn.utils.extmath import svd_flip

from . import Embedding

_SMALL = 500
"""Up to this many nodes the whole matrix is decomposed, which is exact and as fast."""


def spectral(inputs, *, first, second, dim):
    """Embed the largest connected part of a network by its Laplacian eigenmap.

    Degrees are regularised by their mean; entries are scaled by the square root of the sum of
    degrees, to about one.

    Parameters
    ----------
    inputs, first, second
        As in ``graph``.
    dim : int
        Number of eigenvectors.

    Returns
    -------
    Embedding
        Genes of the largest connected part.
    """
    nodes, adjacency = graph(inputs, first, second)
    _, part = connected_components(adjacency)
    inside = part == np.bincount(part).argmax()
    adjacency = adjacency[inside][:, inside]
    total = adjacency.sum()
    vectors = spectral_vectors(adjacency, dim, tau=total / inside.sum()) * np.sqrt(total)
    return inputs.rows(nodes[inside], vectors, kind="symbol")


def netmf(inputs, *, first, second, dim):
    """Embed a network by DeepWalk in closed form.

    Parameters
    ----------
    inputs, first, second
        As in ``graph``.
    dim : int

    Returns
    -------
    Embedding
        Genes with an interaction.
    """
    nodes, adjacency = graph(inputs, first, second)
    return inputs.rows(nodes, netmf_vectors(adjacency, dim), kind="symbol")


def degree(inputs, *, first, second):
    """Count the partners of each gene in a network.

    Parameters
    ----------
    inputs, first, second
        As in ``graph``.

    Returns
    -------
    Embedding
        Every gene: log(1 + number of partners); that a gene has none is a real count.
    """
    nodes, adjacency = graph(inputs, first, second)
    genes_at, row = inputs.match(nodes, kind="symbol")
    number = np.zeros((len(inputs.genes), 1))
    number[genes_at, 0] = np.log1p(adjacency.sum(axis=1)[row])
    return Embedding(inputs.genes, number)


def graph(inputs, first, second):
    """Read an interaction network from a table of pairs of gene symbols.

    Parameters
    ----------
    inputs : Inputs
        One row a pair. A pair that is listed twice or both ways is one edge; a gene with itself is
        none.
    first, second : str
        Columns of symbols. They are brought to the approved ones; those that HGNC does not know
        stay as nodes, ambiguous ones do not.

    Returns
    -------
    nodes : ndarray of str, shape (n,)
        Symbols, sorted.
    adjacency : csr_array, shape (n, n)
        Symmetric, 0 or 1.
    """
    symbols, code = np.unique(inputs.table()[[first, second]].to_numpy(str), return_inverse=True)
    pairs = inputs.canonical(symbols, kind="symbol")[0][code.reshape(-1, 2)]
    pairs = pairs[(pairs != "").all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
    nodes, code = np.unique(pairs, return_inverse=True)
    shape = (len(nodes), len(nodes))
    adjacency = sparse.csr_array((np.ones(len(pairs)), code.reshape(-1, 2).T), shape=shape)
    adjacency = adjacency + adjacency.T
    adjacency.data[:] = 1
    return nodes, adjacency


def spectral_vectors(adjacency, dim, *, tau=0.0):
    """Compute a Laplacian eigenmap: eigenvectors of the normalised Laplacian by rising eigenvalue.

    The first one, trivial where ``tau`` is 0, is left out; each has unit length and the sign that
    makes its largest entry positive, and is then divided by the square root of the degree (Belkin
    & Niyogi 2003).

    Parameters
    ----------
    adjacency : csr_array, shape (n, n)
    dim : int
    tau : float
        Added to every degree: without it the first eigenvectors of a sparse network sit on a few
        genes at its fringe, each on another (regularised spectral clustering, Qin & Rohe 2013, who
        take the mean degree).

    Returns
    -------
    ndarray of float, shape (n, dim)
    """
    _, vectors, scale = _top(adjacency, dim + 1, tau)
    return svd_flip(vectors[:, 1:], None)[0] * scale[:, None]


def netmf_vectors(adjacency, dim, *, rank=256):
    """Compute DeepWalk in closed form: NetMF for a large window (Qiu et al. 2018, algorithm 4).

    Factorises log max(M, 1) with M = vol · D^-½ U f(Λ) Uᵀ D^-½, f(λ) = (λ + … + λ¹⁰) / 10 for
    walks with a context of ten, from eigenpairs of the normalised adjacency. M is never stored: its
    rows are computed in blocks. Columns have the square root of the magnitude of their eigenvalue
    as length, and the sign that makes their largest entry positive.

    Parameters
    ----------
    adjacency : csr_array, shape (n, n)
    dim : int
    rank : int
        How many of the largest eigenpairs are used; all of them give the exact matrix of DeepWalk.

    Returns
    -------
    ndarray of float, shape (n, dim)
    """
    n = adjacency.shape[0]
    values, vectors, _ = _top(adjacency, min(rank, n))
    weight = sum(values**r for r in range(1, 11)) / 10
    side = vectors / np.sqrt(adjacency.sum(axis=1))[:, None]
    if rank < n:  # as in the reference: what is negative there is noise
        side, weight = side[:, weight > 0], weight[weight > 0]
    left = (side * weight * adjacency.sum(axis=1).sum()).astype(np.float32)
    side = np.ascontiguousarray(side.T, dtype=np.float32)

    def times(x):
        x = np.asarray(x, dtype=np.float32)
        blocks = [np.log(np.maximum(left[s : s + 1024] @ side, 1)) @ x for s in range(0, n, 1024)]
        return np.concatenate(blocks).astype(np.float64)

    # randomised subspace iteration (Halko et al. 2011); of a small matrix the basis is all of it
    exact = n <= max(_SMALL, 2 * dim + 64)
    basis = np.eye(n) if exact else np.random.default_rng(0).standard_normal((n, dim + 32))
    for _ in range(0 if exact else 6):
        basis, _ = np.linalg.qr(times(basis))
    small = basis.T @ times(basis)
    values, inner = np.linalg.eigh(small / 2 + small.T / 2)
    order = np.argsort(-np.abs(values), kind="stable")[:dim]
    vectors = (basis @ inner)[:, order]
    return svd_flip(vectors, None)[0] * np.sqrt(np.abs(values[order]))


def _top(adjacency, k, tau=0.0):
    """Eigenpairs of the normalised adjacency, the k largest first, and degrees to the power −½."""
    n, scale = adjacency.shape[0], 1 / np.sqrt(adjacency.sum(axis=1) + tau)
    matrix = (sparse.diags_array(scale) @ adjacency @ sparse.diags_array(scale)).tocsr()
    if n <= max(_SMALL, k + 1):
        values, vectors = np.linalg.eigh(matrix.toarray())
    else:
        # ARPACK would draw another start at every call
        start = np.random.default_rng(0).standard_normal(n)
        values, vectors = eigsh(matrix, k=k, which="LA", v0=start)
    order = np.argsort(-values, kind="stable")[:k]
    return values[order], vectors[:, order], scale
