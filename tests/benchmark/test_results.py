"""The tidy rows: stored in one way, refused when unsound, averaged as one would by hand."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import refused, rows, sha256

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
    return pd.DataFrame(
        row(model=m, task=f"a/{t}", fold=f, score=0.5 + 0.1 * f + 0.05 * (m == "n"), n_test=20 + f)
        for m, t, f in product("mn", "bc", range(3))
    )


# --- storing --------------------------------------------------------------------------------------


def test_rows_come_back_as_they_were_written_and_in_any_order_give_the_same_bytes(frame, tmp_path):
    frame["score"] = np.nextafter(1 / np.arange(2, 14), 1)  # to the last bit
    one, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    results.write(frame, one)
    back = results.read(one)
    expected = frame.sort_values(results.IDENTITY)[results.SCHEMA.names]
    assert list(back) == list(expected) and back.to_numpy().tolist() == expected.to_numpy().tolist()
    results.write(back.sample(frac=1, random_state=1), other)
    assert sha256(one) == sha256(other)


def test_a_file_of_another_form_is_refused(frame, tmp_path):
    frame.assign(score="high").to_parquet(tmp_path / "s.parquet")
    with refused("wrong type.*; rerun 'genebench run'"):
        results.read(tmp_path / "s.parquet")


# --- validating -----------------------------------------------------------------------------------


FAULTS = """
score  | 1.2        | 1 scores of 'auroc' outside [0, 1], first 1.2
score  | nan        | scores of 'auroc' outside
genes  | comon      | unknown choice of genes 'comon'
kind   | regression | 'auroc' is no metric of a regression task
metric | arouc      | unknown metric 'arouc'
n_test | 0          | 'n_test' outside
task   | a/b        | 1 rows stand twice
"""


@pytest.mark.parametrize("name, value, words", rows(FAULTS))
def test_a_fault_is_named_with_its_place(frame, name, value, words):
    new = row(**{"task": "z/z", name: type(row()[name])(value)})
    (fault,) = validation.validate(pd.concat([frame, pd.DataFrame([new])]), "here")
    assert fault.startswith("here: ") and words in fault


@pytest.mark.parametrize("part, words", [("model != 'full'", "pairs"), ("fold < 2", "folds where")])
def test_results_with_holes_are_not_valid(warm, part, words):
    results.write(results.load("tiny").query(part), results.scores_path("tiny"))
    path = results.manifest_path("tiny")
    facts = {k: v for k, v in json.loads(path.read_text()).items() if k != "seal"}
    facts["scores_sha256"] = cache.digest(results.scores_path("tiny"))
    cache.write_json(path, {**facts, "seal": cache.key(facts)})  # as if it had been made so
    assert any(words in fault for fault in validation.validate_path(paths.results("tiny")))


def test_nothing_to_validate_says_what_to_give(tmp_path):
    for name, words in (("none.parquet", "no such file"), ("", "holds neither")):
        with refused(words):
            validation.validate_path(tmp_path / name)
    with refused("neither parquet nor"):
        validation.validate_path(Path(__file__))


# --- averaging ------------------------------------------------------------------------------------


def test_averages_are_those_made_by_hand(frame):
    means = results.aggregate(frame)
    assert means.score.tolist() == pytest.approx([0.6, 0.65, 0.6, 0.65])
    first = means.iloc[0]
    assert (first.sd, first.n_folds, first.n_test) == (pytest.approx(0.1), 3, 63)


def test_main_scores_are_chosen_by_genes_and_full_coverage_counts_as_all(home):
    part, full = {"own": 0.8, "common": 0.7, "all": 0.6}, {"own": 0.9, "common": 0.85}
    made = [row(genes=g, score=v, fold=f) for f in (0, 1) for g, v in part.items()]
    made += [row(model="f", genes=g, score=v, coverage=1.0) for g, v in full.items()]
    made += [row(metric="auprc", score=0.1), row(split="family", score=0.2)]
    made += [row(model="r", kind="regression", metric="spearman", score=0.3)]
    results.write(pd.DataFrame(made), results.scores_path("tiny"))
    for genes, expected in (
        ("own", {"m": 0.8, "f": 0.9, "r": 0.3}),
        ("common", {"m": 0.7, "f": 0.85}),
        ("all", {"m": 0.6, "f": 0.9}),
    ):
        main = results.main_scores("tiny", genes=genes).set_index("model")
        assert main.score.to_dict() == pytest.approx(expected)
