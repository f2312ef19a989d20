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
    """scikit-learn's folds, its trial of each group in each fold compiled, with equal rounding."""
    from numba import njit
    from sklearn.model_selection import StratifiedGroupKFold

    @njit(cache=True)
    def mean(values, contiguous):
        """In the order in which numpy adds along an axis."""
        total, whole = 0.0, len(values) // 8 * 8 if contiguous else 0
        if whole:
            eight = values[:8].copy()
            for i in range(8, whole):
                eight[i % 8] += values[i]
            a, b, c, d, e, f, g, h = eight
            total = ((a + b) + (c + d)) + ((e + f) + (g + h))
        for i in range(whole, len(values)):
            total += values[i]
        return total / len(values)

    @njit(cache=True)
    def best_fold(counts, of_class, group):
        n, classes = counts.shape
        uneven, trial = np.empty(classes), np.empty(n)
        best, least, fewest = 0, np.inf, np.inf
        for i in range(n):
            for c in range(classes):
                for k in range(n):
                    trial[k] = (counts[k, c] + (group[c] if k == i else 0)) / of_class[c]
                away = trial - mean(trial, classes == 1)
                uneven[c] = np.sqrt(mean(away * away, classes == 1))
            value, size = mean(uneven, True), counts[i].sum()
            close = abs(value - least) <= 1e-8 + 1e-5 * abs(least)  # np.isclose
            if value < least or (least < np.inf and close and size < fewest):
                best, least, fewest = i, value, size
        return best

    class Grouped(StratifiedGroupKFold):
        def _find_best_fold(self, y_counts_per_fold, y_cnt, group_y_counts):
            return best_fold(y_counts_per_fold, y_cnt, group_y_counts)

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
