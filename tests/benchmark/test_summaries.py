"""Plain means say what a reader would work out by hand from the scores."""

import pandas as pd

from genebench.benchmark import results, summaries
from genebench.core import specs


def rows(task, model, *scores, genes="own", kind="binary", coverage=1.0):
    """Rows of a task and model, a score a fold."""
    metric = {"binary": "auroc", "regression": "spearman"}[kind]
    about = dict(split="random", family="table", group="localization", repeat=0, n_test=9)
    about |= dict(task=task, model=model, metric=metric, genes=genes, kind=kind, coverage=coverage)
    about = dict.fromkeys(results.SCHEMA.names, "") | about
    return [about | {"score": s, "fold": i} for i, s in enumerate(scores)]


def test_plain_means_weigh_tasks_alike_and_compare_choices_of_genes_on_the_same_tasks(home):
    models = dict(specs.declared().models)
    models["part"] = models["part"].model_copy(update={"exposed": {"toy/b": "It is the label."}})
    frame = rows("toy/a", "full", 0.6, 0.8) + rows("toy/a", "part", 0.5, 0.7, coverage=0.5)
    frame += rows("toy/b", "full", 0.9) + rows("toy/b", "part", 0.8, coverage=0.5)
    for genes, score in (("common", 0.55), ("all", 0.45)):
        for task in ("toy/a", "toy/b"):
            frame += rows(task, "part", score, genes=genes, coverage=0.5)
    frame += rows("toy/a", "full", 0.65, genes="common")
    frame += rows("toy/c", "full", 0.3, kind="regression")
    table = summaries.plain_means(pd.DataFrame(frame), models).round(6)
    own = table[table.genes == "own"].set_index(["measure", "group", "model"])
    assert own.score["spearman", "all", "full"] == 0.3
    own = own.loc["auroc", "all"]
    assert own.score.to_dict() == {"full": 0.8, "part": 0.7}  # of 0.7 and 0.9, whatever the folds
    assert own.exposed.to_dict() == {"full": 0, "part": 1} and own.coverage["part"] == 0.5
    shared = table[table.group == summaries.SHARED].set_index(["genes", "model"])
    assert set(shared.tasks) == {1}  # toy/a alone: toy/b was trained on, or has no common genes
    assert shared.score["common"].to_dict() == {"full": 0.65, "part": 0.55}
    assert shared.score["all"].to_dict() == {"full": 0.7, "part": 0.45}  # covers all: its own
    assert shared["rank"]["own"].to_dict() == {"full": 1, "part": 2}
