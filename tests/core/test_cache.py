"""Recipe, key, atomic file with a sidecar."""

import json

import pytest
from helpers import sha256

from genebench.core import cache


def test_the_key_is_that_of_the_content_in_any_order():
    assert cache.key({"b": "é", "a": [1, 2.5]}) == cache.key({"a": [1, 2.5], "b": "é"})
    assert cache.key({"a": [2.5, 1]}) != cache.key({"a": [1, 2.5]})
    with pytest.raises(ValueError):
        cache.key({"a": float("nan")})


def test_a_file_is_replaced_only_at_the_end_and_an_error_leaves_the_old_one(tmp_path):
    def fail(to):
        to.write_text("half")
        assert to.parent == path.parent and path.read_text() == "old"
        raise OSError("disk full")

    path, plain = tmp_path / "folder" / "a.txt", tmp_path / "plain"
    cache.write_text(path, "old")
    with pytest.raises(OSError):
        cache.store(path, {}, fail)
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    "note", [pytest.param(None, id="no note"), "", "[]", '{"sha256": 1}', "changed artefact"]
)
def test_an_artefact_is_ready_with_its_recipe_and_broken_if_it_or_its_note_is_not_sound(
    tmp_path, note
):
    path = tmp_path / "thing.txt"
    assert cache.state(path) == "absent"
    cache.store(path, {"a": 1}, lambda p: p.write_text("content"), seconds=2.5)
    sidecar = json.loads(cache.sidecar(path).read_text())
    assert cache.state(path) == "ready" and sidecar["recipe"] == {"a": 1}
    assert sidecar["sha256"] == sha256(path) and cache.facts(path) == {"seconds": 2.5}
    if note is None:
        cache.sidecar(path).unlink()
    else:
        (path if "changed" in note else cache.sidecar(path)).write_text(note)
    assert cache.state(path) == "broken"
