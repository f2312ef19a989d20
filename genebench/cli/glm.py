"""The commands ``genebench glm …``: parse and call, decide nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="Torch device: cpu, cuda:0.")]


def train(
    fasta: Annotated[
        list[Path],
        typer.Argument(help="Genomes: FASTA files, plain or gzip; small letters are repeats."),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for weights.safetensors and recipe.json.")
    ],
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="YAML or JSON file of the recipe.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value of the recipe; goes before the file. Repeat."),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option("--held-out", help="Sequences to validate on (default: the last one)."),
    ] = None,
    device: Device = "cpu",
) -> None:
    """Train a small model on genomes, validate it on other sequences; resumes where it stopped."""
    from ..core.progress import Reporter
    from ..glm import perplexity, trained
    from ..glm import train as training

    settings = training.read_recipe(recipe, change or [])
    with Reporter() as report:
        known, validation = training.split(fasta, held_out or [], several=settings.species > 0)
        training.train(known, settings, out, device=device, say=report.say, progress=report.step)
        table = perplexity.validate(trained.load(out, device=device), validation, known)
    print(table.round(4).to_string(index=False))
    print(out)


def score(
    model: Annotated[
        str, typer.Argument(help="A folder of 'glm train', a Hugging Face folder, or a name.")
    ],
    variants: Annotated[
        Path,
        typer.Option("--variants", help="VCF, or a table with chrom, pos, ref, alt; gzip or not."),
    ],
    fasta: Annotated[Path, typer.Option("--fasta", help="The genome that the variants are of.")],
    out: Annotated[Path, typer.Option("--out", help="Table to write, tab-separated.")],
    scores: Annotated[
        str, typer.Option(help="Joined by commas: llr, influence, embedding.")
    ] = "llr",
    window: Annotated[
        int, typer.Option(help="Bases in a window; 0: three times the model's context.")
    ] = 0,
    strands: Annotated[
        str, typer.Option(help="'both' (mean over the strands) or 'given'.")
    ] = "both",
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Also the LLR less its mean by kind of mutation, over these variants.",
        ),
    ] = False,
    device: Device = "cpu",
    download: Annotated[
        bool, typer.Option("--download", help="Fetch a model that is not here.")
    ] = False,
) -> None:
    """Score variants without training: one row a variant; what cannot be scored is counted."""
    from ..core.errors import BadInput, unknown
    from ..core.progress import Reporter
    from ..glm import hub
    from ..glm import variants as reader
    from ..glm.score import STRANDS

    if strands not in STRANDS:
        raise unknown("choice of strands", strands, STRANDS)
    kinds = tuple(dict.fromkeys(k.strip() for k in scores.split(",") if k.strip()))
    genome = reader.genome(fasta)
    frame = reader.check(reader.read(variants), genome)
    for sentence in reader.messages(frame, genome):
        print(f"genebench: {sentence}", file=sys.stderr)
    good = (frame.status == reader.GOOD).sum()
    if not good:
        raise BadInput(
            f"{variants}: none of its {len(frame)} variants can be scored on {fasta}; see the "
            "reasons above."
        )
    network = hub.load(model, device=device, download=download)
    options = {"kinds": kinds, "length": window, "strands": strands}
    with Reporter() as report:
        table = reader.score(network, genome, frame, **options, progress=report.step)
    if calibrate and "llr" in kinds:
        table = reader.with_calibration(table, genome)
    reader.write(table, out)
    print(f"{good} of {len(table)} variants scored by {network.name}: {out}")


def simulate(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for one FASTA a species, and the truth.")
    ],
    seed: Annotated[int, typer.Option(help="Seed; another one draws another family.")] = 0,
) -> None:
    """Simulate genomes with known selection: FASTA files, S of every substitution, elements."""
    from ..core import specs
    from ..core.progress import Reporter
    from ..glm import motifs
    from ..glm import simulate as simulating

    design = simulating.Design(**({"seed": seed} if seed else {}))
    with Reporter() as report:
        profiles = motifs.jaspar(specs.declared().source("jaspar"))
        family = simulating.simulate(design, profiles, progress=report.step)
        for path in simulating.write_family(family, out):
            print(path)


def interpret(
    genome: Annotated[
        str, typer.Argument(help="A genome of data/glm_genomes.yml that has annotated genes.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="A folder of 'glm train' or a name.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for logo.csv, logo_agreement.csv, codon.csv.")
    ],
    device: Device = "cpu",
) -> None:
    """Logos of gene starts and certainty by codon position, on a genome's held-out part."""
    from ..core import specs
    from ..glm import genomes, hub
    from ..glm import interpret as interpreting

    data = genomes.load(genome, specs.declared().sources)
    for path in interpreting.write_tables(data, hub.load(model, device=device), out):
        print(path)


def design(
    out: Annotated[Path, typer.Option("--out", help="FASTA to write.")],
    tag: Annotated[str, typer.Option(help="Expression: 'high' or 'low'.")] = "high",
    n: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 100,
    temperature: Annotated[float, typer.Option(help="Below 1: the likely becomes likelier.")] = 1.0,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="Words that no design may contain (repeat)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed; another one draws others.")] = 0,
) -> None:
    """Design yeast promoters of 80 bases by the small network with expression tags."""
    from ..glm import design as designing

    words = [w.upper() for w in without or []]
    options = {"tag": tag, "temperature": temperature, "forbidden": words, "seed": seed}
    print(f"{designing.write_designs(out, n=n, **options)} designs: {out}")


COMMANDS: list[Callable] = [train, score, simulate, interpret, design]


def group(guarded: Callable[[Callable], Callable]) -> typer.Typer:
    """Join all commands to one group.

    Parameters
    ----------
    guarded : callable
        Makes a function whose faults end as one sentence.

    Returns
    -------
    typer.Typer
        The group ``glm``.
    """
    app = typer.Typer(
        help="Genomic language models: simulate, train, score.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for function in COMMANDS:
        app.command(name=function.__name__)(guarded(function))
    return app
