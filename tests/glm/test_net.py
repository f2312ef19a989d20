"""Laws of the networks that hold before any training, and faults of recipes."""

import numpy as np
import pytest

from genebench.core.errors import BadInput
from genebench.glm import codes, net
from tests.glm.tiny import ARCHITECTURES, LENGTH, label, model, windows


@pytest.mark.parametrize("given", ARCHITECTURES, ids=label)
def test_conditionals_are_probabilities_that_do_not_look_at_the_base_itself(given):
    m, w = model(**given), windows()
    p = m.conditionals(w)
    assert p.shape == (3, LENGTH, 4) and p.dtype == np.float32
    assert np.abs(np.exp(p).sum(-1) - 1).max() < 1e-5
    alone = np.concatenate([m.conditionals(row[None]) for row in w])
    assert np.abs(alone - p).max() < 1e-5
    changed = w.copy()
    changed[:, 20] = (changed[:, 20] + 1) % 4
    moved = np.abs(p - m.conditionals(changed))
    assert moved[:, 20].max() < 2e-5  # a Fourier transform leaks its rounding
    assert moved[:, 21].max() > 1e-3
    left = moved[:, :20].max()
    assert (left < 2e-5) if given["objective"] == "causal" else (left > 1e-3)


@pytest.mark.parametrize("given", ARCHITECTURES[:6], ids=label)
def test_an_equivariant_network_treats_both_strands_alike(given):
    w = windows()
    other = np.ascontiguousarray(codes.reverse_complement(w))

    def difference(m):
        return np.abs(m.conditionals(w) - m.conditionals(other)[:, ::-1, ::-1]).max()

    assert difference(model(**given)) < 1e-4
    assert difference(model(**given, equivariant=False)) > 1e-2


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"widht": 3}, "unknown key 'widht'; did you mean 'width'"),
        ({"width": "wide"}, "key 'width': input should be a valid integer"),
        ({"tokens": "kmer"}, "take objective masked or causal"),
        ({"objective": "causal", "tokens": "bpe"}, "set equivariant: false"),
        ({"mixer": "attention", "width": 10}, "no multiple of twice the 4 heads"),
    ],
)
def test_a_wrong_recipe_is_answered_in_one_sentence(given, sentence):
    with pytest.raises(BadInput, match=sentence):
        net.recipe(given)
