"""What all commands share: their common options, how faults end, and how tables are printed."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import BadInput, RunFailed

Profile = Annotated[
    str, typer.Option("--profile", "-p", help="Which profile of data/profiles.yml.")
]
Gmt = Annotated[
    Path | None,
    typer.Option("--gmt", help="A GMT file: its sets become the tasks, in a profile of their own."),
]
Negatives = Annotated[
    str,
    typer.Option(
        help="What a set is told from: all other genes of the profile ('universe') or of the 'file'."
    ),
]
Universe = Annotated[
    str | None,
    typer.Option(help="Cut the tasks to 'paper', the 16,217 genes of the paper, or take 'all'."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the table as JSON on standard output.")]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        help="Only this split: random, chromosome, stem, family, similarity, study or date.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", help="Address of a Dask cluster (tcp://host:8786) whose workers compute."
    ),
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="How many processes.")]


def guarded(function):
    """A command whose faults end as one sentence and an exit status: 1 a run failed, 2 bad input."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except BadInput as err:
            stop(str(err), 2)
        except RunFailed as err:
            stop(str(err), 1)
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(0)
        except OSError as err:
            stop(
                f"{err.strerror or err} ({err.filename or 'no file named'}); make that place writable and run again.",
                1,
            )
        except KeyboardInterrupt:
            stop(
                "interrupted; what was finished is kept, run the same command again to go on.", 130
            )

    return wrapped


def stop(sentence: str, status: int) -> None:
    """End with one sentence on standard error and an exit status."""
    print(f"genebench: {sentence}", file=sys.stderr)
    raise typer.Exit(status)


def split_names(given: list[str] | None) -> list[str]:
    """Names given one by one or joined by commas."""
    return [n.strip() for text in given or [] for n in text.split(",") if n.strip()]


def own_profile(profile: str, gmt: Path | None, negatives: str, universe: str | None):
    """The profile asked for, or the one made of it by the options; what there is to say goes to standard error."""
    from ..benchmark import custom_tasks

    made = custom_tasks.declare(profile, gmt=gmt, negatives=negatives, universe=universe)
    for sentence in made.told:
        print(f"genebench: {sentence}", file=sys.stderr)
    if len(made.sets):
        print(made.sets.round(3).to_string(index=False), file=sys.stderr)
    if made.profile != profile:
        print(f"genebench: this is the profile '{made.profile}'.", file=sys.stderr)
    return made.profile


CUT = 100
"""Letters of a cell that a table in a file or a pipe shows; ``--json`` has them all."""


def show(frame, as_json: bool, columns: list[str]) -> None:
    """Print some columns of a table on a terminal or into a pipe, or all of it as JSON.

    Reasons stand below the table, each whole and once, after the rows that it is about.
    """
    if as_json:
        print(json.dumps(json.loads(frame.to_json(orient="records")), indent=1))
        return
    below = _reasons(frame, columns[0]) if "reason" in columns else []
    _rows(frame, [c for c in columns if c != "reason"])
    if below:
        print("", *below, sep="\n")


def _reasons(frame, name: str) -> list[str]:
    """Each reason with the rows that it holds for, as a sentence a line."""
    told = frame[frame.reason.fillna("").astype(str) != ""]
    return [
        f"{', '.join(part[name].astype(str))}: {why}"
        for why, part in told.groupby("reason", sort=False)
    ]


def _rows(frame, columns: list[str]) -> None:
    """Print a table: folded to the width of a terminal, or a line a row into a pipe."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", ratio=3 if column in ("task", "title") else None)
    for row in (
        frame[columns].astype(object).where(frame[columns].notna(), "").itertuples(index=False)
    ):
        table.add_row(*map(str, row))
    console = Console()
    if console.is_terminal:
        console.print(table, markup=False)
        return
    short = (
        frame[columns]
        .astype(object)
        .map(lambda v: v if not isinstance(v, str) or len(v) <= CUT else f"{v[:CUT]} …")
    )
    print(short.to_string(index=False))


def no_failed(failed: dict[str, str]) -> None:
    """Raises: RunFailed: names the first cell that failed, why, and how many others did."""
    if failed:
        cell, why = next(iter(failed.items()))
        raise RunFailed(
            f"cell '{cell}' failed: {why}" + (f" (and {len(failed) - 1} more)" * (len(failed) > 1))
        )
