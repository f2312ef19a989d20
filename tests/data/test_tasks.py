"""Entities and labels, checked against what can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, edit_yaml, forget, toy_source, write_yaml

from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import builders, sources, tasks
from genebench.data import expression as rules
from genebench.data.labels import slug


def entry(**changes) -> specs.TaskSpec:
    """A task declaration with some keys changed."""
    base = {
        "name": "toy/x",
        "title": "X",
        "description": "{name} ({id})",
        "group": "genomic properties",
    }
    return specs.TaskSpec(**{**base, "kind": "binary", "shape": "contrast", **changes})


COLUMN = {"file": "f", "gene_column": "g", "label": "v"}
MEMBERS = {"file": "members", "set_column": "set", "gene_column": "gene"}


@pytest.fixture
def toy(home):
    """The made-up source."""
    return specs.source("toy")


@pytest.fixture
def members(toy):
    """Set → its genes, read with pandas alone."""
    frame = pd.read_csv(paths.DOWNLOADS / "toy" / "members.tsv", sep="\t")
    return frame.groupby("set")["gene"].agg(set).to_dict()


@pytest.fixture
def labels(toy):
    """The table of labels, read with pandas alone."""
    return pd.read_csv(paths.DOWNLOADS / "toy" / "labels.tsv", sep="\t", index_col="symbol")


def positives(task: tasks.Task) -> set[str]:
    """Genes of the positive class."""
    return set(task.entities[task.labels == 1])


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_terms_expand_to_one_binary_task_each_over_all_annotated_genes(toy, members):
    built = tasks.build(toy, toy.tasks[0])
    everyone = set().union(*(members[t] for t in ("T:1", "T:2", "T:3", "T:4")))
    assert [t.name for t in built] == [
        "toy/term/heart",
        "toy/term/liver",
        "toy/term/brain",
        "toy/term/valve",
    ]
    for task, term in zip(built, ("T:1", "T:2", "T:3", "T:4")):
        assert set(task.entities) == everyone and positives(task) == members[term]
        assert task.classes == ("absent", task.title)


def test_terms_with_too_few_genes_on_either_side_are_left_out(toy, members):
    everyone = set().union(*(members[t] for t in ("T:1", "T:2", "T:3", "T:4")))
    floor = min(len(members["T:4"]), len(everyone) - len(members["T:4"])) + 1
    options = {**toy.tasks[0].options, "min_genes": floor}
    kept = {t.title for t in tasks.build(toy, toy.tasks[0].model_copy(update={"options": options}))}
    names = {"T:1": "heart", "T:2": "liver", "T:3": "brain", "T:4": "valve"}
    fits = {names[t] for t in names if floor <= len(members[t]) <= len(everyone) - floor}
    assert "valve" not in kept and kept == fits


def test_near_copies_of_a_term_are_merged_into_the_largest_and_named(toy, members):
    jaccard = len(members["T:4"]) / len(members["T:1"])
    options = {**toy.tasks[0].options, "merge_jaccard": jaccard - 1e-6}
    built = {
        t.title: t for t in tasks.build(toy, toy.tasks[0].model_copy(update={"options": options}))
    }
    assert "valve" not in built
    assert built["heart"].description.endswith("Near-copies merged into it: valve.")
    assert "merged" not in built["liver"].description


def test_branches_make_one_label_per_child_of_the_root(toy, members):
    (task,) = tasks.build(toy, toy.tasks[1])
    assert task.classes == ("brain", "heart", "liver")
    for column, term in enumerate(("T:3", "T:1", "T:2")):
        assert set(task.entities[task.labels[:, column] == 1]) == members[term]
    assert "T:9" in members and set(task.entities) == set().union(
        *(members[t] for t in ("T:1", "T:2", "T:3", "T:4"))
    )


@pytest.mark.parametrize("both", ["drop", "positive"])
def test_contrast_treats_genes_of_both_sides_as_declared(toy, members, both):
    options = {
        "members": MEMBERS,
        "positive": ["T:1"],
        "negative": ["T:2", "T:3"],
        "classes": ["no", "yes"],
        "both": both,
    }
    (task,) = tasks.build(toy, entry(options=options))
    yes, no = members["T:1"], members["T:2"] | members["T:3"]
    assert positives(task) == (yes - no if both == "drop" else yes)
    assert set(task.entities) == (yes ^ no if both == "drop" else yes | no)
    assert task.classes == ("no", "yes")


def test_contrast_refuses_another_choice_for_both(toy):
    options = {
        "members": MEMBERS,
        "positive": ["T:1"],
        "negative": ["T:2"],
        "classes": ["no", "yes"],
        "both": "dorp",
    }
    with pytest.raises(BadInput, match="did you mean 'drop'"):
        tasks.build(toy, entry(options=options))


def test_count_is_log2_of_distinct_values_with_the_prefix(toy, monkeypatch):
    rows = [
        ("B", "OMIM:1"),
        ("B", "OMIM:1"),
        ("B", "OMIM:2"),
        ("A", "OMIM:1"),
        ("A", "ORPHA:3"),
        ("C", "ORPHA:1"),
        ("-", "OMIM:4"),
        ("", "OMIM:5"),
    ]
    monkeypatch.setattr(
        sources, "table", lambda source, file: pd.DataFrame(rows, columns=["gene", "disease"])
    )
    options = {"file": "direct", "gene_column": "gene", "counted": "disease", "prefix": "OMIM:"}
    (task,) = tasks.build(toy, entry(kind="regression", shape="count", options=options))
    assert task.entities.tolist() == ["A", "B"] and task.labels.tolist() == [0.0, 1.0]


def test_a_column_of_words_is_multiclass_with_rare_and_empty_classes_left_out(toy, monkeypatch):
    frame = pd.DataFrame({"g": list("FEDCBA"), "k": ["x", "y", "y", "x", "z", ""]})
    monkeypatch.setattr(sources, "table", lambda source, file: frame)
    options = {"file": "f", "gene_column": "g", "label": "k", "min_class": 2}
    (task,) = tasks.build(toy, entry(kind="multiclass", shape="column", options=options))
    assert task.entities.tolist() == ["C", "D", "E", "F"]
    assert [task.classes[i] for i in task.labels] == ["x", "y", "y", "x"]


def test_a_column_of_numbers_is_regression(toy, labels):
    (task,) = tasks.build(toy, toy.tasks[3])
    assert task.classes == () and task.entities.tolist() == GENES
    np.testing.assert_array_equal(task.labels, labels.loc[GENES, "value"])


def test_a_regression_label_that_is_not_finite_is_refused(toy, monkeypatch):
    monkeypatch.setattr(
        sources, "table", lambda source, file: pd.DataFrame({"g": ["A", "B"], "v": [1.0, np.inf]})
    )
    with pytest.raises(BadInput, match="'v' holds 'inf', no number"):
        tasks.build(toy, entry(kind="regression", shape="column", options=COLUMN))


def test_one_class_alone_is_refused(toy, monkeypatch):
    monkeypatch.setattr(
        sources, "table", lambda source, file: pd.DataFrame({"g": ["A", "B"], "v": ["x", "x"]})
    )
    with pytest.raises(BadInput, match="fewer than two classes"):
        tasks.build(toy, entry(kind="multiclass", shape="column", options=COLUMN))


def test_membership_sets_genes_here_against_genes_only_there(toy, monkeypatch):
    held = {
        "here": pd.DataFrame({"g": ["A", "B"]}),
        "there": pd.DataFrame({"h": ["B", "C", "C", "-", ""]}),
    }
    monkeypatch.setattr(sources, "table", lambda source, file: held[file])
    other = {"source": "toy", "file": "there", "gene_column": "h"}
    options = {"file": "here", "gene_column": "g", "other": other, "classes": ["there", "here"]}
    (task,) = tasks.build(toy, entry(shape="membership", options=options))
    assert dict(zip(task.entities, task.labels)) == {"A": 1, "B": 1, "C": 0}


@pytest.fixture
def expression(monkeypatch):
    """Three genes in four cells of two labels; values are log(1 + x)."""
    linear = pd.DataFrame(
        [[8, 10, 1, 1], [0, 0, 3, 5], [4, 0, 1, 2]],
        index=["B", "A", "C"],
        columns=["p|1", "p|2", "q|a|3", "q|a|4"],
    )
    monkeypatch.setattr(sources, "table", lambda source, file: np.log1p(linear.astype(float)))


def test_top_is_the_type_with_the_highest_mean_on_the_linear_scale(toy, expression):
    options = {"file": "f", "clusters": {"p": "P", "q|a": "Q"}, "min_class": 1}
    (task,) = tasks.build(toy, entry(kind="multiclass", shape="top", options=options))
    assert {g: task.classes[i] for g, i in zip(task.entities, task.labels)} == {
        "A": "Q",
        "B": "P",
        "C": "P",
    }


def test_a_cluster_without_a_type_is_named(toy, expression):
    with pytest.raises(BadInput, match="unknown cluster 'q|a'"):
        tasks.build(
            toy,
            entry(
                kind="multiclass",
                shape="top",
                options={"file": "f", "clusters": {"p": "P"}, "min_class": 1},
            ),
        )


CATEGORIES = [
    ([0.4, 0.1, 0, 0, 0, 0], "not detected"),
    ([0.5, 0.1, 0, 0, 0, 0], "enriched"),
    ([8, 2, 2, 2, 2, 2], "enriched"),
    ([10, 0, 0, 0, 0, 0], "enriched"),
    ([8, 8, 2, 2, 2, 2], "group enriched"),
    ([12, 4, 2, 1, 1, 1], "group enriched"),  # mean of two 8 = 4 × 2
    ([8, 8, 8, 2, 2, 2], "group enriched"),
    ([8, 8, 8, 8, 2, 2], "low specificity"),  # four of six is more than half
    ([8, 3, 1.5, 1.5, 1.5, 1.5], "enhanced"),  # mean of the others 1.8; two highest 5.5 < 4 × 1.5
    ([7, 3, 1.5, 1.5, 1.5, 1.5], "low specificity"),
    ([5, 5, 5, 5, 5, 5], "low specificity"),
]


@pytest.mark.parametrize("profile, category", CATEGORIES)
def test_specificity_follows_the_rule_of_the_human_protein_atlas(profile, category):
    shuffled = np.random.default_rng(0).permutation(profile)
    assert rules.specificity_category(np.array([shuffled]), detection=0.5).tolist() == [category]


def test_specificity_of_many_genes_is_that_of_each():
    table = np.array([p for p, _ in CATEGORIES])
    assert rules.specificity_category(table, detection=0.5).tolist() == [c for _, c in CATEGORIES]


def test_three_types_have_no_groups():
    table = np.array([[8.0, 8, 2], [8, 2, 2], [8, 3, 0.9]])
    assert rules.specificity_category(table, detection=0.5).tolist() == [
        "low specificity",
        "enriched",
        "enhanced",
    ]


# --- the task itself --------------------------------------------------------------------------------------------------


def test_entities_are_sorted_and_labels_follow(toy, labels, monkeypatch):
    shuffled = labels.reset_index().sample(frac=1, random_state=0)
    monkeypatch.setattr(sources, "table", lambda source, file: shuffled)
    (task,) = tasks.build(toy, toy.tasks[3])
    assert task.entities.tolist() == sorted(GENES)
    np.testing.assert_array_equal(task.labels, labels.loc[task.entities, "value"])


@pytest.mark.parametrize(
    "genes, fault",
    [([], "no genes"), (["A", "A"], "a gene twice"), (["", "A"], "a gene without a name")],
)
def test_labels_that_cannot_be_used_are_refused(toy, monkeypatch, genes, fault):
    cut = builders.Labels(np.array(genes, dtype=str), np.ones(len(genes)))
    monkeypatch.setitem(builders.SHAPES, "column", lambda source, entry: [cut])
    with pytest.raises(BadInput, match=fault):
        tasks.build(toy, entry(kind="regression", shape="column", options={}))


def test_the_hash_changes_with_entities_labels_and_classes_and_with_nothing_else(make_task):
    task = make_task("binary", [0, 1, 0, 1])
    wider = replace(
        task,
        entities=task.entities.astype("<U40"),
        labels=task.labels.astype(np.int8),
        title="other",
        name="n",
    )
    assert wider.hash == task.hash
    changed = [
        replace(task, labels=1 - task.labels),
        replace(task, entities=np.array(["A1", *task.entities[1:]])),
        replace(task, classes=("a", "b")),
    ]
    assert len({t.hash for t in (task, *changed)}) == 4


def test_a_small_change_of_a_real_label_changes_the_hash(make_task):
    task = make_task("regression", [0.0, 1.0])
    assert replace(task, labels=task.labels + [0, 1e-12]).hash != task.hash


@pytest.mark.parametrize(
    "kind, labels, words",
    [
        ("binary", [0, 1, 1, 1], "3 of 4 positive (75.0%)"),
        ("multiclass", [0, 1, 1, 2], "3 classes of 1 to 2 genes"),
        (
            "multilabel",
            [[0, 1], [0, 1], [1, 0], [0, 1]],
            "2 labels, each on 25% to 75% of the genes",
        ),
        ("regression", [1.0, 2.0, 4.0], "median 2, range 1 to 4"),
    ],
)
def test_the_balance_is_told_in_a_few_words(make_task, kind, labels, words):
    assert make_task(kind, labels).balance == words


def test_a_slug_fits_an_address():
    assert slug(" Abnormality of the  (left) Hand/2 ") == "abnormality-of-the-left-hand-2"


# --- loading ----------------------------------------------------------------------------------------------------------


def test_an_unknown_shape_is_answered_with_the_nearest(toy):
    with pytest.raises(
        BadInput,
        match="source 'toy', task 'toy/x': unknown shape 'contarst'; did you mean 'contrast'",
    ):
        tasks.build(toy, entry(shape="contarst"))


@pytest.mark.parametrize(
    "options",
    [{"file": "labels"}, {"file": "labels", "gene_column": "symbol", "label": "value", "mni": 1}],
)
def test_options_that_a_shape_does_not_take_are_named(toy, options):
    with pytest.raises(BadInput, match="task 'toy/x': .*(mni|label).*mend 'options'"):
        tasks.build(toy, entry(kind="regression", shape="column", options=options))


def test_a_profile_is_loaded_by_group_then_name(home):
    loaded = tasks.load(specs.profile("tiny"))
    assert list(loaded) == [
        "toy/value",
        "toy/systems",
        "toy/term/brain",
        "toy/term/heart",
        "toy/term/liver",
        "toy/term/valve",
        "toy/class",
    ]
    assert all(name == task.name for name, task in loaded.items())


def test_the_stride_thins_entries_that_expand_and_no_others(home):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(term_stride=3))
    loaded = list(tasks.load(specs.profile("tiny")))
    assert [n for n in loaded if "/term/" in n] == ["toy/term/heart", "toy/term/valve"]
    assert len(loaded) == 5


def test_a_source_that_is_missing_is_told_and_the_rest_is_loaded(home):
    (paths.DOWNLOADS / "toy" / "members.tsv").unlink()
    forget()
    told = []
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(sources=["toy", "other"]))
    other = {**toy_source({"labels": paths.DOWNLOADS / "toy" / "labels.tsv"}), "id": "other"}
    write_yaml(
        paths.SOURCES / "other.yml",
        {**other, "tasks": [{**other["tasks"][3], "name": "other/value"}]},
    )
    assert list(tasks.load(specs.profile("tiny"), missing=told.append)) == [
        "other/value",
        "toy/value",
        "toy/class",
    ]
    assert len(told) == 1 and "members.tsv" in told[0]
    with pytest.raises(BadInput, match="members.tsv"):
        tasks.load(specs.profile("tiny"))


@pytest.mark.parametrize("damage", ["none", "cut"])
def test_tasks_read_from_the_cache_equal_those_just_built(home, damage):
    built = tasks.load(specs.profile("tiny"))
    (kept,) = paths.TASKS.glob("*.npz")
    if damage == "cut":
        kept.write_bytes(kept.read_bytes()[:100])
    again = tasks.load(specs.profile("tiny"))
    assert list(again) == list(built) and len(built) == 7
    for a, b in zip(built.values(), again.values()):
        assert (
            a.title,
            a.description,
            a.group,
            a.kind,
            a.source,
            a.version,
            a.classes,
            a.hash,
        ) == ((b.title, b.description, b.group, b.kind, b.source, b.version, b.classes, b.hash))
        assert a.labels.dtype == b.labels.dtype and a.hash == replace(b).hash
        np.testing.assert_array_equal(a.labels, b.labels)
        np.testing.assert_array_equal(a.entities, b.entities)


def test_a_changed_declaration_is_never_answered_from_the_cache(home):
    before = tasks.load(specs.profile("tiny"))
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][2]["options"].update(min_class=60))
    after = tasks.load(specs.profile("tiny"))
    assert len(after["toy/class"].classes) < len(before["toy/class"].classes)


def test_picking_takes_names_and_folders(home):
    loaded = tasks.load(specs.profile("tiny"))
    assert list(tasks.pick(loaded, ["toy/class", "toy/term/"])) == [
        "toy/class",
        *(n for n in loaded if "/term/" in n),
    ]
    assert tasks.pick(loaded, None) == loaded
    with pytest.raises(BadInput, match="did you mean 'toy/class'"):
        tasks.pick(loaded, ["toy/clas"])


def test_the_universe_is_every_gene_once_and_sorted(make_task):
    a, b = make_task("binary", [0, 1] * 5), make_task("binary", [0, 1] * 8, size=4)
    assert tasks.universe([a, b]).tolist() == sorted(set(a.entities) | set(b.entities))


def test_a_subset_keeps_labels_with_their_genes(make_task):
    task = make_task("regression", np.arange(10.0))
    part = tasks.subset(task, task.labels > 6)
    assert part.labels.min() > 6 and len(part) == 3
    assert set(zip(part.entities, part.labels)) <= set(zip(task.entities, task.labels))
