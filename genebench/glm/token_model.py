"""Networks over tokens of any kind: conditionals, hidden states and likelihoods."""

import copy
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from ..core.errors import BadInput
from . import codes

_BLOCK = 8
"""Bases whose alternatives go on from one reading of what lies before."""


def within(logs, windows, positions, k, *, both):
    """Turn log-probabilities of k-mers into those of one of their bases.

    Parameters
    ----------
    logs : ndarray of shape (n, 4^k)
        Log-probabilities of the k-mer that holds the base.
    windows : ndarray of shape (n, L), uint8
        Codes; k-mers begin at multiples of k.
    positions : ndarray of shape (n,), int
        Of the base in its window.
    k : int
        Length of a k-mer.
    both : bool
        Whether the other bases of the k-mer are given, or only those before; an N is summed over.

    Returns
    -------
    ndarray of shape (n, 4), float32
        Natural logarithms.
    """
    if k == 1:
        return logs
    table, place = codes.spelt(k), positions % k
    padded = np.pad(windows, ((0, 0), (0, k)), constant_values=codes.N)
    word = np.take_along_axis(padded, (positions - place)[:, None] + np.arange(k), axis=1)
    compare = np.not_equal if both else np.less
    summed = ~compare(np.arange(k), place[:, None]) | (word == codes.N)
    fits = ((table == word[:, None]) | summed[:, None]).all(-1)
    p, there = np.exp(logs.astype(np.float64)) * fits, table[:, place].T
    single = np.stack([(p * (there == b)).sum(1) for b in range(4)], axis=1)
    single = np.maximum(single, 1e-300)
    return np.log(single / single.sum(1, keepdims=True)).astype(np.float32)


class TokenModel(codes.Nucleotides):
    """Base class of networks over tokens of any kind.

    A subclass gives ``_tokens`` and ``_tokenized`` (tokens of windows), ``_logits`` and
    ``_hidden`` (of a batch), and ``_read_on`` (logits of the tokens behind what a cache of keys
    and values has read, and that cache) where it is ``incremental``.

    Attributes
    ----------
    device : str
    mask, head, ahead, room : int
        Token of a masked base; special tokens before the first base; how many tokens before a
        token its logits stand; tokens in one forward pass, at most.
    ids : ndarray of shape (4^k,)
        Tokens of the k-mers, in the order of their index.
    bfloat16 : bool
        Whether products are computed in bfloat16.
    """

    device = "cpu"
    head = ahead = 0
    bfloat16 = False

    @contextmanager
    def _computing(self):
        kind = self.device.split(":")[0]
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=self.bfloat16):
            yield

    def _run(self, ids, forward):
        """A slice of rows and what ``forward`` gives for it, float32, batch by batch."""
        size = max(1, self.room // max(1, ids.shape[1]))
        for s in range(0, len(ids), size):
            part = slice(s, s + size)
            with self._computing():
                out = forward(self._placed(ids[part])).float()
            yield part, out

    def _placed(self, ids):
        return torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)

    def _base_logs(self, logits):
        """Log-probabilities of the k-mers alone."""
        return logits[..., self.ids].float().log_softmax(-1).cpu().numpy()

    def _check_single(self):
        if self.by_likelihood:
            raise BadInput(
                f"model '{self.name}' has tokens of several bases and gives no probability of a "
                "single base; score variants by likelihoods instead."
            )

    def conditionals(self, windows, **options):
        """Log-probabilities as of ``Nucleotides``; if need be the token of each base is masked.

        A first base that nothing predicts is even. Tokens that give no probability of a single
        base are an error. ``which=1``: of a blind-spot network, given the left side alone.
        """
        self._check_single()
        if not self.one_pass:
            row, column = np.indices(windows.shape).reshape(2, -1)
            return self.at(windows[row], column).reshape(*windows.shape, 4)
        (n, length), k, first = windows.shape, self.token_length, self.head - self.ahead
        run = self._run(self._tokens(windows), partial(self._logits, **options))
        logs = np.concatenate([self._base_logs(part) for _, part in run])
        logs = logs[:, max(first, 0) : first + length]
        if first < 0:
            logs = np.pad(logs, ((0, 0), (1, 0), (0, 0)), constant_values=np.log(0.25))
        if k == 1:
            return logs
        at = [np.full(n, i) for i in range(length)]
        bases = [within(logs[:, i // k], windows, p, k, both=False) for i, p in enumerate(at)]
        return np.stack(bases, axis=1)

    def at(self, windows, positions):
        """Conditionals at one position of each of (n, L) windows, (n, 4) float32.

        The token there is masked, if need be.
        """
        if self.one_pass:
            return super().at(windows, positions)
        self._check_single()
        ids, positions = self._tokens(windows), np.asarray(positions)
        out = np.empty((len(ids), 4), dtype=np.float32)
        for part, logits in self._masked(ids, self._places(windows, positions)):
            logs, given = self._base_logs(logits), (windows[part], positions[part])
            out[part] = within(logs, *given, self.token_length, both=True)
        return out

    def _masked(self, ids, place):
        """A slice of rows and their logits at a place each, whose token is masked."""
        masked = codes.substituted(ids, place, self.mask)
        for part, logits in self._run(masked, self._logits):
            yield part, logits[np.arange(len(logits)), place[part]]

    def likelihood(self, windows):
        """Log-likelihood of whole windows.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8

        Returns
        -------
        ndarray of shape (n,), float64
            Of a causal model the sum over its tokens; of a masked one the pseudo-log-likelihood,
            each token masked in turn. Special tokens, N and a first token that nothing predicts
            count nothing.
        """
        out = np.zeros(len(windows))
        for rows, ids, counted in self._tokenized(windows):
            target = self._placed(np.where(counted, ids, -100)[:, self.ahead :])
            total = np.zeros(len(ids))
            if self.objective == "causal":
                for part, logits in self._run(ids, self._logits):
                    logs = logits[:, : target.shape[1]].log_softmax(-1).transpose(1, 2)
                    costs = functional.nll_loss(logs, target[part], reduction="none")
                    total[part] -= costs.cpu().numpy().sum(1, dtype=np.float64)
            else:
                row, place = np.nonzero(counted)
                for part, logits in self._masked(ids[row], place):
                    right = target[row[part], place[part]]
                    costs = functional.cross_entropy(logits, right, reduction="none")
                    total -= np.bincount(row[part], costs.cpu().numpy(), len(ids))
            out[rows] = total
        return out

    def counted(self, windows):
        """How many tokens ``likelihood`` counts in each of (n, L) windows, (n,) float64."""
        out = np.zeros(len(windows))
        for rows, _, counted in self._tokenized(windows):
            out[rows] = counted[:, self.ahead :].sum(1)
        return out

    def changes(self, window, positions, alt):
        """LLR of substitutions in one window, of an ``incremental`` model.

        What lies before a block of bases is read once; the block's alternatives go on from there.

        Parameters
        ----------
        window : ndarray of shape (L,), uint8
            Codes with the reference.
        positions, alt : ndarray of shape (n,), int
            Position of each substitution, and code of the alternative.

        Returns
        -------
        ndarray of shape (n,), float64
            Natural log-likelihood of the window with the alternative less that without.
        """
        reference = self.conditionals(window[None])[0].astype(np.float64)
        observed, letter = codes.observed(reference, window), np.minimum(window, 3)
        out = reference[positions, alt] - reference[positions, letter[positions]]
        ids, past, read = self._tokens(window[None])[:, : self.head + len(window)], None, 0
        begins = positions // _BLOCK * _BLOCK
        for begin in np.unique(begins).tolist():
            if self.head + begin > read:
                _, past = self._read(ids[:, : self.head + begin], read, past)
                read = self.head + begin
            rows, after = np.flatnonzero(begins == begin), np.arange(begin + 1, len(window))
            changed = codes.substituted([window] * len(rows), positions[rows], alt[rows])
            logits, _ = self._read(self._tokens(changed)[:, : ids.shape[1]], read, past)
            logs = self._base_logs(logits)[:, : len(after)].astype(np.float64)
            gain = codes.observed(logs, window[None, after]) - observed[after]
            out[rows] += np.where(after > positions[rows, None], gain, 0.0).sum(1)
        return out

    def _read(self, ids, start, past):
        """Logits of the tokens from ``start`` on, and the cache with them; ``past`` stays."""
        past = copy.deepcopy(past)
        if past is not None:
            past.batch_repeat_interleave(len(ids))
        with self._computing():
            return self._read_on(self._placed(ids), start, past)

    def hidden(self, windows, positions):
        """Last hidden state of the token at one position of each of (n, L) windows, (n, d)."""
        ids, place = self._tokens(windows), self._places(windows, np.asarray(positions))
        run = self._run(ids, partial(self._hidden, layer=-1))
        states = [s[np.arange(len(s)), place[part]].cpu().numpy() for part, s in run]
        return np.concatenate(states)

    def _places(self, windows, positions):
        """Which token of each window holds a position."""
        return positions // self.token_length + self.head

    def pooled(self, windows, layer=-1):
        """Mean hidden state of each window over tokens of known bases.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
        layer : int
            0 to ``layers`` − 1; −1 is the last, another one an error.

        Returns
        -------
        ndarray of shape (n, d), float32
        """
        if not -1 <= layer < self.layers:
            raise BadInput(
                f"model '{self.name}' has layers 0 to {self.layers - 1}, not {layer}; "
                "-1 is the last."
            )
        out = {}
        for rows, ids, counted in self._tokenized(windows):
            for part, states in self._run(ids, partial(self._hidden, layer=layer)):
                weight = self._placed(counted[part]).to(states)[..., None]
                mean = (states * weight).sum(1) / weight.sum(1).clamp(min=1)
                out |= zip(rows[part].tolist(), mean.cpu().numpy())
        return np.stack([out[row] for row in range(len(windows))])
