"""Label efficiency: nested subsets, points that scikit-learn gives too, and what is cached."""

import numpy as np
import pytest
from helpers import refused
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench.benchmark import plan, results, splits
from genebench.core.workers import quiet
from notebooks.studies.lib import efficiency

HEART = "toy/term/heart"


def measure_all(tasks=(HEART,), sizes=(16, 32, 64)):
    return efficiency.measure_all(plan.make("tiny"), list(tasks), list(sizes), 2, jobs=1, say=quiet)


def test_subsets_contain_the_smaller_ones_and_keep_the_shares_of_the_classes():
    y = (np.arange(200) % 4 == 0).astype(int)
    small, large, whole = efficiency.nested(y, [12, 40, 200], [7, 0, 0])
    assert set(small) < set(large) < set(whole) and len(set(whole)) == 200
    assert (y[small].sum(), y[large].sum()) == (3, 10)


def test_a_point_is_what_scikit_learn_says_of_the_same_subsets(warm):
    measure_all()
    tiny = plan.make("tiny")
    task, profile, embedding = tiny.tasks[HEART], tiny.profile, tiny.embedding("full")
    fold = splits.folds(task, "random", n_folds=profile.folds, seed=profile.seed, sources={})
    X, y, areas = embedding.vectors[embedding.rows(task.entities)], task.labels, []
    for r, k in np.ndindex(2, profile.folds):
        train, test = np.flatnonzero(fold != k), fold == k
        chosen = train[efficiency.nested(y[train], [16, 32, 64], [profile.seed, r, k])[1]]
        model = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8, max_iter=5000))
        guess = model.fit(X[chosen], y[chosen]).decision_function(X[test])
        areas.append(roc_auc_score(y[test], guess))
    heart = results.read_beside("tiny", "efficiency.csv").set_index(["model", "labels"])
    score, end = heart.score, max(heart.index.levels[1])
    assert score["full", 32] == pytest.approx(np.mean(areas), abs=0.004)
    # shuffled labels teach nothing, however many; the excess is over the best shortcut
    assert score["full", end] > score["full", 16] and abs(score["shuffled", end] - 0.5) < 0.2
    assert heart.best_shortcut["full", end] == "stem" and np.isnan(heart.excess["random", end])
    excess = score["full", end] - score["stem", end]
    assert heart.excess["full", end] == pytest.approx(excess, abs=2e-5)


@pytest.mark.parametrize(
    "tasks, sizes, words",
    [
        (["toy/value"], [8], "'toy/value' is regression, and label efficiency takes"),
        ([HEART], [32, 16], "ascending"),
    ],
)
def test_what_cannot_have_a_curve_is_refused_in_one_sentence(warm, tasks, sizes, words):
    with refused(words):
        measure_all(tasks, sizes)
