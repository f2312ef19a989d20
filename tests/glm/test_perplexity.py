"""Bits per base by choice of bases, and dependency maps."""

import numpy as np

from genebench.glm import codes, perplexity
from notebooks.studies.lib import tracks
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
