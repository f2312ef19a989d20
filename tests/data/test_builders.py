"""Builders, checked against what can be counted by hand; readers of faults are in test_tasks."""

import numpy as np
import pandas as pd
import pytest
from helpers import refused

from genebench.core import paths, specs
from genebench.data import sources, tasks

MEMBERS = {"file": "members", "set_column": "set", "gene_column": "gene"}
SIDES = {"positive": ["T:1"], "negative": ["T:2", "T:3"], "classes": ["no", "yes"]}
COLUMN = {"file": "f", "gene_column": "g", "label": "v"}
TERMS = {"T:1": "heart", "T:2": "liver", "T:3": "brain", "T:4": "valve"}


@pytest.fixture
def members(toy):
    """Set → its genes, read with pandas alone."""
    frame = pd.read_csv(paths.DOWNLOADS / "toy" / "members.tsv", sep="\t")
    return frame.groupby("set")["gene"].agg(set).to_dict()


def positives(task):
    """Genes of the positive class."""
    return set(task.entities[task.labels == 1])


def terms(toy, **options):
    """The tasks of the terms of the made-up ontology."""
    entry = toy.tasks[0]
    return tasks.build(toy, entry.model_copy(update={"options": {**entry.options, **options}}))


def test_terms_expand_to_a_binary_task_each_over_all_annotated_genes(toy, members):
    everyone = set().union(*(members[t] for t in TERMS))
    built = terms(toy)
    assert [t.name for t in built] == [f"toy/term/{name}" for name in TERMS.values()]
    for task, term in zip(built, TERMS):
        assert set(task.entities) == everyone and positives(task) == members[term]
        assert task.classes == ("absent", task.title)
    fewer = terms(toy, min_genes=min(len(members["T:4"]), len(everyone) - len(members["T:4"])) + 1)
    assert "valve" not in {t.title for t in fewer} and fewer


def test_near_copies_are_merged_into_the_largest_and_named(toy, members):
    jaccard = len(members["T:4"]) / len(members["T:1"]) - 1e-6
    built = {t.title: t.description for t in terms(toy, merge_jaccard=jaccard)}
    assert "valve" not in built and "merged" not in built["liver"]
    assert built["heart"].endswith("Near-copies merged into it: valve.")


def test_branches_are_a_label_per_child_of_the_root(toy, members):
    (task,) = tasks.build(toy, toy.tasks[1])
    assert task.classes == ("brain", "heart", "liver")
    for labels, term in zip(task.labels.T, ("T:3", "T:1", "T:2")):
        assert set(task.entities[labels == 1]) == members[term]
    assert set(task.entities) == set().union(*(members[t] for t in TERMS))


def test_contrast_treats_genes_of_both_sides_as_declared(build, members):
    yes, no = members["T:1"], members["T:2"] | members["T:3"]
    for both, positive, everyone in (("drop", yes - no, yes ^ no), ("positive", yes, yes | no)):
        task = build("binary", "contrast", members=MEMBERS, both=both, **SIDES)
        assert positives(task) == positive and set(task.entities) == everyone


# --- from a made-up table f -----------------------------------------------------------------------

TAG = {**COLUMN, "separator": ";", "min_label": 2}
TAGS = {"f": {"g": list("DCBA"), "v": ["a; b;a", "b;c", "a", "c;z"]}, "known": {"tag": ["a", "b"]}}
HERE = {"f": {"g": ["A", "B"]}, "there": {"h": ["B", "C", "C", "-", ""]}}
OTHER = {"source": "toy", "file": "there", "gene_column": "h"}
SIDED = {"file": "f", "gene_column": "g", "other": OTHER, "classes": ["there", "here"]}
PAIRS = {"f": {"first": list("AACE"), "second": list("BBDF")}, "marks": {"label": list("1010")}}
PAIRED = {"files": [["f", "marks"]], "classes": ["no", "yes"]}
CELLS = {"p|1": [8, 0, 4], "p|2": [10, 0, 0], "q|a|3": [1, 3, 1], "q|a|4": [1, 5, 2]}
LEVELS = {"f": np.log1p(pd.DataFrame(CELLS, index=["B", "A", "C"], dtype=float))}
TYPES = {"file": "f", "min_class": 1, "clusters": {"p": "P", "q|a": "Q"}}
GAPS = [*"xxyyz", "NaN", "nan", "NA", "N/A", "", " ", None]


def of(labels, genes="ABCDEFGHIJKL"):
    """A table of genes A, B, … with labels."""
    return {"f": {"g": list(genes[: len(labels)]), "v": list(labels)}}


@pytest.mark.parametrize(
    "kind, shape, tables, options, entities, labels, classes",
    [
        (
            *("multilabel", "tags", TAGS, TAG, "ABCD"),
            *([[0, 0, 1], [1, 0, 0], [0, 1, 1], [1, 1, 0]], "a b c"),
        ),
        (
            *("multilabel", "tags", TAGS, {**TAG, "among": {"file": "known", "column": "tag"}}),
            *("BCD", [[1, 0], [0, 1], [1, 1]], "a b"),
        ),
        ("binary", "membership", HERE, SIDED, "ABC", [1, 1, 0], "there here"),
        ("multiclass", "top", LEVELS, TYPES, "ABC", [1, 0, 0], "P Q"),
        ("regression", "column", of("11123", "AABBC"), COLUMN, "AC", [1, 3], ""),
        ("regression", "column", of("non"), {**COLUMN, "levels": ["o", "n"]}, "ABC", [1, 0, 1], ""),
        ("regression", "column", of(["0.1", "10"]), {**COLUMN, "log10": True}, "AB", [-1, 1], ""),
        ("multiclass", "column", of(GAPS), {**COLUMN, "min_class": 2}, "ABCD", [0, 0, 1, 1], "x y"),
        ("pair", "pairs", PAIRS, PAIRED, ["C|D", "E|F"], [1, 0], "no yes"),
    ],
)
def test_labels_are_those_counted_by_hand(
    build, kind, shape, tables, options, entities, labels, classes
):
    task = build(kind, shape, tables, **options)
    assert task.entities.tolist() == list(entities) and task.labels.tolist() == labels
    assert task.classes == tuple(classes.split())


@pytest.mark.parametrize(
    "kind, shape, tables, options, sentence",
    [
        ("binary", "column", of("xz"), {**COLUMN, "positive": "y"}, "of a binary task"),
        ("pair", "pairs", {**PAIRS, "marks": {"label": ["1"]}}, PAIRED, "4 pairs in 'f', 1 labels"),
        ("multiclass", "top", LEVELS, {**TYPES, "clusters": {"p": "P"}}, r"cluster 'q\|a'"),
        ("binary", "contrast", None, {**SIDES, "members": MEMBERS, "both": "dorp"}, "mean 'drop'"),
    ],
)
def test_what_makes_no_task_is_one_sentence(build, kind, shape, tables, options, sentence):
    with refused(sentence):
        build(kind, shape, tables, **options)


def test_symbols_that_a_spreadsheet_turned_into_dates_are_named_and_never_genes(build):
    genes = ["A", "DEC1", "HLA-A", "RP11-3N2.1", "1-Sep", "1-Mar", "2.31E+13", "2023-03-02"]
    table = {"f": {"gene": genes, "set": list("xyxyxyxy")}}
    task = build("binary", "lists", table, file="f", positive="x", negative="y", ids="symbol")
    assert task.entities.tolist() == genes[:4] and task.description == (
        "x Left out: 4 names that a spreadsheet made of gene symbols (1-Mar, 1-Sep, 2.31E+13, …)."
    )


PARTS = ["part1", "part1", "part2", "part2", "holdout", "holdout"]


@pytest.fixture
def divided(build):
    """The task of a term that was published with its folds."""

    def one(genes="ABCDEF", labels="101010"):
        columns = {"entrez": list(genes), "label": list(labels), "split": PARTS}
        tables = {"f": {"term": ["T:1"] * 6, **columns}, "n": {"name": ["heart (12)"]}}
        names = {"file": "n", "column": "name"}
        return build("binary", "divided", tables, file="f", ids="symbol", names=names)

    return one


def test_a_term_keeps_its_published_folds_whatever_the_order_of_its_genes(divided):
    task = divided("FEDCBA")
    assert (task.name, task.title, task.classes) == ("toy/x/t-1", "heart", ("absent", "heart"))
    assert list(task.entities) == list("ABCDEF") and list(task.labels) == [0, 1, 0, 1, 0, 1]
    assert list(task.folds) == [0, 0, -3, -3, -2, -2]
    assert list(task.subset(task.labels == 1).folds) == [0, -3, -2]
    assert task.hash != divided().hash and "0 of 6 ids" in task.description
    few = divided(["A", "2-Mar", *"CDEF"])
    assert len(few) == 5 and "Left out: 1 of 6 ids" in few.description
    assert "(first: 2-Mar)" in few.description


@pytest.mark.parametrize(
    "columns, why",
    [
        ({"genes": "ABCDEA"}, r"the gene A \(A\) of 'T:1' stands twice, in different parts"),
        ({"labels": "101000"}, "'T:1' has no positive gene in its holdout"),
    ],
)
def test_faults_of_published_folds_end_in_one_sentence(divided, columns, why):
    with refused(f"source 'toy', task 'toy/x': {why}"):
        divided(**columns)


# --- labels of the future -------------------------------------------------------------------------

NEGATIVE = [f"N{i}" for i in range(20)]
OLD = {"g": [*"ABCD", *NEGATIVE], "v": [*"1010", *["0"] * 20]}
NEW = {"g": [*"ABCDEF", *NEGATIVE], "v": [*"110010", *["0"] * 20]}


@pytest.fixture
def future(toy, monkeypatch):
    """The task of a column with an older file: A and C are known, B and E are new."""

    def one(**before):
        monkeypatch.setattr(sources, "table", lambda s, f: pd.DataFrame(OLD if f == "o" else NEW))
        options = {**COLUMN, "positive": "1"}
        known = {"release": "2021-10-10", "options": {"file": "o"}, "least": 1, **before}
        words = dict(name="toy/x", title="X", description="x", group="functional", before=known)
        entry = specs.TaskSpec(**words, kind="binary", shape="column", options=options)
        return tasks.build(toy, entry, {"toy": toy})

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
