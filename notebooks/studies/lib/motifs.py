"""Motifs: from JASPAR, compared, chosen, and found by TF-MoDISco in what a model expects."""

from __future__ import annotations

import numpy as np
import pandas as pd

from genebench.core.errors import BadInput
from genebench.core.specs import SourceSpec
from genebench.data import sources
from genebench.data.annotations import jaspar_counts
from genebench.glm.genomes import Genome
from genebench.glm.interpret import around_starts

_SHUFFLES = 50
"""Times that a motif's columns are shuffled, to know how well a profile matches by chance."""


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


def find_motifs(
    genome: Genome, table: np.ndarray, profiles: dict, *, upstream: int = 400
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Motifs in what a model expects upstream of test genes, by TF-MoDISco.

    A base's contribution is its log-probability less the mean over the four
    (Shrikumar et al. 2018).

    Parameters
    ----------
    genome : Genome
    table : ndarray, (n_bases, 4)
        Natural-log probabilities.
    profiles : dict of str to ndarray, (width, 4)
        Known motifs.
    upstream : int
        Bases before the start codon.

    Returns
    -------
    motifs, letters : DataFrame
        As ``match_motifs``.

    Raises
    ------
    BadInput
        modisco-lite is not installed.
    """
    try:
        import modiscolite
    except ImportError:
        raise BadInput(
            "motif discovery needs the package modisco-lite; run 'pip install modisco-lite'."
        ) from None
    bases, p = around_starts(genome, table, up=upstream, down=0)
    log = np.log(np.maximum(p, 1e-6))
    patterns, _ = modiscolite.tfmodisco.TFMoDISco(
        one_hot=np.eye(4)[np.minimum(bases, 3)].astype("float32"),
        hypothetical_contribs=((log - log.mean(2, keepdims=True)) * 0.1).astype("float32"),
        sliding_window_size=15,
        flank_size=5,
        max_seqlets_per_metacluster=2000,
        n_leiden_runs=2,
    )
    trimmed = [(_trim(np.asarray(p.sequence, dtype=float)), len(p.seqlets)) for p in patterns or []]
    return match_motifs([(m, n) for m, n in trimmed if len(m) >= 5], profiles)


def match_motifs(
    motifs: list[tuple[np.ndarray, int]], profiles: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Name motifs by the nearest known profile.

    Parameters
    ----------
    motifs : list of (ndarray of shape (width, 4), int)
        Probabilities and number of sites.
    profiles : dict of str to ndarray, (width, 4)

    Returns
    -------
    motifs : DataFrame
        The commonest first: ``motif, sites, width, consensus, match, r, chance`` (correlation that
        shuffled columns reach in one case of twenty).
    letters : DataFrame
        ``motif, of`` (found or match), ``position, A, C, G, T``.
    """
    rng, rows, letters = np.random.default_rng(0), [], []
    for number, (matrix, sites) in enumerate(sorted(motifs, key=lambda m: -m[1]), start=1):
        name = f"motif {number}"
        near, r = _nearest(matrix, profiles)
        drawn = [rng.permutation(matrix) for _ in range(_SHUFFLES)]
        chance = np.quantile([_nearest(m, profiles)[1] for m in drawn], 0.95)
        top = zip(matrix.argmax(1), matrix.max(1))
        consensus = "".join("ACGT"[b] if p > 0.5 else "n" for b, p in top)
        rows.append((name, sites, len(matrix), consensus, near, r, float(chance)))
        letters += [(name, "found", j, *row) for j, row in enumerate(matrix)]
        if near:
            match = profiles[near]
            _, shift, reverse = align(matrix, match, overlap=min(5, len(matrix)))
            match = match[::-1, ::-1] if reverse else match
            letters += [(name, "match", j, *row) for j, row in enumerate(match, start=shift)]
    columns = ["motif", "sites", "width", "consensus", "match", "r", "chance"]
    of_letters = pd.DataFrame(letters, columns=["motif", "of", "position", *"ACGT"])
    return pd.DataFrame(rows, columns=columns), of_letters


def _trim(matrix: np.ndarray, least: float = 0.3) -> np.ndarray:
    """A motif without its uninformative ends."""
    matrix = (matrix + 0.0025) / 1.01
    sharp = np.flatnonzero(information(matrix) >= least)
    return matrix[sharp[0] : sharp[-1] + 1] if len(sharp) else matrix[:0]


def _nearest(matrix: np.ndarray, profiles: dict) -> tuple[str, float]:
    width = min(5, len(matrix))
    r = {n: align(matrix, p, overlap=width)[0] for n, p in profiles.items() if len(p) >= width}
    best = max(r, key=r.get, default="")
    return best, r.get(best, np.nan)
