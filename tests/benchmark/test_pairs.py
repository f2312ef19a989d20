"""A run of one pair task, with its controls and splits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, edit_yaml, reference, run_tiny, sha256
from numpy.testing import assert_allclose, assert_array_equal

from genebench.benchmark import plan, predictions, results, splits, validation
from genebench.core import paths


def columns():
    """The columns x of each made-up gene."""
    table = pd.read_csv(paths.DOWNLOADS / "toy" / "labels.tsv", sep="\t", index_col="symbol")
    return dict(zip(table.index, table.filter(like="x").to_numpy()))


@pytest.fixture
def paired(home):
    """A home with one task of some 500 pairs, labelled by columns of both sides: pair → label."""
    x, rng = columns(), np.random.default_rng(5)
    first, other, kin = rng.integers(0, [[len(GENES)], [len(GENES)], [6]], (3, 1500))
    # half of the pairs are of one family, so that splits by family leave some
    second = np.where(np.arange(1500) % 2 == 0, first // 6 * 6 + kin, other)
    order = sorted({(GENES[a], GENES[b]) for a, b in zip(first, second) if a < b})
    marks = [int(x[a][0] + x[b][1] > 0) for a, b in order]
    files = {
        "couples": ("pairs", [f"{a} {b}" for a, b in order], {}),
        "marks": ("tsv", map(str, marks), {"header": None, "names": ["label"]}),
    }
    task = dict.fromkeys(("name", "title", "description"), "toy/together")
    task |= {"kind": "pair", "group": "protein properties", "shape": "pairs"}
    task["options"] = {"files": [["couples", "marks"]], "classes": ["apart", "together"]}

    def declare(source):
        for name, (form, lines, options) in files.items():
            path = paths.DOWNLOADS / "toy" / f"{name}.txt"
            path.write_text("\n".join(lines))
            spec = {"format": form, "path": f"toy/{name}.txt", "sha256": sha256(path)}
            source["files"][name] = spec | {"options": options}
        source["tasks"] = [task]

    edit_yaml(paths.SOURCES / "toy.yml", declare)
    return dict(zip((f"{a}|{b}" for a, b in order), marks))


def test_pair_task_runs_with_its_controls(paired):
    outcome, frame = run_tiny(), results.load("tiny")
    assert outcome.failed == {} and outcome.computed == 12 and outcome.skipped == 0
    assert validation.validate(frame, "here") == []
    auroc = frame[(frame.metric == "auroc") & (frame.genes == "own")]
    area = auroc.groupby(["model", "split"], observed=True).score.mean()
    for split in ("random", "stem"):
        assert area["oracle", split] == 1 and area["full", split] > 0.9
        assert abs(area["random", split] - 0.5) < 0.12 and abs(area["shuffled", split] - 0.5) < 0.12
    # a pair is covered where both of its genes are
    known = {g for i, g in enumerate(GENES) if i % 5 < 3}
    both = [set(pair.split("|")) <= known for pair in paired]
    rows = auroc[(auroc.split == "random") & (auroc.model == "part")]
    assert rows.n_test.sum() == sum(both)


def test_scores_of_pairs_are_those_of_the_joined_vectors(paired):
    run_tiny(models=["full"], split="stem")
    tiny = plan.make("tiny", models=["full"], split="stem")
    (cell,), task = tiny.requested, tiny.tasks["toy/together"]
    y, x = np.array([paired[pair] for pair in task.entities]), columns()
    X = np.array([np.concatenate([x[gene] for gene in pair.split("|")]) for pair in task.entities])
    fold = splits.folds(task, "stem", n_folds=3, seed=7, sources={})
    theirs = reference(X, y, fold)
    stored = predictions.load(tiny.path(cell))["toy/together", 0]
    assert_array_equal(stored.rows, np.flatnonzero(fold >= 0))
    assert_array_equal(stored.fold, fold[fold >= 0])
    assert_allclose(stored.values, theirs[fold >= 0], atol=3e-3)


def disjoint(groups):
    """Whether no member is in two groups, and each has some."""
    return all(groups) and sum(map(len, groups)) == len(set().union(*groups))


def test_folds_of_genes_divide_no_gene_and_published_ones_are_taken_as_they_are(paired):
    task = plan.make("tiny").tasks["toy/together"]
    fold = splits.folds(task, "genes", n_folds=3, seed=7, sources={})
    assert disjoint([{g for part in task.parts for g in part[fold == k]} for k in range(3)])
    random = splits.folds(task, "random", n_folds=3, seed=7, sources={})
    assert (fold == -1).any() and (random >= 0).all()
    published = replace(task, folds=fold)
    again = splits.folds(published, "published", n_folds=3, seed=0, sources={})
    assert_array_equal(again, fold)


def test_pairs_are_cut_to_the_genes_of_another_profile_by_both_of_theirs(paired):
    def declare(known):
        known["profiles"]["other"] = {**known["profiles"]["tiny"], "genes_of": "tiny"}

    edit_yaml(paths.PROFILES, declare)
    task = plan.make("other").tasks["toy/together"]
    assert task.entities.tolist() == sorted(paired)


@pytest.mark.parametrize("repeat", [0, 1])
def test_split_of_pairs_has_no_gene_nor_relative_on_both_sides(paired, repeat):
    task = plan.make("tiny").tasks["toy/together"]
    fold = splits.folds(task, "stem", n_folds=3, seed=7, repeat=repeat, sources={})
    genes = [{gene for part in task.parts for gene in part[fold == k]} for k in range(3)]
    assert disjoint(genes) and disjoint([{g.split("X")[0] for g in side} for side in genes])
    left_out = [set(pair.split("|")) for pair in task.entities[fold < 0]]
    assert left_out and not any(pair <= side for pair in left_out for side in genes)
