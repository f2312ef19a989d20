"""DNA as codes, sequences of a genome, and the interface of a nucleotide model.

A, C, G, T, N = 0 … 4, one byte a base. Every letter that is not one of four bases is N.
"""

from dataclasses import dataclass

import numpy as np

N = 4
"""Code of a base that is not known."""

_CODES = np.full(256, N, np.uint8)
_CODES[list(b"ACGTUacgtu")] = [0, 1, 2, 3, 3] * 2
_LETTERS = np.frombuffer(b"ACGTN", np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


@dataclass(frozen=True)
class Sequence:
    """A stretch of a genome with annotations base by base.

    Attributes
    ----------
    name : str
        Identifier, such as a chromosome.
    codes, repeats, regions : ndarray of shape (L,), uint8, bool and uint8
        Bases, soft-masked bases, and class of region of each base (the last two optional).
    species : int
        0 where it does not matter, else 1 … n.
    """

    name: str
    codes: np.ndarray
    repeats: np.ndarray | None = None
    regions: np.ndarray | None = None
    species: int = 0


class Nucleotides:
    """Base class of models of DNA: probabilities of the four bases.

    Attributes
    ----------
    name : str
        Name in tables and messages.
    objective : {"masked", "causal"}
        Whether a conditional knows both sides or the left side alone.
    context, layers : int
        Positions seen to each side (causal: to the left), and hidden states that there are.
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
    token_length, max_length : int
        Bases of a token (windows begin at multiples of it), and bases read at once.
    """

    name = ""
    objective = "masked"
    context = layers = 0
    one_pass = True
    by_likelihood = strand_symmetric = incremental = False
    receptive_field = None
    token_length = 1
    max_length = 1 << 14

    def conditionals(self, windows):
        """Log-probabilities of the bases at each position, without looking at the base itself.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8

        Returns
        -------
        ndarray of shape (n, L, 4), float32
            Natural logarithms, given the rest of the window (masked) or the left (causal).
        """
        raise NotImplementedError

    def at(self, windows, positions):
        """Conditionals at one position of each of (n, L) windows, (n, 4) float32."""
        return self.conditionals(windows)[np.arange(len(windows)), positions]


def encode(text):
    """Turn letters into codes.

    Parameters
    ----------
    text : str

    Returns
    -------
    ndarray of shape (L,), uint8
        Small letters count as capitals, U as T, and all others as N.
    """
    return _CODES[_bytes(text)]


def lower(text):
    """Find small letters (soft-masked repeats) of a str, (L,) bool."""
    return _bytes(text) >= ord("a")


def _bytes(text):
    return np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8)


def decode(codes):
    """Turn codes, (L,), into a str of letters."""
    return _LETTERS[np.asarray(codes, np.uint8)].tobytes().decode("ascii")


def reverse_complement(codes):
    """Read the other strand in its own direction, (…, L) → the same; a view with a stride < 0."""
    return _COMPLEMENT[codes][..., ::-1]


def kmers(codes, k):
    """Index of the k-mer that begins at each position.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
    k : int
        Length, at most 31.

    Returns
    -------
    ndarray of shape (L − k + 1,), int64
        In [0, 4^k), the first base the highest digit; −1 where the k-mer has an N.
    """
    if len(codes) < k:
        return np.empty(0, np.int64)
    index = np.convolve(codes, 4 ** np.arange(k), "valid")
    return np.where(np.convolve(codes == N, np.ones(k), "valid") > 0, -1, index)


def words(windows, k):
    """Index of k-mers of (n, L) windows side by side, (n, ⌈L / k⌉); −1 with an N or cut short."""
    padded = np.pad(windows, ((0, 0), (0, -windows.shape[1] % k)), constant_values=N)
    return kmers(padded.ravel(), k)[::k].reshape(len(windows), -1)


def canonical(codes, k):
    """``kmers``, of the two strands' indices the lower one."""
    return np.minimum(kmers(codes, k), kmers(reverse_complement(codes), k)[::-1])


def covered(codes, words, k):
    """Find the bases that lie in one of some k-mers, on either strand.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
    words, k : ndarray of int64 and int
        Of ``canonical``.

    Returns
    -------
    ndarray of shape (L,), bool
        True where covered; a k-mer with an N covers nothing.
    """
    shared = np.isin(canonical(codes, k), words[words >= 0])
    return np.convolve(np.append(shared, False), np.ones(k))[: len(codes)] > 0


def observed(logs, codes):
    """Log-probability of the base that stands at each position; 0 at N.

    Parameters
    ----------
    logs, codes : ndarray of shape (…, 4) and (…)
        Log-probabilities of A, C, G, T, and codes.

    Returns
    -------
    ndarray of shape (…)
    """
    index = np.minimum(codes, 3)[..., None].astype(np.int64)
    return np.where(codes < N, np.take_along_axis(logs, index, -1)[..., 0], 0)


def windows(codes, starts, length):
    """Cut windows out of a sequence.

    Parameters
    ----------
    codes : ndarray of shape (L,), uint8
    starts, length : array-like of shape (n,) and int
        First positions, which may lie outside, and bases of a window.

    Returns
    -------
    ndarray of shape (n, length), uint8
        N where the sequence has ended.
    """
    at = np.asarray(starts, np.int64)[:, None] + np.arange(length)
    inside = (at >= 0) & (at < len(codes))
    return np.where(inside, codes.take(at, mode="clip"), np.uint8(N))


def substituted(windows, positions, alt):
    """Copies of windows, each with another base (or of rows of tokens, with another token).

    Parameters
    ----------
    windows : ndarray of shape (n, L), int
        Codes.
    positions, alt : array-like of shape (n,), int
        Position in each window, and code of its new base.

    Returns
    -------
    ndarray of shape (n, L), int
        The changed windows.
    """
    changed = np.array(windows)
    changed[np.arange(len(changed)), positions] = alt
    return changed


def spelt(k):
    """Codes of the bases of every k-mer in the order of their index, (4^k, k)."""
    return np.indices((4,) * k).reshape(k, -1).T
