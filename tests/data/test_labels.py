"""Names that tasks are built with."""

import numpy as np
import pytest

from genebench.data import date_symbols
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


@pytest.mark.parametrize("text", ["HLA-B", "TP53", "NKX2-1", "2023-13-01", "MAR", "", "1-00-23"])
def test_other_texts_are_no_dates(text):
    assert date_symbols.symbols_of_date(text) == [] and not date_symbols.spoiled([text])[0]
