"""Recipe, key, atomic file with a sidecar."""

import pytest

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


@pytest.mark.parametrize("note", ["", "[]", '{"sha256": 1}'])
def test_an_artefact_without_a_sound_note_is_broken(tmp_path, note):
    path = tmp_path / "thing.txt"
    cache.store(path, {}, lambda p: p.write_text("content"), seconds=2.5)
    assert cache.state(path) == "ready" and cache.facts(path) == {"seconds": 2.5}
    cache.sidecar(path).write_text(note)
    assert cache.state(path) == "broken"
