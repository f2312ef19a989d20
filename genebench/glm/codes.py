"""DNA as codes and tokens, sequences of a genome, and the interface of a nucleotide model.

A, C, G, T, N = 0 … 4, one byte a base. Every letter that is not one of four bases is N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LETTERS = "ACGTN"
N = 4
"""Code of a base that is not known."""

_CODES = np.full(256, N, dtype=np.uint8)
_CODES[list(b"ACGTUacgtu")] = [0, 1, 2, 3, 3] * 2
_LETTERS = np.frombuffer(LETTERS.encode(), dtype=np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


@dataclass(frozen=True)
class Sequence:
    """A stretch of a genome with annotations base by base.

    Attributes
    ----------
    name : str
        Identifier, such as a chromosome.
    codes : ndarray of shape (L,), uint8
        Bases.
    repeats : ndarray of shape (L,), bool, optional
        Soft-masked bases.
    regions : ndarray of shape (L,), uint8, optional
        Class of region of each base.
    species : int
        0 where it does not matter, else 1 … n.
    """

    name: str
    codes: np.ndarray
    repeats: np.ndarray | None = None
    regions: np.ndarray | None = None
    species: int = 0


class Nucleotides:
    """Base class of models of DNA: probabilities of the four bases, and hidden states.

    Attributes
    ----------
    name : str
        Name in tables and messages.
    objective : {"masked", "causal"}
        Whether a conditional knows both sides or the left side alone.
    context : int
        Positions seen to each side (of a causal model: to the left).
    layers : int
        Number of hidden states that ``hidden`` can give.
    one_pass : bool
        Whether one pass gives the conditionals of all positions of a window.
    by_likelihood : bool
        Whether variants can only be scored by the likelihood of whole windows.
    strand_symmetric : bool
        Whether a sequence and its reverse complement get the same probabilities.
    incremental : bool
        Whether ``changes`` can go on from what was read before a substitution.
    receptive_field : int or None
        Bases to each side that the model can see, where that is less than any window.
    token_length : int
        Bases of a token; windows begin at multiples of it.
    max_length : int
        Bases that the model can read at once.
    """

    name = ""
    objective = "masked"
    context = layers = 0
    one_pass = True
    by_likelihood = strand_symmetric = incremental = False
    receptive_field: int | None = None
    token_length = 1
    max_length = 1 << 14

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Log-probabilities of the bases at each position, without looking at the base itself.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.

        Returns
        -------
        ndarray of shape (n, L, 4), float32
            Natural logarithms for A, C, G, T, given the rest of the window (masked) or all to
            the left (causal).
        """
        raise NotImplementedError

    def at(self, windows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Conditionals at one position of each window.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.
        positions : ndarray of shape (n,), int
            Position in each window.

        Returns
        -------
        ndarray of shape (n, 4), float32
            Natural logarithms.
        """
        return self.conditionals(windows)[np.arange(len(windows)), positions]

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """Hidden states, in which the base itself is seen.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.
        layer : int
            0 to ``layers`` − 1; −1 is the last.

        Returns
        -------
        ndarray of shape (n, L, d), float32
            A token's state stands at each of its bases.
        """
        raise NotImplementedError


def encode(text: str | bytes) -> np.ndarray:
    """Turn letters into codes.

    Parameters
    ----------
    text : str or bytes
        Small letters count as capitals, U as T, IUPAC letters for several bases as N.

    Returns
    -------
    ndarray of shape (L,), uint8
        Codes.
    """
    return _CODES[_bytes(text)]


def lower(text: str | bytes) -> np.ndarray:
    """Find small letters (soft-masked repeats).

    Parameters
    ----------
    text : str or bytes
        Letters.

    Returns
    -------
    ndarray of shape (L,), bool
        True at a small letter.
    """
    return _bytes(text) >= ord("a")


def _bytes(text):
    raw = text.encode("latin-1", "replace") if isinstance(text, str) else text
    return np.frombuffer(raw, dtype=np.uint8)


def decode(codes: np.ndarray) -> str:
    """Turn codes into letters.

    Parameters
    ----------
    codes : array-like of shape (L,)
        Codes 0 to 4.

    Returns
    -------
    str
        Capital letters.
    """
    return _LETTERS[np.asarray(codes, dtype=np.uint8)].tobytes().decode("ascii")


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Read the other strand in its own direction.

    Parameters
    ----------
    codes : ndarray of shape (…, L)
        Codes; the last axis is the sequence.

    Returns
    -------
    ndarray of shape (…, L), uint8
        A view with a negative stride.
    """
    return _COMPLEMENT[codes][..., ::-1]


def kmers(codes: np.ndarray, k: int) -> np.ndarray:
    """Index of the k-mer that begins at each position.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
        Codes.
    k : int
        Length, at most 31.

    Returns
    -------
    ndarray of shape (L − k + 1,), int64
        In [0, 4^k), the first base the highest digit; −1 where the k-mer has an N.
    """
    size = max(0, len(codes) - k + 1)
    index, known = np.zeros(size, dtype=np.int64), np.ones(size, dtype=bool)
    for j in range(k):
        part = codes[j : j + size]
        index = index * 4 + np.minimum(part, 3)
        known &= part < N
    return np.where(known, index, -1)


def canonical(codes: np.ndarray, k: int) -> np.ndarray:
    """Index of the k-mer that begins at each position, the same for both strands.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
        Codes.
    k : int
        Length, at most 31.

    Returns
    -------
    ndarray of shape (L − k + 1,), int64
        The lower index of the two strands; −1 where the k-mer has an N.
    """
    return np.minimum(kmers(codes, k), kmers(reverse_complement(codes), k)[::-1])


def covered(codes: np.ndarray, words: np.ndarray, k: int) -> np.ndarray:
    """Find the bases that lie in one of some k-mers, on either strand.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
        Codes.
    words : ndarray of int64
        Of ``canonical``.
    k : int
        Length of the k-mers.

    Returns
    -------
    ndarray of shape (L,), bool
        True where covered; a k-mer with an N covers nothing.
    """
    mine = canonical(codes, k)
    shared = np.isin(mine, words) & (mine >= 0)
    if len(shared) == 0:
        return np.zeros(len(codes), dtype=bool)
    return np.convolve(shared, np.ones(k, dtype=np.int64)) > 0


def observed(logs: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Log-probability of the base that stands at each position.

    Parameters
    ----------
    logs : ndarray of shape (…, 4)
        Log-probabilities of A, C, G, T.
    codes : ndarray of shape (…), uint8
        Codes.

    Returns
    -------
    ndarray of shape (…)
        0 at N.
    """
    index = np.minimum(codes, 3)[..., None].astype(np.int64)
    return np.where(codes < N, np.take_along_axis(logs, index, axis=-1)[..., 0], 0)


def windows(codes: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Cut windows out of a sequence.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
        Codes.
    starts : array-like of shape (n,), int
        First positions, which may lie outside.
    length : int
        Bases of a window.

    Returns
    -------
    ndarray of shape (n, length), uint8
        N where the sequence has ended.
    """
    at = np.asarray(starts, dtype=np.int64)[:, None] + np.arange(length)
    inside = (at >= 0) & (at < len(codes))
    return np.where(inside, codes[np.clip(at, 0, max(0, len(codes) - 1))], np.uint8(N))


def spelt(k: int) -> np.ndarray:
    """Codes of the bases of every k-mer.

    Parameters
    ----------
    k : int
        Length.

    Returns
    -------
    ndarray of shape (4^k, k)
        In the order of the k-mers' index.
    """
    return np.indices((4,) * k).reshape(k, -1).T


class Tokens:
    """Tokens of windows: single nucleotides, k-mers that do not overlap, or byte-pair units.

    Parameters
    ----------
    recipe : net.Recipe
        Kind of tokens and vocabulary.
    merges : str, optional
        JSON of a byte-pair vocabulary (``tokenizers``).

    Attributes
    ----------
    unknown, mask : int
        Tokens of what has an N, and of a masked token.
    """

    def __init__(self, recipe, merges: str | None = None) -> None:
        self.kind, self.k = recipe.tokens, 1 if recipe.tokens == "nucleotide" else recipe.k
        self.unknown, self.mask = recipe.vocabulary, recipe.vocabulary + 1
        self.merges = merges
        if merges is not None:
            from tokenizers import Tokenizer

            self._pairs = Tokenizer.from_str(merges)

    def encode(self, windows: np.ndarray) -> np.ndarray:
        """Tokenize windows.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.

        Returns
        -------
        ndarray of shape (n, T), int64
            A rest shorter than a k-mer and a k-mer with an N are ``unknown``.
        """
        if self.kind == "nucleotide":
            return windows.astype(np.int64)
        if self.kind == "kmer":
            rest = -windows.shape[1] % self.k
            padded = np.pad(windows.astype(np.int64), ((0, 0), (0, rest)), constant_values=N)
            words = padded.reshape(len(windows), -1, self.k)
            index = words @ 4 ** np.arange(self.k)[::-1]
            return np.where((words < N).all(-1), index, self.unknown)
        rows = [
            [self.unknown if t == "N" else self._pairs.token_to_id(t) for t in self._split(w)]
            for w in windows
        ]
        longest = max(map(len, rows), default=0)
        return np.array([r + [self.unknown] * (longest - len(r)) for r in rows], dtype=np.int64)

    def _split(self, window):
        """Byte-pair units of one window, in order; each N stands alone."""
        out: list[str] = []
        for i, piece in enumerate(decode(window).split("N")):
            out += ["N"] * (i > 0)
            out += self._pairs.encode(piece).tokens if piece else []
        return out

    def spans(self, window: np.ndarray) -> np.ndarray:
        """Bases of each token of one window.

        Parameters
        ----------
        window : ndarray of shape (L,), uint8
            Codes.

        Returns
        -------
        ndarray of shape (T, 2), int64
            First base, and the one after the last.
        """
        if self.kind == "bpe":
            ends = np.cumsum([len(t) for t in self._split(window)], dtype=np.int64)
        else:
            count = -(-len(window) // self.k)
            ends = np.minimum(np.arange(1, count + 1) * self.k, len(window))
        return np.stack([np.append(0, ends)[:-1], ends], axis=1)


def learn(recipe, sequences: list[np.ndarray]) -> Tokens:
    """Tokens of a recipe; a byte-pair vocabulary is learnt from 4,000 pieces of 128 bases.

    Parameters
    ----------
    recipe : net.Recipe
        Kind of tokens, size of the vocabulary, seed.
    sequences : list of ndarray of shape (L,), uint8
        Codes.

    Returns
    -------
    Tokens
        Ready to encode.
    """
    if recipe.tokens != "bpe":
        return Tokens(recipe)
    from tokenizers import Tokenizer, models, trainers

    rng = np.random.default_rng(recipe.seed)
    sizes = np.array([len(s) for s in sequences], dtype=float)
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
