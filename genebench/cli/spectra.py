"""The command ``genebench spectra``."""

from dataclasses import replace
from pathlib import Path

from ..core.errors import BadInput
from ..core.progress import Reporter
from .options import finish, note, show, split_names


def spectra(
    names: list[str] | None = None,
    *,
    models: list[str] | None = None,
    mode: str | None = None,
    parameters: str | None = None,
    seeds: int = 10,
    profile: str = "demo",
    jobs: int | None = None,
    property_: str = "",
    pairs: Path | None = None,
    predictions: Path | None = None,
    name: str = "",
    target: Path | None = None,
    out: Path | None = None,
    write_splits: Path | None = None,
    split_file: Path | None = None,
    json_: bool = False,
) -> None:
    """Draw the spectrum of data sets: splits of falling overlap, models on each, curves, areas.

    Parameters
    ----------
    names : list of str, optional
        Data sets of data/spectra.yml, gene tasks of the profile (task, whose relatives share the
        letters of their symbol, task@family or task@cosine:MODEL), 'all', or a file of your own
        (.csv, .tsv: id, label, and sequence, mutations or numbers); none: list them.
    mode : str, optional
        How to split: corrected, weighted or reference (default: as declared).
    parameters : str, optional
        Spectral parameters λ, joined by commas (default: 0 to 1 in steps of 0.05).
    seeds : int
        Seeds of each λ.
    property_ : str
        Which of your samples are alike: shared_mutations, sequence_identity:0.3, cosine:0.8,
        shared_label:COLUMN (default: by the columns of the file).
    pairs : Path, optional
        CSV of your own similar pairs: first, second, similarity.
    predictions : Path, optional
        CSV of a model run elsewhere: split, split_param, repeat, id, prediction.
    name : str
        What your data or the model of the predictions is called (default: the file's name).
    target : Path, optional
        CSV with the column similarity, 0 to 1: of what you will predict to its nearest relative in
        train (above the property's threshold it has one); the mean over overlaps is weighted by it.
    out : Path, optional
        Folder of the results (default: ./<name>-<digest of the files>-spectra; without files of
        your own data/results/spectra).
    write_splits : Path, optional
        Write the splits of one data set to this CSV, and stop.
    split_file : Path, optional
        Say how much this split of one data set (CSV: id, side) leaks, and stop.
    """
    from ..spectra import datasets, table

    if not names:
        columns = ["data set", "title", "paper", "kind", "models", "status", "needs"]
        show(table.datasets(datasets.declared()), json_, columns)
        return
    from ..spectra import curve, files, record, user_samples
    from ..spectra import run as runner
    from ..spectra import study as studies

    chosen, names, declared = split_names(models), split_names(names), datasets.declared()
    mine = [n for n in names if n.endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz"))]
    if mine and len(names) > 1:
        raise BadInput(f"'{mine[0]}' is a file of your own; give it alone.")
    if (property_ or pairs) and not mine:
        raise BadInput("--property and --pairs are for a file of your own; name one.")
    if name and not (mine or predictions):
        raise BadInput("--name is for a file of your own or for --predictions; leave it out.")
    if mine:
        how = {"property": property_, "pairs": pairs, "name": name * (not predictions)}
        spec, said = user_samples.read(Path(mine[0]), **how)
        declared, names = replace(declared, datasets={spec.name: spec}), [spec.name]
        for sentence in said:
            note(f"{mine[0]}: {sentence}.")
    lambdas = parameters.split(",") if parameters else ()
    options = {"mode": mode, "parameters": lambdas, "seeds": seeds, "profile": profile}
    study = studies.make(names, declared=declared, **options)
    given = [*map(Path, mine), pairs, predictions, target]
    title = user_samples.title(name, predictions or next(filter(None, given), Path("own")))
    if out or any(given):
        key = user_samples.digest(*given, words=property_)[:8]
        folder = user_samples.place(out or Path(f"{title}-{key}-spectra"))
        weights = user_samples.target(target, study.datasets) if target else None
        study = replace(study, folder=folder, target=weights)
        record.check(study)
    with Reporter() as report:
        if split_file:
            columns = ["split", "train", "test", *curve.OVERLAPS, "leakage", "nearest λ"]
            show(files.leakage(study, split_file).round(3), json_, columns)
            return
        if write_splits:
            print(files.write_splits(study, write_splits))
            return
        if predictions:
            done = files.score(study, predictions, title)
        else:
            done = runner.run(study, chosen=chosen, jobs=jobs, **report.hooks)
    where = study.folder / "auspc.csv"
    finish(done, f"{done.skipped} splits without a score (see manifest.json)", where)
    if any(given):
        from ..book import spectra as page

        print(page.card(study.folder, title, declared.models))
    show(table.areas(set(study.datasets), study.folder), json_, table.AREAS)
