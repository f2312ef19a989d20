"""The command line: parses and calls, decides nothing."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..core.errors import BadInput
from . import glm
from .options import (
    Gmt,
    Jobs,
    Json,
    Negatives,
    Profile,
    Scheduler,
    Split,
    Universe,
    guarded,
    no_failed,
    own_profile,
    show,
    split_names,
)

app = typer.Typer(
    name="genebench",
    help="Does your model understand genes? Tasks, shortcuts, models, splits, probes and the book that shows them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command(function):
    """Register a guarded command."""
    return app.command(name=function.__name__.rstrip("_"))(guarded(function))


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"genebench {__version__}")
        raise typer.Exit


@command
def fetch(
    source: Annotated[
        list[str] | None, typer.Argument(help="Source ids; all of them if none is given.")
    ] = None,
) -> None:
    """Find or download the files of sources and check them."""
    from ..core import specs
    from ..data import sources

    missing = []
    for spec in [specs.source(s) for s in source] if source else specs.sources().values():
        for name in spec.files:
            try:
                print(f"{spec.id}/{name}: {sources.locate(spec, name)}")
            except BadInput as err:
                missing.append(str(err))
    if missing:
        raise BadInput("\ngenebench: ".join(missing))


@command
def tasks(
    profile: Profile = "demo",
    as_json: Json = False,
    write: Annotated[
        bool, typer.Option("--write", help="Also write the catalogue to data/results/<profile>/.")
    ] = False,
    gmt: Gmt = None,
    negatives: Negatives = "universe",
    universe: Universe = None,
) -> None:
    """List a profile's tasks with size, balance, origin and status. Downloads nothing: 'genebench fetch' does."""
    from ..benchmark import results
    from ..book import cards
    from ..core import specs
    from ..data import sources
    from ..data import tasks as module

    missing: list[str] = []
    profile = own_profile(profile, gmt, negatives, universe)
    spec = specs.profile(profile)
    with sources.only_at_hand():
        found = module.load(spec, missing=missing.append)
        known = {s: specs.source(s) for s in [*specs.sources(), *spec.sources]}
        frame = cards.task_catalogue(spec, known, found, missing)
    show(frame, as_json, ["task", "group", "kind", "genes", "balance", "status", "reason"])
    print(f"{(frame.status == 'ready').sum()} of {len(frame)} tasks ready.", file=sys.stderr)
    if write:
        results.write_csv(frame, results.tasks_path(profile))
        beside = cards.published_tasks(spec, known, found, specs.published())
        results.write_csv(beside, results.published_path(profile))


@command
def models(
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="Only the models of this profile.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List all models with family, input, size, licence and status."""
    from ..book import cards
    from ..core import specs

    frame = cards.model_catalogue(specs.models().values(), specs.sources())
    if profile:
        frame = frame[frame.model.isin(specs.profile(profile).models)].reset_index(drop=True)
    show(frame, as_json, ["model", "title", "family", "input", "dim", "size", "status", "reason"])
    print(f"{(frame.status == 'ready').sum()} of {len(frame)} models ready.", file=sys.stderr)


@command
def embed(
    model: Annotated[str, typer.Option("--model", "-m", help="Which model of data/models.yml.")],
    profile: Profile = "demo",
    device: Annotated[
        str,
        typer.Option(
            help="Torch device of neural encoders: cpu, cuda:0, all (every GPU), or several, as 'cpu,cpu'."
        ),
    ] = "cpu",
    download: Annotated[
        bool, typer.Option("--download", help="Fetch weights that are not here.")
    ] = False,
    remote_code: Annotated[
        bool,
        typer.Option("--remote-code", help="Run the code that comes with this model's weights."),
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Make (or find) the vectors of one model for all genes of a profile; goes on where it was cut off."""
    from contextlib import nullcontext

    from ..benchmark import plan as cells
    from ..core import cluster, specs
    from ..core.progress import Reporter
    from ..models import inference as module
    from ..models import weights

    spec = specs.model(model)
    if remote_code:
        weights.trust(spec)
    with Reporter() as report, cluster.Cluster(scheduler) if scheduler else nullcontext() as far:
        made = module.embed(
            spec,
            cells.context(profile).universe,
            device=device,
            download=download,
            cluster=far,
            say=report.say,
            progress=functools.partial(report.step, "sequences"),
        )
    universe = cells.context(profile).universe
    print(
        f"{model}: {len(made.entities)} of {len(universe)} genes, {made.vectors.shape[1]} dimensions"
    )
    print(module.path(spec, universe))


@command
def run(
    profile: Profile = "demo",
    models: Annotated[
        list[str] | None,
        typer.Option("--models", help="Only these models (repeat, or join by commas)."),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option(
            "--tasks", help="Only the cells that hold these tasks; 'hpo/' takes all under it."
        ),
    ] = None,
    split: Split = None,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, help="How many processes (default: all cores)."),
    ] = None,
    memory: Annotated[
        float,
        typer.Option(
            "--memory",
            min=0.1,
            help="GB that the fits may take in all (of a cluster: each worker).",
        ),
    ] = 8,
    scheduler: Scheduler = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only print cells, bytes, hours and how many workers to take."
        ),
    ] = False,
    scale: Annotated[
        str | None,
        typer.Option(
            help="With --dry-run: as if there were that many tasks and models, as '10000x1000'."
        ),
    ] = None,
    gmt: Gmt = None,
    negatives: Negatives = "universe",
    universe: Universe = None,
) -> None:
    """Run task × model × split × probe, resume what is there, write data/results/<profile>/."""
    from ..benchmark import results, summaries
    from ..benchmark import run as runner
    from ..core import specs
    from ..core.progress import Reporter

    profile = own_profile(profile, gmt, negatives, universe)
    if dry_run:
        return _plan(profile, split_names(models), split_names(tasks), split, scale)
    with Reporter() as report:
        done = runner.run(
            profile,
            models=split_names(models),
            names=split_names(tasks),
            split=split,
            jobs=jobs,
            memory=memory * 1e9,
            scheduler=scheduler,
            say=report.say,
            progress=report.step,
        )
    print(
        f"{done.cells} cells: {done.cached} cached, {done.computed} computed, {len(done.failed)} failed; "
        f"{done.skipped} task × model pairs skipped (see manifest.json); {done.seconds:.0f} s; "
        f"{results.scores_path(profile)}"
    )
    no_failed(done.failed)
    if gmt:
        print(summaries.beside_shortcuts(profile, specs.models()).round(3).to_string(index=False))


def _plan(
    profile: str, models: list[str], tasks: list[str], split: str | None, scale: str | None
) -> None:
    """Print what a run would cost."""
    from ..benchmark import costs
    from ..benchmark import plan as cells

    told = (scale or "1x1").lower().split("x")
    if len(told) != 2 or not all(t.isdecimal() and 0 < int(t) < 10**9 for t in told):
        raise BadInput(
            f"--scale '{scale}': is not of the form tasks x models; write for example 10000x1000."
        )
    chosen = cells.plan(profile, models=models, names=tasks, split=split)
    plan = costs.make(profile, chosen, scale=(int(told[0]), int(told[1])) if scale else None)
    shown = plan.stages.assign(bytes=[f"{b / 1e6:,.1f} MB" for b in plan.stages.bytes])
    print(shown.round({"core hours": 4}).to_string(index=False))
    print(
        f"{plan.stages['core hours'].sum():,.2f} core hours in all; {plan.workers:,} workers of one core end it "
        f"within about {costs.HOURS:g} h; each is sent at most {plan.shipped / 1e6:,.0f} MB in all."
    )
    for sentence in plan.told:
        print(f"note: {sentence}.", file=sys.stderr)


@command
def efficiency(profile: Profile = "demo", jobs: Jobs = 2) -> None:
    """Measure scores over the number of training labels, on the tasks that the profile declares for it."""
    from ..benchmark import label_efficiency as module
    from ..benchmark import results
    from ..core.progress import Reporter

    with Reporter() as report:
        curves, made = module.run(profile, jobs=jobs, say=report.say, progress=report.step)
    print(
        f"{curves} curves, {curves - made} cached, {made} measured; {results.efficiency_path(profile)}"
    )


@command
def reproduce(
    profile: Profile = "paper",
    model: Annotated[
        str, typer.Option(help="A model whose scores the paper publishes.")
    ] = "bag-of-words",
    jobs: Jobs = 2,
) -> None:
    """Score a model on the paper's tasks and genes, beside what the paper published of it."""
    from ..benchmark import published_scores
    from ..core import paths
    from ..core.progress import Reporter

    with Reporter() as report:
        found = published_scores.run(
            profile, model, jobs=jobs, say=report.say, progress=report.step
        )
    far = found[found.difference.abs() > 0.03]
    print(
        f"{len(found)} tasks: mean absolute difference {found.difference.abs().mean():.3f} AUROC, over 0.03 on "
        f"{len(far)}; {paths.results(profile)}"
    )


@command
def place(
    vectors: Annotated[
        Path,
        typer.Argument(help="Your vectors: csv, tsv, npz, npy, parquet, h5ad, safetensors, text."),
    ],
    profile: Profile = "demo",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the card (default: ./<name>-card).")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the vectors (default: the file's name).")
    ] = None,
    ids: Annotated[
        str | None,
        typer.Option(
            help="Column of the ids; of an npy or safetensors file the text file of its ids."
        ),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(
            help="Which array of a file of several: a key, or obsm/<key>, varm/<key>, X, X.T."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Kind of id: symbol, ensembl, entrez, uniprot, hgnc (default: told by the ids)."
        ),
    ] = None,
    tasks: Annotated[
        list[str] | None, typer.Option("--tasks", help="Only the blocks that hold these tasks.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, help="How many processes (default: all cores)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Place your own vectors among the models of a profile: one page (card.html), card.json and scores.parquet."""
    from ..core.progress import Reporter
    from ..place import place as module

    with Reporter() as report:
        folder, told = module.place(
            vectors,
            profile=profile,
            out=out,
            name=name,
            reading={"ids": ids, "array": array, "kind": kind},
            tasks=split_names(tasks),
            jobs=jobs,
            say=report.say,
            progress=report.step,
        )
    print(
        (folder / "card.json").read_text(encoding="utf-8")
        if as_json
        else "\n".join(told["sentences"])
    )
    print(folder / "card.html", file=sys.stderr if as_json else sys.stdout)


@command
def spectra(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Data sets of data/spectra.yml, gene tasks of the profile (task; or task@family, task@cosine:MODEL, "
            "where the default is task@stem: which genes are relatives), or 'all'; none: list them."
        ),
    ] = None,
    models: Annotated[list[str] | None, typer.Option("--models", help="Only these models.")] = None,
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
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", min=1, help="How many processes (default: all cores)."),
    ] = None,
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
    """Draw the spectrum of data sets: splits of falling overlap, models on each, curves and their areas."""
    from ..core.progress import Reporter
    from ..spectra import catalogue, files, table
    from ..spectra import run as runner

    if not names:
        show(
            catalogue.frame(),
            as_json,
            ["data set", "title", "paper", "kind", "models", "status", "needs"],
        )
        return
    lambdas = files.numbers(parameters) if parameters else None
    wanted = runner.ask(
        split_names(names), mode=mode, parameters=lambdas, seeds=seeds, profile=profile
    )
    with Reporter() as report:
        if write_splits:
            print(files.write_splits(wanted, write_splits))
            return
        if predictions:
            done = files.score(wanted, predictions, split_names(models), say=report.say)
        else:
            done = runner.run(
                wanted,
                chosen=split_names(models),
                thin=lambdas is None,
                jobs=jobs,
                say=report.say,
                progress=report.step,
            )
    print(
        f"{done.cells} cells: {done.cached} cached, {done.computed} computed, {len(done.failed)} failed; "
        f"{done.unscored} splits without a score (see manifest.json); {done.seconds:.0f} s; {table.path('auspc.csv')}"
    )
    no_failed(done.failed)
    show(catalogue.areas({w.dataset for w in wanted}), as_json, catalogue.AREAS)


@command
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


@command
def book(profile: Profile = "demo", jobs: Jobs = 2) -> None:
    """Run the profile, execute the notebooks and build the HTML book (only what has changed)."""
    from ..book import notebooks as module

    module.require_pages(profile)
    run(
        profile=profile,
        models=None,
        tasks=None,
        split=None,
        jobs=None,
        memory=8,
        scheduler=None,
        dry_run=False,
        scale=None,
        gmt=None,
        negatives="universe",
        universe=None,
    )
    notebooks(profile=profile, jobs=jobs, pages=None, parameter=None, force=False, scheduler=None)
    print(module.book(profile))


@command
def publish(
    site: Annotated[Path, typer.Argument(help="Folder of the site; older versions in it stay.")],
    version: Annotated[
        str, typer.Option("--version", help="Name of this version, such as v0.2.0.")
    ],
) -> None:
    """Add the built book to a static site as a dated version, and make it the newest."""
    from ..book import publish as module

    print(module.site(site, version))


@command
def validate(
    path: Annotated[
        Path | None, typer.Argument(help="A scores.parquet, a manifest.json, or their folder.")
    ] = None,
) -> None:
    """Check results against the schema, the metrics' bounds and the uniqueness of rows."""
    from ..benchmark import results

    if faults := results.validate_path(path):
        print(*faults, sep="\n")
        raise BadInput(
            f"{path}: {len(faults)} fault{'s' * (len(faults) > 1)} found; rerun 'genebench run'."
        )
    print(f"{path}: valid")


app.add_typer(glm.group(guarded), name="glm")

if __name__ == "__main__":
    app()
