"""Stems and families of made-up genes, and families of the official table."""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import families, genes, sources
from genebench.data.families import stem, stems


@pytest.mark.parametrize(
    "symbol, expected",
    [
        ("KRT18", "KRT"),
        ("HOXA13", "HOXA"),
        ("SLC25A4", "SLC"),
        ("HLA-B", "HLA"),
        ("MYC", "MYC"),
        ("ACTB", "ACTB"),
        ("AP2M1", "AP"),
        ("LOXL2", "LOXL"),
    ],
)
def test_stem_is_the_letters_before_the_first_digit(symbol, expected):
    assert stem(symbol) == expected


@pytest.mark.parametrize(
    "symbol",
    "RP11-34P13.7 AC012345.1 AL627309 C9orf72 CXorf38 LINC00115 LOC100133331 KIAA0319 CTD-201A1.1 "
    "F2 T 7SK -".split(),
)
def test_names_of_places_and_short_symbols_are_their_own_stem(symbol):
    assert stem(symbol) == symbol


def test_family_is_a_gene_group_of_the_stem_or_the_stem(declared):
    expected = {
        "KINA1": "group 7",  # rather than 9, which is smaller
        "LONE1": "LONE",
        "TWINA": "group 600",  # 471 and 1691 are loose
        "OLDK1": "group 7",  # an older name of KINA1
        "kina2": "group 7",
        "NOBODY7": "NOBODY",
        "KINA99": "group 7",  # unknown, by its stem
    }
    assert families.families(expected, declared) == list(expected.values())
    assert families.families([], declared) == []


def test_families_by_stem_need_no_table():
    assert families.families(["KRT5", "TP53", "KRT1"], {}, by="stem") == ["KRT", "TP", "KRT"]


def test_unknown_rule_is_an_error_with_the_nearest():
    with pytest.raises(BadInput, match="unknown rule for families 'hgcn'; did you mean 'hgnc'"):
        families.families(["A"], {}, by="hgcn")


def pairs(sizes) -> int:
    """Number of pairs within groups of these sizes."""
    return sum(n * (n - 1) // 2 for n in sizes)


@pytest.mark.mirror
def test_official_families_have_all_pairs_of_a_stem_and_most_of_a_group():
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("the table of HGNC is not at hand; set GENEBENCH_MIRROR")
    declared = specs.sources()
    with sources.only_at_hand():
        table = genes.resolver(declared).genes
        coding = table[table.coding].groups.str.split("|")
        family = dict(zip(coding.index, families.families(coding.index, declared)))
        universe = genes.paper_universe(declared)
        assert 1_000 < len(set(families.families(universe, declared))) < len(set(stems(universe)))
    by_stem, by_group = defaultdict(set), defaultdict(list)
    for symbol, groups in coding.items():
        by_stem[stem(symbol)].add(family[symbol])
        for group in set(groups) - {"", *families.LOOSE_GROUPS}:
            by_group[group].append(family[symbol])
    assert all(len(names) == 1 for names in by_stem.values())
    within = [n for names in by_group.values() for n in Counter(names).values()]
    assert 0.84 < pairs(within) / pairs(map(len, by_group.values())) < 0.86
    sizes = Counter(family.values())
    assert 3_000 < len(sizes) < 4_000 and sizes.most_common(1)[0] == ("group 28", 896)
    assert family["HBB"] == family["HBA1"] != family["TP53"] == family["TP63"]
