"""Gene symbols and their stems; families, chromosomes and protein-coding genes of made-up tables."""

from __future__ import annotations

import pytest
from test_resolver import made_up

from genebench import genes
from genebench.errors import BadInput
from genebench.genes import stem, stems


@pytest.fixture(scope="module")
def known():
    """The resolver of the made-up tables."""
    return made_up()


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


# --- families, chromosomes and protein-coding genes -------------------------------------------------------------------


def test_a_family_is_the_first_gene_group_or_else_the_stem(known):
    symbols = ["KINA1", "KINA2", "LONE1", "KINA2"]
    assert genes.families(symbols, known=known) == ["group 7", "group 7", "LONE", "group 7"]


def test_groups_of_surface_markers_and_host_genes_are_passed_over(known):
    assert genes.families(["TWINA", "TWINB"], known=known) == ["group 600", "TWINB"]


def test_a_family_by_stem_needs_no_table():
    assert genes.families(["KRT5", "TP53"], by="stem") == ["KRT", "TP"]


def test_a_symbol_that_is_not_known_falls_back_to_its_stem(known):
    assert genes.families(["NOBODY7"], known=known) == ["NOBODY"]
    assert genes.chromosome(["NOBODY7"], known=known).tolist() == [""]
    assert genes.protein_coding(["NOBODY7"], known=known).tolist() == [False]


def test_an_unknown_rule_for_families_is_told_with_the_nearest():
    with pytest.raises(BadInput, match="unknown rule for families 'hgcn'; did you mean 'hgnc'"):
        genes.families(["A"], by="hgcn")


def test_a_chromosome_is_read_from_the_location_or_from_ensembl(known):
    expected = {
        "KINA1": "19",
        "KINA2": "X",
        "LONE1": "X",  # on X and Y
        "CO9orf1": "MT",
        "TWINA": "22",  # unplaced
        "TWINB": "",  # neither table knows, and a haplotype does not count
        "DECA1": "6",  # Ensembl
    }
    assert genes.chromosome(expected, known=known).tolist() == list(expected.values())


def test_only_what_hgnc_calls_protein_coding_is(known):
    assert genes.protein_coding(["KINA1", "TWINB", "KINA1"], known=known).tolist() == [True, False, True]


def test_nothing_asked_is_nothing_told(known):
    assert genes.families([], known=known) == []
    assert genes.chromosome([], known=known).shape == genes.protein_coding([], known=known).shape == (0,)
