"""DNA as codes."""

import numpy as np

from genebench.glm import codes


def test_codes_decode_and_reverse_complement():
    assert codes.decode(codes.encode("ACGTNacgtnRYU")) == "ACGTNACGTNNNT"
    assert codes.decode(codes.reverse_complement(codes.encode("AACGTN"))) == "NACGTT"
    assert codes.lower("AcgT").tolist() == [False, True, True, False]
    assert codes.kmers(codes.encode("ACGTN"), 2).tolist() == [1, 6, 11, -1]
    cut = codes.windows(codes.encode("ACGT"), np.array([-2, 2]), 4)
    assert codes.decode(cut.ravel()) == "NNACGTNN"
