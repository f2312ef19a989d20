"""Label efficiency: nested subsets, points that scikit-learn gives too, and what is cached."""

import numpy as np
import pytest
from helpers import edit_profile, edit_yaml, refused, sha256
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from genebench.benchmark import label_efficiency, plan, results, splits
from genebench.benchmark.pairs import Pair
from genebench.core import paths, specs
from genebench.core.errors import RunFailed
from genebench.core.workers import quiet

OPTIONS = {"tasks": ["toy/term/heart", "toy/term/liver"], "sizes": [16, 32, 64], "draws": 2}


def measure_all(tiny=None):
    return label_efficiency.measure_all(tiny or plan.make("tiny"), jobs=1, say=quiet)


@pytest.fixture
def curves(warm):
    """The table of two tasks of the made-up profile."""
    edit_profile(efficiency=OPTIONS)
    measure_all()
    return results.read_beside("tiny", "efficiency.csv")


def test_subsets_contain_the_smaller_ones_and_keep_the_shares_of_the_classes():
    y = (np.arange(200) % 4 == 0).astype(int)
    small, large, whole = label_efficiency.nested(y, [12, 40, 200], [7, 0, 0])
    assert set(small) < set(large) < set(whole) and len(set(whole)) == 200
    assert (y[small].sum(), y[large].sum()) == (3, 10)
    assert not np.array_equal(small, label_efficiency.nested(y, [12], [8, 0, 0])[0])


def test_a_point_is_what_scikit_learn_says_of_the_same_subsets(curves):
    tiny = plan.make("tiny")
    task, profile, embedding = tiny.tasks["toy/term/heart"], tiny.profile, tiny.embedding("full")
    numbers = {"n_folds": profile.folds, "seed": profile.seed, "sources": {}}
    fold, X = splits.folds(task, "random", **numbers), embedding.vectors
    X, scores = X[embedding.rows(task.entities)], []
    for r in range(2):
        for k in range(profile.folds):
            train, seed = np.flatnonzero(fold != k), [profile.seed, r, k]
            chosen = train[label_efficiency.nested(task.labels[train], [16, 32, 64], seed)[1]]
            scale = StandardScaler().fit(X[chosen])
            model = LogisticRegression(tol=1e-8, max_iter=5000)
            model.fit(scale.transform(X[chosen]), task.labels[chosen])
            guess = model.decision_function(scale.transform(X[fold == k]))
            scores.append(roc_auc_score(task.labels[fold == k], guess))
    row = curves[(curves.task == task.name) & (curves.model == "full") & (curves.labels == 32)]
    assert row.score.item() == pytest.approx(np.mean(scores), abs=0.004)


def test_more_labels_help_a_model_that_knows_and_never_shuffled_ones(curves):
    heart = curves[curves.task == "toy/term/heart"]
    by, end = heart.set_index(["model", "labels"]), int(heart.labels.max())
    assert by.score["full", end] > by.score["full", 16]
    assert abs(by.score["shuffled", end] - 0.5) < 0.2
    assert by.best_shortcut["full", end] == "stem" and np.isnan(by.excess["random", end])
    excess = by.score["full", end] - by.score["stem", end]
    assert by.excess["full", end] == pytest.approx(excess, abs=2e-5)


def test_a_second_run_measures_nothing_and_a_failed_curve_is_named(curves, monkeypatch):
    before, tiny = sha256(results.beside_path("tiny", "efficiency.csv")), plan.make("tiny")
    outcome = measure_all(tiny)
    assert (outcome.units, outcome.computed) == (10, 0)
    assert sha256(results.beside_path("tiny", "efficiency.csv")) == before
    results.beside_path("tiny", "efficiency.csv").unlink()
    curve = Pair("full", "toy/term/heart")
    label_efficiency.STAGE.files(tiny, curve)[0].unlink()
    monkeypatch.setattr(label_efficiency, "nested", lambda *given: 1 / 0)
    with pytest.raises(RunFailed, match="1 curves failed, first 'full × toy/term.*ZeroDivision"):
        measure_all(tiny)
    with refused("not made yet; run 'genebench efficiency --profile tiny'"):
        results.read_beside("tiny", "efficiency.csv")


def test_what_cannot_have_a_curve_is_refused_in_one_sentence(warm):
    with refused("declares no 'efficiency'"):
        measure_all()
    wrong = {"tasks": ["toy/value"], "sizes": [8]}
    edit_profile(efficiency=wrong)
    with refused("'toy/value' is regression, and label efficiency takes"):
        measure_all()
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"]["efficiency"].update(sizes=[32, 16]))
    with refused("ascending"):
        specs.declared()
