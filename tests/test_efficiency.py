"""Label efficiency: nested subsets, the full curve's end is the ordinary score, and what is cached."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import edit_yaml, sha256
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from genebench.benchmark import label_efficiency, plan, results, splits
from genebench.book import tiers
from genebench.core import paths, specs, workers
from genebench.core.errors import BadInput


@pytest.fixture
def curves(warm, monkeypatch):
    """The made-up profile with two curves' worth of tasks, measured in this process."""
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(workers, "pool", lambda jobs: ThreadPoolExecutor(1))
    declared = {"tasks": ["toy/term/heart", "toy/term/liver"], "sizes": [16, 32, 64], "draws": 2}
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(efficiency=declared))
    label_efficiency.run("tiny", jobs=1, say=lambda text: None)
    return results.read_efficiency("tiny")


def test_subsets_hold_the_smaller_ones_and_keep_the_shares_of_the_classes():
    y = (np.arange(200) % 4 == 0).astype(int)
    small, large, whole = label_efficiency.nested(y, [12, 40, 200], [7, 0, 0])
    assert set(small) < set(large) < set(whole) and len(set(whole)) == 200
    assert (y[small].sum(), y[large].sum()) == (3, 10)
    assert label_efficiency.nested(
        (np.arange(100) < 1).astype(int) + (np.arange(100) > 98), [4], [0]
    )[0].shape == (4,)
    assert not np.array_equal(small, label_efficiency.nested(y, [12], [8, 0, 0])[0])


def test_the_last_point_is_the_ordinary_score_of_every_common_gene(curves):
    scores = results.main_scores("tiny", genes="common").set_index(["task", "model"]).score
    last = curves[curves.groupby(["task", "model"]).labels.transform("max") == curves.labels]
    assert set(last.model) == {
        "full",
        "part",
        "stem",
        "random",
        "shuffled",
    }  # the oracle has no vectors
    for row in last[
        last.model == "part"
    ].itertuples():  # the others are trained on more than the common genes there
        assert row.score == pytest.approx(scores[row.task, row.model], abs=0.004)
        assert row.low < row.score < row.high


def test_a_point_is_what_scikit_learn_says_of_the_same_subsets(curves):
    held = plan.context("tiny")
    task, p = held.tasks["toy/term/heart"], held.profile
    X, fold = (
        held.embedding("full").vectors,
        splits.folds(task, "random", n_folds=p.folds, seed=p.seed),
    )
    X = X[held.embedding("full").rows(task.entities)]
    found = []
    for r in range(2):
        for k in range(p.folds):
            train = np.flatnonzero(fold != k)
            chosen = train[
                label_efficiency.nested(task.labels[train], [16, 32, 64], [p.seed, r, k])[1]
            ]
            scale = StandardScaler().fit(X[chosen])
            fit = LogisticRegression(tol=1e-8, max_iter=5000).fit(
                scale.transform(X[chosen]), task.labels[chosen]
            )
            guess = fit.decision_function(scale.transform(X[fold == k]))
            found.append(roc_auc_score(task.labels[fold == k], guess))
    row = curves[(curves.task == task.name) & (curves.model == "full") & (curves.labels == 32)]
    assert row.score.item() == pytest.approx(np.mean(found), abs=0.004)


def test_more_labels_help_a_model_that_knows_and_never_shuffled_ones(curves):
    of = curves[curves.task == "toy/term/heart"].set_index(["model", "labels"])
    end = int(curves[curves.task == "toy/term/heart"].labels.max())
    assert (
        of.score["full", end] > of.score["full", 16] and abs(of.score["shuffled", end] - 0.5) < 0.2
    )
    assert of.best_shortcut["full", end] == "stem" and np.isnan(of.excess["random", end])
    assert of.excess["full", end] == pytest.approx(
        of.score["full", end] - of.score["stem", end], abs=2e-5
    )


def test_a_second_run_measures_nothing_and_writes_the_same_bytes(curves, monkeypatch):
    before = sha256(results.efficiency_path("tiny"))
    monkeypatch.setattr(label_efficiency, "measure", lambda *given: pytest.fail("measured again"))
    assert label_efficiency.run("tiny", jobs=1, say=lambda text: None) == (10, 0)
    assert sha256(results.efficiency_path("tiny")) == before


def test_a_curve_that_fails_is_named_and_nothing_is_written(curves, monkeypatch):
    results.efficiency_path("tiny").unlink()
    next(iter(sorted((paths.EFFICIENCY / "full").glob("*.npz")))).unlink()
    monkeypatch.setattr(label_efficiency, "measure", lambda *given: 1 / 0)
    with pytest.raises(
        label_efficiency.RunFailed,
        match="1 curves failed, first 'full × toy/term.*ZeroDivisionError",
    ):
        label_efficiency.run("tiny", jobs=1, say=lambda text: None)
    with pytest.raises(
        BadInput, match="not measured yet; run 'genebench efficiency --profile tiny'"
    ):
        results.read_efficiency("tiny")


def test_what_cannot_have_a_curve_is_refused_in_one_sentence(warm):
    with pytest.raises(BadInput, match="declares no 'efficiency'"):
        label_efficiency.plan("tiny")
    edit_yaml(
        paths.PROFILES,
        lambda d: d["profiles"]["tiny"].update(efficiency={"tasks": ["toy/value"], "sizes": [8]}),
    )
    with pytest.raises(
        BadInput, match="'toy/value' is regression, and label efficiency takes binary tasks"
    ):
        label_efficiency.plan("tiny")
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"]["efficiency"].update(sizes=[32, 16]))
    with pytest.raises(BadInput, match="ascending"):
        specs.profile("tiny")


def test_the_page_draws_every_curve_and_counts_what_beats_a_shortcut(curves):
    axes = tiers.label_curves(curves, label="score").axes
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert len(axes) == 2 and {"Full", "Stem"} <= {line.get_label() for line in axes[0].lines}
    told = tiers.efficiency_numbers(curves)
    assert told["pairs"] == 4 and told["fewest"] == 16 and 0 <= told["few"] <= 4
    assert tiers.efficiency_table(curves)["best shortcut"].dropna().unique().tolist() == ["Stem"]


def test_what_a_made_model_adds_is_turned_towards_it(warm, monkeypatch):
    import pandas as pd

    edit_yaml(paths.MODELS, lambda d: d["models"]["full"]["options"].update(of=["part", "stem"]))
    pairs = pd.DataFrame(
        {
            "group": "all",
            "split": "random",
            "model": ["full", "part"],
            "other": ["part", "stem"],
            "tasks": 3,
            "difference": [0.1, 0.2],
            "low": [0.05, 0.1],
            "high": [0.15, 0.3],
            "p": 0.01,
            "separated": True,
        }
    )
    turned = pd.concat(
        [
            pairs,
            pairs.iloc[[0]].assign(
                model="stem", other="full", difference=-0.3, low=-0.4, high=-0.2
            ),
        ]
    )
    made = tiers.complement(turned)
    assert made.part.tolist() == ["part", "stem"] and made.difference.tolist() == [0.1, 0.3]
    assert (made.low < made.difference).all() and (made.difference < made.high).all()
    (ax,) = tiers.complement_plot(made, label="d").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Full\nminus Part", "Full\nminus Stem"]
    assert "*Full* scores more than *Part* (+0.100)" in tiers.complement_words(made)
