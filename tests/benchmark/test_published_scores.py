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
    frame, right = pd.DataFrame(rows, columns=names), sources.table

    def table(source, name, **options):
        wanted = (source.id, name) == ("genebench_paper", "scores")
        return frame if wanted else right(source, name, **options)

    monkeypatch.setattr(sources, "table", table)


def test_published_scores_are_means_over_folds_of_the_auroc_alone(sheet):
    frame = published_scores.published(specs.declared())
    assert len(frame) == 8 and (frame.folds == 5).all() and set(frame.group) <= set(specs.GROUPS)
    words = frame[frame.model == "Bag of Words"]
    assert_allclose(words.score, 0.72)
    assert_allclose(words.sd, np.std([0.7, 0.71, 0.72, 0.73, 0.74], ddof=1))
    quoted = published_scores.by_group(frame).set_index(["group", "family", "model"])
    assert quoted.tasks["biological processes", "LLM", "MPNet"] == 2
    assert quoted.tasks["all", "LLM", "all"] == 4
    assert quoted.score["genomic properties", "LLM", "MPNet"] == pytest.approx(0.82)


def test_names_match_whatever_their_case_brackets_and_dashes(sheet):
    names = published_scores.listed_names(specs.declared())
    assert names["hpa/chromosome"] == "Chromosome" and names["hpa/ccd-protein"] == "ccd protein"
    assert names["hpa/prognostics-head-and-neck-cancer"].endswith("Head and neck cancer")
    assert names["hpa/blood-expression-cluster"] == "Blood expression cluster" and len(names) == 4


def vectors(tiny, task):
    """Features, labels and folds of the genes that the model ``full`` has, for a task."""
    numbers = {"n_folds": tiny.profile.folds, "seed": tiny.profile.seed, "sources": {}}
    fold, embedding = splits.folds(task, "random", **numbers), tiny.embedding("full")
    rows = embedding.rows(task.entities)
    return embedding.vectors[rows[rows >= 0]], task.labels[rows >= 0], fold[rows >= 0]


def test_the_plain_score_is_scikit_learns_without_a_scaler(warm):
    tiny, expected = plan.make("tiny"), []
    task, embedding = tiny.tasks["toy/term/heart"], tiny.embedding("full")
    scaled = embedding.vectors * np.array([1, 0.01, 30, 5], np.float32)  # matters to a penalty
    tiny.__dict__["embedding"] = lambda name: type(embedding)(embedding.entities, scaled)
    X, y, fold = vectors(tiny, task)
    for k in np.unique(fold):
        model = LogisticRegression(tol=1e-8, max_iter=5000).fit(X[fold != k], y[fold != k])
        expected.append(roc_auc_score(y[fold == k], model.decision_function(X[fold == k])))
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
    values, (X, y, fold) = (
        published_scores.measure(tiny, Pair("full", task.name)),
        vectors(tiny, task),
    )
    hard = probes.predict(X, y, fold, kind="multilabel", standardise=False) > 0
    each = [roc_auc_score(y[fold == k], hard[fold == k], average="weighted") for k in range(3)]
    assert values["decided"] == pytest.approx(np.mean(each), abs=2e-4)
    assert values["decided"] < values["plain"]


def test_a_run_writes_scores_beside_the_published_ones_and_a_second_fits_nothing(warm, monkeypatch):
    names = {"toy/term/heart": "ccd protein", "toy/class": "Chromosome"}
    columns = {"listed": list(names.values()), "group": ["localization", "genomic properties"]}
    frame = pd.DataFrame({**columns, "family": "x", "model": "Bag of words"})
    frame = frame.assign(score=0.72, sd=0.01, folds=5)
    monkeypatch.setattr(published_scores, "listed_names", lambda declared: names)
    monkeypatch.setattr(published_scores, "published", lambda declared: frame)
    edit_model("full", published="Bag of words")
    given = (plan.make("tiny"), ["full"], paths.results("tiny"))
    table = published_scores.reproduce(*given, jobs=1, say=quiet)
    written = results.read_beside("tiny", "reproduction.csv").set_index("task")
    ordinary = results.main_scores("tiny").query("model == 'full'").set_index("task").score
    assert_allclose(written.score, ordinary[written.index], atol=1e-4)
    assert_allclose(written.difference, written.repeated - 0.72, atol=2e-5)
    spread = (0.01**2 + written.repeated_sd**2) / 5
    assert_allclose(written.se, np.sqrt(spread), atol=2e-5)
    assert len(table) == 2
    monkeypatch.setattr(probes, "predict", lambda *a, **k: pytest.fail("fitted again"))
    again = published_scores.reproduce(*given, jobs=1, say=quiet)
    pd.testing.assert_frame_equal(again, table)


def test_a_model_without_published_scores_is_refused(warm):
    with refused("the paper has no scores of model 'full'"):
        published_scores.reproduce(plan.make("tiny"), ["full"], paths.results("tiny"), jobs=1)


def drawn(tables):
    """Scores of three models on eight tasks of so many tables: a beats b by 0.1 on all but one."""
    rng, rows = np.random.default_rng(0), []
    for task in range(8):
        for fold in range(5):
            base = 0.6 + 0.02 * rng.normal()
            gap = -0.1 if task == 7 else 0.1
            scores = {"a": base + gap + 0.01 * rng.normal(), "b": base, "c": 0.5}
            rows += [(f"t{task}", "localization", fold, m, v) for m, v in scores.items()]
    return pd.DataFrame(rows, columns="listed group fold model score".split())


def of_pair(found, group="localization"):
    return found.set_index(["group", "model", "other"]).loc[(group, "a", "b")]


def test_wins_and_differences_of_every_two_models_are_those_of_the_means():
    frame = drawn(3)
    row = of_pair(published_scores.compare(frame, {f"t{i}": f"s{i % 3}" for i in range(8)}))
    wide = frame.pivot(index=["listed", "fold"], columns="model", values="score")
    assert (row.tasks, row.sources, row.wins, row.loses) == (8, 3, 7 / 8, 1 / 8)
    assert row.difference == pytest.approx((wide.a - wide.b).mean())
    # few tables: tasks are given, so that the interval is narrow; over tables it is not
    assert 0 < row.low < row.difference < row.high < 0.12
    assert row.tables_low < row.low and row.tables_high > row.high


def test_with_enough_tables_the_interval_is_over_tables_and_of_one_there_is_none():
    row = of_pair(published_scores.compare(drawn(8), {f"t{i}": f"s{i}" for i in range(8)}), "all")
    assert row.sources == bootstrap.CLUSTERS
    assert (row.low, row.high) == (row.tables_low, row.tables_high) and row.low < 0.03
    one = of_pair(published_scores.compare(drawn(1), {f"t{i}": "s" for i in range(8)}))
    assert one.sources == 1 and np.isnan(one.tables_low) and one.low > 0


@pytest.mark.parametrize(
    "change, tables, words",
    [
        (lambda f: f, 7, "published task 't7' has no source table; name it under 'paper'"),
        (lambda f: f.drop(index=f[(f.model == "b") & (f.fold == 4)].index), 8, "'b' has not one"),
        (lambda f: pd.concat([f, f.tail(1)]), 8, "'c' has not one score of task 't7' in fold 4"),
    ],
)
def test_nothing_is_averaged_silently(change, tables, words):
    with refused(words):
        published_scores.compare(change(drawn(1)), {f"t{i}": "s" for i in range(tables)})


def test_what_the_paper_publishes_is_summarised_beside_ours(sheet, tmp_path):
    ours = pd.DataFrame({"model": "mpnet", "listed": "Chromosome", "group": ["localization"]})
    results.write_csv(ours.assign(score=0.1, repeated=0.7), tmp_path / "reproduction.csv")
    published_scores.summarise(specs.declared(), tmp_path)
    groups, pairs = (pd.read_csv(tmp_path / name) for name in results.PUBLISHED[1:])
    assert groups[groups.family == "ours"].score.tolist() == [0.7, 0.7]
    assert set(pairs.model) == {"bag-of-words"} and set(pairs.other) == {"mpnet"}
    assert (pairs.wins == 0).all() and (pairs.sources == 1).all()


@pytest.mark.mirror
def test_every_listed_task_has_the_name_group_and_kind_of_the_papers_sheets():
    declared = specs.declared()
    if sources.status(declared.source("genebench_paper"))[0] != "ready":
        pytest.skip("the paper's sheets are not here; run 'genebench fetch genebench_paper'")
    scored = published_scores.published(declared)[["listed", "group", "kind"]].drop_duplicates()
    sheet = sources.table(declared.source("genebench_paper"), "tasks")
    columns = {"Task Name": "listed", "Family": "group", "Type": "kind"}
    sheet = sheet[list(columns)].rename(columns=columns)
    plain = {"categorical": "multiclass", "category": "multiclass", "multi label": "multilabel"}
    facts = {}  # the scores, which the figures of the paper are made of, overrule the other sheet
    for row in pd.concat([sheet, scored]).itertuples():
        kind = plain.get(row.kind, row.kind)
        facts[published_scores._plain(row.listed)] = row.group.lower(), kind
    assert len(scored) == 62 and len(sheet) == 59
    listed = {e.name: e for s in declared.sources.values() for e in s.tasks if e.paper}
    names = published_scores.listed_names(declared)
    seen = {n: published_scores._plain(names.get(n, e.paper)) for n, e in listed.items()}
    assert set(seen.values()) == set(facts) - {"pathology prognostics"}
    pairs = {"gene2vec/gene2gene": "binary", "opentargets/gene-disease": "regression"}
    ours = {n: (e.group, pairs.get(n, e.kind)) for n, e in listed.items()}
    assert {n: f for n, f in ours.items() if f != facts[seen[n]]} == {}
