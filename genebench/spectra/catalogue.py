"""What there is in Part II, as tables for the command line and the book: data sets, models, areas of curves."""

from __future__ import annotations

import pandas as pd

from . import datasets, models, table

AREAS = ["data set", "model", "split", "metric", "AUSPC", "low", "high", "size-matched"]
"""Columns of ``areas`` that the command line shows."""


def frame() -> pd.DataFrame:
    """Every declared data set: title, the paper's set it stands for, kind, number of models, status, what it needs."""
    rows = []
    for name, spec in datasets.declared().items():
        status, why = datasets.status(name)
        rows.append(
            {
                "data set": name,
                "title": spec.title,
                "paper": spec.paper or "",
                "kind": spec.kind,
                "unit": spec.unit,
            }
            | {
                "linked where": spec.property["words"],
                "models": len(spec.models),
                "status": status,
                "needs": why,
            }
            | {"differs": spec.differs, "licence": spec.licence, "homepage": spec.homepage}
        )
    return pd.DataFrame(rows)


def of_models() -> pd.DataFrame:
    """Every declared model: title, family, whether it is the paper's, what it does or what it needs."""
    return pd.DataFrame(
        [
            {
                "model": n,
                "title": m.title,
                "family": m.family,
                "of the paper": "yes" if m.paper else "",
            }
            | {
                "status": "from a file" if m.needs else "runs here",
                "what it does or needs": m.needs or m.description,
            }
            for n, m in models.declared().items()
        ]
    )


def areas(names: set[str] | None = None) -> pd.DataFrame:
    """AUSPC over λ of each data set, model and way of splitting, beside that of the size-matched control."""
    held = table.read("auspc.csv")
    held = held[(held.over == "lambda") & (held.task.isin(names) if names else True)]
    control = held[held.split.str.endswith("-size")].assign(
        split=lambda f: f.split.str.removesuffix("-size")
    )
    keys = ["task", "model", "split"]
    out = held[~held.split.str.endswith("-size")].merge(
        control[[*keys, "auspc"]].rename(columns={"auspc": "size-matched"}), on=keys, how="left"
    )
    out = out.rename(columns={"task": "data set", "auspc": "AUSPC"})
    out[["AUSPC", "low", "high", "size-matched"]] = out[
        ["AUSPC", "low", "high", "size-matched"]
    ].round(3)
    return out
