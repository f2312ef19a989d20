"""Motifs of transcription factors as matrices of probabilities: from JASPAR, compared, and scanned for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import specs
from ..data import sources


def jaspar(
    path: Path | None = None, *, tax_id: str = "9606", pseudocount: float = 0.01
) -> dict[str, np.ndarray]:
    """All CORE profiles of a species, latest version of each: identifier and name → (width, 4) probabilities of A, C,
    G, T, sorted by identifier. ``path``: the SQLite release; None: that of the declared source ``jaspar``.

    A share ``pseudocount`` of each position is spread evenly over the four bases, so that none has probability 0.
    """
    path = path or sources.locate(specs.source("jaspar"), "motifs")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        frame = pd.read_sql(
            "select M.BASE_ID base, M.VERSION version, M.NAME name, D.row letter, D.col position, D.val count "
            "from MATRIX M join MATRIX_SPECIES S on S.ID = M.ID join MATRIX_DATA D on D.ID = M.ID "
            "where S.TAX_ID = ? and M.COLLECTION = 'CORE'",
            db,
            params=(tax_id,),
        )
    frame = frame[frame.version == frame.groupby("base").version.transform("max")]
    out = {}
    for (base, name), part in frame.groupby(["base", "name"]):
        counts = part.pivot_table(
            index="position", columns="letter", values="count", aggfunc="first", fill_value=0.0
        )
        counts = counts.reindex(columns=list("ACGT"), fill_value=0.0).to_numpy(dtype=float)
        share = counts / counts.sum(1, keepdims=True)
        out[f"{base} {name}"] = (1 - pseudocount) * share + pseudocount / 4
    return out


def information(matrix: np.ndarray) -> np.ndarray:
    """Information of each position against even bases, in bits, 0 to 2, (width,)."""
    return 2 + (matrix * np.log2(matrix)).sum(1)


def turned(matrix: np.ndarray) -> np.ndarray:
    """The motif of the other strand."""
    return matrix[::-1, ::-1]


def likeness(a: np.ndarray, b: np.ndarray, *, overlap: int = 6) -> float:
    """Highest correlation of two motifs over all shifts that overlap by ``overlap`` positions, on either strand."""
    return aligned(a, b, overlap=overlap)[0]


def aligned(a: np.ndarray, b: np.ndarray, *, overlap: int = 6) -> tuple[float, int, bool]:
    """How two motifs lie best on each other: their correlation, where the second begins on the first, and whether the
    second is turned to the other strand; see ``likeness``."""
    best = (-1.0, 0, False)
    for is_turned, other in ((False, b), (True, turned(b))):
        for shift in range(overlap - len(other), len(a) - overlap + 1):
            lo, hi = max(0, shift), min(len(a), shift + len(other))
            x, y = a[lo:hi].ravel() - 0.25, other[lo - shift : hi - shift].ravel() - 0.25
            best = max(best, (float(x @ y / np.sqrt((x @ x) * (y @ y))), shift, is_turned))
    return best


def chosen(
    profiles: dict[str, np.ndarray],
    n: int,
    *,
    widths: tuple[int, int] = (8, 12),
    bits: float = 1.2,
    alike: float = 0.75,
) -> dict[str, np.ndarray]:
    """``n`` sharp profiles that do not resemble each other: in the order given, each of a width within ``widths``, of
    ``bits`` a position or more on average, and less than ``alike`` (``likeness``) to any taken before."""
    out: dict[str, np.ndarray] = {}
    for name, matrix in profiles.items():
        sharp = widths[0] <= len(matrix) <= widths[1] and information(matrix).mean() >= bits
        if sharp and all(likeness(matrix, held) < alike for held in out.values()):
            out[name] = matrix
        if len(out) == n:
            break
    return out
