"""Small models of real genomes: trained by the recipe of ``data/glm_genomes.yml``, never on what is held out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .. import paths
from . import genomes
from .base import Sequence


def training(genome: genomes.Genome) -> list[Sequence]:
    """The training part of a genome, one sequence per unbroken block."""
    blocks = genome.blocks("train")
    return [Sequence(f"{genome.spec.name}:{a}-{b}", genome.codes[a:b]) for a, b in blocks]


def train(
    name: str,
    folder: Path | None = None,
    *,
    device: str = "cpu",
    compiled: bool = False,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Path:
    """Train the model of a declared genome into ``data/glm/models/<name>`` (or a folder); goes on where it was cut off.

    Raises: BadInput: unknown genome, or a recipe with a fault. sources.Missing: the genome is not to be had.
    """
    from . import recipe
    from . import train as module

    genome = genomes.load(name)
    made = recipe.recipe(genome.spec.recipe, where=f"{paths.DATA / 'glm_genomes.yml'}: {name}")
    folder = folder or paths.GLM_MODELS / made.name
    return module.train(
        training(genome), made, folder, device=device, compiled=compiled, say=say, progress=progress
    )
