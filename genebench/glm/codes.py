"""DNA as codes: A, C, G, T, N = 0 … 4, one byte a base. Every letter that is not one of four bases is N."""

from __future__ import annotations

import numpy as np

LETTERS = "ACGTN"
N = 4
"""Code of a base that is not known."""

_TO = np.full(256, N, dtype=np.uint8)
for _i, _letter in enumerate("ACGT"):
    _TO[ord(_letter)] = _TO[ord(_letter.lower())] = _i
_TO[ord("U")] = _TO[ord("u")] = 3
_FROM = np.frombuffer(LETTERS.encode(), dtype=np.uint8)
_OTHER = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


def encode(text: str | bytes) -> np.ndarray:
    """Codes of a sequence, (L,) uint8; small letters as capitals, U as T, IUPAC letters for several bases as N."""
    raw = text.encode("latin-1", "replace") if isinstance(text, str) else text
    return _TO[np.frombuffer(raw, dtype=np.uint8)]


def lower(text: str | bytes) -> np.ndarray:
    """Where a sequence is in small letters (soft-masked repeats), (L,) bool."""
    raw = text.encode("latin-1", "replace") if isinstance(text, str) else text
    return np.frombuffer(raw, dtype=np.uint8) >= ord("a")


def decode(codes: np.ndarray) -> str:
    """Letters of codes, (L,)."""
    return _FROM[np.asarray(codes, dtype=np.uint8)].tobytes().decode("ascii")


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """The other strand read in its own direction; the last axis is the sequence, any shape."""
    return _OTHER[codes][..., ::-1]


def kmers(codes: np.ndarray, k: int) -> np.ndarray:
    """Index of the k-mer that begins at each position, (L − k + 1,) int64 in [0, 4^k); −1 where it holds an N."""
    size = max(0, len(codes) - k + 1)
    index, known = np.zeros(size, dtype=np.int64), np.ones(size, dtype=bool)
    for j in range(k):
        part = codes[j : j + size]
        index = index * 4 + np.minimum(part, 3)
        known &= part < N
    return np.where(known, index, -1)


def windows(codes: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Windows that begin at ``starts`` (which may lie outside), (n, length) uint8; N where the sequence has ended."""
    at = np.asarray(starts, dtype=np.int64)[:, None] + np.arange(length)
    inside = (at >= 0) & (at < len(codes))
    return np.where(inside, codes[np.clip(at, 0, max(0, len(codes) - 1))], np.uint8(N))
