"""Finding, checking and reading upstream files. Nothing here touches the network."""

from __future__ import annotations

import gzip
import math
import os
import sqlite3
import sys
import types

import numpy as np
import pandas as pd
import pytest
from helpers import edit_yaml, sha256

from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import readers, sources


@pytest.fixture
def toy(home):
    """The made-up source."""
    return specs.source("toy")


def said(function, *args, **options) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(BadInput) as caught:
        function(*args, **options)
    return str(caught.value)


# --- finding ----------------------------------------------------------------------------------------------------------


def test_a_file_in_the_download_cache_is_found(toy):
    assert sources.locate(toy, "labels") == paths.DOWNLOADS / "toy" / "labels.tsv"


def test_an_unknown_file_is_answered_with_the_nearest(toy):
    assert (
        said(sources.locate, toy, "label")
        == "source 'toy': unknown file 'label'; did you mean 'labels'?"
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_mirror_folder_serves_a_file_with_or_without_gz(toy, tmp_path, monkeypatch, packed):
    kept = paths.DOWNLOADS / "toy" / "labels.tsv"
    content = kept.read_bytes()
    kept.unlink()
    mirror = tmp_path / "mirror" / "toy"
    mirror.mkdir(parents=True)
    (mirror / ("labels.tsv.gz" if packed else "labels.tsv")).write_bytes(
        gzip.compress(content) if packed else content
    )
    monkeypatch.setenv(
        "GENEBENCH_MIRROR", os.pathsep.join([str(tmp_path / "empty"), str(tmp_path / "mirror")])
    )
    assert sources.locate(toy, "labels", download=False).read_bytes() == content
    assert kept.exists()


def test_a_file_that_is_nowhere_says_where_to_put_it(toy):
    kept = paths.DOWNLOADS / "toy" / "labels.tsv"
    kept.unlink()
    told = said(sources.locate, toy, "labels")
    assert "no https address" in told and str(kept) in told


@pytest.mark.parametrize(
    "url", ["http://example.org/labels.tsv", "ftp://example.org/labels.tsv", "file:///labels.tsv"]
)
def test_only_https_is_fetched(home, url):
    (paths.DOWNLOADS / "toy" / "labels.tsv").unlink()
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["files"]["labels"].update(url=url))
    assert "no https address" in said(sources.locate, specs.source("toy"), "labels")


@pytest.fixture
def declared_url(home):
    """A file that must come from the web; returns where it will lie and what it must hold."""
    kept = paths.DOWNLOADS / "toy" / "labels.tsv"
    content = kept.read_bytes()
    kept.unlink()
    url = "https://example.org/labels.tsv"
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["files"]["labels"].update(url=url))
    return kept, content


def test_without_download_the_fetch_command_is_named(declared_url):
    assert "run 'genebench fetch toy'" in said(
        sources.locate, specs.source("toy"), "labels", download=False
    )


def fake_pooch(monkeypatch, retrieve) -> None:
    """Stand in for pooch, so that nothing is fetched."""
    monkeypatch.setitem(sys.modules, "pooch", types.SimpleNamespace(retrieve=retrieve))


def test_a_download_asks_for_the_declared_hash_and_lands_in_the_cache(declared_url, monkeypatch):
    kept, content = declared_url
    asked = {}

    def retrieve(url, *, known_hash, fname, path, downloader):
        asked.update(url=url, known_hash=known_hash)
        (path / fname).write_bytes(content)

    fake_pooch(monkeypatch, retrieve)
    source = specs.source("toy")
    assert sources.locate(source, "labels") == kept
    assert asked == {
        "url": "https://example.org/labels.tsv",
        "known_hash": f"sha256:{source.files['labels'].sha256}",
    }


def test_a_failed_download_names_address_fault_and_place(declared_url, monkeypatch):
    def retrieve(url, **_):
        raise ConnectionError("no route")

    fake_pooch(monkeypatch, retrieve)
    told = said(sources.locate, specs.source("toy"), "labels")
    assert (
        "https://example.org/labels.tsv" in told
        and "ConnectionError" in told
        and str(declared_url[0]) in told
    )


def test_an_address_that_failed_is_asked_once_and_never_in_a_listing(declared_url, monkeypatch):
    asked = []

    def retrieve(url, **_):
        asked.append(url)
        raise ConnectionError("no route")

    fake_pooch(monkeypatch, retrieve)
    with sources.only_at_hand():
        assert "run 'genebench fetch toy'" in said(sources.locate, specs.source("toy"), "labels")
    assert asked == []
    said(sources.locate, specs.source("toy"), "labels")
    assert (
        "ConnectionError" in said(sources.locate, specs.source("toy"), "labels") and len(asked) == 1
    )


def test_a_file_with_another_hash_is_refused(toy):
    kept = paths.DOWNLOADS / "toy" / "labels.tsv"
    kept.write_text(kept.read_text() + "\n")
    told = said(sources.locate, toy, "labels")
    assert (
        "is not the declared release 1" in told
        and sha256(kept)[:12] in told
        and "genebench fetch" in told
    )


def test_a_package_that_is_not_installed_is_named(home):
    edit_yaml(
        paths.SOURCES / "toy.yml",
        lambda d: d["files"]["labels"].update(package="no_such_package_here"),
    )
    told = said(sources.locate, specs.source("toy"), "labels")
    assert "'no_such_package_here', which is not installed" in told and "pip install" in told


def test_a_file_inside_an_installed_package_is_found(home):
    folder = sources.package_folder("yaml")
    entry = {"package": "yaml", "path": "loader.py", "sha256": sha256(folder / "loader.py")}
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["files"]["labels"].update(entry))
    assert sources.locate(specs.source("toy"), "labels") == folder / "loader.py"


def test_a_package_folder_is_found_without_importing_it():
    assert sources.package_folder("this_is_not_installed") is None
    before = set(sys.modules)
    assert (sources.package_folder("sqlite3") / "dbapi2.py").exists()
    assert set(sys.modules) <= before | {"sqlite3"}


def test_the_status_of_a_source_is_ready_or_says_what_is_missing(toy):
    assert sources.status(toy) == ("ready", "")
    (paths.DOWNLOADS / "toy" / "members.tsv").unlink()
    state, why = sources.status(toy)
    assert state == "missing" and "members.tsv" in why


# --- reading ----------------------------------------------------------------------------------------------------------


def test_text_tables_keep_every_value_as_text(tmp_path):
    (tmp_path / "t.tsv").write_text("gene\tid\nNA\t007\nMARCH1\t\n")
    frame = readers.read_tsv(tmp_path / "t.tsv")
    assert frame.to_numpy().tolist() == [["NA", "007"], ["MARCH1", ""]]


def test_csv_differs_from_tsv_in_the_separator_alone(tmp_path):
    (tmp_path / "t.tsv").write_text("a\tb\n1\tx\n")
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    pd.testing.assert_frame_equal(
        readers.READERS["csv"](tmp_path / "t.csv"), readers.READERS["tsv"](tmp_path / "t.tsv")
    )


def test_a_table_is_read_by_its_declared_format_and_the_cached_one_stays_as_it_is(toy):
    frame = sources.table(toy, "labels")
    columns = list(frame.columns)
    frame["new"] = 1
    assert list(sources.table(toy, "labels").columns) == columns and columns[0] == "symbol"


OBO = """format-version: 1.2
remark: [Term] inside a header

[Term]
id: T:0
name: All

[Term]
id: T:1
name: heart: the pump
def: "A. is_a: nothing" []
is_a: T:0 ! All

[Term]
id: T:2
name: valve
is_a: T:1 {source="x"} ! heart
is_a: T:0 ! All

[Term]
id: T:3
name: gone
is_a: T:0 ! All
is_obsolete: true

[Typedef]
id: part_of
name: part of
is_a: T:0
"""


def test_an_ontology_becomes_one_row_per_term_and_parent(tmp_path):
    (tmp_path / "o.obo").write_text(OBO)
    frame = readers.read_obo(tmp_path / "o.obo")
    assert list(frame.columns) == ["id", "name", "parent"]
    assert sorted(map(tuple, frame.to_numpy())) == [
        ("T:0", "All", ""),
        ("T:1", "heart: the pump", "T:0"),
        ("T:2", "valve", "T:0"),
        ("T:2", "valve", "T:1"),
    ]


@pytest.fixture
def jaspar(tmp_path):
    """A JASPAR release of four matrices with hand-made counts."""
    path = tmp_path / "j.sqlite"
    db = sqlite3.connect(path)
    db.executescript(
        """create table MATRIX (ID, COLLECTION, BASE_ID, VERSION, NAME);
        create table MATRIX_SPECIES (ID, TAX_ID);
        create table MATRIX_ANNOTATION (ID, TAG, VAL);
        create table MATRIX_DATA (ID, row, col, val);"""
    )
    rows = [  # id, collection, base, version, name, tax, columns of counts (A, C, G, T)
        (1, "CORE", "MA1", 1, "OLD", "9606", [(9, 1, 0, 0)]),
        (2, "CORE", "MA1", 2, "FOXA1", "9606", [(10, 0, 0, 0), (0, 0, 5, 5)]),
        (3, "CORE", "MA2", 1, "FOXA1", "9606", [(0, 10, 0, 0)] * 4),
        (4, "CORE", "MA3", 1, "MAX::MYC", "9606", [(1, 1, 1, 1)]),
        (5, "CORE", "MA4", 1, "Mouse1", "10090", [(1, 1, 1, 1)]),
        (6, "UNVALIDATED", "MA5", 1, "SOX2", "9606", [(1, 1, 1, 1)]),
        (7, "CORE", "MA6", 1, "FLAT", "9606", [(5, 5, 5, 5)]),
    ]
    for number, collection, base, version, name, tax, columns in rows:
        db.execute(
            "insert into MATRIX values (?,?,?,?,?)", (number, collection, base, version, name)
        )
        db.execute("insert into MATRIX_SPECIES values (?,?)", (number, tax))
        for col, counts in enumerate(columns, 1):
            db.executemany(
                "insert into MATRIX_DATA values (?,?,?,?)",
                [(number, b, col, c) for b, c in zip("ACGT", counts)],
            )
    db.executemany(
        "insert into MATRIX_ANNOTATION values (?,?,?)",
        [
            (2, "class", "Fork head"),
            (3, "class", "Fork head"),
            (2, "family", "FOX"),
            (2, "medline", "1"),
        ],
    )
    db.commit()
    db.close()
    return readers.read_jaspar(path, pseudocount=0.0001).set_index("symbol")


def test_only_human_core_monomers_are_kept(jaspar):
    assert list(jaspar.index) == ["FLAT", "FOXA1"]


def test_the_latest_version_of_each_profile_counts_and_profiles_are_averaged(jaspar):
    assert jaspar.loc["FOXA1", "n_motifs"] == 2
    assert jaspar.loc["FOXA1", "width"] == pytest.approx((2 + 4) / 2)


def test_motif_numbers_equal_those_made_by_hand(jaspar):
    row = jaspar.loc["FOXA1"]
    assert row["gc"] == pytest.approx((0.25 + 1) / 2, abs=1e-3)  # A then G or T; and four times C
    assert row["information"] == pytest.approx(((2 + 1) + 4 * 2) / 2, abs=1e-2)
    assert row[["A", "C", "G", "T"]].tolist() == pytest.approx([0.25, 0.5, 0.125, 0.125], abs=1e-3)
    assert jaspar.loc["FLAT", ["gc", "information", "width"]].tolist() == pytest.approx(
        [0.5, 0, 1], abs=1e-9
    )


def test_domain_class_and_family_come_from_the_annotation_and_are_empty_without_one(jaspar):
    assert jaspar.loc["FOXA1", ["class", "family"]].tolist() == ["Fork head", "FOX"]
    assert jaspar.loc["FLAT", ["class", "family"]].tolist() == ["", ""]


def test_expression_is_genes_by_cells_with_the_cluster_in_the_column_name(tmp_path):
    import anndata

    values = np.array([[0.0, math.log(3)], [1.0, 0.5], [0.0, 0.0]])
    obs = pd.DataFrame({"kind": ["B", "T", "B"]}, index=["c1", "c2", "c3"])
    data = anndata.AnnData(values, obs=obs, var=pd.DataFrame(index=["GATA1", "CD4"]))
    data.write_h5ad(tmp_path / "e.h5ad")
    frame = readers.read_expression(tmp_path / "e.h5ad", cluster="kind")
    assert list(frame.columns) == ["B|c1", "T|c2", "B|c3"] and list(frame.index) == ["GATA1", "CD4"]
    np.testing.assert_allclose(frame.to_numpy(), values.T)
