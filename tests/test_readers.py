"""Formats that are reshaped as they are read: long tables of measurements."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

from genebench import readers, sources, specs
from genebench.errors import BadInput

HPA = {"gene": "Gene", "symbol": "Gene name", "column": "Tissue", "value": "nTPM"}
LONG = """Gene	Gene name	Tissue	TPM	nTPM
ENSG00000000003	TSPAN6	skin	1	29.6
ENSG00000000003	TSPAN6	liver	1	0.0
ENSG00000000005	TNMD	liver	1	1.5
ENSG00000000005	TNMD	skin	1	2
ENSG00000015479	MATR3	skin	1	3
ENSG00000015479	MATR3	liver	1	3
ENSG00000280987	MATR3	skin	1	0
ENSG00000280987	MATR3	liver	1	0
ENSG00000999999	ENSG00000999999	skin	1	3
ENSG00000999999	ENSG00000999999	liver	1	3
ENSG00000000419	DPM1	skin	1	3
ENSG00000000457	NA	skin	1	7
ENSG00000000457	NA	liver	1	8
"""


def long_table(tmp_path, text: str = LONG):
    """The text in a zip of the official kind, which uses bzip2."""
    with zipfile.ZipFile(tmp_path / "t.tsv.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("t.tsv", text)
    return tmp_path / "t.tsv.zip"


def test_a_long_table_becomes_genes_by_tissues_without_the_ambiguous_the_unnamed_and_the_incomplete(tmp_path):
    frame = readers.read_long(long_table(tmp_path), **HPA)
    assert frame.columns.tolist() == ["liver", "skin"] and frame.index.name == "symbol"
    assert frame.index.tolist() == ["NA", "TNMD", "TSPAN6"]  # a name is text, also where pandas would read a gap
    assert frame.to_numpy().tolist() == [[8, 7], [1.5, 2], [0, 29.6]]


@pytest.mark.parametrize(
    "change, words",
    [
        (("nTPM", "NX"), "has no column 'nTPM'"),
        (("29.6", "many"), "no number"),
        (("29.6", ""), "is empty or infinite in 1 rows"),
        (("29.6", "inf"), "is empty or infinite in 1 rows"),
        (("TSPAN6	liver", "TSPAN6	skin"), "stands twice"),
    ],
)
def test_a_fault_in_a_long_table_is_one_sentence(tmp_path, change, words):
    with pytest.raises(BadInput, match=words) as told:
        readers.read_long(long_table(tmp_path, LONG.replace(*change)), **HPA)
    assert "t.tsv.zip: " in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["consensus", "gtex", "fantom"])
def test_the_expression_tables_of_the_atlas_equal_a_pivot_by_pandas(name):
    source = specs.source("hpa_rna")
    if sources.status(source)[0] != "ready":
        pytest.skip("the tables are not here; run 'genebench fetch hpa_rna'")
    frame, spec = sources.table(source, name), source.files[name]
    raw = pd.read_csv(sources.locate(source, name), sep="\t", nrows=200_000, keep_default_na=False)
    whole = raw[raw.Gene != raw.Gene.iloc[-1]]  # the last gene may be cut
    pivot = whole.pivot(index="Gene name", columns="Tissue", values=spec.options["value"]).dropna()
    assert frame.index.is_monotonic_increasing and frame.index.is_unique and (frame.to_numpy() >= 0).all()
    assert len(frame) > 18_000 and not frame.isna().any(axis=None)
    shared = frame.index.intersection(pivot.index)
    assert len(shared) > 2_000
    np.testing.assert_array_equal(frame.loc[shared].to_numpy(), pivot.loc[shared, frame.columns].to_numpy())
