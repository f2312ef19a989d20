"""The script that publishes exported vectors: what it takes, and what it sends."""

import json
import runpy

import pytest

from genebench.core import cache, paths
from genebench.core.errors import BadInput

script = runpy.run_path(str(paths.ROOT / "scripts" / "publish_vectors.py"))
CARD = {"title": "A model", "genes": 2, "dimensions": 3, "licence": "MIT", "share": "yes"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "m.parquet").write_bytes(b"vectors")
    card = {**CARD, "file": "m.parquet", "sha256": cache.digest(tmp_path / "m.parquet")}
    (tmp_path / "m.json").write_text(json.dumps(card))
    return tmp_path


def test_without_a_word_it_only_says_what_it_would_do(folder, capsys):
    assert script["main"]([str(folder), "--tag", "v1"]) == 0
    out = capsys.readouterr().out
    assert "gh release create v1" in out and "m.parquet: 2 × 3" in out and "POST https" in out


def test_file_and_card_go_into_a_draft(folder):
    sent = []

    def send(method, url, token, content, kind):
        sent.append((method, url, len(content)))
        return {"links": {"bucket": "https://b", "html": "https://draft"}}

    files = script["collect"](folder)
    about = script["metadata"](files, "v1")
    assert script["deposit"](files, about, "token", send) == "https://draft"
    assert [url for _, url, _ in sent[1:]] == ["https://b/m.json", "https://b/m.parquet"]
    assert sent[0][0] == "POST" and sent[2][2] == 7 and about["creators"]


@pytest.mark.parametrize("change", [{"sha256": "0"}, {"share": "read its terms"}])
def test_what_is_changed_or_not_free_is_refused(folder, change):
    card = json.loads((folder / "m.json").read_text())
    (folder / "m.json").write_text(json.dumps(card | change))
    with pytest.raises(BadInput):
        script["collect"](folder)
