"""Gene families: what must not be on both sides of a split. By the symbol's letters, and by HGNC's gene groups."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from ..core.errors import unknown
from . import genes
from .genes import Resolver

STEM_VERSION = 1
FAMILY_VERSION = 1
"""Bump when ``families`` by ``hgnc`` gives other families for the same release of HGNC."""

RULES = {"hgnc": "HGNC gene groups and symbol stems", "stem": "symbol stems"}
"""How genes are gathered into families → in words."""

_OWN = re.compile(
    r"^((RP|CTD|CTC|CTA|CTB)\d*-|(AC|AL|AP|AF)\d{5,}|LINC\d|LOC\d|KIAA\d|C(\d+|X|Y)orf\d)"
)
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_LOOSE_GROUPS = {
    *("471", "454", "870"),  # CD molecules, blood group antigens, minor histocompatibility antigens
    *("1691", "1835"),  # host genes of microRNAs and of small nucleolar RNAs
    *(
        "694",
        "542",
        "645",
        "1902",
        "2258",
        "2293",
    ),  # PP1 regulators, ligands, assembly factors, neuropeptides, …
}
"""Large groups of what is found on a cell, inside a gene or in a role, and not of one descent or domain."""


def stem(symbol: str) -> str:
    """The letters before the first digit of a gene symbol, which paralogues mostly share.

    ``KRT18`` → ``KRT``, ``HOXA13`` → ``HOXA``, ``SLC25A4`` → ``SLC``, ``HLA-B`` → ``HLA``. Symbols whose letters say
    where a gene lies and not what it is (clones such as ``RP11-…``, ``C9orf72``, ``LINC…``) and symbols that do not
    begin with two letters are their own stem. A crude proxy of the gene family, for where curated gene groups are not
    at hand: unrelated genes can share a stem, and paralogues can differ in theirs.
    """
    if _OWN.match(symbol):
        return symbol
    found = _LETTERS.match(symbol)
    return found.group() if found else symbol


def stems(symbols: Iterable[str]) -> list[str]:
    """``stem`` of each symbol, in order."""
    return [stem(s) for s in symbols]


def families(
    symbols: Iterable[str], *, by: str = "hgnc", known: Resolver | None = None
) -> list[str]:
    """The family of each symbol, in order: what must not be on both sides of a split.

    ``stem`` is ``stem(symbol)``. ``hgnc`` joins stems that share a HGNC gene group: the genes of one stem (of the
    approved symbol, where the one given is an older or another name) go whole to one group, called ``group <id>``; a
    stem without a group is a family by itself. A dozen groups that are not of one descent or domain do not count.

    A stem whose genes are in several groups goes to *one* of them: that with the largest product of its size and the
    number of the stem's genes in it, counted over protein-coding genes (of equals the lower id). To follow every group
    (the transitive closure) would chain most of the genome into one family: of the 19,290 protein-coding genes of
    2024-10-18, 8,647 by groups alone and 11,596 by groups and stems. As it is there are 3,548 families, the largest
    of 896 genes (zinc fingers, 4.6 %); every pair of genes of one stem is in one family, and so are 85 % of the pairs
    of genes of one group (by the first group that each gene lists: 83 %, and 55 % of the pairs of one stem).
    So the split is stricter than that by stems, but a relative by a second group can still be on the other side.

    Raises: BadInput: another rule. sources.Missing: ``hgnc`` without its table.
    """
    symbols = list(symbols)
    if by not in RULES:
        raise unknown("rule for families", by, RULES)
    if by == "stem":
        return stems(symbols)
    known = known or genes.resolver()
    home, found = _homes(known), stems(genes.approved(symbols, known=known).tolist())
    return [f"group {home[s]}" if s in home else s for s in found]


@lru_cache(maxsize=2)
def _homes(known: Resolver) -> dict[str, str]:
    """The one gene group that each stem goes to, for the stems that have one."""
    coding = known.genes[known.genes.coding]
    groups = [
        [g for g in held.split("|") if g and g not in _LOOSE_GROUPS] for held in coding.groups
    ]
    size = Counter(g for held in groups for g in held)
    shared: dict[str, Counter] = defaultdict(Counter)
    for symbol, held in zip(coding.index, groups):
        shared[stem(symbol)].update(held)
    return {s: min(c, key=lambda g: (-c[g] * size[g], int(g))) for s, c in shared.items() if c}
