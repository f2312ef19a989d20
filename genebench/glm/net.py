"""Small networks over bases: a tower of blocks (dilated convolution, attention or long convolution) and three heads.

*blind-spot*: one causal tower reads the sequence and its reverse complement; position i is told from what lies left
and what lies right of it, never from itself. All two-sided conditionals come from one pass, and the network treats
both strands alike exactly. *masked*: a two-sided tower and masked bases. *causal*: a causal tower, the left side only.
Tensors are (batch, length, channels).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .recipe import Recipe

MASK = 5
"""Input code of a masked base."""


class Norm(nn.Module):
    """Bring each position's vector to mean 0 and mean square 1, then scale it by learnt factors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        """(…, width) → the same."""
        return F.layer_norm(x, (x.shape[-1],), self.scale, None, 1e-6)


class _Shift(torch.autograd.Function):
    """``shifted`` with a backward pass that adds in place (three times as fast as that of slices)."""

    @staticmethod
    def forward(ctx, x, offsets):
        ctx.offsets, ctx.low = offsets, -min(0, *offsets)
        padded = F.pad(x, (0, 0, ctx.low, max(0, *offsets)))
        return torch.cat(
            [padded[:, ctx.low + o : ctx.low + o + x.shape[1]] for o in offsets], dim=-1
        )

    @staticmethod
    def backward(ctx, grad):
        b, length, wide = grad.shape
        width, high = wide // len(ctx.offsets), max(0, *ctx.offsets)
        out = grad.new_zeros(b, ctx.low + length + high, width)
        for j, o in enumerate(ctx.offsets):
            out[:, ctx.low + o : ctx.low + o + length] += grad[..., j * width : (j + 1) * width]
        return out[:, ctx.low : ctx.low + length], None


def shifted(x, offsets: list[int]):
    """Copies of (B, L, C) moved along the sequence, side by side, (B, L, C · n); zeros come in from outside.

    An offset of −3 shows each position what lies three before it.
    """
    return _Shift.apply(x, offsets) if len(offsets) > 1 else x


class Convolution(nn.Module):
    """A dilated convolution of ``kernel`` taps, a non-linearity, and a mix of channels."""

    def __init__(self, recipe: Recipe, layer: int, causal: bool) -> None:
        super().__init__()
        k, dilation = recipe.kernel, recipe.dilations[layer]
        self.offsets = (
            [-j * dilation for j in range(k)]
            if causal
            else [(j - k // 2) * dilation for j in range(k)]
        )
        self.norm = Norm(recipe.width)
        self.taps = nn.Linear(k * recipe.width, recipe.width)
        self.mix = nn.Linear(recipe.width, recipe.width)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        return self.mix(F.gelu(self.taps(shifted(self.norm(x), self.offsets))))


class LongConvolution(nn.Module):
    """A diagonal state-space layer run as one long convolution (as S4D, Gu et al. 2022), gated."""

    def __init__(self, recipe: Recipe, layer: int, causal: bool, *, modes: int = 8) -> None:
        super().__init__()
        width = recipe.width
        self.causal, self.norm = causal, Norm(width)
        self.value, self.gate, self.mix = (nn.Linear(width, width) for _ in range(3))
        sides = 1 if causal else 2
        rate = torch.linspace(0, 1, modes).expand(sides, width, modes)
        self.decay = nn.Parameter(torch.log(0.02 + 0.7 * (1 - rate)))
        self.turn = nn.Parameter(torch.pi * rate.clone())
        self.weight = nn.Parameter(torch.randn(sides, width, modes, 2) / modes**0.5)

    def kernel(self, length: int):
        """Response of each channel to a pulse, (sides, C, length) float32."""
        time = torch.arange(length, device=self.decay.device, dtype=torch.float32)
        damped = torch.exp(-torch.exp(self.decay).unsqueeze(-1) * time)
        angle = self.turn.unsqueeze(-1) * time
        real, imaginary = self.weight.float().unbind(-1)
        return (
            damped * (real.unsqueeze(-1) * angle.cos() - imaginary.unsqueeze(-1) * angle.sin())
        ).sum(-2)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        y, length = self.norm(x), x.shape[1]
        value = self.value(y).float().transpose(1, 2)  # (B, C, L)
        size = 2 * length
        kernel = self.kernel(length)
        spectrum = torch.fft.rfft(kernel[0], size)
        if not self.causal:
            spectrum = spectrum + torch.fft.rfft(kernel[1], size).conj()
        run = torch.fft.irfft(torch.fft.rfft(value, size) * spectrum, size)[..., :length].transpose(
            1, 2
        )
        return self.mix(F.gelu(run.to(x.dtype)) * torch.sigmoid(self.gate(y)))


class Attention(nn.Module):
    """Attention with rotary positions, then two dense layers."""

    def __init__(self, recipe: Recipe, layer: int, causal: bool) -> None:
        super().__init__()
        width = recipe.width
        self.heads, self.causal = recipe.heads, causal
        self.norm, self.norm2 = Norm(width), Norm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        return self.read_on(x)[0]

    def read_on(self, x, before=None):
        """(B, L, C) → what is added to it, and its keys and values, (B, heads, L, C / heads) each.

        ``before``: keys and values of P positions before, (1, heads, P, C / heads) each, of a causal block.
        """
        b, length, width = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        start = before[0].shape[2] if before else 0
        q, k = _rotated(q, start), _rotated(k, start)
        if before:
            seen_k, seen_v = (
                torch.cat([old.expand(b, -1, -1, -1), new], dim=2)
                for old, new in zip(before, (k, v))
            )
            mask = torch.ones(length, start + length, dtype=torch.bool, device=x.device).tril(start)
            run = F.scaled_dot_product_attention(q, seen_k, seen_v, attn_mask=mask)
        else:
            run = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        seen = self.mix(run.transpose(1, 2).reshape(b, length, width))
        return seen + self.down(F.gelu(self.up(self.norm2(x + seen)))), (k, v)


def _rotated(x, start: int = 0):
    half = x.shape[-1] // 2
    rate = 1000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = (
        torch.arange(start, start + x.shape[-2], device=x.device, dtype=torch.float32)[:, None]
        * rate
    )
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


BLOCKS = {"convolution": Convolution, "attention": Attention, "state-space": LongConvolution}


class Tower(nn.Module):
    """Tokens → vectors: an embedding, a first wide look at the neighbours, blocks with residual paths."""

    def __init__(self, recipe: Recipe, causal: bool) -> None:
        super().__init__()
        first = recipe.first if recipe.tokens == "nucleotide" else 1
        self.offsets = (
            [-j for j in range(first)] if causal else [j - first // 2 for j in range(first)]
        )
        self.vocabulary = recipe.vocabulary + 2  # and N, and the mask
        self.entry = nn.Linear(first * self.vocabulary, recipe.width)
        self.species = nn.Embedding(recipe.species + 1, recipe.width) if recipe.species else None
        self.blocks = nn.ModuleList(
            BLOCKS[recipe.mixer](recipe, i, causal) for i in range(recipe.depth)
        )
        self.norm = Norm(recipe.width)

    def forward(self, tokens, species=None, layer: int = -1):
        """(B, L) int → (B, L, C); ``layer`` −1: after the last block and its norm, 0: before the first block."""
        x = self._entered(tokens, species)
        for i, block in enumerate(self.blocks):
            if i == layer:
                return x
            x = x + block(x)
        return self.norm(x)

    def _entered(self, tokens, species):
        hot = F.one_hot(tokens.long(), self.vocabulary).to(self.entry.weight.dtype)
        x = self.entry(shifted(hot, self.offsets))
        if self.species is None:
            return x
        kind = (
            torch.zeros(len(tokens), dtype=torch.long, device=x.device)
            if species is None
            else species
        )
        return x + self.species(kind)[:, None].to(x.dtype)

    def read_on(self, tokens, species=None, before=None, *, ahead: int = 0):
        """``forward`` of a causal tower of attention over a sequence of which the beginning was read already.

        Args: tokens: (B, ahead + L) int, the last ``ahead`` ones of the beginning (as far as the entry sees, or all)
        and what comes after. before: keys and values of the beginning, per block. Returns: (B, L, C) of what comes
        after, and its keys and values, per block.
        """
        x, kept = self._entered(tokens, species)[:, ahead:], []
        for i, block in enumerate(self.blocks):
            more, held = block.read_on(x, before[i] if before else None)
            x = x + more
            kept.append(held)
        return self.norm(x), kept

    def states(self, tokens, species=None):
        """What ``forward`` gives for the layers 0, 1, … in turn, from one pass; (B, L, C) each."""
        x = self.forward(tokens, species, 0)
        for block in self.blocks:
            yield x
            x = x + block(x)
        yield self.norm(x)


def other_strand(tokens):
    """Reverse complement of codes (B, L); N and the mask stay what they are."""
    return torch.where(tokens < 4, 3 - tokens, tokens).flip(1)


class BlindSpot(nn.Module):
    """Two-sided conditionals of all positions in one pass, from one causal tower run on both strands."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        width = recipe.width
        self.tower = Tower(recipe, causal=True)
        self.back = self.tower if recipe.equivariant else Tower(recipe, causal=True)
        self.start = nn.Parameter(torch.zeros(width))
        self.left = nn.Linear(width, 4)
        self.near, self.far = (
            nn.Linear(width, recipe.joint),
            nn.Linear(width, recipe.joint, bias=False),
        )
        self.out = nn.Linear(recipe.joint, 4)

    def _before(self, x):
        start = self.start.to(x.dtype).expand(len(x), 1, -1)
        return torch.cat([start, x[:, :-1]], dim=1)

    def forward(self, tokens, species=None):
        """(B, L) → logits (B, L, 4) given both sides, and given the left side alone."""
        here = self._before(self.tower(tokens, species))
        there = self._before(self.back(other_strand(tokens), species)).flip(1)
        forward = self.out(F.gelu(self.near(here) + self.far(there)))
        backward = self.out(F.gelu(self.near(there) + self.far(here))).flip(-1)
        left = self.left(here)
        return forward + backward + left + self.left(there).flip(-1), left

    def hidden(self, tokens, species=None, layer: int = -1):
        """(B, L) → states that have seen the base itself and both sides, (B, L, 2 C)."""
        back = self.back(other_strand(tokens), species, layer).flip(1)
        return torch.cat([self.tower(tokens, species, layer), back], dim=-1)

    def states(self, tokens, species=None):
        """``hidden`` of the layers 0, 1, … in turn, from one pass."""
        both = zip(
            self.tower.states(tokens, species), self.back.states(other_strand(tokens), species)
        )
        return (torch.cat([here, back.flip(1)], dim=-1) for here, back in both)


class OneTower(nn.Module):
    """A masked (two-sided tower) or causal network over tokens."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.causal = recipe.objective == "causal"
        self.both = recipe.equivariant and not self.causal
        self.tower = Tower(recipe, causal=self.causal)
        self.start = nn.Parameter(torch.zeros(recipe.width))
        self.out = nn.Linear(recipe.width, recipe.vocabulary)

    def _logits(self, tokens, species):
        x = self.tower(tokens, species)
        if self.causal:
            x = torch.cat([self.start.to(x.dtype).expand(len(x), 1, -1), x[:, :-1]], dim=1)
        return self.out(x)

    def forward(self, tokens, species=None):
        """(B, L) → logits (B, L, vocabulary), of a masked network at the masked positions, and None."""
        logits = self._logits(tokens, species)
        if self.both:
            logits = (logits + self._logits(other_strand(tokens), species).flip(1).flip(-1)) / 2
        return logits, None

    def hidden(self, tokens, species=None, layer: int = -1):
        """(B, L) → states that have seen the token itself, (B, L, C)."""
        return self.tower(tokens, species, layer)

    def states(self, tokens, species=None):
        """``hidden`` of the layers 0, 1, … in turn, from one pass."""
        return self.tower.states(tokens, species)


def build(recipe: Recipe) -> nn.Module:
    """A network with fresh weights, drawn from the recipe's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return BlindSpot(recipe) if recipe.objective == "blind-spot" else OneTower(recipe)


def size(network: nn.Module) -> int:
    """Number of weights."""
    return sum(p.numel() for p in network.parameters())
