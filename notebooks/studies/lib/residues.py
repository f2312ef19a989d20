"""Likelihood ratios of substitutions in proteins, by a network that reads from left to right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from genebench.models import unirep

ALL = 10**6
"""Residues that follow, where all of them count: more than any protein has."""


def ratios(
    network: unirep.UniRep,
    sequences: Sequence[str],
    protein: np.ndarray,
    at: np.ndarray,
    alt: np.ndarray,
    *,
    horizons: Sequence[int] = (),
) -> tuple[pd.DataFrame, float, int]:
    """Score substitutions in one pass over all proteins, and one over what follows each change.

    Parameters
    ----------
    network : UniRep
    sequences : sequence of str
        Proteins, all of them with a substitution.
    protein, at : ndarray of int, (n,)
        Number of each substitution's protein, and index of the residue in it (0-based).
    alt : ndarray of str, (n,)
        New residues.
    horizons : sequence of int
        How many residues that follow count (``ALL``: all of them).

    Returns
    -------
    table : DataFrame, n rows
        ``llr``: log P(new) − log P(reference) given all residues before, negative where the new one
        is less expected; ``certainty``: mean log P over all residues there, weighted by P, 0 where
        one is certain (minus the entropy in nats); ``llr_<horizon>``: as ``llr``, plus the
        log-likelihood of the residues that follow, after the new residue less after the reference.
    bits : float
        Sum of −log2 P of the residues that were read.
    residues : int
        How many those are: of each protein until the last substitution and its horizon.
    """
    length = np.array([len(s) for s in sequences])
    needed = np.zeros(len(sequences), dtype=int)
    np.maximum.at(needed, protein, np.minimum(at + 1 + max(horizons, default=0), length[protein]))
    longest = np.argsort(-needed, kind="stable")
    rows = np.argsort(at, kind="stable")
    place = np.argsort(longest)[protein[rows]]
    names = ["llr", "certainty", *(f"llr_{h}" for h in horizons)]
    values = np.empty((len(at), len(names)))
    with torch.inference_mode():
        read = _Read(network, [sequences[p][: needed[p]] for p in longest], place, at[rows])
        tokens = torch.tensor(unirep.tokens(alt[rows])[1:])
        values[rows, :2] = read.change(tokens).numpy()
        if horizons:
            rest = read.following(network, tokens, np.array(horizons)).numpy()
            values[rows, 2:] = values[rows, :1] + rest
        bits = -float(read.log_p.double().sum()) / np.log(2)
    return pd.DataFrame(values, columns=names), bits, int(needed.sum())


class _Read:
    """Proteins, the longest first, read once; rows of substitutions in the order of their index."""

    def __init__(self, network, sequences, row, at):
        self.row, self.at = torch.from_numpy(row), torch.from_numpy(at)
        self.length = np.array([len(s) for s in sequences])
        self.ids = torch.zeros(len(sequences), 1 + self.length[0], dtype=torch.long)
        for i, sequence in enumerate(sequences):
            self.ids[i, : 1 + len(sequence)] = torch.tensor(unirep.tokens(sequence))
        self.log_p = torch.zeros(len(sequences), self.length[0])
        first = np.searchsorted(at, np.arange(self.length[0] + 1))
        state, predicted, states = network.start(len(sequences)), [], []
        for t, n in enumerate(_active(self.length)):
            state = network.step(self.ids[:n, t], _top(state, n))
            log_p = network.next_token(state[-1][0])
            self.log_p[:n, t] = _of(log_p, self.ids[:n, t + 1])
            if first[t] < first[t + 1]:
                here = self.row[first[t] : first[t + 1]]
                predicted.append(log_p[here])
                states.append(torch.stack([torch.stack(layer) for layer in state])[:, :, here])
        self.predicted, self.states = torch.cat(predicted), torch.cat(states, dim=2)

    def change(self, alt):
        """LLR of the residue itself, and certainty, (n, 2)."""
        ref = self.ids[self.row, self.at + 1]
        llr = _of(self.predicted, alt) - _of(self.predicted, ref)
        return torch.stack([llr, (self.predicted.exp() * self.predicted).sum(1)], dim=1)

    def following(self, network, alt, horizons):
        """LLR of what follows, (n, n_horizons)."""
        follow = np.minimum(self.length[self.row] - self.at.numpy() - 1, horizons.max())
        order = np.argsort(-follow, kind="stable")
        row, at, token = self.row[order], self.at[order], alt[order]
        state = [tuple(layer) for layer in self.states[:, :, order]]
        total = torch.zeros(len(order), len(horizons), dtype=torch.float64)
        for step, n in enumerate(_active(follow[order])):
            state, place = network.step(token[:n], _top(state, n)), at[:n] + step + 1
            token = self.ids[row[:n], place + 1]
            gain = _of(network.next_token(state[-1][0]), token) - self.log_p[row[:n], place]
            total[:n] += gain[:, None] * torch.from_numpy(horizons > step)
        return total[np.argsort(order)]


def _active(length):
    """How many of some lengths, the longest first, reach beyond 0, 1, 2, …"""
    return np.searchsorted(-length, -np.arange(length.max(initial=0))).tolist()


def _top(state, n):
    """States of the first n sequences."""
    return [(hidden[:n], cell[:n]) for hidden, cell in state]


def _of(log_p, ids):
    """What is predicted of one token each."""
    return log_p.gather(1, ids[:, None] - 1)[:, 0]
