"""Graphs from edges."""

import numpy as np
import pytest

from genebench.core.errors import BadInput
from genebench.spectra.graph import Graph


def test_edges_in_any_order_and_direction():
    graph = Graph.from_edges(4, [2, 1], [0, 3], weights=[0.5, 0.25])
    assert graph.matrix.toarray()[:2].tolist() == [[0, 0, 0.5, 0], [0, 0, 0, 0.25]]
    assert graph.indptr.tolist() == [0, 1, 2, 3, 4] and graph.indices.dtype == np.int32
    binary = Graph.from_edges(3, [1, 1], [0, 2])
    assert binary.m == 2 and binary.binary and binary.neighbours(1).tolist() == [0, 2]
    assert Graph.from_edges(0, [], []).m == 0


@pytest.mark.parametrize("edges", [([1], [1]), ([0, 1], [1, 0])])
def test_edges_that_make_no_sense_are_refused(edges):
    with pytest.raises(BadInput, match="given twice, or links a sample with itself"):
        Graph.from_edges(3, *edges)
