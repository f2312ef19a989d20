"""Seeded folds. Every model gets the same ones, because they depend on the task alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from . import families, genes
from .errors import BadInput, unknown
from .tasks import Task

VERSION = 1


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
    return _number(kind(n_folds, shuffle=True, random_state=seed).split(task.entities, strata), len(task))


def stem(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds that keep genes of one symbol stem together, so that no relative by symbol is on both sides. (n,) int8."""
    strata, groups = _strata(task), families.stems(task.entities)
    kind = GroupKFold if strata is None else _Grouped
    fold = _number(kind(n_folds, shuffle=True, random_state=seed).split(task.entities, strata, groups), len(task))
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
    return _grouped(task, groups or groups_of("chromosome", task.entities), n_folds, seed, "chromosome")


def study(task: Task, n_folds: int, seed: int, groups: list | None = None) -> np.ndarray:
    """Folds by how much is known of a gene, from the least (fold 0) to the most (last fold). (n,) int8.

    The measure is the number of Gene Ontology terms (``genes.annotation_count``); equal counts are parted by the seed.
    Fold 0 is the little-studied share 1/n_folds of the genes, predicted from all the better studied ones: the score
    that says what a model knows beyond the literature is that of fold 0. Folds are not stratified: that fewer of the
    little-studied genes are positive is part of the question.
    """
    count = groups or groups_of("study", task.entities)
    order = np.lexsort((np.random.default_rng(seed).random(len(task)), count))
    fold = np.empty(len(task), dtype=np.int8)
    fold[order] = np.arange(len(task)) * n_folds // len(task)
    return fold


def groups(task: Task, split: str) -> list | None:
    """What a split looks up for a task's genes in a table, to be given to ``folds``; None where it looks up nothing.

    It is the same for all tasks that share their genes. Raises: sources.Missing: see ``lacking``.
    """
    if split in ("random", "stem"):
        return None
    return groups_of(split, task.entities if task.kind != "pair" else np.unique(np.concatenate(task.parts)))


def groups_of(split: str, symbols: np.ndarray) -> list:
    """Family, chromosome or number of annotations of each symbol, in their order."""
    return _looked_up(split, tuple(symbols.tolist()))


@lru_cache(maxsize=8)
def _looked_up(split: str, symbols: tuple[str, ...]) -> list:
    """Family, chromosome or number of annotations of each symbol; tasks that share their genes share the look-up."""
    if split == "family":
        return families.families(symbols)
    if split == "study":
        return genes.annotation_count(symbols).tolist()
    return genes.chromosome(genes.approved(symbols)).tolist()


def _grouped(task: Task, groups: Sequence[str], n_folds: int, seed: int, what: str) -> np.ndarray:
    """Folds of whole groups, of like size, stratified by class where there is one class per gene."""
    if len(set(groups)) < n_folds:
        raise Unsplittable(
            f"its genes are of {len(set(groups))} {what} only, where {n_folds} folds need as many; take another split"
        )
    strata = _strata(task)
    strata = np.zeros(len(task), dtype=int) if strata is None else strata
    try:
        parts = _Grouped(n_folds, shuffle=True, random_state=seed).split(task.entities, strata, groups)
        fold = _number(parts, len(task))
    except ValueError:
        raise Unsplittable(f"no class has {n_folds} genes, one for each fold; take fewer folds") from None
    if len(np.unique(fold)) < n_folds:
        raise Unsplittable(f"its largest {what} leaves a fold without genes; take another split")
    return _whole(groups, fold, what)


def _whole(groups: Sequence[str], fold: np.ndarray, what: str) -> np.ndarray:
    """The folds, once it is certain that no group is in two of them."""
    sides = {}
    for group, f in zip(groups, fold):
        assert sides.setdefault(group, f) == f, f"{what} '{group}' is on both sides of a {what} split"
    return fold


def _number(split, n: int) -> np.ndarray:
    fold = np.full(n, -1, dtype=np.int8)
    for i, (_, test) in enumerate(split):
        fold[test] = i
    assert (fold >= 0).all()
    return fold


SPLITS: dict[str, Callable[..., np.ndarray]] = {f.__name__: f for f in (random, stem, family, chromosome, study)}
"""From the easiest: relatives, neighbours and well-known genes are, one after another, kept out of training."""

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
        needed = "hgnc goa" if split == "study" else "hgnc"
        return (
            f"the split '{split}' needs a table that is not at hand; run 'genebench fetch {needed}', or name a folder "
            f"that holds it in GENEBENCH_MIRROR."
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
    held = [genes.fingerprint()]
    if split == "family":
        return held + [families.STEM_VERSION, families.FAMILY_VERSION]
    return held + [genes.fingerprint(genes.annotations())] if split == "study" else held


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
    alone = replace(task, kind="regression", entities=genes, labels=np.zeros(len(genes)), classes=())
    of_gene = SPLITS[split](alone, n_folds, seed + 1000 * repeat, groups)
    first, second = (of_gene[np.searchsorted(genes, part)] for part in task.parts)
    return np.where(first == second, first, -1).astype(np.int8)
