"""Label efficiency: nested subsets, points that scikit-learn gives too, and what is cached."""

import numpy as np
import pytest
from helpers import refused
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from genebench.benchmark import plan, results, splits
from genebench.core.workers import quiet
from notebooks.studies.lib import efficiency

TASKS = ["toy/term/heart", "toy/term/liver"]


def measure_all(tasks=TASKS, sizes=(16, 32, 64)):
    return efficiency.measure_all(plan.make("tiny"), tasks, list(sizes), 2, jobs=1, say=quiet)


def test_subsets_contain_the_smaller_ones_and_keep_the_shares_of_the_classes():
    y = (np.arange(200) % 4 == 0).astype(int)
    small, large, whole = efficiency.nested(y, [12, 40, 200], [7, 0, 0])
    assert set(small) < set(large) < set(whole) and len(set(whole)) == 200
    assert (y[small].sum(), y[large].sum()) == (3, 10)


def test_a_point_is_what_scikit_learn_says_of_the_same_subsets(warm):
    measure_all()
    curves = results.read_beside("tiny", "efficiency.csv")
    tiny = plan.make("tiny")
    task, profile, embedding = tiny.tasks["toy/term/heart"], tiny.profile, tiny.embedding("full")
    numbers = {"n_folds": profile.folds, "seed": profile.seed, "sources": {}}
    fold, X = splits.folds(task, "random", **numbers), embedding.vectors
    X, scores = X[embedding.rows(task.entities)], []
    for r in range(2):
        for k in range(profile.folds):
            train, seed = np.flatnonzero(fold != k), [profile.seed, r, k]
            chosen = train[efficiency.nested(task.labels[train], [16, 32, 64], seed)[1]]
            scale = StandardScaler().fit(X[chosen])
            model = LogisticRegression(tol=1e-8, max_iter=5000)
            model.fit(scale.transform(X[chosen]), task.labels[chosen])
            guess = model.decision_function(scale.transform(X[fold == k]))
            scores.append(roc_auc_score(task.labels[fold == k], guess))
    heart = curves[curves.task == task.name].set_index(["model", "labels"])
    assert heart.score["full", 32] == pytest.approx(np.mean(scores), abs=0.004)
    # shuffled labels teach nothing, however many; the excess is over the best shortcut
    end = max(heart.index.levels[1])
    assert heart.score["full", end] > heart.score["full", 16]
    assert abs(heart.score["shuffled", end] - 0.5) < 0.2
    assert heart.best_shortcut["full", end] == "stem" and np.isnan(heart.excess["random", end])
    excess = heart.score["full", end] - heart.score["stem", end]
    assert heart.excess["full", end] == pytest.approx(excess, abs=2e-5)


@pytest.mark.parametrize(
    "tasks, sizes, words",
    [
        (["toy/value"], [8], "'toy/value' is regression, and label efficiency takes"),
        (TASKS, [32, 16], "ascending"),
    ],
)
def test_what_cannot_have_a_curve_is_refused_in_one_sentence(warm, tasks, sizes, words):
    with refused(words):
        measure_all(tasks, sizes)
