"""What the models of Part II see of a unit or a sample: sets of mutations, residues, words of a sequence or a ligand.

Every function takes a data set and returns one row for each *sample* (of units that have one sample, one row a unit),
dense (m, d) float32 or CSR; none of them looks at labels or at a split.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from scipy import sparse

from ..core.errors import unknown
from .datasets import DataSet

VERSION = 1
"""Bump when features change what they hold."""

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
_CODE = np.full(256, 20, dtype=np.uint8)
for _i, _letter in enumerate(RESIDUES):
    _CODE[ord(_letter)] = _i


def tokens(sequences: tuple[str, ...], *, ends: int = 0) -> np.ndarray:
    """Residues as numbers 0–19 (20: another letter, 21: none), (n, longest) uint8.

    ``ends``: of a sequence longer than twice this, only that many residues of each end.
    """
    cut = [s if not ends or len(s) <= 2 * ends else s[:ends] + s[-ends:] for s in sequences]
    out = np.full((len(cut), max(map(len, cut))), 21, dtype=np.uint8)
    for row, text in zip(out, cut):
        row[: len(text)] = _CODE[np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)]
    return out


def _samples(data: DataSet, per_unit):
    return per_unit if data.unit is None else per_unit[data.unit]


def marks(data: DataSet) -> sparse.csr_matrix:
    """Which mutations are there, 0/1."""
    return _samples(data, data.barcodes)


def mutation_count(data: DataSet) -> np.ndarray:
    """Number of mutations and its square root: how much is changed, not what."""
    number = np.asarray(data.barcodes.sum(axis=1)).reshape(-1, 1)
    return _samples(data, np.hstack([number, np.sqrt(number)]).astype(np.float32))


def mark_pairs(data: DataSet, *, width: int = 1 << 14) -> sparse.csr_matrix:
    """Mutations, and every two of them hashed to ``width`` columns (as 0.3, so that they are shrunk ten times more)."""
    first = data.barcodes.tocsr()
    rows, columns = [], []
    for i in range(first.shape[0]):
        held = first.indices[first.indptr[i] : first.indptr[i + 1]].astype(np.int64)
        a, b = np.triu_indices(min(len(held), 40), 1)  # a barcode of 40 mutations has 780 pairs
        found = np.unique((held[a] * 1_000_003 + held[b] * 7_919) % width)
        rows.append(np.full(len(found), i))
        columns.append(found)
    r, c = np.concatenate(rows), np.concatenate(columns)
    second = sparse.csr_matrix(
        (np.full(len(r), 0.3, np.float32), (r, c)), shape=(first.shape[0], width)
    )
    return _samples(data, sparse.hstack([first, second], format="csr"))


def regions(data: DataSet) -> np.ndarray:
    """TB: number of substitutions and of insertions or deletions in each region of the drug."""
    held = data.parts["regions"]
    place = np.array([int(m.split(":")[0]) for m in data.marks])
    plain = np.array([len(m.split(":")[1]) == len(m.split(":")[2]) == 1 for m in data.marks])
    inside = (place[:, None] >= held.start.to_numpy()) & (place[:, None] <= held.end.to_numpy())
    table = np.hstack([inside & plain[:, None], inside & ~plain[:, None]]).astype(np.float32)
    return _samples(data, np.asarray(data.barcodes @ table))


def length(data: DataSet) -> np.ndarray:
    """Logarithm of the length."""
    return _samples(data, np.log([[max(1, len(s))] for s in data.sequences]).astype(np.float32))


def composition(data: DataSet) -> np.ndarray:
    """Share of each residue, and the logarithm of the length."""
    return _samples(data, words(data.sequences, 1))


def words(sequences: tuple[str, ...], k: int) -> np.ndarray:
    """Share of every word of 1 … k residues among those of its length, and log length, (n, 20 + … + 20^k + 1)."""
    out = []
    for text in sequences:
        code = _CODE[np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)].astype(
            np.int64
        )
        row = []
        for size in range(1, k + 1):
            at = sum(code[i : len(code) - size + 1 + i] * 20 ** (size - 1 - i) for i in range(size))
            sound = np.all([code[i : len(code) - size + 1 + i] < 20 for i in range(size)], axis=0)
            row.append(np.bincount(at[sound], minlength=20**size)[: 20**size] / max(1, sound.sum()))
        out.append(np.concatenate([*row, [np.log(max(1, len(text)))]]))
    return np.asarray(out, dtype=np.float32)


def kmers(data: DataSet) -> np.ndarray:
    """Shares of residues and of pairs of neighbours, and log length."""
    return _samples(data, words(data.sequences, 2))


def triples(data: DataSet) -> sparse.csr_matrix:
    """Numbers of words of three residues, weighted by rarity and scaled to length 1 (for nearest neighbours)."""
    counts = [{} for _ in data.sequences]
    for row, text in zip(counts, data.sequences):
        for i in range(len(text) - 2):
            row[text[i : i + 3]] = row.get(text[i : i + 3], 0) + 1
    at = {w: j for j, w in enumerate(sorted({w for row in counts for w in row}))}
    r = np.repeat(np.arange(len(counts)), [len(row) for row in counts])
    c = np.array([at[w] for row in counts for w in row])
    v = np.array([n for row in counts for n in row.values()], dtype=np.float32)
    rarity = (
        np.log((1 + len(counts)) / (1 + np.bincount(c, minlength=len(at)))).astype(np.float32) + 1
    )
    matrix = sparse.csr_matrix((v * rarity[c], (r, c)), shape=(len(counts), len(at)))
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return _samples(
        data, sparse.diags(1 / np.maximum(norm, 1e-9)).astype(np.float32) @ matrix
    ).tocsr()


def amino_acids(data: DataSet) -> np.ndarray:
    """Of single mutants: which residue was replaced by which, wherever it stands, (m, 40)."""
    first = np.array([RESIDUES.index(v[0]) for v in data.ids])
    last = np.array([RESIDUES.index(v[-1]) for v in data.ids])
    return _samples(
        data, np.hstack([np.eye(20, dtype=np.float32)[first], np.eye(20, dtype=np.float32)[last]])
    )


def windows(data: DataSet, *, width: int) -> np.ndarray:
    """Of residues: the neighbours within ``width`` places, one-hot, (m, 21 × width) float32."""
    half = width // 2
    padded = np.pad(tokens(data.sequences), ((0, 0), (half, half)), constant_values=21).astype(
        np.int64
    )
    at = data.parts["place"][:, None] + np.arange(width)
    seen = padded[data.unit[:, None], at]
    out = np.zeros((len(seen), width, 22), dtype=np.float32)
    np.put_along_axis(out, seen[..., None], 1.0, axis=2)
    return out[..., :21].reshape(len(seen), -1)


def lingos(
    smiles: tuple[str, ...], *, width: int | None = None, size: int = 4
) -> sparse.csr_matrix:
    """Which words of four letters a SMILES holds, ring numbers as 0 (LINGO, Vidal 2005), 0/1, (n, n_words or width)."""
    lists = []
    for text in smiles:
        plain = "".join("0" if ch.isdigit() else ch for ch in text)
        lists.append({plain[i : i + size] for i in range(max(1, len(plain) - size + 1))})
    if width is None:
        at = {w: j for j, w in enumerate(sorted(set().union(*lists)))}
        columns = [sorted(at[w] for w in row) for row in lists]
    else:
        columns = [sorted({zlib.crc32(w.encode()) % width for w in row}) for row in lists]
    ends = np.concatenate([[0], np.cumsum([len(r) for r in columns])])
    found = np.array([j for row in columns for j in row], dtype=np.int32)
    shape = (len(lists), width or len(at))
    return sparse.csr_matrix((np.ones(len(found), np.float32), found, ends), shape=shape)


def ligand(data: DataSet) -> np.ndarray:
    """Of pairs: words of the ligand's SMILES, hashed to 256."""
    return lingos(data.parts["smiles"], width=256).toarray()[data.parts["drug"]]


def target(data: DataSet) -> np.ndarray:
    """Of pairs: shares of residues and neighbours in the protein."""
    return words(data.parts["proteins"], 2)[data.parts["target"]]


def both(data: DataSet) -> np.ndarray:
    """Of pairs: ligand and protein side by side."""
    return np.hstack([ligand(data), target(data)])


FEATURES: dict[str, Callable] = {
    f.__name__: f
    for f in (
        marks,
        mutation_count,
        mark_pairs,
        regions,
        length,
        composition,
        kmers,
        triples,
        amino_acids,
        windows,
        ligand,
        target,
        both,
    )
}


def make(name: str, data: DataSet, **options):
    """The features of that name. Raises: BadInput: unknown."""
    if name not in FEATURES:
        raise unknown("features", name, FEATURES)
    return FEATURES[name](data, **options)
