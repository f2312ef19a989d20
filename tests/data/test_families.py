"""Stems and families of made-up genes, and families of the official table."""

import os
from collections import Counter

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


@pytest.mark.mirror
def test_official_families_are_as_described():
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("the table of HGNC is not at hand; set GENEBENCH_MIRROR")
    declared = specs.declared().sources
    table = genes.resolver(declared).genes
    coding = table.index[table.coding]
    family = dict(zip(coding, families.families(coding, declared)))
    sizes = Counter(family.values())
    assert len(sizes) == 3548 and sizes.most_common(1)[0] == ("group 28", 896)
    assert len({*zip(map(stem, coding), family.values())}) == len(set(map(stem, coding)))
    assert family["HBB"] == family["HBA1"] != family["TP53"] == family["TP63"]


def test_unknown_rule_is_an_error_with_the_nearest():
    with refused("unknown rule for families 'hgcn'; did you mean 'hgnc'"):
        families.families(["A"], {}, by="hgcn")
