"""Units, samples and labels from small tables."""

import io

import pandas as pd
import pytest
from helpers import refused, rows

from genebench.spectra import builders
from genebench.spectra.samples import DataSet


def frame(text):
    """A table as files are read, from words in lines."""
    return pd.read_csv(io.StringIO(text), sep=" ", dtype=str, keep_default_na=False)


def test_isolates_of_one_barcode_are_one_weighted_unit():
    frames = {
        "table": frame("b p\nx;y 1\nx;y 0\ny;x 1\n 0\nx;y 1"),
        "regions": frame("drug start end"),
    }
    marks = {"separator": ";"}
    out = builders.barcodes(frames, label="p", barcode="b", marks=marks, drug="X")
    assert list(out["ids"]) == ["", "x;y", "y;x"] and out["marks"] == ("x", "y")
    rows = zip(out["unit"].tolist(), out["labels"].tolist(), out["weight"].tolist())
    assert sorted(rows) == [(0, 0, 1), (1, 0, 1), (1, 1, 2), (2, 1, 1)]
    assert out["barcodes"].toarray().tolist() == [[0, 0], [1, 1], [1, 1]]


VARIANTS = """
MKTA  | changed | AKTA | 1
AKA   | changed | AKTA | 3
AKTTA | changed | AKTA | 4
XYTA  | changed | AKTA | 1 2
AKCD  | against | AKTA | A4D T3C
K417  | single  |      | K41 to-7
"""


@pytest.mark.parametrize("variant, how, wild, expected", rows(VARIANTS))
def test_mutations_of_a_variant(variant, how, wild, expected):
    marks, table = {how: wild}, frame(f"v s\n{variant} 1")
    out = builders.barcodes({"table": table}, label="s", sequence="v", marks=marks)
    assert sorted(mark.replace(" ", "-") for mark in out["marks"]) == expected.split()


def test_residues_are_masked_and_uneven_chain_is_named():
    table = frame("id sequence ss m\na ACD HCE 101\nb EF CC 11")
    out = builders.residues({"table": table}, label="ss", mask="m")
    assert (
        out["unit"].tolist() == [0, 0, 1, 1] and out["names"].tolist() == "a:1 a:3 b:1 b:2".split()
    )
    assert "".join(out["classes"][i] for i in out["labels"]) == "HECC"
    with refused("chain 'b' has 2 residues and 1 labels"):
        builders.residues({"table": table.assign(ss=["HCE", "C"])}, label="ss")


def test_units_of_pairs_are_one_side():
    table = frame(
        "drug_id target_id y smiles sequence\nd1 t1 1 CC AC\nd2 t1 2 CO AC\nd1 t2 3 CC DE"
    )
    out = builders.pairs({"table": table}, side="target", label="y")
    data = DataSet("toy", "regression", "protein-ligand pairs", **out)
    assert list(data.ids) == ["t1", "t2"] and data.unit.tolist() == [0, 0, 1]
    assert data.sequences == ("AC", "DE") and data.names.tolist() == ["d1|t1", "d2|t1", "d1|t2"]
    out = builders.pairs({"table": table}, side="both", label="y")
    assert list(out["ids"]) == ["d1|t1", "d2|t1", "d1|t2"] and "unit" not in out
    assert out["parts"]["drug"].tolist() == [0, 1, 0]
    with refused("unknown side 'ligand'"):
        builders.pairs({"table": table}, side="ligand", label="y")
