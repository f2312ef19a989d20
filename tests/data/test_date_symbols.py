"""Dates that were gene symbols."""

from __future__ import annotations

import pytest

from genebench.data import date_symbols


@pytest.mark.parametrize(
    "date, symbols",
    [
        ("9-SEP", {"SEPT9", "SEP9"}),
        ("1-MAR", {"MARCH1", "MARC1", "MAR1"}),
        ("1-DEC", {"DEC1"}),
        ("4-OCT", {"OCT4", "OCT-4"}),
    ],
)
def test_symbols_that_excel_changes_are_those_of_the_literature(date, symbols):
    assert symbols <= set(date_symbols.symbols_of_date(date))


@pytest.mark.parametrize("text", ["HLA-B", "TP53", "NKX2-1", "2023-13-01", "MAR", "", "1-00-23"])
def test_other_texts_are_no_dates(text):
    assert date_symbols.symbols_of_date(text) == [] and not date_symbols.spoiled([text])[0]
