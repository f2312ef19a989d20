"""Ways to divide genes into folds.

Each takes a ``Task``, what was looked up (a sequence with a value a gene, or None), the number of
folds and a seed, and returns the fold of each gene, an int8 array of shape (n,).
"""

from functools import cache

import numpy as np

from ..core.errors import BadInput


class Unsplittable(BadInput):
    """A task that cannot be divided into these folds; the other tasks go on."""


@cache
def _grouped():
    """scikit-learn's folds, found ten times faster: the trial of a group in every fold at once."""
    from sklearn.model_selection import StratifiedGroupKFold

    class Grouped(StratifiedGroupKFold):
        def _find_best_fold(self, y_counts_per_fold, y_cnt, group_y_counts):
            share = y_counts_per_fold / y_cnt
            trial = np.repeat(share[None], self.n_splits, axis=0)  # (candidate, fold, class)
            at = np.arange(self.n_splits)
            trial[at, at] = (y_counts_per_fold + group_y_counts) / y_cnt
            uneven = trial.std(axis=1).mean(axis=1).tolist()
            best, least, fewest = 0, np.inf, np.inf
            for i, (value, size) in enumerate(zip(uneven, y_counts_per_fold.sum(axis=1).tolist())):
                close = abs(value - least) <= 1e-8 + 1e-5 * abs(least)  # np.isclose
                if value < least or (least < np.inf and close and size < fewest):
                    best, least, fewest = i, value, size
            return best

    return Grouped


def _strata(task):
    return task.labels if task.kind in ("binary", "multiclass", "pair") else None


def _number(kind, task, *labels):
    fold = np.full(len(task), -1, dtype=np.int8)
    for i, (_, test) in enumerate(kind.split(task.entities, *labels)):
        fold[test] = i
    assert (fold >= 0).all()
    return fold


def at_random(task, groups, n_folds, seed):
    """Folds at random, stratified where there is one class a gene."""
    from sklearn.model_selection import KFold, StratifiedKFold

    strata = _strata(task)
    kind = KFold if strata is None else StratifiedKFold
    return _number(kind(n_folds, shuffle=True, random_state=seed), task, strata)


def by_group(what, *, as_they_are=False):
    """A split that keeps groups whole, of like size, stratified where there is one class a gene."""

    def split(task, groups, n_folds, seed):
        from sklearn.model_selection import GroupKFold

        number, strata = len(set(groups)), _strata(task)
        if number < n_folds:
            raise Unsplittable(
                f"its genes are of {number} {what} only, where {n_folds} folds need as many; take "
                "another split"
            )
        kind = GroupKFold if as_they_are and strata is None else _grouped()
        strata = np.zeros(len(task), dtype=int) if strata is None else strata
        try:
            fold = _number(kind(n_folds, shuffle=True, random_state=seed), task, strata, groups)
        except ValueError:
            raise Unsplittable(
                f"no class has {n_folds} genes, one for each fold; take fewer folds"
            ) from None
        if len(np.unique(fold)) < n_folds:
            raise Unsplittable(
                f"its largest {what} leaves a fold without genes; take another split"
            )
        assert len(set(zip(groups, fold.tolist()))) == number, f"a {what} is on both sides"
        return fold

    return split


def as_published(task, groups, n_folds, seed):
    """Folds that were published with the task: its holdout is tested, all other parts train."""
    if task.folds is None:
        raise Unsplittable("no folds were published with it; take another split")
    return task.folds


def in_order(task, value, n_folds, seed):
    """Folds of like size from the lowest value to the highest; the seed divides equal ones."""
    order = np.lexsort((np.random.default_rng(seed).random(len(value)), value))
    fold = np.empty(len(value), dtype=np.int8)
    fold[order] = np.arange(len(value)) * n_folds // len(value)
    return fold


def from_new_to_old(task, days, n_folds, seed):
    """Folds by the day (YYYYMMDD) of each gene, the newest first."""
    if not len(days):
        raise Unsplittable(
            f"its source '{task.source}' has no dates of annotation (goa has); take another split"
        )
    if len(set(days)) < n_folds:
        raise Unsplittable(
            f"its genes were first annotated on {len(set(days))} days only, where {n_folds} "
            "folds need as many; take another split"
        )
    return in_order(task, [-day for day in days], n_folds, seed)
