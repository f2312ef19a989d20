"""What a training run is made of and what it reached: recipe files, train and validation parts, bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from ..core.errors import BadInput
from . import base, codes
from . import recipe as recipes
from . import variants as files
from .base import Nucleotides, Sequence

WORD = 24
"""Length of the words by which a held-out base counts as seen in training."""


def recipe_of(path: Path | None, changes: list[str]) -> recipes.Recipe:
    """The recipe of a file (YAML or JSON) with changes ``key=value``; the default without either."""
    given = {}
    if path is not None:
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as err:
            raise BadInput(
                f"{path}: no readable recipe ({str(err).splitlines()[0]}); give a YAML or JSON file."
            )
        if not isinstance(given, dict):
            raise BadInput(
                f"{path}: a recipe is a table of keys and values, such as 'width: 96'; correct it."
            )
    for text in changes:
        name, sep, value = text.partition("=")
        if not sep:
            raise BadInput(
                f"--set {text}: not of the form key=value; write for example --set steps=500."
            )
        given[name.strip()] = yaml.safe_load(value)
    return recipes.recipe(given, where=str(path or "recipe"))


def parts(
    paths: list[Path], held_out: list[str], *, several: bool = False
) -> tuple[list[Sequence], list[Sequence]]:
    """Sequences to train on and those held out, by name, of all files; each file is a species where ``several``.

    Raises: BadInput: a name that no file has, or nothing left to train on.
    """
    held = []
    for number, path in enumerate(paths, 1):
        for s in files.genome(path).values():
            held.append(Sequence(s.name, s.codes, s.repeats, s.regions, number if several else 0))
    names = [s.name for s in held]
    wanted = held_out or names[-1:]
    absent = [n for n in wanted if n not in names]
    if absent:
        raise BadInput(
            f"no sequence '{absent[0]}' to hold out; there are {', '.join(dict.fromkeys(names))}."
        )
    training = [s for s in held if s.name not in wanted]
    if not training:
        raise BadInput(
            "nothing is left to train on; hold out fewer sequences, or give a genome of several."
        )
    return training, [s for s in held if s.name in wanted]


def seen(sequence: np.ndarray, training: list[np.ndarray], *, k: int = WORD) -> np.ndarray:
    """Whether each base is covered by a word of ``k`` bases that training holds too, on either strand, (L,) bool."""
    asked = codes.kmers(sequence, k)
    known = np.zeros(len(asked), dtype=bool)
    for other in training:
        for strand in (other, codes.reverse_complement(other)):
            known |= np.isin(asked, codes.kmers(np.ascontiguousarray(strand), k)) & (asked >= 0)
    cover = np.zeros(len(sequence) + 1, dtype=np.int64)
    np.add.at(cover, np.flatnonzero(known), 1)
    np.add.at(cover, np.flatnonzero(known) + k, -1)
    return cover[:-1].cumsum() > 0


def bits(
    model: Nucleotides,
    validation: list[Sequence],
    training: list[Sequence],
    *,
    regions: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Mean bits a base (lower is better) and perplexity on held-out sequences, columns ``bases, n, share, bits,
    perplexity``: of all bases, outside repeats, outside what training has seen, and by class of region."""
    told = np.concatenate([base.bits(model, s) for s in validation])
    codes_held = [t.codes for t in training]
    masks = {
        "all": np.ones(len(told), dtype=bool),
        "outside repeats": ~np.concatenate([_or(s.repeats, len(s.codes)) for s in validation]),
        f"outside shared {WORD}-mers": ~np.concatenate(
            [seen(s.codes, codes_held) for s in validation]
        ),
    }
    if regions and all(s.regions is not None for s in validation):
        region = np.concatenate([s.regions for s in validation])
        masks |= {name: region == i for i, name in enumerate(regions)}
    known = np.isfinite(told)
    rows = []
    for name, mask in masks.items():
        kept = told[mask & known]
        mean = float(kept.mean()) if len(kept) else np.nan
        rows.append((name, len(kept), len(kept) / max(1, known.sum()), mean, 2.0**mean))
    return pd.DataFrame(rows, columns=["bases", "n", "share", "bits", "perplexity"])


def _or(mask: np.ndarray | None, length: int) -> np.ndarray:
    return np.zeros(length, dtype=bool) if mask is None else mask
