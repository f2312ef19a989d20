"""Mode ``reference`` against the published package, run side by side; and its random numbers against Python's."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from test_spectra_graphs import scan

from benchmarks import spectrae
from genebench.core import paths
from genebench.spectra import properties, splits
from genebench.spectra.graph import Graph
from genebench.spectra.overlap import overlaps

PARAMETERS = [i / 20 for i in range(21)]
SEEDS = [0, 1, 2]

needs_package = pytest.mark.skipif(
    not spectrae.installed(), reason="spectrae is not installed (extra 'spectra-test')"
)


def share(a: frozenset, b: frozenset) -> int:
    """The package's property: whether two barcodes have a mutation in common."""
    return int(not a.isdisjoint(b))


def identical(theirs: spectrae.Made, ours: dict) -> list[tuple[float, int]]:
    """Splits (λ, seed) whose train and test sets are the same in both, or that neither makes."""

    def same(a, b) -> bool:
        if a is None or b is None:
            return a is None and b is None
        return sorted(a[0]) == b.train.tolist() and sorted(a[1]) == b.test.tolist()

    assert theirs.splits.keys() == ours.keys()
    return [pair for pair in ours if same(theirs.splits[pair], ours[pair])]


def real(name: str, n: int) -> list[frozenset[str]]:
    """A random subset of the different barcodes of a data set of the mirror."""
    column, sep = {"rrm_pab1": ("id", ":"), "amyloid": ("id", ":"), "tb_pza": ("barcode", ";")}[
        name
    ]
    held = [m / "sequences" / "spectra" / f"{name}.tsv.gz" for m in paths.mirrors()]
    held = [path for path in held if path.exists()]
    if not held:
        pytest.skip(f"{name} is in no folder of GENEBENCH_MIRROR")
    texts = np.unique(
        pd.read_csv(held[0], sep="\t", usecols=[column])[column].fillna("").to_numpy(str)
    )
    chosen = np.random.default_rng(0).permutation(texts)[:n].tolist()
    return [frozenset(text.split(sep)) if text else frozenset() for text in chosen]


def assert_all_identical(barcodes: list[frozenset[str]]) -> None:
    """Every split of 21 λ × 3 seeds is the package's, and not all for a trivial reason."""
    theirs = spectrae.run(barcodes, share, PARAMETERS, SEEDS)
    graph = properties.shared_mutations(barcodes)
    ours = splits.splits(graph, PARAMETERS, SEEDS, mode="reference")
    assert theirs.edges == graph.m
    assert len(identical(theirs, ours)) == len(PARAMETERS) * len(SEEDS)
    sizes = {len(s.train) for s in ours.values() if s}
    assert len(sizes) > 20  # they differ by λ and by seed


@needs_package
def test_made_up_barcodes_are_split_as_by_the_package():
    assert_all_identical(scan(400, sites=600))


@needs_package
@pytest.mark.parametrize("name", ["rrm_pab1", "tb_pza", "amyloid"])
def test_500_real_barcodes_are_split_as_by_the_package(name):
    assert_all_identical(real(name, 500))


@needs_package
@pytest.mark.slow
@pytest.mark.timeout(7200)  # nearly all of it is the package's
@pytest.mark.parametrize("name", ["rrm_pab1", "amyloid", "tb_pza"])
@pytest.mark.parametrize("n", [1000, 2000])
def test_more_real_barcodes_are_split_as_by_the_package(name, n):
    assert_all_identical(real(name, n))


@needs_package
def test_another_seed_is_told_from_the_packages():
    barcodes = scan(200, sites=600)
    theirs = spectrae.run(barcodes, share, [0.2, 0.6], SEEDS)
    ours = splits.splits(
        properties.shared_mutations(barcodes), [0.2, 0.6], [3, 4, 5], mode="reference"
    )
    shifted = {(parameter, seed - 3): made for (parameter, seed), made in ours.items()}
    assert identical(theirs, shifted) == []


@needs_package
@pytest.mark.parametrize("zeros", [False, True])
def test_degrees_of_likeness_are_split_as_by_the_package(zeros):
    rng = np.random.default_rng(0)
    M = np.triu(rng.integers(1, 40, (70, 70)) / 32, 1)  # exact in single precision, with ties
    M = (M * (rng.random(M.shape) < 0.3) if zeros else M).astype(np.float32)
    M = M + M.T
    parameters = [0.0, 0.1, 0.35, 0.5, 0.75, 0.95, 1.0]
    theirs = spectrae.run(
        list(range(70)), lambda a, b: float(M[a, b]), parameters, [0, 7], binary=False
    )
    ours = splits.splits(properties.from_matrix(M), parameters, [0, 7], mode="reference")
    assert len(identical(theirs, ours)) == 14
    assert (
        any(s is None for s in ours.values()) != zeros
    )  # λ = 1 on a complete graph leaves one sample


@pytest.mark.slow
def test_weighted_splits_are_like_those_that_the_paper_ships():
    """Linked barcodes and isolates kept, and overlap, of the pyrazinamide splits, means of five seeds against one."""
    folder = next((m / "sequences" / "spectra" for m in paths.mirrors()), paths.ROOT)
    if not (folder / "published" / "reference_splits_pza.tsv.gz").exists():
        pytest.skip("the published splits are in no folder of GENEBENCH_MIRROR")
    isolates = pd.read_csv(folder / "tb_pza.tsv.gz", sep="\t", dtype=str).fillna("")
    shipped = pd.read_csv(
        folder / "published" / "reference_splits_pza.tsv.gz", sep="\t", dtype={"id": str}
    )
    names, unit, counts = np.unique(
        isolates.barcode.to_numpy(str), return_inverse=True, return_counts=True
    )
    graph = properties.shared_mutations(names.tolist(), sep=";")
    linked = graph.degree > 0
    of = dict(zip(isolates.isolate_id, unit.tolist()))
    for (parameter, _), part in shipped.groupby(["spectral_parameter", "seed"]):
        sides = [part.id[part.split == side].map(of).unique() for side in ("train", "test")]
        theirs = splits.Split.of(graph.n, *sides)
        found = splits.splits(graph, [parameter], range(5), mode="weighted", counts=counts).values()
        mine = np.array([described(graph, s, counts, linked) for s in found]).mean(axis=0)
        barcodes, kept, overlap = described(graph, theirs, counts, linked)
        assert mine[0] == pytest.approx(barcodes, rel=0.1)
        assert mine[1] == pytest.approx(kept, rel=0.1)
        assert mine[2] == pytest.approx(overlap, abs=0.1)


def described(
    graph: Graph, split: splits.Split, counts: np.ndarray, linked: np.ndarray
) -> list[float]:
    """Linked barcodes kept, samples of all that were kept, and the share of tested ones that are linked to train."""
    kept = np.concatenate([split.train, split.test])
    return [linked[kept].sum(), counts[kept].sum(), overlaps(graph, split)["test_linked"]]


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
def test_what_the_package_refuses_is_refused_in_one_sentence(case):
    graph = REFUSED[case]
    edges = set(zip(*(end.tolist() for end in graph.edges()[:2])))
    with pytest.raises(Exception):  # noqa: B017 - the package raises plain exceptions, and errors of its own
        spectrae.run(list(range(graph.n)), lambda a, b: int((a, b) in edges), [0.5], [0])
    with pytest.raises(splits.Unsplittable, match="published package makes no split of this graph"):
        splits.split(graph, 0.5, seed=0, mode="reference")


@needs_package
def test_where_the_package_leaves_too_few_samples_there_is_no_split():
    graph = Graph.from_edges(
        7, [0, 0, 0, 0, 0, 1], [1, 2, 3, 4, 5, 6]
    )  # two stars; at λ = 1 five or fewer remain
    edges = set(zip(*(end.tolist() for end in graph.edges()[:2])))
    theirs = spectrae.run(
        list(range(7)), lambda a, b: int((a, b) in edges), [0.9, 1.0], list(range(8))
    )
    ours = splits.splits(graph, [0.9, 1.0], range(8), mode="reference")
    assert len(identical(theirs, ours)) == 16 and any(s is None for s in ours.values())


@needs_package
def test_the_package_leaves_no_trace():
    random.seed(5)
    before, held = random.getstate(), sorted(paths.ROOT.iterdir())
    spectrae.run(scan(60, sites=100), share, [0.5], [0])
    assert random.getstate() == before and sorted(paths.ROOT.iterdir()) == held


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31, 2**32 - 1])
def test_random_numbers_are_pythons_and_numpys(seed):
    from genebench.spectra import kernels

    states = kernels.seeded(np.uint64(seed))
    assert tuple(states[0].tolist()) == random.Random(seed).getstate()[1][:624]
    assert (states[1] == np.random.RandomState(seed).get_state()[1]).all()
    below = np.random.default_rng(0).integers(1, 50_000, 3000)
    generator = random.Random(seed)
    truth = [(generator.sample(range(n), 1)[0], generator.random()) for n in below.tolist()]
    assert (
        list(zip(*(drawn.tolist() for drawn in kernels.python_draws(np.uint64(seed), below))))
        == truth
    )
    for n in (1, 2, 3, 64, 1000):
        assert (
            kernels._permutation(n, states[1]) == np.random.RandomState(seed).permutation(n)
        ).all()
