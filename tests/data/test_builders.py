"""Builders, checked against what can be counted by hand; readers of faults are in test_tasks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import sources, tasks

MEMBERS = {"file": "members", "set_column": "set", "gene_column": "gene"}
CONTRAST = {"members": MEMBERS, "positive": ["T:1"], "negative": ["T:2", "T:3"], "both": "drop"}
COLUMN = {"file": "f", "gene_column": "g", "label": "v"}
TERMS = {"T:1": "heart", "T:2": "liver", "T:3": "brain", "T:4": "valve"}


@pytest.fixture
def toy(home):
    """The made-up source."""
    return specs.declared().sources["toy"]


@pytest.fixture
def build(toy, monkeypatch):
    """The one task of a shape and its options, from made-up tables by name."""

    def one(kind: str, shape: str, tables: dict | None = None, **options) -> tasks.Task:
        words = dict(name="toy/x", title="X", description="x", group="genomic properties")
        entry = specs.TaskSpec(**words, kind=kind, shape=shape, options=options)
        with monkeypatch.context() as patch:
            if tables is not None:
                patch.setattr(sources, "table", lambda source, file: pd.DataFrame(tables[file]))
            (task,) = tasks.build(toy, entry, {"toy": toy})
        return task

    return one


@pytest.fixture
def members(toy):
    """Set → its genes, read with pandas alone."""
    frame = pd.read_csv(paths.DOWNLOADS / "toy" / "members.tsv", sep="\t")
    return frame.groupby("set")["gene"].agg(set).to_dict()


def positives(task: tasks.Task) -> set[str]:
    """Genes of the positive class."""
    return set(task.entities[task.labels == 1])


def terms(toy, **options) -> list[tasks.Task]:
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
    floor = min(len(members["T:4"]), len(everyone) - len(members["T:4"])) + 1
    large = {TERMS[t] for t in TERMS if floor <= len(members[t]) <= len(everyone) - floor}
    assert {t.title for t in terms(toy, min_genes=floor)} == large < set(TERMS.values())


def test_branches_are_a_label_per_child_of_the_root(toy, members):
    (task,) = tasks.build(toy, toy.tasks[1])
    assert task.classes == ("brain", "heart", "liver")
    for labels, term in zip(task.labels.T, ("T:3", "T:1", "T:2")):
        assert set(task.entities[labels == 1]) == members[term]
    assert set(task.entities) == set().union(*(members[t] for t in TERMS))


@pytest.mark.parametrize("both", ["drop", "positive"])
def test_contrast_treats_genes_of_both_sides_as_declared(build, members, both):
    task = build("binary", "contrast", **{**CONTRAST, "both": both}, classes=["no", "yes"])
    yes, no = members["T:1"], members["T:2"] | members["T:3"]
    assert positives(task) == (yes - no if both == "drop" else yes)
    assert set(task.entities) == (yes ^ no if both == "drop" else yes | no)
    assert task.classes == ("no", "yes")


@pytest.mark.parametrize(
    "change, fault", [({"both": "dorp"}, "'drop'"), ({"positive": ["T:11"]}, "'T:1'")]
)
def test_unknown_choice_of_a_contrast_is_an_error_with_the_nearest(build, change, fault):
    with pytest.raises(BadInput, match=f"did you mean {fault}"):
        build("binary", "contrast", **{**CONTRAST, **change}, classes=["no", "yes"])


def test_tags_are_labels_that_enough_genes_have(build):
    table = {"g": list("DCBA"), "v": ["a; b;a", "b;c", "a", "c;z"]}
    options = {**COLUMN, "separator": ";", "min_label": 2}
    task = build("multilabel", "tags", {"f": table}, **options)
    assert task.entities.tolist() == list("ABCD") and task.classes == ("a", "b", "c")
    assert task.labels.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 1], [1, 1, 0]]
    tables = {"f": table, "known": {"tag": ["a", "b"]}}
    among = {"file": "known", "column": "tag"}
    task = build("multilabel", "tags", tables, **options, among=among)
    assert task.entities.tolist() == list("BCD") and task.classes == ("a", "b")


def test_membership_sets_genes_here_against_genes_only_there(build):
    tables = {"here": {"g": ["A", "B"]}, "there": {"h": ["B", "C", "C", "-", ""]}}
    other = {"source": "toy", "file": "there", "gene_column": "h"}
    options = {"file": "here", "gene_column": "g", "other": other, "classes": ["there", "here"]}
    task = build("binary", "membership", tables, **options)
    assert dict(zip(task.entities, task.labels)) == {"A": 1, "B": 1, "C": 0}
    with pytest.raises(BadInput, match="unknown source 'tyo'; did you mean 'toy'"):
        build("binary", "membership", tables, **{**options, "other": {**other, "source": "tyo"}})


def test_top_is_the_type_with_the_highest_mean_on_the_linear_scale(build):
    cells = {"p|1": [8, 0, 4], "p|2": [10, 0, 0], "q|a|3": [1, 3, 1], "q|a|4": [1, 5, 2]}
    tables = {"f": np.log1p(pd.DataFrame(cells, index=["B", "A", "C"], dtype=float))}
    options = {"file": "f", "min_class": 1}
    task = build("multiclass", "top", tables, **options, clusters={"p": "P", "q|a": "Q"})
    assert [task.classes[i] for i in task.labels] == ["Q", "P", "P"]
    with pytest.raises(BadInput, match=r"unknown cluster 'q\|a'"):
        build("multiclass", "top", tables, **options, clusters={"p": "P"})


def test_near_copies_are_merged_into_the_largest_and_named(toy, members):
    jaccard = len(members["T:4"]) / len(members["T:1"]) - 1e-6
    built = {t.title: t.description for t in terms(toy, merge_jaccard=jaccard)}
    assert "valve" not in built and "merged" not in built["liver"]
    assert built["heart"].endswith("Near-copies merged into it: valve.")


# --- labels that are missing, doubled or mangled --------------------------------------------------


def test_a_gene_with_two_labels_is_left_out_and_one_that_repeats_is_used_once(build):
    table = {"g": list("AABBC"), "v": list("11123")}
    task = build("regression", "column", {"f": table}, **COLUMN)
    assert task.entities.tolist() == ["A", "C"] and task.labels.tolist() == [1, 3]


def test_a_gap_is_no_class_and_small_classes_are_left_out(build):
    labels = [*"xxyyz", "NaN", "nan", "NA", "N/A", "", " ", None]
    table = {"g": [f"A{i}" for i in range(12)], "v": labels}
    task = build("multiclass", "column", {"f": table}, **COLUMN, min_class=2)
    assert task.classes == ("x", "y") and task.labels.tolist() == [0, 0, 1, 1]
    assert build("multiclass", "column", {"f": table}, **COLUMN).classes == ("x", "y", "z")


@pytest.mark.parametrize(
    "kind, labels, options, sentence",
    [
        ("regression", ["1", "NaN"], {}, "'v' holds 'NaN', no number"),
        ("regression", ["1", "inf"], {}, "'v' holds 'inf', no number"),
        ("regression", ["1", "1,5"], {}, "'v' holds '1,5', no number"),
        ("binary", ["x", "z"], {"positive": "y"}, "need two, one 'y'"),
        ("multiclass", ["x", ""], {"min_class": 1}, "fewer than two classes of 1 genes"),
        ("multiclass", ["x", "y"], {"label": "other"}, "'f' at hand has no column 'other'"),
    ],
)
def test_labels_that_make_no_task_are_one_sentence(build, kind, labels, options, sentence):
    with pytest.raises(BadInput, match=sentence):
        build(kind, "column", {"f": {"g": ["A", "B"], "v": labels}}, **{**COLUMN, **options})


def test_pairs_with_both_labels_are_dropped_and_unequal_files_refused(build):
    options = {"files": [["f", "marks"]], "classes": ["no", "yes"]}
    tables = {
        "f": {"first": list("AACE"), "second": list("BBDF")},
        "marks": {"label": list("1010")},
    }
    task = build("pair", "pairs", tables, **options)
    assert task.entities.tolist() == ["C|D", "E|F"] and task.labels.tolist() == [1, 0]
    tables["marks"] = {"label": ["1", "0"]}
    with pytest.raises(BadInput, match="4 pairs in 'f', 2 labels in 'marks'"):
        build("pair", "pairs", tables, **options)


@pytest.mark.parametrize(
    "kind, shape, options",
    [
        ("multiclass", "column", COLUMN),
        ("regression", "count", {"file": "f", "gene_column": "g", "counted": "v", "prefix": ""}),
        ("multilabel", "tags", {**COLUMN, "separator": ";", "min_label": 1}),
        ("binary", "lists", {"file": "f", "positive": "x", "negative": "y", "ids": "symbol"}),
    ],
)
def test_symbols_that_a_spreadsheet_turned_into_dates_are_named_and_never_genes(
    build, kind, shape, options
):
    genes = ["A", "DEC1", "HLA-A", "RP11-3N2.1", "1-Sep", "1-Mar", "2.31E+13", "2023-03-02"]
    table = {"g": genes, "gene": genes, "v": list("xyxyxyxy"), "set": list("xyxyxyxy")}
    task = build(kind, shape, {"f": table}, **options)
    assert task.entities.tolist() == genes[:4] and task.description == (
        "x Left out: 4 names that a spreadsheet made of gene symbols (1-Mar, 1-Sep, 2.31E+13, …)."
    )
