"""Interpolated Markov models against entropy, counts by hand and exact conditionals."""

import numpy as np
from glm import toys
from numpy.testing import assert_allclose

from genebench.glm import codes
from notebooks.studies.lib import markov


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
