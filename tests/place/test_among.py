"""Models among published embeddings: places, intervals, and what cannot have been published."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from sklearn.metrics import roc_auc_score

from genebench.benchmark import splits
from genebench.core import specs
from genebench.data.tasks import Task
from genebench.place import among
from notebooks.studies.lib.among import explained, reproduction, summary

GENES = np.array([f"G{i:03}" for i in range(200)])


@pytest.fixture
def made_up():
    """A plan of twelve tasks on other genes each, the last two on the same."""
    tasks = {}
    for i in range(12):
        rng = default_rng(min(i, 10))
        genes = np.sort(rng.choice(GENES, 60, replace=False))
        y = rng.permutation(np.arange(60) % 3 == 0) * 1
        folds = np.where(np.arange(60) % 5 == 0, 0, -2).astype(np.int8)
        words = f"zhong2025/go/t{i}", f"title {i}", "", "biological processes", "binary"
        task = Task(*words, "zhong2025", 1, genes, y, ("absent", "there"), folds)
        tasks[task.name] = task
    return SimpleNamespace(tasks=tasks, universe=GENES, declared=specs.declared())


def scores(made_up, level, model, seed, **more):
    """Scores of a model about a level."""
    noise = default_rng(seed).normal(0, 0.01, 12)
    frame = pd.DataFrame({"task": list(made_up.tasks), "score": level + noise})
    return frame.assign(model=model, **more)


def test_a_place_counts_who_is_better_and_its_interval_holds_the_rank(made_up):
    levels = {"A": 0.9, "B": 0.8, "C": 0.7, "D": 0.6}
    kinds = {"A": "text", "B": "text", "C": "sequence", "D": "sequence"}
    parts = [
        scores(made_up, level, name, i, set="go", category=kinds[name])
        for i, (name, level) in enumerate(levels.items())
    ]
    ours = scores(made_up, 0.75, "mine", 9)
    places, types = among.place(made_up, ours, pd.concat(parts))
    mine = places[places.source == "computed"].iloc[0]
    assert (mine["rank"], mine.rank_low, mine.rank_high, mine.above, mine.below) == (3, 3, 3, 2, 2)
    assert (mine.tasks, mine.clusters) == (12, 11)  # the last two ask the same
    assert mine.low < mine.score < mine.high
    assert mine.score == pytest.approx(ours.score.mean())
    theirs = places[places.source == "published"].set_index("model")
    assert dict(theirs["rank"]) == {"A": 1, "B": 2, "C": 3, "D": 4}
    of = types.set_index("category")
    assert dict(of.best) == {"text": "A", "sequence": "C"}
    assert dict(of.lower) == {"text": 0, "sequence": 2} and (of.embeddings == 2).all()
    assert of.difference["text"] == pytest.approx(mine.score - theirs.score["A"])
    assert (of.low < of.difference).all() and (of.difference < of.high).all()


def test_published_scores_that_the_holdout_cannot_give_are_marked(made_up):
    rng, rows = default_rng(1), []
    for i, (name, task) in enumerate(made_up.tasks.items()):
        y = task.labels[task.folds == 0]
        for model in ("AAC", "UNIREP", "ESM2"):
            score = roc_auc_score(y, rng.random(len(y))) if i % 2 else rng.random()
            rows.append(("go", name, model, "sequence", score))
    theirs = pd.DataFrame(rows, columns=["set", "task", "model", "category", "score"])
    ours = scores(made_up, 0.7, "aac", 2, coverage=1.0)
    errors = ours[["task", "model"]].assign(probe="svc", genes="own", error=0.03)
    frame = reproduction(made_up, ours, theirs, errors).set_index("task")
    assert list(frame.model.unique()) == ["aac"] and (frame.se == 0.03).all()
    assert list(frame.possible) == [bool(i % 2) for i in range(12)]
    np.testing.assert_allclose(frame.difference, frame.score - frame.published)


def test_a_difference_is_explained_only_as_far_as_the_errors_reach():
    cases = [(0.19, True), (0.21, True), (0.21, False), (0.28, False), (-0.29, False)]
    frame = pd.DataFrame(cases, columns=["difference", "possible"])
    frame = frame.assign(model="aac", set="go", se=0.1, published=[0.5, 0.6, 0.7, 0.8, 0.9])
    frame = frame.assign(score=frame.published + frame.difference, coverage=1.0)
    found, counts = explained(frame)
    far = ["not explained", "another holdout", "another holdout", "not explained"]
    assert list(found.cause) == ["error of the holdout", *far]
    assert counts.share.sum() == pytest.approx(1)
    assert dict(counts[~counts.possible].set_index("cause").tasks) == {far[1]: 2, far[0]: 1}
    both = default_rng(0).normal(0, 0.1, (2, 100_000, 5))  # two scores of each of five tasks
    error = (both[0] - both[1]).mean(axis=1).std()
    assert summary(frame).error[0] == pytest.approx(error, rel=0.02)


def test_published_folds_are_those_of_the_task_and_others_have_none(made_up):
    task, options = made_up.tasks["zhong2025/go/t0"], {"n_folds": 3, "seed": 1, "sources": {}}
    assert splits.folds(task, "published", **options) is task.folds
    with pytest.raises(splits.Unsplittable, match="no folds were published with it"):
        splits.folds(replace(task, folds=None), "published", **options)
