"""The card of placed vectors: one self-contained page. Shows what ``place`` computed."""

from __future__ import annotations

from pathlib import Path

from ..core.specs import GROUPS

TEMPLATE = Path(__file__).with_name("card.html")
PLAIN = ("approved", "used", "hgnc", "ensembl", "entrez", "uniprot")
"""Statuses of ids that need few examples."""


def html(card: dict) -> str:
    """Fill the page of a card.

    Parameters
    ----------
    card : dict
        See ``place.place``.

    Returns
    -------
    str
        HTML that asks no network; every text of the card is escaped.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    helpers = (_number, _between, _known, _place, _lowest, _width)
    environment.globals |= {f.__name__.lstrip("_"): f for f in helpers}
    models = [m for group in card["groups"] for m in group["models"] if m["family"] != "control"]
    order = {group: i for i, group in enumerate(GROUPS)}
    by_group = sorted(card["excess"].get("by_group", []), key=lambda row: order[row["group"]])
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        **card,
        plain=PLAIN,
        drawn={m["title"]: m for m in models}.values(),
        excess_rows=[
            (r["group"], f"{r['tasks']:,}", _number(r["excess"], True), _interval(r))
            for r in by_group
        ],
        win_rows=[_task(row) for row in card["wins"]],
        loss_rows=[_task(row) for row in card["losses"]],
        skip_rows=[(skip["task"], skip["reason"]) for skip in card["skipped"][:10]],
    )


def _task(row: dict) -> tuple:
    metric, difference = row["metric"].split("_")[0], _number(row["difference"], True)
    own, best = _number(row["score_all_genes"]), _number(row["rival_score"])
    return row["task"], metric, own, row["rival_title"], best, difference, _interval(row)


def _known(value: float | None) -> bool:
    return value is not None and value == value


def _number(value: float | None, sign: bool = False, digits: int = 3) -> str:
    if not _known(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def _between(low: float | None, high: float | None, sign: bool = False) -> str:
    return f"{_number(low, sign)} to {_number(high, sign)}" if _known(low) else "–"


def _interval(row: dict) -> str:
    return _between(row["low"], row["high"], True)


def _lowest(group: dict, floor: float) -> float:
    """Left end of a group's strip."""
    return min([floor, *(m["score"] for m in group["models"]), group["all_genes"]])


def _place(value: float, low: float) -> str:
    """Per cent of a strip from ``low`` to 1."""
    return f"{100 * (value - low) / (1 - low):.2f}"


def _width(group: dict, low: float) -> str:
    return f"{100 * (group['all_high'] - group['all_low']) / (1 - low):.2f}"
