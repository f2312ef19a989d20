"""Small models of real genomes, trained by ``data/glm_genomes.yml``, never on what is held out; and their studies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from genebench.core import paths
from genebench.core.errors import BadInput, unknown
from genebench.glm import genomes
from genebench.glm.codes import Sequence


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
    from genebench.glm import net
    from genebench.glm import train as module

    genome = genomes.load(name)
    made = net.recipe(genome.spec.recipe, where=f"{paths.DATA / 'glm_genomes.yml'}: {name}")
    folder = folder or paths.GLM_MODELS / made.name
    return module.train(
        training(genome), made, folder, device=device, compiled=compiled, say=say, progress=progress
    )


WHAT = ("train", "genome", "motifs", "variants", "transfer", "tuning", "design")
"""What ``run`` can be asked for."""
ON_CPU = ("transfer", "tuning", "design")
"""Studies of small windows, which a GPU is not asked for."""
TAXON = {"ecoli": "", "yeast": "4932"}
"""Genome → NCBI's number of the species whose JASPAR profiles its motifs are matched with; none: not looked for."""


def run(
    what: str,
    names: list[str],
    *,
    device: str = "cpu",
    compiled: bool = False,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> list[Path]:
    """Train (``compiled``: compile the network first), or make the tables of a study again; returns the paths written.

    Raises: BadInput: unknown study or name, or a device that a study is not made on. sources.Missing: a file that is
    not to be had.
    """
    from notebooks.studies import glm_genomes, glm_transfer

    told = {"say": say, "progress": progress}
    if what in ON_CPU and not device.startswith("cpu"):
        raise BadInput(
            f"the study '{what}' is made on the CPU; leave --device out, or choose another study."
        )
    if what == "train":
        return [
            train(n, device=device, compiled=compiled, **told)
            for n in names or list(genomes.declared())
        ]
    if what == "genome":
        chosen = names or list(genomes.declared())
        return [path for n in chosen for path in glm_genomes.genome_study(n, device=device, **told)]
    if what == "motifs":
        chosen = [n for n in names or TAXON if TAXON.get(n)]
        return [
            path for n in chosen for path in glm_genomes.motif_study(n, TAXON[n], device=device)
        ]
    if what == "variants":
        return glm_genomes.variant_study(names, device=device, progress=progress)
    if what == "transfer":
        return glm_transfer.transfer_study(names or None, progress=progress)
    if what == "tuning":
        return glm_transfer.tuning_study(names or None, **told)
    if what == "design":
        return glm_transfer.design_study(**told)
    raise unknown("study", what, WHAT)
