"""Models: genes → vectors. One module a family of encoders.

An encoder is a function ``encode(inputs, **options)`` named in an entry of ``data/models.yml``; the
options are those of the entry, but ``source``, ``file`` and ``of``, which ``Inputs`` reads. It
returns an ``Embedding``, or ``Sequences`` for a neural network, which
``genebench.models.inference`` runs. A gene that cannot be embedded has no vector; none is invented.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pandas as pd

from ..core.errors import pick

_MODULES = {
    "baseline": "annotation_count constant coordinates ngrams oracle pair_degree random stem",
    "checkpoint": "checkpoint",
    "network": "degree netmf spectral",
    "reduction": "joined nmf pca reduced svd",
    "sequence": "composition dna protein splice",
    "table": "columns profile_svd stored vectors",
    "text": "bag_of_words text_length tfidf transformer",
    "unirep": "unirep",
}
ENCODERS = {name: module for module, names in _MODULES.items() for name in names.split()}
"""Name of each encoder → the module that defines the function of that name."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """Vectors of the entities that a model can embed.

    Attributes
    ----------
    entities : ndarray of str, shape (n_entities,)
        Gene symbols, sorted.
    vectors : ndarray of float32, shape (n_entities, d)
        One finite vector an entity.
    """

    entities: np.ndarray
    vectors: np.ndarray

    def rows(self, entities: np.ndarray) -> np.ndarray:
        """Find the row in ``vectors`` of each entity, (n,); −1 where the model has no vector."""
        return pd.Index(self.entities).get_indexer(entities)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Token sequences for the inference loop, and the network that turns them into vectors.

    Attributes
    ----------
    entities : ndarray of str, shape (n_entities,)
    tokens : list of list of int
        Token ids, one list a sequence.
    pad : int
        Id of the padding token.
    forward : callable
        ``forward(device)``, called once, loads the network and returns a function
        ``(ids, mask) -> (batch, d) tensor``, with ``spans`` ``(ids, mask, counted)``. A function
        whose attribute ``masks`` is False cannot tell padding and is given batches of one length.
    owner : ndarray of int, shape (n_sequences,), optional
        Row in ``entities`` that each sequence belongs to; None: one each, in order. The vector of
        an entity is the mean over its sequences, weighted by how many of their tokens count.
    spans : list of (start, stop), optional
        Tokens of each sequence that count in its mean; None: all.
    unit : bool
        Whether the vectors of sequences are scaled to length 1.
    dtype : {'float32', 'bfloat16'}
        Number format of the network's arithmetic.
    batch_tokens : int, optional
        Padded tokens of a batch; None: as the device needs (see ``batches.BUDGET``).
    """

    entities: np.ndarray
    tokens: list[list[int]]
    pad: int
    forward: Callable
    owner: np.ndarray | None = None
    spans: list[tuple[int, int]] | None = None
    unit: bool = False
    dtype: str = "float32"
    batch_tokens: int | None = None


def encoder_module(spec):
    """Name the module of the encoder that a model names, without importing it.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    str
    """
    return pick(ENCODERS, "encoder", spec.encoder, where=f"model '{spec.name}'")


def encoder(spec):
    """Look up the encoder that a model names.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    callable
    """
    return getattr(import_module(f".{encoder_module(spec)}", __name__), spec.encoder)
