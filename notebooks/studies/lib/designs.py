"""Judge designed promoters by several metrics with controls.

Judged as Polygraph does (Gupta et al. 2023): composition, k-mers, motifs, diversity, novelty,
activity by a predictor that was trained on other sequences, and likelihood.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from genebench import probes
from genebench.stats import metrics

from . import markov, windows
from .transfer import kmer_shares

NATURAL = ("natural", "training")
"""Sets of natural sequences, which come in families of near copies."""


def refine(model, sequences: np.ndarray, *, rounds: int = 3, seed: int = 0) -> np.ndarray:
    """Improve sequences by a two-sided model: redraw the least likely 15 % of bases each round.

    Neighbours of a redrawn base wait for the next round, so that every draw sees a whole context.
    Bases are drawn at temperature 0.5.

    Parameters
    ----------
    model : nucleotide model
    sequences : ndarray of uint8, (n, L)
    rounds, seed : int

    Returns
    -------
    ndarray of uint8, (n, L)
    """
    rng, out = np.random.default_rng(seed), sequences.copy()
    for _ in range(rounds):
        logs = model.conditionals(out)
        present = np.minimum(out, 3)[..., None].astype(int)
        order = np.argsort(np.take_along_axis(logs, present, 2)[..., 0], axis=1)
        for row, places in enumerate(order[:, : int(0.15 * out.shape[1])]):
            taken = np.zeros(out.shape[1] + 2, dtype=bool)
            for place in places:
                if not taken[place : place + 3].any():
                    p = np.exp(logs[row, place] / 0.5)
                    out[row, place] = rng.choice(4, p=p / p.sum())
                    taken[place + 1] = True
    return out


def distances(sequences: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Least number of edits (substitution, insertion, deletion) to any other sequence.

    Parameters
    ----------
    sequences : ndarray of uint8, (n, L)
    others : ndarray of uint8, (m, L')

    Returns
    -------
    ndarray of int, (n,)
    """
    return markov.nearest(np.ascontiguousarray(sequences), np.ascontiguousarray(others))


def motif_hits(
    sequences: np.ndarray, profiles: dict[str, np.ndarray], *, share: float = 0.85
) -> np.ndarray:
    """Count the sites of each motif per sequence, either strand.

    Parameters
    ----------
    sequences : ndarray of uint8, (n, L)
    profiles : dict of str to ndarray, (width, 4)
        Probabilities.
    share : float
        Of the best possible score that a site must have.

    Returns
    -------
    ndarray of float32, (n, n_profiles)
    """
    out = np.zeros((len(sequences), len(profiles)), dtype=np.float32)
    known = np.where(sequences > 3, 0, sequences)
    for m, matrix in enumerate(profiles.values()):
        for strand in (matrix, matrix[::-1, ::-1]):
            weight = np.log2(np.maximum(strand, 1e-3) / 0.25)
            size = known.shape[1] - len(weight) + 1
            score = sum(row[known[:, j : j + size]] for j, row in enumerate(weight))
            out[:, m] += (score >= share * weight.max(1).sum()).sum(1)
    return out


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of the means of two sets of vectors, in standard deviations of the second.

    Parameters
    ----------
    a, b : ndarray, (n, d), (m, d)

    Returns
    -------
    float
        Root mean square over the columns that vary; 0 is alike, NaN where none varies.
    """
    deviation = b.std(0)
    used = deviation > 0
    if not used.any():
        return np.nan
    moved = (a.mean(0) - b.mean(0))[used] / deviation[used]
    return float(np.sqrt((moved**2).mean()))


def discriminate(a: np.ndarray, b: np.ndarray, family: np.ndarray, *, seed: int = 0) -> float:
    """AUROC of a linear probe (five folds) that discriminates two sets of vectors.

    Parameters
    ----------
    a, b : ndarray, (n, d), (m, d)
    family : ndarray of int, (n + m,)
        No fold parts a family.
    seed : int

    Returns
    -------
    float
        0.5: it cannot.
    """
    y = np.repeat([0, 1], [len(a), len(b)])
    fold = np.random.default_rng(seed).permutation(family.max() + 1)[family] % 5
    values = probes.predict(np.concatenate([a, b]), y, fold, kind="binary")
    return metrics.auroc(y, values[:, 0])


def judge(
    designs: dict[str, np.ndarray],
    natural: np.ndarray,
    training: np.ndarray,
    *,
    predict: Callable[[np.ndarray], np.ndarray],
    likelihood: Callable[[np.ndarray], np.ndarray],
    profiles: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Compare sets of sequences with natural ones by every metric, none of which is the goal alone.

    Parameters
    ----------
    designs : dict of str to ndarray of uint8, (n, L)
    natural : ndarray of uint8, (m, L)
        Sequences that no generator was fitted to.
    training : ndarray of uint8, (t, L)
        Those that generators were fitted to.
    predict, likelihood : callable
        Sequences -> activity, bits a base, (n,) each.
    profiles : dict of str to ndarray, (width, 4)
        Motifs.

    Returns
    -------
    DataFrame
        A row a set: ``gc``; ``kmers, motifs`` (``mean_difference`` of 4-mers and motif sites);
        ``discriminator`` (AUROC on 6-mers); ``diversity`` (mean least edits to another of the set,
        per base); ``novelty`` (median least edits to training, per base); ``copies`` (share within
        5 % of training); ``activity`` (mean, 95 % in ``activity_low, activity_high``); ``bits``.
    """
    of_natural = [kmer_shares(natural, 4), motif_hits(natural, profiles), kmer_shares(natural, 6)]
    rows = []
    for name, sequences in designs.items():
        n, length = sequences.shape
        some = sequences[:200]
        within = [distances(some[[i]], np.delete(some, i, 0))[0] for i in range(len(some))]
        edits, active = distances(sequences, training), predict(sequences)
        family = windows.families(sequences) if name in NATURAL else np.arange(n)
        family = np.r_[family, family.max() + 1 + windows.families(natural)]
        error = 1.96 * active.std(ddof=1) / np.sqrt(n)
        six = kmer_shares(sequences, 6)
        row = {
            "set": name,
            "n": n,
            "gc": np.isin(sequences, (1, 2)).mean(),
            "kmers": mean_difference(kmer_shares(sequences, 4), of_natural[0]),
            "motifs": mean_difference(motif_hits(sequences, profiles), of_natural[1]),
            "discriminator": discriminate(six, of_natural[2], family),
            "diversity": np.mean(within) / length,
            "novelty": np.median(edits) / length,
            "copies": (edits <= 0.05 * length).mean(),
            "activity": active.mean(),
            "activity_low": active.mean() - error,
            "activity_high": active.mean() + error,
            "bits": likelihood(sequences).mean(),
        }
        rows.append(row)
    return pd.DataFrame(rows)
