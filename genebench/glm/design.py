"""Design yeast promoters: sampling from a causal network with tags of expression."""

import numpy as np

from ..core import cache, paths
from ..core.errors import BadInput, check
from . import codes, hub, trained

TAGS = {"low": 1, "high": 2}
"""Tag of expression -> species number of the causal network."""
PROMOTER = 80
"""Bases of a promoter."""


def sample(conditionals, n, length, *, context, temperature=1.0, forbidden=(), seed=0):
    """Draw sequences base by base from a causal model.

    Parameters
    ----------
    conditionals : callable
        Of a causal model: (n, L) codes -> (n, L, 4) natural-log probabilities.
    n, length, context, seed : int
        Sequences, bases of each, and bases to the left that the model needs.
    temperature : float
        Below 1 the likely bases become likelier.
    forbidden : tuple of str
        Words that no sequence may contain (a base that would complete one is not drawn).

    Returns
    -------
    ndarray of shape (n, length), uint8
        Codes.

    Raises
    ------
    BadInput
        A temperature of 0 or less, words of other letters, or that leave no base to draw.
    """
    if temperature <= 0:
        raise BadInput(
            f"the temperature is {temperature}, but must be above 0; 1 draws as the model says."
        )
    words = [*map(codes.encode, forbidden)]
    for word, known in zip(forbidden, words):
        if not len(known) or codes.N in known:
            raise BadInput(f"the word '{word}' is not one of A, C, G and T; write its bases.")
    rng = np.random.default_rng(seed)
    out = np.full((n, length), codes.N, np.uint8)
    for i in range(length):
        # the last base is not looked at
        seen = np.pad(out[:, max(0, i - context) : i], ((0, 0), (0, 1)))
        logits = conditionals(seen)[:, -1] / temperature
        for *before, last in words:
            if i >= len(before):
                logits[(out[:, i - len(before) : i] == before).all(1), last] = -np.inf
        best = logits.max(1, keepdims=True)
        if not np.isfinite(best).all():
            raise BadInput(
                f"the forbidden words leave no base to draw at place {i}; take some of them off "
                "the list."
            )
        p = np.exp(logits - best)
        edges = np.cumsum(p / p.sum(1, keepdims=True), axis=1)
        out[:, i] = np.minimum((rng.random(n)[:, None] > edges).sum(1), 3)
    return out


def promoter_network():
    """The TrainedModel of promoters with tags, causal; an error where there is none."""
    folder = paths.GLM_MODELS / "promoters"
    if not (folder / trained.WEIGHTS).exists():
        raise BadInput(
            f"{folder}: no trained network of promoters; run 'genebench notebooks --study design' "
            "first."
        )
    return hub.load(folder)


def write_designs(path, *, n, tag, **options):
    """Write designed promoters of a tag as FASTA.

    Parameters
    ----------
    path : Path
        File to write.
    n : int
    tag : {"high", "low"}
        Expression.
    **options
        Of ``sample``.

    Returns
    -------
    int
        Number of designs.
    """
    check(TAGS, "tag", tag)
    designs = sample_tagged(promoter_network(), n, tag, **options)
    rows = [f">design_{i} tag={tag}\n{codes.decode(s)}\n" for i, s in enumerate(designs, 1)]
    with cache.atomic(path) as temporary:
        temporary.write_text("".join(rows), encoding="ascii")
    return len(rows)


def sample_tagged(network, n, tag, **options):
    """Draw promoters of a tag.

    Parameters
    ----------
    network : TrainedModel
        As of ``promoter_network``.
    n : int
    tag : {"high", "low"}
        Expression.
    **options
        Of ``sample``.

    Returns
    -------
    ndarray of shape (n, 80), uint8
        Codes.
    """
    network.species = TAGS[tag]
    return sample(network.conditionals, n, PROMOTER, context=PROMOTER, **options)
