"""Units, samples and labels from small tables."""

import pandas as pd
import pytest

from genebench.core.errors import BadInput
from genebench.spectra import builders
from genebench.spectra.samples import DataSet


def test_isolates_of_one_barcode_are_one_weighted_unit():
    frame = pd.DataFrame({"b": ["x;y", "x;y", "y;x", "", "x;y"], "p": ["1", "0", "1", "0", "1"]})
    options = {"label": "p", "barcode": "b", "marks": {"separator": ";"}, "drug": "X"}
    regions = pd.DataFrame({"drug": ["X"], "start": ["1"], "end": ["9"]})
    out = builders.barcodes({"table": frame, "regions": regions}, **options)
    assert list(out["ids"]) == ["", "x;y", "y;x"] and out["marks"] == ("x", "y")
    rows = zip(out["unit"].tolist(), out["labels"].tolist(), out["weight"].tolist())
    assert sorted(rows) == [(0, 0, 1.0), (1, 0, 1.0), (1, 1, 2.0), (2, 1, 1.0)]
    assert out["barcodes"].toarray().tolist() == [[0, 0], [1, 1], [1, 1]]


@pytest.mark.parametrize(
    "variant, marks, expected",
    [
        ("MKTA", {"changed": "AKTA"}, ["1"]),
        ("AKA", {"changed": "AKTA"}, ["3"]),
        ("AKTTA", {"changed": "AKTA"}, ["4"]),
        ("AKTAM", {"changed": "AKTA"}, ["4"]),
        ("XYTA", {"changed": "AKTA"}, ["1", "2"]),
        ("AKCD", {"against": "AKTA"}, ["A4D", "T3C"]),
        ("K417N", {"single": True}, ["K417", "to N"]),
    ],
)
def test_mutations_of_a_variant(variant, marks, expected):
    frame = pd.DataFrame({"v": [variant], "s": ["1"]})
    out = builders.barcodes({"table": frame}, label="s", barcode="v", sequence="v", marks=marks)
    assert sorted(out["marks"]) == expected


def test_residues_are_masked_and_uneven_chain_is_named():
    frame = pd.DataFrame(
        {"id": ["a", "b"], "sequence": ["ACD", "EF"], "ss": ["HCE", "CC"], "m": ["101", "11"]}
    )
    out = builders.residues({"table": frame}, label="ss", mask="m")
    assert out["unit"].tolist() == [0, 0, 1, 1] and out["parts"]["place"].tolist() == [0, 2, 0, 1]
    assert [out["classes"][i] for i in out["labels"]] == ["H", "E", "C", "C"]
    with pytest.raises(BadInput, match="chain 'b' has 2 residues and 1 labels"):
        builders.residues({"table": frame.assign(ss=["HCE", "C"])}, label="ss")


def test_units_of_pairs_are_one_side():
    frame = pd.DataFrame(
        {"drug_id": ["d1", "d2", "d1"], "target_id": ["t1", "t1", "t2"], "y": ["1", "2", "3"]}
        | {"smiles": ["CC", "CO", "CC"], "sequence": ["AC", "AC", "DE"]}
    )
    out = builders.pairs({"table": frame}, side="target", label="y")
    assert list(out["ids"]) == ["t1", "t2"] and out["unit"].tolist() == [0, 0, 1]
    assert out["sequences"] == ("AC", "DE")
    data = DataSet("toy", "regression", "protein-ligand pairs", **out)
    assert data.names.tolist() == ["d1|t1", "d2|t1", "d1|t2"]
    with pytest.raises(BadInput, match="unknown side 'ligand'"):
        builders.pairs({"table": frame}, side="ligand", label="y")
