"""Dated versions lie side by side; readers are led to a notebook only of a known repository."""

import json
import re
from datetime import date

import pytest
import yaml
from helpers import call, refused

from genebench.book import publish
from genebench.cli import main as command
from genebench.core import paths
from genebench.core.errors import BadInput


def test_readers_can_open_a_page_where_the_repository_is_known(monkeypatch):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "https://github.com/o/n.git")
    monkeypatch.setenv("GENEBENCH_RELEASE", "v1.2.0")
    links = publish.launchers("coverage", "fig_coverage")
    assert links["Colab"].endswith(
        "/github/o/n/blob/gh-pages/v1.2.0/_static/notebooks/coverage.ipynb"
    )
    assert "/gh/o/n/v1.2.0?" in links["Binder"]
    assert links["Binder"].endswith("notebooks/fig_coverage.py")
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "not a repository")
    with refused("owner/name"):
        publish.repository()


def built(folder, text):
    """A built book of one page."""
    folder.mkdir()
    (folder / "index.html").write_text(text)
    return folder


def test_versions_lie_side_by_side_the_newest_is_found_and_the_first_date_stays(tmp_path):
    site = tmp_path / "site"
    versions = [("v1.0.0", "one", 1), ("v1.1.0", "two", 2), ("v1.0.0", "fixed", 3)]
    for version, text, month in versions:
        on, html = date(2026, month, 1), built(tmp_path / text, text)
        publish.site(site, version, on=on, html=html)
        for name in (version, "latest"):
            assert (site / name / "index.html").read_text() == text
    assert (site / "v1.1.0" / "index.html").read_text() == "two"
    dates = json.loads((site / "versions.json").read_text())
    assert dates == {"v1.0.0": "2026-01-01", "v1.1.0": "2026-02-01"}
    listed = re.findall(r'href="([^"]+)"', (site / "versions.html").read_text())
    assert listed == ["v1.1.0/index.html", "v1.0.0/index.html"]
    assert "latest/index.html" in (site / "index.html").read_text()
    assert (site / ".nojekyll").exists()


@pytest.mark.parametrize("name", ["../up", "latest", "", "a b", ".hidden"])
def test_a_name_that_is_no_version_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(BadInput):
        publish.site(tmp_path / "site", name, html=built(tmp_path / "a", "one"))
    assert not (tmp_path / "site").exists()


def test_publish_without_a_book_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "HTML", tmp_path / "nothing")
    result = call("publish", tmp_path / "site", "--version", "v1")
    assert result.exit_code == 2 and "genebench book" in result.output


def test_the_workflow_calls_commands_that_there_are():
    text = (paths.ROOT / ".github" / "workflows" / "book.yml").read_text()
    lines = "\n".join(s.get("run", "") for s in yaml.safe_load(text)["jobs"]["publish"]["steps"])
    known = {c.name for c in command.app.registered_commands}
    assert set(re.findall(r"genebench (\w+) ", lines)) <= known
    assert "genebench publish site --version" in lines
    targets = set(re.findall(r"^(\w+):", (paths.ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make (\w+)", lines)) <= targets


def test_the_bibliography_can_be_read_whole_and_preprints_have_their_doi():
    from pybtex.database import parse_file

    entries = parse_file(str(paths.BOOK / "references.bib")).entries
    text = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    assert len(entries) == len(re.findall(r"(?m)^@", text)) > 60
    without = [name for name, entry in entries.items() if "doi" not in entry.fields]
    assert len(without) < 0.2 * len(entries)
    assert [name for name in without if "arXiv:" in str(entries[name].fields)] == []
