"""Models made of other models."""

import numpy as np
import pytest
from helpers import refused
from sklearn.decomposition import PCA

from genebench.models import Embedding

RNG = np.random.default_rng(0)
GENES = np.array([f"G{i:02d}" for i in range(40)])
FULL = Embedding(GENES, RNG.standard_normal((40, 8)).astype(np.float32))
PART = Embedding(GENES[::2], 9 + 3 * RNG.standard_normal((20, 4)).astype(np.float32))
NONE = Embedding(np.array(["other"]), np.ones((1, 4), np.float32))


def test_components_are_those_of_scikit_learn(vectors):
    two = vectors("reduced", "", dim=2, parts=[FULL])
    expected = PCA(2).fit_transform(FULL.vectors)
    np.testing.assert_allclose(np.abs(two.vectors), np.abs(expected), atol=1e-4)
    assert two.entities.tolist() == GENES.tolist()


def test_random_directions_keep_distances(vectors):
    after = vectors("reduced", "", dim=8, how="projection", parts=[FULL]).vectors
    before, after = (np.linalg.norm(np.diff(v, axis=0), axis=1) for v in (FULL.vectors, after))
    assert np.corrcoef(before, after)[0, 1] > 0.3
    assert after.mean() == pytest.approx(before.mean(), rel=0.2)


def test_joined_models_have_equal_size_for_the_genes_of_both(vectors):
    both = vectors("joined", "", of=["full", "part"], parts=[FULL, PART])
    assert both.entities.tolist() == PART.entities.tolist() and both.vectors.shape == (20, 12)
    for columns in (slice(8), slice(8, None)):
        assert (both.vectors[:, columns] ** 2).sum(axis=1).mean() == pytest.approx(1, rel=1e-4)
    first = np.corrcoef(both.vectors[:, 8], PART.vectors[:, 0])[0, 1]
    assert first == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "encoder, parts, options, message",
    [
        ("reduced", [FULL, PART], {"dim": 2}, "takes one model"),
        ("reduced", [FULL], {"dim": 9}, "9 dimensions of 8; take fewer"),
        ("reduced", [FULL], {"dim": 2, "how": "umap"}, "'how: pca' or 'projection'"),
        ("joined", [FULL], {}, "takes two models or more"),
        ("joined", [FULL, NONE], {}, "that share genes"),
    ],
)
def test_a_model_that_cannot_be_derived_says_why(vectors, encoder, parts, options, message):
    with refused(message):
        vectors(encoder, "", parts=parts, **options)
