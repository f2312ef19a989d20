"""The tidy rows: stored in one way, refused when unsound, averaged as one would by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import refused, sha256

from genebench.benchmark import results, validation
from genebench.core import cache, paths

SOUND = """
task=a/b group=genomic_properties kind=binary model=m family=text probe=logistic split=random
split_param= metric=auroc genes=own variant= control= key=0000000000000000
"""


def row(**changes):
    """One sound row."""
    words = dict(word.split("=") for word in SOUND.split())
    numbers = dict(repeat=0, fold=0, score=0.75, n_train=80, n_test=20, coverage=0.5)
    return words | numbers | {"group": "genomic properties"} | changes


@pytest.fixture
def frame():
    """Two models, two tasks, three folds, with scores that can be added by hand."""
    rows = [
        row(model=m, task=t, fold=f, score=0.5 + 0.1 * f + 0.05 * (m == "n"), n_test=20 + f)
        for m in ("m", "n")
        for t in ("a/b", "a/c")
        for f in range(3)
    ]
    return pd.DataFrame(rows)


# --- storing --------------------------------------------------------------------------------------


def test_rows_come_back_as_they_were_written(frame, tmp_path):
    frame["score"] = np.nextafter(1 / np.arange(2, 14), 1)  # to the last bit
    results.write(frame, tmp_path / "scores.parquet")
    back = results.read(tmp_path / "scores.parquet")
    expected = frame.sort_values(results.IDENTITY).reset_index(drop=True)
    assert list(back.columns) == results.SCHEMA.names
    assert all(back[n].tolist() == expected[n].tolist() for n in results.SCHEMA.names)


def test_the_same_rows_in_any_order_give_the_same_bytes(frame, tmp_path):
    results.write(frame, tmp_path / "a.parquet")
    results.write(frame.sample(frac=1, random_state=1), tmp_path / "b.parquet")
    results.write(results.read(tmp_path / "a.parquet"), tmp_path / "c.parquet")
    assert len({sha256(tmp_path / f"{n}.parquet") for n in "abc"}) == 1


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda f: f.drop(columns="score").assign(extra=1), r"\['score'\], unknown \['extra'\]"),
        (lambda f: f.drop(columns=["genes", "variant", "control"]), "older version .schema 1"),
        (lambda f: f.assign(score="high"), "wrong type"),
    ],
)
def test_a_file_of_another_form_is_refused(frame, tmp_path, change, words):
    change(frame).to_parquet(tmp_path / "s.parquet")
    with refused(f"{words}.*; rerun 'genebench run'"):
        results.read(tmp_path / "s.parquet")
    (tmp_path / "s.parquet").write_bytes(b"PAR1 this is none")
    with refused("cannot be read as parquet"):
        results.read(tmp_path / "s.parquet")


# --- validating -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, words",
    [
        ({"score": 1.2}, "1 scores of 'auroc' outside [0, 1], first 1.2"),
        ({"score": np.nan}, "scores of 'auroc' outside"),
        ({"genes": "comon"}, "unknown choice of genes 'comon'"),
        ({"kind": "regression"}, "'auroc' is no metric of a regression task"),
        ({"metric": "arouc"}, "unknown metric 'arouc'"),
        ({"n_test": 0}, "'n_test' outside"),
    ],
)
def test_a_fault_is_named_with_its_place(frame, change, words):
    bad = pd.concat([frame, pd.DataFrame([row(task="z/z", **change)])], ignore_index=True)
    (fault,) = validation.validate(bad, "here")
    assert fault.startswith("here: ") and words in fault


def test_rows_that_stand_twice_are_named(frame):
    (fault,) = validation.validate(pd.concat([frame, frame[:1]]), "here")
    assert "1 rows stand twice" in fault


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda f: f.iloc[: len(f) // 2], "pairs of task and model"),
        (lambda f: f[f.fold != f.fold.max()], "folds where"),
        (
            lambda f: f.assign(split=f.split.astype(str).replace("stem", "published")),
            "folds where 1 are due",  # only of pairs all parts are tested
        ),
    ],
)
def test_results_with_holes_are_not_valid(warm, spoil, words):
    results.write(spoil(results.load("tiny")), results.scores_path("tiny"))
    path = results.manifest_path("tiny")
    facts = {k: v for k, v in json.loads(path.read_text()).items() if k != "seal"}
    facts["scores_sha256"] = cache.digest(results.scores_path("tiny"))
    cache.write_json(path, {**facts, "seal": cache.key(facts)})  # as if it had been made so
    assert any(words in fault for fault in validation.validate_path(paths.results("tiny")))


def test_a_manifest_of_the_wrong_types_is_not_valid(warm):
    path = results.manifest_path("tiny")
    cache.write_json(path, json.loads(path.read_text()) | {"cells": []})
    assert any("the manifest" in fault for fault in validation.validate_path(path.parent))


@pytest.mark.parametrize(
    "name, words",
    [("none.parquet", "no such file"), ("", "holds neither"), ("m.json", "neither parquet nor")],
)
def test_nothing_to_validate_says_what_to_give(tmp_path, name, words):
    if name.endswith("json"):
        (tmp_path / name).write_text("{")
    with refused(words):
        validation.validate_path(tmp_path / name)


# --- averaging ------------------------------------------------------------------------------------


def test_averages_are_those_made_by_hand(frame):
    means = results.aggregate(frame).set_index(["model", "task"])
    assert means.score.tolist() == pytest.approx([0.6, 0.65, 0.6, 0.65])
    assert means.sd.iloc[0] == pytest.approx(np.std([0.5, 0.6, 0.7], ddof=1))
    assert means.iloc[0][["n_folds", "n_test"]].tolist() == [3, 63]


@pytest.mark.parametrize(
    "genes, expected",
    [
        ("own", {("m", "a/b"): 0.8, ("f", "a/b"): 0.9, ("m", "a/r"): 0.3}),
        ("common", {("m", "a/b"): 0.7, ("f", "a/b"): 0.85}),
        ("all", {("m", "a/b"): 0.6, ("f", "a/b"): 0.9}),
    ],
)
def test_main_scores_are_chosen_by_genes_and_full_coverage_counts_as_all(home, genes, expected):
    part = [("own", 0.8), ("common", 0.7), ("all", 0.6)]
    rows = [row(genes=g, score=v, fold=f) for f in (0, 1) for g, v in part]
    full = [("own", 0.9), ("common", 0.85)]
    rows += [row(model="f", genes=g, score=v, coverage=1.0) for g, v in full]
    rows += [row(metric="auprc", score=0.1), row(split="family", score=0.2)]
    rows += [row(task="a/r", kind="regression", metric="spearman", score=0.3)]
    results.write(pd.DataFrame(rows), results.scores_path("tiny"))
    main = results.main_scores("tiny", genes=genes).set_index(["model", "task"])
    assert main.score.to_dict() == pytest.approx(expected)
