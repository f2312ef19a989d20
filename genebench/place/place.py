"""A user's own file of vectors, placed among the models of a profile.

Ids, checks, scores, tier, leaks.

The file becomes a model and a profile of its own (``place.read``), named by its content, so that a
second call with the same vectors finds every score in the cache. Nothing is written to the results
of the profile that it is placed in.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import plan as planning
from ..benchmark import results, run, validation
from ..core import cache, manifest, specs
from ..core.errors import BadInput, one_line
from ..core.workers import one_thread, quiet
from ..data import genes, sources
from ..data.labels import slug
from . import among, card, compare, leaks
from .read import plan_of, read

LEADERBOARD = "paper"
"""Profile of the leaderboard that readers see."""


def chosen():
    """Choose where vectors are placed if no profile is named.

    Returns
    -------
    profile : str
        ``LEADERBOARD`` where its results and more than half of its sources are here, else ``demo``.
    sentence : str
        What that means, and which sources are missing.
    """
    declared = specs.declared()
    board = declared.profile(LEADERBOARD)
    absent = [s for s in board.sources if sources.status(declared.source(s))[0] != "ready"]
    missing = f"'genebench fetch {' '.join(absent)}'"
    if results.scores_path(LEADERBOARD).exists() and 2 * len(absent) < len(board.sources):
        without = f"; what needs {missing} is left out" if absent else ""
        return board.name, f"placed among the models of the leaderboard (profile paper){without}."
    return "demo", (
        f"placed in profile demo. The leaderboard of the book is profile {LEADERBOARD}: {missing} "
        f"gets its data (about {board.download_mb} MB), or says how, and then it is the default."
    )


def place(
    path,
    *,
    profile="demo",
    out=None,
    name=None,
    tasks=(),
    jobs=None,
    say=print,
    progress=quiet,
    **reading,
):
    """Score a file of vectors on a profile's tasks and write its card.

    Parameters
    ----------
    path, profile : Path, str
        A file that ``vectors.read_vectors`` reads, and where it is placed.
    out : Path, optional
        Folder for ``card.html``, ``card.json`` and ``scores.parquet``; None: here, by name and
        content of the file, so that two files of one name have two.
    name : str, optional
        What the vectors are called; None: the file's name.
    tasks : iterable of str, optional
        Only the blocks that hold these tasks.
    jobs, say, progress : int, callable, callable, optional
        Processes, and what is called with messages and progress.
    **reading
        ``ids``, ``array`` and ``kind``, see ``place.read``.

    Returns
    -------
    folder, card : Path, dict
        What ``card.json`` holds.
    """
    start, path = time.perf_counter(), Path(path)
    title = one_line(name or path.name.split(".")[0]) or "vectors"
    mine = slug(title) or "my-vectors"
    base = planning.make(profile)
    spec, about = read(path, base, title, **reading)
    ids = about["ids"]
    out = Path(out or f"{mine}-{cache.digest(path)[:8]}-card")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file, and the card needs a folder; give another --out.")
    # without results there is nothing to be placed among
    table = results.load(profile)
    found = f"{ids['covered']:,} genes of profile '{profile}' × {spec.dim} dimensions"
    for sentence in (found, *about["reading"], *ids["sentences"]):
        say(f"{path.name}: {sentence}")
    plan = plan_of(base, spec, names=tasks)
    probing = replace(plan, requested=plan.requested + _relatives_apart(base, spec, plan))
    with ThreadPoolExecutor(1) as beside:  # while the cells are fitted
        looks = beside.submit(_of_vectors, base, plan.embedding(spec.name))
        rows, skipped, cost = scores_of(probing, jobs=jobs, say=say, progress=progress)
        findings = looks.result()
    near = rows.split == plan.splits[0]
    rows, far = rows[near], rows[~near]
    table = table[table.probe.isin(rows.probe)]
    if mine in {*table.model.unique(), *base.declared.models}:
        mine = f"my-{mine}"
    made = {
        "name": title,
        "model": mine,
        "profile": profile,
        "dimension": spec.dim,
        "probe": base.profile.probes[0],
        **about,
        **compare.placed(rows, table, plan.declared.models),
        "among": among.card(base, rows),
        "tasks_scored": int(rows.task.nunique()),
        "skipped": skipped,
    }
    findings = _leaks(plan, spec, rows, far, made["tasks"], findings)
    made["leaks"] = [finding._asdict() for finding in findings]
    made["sentences"] = _sentences(made)
    seconds = round(time.perf_counter() - start, 1)
    cost |= {"this_call_s": seconds, "peak_memory_mb": round(manifest.peak_memory_mb())}
    validation.write(rows.assign(model=mine), out / "scores.parquet")
    return out, card.write(made | {"cost": cost}, path, out)


def scores_of(plan, **report):
    """Run a plan, and write nothing but its cells.

    Parameters
    ----------
    plan : Plan
    **report
        ``jobs``, ``say`` and ``progress`` of ``run``.

    Returns
    -------
    rows : DataFrame
        Of every cell, columns of ``results.SCHEMA``.
    skipped : list of dict
        Tasks that were not scored under the splits of the plan, with their reasons.
    cost : dict
        Seconds, cells, and how many of them were cached.
    """
    done = run.run(plan, write=False, **report)
    done.check("cells")
    rows = results.texts(run.read(plan, done.cells))
    skipped = [
        {name: skip[name] for name in ("task", "reason")}
        for fact in done.facts
        for skip in fact["skipped"]
        if skip["split"] in plan.splits
    ]
    if not rows.split.isin(plan.splits).any():
        raise BadInput(
            f"none of the tasks can be scored with these genes; '{skipped[0]['task']}': "
            f"{skipped[0]['reason']}."
        )
    core_s = round(sum(fact["seconds"] for fact in done.facts), 1)
    return rows, skipped, {"fits_core_s": core_s, "cells": done.units, "cells_cached": done.cached}


def _of_vectors(base, embedding):
    """Findings about the vectors alone."""
    with one_thread():
        counts = _annotation_counts(base, embedding)
        return [leaks.stems(embedding), leaks.study(embedding, counts)]


def _leaks(plan, spec, rows, far, compared, findings):
    """Every finding, those that raise a flag first; ``far``: scores with families kept whole."""
    embedding, mine = plan.embedding(spec.name), _scores_of(rows, plan.splits[0])
    best = pd.DataFrame(compared).set_index("task").rival_score
    findings = [
        leaks.label_columns([plan.tasks[t] for t in rows.task.unique()], embedding),
        leaks.too_good(mine, best),
        *findings,
        leaks.survival(mine, _scores_of(far, plan.family_split), plan.family_split),
    ]
    return sorted(findings, key=lambda f: ("flag", "note", "open", "clear").index(f.level))


def _annotation_counts(base, embedding):
    """Annotations of each gene by the profile's own shortcut, or in the Gene Ontology, or None."""
    own = [name for name, spec in base.models.items() if spec.encoder == "annotation_count"]
    try:
        if not own:
            return genes.annotation_count(embedding.entities, base.declared.sources)
        counted = base.embedding(own[0])
    except BadInput:
        return None
    at = counted.rows(embedding.entities)
    return np.where(at >= 0, np.expm1(counted.vectors[at, 0]), 0.0)


def _scores_of(rows, split):
    """Main scores of one model by task, without regressions."""
    main = results.main_rows(rows[rows.kind != "regression"], split=split)
    return results.aggregate(main).set_index("task").score


def _relatives_apart(base, spec, plan):
    """Cells of a sample of the tasks of a plan, with families kept whole."""
    if base.profile.splits[:1] != ["random"]:  # nothing that families apart compare with
        return ()
    known = {task for cell in plan.requested for task in cell.tasks}
    part = plan_of(base, spec, by_family=True)
    return tuple(cell for cell in part.requested if known & {*cell.tasks})


def _sentences(card):
    """What it means, in a few plain sentences."""
    ids, tasks = card["ids"], pd.DataFrame(card["tasks"])
    tasks = tasks[tasks.kind != "regression"]
    share = ids["covered"] / ids["of"]
    lost = "lost or ambiguous" if ids["release"] else "no names that its tasks use"
    out = [
        f"{ids['covered']:,} of the {ids['of']:,} genes of profile '{card['profile']}' have a "
        f"vector ({share:.0%}); {ids['lost']:,} of {ids['given']:,} ids are {lost}."
    ]
    if share < 0.9 and tasks.empty:
        out.append(
            "Comparisons below are on all genes of each task, where a gene without a vector counts "
            "as unknown."
        )
    elif share < 0.9:
        out.append(
            f"The plain mean AUROC over {len(tasks)} tasks is {tasks.score.mean():.3f} on its own "
            f"genes and {tasks.score_all_genes.mean():.3f} on all genes, where a gene without a "
            "vector counts as unknown; comparisons below are on all genes, so they also measure "
            "coverage."
        )
    out += [row["sentence"] for row in (*card["among"], card["tier"], card["excess"])]
    flagged = []
    for finding in card["leaks"]:
        if finding["level"] == "flag":
            n = len({row["task"] for row in finding["rows"]})
            on = f", on {n:,} of {card['tasks_scored']:,} tasks" * bool(n)
            flagged.append(finding["check"].lower() + on)
    verdict = "The leak check raises no flag, which does not prove that there is no leak."
    if flagged:
        verdict = (
            "Do not take the scores at their word: the leak check raises a flag "
            f"({'; '.join(flagged)})."
        )
    return [*out, verdict]
