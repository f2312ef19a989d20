"""Match the genes of a run with the rows of an input through the offline resolver."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..core.specs import Declarations
from ..data import genes as resolution
from ..data.genes import Resolver
from . import Embedding


def resolver(declared: Declarations) -> Resolver:
    """Load the resolver of gene ids.

    Parameters
    ----------
    declared : Declarations
        HGNC and Ensembl are read.

    Returns
    -------
    Resolver

    Raises
    ------
    sources.Missing
        The table of HGNC is not available.
    """
    return resolution.resolver()


def canonical(ids: Iterable, *, resolver: Resolver, kind: str | None = None) -> np.ndarray:
    """Bring ids to one name a gene.

    Parameters
    ----------
    ids : iterable of str, length n
    resolver : Resolver
    kind : str, optional
        Kind of identifier (``genes.KINDS``); None: guessed from how the ids look.

    Returns
    -------
    ndarray of str, shape (n,)
        Approved symbol; an id that HGNC does not know as it is; empty where the id is ambiguous.

    Raises
    ------
    BadInput
        Unknown kind.
    """
    return _names(resolver.resolve(ids, kind=kind))


def match(
    genes: np.ndarray, ids: Iterable, *, resolver: Resolver, kind: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find which genes an input has, and in which row.

    Two genes of the run may be one gene under two names and then share a row. Of two ids of one
    gene the one that the resolver keeps is taken.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
    ids : iterable of str
        Ids of the input, one a row.
    resolver, kind
        As in ``canonical``.

    Returns
    -------
    genes_at : ndarray of int64, shape (m,)
        Indices into ``genes``, ascending.
    row : ndarray of int64, shape (m,)
        Row of each in the input.
    """
    resolved = resolver.resolve(ids, kind=kind)
    order = np.argsort(resolved.status == "duplicate", kind="stable")
    row = pd.Series(order, index=_names(resolved)[order], dtype=np.int64)
    row = row[(row.index != "") & ~row.index.duplicated()]
    row = row.reindex(canonical(genes, resolver=resolver), fill_value=-1).to_numpy()
    genes_at = np.flatnonzero(row >= 0)
    return genes_at, row[genes_at]


def rows_of(
    genes: np.ndarray,
    ids: Iterable,
    vectors: np.ndarray,
    declared: Declarations,
    *,
    kind: str | None = None,
) -> Embedding:
    """Take the vectors of the genes that an input has.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
    ids : iterable of str, length n
        Ids of the input, one a row.
    vectors : ndarray, shape (n, d)
    declared : Declarations
    kind : str, optional
        As in ``canonical``.

    Returns
    -------
    Embedding
    """
    genes_at, row = match(genes, ids, resolver=resolver(declared), kind=kind)
    return Embedding(genes[genes_at], np.ascontiguousarray(vectors[row], dtype=np.float32))


def _names(resolved):
    unknown = np.isin(resolved.status, ("unknown", "withdrawn")) & (resolved.symbol == "")
    return np.where(unknown, resolved.ids, resolved.symbol)
