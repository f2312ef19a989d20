"""The commands of the benchmark: sources, tasks, models, vectors, runs, checks."""

import functools
import os
from dataclasses import replace
from pathlib import Path

import typer

from ..core import paths, specs
from ..core.errors import BadInput
from ..core.progress import Reporter
from .options import finish, make_plan, note, ready, show, split_names


def fetch(
    source: list[str] | None = None,
    *,
    model: list[str] | None = None,
    accept_licence: list[str] | None = None,
):
    """Find or download the files of sources, or the weights of models, and check them.

    Parameters
    ----------
    source : list of str, optional
        Source ids; all of them if neither sources nor models are given.
    model : list of str, optional
        Models of data/models.yml whose weights are fetched.
    accept_licence : list of str, optional
        Models whose licence forbids commercial use, which you accept.
    """
    from ..data import sources

    declared, missing = specs.declared(), False
    chosen = source or ([] if model else declared.sources)
    for spec in [declared.source(name) for name in chosen]:
        for file in spec.files:
            try:
                print(f"{spec.id}/{file}: {sources.locate(spec, file, download=True)}")
            except BadInput as err:
                missing = True
                note(str(err))
    for spec in map(declared.model, model or ()):
        from ..models import routes

        accepted = spec.name in (accept_licence or ())
        with Reporter() as report:
            step = functools.partial(report.step, "bytes")
            folder = routes.fetch(spec, accepted=accepted, progress=step)
        print(f"{spec.name}: {folder} ({spec.licence})")
    if missing:
        raise typer.Exit(2)


def tasks(
    *,
    profile="demo",
    json_=False,
    write=False,
    gmt: Path | None = None,
    negatives="universe",
    universe: str | None = None,
):
    """List a profile's tasks with size, balance, origin and status. Downloads nothing.

    Parameters
    ----------
    write : bool
        Also write the catalogue to data/results/<profile>/.
    """
    from ..benchmark import results
    from ..book import cards

    plan = make_plan(profile, gmt=gmt, negatives=negatives, universe=universe, empty=True)
    known = plan.declared.sources
    frame = cards.task_catalogue(plan.profile, known, plan.tasks, plan.messages)
    show(frame, json_, ["task", "group", "kind", "genes", "balance", "status", "reason"])
    ready(frame, "tasks")
    if write:
        results.write_csv(frame, results.beside_path(plan.profile.name, "tasks.csv"))


def models(*, profile: str | None = None, json_=False):
    """List all models with family, input, size, licence and status.

    Parameters
    ----------
    profile : str, optional
        Only the models of this profile.
    """
    from ..book import cards

    declared = specs.declared()
    frame = cards.model_catalogue(declared.models.values(), declared.sources)
    if profile:
        frame = frame[frame.model.isin(declared.profile(profile).models)].reset_index(drop=True)
    show(frame, json_, ["model", "title", "family", "input", "dim", "size", "status", "reason"])
    ready(frame, "models")


def embed(
    *,
    model: str,
    profile="demo",
    device="auto",
    download=False,
    remote_code=False,
):
    """Make (or find) the vectors of one model for all genes of a profile; resumes.

    Parameters
    ----------
    model : str
        Which model of data/models.yml.
    device : str
        Torch device of neural encoders: auto (every GPU, else the CPU), cpu, cuda:0, or several,
        as 'cpu,cpu'.
    remote_code : bool
        Run the code that comes with the weights.
    """
    from ..models import inference, weights

    plan = make_plan(profile)
    spec = plan.declared.model(model)
    if remote_code:
        weights.trust(spec)
    with Reporter() as report:
        embedding = inference.embed(
            spec,
            plan.universe,
            plan.declared,
            device=device,
            download=download,
            say=report.say,
            progress=functools.partial(report.step, "sequences"),
        )
    n, d = embedding.vectors.shape
    print(f"{model}: {n} of {len(plan.universe)} genes, {d} dimensions")
    print(plan.embedding_path(model))


def run(
    *,
    profile="demo",
    models: list[str] | None = None,
    tasks: list[str] | None = None,
    split: str | None = None,
    jobs: int | None = None,
    memory: float = 8,
    scheduler: str | None = None,
    dry_run=False,
    part: str | None = None,
    gmt: Path | None = None,
    negatives="universe",
    universe: str | None = None,
):
    """Run task × model × split × probe, resume what is there, write data/results/<profile>/.

    Parameters
    ----------
    split : str, optional
        Only this split: random, genes, chromosome, stem, family, similarity, study, date,
        published or prospective.
    memory : float
        GB that the fits may take in all (of a cluster: each worker).
    dry_run : bool
        Only print how many cells are cached and to do, and which models lack vectors.
    part : str, optional
        Only every 40th cell from the third on ('3/40'), for arrays of jobs that share one cache;
        a run without it writes the results.
    """
    from ..benchmark import results, summaries
    from ..benchmark import run as runner

    jobs = jobs or os.cpu_count() or 1
    plan = make_plan(
        profile,
        gmt=gmt,
        negatives=negatives,
        universe=universe,
        models=split_names(models),
        names=split_names(tasks),
        split=split,
        memory=memory * 1e9 / (1 if scheduler else jobs),
    )
    if part:
        plan = _part(plan, part)
    if dry_run:
        return _outlook(plan)
    with Reporter() as report:
        options = {"jobs": jobs, "scheduler": scheduler, "write": not part}
        done = runner.run(plan, **options, **report.hooks)
    skipped = f"{done.skipped} task × model pairs skipped" + " (see manifest.json)" * (not part)
    finish(done, skipped, paths.CELLS if part else results.scores_path(plan.profile.name))
    if gmt and not part:
        shown = summaries.beside_shortcuts(plan.profile.name, plan.declared.models).round(3)
        print(shown.to_string(index=False))


def _part(plan, part):
    """A plan of every n-th cell."""
    first, _, n = part.partition("/")
    if not (first.isdecimal() and n.isdecimal() and 0 < int(first) <= int(n)):
        raise BadInput(f"--part '{part}': is no part of several; write for example 3/40.")
    return replace(plan, requested=plan.requested[int(first) - 1 :: int(n)])


def _outlook(plan):
    """Print what a run would do, and which of its models have no vectors yet."""
    from ..benchmark import fit
    from ..book import cards
    from ..core import workers

    n, waiting = len(plan.requested), len(workers.pending(fit.STAGE, plan, plan.requested, note))
    print(f"{n} cells: {n - waiting} cached, {waiting} to do")
    for model in dict.fromkeys(cell.model for cell in plan.requested):
        if not plan.embedding_path(model).exists():
            status, reason = cards.model_status(plan.declared.models[model], plan.declared.sources)
            print(f"{model}: no vectors yet ({status}) {reason}".rstrip())


def reproduce(
    *,
    profile="paper",
    model: list[str] | None = None,
    jobs=2,
):
    """Score models on the paper's tasks and genes, beside what the paper published of them.

    Parameters
    ----------
    model : list of str, optional
        Models whose scores the paper publishes; bag-of-words and mpnet if none is given.
    """
    from ..benchmark import published_scores, summaries

    folder = paths.results(profile)
    plan = make_plan(profile, universe="paper")
    models = model or ["bag-of-words", "mpnet"]
    with Reporter() as report:
        frame = published_scores.reproduce(plan, models, folder, jobs=jobs, **report.hooks)
    published_scores.summarise(plan.declared, folder)
    print(summaries.reproduction(frame).round(3).to_string())
    print(folder)


def validate(path: Path | None = None, *, seal=False):
    """Check results: schema, bounds, rows, and that every table is as its manifest says.

    Parameters
    ----------
    path : Path, optional
        A scores.parquet, a manifest.json, their folder, or a folder of such folders.
    seal : bool
        First write the SHA-256 of the tables of a folder, as they are now, into its manifest.
    """
    from ..benchmark import validation

    if faults := validation.validate_path(path, seal=seal):
        print(*faults, sep="\n")
        raise BadInput(f"{path}: faults found: {len(faults)}; rerun 'genebench run'.")
    print(f"{path}: valid")


def freeze(out: Path, *, profile="demo", models: list[str] | None = None):
    """Write the predictions of a run, dated and sealed, to be scored on labels that come later.

    Parameters
    ----------
    out : Path
        Folder.
    """
    from ..benchmark.tables import frozen

    split = specs.declared().profile(profile).splits[0]
    print(frozen.freeze(make_plan(profile, models=split_names(models), split=split), out))


def unfreeze(folder: Path, *, release: str):
    """Score frozen predictions on the labels that are new in a release.

    Parameters
    ----------
    folder : Path
        Written by 'genebench freeze'.
    release : str
        The newer release, as the source now declares it.
    """
    from ..benchmark import results
    from ..benchmark.tables import frozen

    plan = make_plan(frozen.note(folder)["profile"])
    frame = frozen.unfreeze(plan, folder, release)
    results.write_csv(frame, folder / f"{release}.csv")
    print(frame.round(3).to_string(index=False))


COMMANDS = [fetch, tasks, models, embed, run, reproduce, validate, freeze, unfreeze]
