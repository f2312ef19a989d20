"""Names that tasks are built with."""

from __future__ import annotations

import numpy as np
import pytest

from genebench.data.labels import Declaration


@pytest.mark.parametrize(
    "ids, names, symbols",
    [
        ("symbol", ["TP53", "1-Sep", "kina2"], ["TP53", "", "kina2"]),
        ("symbol", ["AFAP1 ", " TP53", "\tTP53"], ["AFAP1", "TP53", "TP53"]),
        ("approved", ["KINA2", "OLDK1", "SINGLE", "NICK", "kina2"], ["KINA2", "KINA1", "", "", ""]),
        ("entrez", ["14", "99", "14"], ["CO9orf1", "", "CO9orf1"]),
    ],
)
def test_identifiers_are_read_as_symbols(declared, ids, names, symbols):
    assert Declaration(None, None, declared).symbols(np.array(names), ids).tolist() == symbols
