"""Seeded folds. Every model gets the same ones, because they depend on the task alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from ..core.errors import BadInput, unknown
from ..core.specs import SourceSpec, TaskSpec
from ..core.workers import Say
from ..data import families, gene_sets, genes, proteins
from ..data.labels import Declaration
from ..data.tasks import Task

VERSION = 1
DATE_VERSION = 1
"""Bump when ``date`` gives other folds for the same annotations."""

Sources = Mapping[str, SourceSpec]


class Unsplittable(BadInput):
    """A task that cannot be divided into these folds; the other tasks go on."""


class _Grouped(StratifiedGroupKFold):
    """scikit-learn's folds, found ten times faster: the trial of a group in every fold at once."""

    def _find_best_fold(self, y_counts_per_fold, y_cnt, group_y_counts):
        share = y_counts_per_fold / y_cnt
        trial = np.repeat(share[None], self.n_splits, axis=0)  # (candidate, fold, class)
        at = np.arange(self.n_splits)
        trial[at, at] = (y_counts_per_fold + group_y_counts) / y_cnt
        uneven = trial.std(axis=1).mean(axis=1).tolist()
        best, least, fewest = 0, np.inf, np.inf
        for i, (value, size) in enumerate(zip(uneven, y_counts_per_fold.sum(axis=1).tolist())):
            close = least < np.inf and abs(value - least) <= 1e-8 + 1e-5 * abs(least)  # np.isclose
            if value < least or (close and size < fewest):
                best, least, fewest = i, value, size
        return best


# --- the splits: (task, what is looked up for its genes, number of folds, seed) -> folds ----------


def _random(task: Task, groups: None, n_folds: int, seed: int) -> np.ndarray:
    strata = _strata(task)
    kind = KFold if strata is None else StratifiedKFold
    return _number(kind(n_folds, shuffle=True, random_state=seed), task, strata)


def _stem(task: Task, groups: None, n_folds: int, seed: int) -> np.ndarray:
    strata, groups = _strata(task), families.stems(task.entities)
    kind = GroupKFold if strata is None else _Grouped
    fold = _number(kind(n_folds, shuffle=True, random_state=seed), task, strata, groups)
    return _checked(groups, fold, "stem")


def _by_group(what: str) -> Callable[..., np.ndarray]:
    """A split that keeps groups whole, of like size, stratified where there is one class a gene."""

    def split(task: Task, groups: Sequence[str], n_folds: int, seed: int) -> np.ndarray:
        number = len(set(groups))
        if number < n_folds:
            raise Unsplittable(
                f"its genes are of {number} {what} only, where {n_folds} folds need as many; take "
                "another split"
            )
        strata = _strata(task)
        strata = np.zeros(len(task), dtype=int) if strata is None else strata
        try:
            kind = _Grouped(n_folds, shuffle=True, random_state=seed)
            fold = _number(kind, task, strata, groups)
        except ValueError:
            raise Unsplittable(
                f"no class has {n_folds} genes, one for each fold; take fewer folds"
            ) from None
        if len(np.unique(fold)) < n_folds:
            raise Unsplittable(
                f"its largest {what} leaves a fold without genes; take another split"
            )
        return _checked(groups, fold, what)

    return split


def _study(task: Task, groups: Sequence[int], n_folds: int, seed: int) -> np.ndarray:
    return _in_order(groups, n_folds, seed)


def _date(task: Task, groups: Sequence[int], n_folds: int, seed: int) -> np.ndarray:
    if not len(groups):
        raise Unsplittable(
            f"its source '{task.source}' has no dates of annotation (goa has); take another split"
        )
    if len(set(groups)) < n_folds:
        raise Unsplittable(
            f"its genes were first annotated on {len(set(groups))} days only, where {n_folds} "
            "folds need as many; take another split"
        )
    return _in_order([-day for day in groups], n_folds, seed)


SPLITS: dict[str, Callable[..., np.ndarray]] = {
    "random": _random,
    "stem": _stem,
    "family": _by_group("family"),
    "similarity": _by_group("protein group"),
    "chromosome": _by_group("chromosome"),
    "study": _study,
    "date": _date,
}
"""Name of a split -> its function.

``random``
    Stratified by class where there is one class per gene.
``stem``
    Genes of one symbol stem stay together: no relative by symbol is on both sides.
``family``
    Families stay whole (``families.families``: HGNC's gene groups and stems together).
``similarity``
    Genes with similar proteins stay together (``proteins.groups``), whatever they are called. Genes
    without a protein in the reference proteome are each by themselves. A group larger than a fold
    has a fold to itself.
``chromosome``
    Whole chromosomes, so that neighbours and tandem copies are on one side. Genes whose chromosome
    is not known are a group of their own, tested in one fold, so that every split scores the same
    genes. X and Y are one.
``study``
    By the number of Gene Ontology terms of a gene (``genes.annotation_count``), from the least
    studied (fold 0) to the most; equal counts are divided by the seed. Not stratified: that fewer
    of the little-studied genes are positive is part of the question. The score of fold 0 says what
    a model knows beyond the literature.
``date``
    By the first annotation of a gene, from the newest (fold 0) to the oldest. The date is the
    earliest of the annotations of the task's aspect, so that all its tasks share their folds. Fold
    0 is a temporal hold-out like the targets without knowledge of CAFA (Radivojac et al. 2013). The
    Gene Ontology dates an annotation by its last review and electronic ones by their release, so
    that a gene that was looked at again can stand among the newer ones.
"""

NEEDED = {
    **dict.fromkeys(("family", "chromosome"), "hgnc"),
    **dict.fromkeys(("study", "date"), "hgnc goa"),
    "similarity": "hgnc proteome",
}
"""Split -> ids of the sources that its tables come from."""

FALLBACK = {"family": "stem"}
"""A split whose table is not at hand -> the one that is run in its place, under its own name."""


def folds(
    task: Task, split: str, *, n_folds: int, seed: int, sources: Sources, repeat: int = 0
) -> np.ndarray:
    """Assign the entities of a task to folds.

    Pairs are divided at random like any entity, or, by every other split, so that no gene (nor its
    group) is on both sides: genes are divided, and a pair whose genes fall into two folds has fold
    −1: it is in no train or test part.

    Parameters
    ----------
    task : Task
    split : str
        Of ``SPLITS``.
    n_folds, seed, repeat : int
        Repeats have seeds of their own.
    sources : mapping of str to SourceSpec
        Where the tables of the split are looked up.

    Returns
    -------
    ndarray of int8, shape (n,)
        Fold, 0 to n_folds − 1, in which each entity is tested; it is trained on in the others.

    Raises
    ------
    BadInput
        Unknown split.
    Unsplittable
        Fewer groups than folds.
    sources.Missing
        See ``lacking``.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    groups = look_up(task, split, sources)
    return assign(task, split, groups, n_folds, seed_of(seed, repeat))


def seed_of(seed: int, repeat: int) -> int:
    """Seed of a repeat."""
    return seed + 1000 * repeat


def assign(task: Task, split: str, groups: list | None, n_folds: int, seed: int) -> np.ndarray:
    """Fold of each row, (n,); of pairs by their members, −1 where these are of two folds."""
    if task.kind != "pair" or split == "random":
        return SPLITS[split](task, groups, n_folds, seed)
    members = np.unique(np.concatenate(task.parts))
    nothing = {"kind": "regression", "labels": np.zeros(len(members)), "classes": ()}
    fold = SPLITS[split](replace(task, entities=members, **nothing), groups, n_folds, seed)
    first, second = (fold[np.searchsorted(members, part)] for part in task.parts)
    return np.where(first == second, first, -1).astype(np.int8)


def look_up(task: Task, split: str, sources: Sources) -> list | None:
    """Look up what a split needs to know of the genes of a task.

    Family, chromosome, number or date of annotations.

    Parameters
    ----------
    task : Task
    split : str
    sources : mapping of str to SourceSpec

    Returns
    -------
    list or None
        One value per gene (of pairs: per distinct gene); dates are YYYYMMDD, 0 where a gene has
        none, and an empty list where the source has none. None where the split looks up nothing.

    Raises
    ------
    sources.Missing
        See ``lacking``.
    """
    if split in ("random", "stem"):
        return None
    symbols = task.entities if task.kind != "pair" else np.unique(np.concatenate(task.parts))
    if split == "family":
        return families.families(symbols, sources)
    if split == "similarity":
        return proteins.groups(symbols, sources)
    if split == "study":
        return genes.annotation_count(symbols, sources).tolist()
    if split == "chromosome":
        resolver = genes.resolver(sources)
        return resolver.chromosome(resolver.approved(symbols)).tolist()
    return _dates(task, sources)


def entry_of(task: Task, sources: Sources) -> TaskSpec | None:
    """The declaration that a task comes from; None of a task that was made up."""
    entries = sources[task.source].tasks if task.source in sources else []
    return next((e for e in entries if f"{task.name}/".startswith(f"{e.name}/")), None)


def _dates(task: Task, sources: Sources) -> list[int]:
    entry = entry_of(task, sources)
    first = None
    if entry:
        first = gene_sets.dates(Declaration(sources[task.source], entry, sources))
    return [] if first is None else first.reindex(task.entities, fill_value=0).tolist()


def lacking(split: str, sources: Sources) -> str:
    """Say why a split cannot be made here.

    Parameters
    ----------
    split : str
    sources : mapping of str to SourceSpec

    Returns
    -------
    str
        A sentence that says what to fetch; empty where it can be made.

    Raises
    ------
    BadInput
        Unknown split.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    try:
        fingerprint(split, sources)
    except BadInput:
        return (
            f"the split '{split}' needs a table that is not at hand; run 'genebench fetch "
            f"{NEEDED[split]}', or name a folder that holds it in GENEBENCH_MIRROR."
        )
    return ""


def fingerprint(split: str, sources: Sources) -> list | None:
    """Tell what the folds of a split depend on besides task and seed.

    Rules, and the files that are read.

    Parameters
    ----------
    split : str
    sources : mapping of str to SourceSpec

    Returns
    -------
    list or None
        Values for a recipe; None where there is nothing.

    Raises
    ------
    sources.Missing
        A file that the split reads is nowhere to be had.
    """
    if split == "random":
        return None
    if split == "stem":
        return [families.STEM_VERSION]
    table = [genes.fingerprint(sources)]
    if split == "family":
        return [*table, families.STEM_VERSION, families.FAMILY_VERSION]
    if split == "similarity":
        return [*table, proteins.recipe(sources)]
    if split == "date":
        return [*table, DATE_VERSION, genes.fingerprint(sources, "goa")]
    if split == "study":
        return [*table, genes.fingerprint(sources, genes.annotations(sources))]
    return table


def prepare(
    chosen: Collection[str], sources: Sources, *, jobs: int | None = None, say: Say = print
) -> None:
    """Make, once for all processes, what some splits read and what takes minutes.

    Parameters
    ----------
    chosen : collection of str
        Names of splits.
    sources : mapping of str to SourceSpec
    jobs : int, optional
        Processes.
    say : callable, optional

    Raises
    ------
    sources.Missing
        See ``lacking``.
    """
    if "similarity" in chosen and not proteins.ready(sources):
        say(
            "the split 'similarity': the proteins of the proteome are aligned, once for all runs; "
            "it takes minutes"
        )
        facts = proteins.make(sources, jobs=jobs)
        say(
            f"{facts['genes']:,} genes with a protein, {facts['groups']:,} groups, the largest of "
            f"{facts['largest']:,}"
        )


def _strata(task: Task) -> np.ndarray | None:
    return task.labels if task.kind in ("binary", "multiclass", "pair") else None


def _in_order(value: Sequence[int], n_folds: int, seed: int) -> np.ndarray:
    """Folds of like size from the lowest value to the highest; the seed divides equal ones."""
    order = np.lexsort((np.random.default_rng(seed).random(len(value)), value))
    fold = np.empty(len(value), dtype=np.int8)
    fold[order] = np.arange(len(value)) * n_folds // len(value)
    return fold


def _checked(groups: Sequence[str], fold: np.ndarray, what: str) -> np.ndarray:
    """The folds, once it is certain that no group is in two of them."""
    sides = {}
    for group, f in zip(groups, fold):
        assert sides.setdefault(group, f) == f, f"{what} '{group}' is on both sides of a split"
    return fold


def _number(kind, task: Task, *labels) -> np.ndarray:
    fold = np.full(len(task), -1, dtype=np.int8)
    for i, (_, test) in enumerate(kind.split(task.entities, *labels)):
        fold[test] = i
    assert (fold >= 0).all()
    return fold
