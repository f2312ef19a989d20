"""Builders, checked against what can be counted by hand; readers of faults are in test_tasks."""

from functools import partial

import pandas as pd
import pytest
import yaml
from helpers import refused

from genebench.core import paths, specs
from genebench.data import sources, tasks

MEMBERS = {"file": "members", "set_column": "set", "gene_column": "gene"}
SIDES = {"positive": ["T:1"], "negative": ["T:2", "T:3"], "classes": ["no", "yes"]}
COLUMN = {"file": "f", "gene_column": "g", "label": "v"}
NAMES = {"heart": "T:1", "liver": "T:2", "brain": "T:3", "valve": "T:4"}


@pytest.fixture
def members(toy):
    """Set → its genes, read with pandas alone."""
    frame = pd.read_csv(paths.DOWNLOADS / "toy" / "members.tsv", sep="\t")
    return frame.groupby("set")["gene"].agg(set).to_dict()


def positives(task):
    """Genes of the positive class."""
    return set(task.entities[task.labels == 1])


def terms(toy, **options):
    """The tasks of the terms of the made-up ontology, by title."""
    entry = toy.tasks[0]
    entry = entry.model_copy(update={"options": {**entry.options, **options}})
    return {task.title: task for task in tasks.build(toy, entry)}


def test_terms_are_a_binary_task_each_and_branches_a_label_each_over_all_genes(toy, members):
    built, (branches,) = terms(toy), tasks.build(toy, toy.tasks[1])
    assert branches.classes == ("brain", "heart", "liver")
    by_branch = dict(zip(branches.classes, branches.labels.T))
    everyone = set().union(*(members[term] for term in NAMES.values()))
    for name, term in NAMES.items():
        task = built.pop(name)
        assert task.name == f"toy/term/{name}" and task.classes == ("absent", name)
        assert set(task.entities) == set(branches.entities) == everyone
        assert positives(task) == members[term]
        if name in by_branch:
            assert set(branches.entities[by_branch[name] == 1]) == members[term]
    assert not built


def test_small_terms_are_left_out_and_near_copies_merged_into_the_largest_and_named(toy, members):
    small, large = len(members["T:4"]), len(members["T:1"])
    # too few have valve, or lack liver or brain
    assert small < large and [*terms(toy, min_genes=small + 1)] == ["heart"]
    built = terms(toy, merge_jaccard=small / large - 1e-6)
    assert "valve" not in built and "merged" not in built["liver"].description
    assert built["heart"].description.endswith("Near-copies merged into it: valve.")


def test_contrast_treats_genes_of_both_sides_as_declared(build, members):
    yes, no = members["T:1"], members["T:2"] | members["T:3"]
    for both, positive, everyone in (("drop", yes - no, yes ^ no), ("positive", yes, yes | no)):
        task = build("binary", "contrast", members=MEMBERS, both=both, **SIDES)
        assert positives(task) == positive and set(task.entities) == everyone
    with refused("mean 'drop'"):
        build("binary", "contrast", members=MEMBERS, both="dorp", **SIDES)


# --- from a made-up table f -----------------------------------------------------------------------

CASES = """
- {kind: multilabel, builder: tags, options: {separator: ;, min_label: 2, among: },
   tables: &tags {f: {g: [D, C, B, A], v: [a; b;a, b;c, a, c;z]}, known: {tag: [a, b]}},
   genes: A B C D, labels: [[0, 0, 1], [1, 0, 0], [0, 1, 1], [1, 1, 0]], classes: a b c}
- {kind: multilabel, builder: tags, tables: *tags,
   options: {separator: ;, min_label: 2, among: {file: known, column: tag}},
   genes: B C D, labels: [[1, 0], [0, 1], [1, 1]], classes: a b}
- {kind: binary, builder: membership, tables: {f: {g: [A, B]}, there: {h: [B, C, C, "-", ""]}},
   options: {label: , other: {source: toy, file: there, gene_column: h}, classes: [there, here]},
   genes: A B C, labels: [1, 1, 0], classes: there here}
- {kind: regression, builder: column,
   tables: {f: {g: [A, A, B, B, C], v: ["1", "1", "1", "2", "3"]}}, genes: A C, labels: [1, 3]}
- {kind: regression, builder: column, tables: {f: {g: [A, B, C], v: [n, o, n]}},
   options: {levels: [o, n]}, genes: A B C, labels: [1, 0, 1]}
- {kind: regression, builder: column, tables: {f: {g: [A, B], v: ["0.1", "10"]}},
   options: {log10: true}, genes: A B, labels: [-1, 1]}
- {kind: multiclass, builder: column, options: {min_class: 2}, genes: A B C D, classes: x y,
   tables: {f: {g: [A, B, C, D, E, F, G, H, I, J, K, L],
                v: [x, x, y, y, z, NaN, nan, NA, N/A, "", " ", null]}}, labels: [0, 0, 1, 1]}
- {kind: binary, builder: column, tables: {f: {g: [A, B], v: [x, z]}},
   options: {positive: y}, refused: of a binary task}
- {kind: pair, builder: pairs, options: &files {files: [[f, marks]], classes: ["no", "yes"]},
   tables: {f: &pairs {first: [A, A, C, E], second: [B, B, D, F]},
            marks: {label: ["1", "0", "1", "0"]}},
   genes: C|D E|F, labels: [1, 0], classes: no yes}
- {kind: pair, builder: pairs, options: *files, tables: {f: *pairs, marks: {label: ["1"]}},
   refused: "4 pairs in 'f', 1 labels"}
- {kind: multiclass, builder: top, options: {file: f, min_class: 1, clusters: {p: P, q|a: Q}},
   tables: {f: &logs {p|1: {A: 0, B: 2.2, C: 1.61}, p|2: {A: 0, B: 2.4, C: 0},
                      q|a|3: {A: 1.39, B: 0.69, C: 0.69}, q|a|4: {A: 1.79, B: 0.69, C: 1.1}}},
   genes: A B C, labels: [1, 0, 0], classes: P Q}
- {kind: multiclass, builder: top, options: {file: f, min_class: 1, clusters: {p: P}},
   tables: {f: *logs}, refused: "cluster 'q.a'"}
"""
"""In the last table are logs of one more than 8, 10, 4, 3, 5, 1 and 2."""


@pytest.mark.parametrize("case", yaml.safe_load(CASES))
def test_labels_are_those_counted_by_hand_and_what_makes_no_task_is_one_sentence(build, case):
    options = case.get("options", {})
    columns = {} if "file" in options or "files" in options else COLUMN
    options = {key: value for key, value in (columns | options).items() if value is not None}
    make = partial(build, case["kind"], case["builder"], case["tables"], **options)
    if "refused" in case:
        with refused(case["refused"]):
            make()
        return
    task = make()
    assert (
        task.entities.tolist() == case["genes"].split() and task.labels.tolist() == case["labels"]
    )
    assert task.classes == tuple(case.get("classes", "").split())


def test_symbols_that_a_spreadsheet_turned_into_dates_are_named_and_never_genes(build):
    genes = ["A", "DEC1", "HLA-A", "RP11-3N2.1", "1-Sep", "1-Mar", "2.31E+13", "2023-03-02"]
    table = {"f": {"gene": genes, "set": list("xyxyxyxy")}}
    task = build("binary", "lists", table, file="f", positive="x", negative="y", ids="symbol")
    assert task.entities.tolist() == genes[:4] and task.description == (
        "x Left out: 4 names that a spreadsheet made of gene symbols (1-Mar, 1-Sep, 2.31E+13, …)."
    )


@pytest.fixture
def divided(build):
    """The task of a term that was published with its folds."""

    def one(genes="ABCDEF", labels="101010"):
        table = {"entrez": list(genes), "label": list(labels), "term": ["T:1"] * 6}
        table["split"] = "part1 part1 part2 part2 holdout holdout".split()
        tables = {"f": table, "n": {"name": ["heart (12)"]}}
        names = {"file": "n", "column": "name"}
        return build("binary", "divided", tables, file="f", ids="symbol", names=names)

    return one


def test_a_term_keeps_its_published_folds_whatever_the_order_of_its_genes(divided):
    task = divided(["F", "2-Mar", *"DCBA"])
    assert (task.name, task.title, task.classes) == ("toy/x/t-1", "heart", ("absent", "heart"))
    assert list(task.entities) == list("ABCDF") and list(task.labels) == [0, 1, 0, 1, 1]
    assert list(task.folds) == [0, 0, -3, -3, -2]
    assert list(task.subset(task.labels == 1).folds) == [0, -3, -2]
    assert "Left out: 1 of 6 ids" in task.description and "(first: 2-Mar)" in task.description
    assert divided("FEDCBA").hash != divided().hash


@pytest.mark.parametrize(
    "columns, why",
    [
        ({"genes": "ABCDEA"}, r"the gene A \(A\) of 'T:1' is listed twice, in different parts"),
        ({"labels": "101000"}, "'T:1' has no positive gene in its holdout"),
    ],
)
def test_faults_of_published_folds_end_in_one_sentence(divided, columns, why):
    with refused(f"source 'toy', task 'toy/x': {why}"):
        divided(**columns)


# --- labels of the future -------------------------------------------------------------------------

NEGATIVE = [f"N{i}" for i in range(20)]
OLD = {"g": [*"AC", *"BD", *NEGATIVE], "v": [*"11", *"0" * 22]}
NEW = {"g": [*"ABE", *"CDF", *NEGATIVE], "v": [*"111", *"0" * 23]}


@pytest.fixture
def future(toy, monkeypatch):
    """The task of a column with an older file: A and C are known, B and E are new."""

    def one(**before):
        monkeypatch.setattr(sources, "table", lambda s, f: pd.DataFrame(OLD if f == "o" else NEW))
        entry = toy.tasks[3].model_dump() | {"kind": "binary"}
        entry["options"] = {**COLUMN, "positive": "1"}
        entry["before"] = {"release": "2021-10", "options": {"file": "o"}, "least": 1, **before}
        return tasks.build(toy, specs.TaskSpec(**entry), {"toy": toy})

    return one


def test_genes_of_before_train_with_their_old_labels_and_new_ones_are_tested(future):
    (task,) = future(tested="genes")
    assert set(task.entities[task.folds == 0]) == {"E", "F"} and positives(task) == {*"ACE"}
    assert set(task.folds) == {0, -2}
    assert future(tested="genes", least=2) == []  # too few are new


def test_gains_are_tested_against_half_of_the_genes_that_have_none(future):
    (task,) = future(tested="gains")
    tested, train = (task.subset(part) for part in (task.folds == 0, task.folds == -2))
    assert positives(tested) == {"B", "E"} and positives(train) == {"A", "C"}
    assert len(tested) + len(train) == len(NEW["g"])
    assert 5 <= (tested.labels == 0).sum() <= 17  # chance of less is under 1 in 100
