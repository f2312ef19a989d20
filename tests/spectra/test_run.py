"""A whole run on a made-up data set, and the command."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import call, rows
from scipy import stats
from sklearn.linear_model import Ridge

from genebench.benchmark import results, validation
from genebench.core import paths
from genebench.spectra import datasets, files, run, table


def read(name="points.csv"):
    """A written table."""
    path = paths.results("spectra") / name
    return results.read(path) if name == "scores.parquet" else pd.read_csv(path)


def test_run_writes_sound_rows_resumes_and_mends_a_broken_file(declared, go):
    _, first = go()
    assert (first.units, first.computed, first.failed) == (6, 6, {})
    assert validation.validate_path(paths.results("spectra")) == []
    scores = read("scores.parquet")
    assert set(scores.split) == {"spectral", "spectral-size"}
    assert go()[1].cached == 6
    arrays = paths.CURVES.glob("*.npz")
    next(path for path in arrays if "rows" in np.load(path)).write_bytes(b"half")
    assert go()[1].computed == 1
    pd.testing.assert_frame_equal(read("scores.parquet"), scores)
    declared.datasets["toy-two"] = declared.datasets["toy"].model_copy(update={"name": "toy-two"})
    points = read()
    go("toy-two")  # leaves the rows of the first
    pd.testing.assert_frame_equal(read().query("task == 'toy'"), points)
    assert read("scores.parquet").task.value_counts().to_dict() == dict.fromkeys(
        ["toy", "toy-two"], len(scores)
    )
    assert set(table.areas({"toy-two"})["data set"]) == {"toy-two"}
    assert validation.validate_path(paths.results("spectra")) == []


def test_scores_are_those_of_scikit_learn_on_the_written_splits(go, tmp_path):
    study, _ = go()
    at = "split == 'spectral' and split_param == {} and repeat == 1"
    sides = pd.read_csv(files.write_splits(study, tmp_path / "splits.csv.gz"))
    data, sides = study.datasets["toy"].load(), sides.query(at.format(0.5)).set_index("id").side
    train, test = (np.flatnonzero(sides.reindex(data.ids) == side) for side in ("train", "test"))
    fitted = Ridge(alpha=1.0).fit(data.barcodes[train], data.labels[train])
    truth = stats.spearmanr(fitted.predict(data.barcodes[test]), data.labels[test]).statistic
    where = at.format("'0.5'") + " and model == 'ridge' and metric == 'spearman'"
    assert read("scores.parquet").query(where).score.item() == pytest.approx(truth, abs=0.01)


def test_mode_that_does_not_fit_is_named(go):
    (why,) = go(mode="weighted")[1].failed.values()
    assert "weighted splits need units of several samples" in why


WRONG = """
tb-rfi               | unknown data set or task 'tb-rfi'; did you mean 'tb-rif'
hpo/dominant-vs-recessive@stme | unknown property 'stme'; did you mean 'stem'
hpo/organ-systems    | the spectrum takes binary, multiclass and regression
rrm --parameters 0,2 | give numbers from 0 to 1
rrm --parameters a   | the spectral parameters are a; give numbers
rrm --models esm1v   | run it with its weights and give its predictions
rrm --mode weighte   | unknown mode 'weighte'; did you mean 'weighted'
"""


@pytest.mark.parametrize("words, sentence", rows(WRONG))
def test_wrong_input_is_one_sentence_and_status_2(words, sentence):
    out = call("spectra", *words.split())
    assert out.exit_code == 2 and sentence in out.output and "Traceback" not in out.output


def test_list_says_what_is_missing():
    out = call("spectra", "--json")
    rows = {row["data set"]: row for row in json.loads(out.stdout)}
    assert out.exit_code == 0 and set(rows) == set(datasets.declared().datasets)
    assert rows["pdbbind"]["status"] == "missing" and "register" in rows["pdbbind"]["needs"]


def test_resampled_scores_spread_as_those_of_a_plain_bootstrap(additive):
    rng, side = np.random.default_rng(1), np.where(np.arange(240) % 2, 1, 2)
    y, p = (
        values[side == 2]
        for values in (additive.labels, additive.labels + 2 * rng.normal(size=240))
    )
    about = pd.DataFrame([dict(split="spectral", split_param="0", repeat=0, fold=0)])
    (drawn,) = run.score(additive, side[None], about, lambda sides, rows: [p])["draws"]
    picks = rng.integers(0, 120, (400, 120))
    plain = [stats.spearmanr(y[pick], p[pick]).statistic for pick in picks]
    assert np.std(drawn["draws"]) == pytest.approx(np.std(plain), rel=0.4)
    assert np.mean(drawn["draws"]) == pytest.approx(stats.spearmanr(y, p).statistic, abs=0.05)
