"""Seeded folds. Every model gets the same ones, because they depend on the task alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from ..core import specs
from ..core.errors import BadInput, unknown
from ..data import families, gene_sets, genes, proteins
from ..data.labels import Declaration
from ..data.tasks import Task

VERSION = 1
DATE_VERSION = 1
"""Bump when ``date`` gives other folds for the same annotations."""


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


class Unsplittable(BadInput):
    """A task that cannot be cut into these folds; the other tasks go on."""


def _strata(task: Task) -> np.ndarray | None:
    return task.labels if task.kind in ("binary", "multiclass", "pair") else None


def random(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds at random, stratified by class where there is one class per gene. Returns fold of each gene, (n,) int8."""
    strata = _strata(task)
    kind = KFold if strata is None else StratifiedKFold
    return _number(
        kind(n_folds, shuffle=True, random_state=seed).split(task.entities, strata), len(task)
    )


def stem(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds that keep genes of one symbol stem together, so that no relative by symbol is on both sides. (n,) int8."""
    strata, groups = _strata(task), families.stems(task.entities)
    kind = GroupKFold if strata is None else _Grouped
    fold = _number(
        kind(n_folds, shuffle=True, random_state=seed).split(task.entities, strata, groups),
        len(task),
    )
    return _whole(groups, fold, "stem")


def family(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds that keep families whole (``families.families`` by HGNC's gene groups and stems together). (n,) int8."""
    return _grouped(task, groups or groups_of("family", task.entities), n_folds, seed, "family")


def chromosome(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds of whole chromosomes, so that neighbours and tandem copies are on one side. (n,) int8.

    Genes whose chromosome is not known (older names, genes that are not placed) are a group of their own: they are
    tested once like all others, in one fold, so that every split scores the same genes. One of them can be a
    neighbour of a gene in another fold; of the paper's universe there is none. Genes on X and Y are on X.
    """
    return _grouped(
        task, groups or groups_of("chromosome", task.entities), n_folds, seed, "chromosome"
    )


def study(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds by how much is known of a gene, from the least (fold 0) to the most (last fold). (n,) int8.

    The measure is the number of Gene Ontology terms (``genes.annotation_count``); equal counts are parted by the seed.
    Fold 0 is the little-studied share 1/n_folds of the genes, predicted from all the better studied ones: the score
    that says what a model knows beyond the literature is that of fold 0. Folds are not stratified: that fewer of the
    little-studied genes are positive is part of the question.
    """
    return _in_order(groups or groups_of("study", task.entities), n_folds, seed)


def similarity(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds that keep genes with alike proteins together (``homology.groups``), whatever they are called. (n,) int8.

    Genes without a protein in the reference proteome are each by themselves. A group larger than a fold has a fold to
    itself and is never cut; one that leaves a fold without genes makes the task unsplittable.
    """
    return _grouped(
        task, groups or groups_of("similarity", task.entities), n_folds, seed, "protein group"
    )


def date(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds by when a gene was first annotated, from the newest (fold 0) to the oldest (last fold). (n,) int8.

    The date is the earliest of the annotations that the task is cut from (of its aspect, not of its term alone: all
    tasks of an aspect share their folds); equal dates are parted by the seed. Fold 0 is the temporal hold-out: the
    share 1/n_folds of the genes that had no such annotation when all the others had one, as the targets without
    knowledge of CAFA (Radivojac et al. 2013). The other folds are scored too, but are trained also on what came later.
    Folds are not stratified, as those of ``study`` are not.

    The Gene Ontology dates an annotation by its last review, and what no curator has seen (IEA) by its release: a gene
    that was looked at again, or has no other annotations, can stand among the newer ones without being new. Labels are
    those of today in every fold: of an older gene, too, some were not known at the time.

    Raises: Unsplittable: the task's source has no dates, or fewer than folds.
    """
    first = _dated(task) if groups is None else groups
    if not len(first):
        raise Unsplittable(
            f"its source '{task.source}' has no dates of annotation (goa has); take another split"
        )
    if len(set(first)) < n_folds:
        raise Unsplittable(
            f"its genes were first annotated on {len(set(first))} days only, where {n_folds} folds need as many; take "
            f"another split"
        )
    return _in_order([-day for day in first], n_folds, seed)


def _in_order(value: Sequence[int], n_folds: int, seed: int) -> np.ndarray:
    """Folds of like size from the lowest value to the highest; equal ones are parted by the seed."""
    order = np.lexsort((np.random.default_rng(seed).random(len(value)), value))
    fold = np.empty(len(value), dtype=np.int8)
    fold[order] = np.arange(len(value)) * n_folds // len(value)
    return fold


def groups(task: Task, split: str) -> list | None:
    """What a split looks up for a task's genes in a table, to be given to ``folds``; None where it looks up nothing.

    It is the same for all tasks that share their genes; dates are those of the task's entry, and none where its source
    has none. Raises: sources.Missing: see ``lacking``.
    """
    if split in ("random", "stem"):
        return None
    if split == "date":
        return _dated(task)
    return groups_of(
        split, task.entities if task.kind != "pair" else np.unique(np.concatenate(task.parts))
    )


def groups_of(split: str, symbols: np.ndarray) -> list:
    """Family, group of alike proteins, chromosome or number of annotations of each symbol, in their order."""
    return _looked_up(split, tuple(symbols.tolist()))


@lru_cache(maxsize=8)
def _looked_up(split: str, symbols: tuple[str, ...]) -> list:
    """What ``groups_of`` gives; tasks that share their genes share the look-up."""
    if split == "family":
        return families.families(symbols, specs.sources())
    if split == "similarity":
        return proteins.groups(symbols, specs.sources())
    if split == "study":
        return genes.annotation_count(symbols, specs.sources()).tolist()
    resolver = genes.resolver(specs.sources())
    return resolver.chromosome(resolver.approved(symbols)).tolist()


def _dated(task: Task) -> list[int]:
    """Date of each gene of a task (YYYYMMDD; 0, the oldest, where it has none); empty where its source has no dates."""
    try:
        held = specs.source(task.source).tasks
    except BadInput:  # a user's own sets, or a task that was made up
        return []
    entry = next((e.name for e in held if f"{task.name}/".startswith(f"{e.name}/")), "")
    return _first_dates(task.source, entry, tuple(task.entities.tolist())) if entry else []


@lru_cache(maxsize=8)
def _first_dates(source: str, entry: str, symbols: tuple[str, ...]) -> list[int]:
    """Dates of an entry's genes; its tasks, which share their genes, share the look-up."""
    spec = specs.source(source)
    declared = next(e for e in spec.tasks if e.name == entry)
    first = gene_sets.dates(Declaration(spec, declared, specs.sources()))
    return [] if first is None else first.reindex(symbols, fill_value=0).tolist()


def _grouped(task: Task, groups: Sequence[str], n_folds: int, seed: int, what: str) -> np.ndarray:
    """Folds of whole groups, of like size, stratified by class where there is one class per gene."""
    if len(set(groups)) < n_folds:
        raise Unsplittable(
            f"its genes are of {len(set(groups))} {what} only, where {n_folds} folds need as many; take another split"
        )
    strata = _strata(task)
    strata = np.zeros(len(task), dtype=int) if strata is None else strata
    try:
        parts = _Grouped(n_folds, shuffle=True, random_state=seed).split(
            task.entities, strata, groups
        )
        fold = _number(parts, len(task))
    except ValueError:
        raise Unsplittable(
            f"no class has {n_folds} genes, one for each fold; take fewer folds"
        ) from None
    if len(np.unique(fold)) < n_folds:
        raise Unsplittable(f"its largest {what} leaves a fold without genes; take another split")
    return _whole(groups, fold, what)


def _whole(groups: Sequence[str], fold: np.ndarray, what: str) -> np.ndarray:
    """The folds, once it is certain that no group is in two of them."""
    sides = {}
    for group, f in zip(groups, fold):
        assert sides.setdefault(group, f) == f, (
            f"{what} '{group}' is on both sides of a {what} split"
        )
    return fold


def _number(split, n: int) -> np.ndarray:
    fold = np.full(n, -1, dtype=np.int8)
    for i, (_, test) in enumerate(split):
        fold[test] = i
    assert (fold >= 0).all()
    return fold


_ALL = (random, stem, family, similarity, chromosome, study, date)
SPLITS: dict[str, Callable[..., np.ndarray]] = {f.__name__: f for f in _ALL}
"""What is kept out of training: relatives, neighbours, what is better known, and what was known before."""

NEEDED = {
    **dict.fromkeys(("family", "chromosome"), "hgnc"),
    **dict.fromkeys(("study", "date"), "hgnc goa"),
    "similarity": "hgnc proteome",
}
"""Split → ids of the sources that its tables come from."""

FALLBACK = {"family": "stem"}
"""A split whose table is not at hand → the one that is run in its place, under its own name."""


def lacking(split: str) -> str:
    """Why a split cannot be made here, as a sentence that says what to fetch; an empty text where it can.

    Raises: BadInput: unknown split.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    try:
        fingerprint(split)
    except BadInput:
        return (
            f"the split '{split}' needs a table that is not at hand; run 'genebench fetch {NEEDED[split]}', or name a "
            f"folder that holds it in GENEBENCH_MIRROR."
        )
    return ""


def fingerprint(split: str) -> list | None:
    """What a split's folds depend on besides task and seed (rules, and the files read); None where there is nothing.

    Raises: sources.Missing: a file that the split reads is nowhere to be had.
    """
    if split == "random":
        return None
    if split == "stem":
        return [families.STEM_VERSION]
    held = [genes.fingerprint(specs.sources())]
    if split == "family":
        return held + [families.STEM_VERSION, families.FAMILY_VERSION]
    if split == "similarity":
        return held + [proteins.recipe(specs.sources())]
    if split == "date":
        return held + [DATE_VERSION, genes.fingerprint(specs.sources(), "goa")]
    if split == "study":
        sources = specs.sources()
        return held + [genes.fingerprint(sources, genes.annotations(sources))]
    return held


def prepare(
    chosen: Collection[str], *, jobs: int | None = None, say: Callable[[str], None] = print
) -> None:
    """Make what some splits read and what takes minutes, once for all processes, and keep it.

    Raises: sources.Missing: see ``lacking``.
    """
    if "similarity" in chosen and not proteins.ready(specs.sources()):
        say(
            "the split 'similarity': the proteins of the proteome are aligned, once for all runs; it takes minutes"
        )
        made = proteins.make(specs.sources(), jobs=jobs)
        say(
            f"{made['genes']:,} genes with a protein, {made['groups']:,} groups, the largest of {made['largest']:,}"
        )


def folds(
    task: Task, split: str, *, n_folds: int, seed: int, repeat: int = 0, groups: list | None = None
) -> np.ndarray:
    """Fold (0 … n_folds − 1) of each entity of a task, (n,) int8: where it is tested; it is trained on in the others.

    Pairs are cut at random like any entity, or, by every other split, so that no gene (nor its group) is on both sides:
    genes are cut, and a pair whose genes fall into two folds has fold −1 and is left out of training and test.
    ``groups``: what the function of that name gives for the task; None: it is looked up.
    Raises: BadInput: unknown split. Unsplittable: fewer groups than folds. sources.Missing: see ``lacking``.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    if task.kind != "pair" or split == "random":
        return SPLITS[split](task, n_folds, seed + 1000 * repeat, groups)
    genes = np.unique(np.concatenate(task.parts))
    alone = replace(
        task, kind="regression", entities=genes, labels=np.zeros(len(genes)), classes=()
    )
    of_gene = SPLITS[split](alone, n_folds, seed + 1000 * repeat, groups)
    first, second = (of_gene[np.searchsorted(genes, part)] for part in task.parts)
    return np.where(first == second, first, -1).astype(np.int8)
