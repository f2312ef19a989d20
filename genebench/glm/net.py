"""Small networks over bases, and their recipe.

*blind-spot*: one causal tower reads the sequence and its reverse complement; position i is
predicted from what lies left and what lies right of it, never from itself. All two-sided
conditionals come from one pass, and the network treats both strands alike exactly. *masked*: a
two-sided tower and masked bases. *causal*: a causal tower, the left side only.
"""

from typing import Literal

import torch
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)
from torch import nn
from torch.nn import functional

from ..core import specs
from .blocks import Tower


class Recipe(specs.Spec):
    """Architecture, objective, tokens and training of one model; an unknown key is an error."""

    name: str = "model"
    objective: Literal["blind-spot", "masked", "causal"] = "blind-spot"
    mixer: Literal["convolution", "attention", "state-space", "hybrid"] = "convolution"
    """hybrid: blocks of convolution and of attention in turn."""
    equivariant: bool = True
    """Both strands by the same weights: a sequence and its reverse complement score the same."""
    tokens: Literal["nucleotide", "kmer", "bpe"] = "nucleotide"
    k: int = Field(3, ge=1, le=6)
    """Length of a k-mer token (they do not overlap)."""
    merges: int = Field(252, ge=1, le=4096)
    """Merged pairs of a BPE vocabulary, beyond the four bases."""
    width: int = Field(96, ge=4)
    joint: int = Field(128, ge=4)
    """Units that see both sides, in a blind-spot network."""
    depth: PositiveInt = 5
    kernel: int = Field(3, ge=2)
    first: PositiveInt = 9
    """Bases that the first layer sees at once."""
    widening: PositiveInt = 2
    """Factor by which the dilation grows from block to block."""
    heads: int = Field(4, ge=1)
    species: NonNegativeInt = 0
    """Number of species with an embedding of their own; 0: none."""
    window: int = Field(256, ge=16)
    batch: PositiveInt = 16
    steps: PositiveInt = 1000
    rate: PositiveFloat = 3e-3
    warmup: float = Field(0.05, ge=0, lt=1)
    decay: NonNegativeFloat = 0.01
    masked: float = Field(0.15, gt=0, lt=1)
    """Share of the bases that a masked objective hides."""
    left: NonNegativeFloat = 0.2
    """Weight of the left-only loss beside the two-sided one, in a blind-spot network."""
    repeats: NonNegativeFloat = 0.1
    """Weight of a soft-masked base in the loss; 1: as any other."""
    weights: dict[int, float] = {}
    """Weight of a base in the loss by class of region; 1 where none is given."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Number format of the products; sums, weights and losses are in single precision."""
    seed: int = 20240711

    @model_validator(mode="after")
    def _suits(self):
        if self.tokens != "nucleotide" and self.objective == "blind-spot":
            raise ValueError(
                "a blind-spot network reads single nucleotides; take objective masked or causal"
            )
        if self.tokens != "nucleotide" and self.equivariant:
            raise ValueError(
                "tokens of several bases cannot be complemented one by one; set equivariant: false"
            )
        if self.mixer in ("attention", "hybrid") and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the {self.heads} heads")
        return self

    @property
    def vocabulary(self):
        """Number of tokens, without the unknown one and the mask."""
        return {"nucleotide": 4, "kmer": 4**self.k, "bpe": 4 + self.merges}[self.tokens]

    @property
    def context(self):
        """Bases that a position sees on one side."""
        if self.mixer != "convolution":
            return self.window
        sizes = self.kernel, self.first if self.tokens == "nucleotide" else 1
        masked = self.objective == "masked"
        taps, first = (size // 2 if masked else size - 1 for size in sizes)
        tokens = 1 + taps * sum(self.widening**i for i in range(self.depth)) + first
        return tokens * {"nucleotide": 1, "kmer": self.k, "bpe": 4}[self.tokens]


def recipe(given, *, where="recipe"):
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
        With defaults filled in; an unknown key or a value out of range is an error.
    """
    return specs.build(Recipe, given, where)


def _other_strand(tokens):
    """Reverse complement of nucleotide tokens."""
    return torch.where(tokens < 4, 3 - tokens, tokens).flip(1)


def _after_start(start, x):
    """States moved on by one position, so that a base is not seen where it is predicted."""
    first = start.to(x.dtype).expand(len(x), 1, -1)
    return torch.cat([first, x[:, :-1]], dim=1)


class _BlindSpot(nn.Module):
    """Two-sided conditionals of all positions in one pass, one causal tower on both strands."""

    def __init__(self, recipe):
        super().__init__()
        width, joint = recipe.width, recipe.joint
        self.tower = Tower(recipe, causal=True)
        self.back = self.tower if recipe.equivariant else Tower(recipe, causal=True)
        self.start = nn.Parameter(torch.zeros(width))
        self.left = nn.Linear(width, 4)
        self.near, self.far = nn.Linear(width, joint), nn.Linear(width, joint, bias=False)
        self.out = nn.Linear(joint, 4)

    def forward(self, tokens, species=0):
        """(B, L) → logits (B, L, 4) given both sides, and given the left side alone."""
        here = _after_start(self.start, self.tower(tokens, species)[-1])
        back = self.back(_other_strand(tokens), species)[-1]
        there = _after_start(self.start, back).flip(1)
        forward, backward = self._joined(here, there), self._joined(there, here)
        left, right = self.left(here), self.left(there)
        return forward + backward.flip(-1) + left + right.flip(-1), left

    def _joined(self, near, far):
        return self.out(functional.gelu(self.near(near) + self.far(far)))

    def states(self, tokens, species=0):
        """States of each layer, (B, L, 2 C), of both sides side by side."""
        back = self.back(_other_strand(tokens), species)
        pairs = zip(self.tower(tokens, species), back)
        return [torch.cat([here, there.flip(1)], dim=-1) for here, there in pairs]


class _OneTower(nn.Module):
    """Masked (two-sided tower) or causal network over tokens."""

    def __init__(self, recipe):
        super().__init__()
        self.causal = recipe.objective == "causal"
        self.both = recipe.equivariant and not self.causal
        self.tower = Tower(recipe, causal=self.causal)
        self.start = nn.Parameter(torch.zeros(recipe.width))
        self.out = nn.Linear(recipe.width, recipe.vocabulary)

    def _logits(self, tokens, species):
        x = self.tower(tokens, species)[-1]
        return self.out(_after_start(self.start, x) if self.causal else x)

    def forward(self, tokens, species=0):
        """(B, L) → logits (B, L, vocabulary) alone, of a masked one at the masked positions."""
        logits = self._logits(tokens, species)
        if self.both:
            back = self._logits(_other_strand(tokens), species)
            logits = (logits + back.flip(1).flip(-1)) / 2
        return (logits,)

    def states(self, tokens, species=0):
        """States of each layer of the tower, (B, L, C)."""
        return self.tower(tokens, species)


def build(recipe):
    """Make the torch module of a Recipe on the CPU with fresh weights, drawn from its seed.

    The last layer is zero: before training all tokens are equally likely everywhere.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = _BlindSpot(recipe) if recipe.objective == "blind-spot" else _OneTower(recipe)
    for name, weights in network.named_parameters():
        if name.startswith(("out.", "left.")):
            nn.init.zeros_(weights)
    return network
