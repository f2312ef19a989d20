"""What a builder of tasks gives, and how it reads the names of genes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from ..core.specs import SourceSpec, TaskSpec
from . import date_symbols
from . import genes as identifiers


@dataclass(frozen=True, eq=False)
class Labels:
    """What a builder gives: entities (n,), labels (n,) or (n, n_classes), class names; the entry's words if changed."""

    entities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] | np.ndarray | list[str] = ()
    name: str | None = None
    title: str | None = None
    description: str | None = None
    note: str = ""
    """What was left out of the file's genes and why, in one sentence; it is added to the description."""


def slug(text: str) -> str:
    """Lower case, words joined by hyphens: a name that fits a file, an address and a shell."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def symbols(names: np.ndarray, ids: str) -> np.ndarray:
    """Gene symbols of identifiers of a kind, ``(n,)``; empty where there is none or more than one.

    ``symbol`` takes the names as they stand, less those that a spreadsheet turned into a date or number. ``approved``
    brings them to HGNC's approved symbols: those approved stay, previous ones are replaced, all others (aliases, names
    of viruses and complexes) are empty. Another kind of identifier is looked up.
    """
    names = np.asarray(names, dtype=str)
    if ids == "symbol":
        return np.where(date_symbols.spoiled(names), "", names)
    code, unique = pd.factorize(names.astype(object))
    return (
        _approved(unique)
        if ids == "approved"
        else identifiers.resolver().resolve(unique, kind=ids).symbol
    )[code]


def _approved(names: np.ndarray) -> np.ndarray:
    """Approved symbols of names that are approved or previous ones of one gene; empty for all others."""
    known = identifiers.resolver().names
    return np.array(
        [
            n
            if n in known["approved"]
            else known["previous"][n][0]
            if len(known["previous"].get(n, ())) == 1
            else ""
            for n in names
        ],
        dtype=str,
    )


def left_out(names: np.ndarray, *, examples: int = 3) -> str:
    """A sentence that names what of some gene names is no gene because a spreadsheet changed it; empty if none is."""
    bad = sorted(set(np.asarray(names, dtype=str)[date_symbols.spoiled(names)]))
    if not bad:
        return ""
    shown = ", ".join(bad[:examples]) + ", …" * (len(bad) > examples)
    return f"Left out: {len(bad)} name{'s' * (len(bad) > 1)} that a spreadsheet made of gene symbols ({shown})."


def multiclass(
    source: SourceSpec, entry: TaskSpec, entities: np.ndarray, labels: np.ndarray, min_class: int
) -> Labels:
    """Multi-class labels from their names, ``(n,)``; classes with fewer than ``min_class`` genes are left out.

    Raises: BadInput: fewer than two classes are left.
    """
    names, code, number = np.unique(labels, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(number >= min_class)
    if len(kept) < 2:
        raise BadInput(
            f"source '{source.id}', task '{entry.name}': fewer than two classes of {min_class} genes."
        )
    inside = np.isin(code, kept)
    return Labels(np.asarray(entities)[inside], np.searchsorted(kept, code[inside]), names[kept])
