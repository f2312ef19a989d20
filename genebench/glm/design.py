"""Make promoters and judge them: tagged sampling, refinement, and several yardsticks with controls.

Sequences are made by interpolated Markov models of promoters of high, or of low, expression (the tag), by a causal
network with a tag, or by refining with a two-sided model. Judged as Polygraph does (Gupta et al. 2023): composition,
k-mers, motifs, diversity, novelty, activity by a predictor that was trained on other sequences, and likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from . import codes, motifs, windows
from .transfer import kmers

NATURAL = ("natural", "training")
"""Sets of natural sequences, which come in families of near copies."""


def sample(
    conditionals: Callable[[np.ndarray], np.ndarray],
    n: int,
    length: int,
    *,
    context: int,
    temperature: float = 1.0,
    forbidden: tuple[str, ...] = (),
    seed: int = 0,
) -> np.ndarray:
    """Sequences drawn base by base from a causal model, (n, length) uint8.

    Args: conditionals: as of ``codes.Nucleotides``, causal. context: bases to the left that it needs. temperature: below
    1 the likely become likelier. forbidden: words that no sequence may hold (a base that would complete one is not
    drawn). Raises: BadInput: a temperature of 0 or less, or words that leave no base to draw.
    """
    if temperature <= 0:
        raise BadInput(
            f"the temperature is {temperature}, but must be above 0; 1 draws as the model says."
        )
    rng = np.random.default_rng(seed)
    banned = [codes.encode(w) for w in forbidden]
    out = np.full((n, length), codes.N, dtype=np.uint8)
    for i in range(length):
        start = max(0, i - context)
        window = np.concatenate([out[:, start:i], np.zeros((n, 1), np.uint8)], axis=1)
        logits = conditionals(window)[:, -1] / temperature
        for word in banned:
            k = len(word) - 1
            if i >= k:
                logits[(out[:, i - k : i] == word[:-1]).all(1), word[-1]] = -np.inf
        best = logits.max(1, keepdims=True)
        if not np.isfinite(best).all():
            raise BadInput(
                f"the forbidden words leave no base to draw at place {i}; take some of them off the list."
            )
        p = np.exp(logits - best)
        edge = np.cumsum(p / p.sum(1, keepdims=True), axis=1)
        out[:, i] = np.minimum((rng.random(n)[:, None] > edge).sum(1), 3)
    return out


def refine(
    model,
    sequences: np.ndarray,
    *,
    rounds: int = 3,
    share: float = 0.15,
    temperature: float = 0.5,
    seed: int = 0,
) -> np.ndarray:
    """Sequences improved by a two-sided model: in every round the least likely ``share`` of bases is drawn anew.

    Neighbours of a base that was drawn anew wait for the next round, so that every draw has seen a whole context.
    """
    rng, out = np.random.default_rng(seed), sequences.copy()
    n, length = out.shape
    for _ in range(rounds):
        logs = model.conditionals(out)
        held = np.take_along_axis(logs, np.minimum(out, 3)[..., None].astype(int), 2)[..., 0]
        order = np.argsort(held, axis=1)
        for row in range(n):
            taken = np.zeros(length + 2, dtype=bool)
            for place in order[row, : int(share * length)]:
                if not taken[place : place + 3].any():
                    p = np.exp(logs[row, place] / temperature)
                    out[row, place] = rng.choice(4, p=p / p.sum())
                    taken[place + 1] = True
    return out


def shuffled(sequences: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """The bases of each sequence in random order."""
    return np.random.default_rng(seed).permuted(sequences, axis=1)


def random(n: int, length: int, *, seed: int = 0) -> np.ndarray:
    """Evenly drawn bases."""
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def distances(sequences: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Least number of edits (substitution, insertion, deletion) from each sequence to any of the others, (n,)."""
    from . import markov

    return markov.nearest(np.ascontiguousarray(sequences), np.ascontiguousarray(others))


def motif_hits(
    sequences: np.ndarray, profiles: dict[str, np.ndarray], *, share: float = 0.85
) -> np.ndarray:
    """Sites of each motif per sequence, either strand, (n, motifs): places with ``share`` of the best score."""
    out = np.zeros((len(sequences), len(profiles)), dtype=np.float32)
    safe = np.where(sequences > 3, 0, sequences)
    for m, matrix in enumerate(profiles.values()):
        for turned in (matrix, motifs.turned(matrix)):
            weight = np.log2(np.maximum(turned, 1e-3) / 0.25)
            limit = share * weight.max(1).sum()
            size = safe.shape[1] - len(weight) + 1
            score = sum(weight[j][safe[:, j : j + size]] for j in range(len(weight)))
            out[:, m] += (score >= limit).sum(1)
    return out


def spread(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of the means of two sets of vectors, in standard deviations of the second, root mean square over
    columns; 0 is alike. Columns that do not vary are left out."""
    deviation = b.std(0)
    used = deviation > 0
    return float(np.sqrt((((a.mean(0) - b.mean(0))[used] / deviation[used]) ** 2).mean()))


def told_apart(
    a: np.ndarray, b: np.ndarray, *, family: np.ndarray | None = None, seed: int = 0
) -> float:
    """AUROC of a linear probe (five folds) that tells two sets of vectors apart; 0.5: it cannot.

    ``family``: of the vectors of both sets one after the other, (n,); no fold parts a family. None: each its own.
    """
    from .. import probes
    from ..stats import metrics

    X = np.concatenate([a, b])
    y = np.r_[np.zeros(len(a), int), np.ones(len(b), int)]
    family = np.arange(len(y)) if family is None else family
    fold = np.random.default_rng(seed).permutation(family.max() + 1)[family] % 5
    return metrics.auroc(y, probes.predict(X, y, fold, kind="binary")[:, 0])


def yardsticks(
    made: dict[str, np.ndarray],
    natural: np.ndarray,
    training: np.ndarray,
    *,
    predict: Callable[[np.ndarray], np.ndarray],
    likelihood: Callable[[np.ndarray], np.ndarray],
    profiles: dict[str, np.ndarray],
) -> pd.DataFrame:
    """One row per set of sequences: every yardstick, none of which is the goal alone.

    Args: made: name → (n, L). natural: sequences that the generators were not fitted to, what all are held against.
    training: those that they were fitted to. predict: activity of sequences, (n,). likelihood: bits a base, (n,).
    Columns: ``gc`` (share); ``kmers`` and ``motifs`` (``spread`` of 4-mers and of motif sites from natural ones);
    ``discriminator`` (AUROC on 6-mers against natural ones, whose families are kept together); ``diversity`` (mean
    least edits to another of the set, per base); ``novelty`` (median least edits to training, per base); ``copies``
    (share within 5 % of training); ``activity`` with ``activity_low, activity_high`` (mean, 95 %); ``bits``.
    """
    held = {
        "kmers": kmers(natural, 4),
        "six": kmers(natural, 6),
        "motifs": motif_hits(natural, profiles),
    }
    rows = []
    for name, sequences in made.items():
        length = sequences.shape[1]
        some = sequences[:200]
        within = np.array(
            [distances(some[i : i + 1], np.delete(some, i, 0))[0] for i in range(len(some))]
        )
        new = distances(some, training)
        active = predict(sequences)
        own = windows.families(sequences) if name in NATURAL else np.arange(len(sequences))
        family = np.r_[own, own.max() + 1 + windows.families(natural)]
        error = 1.96 * active.std(ddof=1) / np.sqrt(len(active))
        rows.append(
            {
                "set": name,
                "n": len(sequences),
                "gc": float(np.isin(sequences, (1, 2)).mean()),
                "kmers": spread(kmers(sequences, 4), held["kmers"]),
                "motifs": spread(motif_hits(sequences, profiles), held["motifs"]),
                "discriminator": told_apart(kmers(sequences, 6), held["six"], family=family),
                "diversity": float(within.mean() / length),
                "novelty": float(np.median(new) / length),
                "copies": float((new <= 0.05 * length).mean()),
                "activity": float(active.mean()),
                "activity_low": float(active.mean() - error),
                "activity_high": float(active.mean() + error),
                "bits": float(likelihood(sequences).mean()),
            }
        )
    return pd.DataFrame(rows)


def designed(
    path: Path, *, n: int, tag: str, temperature: float, forbidden: list[str], seed: int
) -> int:
    """Write designed promoters of a tag ("high" or "low") as FASTA and return how many; the network must be trained.

    Raises: BadInput: an unknown tag, or no trained network.
    """
    from ..core import cache, paths
    from ..core.errors import unknown
    from . import hub, trained

    tags = {"low": 1, "high": 2}
    if tag not in tags:
        raise unknown("tag", tag, tags)
    folder = paths.GLM_MODELS / "promoters"
    if not (folder / trained.WEIGHTS).exists():
        raise BadInput(
            f"{folder}: no trained network of promoters; run 'python -m notebooks.studies.glm_runs design' first."
        )
    model = hub.load(folder)
    model.species = tags[tag]
    made = sample(
        model.conditionals,
        n,
        windows.PROMOTER,
        context=windows.PROMOTER,
        temperature=temperature,
        forbidden=tuple(forbidden),
        seed=seed,
    )
    with cache.atomic(path) as temporary, open(temporary, "w", encoding="ascii") as stream:
        stream.writelines(
            f">design_{i + 1} tag={tag}\n{codes.decode(s)}\n" for i, s in enumerate(made)
        )
    return len(made)
