"""Embedding: the inference loop does not depend on batches, and the cache never answers with something else."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest
import torch
from helpers import GENES

from genebench import models
from genebench.core import cache, specs
from genebench.core.errors import BadInput
from genebench.data import sources
from genebench.models import Embedding, Sequences, inference

UNIVERSE = np.array(GENES)


# --- the inference loop -----------------------------------------------------------------------------------------------


def work(tokens: list[list[int]], batches: list | None = None) -> Sequences:
    """A network that returns the sum, the number and the last of the tokens that are not padding."""

    def forward(device):
        def sums(ids, mask):
            if batches is not None:
                batches.append(tuple(ids.shape))
            last = (ids * mask).gather(1, mask.sum(1, keepdim=True) - 1)
            return torch.cat(
                [(ids * mask).sum(1, keepdim=True), mask.sum(1, keepdim=True), last], dim=1
            )

        return sums

    return Sequences(np.array([f"e{i:03d}" for i in range(len(tokens))]), tokens, 99, forward)


@pytest.fixture
def tokens():
    """Forty sequences of one to thirty tokens."""
    rng = np.random.default_rng(0)
    return [rng.integers(1, 50, rng.integers(1, 31)).tolist() for _ in range(40)]


@pytest.mark.parametrize("budget", [1, 30, 100, 10_000])
def test_vectors_are_those_of_each_sequence_alone_in_its_own_order(tokens, budget):
    made = inference.infer(work(tokens), token_budget=budget)
    assert made.vectors.dtype == np.float32
    assert made.vectors.tolist() == [[sum(t), len(t), t[-1]] for t in tokens]
    assert made.entities[7] == "e007"


@pytest.mark.parametrize("budget", [31, 64, 200])
def test_no_batch_holds_more_padded_tokens_than_the_budget(tokens, budget):
    batches = []
    inference.infer(work(tokens, batches), token_budget=budget)
    assert max(rows * length for rows, length in batches) <= budget
    assert sum(rows for rows, _ in batches) == 40
    assert [length for _, length in batches] == sorted(
        (length for _, length in batches), reverse=True
    )


def test_progress_rises_to_the_number_of_sequences(tokens):
    told = []
    inference.infer(
        work(tokens), token_budget=100, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (40, 40) and [d for d, _ in told] == sorted({d for d, _ in told})


def test_the_loop_keeps_no_gradients():
    layer = torch.nn.Linear(1, 2)

    def forward(device):
        return lambda ids, mask: layer(ids.float().sum(1, keepdim=True))

    made = inference.infer(Sequences(np.array(["a"]), [[1, 2]], 0, forward))
    assert made.vectors.shape == (1, 2) and layer.weight.grad is None


# --- the real text model ----------------------------------------------------------------------------------------------

SYMBOLS = np.array(
    sorted(
        [
            "TP53",
            "BRCA1",
            "HOXA13",
            "MT-CO1",
            "RP11-34P13.7",
            "C9orf72",
            "IL2",
            "KRT18",
            "A1BG",
            "F2",
        ]
    )
)


@pytest.fixture(scope="module")
def minilm():
    """The declared text model and its work for ten symbols."""
    spec = specs.models()["minilm-symbol"]
    return spec, models.encoder(spec)(spec, SYMBOLS, **spec.options)


@pytest.fixture(scope="module")
def minilm_vectors(minilm):
    """Vectors of the ten symbols from one batch."""
    return inference.infer(minilm[1]).vectors


def test_minilm_equals_sentence_transformers(minilm, minilm_vectors, monkeypatch):
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    reference = pytest.importorskip("sentence_transformers")
    folder = sources.package_folder(minilm[0].weights) / minilm[0].options["path"]
    network = reference.SentenceTransformer(str(folder), device="cpu")
    expected = network.encode(SYMBOLS.tolist(), normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(minilm_vectors, expected, atol=1e-5)


def test_minilm_vectors_have_the_declared_width_and_unit_length(minilm, minilm_vectors):
    assert minilm_vectors.shape == (len(SYMBOLS), minilm[0].dim)
    np.testing.assert_allclose(np.linalg.norm(minilm_vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("budget", [1, 16, 40])
def test_minilm_vectors_do_not_depend_on_the_batch(minilm, minilm_vectors, budget):
    np.testing.assert_allclose(
        inference.infer(minilm[1], token_budget=budget).vectors, minilm_vectors, atol=1e-5
    )


def test_minilm_vectors_do_not_depend_on_the_order(minilm, minilm_vectors):
    spec, made = minilm
    order = np.random.default_rng(0).permutation(len(SYMBOLS))
    turned = dataclasses.replace(
        made, entities=made.entities[order], tokens=[made.tokens[i] for i in order]
    )
    np.testing.assert_allclose(inference.infer(turned).vectors, minilm_vectors[order], atol=1e-6)


def test_minilm_tells_symbols_apart(minilm_vectors):
    likeness = minilm_vectors @ minilm_vectors.T
    assert likeness[~np.eye(len(SYMBOLS), dtype=bool)].max() < 0.99


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_minilm_is_the_same_on_cpu_and_gpu(minilm, minilm_vectors):
    np.testing.assert_allclose(
        inference.infer(minilm[1], device="cuda").vectors, minilm_vectors, atol=1e-4
    )


# --- the cache --------------------------------------------------------------------------------------------------------


def test_vectors_are_made_once_and_then_read(home, monkeypatch):
    spec = specs.model("full")
    made = inference.embed(spec, UNIVERSE)
    monkeypatch.setattr(inference, "encoder", lambda spec: pytest.fail("made again"))
    read = inference.embed(spec, UNIVERSE)
    np.testing.assert_array_equal(read.vectors, made.vectors)
    np.testing.assert_array_equal(read.entities, made.entities)


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_broken_file_is_made_again_and_said_so(home, damage):
    spec = specs.model("full")
    made, kept, told = inference.embed(spec, UNIVERSE), inference.path(spec, UNIVERSE), []
    kept.write_bytes(kept.read_bytes()[:-50] if damage is None else damage)
    again = inference.embed(spec, UNIVERSE, say=told.append)
    np.testing.assert_array_equal(again.vectors, made.vectors)
    assert len(told) == 1 and kept.name in told[0] and "broken" in told[0]
    assert cache.state(kept) == "ready"


def test_label_and_colour_do_not_change_the_recipe(home):
    spec = specs.model("full")
    drawn = spec.model_copy(
        update={"title": "T", "color": "#ffffff", "description": "D", "licence": "L", "name": "n"}
    )
    assert inference.path(drawn, UNIVERSE) == inference.path(spec, UNIVERSE)


@pytest.mark.parametrize(
    "change", [{"options": {"dim": 9}}, {"weights": "w"}, {"encoder": "random2"}]
)
def test_whatever_determines_the_vectors_changes_the_recipe(home, change):
    spec = specs.model("random")
    assert inference.path(spec.model_copy(update=change), UNIVERSE) != inference.path(
        spec, UNIVERSE
    )


def test_another_universe_is_another_file(home):
    spec = specs.model("random")
    assert inference.path(spec, UNIVERSE) != inference.path(spec, UNIVERSE[:-1])


def test_another_release_of_the_input_is_another_file(home, monkeypatch):
    spec, source = specs.model("full"), specs.source("toy")
    before = inference.path(spec, UNIVERSE)
    files = {
        **source.files,
        "labels": source.files["labels"].model_copy(update={"sha256": "0" * 64}),
    }
    monkeypatch.setattr(specs, "source", lambda name: source.model_copy(update={"files": files}))
    assert inference.path(spec, UNIVERSE) != before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_is_refused_with_entity_and_column_and_not_kept(
    home, monkeypatch, value
):
    vectors = np.zeros((3, 4), np.float32)
    vectors[1, 2] = value
    monkeypatch.setattr(
        inference,
        "encoder",
        lambda spec: lambda spec, genes, **options: Embedding(genes[:3], vectors),
    )
    spec = specs.model("stem")
    with pytest.raises(
        BadInput, match=f"model 'stem': the vector of '{UNIVERSE[1]}' holds {value} in column 2"
    ):
        inference.embed(spec, UNIVERSE)
    assert cache.state(inference.path(spec, UNIVERSE)) == "absent"


def test_a_network_goes_through_the_inference_loop(home, monkeypatch):
    rows = [[1, 2, 3]] * len(UNIVERSE)
    held = Sequences(UNIVERSE, rows, 0, work(rows).forward)
    monkeypatch.setattr(inference, "encoder", lambda spec: lambda spec, genes, **options: held)
    made = inference.embed(specs.model("stem"), UNIVERSE)
    assert made.vectors.tolist() == [[6, 3, 3]] * len(UNIVERSE)
