# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Task card

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "card-pbmc-specificity"  # name of this page
task: str = "pbmc/specificity"  # which task

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import figures, show, tables
from genebench.core import specs
from genebench.data import tasks
from genebench.stats import metrics

show.begin()
card = tasks.pick(tasks.load(specs.profile(profile), specs.sources(), missing=print), [task])[task]
scores = results.main_scores(profile)
intervals = results.read_beside(profile, "intervals.parquet")
mine = tables.with_exposure(tables.with_intervals(scores[scores.task == task], intervals))
Markdown(tables.card_words(card))

# %% tags=["remove-input"]
name = metrics.main(card.kind)
show.figure(
    figures.one_task(mine, label=tables.metric_label(name), **tables.reference_lines(mine)),
    mine[["model", "family", "score", "low", "high", "n_folds", "n_test", "coverage", "exposed"]],
    page=page,
    profile=profile,
    name="scores",
    caption=f"{card.title}: {tables.metric_label(name)} of every model, with the share of genes covered (in "
    "brackets) and its 95 % bootstrap interval over genes. A star: the model has read part of the answers.",
    alt=f"Score and interval of every model on the task {card.title}, with lines for chance and the best shortcut.",
)

# %% tags=["remove-input"]
show.table(
    tables.scores_of_task(results.load(profile), task).reset_index(),
    page=page,
    profile=profile,
    name="metrics",
    caption="All metrics, mean over folds, each model on the genes that it can embed.",
)
