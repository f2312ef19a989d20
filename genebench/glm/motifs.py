"""Motifs as matrices of probabilities: from JASPAR, compared, and chosen."""

import numpy as np

from ..core.specs import SourceSpec
from ..data import sources
from ..data.annotations import jaspar_counts


def jaspar(source: SourceSpec, *, tax_id: str = "9606") -> dict:
    """Read the CORE profiles of a species, latest version of each.

    Parameters
    ----------
    source : SourceSpec
        Source whose file ``motifs`` is the SQLite release of JASPAR.
    tax_id : str
        NCBI's number of the species.

    Returns
    -------
    dict of str to ndarray, (width, 4)
        Identifier and name -> probabilities of A, C, G, T; sorted by identifier.
    """
    rows = jaspar_counts(sources.locate(source, "motifs"), tax_id)
    share = rows[list("ACGT")].div(rows[list("ACGT")].sum(axis=1), axis=0)
    # no base has probability 0
    matrices = (0.99 * share + 0.01 / 4).groupby([rows.base, rows.symbol])
    return {f"{base} {name}": part.to_numpy() for (base, name), part in matrices}


def information(matrix: np.ndarray) -> np.ndarray:
    """Information of each position of a matrix of probabilities, (width,) bits of 0 to 2."""
    return 2 + (matrix * np.log2(matrix)).sum(1)


def align(a: np.ndarray, b: np.ndarray, *, overlap: int = 6) -> tuple[float, int, bool]:
    """Find how two motifs lie best on each other, over all shifts and both strands.

    Parameters
    ----------
    a, b : ndarray, (width, 4)
        Probabilities.
    overlap : int
        Positions that must overlap.

    Returns
    -------
    (float, int, bool)
        Correlation, where ``b`` begins on ``a``, whether ``b`` is reversed.
    """
    best = (-1.0, 0, False)
    for reverse, other in ((False, b), (True, b[::-1, ::-1])):
        for shift in range(overlap - len(other), len(a) - overlap + 1):
            low, high = max(0, shift), min(len(a), shift + len(other))
            x = a[low:high].ravel() - 0.25
            y = other[low - shift : high - shift].ravel() - 0.25
            r = x @ y / np.sqrt((x @ x) * (y @ y))
            best = max(best, (float(r), shift, reverse))
    return best


def distinct(profiles: dict, n: int, *, bits: float = 1.2) -> dict:
    """Choose sharp profiles that do not resemble each other.

    Parameters
    ----------
    profiles : dict of str to ndarray, (width, 4)
    n : int
    bits : float
        Least mean information of a position.

    Returns
    -------
    dict of str to ndarray
        The first ``n`` of 8 to 12 positions that correlate below 0.75 with all before.
    """
    out: dict[str, np.ndarray] = {}
    for name, matrix in profiles.items():
        sharp = 8 <= len(matrix) <= 12 and information(matrix).mean() >= bits
        if len(out) < n and sharp and all(align(matrix, m)[0] < 0.75 for m in out.values()):
            out[name] = matrix
    return out
