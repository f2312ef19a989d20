"""Classical descriptors of sequences: what a protein or DNA model must beat."""

from __future__ import annotations

import itertools
import re

import numpy as np

from ..core import specs
from ..core.errors import BadInput, unknown
from ..core.specs import ModelSpec
from ..data import sources
from . import Embedding
from .ids import match

ALPHABETS = {"protein": "ACDEFGHIKLMNPQRSTVWY", "dna": "ACGT"}

KYTE_DOOLITTLE = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        (
            1.8,
            -4.5,
            -3.5,
            -3.5,
            2.5,
            -3.5,
            -3.5,
            -0.4,
            -3.2,
            4.5,
            3.8,
            -3.9,
            1.9,
            2.8,
            -1.6,
            -0.8,
            -0.7,
            -0.9,
            -1.3,
            4.2,
        ),
    )
)
"""Hydropathy of the amino acids, no unit, −4.5 to 4.5, high is hydrophobic (Kyte & Doolittle 1982)."""
MASS = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        (
            71.0788,
            156.1875,
            114.1038,
            115.0886,
            103.1388,
            128.1307,
            129.1155,
            57.0519,
            137.1411,
            113.1594,
            113.1594,
            128.1741,
            131.1926,
            147.1766,
            97.1167,
            87.0782,
            101.1051,
            186.2132,
            163.1760,
            99.1326,
        ),
    )
)
"""Average mass of the residues in dalton."""


def kmers(sequence: str, k: int, alphabet: str) -> np.ndarray:
    """Share of each k-mer of the alphabet among those of a sequence, (len(alphabet)^k,), in lexical order.

    k-mers with another letter do not count; all zeros if none is left. Shares are 0 to 1 and add up to 1.
    """
    letter = np.full(128, -1, dtype=np.int64)
    letter[[ord(c) for c in alphabet]] = np.arange(len(alphabet))
    code = letter[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8) & 127]
    n = len(alphabet)
    if len(code) < k:
        return np.zeros(n**k)
    windows = np.lib.stride_tricks.sliding_window_view(code, k)
    windows = windows[(windows >= 0).all(axis=1)]
    counts = np.bincount(windows @ (n ** np.arange(k)[::-1]), minlength=n**k)
    return counts / max(1, counts.sum())


def protein_descriptors(sequence: str) -> np.ndarray:
    """Seven numbers of a protein, (7,): log length, mass, charge, hydropathy, and shares of three classes of residues.

    In order: natural log of the number of residues; mean residue mass in dalton; mean charge of a residue at neutral
    pH (K, R +1; D, E −1); mean hydropathy (Kyte & Doolittle 1982); shares of aromatic (F, W, Y), of aliphatic
    (A, I, L, V) and of polar uncharged residues (S, T, N, Q), 0 to 1. Letters beyond the twenty do not count, except
    for the length.
    """
    known = [c for c in sequence if c in MASS] or ["G"]
    share = {c: known.count(c) / len(known) for c in set(known)}

    def mean(value: dict) -> float:
        return sum(value.get(c, 0.0) * s for c, s in share.items())

    charge = {"K": 1.0, "R": 1.0, "D": -1.0, "E": -1.0}
    classes = [dict.fromkeys(letters, 1.0) for letters in ("FWY", "AILV", "STNQ")]
    return np.array([np.log(len(sequence)), *map(mean, (MASS, charge, KYTE_DOOLITTLE, *classes))])


def composition(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    letters: str = "protein",
    k: int = 1,
    descriptors: bool = True,
    id_pattern: str | None = None,
    kind: str | None = None,
) -> Embedding:
    """Shares of the k-mers of each gene's sequence, and of a protein seven physico-chemical numbers before them.

    ``id_pattern`` is a regular expression whose first group is the gene's id in the header of the FASTA; without it
    the first word is. Of several sequences of a gene the first is taken.
    Raises: BadInput: unknown alphabet, or a header that the pattern does not match.
    """
    if letters not in ALPHABETS:
        raise unknown("alphabet", letters, ALPHABETS, where=f"model '{spec.name}'")
    held = sources.table(specs.source(source), file)
    ids = held.id.to_numpy(str)
    if id_pattern:
        found = [re.search(id_pattern, header) for header in held.header]
        if None in found:
            raise BadInput(
                f"model '{spec.name}': the header '>{held.header[found.index(None)]}' has no id of the form "
                f"{id_pattern}; mend 'id_pattern' or the file."
            )
        ids = np.array([m.group(1) for m in found])
    has, row = match(genes, ids, kind=kind)
    made = [kmers(s, k, ALPHABETS[letters]) for s in held.sequence.to_numpy()[row]]
    if descriptors and letters == "protein":
        made = [
            np.concatenate([protein_descriptors(s), m])
            for s, m in zip(held.sequence.to_numpy()[row], made)
        ]
    return Embedding(genes[has], np.array(made, dtype=np.float32).reshape(len(has), -1))


def kmer_names(k: int, letters: str = "protein") -> list[str]:
    """The k-mers in the order of ``kmers``."""
    return ["".join(c) for c in itertools.product(ALPHABETS[letters], repeat=k)]


ENCODERS = {"composition": composition}
