"""Property graphs against plain loops over all pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from helpers import simulated
from scipy import sparse

from genebench.core.errors import BadInput
from genebench.spectra import graph, properties


def pairs(g: graph.Graph) -> dict[tuple[int, int], float]:
    """Edges of a sound graph with their weights, 1 in a binary graph."""
    matrix = g.matrix
    assert matrix.has_canonical_format and not matrix.diagonal().any()
    assert abs(matrix - matrix.T).nnz == 0
    first, second, weights = sparse.find(sparse.triu(matrix))
    return dict(zip(zip(first.tolist(), second.tolist()), weights.tolist()))


def slowly(samples, f) -> dict[tuple[int, int], float]:
    """The same by calling a function for every pair."""
    every = combinations(range(len(samples)), 2)
    return {(i, j): value for i, j in every if (value := f(samples[i], samples[j]))}


@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 400])
def test_samples_that_share_a_mutation_are_linked(scan, n):
    barcodes = scan(n)
    g = properties.shared_mutations(barcodes)
    assert g.n == n and g.binary and pairs(g) == slowly(barcodes, lambda a, b: bool(a & b))
    names = sorted(set().union(*barcodes)) or ["A"]
    matrix = sparse.csr_matrix([[float(m in b) for m in names] for b in barcodes] or [[0.0]])
    assert pairs(g) == pairs(properties.shared_mutations(matrix))


def test_barcodes_that_are_texts_are_refused():
    with pytest.raises(BadInput, match="split each into the set of its mutations"):
        properties.shared_mutations(["A1C:D2E", "A1C"])


def test_label_may_be_missing_one_or_several():
    groups = ["a", "b", None, {"a", "c"}, ["c", "d"], "", float("nan"), "b", set()]
    assert set(pairs(properties.shared_label(groups))) == {(0, 3), (3, 4), (1, 7)}


def test_vectors_are_linked_by_their_cosine():
    from sklearn.metrics.pairwise import cosine_similarity

    X = np.random.default_rng(0).standard_normal((600, 5))
    truth = cosine_similarity(X)
    found = pairs(properties.cosine(X, above=0.8))
    first, second = np.nonzero(np.triu(truth > 0.8, 1))
    assert set(found) == set(zip(first.tolist(), second.tolist()))
    assert np.allclose(list(found.values()), truth[first, second], atol=1e-6)
    with pytest.raises(BadInput, match="vector 1 is not finite"):
        properties.cosine(np.array([[0.0], [np.nan]]), above=0.5)


def test_identity_is_that_of_biopythons_first_alignment():
    from Bio.Align import PairwiseAligner

    aligner = PairwiseAligner(mode="global", match_score=1, mismatch_score=-2, gap_score=-2.5)

    def identity(a: str, b: str) -> float:
        first, second = aligner.align(a, b)[0]
        value = sum(x == y for x, y in zip(first, second)) / len(first)
        return value if value > 0.3 else 0

    sequences = [s[:80] for s in simulated(2, [4] * 6, alone=10, identity=0.5)[0]]
    truth = slowly(sequences, identity)
    found = pairs(properties.sequence_identity(sequences))
    assert len(truth) > 20 and set(found) == set(truth)
    assert all(abs(found[pair] - value) < 1e-6 for pair, value in truth.items())
