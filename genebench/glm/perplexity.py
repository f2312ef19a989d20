"""What a model expects along a sequence: probabilities, and bits per base."""

import numpy as np
import pandas as pd

from . import codes
from .genomes import WORD


def track(model, sequence, *, window=1024, one_sided=False):
    """Log-probabilities of the bases at every position of a sequence.

    Parameters
    ----------
    model : Nucleotides
    sequence : ndarray of shape (L,), uint8
    window : int
        Bases of a window; windows overlap by the model's context, at most a quarter on each side.
    one_sided : bool
        Whether they overlap on the left alone, by at most half a window.

    Returns
    -------
    ndarray of shape (L, 4), float32
        Natural logarithms.
    """
    left = min(model.context, window // (2 if one_sided else 4))
    step, parts = window - left - (0 if one_sided else left), []
    starts = np.arange(0, max(1, len(sequence)), step)
    for s in range(0, len(starts), 32):
        logs = model.conditionals(codes.windows(sequence, starts[s : s + 32] - left, window))
        parts.append(logs[:, left : left + step].reshape(-1, 4))
    return np.concatenate(parts)[: len(sequence)]


def model_bits(model, sequence):
    """Bits that a model needs for each base of a ``Sequence``, (L,) float32; NaN at N."""
    if sequence.species:
        model.species = sequence.species
    logs = track(model, sequence.codes, window=512, one_sided=model.objective == "causal")
    cost = -codes.observed(logs, sequence.codes) / np.log(2)
    return np.where(sequence.codes < codes.N, cost, np.nan).astype(np.float32)


def genome_track(genome, model):
    """``track`` over the test part of a ``Genome``, (n_bases, 4) float32; NaN outside of it."""
    table = np.full((len(genome.codes), 4), np.nan, dtype=np.float32)
    for a, b in genome.blocks("test"):
        table[a:b] = track(model, genome.codes[a:b])
    return table


def validate(model, validation, training, *, regions=()):
    """Bits a base and perplexity on held-out sequences.

    Parameters
    ----------
    model : Nucleotides
    validation, training : sequence of Sequence
        Held-out sequences, and those whose words are searched for in them.
    regions : tuple of str
        Names of the classes of region, where all held-out sequences have them.

    Returns
    -------
    DataFrame
        ``bases, n, share, bits, perplexity`` (lower is better): of all bases, outside repeats,
        outside what training has seen, and by class of region.
    """
    words = [np.empty(0, np.int64), *(codes.canonical(t.codes, WORD) for t in training)]
    words, parts = np.unique(np.concatenate(words)), []
    for s in validation:
        columns = {
            "bits": model_bits(model, s),
            "repeat": False if s.repeats is None else s.repeats,
            "seen": codes.covered(s.codes, words, WORD),
            "region": -1 if s.regions is None else s.regions,
        }
        parts.append(pd.DataFrame(columns))
    table = pd.concat(parts).dropna(subset="bits")
    masks = {
        "all": table.bits.notna(),
        "outside repeats": ~table.repeat,
        f"outside shared {WORD}-mers": ~table.seen,
    }
    masks |= {name: table.region == i for i, name in enumerate(regions)}
    rows = []
    for name, mask in masks.items():
        mean = float(table.bits.to_numpy()[mask].mean()) if mask.any() else np.nan
        rows.append((name, mask.sum(), mask.mean(), mean, 2.0**mean))
    return pd.DataFrame(rows, columns=["bases", "n", "share", "bits", "perplexity"])
