"""Features of the spectral models: sets of mutations, residues, words of a sequence or a ligand.

No feature depends on labels or on a split.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from itertools import product

import numpy as np
from scipy import sparse

from ..core.errors import unknown
from .builders import DataSet
from .properties import incidence

VERSION = 1
"""Bump when features give other values."""
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"


def tokens(sequences: tuple[str, ...], *, ends: int = 0) -> np.ndarray:
    """Encode residues as numbers.

    Parameters
    ----------
    sequences : tuple of str
        Protein sequences.
    ends : int
        Of a sequence longer than twice this, only that many residues of each end; 0: all.

    Returns
    -------
    ndarray of shape (n, longest), uint8
        0–19; 20: another letter, 21: padding.
    """
    cut = [s if not ends or len(s) <= 2 * ends else s[:ends] + s[-ends:] for s in sequences]
    out = np.full((len(cut), max(map(len, cut))), 21, dtype=np.uint8)
    for row, text in zip(out, cut):
        row[: len(text)] = [RESIDUES.find(letter) % 21 for letter in text]
    return out


def words(sequences: tuple[str, ...], k: int) -> np.ndarray:
    """Compute the share of every word of 1 to k residues among those of its length, and log length.

    Parameters
    ----------
    sequences : tuple of str
        Protein sequences; words with other letters than the 20 residues do not count.
    k : int
        Longest words.

    Returns
    -------
    ndarray of shape (n, 20 + … + 20^k + 1), float32
    """
    parts = []
    for size in range(1, k + 1):
        known = ["".join(word) for word in product(RESIDUES, repeat=size)]
        number = _counted(sequences, size, vocabulary=known).toarray()
        parts.append(number / np.maximum(1, number.sum(axis=1, keepdims=True)))
    length = np.log([max(1, len(text)) for text in sequences])
    return np.column_stack([*parts, length]).astype(np.float32)


def _counted(sequences, size, **options):
    """Number of each word of so many residues."""
    from sklearn.feature_extraction.text import CountVectorizer

    options |= {"analyzer": "char", "ngram_range": (size, size), "lowercase": False}
    return CountVectorizer(**options).fit_transform(sequences)


def lingos(smiles: tuple[str, ...], *, width: int | None = None) -> sparse.csr_matrix:
    """Find the words of four letters of a SMILES, ring numbers as 0 (LINGO, Vidal 2005).

    Parameters
    ----------
    smiles : tuple of str
        Molecules.
    width : int, optional
        Hash words to so many columns.

    Returns
    -------
    csr_matrix of shape (n, n_words or width), float32
        0/1.
    """
    lists = []
    for text in smiles:
        plain = "".join("0" if ch.isdigit() else ch for ch in text)
        letters = {plain[i : i + 4] for i in range(max(1, len(plain) - 3))}
        lists.append({zlib.crc32(w.encode()) % width for w in letters} if width else letters)
    return incidence(lists, range(width) if width else None)[0]


def _mutation_count(data):
    """Number of mutations and its square root: how much is changed, not what."""
    number = np.asarray(data.barcodes.sum(axis=1)).reshape(-1, 1)
    return np.hstack([number, np.sqrt(number)]).astype(np.float32)


def _mark_pairs(data, width=1 << 14):
    """Mutations, and every two of them hashed, as 0.3 so that they are shrunk ten times more."""
    hashed = []
    for row in np.split(data.barcodes.indices.astype(np.int64), data.barcodes.indptr[1:-1]):
        a, b = np.triu_indices(min(len(row), 40), 1)  # a barcode of 40 mutations has 780 pairs
        hashed.append(np.unique((row[a] * 1_000_003 + row[b] * 7_919) % width))
    ends = np.append(0, np.cumsum([len(row) for row in hashed]))
    values = np.full(ends[-1], 0.3, np.float32)
    second = sparse.csr_matrix((values, np.concatenate(hashed), ends), (len(hashed), width))
    return sparse.hstack([data.barcodes, second], format="csr")


def regions(data: DataSet) -> np.ndarray:
    """Count the mutations of each region of a drug (TB).

    Parameters
    ----------
    data : DataSet
        With marks ``position:reference:alternative`` and ``parts["regions"]``, a table with the
        columns ``start`` and ``end``.

    Returns
    -------
    ndarray of shape (n, 2 × regions), float32
        Substitutions by region, then insertions and deletions by region.
    """
    table = data.parts["regions"]
    parts = [mark.split(":") for mark in data.marks]
    place = np.array([int(part[0]) for part in parts])[:, None]
    plain = np.array([len(part[1]) == len(part[2]) == 1 for part in parts])[:, None]
    inside = (place >= table.start.to_numpy()) & (place <= table.end.to_numpy())
    counted = np.hstack([inside & plain, inside & ~plain]).astype(np.float32)
    return np.asarray(data.barcodes @ counted)


def _length(data):
    """Logarithm of the length."""
    return np.log([[max(1, len(s))] for s in data.sequences]).astype(np.float32)


def _triples(data):
    """Numbers of words of three residues, weighted by rarity and scaled to length 1."""
    counts = _counted(data.sequences, 3, dtype=np.float32)
    counts.sort_indices()
    n, number = counts.shape[0], np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((1 + n) / (1 + number)).astype(np.float32) + 1
    counts.data *= rarity[counts.indices]
    norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.maximum(norm, 1e-9)).astype(np.float32) @ counts).tocsr()


def _amino_acids(data):
    """Of single mutants: which residue was replaced by which, wherever it stands, (n, 40)."""
    first, last = (np.array([RESIDUES.index(v[end]) for v in data.ids]) for end in (0, -1))
    return np.eye(20, dtype=np.float32)[np.stack([first, last], axis=1)].reshape(-1, 40)


def windows(data: DataSet, *, width: int) -> np.ndarray:
    """One-hot encode the neighbours of each residue.

    Parameters
    ----------
    data : DataSet
        With one sample per residue (``parts["place"]``).
    width : int
        Residues of a window, an odd number.

    Returns
    -------
    ndarray of shape (m, 21 × width), float32
        Places beyond the ends of a chain are 0.
    """
    half = width // 2
    padded = np.pad(tokens(data.sequences), ((0, 0), (half, half)), constant_values=21)
    seen = padded[data.unit[:, None], data.parts["place"][:, None] + np.arange(width)]
    return np.eye(22, 21, dtype=np.float32)[seen].reshape(len(seen), -1)


def _ligand(data):
    """Of pairs: words of the ligand's SMILES, hashed to 256."""
    return lingos(data.parts["smiles"], width=256).toarray()[data.parts["drug"]]


def _target(data):
    """Of pairs: shares of residues and neighbours in the protein."""
    return words(data.parts["proteins"], 2)[data.parts["target"]]


FEATURES: dict[str, Callable] = {
    "marks": lambda data: data.barcodes,
    "mutation_count": _mutation_count,
    "mark_pairs": _mark_pairs,
    "regions": regions,
    "length": _length,
    "composition": lambda data: words(data.sequences, 1),
    "kmers": lambda data: words(data.sequences, 2),
    "triples": _triples,
    "amino_acids": _amino_acids,
    "windows": windows,
    "ligand": _ligand,
    "target": _target,
    "both": lambda data: np.hstack([_ligand(data), _target(data)]),
}
"""Features by the name that ``data/spectra.yml`` uses."""
PER_SAMPLE = ("windows", "ligand", "target", "both")
"""Features with one row per sample; the others have one per unit."""


def make(name: str, data: DataSet, **options):
    """Compute features of every sample of a data set.

    Parameters
    ----------
    name : str
        A key of ``FEATURES``.
    data : DataSet
        The data set.
    **options
        Of the features (``width`` of windows).

    Returns
    -------
    ndarray or csr_matrix of shape (m, d), float32

    Raises
    ------
    BadInput
        Unknown features.
    """
    if name not in FEATURES:
        raise unknown("features", name, FEATURES)
    rows = FEATURES[name](data, **options)
    return rows if name in PER_SAMPLE or data.unit is None else rows[data.unit]
