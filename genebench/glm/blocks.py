"""Towers of blocks over tokens: convolution, attention or state space, one- or two-sided.

Tensors are (batch, length, channels).
"""

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
        kernel, dilation = recipe.kernel, recipe.widening**layer
        self.offsets = [(-j if causal else j - kernel // 2) * dilation for j in range(kernel)]
        self.norm = _Norm(recipe.width)
        self.taps = nn.Linear(kernel * recipe.width, recipe.width)
        self.mix = nn.Linear(recipe.width, recipe.width)

    def forward(self, x, past=None):
        """(B, L, C) → what is added to it."""
        return self.mix(functional.gelu(self.taps(_shifted(self.norm(x), self.offsets))))


class _LongConvolution(nn.Module):
    """Gated diagonal state-space layer, run as one long convolution (S4D, Gu et al. 2022)."""

    def __init__(self, recipe, layer, causal):
        super().__init__()
        width, sides, modes = recipe.width, 1 if causal else 2, 8
        self.norm = _Norm(width)
        self.value, self.gate, self.mix = (nn.Linear(width, width) for _ in range(3))
        rate = torch.linspace(0, 1, modes).expand(sides, width, modes)
        self.decay = nn.Parameter(torch.log(0.02 + 0.7 * (1 - rate)))
        self.turn = nn.Parameter(torch.pi * rate)
        self.weight = nn.Parameter(torch.randn(sides, width, modes, 2) / modes**0.5)

    def forward(self, x, past=None):
        """(B, L, C) → what is added to it."""
        y, length = self.norm(x), x.shape[1]
        time = torch.arange(length, device=x.device, dtype=torch.float32)
        damped = torch.exp(-torch.exp(self.decay).unsqueeze(-1) * time)
        angle = self.turn.unsqueeze(-1) * time
        real, imaginary = self.weight.float().unsqueeze(-1).unbind(-2)
        pulse = (damped * (real * angle.cos() - imaginary * angle.sin())).sum(-2)
        # responses of each channel to a pulse: behind it and, of a two-sided layer, before it
        spectrum, *before = torch.fft.rfft(pulse, 2 * length)
        if before:
            spectrum = spectrum + before[0].conj()
        value = self.value(y).float().transpose(1, 2)  # (B, C, L)
        run = torch.fft.irfft(torch.fft.rfft(value, 2 * length) * spectrum, 2 * length)
        run = run[..., :length].transpose(1, 2).to(x.dtype)
        return self.mix(functional.gelu(run) * torch.sigmoid(self.gate(y)))


class _Attention(nn.Module):
    """Attention with rotary positions, then two dense layers."""

    def __init__(self, recipe, layer, causal):
        super().__init__()
        width = recipe.width
        self.layer, self.heads, self.causal = layer, recipe.heads, causal
        self.norm, self.norm2 = _Norm(width), _Norm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x, past=None):
        """(B, L, C) → what is added to it; ``past``: cache of what a causal block read before."""
        batch, length, width = x.shape
        parts = self.qkv(self.norm(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        start, mask = 0 if past is None else past.get_seq_length(self.layer), None
        q, k = _rotated(q, start), _rotated(k, start)
        if past is not None:
            k, v = past.update(k, v, self.layer)
        if start:
            mask = torch.ones(length, start + length, dtype=torch.bool, device=x.device)
            mask = mask.tril(start)
        causal = self.causal and not start
        run = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        mixed = self.mix(run.transpose(1, 2).reshape(batch, length, width))
        return mixed + self.down(functional.gelu(self.up(self.norm2(x + mixed))))


def _rotated(x, start):
    """Rotary positional embedding (Su et al. 2021) of positions from ``start`` on."""
    length, half = x.shape[-2], x.shape[-1] // 2
    rate = 1000.0 ** (-torch.arange(half, device=x.device) / half)
    angle = torch.arange(start, start + length, device=x.device)[:, None] * rate
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


_BLOCKS = {
    "convolution": [_Convolution],
    "attention": [_Attention],
    "state-space": [_LongConvolution],
    "hybrid": [_Convolution, _Attention],
}
"""Kinds of block of a tower, in turn."""


class Tower(nn.Module):
    """Tokens → vectors: an embedding of the neighbourhood, then blocks with residual paths."""

    def __init__(self, recipe, causal):
        super().__init__()
        first = recipe.first if recipe.tokens == "nucleotide" else 1
        self.offsets = [-j if causal else j - first // 2 for j in range(first)]
        self.vocabulary = recipe.vocabulary + 2  # and N, and the mask
        self.entry = nn.Linear(first * self.vocabulary, recipe.width)
        self.species = nn.Embedding(recipe.species + 1, recipe.width) if recipe.species else None
        kinds = _BLOCKS[recipe.mixer] * recipe.depth
        self.blocks = nn.ModuleList(kinds[i](recipe, i, causal) for i in range(recipe.depth))
        self.norm = _Norm(recipe.width)

    def forward(self, tokens, species=0, past=None, ahead=0):
        """(B, L) → list of states (B, L, C): before the first block, after each, the last normed.

        ``past``: cache (``transformers``) of what a causal tower of attention has read before; the
        first ``ahead`` tokens are of that, and give the entry its neighbourhood alone.
        """
        hot = functional.one_hot(tokens.long(), self.vocabulary).to(self.entry.weight.dtype)
        x = self.entry(_shifted(hot, self.offsets))
        if self.species is not None:
            species = torch.zeros_like(tokens[:, 0]) + species
            x = x + self.species(species)[:, None].to(x.dtype)
        states = [x[:, ahead:]]
        for block in self.blocks:
            states.append(states[-1] + block(states[-1], past))
        return [*states[:-1], self.norm(states[-1])]
