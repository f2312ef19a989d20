"""Encoders of texts: networks against their own classes, word counts against their formulas."""

import numpy as np
import pytest

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import sources
from genebench.models import inference, recipes, text

GENES = np.array(["BRCA1", "TP53", "TTN"])


def vectors(spec, genes=GENES, **options) -> np.ndarray:
    """Vectors of genes by a declared text model."""
    return inference.infer(text.transformer(spec, genes, **options)).vectors


@pytest.mark.parametrize(
    "kind, pooling",
    [
        ("bert", "mean"),
        ("bert", "cls"),
        ("mpnet", "mean"),
        ("mistral", "last"),
        ("qwen3", "last"),
        ("t5", "mean"),
    ],
)
def test_a_text_model_gives_the_pooled_states_of_its_own_class(save, states, model, kind, pooling):
    last = pooling == "last"
    network = save(kind, end=last)
    result = vectors(model(pooling=pooling), template="the gene {symbol} of a")
    for row, gene in zip(result, GENES):
        hidden = states(network, f"the gene {gene} of a", end=last)
        expected = {"mean": hidden.mean(0), "cls": hidden[0], "last": hidden[-1]}[pooling]
        np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=2e-6)


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_any_layer_can_be_taken(save, states, model, layer):
    expected = states(save("bert"), "TTN", layer=layer).mean(0)
    result = vectors(model(), np.array(["TTN"]), layer=layer)[0]
    np.testing.assert_allclose(result, expected / np.linalg.norm(expected), atol=2e-6)


@pytest.mark.parametrize("kind, pooling", [("bert", "mean"), ("bert", "cls"), ("qwen3", "last")])
def test_vectors_do_not_depend_on_the_batch(save, model, kind, pooling):
    save(kind, end=pooling == "last")
    names = np.array([" ".join(["gene"] * n) for n in (1, 9, 4, 4, 2, 17, 30)])
    work = text.transformer(model(pooling=pooling), names)
    alone, *others = (inference.infer(work, token_budget=b).vectors for b in (1, 8, 40, 4096))
    for other in others:
        np.testing.assert_allclose(other, alone, atol=1e-5)


def test_bfloat16_stays_near_single_precision(save, model):
    save("bert")
    exact, near = vectors(model()), vectors(model(dtype="bfloat16"))
    assert (exact * near).sum(1).min() > 0.999 and near.dtype == np.float32


@pytest.mark.gpu
@pytest.mark.parametrize("dtype, least", [("float32", 0.99999), ("bfloat16", 0.999)])
def test_a_gpu_gives_the_vectors_of_the_cpu(save, model, dtype, least):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    save("bert")
    work = text.transformer(model(dtype=dtype), GENES)
    result = inference.infer(work, device="cuda").vectors
    assert (vectors(model()) * result).sum(1).min() > least


def test_what_is_too_long_is_cut_off_or_read_in_windows(save, model):
    save("bert")
    long = np.array(["gene " * 50 + "TTN", "gene " * 50 + "TP53"])
    truncated = vectors(model(context=16), long)
    np.testing.assert_allclose(truncated[0], truncated[1], atol=1e-6)
    whole = vectors(model(context=16), long, windows=True)
    assert np.abs(whole[0] - whole[1]).max() > 1e-3
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-6)


def test_a_package_that_is_not_installed_says_how_to_get_it(model):
    spec = model(weights="no_such_weights", hub=None)
    with pytest.raises(BadInput, match="'no_such_weights', which is not installed; run 'pip inst"):
        text.transformer(spec, GENES, path="model")


def test_minilm_equals_sentence_transformers():
    reference = pytest.importorskip("sentence_transformers")
    spec = specs.declared().models["minilm-symbol"]
    genes = np.array(sorted("TP53 BRCA1 HOXA13 MT-CO1 RP11-34P13.7 C9orf72 IL2 KRT18".split()))
    result = vectors(spec, genes, **spec.options)
    folder = sources.package_folder(spec.weights) / spec.options["path"]
    network = reference.SentenceTransformer(str(folder), device="cpu")
    expected = network.encode(genes.tolist(), normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    assert result.shape[1] == spec.dim


SENTENCES = ["the kinase and the kinase", "a channel and the gate", "kinase gate gate"]
SENTENCES += ["nothing of the sort"]


@pytest.fixture
def sentences(monkeypatch):
    """Four genes with a text each."""
    texts = (np.array([*"ABCD"]), SENTENCES)
    monkeypatch.setattr(recipes, "texts", lambda genes, recipe, declared, labels_of=None: texts)


def test_the_bag_of_words_counts_the_commonest_words(sentences, declared, model, run):
    options = {"declared": declared, "recipe": "summary"}
    embedding = text.bag_of_words(model(), run(*"ABCDE"), size=3, **options)
    expected = [[s.split().count(w) for w in ("gate", "kinase", "the")] for s in SENTENCES]
    assert embedding.entities.tolist() == list("ABCD") and embedding.vectors.tolist() == expected


def test_tfidf_at_full_rank_keeps_the_inner_products_of_the_formula(
    sentences, declared, model, run
):
    options = {"declared": declared, "recipe": "summary", "dim": 9, "min_genes": 1}
    result = text.tfidf(model(), run(*"ABCD"), **options).vectors
    vocabulary = ["channel", "gate", "kinase", "sort"]
    count = np.array([[s.split().count(w) for w in vocabulary] for s in SENTENCES], dtype=float)
    idf = np.log((1 + 4) / (1 + (count > 0).sum(axis=0))) + 1
    weight = np.where(count > 0, 1 + np.log(np.maximum(count, 1)), 0) * idf
    weight /= np.linalg.norm(weight, axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(weight)
    assert result.shape == (4, 3)
    np.testing.assert_allclose(result @ result.T, (u[:, :3] * s[:3] ** 2) @ u[:, :3].T, atol=1e-5)
