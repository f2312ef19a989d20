"""Mode ``reference`` against the published package, side by side, and its random numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks import spectrae
from genebench.spectra import kernels, properties, splits
from genebench.spectra.graph import Graph

PARAMETERS = [i / 20 for i in range(21)]
SEEDS = [0, 1, 2]

needs_package = pytest.mark.skipif(
    not spectrae.installed(), reason="spectrae is not installed (extra 'spectra-test')"
)


def share(a: frozenset, b: frozenset) -> int:
    """The package's property: whether two barcodes have a mutation in common."""
    return int(not a.isdisjoint(b))


def linked(graph: Graph):
    """The package's property for the samples of a graph."""
    return lambda a, b: int(graph.matrix[a, b])


def identical(theirs: spectrae.Splits, ours: dict) -> int:
    """Number of splits with the same train and test sets in both, or that neither makes."""

    def same(a, b) -> bool:
        if a is None or not b.any():
            return a is None and not b.any()
        return all(sorted(s) == np.flatnonzero(b == k).tolist() for k, s in enumerate(a, 1))

    assert theirs.splits.keys() == ours.keys()
    return sum(same(theirs.splits[pair], ours[pair]) for pair in ours)


def assert_all_identical(barcodes: list[frozenset[str]]) -> None:
    """Every split of 21 λ × 3 seeds is the package's, and not all for a trivial reason."""
    theirs = spectrae.run(barcodes, share, PARAMETERS, SEEDS)
    graph = properties.shared_mutations(barcodes)
    ours = splits.splits(graph, PARAMETERS, SEEDS, mode="reference")
    assert theirs.edges == graph.m and identical(theirs, ours) == 63
    assert len({np.sum(s == 1) for s in ours.values()}) > 20


@needs_package
def test_made_up_barcodes_are_split_as_by_the_package(scan):
    assert_all_identical(scan(300, sites=450))


@needs_package
@pytest.mark.parametrize("zeros", [False, True])
def test_graphs_with_weights_are_split_as_by_the_package(zeros):
    rng = np.random.default_rng(0)
    M = np.triu(rng.integers(1, 40, (70, 70)) / 32, 1)  # exact in single precision, with ties
    M = (M * (rng.random(M.shape) < 0.3) if zeros else M).astype(np.float32)
    M, parameters = M + M.T, [0.0, 0.1, 0.35, 0.5, 0.75, 0.95, 1.0]
    samples = list(range(70))
    theirs = spectrae.run(samples, lambda a, b: float(M[a, b]), parameters, [0, 7], binary=False)
    graph = properties.from_blocks(70, lambda low, high: M[low:high])
    ours = splits.splits(graph, parameters, [0, 7], mode="reference")
    assert identical(theirs, ours) == 14
    none = any(not s.any() for s in ours.values())
    assert none != zeros  # λ = 1 on a complete graph leaves one sample


REFUSED = {
    "no edges": Graph.from_edges(9, [], []),
    "one clique": Graph.from_edges(4, [0, 0, 0, 1, 1, 2], [1, 2, 3, 2, 3, 3]),
    "only cliques": Graph.from_edges(10, [0, 2, 4, 6], [1, 3, 5, 7]),
    "too dense": Graph.from_edges(6, [0, 0, 0, 1, 1, 2, 2, 3, 4], [1, 2, 3, 2, 4, 3, 5, 4, 5]),
    "half in a clique": properties.shared_label(
        ["a"] * 9 + [{"b"}, {"b", "c"}, {"c"}] + [None] * 5
    ),
}


@needs_package
@pytest.mark.parametrize("case", REFUSED)
def test_graph_that_the_package_refuses_is_refused_in_one_sentence(case):
    graph = REFUSED[case]
    with pytest.raises(Exception):  # noqa: B017 - plain exceptions, and errors of its own
        spectrae.run(list(range(graph.n)), linked(graph), [0.5], [0])
    with pytest.raises(splits.Unsplittable, match="published package makes no split of this graph"):
        splits.split(graph, 0.5, seed=0, mode="reference")


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1])
def test_walk_draws_pythons_random_numbers(seed):
    """On a graph without triangles, by the rules of the walk in plain Python."""
    n = 2000  # a ring of them needs the generator's state several times
    graph = Graph.from_edges(n, np.arange(n), (np.arange(n) + 1) % n)
    twister = np.random.MT19937()
    twister.state = np.random.RandomState([seed]).get_state()
    walked = kernels.walk_like_package(*graph.arrays, 0.0, 0.4, np.random.Generator(twister))
    generator, left, truth = random.Random(seed), list(range(n)), []
    alive = set(left)
    while any((i + 1) % n in alive for i in alive):
        node = left[generator.randrange(len(left))]
        truth.append(node)
        near = [v for v in graph.neighbours(node).tolist() if v in alive]
        alive -= {v for v in near if generator.random() < 0.4} | {node}
        left = sorted(alive)
    assert walked.tolist() == truth + left
