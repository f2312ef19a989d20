"""Splits along λ: what must hold of every one, what must hold on average, and extreme graphs."""

import doctest
import hashlib

import numpy as np
import pytest
from helpers import refused
from numpy.random import default_rng

from genebench.spectra import curve, properties, splits


@pytest.fixture(scope="module")
def graph(scan):
    """Barcodes that share a mutation, some wild type, with cliques and with hubs."""
    return properties.shared_mutations(scan(800, sites=2000))


def linked(graph, side, *nodes):
    """Share of test units with a relative in train."""
    parts = [(graph, at) for at in nodes or [np.arange(graph.shape[0])]]
    return curve.overlaps(parts, side)["test_linked"]


@pytest.mark.parametrize("mode", splits.MODES)
def test_overlap_and_size_fall_with_lambda_to_no_overlap(mode, graph):
    options = {"mode": mode, "counts": default_rng(1).zipf(1.8, graph.shape[0]).clip(max=200)}
    isolated, rows = np.diff(graph.indptr) == 0, []
    for (parameter, _), side in splits.splits(
        graph, np.arange(6) / 5, range(10), **options
    ).items():
        assert {1, 2} <= set(side) <= {0, 1, 2}
        if mode != "reference":  # λ = 0 retains all, and every λ the isolated
            assert side[isolated].all() and (parameter > 0 or side.all())
        rows.append([linked(graph, side), (side > 0).sum()])
    means = np.reshape(rows, (6, 10, 2)).mean(axis=1)
    assert isolated.sum() > 20 and (np.diff(means, axis=0) < 0).all() and means[-1, 0] == 0


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


@pytest.mark.parametrize(
    "words, groups, options",
    [
        ("take a smaller parameter", "aaaaaaaa", {"parameter": 1.0}),
        ("too few samples are left", "", {"mode": "weighted", "counts": []}),
        ("makes no split of this graph .* 'corrected'", "aaabbbcccdddeee", {"mode": "reference"}),
        ("makes no split of this graph .* 'corrected'", "", {"mode": "reference"}),
        ("spectral parameter is 1.2", "aab", {"parameter": 1.2}),
        ("seed is -1", "aab", {"seed": -1}),
        ("need 'counts'", "aab", {"mode": "weighted"}),
    ],
)
def test_graph_or_argument_is_refused_in_one_sentence(words, groups, options):
    with refused(words):
        splits.split(properties.shared_label(groups), **{"parameter": 0.0, "seed": 0, **options})


def test_control_has_the_sizes_of_its_split_and_its_sides_overlap(graph):
    split = splits.split(graph, 1.0, seed=0)
    for control in (splits.size_matched(split, seed=k) for k in range(3)):
        assert np.bincount(control).tolist() == np.bincount(split).tolist()
        assert linked(graph, control) > 0


def test_pairs_split_by_both_partners_share_none_of_their_relatives(graph):
    near, node = graph.toarray() > 0, default_rng(0).integers(0, graph.shape[0], (2, 4000))
    for parameter in (0.0, 1.0):
        each = [splits.split(graph, parameter, seed=s) for s in (0, 1)]
        side = splits.both([own[at] for own, at in zip(each, node)])
        train, test = (node[:, side == k] for k in (1, 2))
        plain = np.any([near[a][:, b].any(axis=1) for a, b in zip(test, train)], axis=0).mean()
        assert linked(graph, side, *node) == plain and (plain == 0) == (parameter == 1)
        assert 0 < len(test[0]) and not any(set(a) & set(b) for a, b in zip(test, train))


def test_splitter_keeps_relatives_apart_in_cross_validation():
    done = doctest.testmod(splits)
    assert done.attempted >= 6 and not done.failed
    family, X = np.arange(60) % 12, np.zeros((60, 1))
    by_group, by_graph = (
        list(splits.SpectralSplit(given, parameters=[1], n_repeats=3).split(X, groups=family))
        for given in (None, family[:, None] == family)
    )
    assert len(by_group) == 3
    for (train, test), (again, _) in zip(by_group, by_graph):
        assert len(test) and not set(family[train]) & set(family[test])
        assert np.array_equal(train, again)
    with refused("there are 5 samples"):
        next(splits.SpectralSplit(np.eye(60)).split(np.zeros(5)))
