"""The catalogue of tasks: one row per task with what it can show, its words, and its cards. Reads no file."""

from __future__ import annotations

import re
from importlib import metadata

import numpy as np
import pandas as pd

from ..core import specs
from ..core.errors import BadInput, unknown
from ..core.specs import GROUPS, ProfileSpec
from ..data import families, sources
from ..data.tasks import Task
from ..stats import intervals
from . import tables

COLUMNS = [
    "task",
    "title",
    "group",
    "kind",
    "genes",
    "balance",
    "families",
    "source",
    "release",
    "licence",
    "version",
    "hash",
    "status",
    "reason",
    "prior",
    "largest family",
    "family rule",
    "smallest difference",
    "underpowered",
    "classes",
    "description",
]
"""Of a catalogue, in this order."""


def entries(found: dict[str, Task], *, by: str = "stem") -> pd.DataFrame:
    """One row per task: what it is, how large, of how many families, what it can show, origin, licence, label hash.

    ``by`` is a rule of ``families.families`` (``hgnc`` needs its table). ``prior``: share of positive genes of a binary
    task. ``families``: their number; ``largest family``: its share of the genes (0 to 1). ``smallest difference``:
    ``stats.task_difference``, in the unit of the kind's main metric; ``underpowered``: whether it is over
    ``stats.UNDERPOWERED`` (empty where there is none). Pairs of genes have no families.
    """
    shared = {
        t.entities_hash: t.entities for t in found.values() if t.kind != "pair"
    }  # looked up once, not per task
    kin = {
        at: np.unique(families.families(e, specs.sources(), by=by), return_counts=True)[1]
        for at, e in shared.items()
    }
    releases = {s: tables.release(specs.source(s)) for s in {t.source for t in found.values()}}
    return pd.DataFrame(
        [_entry(t, kin.get(t.entities_hash), by, releases[t.source]) for t in found.values()]
    )


def _entry(task: Task, kin: np.ndarray | None, by: str, released: str) -> dict[str, object]:
    """A row of ``entries``; ``kin``: sizes of the task's families, or None."""
    smallest = intervals.task_difference(task.kind, task.labels)
    return {
        "task": task.name,
        "title": task.title,
        "group": task.group,
        "kind": task.kind,
        "genes": len(task),
        "balance": task.balance,
        "families": None if kin is None else len(kin),
        "source": specs.source(task.source).title,
        "release": released,
        "licence": specs.source(task.source).licence,
        "version": task.version,
        "hash": task.hash,
        "status": "ready",
        "reason": "",
        "prior": round(float(task.labels.mean()), 4) if task.kind in ("binary", "pair") else None,
        "largest family": None if kin is None else round(float(kin.max() / kin.sum()), 4),
        "family rule": "" if kin is None else families.RULES[by],
        "smallest difference": None if np.isnan(smallest) else round(smallest, 4),
        "underpowered": ""
        if np.isnan(smallest)
        else "yes"
        if smallest > intervals.UNDERPOWERED
        else "no",
        "classes": "; ".join(task.classes),
        "description": task.description,
    }


def brief(listed: pd.DataFrame) -> pd.DataFrame:
    """A catalogue without its long texts, for a table that is searched and sorted."""
    return listed.drop(columns=["prior", "family rule", "classes", "description"])


def of_group(listed: pd.DataFrame, group: str) -> pd.DataFrame:
    """Rows of one group of tasks. Raises: BadInput: no such group, or no task in it."""
    part = listed[listed.group == group] if group in GROUPS else None
    if part is None:
        raise unknown("group", group, GROUPS)
    if part.empty:
        raise BadInput(
            f"the group '{group}' has no task in this catalogue; write it again with 'genebench tasks'."
        )
    return part.reset_index(drop=True)


def short(part: pd.DataFrame) -> pd.DataFrame:
    """The columns of a catalogue that are sorted and filtered by, the short ones first; empty ones are left out."""
    columns = [
        "task",
        "kind",
        "genes",
        "prior",
        "families",
        "largest family",
        "smallest difference",
        "underpowered",
    ]
    held = part[[*columns, "title", "source", "licence"]].astype(
        {c: float for c in part.select_dtypes("Float64")}
    )
    return held.dropna(axis=1, how="all").reset_index(drop=True)


def words(part: pd.DataFrame) -> str:
    """Opening of a page of the catalogue: how many tasks of which kinds, how large, and how many can show little."""
    ready, weak = part[part.status == "ready"], int((part.underpowered == "yes").sum())
    kinds = ", ".join(f"{n} {kind}" for kind, n in ready.kind.value_counts().items())
    text = f"{len(ready)} tasks ({kinds}) of {int(ready.genes.min()):,} to {int(ready.genes.max()):,} genes or pairs"
    missing = len(part) - len(ready)
    text += f"; {missing} more cannot be built from the files at hand. " if missing else ". "
    are = "1 is" if weak == 1 else f"{weak or 'None'} are"
    return f"{text}{are} underpowered: unable to show a difference of {intervals.UNDERPOWERED} between two models."


def whole(profile: ProfileSpec, found: dict[str, Task], sentences: list[str]) -> pd.DataFrame:
    """``entries`` and ``tables.missing_tasks`` of a profile, families by HGNC where its table is at hand."""
    by = "hgnc" if sources.status(specs.source("hgnc"))[0] == "ready" else "stem"
    parts = [entries(found, by=by), tables.missing_tasks(profile, found, sentences)]
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return frame.reindex(columns=COLUMNS).astype({"genes": "Int64", "families": "Int64"})


def cards(listed: pd.DataFrame) -> str:
    """One collapsed card per row, in Markdown: what the task is, how large, what it can show, whose labels they are.

    Plain text and lists, so that a phone shows it, the page's search finds it and no network is asked.
    """
    return "\n".join(_card(row) for row in listed.to_dict("records"))


def _card(row: dict) -> str:
    if row["status"] == "ready":
        pairs = row["kind"] == "pair"
        head = (
            f"{row['title']} ({row['kind']}, {int(row['genes']):,} {'pairs' if pairs else 'genes'})"
        )
        facts = {
            "Pairs" if pairs else "Genes": f"{int(row['genes']):,}" + ("" if pairs else _kin(row))
        }
        facts |= {"Balance": row["balance"], "Classes": row["classes"] or "real numbers"}
        facts |= {} if pairs else {"Smallest detectable difference": _power(row)}
    else:
        head, facts = (
            f"{row['title']} ({row['kind']}, not here)",
            {"Cannot be built here": row["reason"]},
        )
    facts |= {"Source": f"{row['source']}, release {row['release']}", "Licence": row["licence"]}
    facts |= {"Labels": f"hash `{row['hash']}`, version {row['version']}"} if row["hash"] else {}
    body = "\n".join(f"- **{name}**: {_plain(str(value))}" for name, value in facts.items())
    return f"````{{dropdown}} {_plain(head)}\n`{row['task']}`\n\n{_plain(row['description'])}\n\n{body}\n````\n"


def _kin(row: dict) -> str:
    return f" in {int(row['families']):,} families; the largest holds {row['largest family']:.1%}"


def _power(row: dict) -> str:
    unit = "Spearman correlation" if row["kind"] == "regression" else "AUROC"
    return f"{row['smallest difference']:.3f} {unit}" + ": underpowered" * (
        row["underpowered"] == "yes"
    )


def _plain(text: str) -> str:
    """Text on one line in which Markdown sees neither markup of HTML nor a formula."""
    return " ".join(text.split()).replace("<", "&lt;").replace("$", "\\$")


def third_party() -> pd.DataFrame:
    """Everything of others that a result can rest on, one row each: data and weights, and what carries them.

    Columns ``what`` (data, model), ``name``, ``title``, ``release``, ``licence``, ``held to`` (how it is known to be
    the right one), ``attribution``, ``from``.
    """
    rows = []
    for source in specs.sources().values():
        known = sum(f.sha256 is not None for f in source.files.values())
        held = (
            "SHA-256 declared" if known == len(source.files) else "SHA-256 of what is fetched first"
        )
        held = (
            f"{held} ({known} of {len(source.files)} files declared)"
            if 0 < known < len(source.files)
            else held
        )
        rows.append(
            (
                "data",
                source.id,
                source.title,
                source.release,
                source.licence,
                held,
                source.attribution,
                source.homepage,
            )
        )
    for model in specs.models().values():
        if not (model.hub or model.weights or model.files):
            continue
        held = (
            "version of its package"
            if model.weights
            else "commit"
            if model.revision
            else "first use recorded"
        )
        at = f"https://huggingface.co/{model.hub}" if model.hub else model.weights or model.how
        rows.append(
            ("model", model.name, model.title, model.revision or "", model.licence, held, "", at)
        )
    columns = ["what", "name", "title", "release", "licence", "held to", "attribution", "from"]
    return pd.DataFrame(rows, columns=columns)


def packages() -> pd.DataFrame:
    """The packages that this one asks for by name: columns ``package``, ``version`` installed, ``licence``."""
    rows = []
    for text in metadata.requires("genebench") or []:
        name = re.match(r"[\w.-]+", text).group()
        try:
            held = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        said = held.get("License-Expression") or next(
            (
                c.split(" :: ")[-1]
                for c in held.get_all("Classifier", [])
                if c.startswith("License ::")
            ),
            "",
        )
        rows.append(
            (
                name,
                held["Version"].split("+")[0],
                said or " ".join((held.get("License") or "").split())[:40],
            )
        )
    return pd.DataFrame(rows, columns=["package", "version", "licence"]).drop_duplicates(
        ignore_index=True
    )
