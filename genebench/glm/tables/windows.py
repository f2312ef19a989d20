"""A user's own windows of DNA: reading, k-mers, which are alike, embeddings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from Bio.SeqIO.FastaIO import SimpleFastaParser
from scipy import sparse
from scipy.sparse import csgraph

from ...core import cache
from ...core.errors import BadInput, unknown
from ...data import limits, readers
from .. import codes
from ..codes import N
from ..variants import open_text, parquet_texts

WORD = 16
"""Length of the k-mers that make two windows alike; two of some thousands hardly share one by
chance."""
CLASSES = 20
"""Most classes of a label; whole numbers of more values are a regression."""
_SEQUENCE = ("sequence", "seq", "window", "dna")
_ID = ("id", "name", "window_id", "sequence_id")


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of DNA.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    codes : ndarray of shape (n, longest), uint8
        N behind shorter ones.
    lengths : ndarray of shape (n,), int
    label : ndarray of shape (n,) or None
        Class, or a real number.
    kind : {"binary", "multiclass", "regression"}
    classes : tuple of str
        Empty for regression.
    skipped : dict of str to int
        Why rows were left out, and how many.
    """

    ids: np.ndarray
    codes: np.ndarray
    lengths: np.ndarray
    label: np.ndarray | None
    kind: str
    classes: tuple[str, ...]
    skipped: dict[str, int]

    def __len__(self) -> int:
        return len(self.codes)


def read(path, *, label=None):
    """Read windows from a table with a column ``sequence``, or from FASTA.

    Parameters
    ----------
    path : Path
        tsv, csv or parquet; or FASTA, which has no labels; gzip or not.
    label : str, optional
        Column of the labels; rows without one are left out. None: labels are not read.

    Returns
    -------
    Windows
        Two values are a binary label (the later in order is positive), up to ``CLASSES`` texts or
        whole numbers a multi-class one, other numbers a regression.

    Raises
    ------
    BadInput
        No such file or column, nothing that is DNA, or a label with one value.
    """
    frame = texts(path)
    sequence = column(frame, _SEQUENCE, "sequence", path)
    ids = next((frame[c] for c in frame if c.lower() in _ID), pd.Series(frame.index.astype(str)))
    known, skipped = frame[sequence] != "", {}
    skipped["no sequence"] = int((~known).sum())
    if label is not None:
        given = frame[column(frame, (label,), label, path)]
        skipped["no label"] = int((known & (given == "")).sum())
        known &= given != ""
    bases = frame[sequence][known]
    if not len(bases):
        raise BadInput(f"{path}: holds no windows; give a table with a column 'sequence'.")
    limits.check_size(len(bases) * bases.str.len().max())
    stacked = np.full((len(bases), bases.str.len().max()), N, dtype=np.uint8)
    for row, text in zip(stacked, bases):
        row[: len(text)] = codes.encode(text)
    lengths = bases.str.len().to_numpy()
    if (share := (stacked < N).sum() / lengths.sum()) < 0.5:
        raise BadInput(
            f"{path}: {share:.0%} of the letters of column '{sequence}' are A, C, G or T; give DNA."
        )
    labels = (None, "", ()) if label is None else _labels(given[known], path, label)
    skipped = {why: n for why, n in skipped.items() if n}
    return Windows(ids[known].to_numpy(str), stacked, lengths, *labels, skipped)


def texts(path: Path) -> pd.DataFrame:
    """Read a table (tsv, csv, parquet) as texts, of FASTA its names and sequences."""
    with limits.faults_of(path, "a table"):
        if path.suffix in (".parquet", ".pq"):
            return parquet_texts(path)
        with open_text(path) as text:
            first = text.readline()
            text.seek(0)
            if first.startswith(">"):
                rows = [(title.split()[0], s) for title, s in SimpleFastaParser(text)]
                return pd.DataFrame(rows, columns=["id", "sequence"])
            options = {"dtype": str, "keep_default_na": False, "skipinitialspace": True}
            return pd.read_csv(text, sep="\t" if "\t" in first else ",", **options)


def column(frame: pd.DataFrame, names: tuple[str, ...], what: str, path: Path) -> str:
    """Find the name of a column, whatever its case."""
    found = [c for name in names for c in frame if str(c).strip().lower() == name.lower()]
    if not found:
        raise unknown("column", what, frame.columns, where=str(path))
    return found[0]


def _labels(given, path, column):
    """Labels as numbers, their kind, and their classes."""
    number = readers.numbers(given).to_numpy(float)
    classes = sorted(given.unique())
    if len(classes) < 2:
        raise BadInput(f"{path}: column '{column}' has the one value '{classes[0]}'; give two.")
    if np.isfinite(number).all():
        classes = sorted(given.unique(), key=float)
        if len(classes) > CLASSES or (len(classes) > 2 and (number % 1).any()):
            return number, "regression", ()
    if len(classes) > CLASSES:
        raise BadInput(
            f"{path}: column '{column}' has {len(classes)} texts, where {CLASSES} classes are the "
            "most; give numbers, or fewer classes."
        )
    kind = "binary" if len(classes) == 2 else "multiclass"
    return given.map(classes.index).to_numpy(), kind, tuple(classes)


def kmer_shares(windows, k):
    """Share of each k-mer in windows, both strands added up.

    Parameters
    ----------
    windows : ndarray of shape (n, L), uint8
    k : int

    Returns
    -------
    ndarray of shape (n, 4^k), float32
    """
    counts = np.empty((len(windows), 4**k), dtype=np.float32)
    for row, window in zip(counts, windows):
        strands = [codes.kmers(s, k) for s in (window, codes.reverse_complement(window))]
        # an N has the number -1 and falls off
        row[:] = np.bincount(np.concatenate(strands) + 1, minlength=4**k + 1)[1:]
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def membership(windows):
    """Which k-mers of ``WORD`` bases each window has, on either strand.

    Parameters
    ----------
    windows : ndarray of shape (n, L), uint8

    Returns
    -------
    csr_array of shape (n, n_kmers), int8
        0 or 1.
    """
    words = [np.unique(codes.canonical(w, WORD)) for w in windows]
    words = [w[w >= 0] for w in words]
    known, column = np.unique(np.concatenate(words), return_inverse=True)
    start = np.cumsum([0, *map(len, words)])
    values = np.ones(len(column), np.int8)
    return sparse.csr_array((values, column, start), shape=(len(windows), len(known)))


def families(windows):
    """Group windows that share a k-mer of ``WORD`` bases, directly or through others.

    Parameters
    ----------
    windows : ndarray of shape (n, L), uint8

    Returns
    -------
    ndarray of shape (n,), int
        Number of the family.
    """
    shared = membership(windows)
    return csgraph.connected_components(shared @ shared.T, directed=False)[1]


def embed(model, windows, *, layer=-1):
    """Mean hidden state of each window over the tokens that have no unknown base.

    Parameters
    ----------
    model : TokenModel
    windows : Windows
        One that is longer than what the model reads is read in pieces.
    layer : int
        0 to the model's ``layers`` − 1; −1 is the last.

    Returns
    -------
    ndarray of shape (n, d), float32
        A window without a known base is zero.
    """
    most = model.max_length // model.token_length * model.token_length
    total, weight = 0.0, np.zeros(len(windows))
    for start in range(0, windows.codes.shape[1], most):
        end = np.minimum(windows.lengths, start + most)
        for size in np.unique(end[end > start]):  # of one length: no padding
            rows = np.flatnonzero(end == size)
            part = windows.codes[rows, start:size]
            states, known = model.pooled(part, layer), (part < N).sum(1)
            if not weight.any():
                total = np.zeros((len(windows), states.shape[1]), dtype=np.float32)
            total[rows] += states * known[:, None]
            weight[rows] += known
    return total / np.maximum(weight, 1)[:, None].astype(np.float32)


def write(windows: Windows, vectors: np.ndarray, path: Path):
    """Write vectors with the ids of their windows, atomically, as parquet, csv or (else) tsv."""
    frame = pd.DataFrame(vectors, columns=[f"d{i}" for i in range(vectors.shape[1])])
    frame.insert(0, "id", windows.ids)
    with cache.atomic(path) as temporary:
        if path.suffix == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            frame.to_csv(temporary, sep="," if path.suffix == ".csv" else "\t", index=False)
