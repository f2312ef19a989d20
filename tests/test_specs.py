"""Declarations: what is refused, and what the sentence says."""

from __future__ import annotations

import pytest
from helpers import edit_yaml, forget
from pydantic import ValidationError

from genebench.core import paths, specs
from genebench.core.errors import BadInput


def line_of(path, text: str) -> int:
    """Number of the first line that holds a text."""
    return 1 + next(i for i, line in enumerate(path.read_text().splitlines()) if text in line)


def said(function, *args) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(BadInput) as caught:
        function(*args)
    return str(caught.value)


def test_the_declarations_of_a_home_are_read(home):
    assert list(specs.sources()) == ["toy"]
    assert list(specs.models()) == ["full", "part", "stem", "random", "shuffled", "oracle"]
    assert specs.profile("tiny").folds == 3
    assert specs.model("oracle").name == "oracle"
    assert specs.source("toy").files["labels"].format == "tsv"


def test_a_declaration_cannot_be_changed(home):
    with pytest.raises(ValidationError, match="frozen"):
        specs.profile("tiny").seed = 1


def test_pages_are_read_in_reading_order(home):
    pages = [
        {"notebook": "a", "page": "one"},
        {"notebook": "a", "page": "two", "parameters": {"group": "x"}},
    ]
    edit_yaml(paths.PROFILES, lambda d: d.update(pages=pages))
    assert [p.page for p in specs.pages()] == ["one", "two"]
    assert specs.pages()[1].parameters == {"group": "x"}


def test_an_unknown_key_names_file_line_and_the_nearest_key(home):
    edit_yaml(paths.MODELS, lambda d: d["models"]["stem"].update(colour="#123456"))
    told = said(specs.models)
    assert told.startswith(f"{paths.MODELS}:{line_of(paths.MODELS, 'colour')}:")
    assert "unknown key 'colour'" in told and "did you mean 'color'?" in told


def test_an_unknown_key_inside_a_list_is_found_too(home):
    path = paths.SOURCES / "toy.yml"
    edit_yaml(path, lambda d: d["tasks"][2].update(knid="binary"))
    told = said(specs.sources)
    assert told.startswith(f"{path}:{line_of(path, 'knid')}: key 'tasks.2.knid'")
    assert "did you mean 'kind'?" in told


def test_an_unknown_key_inside_a_mapping_is_found_too(home):
    path = paths.SOURCES / "toy.yml"
    edit_yaml(path, lambda d: d["files"]["labels"].update(fromat="tsv"))
    told = said(specs.sources)
    assert told.startswith(f"{path}:{line_of(path, 'fromat')}: key 'files.labels.fromat'")
    assert "did you mean 'format'?" in told


@pytest.mark.parametrize(
    "key, value",
    [
        ("color", "red"),
        ("family", "magic"),
        ("labels", "maybe"),
        ("options", 3),
        ("dim", "many"),
        ("requires", "torch"),
    ],
)
def test_a_wrong_value_names_file_line_and_key(home, key, value):
    edit_yaml(paths.MODELS, lambda d: d["models"]["oracle"].update({key: value}))
    told = said(specs.models)
    line = max(
        i for i, text in enumerate(paths.MODELS.read_text().splitlines(), 1) if f" {key}:" in text
    )
    assert told.startswith(f"{paths.MODELS}:{line}: key '{key}'")
    assert told.endswith("mend that value.")


@pytest.mark.parametrize(
    "key, value", [("folds", 1), ("repeats", 0), ("common_floor", 1.5), ("term_stride", 0)]
)
def test_a_profile_outside_its_bounds_is_refused(home, key, value):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update({key: value}))
    assert f"key '{key}'" in said(specs.profiles)


def test_a_missing_key_is_named(home):
    edit_yaml(paths.MODELS, lambda d: d["models"]["stem"].pop("licence"))
    told = said(specs.models)
    assert str(paths.MODELS) in told and "key 'licence'" in told and "required" in told


def test_a_sha256_that_is_none_is_refused(home):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["files"]["labels"].update(sha256="abc"))
    assert "key 'files.labels.sha256'" in said(specs.sources)


@pytest.mark.parametrize(
    "text, line",
    [
        ("models:\n  a: {title: x\n", 3),
        ("models:\n\ta: 1\n", 2),
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a: 'x\n", 2),
    ],
)
def test_malformed_yaml_names_file_and_line(tmp_path, text, line):
    path = tmp_path / "models.yml"
    path.write_text(text)
    told = said(specs.read_yaml, path)
    assert told.startswith(f"{path}:{line}: malformed YAML")


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "models.yml"
    path.write_text("a: 1\nb: 2\na: 3\n")
    told = said(specs.read_yaml, path)
    assert told.startswith(f"{path}:3:") and "'a' stands twice" in told


def test_yaml_cannot_make_python_objects(tmp_path):
    path = tmp_path / "models.yml"
    path.write_text("a: !!python/object/apply:os.getcwd []\n")
    assert f"{path}:1" in said(specs.read_yaml, path)


def test_a_missing_file_says_what_to_do(tmp_path):
    assert "GENEBENCH_HOME" in said(specs.read_yaml, tmp_path / "none.yml")


def test_a_file_without_its_top_key_is_refused(home):
    paths.MODELS.write_text("modles: {}\n")
    forget()
    assert said(specs.models) == f"{paths.MODELS}: the key 'models' is missing; add it."


def test_a_source_whose_id_is_not_its_file_name_is_refused(home):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d.update(id="joy"))
    assert "key 'id' is 'joy' but the file is named 'toy'" in said(specs.sources)


@pytest.mark.parametrize(
    "what, near, known",
    [("model", "orakle", "oracle"), ("source", "toi", "toy"), ("profile", "tinny", "tiny")],
)
def test_an_unknown_name_is_answered_with_the_nearest(home, what, near, known):
    assert said(getattr(specs, what), near) == f"unknown {what} '{near}'; did you mean '{known}'?"


@pytest.mark.parametrize("key, wrong", [("models", "orakle"), ("sources", "toi")])
def test_a_profile_that_names_an_unknown_entry_is_refused(home, key, wrong):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update({key: [wrong]}))
    told = said(specs.profile, "tiny")
    assert (
        str(paths.PROFILES) in told
        and "profile 'tiny'" in told
        and f"'{wrong}'; did you mean" in told
    )


def test_aliases_are_shared_and_keep_their_lines(tmp_path):
    path = tmp_path / "p.yml"
    path.write_text("a: &x\n  k: 1\nb: *x\n")
    read = specs.read_yaml(path)
    assert read == {"a": {"k": 1}, "b": {"k": 1}}
    assert read.lines == {"": 1, "a": 1, "b": 3} and read["a"].lines["k"] == 2
