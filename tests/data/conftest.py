"""Nine made-up genes, as tables of HGNC and Ensembl, and as declared sources."""

import re

import pandas as pd
import pytest
from helpers import CODING, COLUMNS, made_source, rows

from genebench.core import paths, specs
from genebench.data import genes, sources, tasks

HGNC = """
HGNC:1 | KINA1 | OLDK1|BOTH1 | NICK | E001 | 11 | P00001|P00002 | 19q13.4 | 7|9 | coding
HGNC:2 | KINA2 | OLDK2 | NICK|BOTH1 | E002 | 12 | P00003 | Xp22 | 7 | coding
HGNC:3 | LONE1 | SHARED|KINA1 | SINGLE | E003 | 13 | P00003 | Xp22.33 and Yp11.3 |  | coding
HGNC:5 | CO9orf1 | SHARED |  | E004 | 14 |  | mitochondria |  | coding
HGNC:6 | TWINA | SEPT1 |  | E009 |  |  | 22 unplaced | 471|600 | coding
HGNC:7 | TWINB | MARCH1 | sept2 | E009 |  |  | reserved | 1691 | other
HGNC:8 | TWINC | MARC1 | SEP1|OCT-4 |  |  |  |  |  | coding
HGNC:9 | DECA1 |  | SEP3|DEC3|52 | E010 | 15 |  | reserved |  | coding
HGNC:20 | H2AC11 |  | MARCH9 |  | 16 |  | 6p22.2 |  | coding
"""
ENSEMBL = """
E001 | ANOTHER | 7
E010 | DECA1   | 6
E101 | KINA1   | CHR_HSCHR6_MHC
E102 | OLDK2   | X
E103 | NICK    | 8
E104 |         | 8
E105 | KINA1   | 19
E106 | KINA1   | 3
E009 | TWINB   | CHR_HSCHR6_MHC
"""
"""HGNC gives E001 to another gene; E106 is a copy elsewhere."""


def _frame(text, columns):
    text = re.sub(r"\bE(?=\d{3}\b)", "ENSG00000000", text).replace("coding", CODING)
    return pd.DataFrame(rows(text), columns=columns)


@pytest.fixture(scope="session")
def hgnc():
    """The table of HGNC."""
    return _frame(HGNC, COLUMNS)


@pytest.fixture(scope="session")
def ensembl():
    """The table of Ensembl."""
    return _frame(ENSEMBL, ["ensgene", "symbol", "chr"])


@pytest.fixture(scope="session")
def resolver(hgnc, ensembl):
    """The resolver of both tables."""
    return genes.build(hgnc, ensembl, release="Toy 1")


@pytest.fixture
def declared(hgnc, ensembl, tmp_path, monkeypatch):
    """The tables as files of declared sources, by id."""
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path)
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)
    annotated = "KINA1 | 1\nOLDK1 | 1\nOLDK1 | 2\nLONE1 | 1\nTWINX | 9"
    known = {"goa": specs.declared().source("goa")}
    for name, file, table in (
        ("hgnc", "genes", hgnc),
        ("ensembl", "genes", ensembl),
        ("goa_symbols", "annotations", _frame(annotated, ["symbol", "go_id"])),
    ):
        table.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
        known[name] = made_source(name, **{file: {"format": "tsv", "path": f"{name}.tsv"}})
    return known


@pytest.fixture
def toy(home):
    """The made-up source."""
    return specs.declared().sources["toy"]


@pytest.fixture
def build(toy, monkeypatch):
    """The one task of a builder and its options, from made-up tables by name."""

    def one(kind, builder, tables=None, **options):
        words = dict(name="toy/x", title="X", description="x", group="genomic properties")
        entry = specs.TaskSpec(**words, kind=kind, builder=builder, options=options)
        with monkeypatch.context() as patch:
            if tables is not None:
                patch.setattr(sources, "table", lambda source, file: pd.DataFrame(tables[file]))
            (task,) = tasks.build(toy, entry, {"toy": toy})
        return task

    return one
