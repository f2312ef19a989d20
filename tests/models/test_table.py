"""Vectors that are rows of a table."""

import numpy as np
import pandas as pd

from genebench.models import table

FILE = {"source": "s", "file": "f"}


def test_columns_are_taken_as_they_are_for_known_genes_only(tables, declared, model, run):
    columns = {"g": ["C", "A", "Z"], "x": ["1.5", "2", "9"], "y": ["0", "-1", "9"]}
    tables["s", "f"] = pd.DataFrame(columns)
    options = {**FILE, "gene_column": "g", "columns": ["y", "x"]}
    embedding = table.columns(model(), run("A", "B", "C"), declared=declared, **options)
    assert embedding.entities.tolist() == ["A", "C"]
    assert embedding.vectors.tolist() == [[-1, 2], [0, 1.5]]


def test_a_profile_svd_at_full_rank_keeps_the_inner_products_of_the_weighted_table(
    tables, declared, model, run
):
    pairs = {"g": [*"AABCCCZA"], "s": [*"12212311"]}  # a pair that is listed twice counts once
    tables["s", "f"] = pd.DataFrame(pairs)
    options = {**FILE, "set_column": "s", "gene_column": "g", "dim": 2}
    embedding = table.profile_svd(model(), run(*"ABCD"), declared=declared, **options)
    member = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 1.0]])
    u, s, _ = np.linalg.svd(member * (np.log((1 + 3) / (1 + member.sum(axis=0))) + 1))
    expected = (u[:, :2] * s[:2] ** 2) @ u[:, :2].T
    assert embedding.entities.tolist() == ["A", "B", "C"]
    np.testing.assert_allclose(embedding.vectors @ embedding.vectors.T, expected, atol=1e-5)


def test_published_vectors_are_found_by_gene_or_as_they_are(tables, declared, model, run):
    values = [[1.0, 2], [3, 4], [5, 6]]
    tables["s", "f"] = pd.DataFrame(values, index=["SET", "NOBODY", "OLDK1"])
    genes = run("KIN1", "SET", "CHN3")
    embedding = table.vectors(model(), genes, declared=declared, **FILE)
    assert embedding.entities.tolist() == ["KIN1", "SET"]
    assert embedding.vectors.tolist() == [[5, 6], [1, 2]]
    embedding = table.vectors(model(), genes, declared=declared, resolve=False, **FILE)
    assert embedding.entities.tolist() == ["SET"] and embedding.vectors.tolist() == [[1, 2]]
