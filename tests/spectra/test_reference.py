"""Mode ``reference`` against the published package, side by side, and its random numbers."""

import random

import numpy as np
import pytest

from benchmarks import spectrae
from benchmarks.nearness import from_blocks
from genebench.spectra import properties, splits

needs_package = pytest.mark.skipif(
    not spectrae.installed(), reason="spectrae is not installed (extra 'spectra-test')"
)


def by_the_package(graph, parameters, seeds):
    """The package's splits of a graph, whose samples are numbers."""
    samples, binary = list(range(graph.shape[0])), graph.dtype == bool
    return spectrae.run(samples, lambda a, b: float(graph[a, b]), parameters, seeds, binary=binary)


def assert_identical(graph, parameters, seeds):
    """Every split of a graph is the package's, or neither makes it."""
    theirs = by_the_package(graph, parameters, seeds)
    ours = splits.splits(graph, parameters, seeds, mode="reference")
    assert 2 * theirs.edges == graph.nnz and theirs.splits.keys() == ours.keys()
    for at, side in ours.items():
        sides = theirs.splits[at] or ((), ())
        assert [sorted(s) for s in sides] == [np.flatnonzero(side == k).tolist() for k in (1, 2)]
    return [side.any() for side in ours.values()]


@needs_package
def test_made_up_barcodes_are_split_as_by_the_package(scan):
    graph = properties.shared_mutations(scan(300, sites=450))
    assert all(assert_identical(graph, [i / 20 for i in range(21)], [0, 1, 2]))


@needs_package
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_graphs_with_weights_are_split_as_by_the_package(share):
    rng = np.random.default_rng(0)
    M = np.triu(rng.integers(1, 40, (70, 70)) / 32, 1)  # exact in single precision, with ties
    M = (M * (rng.random(M.shape) < share)).astype(np.float32)
    graph = from_blocks(70, lambda low, high: (M + M.T)[low:high])
    made = assert_identical(graph, [0.0, 0.1, 0.35, 0.5, 0.75, 0.95, 1.0], [0, 7])
    assert all(made) == (share < 1)  # λ = 1 on a complete graph leaves one sample


@needs_package
@pytest.mark.parametrize(
    "groups",
    [
        [*"aabbccdd", None, None],  # only cliques
        [{"a"}, {"a", "b"}, {"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "a"}],  # too dense
        ["a"] * 9 + [{"b"}, {"b", "c"}, {"c"}] + [None] * 5,  # half in a clique
    ],
)
def test_graph_that_the_package_refuses_is_refused_in_one_sentence(groups):
    graph = properties.shared_label(groups)
    with pytest.raises(Exception):  # noqa: B017 - plain exceptions, and errors of its own
        by_the_package(graph, [0.5], [0])
    with pytest.raises(splits.Unsplittable, match="published package makes no split of this graph"):
        splits.split(graph, 0.5, seed=0, mode="reference")


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_walk_draws_pythons_random_numbers(seed):
    """On a graph without triangles, by the rules of the walk in plain Python."""
    n = 1000  # a chain of them needs the generator's state several times
    graph = properties.from_edges(n, np.arange(n - 1), np.arange(1, n))
    retained = np.flatnonzero(splits.split(graph, 0.4, seed=seed, mode="reference"))
    generator, left, truth = random.Random(seed), list(range(n)), []
    while any(i + 1 in left for i in left):
        truth.append(left[generator.randrange(len(left))])
        near = [v for v in graph[[truth[-1]]].indices if v in left]
        gone = {truth[-1], *(v for v in near if generator.random() < 0.4)}
        left = [v for v in left if v not in gone]
    assert retained.tolist() == sorted(truth + left)
