"""Declarations: what is refused, and what the sentence says."""

import pytest
from helpers import edit_profile, edit_yaml, forget, refused

from genebench.core import errors, paths, specs
from genebench.core.errors import BadInput, unknown


def line_of(path, text):
    """Number of the first line that contains a text."""
    return 1 + next(i for i, line in enumerate(path.read_text().splitlines()) if text in line)


def sentence(function, *args):
    """The sentence with which a call is refused."""
    with refused(".") as caught:
        function(*args)
    return str(caught.value)


def test_a_users_own_entries_stand_beside_the_declared_ones_and_nowhere_else(home):
    declared = specs.declared()
    mine = declared.model("full").model_copy(update={"name": "mine", "exposed": {"toy/": "Yes."}})
    more = declared.extended(models=[mine])
    assert more.model("mine").title == "Full" and "mine" not in specs.declared().models
    assert more.model("mine").exposed_on("toy/value")
    assert not more.model("full").exposed_on("toy/value")


def test_a_misspelt_key_is_named_with_its_line_the_nearest_and_before_the_one_that_is_missing(home):
    def misspell(d):
        d["models"]["full"]["encodr"] = d["models"]["full"].pop("encoder")

    edit_yaml(paths.MODELS, misspell)
    assert sentence(specs.declared) == (
        f"{paths.MODELS}:{line_of(paths.MODELS, 'encodr')}: key 'models.full.encodr': "
        "unknown key 'encodr'; did you mean 'encoder'?"
    )


WRONG = {
    "models.oracle.color": "red",
    "models.oracle.family": "magic",
    "models.oracle.options": 3,
    "profiles.tiny.folds": 1,
}


@pytest.mark.parametrize("at", WRONG)
def test_a_wrong_value_names_file_line_and_key(home, at):
    top, name, key = at.split(".")
    path = paths.DATA / f"{top}.yml"
    edit_yaml(path, lambda d: d[top][name].update({key: WRONG[at]}))
    lines, words = path.read_text().splitlines(), sentence(specs.declared)
    line = max(i for i, text in enumerate(lines, 1) if f" {key}:" in text)
    assert words.startswith(f"{path}:{line}: key '{at}'") and words.endswith("fix that value.")


def test_a_missing_key_is_named_with_the_line_of_its_entry(home):
    path = paths.SOURCES / "toy.yml"
    edit_yaml(path, lambda d: d["tasks"][2].pop("kind"))
    words = sentence(specs.declared)
    assert f":{line_of(path, 'toy/class')}:" in words and "required" in words


@pytest.mark.parametrize(
    "text, line",
    [
        (b"models:\n  a: {title: x\n", ":3"),
        (b"a: 1\nb: 2\na: 3\n", ":3"),
        (b"a: !!python/object/apply:os.getcwd []\n", ":1"),
        (b"a: \xff\n", ""),
        (b"a: \x00\n", ""),
    ],
)
def test_malformed_or_hostile_yaml_names_file_and_line(tmp_path, text, line):
    path = tmp_path / "models.yml"
    path.write_bytes(text)
    assert sentence(specs.read_yaml, path).startswith(f"{path}{line}: malformed YAML")


def test_aliases_are_shared_and_cannot_fill_the_memory(tmp_path):
    path = tmp_path / "p.yml"
    path.write_text("a: &x\n  k: 1\nb: *x\n")
    assert specs.read_yaml(path) == {"a": {"k": 1}, "b": {"k": 1}}
    bomb = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)]
    path.write_text("a0: &a0 [x]\n" + "".join(bomb))
    assert "its aliases stand for more than" in sentence(specs.read_yaml, path)


@pytest.mark.parametrize(
    "text",
    [
        "modles: {}\n",
        "models: {a: {name: b}}\n",
        "models: {a: {1: b}}\n",
        "",
    ],
)
def test_models_of_a_wrong_shape_are_one_sentence(home, text):
    paths.MODELS.write_text(text)
    forget()
    assert str(paths.MODELS) in sentence(specs.declared)


def test_a_file_that_is_missing_empty_or_of_another_name_is_told(home, tmp_path):
    assert "GENEBENCH_HOME" in sentence(specs.read_yaml, tmp_path / "none.yml")
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d.update(id="joy"))
    assert "its 'id' is 'joy'; name it as the file: 'toy'" in sentence(specs.declared)
    (paths.SOURCES / "toy.yml").write_text("")
    forget()
    assert "key ''" not in sentence(specs.declared)


@pytest.mark.parametrize("key, wrong", [("models", "orakle"), ("sources", "toi")])
def test_a_profile_that_names_an_unknown_entry_is_refused(home, key, wrong):
    edit_profile(**{key: [wrong]})
    words = sentence(specs.declared().profile, "tiny")
    assert "profile 'tiny'" in words and f"'{wrong}'; did you mean" in words


@pytest.mark.parametrize(
    "name, known, hint",
    [
        ("orcale", ["oracle", "random"], "did you mean 'oracle'?"),
        ("HEIGHT", ["hpo/body-height", "jaspar/gc"], "did you mean 'hpo/body-height'?"),
        ("zzz", [f"name{i}" for i in range(30)], "there are 30 to choose from"),
    ],
)
def test_an_unknown_name_has_a_hint(name, known, hint):
    words = str(unknown("thing", name, known, where="a.yml:7"))
    assert words.startswith(f"a.yml:7: unknown thing '{name}'; ") and hint in words


def test_a_sentence_is_one_printable_line_of_bounded_length():
    words = str(BadInput("a\nb\x1b[31m" + "c" * 5000))
    assert "\n" not in words and "\x1b" not in words and len(words) <= errors.LONGEST + 3
