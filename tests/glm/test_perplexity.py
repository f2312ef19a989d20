"""Bits per base by choice of bases, dependency maps, interpolated Markov models."""

import numpy as np
from glm import toys
from numpy.testing import assert_allclose

from genebench.glm import codes, perplexity
from notebooks.studies.lib import markov, tracks
from tests.glm.tiny import GENOME


def test_bits_are_split_by_repeat_and_region():
    class Even(codes.Nucleotides):
        context = 4

        def conditionals(self, windows):
            return np.full((*windows.shape, 4), np.log([0.97, 0.01, 0.01, 0.01]), np.float32)

    half = np.repeat(np.array([0, 1], np.uint8), 500)
    s = codes.Sequence("a", half, half == 0, half)
    table = perplexity.validate(Even(), [s], [], regions=("x", "y")).set_index("bases")
    known, other = -np.log2([0.97, 0.01])
    assert np.allclose(table.bits, [(known + other) / 2, other, (known + other) / 2, known, other])
    assert table.n.tolist() == [1000, 500, 1000, 500, 500]
    assert np.allclose(table.perplexity, 2**table.bits)


def test_a_dependency_map_shows_which_base_depends_on_which():
    """A model by hand: base i + 5 is the complement of base i, all else is even."""

    class Pairs(codes.Nucleotides):
        def conditionals(self, windows):
            out = np.full((*windows.shape, 4), 0.25, dtype=np.float32)
            out[:, 5:] = 0.1 / 3
            rows, columns = np.indices(windows[:, 5:].shape)
            out[rows, columns + 5, 3 - windows[:, :-5]] = 0.9
            return np.log(out)

    moved = tracks.dependency_map(Pairs(), GENOME[:60], 20, 40)
    i, j = np.indices(moved.shape)
    assert (moved[i - j == 5] > 4).all() and (moved[i - j != 5] < 1e-5).all()


def test_orders_are_counted_by_hand():
    fit = [codes.encode("ACACACAC")], [codes.encode("ACAC")]
    model = markov.fit(*fit, orders=[1], both_strands=False)[1]
    p = np.exp(model.conditionals(codes.encode("ACA")[None])[0])
    low, high = model.weights
    # the first base has no context and is not counted
    base = (np.array([3, 4, 0, 0]) + low * 0.25) / (7 + low)
    after_a = (np.array([0, 4, 0, 0]) + high * base) / (4 + high)
    assert_allclose(p[:2], [base, after_a], rtol=1e-5)


def test_the_two_sided_chain_is_the_exact_conditional_of_the_one_sided_one():
    fit = [toys.bases(5000)], [toys.bases(500)]
    left, both = (markov.fit(*fit, orders=[3], kind=k)[3] for k in ("causal", "chain"))
    window = toys.bases(12, seed=1)
    found = both.conditionals(window[None])[0]
    for i in (0, 5, 11):
        changed = codes.substituted([window] * 4, i, np.arange(4))
        total = codes.observed(left.conditionals(changed), changed).sum(1, dtype=float)
        assert_allclose(found[i], total - np.logaddexp.reduce(total), atol=1e-4)
