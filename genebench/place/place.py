"""A user's own file of vectors, placed among the models of a profile.

Ids, checks, scores, tier, leaks.

The file becomes a model and a profile of its own (``place.read``), named by its content, so that a
second call with the same vectors finds every score in the cache. Nothing is written to the results
of the profile that it is placed in.
"""

import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from .. import __version__
from ..benchmark import plan as planning
from ..benchmark import results, run, validation
from ..benchmark.plan import Plan
from ..core import cache, manifest
from ..core.errors import BadInput, RunFailed, one_line
from ..core.workers import quiet
from ..data import genes
from ..data.labels import slug
from ..models import Embedding
from ..stats import metrics
from . import among, card, compare, leaks
from .read import UserVectors, read


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
        ``ids``, ``array``, ``kind`` and ``max_cells``, see ``place.read``.

    Returns
    -------
    folder, card : Path, dict
        What ``card.json`` holds.
    """
    start = time.perf_counter()
    path = Path(path)
    title = one_line(name or path.name.split(".")[0]) or "vectors"
    mine = slug(title) or "my-vectors"
    if out is None and path.is_file():
        out = Path(f"{slug(title) or 'my'}-{cache.digest(path)[:8]}-card")
    out = Path(out or "card")  # of no file there will be none
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file, and the card needs a folder; give another --out.")
    base = planning.make(profile)
    vectors = read(path, base, title, **reading)
    if among.applies(base):
        among.check_shape(base.declared, title, vectors.shape, path)
    # without results there is nothing to be placed among
    table = results.load(profile)
    dim = vectors.declared.model(vectors.name).dim
    found = f"{vectors.ids['covered']:,} genes of profile '{profile}' × {dim} dimensions"
    for sentence in (found, *vectors.reading, *vectors.ids["sentences"]):
        say(f"{path.name}: {sentence}")
    plan = planning.make(vectors.whole, declared=vectors.declared, names=tasks)
    rows, skipped, cost = scores_of(plan, jobs=jobs, say=say, progress=progress)
    main = {kind: metrics.main(kind) for kind in rows.kind.unique()}
    compared = {"split": rows.split, "probe": rows.probe, "metric": main.values()}
    for column, values in compared.items():
        table = table[table[column].isin(values)]
    table = results.texts(table)
    if mine in {*table.model, *base.declared.models}:
        mine = f"my-{mine}"
    made = {
        "genebench": __version__,
        "name": title,
        "file": path.name,
        "sha256": cache.digest(path),
        "profile": profile,
        "dimension": dim,
        "reading": vectors.reading,
        "ids": vectors.ids,
        "checks": vectors.checks,
        "probe": base.profile.probes[0],
        "among": _among(base, rows),
        "tasks_scored": int(rows.task.nunique()),
        "metrics": main,
        **compare.placed(rows, table, vectors.name, vectors.declared.models),
        "skipped": skipped,
        "model": mine,
    }
    findings = _leaks(base, vectors, plan, rows, table, made["tasks"], jobs, progress)
    made["leaks"] = list(map(asdict, findings))
    made["sentences"] = _sentences(made)
    seconds = round(time.perf_counter() - start, 1)
    cost |= {"this_call_s": seconds, "peak_memory_mb": round(manifest.peak_memory_mb())}
    validation.write(rows.assign(model=mine), out / "scores.parquet")
    return out, card.write(made | {"cost": cost}, out)


# --- scores and leaks -----------------------------------------------------------------------------


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
        Tasks that were not scored, with their reasons.
    cost : dict
        Seconds, cells, and how many of them were cached.
    """
    done = run.run(plan, write=False, **report)
    if done.failed:
        cell, why = next(iter(done.failed.items()))
        more = f" (and {len(done.failed) - 1} more)" * (len(done.failed) > 1)
        raise RunFailed(
            f"cell '{cell}' failed: {why}{more}; no card was written, what was finished is kept."
        )
    rows = results.texts(run.read(plan, done.cells))
    reasons = [skip for fact in done.facts for skip in fact["skipped"]]
    skipped = [{name: skip[name] for name in ("task", "reason")} for skip in reasons]
    if rows.empty:
        raise BadInput(
            f"none of the tasks can be scored with these genes; '{skipped[0]['task']}': "
            f"{skipped[0]['reason']}."
        )
    core_s = round(sum(fact["seconds"] for fact in done.facts), 1)
    cost = {"fits_core_s": core_s, "cells": done.units, "cells_cached": done.cached}
    return rows, skipped, {**cost, "run_s": round(done.seconds, 1)}


def _leaks(
    base: Plan, vectors: UserVectors, plan: Plan, rows, table, compared: list[dict], jobs, progress
) -> list[leaks.Finding]:
    """Every finding about the vectors, those that raise a flag first."""
    embedding = plan.embedding(vectors.name)
    mine = _scores_of(rows, vectors.name)
    best = pd.DataFrame(compared).set_index("task").rival_score
    findings = [
        leaks.label_columns([plan.tasks[t] for t in rows.task.unique()], embedding),
        leaks.too_good(mine, best),
        leaks.stems(embedding),
        leaks.study(embedding, _annotation_counts(base, embedding)),
        _survival(vectors, mine, table, jobs, progress),
    ]
    return sorted(findings, key=lambda f: ("flag", "note", "open", "clear").index(f.level))


def _scores_of(rows: pd.DataFrame, model: str) -> pd.Series:
    """Main scores of a model by task, without regressions; the rows are of one split."""
    rows = rows[rows.kind != "regression"]
    main = results.aggregate(results.main_rows(rows, split=rows.split.iloc[0]))
    return main[main.model == model].set_index("task").score


def _survival(vectors: UserVectors, mine: pd.Series, table, jobs, progress) -> leaks.Finding:
    """Run a sample of the tasks with families kept whole, beside the letters of the symbol."""
    if vectors.whole.splits != ["random"]:  # there is nothing that families apart compare with
        return leaks.survival(mine, mine.iloc[:0], "family")
    part = planning.make(vectors.by_family, declared=vectors.declared)
    split, known = part.splits[0], set(mine.index)
    part = replace(part, requested=tuple(c for c in part.requested if known & {*c.tasks}))
    if not part.requested:
        return leaks.survival(mine, mine.iloc[:0], split)

    def named(stage: str, done: int, total: int):
        progress(f"{stage} with families apart", done, total)

    done = run.run(part, jobs=jobs, write=False, say=quiet, progress=named)
    rows = run.read(part, done.cells)
    own, also = _scores_of(rows, vectors.name), {}
    for model in [m for m in part.models if m != vectors.name]:
        far = _scores_of(rows, model)
        far = far[far.index.intersection(own.index)]
        also[part.models[model].title] = leaks.share_left(_scores_of(table, model), far)
    return leaks.survival(mine, own, split, also=also)


def _annotation_counts(base: Plan, embedding: Embedding) -> np.ndarray | None:
    """Annotations of each gene: of the profile's own shortcut, or in the Gene Ontology."""
    for name, spec in base.models.items():
        if spec.encoder == "annotation_count":
            try:
                counted = base.embedding(name)
            except BadInput:
                continue
            at = counted.rows(embedding.entities)
            return np.where(at >= 0, np.expm1(counted.vectors[at, 0]), 0.0)
    try:
        return genes.annotation_count(embedding.entities, base.declared.sources)
    except BadInput:
        return None


# --- the card -------------------------------------------------------------------------------------


def _among(base: Plan, rows: pd.DataFrame) -> list[dict]:
    """Place among published embeddings, one dict a set of tasks; empty where a profile has none."""
    if not among.applies(base):
        return []
    places, types = among.place(base, among.computed(rows), among.published(base))
    out = []
    for row in places[places.source == "computed"].to_dict("records"):
        kinds = types[types.set == row["set"]].sort_values("best_score", ascending=False)
        of = int(kinds.embeddings.sum())
        title = among.SETS[row["set"]][0]
        sentence = (
            f"{title}: mean AUROC {row['score']:.3f} over {row['tasks']} tasks takes place "
            f"{row['rank']} ({row['rank_low']} to {row['rank_high']}) among {of} published "
            f"embeddings and itself; {row['above']} are significantly better, {row['below']} worse."
        )
        out.append(row | {"title": title, "types": kinds.to_dict("records"), "sentence": sentence})
    return out


def _sentences(card: dict) -> list[str]:
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
    out += [row["sentence"] for row in card["among"]]
    out += [card["tier"]["sentence"], card["excess"]["sentence"]]
    flagged = [_flag(f, card["tasks_scored"]) for f in card["leaks"] if f["level"] == "flag"]
    verdict = "The leak check raises no flag, which does not prove that there is no leak."
    if flagged:
        verdict = (
            "Do not take the scores at their word: the leak check raises a flag "
            f"({'; '.join(flagged)})."
        )
    return [*out, verdict]


def _flag(finding: dict, scored: int) -> str:
    """What a check flags, and on how many of the tasks."""
    n = len({row["task"] for row in finding["rows"]})
    return finding["check"].lower() + f", on {n:,} of {scored:,} tasks" * bool(n)
