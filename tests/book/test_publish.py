"""Dated versions lie side by side; readers are led to a notebook only of a known repository."""

import json
import re
from datetime import date

import pytest
import yaml
from typer.testing import CliRunner

from genebench.book import publish
from genebench.cli import main as command
from genebench.core import paths
from genebench.core.errors import BadInput


def test_readers_can_open_a_page_where_the_repository_is_known(monkeypatch):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "https://github.com/o/n.git")
    monkeypatch.setenv("GENEBENCH_RELEASE", "v1.2.0")
    links = publish.launchers("power", "tab_power")
    assert links["Colab"].endswith("/github/o/n/blob/gh-pages/v1.2.0/_static/notebooks/power.ipynb")
    assert "/gh/o/n/v1.2.0?" in links["Binder"]
    assert links["Binder"].endswith("notebooks/tab_power.py")


def test_a_repository_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "not a repository")
    with pytest.raises(BadInput, match="owner/name"):
        publish.repository()


def built(folder, text):
    (folder / "executed").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(text)
    return folder


def test_versions_lie_side_by_side_and_the_newest_is_found(tmp_path):
    site = tmp_path / "site"
    publish.site(site, "v1.0.0", on=date(2026, 1, 2), html=built(tmp_path / "a", "one"))
    publish.site(site, "v1.1.0", on=date(2026, 3, 4), html=built(tmp_path / "b", "two"))
    assert (site / "v1.0.0" / "index.html").read_text() == "one"
    assert (
        (site / "latest" / "index.html").read_text()
        == (site / "v1.1.0" / "index.html").read_text()
        == "two"
    )
    assert json.loads((site / "versions.json").read_text()) == {
        "v1.0.0": "2026-01-02",
        "v1.1.0": "2026-03-04",
    }
    listed = re.findall(r'href="([^"]+)"', (site / "versions.html").read_text())
    assert listed == ["v1.1.0/index.html", "v1.0.0/index.html"]
    assert (
        "latest/index.html" in (site / "index.html").read_text() and (site / ".nojekyll").exists()
    )


def test_a_version_built_again_keeps_its_date(tmp_path):
    site = tmp_path / "site"
    for text, day in (("one", date(2026, 1, 2)), ("mended", date(2026, 5, 6))):
        publish.site(site, "v1.0.0", on=day, html=built(tmp_path / text, text))
    assert (site / "v1.0.0" / "index.html").read_text() == "mended"
    assert json.loads((site / "versions.json").read_text()) == {"v1.0.0": "2026-01-02"}


@pytest.mark.parametrize("name", ["../up", "latest", "", "a b", ".hidden"])
def test_a_name_that_is_no_version_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(BadInput):
        publish.site(tmp_path / "site", name, html=built(tmp_path / "a", "one"))
    assert not (tmp_path / "site").exists()


def test_publish_without_a_book_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "HTML", tmp_path / "nothing")
    result = CliRunner().invoke(command.app, ["publish", str(tmp_path / "site"), "--version", "v1"])
    assert result.exit_code == 2 and "genebench book" in result.output


def test_the_workflow_calls_commands_that_there_are():
    steps = yaml.safe_load((paths.ROOT / ".github" / "workflows" / "book.yml").read_text())["jobs"][
        "publish"
    ]["steps"]
    lines = "\n".join(s.get("run", "") for s in steps)
    known = {c.name for c in command.app.registered_commands}
    assert {
        m for m in re.findall(r"genebench (\w+) ", lines)
    } <= known and "genebench publish site --version" in lines
    targets = set(re.findall(r"^(\w+):", (paths.ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make (\w+)", lines)) <= targets


def test_the_bibliography_can_be_read_whole():
    from pybtex.database import parse_file

    text = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    assert (
        len(parse_file(str(paths.BOOK / "references.bib")).entries)
        == len(re.findall(r"(?m)^@", text))
        > 60
    )


def test_every_citation_of_a_preprint_has_its_doi():
    text = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=@)", text)[1:]
    for entry in entries:
        number = re.search(r"arXiv:(\d{4}\.\d{4,5})", entry)
        assert not number or "doi" in entry, entry[:60]
    assert sum("doi" in e.lower() for e in entries) > 0.8 * len(entries)
