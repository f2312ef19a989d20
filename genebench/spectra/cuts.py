"""The splits of a data set: its property graph, the spectral splits at every λ and seed, their size-matched controls,
the splits that others use, and what train and test share in each. Cut once for all models, and kept.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from ..core import cache, paths
from ..core.errors import BadInput, unknown
from . import curve, datasets, features, genetasks, overlap, properties
from . import splits as engine
from .datasets import DataSet
from .graph import Graph

VERSION = 1
"""Bump when the same data set and property give other cuts."""
MODES = {
    "corrected": "spectral",
    "weighted": "spectral-weighted",
    "reference": "spectral-reference",
}
"""Way of splitting → name of its splits in the results."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a data set or gene task: way of splitting, λ, seeds; of a gene task property and profile."""

    dataset: str
    mode: str
    parameters: tuple[float, ...]
    seeds: tuple[int, ...]
    property: str = ""
    profile: str = "demo"


@dataclass(frozen=True, eq=False)
class Cuts:
    """Side of each unit (1 train, 2 test, 0 neither) in every split, (n_splits, n) int8, and a row about each.

    ``about``: columns ``split, split_param, repeat, fold, n_train, n_test, jaccard, test_linked, mean_similarity``
    (sizes in units), and ``reason`` where there is no such split.
    """

    sides: np.ndarray
    about: pd.DataFrame


def data(wanted: Wanted) -> DataSet:
    """The data set, or the gene task as one. Raises: BadInput: neither is of that name."""
    if wanted.dataset in datasets.declared():
        return datasets.load(wanted.dataset)
    return genetasks.load(wanted.dataset, wanted.profile)


def graph(wanted: Wanted) -> Graph:
    """Which units are linked. Raises: BadInput: unknown property."""
    held = data(wanted)
    if wanted.dataset not in datasets.declared():
        return genetasks.graph(held, wanted.property)
    how = datasets.spec(wanted.dataset).property
    name = how["name"]
    if name == "shared_mutations":
        return _sharing(held, int(how.get("least", 1)))
    if name == "shared_label":
        return properties.shared_label(held.table[how["column"]].tolist())
    if name == "sequence_identity":
        given = {"above": how["threshold"], "kmer": how.get("kmer"), "binary": True, "jobs": 1}
        return properties.sequence_identity(list(held.sequences), **given)
    if name == "lingo":
        return _lingo(held.parts["smiles"], how["threshold"])
    known = ("shared_mutations", "shared_label", "sequence_identity", "lingo")
    raise unknown("property", name, known, where=f"{paths.SPECTRA}: data set '{wanted.dataset}'")


def _sharing(held: DataSet, least: int) -> Graph:
    """Units that share at least so many marks."""
    if least == 1:
        return properties.shared_mutations(_marks(held))
    number = (held.barcodes @ held.barcodes.T).tocoo()
    wanted = (number.data >= least) & (number.row < number.col)
    return Graph.from_edges(len(held), number.row[wanted], number.col[wanted])


def _lingo(smiles: tuple[str, ...], above: float) -> Graph:
    """Ligands by the Tanimoto index of their LINGOs."""
    words = features.lingos(smiles)
    number = np.asarray(words.sum(axis=1)).ravel()

    def block(low: int, high: int) -> np.ndarray:
        both = (words[low:high] @ words.T).toarray()
        return both / (number[low:high, None] + number - both)

    return properties.from_blocks(len(smiles), block, above=above, binary=True)


def _marks(held: DataSet) -> list[frozenset]:
    ends, found = held.barcodes.indptr, held.barcodes.indices.tolist()
    return [frozenset(found[a:b]) for a, b in zip(ends[:-1], ends[1:])]


def recipe(wanted: Wanted) -> dict:
    """Everything that determines the cuts."""
    own = wanted.dataset in datasets.declared()
    rule = datasets.spec(wanted.dataset).property if own else genetasks.rule(wanted.property)
    others = datasets.spec(wanted.dataset).existing if own else {}
    told = {k: v.model_dump() for k, v in others.items()} if own else genetasks.rungs()
    return {
        "stage": [
            "spectra cuts",
            VERSION,
            engine.VERSION,
            getattr(properties, "VERSION", 1),
            features.VERSION,
        ],
        "data": data(wanted).hash,
        "property": rule,
        "mode": wanted.mode,
        "parameters": list(wanted.parameters),
        "seeds": list(wanted.seeds),
        "existing": told,
    }


def path(wanted: Wanted) -> Path:
    """Where the cuts are kept."""
    return (
        paths.CURVES
        / "cuts"
        / f"{wanted.dataset.replace('/', '--')}-{wanted.mode}-{cache.key(recipe(wanted))}.npz"
    )


def make(wanted: Wanted) -> None:
    """Cut a data set in every way asked for and keep it."""
    if wanted.mode not in MODES:
        raise unknown("mode", wanted.mode, MODES)
    held, links = data(wanted), graph(wanted)
    if wanted.mode == "weighted" and held.weight is None:
        raise BadInput(
            f"data set '{wanted.dataset}': weighted splits need units of several samples; take 'corrected'."
        )
    marks = None if held.barcodes is None else _marks(held)
    name, sides, rows = MODES[wanted.mode], [], []

    def add(cut: engine.Split | None, why: str = "", **about) -> None:
        side = np.zeros(len(held), dtype=np.int8)
        shared = {"jaccard": np.nan, "test_linked": np.nan, "mean_similarity": np.nan}
        if cut is not None:
            side[cut.train], side[cut.test] = 1, 2
            shared = overlap.overlaps(links, cut, marks)
        sides.append(side)
        rows.append(
            {
                **about,
                "n_train": (side == 1).sum(),
                "n_test": (side == 2).sum(),
                **shared,
                "reason": why,
            }
        )

    for (parameter, seed), cut in _spectral(wanted, held, links).items():
        about = {"split_param": f"{parameter:g}", "repeat": seed, "fold": 0}
        why = "" if cut else "too few units are left for train and test"
        add(cut, why, split=name, **about)
        add(cut and engine.size_matched(cut, seed=seed), why, split=name + curve.CONTROL, **about)
    if wanted.mode == "corrected":
        for other, fold, side in _existing(wanted, held, links):
            cut = engine.Split.of(len(held), np.flatnonzero(side == 1), np.flatnonzero(side == 2))
            add(cut, split=other, split_param="", repeat=0, fold=fold)
    about = pd.DataFrame(rows)
    cache.store(
        path(wanted),
        recipe(wanted),
        lambda to: np.savez_compressed(
            to, sides=np.array(sides), about=np.array(about.to_json(orient="split"))
        ),
        units=len(held),
        edges=links.m,
    )


def _spectral(wanted: Wanted, held: DataSet, links: Graph) -> dict:
    """Every spectral split; barcodes of one graph are scored as in the paper where the mode asks for it."""
    given = {"mode": wanted.mode, "jobs": 1}
    if wanted.mode == "weighted":
        counts = np.bincount(held.of_unit, weights=held.counts, minlength=len(held))
        often = np.asarray(held.barcodes.T @ counts).ravel() / counts.sum()
        number = np.maximum(np.asarray(held.barcodes.sum(axis=1)).ravel(), 1)
        rarity = np.asarray(held.barcodes @ often).ravel() / number
        given |= {"counts": counts, "scores": engine.node_scores(links, counts, rarity)}
    return engine.splits(links, wanted.parameters, wanted.seeds, **given)


def _existing(wanted: Wanted, held: DataSet, links: Graph):
    """(name, fold, side of each unit) of every split that others use and that can be made here."""
    if wanted.dataset not in datasets.declared():
        yield from genetasks.ladder(held)
        return
    entry = datasets.spec(wanted.dataset)
    whole = None
    if any(e.rule == "components" for e in entry.existing.values()):
        matrix = sparse.csr_matrix(
            (np.ones(len(links.indices), bool), links.indices, links.indptr), (links.n, links.n)
        )
        whole = csgraph.connected_components(matrix, directed=False)[1]
    for name in entry.existing:
        side = datasets.existing(entry, held, name, whole)
        side = np.where(side == 1, 1, np.where(side == 0, 2, 0))
        if (side == 1).any() and (side == 2).any():
            yield name, 0, side


@lru_cache(maxsize=4)
def read(wanted: Wanted) -> Cuts:
    """The kept cuts."""
    with np.load(path(wanted), allow_pickle=False) as held:
        about = pd.read_json(
            io.StringIO(str(held["about"])), orient="split", dtype={"split_param": str}
        )
        return Cuts(held["sides"], about.astype({"split_param": str, "reason": str}))
