"""Faults that were once in the package, each with the test that would have shown it."""

import os
from functools import partial

import numpy as np
import pytest
from helpers import edit_yaml, gaps, plain, reference

from genebench import probes
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import sources, tasks
from genebench.probes import solver
from genebench.stats import metrics


def test_a_column_whose_training_deviation_is_exactly_one_keeps_its_weight():
    train, test = np.array([9] * 8 + [-7] * 8) / 8, np.array([-14, -6, 2, 2]) / 8
    x = np.concatenate([np.tile(train, 10), np.tile(test, 10)])[:, None]
    fold = np.repeat([1, 0], [160, 40])
    y = (x[:, 0] + 0.3 * np.random.default_rng(0).standard_normal(200) > 0).astype(int)
    mine = probes.predict(x, y, fold, kind="binary")[:, 0]
    np.testing.assert_allclose(mine, reference(x, y, fold), atol=1e-3)


@pytest.mark.parametrize("size", [1e5, 1e6])
def test_one_huge_value_does_not_silence_its_column(size):
    x, y = plain(n=1000, d=2)
    x[0, 0], fold = size, np.arange(1000) % 5
    mine = probes.predict(x, y, fold, kind="binary")[:, 0]
    assert gaps(y, mine, reference(x, y, fold), fold).max() <= 1e-3


def test_training_of_one_class_gives_no_score_that_looks_like_one():
    y, fold = np.zeros(60, int), np.repeat(np.arange(5), 12)
    y[:5] = 1
    x = np.random.default_rng(0).standard_normal((60, 4))
    mine = probes.predict(x, y, fold, kind="binary")[:, 0]
    assert len(set(mine[:12].tolist())) == 1 and mine[0] < 0
    assert metrics.auroc(y[:12], mine[:12]) == 0.5 and len(set(mine[12:].tolist())) > 1


def test_a_fit_that_single_precision_cannot_end_goes_on_alone(monkeypatch):
    x, y = plain(n=300, d=6)
    fold = np.arange(300) % 5
    ended = probes.predict(x, y, fold, kind="binary")[:, 0]
    monkeypatch.setattr(solver, "solve", partial(solver.solve, max_iter=1))
    alone = probes.predict(x, y, fold, kind="binary")[:, 0]
    assert not np.array_equal(alone, ended)
    np.testing.assert_allclose(alone, ended, atol=1e-3)
    np.testing.assert_allclose(alone, reference(x, y, fold), atol=1e-3)


def test_a_stale_mirror_is_passed_over(home, tmp_path, monkeypatch):
    here = paths.DOWNLOADS / "toy" / "labels.tsv"
    content, folders = here.read_bytes(), [tmp_path / "old", tmp_path / "sound"]
    here.unlink()
    for folder, data in zip(folders, (b"old", content)):
        (folder / "toy").mkdir(parents=True)
        (folder / "toy" / "labels.tsv").write_bytes(data)
    monkeypatch.setenv("GENEBENCH_MIRROR", os.pathsep.join(map(str, folders)))
    assert sources.locate(specs.declared().source("toy"), "labels").read_bytes() == content


@pytest.mark.parametrize(
    "task, change",
    [
        (3, {"gene_column": "symbl"}),
        (3, {"label": "vale"}),
        (3, {"label": "class"}),
        (0, {"members": {"file": "members", "set_column": "st", "gene_column": "gene"}}),
        (0, {"members": {"flie": "members"}}),
        (0, {"ontology": "tems"}),
    ],
)
def test_a_wrong_column_is_one_sentence(home, task, change):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][task]["options"].update(change))
    known = specs.declared().sources
    with pytest.raises(BadInput):
        tasks.build(known["toy"], known["toy"].tasks[task], known)
