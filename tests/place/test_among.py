"""Models among published embeddings: places, intervals, and what cannot have been published."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from sklearn.metrics import roc_auc_score

from genebench.core import specs
from genebench.data.tasks import Task
from genebench.place import among
from notebooks.studies.lib.among import explained, reproduction, summary

GENES = np.array([f"G{i:03}" for i in range(200)])


@pytest.fixture
def made_up():
    """A plan of twelve tasks on other genes each, the last two on the same."""
    tasks, folds = {}, np.where(np.arange(60) % 5 == 0, 0, -2).astype(np.int8)
    for i in range(12):
        rng, name = default_rng(min(i, 10)), f"zhong2025/go/t{i}"
        genes = np.sort(rng.choice(GENES, 60, replace=False))
        y = rng.permutation(np.arange(60) % 3 == 0) * 1
        words = name, "title", "", "biological processes", "binary", "zhong2025", 1
        tasks[name] = Task(*words, genes, y, ("absent", "there"), folds)
    return SimpleNamespace(tasks=tasks, universe=GENES, declared=specs.declared())


def scores(made_up, level, model, seed, **more):
    """Scores of a model about a level."""
    noise = default_rng(seed).normal(0, 0.01, 12)
    frame = pd.DataFrame({"task": list(made_up.tasks), "score": level + noise})
    return frame.assign(model=model, **more)


def test_a_place_counts_who_is_better_and_its_interval_holds_the_rank(made_up):
    parts = [
        scores(made_up, 0.9 - i / 10, name, i, set="go", category="sequence" if i > 1 else "text")
        for i, name in enumerate("ABCD")
    ]
    ours = scores(made_up, 0.75, "mine", 9)
    places, types = among.place(made_up, ours, pd.concat(parts))
    places = places.set_index("model")
    assert dict(places["rank"]) == {"A": 1, "B": 2, "C": 3, "D": 4, "mine": 3}
    mine, of = places.loc["mine"], types.set_index("category")
    assert mine["rank_low rank_high above below".split()].tolist() == [3, 3, 2, 2]
    assert (mine.tasks, mine.clusters) == (12, 11)  # the last two ask the same
    assert mine.low < mine.score < mine.high and mine.score == pytest.approx(ours.score.mean())
    assert dict(of.best) == {"text": "A", "sequence": "C"}
    assert dict(of.lower) == {"text": 0, "sequence": 2} and (of.embeddings == 2).all()
    assert of.difference["text"] == pytest.approx(mine.score - places.score["A"])
    assert (of.low < of.difference).all() and (of.difference < of.high).all()


def test_published_scores_that_the_holdout_cannot_give_are_marked(made_up):
    rng, rows = default_rng(1), []
    for i, (name, task) in enumerate(made_up.tasks.items()):
        y = task.labels[task.folds == 0]
        for model in ("AAC", "ESM2"):
            score = roc_auc_score(y, rng.random(len(y))) if i % 2 else rng.random()
            rows.append((name, model, score))
    theirs = pd.DataFrame(rows, columns=["task", "model", "score"]).assign(set="go", category="")
    ours = scores(made_up, 0.7, "aac", 2, coverage=1.0)
    errors = ours[["task", "model"]].assign(probe="svc", genes="own", error=0.03)
    frame = reproduction(made_up, ours, theirs, errors)
    assert (frame.model == "aac").all() and (frame.se == 0.03).all()
    assert list(frame.possible) == [False, True] * 6
    np.testing.assert_allclose(frame.difference, frame.score - frame.published)


def test_a_difference_is_explained_only_as_far_as_the_errors_reach():
    frame = pd.DataFrame({"difference": [0.19, 0.21, 0.21, 0.28, -0.29], "published": np.arange(5)})
    frame = frame.assign(possible=[True, True, False, False, False], score=default_rng(0).random(5))
    frame = frame.assign(model="aac", set="go", se=0.1, coverage=1.0)
    found, counts = explained(frame)
    no, other = "not explained", "another holdout"
    assert list(found.cause) == ["error of the holdout", no, other, other, no]
    assert dict(counts[~counts.possible].set_index("cause").tasks) == {other: 2, no: 1}
    both = default_rng(0).normal(0, 0.1, (2, 100_000, 5))  # two scores of each of five tasks
    error = (both[0] - both[1]).mean(axis=1).std()
    assert summary(frame).error[0] == pytest.approx(error, rel=0.02)
