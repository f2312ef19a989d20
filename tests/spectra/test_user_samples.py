"""A user's own samples, predictions, split and target: one command, a folder of their own."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import call, refused, rows

from genebench.core import paths
from genebench.spectra import user_samples

WILD = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRV"


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """100 variants of one protein, as mine.csv of a folder that holds all results of the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("CURVES", "RESULTS"):
        monkeypatch.setattr(paths, name, tmp_path / name)
    rng, lines = np.random.default_rng(0), []
    effect = rng.normal(size=len(WILD))
    for i in range(100):
        text, marks = list(WILD), []
        at = rng.choice(len(WILD), rng.integers(1, 3), replace=False)
        for j in at:
            text[j] = rng.choice([letter for letter in "CDNWY" if letter != WILD[j]])
            marks.append(f"{WILD[j]}{j + 1}{text[j]}")
        lines.append((f"v{i}", "".join(text), ";".join(marks), effect[at].sum()))
    frame = pd.DataFrame(lines, columns=["id", "sequence", "mutations", "label"])
    frame.to_csv("mine.csv", index=False)
    return frame


def spectra(*words):
    """The command on that file at two λ and two seeds."""
    return call("spectra", "mine.csv", "--parameters", "0,1", "--seeds", "2", *words)


def test_variants_of_one_length_have_the_mutations_of_the_column(scan, tmp_path):
    found = []
    for column in ("sequence", "mutations"):
        scan[["id", column, "label"]].to_csv("mine.csv", index=False)
        data = user_samples.read(tmp_path / "mine.csv")[0].load()
        found.append([{data.marks[j] for j in row.indices} for row in data.barcodes])
    assert found[0] == found[1] and data.kind == "regression"
    scan.assign(mutations=scan.mutations.str.replace(";", ", ")).to_csv("mine.csv", index=False)
    apart = user_samples.read(tmp_path / "mine.csv")[0].load()
    assert apart.marks == data.marks and (apart.barcodes != data.barcodes).nnz == 0


def test_the_positive_class_is_said_and_a_gap_is_no_class(scan):
    words = np.where(scan.label > 0, "active", "inactive")
    scan.assign(label=["NA", *words[1:]]).to_csv("mine.csv", index=False)
    spec, said = user_samples.read(Path("mine.csv"))
    assert spec.kind == "binary" and "the positive class is 'inactive'" in said
    assert said[0] == "1 rows without a label are left out"


def test_two_files_of_one_name_have_two_results_outside_the_book(scan, go, tmp_path):
    before = sorted(paths.RESULTS.rglob("*"))
    for sign in (1, -1):
        scan.assign(label=scan.label.to_numpy()[::sign]).to_csv("mine.csv", index=False)
        out = spectra("--models", "ridge", "-j", "1")
        assert out.exit_code == 0 and "overlaps" in out.output, out.output
    folders = sorted(tmp_path.glob("mine-*-spectra"))
    assert len(folders) == 2 and sorted(paths.RESULTS.rglob("*")) == before
    scores = [pd.read_csv(folder / "auspc.csv").auspc for folder in folders]
    assert not np.allclose(*scores, equal_nan=True)
    page = (folders[0] / "card.html").read_text()
    assert "<svg" in page and "uninformed" in page


def test_pairs_of_a_file_are_the_links(scan, tmp_path):
    file, pairs = tmp_path / "mine.csv", tmp_path / "pairs.csv"
    pairs.write_text("first,second,similarity\nv0,v1,.9\nv1,v0,.9\nv1,v2,.2\nv3,v3,1\n")
    for how, links in (("", 4), ("pairs:0.5", 2), ("pairs:0.95", 0)):
        spec, _ = user_samples.read(file, property=how, pairs=pairs)
        ((graph, node),) = spec.parts(spec.load())
        assert graph.nnz == links and len(node) == 100 and graph[1, 0] == (links > 0)
    assert spec.content != user_samples.read(file)[0].content
    for fault, sentence in (("v0,x,1", "'x' is no id"), ("v0,v1,2", "numbers from 0 to 1")):
        pairs.write_text(f"first,second,similarity\n{fault}\n")
        with refused(sentence):
            user_samples.read(file, pairs=pairs)
    with refused("so does 'sequence_identity'; give one"):
        user_samples.read(file, pairs=pairs, property="sequence_identity")


@pytest.mark.parametrize(
    "how, related",
    [("sequence_identity:0.5", [0, 0, 1]), ("sequence_identity", [0, 1, 1]), ("", [1, 1, 1])],
)
def test_a_target_counts_as_related_above_the_threshold_of_the_property(scan, how, related):
    to = Path("to.csv")
    to.write_text("similarity\n0.3\n0.5\n0.51\n0\n")
    spec, _ = user_samples.read(Path("mine.csv"), property=how)
    assert user_samples.target(to, {"a": spec}).tolist() == [*related, 0]
    with refused("--target is for one data set"):
        user_samples.target(to, {"a": spec, "b": spec})
    to.write_text("similarity\n")
    with refused("holds no similarity"):
        user_samples.target(to, {"a": spec})


@pytest.fixture
def sides(scan):
    """The written splits."""
    assert spectra("--write-splits", "splits.csv").exit_code == 0
    return pd.read_csv("splits.csv", keep_default_na=False)


def test_own_predictions_are_scored_and_faults_of_their_file_named(scan, sides, go, tmp_path):
    right = (
        sides[sides.side == "test"]
        .drop(columns="side")
        .assign(prediction=lambda f: f.id.map(dict(zip(scan.id, scan.label))))
    )
    faults = {
        "": right,
        "has no prediction for": right.iloc[1:],
        "has no column 'id'": right.drop(columns="id"),
        "line 2 has no number as prediction": right.assign(prediction="x"),
        "is none of '": right.assign(split_param=0.3),
        "has two predictions in one split": pd.concat([right, right.assign(prediction=9)]),
    }
    for sentence, frame in faults.items():
        frame.to_csv("p.csv", index=False)
        out = spectra("--predictions", "p.csv", "--name", "My model")
        assert out.exit_code == 2 * bool(sentence) and sentence in out.output, out.output
    (folder,) = tmp_path.glob("my-model-*-spectra")
    areas = pd.read_csv(folder / "auspc.csv")
    assert set(areas.model) == {"my-model"} and np.allclose(areas.auspc.dropna(), 1)


def test_a_given_split_is_placed_on_the_spectrum(sides):
    one = sides[(sides.repeat == 0) & (sides.split == "spectral")]
    one.assign(split=one.split_param.map({0: "loose", 1: "strict"})).to_csv("given.csv")
    table = pd.DataFrame(json.loads(spectra("--split-file", "given.csv", "--json").stdout))
    table = table.set_index("split")
    assert table.leakage["strict"] == 0 == table.test_linked["strict"]
    assert table.leakage["loose"] == pytest.approx(1, abs=0.5)
    assert table["nearest λ"].to_dict() == {"loose": 0, "strict": 1}
    out = spectra("--split-file", "given.csv", "--parameters", "1", "--json")
    other = pd.DataFrame(json.loads(out.stdout)).set_index("split")
    assert other.leakage.to_dict() == table.leakage.to_dict()
    pd.concat([one, one.assign(side="train")]).to_csv("given.csv")
    assert "samples in both train and test" in spectra("--split-file", "given.csv").output


def test_a_folder_holds_one_way_of_linking_and_no_results_of_another(scan, sides, tmp_path):
    made = sides[sides.side == "test"].drop(columns="side")
    for name in ("one", "two"):
        made.assign(prediction=made.id.str[1:]).to_csv(f"{name}.csv", index=False)
    words = ("--out", "own", "--predictions")
    assert spectra(*words, "one.csv").exit_code == 0
    before = (tmp_path / "own" / "scores.parquet").read_bytes()
    out = spectra(*words, "one.csv", "--property", "sequence_identity:0.9")
    assert out.exit_code == 2 and "on other splits" in out.output
    assert (tmp_path / "own" / "scores.parquet").read_bytes() == before
    assert spectra(*words, "two.csv").exit_code == 0
    assert set(pd.read_csv(tmp_path / "own" / "auspc.csv").model) == {"one", "two"}
    out = call("spectra", "amyloid", "--name", "mine")
    assert out.exit_code == 2 and "--name is for" in out.output


FAULTS = """
label=name            |                                | has no column 'label'
sequence=x,mutations=y |                               | neither 'sequence' nor 'mutations'
 | --property shared_mutation     | did you mean 'shared_mutations'
 | --property shared_label:family | has nothing for the property
 | --property sequence_identity:a | needs a number behind its colon
 | --pairs none.csv               | none.csv: no such file
 | --pairs mine.csv               | has no column
 | --property pairs               | has nothing for the property
 | --target mine.csv              | has no column 'similarity'
 | --split-file none.csv          | none.csv: no such file
 | --out mine.csv                 | is a file, and the results need a folder
"""


@pytest.mark.parametrize("renamed, words, sentence", rows(FAULTS))
def test_bad_input_is_one_sentence(scan, renamed, words, sentence):
    names = dict(pair.split("=") for pair in renamed.split(",") if pair)
    scan.rename(columns=names).to_csv("mine.csv", index=False)
    out = spectra(*words.split())
    assert out.exit_code == 2 and sentence in out.output and "Traceback" not in out.output
