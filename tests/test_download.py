"""Downloads, against a server of this process: what breaks off goes on, what is wrong is never used."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import threading
from types import SimpleNamespace

import pytest

from genebench.data import sources

BODY = bytes(range(256)) * 4000
RIGHT = hashlib.sha256(BODY).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves ``BODY`` under several kinds of trouble, and notes what it was asked."""

    asked: list = []

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Range")))
        number = sum(path == self.path for path, _ in self.asked)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if self.path == "/broken" and number < 3:
            return self.answer(BODY[start:], start, cut=len(BODY) // 3)
        if self.path == "/whole-again" and number < 2:
            return self.answer(BODY, 0, cut=len(BODY) // 3)
        if self.path == "/busy" and number < 3:
            return self.send_error(503)
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/plain")
            return self.end_headers()
        if self.path == "/gone":
            return self.send_error(404)
        if self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(BODY)
            return None
        if self.path == "/packed.gz":
            return self.answer(gzip.compress(BODY), 0)
        return self.answer(
            BODY if self.path == "/whole-again" else BODY[start:],
            0 if self.path == "/whole-again" else start,
        )

    def answer(self, body, start, cut=None):
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut:
            self.connection.close()


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A server, and a place to fetch to; pauses take no time, and the server's protocol is taken for https."""
    monkeypatch.setattr(Server, "asked", [])
    monkeypatch.setattr(sources, "_PROTOCOL", "http://")
    monkeypatch.setattr(sources, "_refused", {})
    pauses: list = []
    monkeypatch.setattr(sources.time, "sleep", pauses.append)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.handle_error = lambda *args: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    kept = tmp_path / "held" / "file.bin"

    def fetch(path, sha256=RIGHT):
        return sources._download(address + path, kept, sha256)

    yield SimpleNamespace(
        fetch=fetch, kept=kept, address=address, pauses=pauses, asked=Server.asked
    )
    server.shutdown()
    server.server_close()


def test_a_file_comes_whole_and_leaves_nothing_beside_it(web):
    assert web.fetch("/plain") == "" and web.kept.read_bytes() == BODY
    assert [p.name for p in web.kept.parent.iterdir()] == ["file.bin"] and web.pauses == []


def test_what_broke_off_goes_on_where_it_was(web):
    assert web.fetch("/broken") == "" and web.kept.read_bytes() == BODY
    ranges = [asked for _, asked in web.asked]
    assert (
        ranges[0] is None
        and len(ranges) == 3
        and 0 < int(ranges[1][6:-1]) < int(ranges[2][6:-1]) < len(BODY)
    )
    assert web.pauses == [1, 2]


def test_a_server_that_cannot_go_on_sends_all_of_it(web):
    assert web.fetch("/whole-again") == "" and web.kept.read_bytes() == BODY


def test_another_process_goes_on_with_what_the_first_left(web, monkeypatch):
    monkeypatch.setattr(sources, "TRIES", 1)
    assert "Error" in web.fetch("/broken") and not web.kept.exists()
    sources._refused.clear()
    monkeypatch.setattr(sources, "TRIES", 5)
    assert (
        web.fetch("/broken") == "" and web.kept.read_bytes() == BODY and web.asked[1][1] is not None
    )


def test_a_busy_server_is_asked_again_and_a_missing_page_is_not(web):
    assert web.fetch("/busy") == "" and len(web.asked) == 3 and web.pauses == [1, 2]
    web.asked.clear()
    web.kept.unlink()
    assert "404" in web.fetch("/gone") and len(web.asked) == 1


def test_a_wrong_checksum_is_never_used(web):
    assert "hash" in web.fetch("/plain", sha256="0" * 64)
    assert not web.kept.exists()


def test_an_address_that_leads_elsewhere_must_be_safe_too(web, monkeypatch):
    assert web.fetch("/away") == ""
    monkeypatch.setattr(sources, "_PROTOCOL", "https://")
    sources._refused.clear()
    web.kept.unlink()
    assert "not https" in web.fetch("/away") and not web.kept.exists()


def test_what_declares_or_sends_too_much_is_refused(web, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST", 500_000)
    assert "too large" in web.fetch("/plain") and not web.kept.exists()
    monkeypatch.setattr(sources, "LARGEST", 5_000_000)
    assert "too large" in web.fetch("/endless") and not web.kept.exists()


def test_what_unpacks_to_too_much_is_refused(web, monkeypatch):
    assert web.fetch("/packed.gz") == "" and web.kept.read_bytes() == BODY
    web.kept.unlink()
    monkeypatch.setattr(sources, "LARGEST", 100_000)
    monkeypatch.setattr(sources, "_CHUNK", 50_000)
    assert "too large" in web.fetch("/packed.gz") and not web.kept.exists()


def test_the_proxy_of_the_environment_is_asked(web, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", web.address)
    assert sources._download("http://nowhere.example/plain", web.kept, None) == ""
    assert web.asked[0][0] == "http://nowhere.example/plain"
