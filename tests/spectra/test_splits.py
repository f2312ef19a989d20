"""Splits along λ: what must hold of every one, what must hold on average, and extreme graphs."""

import hashlib

import numpy as np
import pytest
from helpers import refused
from numpy.random import default_rng

from genebench.spectra import curve, properties, splits

PARAMETERS = [i / 5 for i in range(6)]


@pytest.fixture(scope="module")
def matrix(scan):
    """Made-up barcodes, some wild type, with cliques and with hubs."""
    return properties.incidence(scan(800, sites=2000))[0]


@pytest.fixture(scope="module")
def graph(matrix):
    """Barcodes that share a mutation."""
    return properties.shared_mutations(matrix)


@pytest.fixture(scope="module", params=splits.MODES)
def made(request, graph):
    """A mode, and its splits of the barcodes, of which most have few samples and some many."""
    counts = default_rng(1).zipf(1.8, graph.shape[0]).clip(max=200)
    options = {"mode": request.param, "counts": counts}
    return request.param, splits.splits(graph, PARAMETERS, range(10), **options)


def test_every_sample_is_on_one_side_or_dropped(made, graph):
    isolated = np.diff(graph.indptr) == 0
    assert isolated.sum() > 20
    for (parameter, _), side in made[1].items():
        assert side.shape == graph.shape[:1] and {1, 2} <= set(side) <= {0, 1, 2}
        if made[0] != "reference":  # λ = 0 retains all, and every λ the isolated
            assert side[isolated].all() and (parameter > 0 or side.all())


def test_overlap_and_size_fall_with_lambda_to_no_overlap(made, graph, matrix):
    sides = made[1].values()
    parts = [(graph, np.arange(graph.shape[0]))]
    rows = [[*curve.overlaps(parts, side, matrix).values(), (side > 0).sum()] for side in sides]
    means = np.reshape(rows, (6, 10, 4)).mean(axis=1)
    assert (np.diff(means, axis=0) < 0).all() and not means[-1, :3].any()


DIGESTS = ("a9030068ff3d8512", "f109672e3552c231", "bcbc72e448f8edc0")


@pytest.mark.parametrize("mode, digest", zip(splits.MODES, DIGESTS))
def test_splits_are_the_same_on_every_machine(mode, digest):
    n, total = 500, hashlib.sha256()
    pairs = [sorted((i, (i * i + k) % n)) for i in range(n) if i % 10 for k in (3, 11)]
    edges = {(i, j) for i, j in pairs if i < j}
    graph = properties.from_edges(n, *zip(*edges))
    counts = 1 + np.arange(n) ** 2 % 17
    made = splits.splits(graph, [0.0, 0.25, 0.5, 1.0], [0, 1], mode=mode, counts=counts)
    for part in (np.flatnonzero(split == k) for split in made.values() for k in (1, 2, 0)):
        total.update(np.append(part, -1).astype("<i4").tobytes())
    assert total.hexdigest()[:16] == digest


HUB = properties.from_edges(11, [0] * 10, range(1, 11))
CLIQUES = properties.shared_label(list("aaabbbcccdddeee"))
NONE = properties.from_edges(0, [], [])


@pytest.mark.parametrize(
    "words, graph, options",
    [
        ("take a smaller parameter", properties.shared_label(["a"] * 8), {"parameter": 1.0}),
        ("too few samples are left", NONE, {"mode": "weighted", "counts": []}),
        ("makes no split of this graph .* 'corrected'", CLIQUES, {"mode": "reference"}),
        ("makes no split of this graph .* 'corrected'", NONE, {"mode": "reference"}),
        ("spectral parameter is 1.2", HUB, {"parameter": 1.2}),
        ("seed is -1", HUB, {"seed": -1}),
        ("need 'counts'", HUB, {"mode": "weighted"}),
    ],
)
def test_graph_or_argument_is_refused_in_one_sentence(words, graph, options):
    with refused(words):
        splits.split(graph, **{"parameter": 0.0, "seed": 0, **options})


def test_control_has_the_sizes_of_its_split_and_its_sides_overlap(graph):
    split = splits.split(graph, 1.0, seed=0)
    for control in (splits.size_matched(split, seed=k) for k in range(10)):
        assert np.bincount(control).tolist() == np.bincount(split).tolist()
        assert curve.overlaps([(graph, np.arange(len(control)))], control)["test_linked"] > 0


def test_pairs_split_by_both_partners_share_none_of_their_relatives(graph):
    rng, n = default_rng(0), graph.shape[0]
    node = rng.integers(0, n, (2, 4000))
    for parameter in (0.0, 1.0):
        each = [splits.split(graph, parameter, seed=s) for s in (0, 1)]
        side = splits.both([own[at] for own, at in zip(each, node)])
        parts = [(graph, at) for at in node]
        near = curve.overlaps(parts, side)["test_linked"]
        linked = graph.toarray() > 0
        train, test = (node[:, side == k] for k in (1, 2))
        plain = [linked[a][:, b].any(axis=1) for a, b in zip(test, train)]
        assert near == np.any(plain, axis=0).mean()
        assert (near == 0) == (parameter == 1) and 0 < len(test[0]) < len(train[0])
        assert not any(set(a) & set(b) for a, b in zip(test, train))
