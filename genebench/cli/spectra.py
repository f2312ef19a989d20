"""The command ``genebench spectra``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AllJobs, Json, Models, Profile, check, show, split_names


def spectra(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Data sets of data/spectra.yml, gene tasks of the profile (task; or task@family, "
            "task@cosine:MODEL, where the default is task@stem: which genes are relatives), or "
            "'all'; none: list them."
        ),
    ] = None,
    models: Models = None,
    mode: Annotated[
        str | None,
        typer.Option(help="How to split: corrected, weighted or reference (default: as declared)."),
    ] = None,
    parameters: Annotated[
        str | None,
        typer.Option(
            help="Spectral parameters λ, joined by commas (default: 0 to 1 in steps of 0.05)."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of each λ.")] = 3,
    profile: Profile = "demo",
    jobs: AllJobs = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            help="CSV of a model run elsewhere: split, split_param, repeat, id, prediction."
        ),
    ] = None,
    write_splits: Annotated[
        Path | None,
        typer.Option(
            "--write-splits", help="Write the splits of one data set to this CSV, and stop."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the spectrum of data sets: splits of falling overlap, models on each, curves, areas."""
    from ..core.progress import Reporter
    from ..spectra import datasets, table

    if not names:
        columns = ["data set", "title", "paper", "kind", "models", "status", "needs"]
        show(table.datasets(datasets.declared()), as_json, columns)
        return
    from ..spectra import files
    from ..spectra import run as runner
    from ..spectra import study as studies

    lambdas = parameters.split(",") if parameters else ()
    options = {"mode": mode, "parameters": lambdas, "seeds": seeds, "profile": profile}
    study = studies.make(split_names(names), **options)
    with Reporter() as report:
        if write_splits:
            print(files.write_splits(study, write_splits))
            return
        if predictions:
            done = files.score(study, predictions, split_names(models), say=report.say)
        else:
            done = runner.run(
                study,
                chosen=split_names(models),
                jobs=jobs,
                say=report.say,
                progress=report.step,
            )
    print(
        f"{done.units} cells: {done.cached} cached, {done.computed} computed, {len(done.failed)} "
        f"failed; {done.unscored} splits without a score (see manifest.json); "
        f"{done.seconds:.0f} s; {table.path('auspc.csv')}"
    )
    check(done.failed)
    show(table.areas(set(study.datasets)), as_json, table.AREAS)


COMMANDS = [spectra]
