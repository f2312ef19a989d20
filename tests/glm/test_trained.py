"""Networks before any training, recipes, hidden states, k-mers, folders that are no model."""

import numpy as np
import pytest
import torch
from helpers import refused, rows
from numpy.testing import assert_allclose

from genebench.glm import codes, hub, net, train
from genebench.glm.codes import Sequence
from tests.glm.tiny import (
    ARCHITECTURES,
    GENOME,
    KMERS,
    LENGTH,
    label,
    model,
    recipes,
    small,
    windows,
)


@pytest.mark.parametrize("given", ARCHITECTURES, ids=label)
def test_conditionals_are_probabilities_that_do_not_look_at_the_base_itself(given):
    m, w = model(**given), windows()
    p = m.conditionals(w)
    assert p.shape == (3, LENGTH, 4) and p.dtype == np.float32
    assert_allclose(np.exp(p).sum(-1), 1, atol=1e-5)
    assert_allclose(m.conditionals(w[1:2])[0], p[1], atol=1e-5)
    changed = m.conditionals(codes.substituted(w, 20, (w[:, 20] + 1) % 4))
    moved = np.abs(p - changed).max((0, 2))
    assert moved[20] < 2e-5 and moved[21] > 1e-3  # a Fourier transform leaks its rounding
    left = moved[:20].max()
    assert (left < 2e-5) if given["objective"] == "causal" else (left > 1e-3)


@pytest.mark.parametrize("given", ARCHITECTURES[:6], ids=label)
def test_an_equivariant_network_treats_both_strands_alike(given):
    w = windows()
    for equivariant in (True, False):
        m = model(**given, equivariant=equivariant)
        other = m.conditionals(codes.reverse_complement(w))[:, ::-1, ::-1]
        assert np.allclose(m.conditionals(w), other, atol=1e-4) == equivariant


WRONG = """
widht: 3                       | unknown key 'widht'; did you mean 'width'
width: wide                    | key 'width': input should be a valid integer
tokens: kmer                   | take objective masked or causal
objective: causal, tokens: bpe | set equivariant: false
mixer: attention, width: 10    | no multiple of twice the 4 heads
"""


@pytest.mark.parametrize("given, sentence", rows(WRONG))
def test_a_wrong_recipe_is_answered_in_one_sentence(given, sentence):
    with refused(sentence):
        net.recipe(*recipes(given))


def test_a_kmer_model_is_conditioned_as_enumeration_says():
    """Independent truth: all 64 tokens, the base at place 1 of the k-mer given the other two."""
    m, w = model(objective="masked", **KMERS), windows(2, 24)
    ids = codes.substituted(m.tokens.encode(w), 2, m.tokens.mask)
    with torch.inference_mode():
        p = torch.softmax(m.network(torch.from_numpy(ids))[0][:, 2].double(), -1).numpy()
    for row, found in enumerate(np.exp(m.at(w, np.array([7, 7])))):
        hand = p[row].reshape(4, 4, 4)[w[row, 6], :, w[row, 8]]
        assert_allclose(found, hand / hand.sum(), atol=1e-5)


def test_broken_and_foreign_models_are_named(tmp_path):
    folder = train.train([Sequence("a", GENOME)], small(), tmp_path / "m")
    weights = folder / "weights.safetensors"
    content = weights.read_bytes()
    with refused("no model 'nothing'"):
        hub.load("nothing")
    with refused("layers 0 to 2, not 7"):
        hub.load(folder).pooled(windows(1), 7)
    for break_it, sentence in (
        (lambda: weights.write_bytes(content[:-1] + b"x"), "SHA-256 differs"),
        (weights.unlink, "a recipe but no weights.safetensors"),
        (lambda: (folder / "recipe.json").write_text("{"), "no readable recipe"),
    ):
        break_it()
        with refused(sentence):
            hub.load(folder)
