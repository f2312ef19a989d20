"""What there is: catalogues of tasks, models and third parties, and a card for each entry."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping
from importlib import metadata

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from ..core.specs import ModelSpec, ProfileSpec, PublishedSpec, SourceSpec
from ..data import families, sources
from ..data.tasks import Task
from ..models import encoder, weights
from ..stats import intervals

Models = Mapping[str, ModelSpec]
Sources = Mapping[str, SourceSpec]

COLUMNS = "task title group kind genes balance families source release licence".split()
COLUMNS += "version hash status reason prior".split()
COLUMNS += ["largest family", "family rule", "smallest difference", "underpowered"]
COLUMNS += ["classes", "description"]
"""Columns of a catalogue of tasks, in this order."""


def release(source: SourceSpec) -> str:
    """Release of a source, and what differs where a stand-in takes the place of an official file.

    Parameters
    ----------
    source : SourceSpec
        A declared source.

    Returns
    -------
    str
    """
    notes = {}
    for name in source.files:
        try:
            notes[sources.stand_in(source, name)] = None
        except BadInput:
            continue
    notes.pop("", None)
    return f"{source.release} (stand-in: {'; '.join(notes)})" if notes else source.release


def task_rows(tasks: Mapping[str, Task], known: Sources, *, by: str = "stem") -> pd.DataFrame:
    """Describe tasks, one row each.

    Parameters
    ----------
    tasks : mapping of str to Task
        Tasks by name.
    known : mapping of str to SourceSpec
        Declared sources.
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
        row = _declared(task, known[task.source]) | {"release": releases[task.source]}
        row |= {"task": task.name, "genes": len(task), "balance": task.balance, "hash": task.hash}
        row |= {"status": "ready", "reason": "", "classes": "; ".join(task.classes)}
        row |= {"underpowered": "", "family rule": ""}
        if task.kind in ("binary", "pair"):
            row["prior"] = round(float(task.labels.mean()), 4)
        if (sizes := kin.get(task.entities_hash)) is not None and task.kind != "pair":
            row |= {"families": len(sizes), "family rule": families.RULES[by]}
            row["largest family"] = round(float(sizes.max() / sizes.sum()), 4)
        if not np.isnan(smallest):
            row["smallest difference"] = round(smallest, 4)
            row["underpowered"] = "yes" if smallest > intervals.UNDERPOWERED else "no"
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _declared(entry, source: SourceSpec) -> dict[str, object]:
    """What the declarations say of a task, or of an entry that gave none."""
    names = ("title", "group", "kind", "version", "description")
    facts = {name: getattr(entry, name) for name in names}
    return facts | {"source": source.title, "licence": source.licence}


def task_catalogue(
    profile: ProfileSpec, known: Sources, tasks: Mapping[str, Task], messages: Iterable[str]
) -> pd.DataFrame:
    """Describe every task of a profile, and every entry that gave none.

    Families are those of HGNC where its table is at hand, else symbol stems.

    Parameters
    ----------
    profile : ProfileSpec
        Whose sources.
    known : mapping of str to SourceSpec
        Declared sources.
    tasks : mapping of str to Task
        Those that could be built.
    messages : iterable of str
        Why others could not (``Plan.messages``).

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``; ``status`` is ``ready`` or ``missing``, with a ``reason``.
    """
    by = "hgnc" if sources.status(known["hgnc"])[0] == "ready" else "stem"
    messages = [m.removeprefix("left out: ") for m in messages]
    rows = []
    for source in (known[s] for s in profile.sources):
        whole = next((m for m in messages if m.startswith(f"source '{source.id}':")), "")
        for entry in source.tasks:
            if any(t == entry.name or t.startswith(f"{entry.name}/") for t in tasks):
                continue
            why = next((m for m in messages if f"task '{entry.name}'" in m), whole)
            row = _declared(entry, source) | {"task": entry.name, "release": source.release}
            rows.append(row | {"status": "missing", "reason": why})
    parts = [task_rows(tasks, known, by=by), pd.DataFrame(rows)]
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return frame.reindex(columns=COLUMNS).astype({"genes": "Int64", "families": "Int64"})


def published_tasks(
    profile: ProfileSpec, known: Sources, tasks: Mapping[str, Task], published: PublishedSpec
) -> pd.DataFrame:
    """Every task that arXiv 2412.04075 lists, beside ours.

    Parameters
    ----------
    profile : ProfileSpec
        Whose sources.
    known : mapping of str to SourceSpec
        Declared sources; an entry's ``paper`` is the task's name there.
    tasks : mapping of str to Task
        Those that could be built.
    published : PublishedSpec
        Published sizes and reasons for differences.

    Returns
    -------
    DataFrame
        Number of genes (or pairs) here and as published, the difference in percent, ``status``
        (``missing``: cannot be built here; ``not declared``: listed, but not ours), and the reason
        for every difference over two percent.
    """
    ours: dict[str, list] = {}
    for entry in (e for s in profile.sources for e in known[s].tasks if e.paper):
        ours.setdefault(entry.paper, []).append(entry)
    rows = []
    for name, size in published.task_sizes.sizes.items():
        for entry in ours.get(name, [None]):
            task = tasks.get(entry.name) if entry else None
            row = {"paper's name": name, "task": "", "kind": "", "genes": None, "published": size}
            row |= {"difference %": None, "status": "not declared", "reason": ""}
            if entry:
                row |= {"task": entry.name, "kind": entry.kind, "status": "missing"}
            if task:
                row |= {"genes": len(task), "status": "ready"}
            if task and size:
                row["difference %"] = round(100 * (len(task) - size) / size, 1)
                if abs(row["difference %"]) > 2:
                    row["reason"] = published.differences.get(entry.name, "")
            rows.append(row)
    types = {"genes": "Int64", "published": "Int64", "difference %": "Float64"}
    return pd.DataFrame(rows).astype(types)


def per_group(catalogue: pd.DataFrame, groups: Iterable[str]) -> pd.DataFrame:
    """Number of tasks by group (rows) and kind (columns).

    Parameters
    ----------
    catalogue : DataFrame
        Rows of ``task_catalogue``.
    groups : iterable of str
        Groups in their order.

    Returns
    -------
    DataFrame
    """
    table = pd.crosstab(catalogue.group, catalogue.kind)
    table = table.reindex([g for g in groups if g in table.index])
    return table.assign(total=table.sum(axis=1)).rename_axis(index=None, columns=None)


def model_status(spec: ModelSpec, known: Sources) -> tuple[str, str]:
    """Whether a model can be run here; fetches nothing.

    Parameters
    ----------
    spec : ModelSpec
        A declared model.
    known : mapping of str to SourceSpec
        Declared sources.

    Returns
    -------
    status : str
        ``ready``, what ``weights.status`` says, or ``missing`` (an input or a package).
    reason : str
        Why it is not ready, and what to do; else empty.
    """
    try:
        encoder(spec)
        if (spec.hub or spec.files) and (status := weights.status(spec))[0] != "ready":
            return status
        for package in spec.requires:
            if importlib.util.find_spec(package) is None:
                install = "run 'pip install -c constraints.txt -e .'"
                return "missing", f"the package '{package}' is not installed; {install}"
        for name in (*filter(None, [spec.options.get("source")]), *spec.reads):
            if name != "ensembl" and (status := sources.status(known[name]))[0] != "ready":
                return status
    except BadInput as err:
        return "missing", str(err)
    return "ready", ""


def model_catalogue(models: Iterable[ModelSpec], known: Sources) -> pd.DataFrame:
    """Describe models, one row each.

    Parameters
    ----------
    models : iterable of ModelSpec
        Which models.
    known : mapping of str to SourceSpec
        Declared sources.

    Returns
    -------
    DataFrame
        What each model is, reads, was trained on and is exposed on, its licence and status.
    """
    rows = []
    for spec in models:
        status, reason = model_status(spec, known)
        row = {"model": spec.name, "title": spec.title, "family": spec.family}
        row |= {"input": spec.input, "dim": spec.dim, "context": spec.context}
        row["size"] = f"{spec.parameters:,.4g} M" if spec.parameters else ""
        row["pooling"] = spec.pooling if spec.parameters else ""
        row |= {"weights": spec.hub or spec.weights or "", "revision": spec.revision or ""}
        row["trained on"] = spec.trained_on
        row["exposed on"] = "; ".join(f"{prefix}: {why}" for prefix, why in spec.exposed.items())
        row |= {"licence": spec.licence, "status": status, "reason": reason}
        rows.append(row | {"description": spec.description})
    columns = "model title family input dim size context pooling weights revision".split()
    columns += ["trained on", "exposed on", "licence", "status", "reason", "description"]
    return pd.DataFrame(rows)[columns].astype({"dim": "Int64", "context": "Int64"})


def task_cards(catalogue: pd.DataFrame) -> str:
    """One collapsed card per task, in Markdown.

    Plain text and lists, so that a phone shows it and the page's search finds it.

    Parameters
    ----------
    catalogue : DataFrame
        Rows of ``task_catalogue``.

    Returns
    -------
    str
        What each task is, how large, what it can show, and whose labels they are.
    """
    return "\n".join(_task_card(row) for row in catalogue.to_dict("records"))


def _task_card(row: dict) -> str:
    unit = "pairs" if row["kind"] == "pair" else "genes"
    if row["status"] == "ready":
        size = f"{int(row['genes']):,}"
        head = f"{row['title']} ({row['kind']}, {size} {unit})"
        facts = {"Balance": row["balance"], "Classes": row["classes"] or "real numbers"}
        if unit == "genes":
            size += f" in {int(row['families']):,} families; the largest has "
            size += f"{row['largest family']:.1%}"
            measure = "Spearman correlation" if row["kind"] == "regression" else "AUROC"
            weak = ": underpowered" * (row["underpowered"] == "yes")
            smallest = f"{row['smallest difference']:.3f} {measure}{weak}"
            facts["Smallest detectable difference"] = smallest
        facts = {unit.capitalize(): size} | facts
    else:
        head = f"{row['title']} ({row['kind']}, not here)"
        facts = {"Cannot be built here": row["reason"]}
    facts |= {"Source": f"{row['source']}, release {row['release']}", "Licence": row["licence"]}
    if isinstance(row["hash"], str) and row["hash"]:
        facts["Labels"] = f"hash `{row['hash']}`, version {row['version']}"
    return _card(head, f"`{row['task']}`\n\n{_plain(row['description'])}", facts)


def model_cards(models: Iterable[ModelSpec]) -> str:
    """One collapsed card per model, in Markdown.

    Parameters
    ----------
    models : iterable of ModelSpec
        Which models.

    Returns
    -------
    str
        What each model is, was trained on and how large it is, and which labels it has seen.
    """
    return "\n".join(_model_card(spec) for spec in models)


def _model_card(spec: ModelSpec) -> str:
    where = f"`{spec.hub or spec.weights}`" if spec.hub or spec.weights else ""
    where += f" at `{spec.revision[:12]}`" if spec.revision else ""
    size = f"{spec.dim} dimensions" if spec.dim else "as many dimensions as it has columns"
    size += f"; {spec.parameters:,.4g} million parameters" if spec.parameters else ""
    seen = "; ".join(f"`{p}`: {why}" for p, why in spec.exposed.items())
    unclear = "; ".join(f"`{p or 'all tasks'}`: {why}" for p, why in spec.unclear.items())
    facts = {
        "Family and input": f"{spec.family}; reads {spec.input}",
        "Trained on": spec.trained_on,
        "Licence": spec.licence,
        "Size": size,
        "Weights": where,
        "Trained on labels of": seen or "none of the tasks that we know of",
        "Unclear": unclear,
    }
    return _card(spec.title, f"`{spec.name}`: {_plain(spec.description)}", facts)


def _card(head: str, text: str, facts: dict[str, object]) -> str:
    lines = (f"- **{name}**: {_plain(str(value))}" for name, value in facts.items() if value)
    body = "\n".join(lines)
    return f"````{{dropdown}} {_plain(head)}\n{text}\n\n{body}\n````\n"


def _plain(text: str) -> str:
    """Text on one line in which Markdown sees neither markup of HTML nor a formula."""
    return " ".join(text.split()).replace("<", "&lt;").replace("$", "\\$")


def third_party(models: Iterable[ModelSpec], known: Iterable[SourceSpec]) -> pd.DataFrame:
    """Everything of others that a result can rest on: data and weights.

    Parameters
    ----------
    models : iterable of ModelSpec
        Declared models; those without weights of others have no row.
    known : iterable of SourceSpec
        Declared sources.

    Returns
    -------
    DataFrame
        Columns ``what`` (data, model), ``name``, ``title``, ``release``, ``licence``, ``verified
        by`` (how a file is known to be the right one), ``attribution``, ``from``.
    """
    rows = []
    for source in known:
        number, every = sum(f.sha256 is not None for f in source.files.values()), len(source.files)
        check = "SHA-256 declared" if number == every else "SHA-256 of what is fetched first"
        check += f" ({number} of {every} files declared)" * (0 < number < every)
        row = ("data", source.id, source.title, source.release, source.licence)
        rows.append((*row, check, source.attribution, source.homepage))
    for spec in (m for m in models if m.hub or m.weights or m.files):
        check = "commit" if spec.revision else "first use recorded"
        check = "version of its package" if spec.weights else check
        at = f"https://huggingface.co/{spec.hub}" if spec.hub else spec.weights or spec.how
        row = ("model", spec.name, spec.title, spec.revision or "", spec.licence, check, "", at)
        rows.append(row)
    columns = "what name title release licence verified attribution from".split()
    return pd.DataFrame(rows, columns=columns).rename(columns={"verified": "verified by"})


def packages() -> pd.DataFrame:
    """The packages that this one asks for by name, as they are installed.

    Returns
    -------
    DataFrame
        Columns ``package``, ``version`` and ``licence``.
    """
    rows = []
    for text in metadata.requires("genebench") or []:
        name = re.match(r"[\w.-]+", text).group()
        try:
            facts = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        classifiers = facts.get_all("Classifier", [])
        named = [c.split(" :: ")[-1] for c in classifiers if c.startswith("License ::")]
        licence = facts.get("License-Expression") or next(iter(named), "")
        licence = licence or " ".join((facts.get("License") or "").split())[:40]
        rows.append((name, facts["Version"].split("+")[0], licence))
    columns = ["package", "version", "licence"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(ignore_index=True)
