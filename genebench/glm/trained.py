"""Models over tokens: conditionals, hidden states and likelihoods of a network trained here."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from ..core import cache
from ..core.errors import BadInput
from . import codes, net

VERSION = 2
WEIGHTS, RECIPE = "weights.safetensors", "recipe.json"
_BLOCK = 8
"""Bases whose alternatives go on from one reading of what lies before."""


def within(
    logs: np.ndarray, windows: np.ndarray, positions: np.ndarray, k: int, *, both: bool
) -> np.ndarray:
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
    given = compare(np.arange(k), place[:, None]) & (word < codes.N)
    same = table == word[:, None]
    fits = (same | ~given[:, None]).all(-1)
    weight = np.where(fits, np.exp(logs.astype(np.float64)), 0.0)
    there = table[:, place].T
    bases = [np.where(there == b, weight, 0.0).sum(1) for b in range(4)]
    single = np.stack(bases, axis=1)
    total = np.maximum(single.sum(1, keepdims=True), 1e-300)
    return np.log(np.maximum(single, 1e-300) / total).astype(np.float32)


class TokenModel(codes.Nucleotides):
    """Base class of networks over tokens of any kind.

    A subclass gives ``_tokens`` and ``_tokenized`` (tokens of windows), ``_logits`` and
    ``_hidden`` (of a batch), ``_spread`` (states of tokens at their bases) and ``_reader``.

    Attributes
    ----------
    device : str
        Torch device.
    mask : int
        Token of a masked base.
    ids : ndarray of shape (4^k,)
        Tokens of the k-mers, in the order of their index.
    head : int
        Special tokens before the first base.
    ahead : int
        How many tokens before a token its logits stand.
    room : int
        Tokens in one forward pass, at most.
    bfloat16 : bool
        Whether products are computed in bfloat16.
    """

    device = "cpu"
    head = ahead = 0
    bfloat16 = False

    def _run(self, ids, forward):
        """A slice of rows and what ``forward`` gives for it, float32, batch by batch."""
        size = max(1, self.room // max(1, ids.shape[1]))
        for s in range(0, len(ids), size):
            part = slice(s, s + size)
            with torch.inference_mode(), self._cast():
                out = forward(self._placed(ids[part])).float()
            yield part, out

    def _placed(self, ids):
        return torch.from_numpy(np.ascontiguousarray(ids)).to(self.device)

    def _cast(self):
        return torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.bfloat16)

    def _check_single(self):
        if self.by_likelihood:
            raise BadInput(
                f"model '{self.name}' has tokens of several bases and gives no probability of a "
                "single base; score variants by likelihoods instead."
            )

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Log-probabilities as of ``Nucleotides``; the token of each position is masked in turn.

        Raises
        ------
        BadInput
            The tokens give no probability of a single base.
        """
        n, length = windows.shape
        row, column = np.indices((n, length)).reshape(2, -1)
        return self.at(windows[row], column).reshape(n, length, 4)

    def at(self, windows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Conditionals at one position of each window; the token there is masked, if need be."""
        if self.one_pass:
            return super().at(windows, positions)
        self._check_single()
        ids, positions = self._tokens(windows), np.asarray(positions)
        place = positions // self.token_length + self.head
        ids[np.arange(len(ids)), place] = self.mask
        out = np.empty((len(ids), 4), dtype=np.float32)
        for part, logits in self._run(ids, self._logits):
            row = logits[np.arange(len(logits)), place[part]][:, self.ids]
            logs = row.log_softmax(-1).cpu().numpy()
            out[part] = within(logs, windows[part], positions[part], self.token_length, both=True)
        return out

    def likelihood(self, windows: np.ndarray) -> np.ndarray:
        """Log-likelihood of whole windows.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.

        Returns
        -------
        ndarray of shape (n,), float64
            Of a causal model the sum over its tokens; of a masked one the pseudo-log-likelihood,
            each token masked in turn. Special tokens, N and a first token that nothing predicts
            count nothing.
        """
        out = np.zeros(len(windows))
        for rows, ids, counted in self._tokenized(windows):
            sums = self._causal_sums if self.objective == "causal" else self._masked_sums
            out[rows] = sums(ids, counted)
        return out

    def _causal_sums(self, ids, counted):
        out, counted = np.zeros(len(ids)), counted[:, self.ahead :]
        target = np.where(counted, ids[:, self.ahead :], 0)[..., None]
        for part, logits in self._run(ids, self._logits):
            logs = logits[:, : counted.shape[1]].log_softmax(-1).cpu().numpy()
            observed = np.take_along_axis(logs, target[part], -1)[..., 0]
            out[part] = np.where(counted[part], observed, 0).sum(1, dtype=np.float64)
        return out

    def _masked_sums(self, ids, counted):
        row, place = np.nonzero(counted)
        masked, out = ids[row], np.zeros(len(ids))
        masked[np.arange(len(row)), place] = self.mask
        for part, logits in self._run(masked, self._logits):
            logs = logits[np.arange(len(logits)), place[part]].log_softmax(-1).cpu().numpy()
            observed = logs[np.arange(len(logs)), ids[row[part], place[part]]]
            out += np.bincount(row[part], weights=observed, minlength=len(ids))
        return out

    def changes(self, window: np.ndarray, positions: np.ndarray, alt: np.ndarray) -> np.ndarray:
        """LLR of substitutions in one window, of an ``incremental`` model.

        What lies before a block of bases is read once; the block's alternatives go on from there.

        Parameters
        ----------
        window : ndarray of shape (L,), uint8
            Codes with the reference.
        positions : ndarray of shape (n,), int
            Position of each substitution.
        alt : ndarray of shape (n,), uint8
            Code of each alternative.

        Returns
        -------
        ndarray of shape (n,), float64
            Natural log-likelihood of the window with the alternative less that without.
        """
        reference, read_on = self._reader(window)
        observed = codes.observed(reference, window)
        positions, letter = np.asarray(positions), np.minimum(window, 3)
        out = reference[positions, alt] - reference[positions, letter[positions]]
        begins = positions // _BLOCK * _BLOCK
        for begin in np.unique(begins):
            rows = np.flatnonzero(begins == begin)
            changed = np.repeat(window[None], len(rows), axis=0)
            changed[np.arange(len(rows)), positions[rows]] = alt[rows]
            after = np.arange(begin + 1, len(window))
            logs = codes.observed(read_on(int(begin), changed), window[None, after])
            gain = logs - observed[after]
            out[rows] += np.where(after > positions[rows, None], gain, 0.0).sum(1)
        return out

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """Hidden states as of ``Nucleotides``.

        Raises
        ------
        BadInput
            No such layer, or tokens whose states belong to no base.
        """
        if not -1 <= layer < self.layers:
            raise BadInput(
                f"model '{self.name}' has layers 0 to {self.layers - 1}, not {layer}; "
                "-1 is the last."
            )
        run = self._run(self._tokens(windows), partial(self._hidden, layer=layer))
        return self._spread(np.concatenate([states.cpu().numpy() for _, states in run]), windows)


class TrainedModel(TokenModel):
    """A network trained here.

    Parameters
    ----------
    recipe : Recipe
        What determined the network.
    network : torch.nn.Module
        Of ``net.build``.
    tokens : Tokens
        Of the same recipe.
    device : str
        Torch device.

    Attributes
    ----------
    species : int
        Which species every window counts as, where the network has an embedding of species.
    """

    def __init__(
        self, recipe: net.Recipe, network, tokens: codes.Tokens, *, device: str = "cpu"
    ) -> None:
        self.recipe, self.name, self.tokens, self.device = recipe, recipe.name, tokens, device
        single, causal = recipe.tokens == "nucleotide", recipe.objective == "causal"
        self.objective = "causal" if causal else "masked"
        self.context, self.layers = recipe.context, recipe.depth + 1
        self.one_pass = recipe.objective != "masked"
        self.strand_symmetric = recipe.equivariant and not causal
        self.by_likelihood = recipe.tokens == "bpe"
        self.token_length = recipe.k if recipe.tokens == "kmer" else 1
        if recipe.objective != "blind-spot" and recipe.mixer == "convolution" and single:
            self.receptive_field = recipe.context
        self.incremental = causal and recipe.mixer == "attention" and single
        self.mask, self.ids, self.species = tokens.mask, np.arange(recipe.vocabulary), 0
        on_cpu = device.startswith("cpu")
        self.bfloat16 = recipe.dtype == "bfloat16" and not on_cpu
        self.room = 1 << 13 if on_cpu else 1 << 16  # the caches of a CPU hold fewer states
        self.network = network.to(device).eval()

    def _tokens(self, windows):
        return self.tokens.encode(windows)

    def _tokenized(self, windows):
        ids = self.tokens.encode(windows)
        yield slice(None), ids, ids < self.recipe.vocabulary

    def _with_species(self, ids):
        if not self.recipe.species:
            return ids, None
        return ids, torch.full((len(ids),), self.species, device=self.device)

    def _logits(self, ids, which=0):
        return self.network(*self._with_species(ids))[which]

    def _hidden(self, ids, layer):
        return self.network.hidden(*self._with_species(ids), layer)

    def _log_probabilities(self, windows, which=0):
        ids = self.tokens.encode(windows)
        out = np.empty((*ids.shape, self.recipe.vocabulary), dtype=np.float32)
        for part, logits in self._run(ids, partial(self._logits, which=which)):
            out[part] = logits.log_softmax(-1).cpu().numpy()
        return out

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Log-probabilities as of ``Nucleotides``; a masked network runs once a position.

        Raises
        ------
        BadInput
            Byte-pair tokens, which give no probability of a single base.
        """
        if not self.one_pass:
            return super().conditionals(windows)
        self._check_single()
        logs, k = self._log_probabilities(windows), self.token_length
        if k == 1:
            return logs
        n, length = windows.shape
        bases = [
            within(logs[:, i // k], windows, np.full(n, i), k, both=False) for i in range(length)
        ]
        return np.stack(bases, axis=1)

    def left(self, windows: np.ndarray) -> np.ndarray:
        """Conditionals given the left side alone.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.

        Returns
        -------
        ndarray of shape (n, L, 4), float32
            Natural logarithms.

        Raises
        ------
        BadInput
            No blind-spot network.
        """
        if self.recipe.objective != "blind-spot":
            raise BadInput(f"model '{self.name}' has no left side alone; take a blind-spot one.")
        return self._log_probabilities(windows, 1)

    def _reader(self, window):
        tower, start = self.network.tower, self.network.start

        def bases(states):
            logits = self.network.out(states).float()
            return logits.log_softmax(-1).cpu().numpy().astype(np.float64)

        def read(rows, *before, **options):
            placed = self._placed(self.tokens.encode(rows))
            return tower.read_on(*self._with_species(placed), *before, **options)

        def read_on(begin, changed):
            ahead = min(len(tower.offsets) - 1, begin)
            cut = [tuple(part[:, :, :begin] for part in pair) for pair in pairs]
            with torch.inference_mode(), self._cast():
                new, _ = read(changed[:, begin - ahead :], cut if begin else None, ahead=ahead)
                return bases(new[:, :-1])

        with torch.inference_mode(), self._cast():
            states, pairs = read(window[None])
            return bases(net.after_start(start, states))[0], read_on

    def states(self, windows: np.ndarray) -> list[np.ndarray]:
        """``hidden`` of every layer, from one pass over all windows at once.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes.

        Returns
        -------
        list of ndarray of shape (n, L, d), float32
            One a layer.
        """
        ids = self._placed(self.tokens.encode(windows))
        with torch.inference_mode(), self._cast():
            layers = self.network.states(*self._with_species(ids))
            return [self._spread(s.float().cpu().numpy(), windows) for s in layers]

    def _spread(self, states, windows):
        if self.tokens.kind == "nucleotide":
            return states
        spans = [self.tokens.spans(w) for w in windows]
        rows = [np.repeat(h[: len(s)], np.diff(s)[:, 0], axis=0) for h, s in zip(states, spans)]
        return np.stack(rows)


def load(folder: Path, *, device: str = "cpu") -> TrainedModel:
    """Load a model from the folder that training wrote.

    Parameters
    ----------
    folder : Path
        With ``recipe.json`` and ``weights.safetensors``.
    device : str
        Torch device.

    Returns
    -------
    TrainedModel
        Ready to score.

    Raises
    ------
    BadInput
        No trained model, or weights that do not belong to the recipe.
    """
    path, weights = folder / RECIPE, folder / WEIGHTS
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        given = saved["recipe"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise BadInput(
            f"{path}: no readable recipe ({type(err).__name__}); give a folder that "
            "'genebench glm train' made."
        )
    if not weights.exists():
        raise BadInput(
            f"{folder}: has a recipe but no {WEIGHTS}; train it again with the same command, which "
            "goes on."
        )
    if saved.get("sha256") != cache.digest(weights):
        raise BadInput(
            f"{weights}: is not the file that its recipe names (SHA-256 differs); train it again."
        )
    version = saved.get("version", 0)
    if version != VERSION:
        raise BadInput(
            f"{folder}: was trained by version {version} of the networks, not {VERSION}; "
            "train it again."
        )
    parsed = net.recipe(given, where=str(path))
    network = net.build(parsed)
    keys = network.load_state_dict(load_file(weights), strict=False)
    shared = ("back.",) if parsed.equivariant else ()  # one tower under two names
    if keys.unexpected_keys or [k for k in keys.missing_keys if not k.startswith(shared)]:
        raise BadInput(f"{weights}: does not fit its recipe; train it again.")
    return TrainedModel(parsed, network, codes.Tokens(parsed, saved.get("merges")), device=device)
