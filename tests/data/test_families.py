"""Stems and families of made-up genes, and families of the official table."""

import os

import pytest
from helpers import refused

from genebench.core import specs
from genebench.data import families, genes
from genebench.data.families import stem


def test_stem_is_the_letters_before_the_first_digit_or_the_whole_name_of_a_place():
    symbols = "KRT18 HOXA13 SLC25A4 HLA-B MYC AP2M1 LOXL2".split()
    alone = "RP11-34P13.7 AC012345.1 C9orf72 LINC00115 LOC100133331 KIAA0319 F2 T 7SK -".split()
    expected = [*"KRT HOXA SLC HLA MYC AP LOXL".split(), *alone]
    assert families.stems(symbols + alone) == expected


def test_family_is_a_gene_group_of_the_stem_or_the_stem(declared):
    # KINA1 is in 7 rather than 9, which is smaller; OLDK1 is its older name; 471 is loose;
    # KINA99 is unknown, by its stem
    expected = dict(KINA1="7", OLDK1="7", kina2="7", TWINA="600", KINA99="7")
    groups = [f"group {group}" for group in expected.values()]
    names = [*expected, "LONE1", "NOBODY7"]
    assert families.families(names, declared) == [*groups, "LONE", "NOBODY"]


@pytest.mark.mirror
def test_official_families_are_as_described():
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("the table of HGNC is not at hand; set GENEBENCH_MIRROR")
    declared = specs.declared().sources
    table = genes.resolver(declared).genes
    coding = table.index[table.coding]
    family = dict(zip(coding, families.families(coding, declared)))
    assert len(set(family.values())) == 3548
    assert len({*zip(map(stem, coding), family.values())}) == len(set(map(stem, coding)))
    assert family["HBB"] == family["HBA1"] != family["TP53"] == family["TP63"]


def test_unknown_rule_is_an_error_with_the_nearest():
    with refused("unknown rule for families 'hgcn'; did you mean 'hgnc'"):
        families.families(["A"], {}, by="hgcn")
