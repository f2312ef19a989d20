"""Predictions that are dated and sealed, to be scored on labels that come later."""

import datetime
import json
from pathlib import Path

import pandas as pd

from ... import probes
from ...core import cache
from ...core.errors import BadInput
from ...stats import metrics
from .. import predictions

FILE = "predictions.parquet"


def freeze(plan, folder):
    """Write the out-of-fold predictions of binary tasks, sealed with date, tasks and releases.

    Parameters
    ----------
    plan : Plan
        Of one split, all of whose requested cells have been run.
    folder : Path

    Returns
    -------
    Path
        A table of ``task``, ``model``, ``gene``, ``known`` (its label now) and ``value`` (predicted
        probability); beside it a note with its SHA-256.
    """
    parts, tasks = [], {}
    for cell in plan.requested:
        if plan.tasks[cell.tasks[0]].kind != "binary" or cell.probe != plan.profile.probes[0]:
            continue
        if not predictions.path(plan.path(cell)).exists():
            raise BadInput(f"'{cell}' has not been run; run 'genebench run' first.")
        stored = predictions.load(plan.path(cell))
        for task in (plan.tasks[name] for name, repeat in stored if repeat == 0):
            made = stored[task.name, 0]
            tasks[task.name] = task.hash
            columns = {
                "task": task.name,
                "model": cell.model,
                "gene": task.entities[made.rows],
                "known": task.labels[made.rows],
                "value": probes.probabilities(task.kind, made.values),
            }
            parts.append(pd.DataFrame(columns))
    if not parts:
        raise BadInput(f"profile '{plan.profile.name}': no binary task has predictions to freeze.")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    releases = {s: plan.declared.sources[s].release for s in plan.profile.sources}
    recipe = {"date": today, "profile": plan.profile.name, "releases": releases, "tasks": tasks}
    frame = pd.concat(parts, ignore_index=True)
    cache.store(folder / FILE, recipe, lambda to: frame.to_parquet(to, index=False))
    return folder / FILE


def note(folder: Path) -> dict:
    """Read what was frozen: ``date``, ``profile``, ``releases`` and hashes of ``tasks``.

    Raises
    ------
    BadInput
        The folder holds no predictions, or others than were frozen.
    """
    state = cache.state(folder / FILE)
    if state != "ready":
        what = "holds no frozen predictions" if state == "absent" else "is not as it was frozen"
        raise BadInput(f"{folder}: {what}; name a folder that 'genebench freeze' has written.")
    return json.loads(cache.sidecar(folder / FILE).read_bytes())["recipe"]


def unfreeze(plan, folder, release):
    """Score frozen predictions on the labels that a newer release has and the frozen one had not.

    Parameters
    ----------
    plan : Plan
        Of the frozen profile, with the newer files declared.
    folder : Path
    release : str
        Release of the source whose tasks are scored.

    Returns
    -------
    DataFrame
        ``task``, ``model``, number of genes that ``gained`` the label and of those ``without``, and
        ``auroc`` between them, of genes that had no label when they were frozen.
    """
    frozen = note(folder)
    now = {s: plan.declared.sources[s].release for s in frozen["releases"]}
    newer = [s for s in now if now[s] == release != frozen["releases"][s]]
    if not newer:
        have = ", ".join(f"{s} {r} (frozen: {frozen['releases'][s]})" for s, r in now.items())
        raise BadInput(
            f"no source is of a release '{release}' that is newer than {folder}: {have}; declare "
            "its files in data/sources."
        )
    rows, frame = [], pd.read_parquet(folder / FILE).query("known == 0")
    for (name, model), part in frame.groupby(["task", "model"], sort=False):
        task = plan.tasks.get(name)
        if task is None or task.source not in newer:
            continue
        label = pd.Series(task.labels, task.entities).reindex(part.gene).to_numpy()
        y, p = label[label >= 0].astype(int), part.value.to_numpy()[label >= 0]
        if 0 < y.sum() < len(y):
            row = {"task": name, "model": model, "gained": y.sum(), "without": (1 - y).sum()}
            rows.append(row | metrics.score("binary", y, p, ["auroc"]))
    if not rows:
        raise BadInput(f"release '{release}' gives no gene of the frozen tasks a new label.")
    return pd.DataFrame(rows)
