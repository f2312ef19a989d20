"""Windows of DNA with a label: the tasks of transfer, and which windows are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from ..core import specs
from ..core.errors import BadInput, unknown
from ..data import sources
from . import codes, genomes

GROUP = "DNA windows"
FLANK, PROMOTER = 17, 80
"""Bases of the reporter's constant flank before a yeast promoter, and of the promoter itself."""
WORD = 16
"""Bases of a word that makes two windows alike when they share it; two of some thousands hardly do so by chance."""
SPLITS = ("published", "random", "matched", "spectral")
MOST = 1000
"""Windows of a task, at most; drawn by a seed from larger sets."""


@dataclass(frozen=True, eq=False)
class Windows:
    """One task. ``codes``: (n, L) uint8, N behind shorter ones. ``label``: class 0 or 1, or a number, (n,).
    ``test``: whether the published split tests it, (n,) bool; all False where there is none. ``species``: whose DNA."""

    name: str
    title: str
    kind: str
    species: str
    codes: np.ndarray
    label: np.ndarray
    test: np.ndarray
    words: str

    def __len__(self) -> int:
        return len(self.codes)


def stacked(texts) -> np.ndarray:
    """Sequences as one array, (n, longest) uint8; N behind the shorter ones."""
    held = [codes.encode(t) for t in texts]
    out = np.full((len(held), max(map(len, held))), codes.N, dtype=np.uint8)
    for row, one in zip(out, held):
        row[: len(one)] = one
    return out


def fewer(test: np.ndarray, most: int = MOST, *, seed: int = 0) -> np.ndarray:
    """Rows that are kept, ascending: at most ``most``, of which a quarter from those that the published split tests.

    Args: test: whether the published split tests each row, (n,) bool.
    """
    order = np.random.default_rng(seed).permutation(len(test))
    tested, trained = order[test[order]], order[~test[order]]
    tested = tested[: most // 4]
    return np.sort(np.r_[tested, trained[: most - len(tested)]])


def _labelled(
    source: str, file: str, *, name: str, title: str, species: str, words: str
) -> Windows:
    rows = sources.table(specs.source(source), file).drop_duplicates("sequence")
    rows = rows.iloc[fewer(rows.split.eq("test").to_numpy())]
    label = rows.label.astype(int).to_numpy()
    test = rows.split.eq("test").to_numpy()
    return Windows(name, title, "binary", species, stacked(rows.sequence), label, test, words)


def promoters(*, fewest_reads: int) -> pd.DataFrame:
    """Yeast promoters in synthetic medium without the reporter's constant flanks, repeats averaged: ``set, sequence``
    (80 bases), ``expression`` (log). ``fewest_reads``: that a measurement must rest on."""
    rows = sources.table(specs.source("yeast_mpra"), "promoters")
    rows = rows[
        rows.condition.str.startswith("SC")
        & (rows.n_reads.replace("", "0").astype(float) >= fewest_reads)
    ]
    rows = rows.assign(
        sequence=rows.sequence.str[FLANK : FLANK + PROMOTER],
        expression=rows.expression.astype(float),
    )
    rows = rows[rows.sequence.str.fullmatch(f"[ACGT]{{{PROMOTER}}}")]
    return rows.groupby(["set", "sequence"], sort=True).expression.mean().reset_index()


def expression(*, fewest_reads: int = 20) -> Windows:
    """Expression from native yeast promoters of 80 bp in synthetic medium (regression); repeats averaged."""
    rows = promoters(fewest_reads=fewest_reads)
    rows = rows[rows["set"] == "native"]
    rows = rows.iloc[fewer(np.zeros(len(rows), dtype=bool))]
    return Windows(
        "yeast-promoter/expression",
        "Expression from native yeast promoters",
        "regression",
        "yeast",
        stacked(rows.sequence),
        rows.expression.to_numpy(),
        np.zeros(len(rows), dtype=bool),
        f"Log expression of a reporter behind 80 bp of native promoter, {fewest_reads} reads or more.",
    )


def coding(name: str, *, length: int = 100, most: int = MOST // 2, seed: int = 0) -> Windows:
    """Windows of a genome's held-out part that lie whole in coding sequence, or whole between genes; no duplicates."""
    genome = genomes.load(name)
    clean = genome.part == genomes.PARTS.index("test")
    clean &= ~genome.duplicates() & (genome.codes < codes.N)
    inside = [clean & (genome.region == genomes.REGIONS.index(r)) for r in ("intergenic", "coding")]
    rng, starts, label = np.random.default_rng(seed), [], []
    for value, mask in enumerate(inside):
        run = np.convolve(mask, np.ones(length, dtype=int), "valid") == length
        grid = np.flatnonzero(run[::length]) * length
        grid = np.sort(rng.permutation(grid)[:most])
        starts.append(grid)
        label.append(np.full(len(grid), value))
    if min(map(len, starts)) < 50:
        raise BadInput(
            f"genome '{name}' has too few whole windows of {length} bases of one class; it needs features."
        )
    at = np.concatenate(starts)
    return Windows(
        f"{name}/coding",
        f"{genome.spec.title}: coding against intergenic",
        "binary",
        name,
        codes.windows(genome.codes, at, length),
        np.concatenate(label),
        np.zeros(len(at), dtype=bool),
        f"Windows of {length} bases of held-out sequence, whole in a coding sequence or whole between genes.",
    )


def _gue(file: str, title: str, species: str, words: str) -> Callable[[], Windows]:
    name = f"gue/{file.replace('_', '-')}"
    return lambda: _labelled("gue", file, name=name, title=title, species=species, words=words)


SETS: dict[str, Callable[[], Windows]] = {
    "ecoli-coding": lambda: coding("ecoli"),
    "yeast-coding": lambda: coding("yeast"),
    "yeast-expression": expression,
    "promoter-tata": _gue(
        "prom_core_tata",
        "Human core promoters with TATA box",
        "human",
        "70 bases around transcription starts with a TATA box against other sequence (GUE).",
    ),
    "tf-mouse-2": _gue(
        "mouse_2",
        "Transcription-factor binding, mouse 2",
        "mouse",
        "101 bases bound by a factor against others (GUE, third mouse set).",
    ),
    "tf-human-0": _gue(
        "tf_0",
        "Transcription-factor binding, human 0",
        "human",
        "101 bases bound by a factor against others (GUE, first human set).",
    ),
    "enhancer": lambda: _labelled(
        "enhancers_liu",
        "windows",
        name="enhancer/liu2016",
        title="Human enhancers",
        species="human",
        words="200 bases of enhancers by chromatin state against others.",
    ),
}
"""Name of a task of transfer → how it is built."""


def load(name: str) -> Windows:
    """A task by name. Raises: BadInput: unknown. sources.Missing: its files are not to be had."""
    if name not in SETS:
        raise unknown("set of windows", name, SETS)
    return SETS[name]()


def membership(windows: np.ndarray, *, k: int = WORD) -> sparse.csr_array:
    """Which words of ``k`` bases each window holds, either strand, (n, words) 0 or 1."""
    held = [np.unique(genomes.words(w, k)) for w in windows]
    held = [w[w != np.iinfo(np.uint64).max] for w in held]
    flat = np.concatenate(held)
    known, column = np.unique(flat, return_inverse=True)
    start = np.cumsum([0, *map(len, held)])
    return sparse.csr_array(
        (np.ones(len(flat), np.int8), column, start), shape=(len(windows), len(known))
    )


def families(windows: np.ndarray) -> np.ndarray:
    """Number of the family of each window: those that share a word of ``WORD`` bases, directly or by others, (n,)."""
    held = membership(windows, k=WORD)
    return csgraph.connected_components(held @ held.T, directed=False)[1]


def sides(task: Windows, split: str, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows trained on and tested on. ``published``: as the data set says (the same for every seed). ``random``: a fifth
    is tested. ``spectral``: no window of test shares a word of ``WORD`` bases with one of train (λ = 1), for which many
    windows are left out. ``matched``: drawn at random, as many on each side as in the spectral split of that seed.

    Raises: BadInput: unknown split, or a task without a published one.
    """
    if split not in SPLITS:
        raise unknown("split of windows", split, SPLITS)
    if split == "published":
        if not task.test.any():
            raise BadInput(f"task '{task.name}' has no published split; take random or spectral.")
        return np.flatnonzero(~task.test), np.flatnonzero(task.test)
    from ..spectra import properties, splits

    graph = properties.shared_mutations(membership(task.codes))
    made = splits.split(graph, 0.0 if split == "random" else 1.0, seed=seed)
    if split == "matched":
        order, n = np.random.default_rng(seed).permutation(len(task)), len(made.train)
        return np.sort(order[:n]), np.sort(order[n : n + len(made.test)])
    return made.train, made.test
