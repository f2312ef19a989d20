"""Splits along λ: what must hold of every one, what must hold on average, and extreme graphs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from genebench.core.errors import BadInput
from genebench.spectra import builders, curve, properties, splits
from genebench.spectra.graph import Graph

PARAMETERS = [i / 20 for i in range(21)]


@pytest.fixture(scope="module")
def barcodes(scan):
    """Made-up barcodes, some wild type, with cliques and with hubs."""
    return scan(800, sites=2000)


@pytest.fixture(scope="module")
def graph(barcodes):
    """Barcodes that share a mutation."""
    return properties.shared_mutations(barcodes)


def counts(n: int) -> np.ndarray:
    """Samples of each barcode: most few, some many."""
    return np.random.default_rng(1).zipf(1.8, n).clip(max=200)


def make(graph, mode, parameters=PARAMETERS, seeds=range(5), **options):
    """Splits of a mode; the weighted one with counts."""
    if mode == "weighted":
        options = {"counts": counts(graph.n)} | options
    return splits.splits(graph, parameters, seeds, mode=mode, **options)


def mean_size(made: dict) -> float:
    """Mean number of retained samples."""
    return np.mean([len(s.train) + len(s.test) for s in made.values() if s])


@pytest.mark.parametrize("mode", splits.MODES)
def test_every_sample_is_on_one_side_or_dropped(graph, mode):
    isolated = set(np.flatnonzero(graph.degree == 0).tolist())
    assert len(isolated) > 20
    for (parameter, _), split in make(graph, mode).items():
        parts = list(vars(split).values())
        assert sorted(np.concatenate(parts).tolist()) == list(range(graph.n))
        assert all((np.diff(part) > 0).all() and part.dtype == np.int32 for part in parts)
        if mode != "reference":  # λ = 0 retains all, and every λ the isolated
            assert not isolated & set(split.dropped.tolist())
            assert parameter > 0 or len(split.dropped) == 0


@pytest.mark.parametrize("mode", splits.MODES)
def test_overlap_and_size_fall_with_lambda_to_no_overlap(graph, barcodes, mode):
    matrix, rows = builders.incidence(barcodes)[0], []
    made = make(graph, mode, PARAMETERS[::4], range(10))
    for parameter in PARAMETERS[::4]:
        same = [made[parameter, seed] for seed in range(10)]
        overlaps = [list(curve.overlaps(graph, split, matrix).values()) for split in same]
        sizes = [len(split.train) + len(split.test) for split in same]
        rows.append([*np.mean(overlaps, axis=0), np.mean(sizes)])
    assert (np.diff(rows, axis=0) < 0).all()
    assert rows[-1][:3] == [0, 0, 0]


def test_cliques_are_not_sent_to_one_side():
    graph = properties.shared_label(np.repeat(np.arange(100), 3).tolist())
    made = splits.splits(graph, [0.0, 0.5], range(20))
    tested = np.mean([len(s.test) / (len(s.test) + len(s.train)) for s in made.values()])
    assert tested == pytest.approx(0.2, abs=0.01)
    assert all(len(s.test) == 60 for (parameter, _), s in made.items() if parameter == 0)


def test_new_sample_changes_no_other_ones_lot(graph):
    more = Graph(graph.n + 1, np.append(graph.indptr, graph.indptr[-1]), graph.indices)
    for seed in range(5):
        a, b = splits.split(graph, 0.5, seed=seed), splits.split(more, 0.5, seed=seed)
        assert set(b.dropped.tolist()) == set(a.dropped.tolist())


@pytest.mark.parametrize(
    "mode, digest",
    [
        ("corrected", "a9030068ff3d8512"),
        ("reference", "f109672e3552c231"),
        ("weighted", "bcbc72e448f8edc0"),
    ],
)
def test_splits_are_the_same_on_every_machine(mode, digest):
    n, total = 500, hashlib.sha256()
    pairs = [(i, (i * i + k) % n) for i in range(n) for k in (3, 11)]
    graph = Graph.from_edges(n, *zip(*[(i, j) for i, j in pairs if i % 10 and i != j]))
    options = {"counts": 1 + np.arange(n) ** 2 % 17} if mode == "weighted" else {}
    made = splits.splits(graph, [0.0, 0.25, 0.5, 1.0], [0, 1], mode=mode, **options)
    for part in (part for split in made.values() for part in vars(split).values()):
        total.update(np.append(part, -1).astype("<i4").tobytes())
    assert total.hexdigest()[:16] == digest


HUB = Graph.from_edges(11, [0] * 10, range(1, 11))
EMPTY = Graph.from_edges(10, [], [])
CLIQUES = properties.shared_label(list("aaabbbcccdddeee"))
ONE, NONE = Graph.from_edges(1, [], []), Graph.from_edges(0, [], [])


def test_extreme_graphs_are_split():
    assert mean_size({0: splits.split(CLIQUES, 1.0, seed=0)}) == 5  # one of each
    split = splits.split(EMPTY, 1.0, seed=0)
    assert len(split.train) == 8 and len(split.test) == 2
    made = splits.splits(HUB, [1.0], range(40))
    assert mean_size(made) == 10  # the leaves; where the hub is first, it is alone: no split
    assert 0 < sum(split is None for split in made.values()) < 40
    assert len(splits.split(properties.shared_label(["a"] * 8), 0.0, seed=0).test) == 2


def test_mode_reference_drops_the_hub_at_every_lambda():
    for split in splits.splits(HUB, [0.0, 0.5, 1.0], [0], mode="reference").values():
        assert split.dropped.tolist() == [0] and len(split.train) == 8 and len(split.test) == 2


@pytest.mark.parametrize(
    "words, graph, options",
    [
        ("take a smaller parameter", properties.shared_label(["a"] * 8), {"parameter": 1.0}),
        ("too few samples are left", ONE, {}),
        ("too few samples are left", NONE, {}),
        ("too few samples are left", ONE, {"mode": "weighted", "counts": [1]}),
        ("too few samples are left", NONE, {"mode": "weighted", "counts": []}),
        ("makes no split of this graph .* 'corrected'", CLIQUES, {"mode": "reference"}),
        ("makes no split of this graph .* 'corrected'", EMPTY, {"mode": "reference"}),
        ("makes no split of this graph .* 'corrected'", NONE, {"mode": "reference"}),
        ("spectral parameter is 1.2", HUB, {"parameter": 1.2}),
        ("seed is -1", HUB, {"seed": -1}),
        ("did you mean 'corrected'", HUB, {"mode": "corected"}),
        ("share of test samples is 0", HUB, {"test_size": 0}),
        ("need 'counts'", HUB, {"mode": "weighted"}),
    ],
)
def test_graph_or_argument_is_refused_in_one_sentence(words, graph, options):
    with pytest.raises(BadInput, match=words):
        splits.split(graph, **{"parameter": 0.0, "seed": 0, **options})


def test_control_has_the_sizes_of_its_split_and_no_preference(graph):
    split = splits.split(graph, 1.0, seed=0)
    controls = [splits.size_matched(split, seed=k) for k in range(200)]
    for control in controls[:10]:
        assert [*map(len, vars(control).values())] == [*map(len, vars(split).values())]
    linked = [curve.overlaps(graph, control)["test_linked"] for control in controls[:10]]
    assert curve.overlaps(graph, split)["test_linked"] == 0 < np.mean(linked)
    often = np.bincount(np.concatenate([c.test for c in controls]), minlength=graph.n)
    expected = 200 * len(split.test) / graph.n
    assert abs(often - expected).max() < 6 * np.sqrt(expected)


def test_barcodes_are_dealt_so_that_samples_are_balanced_too():
    n = counts(300)
    dealt = [splits.balance(n, seed=k) for k in range(10)]
    at_random = [np.random.default_rng(k).permutation(300) < 60 for k in range(10)]
    errors = [
        np.abs([n[d].sum() / n.sum() - 0.2 for d in deals]).max() for deals in (dealt, at_random)
    ]
    assert errors[0] < 0.02 < errors[1]
    assert np.abs(np.mean(dealt, axis=1) - 0.2).max() < 0.03
    giant = np.array([10_000] + [1] * 99)  # it fits no side's quota, and is placed all the same
    assert 0 < splits.balance(giant, seed=0).sum() < 100


def test_barcode_of_most_samples_is_retained_first_and_lambda_is_squared(graph):
    top = int(np.argmax(counts(graph.n)))
    weighted = make(graph, "weighted", [0.5], range(10))
    assert all(top not in split.dropped for split in weighted.values())
    plain = mean_size(make(graph, "corrected", [0.25], range(10)))
    assert abs(mean_size(weighted) / plain - 1) < 0.1  # 0.5² = 0.25


def test_degrees_of_likeness_drop_the_most_alike_first():
    X = np.random.default_rng(0).standard_normal((200, 3))
    graph = properties.cosine(X, above=0.0)
    made = {p: make(graph, "corrected", [p], range(10)) for p in (0.0, 0.3, 0.6, 0.9)}
    means = [
        np.mean([curve.overlaps(graph, split)["mean_similarity"] for split in same.values()])
        for same in made.values()
    ]
    assert (np.diff(means) < 0).all()
