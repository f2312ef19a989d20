"""Graphs from edges."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from genebench.core.errors import BadInput
from genebench.spectra.graph import Graph


def test_edges_in_any_order_and_direction():
    graph = Graph.from_edges(4, [2, 0, 1], [0, 2, 3], weights=[0.5, 0.5, 0.0])
    assert [part.tolist() for part in graph.edges()] == [[0], [2], [0.5]]
    assert graph.indptr.tolist() == [0, 1, 1, 2, 2] and graph.indices.dtype == np.int32
    binary = Graph.from_edges(3, [1, 0, 1], [0, 1, 2])
    assert binary.m == 2 and binary.binary and binary.neighbours(1).tolist() == [0, 2]
    assert Graph.from_edges(0, [], []).m == 0


@pytest.mark.parametrize(
    "words, edges",
    [
        ("numbered 0 to 2", ([0], [3], None)),
        ("itself", ([1], [1], None)),
        ("no finite number", ([0], [1], [np.inf])),
        ("two different", ([0, 1], [1, 0], [1, 2])),
    ],
)
def test_edges_that_make_no_sense_are_refused(words, edges):
    with pytest.raises(BadInput, match=words):
        Graph.from_edges(3, *edges)


def test_components_are_scipys():
    first, second = np.random.default_rng(0).integers(0, 300, (2, 120))
    graph = Graph.from_edges(300, first[first != second], second[first != second])
    matrix = sparse.csr_array((np.ones(2 * graph.m), graph.indices, graph.indptr), (300, 300))
    assert (graph.components == csgraph.connected_components(matrix, directed=False)[1]).all()
