"""Folds: seeded, balanced, and with whole families on one side."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from genebench import genes, splits
from genebench.errors import BadInput

KINDS = ("binary", "multiclass", "multilabel", "regression")


@pytest.fixture
def task(make_task):
    """A task of each kind on 300 genes in 50 families, made to order."""

    def make(kind: str):
        rng = np.random.default_rng(5)
        labels = {
            "binary": rng.integers(0, 2, 300),
            "multiclass": rng.integers(0, 4, 300),
            "multilabel": rng.integers(0, 2, (300, 3)),
            "regression": rng.standard_normal(300),
        }
        return make_task(kind, labels[kind])

    return make


@pytest.mark.parametrize("split", splits.SPLITS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_gene_is_tested_exactly_once_and_folds_are_of_like_size(task, kind, split):
    fold = splits.folds(task(kind), split, n_folds=5, seed=1)
    assert fold.shape == (300,) and fold.dtype == np.int8
    sizes = np.bincount(fold, minlength=5)
    assert len(sizes) == 5 and sizes.min() >= 45 and sizes.max() <= 75


@pytest.mark.parametrize("split", splits.SPLITS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_folds_and_another_seed_others(task, kind, split):
    first, again, other = (splits.folds(task(kind), split, n_folds=5, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_repeats_differ(task):
    a, b = (splits.folds(task("binary"), "random", n_folds=5, seed=1, repeat=r) for r in (0, 1))
    assert (a != b).any()


@pytest.mark.parametrize("kind", KINDS)
def test_no_family_is_on_both_sides_of_a_family_split(task, kind):
    made = task(kind)
    fold = splits.folds(made, "family", n_folds=5, seed=1)
    sides = {}
    for stem, f in zip(genes.stems(made.entities), fold):
        sides.setdefault(stem, set()).add(int(f))
    assert len(sides) == 50 and all(len(s) == 1 for s in sides.values())


def test_a_random_split_does_part_families(task):
    made = task("binary")
    fold = splits.folds(made, "random", n_folds=5, seed=1)
    assert any(len({f for s, f in zip(genes.stems(made.entities), fold) if s == stem}) > 1 for stem in ("BBB", "BBC"))


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_a_random_split_gives_each_fold_its_share_of_each_class(task, kind):
    made = task(kind)
    fold = splits.folds(made, "random", n_folds=5, seed=1)
    for c in np.unique(made.labels):
        per = np.bincount(fold[made.labels == c], minlength=5)
        assert per.max() - per.min() <= 1


def test_folds_depend_on_genes_and_labels_and_not_on_the_name_of_the_task(make_task):
    labels = np.tile([0, 1, 1], 40)
    a, b = make_task("binary", labels, name="a/a"), make_task("binary", labels, name="b/b")
    for split in splits.SPLITS:
        np.testing.assert_array_equal(
            splits.folds(a, split, n_folds=4, seed=3), splits.folds(b, split, n_folds=4, seed=3)
        )


def test_an_unknown_split_is_answered_with_the_nearest(task):
    with pytest.raises(BadInput, match="unknown split 'familly'; did you mean 'family'"):
        splits.folds(task("binary"), "familly", n_folds=5, seed=1)


GOLDEN = {"random": "9d0e4e957388ab30", "family": "92abffd73f67884f"}
"""Hash of the folds of a task of each kind. They change only with ``splits.VERSION``: published scores rest on them."""


@pytest.mark.parametrize("split", splits.SPLITS)
def test_the_folds_are_those_that_published_scores_rest_on(task, split):
    held = b"".join(splits.folds(task(kind), split, n_folds=5, seed=20241205).tobytes() for kind in KINDS)
    assert splits.VERSION == 1
    assert hashlib.sha256(held).hexdigest()[:16] == GOLDEN[split]
