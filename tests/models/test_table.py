"""Vectors that are rows of a table."""

import numpy as np
import pandas as pd

FILE = {"source": "s", "file": "f"}


def test_a_profile_svd_at_full_rank_keeps_the_inner_products_of_the_weighted_table(tables, vectors):
    pairs = {"g": [*"AABBCCCZA"], "s": [*"122112311"]}  # a pair that is listed twice counts once
    tables["s", "f"] = pd.DataFrame(pairs)
    result = vectors("profile_svd", "A B C D", set_column="s", gene_column="g", dim=2, **FILE)
    member = np.array([[1, 1, 0], [1, 1, 0], [1, 1, 1]])
    weight = member * (np.log((1 + 3) / (1 + member.sum(axis=0))) + 1)
    assert result.entities.tolist() == ["A", "B", "C"]
    np.testing.assert_allclose(result.vectors @ result.vectors.T, weight @ weight.T, atol=1e-5)


def test_published_vectors_are_found_by_approved_symbol(tables, vectors):
    """Of two ids of one gene the approved one is taken, an ambiguous one never."""
    tables["s", "f"] = pd.DataFrame({"x": range(5)}, "UNKNOWN9 BOTH KP1 KIN1 OTHER".split())
    result = vectors("vectors", "BOTH CHN3 KIN1 OLDK1 UNKNOWN9", **FILE)
    found = dict(zip(result.entities, result.vectors[:, 0]))
    assert found == {"KIN1": 3, "OLDK1": 3, "UNKNOWN9": 0}
