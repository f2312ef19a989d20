"""Symbols and their stems; families of made-up tables, and of the official one by hand."""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest
from test_resolver import made_up

from genebench.core.errors import BadInput
from genebench.data import families, genes
from genebench.data.families import stem, stems


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


# --- families ---------------------------------------------------------------------------------------------------------


def test_a_family_is_the_gene_group_that_a_stem_shares_most_with_or_else_the_stem(known):
    symbols = ["KINA1", "KINA2", "LONE1", "KINA2"]
    assert families.families(symbols, known=known) == ["group 7", "group 7", "LONE", "group 7"]


def test_groups_of_surface_markers_and_host_genes_are_passed_over(known):
    assert families.families(["TWINA", "DECA1"], known=known) == ["group 600", "DECA"]


def test_an_older_name_is_in_the_family_of_its_gene(known):
    assert families.families(["OLDK1", "SINGLE", "kina2"], known=known) == [
        "group 7",
        "LONE",
        "group 7",
    ]


def test_a_family_by_stem_needs_no_table():
    assert families.families(["KRT5", "TP53"], by="stem") == ["KRT", "TP"]


def test_a_symbol_that_is_not_known_falls_back_to_its_stem(known):
    assert families.families(["NOBODY7", "KINA99"], known=known) == ["NOBODY", "group 7"]
    assert families.families([], known=known) == []


def test_an_unknown_rule_for_families_is_told_with_the_nearest():
    with pytest.raises(BadInput, match="unknown rule for families 'hgcn'; did you mean 'hgnc'"):
        families.families(["A"], by="hgcn")


# --- the official table -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coding():
    """Approved symbols of the protein-coding genes of HGNC, and their gene groups."""
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("the table of HGNC is not at hand; set GENEBENCH_MIRROR")
    held = genes.resolver().genes
    return held[held.coding].groups.str.split("|")


def pairs(sets):
    """Number of pairs of members within each of some sets, summed."""
    return sum(len(s) * (len(s) - 1) // 2 for s in sets)


def test_families_keep_every_pair_of_a_stem_and_most_pairs_of_a_group_and_none_is_a_giant(coding):
    symbols = coding.index.tolist()
    family = dict(zip(symbols, families.families(symbols)))
    by_stem, by_group = defaultdict(list), defaultdict(list)
    for symbol, groups in coding.items():
        by_stem[stem(symbol)].append(symbol)
        for group in set(groups) - {"", *families._LOOSE_GROUPS}:
            by_group[group].append(symbol)
    assert all(len({family[s] for s in members}) == 1 for members in by_stem.values())
    kept = [range(n) for m in by_group.values() for n in Counter(family[s] for s in m).values()]
    assert 0.84 < pairs(kept) / pairs(by_group.values()) < 0.86
    sizes = Counter(family.values())
    assert 3_000 < len(sizes) < 4_000 and sizes.most_common(1)[0] == ("group 28", 896)
    assert max(sizes.values()) < 0.05 * len(symbols)


def test_to_follow_every_group_would_chain_most_of_the_genome(coding):
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = [
        (s, g)
        for s, groups in coding.items()
        for g in (*(set(groups) - {"", *families._LOOSE_GROUPS}), stem(s))
    ]
    names = {
        name: i
        for i, name in enumerate(dict.fromkeys([s for s, _ in links] + [f"g{g}" for _, g in links]))
    }
    row, col = zip(*((names[s], names[f"g{g}"]) for s, g in links))
    _, part = connected_components(
        coo_matrix(([1] * len(row), (row, col)), shape=(len(names),) * 2), directed=False
    )
    assert max(Counter(part[: len(coding)].tolist()).values()) == 11_596


def test_families_gather_paralogues_that_their_stems_part(coding):
    family = families.families(["HBB", "HBA1", "KRT18", "KRT5", "TP53", "TP63"])
    assert family[0] == family[1] and family[4] == family[5] and family[0] != family[4]
    assert family[2] == family[3]
    universe = genes.paper_universe()
    by_group = families.families(universe)
    assert 1_000 < len(set(by_group)) < len(set(stems(universe)))
