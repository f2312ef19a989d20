"""What an encoder reads, and how the ids of a file are matched with the genes of a run."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from ..core.specs import Declarations, ModelSpec, SourceSpec
from ..data import genes, sources
from . import Embedding, Sequences, encoder


@dataclass(frozen=True, eq=False)
class Inputs:
    """What an encoder reads.

    Attributes
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
        The universe, sorted.
    declared : Declarations
    parts : tuple of Embedding
        Vectors of the models that the option ``of`` names.
    """

    spec: ModelSpec
    genes: np.ndarray
    declared: Declarations
    parts: tuple[Embedding, ...] = ()

    @property
    def source(self) -> SourceSpec:
        """Source that the option ``source`` names."""
        return self.declared.source(self.spec.options["source"])

    def table(self) -> pd.DataFrame:
        """Read the file of the source that the option ``file`` names."""
        return sources.table(self.source, self.spec.options["file"])

    def canonical(self, ids, *, kind=None):
        """Bring ids to one name a gene.

        Parameters
        ----------
        ids : iterable of str, length n
        kind : str, optional
            Kind of identifier (``identifiers.KINDS``); None: guessed from how the ids look.

        Returns
        -------
        names, status : ndarray of str, shape (n,)
            Approved symbol; an id that HGNC does not know as it is; empty where it is ambiguous.
            And what the resolver says of the id.
        """
        found = genes.resolver(self.declared.sources).resolve(ids, kind=kind)
        unknown = np.isin(found.status, ("unknown", "withdrawn"))
        return np.where(unknown, found.ids, found.symbol), found.status

    def match(self, ids, *, kind=None):
        """Find which genes a table has, and in which row.

        Two genes of the run may be one gene under two names and then share a row. Of two ids of one
        gene the one that the resolver keeps is taken.

        Parameters
        ----------
        ids : iterable of str
            Ids of the table, one a row.
        kind : str, optional
            As in ``canonical``.

        Returns
        -------
        genes_at, row : ndarray of int64, shape (m,)
            Indices into ``genes``, ascending, and the row of each in the table.
        """
        names, status = self.canonical(ids, kind=kind)
        order = np.argsort(status == "duplicate", kind="stable")
        row = pd.Series(order, index=names[order], dtype=np.int64)
        row = row[(row.index != "") & ~row.index.duplicated()]
        row = row.reindex(self.canonical(self.genes)[0], fill_value=-1).to_numpy()
        return np.flatnonzero(row >= 0), row[row >= 0]

    def rows(self, ids, vectors, *, kind=None, resolve=True):
        """Take the vectors of the genes that a table has.

        Parameters
        ----------
        ids : iterable of str, length n
            Ids of the table, one a row.
        vectors : ndarray, shape (n, d)
        kind : str, optional
            Kind of identifier, as in ``canonical``.
        resolve : bool
            False: the ids are, each once, names of genes as the run writes them.

        Returns
        -------
        Embedding
        """
        if resolve:
            genes_at, row = self.match(ids, kind=kind)
        else:
            row = pd.Index(ids).get_indexer(self.genes)
            genes_at, row = np.flatnonzero(row >= 0), row[row >= 0]
        return Embedding(self.genes[genes_at], np.ascontiguousarray(vectors[row]))


def encode(inputs):
    """Run the encoder of a model.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    Embedding or Sequences
        Vectors in single precision; sequences of a neural network.
    """
    options = {k: v for k, v in inputs.spec.options.items() if k not in ("source", "file", "of")}
    where = f"model '{inputs.spec.name}'"
    try:
        result = encoder(inputs.spec)(inputs, **options)
    except TypeError as err:
        if "argument" not in str(err):
            raise
        fault = str(err).split("()", 1)[-1].strip()
        raise BadInput(f"{where}: {fault}; fix its 'options'.") from err
    except KeyError as err:
        raise BadInput(f"{where}: there is no column or key {err}; fix its 'options'.") from err
    if isinstance(result, Sequences):
        return result
    return Embedding(result.entities, np.asarray(result.vectors, dtype=np.float32))
