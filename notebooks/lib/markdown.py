"""A card for each task and model, in Markdown."""

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from genebench.core.specs import CONTROL, GROUPS, ModelSpec


def task_cards(catalogue: pd.DataFrame) -> str:
    """One collapsed card per task, in Markdown.

    Plain text and lists, so that a phone shows it and the page's search finds it.

    Parameters
    ----------
    catalogue : DataFrame
        Rows of ``cards.task_catalogue``.

    Returns
    -------
    str
        What each task is, how large, what it can show, and whose labels they are.
    """
    return "\n".join(_task_card(row) for row in catalogue.to_dict("records"))


def _task_card(row: dict) -> str:
    head, facts = "not here", {"Cannot be built here": row["reason"]}
    if row["status"] == "ready":
        unit = "pairs" if row["kind"] == "pair" else "genes"
        size = f"{int(row['genes']):,}"
        head = f"{size} {unit}"
        facts = {"Balance": row["balance"], "Classes": row["classes"] or "real numbers"}
        if unit == "genes":
            size += f" in {int(row['families']):,} families; the largest has "
            size += f"{row['largest family']:.1%}"
            measure = "Spearman correlation" if row["kind"] == "regression" else "AUROC"
            weak = " (above 0.1)" * (row["underpowered"] == "yes")
            smallest = f"{row['smallest difference']:.3f} {measure}{weak}"
            facts["Detectable difference, by formula"] = smallest
        facts = {unit.capitalize(): size} | facts
    facts |= {"Source": f"{row['source']}, release {row['release']}", "Licence": row["licence"]}
    if isinstance(row["hash"], str) and row["hash"]:
        facts["Labels"] = f"hash `{row['hash']}`, version {row['version']}"
    text = f"`{row['task']}`\n\n{_plain(row['description'])}"
    name = _anchor("task", row["task"])
    return _card(f"{row['title']} ({row['kind']}, {head})", text, facts, name=name)


def model_cards(models: Iterable[ModelSpec]) -> str:
    """One collapsed card per model, in Markdown.

    Parameters
    ----------
    models : iterable of ModelSpec

    Returns
    -------
    str
        What each model is, was trained on and how large it is, and which labels it has seen.
    """
    return "\n".join(_model_card(spec) for spec in models)


def _model_card(spec: ModelSpec) -> str:
    where = f"`{spec.hub or spec.weights}`" if spec.hub or spec.weights else ""
    where += f" at `{spec.revision[:12]}`" if spec.revision else ""
    size = f"{spec.dim} dimension{'s' * (spec.dim != 1)}" if spec.dim else "by the data"
    size = "no vectors of genes" if spec.encoder == "splice" else size
    size += f"; {spec.parameters:,.4g} million parameters" if spec.parameters else ""
    seen, unclear = (
        "; ".join(f"`{task or 'all tasks'}`: {why}" for task, why in listed.items())
        for listed in (spec.exposed, spec.unclear)
    )
    facts = {
        "Family and input": f"{spec.family}; reads {spec.input}",
        "Trained on": spec.trained_on,
        "Licence": spec.licence,
        "Size": size,
        "Weights": where,
        "Trained on labels of": seen or "none of the tasks that we know of",
        "Unclear": unclear,
    }
    text = f"`{spec.name}`: {_plain(spec.description)}"
    return _card(spec.title, text, facts, name=_anchor("model", spec.name))


def model_links(models: Mapping[str, ModelSpec]) -> dict[str, str]:
    """Where the card of each model is.

    Parameters
    ----------
    models : mapping of str to ModelSpec

    Returns
    -------
    dict of str to str
        Names and titles of models -> address.
    """
    at = {name: f"models.html#{_anchor('model', name)}" for name in models}
    return at | {spec.title: at[name] for name, spec in models.items()}


def task_links(catalogue: pd.DataFrame) -> dict[str, str]:
    """Where the card of each task is: on the page of its group.

    Parameters
    ----------
    catalogue : DataFrame
        Columns ``task``, ``title`` and ``group``.

    Returns
    -------
    dict of str to str
        Names and titles of tasks -> address; without those of a group that has no page.
    """
    rows = catalogue[catalogue.group != CONTROL]
    pages = "group-" + rows.group.map(GROUPS) + ".html#"
    at = {t: page + _anchor("task", t) for t, page in zip(rows.task, pages)}
    return at | dict(zip(rows.title, at.values()))


def _anchor(kind: str, name: str) -> str:
    """Name of the card of a model or task within its page: small letters, digits and hyphens."""
    return re.sub("[^a-z0-9]+", "-", f"{kind}-{name}".lower()).strip("-")


def _card(head: str, text: str, facts: dict[str, object], *, name: str) -> str:
    lines = (f"- **{name}**: {_plain(str(value))}" for name, value in facts.items() if value)
    body = "\n".join(lines)
    return f"````{{dropdown}} {_plain(head)}\n:name: {name}\n\n{text}\n\n{body}\n````\n"


def _plain(text: str) -> str:
    """Text on one line in which Markdown sees neither markup of HTML nor a formula."""
    return " ".join(text.split()).replace("<", "&lt;").replace("$", "\\$")
