"""Features of the spectral models: mutations, residues, words, vectors of a protein model.

No feature depends on labels or on a split.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product, zip_longest

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from ..core import cache, paths, specs
from ..core.errors import pick
from ..core.workers import one_thread
from ..models import unirep as network
from ..models import weights
from .properties import incidence, lingos
from .samples import DataSet

VERSION = 1
"""Bump when features give other values."""
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"


def padded(rows: Iterable, fill: int) -> np.ndarray:
    """Stack rows of numbers, (n, longest), the shorter ones filled up."""
    return np.array([*zip_longest(*rows, fillvalue=fill)], np.int32).T.copy()


def tokens(sequences, *, ends=0):
    """Encode residues as numbers.

    Parameters
    ----------
    sequences, ends : tuple of str, int
        Proteins; of one longer than twice ``ends`` only that many residues of each end (0: all).

    Returns
    -------
    ndarray of shape (n, longest), int32
        0–19; 20: another letter, 21: padding.
    """
    cut = [s[:ends] + s[-ends:] if 0 < 2 * ends < len(s) else s for s in sequences]
    return padded(([RESIDUES.find(letter) % 21 for letter in text] for text in cut), 21)


def words(sequences, k):
    """Compute the share of every word of 1 to k residues among those of its length, and log length.

    Parameters
    ----------
    sequences, k : tuple of str, int
        Proteins, whose words with other letters than the 20 residues do not count; longest words.

    Returns
    -------
    ndarray of shape (n, 20 + … + 20^k + 1), float32
    """
    parts = []
    for size in range(1, k + 1):
        known = [*map("".join, product(RESIDUES, repeat=size))]
        number = _counted(sequences, size, vocabulary=known).toarray()
        parts.append(number / np.maximum(1, number.sum(1, keepdims=True)))
    return np.column_stack([*parts, _log_length(sequences)]).astype(np.float32)


def _log_length(sequences):
    return np.log([[max(1, len(text))] for text in sequences])


def _counted(sequences, size, **options):
    """Number of each word of so many residues."""
    options |= {"analyzer": "char", "ngram_range": (size, size), "lowercase": False}
    return CountVectorizer(**options).fit_transform(sequences)


def _mutation_count(data):
    """Number of mutations and its square root: how much is changed, not what."""
    number = data.barcodes.sum(1).A
    return np.hstack([number, np.sqrt(number)]).astype(np.float32)


def _mark_pairs(data, width=1 << 14):
    """Mutations, and every two of them hashed, as 0.3 so that they are shrunk ten times more."""
    hashed = []
    for row in np.split(data.barcodes.indices.astype(np.int64), data.barcodes.indptr[1:-1]):
        a, b = np.triu_indices(min(len(row), 40), 1)  # a barcode of 40 mutations has 780 pairs
        hashed.append((row[a] * 1_000_003 + row[b] * 7_919) % width)
    return sparse.hstack([data.barcodes, 0.3 * incidence(hashed, range(width))[0]], format="csr")


def regions(data):
    """Count the mutations of each region of a drug (TB).

    Parameters
    ----------
    data : DataSet
        With marks ``position:reference:alternative``, and a table of ``start`` and ``end`` as
        ``parts["regions"]``.

    Returns
    -------
    ndarray of shape (n, 2 × regions), float32
        Substitutions by region, then insertions and deletions by region.
    """
    table, marks = data.parts["regions"], np.array([mark.split(":") for mark in data.marks])
    place = marks[:, :1].astype(int)
    plain = (np.char.str_len(marks[:, 1:]) == 1).all(1, keepdims=True)
    inside = (place >= table.start.to_numpy()) & (place <= table.end.to_numpy())
    return data.barcodes @ np.hstack([inside & plain, inside & ~plain]).astype(np.float32)


def _triples(data):
    """Numbers of words of three residues, weighted by rarity and scaled to length 1."""
    return TfidfTransformer().fit_transform(_counted(data.sequences, 3, dtype=np.float32))


def _amino_acids(data):
    """Of single mutants: which residue was replaced by which, wherever it stands, (n, 40)."""
    ends = [[RESIDUES.index(name[end]) for end in (0, -1)] for name in data.ids]
    return np.eye(20, dtype=np.float32)[ends].reshape(-1, 40)


def windows(data, *, width):
    """One-hot encode the neighbours of each residue.

    Parameters
    ----------
    data, width : DataSet, int
        With one sample per residue (``parts["place"]``); residues of a window, an odd number.

    Returns
    -------
    ndarray of shape (m, 21 × width), float32
        Places beyond the ends of a chain are 0.
    """
    half = width // 2
    letters = np.pad(tokens(data.sequences), ((0, 0), (half, half)), constant_values=21)
    seen = letters[data.unit[:, None], data.parts["place"][:, None] + np.arange(width)]
    return np.eye(22, 21, dtype=np.float32)[seen].reshape(len(seen), -1)


def _ligand(data):
    """Of pairs: words of the ligand's SMILES, hashed to 256."""
    return lingos(data.parts["smiles"], width=256).toarray()[data.parts["drug"]]


def _target(data):
    """Of pairs: shares of residues and neighbours in the protein."""
    return words(data.parts["proteins"], 2)[data.parts["target"]]


def proteins(data: DataSet) -> list[str]:
    """Proteins of the units, each up to its first stop (``*``)."""
    return [text.partition("*")[0] for text in data.sequences or data.table["sequence"]]


def unirep_recipe(data: DataSet, model: str) -> dict:
    """Everything that determines the vectors, as plain values for the cache key."""
    sha256 = specs.declared().model(model).sha256
    known = cache.of_names(proteins(data))
    return {"stage": ["unirep", network.VERSION], "weights": sha256, "proteins": known}


def unirep(data, *, model):
    """Summarise the protein of each unit by a frozen UniRep, in float32 on one thread.

    Parameters
    ----------
    data, model : DataSet, str
        With sequences; name in ``data/models.yml``.

    Returns
    -------
    ndarray of shape (n, 3 × size), float32
        Mean of the hidden states, last hidden state, last cell state. Letters that UniRep does not
        know read as X.

    Raises
    ------
    Missing
        The weights are not here; says how to fetch them.
    """
    contents = unirep_recipe(data, model)
    path = paths.EMBEDDINGS / f"{cache.key(contents)}.npz"
    if cache.state(path) != "ready":
        spec = specs.declared().model(model)
        file = weights.verified(spec) / spec.files["weights"]
        with one_thread():
            made = network.UniRep(file).summaries(proteins(data))
        cache.store(path, contents, lambda to: np.savez(to, vectors=made))
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["vectors"]


FEATURES = {
    "marks": lambda data: data.barcodes,
    "mutation_count": _mutation_count,
    "mark_pairs": _mark_pairs,
    "regions": regions,
    "length": lambda data: _log_length(data.sequences).astype(np.float32),
    "composition": lambda data: words(data.sequences, 1),
    "kmers": lambda data: words(data.sequences, 2),
    "triples": _triples,
    "amino_acids": _amino_acids,
    "tokens": lambda data: tokens(data.sequences, ends=100),
    "unirep": unirep,
    "vectors": lambda data: data.parts["vectors"],
}
"""Features of units by the name that ``data/spectra.yml`` uses."""
OF_SAMPLES = {
    "windows": windows,
    "ligand": _ligand,
    "target": _target,
    "both": lambda data: np.hstack([_ligand(data), _target(data)]),
}
"""Features of samples."""


@lru_cache(maxsize=4)
def make(name, data, **options):
    """Compute features of every sample of a data set; the last few stay in memory.

    Parameters
    ----------
    name, data : str, DataSet
        A key of ``FEATURES`` or ``OF_SAMPLES``; the data set.
    **options
        Of the features (``width`` of windows, ``model`` of UniRep).

    Returns
    -------
    ndarray or csr_matrix of shape (m, d), float32

    Raises
    ------
    BadInput
        Unknown features.
    """
    made = pick(FEATURES | OF_SAMPLES, "features", name)(data, **options)
    return made if name in OF_SAMPLES else made[data.unit]
