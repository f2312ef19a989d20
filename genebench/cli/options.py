"""What all commands share: options, how faults end, and how tables are printed."""

import functools
import inspect
import json
import re
import sys
from errno import EACCES, EDQUOT, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS
from typing import Annotated

import typer

from ..core import specs
from ..core.errors import BadInput, GenebenchError, one_line

HELP = {
    "profile": "Which profile of data/profiles.yml.",
    "jobs": "How many processes; all cores where no default is shown.",
    "scheduler": "Address of a Dask cluster (tcp://host:8786) whose workers compute.",
    "models": "Only these models (repeat, or join by commas).",
    "tasks": "Only the cells that hold these tasks; 'hpo/' takes all under it.",
    "gmt": "A GMT file: its sets become the tasks, in a profile of their own.",
    "negatives": "Negatives of a set: all other genes of the profile ('universe') or 'file'.",
    "universe": "Cut the tasks to 'paper', the 16,217 genes of the paper, or take 'all'.",
    "device": "Torch device of neural networks: cpu, cuda:0.",
    "json_": "Print the table as JSON on standard output.",
    "download": "Fetch weights that are not here.",
}
"""Help of an option that a command's own docstring leaves out."""
SHORT = {"profile": ["-p"], "jobs": ["-j"], "model": ["-m"], "parameter": ["-P"], "n": ["-n"]}
"""Options that can be written with one letter."""
LEAST = {"jobs": 1, "seeds": 1, "n": 1, "window": 0, "memory": 0.1, "max_cells": 1}
"""Smallest value of a number."""
LONGEST_CELL = 100
"""Letters of a cell that a table in a file or a pipe shows; ``--json`` has them all."""
_PARAMETER = re.compile(r"^(\w+) : .*\n((?:    .+\n?)+)", re.M)


def command(function):
    """Make a command of a function.

    Its keyword-only parameters become options, the others arguments; one without an annotation has
    the type of its default. The first paragraph of the docstring and the entries of its parameters
    become the help. A fault ends as one sentence.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Exits with 1 where a run failed, 2 for bad input, 130 when interrupted.
    """
    text, parameters = inspect.getdoc(function), []
    known = HELP | dict(_PARAMETER.findall(text))
    for name, parameter in inspect.signature(function).parameters.items():
        words = " ".join(known[name].split())
        if parameter.kind is parameter.KEYWORD_ONLY:
            flags = ["--" + name.strip("_").replace("_", "-"), *SHORT.get(name, ())]
            info = typer.Option(*flags, help=words, min=LEAST.get(name))
        else:
            info = typer.Argument(help=words)
        kind = parameter.annotation
        if kind is parameter.empty:
            kind = type(parameter.default)
        parameters.append(parameter.replace(annotation=Annotated[kind, info]))

    @functools.wraps(function)
    def guarded(**given):
        try:
            if given.get("scheduler"):  # before minutes are spent on a plan
                from ..core.cluster import connect

                connect(given["scheduler"]).close()
            return function(**given)
        except GenebenchError as err:
            sentence, status = str(err), 2 if isinstance(err, BadInput) else 1
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(0) from None
        except OSError as err:
            status, todo = 1, "look at it and run again."
            if err.errno in (EACCES, EPERM, EROFS, ENOSPC, EDQUOT, ENOTDIR, EISDIR):
                todo = "make that place writable and run again."
            where = f" ({err.filename})" * bool(err.filename)
            sentence = f"{err.strerror or str(err) or type(err).__name__}{where}; {todo}"
        except MemoryError:
            sentence, status = "there is not enough memory; give fewer --jobs, or less data.", 1
        except KeyboardInterrupt:
            sentence, status = "interrupted; what was finished is kept, run the same again.", 130
        note(sentence)
        raise typer.Exit(status)

    guarded.__signature__ = inspect.Signature(parameters)
    guarded.__doc__ = text.partition("\n\n")[0]
    return guarded


def note(sentence):
    """Print a sentence on standard error, under the name of the program."""
    print(f"genebench: {one_line(sentence)}", file=sys.stderr)


def split_names(given):
    """Split names that were given one by one or joined by commas; None is no name."""
    return [n.strip() for n in ",".join(given or ()).split(",") if n.strip()]


def make_plan(profile, *, gmt=None, negatives="universe", universe=None, **options):
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


def show(frame, as_json, columns):
    """Print some columns of a table on a terminal or into a pipe, or all of it as JSON.

    Parameters
    ----------
    frame : DataFrame
    as_json : bool
    columns : list of str
        The first names a row. Texts of ``reason`` stand below the table, each once, after its rows.
        A terminal folds cells to its width.
    """
    if as_json:
        print(json.dumps(json.loads(frame.to_json(orient="records")), indent=1))
        return
    shown = frame[[c for c in columns if c != "reason"]].astype(object)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Column, Table

        names = (Column(name, overflow="fold") for name in shown)
        table = Table(*names, box=None, header_style="bold", pad_edge=False)
        for row in shown.where(shown.notna(), "").itertuples(index=False):
            table.add_row(*map(str, row))
        Console(markup=False).print(table)
    else:
        print(shown.to_string(index=False, max_colwidth=LONGEST_CELL))
    if "reason" in columns:
        parts = frame[frame.reason.fillna("") != ""].groupby("reason", sort=False)[columns[0]]
        if reasons := [f"{', '.join(part.astype(str))}: {why}" for why, part in parts]:
            print("", *reasons, sep="\n")


def show_card(folder, card, as_json):
    """Print the sentences of a card, or all of it as JSON, and where it lies.

    Parameters
    ----------
    folder : Path
        Of ``card.json`` and ``card.html``.
    card : dict
    as_json : bool
    """
    text = (folder / "card.json").read_text(encoding="utf-8")
    print(text if as_json else "\n".join(card["sentences"]))
    print(folder / "card.html", file=sys.stderr if as_json else sys.stdout)


def ready(frame, what):
    """Print how many rows of a catalogue are ready, on standard error."""
    print(f"{(frame.status == 'ready').sum()} of {len(frame)} {what} ready.", file=sys.stderr)


def finish(done, missing, path):
    """Print what became of the cells of a run.

    Parameters
    ----------
    done : Outcome
        With ``seconds``.
    missing : str
        How many could not be scored, and what.
    path : Path
        Where the results are.

    Raises
    ------
    RunFailed
        A cell failed.
    """
    print(
        f"{done.units} cells: {done.cached} cached, {done.computed} computed, {len(done.failed)} "
        f"failed; {missing}; {done.seconds:.0f} s; {path}"
    )
    done.check("cells")
