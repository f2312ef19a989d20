"""Vectors from expression tables, against dense decompositions."""

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.testing import assert_allclose, assert_array_equal

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
    values = default_rng(0).random((30, 12))
    names = [f"G{i:02d}" for i in range(30)]
    tables["s", "f"] = pd.DataFrame(values, index=names).iloc[::-1]
    result = vectors("pca", " ".join([*names[:20], "other"]), dim=3, **FILE)
    z = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    u, s, _ = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    assert result.entities.tolist() == names[:20]
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
