"""Splits as the published package ``spectrae`` 1.0.3 makes them, sample for sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..core.errors import BadInput
from . import kernels
from .properties import Graph


class Unsplittable(BadInput):
    """A graph that gives no split at this parameter; other parameters may."""


def sides(n: int, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Side of each of n samples, (n,) int8, from the samples of each; all 0 where one is empty."""
    side = np.zeros(n, dtype=np.int8)
    if len(train) and len(test):
        side[train], side[test] = 1, 2
    return side


def deal(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples of train and of test: the first fifth of an order is tested."""
    n_test = int(np.ceil(0.2 * len(order)))
    return order[n_test:], order[:n_test]


def arrays(graph: Graph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrays of a graph for compiled loops; of a binary graph no weights."""
    return graph.indptr, graph.indices, graph.data[: 0 if graph.dtype == bool else None]


def walks(graph: Graph) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Prepare the package's walks over a graph.

    Samples without a neighbour are dropped, components that are cliques go to train whole, a sample
    linked with all others of its component is dropped.

    Parameters
    ----------
    graph : Graph
        Which samples are alike.

    Returns
    -------
    callable
        λ, seed and least weight that drops → samples of train and of test; one is empty: no split.

    Raises
    ------
    Unsplittable
        The package refuses the graph, or ends with an error on it.
    """
    order, units, n_units = _nodes(graph)
    ordered = _in_order(graph, order)

    def walk(parameter, seed, threshold):
        twister = np.random.MT19937()
        twister.state = np.random.RandomState([seed]).get_state()  # that of random.Random(seed)
        generator = np.random.Generator(twister)
        nodes = order[kernels.walk_like_package(*ordered, threshold, parameter, generator)]
        if n_units + len(nodes) <= 5:  # the package's own rule
            return nodes[:0], nodes[:0]
        shuffled = nodes[np.random.RandomState(seed).permutation(len(nodes))]
        train, test = deal(shuffled)
        return (np.append(train, units) if len(train) else train), test

    return walk


def _in_order(graph, order):
    """Arrays of the subgraph of some samples, numbered by their place in an order.

    A row lists neighbours that stand earlier in the order, by the order; then the later ones, by
    their sample number.
    """
    size, place = len(order), np.full(graph.shape[0], -1)
    place[order] = np.arange(size)
    rows = graph[order]
    row, column = np.repeat(np.arange(size), np.diff(rows.indptr)), place[rows.indices]
    later = column > row
    ends = np.append(0, np.cumsum(np.bincount(row[later], minlength=size)))
    upper = sparse.csr_array((rows.data[later], column[later], ends), (size, size))
    both = sparse.hstack([upper.T.tocsr(), upper], format="csr")
    both.indices %= size
    return arrays(both)


def _nodes(graph):
    """Samples that the package walks over, in its order; those of cliques; number of cliques.

    The package numbers nodes by first appearance in the list of pairs (i, j), i < j: by the lesser
    of a node and its first neighbour.
    """
    degree = np.diff(graph.indptr)
    linked = np.flatnonzero(degree)
    first = graph.indices[graph.indptr[linked]]
    order = linked[np.argsort(np.minimum(linked, first), kind="stable")].astype(np.int32)
    if graph.dtype != bool:
        return order, order[:0], 0
    component = csgraph.connected_components(graph, directed=False)[1]
    label = np.unique(component[linked], return_inverse=True)[1]
    size = np.bincount(label)
    hub = degree[linked] == size[label] - 1  # linked with all others of its component
    removed = np.bincount(label, weights=hub).astype(int)
    clique = removed == size
    left = len(order) - (np.cumsum(removed) - removed)  # before each component is visited
    dense = 5 * graph.nnz >= 2 * len(order) * (len(order) - 1)  # 40 % of pairs
    if clique.all() or dense or (clique & (2 * size >= left)).any():
        raise Unsplittable(
            "the published package makes no split of this graph (40 % of the pairs of linked "
            "samples or more are linked, or a group that is linked throughout holds half of the "
            "samples, or every group is linked throughout); take mode 'corrected'."
        )
    walked, in_clique = np.zeros((2, graph.shape[0]), bool)
    walked[linked], in_clique[linked] = ~hub, clique[label]
    return order[walked[order]], order[in_clique[order]], int(clique.sum())
