"""Units, samples and labels from small tables."""

import io

import pandas as pd
import pytest
from helpers import refused, rows

from genebench.spectra import builders
from genebench.spectra.samples import DataSet


def table(text):
    """Files of a data set with one table, as read from words in lines."""
    return {"table": pd.read_csv(io.StringIO(text), sep=" ", dtype=str, keep_default_na=False)}


def test_isolates_of_one_barcode_are_one_weighted_unit():
    frames = table("b p\nx;y 1\nx;y 0\ny;x 1\n 0\nx;y 1")
    frames["regions"] = pd.DataFrame(columns=["drug", "start", "end"])
    options = {"label": "p", "barcode": "b", "marks": {"separator": ";"}, "drug": "X"}
    out = builders.barcodes(frames, **options)
    assert list(out["ids"]) == ["", "x;y", "y;x"] and out["marks"] == ("x", "y")
    samples = zip(out["unit"], out["labels"], out["weight"])
    assert sorted(samples) == [(0, 0, 1), (1, 0, 1), (1, 1, 2), (2, 1, 1)]
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
    frames = table(f"v s\n{variant} 1")
    out = builders.barcodes(frames, label="s", sequence="v", marks={how: wild})
    assert sorted(mark.replace(" ", "-") for mark in out["marks"]) == expected.split()


def test_residues_are_masked_and_uneven_chain_is_named():
    frames = table("id sequence ss m\na ACD HCE 101\nb EF CC 11")
    out = builders.residues(frames, label="ss", mask="m")
    assert out["unit"].tolist() == [0, 0, 1, 1] and out["parts"]["place"].tolist() == [0, 2, 0, 1]
    assert out["names"].tolist() == "a:1 a:3 b:1 b:2".split()
    assert "".join(out["classes"][i] for i in out["labels"]) == "HECC"
    with refused("chain 'b' has 2 residues and 1 labels"):
        builders.residues(table("id sequence ss\na ACD HCE\nb EF C"), label="ss")


def test_units_of_pairs_are_one_side():
    lines = "d1 t1 1 CC AC\nd2 t1 2 CO AC\nd1 t2 3 CC DE"
    frames = table(f"drug_id target_id y smiles sequence\n{lines}")
    out = builders.pairs(frames, side="target", label="y")
    data = DataSet("toy", "regression", "protein-ligand pairs", **out)
    assert list(data.ids) == ["t1", "t2"] and data.unit.tolist() == [0, 0, 1]
    assert data.sequences == ("AC", "DE") and data.names.tolist() == ["d1|t1", "d2|t1", "d1|t2"]
    out = builders.pairs(frames, side="both", label="y")
    assert list(out["ids"]) == ["d1|t1", "d2|t1", "d1|t2"] and "unit" not in out
    assert out["parts"]["drug"].tolist() == [0, 1, 0]
    with refused("unknown side 'ligand'"):
        builders.pairs(frames, side="ligand", label="y")
