"""A run of one pair task, with its controls and splits."""

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, TINY, edit_yaml, reference, run_tiny, sha256
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
    first, other = rng.integers(0, len(GENES), (2, 1500))
    # half of the pairs are of one family, so that splits by family leave some
    second = np.where(other % 2 == 0, first // 6 * 6 + other // 30, other)
    order = sorted({(GENES[a], GENES[b]) for a, b in zip(first, second) if a < b})
    marks = [int(x[a][0] + x[b][1] > 0) for a, b in order]
    files = {
        "couples": ("pairs", map(" ".join, order), {}),
        "marks": ("tsv", map(str, marks), {"header": None, "names": ["label"]}),
    }
    task = dict.fromkeys(("name", "title", "description"), "toy/together")
    task |= {"kind": "pair", "group": "protein properties", "builder": "pairs"}
    task["options"] = {"files": [list(files)], "classes": ["apart", "together"]}

    def declare(source):
        for name, (form, lines, options) in files.items():
            path = paths.DOWNLOADS / "toy" / name
            path.write_text("\n".join(lines))
            spec = {"format": form, "path": f"toy/{name}", "sha256": sha256(path)}
            source["files"][name] = spec | {"options": options}
        source["tasks"] = [task]

    edit_yaml(paths.SOURCES / "toy.yml", declare)
    return dict(zip((f"{a}|{b}" for a, b in order), marks))


def test_pair_task_runs_with_its_controls_on_joined_vectors(paired):
    outcome, frame = run_tiny(), results.load("tiny")
    assert (outcome.failed, outcome.computed, outcome.skipped) == ({}, 12, 0)
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


def test_pairs_are_cut_to_the_genes_of_another_profile_by_both_of_theirs(paired):
    other = {"other": TINY | {"genes_of": "tiny"}}
    edit_yaml(paths.PROFILES, lambda d: d["profiles"].update(other))
    task = plan.make("other").tasks["toy/together"]
    assert task.entities.tolist() == sorted(paired)


@pytest.mark.parametrize("split", ["genes", "stem"])
def test_split_of_pairs_has_no_gene_nor_relative_on_both_sides(paired, split):
    task = plan.make("tiny").tasks["toy/together"]
    fold = splits.folds(task, split, n_folds=3, seed=7, sources={})
    genes = [{gene for part in task.parts for gene in part[fold == k]} for k in range(3)]
    kin = [{gene.split("X")[0] for gene in side} for side in genes]
    for sides in [genes, kin] if split == "stem" else [genes]:
        assert all(sides) and sum(map(len, sides)) == len(set().union(*sides))
    left_out = [set(pair.split("|")) for pair in task.entities[fold < 0]]
    assert left_out and not any(pair <= side for pair in left_out for side in genes)
