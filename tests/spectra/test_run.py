"""A whole run on a made-up data set, and the command."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import call, rows
from scipy import stats

from genebench.benchmark import results, validation
from genebench.core import paths
from genebench.spectra import datasets, files, run, table


def scores():
    """Rows of the written results."""
    return results.read(results.scores_path("spectra"))


def test_run_writes_sound_rows_resumes_and_mends_a_broken_file(declared, go):
    _, first = go()
    assert (first.units, first.computed, first.failed) == (6, 6, {})
    assert validation.validate_path(paths.results("spectra")) == []
    assert set(scores().split) == {"spectral", "spectral-size"}
    before = results.scores_path("spectra").read_bytes()
    assert go()[1].cached == 6
    arrays = paths.CURVES.glob("*.npz")
    next(path for path in arrays if "rows" in np.load(path)).write_bytes(b"half")
    assert go()[1].computed == 1
    assert results.scores_path("spectra").read_bytes() == before
    declared.datasets["toy-two"] = declared.datasets["toy"].model_copy(update={"name": "toy-two"})
    first = table.path("points.csv").read_text().splitlines()
    go("toy-two")  # leaves the rows of the first
    assert set(first) < set(table.path("points.csv").read_text().splitlines())
    assert scores().task.value_counts().nunique() == 1
    assert (
        set(scores().task) == {"toy", "toy-two"} == set(table.areas({"toy", "toy-two"})["data set"])
    )
    assert validation.validate_path(paths.results("spectra")) == []


def test_scores_are_those_of_scikit_learn_on_the_written_splits(go, tmp_path):
    from sklearn.linear_model import Ridge

    study, _ = go()
    at = "split == 'spectral' and split_param == {} and repeat == 1"
    sides = pd.read_csv(files.write_splits(study, tmp_path / "splits.csv.gz"))
    data, sides = study.datasets["toy"].load(), sides.query(at.format(0.5)).set_index("id").side
    train, test = (np.flatnonzero(sides.reindex(data.ids) == side) for side in ("train", "test"))
    fitted = Ridge(alpha=1.0).fit(data.barcodes[train], data.labels[train])
    truth = stats.spearmanr(fitted.predict(data.barcodes[test]), data.labels[test]).statistic
    rows = scores().query(at.format("'0.5'") + " and model == 'ridge' and metric == 'spearman'")
    assert rows.score.item() == pytest.approx(truth, abs=0.01)


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
    guess = additive.labels + 2 * rng.normal(size=240)
    about = dict(split="spectral", split_param="0", repeat=0, fold=0)
    columns = dict(model="m", family="f", probe="p", coverage=1.0, key="k")
    options = side[None], pd.DataFrame([about]), lambda sides, rows: [guess[side == 2]]
    (drawn,) = run.score(additive, *options, **columns)["draws"]
    y, p, plain = additive.labels[side == 2], guess[side == 2], []
    for pick in rng.integers(0, 120, (400, 120)):
        plain.append(stats.spearmanr(y[pick], p[pick]).statistic)
    assert np.std(drawn["draws"]) == pytest.approx(np.std(plain), rel=0.4)
    assert np.mean(drawn["draws"]) == pytest.approx(stats.spearmanr(y, p).statistic, abs=0.05)
