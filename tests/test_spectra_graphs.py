"""Property graphs against plain loops over all pairs, Biopython and RDKit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from genebench.core.errors import BadInput
from genebench.spectra import graph, properties

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def scan(n: int, *, sites: int = 40, seed: int = 0) -> list[frozenset[str]]:
    """Made-up barcodes like a mutational scan's: none to three substitutions, some common and most rare."""
    rng = np.random.default_rng(seed)
    site = rng.zipf(1.3, (n, 3)) % sites
    kind = rng.integers(0, 4, (n, 3))
    size = rng.integers(0, 4, n)
    return [
        frozenset(f"{s}{LETTERS[k]}" for s, k in zip(site[i, : size[i]], kind[i])) for i in range(n)
    ]


def pairs(g: graph.Graph) -> dict[tuple[int, int], float]:
    """Edges of a graph with their weights, 1 in a binary graph."""
    first, second, weights = g.edges()
    return dict(
        zip(
            zip(first.tolist(), second.tolist()),
            np.ones(g.m) if weights is None else weights.tolist(),
        )
    )


def slowly(samples, f) -> dict[tuple[int, int], float]:
    """The same by asking for every pair."""
    n = len(samples)
    asked = {(i, j): f(samples[i], samples[j]) for i in range(n) for j in range(i + 1, n)}
    return {pair: value for pair, value in asked.items() if value}


def sound(g: graph.Graph) -> bool:
    """Whether rows ascend, every edge stands in both rows with one weight, and nobody is his own neighbour."""
    held = sparse.csr_array(
        (np.ones(2 * g.m) if g.binary else g.weights, g.indices, g.indptr), shape=(g.n, g.n)
    )
    rows = [g.neighbours(i) for i in range(g.n)]
    ascend = all((np.diff(row) > 0).all() for row in rows)
    return (
        ascend
        and not held.diagonal().any()
        and abs(held - held.T).nnz == 0
        and g.indices.dtype == np.int32
    )


@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 400])
def test_samples_that_share_a_mutation_are_linked_and_no_others(n):
    barcodes = scan(n)
    g = properties.shared_mutations(barcodes)
    assert g.n == n and g.binary and sound(g)
    assert pairs(g) == slowly(barcodes, lambda a, b: bool(a & b))


def test_texts_sets_and_matrices_of_the_same_barcodes_give_the_same_graph():
    barcodes = scan(200)
    names = sorted(set().union(*barcodes))
    matrix = sparse.csr_matrix([[float(m in b) for m in names] for b in barcodes])
    as_sets = pairs(properties.shared_mutations(barcodes))
    assert len(as_sets) > 100
    assert as_sets == pairs(
        properties.shared_mutations([":".join(sorted(b)) for b in barcodes], sep=":")
    )
    assert as_sets == pairs(properties.shared_mutations(matrix))
    assert as_sets == pairs(properties.shared_mutations([sorted(b) for b in barcodes]))


def test_texts_without_a_separator_are_refused():
    with pytest.raises(BadInput, match="sep"):
        properties.shared_mutations(["A1C:D2E", "A1C"])


def test_shared_mutations_are_weighed_by_their_jaccard_index():
    barcodes = scan(150, seed=1)
    g = properties.shared_mutations(barcodes, continuous=True)
    truth = slowly(barcodes, lambda a, b: len(a & b) / len(a | b) if a | b else 0)
    assert sound(g) and pairs(g).keys() == truth.keys()
    assert all(abs(pairs(g)[pair] - value) < 1e-6 for pair, value in truth.items())


def test_a_label_may_be_missing_one_or_several():
    groups = ["a", "b", None, {"a", "c"}, ["c", "d"], "", float("nan"), "b", set()]
    assert set(pairs(properties.shared_label(groups))) == {(0, 3), (3, 4), (1, 7)}


def test_a_users_function_is_asked_for_every_pair_once():
    asked = []

    def near(a: int, b: int) -> float:
        asked.append((a, b))
        return max(0, 3 - abs(a - b))

    g = properties.from_function(range(10), near, binary=False)
    assert len(asked) == len(set(asked)) == 45
    assert pairs(g) == slowly(range(10), lambda a, b: max(0, 3 - abs(a - b)))
    assert properties.from_function(range(10), near).binary


@pytest.mark.parametrize("above", [None, 0.2])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_a_matrix_gives_its_entries(form, above):
    rng = np.random.default_rng(0)
    M = np.triu(rng.random((700, 700)) * (rng.random((700, 700)) < 0.05)).astype(np.float32)
    M = M + M.T
    g = properties.from_matrix(form(M), above=above)
    truth = slowly(range(700), lambda a, b: float(M[a, b]) if M[a, b] > (above or 0) else 0)
    assert sound(g) and pairs(g) == truth


def test_a_matrix_that_is_no_similarity_is_refused():
    bad = {
        "row and a column": np.ones((2, 3)),
        "symmetric": np.arange(4.0).reshape(2, 2),
        "finite": np.full((2, 2), np.nan),
    }
    for words, M in bad.items():
        with pytest.raises(BadInput, match=words):
            properties.from_matrix(M)
        if M.shape == (2, 2):
            with pytest.raises(BadInput, match=words):
                properties.from_matrix(sparse.csr_matrix(M))


@pytest.mark.parametrize("n", [0, 1, 2, 65, 300])
def test_nearness_of_positions_is_that_of_the_nearest_two(n):
    places = np.random.default_rng(n).integers(1, 90, (n, 2))

    def near(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.float32(1 / (1 + np.abs(a[:, None] - b[None, :]).min())))

    g = properties.nearness(places)
    assert sound(g) and pairs(g) == slowly(places, near) and g.m == n * (n - 1) // 2
    some = properties.nearness(places, above=0.3, binary=True)
    assert sound(some) and set(pairs(some)) == {
        pair for pair, value in pairs(g).items() if value > np.float32(0.3)
    }


def test_positions_that_are_no_table_of_whole_numbers_are_refused():
    for bad in (np.ones((3, 2)), np.arange(3), np.ones((3, 0), int)):
        with pytest.raises(BadInput, match="positions must be whole numbers"):
            properties.nearness(bad)


def test_a_graph_that_is_said_to_be_complete_is_asked_for_once_and_must_be_so():
    M = np.random.default_rng(0).random((300, 300)).astype(np.float32) + 0.1
    asked = []

    def rows(low: int, high: int) -> np.ndarray:
        asked.append(low)
        return M[low:high]

    g = properties.from_blocks(300, rows, complete=True, block=100)
    assert asked == [0, 100, 200] and sound(g)
    plain = properties.from_blocks(
        300, rows, block=70
    )  # what is said of earlier samples is not used
    assert all(
        (a == b).all()
        for a, b in zip(
            (g.indptr, g.indices, g.weights), (plain.indptr, plain.indices, plain.weights)
        )
    )
    M[3, 250] = 0
    with pytest.raises(BadInput, match="some pairs are no edges"):
        properties.from_blocks(300, rows, complete=True)


def test_vectors_are_linked_by_their_cosine():
    from sklearn.metrics.pairwise import cosine_similarity

    X = np.random.default_rng(0).standard_normal((600, 5))
    truth = cosine_similarity(X)
    g = properties.cosine(X, above=0.8)
    first, second = np.nonzero(np.triu(truth > 0.8, 1))
    assert sound(g) and set(pairs(g)) == set(zip(first.tolist(), second.tolist()))
    assert np.allclose(list(pairs(g).values()), truth[first, second], atol=1e-6)
    wide = np.random.default_rng(1).standard_normal((700, 300))
    near = properties.cosine(
        wide, above=0.0
    )  # rounding at the threshold and in the last digit is the same both ways
    assert sound(near) and near.m == pytest.approx(700 * 699 / 4, rel=0.02)
    with pytest.raises(BadInput, match="vector 1 is zero"):
        properties.cosine(np.eye(3)[:, :1], above=0.5)


def test_edges_may_come_in_any_order_but_must_make_sense():
    g = graph.Graph.from_edges(4, [2, 0, 1], [0, 2, 3], weights=[0.5, 0.5, 0.0])
    assert pairs(g) == {(0, 2): 0.5} and sound(g)
    assert pairs(graph.Graph.from_edges(3, [1, 0, 1], [0, 1, 2])) == {(0, 1): 1, (1, 2): 1}
    assert graph.Graph.from_edges(1, [], []).density == 0
    faults = {
        "numbered 0 to 2": ([0], [3], None),
        "itself": ([1], [1], None),
        "two different": ([0, 1], [1, 0], [1, 2]),
    }
    for words, (first, second, weights) in faults.items():
        with pytest.raises(BadInput, match=words):
            graph.Graph.from_edges(3, first, second, weights)


def relatives(
    rng: np.random.Generator, number: int, *, longest: int, letters: str = LETTERS
) -> list[str]:
    """Random sequences, and mutated copies of some with letters left out and put in."""
    out = ["".join(rng.choice(list(letters), rng.integers(1, longest))) for _ in range(number)]
    for i in range(0, number, 2):
        copy = "".join(
            c if rng.random() < 0.7 else rng.choice(list(letters))
            for c in out[i]
            if rng.random() < 0.93
        )
        out.append(copy + "".join(rng.choice(list(letters), rng.integers(1, 4))))
    return out


def by_biopython(sequences: list[str], above: float) -> dict[tuple[int, int], float]:
    """Identities above a threshold, of the first alignment that Biopython lists."""
    from Bio.Align import PairwiseAligner

    aligner = PairwiseAligner(mode="global", match_score=1, mismatch_score=-2, gap_score=-2.5)

    def identity(a: str, b: str) -> float:
        first, second = aligner.align(a, b)[0]
        value = sum(x == y for x, y in zip(first, second)) / len(first)
        return value if value > above else 0

    return slowly(sequences, identity)


@pytest.mark.parametrize("letters", [LETTERS, "ACGT", "AC"])
def test_identity_is_that_of_biopythons_first_alignment(letters):
    sequences = relatives(np.random.default_rng(len(letters)), 60, longest=50, letters=letters)
    truth = by_biopython(sequences, 0.3)
    g = properties.sequence_identity(sequences)
    assert len(truth) > 20 and set(pairs(g)) == set(truth)
    assert all(abs(pairs(g)[pair] - value) < 1e-6 for pair, value in truth.items())


def test_aligning_one_by_one_and_many_at_once_agree():
    from genebench.data import alignment, proteins

    sequences = relatives(np.random.default_rng(3), 80, longest=120)
    letters, start = proteins.coded(sequences)
    g = properties.sequence_identity(sequences, above=0.15)
    assert g.m > 1000
    for (i, j), value in pairs(g).items():
        alone = alignment.identity(
            letters[start[i] : start[i + 1]], letters[start[j] : start[j + 1]]
        )
        assert alone == pytest.approx(value, abs=1e-6)


def test_sequences_longer_than_a_lane_can_count_are_aligned_too():
    rng = np.random.default_rng(0)
    long = "".join(rng.choice(list(LETTERS), 5000))
    g = properties.sequence_identity(
        [long, long[:4600] + long[4610:]] + [long[:100]] * 8, above=0.9
    )
    assert pairs(g)[(0, 1)] == pytest.approx(4990 / 5000)
    assert set(pairs(g)) == {(0, 1)} | {(i, j) for i in range(2, 10) for j in range(i + 1, 10)}


def test_the_prefilter_loses_no_close_relative_and_invents_none():
    sequences = relatives(np.random.default_rng(4), 100, longest=150)
    every, near = (properties.sequence_identity(sequences, above=0.5, kmer=k) for k in (None, 3))
    assert every.m >= 20 and pairs(near).items() <= pairs(every).items() and near.m >= 0.9 * every.m


def test_what_is_no_sequence_is_refused():
    for words, sequences in {"sequence 1 is empty": ["A", ""], "sequence 0": ["AC1", "AC"]}.items():
        with pytest.raises(BadInput, match=words):
            properties.sequence_identity(sequences)
    assert properties.sequence_identity([]).n == 0


def test_molecules_are_linked_as_by_rdkit():
    chem = pytest.importorskip("rdkit.Chem", reason="RDKit is not installed (extra 'chem')")
    from rdkit import DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    smiles = [
        "c1ccccc1",
        "C1CCCCC1",
        "c1ccccc1C",
        "CCl",
        "CC",
        "CCCl",
        "CC(=O)Oc1ccccc1C(=O)O",
        "OC(=O)c1ccccc1O",
        "CCO",
    ]
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = [make.GetFingerprint(chem.MolFromSmiles(s)) for s in smiles]
    truth = slowly(
        prints, lambda a, b: v if (v := DataStructs.TanimotoSimilarity(a, b)) > 0.1 else 0
    )
    held = pairs(properties.tanimoto(smiles, above=0.1))
    assert len(truth) > 5 and held.keys() == truth.keys() and (0, 1) not in held
    assert all(abs(held[pair] - value) < 1e-6 for pair, value in truth.items())
    with pytest.raises(BadInput, match="SMILES 1"):
        properties.tanimoto(["C", "not a molecule"])


def test_numba_is_loaded_on_first_use_only():
    code = (
        "import sys, genebench.spectra.splits, genebench.spectra.properties, genebench.spectra.overlap; "
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
