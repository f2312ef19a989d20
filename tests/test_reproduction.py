"""Held against the paper: names match, the probe is scikit-learn's on plain vectors, and the pages say what differs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from helpers import edit_yaml
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from genebench import probes
from genebench.benchmark import custom_tasks, plan, published_scores, results, splits
from genebench.book import claims, figures
from genebench.core import paths, specs, workers
from genebench.core.errors import BadInput
from genebench.data import sources


def made_scores() -> pd.DataFrame:
    """Published scores of two models, as the paper's sheet has them."""
    rows = []
    for task, group in (
        ("Chromosome", "Genomic properties"),
        ("ccd protein", "Biological processes"),
        ("Pathology prognostics - Head and neck cancer", "Biological processes"),
        ("Blood expression cluster", "Localization"),
    ):
        for model, family, level in (("Bag of Words", "Classical ML", 0.7), ("MPNet", "LLM", 0.8)):
            rows += [
                (task, group, "binary", k, metric, level + 0.01 * k, model, family)
                for k in range(5)
                for metric in ("roc_auc", "accuracy")
            ]
    names = [
        "task_name",
        "task_group",
        "task_type",
        "fold",
        "metric",
        "score",
        "model",
        "model_family",
    ]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture
def sheet(monkeypatch):
    """The paper's table of scores, made up."""
    right = sources.table
    monkeypatch.setattr(
        sources,
        "table",
        lambda s, f, **o: (
            made_scores() if (s.id, f) == ("genebench_paper", "scores") else right(s, f, **o)
        ),
    )


def test_published_scores_are_means_over_folds_of_the_auroc_alone(sheet):
    told = published_scores.published()
    assert len(told) == 8 and (told.folds == 5).all() and set(told.group) <= set(specs.GROUPS)
    words = told[told.model == "Bag of Words"]
    np.testing.assert_allclose(words.score, 0.72)
    np.testing.assert_allclose(words.sd, np.std([0.7, 0.71, 0.72, 0.73, 0.74], ddof=1))
    quoted = published_scores.by_group(told).set_index(["group", "model"])
    assert quoted.tasks["biological processes", "MPNet"] == 2
    assert quoted.score["genomic properties", "MPNet"] == pytest.approx(0.82)


def test_names_match_whatever_their_case_brackets_and_dashes(sheet):
    names = published_scores.listed_names()
    assert names["hpa/chromosome"] == "Chromosome" and names["hpa/ccd-protein"] == "ccd protein"
    assert names["hpa/prognostics-head-and-neck-cancer"].endswith("Head and neck cancer")
    assert names["hpa/blood-expression-cluster"] == "Blood expression cluster"
    assert not any("secretome-only" in name for name in names) and len(names) == 4


def test_the_plain_score_is_scikit_learns_without_a_scaler(warm):
    held = plan.context("tiny")
    task, X = held.tasks["toy/term/heart"], held.embedding("full").vectors
    X = X[held.embedding("full").rows(task.entities)] * [
        1,
        0.01,
        30,
        5,
    ]  # scales matter to a penalty
    fold = splits.folds(task, "random", n_folds=held.profile.folds, seed=held.profile.seed)
    expected = []
    for k in np.unique(fold):
        fit = LogisticRegression(tol=1e-8, max_iter=5000).fit(X[fold != k], task.labels[fold != k])
        expected.append(roc_auc_score(task.labels[fold == k], fit.decision_function(X[fold == k])))

    class Scaled:
        vectors, rows = X, staticmethod(lambda genes: np.searchsorted(task.entities, genes))

    class Held:
        profile, universe, embedding = (
            held.profile,
            held.universe,
            staticmethod(lambda name: Scaled),
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "context", lambda profile: Held)
        made = published_scores.measure("tiny", "full", task)
    assert made["plain"] == pytest.approx(np.mean(expected), abs=2e-3) and made["genes"] == len(
        task
    )
    ordinary = (
        results.main_scores("tiny").set_index(["task", "model"]).score["toy/term/heart", "full"]
    )
    assert made["score"] == pytest.approx(ordinary, abs=2e-3)  # standardised, scales do not matter
    assert made["low"] < made["score"] < made["high"]


def test_a_run_writes_scores_beside_the_published_ones_and_a_second_fits_nothing(warm, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor
    from types import SimpleNamespace

    monkeypatch.setattr(workers, "pool", lambda jobs: ThreadPoolExecutor(1))
    monkeypatch.setattr(
        custom_tasks, "declare", lambda profile, universe: SimpleNamespace(profile=profile)
    )
    monkeypatch.setattr(
        published_scores,
        "listed_names",
        lambda: {"toy/term/heart": "ccd protein", "toy/class": "Chromosome"},
    )
    told = pd.DataFrame(
        {
            "listed": ["ccd protein", "Chromosome"],
            "group": ["localization", "genomic properties"],
            "family": "Classical ML",
            "model": "Bag of words",
            "score": 0.72,
            "sd": 0.01,
        }
    )
    monkeypatch.setattr(published_scores, "published", lambda: told)
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"].update(title="Bag of Words"))
    found = published_scores.run("tiny", "full", jobs=1, say=lambda text: None)
    kept = results.read_published("tiny", "reproduction.csv").set_index("task")
    ordinary = results.main_scores("tiny").set_index(["task", "model"]).score
    for task in ("toy/term/heart", "toy/class"):
        assert kept.score[task] == pytest.approx(ordinary[task, "full"], abs=1e-4)
        assert kept.difference[task] == pytest.approx(kept.plain[task] - 0.72, abs=2e-5)
    assert len(results.read_published("tiny", "published_groups.csv")) == 2 and len(found) == 2
    monkeypatch.setattr(published_scores, "measure", lambda *given: pytest.fail("measured again"))
    pd.testing.assert_frame_equal(
        published_scores.run("tiny", "full", jobs=1, say=lambda text: None), found
    )


def test_of_several_labels_the_yes_or_no_is_scored_too(warm):
    task = next(t for t in plan.context("tiny").tasks.values() if t.kind == "multilabel")
    made = published_scores.measure("tiny", "full", task)
    held = plan.context("tiny").embedding("full")
    rows, fold = held.rows(task.entities), splits.folds(task, "random", n_folds=5, seed=7)
    y, fold, X = task.labels[rows >= 0], fold[rows >= 0], held.vectors[rows[rows >= 0]]
    said = probes.predict(X, y, fold, kind="multilabel", standardise=False) > 0
    each = [roc_auc_score(y[fold == k], said[fold == k], average="weighted") for k in range(5)]
    assert (
        made["decided"] == pytest.approx(np.mean(each), abs=2e-4)
        and made["decided"] < made["plain"]
    )


def made_rows() -> pd.DataFrame:
    """Three reproduced tasks, one of them far off."""
    return pd.DataFrame(
        {
            "task": ["a", "b", "c"],
            "listed": ["A", "B", "C"],
            "group": "localization",
            "kind": "binary",
            "genes": 100,
            "score": [0.7, 0.8, 0.6],
            "plain": [0.71, 0.78, 0.5],
            "low": 0.5,
            "high": 0.9,
            "published": [0.7, 0.8, 0.6],
            "published_sd": 0.01,
            "decided": np.nan,
            "difference": [0.01, -0.02, -0.1],
        }
    )


def test_the_page_puts_the_farthest_first_and_never_leaves_it_without_a_word():
    told = claims.reproduction_numbers(made_rows())
    assert (told["tasks"], told["far"], told["difference"], told["standardised"]) == (
        3,
        1,
        "0.043",
        "0.000",
    )
    table = claims.reproduction_table(made_rows())
    assert table.task.tolist() == ["C", "B", "A"] and table.reason[0] == "not explained"
    assert table.reason[1:].tolist() == ["within two deviations of the published folds"] * 2
    table = claims.reproduction_table(made_rows().assign(published_sd=0.001))
    assert table.reason[1:].tolist() == ["beyond two deviations, under 0.03: not looked into"] * 2
    words = claims.reproduction_words(made_rows())
    assert "Of 3 tasks 2 lie within two deviations" in words and "2 within 0.03" in words
    assert "C (−0.100)" in words and "1 of them not a whole one" in words
    (ax,) = claims.reproduction_plot(made_rows(), label="AUROC").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["B", "A", "C"]


def test_boxes_and_the_quoted_map_hold_every_family_and_model(sheet):
    ax = claims.published_map(
        published_scores.by_group(published_scores.published()), label="AUROC"
    ).axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "Bag of Words (Classical ML)",
        "MPNet (LLM)",
    ]
    frame = pd.DataFrame(
        {
            "model": ["a", "b", "c"],
            "family": ["text", "shortcut", "control"],
            "score": 0.6,
            "group": "localization",
            "task": "t",
        }
    )
    (ax,) = figures.family_boxes(frame, label="AUROC").axes
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["text", "shortcut"]
    assert set(figures.FAMILIES) == set(
        specs.ModelSpec.model_fields["family"].annotation.__args__
    ) - {"control"}


def test_what_was_not_measured_says_what_to_run(home):
    with pytest.raises(BadInput, match="run 'genebench reproduce --profile tiny'"):
        results.read_published("tiny", "reproduction.csv")
    with pytest.raises(BadInput, match="unknown table"):
        results.read_published("tiny", "reproductions.csv")
