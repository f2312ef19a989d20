"""Windows of DNA with a label: the tasks of transfer, and which windows are alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from genebench.core.errors import BadInput, unknown
from genebench.core.specs import SourceSpec
from genebench.data import sources as files
from genebench.glm import codes, genomes
from genebench.glm.design import PROMOTER
from genebench.glm.tables.windows import WORD as WORD
from genebench.glm.tables.windows import families as families
from genebench.glm.tables.windows import membership

GROUP = "DNA windows"
FLANK = 17
"""Bases of the reporter's constant flank before a yeast promoter."""
SPLITS = ("published", "random", "matched", "spectral")
MOST = 1000
"""Windows of a task, at most."""


@dataclass(frozen=True, eq=False)
class Windows:
    """A task: windows of DNA with a label each.

    Attributes
    ----------
    name : str
    kind : {"binary", "regression"}
    species : str
        Whose DNA.
    codes : ndarray of uint8, (n, L)
        N behind shorter ones.
    label : ndarray, (n,)
        Class 0 or 1, or a number.
    test : ndarray of bool, (n,)
        Whether the published split tests it; all False where there is none.
    """

    name: str
    kind: str
    species: str
    codes: np.ndarray
    label: np.ndarray
    test: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)


def stack(texts: Iterable[str]) -> np.ndarray:
    """Encode sequences as one array.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    ndarray of uint8, (n, longest)
        N behind the shorter ones.
    """
    texts = list(texts)
    longest = max(map(len, texts))
    return np.stack([codes.encode(t.ljust(longest, "N")) for t in texts])


def subsample(test: np.ndarray, most: int = MOST, *, seed: int = 0) -> np.ndarray:
    """Draw rows, at most a quarter of them from those that the published split tests.

    Parameters
    ----------
    test : ndarray of bool, (n,)
        Whether the published split tests each row.
    most : int
        Rows, at most.
    seed : int

    Returns
    -------
    ndarray of int
        Ascending.
    """
    order = np.random.default_rng(seed).permutation(len(test))
    tested = order[test[order]][: most // 4]
    return np.sort(np.r_[tested, order[~test[order]][: most - len(tested)]])


def _classes(sources, *, source: str, file: str, name: str, species: str) -> Windows:
    rows = files.table(sources[source], file).drop_duplicates("sequence")
    rows = rows.iloc[subsample(rows.split.eq("test").to_numpy())]
    label, test = rows.label.astype(int).to_numpy(), rows.split.eq("test").to_numpy()
    return Windows(name, "binary", species, stack(rows.sequence), label, test)


def promoters(sources: Mapping[str, SourceSpec], *, fewest_reads: int) -> pd.DataFrame:
    """Yeast promoters in synthetic medium without the reporter's flanks, repeats averaged.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
    fewest_reads : int
        That a measurement must rest on.

    Returns
    -------
    DataFrame
        ``set, sequence`` (80 bases), ``expression`` (log).
    """
    rows = files.table(sources["yeast_mpra"], "promoters")
    reads = rows.n_reads.replace("", "0").astype(float)
    rows = rows[rows.condition.str.startswith("SC") & (reads >= fewest_reads)]
    inner = rows.sequence.str[FLANK : FLANK + PROMOTER]
    rows = rows.assign(sequence=inner, expression=rows.expression.astype(float))
    rows = rows[inner.str.fullmatch(f"[ACGT]{{{PROMOTER}}}")]
    return rows.groupby(["set", "sequence"], sort=True).expression.mean().reset_index()


def expression(sources: Mapping[str, SourceSpec]) -> Windows:
    """Log expression from native yeast promoters of 80 bp, 20 reads or more.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    Windows
        Regression.
    """
    rows = promoters(sources, fewest_reads=20)
    rows = rows[rows["set"] == "native"]
    rows = rows.iloc[subsample(np.zeros(len(rows), dtype=bool))]
    label, test = rows.expression.to_numpy(), np.zeros(len(rows), dtype=bool)
    name = "yeast-promoter/expression"
    return Windows(name, "regression", "yeast", stack(rows.sequence), label, test)


def coding(genome: genomes.Genome, *, length: int = 100, most: int = MOST // 2) -> Windows:
    """Windows of the test part that lie whole in coding sequence, or whole between genes.

    Parameters
    ----------
    genome : Genome
    length : int
        Bases.
    most : int
        Windows of a class.

    Returns
    -------
    Windows
        Binary; no duplicates of training sequence.

    Raises
    ------
    BadInput
        Fewer than 50 windows of a class.
    """
    rng, starts = np.random.default_rng(0), []
    clean = genome.fresh & (genome.codes < codes.N)
    for region in ("intergenic", "coding"):
        inside = clean & (genome.region == genomes.REGIONS.index(region))
        whole = np.convolve(inside, np.ones(length, dtype=int), "valid") == length
        grid = np.flatnonzero(whole[::length]) * length
        starts.append(np.sort(rng.permutation(grid)[:most]))
    sizes = list(map(len, starts))
    if min(sizes) < 50:
        raise BadInput(
            f"genome '{genome.spec.name}' has too few whole windows of {length} bases of one "
            "class; it needs features."
        )
    at, name = np.concatenate(starts), genome.spec.name
    windows, label = codes.windows(genome.codes, at, length), np.repeat([0, 1], sizes)
    return Windows(f"{name}/coding", "binary", name, windows, label, np.zeros(len(at), bool))


_gue = partial(_classes, source="gue")
SETS: dict[str, Callable[[Mapping[str, SourceSpec]], Windows]] = {
    "ecoli-coding": lambda sources: coding(genomes.load("ecoli", sources)),
    "yeast-coding": lambda sources: coding(genomes.load("yeast", sources)),
    "yeast-expression": expression,
    "promoter-tata": partial(
        _gue, file="prom_core_tata", name="gue/prom-core-tata", species="human"
    ),
    "tf-mouse-2": partial(_gue, file="mouse_2", name="gue/mouse-2", species="mouse"),
    "tf-human-0": partial(_gue, file="tf_0", name="gue/tf-0", species="human"),
    "enhancer": partial(
        _classes, source="enhancers_liu", file="windows", name="enhancer/liu2016", species="human"
    ),
}
"""Name of a task of transfer -> how it is built: coding against intergenic windows, expression from
yeast promoters, and of others (GUE: 70 bases around starts of transcription with a TATA box, 101
bases that a factor binds; 200 bases of enhancers by chromatin state)."""


def load(name: str, sources: Mapping[str, SourceSpec]) -> Windows:
    """Build a task.

    Parameters
    ----------
    name : str
        One of ``SETS``.
    sources : mapping of str to SourceSpec
        Declared sources by id.

    Returns
    -------
    Windows

    Raises
    ------
    BadInput
        Unknown task.
    sources.Missing
        A file that cannot be had.
    """
    if name not in SETS:
        raise unknown("set of windows", name, SETS)
    return SETS[name](sources)


def split(task: Windows, name: str, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of training and of test under a split.

    Parameters
    ----------
    task : Windows
    name : {"published", "random", "matched", "spectral"}
        As the data set says (the same for every seed); a fifth is tested; drawn at random, as many
        on each side as in the spectral split of that seed; no window of test shares a k-mer of
        ``WORD`` bases with one of train (spectral parameter 1), for which many are left out.
    seed : int

    Returns
    -------
    train, test : ndarray of int

    Raises
    ------
    BadInput
        Unknown split, or a task without a published one.
    """
    from genebench.spectra import properties, splits

    if name not in SPLITS:
        raise unknown("split of windows", name, SPLITS)
    if name == "published":
        if not task.test.any():
            raise BadInput(f"task '{task.name}' has no published split; take random or spectral.")
        return np.flatnonzero(~task.test), np.flatnonzero(task.test)
    graph = properties.shared_mutations(membership(task.codes))
    side = splits.split(graph, 0.0 if name == "random" else 1.0, seed=seed)
    train, test = (np.flatnonzero(side == k) for k in (1, 2))
    if name == "matched":
        order, n = np.random.default_rng(seed).permutation(len(task)), len(train)
        return np.sort(order[:n]), np.sort(order[n : n + len(test)])
    return train, test


def joined(sequences: list[np.ndarray]) -> np.ndarray:
    """Join sequences into one, with an N behind each, which no context or k-mer crosses.

    Parameters
    ----------
    sequences : list of ndarray of uint8

    Returns
    -------
    ndarray of uint8
    """
    gap = np.array([codes.N], dtype=np.uint8)
    return np.concatenate([piece for s in sequences for piece in (s, gap)])


def unlike(sequences: list[np.ndarray], others: list[np.ndarray], *, k: int = 16) -> np.ndarray:
    """Which sequences share no k-mer with any of the others, on either strand.

    Parameters
    ----------
    sequences, others : list of ndarray of uint8
    k : int
        Length of the k-mers.

    Returns
    -------
    ndarray of bool, (n_sequences,)
    """
    avoid = np.unique(codes.canonical(joined(others), k))
    shared = np.isin(codes.canonical(joined(sequences), k), avoid[avoid >= 0])
    ends = np.cumsum([len(s) + 1 for s in sequences])
    hit = np.searchsorted(ends, np.flatnonzero(shared), side="right")
    return ~np.isin(np.arange(len(sequences)), hit)
