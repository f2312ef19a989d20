"""Models: entities → vectors. One file per family; ``ENCODERS`` names what ``data/models.yml`` may ask for.

An encoder takes a model's declaration and gene symbols, and returns either an ``Embedding`` or, for a neural network,
``Sequences`` that ``genebench.models.inference`` runs. Vectors are made only for genes that can be embedded, never invented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core import specs
from ..core.errors import unknown
from ..core.specs import ModelSpec
from ..data import sources


@dataclass(frozen=True, eq=False)
class Embedding:
    """Vectors of the entities that a model can embed.

    Attributes:
        entities: gene symbols, sorted, (m,).
        vectors: float32, (m, d), finite.
    """

    entities: np.ndarray
    vectors: np.ndarray

    def rows(self, entities: np.ndarray) -> np.ndarray:
        """Row of each entity, (n,) int64, −1 where the model has no vector for it."""
        if len(self.entities) == 0:
            return np.full(len(entities), -1)
        at = np.searchsorted(self.entities, entities).clip(max=len(self.entities) - 1)
        return np.where(self.entities[at] == entities, at, -1)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Work for the inference loop: token ids, whose they are, and how to turn a padded batch into vectors.

    Attributes:
        entities: (n,). tokens: lists of ids, m in all. pad: the padding id.
        forward: called once as ``forward(device)``; returns a function (ids, mask) → (batch, d) tensor, and with
            ``spans`` (ids, mask, counted). Where that function has ``masks = False``, it cannot tell padding and is
            given batches of one length only.
        owner: row of ``entities`` that each list of tokens belongs to, (m,); None: one each, in order. The vector of
            an entity is the mean over its lists, weighted by how many of their tokens count.
        spans: (start, stop) of the tokens that count in a mean, one per list; None: all.
        unit: whether the vectors of entities are scaled to length 1. dtype: number format of the network's arithmetic.
    """

    entities: np.ndarray
    tokens: list[list[int]]
    pad: int
    forward: Callable
    owner: np.ndarray | None = None
    spans: list[tuple[int, int]] | None = None
    unit: bool = False
    dtype: str = "float32"


def _families() -> tuple:
    from . import (
        baseline,
        checkpoint,
        composition,
        control,
        derived,
        dna,
        expression,
        network,
        protein,
        text,
        words,
    )
    from . import table as tables

    first = (baseline, checkpoint, composition, control, derived, dna, expression, network, protein)
    return (*first, tables, text, words)


def inputs(spec: ModelSpec) -> dict[str, dict[str, str] | str]:
    """What a model reads that no declaration fixes: source → file → SHA-256 at hand, and the words that are masked.

    Sources are those under ``reads``, and the one of the option ``source`` where a file of it has no declared SHA-256.
    A file that is not to be had has an empty one. Empty for a model whose inputs are fixed by their declarations.
    """
    own = specs.source(spec.options["source"]) if spec.options.get("source") else None
    moving = own and any(f.sha256 is None for f in own.files.values())
    out: dict[str, dict[str, str] | str] = {}
    for source in (*([own] if moving else []), *map(specs.source, spec.reads)):
        names = (
            [spec.options["file"]]
            if source is own and "file" in spec.options
            else list(source.files)
        )
        out[source.id] = {name: _at_hand(source, name) for name in names}
    if spec.options.get("labels_of"):
        from .recipes import label_words

        words = "\n".join(label_words(tuple(spec.options["labels_of"])))
        out["masked"] = hashlib.sha256(words.encode()).hexdigest()[:16]
    return out


def _at_hand(source: specs.SourceSpec, name: str) -> str:
    try:
        return sources.digest(sources.locate(source, name, download=False))
    except sources.Missing:
        return ""


def encoder(spec: ModelSpec) -> Callable[..., Embedding | Sequences]:
    """The encoder that a model names. Raises: BadInput: unknown encoder."""
    known = {name: make for family in _families() for name, make in family.ENCODERS.items()}
    if spec.encoder not in known:
        raise unknown("encoder", spec.encoder, known, where=f"model '{spec.name}'")
    return known[spec.encoder]
