"""Reproduction: names match, and the plain probe is scikit-learn's on vectors as they are."""

import numpy as np
import pandas as pd
import pytest
from helpers import edit_model, refused
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from genebench import probes
from genebench.benchmark import plan, published_scores, results, splits
from genebench.benchmark.pairs import Pair
from genebench.core import paths, specs
from genebench.core.workers import quiet
from genebench.data import sources
from genebench.stats import bootstrap

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
    frame = pd.DataFrame(rows, columns=names)
    monkeypatch.setattr(sources, "table", lambda source, name: frame)


def test_published_scores_are_means_over_folds_of_the_auroc_alone(sheet):
    frame = published_scores.published(specs.declared())
    assert len(frame) == 8 and (frame.folds == 5).all() and set(frame.group) <= set(specs.GROUPS)
    words = frame[frame.model == "Bag of Words"]
    assert_allclose(words.score, 0.72)
    assert_allclose(words.sd, np.std([0.7, 0.71, 0.72, 0.73, 0.74], ddof=1))
    quoted = published_scores.by_group(frame).set_index(["group", "family", "model"])
    assert quoted.tasks["biological processes", "LLM", "MPNet"] == 2
    assert quoted.score["all", "LLM", "all"] == pytest.approx(0.82)


def test_names_match_whatever_their_case_brackets_and_dashes(sheet):
    names = published_scores.listed_names(specs.declared())
    assert names["hpa/chromosome"] == "Chromosome" and names["hpa/ccd-protein"] == "ccd protein"
    assert names["hpa/prognostics-head-and-neck-cancer"].endswith("Head and neck cancer")
    assert names["hpa/blood-expression-cluster"] == "Blood expression cluster" and len(names) == 4


def test_the_plain_score_is_scikit_learns_without_a_scaler(warm):
    tiny = plan.make("tiny")
    task, embedding = tiny.tasks["toy/term/heart"], tiny.embedding("full")
    scaled = embedding.vectors * np.array([1, 0.01, 30, 5], np.float32)  # matters to a penalty
    tiny.__dict__["embedding"] = lambda name: type(embedding)(embedding.entities, scaled)
    fold = splits.folds(task, "random", n_folds=3, seed=tiny.profile.seed, sources={})
    X, expected = scaled[embedding.rows(task.entities)], []
    for train, test in ((fold != k, fold == k) for k in range(3)):
        model = LogisticRegression(tol=1e-8, max_iter=5000).fit(X[train], task.labels[train])
        expected.append(roc_auc_score(task.labels[test], model.decision_function(X[test])))
    values = published_scores.measure(tiny, Pair("full", task.name))
    assert values["plain"] == pytest.approx(np.mean(expected), abs=2e-3)
    scores = results.main_scores("tiny").set_index(["task", "model"]).score
    # standardised, scales do not matter
    assert values["score"] == pytest.approx(scores[task.name, "full"], abs=2e-3)
    assert values["low"] < values["score"] < values["high"] and values["genes"] == len(task)


def test_of_several_labels_the_hard_predictions_are_scored_too(warm):
    tiny = plan.make("tiny")
    task = next(t for t in tiny.tasks.values() if t.kind == "multilabel")
    values = published_scores.measure(tiny, Pair("full", task.name))
    fold, embedding = splits.assign(task, "random", None, 3, 7), tiny.embedding("full")
    X = embedding.vectors[embedding.rows(task.entities)]
    hard = probes.predict(X, task.labels, fold, kind="multilabel", standardise=False) > 0
    each = [
        roc_auc_score(task.labels[fold == k], hard[fold == k], average="weighted") for k in range(3)
    ]
    assert values["decided"] == pytest.approx(np.mean(each), abs=2e-4)
    assert values["decided"] < values["plain"]


def test_a_run_writes_scores_beside_the_published_ones_and_a_second_fits_nothing(warm, monkeypatch):
    names = {"toy/term/heart": "ccd protein", "toy/class": "Chromosome"}
    frame = pd.DataFrame({"listed": names.values(), "group": "localization", "model": "Bag"})
    frame = frame.assign(score=0.72, sd=0.01, folds=5)
    monkeypatch.setattr(published_scores, "listed_names", lambda declared: names)
    monkeypatch.setattr(published_scores, "published", lambda declared: frame)
    given = (["full"], paths.results("tiny"))
    with refused("the paper has no scores of model 'full'"):
        published_scores.reproduce(plan.make("tiny"), *given, jobs=1)
    edit_model("full", published="Bag")
    table = published_scores.reproduce(plan.make("tiny"), *given, jobs=1, say=quiet)
    written = results.read_beside("tiny", "reproduction.csv").set_index("task")
    assert_allclose(written.difference, written.repeated - 0.72, atol=2e-5)
    assert_allclose(written.se, np.sqrt((0.01**2 + written.repeated_sd**2) / 5), atol=2e-5)
    monkeypatch.setattr(probes, "predict", lambda *a, **k: pytest.fail("fitted again"))
    again = published_scores.reproduce(plan.make("tiny"), *given, jobs=1, say=quiet)
    pd.testing.assert_frame_equal(again, table)


def drawn():
    """Scores of three models on eight tasks: a beats b by 0.1 on all but one."""
    rng, rows = np.random.default_rng(0), []
    for task, fold in np.ndindex(8, 5):
        base, gap = 0.6 + 0.02 * rng.normal(), -0.1 if task == 7 else 0.1
        scores = {"a": base + gap + 0.01 * rng.normal(), "b": base, "c": 0.5}
        rows += [(f"t{task}", "localization", fold, m, v) for m, v in scores.items()]
    return pd.DataFrame(rows, columns="listed group fold model score".split())


def test_differences_of_two_models_are_those_of_the_means_drawn_over_tables_where_there_are_many():
    def compared(number):
        found = published_scores.compare(drawn(), {f"t{i}": f"s{i % number}" for i in range(8)})
        return found.set_index(["group", "model", "other"]).loc[("all", "a", "b")]

    one, few, many = map(compared, (1, 3, 8))
    wide = drawn().pivot(index=["listed", "fold"], columns="model", values="score")
    assert (few.tasks, few.sources, few.wins, few.loses) == (8, 3, 7 / 8, 1 / 8)
    assert few.difference == pytest.approx((wide.a - wide.b).mean())
    # few tables: tasks are given, so that the interval is narrow; over tables it is not
    assert 0 < few.low < few.difference < few.high < 0.12
    assert few.tables_low < few.low and few.tables_high > few.high
    assert many.sources == bootstrap.CLUSTERS and many.low < 0.03
    assert (many.low, many.high) == (many.tables_low, many.tables_high)
    assert one.sources == 1 and np.isnan(one.tables_low) and one.low > 0


@pytest.mark.parametrize(
    "change, tables, words",
    [
        (lambda f: f, 7, "published task 't7' has no source table; name it under 'paper'"),
        (lambda f: f.drop(index=f[(f.model == "b") & (f.fold == 4)].index), 8, "'b' has not one"),
    ],
)
def test_nothing_is_averaged_silently(change, tables, words):
    with refused(words):
        published_scores.compare(change(drawn()), {f"t{i}": "s" for i in range(tables)})


def test_what_the_paper_publishes_is_summarised_beside_ours(sheet, tmp_path):
    ours = pd.DataFrame({"model": "mpnet", "listed": "Chromosome", "group": ["localization"]})
    results.write_csv(ours.assign(score=0.1, repeated=0.7), tmp_path / "reproduction.csv")
    published_scores.summarise(specs.declared(), tmp_path)
    groups, pairs = (pd.read_csv(tmp_path / name) for name in results.PUBLISHED[1:])
    assert groups[groups.family == "ours"].score.tolist() == [0.7, 0.7]
    assert set(pairs.model) == {"bag-of-words"} and set(pairs.other) == {"mpnet"}
    assert (pairs.wins == 0).all() and (pairs.sources == 1).all()


@pytest.mark.mirror
def test_every_listed_task_has_the_group_and_kind_of_the_papers_scores():
    declared = specs.declared()
    if sources.status(declared.source("genebench_paper"))[0] != "ready":
        pytest.skip("the paper's sheets are not here; run 'genebench fetch genebench_paper'")
    plain = {"categorical": "multiclass", "category": "multiclass", "multi label": "multilabel"}
    scored = published_scores.published(declared).set_index("listed")[["group", "kind"]]
    scored = scored.assign(group=scored.group.str.lower()).replace(plain)
    names = published_scores.listed_names(declared)
    assert len(set(scored.index)) == 62 and len(names) > 50
    listed = {e.name: e for s in declared.sources.values() for e in s.tasks}
    pairs = {"gene2vec/gene2gene": "binary", "opentargets/gene-disease": "regression"}
    for name, title in names.items():
        ours = listed[name].group, pairs.get(name, listed[name].kind)
        assert {ours} == set(scored.loc[[title]].itertuples(index=False, name=None)), name
