"""Tokens of windows: single nucleotides, k-mers that do not overlap, or byte-pair units."""

import numpy as np
from tokenizers import Tokenizer, models, trainers

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

    def __init__(self, recipe, merges=None):
        self.k = recipe.k if recipe.tokens == "kmer" else 1
        self.unknown, self.mask = recipe.vocabulary, recipe.vocabulary + 1
        self.merges = merges
        if merges is not None:
            self._pairs = Tokenizer.from_str(merges)
            self._known = self._pairs.get_vocab_size()
            self._pairs.add_tokens(["N"])  # each N stands alone
            self._pairs.enable_padding(pad_token="N", pad_id=self.unknown)

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
        ids = np.array([e.ids for e in self._pairs.encode_batch([*map(decode, windows)])])
        return np.where(ids < self._known, ids, self.unknown)

    def spans(self, window):
        """First base of each token of one (L,) window, and the one after its last, (T, 2) int64."""
        if self.merges is not None:
            return np.array(self._pairs.encode(decode(window)).offsets)
        starts = np.arange(0, len(window), self.k)
        return np.stack([starts, np.minimum(starts + self.k, len(window))], 1)


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
    rng = np.random.default_rng(recipe.seed)
    sizes = np.array([len(s) for s in sequences], float)
    texts = []
    for which in rng.choice(len(sequences), 4000, p=sizes / sizes.sum()):
        start = int(rng.integers(0, max(1, len(sequences[which]) - 128)))
        texts += filter(None, decode(sequences[which][start : start + 128]).split("N"))
    tokenizer = Tokenizer(models.BPE())
    options = {"initial_alphabet": list("ACGT"), "show_progress": False}
    trainer = trainers.BpeTrainer(vocab_size=recipe.vocabulary, **options)
    tokenizer.train_from_iterator(texts, trainer)
    return Tokens(recipe, tokenizer.to_str())
