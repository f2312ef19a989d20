"""Gene symbols and their stems."""

from __future__ import annotations

import pytest

from genebench.genes import stem, stems


@pytest.mark.parametrize(
    "symbol, expected",
    [
        ("KRT18", "KRT"),
        ("HOXA13", "HOXA"),
        ("SLC25A4", "SLC"),
        ("HLA-B", "HLA"),
        ("TP53", "TP"),
        ("BRCA1", "BRCA"),
        ("MYC", "MYC"),
    ],
)
def test_paralogues_share_the_letters_before_the_first_digit(symbol, expected):
    assert stem(symbol) == expected


@pytest.mark.parametrize(
    "symbol",
    [
        "RP11-34P13.7",
        "AC012345.1",
        "AL627309",
        "C9orf72",
        "CXorf38",
        "C11orf95",
        "LINC00115",
        "LOC100133331",
        "KIAA0319",
        "CTD-201A1.1",
    ],
)
def test_symbols_that_say_where_a_gene_lies_are_their_own_stem(symbol):
    assert stem(symbol) == symbol


@pytest.mark.parametrize("symbol", ["F2", "T", "7SK", "", "-"])
def test_symbols_that_do_not_begin_with_two_letters_are_their_own_stem(symbol):
    assert stem(symbol) == symbol


@pytest.mark.parametrize(
    "symbol, expected",
    [("ACTB", "ACTB"), ("ALB", "ALB"), ("AP2M1", "AP"), ("LOXL2", "LOXL")],
)
def test_ordinary_genes_that_look_like_clones_keep_their_family(symbol, expected):
    assert stem(symbol) == expected


def test_stems_keep_the_order_of_their_symbols():
    assert stems(["KRT5", "TP53", "KRT1"]) == ["KRT", "TP", "KRT"]
