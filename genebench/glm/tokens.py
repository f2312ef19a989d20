"""Bases → tokens: single nucleotides, k-mers that do not overlap, or byte-pair units, and where each token lies."""

from __future__ import annotations

import json
from collections.abc import Sequence as Many

import numpy as np

from . import codes
from .recipe import Recipe


def spelt(k: int) -> np.ndarray:
    """Codes of the bases of every k-mer, in the order of its index, (4^k, k)."""
    index = np.arange(4**k)
    return np.stack([(index // 4 ** (k - 1 - j)) % 4 for j in range(k)], axis=1)


class Tokens:
    """Turns windows of codes into token indices and back into spans of bases.

    ``merges``: JSON of a byte-pair vocabulary.
    """

    def __init__(self, recipe: Recipe, merges: str | None = None) -> None:
        self.kind, self.k, self.vocabulary = recipe.tokens, recipe.k, recipe.vocabulary
        self.unknown, self.mask = recipe.vocabulary, recipe.vocabulary + 1
        if self.kind == "nucleotide":
            self.k = 1
        self._bpe = None
        if merges is not None:
            from tokenizers import Tokenizer

            self._bpe = Tokenizer.from_str(merges)

    def encode(self, windows: np.ndarray) -> np.ndarray:
        """(n, L) codes → (n, T) int64 tokens; a rest shorter than a k-mer and a k-mer with an N are unknown."""
        if self.kind == "nucleotide":
            return windows.astype(np.int64)
        if self.kind == "kmer":
            n, length = windows.shape
            whole = -(-length // self.k) * self.k
            held = np.full((n, whole), codes.N, dtype=np.int64)
            held[:, :length] = windows
            held = held.reshape(n, -1, self.k)
            index = (held * 4 ** np.arange(self.k)[::-1]).sum(-1)
            return np.where((held < codes.N).all(-1), index, self.unknown)
        rows = [[self._id(t) for t in self._split(w)] for w in windows]
        longest = max(map(len, rows), default=0)
        return np.array([r + [self.unknown] * (longest - len(r)) for r in rows], dtype=np.int64)

    def _split(self, window: np.ndarray) -> list[str]:
        """Byte-pair units of one window, in order; each N stands alone."""
        out: list[str] = []
        text = codes.decode(window)
        for i, piece in enumerate(text.split("N")):
            out += ["N"] * (i > 0)
            out += self._bpe.encode(piece).tokens if piece else []
        return out

    def _id(self, token: str) -> int:
        return self.unknown if token == "N" else self._bpe.token_to_id(token)

    def spans(self, window: np.ndarray) -> np.ndarray:
        """First base and end of each token of one window (L,), (T, 2); ends are outside."""
        if self.kind == "bpe":
            ends = np.cumsum([len(t) for t in self._split(window)], dtype=np.int64)
        else:
            count = -(-len(window) // self.k)
            ends = np.minimum(np.arange(1, count + 1) * self.k, len(window))
        return (
            np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1)
            if len(ends)
            else np.zeros((0, 2), np.int64)
        )

    def state(self) -> str | None:
        """What must be kept beside the weights to make the same tokens again: JSON, or None."""
        return self._bpe.to_str() if self._bpe is not None else None


def learn(
    recipe: Recipe, sequences: Many[np.ndarray], *, pieces: int = 4000, length: int = 128
) -> Tokens:
    """The tokens of a recipe; a byte-pair vocabulary is learnt from pieces of the sequences, drawn by the seed."""
    if recipe.tokens != "bpe":
        return Tokens(recipe)
    from tokenizers import Tokenizer, models, trainers

    rng = np.random.default_rng(recipe.seed)
    share = np.array([len(s) for s in sequences], dtype=float)
    texts = []
    for which in rng.choice(len(sequences), pieces, p=share / share.sum()):
        start = int(rng.integers(0, max(1, len(sequences[which]) - length)))
        texts += [t for t in codes.decode(sequences[which][start : start + length]).split("N") if t]
    made = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        initial_alphabet=list("ACGT"),
        special_tokens=[],
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return Tokens(recipe, json.dumps(json.loads(made.to_str())))
