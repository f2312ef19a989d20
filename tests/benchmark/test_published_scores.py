"""Reproduction: names match, and the plain probe is scikit-learn's on vectors as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from helpers import edit_yaml
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from genebench import probes
from genebench.benchmark import plan, published_scores, results, splits
from genebench.benchmark.pairs import Pair
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.core.workers import quiet
from genebench.data import sources

LISTED = {
    "Chromosome": "Genomic properties",
    "ccd protein": "Biological processes",
    "Pathology prognostics - Head and neck cancer": "Biological processes",
    "Blood expression cluster": "Localization",
}


@pytest.fixture
def sheet(monkeypatch):
    """The paper's table of scores, made up."""
    models = (("Bag of Words", "Classical ML", 0.7), ("MPNet", "LLM", 0.8))
    rows = [
        (task, group, "binary", k, metric, level + 0.01 * k, model, family)
        for task, group in LISTED.items()
        for model, family, level in models
        for k in range(5)
        for metric in ("roc_auc", "accuracy")
    ]
    names = "task_name task_group task_type fold metric score model model_family".split()
    frame, right = pd.DataFrame(rows, columns=names), sources.table

    def table(source, name, **options):
        wanted = (source.id, name) == ("genebench_paper", "scores")
        return frame if wanted else right(source, name, **options)

    monkeypatch.setattr(sources, "table", table)


def test_published_scores_are_means_over_folds_of_the_auroc_alone(sheet):
    frame = published_scores.published(specs.declared())
    assert len(frame) == 8 and (frame.folds == 5).all() and set(frame.group) <= set(specs.GROUPS)
    words = frame[frame.model == "Bag of Words"]
    np.testing.assert_allclose(words.score, 0.72)
    np.testing.assert_allclose(words.sd, np.std([0.7, 0.71, 0.72, 0.73, 0.74], ddof=1))
    quoted = published_scores.by_group(frame).set_index(["group", "model"])
    assert quoted.tasks["biological processes", "MPNet"] == 2
    assert quoted.score["genomic properties", "MPNet"] == pytest.approx(0.82)


def test_names_match_whatever_their_case_brackets_and_dashes(sheet):
    names = published_scores.listed_names(specs.declared())
    assert names["hpa/chromosome"] == "Chromosome" and names["hpa/ccd-protein"] == "ccd protein"
    assert names["hpa/prognostics-head-and-neck-cancer"].endswith("Head and neck cancer")
    assert names["hpa/blood-expression-cluster"] == "Blood expression cluster" and len(names) == 4


def fold_of(tiny, task) -> np.ndarray:
    numbers = {"n_folds": tiny.profile.folds, "seed": tiny.profile.seed, "sources": {}}
    return splits.folds(task, "random", **numbers)


def test_the_plain_score_is_scikit_learns_without_a_scaler(warm):
    tiny = plan.make("tiny")
    task, embedding = tiny.tasks["toy/term/heart"], tiny.embedding("full")
    scaled = embedding.vectors * np.array([1, 0.01, 30, 5], np.float32)  # matters to a penalty
    tiny.__dict__["embedding"] = lambda name: type(embedding)(embedding.entities, scaled)
    X, fold, expected = scaled[embedding.rows(task.entities)], fold_of(tiny, task), []
    for k in np.unique(fold):
        model = LogisticRegression(tol=1e-8, max_iter=5000)
        model.fit(X[fold != k], task.labels[fold != k])
        guess = model.decision_function(X[fold == k])
        expected.append(roc_auc_score(task.labels[fold == k], guess))
    values = published_scores.measure(tiny, Pair("full", task.name))
    assert abs(values["repeated"] - values["plain"]) < 5 * values["repeated_sd"]
    assert values["plain"] == pytest.approx(np.mean(expected), abs=2e-3)
    scores = results.main_scores("tiny").set_index(["task", "model"]).score
    # standardised, scales do not matter
    assert values["score"] == pytest.approx(scores[task.name, "full"], abs=2e-3)
    assert values["low"] < values["score"] < values["high"] and values["genes"] == len(task)


def test_of_several_labels_the_hard_predictions_are_scored_too(warm):
    tiny = plan.make("tiny")
    task = next(t for t in tiny.tasks.values() if t.kind == "multilabel")
    values, embedding = published_scores.measure(tiny, Pair("full", task.name)), None
    embedding = tiny.embedding("full")
    rows, fold = embedding.rows(task.entities), fold_of(tiny, task)
    y, fold, X = task.labels[rows >= 0], fold[rows >= 0], embedding.vectors[rows[rows >= 0]]
    hard = probes.predict(X, y, fold, kind="multilabel", standardise=False) > 0
    each = [
        roc_auc_score(y[fold == k], hard[fold == k], average="weighted") for k in np.unique(fold)
    ]
    assert values["decided"] == pytest.approx(np.mean(each), abs=2e-4)
    assert values["decided"] < values["plain"]


def test_a_run_writes_scores_beside_the_published_ones_and_a_second_fits_nothing(warm, monkeypatch):
    names = {"toy/term/heart": "ccd protein", "toy/class": "Chromosome"}
    columns = {"listed": list(names.values()), "group": ["localization", "genomic properties"]}
    frame = pd.DataFrame({**columns, "family": "x", "model": "Bag of words"})
    frame = frame.assign(score=0.72, sd=0.01, folds=5)
    monkeypatch.setattr(published_scores, "listed_names", lambda declared: names)
    monkeypatch.setattr(published_scores, "published", lambda declared: frame)
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"].update(published="Bag of words"))
    given = (plan.make("tiny"), ["full"], paths.results("tiny"))
    table = published_scores.reproduce(*given, jobs=1, say=quiet)
    written = results.read_beside("tiny", "reproduction.csv").set_index("task")
    ordinary = results.main_scores("tiny").set_index(["task", "model"]).score
    for task in names:
        assert written.score[task] == pytest.approx(ordinary[task, "full"], abs=1e-4)
        difference = written.repeated[task] - 0.72
        spread = (0.01**2 + written.repeated_sd[task] ** 2) / 5
        assert written.se[task] == pytest.approx(np.sqrt(spread), abs=2e-5)
        assert written.difference[task] == pytest.approx(difference, abs=2e-5)
    assert len(results.read_beside("tiny", "published_groups.csv")) == 2 and len(table) == 2
    monkeypatch.setattr(probes, "predict", lambda *a, **k: pytest.fail("fitted again"))
    again = published_scores.reproduce(*given, jobs=1, say=quiet)
    pd.testing.assert_frame_equal(again, table)


def test_a_model_without_published_scores_is_refused(warm):
    with pytest.raises(BadInput, match="the paper has no scores of model 'full'"):
        published_scores.reproduce(plan.make("tiny"), ["full"], paths.results("tiny"), jobs=1)
