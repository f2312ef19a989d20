"""Match the genes of a run with the rows of an input through the offline resolver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ..core.specs import Declarations, SourceSpec
from ..data import genes as resolution
from . import Embedding


def canonical(
    ids: Iterable, sources: Mapping[str, SourceSpec], *, kind: str | None = None
) -> np.ndarray:
    """Bring ids to one name a gene.

    Parameters
    ----------
    ids : iterable of str, length n
    sources : mapping of str to SourceSpec
        Declared sources, of which HGNC and Ensembl are read.
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
    sources.Missing
        The table of HGNC is not available.
    """
    return _names(_resolve(ids, sources, kind))


def match(
    genes: np.ndarray, ids: Iterable, sources: Mapping[str, SourceSpec], *, kind: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find which genes an input has, and in which row.

    Two genes of the run may be one gene under two names and then share a row. Of two ids of one
    gene the one that the resolver keeps is taken.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
    ids : iterable of str
        Ids of the input, one a row.
    sources, kind
        As in ``canonical``.

    Returns
    -------
    genes_at : ndarray of int64, shape (m,)
        Indices into ``genes``, ascending.
    row : ndarray of int64, shape (m,)
        Row of each in the input.
    """
    resolved = _resolve(ids, sources, kind)
    order = np.argsort(resolved.status == "duplicate", kind="stable")
    row = pd.Series(order, index=_names(resolved)[order], dtype=np.int64)
    row = row[(row.index != "") & ~row.index.duplicated()]
    row = row.reindex(canonical(genes, sources), fill_value=-1).to_numpy()
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
    genes_at, row = match(genes, ids, declared.sources, kind=kind)
    return Embedding(genes[genes_at], np.ascontiguousarray(vectors[row], dtype=np.float32))


def _resolve(ids, sources, kind):
    return resolution.resolver(sources).resolve(ids, kind=kind)


def _names(resolved):
    unknown = np.isin(resolved.status, ("unknown", "withdrawn")) & (resolved.symbol == "")
    return np.where(unknown, resolved.ids, resolved.symbol)
