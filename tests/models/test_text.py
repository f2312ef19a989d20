"""Encoders of texts: networks against their own classes, word counts against their formulas."""

import numpy as np
import pytest
import torch
from helpers import refused
from numpy.testing import assert_allclose

from genebench.core import specs
from genebench.data import sources
from genebench.models import batches, inference, recipes
from genebench.models.inputs import Inputs, encode

GENES = np.array(["BRCA1", "TP53", "TTN"])


@pytest.fixture
def embed(declared, model):
    """Vectors of genes by a text model, with options or other fields than ``model`` has."""

    def run(*, genes=GENES, device="cpu", options={}, **changes):  # noqa: B006
        spec = model(**changes, options=options)
        return inference.infer(encode(Inputs(spec, genes, declared)), device=device).vectors

    return run


@pytest.mark.parametrize(
    "kind, pooling, layer", [("bert", "cls", 1), ("mistral", "last", -1), ("t5", "mean", -1)]
)
def test_a_text_model_gives_the_pooled_states_of_a_layer_of_its_own_class(
    save, states, embed, kind, pooling, layer
):
    network, last = save(kind), pooling == "last"
    result = embed(pooling=pooling, options={"template": "the gene {symbol} of a", "layer": layer})
    for row, gene in zip(result, GENES):
        hidden = states(network, f"the gene {gene} of a", layer=layer, end=last)
        expected = {"mean": hidden.mean(0), "cls": hidden[0], "last": hidden[-1]}[pooling]
        assert_allclose(row, expected / np.linalg.norm(expected), atol=2e-6)


@pytest.mark.parametrize("kind, pooling", [("bert", "mean"), ("mistral", "last")])
def test_vectors_do_not_depend_on_the_batch(save, embed, monkeypatch, kind, pooling):
    save(kind)
    names = np.array(["gene " * n for n in (1, 9, 4, 4, 2, 17, 30)])
    whole = embed(genes=names, pooling=pooling)
    for budget in (1, 40):
        monkeypatch.setattr(batches, "BUDGET", {"cpu": budget})
        assert_allclose(embed(genes=names, pooling=pooling), whole, atol=1e-5)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_other_formats_and_devices_stay_near_single_precision(save, embed, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    save("bert")
    for dtype, least in (("float32", 0.99999), ("bfloat16", 0.999)):
        near = embed(dtype=dtype, device=device)
        assert (embed() * near).sum(1).min() > least and near.dtype == np.float32


def test_what_is_too_long_is_cut_off(save, embed):
    save("bert")
    truncated = embed(context=16, genes=np.array(["gene " * 50 + "TTN", "gene " * 50 + "TP53"]))
    assert_allclose(truncated[0], truncated[1], atol=1e-6)


def test_a_package_that_is_not_installed_says_how_to_get_it(embed):
    with refused("'no_such_weights', which is not installed; run 'pip inst"):
        embed(weights="no_such_weights", hub=None)


def test_minilm_equals_sentence_transformers():
    reference = pytest.importorskip("sentence_transformers")
    spec = specs.declared().models["minilm-symbol"]
    genes = np.array(sorted("TP53 BRCA1 HOXA13 MT-CO1 RP11-34P13.7 C9orf72 IL2 KRT18".split()))
    result = inference.infer(encode(Inputs(spec, genes, specs.declared()))).vectors
    folder = sources.package_folder(spec.weights) / spec.options["path"]
    network = reference.SentenceTransformer(str(folder), device="cpu")
    expected = network.encode(genes.tolist(), normalize_embeddings=True, show_progress_bar=False)
    assert_allclose(result, expected, atol=1e-5)


SENTENCES = """the kinase and the kinase
a channel and the gate sort
kinase gate gate
sort a gate, the channel""".splitlines()


@pytest.fixture
def sentences(monkeypatch):
    """Four genes with a text each."""
    texts = (np.array([*"ABCD"]), SENTENCES)
    monkeypatch.setattr(recipes, "texts", lambda inputs, recipe, labels_of=(): texts)


def test_the_bag_of_words_counts_the_commonest_words(sentences, vectors):
    embedding = vectors("bag_of_words", "A B C D E", size=3, recipe="summary")
    expected = [[s.count(word) for word in ("gate", "kinase", "the")] for s in SENTENCES]
    assert embedding.entities.tolist() == list("ABCD") and embedding.vectors.tolist() == expected


def test_tfidf_at_full_rank_keeps_the_inner_products_of_the_formula(sentences, vectors):
    result = vectors("tfidf", "A B C D", recipe="summary", dim=9, min_genes=1).vectors
    vocabulary = ["channel", "gate", "kinase", "sort"]
    count = np.array([[s.count(word) for word in vocabulary] for s in SENTENCES], dtype=float)
    idf = np.log((1 + 4) / (1 + (count > 0).sum(axis=0))) + 1
    weight = np.where(count > 0, 1 + np.log(np.maximum(count, 1)), 0) * idf
    weight /= np.linalg.norm(weight, axis=1, keepdims=True)
    assert_allclose(result @ result.T, weight @ weight.T, atol=1e-5)


def test_the_length_of_a_text_is_that_of_its_letters_and_0_without_one(sentences, vectors):
    result = np.expm1(vectors("text_length", "A B E").vectors[:, 0])
    assert_allclose(result, [len(SENTENCES[0]), len(SENTENCES[1]), 0], rtol=1e-5)
