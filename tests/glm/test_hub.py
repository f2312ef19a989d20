"""Models of Hugging Face: likelihoods, byte pairs, folders that are no DNA model."""

import json

import numpy as np
import pytest
import torch

from genebench.core.errors import BadInput
from genebench.glm import codes, hub, score
from tests.glm.tiny import checkpoint, windows


@pytest.mark.parametrize("kind", ["bert-bpe", "gpt2-bpe"])
def test_byte_pairs_are_scored_by_likelihood_and_refuse_single_bases(tmp_path, kind):
    m, w = hub.load(checkpoint(tmp_path, kind)), windows(4)
    p = np.array([9, 20, 21, 40])
    alt = (w[np.arange(4), p] + 1) % 4
    changed = codes.substituted(w, p, alt)
    scores = score.llr(m, w, p, alt, strands="given")
    assert np.allclose(scores, m.likelihood(changed) - m.likelihood(w), atol=1e-4)
    with pytest.raises(BadInput, match="score variants by likelihoods instead"):
        m.conditionals(w)
    with pytest.raises(BadInput, match="no state belongs to one base"):
        m.hidden(w)


def test_a_causal_likelihood_is_what_the_network_itself_says(tmp_path):
    """Independent truth: the loss that transformers computes."""
    m, w = hub.load(checkpoint(tmp_path, "gpt2")), windows(1)
    ids = m.tokenizer(codes.decode(w[0]), return_tensors="pt")["input_ids"]
    labels = ids.clone()
    labels[:, -1] = -100  # the token that ends
    with torch.inference_mode():
        loss = float(m.network(input_ids=ids, labels=labels).loss) * w.shape[1]
    assert np.isclose(m.likelihood(w)[0], -loss, atol=1e-3)


def test_models_that_are_no_dna_models_are_named(tmp_path):
    folder = checkpoint(tmp_path, "bert-kmer")
    with pytest.raises(BadInput, match="multiple of 3 bases, at most 378, not 47"):
        hub.load(folder).hidden(windows(1, 47))
    text = (folder / "tokenizer.json").read_text()
    for change, sentence in (
        (('"TTG"', '"XXX"'), "its tokens do not spell the sequence"),
        (('"ACA"', '"XXX"'), "its vocabulary lacks 'ACA'"),
    ):
        (folder / "tokenizer.json").write_text(text.replace(*change))
        with pytest.raises(BadInput, match=sentence):
            hub.load(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "vocab_size": "x"}))
    with pytest.raises(BadInput, match="no masked or causal language model can be loaded"):
        hub.load(folder)
    with pytest.raises(BadInput, match="is here; put its files into a folder"):
        hub.load("nobody/no-such-model-anywhere")
