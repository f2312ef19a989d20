"""The blind-spot net: two causal towers, one on each strand, that never see the base they speak of.

One tower of dilated convolutions reads a sequence and, with the same weights, its reverse complement. What it says at
the base before i knows all that lies to the left of i; on the other strand, all that lies to the right. From both comes
the distribution of base i given everything but itself, at every i in one pass; from the left alone the causal one. A
sequence and its reverse complement have the same distributions, by construction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .codes import reverse_complement

DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128)


class Block(nn.Module):
    """x + W₂ gelu(causal dilated convolution of norm(x)); (n, L, width) to the same."""

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.reach, self.dilation = (kernel - 1) * dilation, dilation
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Parameter(torch.randn(width, width, 1, kernel) * (width * kernel) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One step of the tower; computed in the type of ``x``."""
        kind = x.dtype
        h = F.layer_norm(x, x.shape[-1:], self.norm.weight.to(kind), self.norm.bias.to(kind))
        h = F.pad(h, (0, 0, self.reach, 0)).transpose(1, 2).unsqueeze(2)  # (n, width, 1, L), channels last
        mix = self.mix.to(kind).contiguous(memory_format=torch.channels_last)
        h = F.conv2d(h, mix, self.bias.to(kind), dilation=(1, self.dilation))
        h = F.gelu(h.squeeze(2).transpose(1, 2), approximate="tanh")
        return x + F.linear(h, self.out.weight.to(kind), self.out.bias.to(kind))


class Towers(nn.Module):
    """The network. ``forward``: codes (n, L) → logits given both sides and given the left, (n, L, 4) float32 each."""

    def __init__(self, *, width: int = 128, kernel: int = 3, dilations: Sequence[int] = DILATIONS) -> None:
        super().__init__()
        self.embed = nn.Parameter(torch.randn(5, width) * 0.5)
        self.start = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(width, kernel, d) for d in dilations)
        self.norm = nn.LayerNorm(width)
        self.near, self.far = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.two, self.one = nn.Linear(width, 4), nn.Linear(width, 4)
        self.reach = 1 + sum((kernel - 1) * d for d in dilations)

    def states(self, codes: torch.Tensor, kind: torch.dtype, layer: int = -1) -> torch.Tensor:
        """What the tower knows before each base, (n, L, width): position i has read 0 … i − 1."""
        x = self.embed.to(kind)[codes.long()]
        depth = len(self.blocks) if layer < 0 else layer
        for block in self.blocks[:depth]:
            x = block(x)
        if layer < 0:
            x = F.layer_norm(x, x.shape[-1:], self.norm.weight.to(kind), self.norm.bias.to(kind))
        first = self.start.to(kind).expand(len(x), 1, -1)
        return torch.cat([first, x[:, :-1]], dim=1)

    def sides(self, codes: torch.Tensor, kind: torch.dtype, layer: int = -1) -> tuple[torch.Tensor, torch.Tensor]:
        """What is known from the left and from the right of each base, (n, L, width) each."""
        other = torch.where(codes < 4, 3 - codes, codes).flip(1)
        left, right = self.states(torch.cat([codes, other]), kind, layer).chunk(2)
        return left, right.flip(1)

    def join(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Logits given both sides; the exchange of the sides exchanges complementary bases."""
        kind = left.dtype

        def linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
            return F.linear(x, layer.weight.to(kind), None if layer.bias is None else layer.bias.to(kind))

        forward = F.gelu(linear(left, self.near) + linear(right, self.far), approximate="tanh")
        backward = F.gelu(linear(right, self.near) + linear(left, self.far), approximate="tanh")
        return linear(forward, self.two).float() + linear(backward, self.two).float().flip(-1)

    def forward(self, codes: torch.Tensor, kind: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
        """Logits given both sides, given the left, and given the right, (n, L, 4) float32 each."""
        left, right = self.sides(codes, kind)
        one = F.linear(left, self.one.weight.to(kind), self.one.bias.to(kind)).float()
        other = F.linear(right, self.one.weight.to(kind), self.one.bias.to(kind)).float().flip(-1)
        return self.join(left, right), one, other


def loss(net: Towers, codes: torch.Tensor, kind: torch.dtype, *, causal: float = 0.5) -> tuple[torch.Tensor, np.ndarray]:
    """Nats per base given both sides plus ``causal`` times those from one side; and bits of the two, (2,)."""
    both, left, right = net(codes, kind)
    known = codes < 4
    truth = codes[known].long()
    two = F.cross_entropy(both[known], truth)
    one = (F.cross_entropy(left[known], truth) + F.cross_entropy(right[known], truth)) / 2
    return two + causal * one, np.array([two.item(), one.item()]) / np.log(2)


def symmetric(codes: np.ndarray) -> np.ndarray:
    """The other strand of windows, (n, L)."""
    return reverse_complement(codes)
