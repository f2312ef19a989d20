"""Vectors of interaction networks, against dense linear algebra."""

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from genebench.models import network
from genebench.models.inputs import Inputs

FILE, EDGES = {"source": "s", "file": "f"}, {"first": "a", "second": "b"}


def ring(n, chords=0):
    """A connected graph: a ring of n nodes and some chords."""
    rng = default_rng(0)
    graph = np.roll(np.eye(n), 1, axis=0)
    graph[tuple(rng.integers(0, n, (2, chords)))] = 1
    graph = np.maximum(graph, graph.T)
    np.fill_diagonal(graph, 0)
    return graph


def test_a_graph_has_each_pair_once_no_loop_and_approved_names(tables, declared, vectors, model):
    pairs = "KIN1-SET SET-OLDK1 CHN3-CHN3 NEW7-KIN1 BOTH-SET SET-CHN4".split()
    tables["s", "f"] = pd.DataFrame([pair.split("-") for pair in pairs], columns=["a", "b"])
    nodes, adjacency = network.graph(Inputs(model(options=FILE), None, declared), **EDGES)
    ends = np.argwhere(adjacency.toarray() == 1)
    edges = "CHN4-SET KIN1-NEW7 KIN1-SET NEW7-KIN1 SET-CHN4 SET-KIN1"
    assert ["-".join(pair) for pair in nodes[ends]] == edges.split() and adjacency.nnz == 6
    degree = vectors("degree", "CHN3 KIN1 OLDK1 SET", **FILE, **EDGES)
    assert_allclose(degree.vectors[:, 0], np.log([1, 3, 3, 3]), rtol=1e-6)
    for encoder in ("spectral", "netmf"):
        assert vectors(encoder, "CHN3 SET", dim=2, **FILE, **EDGES).entities.tolist() == ["SET"]


@pytest.mark.parametrize("n, tau", [(40, 2.5), (550, 0)])
def test_spectral_vectors_are_eigenvectors_of_the_normalised_laplacian(n, tau):
    A = ring(n, 2 * n)
    vectors = network.spectral_vectors(sparse.csr_array(A), 5, tau=tau)
    degree = A.sum(axis=1) + tau
    laplacian = np.eye(n) - A / np.sqrt(np.outer(degree, degree))
    expected = np.linalg.eigh(laplacian)[1][:, 1:6] / np.sqrt(degree)[:, None]
    assert_allclose(np.abs(vectors), np.abs(expected), atol=1e-6)
    peak = np.abs(vectors * np.sqrt(degree)[:, None]).argmax(axis=0)
    assert (vectors[peak, range(5)] > 0).all()
    assert_array_equal(vectors, network.spectral_vectors(sparse.csr_array(A), 5, tau=tau))


@pytest.mark.parametrize("size", [5, 43])
def test_netmf_of_all_eigenpairs_is_the_svd_of_deepwalks_dense_formula(size):
    """By powers of transitions (Qiu et al. 2018, thm. 2.3); of more than 500 nodes NetMF goes
    by subspace iteration."""
    blocks, rng = np.kron(np.eye(12), np.ones((size, size))), default_rng(1)
    drawn = ring(12 * size) + np.triu(rng.random(blocks.shape) < 0.3 * blocks + 0.004, 1)
    A = 1.0 * (drawn + drawn.T > 0)
    vectors = network.netmf_vectors(sparse.csr_array(A), 8, rank=len(A))
    P, degree = A / A.sum(axis=1)[:, None], A.sum(axis=1)
    total = sum(np.linalg.matrix_power(P, r) for r in range(1, 11))
    u, s, _ = np.linalg.svd(np.log(np.maximum(A.sum() / 10 * total / degree, 1)))
    assert_allclose((vectors**2).sum(axis=0), s[:8], rtol=1e-3)
    cosine = (u[:, :8] * vectors / np.linalg.norm(vectors, axis=0)).sum(axis=0)
    assert np.abs(cosine).min() > 0.99
    assert_array_equal(vectors, network.netmf_vectors(sparse.csr_array(A), 8, rank=len(A)))
