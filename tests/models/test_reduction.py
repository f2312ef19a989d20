"""Vectors from expression tables and of other models, against dense decompositions."""

import numpy as np
import pandas as pd
import pytest
from helpers import refused
from numpy.random import default_rng
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from genebench.models import Embedding

RNG = default_rng(0)
GENES = np.array([f"G{i:02d}" for i in range(40)])
FULL = Embedding(GENES, RNG.standard_normal((40, 8)).astype(np.float32))
PART = Embedding(GENES[::2], 9 + 3 * RNG.standard_normal((20, 4)).astype(np.float32))
NONE = Embedding(np.array(["other"]), np.ones((1, 4), np.float32))


def test_components_are_those_of_scikit_learn(vectors):
    two = vectors("reduced", "", dim=2, parts=[FULL])
    assert_allclose(np.abs(two.vectors), np.abs(PCA(2).fit_transform(FULL.vectors)), atol=1e-4)


def test_random_directions_keep_distances(vectors):
    after = vectors("reduced", "", dim=8, how="projection", parts=[FULL]).vectors
    before, after = (np.linalg.norm(np.diff(v, axis=0), axis=1) for v in (FULL.vectors, after))
    assert np.corrcoef(before, after)[0, 1] > 0.3
    assert after.mean() == pytest.approx(before.mean(), rel=0.2)


def test_joined_models_have_equal_size_for_the_genes_of_both(vectors):
    both = vectors("joined", "", of=["full", "part"], parts=[FULL, PART])
    assert both.entities.tolist() == PART.entities.tolist() and both.vectors.shape == (20, 12)
    for block, part in zip(np.split(both.vectors, [8], axis=1), (FULL.vectors[::2], PART.vectors)):
        centred = part - part.mean(axis=0)
        assert_allclose(block * np.sqrt((centred**2).sum(axis=1).mean()), centred, atol=1e-4)


@pytest.mark.parametrize(
    "encoder, parts, options, message",
    [
        ("reduced", [FULL], {"dim": 9}, "9 dimensions of 8; take fewer"),
        ("reduced", [FULL], {"dim": 2, "how": "umap"}, "'how: pca' or 'projection'"),
        ("joined", [FULL], {}, "takes two models or more"),
        ("joined", [FULL, NONE], {}, "that share genes"),
    ],
)
def test_a_model_that_cannot_be_derived_says_why(vectors, encoder, parts, options, message):
    with refused(message):
        vectors(encoder, "", parts=parts, **options)


FILE = {"source": "s", "file": "f"}
NAMES = ["OLDK1", "SET", "CHN3", "CHN4", *(f"X{i}" for i in range(40))]


@pytest.fixture
def log_expression(tables):
    """Logs of three programmes of the four genes and of forty others in six tissues."""
    rng = default_rng(0)
    values = 2 ** (rng.random((44, 3)) @ rng.random((3, 6)) * 5) - 1
    tables["s", "f"] = pd.DataFrame(values, index=NAMES)
    return np.log2(1 + values)


def test_pca_projects_standardised_profiles(tables, vectors):
    values = default_rng(0).random((40, 12))
    tables["s", "f"] = pd.DataFrame(values, index=GENES).iloc[::-1]
    result = vectors("pca", " ".join([*GENES[:20], "other"]), dim=3, **FILE)
    z = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    u, s, _ = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    assert result.entities.tolist() == GENES[:20].tolist()
    assert_allclose(np.abs(result.vectors), np.abs((u * s)[:20, :3]), atol=1e-4)


def test_svd_keeps_the_inner_products_of_the_centred_logs(log_expression, vectors):
    six, two = (vectors("svd", "KIN1 SET X7", dim=dim, **FILE) for dim in (6, 2))
    centred = (log_expression - log_expression.mean(axis=0))[[0, 1, 11]]
    assert six.entities.tolist() == ["KIN1", "SET", "X7"]
    assert_allclose(six.vectors @ six.vectors.T, centred @ centred.T, atol=1e-4)
    assert_array_equal(two.vectors, six.vectors[:, :2])


def test_nmf_is_not_negative_and_finds_the_three_programmes(log_expression, vectors):
    names = ["KIN1", *NAMES[1:]]
    result = vectors("nmf", " ".join(names), dim=3, **FILE)
    weight = result.vectors[result.rows(np.array(names))]
    assert (weight >= 0).all() and weight.shape == (44, 3)
    rest = log_expression - weight @ np.linalg.lstsq(weight, log_expression, rcond=None)[0]
    assert np.linalg.norm(rest) < 0.03 * np.linalg.norm(log_expression)
