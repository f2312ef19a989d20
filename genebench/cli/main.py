"""The command line: parses and calls, decides nothing."""

from typing import Annotated

import typer

from .. import __version__
from . import benchmark, book, glm, place, spectra, vectors
from .options import command


def _group(functions, **options):
    """Join functions to a group of commands of their names."""
    group = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **options,
    )
    for function in functions:
        group.command(function.__name__.strip("_").replace("_", "-"))(command(function))
    return group


app = _group(
    [*benchmark.COMMANDS, *place.COMMANDS, spectra.spectra, *book.COMMANDS],
    name="genebench",
    help="Does your model understand genes? Tasks, shortcuts, models, splits, probes and the book "
    "that shows them.",
)
app.add_typer(
    _group(glm.COMMANDS, help="Genomic language models: train, score, embed, probe, design."),
    name="glm",
)
app.add_typer(
    _group(vectors.COMMANDS, help="Vectors to take away: list, export, get, compare."),
    name="vectors",
)


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
):
    if version:
        print(f"genebench {__version__}")
        raise typer.Exit
