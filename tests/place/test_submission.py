"""Submissions: an honest one passes, each kind of tampering is refused by name."""

import shutil

import numpy as np
import pandas as pd
import pytest
from helpers import call, enter, forget, refused, rows

from genebench.benchmark import results
from genebench.core import cache
from genebench.place import submission
from notebooks.lib import submissions


@pytest.fixture
def folder(good, tmp_path, monkeypatch):
    """A copy of the submission, its questions answered."""
    enter(monkeypatch, good.folder)
    monkeypatch.setattr(submission, "SHARE", 1)
    copy = tmp_path / "submissions" / "mine"
    shutil.copytree(good.folder / "submissions" / "my-vectors", copy)
    for question, answer in rows(ANSWERS):
        _edit(copy, f'{question}: ""', f"{question}: {answer}")
    yield copy
    forget()


ANSWERS = """
contact    | somebody
licence    | CC0
trained_on | made-up columns
toy        | no
"""


def _edit(folder, old, new):
    path = folder / "submission.yml"
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new))


def _check(folder, good):
    return submission.check(folder, vectors=good.path, seed=0, jobs=1)


def test_an_honest_submission_passes_and_is_listed(folder, good):
    assert "answer the questions in submissions/my-vectors/submission.yml" in good.said
    found = _check(folder, good).set_index("check").finding
    assert "labels of: none; unknown: " in found["answers"]
    assert "largest distance 0" in found["computed anew"]
    (row,) = submissions.accepted(folder.parent).to_dict("records")
    assert row["model"] == "my-vectors" and row["trained on the labels"] == "no"
    _edit(folder, "profile: tiny", "profile: tinny")
    got = call("check-submission", folder, "--vectors", good.path, "-j", "1")
    assert got.exit_code == 2 and "tinny" in got.stderr


def raised(frame):
    at = frame.index[(frame.metric == "auroc") & (frame.genes == "own") & (frame.score < 0.97)]
    frame.loc[at[1], "score"] += 0.03
    return frame


@pytest.mark.parametrize(
    "change, why",
    [
        (raised, r"cell 'task toy.*fold \d', auroc on own genes"),
        (lambda frame: frame.iloc[5:].reset_index(drop=True), "nan was handed in"),
        (lambda frame: frame.assign(n_test=frame.n_test - 1), "no fold of the profile"),
    ],
)
def test_changed_scores_rows_left_out_and_folds_of_ones_own_are_refused(folder, good, change, why):
    path = folder / "scores.parquet"
    frame, before = results.read(path), cache.digest(path)
    results.write(change(frame), path)
    _edit(folder, before, cache.digest(path))
    with refused(why):
        _check(folder, good)


CHANGES = """
contact: somebody | contact: ""      | not answered: contact; answer
toy: no           | other: no        | lacks a line below 'leakage' for: toy
contact: somebody | contact: a@b.org | e-mail
profile:          | score: 1, profile: | score
"""


@pytest.mark.parametrize("old, new, why", rows(CHANGES))
def test_a_question_that_is_not_answered_is_named(folder, good, old, new, why):
    _edit(folder, old, new.replace(", ", "\n"))
    with refused(why):
        _check(folder, good)


def test_all_questions_that_are_not_answered_are_named_at_once_and_labels_are_explained(good):
    folder = good.folder / "submissions" / "my-vectors"
    asked = "contact, licence, trained_on, leakage.toy"
    with refused(f"not answered: {asked}; answer all"):
        _check(folder, good)
    with refused(f"not answered: vectors.address, {asked}; answer all"):
        submission.check(folder)
    labels = '  # Made-up genes (https://example.org): term; systems; class; value\n  toy: ""\n'
    assert labels in (folder / "submission.yml").read_text()


def test_other_scores_or_vectors_than_declared_are_refused(folder, good, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(good.path.read_text() + "\n")
    with refused("not the vectors"):
        submission.check(folder, vectors=other, jobs=1)
    with refused("not answered: vectors.address"):
        submission.check(folder, jobs=1)
    (folder / "scores.parquet").write_bytes(b"")
    with refused("scores_sha256"):
        _check(folder, good)


def test_where_few_tasks_make_a_mean_all_of_them_are_scored_anew():
    names = [f"t{i}" for i in range(202)]
    frame = pd.DataFrame({"task": names, "group": ["many"] * 200 + ["few"] * 2, "kind": "binary"})
    drawn = submission._chosen(frame, np.random.default_rng(0))
    assert set(names[-2:]) <= set(drawn) and len(drawn) == 12
    assert drawn != submission._chosen(frame, np.random.default_rng(1))
