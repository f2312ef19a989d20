"""Vectors of the nodes of an interaction network, without random walks: two factorisations, and the degree."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, eigsh

from ..core import specs
from ..core.specs import ModelSpec
from ..data import sources
from . import Embedding
from .ids import match, named

_SMALL = 500
"""Up to this many nodes the whole matrix is decomposed, which is exact and as fast."""


def graph(source: str, file: str, first: str, second: str) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Nodes, (n,) sorted symbols, and symmetric 0/1 adjacency, (n, n), of a table of pairs of gene symbols.

    Symbols are brought to the approved ones; those that HGNC does not know stay as nodes, ambiguous ones do not. A
    pair that is listed twice or both ways is one edge; a gene with itself is none.
    """
    frame = sources.table(specs.source(source), file)
    symbols, code = np.unique(frame[[first, second]].to_numpy(str), return_inverse=True)
    a, b = named(symbols, kind="symbol")[code.reshape(-1, 2)].T
    keep = (a != b) & (a != "") & (b != "")
    nodes, code = np.unique(np.stack([a[keep], b[keep]], axis=1), return_inverse=True)
    i, j = code.reshape(-1, 2).T
    table = sparse.csr_matrix((np.ones(len(i)), (i, j)), shape=(len(nodes), len(nodes)))
    table = table + table.T
    table.data[:] = 1
    return nodes, table


def spectral_vectors(adjacency: sparse.csr_matrix, dim: int, *, tau: float = 0.0) -> np.ndarray:
    """Laplacian eigenmap, (n, dim): eigenvectors of the normalised Laplacian by ascending eigenvalue.

    The first one, trivial where ``tau`` is 0, is left out; each is divided by the square root of the degree (Belkin &
    Niyogi 2003), has unit length before that, and the sign that makes its largest entry positive. ``tau`` is added to
    every degree: without it the first eigenvectors of a sparse network sit on a few genes at its fringe, each on
    another (regularised spectral clustering, Qin & Rohe 2013, who take the mean degree).
    """
    inverse = 1 / np.sqrt(np.asarray(adjacency.sum(axis=1)).ravel() + tau)
    _, vectors = _top(_normalised(adjacency, tau), dim + 1)
    return _signed(vectors[:, 1:]) * inverse[:, None]


def netmf_vectors(
    adjacency: sparse.csr_matrix,
    dim: int,
    *,
    window: int = 10,
    negative: float = 1.0,
    rank: int = 256,
) -> np.ndarray:
    """DeepWalk in closed form, (n, dim): NetMF for a large window (Qiu et al. 2018, algorithm 4).

    Factorises log max(M, 1) with M = vol / b · D^-½ U f(Λ) Uᵀ D^-½, f(λ) = (λ + … + λ^window) / window, from the
    ``rank`` largest eigenpairs of the normalised adjacency (all of them give the exact matrix of DeepWalk). M is never
    held: its rows are made in blocks. ``negative`` is b, the number of negative samples. Columns have the square root
    of the magnitude of their eigenvalue as length, and the sign that makes their largest entry positive.
    """
    n = adjacency.shape[0]
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    values, vectors = _top(_normalised(adjacency), min(rank, n))
    weight = sum(values**r for r in range(1, window + 1)) / window
    side = vectors / np.sqrt(degree)[:, None]
    side = (
        side[:, weight > 0] if rank < n else side
    )  # as in the reference: what is negative there is noise
    left = side * (weight[weight > 0] if rank < n else weight) * degree.sum() / negative
    left, side = left.astype(np.float32), np.ascontiguousarray(side.T, dtype=np.float32)

    def times(x):
        x = np.asarray(x, dtype=np.float32).reshape(n, -1)
        blocks = [np.log(np.maximum(left[s : s + 1024] @ side, 1)) @ x for s in range(0, n, 1024)]
        return np.concatenate(blocks).astype(np.float64)

    if n <= max(_SMALL, 2 * dim + 64):
        values, vectors = np.linalg.eigh(times(np.eye(n)))
    else:
        values, vectors = _subspace(times, n, dim)
    order = np.argsort(-np.abs(values), kind="stable")[:dim]
    return _signed(vectors[:, order]) * np.sqrt(np.abs(values[order]))


def _normalised(adjacency: sparse.csr_matrix, tau: float = 0.0) -> sparse.csr_matrix:
    inverse = sparse.diags(1 / np.sqrt(np.asarray(adjacency.sum(axis=1)).ravel() + tau))
    return (inverse @ adjacency @ inverse).tocsr()


def _top(matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest eigenvalues of a symmetric matrix, descending, and their eigenvectors as columns."""
    n = matrix.shape[0]
    if n <= max(_SMALL, k + 1):
        values, vectors = np.linalg.eigh(matrix.toarray())
    else:
        start = np.random.default_rng(0).standard_normal(
            n
        )  # ARPACK would draw another at every call
        values, vectors = eigsh(
            LinearOperator(matrix.shape, matvec=matrix.dot, dtype=np.float64),
            k=k,
            which="LA",
            v0=start,
        )
    order = np.argsort(-values, kind="stable")[:k]
    return values[order], vectors[:, order]


def _subspace(
    times, n: int, dim: int, *, more: int = 32, rounds: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenpairs of largest magnitude of a symmetric operator by randomised subspace iteration (Halko et al. 2011)."""
    basis, _ = np.linalg.qr(times(np.random.default_rng(0).standard_normal((n, dim + more))))
    for _ in range(rounds):
        basis, _ = np.linalg.qr(times(basis))
    values, inner = np.linalg.eigh((small := basis.T @ times(basis)) / 2 + small.T / 2)
    return values, basis @ inner


def _signed(vectors: np.ndarray) -> np.ndarray:
    """Columns with the sign that makes their entry of largest magnitude positive."""
    peak = np.abs(vectors).argmax(axis=0)
    sign = np.sign(vectors[peak, np.arange(vectors.shape[1])])
    return vectors * np.where(sign == 0, 1, sign)


def _of(genes: np.ndarray, nodes: np.ndarray, vectors: np.ndarray) -> Embedding:
    has, row = match(genes, nodes, kind="symbol")
    return Embedding(genes[has], vectors[row].astype(np.float32))


def spectral(
    spec: ModelSpec, genes: np.ndarray, *, source: str, file: str, first: str, second: str, dim: int
) -> Embedding:
    """Laplacian eigenmap of the largest connected part of a network, degrees regularised by their mean.

    A gene outside that part has no vector. Entries are scaled by the square root of the sum of degrees, to about one.
    """
    nodes, table = graph(source, file, first, second)
    _, part = connected_components(table)
    inside = part == np.bincount(part).argmax()
    table = table[inside][:, inside]
    vectors = spectral_vectors(table, dim, tau=table.sum() / inside.sum())
    return _of(genes, nodes[inside], vectors * np.sqrt(table.sum()))


def netmf(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    first: str,
    second: str,
    dim: int,
    window: int = 10,
    rank: int = 256,
) -> Embedding:
    """DeepWalk of an interaction network in closed form (``netmf_vectors``); no vector without an interaction."""
    nodes, table = graph(source, file, first, second)
    return _of(genes, nodes, netmf_vectors(table, dim, window=window, rank=rank))


def degree(
    spec: ModelSpec, genes: np.ndarray, *, source: str, file: str, first: str, second: str
) -> Embedding:
    """log(1 + number of partners) in an interaction network, (n, 1); that a gene has none is a real count."""
    nodes, table = graph(source, file, first, second)
    has, row = match(genes, nodes, kind="symbol")
    number = np.zeros((len(genes), 1), dtype=np.float32)
    number[has, 0] = np.log1p(np.asarray(table.sum(axis=1)).ravel()[row])
    return Embedding(genes, number)


ENCODERS = {"spectral": spectral, "netmf": netmf, "degree": degree}
