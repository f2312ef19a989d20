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
        typer.Option("--held-out", help="Sequences kept for validation (default: the last one)."),
    ] = None,
    device: Device = "cpu",
) -> None:
    """Train a small model on genomes; validates on sequences of their own; goes on where it was cut
    off."""
    from ..core.progress import Reporter
    from ..glm import check, own
    from ..glm import train as module

    made = check.recipe_of(recipe, change or [])
    with Reporter() as report:
        training, validation = check.parts(fasta, held_out or [], several=made.species > 0)
        folder = module.train(
            training, made, out, device=device, say=report.say, progress=report.step
        )
        table = check.bits(own.load(folder, device=device), validation, training)
    print(table.round(4).to_string(index=False))
    print(folder)


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
    """Score variants without training: one row a variant, those that cannot be scored named and
    counted."""
    from ..core.errors import BadInput, unknown
    from ..core.progress import Reporter
    from ..glm import load as loading
    from ..glm import score as scoring
    from ..glm import variants as module

    if strands not in scoring.STRANDS:
        raise unknown("choice of strands", strands, scoring.STRANDS)
    kinds = tuple(dict.fromkeys(k.strip() for k in scores.split(",") if k.strip()))
    sequences = module.genome(fasta)
    frame = module.check(module.read(variants), sequences)
    for sentence in module.told(frame, sequences):
        print(f"genebench: {sentence}", file=sys.stderr)
    if not (frame.status == module.GOOD).any():
        raise BadInput(
            f"{variants}: none of its {len(frame)} variants can be scored on {fasta}; see the reasons above."
        )
    held = loading.load(model, device=device, download=download)
    with Reporter() as report:
        made = module.score(
            held,
            sequences,
            frame,
            kinds=kinds,
            length=window,
            strands=strands,
            progress=report.step,
        )
    if calibrate and "llr" in kinds:
        made = module.with_calibration(made, sequences)
    module.write(made, out)
    print(
        f"{(made.status == module.GOOD).sum()} of {len(made)} variants scored by {held.name}: {out}"
    )


def simulate(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for one FASTA a species, and the truth.")
    ],
    seed: Annotated[int, typer.Option(help="Seed; another one draws another family.")] = 0,
) -> None:
    """Simulate a family of genomes with known selection: FASTA files, truth (S of every
    substitution), elements."""
    from ..core.progress import Reporter
    from ..glm import simulate as module

    with Reporter() as report:
        for path in module.write_family(out, seed=seed, progress=report.step):
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
    """What a model has understood of a genome: starts of genes, codon positions; on its held-out
    part."""
    from ..glm import interpret as module
    from ..glm import load as loading

    for path in module.interpreted(genome, loading.load(model, device=device), out):
        print(path)


def design(
    out: Annotated[Path, typer.Option("--out", help="FASTA to write.")],
    tag: Annotated[
        str, typer.Option(help="Expression that is asked for: 'high' or 'low'.")
    ] = "high",
    n: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 100,
    temperature: Annotated[float, typer.Option(help="Below 1: the likely becomes likelier.")] = 1.0,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Words that no design may hold (repeat).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed; another one draws others.")] = 0,
) -> None:
    """Design yeast promoters of 80 bases by the small network with expression tags."""
    from ..glm import design as module

    made = module.designed(
        out,
        n=n,
        tag=tag,
        temperature=temperature,
        forbidden=[w.upper() for w in without or []],
        seed=seed,
    )
    print(f"{made} designs: {out}")


COMMANDS: list[Callable] = [train, score, simulate, interpret, design]


def group(guarded: Callable[[Callable], Callable]) -> typer.Typer:
    """All commands as one group; ``guarded`` makes a function whose faults end as one sentence."""
    app = typer.Typer(
        help="Genomic language models: simulate, train, score.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for function in COMMANDS:
        app.command(name=function.__name__.rstrip("_"))(guarded(function))
    return app
