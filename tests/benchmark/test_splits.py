"""Folds: seeded, balanced, and with whole families on one side."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import CODING, COLUMNS, refused, run_tiny

from genebench.benchmark import splits
from genebench.data import genes

KINDS = ("binary", "multiclass", "multilabel", "regression")
MADE = [name for name in splits.SPLITS if name not in ("published", "prospective")]
"""Splits that are made here."""


def tables():
    """A resolver of the made-up genes: two stems a gene group, 23 chromosomes, every 30th gene
    without one."""
    rows = []
    for i in range(300):
        f = i // 6
        name = f"B{'BCDEFGHJKL'[f // 10]}{'BCDEFGHJKL'[f % 10]}{i % 6 + 1}"
        place = "" if i % 30 == 0 else f"{i % 22 + 1}p1" if i % 7 else "Xq1"
        rows.append((f"HGNC:{i + 1}", name, "", "", "", "", "", place, f"{f // 2 + 1}", CODING))
    return genes.build(pd.DataFrame(rows, columns=COLUMNS), release="Made up")


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The made-up tables in place of those of HGNC and GOA."""
    made_up = tables()
    monkeypatch.setattr(genes, "resolver", lambda sources: made_up)

    def days(task, sources):
        return [20000101 + 10000 * (ord(n[2]) % 32 + (n[3] > "4")) for n in task.entities]

    for split, look_up in {
        "study": lambda names, sources: np.array([len(n) + ord(n[2]) % 6 for n in names]),
        "similarity": lambda names, sources: [n[:2] + n[3:] for n in names],
    }.items():
        changed = replace(splits.SPLITS[split], look_up=look_up)
        monkeypatch.setitem(splits.SPLITS, split, changed)
    monkeypatch.setattr(splits, "_dates", days)
    return made_up


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


@pytest.mark.parametrize("split", MADE)
@pytest.mark.parametrize("kind", KINDS)
def test_every_gene_is_tested_once_in_folds_of_like_size_and_a_group_in_one(task, kind, split):
    made = task(kind)
    fold = splits.folds(made, split, n_folds=5, seed=1, sources={})
    sizes = np.bincount(fold, minlength=5)
    assert len(fold) == 300 and len(sizes) == 5 and sizes.min() >= 36 and sizes.max() <= 84
    if split in GROUPS:
        groups = splits.look_up(made, split, {})
        assert len(set(groups)) == len(set(zip(groups, fold))) == GROUPS[split]


GROUPS = {"stem": 50, "family": 25, "chromosome": 24, "similarity": 30}
"""Number of groups of the made-up genes; those without a chromosome are together."""


@pytest.mark.parametrize("split, sign", [("study", 1), ("date", -1)])
def test_the_first_fold_holds_the_least_studied_or_the_newest_genes(task, split, sign):
    made = task("binary")
    value = sign * np.array(splits.look_up(made, split, {}))
    fold = splits.folds(made, split, n_folds=5, seed=1, sources={})
    assert np.bincount(fold).tolist() == [60] * 5
    assert all(value[fold == k].max() <= value[fold == k + 1].min() for k in range(4))


def test_a_task_of_too_few_dates_or_groups_cannot_be_split_by_them(task, make_task):
    few = make_task("binary", np.tile([0, 1], 30), size=20)  # three stems
    for made, split, given, why in (
        (task("binary"), "date", [], "its source 'made' has no dates of annotation"),
        (task("binary"), "date", [20010101, 20020101] * 150, "on 2 days only, where 5 folds need"),
        (few, "family", splits.look_up(few, "family", {}), "of 2 family only, where 5 folds need"),
    ):
        with pytest.raises(splits.Unsplittable, match=why):
            splits.assign(made, split, given, 5, 1)


def test_a_family_larger_than_a_fold_has_a_fold_to_itself(make_task):
    made = make_task("regression", np.arange(60.0))
    fold = splits.assign(made, "family", ["a"] * 57 + ["b", "c", "d"], 3, 1)
    assert len(set(fold[:57])) == 1 and set(fold) == {0, 1, 2} and fold[0] not in fold[57:]


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
def test_the_folds_are_those_that_published_scores_rest_on(task, split):
    digest = b"".join(
        splits.folds(task(kind), split, n_folds=5, seed=20241205, sources={}).tobytes()
        for kind in KINDS
    )
    assert splits.VERSION == 1
    assert hashlib.sha256(digest).hexdigest()[:16] == GOLDEN[split]


# --- tables that are not at hand


def test_a_run_of_tasks_that_have_no_dates_says_so(home, monkeypatch):
    monkeypatch.setattr(splits, "lacking", lambda split, sources: "")
    monkeypatch.setattr(splits, "fingerprint", lambda split, sources: [])
    monkeypatch.setattr(splits, "_dates", lambda task, sources: [])
    with refused("no task was scored under 'date'; of 'toy/value': its sour"):
        run_tiny(models=["random"], names=["toy/value"], split="date")
