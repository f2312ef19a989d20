"""Dates that were gene symbols."""

import pytest

from genebench.data import date_symbols


@pytest.mark.parametrize("text", ["HLA-B", "TP53", "NKX2-1", "2023-13-01", "MAR", "", "1-00-23"])
def test_other_texts_are_no_dates(text):
    assert date_symbols.symbols_of_date(text) == [] and not date_symbols.spoiled([text])[0]
