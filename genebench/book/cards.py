"""Catalogues of tasks and models: what there is, and why something is not here."""

import importlib.util
from contextlib import suppress

import numpy as np
import pandas as pd

from ..core import paths
from ..core.errors import BadInput
from ..data import families, sources
from ..models import encoder_module, weights
from ..stats import intervals

COLUMNS = (
    "task,title,group,kind,genes,balance,families,source,release,licence,version,hash,status,reason,"
    "prior,largest family,family rule,smallest difference,underpowered,classes,description"
).split(",")
"""Columns of a catalogue of tasks, in this order."""


def release(source):
    """Release of a source, and what differs where a stand-in takes the place of an official file.

    Parameters
    ----------
    source : SourceSpec

    Returns
    -------
    str
    """
    notes = {}
    for name in source.files:
        with suppress(BadInput):
            notes[sources.stand_in(source, name)] = None
    notes.pop("", None)
    return f"{source.release} (stand-in: {'; '.join(notes)})" if notes else source.release


def task_rows(tasks, known, *, by="stem"):
    """Describe tasks, one row each.

    Parameters
    ----------
    tasks : mapping of str to Task
    known : mapping of str to SourceSpec
    by : {"stem", "hgnc"}
        Rule of ``families.families``; ``hgnc`` needs its table.

    Returns
    -------
    DataFrame
        Size, balance, origin, licence and hash of the labels; ``prior``, the share of positive
        genes of a binary task; the number of ``families`` and the share of genes in the ``largest
        family`` (0 to 1; pairs of genes have none); ``smallest difference`` between two models
        (``intervals.task_difference``), and whether it makes the task ``underpowered``.
    """
    entities = {t.entities_hash: t.entities for t in tasks.values() if t.kind != "pair"}
    kin = {
        digest: np.unique(families.families(genes, known, by=by), return_counts=True)[1]
        for digest, genes in entities.items()
    }
    releases = {s: release(known[s]) for s in {t.source for t in tasks.values()}}
    rows = []
    for task in tasks.values():
        smallest = intervals.task_difference(task.kind, task.labels)
        row = {
            **_declared(task, known[task.source]),
            "release": releases[task.source],
            "genes": len(task),
            "balance": task.balance,
            "hash": task.hash,
            "status": "ready",
            "reason": "",
            "classes": "; ".join(task.classes),
            "underpowered": "",
            "family rule": "",
            "smallest difference": round(smallest, 4),
        }
        if task.kind in ("binary", "pair"):
            row["prior"] = round(float(task.labels.mean()), 4)
        if task.kind != "pair":
            sizes = kin[task.entities_hash]
            row |= {"families": len(sizes), "family rule": families.RULES[by]}
            row["largest family"] = round(float(sizes.max() / sizes.sum()), 4)
        if not np.isnan(smallest):
            row["underpowered"] = "yes" if smallest > intervals.UNDERPOWERED else "no"
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _declared(entry, source):
    """What the declarations say of a task, or of an entry that gave none."""
    return {
        **{n: getattr(entry, n) for n in ("title", "group", "kind", "version", "description")},
        "task": entry.name,
        "source": source.title,
        "licence": source.licence,
    }


def task_catalogue(profile, known, tasks, messages):
    """Describe every task of a profile, and every entry that gave none.

    Parameters
    ----------
    profile : ProfileSpec
    known : mapping of str to SourceSpec
    tasks : mapping of str to Task
    messages : iterable of str
        Why others could not (``Plan.messages``).

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``status`` is ``ready`` or ``missing``, with a ``reason``. Families are
        those of HGNC where its table is at hand, else symbol stems.
    """
    by = "hgnc" if sources.status(known["hgnc"])[0] == "ready" else "stem"
    messages = [m.removeprefix("left out: ") for m in messages]
    rows = []
    for source in (known[s] for s in profile.sources):
        whole = next((m for m in messages if m.startswith(f"source '{source.id}':")), "")
        for entry in source.tasks:
            if any(f"{t}/".startswith(f"{entry.name}/") for t in tasks):
                continue
            why = next((m for m in messages if f"task '{entry.name}'" in m), whole)
            missing = {"release": source.release, "status": "missing", "reason": why}
            rows.append(_declared(entry, source) | missing)
    ready = task_rows(tasks, known, by=by).to_dict("records")
    frame = pd.DataFrame([*ready, *rows], columns=COLUMNS)
    return frame.astype({"genes": "Int64", "families": "Int64"})


def model_status(spec, known):
    """Whether a model can be run here; fetches nothing.

    Parameters
    ----------
    spec : ModelSpec
    known : mapping of str to SourceSpec

    Returns
    -------
    status, reason : str
        ``ready``, what ``weights.status`` says, or ``missing`` (an input or a package); why it is
        not ready and what to do, else empty.
    """
    try:
        encoder_module(spec)
        if (spec.hub or spec.files) and (status := weights.status(spec))[0] != "ready":
            return status
        for package in spec.requires:
            if importlib.util.find_spec(package) is None:
                install = "run 'pip install -c constraints.txt -e .'"
                return "missing", f"the package '{package}' is not installed; {install}"
        needed = dict.fromkeys(spec.reads)
        if source := spec.options.get("source"):
            needed[source] = spec.options.get("file")
        needed.pop("ensembl", None)
        for name, file in needed.items():
            if (status := sources.status(known[name], file))[0] != "ready":
                return status
    except BadInput as err:
        return "missing", str(err)
    return "ready", ""


def model_catalogue(models, known):
    """Describe models, one row each.

    Parameters
    ----------
    models : iterable of ModelSpec
    known : mapping of str to SourceSpec

    Returns
    -------
    DataFrame
        What each model is, reads, was trained on and is exposed on, its licence and status.
    """
    rows = []
    for spec in models:
        status, reason = model_status(spec, known)
        computed = {
            "model": spec.name,
            "size": f"{spec.parameters:,.4g} M" if spec.parameters else "",
            "pooling": spec.pooling if spec.parameters else "",
            "weights": spec.hub or spec.weights or ", ".join(spec.files.values()),
            "revision": spec.revision
            or ", ".join(f"sha256 {s[:12]}" for s in spec.sha256.values()),
            "trained on": spec.trained_on,
            "exposed on": "; ".join(f"{task}: {why}" for task, why in spec.exposed.items()),
            "status": status,
            "reason": reason.replace(f"{paths.ROOT}/", ""),  # the page is read elsewhere
        }
        rows.append(spec.model_dump() | computed)
    columns = (
        "model,title,family,input,dim,size,context,pooling,weights,revision,trained on,exposed on,"
        "licence,status,reason,description"
    ).split(",")
    return pd.DataFrame(rows)[columns].astype({"dim": "Int64", "context": "Int64"})
