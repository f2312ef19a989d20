"""Neural encoders: tiny random networks of the real classes, saved to disk and loaded the way that real ones are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from genebench import models as encoders
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.core.specs import ModelSpec
from genebench.data import sources
from genebench.models import hub, ids, inference, weights

SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
LETTERS = "LAGVSERTIDPKQNFYMHWCX"
GENES = np.array(["BRCA1", "TP53", "TTN"])
PROTEINS = {"BRCA1": "MDLSALRVEE", "TP53": "MEEPQSDPSVEPPL"}
PROTEINS["TTN"] = "MTTQAPTFTQPLQSVVVLEGSTATFEAHISGFPVPEVSWFRDGQVISTS"


def words(folder, *, end: bool = False, letters: bool = False) -> None:
    """A word tokenizer with the special tokens of BERT, or with an end of text only."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "</s>"]
    vocabulary = {
        t: i
        for i, t in enumerate(
            [*names, *LETTERS, *GENES.tolist(), "gene", "a", "the", "of", "ACGT", "N"]
        )
    }
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = (
        pre_tokenizers.Split("", "isolated") if letters else pre_tokenizers.Whitespace()
    )
    if not end:
        around = [("[CLS]", 2), ("[SEP]", 3)]
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=around
        )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    special |= (
        {"eos_token": "</s>"}
        if end
        else {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    )
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, **special).save_pretrained(folder)


def esm_tokens(folder) -> None:
    """The real tokenizer of ESM-2 with its own vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = [
        "<cls>",
        "<pad>",
        "<eos>",
        "<unk>",
        *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
        "<null_1>",
        "<mask>",
    ]
    (folder / "vocab.txt").write_text("\n".join(listed))
    transformers.EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)


def network(kind: str):
    """A tiny random network of a real class."""
    torch.manual_seed(0)
    size = {**SMALL, "vocab_size": 64, "max_position_embeddings": 64}
    many = {**size, "num_key_value_heads": 2, "head_dim": 8}
    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": 64}
    made = {
        "bert": lambda: transformers.BertModel(transformers.BertConfig(**size)),
        "mpnet": lambda: transformers.MPNetModel(transformers.MPNetConfig(**size)),
        "mistral": lambda: transformers.MistralModel(transformers.MistralConfig(**many)),
        "qwen3": lambda: transformers.Qwen3Model(transformers.Qwen3Config(**many)),
        "qwen2": lambda: transformers.Qwen2Model(transformers.Qwen2Config(**many)),
        "llama": lambda: transformers.LlamaModel(transformers.LlamaConfig(**many)),
        "t5": lambda: transformers.T5EncoderModel(
            transformers.T5Config(**t5, is_encoder_decoder=True)
        ),
        "esm": lambda: transformers.EsmForMaskedLM(
            transformers.EsmConfig(
                **{**size, "vocab_size": 33},
                pad_token_id=1,
                mask_token_id=32,
                position_embedding_type="rotary",
                token_dropout=True,
            )
        ),
    }
    return made[kind]().eval()


def model(**changes) -> ModelSpec:
    """The declaration of a model whose weights are on the Hub."""
    base = {
        "name": "tiny",
        "title": "T",
        "family": "text",
        "encoder": "transformer",
        "description": "d",
        "input": "i",
    }
    base |= {
        "licence": "none",
        "trained_on": "Nothing.",
        "color": "#000000",
        "hub": "owner/tiny",
        "context": 32,
    }
    return ModelSpec(**{**base, **changes})


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch):
    """The folder of our model; nothing else is found, and what is used is noted in a fresh place."""
    monkeypatch.setenv("GENEBENCH_WEIGHTS", str(tmp_path / "shelf"))
    monkeypatch.setattr(paths, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(paths, "WEIGHTS_USED", tmp_path / "weights" / "used")
    monkeypatch.setattr(sources, "hub_snapshot", lambda *given, **options: None)
    return tmp_path / "shelf" / "owner" / "tiny"


def made(spec: ModelSpec, genes=GENES, **options) -> np.ndarray:
    """Vectors of genes by a declared model."""
    return inference.infer(encoders.encoder(spec)(spec, genes, **options)).vectors


# --- text -------------------------------------------------------------------------------------------------------------

TEXTS = ["the gene TTN of a", "the gene TP53", "BRCA1"]


def by_hand(folder, net, text: str, *, pooling: str, layer: int = -1) -> np.ndarray:
    """One text at a time, by the definition of each pooling."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    listed = tokenizer(text)["input_ids"]
    if pooling == "last":
        listed = [*listed, tokenizer.eos_token_id]
    with torch.no_grad():
        states = (
            net(input_ids=torch.tensor([listed]), output_hidden_states=True)
            .hidden_states[layer][0]
            .numpy()
        )
    vector = {"mean": states.mean(0), "cls": states[0], "last": states[-1]}[pooling]
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize(
    "kind, pooling",
    [
        ("bert", "mean"),
        ("bert", "cls"),
        ("mpnet", "mean"),
        ("mistral", "last"),
        ("qwen3", "last"),
        ("qwen2", "mean"),
        ("llama", "mean"),
        ("t5", "mean"),
    ],
)
def test_a_text_model_of_every_kind_gives_the_pooled_states_of_its_own_class(shelf, kind, pooling):
    net = network(kind)
    net.save_pretrained(shelf)
    words(shelf, end=pooling == "last")
    spec = model(pooling=pooling)
    got = made(spec, np.array(["TTN", "TP53", "BRCA1"]), template="the gene {symbol} of a")
    for row, gene in zip(got, ["TTN", "TP53", "BRCA1"]):
        want = by_hand(shelf, net, f"the gene {gene} of a", pooling=pooling)
        np.testing.assert_allclose(row, want, atol=2e-6)


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_any_layer_can_be_taken(shelf, layer):
    net = network("bert")
    net.save_pretrained(shelf)
    words(shelf)
    want = by_hand(shelf, net, "TTN", pooling="mean", layer=layer)
    np.testing.assert_allclose(made(model(), np.array(["TTN"]), layer=layer)[0], want, atol=2e-6)


@pytest.mark.parametrize("kind, pooling", [("bert", "mean"), ("bert", "cls"), ("qwen3", "last")])
def test_vectors_do_not_depend_on_the_batch(shelf, kind, pooling):
    network(kind).save_pretrained(shelf)
    words(shelf, end=pooling == "last")
    spec = model(pooling=pooling)
    names = np.array([" ".join(["gene"] * n) for n in (1, 9, 4, 4, 2, 17, 30)])
    work = encoders.encoder(spec)(spec, names)
    alone = inference.infer(work, token_budget=1).vectors
    for budget in (8, 40, 4096):
        np.testing.assert_allclose(
            inference.infer(work, token_budget=budget).vectors, alone, atol=1e-5
        )


def test_bfloat16_stays_near_single_precision(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    exact, near = made(model()), made(model(dtype="bfloat16"))
    assert (exact * near).sum(1).min() > 0.999 and near.dtype == np.float32


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype, least", [("float32", 0.99999), ("bfloat16", 0.999)])
def test_a_gpu_gives_the_vectors_of_the_cpu(shelf, dtype, least):
    network("bert").save_pretrained(shelf)
    words(shelf)
    spec = model(dtype=dtype)
    work = encoders.encoder(spec)(spec, GENES)
    exact, there = made(model()), inference.infer(work, device="cuda").vectors
    assert (exact * there).sum(1).min() > least


def test_what_is_too_long_is_cut_off_or_read_in_windows(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    long = np.array(["gene " * 50 + "TTN", "gene " * 50 + "TP53"])
    cut_off = made(model(context=16), long)
    np.testing.assert_allclose(cut_off[0], cut_off[1], atol=1e-6)
    whole = made(model(context=16), long, windows=True)
    assert np.abs(whole[0] - whole[1]).max() > 1e-3
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-6)


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 9, 10, 11, 19, 25, 100, 34_350])
@pytest.mark.parametrize("room, shared", [(10, 2), (10, 0), (1022, 255)])
def test_windows_count_each_token_once_where_it_has_context(length, room, shared):
    parts = hub.cut(length, room, shared)
    counted = [i for _, _, first, last in parts for i in range(first, last)]
    assert counted == list(range(length))
    assert all(
        start <= first < last <= stop and stop - start <= room for start, stop, first, last in parts
    )
    for (_, stop, _, meet), (start, *_) in zip(parts, parts[1:]):
        assert stop - start >= shared and min(stop - meet, meet - start) >= shared // 2


# --- proteins ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def proteins(monkeypatch):
    """One protein per gene, under its accession."""
    accession = {"BRCA1": "P38398", "TP53": "P04637", "TTN": "Q8WZ42"}
    table = pd.DataFrame(
        {"id": [f"sp|{accession[g]}|{g}_HUMAN" for g in PROTEINS], "sequence": PROTEINS.values()}
    )
    monkeypatch.setattr(sources, "table", lambda source, file: table)
    monkeypatch.setattr(specs, "source", lambda name: name)
    monkeypatch.setattr(
        ids,
        "match",
        lambda genes, held, kind: match(
            genes, [{v: k for k, v in accession.items()}[a] for a in held]
        ),
    )


def match(genes, names) -> tuple[np.ndarray, np.ndarray]:
    """Places of genes in a list of symbols, without the resolver."""
    at = {n: i for i, n in enumerate(names)}
    has = np.array([i for i, g in enumerate(genes) if g in at])
    return has, np.array([at[genes[i]] for i in has])


def states(folder, net, text, layer=-1) -> np.ndarray:
    """Hidden states of one sequence, special tokens and all."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return (
            net(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
            .hidden_states[layer][0]
            .numpy()
        )


def test_a_protein_is_the_mean_over_its_residues(shelf, proteins):
    net = network("esm")
    net.save_pretrained(shelf)
    esm_tokens(shelf)
    spec = model(family="protein", encoder="protein", context=64)
    got = made(spec, GENES, source="proteome", file="sequences")
    for gene, row in zip(GENES, got):
        held = states(shelf, net, PROTEINS[gene])
        assert len(held) == len(PROTEINS[gene]) + 2
        np.testing.assert_allclose(row, held[1:-1].mean(0), atol=2e-6)


def test_a_protein_longer_than_the_context_is_the_mean_over_windows(shelf, proteins):
    net = network("esm")
    net.save_pretrained(shelf)
    esm_tokens(shelf)
    spec = model(family="protein", encoder="protein", context=18)
    got = made(spec, np.array(["TTN"]), source="proteome", file="sequences")[0]
    titin, parts = PROTEINS["TTN"], []
    for start, stop, first, last in hub.cut(len(titin), 16, 4):
        parts.append(states(shelf, net, titin[start:stop])[1:-1][first - start : last - start])
    assert len(parts) > 2 and sum(map(len, parts)) == len(titin)
    np.testing.assert_allclose(got, np.concatenate(parts).mean(0), atol=2e-6)


def test_input_embeddings_in_windows_are_those_of_the_whole_protein(shelf, proteins):
    """Layer 0 knows no neighbours (without token dropout): windows must not be seen in it at all."""
    net = network("esm")
    net.config.token_dropout = False
    net.save_pretrained(shelf)
    esm_tokens(shelf)
    spec = model(family="protein", encoder="protein")
    short, long = (spec.model_copy(update={"context": c}) for c in (14, 64))
    a, b = (made(s, GENES, source="proteome", file="sequences", layer=0) for s in (short, long))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_prott5_reads_residues_one_by_one_and_rare_ones_as_x(shelf, proteins, monkeypatch):
    net = network("t5")
    net.save_pretrained(shelf)
    words(shelf)
    table = pd.DataFrame({"id": ["P04637"], "sequence": ["MEUL"]})
    monkeypatch.setattr(sources, "table", lambda source, file: table)
    spec = model(family="protein", encoder="protein")
    got = made(spec, np.array(["TP53"]), source="proteome", file="sequences", written="spaced")[0]
    np.testing.assert_allclose(got, states(shelf, net, "M E X L")[1:-1].mean(0), atol=2e-6)
    listed = made(spec, np.array(["TP53"]), source="proteome", file="sequences", written="words")
    assert np.abs(listed[0] - got).max() > 1e-4  # U is not X there
    with pytest.raises(BadInput, match="unknown way of writing residues 'space'"):
        made(spec, GENES, source="proteome", file="sequences", written="space")


# --- weights ----------------------------------------------------------------------------------------------------------


def test_weights_that_are_nowhere_are_one_sentence_that_says_what_to_run(shelf):
    with pytest.raises(
        sources.Missing, match="embed --model tiny --download.*'owner/tiny'.*GENEBENCH_WEIGHTS"
    ):
        made(model())
    assert weights.status(model(parameters=100))[0] == "needs download"
    assert "about 400 MB" in weights.status(model(parameters=100))[1]
    assert weights.status(model(gated=True))[0] == "needs a licence click"


def test_half_of_the_weights_are_not_the_weights(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    assert weights.locate(model()) == shelf
    (shelf / "model.safetensors").rename(shelf / "model.partial")
    with pytest.raises(sources.Missing, match="lacks model.safetensors"):
        weights.locate(model())
    (shelf / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "model-1.safetensors"}}'
    )
    with pytest.raises(sources.Missing, match="lacks model-1.safetensors"):
        weights.locate(model())


def test_a_large_model_is_asked_to_fit_a_gpu(shelf, monkeypatch):
    network("bert").save_pretrained(shelf)
    monkeypatch.setattr(weights, "_gpu_gb", lambda: 0.0)
    status, why = weights.status(model(parameters=7000, dtype="bfloat16"))
    assert status == "needs GPU memory" and why.startswith("about 17 GB")
    monkeypatch.setattr(weights, "_gpu_gb", lambda: 24.0)
    assert weights.status(model(parameters=7000, dtype="bfloat16")) == ("ready", "")


def test_a_network_that_lacks_weights_is_not_completed_with_random_ones(shelf):
    from safetensors.torch import load_file, save_file

    network("bert").save_pretrained(shelf)
    words(shelf)
    held = load_file(shelf / "model.safetensors")
    held.pop("encoder.layer.1.output.dense.weight")
    save_file(held, shelf / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        BadInput, match="1 weights are missing.*encoder.layer.1.output.dense.weight"
    ):
        made(model())


def test_a_broken_file_of_weights_is_one_sentence(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    (shelf / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(BadInput, match="model 'tiny': the network in .* cannot be loaded"):
        made(model())


def test_other_weights_than_those_used_first_are_refused(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    first = made(model())
    np.testing.assert_array_equal(made(model()), first)
    other = network("bert")
    torch.nn.init.ones_(other.embeddings.word_embeddings.weight)
    other.save_pretrained(shelf)
    with pytest.raises(BadInput, match="are others .* than those used before"):
        made(model())


def test_code_of_a_repository_is_run_only_if_declared_pinned_and_asked_for(shelf, monkeypatch):
    monkeypatch.delenv("GENEBENCH_REMOTE_CODE", raising=False)
    pinned = model(remote_code=True, revision="a" * 40)
    assert weights.trusted(model()) is False
    with pytest.raises(BadInput, match="no revision is pinned"):
        weights.trusted(model(remote_code=True))
    with pytest.raises(BadInput, match="--remote-code"):
        weights.trusted(pinned)
    monkeypatch.setenv("GENEBENCH_REMOTE_CODE", "another")
    with pytest.raises(BadInput):
        weights.trusted(pinned)
    weights.trust(pinned)
    assert weights.trusted(pinned) is True


def test_code_that_nobody_declared_is_not_run(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    (shelf / "own.py").write_text("raise SystemExit('run')\n")
    held = (
        (shelf / "config.json")
        .read_text()
        .replace(
            '"model_type": "bert"',
            '"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}',
        )
    )
    (shelf / "config.json").write_text(held)
    with pytest.raises(BadInput, match="cannot be loaded"):
        made(model())


def test_a_module_that_registers_a_network_must_be_there(shelf):
    network("bert").save_pretrained(shelf)
    words(shelf)
    with pytest.raises(BadInput, match="Python package 'no_such_package'"):
        hub.sequences(model(), shelf, GENES, ["a"], module="no_such_package.model")


def test_the_recipe_holds_repository_revision_pooling_context_and_number_format(shelf):
    genes = np.array(["A"])
    base = inference.path(model(), genes)
    for change in (
        {"hub": "owner/other"},
        {"revision": "b" * 40},
        {"pooling": "cls"},
        {"context": 33},
        {"dtype": "bfloat16"},
    ):
        assert inference.path(model(**change), genes) != base, change
    assert inference.path(model(parameters=5, licence="x", gated=True), genes) == base


def test_networks_without_a_mask_get_batches_of_one_length():
    shapes = []

    def forward(device):
        def sums(given, mask):
            shapes.append(tuple(given.shape))
            assert mask.all()
            return given.float().sum(1, keepdim=True)

        sums.masks = False
        return sums

    tokens = [[1] * n for n in (3, 3, 2, 5)] + [[2] * 3]
    made = inference.infer(encoders.Sequences(np.arange(5), tokens, 0, forward))
    assert made.vectors.ravel().tolist() == [3, 3, 2, 5, 6] and shapes == [(1, 5), (2, 3), (1, 2)]
    assert dataclasses.is_dataclass(encoders.Sequences)
