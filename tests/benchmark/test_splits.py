"""Folds: seeded, balanced, and with whole families on one side."""

import functools
import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import CODING, COLUMNS, refused, run_tiny
from sklearn.model_selection import StratifiedGroupKFold

from genebench.benchmark import dividing, splits
from genebench.data import genes

MADE = [name for name in splits.SPLITS if name not in ("published", "prospective")]
"""Splits that are made here."""


@functools.cache
def tables():
    """A resolver of the made-up genes: two stems a gene group, 23 chromosomes, every 30th gene
    without one."""
    rows = []
    for i in range(300):
        f = i // 6
        name = "B{}{}{}".format(*("BCDEFGHJKL"[int(c)] for c in f"{f:02d}"), i % 6 + 1)
        place = "" if i % 30 == 0 else f"{i % 22 + 1}p1" if i % 7 else "Xq1"
        rows.append((f"HGNC:{i + 1}", name, "", "", "", "", "", place, f"{f // 2 + 1}", CODING))
    return genes.build(pd.DataFrame(rows, columns=COLUMNS), release="Made up")


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The made-up tables in place of those of HGNC and GOA."""
    monkeypatch.setattr(genes, "resolver", lambda sources: tables())

    def days(task, sources):
        return [20000101 + 10000 * (ord(n[2]) % 32 + (n[3] > "4")) for n in task.entities]

    def of(split, function):
        by_name = replace(splits.SPLITS[split], look_up=lambda names, _: [*map(function, names)])
        monkeypatch.setitem(splits.SPLITS, split, by_name)

    of("study", lambda name: len(name) + ord(name[2]) % 6)
    of("similarity", lambda name: name[:2] + name[3:])
    monkeypatch.setattr(splits, "_dates", days)


@pytest.fixture
def task(make_task):
    """A task of each kind on 300 genes in 50 families, made to order."""
    rng = np.random.default_rng(5)
    labels = {
        "binary": rng.integers(0, 2, 300),
        "multiclass": rng.integers(0, 4, 300),
        "multilabel": rng.integers(0, 2, (300, 3)),
        "regression": rng.standard_normal(300),
    }
    return lambda kind: make_task(kind, labels[kind])


GROUPS = {"stem": 50, "family": 25, "chromosome": 24, "similarity": 30}
"""Number of groups of the made-up genes; those without a chromosome are together."""


def test_a_task_of_too_few_dates_or_groups_cannot_be_split_by_them(task, make_task):
    few = make_task("binary", np.tile([0, 1], 30), size=20)  # three stems
    for made, split, given, why in (
        (task("binary"), "published", None, "no folds were published with it"),
        (task("binary"), "date", [], "its source 'made' has no dates of annotation"),
        (task("binary"), "date", [20010101, 20020101] * 150, "on 2 days only, where 5 folds need"),
        (few, "family", splits.look_up(few, "family", {}), "of 2 family only, where 5 folds need"),
    ):
        with pytest.raises(splits.Unsplittable, match=why):
            splits.assign(made, split, given, 5, 1)


GOLDEN = {
    "random": "9d0e4e957388ab30",
    "genes": "9d0e4e957388ab30",
    "stem": "92abffd73f67884f",
    "family": "e5ac6651270a5097",
    "chromosome": "ab77e6b23cb8fbb1",
    "study": "c426b4c6b385b299",
    "similarity": "e5e42cd9268a7fa3",
    "date": "1ef9da75d839330a",
}
"""Hash of the folds of a task of each kind. They change only with ``splits.VERSION``: published
scores rest on them."""


@pytest.mark.parametrize("split", MADE)
def test_folds_are_of_like_size_keep_groups_whole_and_published_scores_rest_on_them(task, split):
    digest = hashlib.sha256()
    for kind in ("binary", "multiclass", "multilabel", "regression"):
        made = task(kind)
        fold = splits.folds(made, split, n_folds=5, seed=20241205, sources={})
        sizes = np.bincount(fold, minlength=5)
        assert len(fold) == 300 and len(sizes) == 5 and sizes.min() >= 36 and sizes.max() <= 84
        if split in GROUPS:
            groups = splits.look_up(made, split, {})
            assert len(set(groups)) == len(set(zip(groups, fold))) == GROUPS[split]
        digest.update(fold.tobytes())
    assert splits.VERSION == 1 and digest.hexdigest()[:16] == GOLDEN[split]


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("classes", [1, 2, 9, 17])
def test_folds_of_groups_are_those_of_scikit_learn(make_task, classes):
    rng = np.random.default_rng(classes)
    for n_folds in (3, 5, 10):
        labels, groups = rng.integers(0, classes, 600), rng.integers(0, 200, 600).astype(str)
        made = make_task("multiclass" if classes > 1 else "regression", labels)
        kind = StratifiedGroupKFold(n_folds, shuffle=True, random_state=7)
        fold = dividing.by_group("group")(made, groups, n_folds, 7)
        for i, (_, test) in enumerate(kind.split(made.entities, made.labels, groups)):
            np.testing.assert_array_equal(np.flatnonzero(fold == i), test)


# --- tables that are not at hand


def test_a_run_of_tasks_that_have_no_dates_says_so(home, monkeypatch):
    monkeypatch.setattr(splits, "lacking", lambda split, sources: "")
    monkeypatch.setattr(splits, "fingerprint", lambda split, sources: [])
    monkeypatch.setattr(splits, "_dates", lambda task, sources: [])
    with refused("no task was scored under 'date'; of 'toy/value': its sour"):
        run_tiny(models=["random"], names=["toy/value"], split="date")
