"""The command ``genebench spectra``."""

from pathlib import Path

from ..core.progress import Reporter
from .options import finish, show, split_names


def spectra(
    names: list[str] | None = None,
    *,
    models: list[str] | None = None,
    mode: str | None = None,
    parameters: str | None = None,
    seeds: int = 3,
    profile: str = "demo",
    jobs: int | None = None,
    predictions: Path | None = None,
    write_splits: Path | None = None,
    json_: bool = False,
) -> None:
    """Draw the spectrum of data sets: splits of falling overlap, models on each, curves, areas.

    Parameters
    ----------
    names : list of str, optional
        Data sets of data/spectra.yml, gene tasks of the profile (task; or task@family,
        task@cosine:MODEL, where the default is task@stem: which genes are relatives), or
        'all'; none: list them.
    mode : str, optional
        How to split: corrected, weighted or reference (default: as declared).
    parameters : str, optional
        Spectral parameters λ, joined by commas (default: 0 to 1 in steps of 0.05).
    seeds : int
        Seeds of each λ.
    predictions : Path, optional
        CSV of a model run elsewhere: split, split_param, repeat, id, prediction.
    write_splits : Path, optional
        Write the splits of one data set to this CSV, and stop.
    """
    from ..spectra import datasets, table

    if not names:
        columns = ["data set", "title", "paper", "kind", "models", "status", "needs"]
        show(table.datasets(datasets.declared()), json_, columns)
        return
    from ..spectra import files
    from ..spectra import run as runner
    from ..spectra import study as studies

    lambdas, chosen = parameters.split(",") if parameters else (), split_names(models)
    options = {"mode": mode, "parameters": lambdas, "seeds": seeds, "profile": profile}
    study = studies.make(split_names(names), **options)
    with Reporter() as report:
        if write_splits:
            print(files.write_splits(study, write_splits))
            return
        if predictions:
            done = files.score(study, predictions, chosen, say=report.say)
        else:
            done = runner.run(study, chosen=chosen, jobs=jobs, **report.hooks)
    finish(done, f"{done.unscored} splits without a score", table.path("auspc.csv"))
    show(table.areas(set(study.datasets)), json_, table.AREAS)
