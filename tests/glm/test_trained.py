"""Models over tokens: hidden states, k-mers, folders that are no model."""

import numpy as np
import pytest
import torch

from genebench.core.errors import BadInput
from genebench.glm import hub, train
from genebench.glm.codes import Sequence
from tests.glm.tiny import GENOME, KMERS, model, small, windows


@pytest.mark.parametrize("given", [{}, {"objective": "masked", **KMERS}])
def test_all_layers_of_one_pass_are_those_one_by_one(given):
    m, w = model(**given), windows(3, 30)
    w[0, 5] = 4
    layers = m.states(w)
    assert len(layers) == m.layers
    for layer, states in enumerate(layers):
        np.testing.assert_allclose(states, m.hidden(w, layer), atol=1e-6)
    np.testing.assert_allclose(layers[-1], m.hidden(w), atol=1e-6)


def test_a_kmer_model_is_conditioned_as_enumeration_says():
    """Independent truth: all 64 tokens, the base at place 1 of the k-mer given the other two."""
    m, w = model(objective="masked", **KMERS), windows(2, 24)
    ids = m.tokens.encode(w)
    ids[:, 2] = m.tokens.mask
    with torch.inference_mode():
        p = torch.softmax(m.network(torch.from_numpy(ids))[0][:, 2].double(), -1).numpy()
    for row in range(2):
        hand = np.array([p[row, 16 * w[row, 6] + 4 * b + w[row, 8]] for b in range(4)])
        assert np.allclose(np.exp(m.at(w, np.array([7, 7]))[row]), hand / hand.sum(), atol=1e-5)


def test_broken_and_foreign_models_are_named(tmp_path):
    with pytest.raises(BadInput, match="no model 'nothing'"):
        hub.load("nothing")
    folder = train.train([Sequence("a", GENOME)], small(), tmp_path / "m")
    with pytest.raises(BadInput, match="layers 0 to 2, not 7"):
        hub.load(folder).hidden(windows(1), 7)
    with pytest.raises(BadInput, match="has no left side alone"):
        model(objective="masked").left(windows(1))
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(BadInput, match="SHA-256 differs"):
        hub.load(folder)
    weights.unlink()
    with pytest.raises(BadInput, match="a recipe but no weights.safetensors"):
        hub.load(folder)
    (folder / "recipe.json").write_text("{")
    with pytest.raises(BadInput, match="no readable recipe"):
        hub.load(folder)
