"""Small networks over bases and their recipe: a tower of blocks, and heads.

*blind-spot*: one causal tower reads the sequence and its reverse complement; position i is
predicted from what lies left and what lies right of it, never from itself. All two-sided
conditionals come from one pass, and the network treats both strands alike exactly. *masked*: a
two-sided tower and masked bases. *causal*: a causal tower, the left side only. Tensors are
(batch, length, channels).
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, ValidationError, model_validator
from torch import nn
from torch.nn import functional

from ..core.errors import BadInput
from ..core.specs import Spec


class Recipe(Spec):
    """Architecture, objective, tokens and training of one model; an unknown key is an error."""

    name: str = "model"
    objective: Literal["blind-spot", "masked", "causal"] = "blind-spot"
    mixer: Literal["convolution", "attention", "state-space"] = "convolution"
    equivariant: bool = True
    """Both strands by the same weights: a sequence and its reverse complement score the same."""
    tokens: Literal["nucleotide", "kmer", "bpe"] = "nucleotide"
    k: int = Field(default=3, ge=1, le=6)
    """Length of a k-mer token (they do not overlap)."""
    merges: int = Field(default=252, ge=1, le=4096)
    """Merged pairs of a BPE vocabulary, beyond the four bases."""
    width: int = Field(default=96, ge=4)
    joint: int = Field(default=128, ge=4)
    """Units that see both sides, in a blind-spot network."""
    depth: int = Field(default=5, ge=1)
    kernel: int = Field(default=3, ge=2)
    first: int = Field(default=9, ge=1)
    """Bases that the first layer sees at once."""
    widening: int = Field(default=2, ge=1)
    """Factor by which the dilation grows from block to block."""
    heads: int = Field(default=4, ge=1)
    species: int = Field(default=0, ge=0)
    """Number of species with an embedding of their own; 0: none."""
    window: int = Field(default=256, ge=16)
    batch: int = Field(default=16, ge=1)
    steps: int = Field(default=1000, ge=1)
    rate: float = Field(default=3e-3, gt=0)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    decay: float = Field(default=0.01, ge=0)
    masked: float = Field(default=0.15, gt=0, lt=1)
    """Share of the bases that a masked objective hides."""
    left: float = Field(default=0.2, ge=0)
    """Weight of the left-only loss beside the two-sided one, in a blind-spot network."""
    repeats: float = Field(default=0.1, ge=0)
    """Weight of a soft-masked base in the loss; 1: as any other."""
    weights: dict[int, float] = {}
    """Weight of a base in the loss by class of region; 1 where none is given."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Number format of the products; sums, weights and losses are in single precision."""
    seed: int = 20240711

    @model_validator(mode="after")
    def _fits(self):
        several = self.tokens != "nucleotide"
        if several and self.objective == "blind-spot":
            raise ValueError(
                "a blind-spot network reads single nucleotides; take objective masked or causal"
            )
        if several and self.equivariant:
            raise ValueError(
                "tokens of several bases cannot be complemented one by one; set equivariant: false"
            )
        if self.mixer == "attention" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the {self.heads} heads")
        return self

    @property
    def vocabulary(self) -> int:
        """Number of tokens, without the unknown one and the mask."""
        return {"nucleotide": 4, "kmer": 4**self.k, "bpe": 4 + self.merges}[self.tokens]

    @property
    def dilations(self) -> list[int]:
        """Dilation of each block."""
        return [self.widening**i for i in range(self.depth)]

    @property
    def context(self) -> int:
        """Bases that a position sees on one side."""
        if self.mixer != "convolution":
            return self.window
        masked = self.objective == "masked"
        taps, first = (
            size // 2 if masked else size - 1
            for size in (self.kernel, self.first if self.tokens == "nucleotide" else 1)
        )
        tokens = 1 + taps * sum(self.dilations) + first
        return tokens * {"nucleotide": 1, "kmer": self.k, "bpe": 4}[self.tokens]


def recipe(given: dict, *, where: str = "recipe") -> Recipe:
    """Check the declaration of a recipe.

    Parameters
    ----------
    given : dict
        Keys and values.
    where : str
        Where it stands, for the message.

    Returns
    -------
    Recipe
        With defaults filled in.

    Raises
    ------
    BadInput
        An unknown key, or a value out of range.
    """
    try:
        return Recipe(**given)
    except ValidationError as err:
        first = err.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the recipe"
        known = ", ".join(sorted(Recipe.model_fields))
        more = f"; known keys: {known}" if first["type"] == "extra_forbidden" else ""
        raise BadInput(f"{where}: {key}: {first['msg']}{more}; correct it and run again.")


class _Norm(nn.Module):
    """Layer norm without bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        """Normalise the last axis; (…, width) → the same."""
        return functional.layer_norm(x, (x.shape[-1],), self.scale, None, 1e-6)


class _Shift(torch.autograd.Function):
    """``_shifted`` with a backward pass that adds in place (three times as fast as slices)."""

    @staticmethod
    def forward(ctx, x, offsets):
        ctx.offsets, ctx.low = offsets, -min(0, *offsets)
        padded = functional.pad(x, (0, 0, ctx.low, max(0, *offsets)))
        starts = [ctx.low + o for o in offsets]
        return torch.cat([padded[:, s : s + x.shape[1]] for s in starts], dim=-1)

    @staticmethod
    def backward(ctx, grad):
        batch, length, channels = grad.shape
        low, high = ctx.low, max(0, *ctx.offsets)
        width = channels // len(ctx.offsets)
        out = grad.new_zeros(batch, low + length + high, width)
        for offset, part in zip(ctx.offsets, grad.split(width, dim=-1)):
            start = low + offset
            out[:, start : start + length] += part
        return out[:, low : low + length], None


def _shifted(x, offsets):
    """Copies of (B, L, C) moved along the sequence, side by side, (B, L, C · n_offsets).

    An offset of −3 shows each position what lies three before it; zeros come in from outside.
    """
    return _Shift.apply(x, offsets) if len(offsets) > 1 else x


class _Convolution(nn.Module):
    """Dilated convolution, non-linearity, and a mix of channels."""

    def __init__(self, recipe: Recipe, layer: int, causal: bool) -> None:
        super().__init__()
        kernel, dilation = recipe.kernel, recipe.dilations[layer]
        taps = [-j if causal else j - kernel // 2 for j in range(kernel)]
        self.offsets = [tap * dilation for tap in taps]
        self.norm = _Norm(recipe.width)
        self.taps = nn.Linear(kernel * recipe.width, recipe.width)
        self.mix = nn.Linear(recipe.width, recipe.width)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        return self.mix(functional.gelu(self.taps(_shifted(self.norm(x), self.offsets))))


class _LongConvolution(nn.Module):
    """Gated diagonal state-space layer, run as one long convolution (S4D, Gu et al. 2022)."""

    def __init__(self, recipe: Recipe, layer: int, causal: bool, *, modes: int = 8) -> None:
        super().__init__()
        width, sides = recipe.width, 1 if causal else 2
        self.causal, self.norm = causal, _Norm(width)
        self.value, self.gate, self.mix = (nn.Linear(width, width) for _ in range(3))
        rate = torch.linspace(0, 1, modes).expand(sides, width, modes)
        self.decay = nn.Parameter(torch.log(0.02 + 0.7 * (1 - rate)))
        self.turn = nn.Parameter(torch.pi * rate.clone())
        self.weight = nn.Parameter(torch.randn(sides, width, modes, 2) / modes**0.5)

    def kernel(self, length: int):
        """Response of each channel to a pulse, (sides, C, length) float32."""
        time = torch.arange(length, device=self.decay.device, dtype=torch.float32)
        rate = torch.exp(self.decay).unsqueeze(-1)
        damped = torch.exp(-rate * time)
        angle = self.turn.unsqueeze(-1) * time
        real, imaginary = self.weight.float().unsqueeze(-1).unbind(-2)
        wave = real * angle.cos() - imaginary * angle.sin()
        return (damped * wave).sum(-2)

    def forward(self, x):
        """(B, L, C) → what is added to it."""
        y, length = self.norm(x), x.shape[1]
        value = self.value(y).float().transpose(1, 2)  # (B, C, L)
        size = 2 * length
        response = torch.fft.rfft(self.kernel(length), size)
        spectrum = response[0] if self.causal else response[0] + response[1].conj()
        product = torch.fft.rfft(value, size) * spectrum
        run = torch.fft.irfft(product, size)[..., :length]
        run = run.transpose(1, 2).to(x.dtype)
        return self.mix(functional.gelu(run) * torch.sigmoid(self.gate(y)))


class _Attention(nn.Module):
    """Attention with rotary positions, then two dense layers."""

    def __init__(self, recipe: Recipe, layer: int, causal: bool) -> None:
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
        """What is added to ``x``, and its keys and values, (B, heads, L, C / heads) each.

        ``before``: keys and values of P positions before, (1, heads, P, C / heads) each, of a
        causal block.
        """
        batch, length, width = x.shape
        parts = self.qkv(self.norm(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        start = before[0].shape[2] if before else 0
        q, k = _rotated(q, start), _rotated(k, start)
        keys, values, mask = k, v, None
        if before:
            old = [part.expand(batch, -1, -1, -1) for part in before]
            keys, values = (torch.cat(pair, dim=2) for pair in zip(old, (k, v)))
            mask = torch.ones(length, start + length, dtype=torch.bool, device=x.device)
            mask = mask.tril(start)
        causal = self.causal and mask is None
        run = functional.scaled_dot_product_attention(
            q, keys, values, attn_mask=mask, is_causal=causal
        )
        mixed = self.mix(run.transpose(1, 2).reshape(batch, length, width))
        return mixed + self.down(functional.gelu(self.up(self.norm2(x + mixed)))), (k, v)


def _rotated(x, start):
    """Rotary positional embedding (Su et al. 2021) of positions from ``start`` on."""
    length, half = x.shape[-2], x.shape[-1] // 2
    kind = {"device": x.device, "dtype": torch.float32}
    rate = 1000.0 ** (-torch.arange(half, **kind) / half)
    place = torch.arange(start, start + length, **kind)
    angle = place[:, None] * rate
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x.split(half, dim=-1)
    turned = [a * cos - b * sin, a * sin + b * cos]
    return torch.cat(turned, dim=-1)


_BLOCKS = {"convolution": _Convolution, "attention": _Attention, "state-space": _LongConvolution}


class _Tower(nn.Module):
    """Tokens → vectors: an embedding of the neighbourhood, then blocks with residual paths."""

    def __init__(self, recipe: Recipe, causal: bool) -> None:
        super().__init__()
        first = recipe.first if recipe.tokens == "nucleotide" else 1
        self.offsets = [-j if causal else j - first // 2 for j in range(first)]
        self.vocabulary = recipe.vocabulary + 2  # and N, and the mask
        self.entry = nn.Linear(first * self.vocabulary, recipe.width)
        self.species = nn.Embedding(recipe.species + 1, recipe.width) if recipe.species else None
        block = _BLOCKS[recipe.mixer]
        self.blocks = nn.ModuleList(block(recipe, i, causal) for i in range(recipe.depth))
        self.norm = _Norm(recipe.width)

    def forward(self, tokens, species=None, layer: int = -1):
        """(B, L) → (B, L, C); layer 0: before the first block, −1: after the last and its norm."""
        x = self._entered(tokens, species)
        for i, block in enumerate(self.blocks):
            if i == layer:
                return x
            x = x + block(x)
        return self.norm(x)

    def _entered(self, tokens, species):
        hot = functional.one_hot(tokens.long(), self.vocabulary).to(self.entry.weight.dtype)
        x = self.entry(_shifted(hot, self.offsets))
        if self.species is None:
            return x
        if species is None:
            species = torch.zeros(len(tokens), dtype=torch.long, device=x.device)
        return x + self.species(species)[:, None].to(x.dtype)

    def read_on(self, tokens, species=None, before=None, *, ahead: int = 0):
        """``forward`` of a causal tower of attention that goes on from what was read before.

        The first ``ahead`` tokens were read before and serve as context of the entry; ``before``:
        keys and values read before, per block. Gives the states of the new tokens, and their keys
        and values, per block.
        """
        x, new = self._entered(tokens, species)[:, ahead:], []
        for i, block in enumerate(self.blocks):
            more, pair = block.read_on(x, before[i] if before else None)
            x = x + more
            new.append(pair)
        return self.norm(x), new

    def states(self, tokens, species=None):
        """Yield what ``forward`` gives for the layers 0, 1, … in turn, from one pass."""
        x = self.forward(tokens, species, 0)
        for block in self.blocks:
            yield x
            x = x + block(x)
        yield self.norm(x)


def _other_strand(tokens):
    """Reverse complement of nucleotide tokens."""
    return torch.where(tokens < 4, 3 - tokens, tokens).flip(1)


def after_start(start, x):
    """Move states on by one position, so that a base is not seen where it is predicted.

    Parameters
    ----------
    start : Tensor of shape (C,)
        Learnt state that comes in front.
    x : Tensor of shape (B, L, C)
        States.

    Returns
    -------
    Tensor of shape (B, L, C)
        Moved on.
    """
    first = start.to(x.dtype).expand(len(x), 1, -1)
    return torch.cat([first, x[:, :-1]], dim=1)


class _BlindSpot(nn.Module):
    """Two-sided conditionals of all positions in one pass, one causal tower on both strands."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        width, joint = recipe.width, recipe.joint
        self.tower = _Tower(recipe, causal=True)
        self.back = self.tower if recipe.equivariant else _Tower(recipe, causal=True)
        self.start = nn.Parameter(torch.zeros(width))
        self.left = nn.Linear(width, 4)
        self.near, self.far = nn.Linear(width, joint), nn.Linear(width, joint, bias=False)
        self.out = nn.Linear(joint, 4)

    def forward(self, tokens, species=None):
        """(B, L) → logits (B, L, 4) given both sides, and given the left side alone."""
        here = after_start(self.start, self.tower(tokens, species))
        back = self.back(_other_strand(tokens), species)
        there = after_start(self.start, back).flip(1)
        forward, backward = self._joined(here, there), self._joined(there, here)
        left, right = self.left(here), self.left(there)
        return forward + backward.flip(-1) + left + right.flip(-1), left

    def _joined(self, near, far):
        return self.out(functional.gelu(self.near(near) + self.far(far)))

    def hidden(self, tokens, species=None, layer: int = -1):
        """(B, L) → states that have seen the base itself and both sides, (B, L, 2 C)."""
        back = self.back(_other_strand(tokens), species, layer).flip(1)
        return torch.cat([self.tower(tokens, species, layer), back], dim=-1)

    def states(self, tokens, species=None):
        """Yield ``hidden`` of the layers 0, 1, … in turn, from one pass."""
        there = self.back.states(_other_strand(tokens), species)
        for here, back in zip(self.tower.states(tokens, species), there):
            yield torch.cat([here, back.flip(1)], dim=-1)


class _OneTower(nn.Module):
    """Masked (two-sided tower) or causal network over tokens."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.causal = recipe.objective == "causal"
        self.both = recipe.equivariant and not self.causal
        self.tower = _Tower(recipe, causal=self.causal)
        self.start = nn.Parameter(torch.zeros(recipe.width))
        self.out = nn.Linear(recipe.width, recipe.vocabulary)

    def _logits(self, tokens, species):
        x = self.tower(tokens, species)
        return self.out(after_start(self.start, x) if self.causal else x)

    def forward(self, tokens, species=None):
        """(B, L) → logits (B, L, vocabulary), of a masked one at the masked positions; None."""
        logits = self._logits(tokens, species)
        if self.both:
            back = self._logits(_other_strand(tokens), species)
            logits = (logits + back.flip(1).flip(-1)) / 2
        return logits, None

    def hidden(self, tokens, species=None, layer: int = -1):
        """(B, L) → states that have seen the token itself, (B, L, C)."""
        return self.tower(tokens, species, layer)

    def states(self, tokens, species=None):
        """Yield ``hidden`` of the layers 0, 1, … in turn, from one pass."""
        return self.tower.states(tokens, species)


def build(recipe: Recipe) -> nn.Module:
    """Make a network with fresh weights, drawn from the recipe's seed.

    Parameters
    ----------
    recipe : Recipe
        Architecture, objective and seed.

    Returns
    -------
    torch.nn.Module
        On the CPU.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return _BlindSpot(recipe) if recipe.objective == "blind-spot" else _OneTower(recipe)
