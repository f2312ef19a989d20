"""Frozen predictions: sealed, and scored on new labels alone."""

import pandas as pd
import pytest
from helpers import edit_yaml, refused, sha256
from sklearn.metrics import roc_auc_score

from genebench.benchmark import plan
from genebench.benchmark.tables import frozen
from genebench.core import paths, specs

NAME = "toy/term/heart"


@pytest.fixture
def folder(warm, tmp_path):
    """The frozen predictions of the made-up profile."""
    assert frozen.freeze(plan.make("tiny", split="random"), tmp_path / "frozen").exists()
    return tmp_path / "frozen"


def test_only_labels_that_are_new_are_scored(folder):
    members, mine = paths.DOWNLOADS / "toy" / "members.tsv", f"task == '{NAME}' and model == 'full'"
    before = pd.read_parquet(folder / frozen.FILE).query(f"{mine} and known == 0")
    genes = before.gene.iloc[:7]  # a newer release puts them under the term
    members.write_text(members.read_text() + "".join(f"T:1\t{gene}\n" for gene in genes))

    def declare(source):
        source["release"] = "newer"
        source["files"]["members"]["sha256"] = sha256(members)

    edit_yaml(paths.SOURCES / "toy.yml", declare)
    (row,) = frozen.unfreeze(plan.make("tiny"), folder, "newer").query(mine).itertuples()
    assert row.gained == 7 and row.without == len(before) - 7
    assert row.auroc == pytest.approx(roc_auc_score(before.gene.isin(genes), before.value))


def test_a_note_tells_date_releases_and_tasks_and_changed_predictions_are_refused(folder):
    note, release = frozen.note(folder), specs.declared().sources["toy"].release
    assert note["releases"] == {"toy": release}
    assert note["tasks"][NAME] == plan.make("tiny").tasks[NAME].hash
    with refused(f"no source is of a release '{release}' that is newer"):
        frozen.unfreeze(plan.make("tiny"), folder, release)
    (folder / frozen.FILE).write_bytes(b"x")
    with refused("is not as it was frozen"):
        frozen.note(folder)
