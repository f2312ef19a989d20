"""DNA encoders: promoter, coding sequence or body of a gene → the pooled hidden state of a genomic language model."""

from __future__ import annotations

import numpy as np

from ..core import specs
from ..core.specs import ModelSpec
from ..data import genome, sources
from . import hub, ids, weights


def dna(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str = "genome",
    region: str = "promoter",
    cut: dict[str, int] | None = None,
    both_strands: bool = True,
    lower: bool = False,
    layer: int = -1,
    module: str | None = None,
) -> hub.Sequences:
    """Mean over the tokens of a gene's DNA, read along its strand and, with ``both_strands``, also against it.

    ``source`` has the genome, ``file`` (FASTA), and its ``genes`` (GTF); ``region`` and ``cut`` (``upstream``,
    ``downstream``, ``longest``) are told to ``genome.regions``.
    The two strands count alike, so that a sequence and its reverse complement have the same vector. What is longer
    than the context is read in overlapping windows. ``lower``: whether the tokenizer wants small letters.

    Raises: BadInput: unknown region. sources.Missing: genome, genes or weights are nowhere to be had.
    """
    folder = weights.locate(spec)
    held = specs.source(source)
    parts = genome.regions(sources.table(held, "genes"), region, **(cut or {}))
    has, row = ids.match(genes, parts.gene, kind="symbol")
    found = genome.extract(sources.locate(held, file), parts.iloc[row])
    there = np.flatnonzero([s != "" for s in found])
    texts = [found[i] for i in there]
    owner = np.arange(len(texts))
    if both_strands:
        texts, owner = [*texts, *map(genome.reverse_complement, texts)], np.tile(owner, 2)
    texts = [text.lower() for text in texts] if lower else texts
    return hub.sequences(
        spec,
        folder,
        np.asarray(genes)[has[there]],
        texts,
        owner=owner,
        specials=False,
        windows=True,
        layer=layer,
        module=module,
    )


ENCODERS = {"dna": dna}
