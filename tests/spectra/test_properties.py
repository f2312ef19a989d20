"""Property graphs against plain loops over all pairs."""

import numpy as np
import pytest
from helpers import refused, simulated

from genebench.spectra import properties


def dense(g):
    """Weights of a sound graph, (n, n), 1 in a binary graph."""
    assert g.has_canonical_format and not g.diagonal().any() and (g != g.T).nnz == 0
    return g.toarray().astype(float)


def slowly(samples, f):
    """The same by calling a function for every pair, the earlier sample first."""
    n = len(samples)
    rows = [f(samples[i], samples[j]) * (i < j) for i in range(n) for j in range(n)]
    upper = np.reshape(rows, (n, n)).astype(float)
    return upper + upper.T


@pytest.mark.parametrize("edges", [([1], [1]), ([0, 1], [1, 0])])
def test_edges_that_make_no_sense_are_refused(edges):
    with refused("given twice, or links a sample with itself"):
        properties.from_edges(3, *edges)


@pytest.mark.parametrize("n, least", [(0, 1), (1, 1), (65, 1), (400, 1), (400, 2)])
def test_samples_that_share_mutations_are_linked(scan, n, least):
    barcodes = scan(n)
    truth = slowly(barcodes, lambda a, b: len(a & b) >= least)
    for given in (barcodes, properties.incidence(barcodes)[0]):
        found = properties.shared_mutations(given, least=least)
        assert found.dtype == bool and np.array_equal(dense(found), truth)


def test_label_may_be_missing_one_or_several():
    groups = ["a", "b", None, {"a", "c"}, ["c", "d"], "", "b", set()]
    found = np.argwhere(np.triu(dense(properties.shared_label(groups))))
    assert found.tolist() == [[0, 3], [1, 6], [3, 4]]


def test_vectors_are_linked_by_their_cosine():
    from sklearn.metrics.pairwise import cosine_similarity

    X = np.random.default_rng(0).standard_normal((600, 5))
    truth = (cosine_similarity(X) > 0.8) & ~np.eye(600, dtype=bool)
    assert np.array_equal(dense(properties.cosine(X, above=0.8)), truth)


def test_identity_is_that_of_biopythons_first_alignment():
    from Bio.Align import PairwiseAligner

    aligner = PairwiseAligner(mode="global", match_score=1, mismatch_score=-2, gap_score=-2.5)

    def identity(a, b):
        first, second = aligner.align(a, b)[0]
        return np.mean([x == y for x, y in zip(first, second)])

    sequences = [s[:80] for s in simulated(2, [4] * 6, alone=10, identity=0.5)[0]]
    truth = slowly(sequences, identity)
    truth *= truth > 0.3
    assert (truth > 0).sum() > 40
    assert np.allclose(dense(properties.sequence_identity(sequences)), truth, atol=1e-6)
