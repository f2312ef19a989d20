"""What all commands share: common options, how faults end, and how tables are printed."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Annotated, Any

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
    typer.Option(help="Negatives of a set: all other genes of the profile ('universe') or 'file'."),
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
AllJobs = Annotated[
    int | None, typer.Option("-j", "--jobs", min=1, help="How many processes (default: all cores).")
]
Models = Annotated[
    list[str] | None,
    typer.Option("--models", help="Only these models (repeat, or join by commas)."),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(
        "--tasks", help="Only the cells that hold these tasks; 'hpo/' takes all under it."
    ),
]
LONGEST_CELL = 100
"""Letters of a cell that a table in a file or a pipe shows; ``--json`` has them all."""


def guarded(function):
    """Make faults of a command end as one sentence and an exit status.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Exits with 1 where a run failed, 2 for bad input, 130 when interrupted.
    """

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except BadInput as err:
            _stop(str(err), 2)
        except RunFailed as err:
            _stop(str(err), 1)
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(0) from None
        except OSError as err:
            where = err.filename or "no file named"
            _stop(f"{err.strerror or err} ({where}); make that place writable and run again.", 1)
        except KeyboardInterrupt:
            _stop(
                "interrupted; what was finished is kept, run the same command again to go on.", 130
            )

    return wrapped


def _stop(sentence: str, status: int) -> None:
    note(sentence)
    raise typer.Exit(status)


def note(sentence: str) -> None:
    """Print a sentence on standard error, under the name of the program."""
    print(f"genebench: {sentence}", file=sys.stderr)


def split_names(given: list[str] | None) -> list[str]:
    """Split names that were given one by one or joined by commas.

    Parameters
    ----------
    given : list of str or None

    Returns
    -------
    list of str
    """
    return [n.strip() for text in given or [] for n in text.split(",") if n.strip()]


def make_plan(
    profile: str,
    *,
    gmt: Path | None = None,
    negatives: str = "universe",
    universe: str | None = None,
    **options: Any,
):
    """Make the plan that the common options ask for; notes go to standard error.

    Parameters
    ----------
    profile : str
    gmt : Path, optional
        A user's gene sets become the tasks.
    negatives, universe : str, optional
        See ``custom_tasks``.
    **options
        Of ``plan.make``.

    Returns
    -------
    Plan
    """
    from ..benchmark import custom_tasks, plan
    from ..core import specs

    declared = specs.declared()
    chosen = custom_tasks.cut_to(declared.profile(profile), universe)
    if gmt is not None:
        custom = custom_tasks.from_gmt(gmt, chosen, declared, negatives=negatives)
        chosen, declared = custom.profile, custom.declared
        for sentence in custom.messages:
            note(sentence)
        print(custom.sets.round(3).to_string(index=False), file=sys.stderr)
    if chosen.name != profile:
        note(f"this is the profile '{chosen.name}'.")
    return plan.make(chosen, declared=declared, **options)


def show(frame, as_json: bool, columns: list[str]) -> None:
    """Print some columns of a table on a terminal or into a pipe, or all of it as JSON.

    Parameters
    ----------
    frame : DataFrame
    as_json : bool
    columns : list of str
        The first names a row. Texts of ``reason`` stand below the table, each once, after its rows.
    """
    if as_json:
        print(json.dumps(json.loads(frame.to_json(orient="records")), indent=1))
        return
    _rows(frame[[c for c in columns if c != "reason"]].astype(object))
    if "reason" in columns and (frame.reason.fillna("") != "").any():
        print()
        reasons = frame[frame.reason.fillna("").astype(str) != ""]
        for why, part in reasons.groupby("reason", sort=False):
            print(f"{', '.join(part[columns[0]].astype(str))}: {why}")


def _rows(frame) -> None:
    """Print a table: folded to the width of a terminal, or a line a row into a pipe."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        long = lambda v: isinstance(v, str) and len(v) > LONGEST_CELL  # noqa: E731
        short = frame.map(lambda v: f"{v[:LONGEST_CELL]} …" if long(v) else v)
        print(short.to_string(index=False))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in frame.columns:
        table.add_column(column, overflow="fold", ratio=3 if column in ("task", "title") else None)
    for row in frame.where(frame.notna(), "").itertuples(index=False):
        table.add_row(*map(str, row))
    console.print(table, markup=False)


def check(failed: dict[str, str]) -> None:
    """Raise a sentence where cells failed.

    Parameters
    ----------
    failed : dict of str to str
        Cell -> why.

    Raises
    ------
    RunFailed
        Names the first, why, and how many others.
    """
    if failed:
        cell, why = next(iter(failed.items()))
        more = f" (and {len(failed) - 1} more)" * (len(failed) > 1)
        raise RunFailed(f"cell '{cell}' failed: {why}{more}")
