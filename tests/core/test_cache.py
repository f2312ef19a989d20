"""Recipe, key, atomic file with a sidecar."""

import hashlib
import json

import pytest

from genebench.core import cache


def test_the_key_is_the_sha256_of_the_canonical_json_in_any_order():
    text = '{"a":[1,2.5],"b":"\\u00e9"}'
    expected = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert cache.key({"b": "é", "a": [1, 2.5]}) == cache.key({"a": [1, 2.5], "b": "é"}) == expected
    with pytest.raises(ValueError):
        cache.key({"a": float("nan")})


def test_an_atomic_write_replaces_the_file_only_at_the_end(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    with cache.atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent and temporary.suffix == path.suffix
    (tmp_path / "plain").write_text("x")
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_error_while_storing_leaves_the_old_file_and_nothing_else(tmp_path):
    def fail(to):
        to.write_text("half")
        raise OSError("disk full")

    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError):
        cache.store(path, {}, fail)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.fixture
def stored(tmp_path):
    """An artefact with its sidecar."""
    path = tmp_path / "thing.txt"
    cache.store(path, {"a": 1}, lambda p: p.write_text("content"), seconds=2.5)
    return path


def test_a_stored_artefact_is_ready_and_its_sidecar_has_recipe_and_facts(stored):
    sidecar = json.loads(cache.sidecar(stored).read_text())
    assert cache.state(stored) == "ready" and sidecar["recipe"] == {"a": 1}
    assert sidecar["sha256"] == cache.digest(stored) == hashlib.sha256(b"content").hexdigest()
    assert cache.facts(stored) == {"seconds": 2.5}
    assert cache.state(stored.with_name("other.txt")) == "absent"


@pytest.mark.parametrize("content", ["conten", ""])
def test_a_changed_or_truncated_artefact_is_broken(stored, content):
    stored.write_text(content)
    assert cache.state(stored) == "broken"


@pytest.mark.parametrize("sidecar", ["", "[]", '{"sha256": 1}'])
def test_an_artefact_without_a_sound_sidecar_is_broken(stored, sidecar):
    cache.sidecar(stored).write_text(sidecar)
    assert cache.state(stored) == "broken"
    cache.sidecar(stored).unlink()
    assert cache.state(stored) == "broken"
