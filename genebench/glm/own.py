"""A model that was trained here, as a ``Nucleotides``: conditionals, hidden states, likelihoods."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core import cache
from ..core.errors import BadInput
from . import codes, net, recipe
from . import tokens as tokenising
from .train import RECIPE, VERSION, WEIGHTS

ROOM, ROOM_CPU = 1 << 16, 1 << 13
"""Tokens in one forward pass, at most; on a CPU as many as its caches hold the states of."""


def within(
    logs: np.ndarray, windows: np.ndarray, positions: np.ndarray, k: int, *, both: bool
) -> np.ndarray:
    """Log-probabilities of a k-mer, (n, 4^k) → those of the base at one place in it, (n, 4) float32.

    Given its other bases, as they stand in ``windows`` (``both``), or those before it, the later ones summed over; an N
    is summed over too. ``positions``: of the base in its window; k-mers begin at multiples of k.
    """
    if k == 1:
        return logs
    table, (start, place) = tokenising.spelt(k), (positions // k * k, positions % k)
    fits = np.ones(logs.shape, dtype=bool)
    for j in range(k):
        base = windows[np.arange(len(windows)), np.minimum(start + j, windows.shape[1] - 1)]
        base = np.where(start + j < windows.shape[1], base, codes.N)
        ask = (j != place) if both else (j < place)
        fits &= ~(ask & (base < codes.N))[:, None] | (table[None, :, j] == base[:, None])
    weight = np.where(fits, np.exp(logs.astype(np.float64)), 0.0)
    bases = np.stack(
        [np.where(table[:, place].T == b, weight, 0.0).sum(1) for b in range(4)], axis=1
    )
    return np.log(
        np.maximum(bases, 1e-300) / np.maximum(bases.sum(1, keepdims=True), 1e-300)
    ).astype(np.float32)


class Own:
    """A trained network. Attributes as ``base.Nucleotides``; ``recipe`` is what made it."""

    def __init__(
        self, made: recipe.Recipe, network, tokens: tokenising.Tokens, *, device: str = "cpu"
    ) -> None:
        self.recipe, self.name, self.tokens, self.device = made, made.name, tokens, device
        self.objective = "causal" if made.objective == "causal" else "masked"
        self.context, self.layers = made.context, made.depth + 1
        self.both_alike = made.equivariant and made.objective != "causal"
        """Whether a sequence and its reverse complement get the same answer."""
        self.by_likelihood = made.tokens == "bpe"
        """Whether a variant can only be scored by the likelihood of whole windows."""
        limited = (
            made.objective != "blind-spot"
            and made.mixer == "convolution"
            and made.tokens == "nucleotide"
        )
        self.reach = made.context if limited else None
        """Bases to each side that a network can see, where that is less than a window."""
        self.keeps = (
            made.objective == "causal" and made.mixer == "attention" and made.tokens == "nucleotide"
        )
        """Whether what was read can be kept, so that a change costs only what comes after it."""
        self.granularity = made.k if made.tokens == "kmer" else 1
        self.one_pass = made.objective != "masked"
        """Whether one pass gives the conditionals of all positions."""
        self.species = 0
        self.network = network.to(device).eval()

    def _rows(self, tokens: np.ndarray):
        """The network's logits batch by batch, (n, T, vocabulary) numpy float32, two- and one-sided."""
        import torch

        size = self._room(tokens)
        for s in range(0, len(tokens), size):
            with torch.inference_mode(), self._cast():
                yield self.network(*self._placed(tokens[s : s + size]))

    def _room(self, tokens: np.ndarray) -> int:
        """Rows in one forward pass."""
        return max(
            1, (ROOM_CPU if self.device.startswith("cpu") else ROOM) // max(1, tokens.shape[1])
        )

    def _cast(self):
        import torch

        wanted = self.recipe.dtype == "bfloat16" and not self.device.startswith("cpu")
        return torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=wanted)

    def _logs(self, tokens: np.ndarray, which: int = 0) -> np.ndarray:
        import torch

        out = [
            torch.log_softmax(found[which].float(), -1).cpu().numpy()
            for found in self._rows(tokens)
        ]
        return (
            np.concatenate(out)
            if out
            else np.zeros((*tokens.shape, self.recipe.vocabulary), np.float32)
        )

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """As ``base.Nucleotides``; a masked network is asked once a position (once a k-mer).

        Raises: BadInput: byte-pair tokens, which give no probability of a single base.
        """
        n, length = windows.shape
        if self.tokens.kind == "nucleotide" and self.one_pass:
            return self._logs(self.tokens.encode(windows))
        if self.one_pass:
            return self._of_kmers(windows, self._logs(self.tokens.encode(windows)))[:, :length]
        row, column = np.repeat(np.arange(n), length), np.tile(np.arange(length), n)
        return self.at(windows[row], column).reshape(n, length, 4)

    def left(self, windows: np.ndarray) -> np.ndarray:
        """Conditionals given the left side alone, (n, L, 4), of a blind-spot or a causal network."""
        if self.recipe.objective == "masked":
            raise BadInput(
                f"model '{self.name}' is masked and knows no left side alone; take a blind-spot or causal one."
            )
        if self.recipe.objective == "causal":
            return self.conditionals(windows)
        return self._logs(self.tokens.encode(windows), 1)

    def at(self, windows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Conditionals at one position of each window, (n, 4): the base's token is masked, if the model needs that."""
        if self.one_pass:
            return self.conditionals(windows)[np.arange(len(windows)), positions]
        self._single()
        tokens, token = self.tokens.encode(windows), np.asarray(positions) // self.tokens.k
        rows = np.arange(len(tokens))
        tokens[rows, token] = self.tokens.mask
        size = self._room(tokens)
        out = np.empty((len(tokens), 4), dtype=np.float32)
        for s in range(0, len(tokens), size):
            part = slice(s, s + size)
            logs = self._logs(tokens[part])[np.arange(len(rows[part])), token[part]]
            out[part] = within(
                logs, windows[part], np.asarray(positions)[part], self.tokens.k, both=True
            )
        return out

    def _single(self) -> None:
        if self.tokens.kind == "bpe":
            raise BadInput(
                f"model '{self.name}' has byte-pair tokens and gives no probability of a single base; score variants "
                "by likelihoods instead."
            )

    def _of_kmers(self, windows: np.ndarray, logs: np.ndarray) -> np.ndarray:
        self._single()
        n, length = windows.shape
        out = np.empty((n, length, 4), dtype=np.float32)
        for i in range(length):
            out[:, i] = within(
                logs[:, i // self.tokens.k], windows, np.full(n, i), self.tokens.k, both=False
            )
        return out

    def likelihood(self, windows: np.ndarray) -> np.ndarray:
        """Log-likelihood of whole windows, (n,) float64: of a causal network the sum over its tokens; of a masked one
        the pseudo-log-likelihood, each token masked in turn. N count nothing."""
        ids = self.tokens.encode(windows)
        known = ids < self.recipe.vocabulary
        if self.objective == "causal":
            logs = self._logs(ids)
            got = np.take_along_axis(logs, np.where(known, ids, 0)[..., None], -1)[..., 0]
            return np.where(known, got, 0).sum(1, dtype=np.float64)
        row, place = np.nonzero(known)
        masked, out = ids[row], np.zeros(len(ids))
        masked[np.arange(len(row)), place] = self.tokens.mask
        for s in range(0, len(row), 1024):
            part = slice(s, s + 1024)
            logs = self._logs(masked[part])[
                np.arange(len(row[part])), place[part], ids[row[part], place[part]]
            ]
            out += np.bincount(row[part], weights=logs, minlength=len(ids))
        return out

    def changes(
        self, window: np.ndarray, positions: np.ndarray, alt: np.ndarray, *, block: int = 8
    ) -> np.ndarray:
        """LLR of substitutions in one window by the likelihood of all of it, (n,) float64, of a model that ``keeps``.

        The window is read once; the alternatives of a block of ``block`` bases go on from where the block begins.
        """
        import torch

        positions, length, tower = np.asarray(positions), len(window), self.network.tower
        ids = self.tokens.encode(window[None])
        with torch.inference_mode(), self._cast():
            states, kept = tower.read_on(*self._placed(ids))
            first = self.network.start.to(states.dtype).expand(1, 1, -1)
            told = self._bases(torch.cat([first, states[:, :-1]], dim=1))[0]
        known, letter = window < codes.N, np.minimum(window, 3)
        plain = np.where(known, told[np.arange(length), letter], 0.0)
        out = told[positions, alt] - told[positions, letter[positions]]
        for q in np.unique(positions // block * block):
            rows = np.flatnonzero(positions // block * block == q)
            changed, ahead = np.repeat(ids, len(rows), axis=0), min(len(tower.offsets) - 1, int(q))
            changed[np.arange(len(rows)), positions[rows]] = alt[rows]
            with torch.inference_mode(), self._cast():
                before = [tuple(part[:, :, :q] for part in held) for held in kept] if q else None
                states, _ = tower.read_on(
                    *self._placed(changed[:, q - ahead :]), before, ahead=ahead
                )
                logs = self._bases(states[:, :-1])  # of the bases q + 1 …
            shown = np.arange(q + 1, length)
            got = np.where(known[shown], logs[:, np.arange(len(shown)), letter[shown]], 0.0)
            out[rows] += np.where(shown[None] > positions[rows, None], got - plain[shown], 0.0).sum(
                1
            )
        return out

    def _placed(self, tokens: np.ndarray):
        """Tokens, and the species of each row, where the network is."""
        import torch

        ids = torch.from_numpy(np.ascontiguousarray(tokens)).to(self.device)
        return ids, torch.full(
            (len(ids),), self.species, device=self.device
        ) if self.recipe.species else None

    def _bases(self, states) -> np.ndarray:
        """Log-probabilities of the next base after each state, float64."""
        return self.network.out(states).float().log_softmax(-1).cpu().numpy().astype(np.float64)

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """As ``base.Nucleotides``; a token's state stands at each of its bases."""
        import torch

        if not -1 <= layer < self.layers:
            raise BadInput(
                f"model '{self.name}' has layers 0 to {self.layers - 1}, not {layer}; -1 is the last."
            )
        tokens = self.tokens.encode(windows)
        out, size = [], self._room(tokens)
        for s in range(0, len(tokens), size):
            with torch.inference_mode(), self._cast():
                out.append(
                    self.network.hidden(*self._placed(tokens[s : s + size]), layer)
                    .float()
                    .cpu()
                    .numpy()
                )
        return self._spread(np.concatenate(out), windows)

    def states(self, windows: np.ndarray) -> list[np.ndarray]:
        """``hidden`` of every layer, (n, L, d) each, from one pass over all windows at once."""
        import torch

        with torch.inference_mode(), self._cast():
            given = self._placed(self.tokens.encode(windows))
            held = [state.float().cpu().numpy() for state in self.network.states(*given)]
        return [self._spread(state, windows) for state in held]

    def _spread(self, held: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """States of tokens at each of their bases."""
        if self.tokens.kind == "nucleotide":
            return held
        spans = [self.tokens.spans(w) for w in windows]
        return np.stack(
            [np.repeat(h[: len(s)], s[:, 1] - s[:, 0], axis=0) for h, s in zip(held, spans)]
        )


def load(folder: Path, *, device: str = "cpu") -> Own:
    """A model from the folder that ``train`` made. Raises: BadInput: not one, or weights that are not its own."""
    from safetensors.torch import load_file

    held = recipe.read(folder / RECIPE)
    if not (folder / WEIGHTS).exists():
        raise BadInput(
            f"{folder}: has a recipe but no {WEIGHTS}; train it again with the same command, which goes on."
        )
    if held["sha256"] != cache.digest(folder / WEIGHTS):
        raise BadInput(
            f"{folder / WEIGHTS}: is not the file that its recipe names (SHA-256 differs); train it again."
        )
    if held["version"] != VERSION:
        raise BadInput(
            f"{folder}: was trained by version {held['version']} of the networks, not {VERSION}; train it again."
        )
    made = recipe.recipe(held["recipe"], where=str(folder / RECIPE))
    network = net.build(made)
    told = network.load_state_dict(load_file(folder / WEIGHTS), strict=False)
    if told.unexpected_keys or [
        k for k in told.missing_keys if not k.startswith("back.") or not made.equivariant
    ]:
        raise BadInput(f"{folder / WEIGHTS}: does not fit its recipe; train it again.")
    return Own(made, network, tokenising.Tokens(made, held["merges"]), device=device)
