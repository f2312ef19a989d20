"""Gene symbols and gene families. Ambiguity is listed, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable

STEM_VERSION = 1

_OWN = re.compile(r"^((RP|CTD|CTC|CTA|CTB)\d*-|(AC|AL|AP|AF)\d{5,}|LINC\d|LOC\d|KIAA\d|C(\d+|X|Y)orf\d)")
_LETTERS = re.compile(r"[A-Za-z]{2,}")


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
