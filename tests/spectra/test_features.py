"""Features counted by hand."""

import numpy as np
import pytest

from genebench.spectra import features


def test_words_are_shares():
    row = features.words(("ACAX", "A"), 2)
    assert row.shape == (2, 20 + 400 + 1)
    assert row[0, 0] == pytest.approx(2 / 3) and row[0, :20].sum() == pytest.approx(1)
    assert row[0, 20 + 1] == pytest.approx(0.5) and row[0, 20 + 20] == pytest.approx(0.5)
    assert row[1, 20:420].sum() == 0 and row[0, -1] == pytest.approx(np.log(4))
