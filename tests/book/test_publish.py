"""Dated versions lie side by side; readers are led to a notebook only of a known repository."""

import json
import re

import pytest
import yaml
from helpers import refused

from genebench.book import publish
from genebench.cli import main as command
from genebench.core import cache, paths
from genebench.core.errors import BadInput


def test_readers_can_open_a_page_where_the_repository_is_known(monkeypatch):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "https://github.com/o/n.git")
    monkeypatch.setenv("GENEBENCH_RELEASE", "v1.2.0")
    colab, binder = publish.launchers("p", "fig_p").values()
    assert colab.endswith("/github/o/n/blob/gh-pages/v1.2.0/_static/notebooks/p.ipynb")
    assert binder.endswith("/gh/o/n/v1.2.0?urlpath=lab/tree/notebooks/fig_p.py")
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "not a repository")
    with refused("owner/name"):
        publish.repository()


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Build a book of one page."""
    monkeypatch.setattr(paths, "HTML", tmp_path / "html")
    paths.HTML.mkdir()
    return lambda text: (paths.HTML / "index.html").write_text(text)


def test_versions_lie_side_by_side_the_newest_is_found_and_the_first_date_stays(tmp_path, built):
    site = tmp_path / "site"
    with refused("run 'genebench book' first"):
        publish.site(site, "v1.0.0")
    for version, text in (("v1.0.0", "one"), ("v1.1.0", "two"), ("v1.0.0", "fixed")):
        built(text)
        publish.site(site, version)
        for name in (version, "latest"):
            assert (site / name / "index.html").read_text() == text
        cache.write_json(site / "versions.json", {"v1.0.0": "2026-01-01"})
    assert json.loads((site / "versions.json").read_text()) == {"v1.0.0": "2026-01-01"}
    listed = re.findall(r'href="([^"]+)"', (site / "versions.html").read_text())
    assert listed == ["v1.0.0/index.html"]
    assert "latest/index.html" in (site / "index.html").read_text()


@pytest.mark.parametrize("name", ["../up", "latest", "a b"])
def test_a_name_that_is_no_version_is_refused_and_nothing_is_written(tmp_path, built, name):
    built("one")
    with pytest.raises(BadInput):
        publish.site(tmp_path / "site", name)
    assert not (tmp_path / "site").exists()


def test_the_workflow_calls_commands_that_there_are():
    text = (paths.ROOT / ".github" / "workflows" / "book.yml").read_text()
    lines = "\n".join(s.get("run", "") for s in yaml.safe_load(text)["jobs"]["publish"]["steps"])
    known = {c.name for c in command.app.registered_commands}
    assert set(re.findall(r"genebench (\w+) ", lines)) <= known
    targets = set(re.findall(r"^(\w+):", (paths.ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make (\w+)", lines)) <= targets


def test_the_bibliography_can_be_read_whole_and_preprints_have_their_doi():
    from pybtex.database import parse_file

    entries = parse_file(str(paths.BOOK / "references.bib")).entries
    text = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    assert len(entries) == len(re.findall(r"(?m)^@", text)) > 60
    without = [entry.fields for entry in entries.values() if "doi" not in entry.fields]
    assert not any("arXiv:" in str(fields) for fields in without)
