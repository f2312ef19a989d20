"""Towers of blocks over tokens: convolution, attention or state space, one- or two-sided.

Tensors are (batch, length, channels).
"""

from collections import deque
from itertools import cycle, islice

import torch
from torch import nn
from torch.nn import functional


class _Norm(nn.Module):
    """Layer norm without bias."""

    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        """Normalise the last axis; (…, width) → the same."""
        return functional.layer_norm(x, (x.shape[-1],), self.scale, None, 1e-6)


def _shifted(x, offsets):
    """Copies of (B, L, C) moved along the sequence, side by side, (B, L, C · n_offsets).

    An offset of −3 shows each position what lies three before it; zeros come in from outside.
    """
    low, high = -min(0, *offsets), max(0, *offsets)
    padded = functional.pad(x, (0, 0, low, high))
    return torch.cat([padded.narrow(1, low + o, x.shape[1]) for o in offsets], dim=-1)


class _Convolution(nn.Module):
    """Dilated convolution, non-linearity, and a mix of channels."""

    def __init__(self, recipe, layer, causal):
        super().__init__()
        kernel, dilation = recipe.kernel, recipe.dilations[layer]
        self.offsets = [(-j if causal else j - kernel // 2) * dilation for j in range(kernel)]
        self.norm = _Norm(recipe.width)
        self.taps = nn.Linear(kernel * recipe.width, recipe.width)
        self.mix = nn.Linear(recipe.width, recipe.width)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        return self.mix(functional.gelu(self.taps(_shifted(self.norm(x), self.offsets))))


class _LongConvolution(nn.Module):
    """Gated diagonal state-space layer, run as one long convolution (S4D, Gu et al. 2022)."""

    def __init__(self, recipe, layer, causal, *, modes=8):
        super().__init__()
        width, sides = recipe.width, 1 if causal else 2
        self.causal, self.norm = causal, _Norm(width)
        self.value, self.gate, self.mix = (nn.Linear(width, width) for _ in range(3))
        rate = torch.linspace(0, 1, modes).expand(sides, width, modes)
        self.decay = nn.Parameter(torch.log(0.02 + 0.7 * (1 - rate)))
        self.turn = nn.Parameter(torch.pi * rate.clone())
        self.weight = nn.Parameter(torch.randn(sides, width, modes, 2) / modes**0.5)

    def kernel(self, length):
        """Response of each channel to a pulse, (sides, C, length) float32."""
        time = torch.arange(length, device=self.decay.device, dtype=torch.float32)
        damped = torch.exp(-torch.exp(self.decay).unsqueeze(-1) * time)
        angle = self.turn.unsqueeze(-1) * time
        real, imaginary = self.weight.float().unsqueeze(-1).unbind(-2)
        return (damped * (real * angle.cos() - imaginary * angle.sin())).sum(-2)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        y, length = self.norm(x), x.shape[1]
        value = self.value(y).float().transpose(1, 2)  # (B, C, L)
        response = torch.fft.rfft(self.kernel(length), 2 * length)
        spectrum = response[0] if self.causal else response[0] + response[1].conj()
        run = torch.fft.irfft(torch.fft.rfft(value, 2 * length) * spectrum, 2 * length)
        run = run[..., :length].transpose(1, 2).to(x.dtype)
        return self.mix(functional.gelu(run) * torch.sigmoid(self.gate(y)))


class _Attention(nn.Module):
    """Attention with rotary positions, then two dense layers."""

    def __init__(self, recipe, layer, causal):
        super().__init__()
        width = recipe.width
        self.heads, self.causal = recipe.heads, causal
        self.norm, self.norm2 = _Norm(width), _Norm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        return self.read_on(x)[0]

    def read_on(self, x, before=None):
        """What is added to ``x``, and keys and values so far, (2, B or 1, heads, L, C / heads).

        ``before``: those of P positions before, (2, 1, heads, P, C / heads), of a causal block.
        """
        batch, length, width = x.shape
        parts = self.qkv(self.norm(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        start = 0 if before is None else before.shape[-2]
        pairs, mask = torch.stack([_rotated(k, start), v]), None
        if before is not None:
            pairs = torch.cat([before.expand(-1, batch, -1, -1, -1), pairs], dim=-2)
            mask = torch.ones(length, start + length, dtype=torch.bool, device=x.device)
            mask = mask.tril(start)
        causal = self.causal and mask is None
        run = functional.scaled_dot_product_attention(
            _rotated(q, start), *pairs, attn_mask=mask, is_causal=causal
        )
        mixed = self.mix(run.transpose(1, 2).reshape(batch, length, width))
        return mixed + self.down(functional.gelu(self.up(self.norm2(x + mixed)))), pairs


def _rotated(x, start):
    """Rotary positional embedding (Su et al. 2021) of positions from ``start`` on."""
    length, half = x.shape[-2], x.shape[-1] // 2
    kind = {"device": x.device, "dtype": torch.float32}
    rate = 1000.0 ** (-torch.arange(half, **kind) / half)
    angle = torch.arange(start, start + length, **kind)[:, None] * rate
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x.split(half, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


_BLOCKS = {
    "convolution": (_Convolution,),
    "attention": (_Attention,),
    "state-space": (_LongConvolution,),
    "hybrid": (_Convolution, _Attention),
}
"""Kinds of block of a tower, in turn."""


class Layered(nn.Module):
    """Base class of what yields its hidden states layer by layer, from one pass, by ``states``.

    These are (B, L, C), of the layers 0 (before the first block), 1, … in turn.
    """

    def hidden(self, tokens, species=None, layer: int = -1):
        """(B, L) → states of one layer, which have seen the token itself; −1: the last."""
        layers = self.states(tokens, species)
        return next(islice(layers, layer, None)) if layer >= 0 else deque(layers, maxlen=1)[0]


class Tower(Layered):
    """Tokens → vectors: an embedding of the neighbourhood, then blocks with residual paths."""

    def __init__(self, recipe, causal: bool):
        super().__init__()
        first = recipe.first if recipe.tokens == "nucleotide" else 1
        self.offsets = [-j if causal else j - first // 2 for j in range(first)]
        self.vocabulary = recipe.vocabulary + 2  # and N, and the mask
        self.entry = nn.Linear(first * self.vocabulary, recipe.width)
        self.species = nn.Embedding(recipe.species + 1, recipe.width) if recipe.species else None
        kinds = islice(cycle(_BLOCKS[recipe.mixer]), recipe.depth)
        self.blocks = nn.ModuleList(kind(recipe, i, causal) for i, kind in enumerate(kinds))
        self.norm = _Norm(recipe.width)

    def forward(self, tokens, species=None):
        """(B, L) → (B, L, C), after the last block and its norm."""
        return self.hidden(tokens, species)

    def _entered(self, tokens, species):
        hot = functional.one_hot(tokens.long(), self.vocabulary).to(self.entry.weight.dtype)
        x = self.entry(_shifted(hot, self.offsets))
        if self.species is None:
            return x
        species = torch.zeros_like(tokens[:, 0]) if species is None else species
        return x + self.species(species)[:, None].to(x.dtype)

    def states(self, tokens, species=None):
        """Yield the states of each layer; of the last one after its norm."""
        x = self._entered(tokens, species)
        for block in self.blocks:
            yield x
            x = x + block(x)
        yield self.norm(x)

    def read_on(self, tokens, species=None, before=None, *, ahead: int = 0):
        """``forward`` of a causal tower of attention that goes on from what was read before.

        The first ``ahead`` tokens were read before and serve as context of the entry. Gives the
        states of the new tokens, and keys and values so far by block, which ``before`` takes.
        """
        x, pairs = self._entered(tokens, species)[:, ahead:], []
        for i, block in enumerate(self.blocks):
            more, pair = block.read_on(x, before[i] if before else None)
            x = x + more
            pairs.append(pair)
        return self.norm(x), pairs
