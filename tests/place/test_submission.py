"""Submissions: an honest one passes, each kind of tampering is refused by name."""

import shutil

import pandas as pd
import pytest
from helpers import enter, forget
from typer.testing import CliRunner

from genebench.benchmark import results
from genebench.cli.main import app
from genebench.core import cache, paths
from genebench.core.errors import BadInput
from genebench.place import submission
from notebooks.lib import submissions

ANSWERS = {
    'contact: ""': "contact: somebody",
    'licence: ""': "licence: CC0",
    'trained_on: ""': "trained_on: made-up columns",
    '  toy: ""': "  toy: no",
}


@pytest.fixture(scope="module")
def made(finished, tmp_path_factory):
    """A home with placed vectors, and the submission that ``place --submit`` wrote there."""
    folder = shutil.copytree(finished.folder, tmp_path_factory.mktemp("submitted") / "home")
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter(monkeypatch, folder)
        monkeypatch.chdir(folder)
        toy = pd.read_csv(paths.DOWNLOADS / "toy" / "labels.tsv", sep="\t", index_col="symbol")
        toy[["x0", "x1", "x2", "x3"]].to_csv(folder / "mine.csv")
        words = ["place", "mine.csv", "-p", "tiny", "-j", "1", "--out", "card", "--submit"]
        got = CliRunner().invoke(app, words)
    forget()
    assert got.exit_code == 0, got.output + got.stderr
    return folder, got.stdout


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A copy of the submission, its questions answered."""
    home, _ = made
    enter(monkeypatch, home)
    monkeypatch.setattr(submission, "SHARE", 1)
    copy = shutil.copytree(home / "submissions" / "mine", tmp_path / "submissions" / "mine")
    _edit(copy, ANSWERS)
    yield copy
    forget()


def _edit(folder, changes):
    path = folder / "submission.yml"
    text = path.read_text()
    for old, new in changes.items():
        assert old in text, text
        text = text.replace(old, new)
    path.write_text(text)


def _check(folder, made):
    return submission.check(folder, vectors=made[0] / "mine.csv", seed=0, jobs=1)


def _tampered(folder, change):
    """Change the scores, and their digest too."""
    path = folder / "scores.parquet"
    frame, before = results.read(path), cache.digest(path)
    results.write(change(frame), path)
    _edit(folder, {before: cache.digest(path)})


def test_place_says_what_to_do_next(made):
    assert "answer the questions in submissions/mine/submission.yml" in made[1]


def test_an_honest_submission_passes_and_is_listed(folder, made):
    found = _check(folder, made).set_index("check").finding
    assert "none declared" in found["answers"] and "largest distance 0" in found["computed anew"]
    (row,) = submissions.accepted(folder.parent).to_dict("records")
    assert row["model"] == "mine" and row["trained on the labels"] == "no"


def test_a_raised_score_is_refused_by_the_name_of_its_cell(folder, made):
    def raised(frame):
        at = frame.index[(frame.metric == "auroc") & (frame.genes == "own") & (frame.score < 0.97)]
        frame.loc[at[1], "score"] += 0.03
        raised.task = str(frame.task[at[1]])
        return frame

    _tampered(folder, raised)
    with pytest.raises(BadInput, match=r"cell 'task .*fold \d', auroc on own genes") as fault:
        _check(folder, made)
    assert raised.task in str(fault.value)


def test_rows_that_are_left_out_are_refused(folder, made):
    _tampered(folder, lambda frame: frame.iloc[5:].reset_index(drop=True))
    with pytest.raises(BadInput, match="nan was handed in"):
        _check(folder, made)


def test_folds_of_ones_own_are_refused(folder, made):
    _tampered(folder, lambda frame: frame.assign(n_test=frame.n_test - 1))
    with pytest.raises(BadInput, match="no fold of the profile"):
        _check(folder, made)


@pytest.mark.parametrize(
    "old, new, why",
    [
        ("contact: somebody", 'contact: ""', "'contact' is not answered"),
        ("contact: somebody", "contact: a@b.org", "e-mail"),
        ("  toy: no", '  toy: ""', "leakage.toy"),
        ("licence: CC0", "licence: CC0\nscore: 1", "score"),
    ],
)
def test_a_question_that_is_not_answered_is_named(folder, made, old, new, why):
    _edit(folder, {old: new})
    with pytest.raises(BadInput, match=why):
        _check(folder, made)


def test_other_scores_or_vectors_than_declared_are_refused(folder, made, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text((made[0] / "mine.csv").read_text() + "\n")
    with pytest.raises(BadInput, match="not the vectors"):
        submission.check(folder, vectors=other, jobs=1)
    with pytest.raises(BadInput, match="no https address"):
        submission.check(folder, jobs=1)
    (folder / "scores.parquet").write_bytes(b"")
    with pytest.raises(BadInput, match="scores_sha256"):
        _check(folder, made)


def test_the_command_ends_with_status_two_where_a_check_fails(folder, made):
    words = ["check-submission", str(folder), "--vectors", str(made[0] / "mine.csv"), "-j", "1"]
    assert CliRunner().invoke(app, words).exit_code == 0
    _edit(folder, {"profile: tiny": "profile: tinny"})
    got = CliRunner().invoke(app, words)
    assert got.exit_code == 2 and "tinny" in got.stderr
