"""The script that publishes exported vectors: what it takes, and what it sends."""

import json
import runpy

import pytest
from helpers import refused

from genebench.core import cache, paths

script = runpy.run_path(str(paths.ROOT / "scripts" / "publish_vectors.py"))
CARD = {"title": "M", "genes": 2, "dimensions": 3, "licence": "MIT", "share": "yes"}


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


@pytest.mark.parametrize("change", [{"sha256": "0"}, {"share": "read its terms"}])
def test_what_is_changed_or_not_free_is_refused(folder, change):
    card = json.loads((folder / "m.json").read_text())
    (folder / "m.json").write_text(json.dumps(card | change))
    with refused("m.parquet: "):
        script["collect"](folder)
