"""Tokens of windows: single nucleotides, k-mers that do not overlap, or byte-pair units."""

from itertools import zip_longest

import numpy as np

from .codes import decode, words


class Tokens:
    """Tokens of windows.

    Parameters
    ----------
    recipe : net.Recipe
        Kind of tokens and vocabulary.
    merges : str, optional
        JSON of a byte-pair vocabulary (``tokenizers``).

    Attributes
    ----------
    k, unknown, mask : int
        Bases of a k-mer (else 1), and tokens of what has an N and of a masked token.
    """

    def __init__(self, recipe, merges: str | None = None):
        self.k = recipe.k if recipe.tokens == "kmer" else 1
        self.unknown, self.mask = recipe.vocabulary, recipe.vocabulary + 1
        self.merges = merges
        if merges is not None:
            from tokenizers import Tokenizer

            self._pairs = Tokenizer.from_str(merges)

    def encode(self, windows):
        """Tokenize windows.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8

        Returns
        -------
        ndarray of shape (n, T), int64
            A rest shorter than a k-mer and a k-mer with an N are ``unknown``.
        """
        if self.merges is None:
            index = words(windows, self.k)
            return np.where(index < 0, self.unknown, index)
        number = self._pairs.get_vocab() | {"N": self.unknown}
        rows = [[number[t] for t in self._split(window)] for window in windows]
        filled = list(zip_longest(*rows, fillvalue=self.unknown))
        return np.array(filled, np.int64).T.copy()

    def _split(self, window):
        """Units of one window, in order; each N stands alone."""
        if self.merges is None:
            return ["N" * self.k] * -(-len(window) // self.k)
        out = []
        for i, piece in enumerate(decode(window).split("N")):
            out += ["N"] * (i > 0)
            out += self._pairs.encode(piece).tokens if piece else []
        return out

    def spans(self, window: np.ndarray) -> np.ndarray:
        """First base of each token of one window, and the one after its last, (T, 2) int64."""
        ends = np.cumsum([len(token) for token in self._split(window)], dtype=np.int64)
        ends = np.minimum(ends, len(window))
        return np.stack([np.append(0, ends)[:-1], ends], 1)


def learn(recipe, sequences):
    """Tokens of a recipe; a byte-pair vocabulary is learnt from 4,000 pieces of 128 bases.

    Parameters
    ----------
    recipe : net.Recipe
        Kind of tokens, size of the vocabulary, seed.
    sequences : list of ndarray of shape (L,), uint8

    Returns
    -------
    Tokens
    """
    if recipe.tokens != "bpe":
        return Tokens(recipe)
    from tokenizers import Tokenizer, models, trainers

    rng = np.random.default_rng(recipe.seed)
    sizes = np.array([len(s) for s in sequences], float)
    texts = []
    for which in rng.choice(len(sequences), 4000, p=sizes / sizes.sum()):
        sequence = sequences[which]
        start = int(rng.integers(0, max(1, len(sequence) - 128)))
        texts += filter(None, decode(sequence[start : start + 128]).split("N"))
    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        initial_alphabet=list("ACGT"),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return Tokens(recipe, tokenizer.to_str())
