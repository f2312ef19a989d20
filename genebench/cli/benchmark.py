"""The commands of the benchmark: sources, tasks, models, vectors, runs, checks."""

from __future__ import annotations

import functools
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import BadInput
from .options import (
    AllJobs,
    Gmt,
    Jobs,
    Json,
    Models,
    Negatives,
    Profile,
    Scheduler,
    Split,
    Tasks,
    Universe,
    check,
    make_plan,
    note,
    show,
    split_names,
)


def fetch(
    source: Annotated[
        list[str] | None, typer.Argument(help="Source ids; all of them if none is given.")
    ] = None,
) -> None:
    """Find or download the files of sources and check them."""
    from ..core import specs
    from ..data import sources

    declared, missing = specs.declared(), []
    chosen = [declared.source(s) for s in source] if source else declared.sources.values()
    for spec in chosen:
        for name in spec.files:
            try:
                print(f"{spec.id}/{name}: {sources.locate(spec, name)}")
            except BadInput as err:
                missing.append(str(err))
    for sentence in missing[:-1]:
        note(sentence)
    if missing:
        raise BadInput(missing[-1])


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
    """List a profile's tasks with size, balance, origin and status. Downloads nothing."""
    from ..benchmark import results
    from ..book import cards
    from ..core import specs
    from ..data import sources

    with sources.only_at_hand():
        plan = make_plan(profile, gmt=gmt, negatives=negatives, universe=universe)
        known = plan.declared.sources
        frame = cards.task_catalogue(plan.profile, known, plan.tasks, plan.messages)
    show(frame, as_json, ["task", "group", "kind", "genes", "balance", "status", "reason"])
    print(f"{(frame.status == 'ready').sum()} of {len(frame)} tasks ready.", file=sys.stderr)
    if write:
        results.write_csv(frame, results.beside_path(plan.profile.name, "tasks.csv"))
        beside = cards.published_tasks(plan.profile, known, plan.tasks, specs.published())
        results.write_csv(beside, results.beside_path(plan.profile.name, "tasks_published.csv"))


def models(
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="Only the models of this profile.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List all models with family, input, size, licence and status."""
    from ..book import cards
    from ..core import specs

    declared = specs.declared()
    frame = cards.model_catalogue(declared.models.values(), declared.sources)
    if profile:
        chosen = frame.model.isin(declared.profile(profile).models)
        frame = frame[chosen].reset_index(drop=True)
    show(frame, as_json, ["model", "title", "family", "input", "dim", "size", "status", "reason"])
    print(f"{(frame.status == 'ready').sum()} of {len(frame)} models ready.", file=sys.stderr)


def embed(
    model: Annotated[str, typer.Option("--model", "-m", help="Which model of data/models.yml.")],
    profile: Profile = "demo",
    device: Annotated[
        str,
        typer.Option(
            help="Torch device of neural encoders: cpu, cuda:0, all (every GPU), or several, as "
            "'cpu,cpu'."
        ),
    ] = "cpu",
    download: Annotated[
        bool, typer.Option("--download", help="Fetch weights that are not here.")
    ] = False,
    remote_code: Annotated[
        bool, typer.Option("--remote-code", help="Run the code that comes with the weights.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Make (or find) the vectors of one model for all genes of a profile; resumes."""
    from ..core.cluster import Cluster
    from ..core.progress import Reporter
    from ..models import inference, weights

    plan = make_plan(profile)
    spec = plan.declared.model(model)
    if remote_code:
        weights.trust(spec)
    with Reporter() as report, Cluster(scheduler) if scheduler else nullcontext() as cluster:
        embedding = inference.embed(
            spec,
            plan.universe,
            plan.declared,
            device=device,
            download=download,
            cluster=cluster,
            say=report.say,
            progress=functools.partial(report.step, "sequences"),
        )
    n, d = embedding.vectors.shape
    print(f"{model}: {n} of {len(plan.universe)} genes, {d} dimensions")
    print(plan.embedding_path(model))


def run(
    profile: Profile = "demo",
    models: Models = None,
    tasks: Tasks = None,
    split: Split = None,
    jobs: AllJobs = None,
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
        bool, typer.Option("--dry-run", help="Only print cells, bytes, hours and workers.")
    ] = False,
    scale: Annotated[
        str | None,
        typer.Option(help="With --dry-run: as if there were so many tasks and models: 10000x1000."),
    ] = None,
    gmt: Gmt = None,
    negatives: Negatives = "universe",
    universe: Universe = None,
) -> None:
    """Run task × model × split × probe, resume what is there, write data/results/<profile>/."""
    import os

    from ..benchmark import results, summaries
    from ..benchmark import run as runner
    from ..core.progress import Reporter

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
    if dry_run:
        return _estimate(plan, scale)
    with Reporter() as report:
        done = runner.run(
            plan, jobs=jobs, scheduler=scheduler, say=report.say, progress=report.step
        )
    print(
        f"{done.units} cells: {done.cached} cached, {done.computed} computed, {len(done.failed)} "
        f"failed; {done.skipped} task × model pairs skipped (see manifest.json); "
        f"{done.seconds:.0f} s; {results.scores_path(plan.profile.name)}"
    )
    check(done.failed)
    if gmt:
        shown = summaries.beside_shortcuts(plan.profile.name, plan.declared.models).round(3)
        print(shown.to_string(index=False))


def _estimate(plan, scale: str | None) -> None:
    """Print what a run would cost."""
    from ..benchmark import costs

    size = (scale or "1x1").lower().split("x")
    if len(size) != 2 or not all(t.isdecimal() and 0 < int(t) < 10**9 for t in size):
        raise BadInput(
            f"--scale '{scale}': is not of the form tasks x models; write for example 10000x1000."
        )
    estimate = costs.estimate(plan, scale=(int(size[0]), int(size[1])) if scale else None)
    stages = estimate.stages
    shown = stages.assign(bytes=[f"{b / 1e6:,.1f} MB" for b in stages.bytes])
    print(shown.round({"core hours": 4}).to_string(index=False))
    print(
        f"{stages['core hours'].sum():,.2f} core hours in all; {estimate.workers:,} workers of one "
        f"core end it within about {costs.HOURS:g} h; each is sent at most "
        f"{estimate.shipped / 1e6:,.0f} MB in all."
    )
    for sentence in estimate.messages:
        print(f"note: {sentence}.", file=sys.stderr)


def efficiency(profile: Profile = "demo", jobs: Jobs = 2) -> None:
    """Measure scores over the number of training labels, on the tasks declared for it."""
    from ..benchmark import label_efficiency, results
    from ..core.progress import Reporter

    plan = make_plan(profile)
    with Reporter() as report:
        options = {"jobs": jobs, "say": report.say, "progress": report.step}
        done = label_efficiency.measure_all(plan, **options)
    print(
        f"{done.units} curves, {done.cached} cached, {done.computed} measured; "
        f"{results.beside_path(profile, 'efficiency.csv')}"
    )


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

    plan, folder = make_plan(profile, universe="paper"), paths.results(profile)
    with Reporter() as report:
        options = {"jobs": jobs, "say": report.say, "progress": report.step}
        frame = published_scores.reproduce(plan, model, folder, **options)
    distance = frame.difference.abs()
    print(
        f"{len(frame)} tasks: mean absolute difference {distance.mean():.3f} AUROC, over 0.03 on "
        f"{(distance > 0.03).sum()}; {folder}"
    )


def validate(
    path: Annotated[
        Path | None, typer.Argument(help="A scores.parquet, a manifest.json, or their folder.")
    ] = None,
) -> None:
    """Check results against the schema, the metrics' bounds and the uniqueness of rows."""
    from ..benchmark import validation

    if faults := validation.validate_path(path):
        print(*faults, sep="\n")
        many = "s" * (len(faults) > 1)
        raise BadInput(f"{path}: {len(faults)} fault{many} found; rerun 'genebench run'.")
    print(f"{path}: valid")


COMMANDS = [fetch, tasks, models, embed, run, efficiency, reproduce, validate]
