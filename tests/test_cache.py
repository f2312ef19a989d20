"""Recipe → key → atomic file with a sidecar."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from genebench.core import cache, workers
from genebench.core.errors import BadInput


def test_the_key_is_the_sha256_of_the_canonical_json():
    text = '{"a":[1,2.5],"b":"\\u00e9"}'
    assert cache.key({"b": "é", "a": [1, 2.5]}) == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_the_key_does_not_depend_on_the_order_of_the_recipe():
    assert cache.key({"a": 1, "b": {"c": 2, "d": 3}}) == cache.key({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    "changed", [{"a": 2}, {"a": 1.5}, {"a": "1"}, {"a": 1, "b": None}, {"A": 1}]
)
def test_any_change_of_the_recipe_changes_the_key(changed):
    assert cache.key({"a": 1}) != cache.key(changed)


def test_a_recipe_with_nan_is_refused():
    with pytest.raises(ValueError):
        cache.key({"a": float("nan")})


def test_the_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "f").write_bytes(b"abc" * 100_000)
    assert cache.digest(tmp_path / "f") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_an_atomic_write_replaces_the_file_only_at_the_end(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    with cache.atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent and temporary.suffix == path.suffix
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_fault_inside_an_atomic_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        with cache.atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_atomically_written_file_has_the_ordinary_mode(tmp_path):
    (tmp_path / "plain").write_text("x")
    with cache.atomic(tmp_path / "atomic") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_written_json_is_sorted_and_ends_with_a_newline(tmp_path):
    cache.write_json(tmp_path / "a.json", {"b": 1, "a": [1, 2]})
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == {"a": [1, 2], "b": 1}
    assert text.index('"a"') < text.index('"b"') and text.endswith("}\n")


@pytest.fixture
def stored(tmp_path):
    """An artefact with its sidecar."""
    path = tmp_path / "thing.txt"
    cache.store(path, {"a": 1}, lambda p: p.write_text("content"), seconds=2.5)
    return path


def test_a_stored_artefact_is_ready_and_its_sidecar_holds_recipe_and_facts(stored):
    held = json.loads(cache.sidecar(stored).read_text())
    assert cache.state(stored) == "ready"
    assert held["recipe"] == {"a": 1}
    assert held["sha256"] == hashlib.sha256(b"content").hexdigest()
    assert cache.facts(stored) == {"seconds": 2.5}


def test_an_artefact_that_was_never_stored_is_absent(tmp_path):
    assert cache.state(tmp_path / "thing.txt") == "absent"


@pytest.mark.parametrize("content", ["conten", "Content", ""])
def test_a_changed_or_truncated_artefact_is_broken(stored, content):
    stored.write_text(content)
    assert cache.state(stored) == "broken"


@pytest.mark.parametrize("sidecar", ["", "{", "[]", "{}", "null", '{"sha256": 1}'])
def test_an_artefact_with_an_unreadable_sidecar_is_broken(stored, sidecar):
    cache.sidecar(stored).write_text(sidecar)
    assert cache.state(stored) == "broken"


def test_an_artefact_without_a_sidecar_is_broken(stored):
    cache.sidecar(stored).unlink()
    assert cache.state(stored) == "broken"


def test_a_fault_while_storing_leaves_nothing(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError):
        cache.store(tmp_path / "thing.txt", {}, fail)
    assert list(tmp_path.iterdir()) == []


def test_dropping_an_artefact_takes_its_sidecar_along(stored):
    cache.drop(stored)
    assert list(stored.parent.iterdir()) == []
    cache.drop(stored)  # twice is no fault


def test_dropping_a_folder_takes_all_that_is_in_it(stored):
    cache.drop(stored.parent)
    assert not stored.parent.exists()


# --- work that is kept ------------------------------------------------------------------------------------------------


def test_arrays_are_made_on_one_thread_and_kept_and_a_fault_is_a_sentence(tmp_path):
    from threadpoolctl import threadpool_info

    def made():
        return {
            "threads": np.array([pool["num_threads"] for pool in threadpool_info()]),
            "x": np.arange(3),
        }

    at = tmp_path / "kept.npz"
    assert workers.kept(made, at, {"a": 1}, with_torch=False) == "" and cache.state(at) == "ready"
    with np.load(at) as held:
        assert (held["threads"] == 1).all() and held["x"].tolist() == [0, 1, 2]
    assert cache.facts(at)["seconds"] >= 0

    def fails(err):
        def make():
            raise err

        return workers.kept(make, tmp_path / "none.npz", {"a": 2})

    assert fails(BadInput("no such gene; give another.")) == "no such gene; give another."
    assert fails(ZeroDivisionError("by zero")) == "ZeroDivisionError: by zero"
    assert not (tmp_path / "none.npz").exists()
