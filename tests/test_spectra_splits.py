"""Splits along λ: what must hold of every one, what must hold on average, and graphs at the edge of sense."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from test_spectra_graphs import scan

from genebench.core.errors import BadInput
from genebench.spectra import overlap, properties, splits
from genebench.spectra.graph import Graph

PARAMETERS = [i / 20 for i in range(21)]


@pytest.fixture(scope="module")
def barcodes():
    """Made-up barcodes, some wild type, with cliques and with hubs."""
    return scan(800, sites=2000)


@pytest.fixture(scope="module")
def graph(barcodes):
    """Barcodes that share a mutation."""
    return properties.shared_mutations(barcodes)


def counts(n: int) -> np.ndarray:
    """Samples of each barcode: most few, some many."""
    return np.random.default_rng(1).zipf(1.8, n).clip(max=200)


def made(graph, mode, parameters=PARAMETERS, seeds=range(5), **options):
    """Splits of a mode; the weighted one with counts."""
    more = {"counts": counts(graph.n)} if mode == "weighted" else {}
    return splits.splits(graph, parameters, seeds, mode=mode, **more, **options)


def across(graph: Graph, split: splits.Split) -> int:
    """Edges between train and test, counted plainly."""
    train = set(split.train.tolist())
    return sum(j in train for i in split.test.tolist() for j in graph.neighbours(i).tolist())


@pytest.mark.parametrize("mode", splits.MODES)
def test_every_sample_is_on_one_side_or_dropped(graph, mode):
    for split in made(graph, mode).values():
        together = np.concatenate([split.train, split.test, split.dropped])
        assert sorted(together.tolist()) == list(range(graph.n))
        assert all(
            (np.diff(part) > 0).all() and part.dtype == np.int32
            for part in (split.train, split.test)
        )


@pytest.mark.parametrize("mode", splits.MODES)
def test_one_by_one_together_and_in_threads_they_are_the_same(graph, mode, monkeypatch):
    alone = made(graph, mode, jobs=1)
    monkeypatch.setattr(splits, "PARALLEL", 0)
    threads = made(graph, mode, jobs=3)
    more = {"counts": counts(graph.n)} if mode == "weighted" else {}
    for pair, split in alone.items():
        single = (
            splits.split(graph, pair[0], seed=pair[1], mode=mode, **more)
            if pair[0] in (0, 0.3)
            else split
        )
        assert all(
            (a == b).all() and (a == c).all()
            for a, b, c in zip(*(vars(s).values() for s in (split, threads[pair], single)))
        )


@pytest.mark.parametrize("mode", ["corrected", "weighted"])
def test_at_lambda_0_every_sample_takes_part_and_isolated_ones_always_do(graph, mode):
    isolated = np.flatnonzero(graph.degree == 0)
    assert len(isolated) > 20
    for (parameter, _), split in made(graph, mode).items():
        assert parameter > 0 or len(split.dropped) == 0
        assert not set(isolated.tolist()) & set(split.dropped.tolist())


@pytest.mark.parametrize("mode", splits.MODES)
def test_at_lambda_1_no_edge_joins_train_and_test(graph, mode):
    for seed in range(5):
        assert across(graph, made(graph, mode, [1.0], [seed])[(1.0, seed)]) == 0
    assert across(graph, made(graph, mode, [0.0], [0])[(0.0, 0)]) > 100  # the count can fail


@pytest.mark.parametrize("mode", splits.MODES)
def test_overlap_and_size_fall_with_lambda_on_average(graph, barcodes, mode):
    found = made(graph, mode, seeds=range(10))
    names = ("jaccard", "test_linked", "mean_similarity", "kept")
    table = []
    for parameter in PARAMETERS:
        held = [found[(parameter, seed)] for seed in range(10)]
        rows = [
            [*overlap.overlaps(graph, s, barcodes).values(), len(s.train) + len(s.test)]
            for s in held
        ]
        table.append(np.mean(rows, axis=0))
    for name, curve in zip(names, np.array(table).T):
        fall = np.diff(curve[::4])  # steps of 0.2, for noise
        assert (fall < 0).all(), (name, curve)


@pytest.mark.parametrize("mode", splits.MODES)
def test_a_share_of_the_kept_is_tested(graph, mode):
    for test_size in (0.1, 0.2, 0.5):
        for split in made(graph, mode, [0.0, 0.5], [0], test_size=test_size).values():
            share = len(split.test) / (len(split.test) + len(split.train))
            slack = (
                0.06 if mode != "corrected" else 0.01
            )  # cliques go to train; samples are balanced, too
            assert abs(share - test_size) < slack


def test_cliques_are_not_sent_to_one_side():
    graph = properties.shared_label(np.repeat(np.arange(100), 3).tolist())
    found = splits.splits(graph, [0.0, 0.5], range(20))
    tested = np.mean([len(s.test) / (len(s.test) + len(s.train)) for s in found.values()])
    assert tested == pytest.approx(0.2, abs=0.01)
    assert all(len(s.test) == 60 for (parameter, _), s in found.items() if parameter == 0)


def test_corrected_keeps_as_many_as_the_packages_walk_where_their_rules_agree():
    """Without isolated samples, cliques and hubs both walk alike, by other random numbers."""
    rng = np.random.default_rng(0)
    first = np.concatenate([np.arange(600), rng.integers(0, 600, 1200)])
    second = np.concatenate(
        [(np.arange(600) + 1) % 600, (first[600:] + rng.integers(2, 598, 1200)) % 600]
    )
    graph = Graph.from_edges(600, first, second)
    for parameter in (0.1, 0.4, 0.8, 1.0):
        kept = {}
        for mode in ("corrected", "reference"):
            found = splits.splits(graph, [parameter], range(60), mode=mode).values()
            kept[mode] = np.array([len(s.train) + len(s.test) for s in found])
        gap = abs(kept["corrected"].mean() - kept["reference"].mean())
        error = np.sqrt(sum(k.var(ddof=1) / len(k) for k in kept.values()))
        assert error > 0 and gap < 4 * error, (parameter, gap, error)


def test_one_seed_at_two_lambdas_differs_little_and_two_seeds_much(graph):
    found = splits.splits(graph, [0.5, 0.55], range(8))

    def common(a, b) -> float:
        one, two = (set(s.train.tolist() + s.test.tolist()) for s in (a, b))
        return len(one & two) / len(one | two)

    near = np.mean([common(found[(0.5, k)], found[(0.55, k)]) for k in range(8)])
    far = np.mean([common(found[(0.5, k)], found[(0.5, k + 1)]) for k in range(7)])
    assert near > far + 0.1


def test_a_new_sample_changes_no_other_ones_lot(graph):
    more = Graph(graph.n + 1, np.append(graph.indptr, graph.indptr[-1]), graph.indices)
    for seed in range(5):
        a, b = splits.split(graph, 0.5, seed=seed), splits.split(more, 0.5, seed=seed)
        assert set(b.dropped.tolist()) == set(a.dropped.tolist())


GOLDEN = {
    "corrected": "a9030068ff3d8512",
    "reference": "f109672e3552c231",
    "weighted": "bcbc72e448f8edc0",
}


@pytest.mark.parametrize("mode", splits.MODES)
def test_splits_are_the_same_on_every_machine(mode):
    n = 500
    i = np.arange(n)
    graph = arithmetic(n)
    more = {"counts": 1 + i * i % 17} if mode == "weighted" else {}
    total = hashlib.sha256()
    for split in splits.splits(graph, [0.0, 0.25, 0.5, 1.0], [0, 1], mode=mode, **more).values():
        total.update(
            b"".join(np.append(part, -1).astype("<i4").tobytes() for part in vars(split).values())
        )
    assert total.hexdigest()[:16] == GOLDEN[mode]


def arithmetic(n: int) -> Graph:
    """A graph made by arithmetic alone."""
    pairs = [
        (i, (i * i + k) % n) for i in range(n) for k in (3, 11) if i % 10 and i != (i * i + k) % n
    ]
    return Graph.from_edges(n, *zip(*pairs))


def test_graphs_at_the_edge_of_sense_are_split_or_refused_in_one_sentence():
    """All cliques, no edges, one hub, one sample, none."""
    cliques = splits.split(properties.shared_label(list("aaabbbcccdddeee")), 1.0, seed=0)
    assert len(cliques.train) + len(cliques.test) == 5  # one of each
    none = splits.split(Graph.from_edges(10, [], []), 1.0, seed=0)
    assert len(none.train) == 8 and len(none.test) == 2
    hub = Graph.from_edges(11, [0] * 10, range(1, 11))
    kept = {len(s.train) + len(s.test) for s in splits.splits(hub, [1.0], range(40)).values() if s}
    assert kept == {
        10
    }  # the leaves; where the hub was drawn first, it stands alone, and there is no split
    alone = [seed for (_, seed), s in splits.splits(hub, [1.0], range(40)).items() if s is None]
    assert 0 < len(alone) < 40
    with pytest.raises(splits.Unsplittable, match="take a smaller parameter"):
        splits.split(hub, 1.0, seed=alone[0])
    for graph in (Graph.from_edges(1, [], []), Graph.from_edges(0, [], [])):
        for mode, more in (("corrected", {}), ("weighted", {"counts": np.ones(graph.n)})):
            with pytest.raises(splits.Unsplittable, match="too few samples are left"):
                splits.split(graph, 0.0, seed=0, mode=mode, **more)
    one_clique = properties.shared_label(["a"] * 8)
    with pytest.raises(splits.Unsplittable, match="take a smaller parameter"):
        splits.split(one_clique, 1.0, seed=0)
    assert len(splits.split(one_clique, 0.0, seed=0).test) == 2


def test_mode_reference_does_with_graphs_at_the_edge_of_sense_what_the_package_does():
    """The hub is left out at every λ and its leaves are split; cliques, no edges and one sample are refused."""
    hub = Graph.from_edges(11, [0] * 10, range(1, 11))
    for split in splits.splits(hub, [0.0, 0.5, 1.0], [0], mode="reference").values():
        assert split.dropped.tolist() == [0] and len(split.train) == 8 and len(split.test) == 2
    cliques = properties.shared_label(list("aaabbbcccdddeee"))
    for graph in (
        cliques,
        Graph.from_edges(10, [], []),
        Graph.from_edges(1, [], []),
        Graph.from_edges(0, [], []),
    ):
        with pytest.raises(
            splits.Unsplittable,
            match="published package makes no split of this graph .* 'corrected'",
        ):
            splits.split(graph, 0.5, seed=0, mode="reference")


def test_arguments_that_make_no_sense_are_refused(graph):
    faults = {
        "spectral parameter is 1.2": {"parameter": 1.2, "seed": 0},
        "seed is -1": {"parameter": 0.5, "seed": -1},
        "did you mean 'corrected'": {"parameter": 0.5, "seed": 0, "mode": "corected"},
        "share of test samples is 0": {"parameter": 0.5, "seed": 0, "test_size": 0},
        "need 'counts'": {"parameter": 0.5, "seed": 0, "mode": "weighted"},
    }
    for words, given in faults.items():
        with pytest.raises(BadInput, match=words):
            splits.split(graph, **given)


def test_a_control_has_the_sizes_of_its_split_and_none_of_its_care(graph):
    split = splits.split(graph, 1.0, seed=0)
    controls = [splits.size_matched(split, seed=k) for k in range(10)]
    for control in controls:
        assert len(control.train) == len(split.train) and len(control.test) == len(split.test)
        assert len(control.dropped) == len(split.dropped)
    linked = [overlap.overlaps(graph, c)["test_linked"] for c in controls]
    assert overlap.overlaps(graph, split)["test_linked"] == 0 < np.mean(linked)
    assert len({tuple(c.test.tolist()) for c in controls}) == 10
    often = np.bincount(
        np.concatenate([splits.size_matched(split, seed=k).test for k in range(200)]),
        minlength=graph.n,
    )
    expected = 200 * len(split.test) / graph.n
    assert abs(often - expected).max() < 6 * np.sqrt(expected)  # no sample is preferred


def test_barcodes_are_dealt_so_that_samples_are_balanced_too():
    n = counts(300)
    shares = [n[splits.balance(n, seed=k)].sum() / n.sum() for k in range(10)]
    nodes = [splits.balance(n, seed=k).mean() for k in range(10)]
    at_random = [
        n[np.random.default_rng(k).permutation(300)[:60]].sum() / n.sum() for k in range(10)
    ]
    assert np.abs(np.array(shares) - 0.2).max() < 0.02 < np.abs(np.array(at_random) - 0.2).max()
    assert np.abs(np.array(nodes) - 0.2).max() < 0.03
    giant = np.array(
        [10_000] + [1] * 99
    )  # it fits on no side's quota, and is placed somewhere all the same
    assert 0 < splits.balance(giant, seed=0).sum() < 100


def test_the_highest_score_is_kept_first_and_lambda_is_squared(graph):
    n = counts(graph.n)
    scores = splits.node_scores(graph, n)
    top = int(np.argmax(scores))
    share = [
        np.mean(
            [
                len(s.train) + len(s.test)
                for s in splits.splits(graph, [p], range(10), **given).values()
            ]
        )
        for p, given in ((0.5, {"mode": "weighted", "counts": n}), (0.25, {}))
    ]
    assert abs(share[0] / share[1] - 1) < 0.1  # 0.5² = 0.25
    for split in made(graph, "weighted").values():
        assert top not in split.dropped
    assert scores.min() >= 0 and scores.max() <= 1
    frequency = np.linspace(0, 1, graph.n)
    rare = splits.node_scores(graph, n, frequency, terms=(0, 1, 0))
    assert np.allclose(rare, (1 - frequency) / 3)


def test_overlaps_are_those_of_plain_counting(graph, barcodes):
    weighted = properties.shared_mutations(barcodes, continuous=True)
    for parameter in (0.0, 0.3, 1.0):
        split = splits.split(graph, parameter, seed=1)
        train, test = split.train.tolist(), split.test.tolist()
        found = overlap.overlaps(graph, split, barcodes)
        ours, theirs = (set().union(*(barcodes[i] for i in side)) for side in (train, test))
        assert found["jaccard"] == len(ours & theirs) / len(ours | theirs)
        assert found["test_linked"] == np.mean(
            [any(barcodes[i] & barcodes[j] for j in train) for i in test]
        )
        links = [bool(barcodes[i] & barcodes[j]) for i in test for j in train]
        assert found["mean_similarity"] == pytest.approx(np.mean(links))
        alike = [
            len(barcodes[i] & barcodes[j]) / max(1, len(barcodes[i] | barcodes[j]))
            for i in test
            for j in train
        ]
        assert overlap.overlaps(weighted, split)["mean_similarity"] == pytest.approx(
            np.mean(alike), abs=1e-7
        )
        assert np.isnan(overlap.overlaps(weighted, split)["jaccard"])


def test_degrees_of_likeness_drop_the_most_alike_first():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    graph = properties.cosine(X, above=0.0)
    found = splits.splits(graph, PARAMETERS[:-1], range(10))
    curve = [
        np.mean([overlap.overlaps(graph, found[(p, k)])["mean_similarity"] for k in range(10)])
        for p in (0.0, 0.3, 0.6, 0.9)
    ]
    assert (np.diff(curve) < 0).all()
    sizes = [np.mean([len(found[(p, k)].train) for k in range(10)]) for p in (0.0, 0.3, 0.6, 0.9)]
    binary = splits.splits(Graph(graph.n, graph.indptr, graph.indices), [0.3], range(10))
    assert sizes[1] > np.mean(
        [len(s.train) for s in binary.values()]
    )  # weak likeness is no reason to drop
