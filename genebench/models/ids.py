"""Genes of a run and ids of an input, told to be the same by the offline resolver."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..core import specs
from ..data import genes as identifiers


def named(ids: Iterable, *, kind: str | None = None) -> np.ndarray:
    """One name for each id, (n,) text: the approved symbol, or an id that HGNC does not know as it stands.

    Empty where the id is ambiguous: whose it is is not guessed. ``kind`` is that of ``genes.Resolver.resolve``.
    Raises: BadInput: unknown kind. sources.Missing: the table of HGNC is nowhere to be had.
    """
    found = identifiers.resolver(specs.sources()).resolve(ids, kind=kind)
    own = np.isin(found.status, ("unknown", "withdrawn")) & (found.symbol == "")
    return np.where(own, found.ids, found.symbol)


def match(
    genes: np.ndarray, ids: Iterable, *, kind: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Which genes an input has, and where: indices into ``genes``, ascending, and into ``ids``, (m,) each.

    Two genes of the run may be one gene under two names and then share a row; of two ids of one gene the one that
    the resolver keeps is taken.
    """
    found = identifiers.resolver(specs.sources()).resolve(ids, kind=kind)
    names = named(ids, kind=kind)
    order = np.argsort(found.status == "duplicate", kind="stable")
    row: dict[str, int] = {}
    for i in order:
        row.setdefault(names[i], int(i))
    row.pop("", None)
    at = np.array([row.get(name, -1) for name in named(genes)], dtype=np.int64)
    has = np.flatnonzero(at >= 0)
    return has, at[has]
