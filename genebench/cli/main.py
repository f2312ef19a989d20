"""The command line: parses and calls, decides nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from . import benchmark, book, glm, place, spectra
from .options import guarded

app = typer.Typer(
    name="genebench",
    help="Does your model understand genes? Tasks, shortcuts, models, splits, probes and the book "
    "that shows them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"genebench {__version__}")
        raise typer.Exit


for _part in (benchmark, place, spectra, book):
    for _command in _part.COMMANDS:
        app.command(name=_command.__name__)(guarded(_command))
app.add_typer(glm.group(guarded), name="glm")
