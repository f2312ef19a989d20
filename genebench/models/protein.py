"""Protein encoders: the amino-acid sequence of a gene's protein → the pooled hidden state of a protein model."""

from __future__ import annotations

import re

import numpy as np

from ..core import specs
from ..core.errors import unknown
from ..core.specs import ModelSpec
from ..data import sources
from . import hub, ids, weights

WRITTEN = {
    "joined": lambda sequence: sequence,
    "spaced": lambda sequence: " ".join(re.sub("[UZOB]", "X", sequence)),
    "words": lambda sequence: list(sequence),
}
"""How a tokenizer wants residues: as one word (ESM), one by one with rare ones as X (ProtT5), or as words (Ankh)."""


def protein(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    written: str = "joined",
    layer: int = -1,
) -> hub.Sequences:
    """Mean over the residues of each gene's protein; longer ones in overlapping windows, each residue counted once.

    ``source`` and ``file`` name a FASTA file with one sequence per gene; its ids are UniProt accessions
    (``sp|P12345|…`` or bare). Of two sequences of one gene the first is taken. ``written`` is a key of ``WRITTEN``.

    Raises: BadInput: unknown way of writing. sources.Missing: sequences or weights are nowhere to be had.
    """
    if written not in WRITTEN:
        raise unknown("way of writing residues", written, WRITTEN, where=f"model '{spec.name}'")
    folder = weights.locate(spec)
    held = sources.table(specs.source(source), file)
    accession = [i.split("|")[1] if i.count("|") == 2 else i for i in held.id]
    has, row = ids.match(genes, accession, kind="uniprot")
    texts = [WRITTEN[written](sequence) for sequence in held.sequence.to_numpy(object)[row]]
    return hub.sequences(
        spec, folder, np.asarray(genes)[has], texts, specials=False, windows=True, layer=layer
    )


ENCODERS = {"protein": protein}
