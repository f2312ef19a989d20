"""Reproduction: names match, and the plain probe is scikit-learn's on vectors as they are."""

import numpy as np
import pandas as pd
import pytest
from helpers import edit_model, reference, refused, rows
from numpy.testing import assert_allclose
from sklearn.metrics import roc_auc_score

from genebench import probes
from genebench.benchmark import plan, published_scores, results, splits
from genebench.core import paths, specs
from genebench.core.workers import quiet
from genebench.data import sources
from genebench.models import Embedding
from genebench.stats import bootstrap

LISTED = """
Chromosome                                   | Genomic properties
ccd protein                                  | Biological processes
Pathology prognostics - Head and neck cancer | Biological processes
Blood expression cluster                     | Localization
"""


@pytest.fixture
def sheet(monkeypatch):
    """The paper's table of scores, made up."""
    models = (("Bag of Words", "Classical ML", 0.7), ("MPNet", "LLM", 0.8))
    made = [
        (*task, "binary", k, metric, level + 0.01 * k, *model)
        for task in rows(LISTED)
        for *model, level in models
        for k in range(5)
        for metric in ("roc_auc", "accuracy")
    ]
    names = "task_name task_group task_type fold metric score model model_family".split()
    frame = pd.DataFrame(made, columns=names)
    monkeypatch.setattr(sources, "table", lambda source, name: frame)


def test_published_scores_are_means_over_folds_of_the_auroc_alone(sheet):
    frame = published_scores.published(specs.declared())
    assert len(frame) == 8 and (frame.folds == 5).all() and set(frame.group) <= set(specs.GROUPS)
    words = frame[frame.model == "Bag of Words"]
    assert_allclose(words.score, 0.72)
    assert_allclose(words.sd, 0.01 * np.std(range(5), ddof=1))
    quoted = published_scores.by_group(frame).set_index(["group", "family", "model"])
    assert quoted.tasks["biological processes", "LLM", "MPNet"] == 2
    assert quoted.score["all", "LLM", "all"] == pytest.approx(0.82)
    # names match whatever their case, brackets and dashes
    names = published_scores.listed_names(specs.declared())
    assert names["hpa/chromosome"] == "Chromosome" and names["hpa/ccd-protein"] == "ccd protein"
    assert names["hpa/prognostics-head-and-neck-cancer"].endswith("Head and neck cancer")
    assert len(names) == 4


def mean_auroc(Y, values, fold):
    """By scikit-learn, over three folds; of several labels weighted by their positives."""
    parts = [(Y[fold == k].squeeze(), values[fold == k].squeeze()) for k in range(3)]
    return np.mean([roc_auc_score(*part, average="weighted") for part in parts])


def test_scores_stand_beside_the_published_ones_and_the_plain_ones_are_scikit_learns(
    warm, monkeypatch
):
    names = {"toy/term/heart": "ccd protein", "toy/systems": "Chromosome"}
    frame = pd.DataFrame({"listed": names.values(), "group": "localization", "model": "Bag"})
    frame = frame.assign(score=0.72, sd=0.01, folds=5)
    monkeypatch.setattr(published_scores, "listed_names", lambda declared: names)
    monkeypatch.setattr(published_scores, "published", lambda declared: frame)
    embedding, folder = plan.make("tiny").embedding("full"), paths.results("tiny")
    scaled = embedding.vectors * np.array([1, 0.01, 30, 5], np.float32)  # matters to a penalty

    def reproduce():
        tiny = plan.make("tiny")
        tiny.__dict__["embedding"] = lambda name: Embedding(embedding.entities, scaled)
        return published_scores.reproduce(tiny, ["full"], folder, jobs=1, say=quiet)

    with refused("the paper has no scores of model 'full'"):
        reproduce()
    edit_model("full", published="Bag")
    table, scores = reproduce(), results.main_scores("tiny").set_index(["model", "task"]).score
    for row in table.itertuples():
        task = plan.make("tiny").tasks[row.task]
        fold = splits.folds(task, "random", n_folds=3, seed=7, sources={})
        X, Y = scaled[embedding.rows(task.entities)], task.labels.reshape(len(task), -1)
        theirs = np.stack([reference(X, y, fold, standardise=False) for y in Y.T], axis=1)
        assert row.plain == pytest.approx(mean_auroc(Y, theirs, fold), abs=2e-3)
        if task.kind == "multilabel":  # hard predictions are scored, too
            assert row.decided == pytest.approx(mean_auroc(Y, theirs > 0, fold), abs=5e-3)
        # standardised, scales do not matter
        assert row.score == pytest.approx(scores["full", row.task], abs=2e-3)
        assert row.low < row.score < row.high and row.genes == len(task)
    written = results.read_beside("tiny", "reproduction.csv")
    assert_allclose(written.difference, written.repeated - 0.72, atol=2e-5)
    assert_allclose(written.se, np.sqrt((0.01**2 + written.repeated_sd**2) / 5), atol=2e-5)
    monkeypatch.setattr(probes, "predict", lambda *a, **k: pytest.fail("fitted again"))
    pd.testing.assert_frame_equal(reproduce(), table)


def drawn():
    """Scores of three models on eight tasks: a beats b by 0.1 on all but one."""
    rng, names = np.random.default_rng(0), [f"t{i}" for i in range(8)]
    index = pd.MultiIndex.from_product([names, range(5)], names=["listed", "fold"])
    frame = pd.DataFrame({"b": 0.6 + 0.02 * rng.normal(size=40), "c": 0.5}, index)
    frame["a"] = frame.b + 0.01 * rng.normal(size=40) + np.repeat([0.1, -0.1], [35, 5])
    frame = frame.melt(var_name="model", value_name="score", ignore_index=False)
    return frame.assign(group="localization").reset_index()


def test_differences_of_two_models_are_those_of_the_means_drawn_over_tables_where_there_are_many():
    def compared(number):
        found = published_scores.compare(drawn(), {f"t{i}": f"s{i % number}" for i in range(8)})
        return found.set_index(["group", "model", "other"]).loc[("all", "a", "b")]

    one, few, many = map(compared, (1, 3, 8))
    wide = drawn().pivot(index=["listed", "fold"], columns="model", values="score")
    assert few["tasks sources wins loses".split()].tolist() == [8, 3, 7 / 8, 1 / 8]
    assert few.difference == pytest.approx((wide.a - wide.b).mean())
    # few tables: tasks are given, so that the interval is narrow; over tables it is not
    assert 0 < few.low < few.difference < few.high < 0.12
    assert few.tables_low < few.low and few.high < few.tables_high
    assert many.sources == bootstrap.CLUSTERS and many.low < 0.03
    assert (many.low, many.high) == (many.tables_low, many.tables_high)
    assert one.sources == 1 and np.isnan(one.tables_low) and one.low > 0


def test_nothing_is_averaged_silently():
    tables = {f"t{i}": "s" for i in range(7)}
    with refused("published task 't7' has no source table; name it under 'paper'"):
        published_scores.compare(drawn(), tables)
    with refused("'b' has not one"):
        published_scores.compare(drawn().query("model != 'b' or fold < 4"), tables | {"t7": "s"})


def test_what_the_paper_publishes_is_summarised_beside_ours(sheet, tmp_path):
    ours = "model,listed,group,score,repeated\nmpnet,Chromosome,localization,0.1,0.7\n"
    (tmp_path / "reproduction.csv").write_text(ours)
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
    scored = published_scores.published(declared).replace(plain).set_index("listed")
    scored = (scored.group + ", " + scored.kind).groupby(level=0).agg(set)
    names = published_scores.listed_names(declared)
    assert len(scored) == 62 and len(names) > 50
    listed = {e.name: e for s in declared.sources.values() for e in s.tasks}
    pairs = {"gene2vec/gene2gene": "binary", "opentargets/gene-disease": "regression"}
    for name, title in names.items():
        kind = pairs.get(name, listed[name].kind)
        assert {f"{listed[name].group}, {kind}"} == scored[title], name
