"""Tasks: their hash, their cache, and what a profile loads."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from helpers import edit_yaml, refused, rows
from numpy.testing import assert_equal

from genebench.core import paths, specs
from genebench.data import builders, tasks


def load(**options):
    """The tasks of the made-up profile."""
    known = specs.declared()
    return tasks.load(known.profiles["tiny"], known.sources, **options)


def entry(**changes):
    """A declaration of a task with some keys changed."""
    words = dict(name="toy/x", title="X", description="x", group="genomic properties")
    return specs.TaskSpec(**{**words, "kind": "regression", "builder": "column", **changes})


# --- one task -------------------------------------------------------------------------------------


UNUSABLE = """
regression | []              | []         | no genes
regression | ["A", "A"]      | [1.0, 1.0] | a gene twice
regression | ["HGNC:5", "A"] | [1.0, 2.0] | an HGNC id in place of a symbol
regression | ["", "A"]       | [1.0, 1.0] | a gene without a name
regression | ["A", "B"]      | [1.0, NaN] | not those of a regression task
binary     | ["A", "B"]      | [1, 1]     | not those of a binary task
multiclass | ["A", "B"]      | [0, 2]     | not those of a multiclass task
multilabel | ["A"]           | [[0, 2]]   | not those of a multilabel task
"""


@pytest.mark.parametrize("kind, genes, labels, fault", rows(UNUSABLE))
def test_labels_that_cannot_be_used_are_an_error(toy, monkeypatch, kind, genes, labels, fault):
    given = np.array(json.loads(genes), dtype=str), np.array(json.loads(labels)), ("a", "b")
    monkeypatch.setitem(builders.BUILDERS, "column", lambda declared: [declared.make(*given)])
    with refused(f"source 'toy', task 'toy/x': .*{fault}"):
        tasks.build(toy, entry(kind=kind))


def test_options_that_a_shape_does_not_take_and_wrong_columns_and_files_are_named(toy):
    value = toy.tasks[3]
    for changes, fault in (
        ({"builder": "colunm"}, "unknown builder 'colunm'; did you mean 'column'"),
        ({"options": {"file": "labels"}}, "label.*fix 'options'"),
        ({"options": value.options | {"label": "valu"}}, "'valu"),
        ({"options": value.options | {"file": "lables"}}, "lables"),
    ):
        with refused(fault):
            tasks.build(toy, value.model_copy(update=changes))


def test_hash_depends_on_entities_labels_and_classes_alone(make_task):
    task = make_task("binary", [0, 1, 0, 1])
    wider = {"entities": task.entities.astype("<U40"), "labels": task.labels.astype(np.int8)}
    assert replace(task, **wider, title="t", name="n").hash == task.hash
    changes = {"labels": 1 - task.labels, "entities": task.entities[::-1], "classes": "ab"}
    changed = {replace(task, **{name: value}).hash for name, value in changes.items()}
    assert len(changed | {task.hash}) == 4
    real = make_task("regression", [0.0, 1.0])
    assert replace(real, labels=real.labels + 1e-12).hash != real.hash


# --- the tasks of a profile -----------------------------------------------------------------------

TERMS = [f"toy/term/{name}" for name in ("brain", "heart", "liver", "valve")]


def test_missing_source_is_reported_once_and_the_rest_is_loaded(home):
    (paths.DOWNLOADS / "toy" / "members.tsv").unlink()
    sentences = []
    assert list(load(missing=sentences.append)) == ["toy/value", "toy/class"]
    assert len(sentences) == 1 and "members.tsv" in sentences[0]
    with refused("members.tsv"):
        load()


def test_two_tasks_of_one_name_are_an_error(home):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"].append(d["tasks"][3]))
    with refused("two tasks are named 'toy/value'; rename one"):
        load()


@pytest.mark.parametrize("damage", ["none", "cut"])
def test_cached_tasks_equal_those_just_built(toy, damage):
    load()
    for path in paths.TASKS.glob("*.npz") if damage == "cut" else ():
        path.write_bytes(path.read_bytes()[:100])
    again = load()
    for built in (task for entry in toy.tasks for task in tasks.build(toy, entry)):
        read = again.pop(built.name)
        assert built.hash == read.hash == replace(read).hash
        assert_equal(asdict(built), asdict(read))
    assert not again


def test_a_profile_is_loaded_by_group_then_name_and_picked_from_by_names_and_folders(home):
    loaded = load()
    assert list(loaded) == ["toy/value", "toy/systems", *TERMS, "toy/class"]
    assert list(tasks.pick(loaded, ["toy/class", "toy/term/"])) == ["toy/class", *TERMS]
    assert tasks.pick(loaded, None) == loaded
    with refused("did you mean 'toy/term/'"):
        tasks.pick(loaded, ["toy/term"])
