"""The commands around the book: notebooks, book, publish."""

from pathlib import Path

from ..core.errors import BadInput
from ..core.progress import Reporter
from . import benchmark
from .options import split_names


def notebooks(
    *,
    profile="demo",
    jobs=2,
    page: list[str] | None = None,
    study: str | None = None,
    parameter: list[str] | None = None,
    force=False,
    scheduler: str | None = None,
):
    """Execute the book's notebooks, in parallel, skipping what has not changed.

    Parameters
    ----------
    page : list of str, optional
        Only these pages.
    study : str, optional
        In place of the pages, this long study of notebooks/studies.
    parameter : list of str, optional
        key=value, for every page run.
    force : bool
        Run even what has not changed.
    """
    import yaml

    from ..book import notebooks as module

    given = {}
    for text in parameter or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(
                f"parameter '{text}' is not of the form key=value; write for example -P profile=ci."
            )
        given[name] = yaml.safe_load(value)
    if study:
        print(module.run_study(study, given))
        return
    options = {"jobs": jobs, "force": force, "scheduler": scheduler}
    with Reporter() as report:
        module.run(profile, pages=split_names(page), parameters=given, **options, **report.hooks)


def book(*, profile="demo", jobs=2):
    """Run the profile, execute the notebooks and build the HTML book (only what has changed)."""
    from ..book import notebooks as module

    module.require_pages(profile)
    benchmark.run(profile=profile)
    notebooks(profile=profile, jobs=jobs)
    print(module.book(profile))


def publish(site: Path, *, version: str):
    """Add the built book to a static site as a dated version, and make it the newest.

    Parameters
    ----------
    site : Path
        Folder of the site; older versions in it stay.
    version : str
        Name of this version, such as v0.2.0.
    """
    from ..book import publish as module

    print(module.site(site, version))


COMMANDS = [notebooks, book, publish]
