"""Names that tasks are built with."""

import numpy as np
import pytest
from helpers import rows

from genebench.data import date_symbols
from genebench.data.labels import Declaration

IDS = rows("""
symbol   | TP53,1-Sep,kina2,AFAP1 ,\tTP53 | TP53,,kina2,AFAP1,TP53
approved | KINA2,OLDK1,SINGLE,NICK,kina2 | KINA2,KINA1,,,
entrez   | 14,99,14                      | CO9orf1,,CO9orf1
""")


@pytest.mark.parametrize("ids, names, symbols", IDS)
def test_identifiers_are_read_as_symbols(declared, ids, names, symbols):
    made = Declaration(None, None, declared).symbols(np.array(names.split(",")), ids)
    assert ",".join(made) == symbols


def test_other_texts_are_no_dates():
    texts = "HLA-B,TP53,NKX2-1,2023-13-01,MAR,,1-00-23".split(",")
    assert not date_symbols.spoiled(texts).any()
    assert not any(map(date_symbols.symbols_of_date, texts))
