"""Models of Hugging Face: likelihoods, byte pairs, folders that are no DNA model."""

import json
import re
from itertools import product

import numpy as np
import pytest
import torch
from helpers import refused
from transformers import EsmConfig, EsmForMaskedLM

from genebench.core import paths
from genebench.core.yamls import read_yaml
from genebench.data import sources
from genebench.glm import codes, hub, score
from tests.glm.tiny import checkpoint, windows


@pytest.mark.parametrize("kind", ["bert-bpe", "gpt2-bpe"])
def test_byte_pairs_are_scored_by_likelihood_and_refuse_single_bases(tmp_path, kind):
    m, w, p = hub.load(checkpoint(tmp_path, kind)), windows(4), np.array([9, 20, 21, 40])
    alt = (w[np.arange(4), p] + 1) % 4
    expected = m.likelihood(codes.substituted(w, p, alt)) - m.likelihood(w)
    assert np.allclose(score.llr(m, w, p, alt, strands="given"), expected, atol=1e-4)
    with refused("score variants by likelihoods instead"):
        m.conditionals(w)
    with refused("no state belongs to one base; take the score llr"):
        score.embedding(m, w, p, alt)


def test_likelihoods_and_states_are_what_the_network_itself_says(tmp_path):
    """Independent truth: the loss and the hidden states that transformers computes."""
    m, w = hub.load(checkpoint(tmp_path, "gpt2")), windows(1)
    ids = m.tokenizer(codes.decode(w[0]), return_tensors="pt")["input_ids"]
    labels = ids.clone()
    labels[:, -1] = -100  # the token that ends
    with torch.inference_mode():
        out = m.network(input_ids=ids, labels=labels, output_hidden_states=True)
    assert np.isclose(m.likelihood(w)[0], -float(out.loss) * w.shape[1], atol=1e-3)
    assert np.allclose(m.pooled(w, 1)[0], out.hidden_states[1][0, 1:-1].mean(0), atol=1e-5)


CATALOGUE = read_yaml(paths.GLM_CATALOGUE)["models"]
PINNED = {name: m for name, m in CATALOGUE.items() if "revision" in m or "class" in m}


@pytest.mark.parametrize("name", PINNED)
def test_a_model_that_the_catalogue_pins_is_of_a_class_that_loads_and_scores(
    tmp_path, monkeypatch, name
):
    """And its commit is the one that is asked for."""
    m, fetched = PINNED[name], []
    tokens = {"byte pairs": "bpe", "6-mers that do not overlap": "kmer"}[m["tokens"]]
    family = m["class"].removesuffix("ForMaskedLM").removesuffix("ForCausalLM").lower()
    folder = checkpoint(tmp_path, f"{family}-{tokens}")
    note = lambda name, **k: fetched.append((name, k["revision"])) or folder  # noqa: E731
    monkeypatch.setattr(sources, "hub_snapshot", note)
    loaded = hub.load(m["hub"], download=True)
    assert fetched == [(m["hub"], m["revision"])] and re.fullmatch("[0-9a-f]{40}", m["revision"])
    assert type(loaded.network).__name__ == m["class"]
    assert (loaded.objective == "causal") == (m["task"] == "CLM")
    assert np.isfinite(loaded.likelihood(windows(2))).all()


def test_no_repository_is_fetched_without_a_commit(monkeypatch):
    fetched = []
    monkeypatch.setattr(sources, "hub_snapshot", lambda name, **k: fetched.append(k["revision"]))
    with refused("write owner/name@<commit>"):
        hub.load("owner/name", download=True)
    with refused("no model 'owner/name@abc'"):
        hub.load("owner/name@abc", download=True)
    assert fetched == ["abc"]


def test_kmers_in_the_files_and_classes_of_nucleotide_transformer_are_read(tmp_path):
    special = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>"]
    words = [*special, *map("".join, product("ATCG", repeat=3)), *"ATCGN"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    given = {"tokenizer_class": "EsmTokenizer", "eos_token": None}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(given))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"pad_token_id": 1, "mask_token_id": 2, "vocab_size": len(words)}
    EsmForMaskedLM(EsmConfig(**sizes, **ids)).save_pretrained(tmp_path)
    m, w = hub.load(tmp_path), windows(1)
    expected = [words.index(codes.decode(word)) for word in w[0].reshape(-1, 3)]
    assert m._tokens(w)[0].tolist() == [words.index("<cls>"), *expected]


def test_models_that_are_no_dna_models_are_named(tmp_path):
    folder = checkpoint(tmp_path, "bert-kmer")
    with refused("multiple of 3 bases, at most 378, not 47"):
        hub.load(folder).conditionals(windows(1, 47))
    text = (folder / "tokenizer.json").read_text()
    for change, sentence in (
        (('"TTG"', '"XXX"'), "its tokens do not spell the sequence"),
        (('"ACA"', '"XXX"'), "its vocabulary lacks 'ACA'"),
    ):
        (folder / "tokenizer.json").write_text(text.replace(*change))
        with refused(sentence):
            hub.load(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "vocab_size": "x"}))
    with refused("no masked or causal language model can be loaded"):
        hub.load(folder)
    with refused("is here; put its files into a folder"):
        hub.load("nobody/no-such-model-anywhere")
