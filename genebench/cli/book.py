"""The commands around the book: notebooks, book, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import BadInput
from . import benchmark
from .options import Jobs, Profile, Scheduler, split_names


def notebooks(
    profile: Profile = "demo",
    jobs: Jobs = 2,
    pages: Annotated[list[str] | None, typer.Option("--page", help="Only these pages.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-P", "--parameter", help="key=value, for every page run.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even what has not changed.")] = False,
    scheduler: Scheduler = None,
) -> None:
    """Execute the book's notebooks, in parallel, skipping what has not changed."""
    import yaml

    from ..book import notebooks as module
    from ..core.progress import Reporter

    given = {}
    for text in parameter or []:
        if "=" not in text:
            raise BadInput(
                f"parameter '{text}' is not of the form key=value; write for example -P profile=ci."
            )
        name, value = text.split("=", 1)
        given[name] = yaml.safe_load(value)
    with Reporter() as report:
        module.run(
            profile,
            pages=split_names(pages),
            parameters=given,
            jobs=jobs,
            force=force,
            scheduler=scheduler,
            say=report.say,
            progress=report.step,
        )


def book(profile: Profile = "demo", jobs: Jobs = 2) -> None:
    """Run the profile, execute the notebooks and build the HTML book (only what has changed)."""
    from ..book import notebooks as module

    module.require_pages(profile)
    benchmark.run(profile=profile)
    notebooks(profile=profile, jobs=jobs)
    print(module.book(profile))


def publish(
    site: Annotated[Path, typer.Argument(help="Folder of the site; older versions in it stay.")],
    version: Annotated[
        str, typer.Option("--version", help="Name of this version, such as v0.2.0.")
    ],
) -> None:
    """Add the built book to a static site as a dated version, and make it the newest."""
    from ..book import publish as module

    print(module.site(site, version))


COMMANDS = [notebooks, book, publish]
