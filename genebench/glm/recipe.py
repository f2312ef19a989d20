"""The recipe of a small model: everything that determines its weights, apart from the sequences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from ..core.errors import BadInput
from ..core.specs import Spec


class Recipe(Spec):
    """Architecture, objective, tokens and training of one model; an unknown key is an error."""

    name: str = "model"
    objective: Literal["blind-spot", "masked", "causal"] = "blind-spot"
    mixer: Literal["convolution", "attention", "state-space"] = "convolution"
    equivariant: bool = True
    """Both strands by the same weights, so that a sequence and its reverse complement get the same answer."""
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
    """Number of species that the network is told apart; 0: it is told none."""
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
    def _fits(self) -> Recipe:
        if self.tokens != "nucleotide" and self.objective == "blind-spot":
            raise ValueError(
                "a blind-spot network reads single nucleotides; take objective masked or causal"
            )
        if self.tokens != "nucleotide" and self.equivariant:
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
        taps = (self.kernel - 1) if self.objective != "masked" else self.kernel // 2
        first = (self.first - 1) if self.objective != "masked" else self.first // 2
        tokens = (
            1
            + sum(d * taps for d in self.dilations)
            + (first if self.tokens == "nucleotide" else 0)
        )
        return tokens * {"nucleotide": 1, "kmer": self.k, "bpe": 4}[self.tokens]


def recipe(given: dict, *, where: str = "recipe") -> Recipe:
    """A recipe from its declaration. Raises: BadInput: an unknown key or a value out of range, named."""
    try:
        return Recipe(**given)
    except ValidationError as err:
        first = err.errors()[0]
        at = ".".join(map(str, first["loc"])) or "the recipe"
        known = ", ".join(sorted(Recipe.model_fields))
        more = f"; known keys: {known}" if first["type"] == "extra_forbidden" else ""
        raise BadInput(f"{where}: {at}: {first['msg']}{more}; correct it and run again.")


def read(path: Path) -> dict:
    """What a trained model's ``recipe.json`` holds. Raises: BadInput: absent or unreadable."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {
            "recipe": held["recipe"],
            "facts": held.get("facts", {}),
            "sha256": held.get("sha256", ""),
            "merges": held.get("merges"),
            "version": held.get("version", 0),
        }
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise BadInput(
            f"{path}: no readable recipe ({type(err).__name__}); give a folder that 'genebench glm train' made."
        )
