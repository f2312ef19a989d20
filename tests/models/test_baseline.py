"""Shortcuts, against values worked out by hand; controls, by what is known beforehand."""

import numpy as np
import pandas as pd
from helpers import GENES, rows
from numpy.testing import assert_allclose
from sklearn.feature_extraction.text import TfidfVectorizer

from genebench.models import baseline

FILE = {"source": "s", "file": "f"}


def test_the_stem_vector_is_one_indicator_per_shared_stem(vectors):
    embedding = vectors("stem", "KRT1 KRT5 TP53 HOXA1 HOXA2 HOXA3")
    assert embedding.entities.tolist() == ["HOXA1", "HOXA2", "HOXA3", "KRT1", "KRT5", "TP53"]
    assert embedding.vectors.tolist() == [[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 0]]


def test_ngrams_at_full_rank_keep_the_inner_products_of_tfidf(vectors):
    result = vectors("ngrams", "AB1 BA1 CD1 CE1 XY XZ", longest=1, dim=5)
    tfidf = TfidfVectorizer(analyzer="char", lowercase=False).fit_transform(result.entities)
    assert_allclose(result.vectors @ result.vectors.T, (tfidf @ tfidf.T).toarray(), atol=1e-5)


def test_annotation_counts_are_logs_of_distinct_values_and_zero_counts(tables, vectors):
    tables["s", "f"] = pd.DataFrame({"g": [*"AAAC"], "p": [*"xxyx"], "d": [*"1112"]})
    result = vectors("annotation_count", "A B", gene_column="g", counted=["p", "d"], **FILE)
    assert_allclose(result.vectors, np.log([[3, 2], [1, 1]]), rtol=1e-6)


def test_coordinates_are_length_strand_chromosome_and_biotype(tables, vectors):
    lines = """
ensgene | chr | start | end | strand | biotype
ENSG00000000001 | X | 1001 | 2000 | -1 | coding
ENSG00000000001 | X | 1 | 2 | 1 | coding
ENSG00000000002 | 2 | 11 | 110 | 1 | rna
ENSG00000000003 | GL000009.2 | 1 | 9 | 1 | rna
"""
    columns, *genes = rows(lines)
    tables["s", "f"] = pd.DataFrame(genes, columns=columns)
    result = vectors("coordinates", "KIN1 SET CHN3", gene_column="ensgene", **FILE)
    assert result.entities.tolist() == ["KIN1", "SET"] and result.vectors.shape == (2, 2 + 25 + 2)
    assert_allclose(result.vectors[:, :2], [[3, -1], [2, 1]])
    assert np.flatnonzero(result.vectors[0, 2:]).tolist() == [22, 25]  # X, coding
    assert np.flatnonzero(result.vectors[1, 2:]).tolist() == [1, 26]  # 2, rna


def test_random_vectors_depend_on_symbol_and_seed_only_and_are_standard_normal(vectors):
    few, many = (vectors("random", genes, dim=6).vectors for genes in ("A C", "A B C"))
    assert (few == many[[0, 2]]).all()
    a, b = (vectors("random", " ".join(GENES), dim=50, seed=s).vectors for s in (0, 1))
    assert abs(a.mean()) < 0.05 and abs(a.std() - 1) < 0.05
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


def test_shuffled_labels_are_the_same_labels_on_other_genes(make_task):
    labels = np.random.default_rng(0).integers(0, 2, (200, 3))
    task = make_task("multilabel", labels)
    one, again, other = (baseline.shuffled(task, seed) for seed in (1, 1, 2))
    assert sorted(map(str, one.tolist())) == sorted(map(str, labels.tolist()))
    assert (one != task.labels).mean() > 0.3 and (one == again).all() and (one != other).any()
