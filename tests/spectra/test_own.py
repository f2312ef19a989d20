"""A user's own samples, predictions, split and target: one command, a folder of their own."""

import doctest
import json

import numpy as np
import pandas as pd
import pytest
from helpers import call, refused

from genebench.core import paths
from genebench.spectra import own, splits

WILD = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRV"


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """150 variants of one protein; files and results of this test have a folder of their own."""
    monkeypatch.chdir(tmp_path)
    for name in ("CURVES", "RESULTS"):
        monkeypatch.setattr(paths, name, tmp_path / name)
    rng, rows = np.random.default_rng(0), []
    effect = rng.normal(size=len(WILD))
    for i in range(150):
        at = rng.choice(len(WILD), rng.integers(1, 3), replace=False)
        new = dict(zip(at, rng.choice(list("CDNWY"), len(at))))
        text = "".join(new.get(j, letter) for j, letter in enumerate(WILD))
        marks = ";".join(f"{WILD[j]}{j + 1}{new[j]}" for j in at if WILD[j] != new[j])
        rows.append((f"v{i}", text, marks, effect[at].sum()))
    return pd.DataFrame(rows, columns=["id", "sequence", "mutations", "label"])


SMALL = ("--parameters", "0,1", "--seeds", "2", "--models", "ridge", "-j", "1")


def test_variants_of_one_length_have_the_mutations_of_the_column(scan, tmp_path):
    found = []
    for columns in (["id", "sequence", "label"], ["id", "mutations", "label"]):
        scan[columns].to_csv(tmp_path / "mine.csv", index=False)
        data = own.read(tmp_path / "mine.csv")[0].load()
        assert data.kind == "regression"
        found.append([{data.marks[j] for j in row.indices} for row in data.barcodes])
    assert found[0] == found[1]


def test_two_files_of_one_name_have_two_results_outside_the_book(scan, go, tmp_path):
    before = sorted(paths.RESULTS.rglob("*"))
    for sign in (1, -1):
        scan.assign(label=scan.label.to_numpy()[::sign]).to_csv("mine.csv", index=False)
        out = call("spectra", "mine.csv", *SMALL)
        assert out.exit_code == 0 and "overlaps" in out.output, out.output
    folders = sorted(tmp_path.glob("mine-*-spectra"))
    assert len(folders) == 2 and sorted(paths.RESULTS.rglob("*")) == before
    scores = [pd.read_csv(folder / "auspc.csv").auspc for folder in folders]
    assert not np.allclose(*scores, equal_nan=True)
    page = (folders[0] / "card.html").read_text()
    assert "<svg" in page and "uninformed" in page


def test_own_predictions_and_a_given_split(scan, go, tmp_path):
    scan.to_csv("mine.csv", index=False)
    assert call("spectra", "mine.csv", *SMALL[:4], "--write-splits", "splits.csv").exit_code == 0
    sides = pd.read_csv("splits.csv", keep_default_na=False)
    truth = dict(zip(scan.id, scan.label))
    test = sides[sides.side == "test"].copy()
    test.assign(prediction=test.id.map(truth)).to_csv("p.csv", index=False)
    options = ("--predictions", "p.csv", "--name", "My model")
    out = call("spectra", "mine.csv", *SMALL[:4], *options)
    assert out.exit_code == 0, out.output
    (folder,) = tmp_path.glob("my-model-*-spectra")
    rows = pd.read_csv(folder / "auspc.csv")
    assert set(rows.model) == {"my-model"} and np.allclose(rows.auspc.dropna(), 1)
    right = pd.read_csv("p.csv", keep_default_na=False)
    for frame, sentence in (
        (right.iloc[1:], "has no prediction for"),
        (right.drop(columns="id"), "has no column 'id'"),
        (right.assign(prediction="x"), "line 2 has no number as prediction"),
        (right.assign(split_param=0.3), "is none of '"),
    ):
        frame.to_csv("p.csv", index=False)
        bad = call("spectra", "mine.csv", *SMALL[:4], *options)
        assert bad.exit_code == 2 and sentence in bad.output
    one = sides[(sides.repeat == 0) & (sides.split == "spectral")]
    at = one.split_param.astype(str).map({"0": "loose", "0.0": "loose"}).fillna("strict")
    one.assign(split=at).to_csv("given.csv", index=False)
    out = call("spectra", "mine.csv", *SMALL[:4], "--split-file", "given.csv", "--json")
    rows = pd.DataFrame(json.loads(out.stdout)).set_index("split")
    assert rows.leakage["strict"] == 0 == rows.test_linked["strict"]
    assert rows.leakage["loose"] == pytest.approx(1, abs=0.5)
    assert rows["nearest λ"].to_dict() == {"loose": 0, "strict": 1}


@pytest.mark.parametrize(
    "change, words, sentence",
    [
        ({"label": "name"}, "", "has no column 'label'"),
        ({"sequence": "x", "mutations": "y"}, "", "neither 'sequence' nor 'mutations'"),
        ({}, "--property shared_mutation", "did you mean 'shared_mutations'"),
        ({}, "--property shared_label:family", "has nothing for the property"),
        ({}, "--property sequence_identity:a", "needs a number behind its colon"),
        ({}, "--target mine.csv", "has no column 'similarity'"),
        ({}, "--split-file none.csv", "none.csv: no such file"),
        ({}, "--out mine.csv", "is a file, and the results need a folder"),
    ],
)
def test_bad_input_is_one_sentence(scan, change, words, sentence):
    scan.rename(columns=change).to_csv("mine.csv", index=False)
    out = call("spectra", "mine.csv", *SMALL, *words.split())
    assert out.exit_code == 2 and sentence in out.output and "Traceback" not in out.output


def test_splitter_keeps_relatives_apart_in_cross_validation():
    assert doctest.testmod(splits).attempted >= 6 and not doctest.testmod(splits).failed
    family = np.arange(60) % 12
    cv = splits.SpectralSplit(parameters=[1], n_repeats=3)
    parts = list(cv.split(np.zeros((60, 1)), groups=family))
    assert len(parts) == cv.get_n_splits() == 3
    for train, test in parts:
        assert len(test) and not set(family[train]) & set(family[test])
    linked = family[:, None] == family
    again = splits.SpectralSplit(linked, parameters=[1], n_repeats=3).split(np.zeros((60, 1)))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(parts, again))
    with refused("there are 5 samples"):
        next(splits.SpectralSplit(linked).split(np.zeros(5)))


def test_a_target_counts_as_related_above_the_threshold_of_the_property(scan, tmp_path):
    scan[["id", "sequence", "label"]].to_csv(tmp_path / "mine.csv", index=False)
    spec, _ = own.read(tmp_path / "mine.csv", property="sequence_identity:0.3")
    pd.DataFrame({"similarity": [0, 0.3, 0.31, 1]}).to_csv(tmp_path / "to.csv", index=False)
    assert own.target(tmp_path / "to.csv", {spec.name: spec}).tolist() == [0, 0, 1, 1]
    with refused("--target is for one data set"):
        own.target(tmp_path / "to.csv", {"a": spec, "b": spec})
